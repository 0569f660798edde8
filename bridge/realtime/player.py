"""The player: sends scheduled notes on their beat, keeps the ledger and the now page true, tells what happened.

Time is injected. No note is ever dropped but by EndPhrase, Panic and Stop. Notes and their ends are kept in beats, so
a change of tempo or of the downbeat moves all of them. A note that is already past when it comes (or that a moved
downbeat overtakes) plays at once; it ends when it was to end, but sounds for half its duration at least.
"""

import contextlib
import heapq
import math
from collections.abc import Callable, Iterable
from typing import NamedTuple

from bridge.realtime import messages as m
from bridge.realtime.clock import Clock
from bridge.realtime.ledger import Held, Ledger
from bridge.realtime.now import Beat, NowPage
from bridge.realtime.outputs import Output, OutputError
from models.contract import Note

ON_TIME = 0.01
"""Seconds within which a note counts as sent on its beat, as far as its duration goes."""
MOST_BEATS = 1e7
"""Two weeks at 400 bpm: what a note may last, and how far off it may be."""
FARTHEST_DOWNBEAT = 60.0
"""Seconds from now."""
MOST_BEATS_BEHIND = 64
"""After a longer stop than this (the machine slept), beats that were missed are not told one by one."""
_END, _BEGIN = 0, 1  # on the same beat ends come first, so that a repeated pitch sounds anew


class _Due(NamedTuple):
    """An entry of the schedule; the first three fields order it."""

    beat: float
    rank: int
    order: int
    phrase: int
    note: Note | Held


class Player:
    """Plays on every output alike."""

    def __init__(self, clock: Clock, page: NowPage, now: Callable[[], float], outputs: Iterable[Output] = ()) -> None:
        """``now`` returns the time in seconds; what happens is added to ``events``."""
        self.clock = clock
        self.outputs = list(outputs)
        self.events: list[m.Event] = []
        self._page, self._now = page, now
        self._ledger = Ledger()
        self._schedule: list[_Due] = []
        self._order = 0
        self._sent: list[tuple[float, float, Held, float]] = []  # time, when it was due, note, beats (0: its end)
        self._next_beat = math.ceil(clock.beat_at(now()))
        page.reset()
        self._write_beat()

    # ---- commands

    def handle(self, command: m.Command) -> None:
        """Do what control says, but for Stop and SetOscTargets. Raises ValueError, stating the rule and the value."""
        match command:
            case m.Play():
                self.play(command)
            case m.EndPhrase():
                self.end_phrase(command.phrase)
            case m.Panic():
                self.panic()
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
                self._add(beat, _BEGIN, command.phrase, note)
        if wrong:
            raise ValueError("; ".join(wrong))

    def end_phrase(self, phrase: int) -> None:
        """Forget what of the phrase has not begun, and end what sounds of it."""
        self._schedule = [due for due in self._schedule if due.phrase != phrase]
        heapq.heapify(self._schedule)
        for note in self._ledger.end_phrase(phrase):
            self._send_end(note, cut=True)
        self._settle()

    def panic(self) -> None:
        """Forget the schedule and end every note, one by one."""
        self.events.append(m.Silenced(self.end_all()))

    def end_all(self) -> int:
        """As panic(), without telling of it; return how many notes sounded."""
        self._schedule.clear()
        ended = self._ledger.end_all()
        for note in ended:
            self._send_end(note, cut=True)
        self._settle()
        self._page.end_all(self._now())
        return len(ended)

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

    def remove(self, output: Output) -> None:
        """Use an output no more, once what sounds there is ended."""
        if output in self.outputs:
            self.outputs.remove(output)
            with contextlib.suppress(OutputError):
                for note in self._ledger:
                    output.end(note.channel, note.pitch, True, self._now())
            output.close()

    # ---- time

    def next_due(self) -> float:
        """Return when perform() has something to do."""
        beat = float(self._next_beat)
        if self._schedule and self._schedule[0].beat < beat:
            beat = self._schedule[0].beat
        return self.clock.time_at(beat)

    def perform(self) -> None:
        """Do everything that is due by now."""
        clock = self.clock
        while self._schedule and clock.time_at(self._schedule[0].beat) <= self._now():
            due = heapq.heappop(self._schedule)
            # What a change of the clock overtook was due at that change.
            time = max(clock.time_at(due.beat), min(clock.anchor_time, self._now()))
            if isinstance(due.note, Note):
                self._begin(due.phrase, due.beat, due.note, time)
            elif self._ledger.end(due.note):
                self._send_end(due.note, cut=False, due=time)
        self._settle()
        now = self._now()
        if clock.time_at(self._next_beat + MOST_BEATS_BEHIND) <= now:
            self._next_beat = math.floor(clock.beat_at(now))
        while (time := clock.time_at(self._next_beat)) <= now:
            bar, beat_in_bar = clock.position(self._next_beat)
            self.events.append(m.BeatPassed(self._next_beat, bar, beat_in_bar, time))
            self._next_beat += 1
            self._write_beat()

    # ---- inside

    def _add(self, beat: float, rank: int, phrase: int, note: Note | Held) -> None:
        self._order += 1
        heapq.heappush(self._schedule, _Due(beat, rank, self._order, phrase, note))

    def _begin(self, phrase: int, beat: float, note: Note, due: float) -> None:
        held, before = self._ledger.begin(note.channel, note.pitch, note.velocity, phrase)
        if before is not None:
            self._send_end(before, cut=True)
        at = self.clock.beat_at(self._now()) if self._now() > self.clock.time_at(beat) + ON_TIME else beat
        end = max(beat + note.duration, at + note.duration / 2)
        for output in tuple(self.outputs):
            try:
                output.begin(note.channel, note.pitch, note.velocity, end - at, self._now())
            except OutputError as error:
                self._drop(output, error)
        self._sent.append((self._now(), due, held, end - at))
        self._add(end, _END, phrase, held)

    def _send_end(self, note: Held, cut: bool, due: float | None = None) -> None:
        """Send the end of a note that is struck out of the ledger already."""
        for output in tuple(self.outputs):
            try:
                output.end(note.channel, note.pitch, cut, self._now())
            except OutputError as error:
                self._drop(output, error)
        now = self._now()
        self._sent.append((now, now if due is None else due, note, 0.0))

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

    def _drop(self, output: Output, error: OutputError) -> None:
        self.outputs.remove(output)
        output.close()
        self.events.append(m.Problem(str(error)))

    def _write_beat(self) -> None:
        clock = self.clock
        meter = clock.meter_at(clock.beat_at(self._now()) + 1e-6)  # on a bar line, the one that begins there
        self._page.set_beat(Beat(clock.anchor_time, clock.anchor_beat, clock.tempo, *meter))


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
