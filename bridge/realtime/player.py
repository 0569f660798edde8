"""The player: sends scheduled notes on their beat, keeps the ledger and the now page true, tells what happened.

Time is injected. No note is ever dropped but by EndPhrase, Panic and Stop. Notes and their ends are kept in beats, so
a change of tempo or of the downbeat moves all of them. A note that is already past when it comes (or that a moved
downbeat overtakes) plays at once; it ends when it was to end, but sounds for half its duration at least.
"""

import math
from collections.abc import Callable, Iterable

from bridge.realtime import messages as m
from bridge.realtime.clock import Clock
from bridge.realtime.ledger import Held
from bridge.realtime.now import Beat, NowPage
from bridge.realtime.outputs import Output, OutputError
from bridge.realtime.part import Part, Sent
from models.contract import Note

MOST_BEATS = 1e7
"""Two weeks at 400 bpm: what a note may last, and how far off it may be."""
FARTHEST_DOWNBEAT = 60.0
"""Seconds from now."""
MOST_BEATS_BEHIND = 64
"""After a longer stop than this (the machine slept), beats that were missed are not told one by one."""
ON_BEAT = 0.1
"""Beats after a beat to which the clock jumped within which that beat still is told."""


class Player:
    """Plays every note in each part: one for all listeners that are alike, and one for each MIDI output."""

    def __init__(self, clock: Clock, page: NowPage, now: Callable[[], float], outputs: Iterable[Output] = ()) -> None:
        """``now`` returns the time in seconds; what happens is added to ``events``.

        The listeners of the first part are ``outputs``; what it sends is told and shown on the page.
        """
        self.clock = clock
        self.events: list[m.Event] = []
        self.parts: list[Part] = []
        """Of the MIDI outputs, in their order; their time is dearer than the listeners'."""
        self._page, self._now = page, now
        self._sent: list[Sent] = []
        self._handed: list[Sent] = []
        self._first = Part(now, self._drop, outputs, told=self._sent)
        self._next_beat = math.ceil(clock.beat_at(now()))
        page.reset()
        self._write_beat()

    @property
    def outputs(self) -> list[Output]:
        """The listeners of the first part."""
        return self._first.outputs

    # ---- commands

    def handle(self, command: m.Command) -> None:
        """Do what control says, but for Stop and SetOscTargets. Raises ValueError, stating the rule and the value."""
        match command:
            case m.Play():
                self.play(command)
            case m.EndPhrase():
                self.end_phrase(command.phrase)
            case m.SendControl():
                self.raw(command.data)
            case m.Panic():
                self.panic(command.hard)
            case m.SetMapping():
                if 1 <= command.number <= len(self.parts):
                    self.parts[command.number - 1].map(command.mapping)
            case m.HeardNote():
                self.heard(command.channel, command.pitch, command.velocity, self._now())
            case m.SetTempo():
                self.clock.set_tempo(command.bpm, self._now())
                self._write_beat()
            case m.SetMeter():
                self.clock.set_meter(command.beats_per_bar, self._now())
                self._write_beat()
            case m.Downbeat():
                self.downbeat(command.time)

    def play(self, command: m.Play) -> None:
        """Schedule notes. Those that are out of range are left out. Raises ValueError for them, at the end."""
        wrong = []
        for note in command.notes:
            beat = command.beat + note.start
            if reason := _refusal(beat, note):
                wrong.append(reason)
            else:
                for part in self._all():
                    part.add(self.clock, beat, command.phrase, note)
        if wrong:
            raise ValueError("; ".join(wrong))

    def end_phrase(self, phrase: int) -> None:
        """Forget what of the phrase has not begun, and end what sounds of it."""
        for part in self._all():
            part.end_phrase(phrase)
        self._settle()

    def panic(self, hard: bool = False) -> None:
        """Forget the schedule and end every note, one by one; ``hard``: then ask the instruments for silence, too."""
        ended = self.end_all()
        if hard:
            for part in self.parts:
                part.silence()
        self.events.append(m.Silenced(ended))

    def end_all(self) -> int:
        """As panic(), without telling of it; return how many notes sounded."""
        for part in self.parts:
            part.end_all()
        ended = self._first.end_all()
        self._settle()
        self._page.end_all(self._now())
        return ended

    def raw(self, data: bytes, beat: float | None = None) -> None:
        """Send a MIDI message (clock, transport) as it is on every MIDI output, at ``beat`` there, or now.

        Ticks are best scheduled a beat or so at a time: those that a change of the clock overtakes are sent at once.
        """
        for part in self.parts:
            part.raw(data, beat)

    def forget_raw(self) -> None:
        """Take back every MIDI message that was scheduled with raw()."""
        for part in self.parts:
            part.forget_raw()

    def heard(self, channel: int, pitch: int, velocity: int, time: float) -> None:
        """The player began a note at ``time``, or ended it with velocity 0. Raises ValueError."""
        if reason := _out_of_range(channel, pitch, velocity):
            raise ValueError(reason)
        if velocity:
            self._page.begin("call", channel, pitch, velocity, time)
        else:
            self._page.end("call", channel, pitch, time)

    def downbeat(self, time: float) -> None:
        """The bar line nearest to ``time`` moves there. Raises ValueError."""
        if not abs(time - self._now()) <= FARTHEST_DOWNBEAT:
            raise ValueError(f"a downbeat must be within {FARTHEST_DOWNBEAT:g} s of now, {self._now()!r}, got {time!r}")
        self.clock.align(time)
        beat = self.clock.beat_at(self._now())
        # The downbeat itself is told, though it is a moment ago by now.
        self._next_beat = max(int(self.clock.anchor_beat), math.floor(beat)) if time <= self._now() else math.ceil(beat)
        self._write_beat()

    def begin_bar(self, time: float) -> None:
        """The beat nearest to ``time`` begins a bar; the beat itself goes on undisturbed. Raises ValueError."""
        beat = self.clock.beat_at(time)
        bar, beat_in_bar = self.clock.position(round(beat))
        beats_per_bar = self.clock.meter_at(beat).beats_per_bar
        bar += 2 * beat_in_bar > beats_per_bar
        self.clock.name_bars(bar * beats_per_bar + beat - round(beat), time)
        self._write_beat()

    def add_part(self, output: Output | None = None) -> Part:
        """Return a part of its own for a MIDI output; it plays what is scheduled from now on."""
        part = Part(self._now, self._drop, [output] if output else [], told=self._handed)
        self.parts.append(part)
        return part

    def clock_changed(self, jumped: bool = False) -> None:
        """Someone else moved the clock, and the beat may have ``jumped``: write where it is."""
        if jumped:
            self._next_beat = math.ceil(self.clock.beat_at(self._now()) - ON_BEAT)
        self._write_beat()

    def rest(self) -> None:
        """The clock stops: end what sounds; what is scheduled comes once it goes on."""
        for part in self._all():
            part.rest()
        self._settle()

    def remove(self, output: Output) -> None:
        """Use an output no more, once what sounds there is ended."""
        for part in self._all():
            if output in part.outputs:
                part.outputs.remove(output)
                part.end_on(output)
                output.close()

    # ---- time

    def next_due(self) -> float:
        """Return when perform() has something to do."""
        clock = self.clock
        return min(clock.time_at(self._next_beat), *(part.next_due(clock) for part in self._all()))

    def perform(self) -> None:
        """Do everything that is due by now."""
        clock = self.clock
        for part in self._all():
            part.perform(clock)
        self._settle()
        now = self._now()
        if clock.time_at(self._next_beat + MOST_BEATS_BEHIND) <= now:
            self._next_beat = math.floor(clock.beat_at(now))
        while (time := clock.time_at(self._next_beat)) <= now:
            bar, beat_in_bar = clock.position(self._next_beat)
            self.events.append(m.BeatPassed(self._next_beat, bar, beat_in_bar, time))
            self._next_beat += 1
            self._write_beat()

    def handed_over(self) -> list[Held]:
        """What MIDI outputs were given of notes that begin, as they were given it, since this was asked last; some of
        it is still to sound."""
        handed = [sent.note for sent in self._handed if sent.beats]
        self._handed.clear()
        return handed

    # ---- inside

    def _all(self) -> list[Part]:
        return [*self.parts, self._first]

    def _settle(self) -> None:
        """Write and tell what was sent; after the sending, since the next note of a chord must not wait for it."""
        for time, due, note, duration in self._sent:
            if duration:
                self._page.begin("answer", note.channel, note.pitch, note.velocity, time)
            else:
                self._page.end("answer", note.channel, note.pitch, time)
            self.events.append(
                m.NoteSent(
                    time=time,
                    beat=self.clock.beat_at(time),
                    channel=note.channel,
                    pitch=note.pitch,
                    velocity=note.velocity if duration else 0,
                    duration=duration,
                    phrase=note.phrase,
                    late=time - due,
                )
            )
        self._sent.clear()

    def _drop(self, part: Part, output: Output, error: OutputError) -> None:
        part.outputs.remove(output)
        output.close()
        self.events.append(m.Problem(str(error)))

    def _write_beat(self) -> None:
        clock = self.clock
        meter = clock.meter_at(clock.beat_at(self._now()) + 1e-6)  # on a bar line, the one that begins there
        self._page.set_beat(Beat(clock.anchor_time, clock.anchor_beat, clock.tempo, *meter, playing=clock.playing))


def _refusal(beat: float, note: Note) -> str:
    if not abs(beat) <= MOST_BEATS:
        return f"a note's beat must be in range -{MOST_BEATS:g}..{MOST_BEATS:g}, got {beat!r}"
    if reason := _out_of_range(note.channel, note.pitch, note.velocity):
        return reason
    if not note.velocity:
        return "velocity must be in range 1..127, got 0"
    if not 0 < note.duration <= MOST_BEATS:
        return f"duration must be more than 0 and at most {MOST_BEATS:g} beats, got {note.duration!r}"
    return ""


def _out_of_range(channel: int, pitch: int, velocity: int) -> str:
    for name, value, high in (("channel", channel, 15), ("pitch", pitch, 127), ("velocity", velocity, 127)):
        if not 0 <= value <= high:
            return f"{name} must be in range 0..{high}, got {value!r}"
    return ""
