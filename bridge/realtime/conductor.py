"""Who leads the clock: itself, a MIDI clock, a host, or Link; and how it goes from one to another without a jump.

The clock glides: where it is not on its source's beat it goes a little faster or slower until it is. It jumps, by half
a beat at most, only where a source starts. Time is injected.
"""

import math
from collections.abc import Callable, Sequence

from bridge.realtime import messages as m
from bridge.realtime.clock import FASTEST, SLOWEST
from bridge.realtime.follower import Follower, Line
from bridge.realtime.midi_clock import TICKS, MidiClockIn
from bridge.realtime.player import Player
from bridge.realtime.tapping import Taps

GLIDE = 1.0
"""Beats in which two thirds of what the clock is off is made good."""
MOST_GLIDE = 0.25
"""By how much of its tempo the clock goes faster or slower for that, at most."""
STEP = 1 / 12
"""Beats between two corrections while it glides, and between two steps of a ramp."""
ON_BEAT = 1e-4
"""Beats within which the clock is on its source's beat."""
RELOCATED = 0.3
"""Beats by which a host's song must be beside its line to have been moved there."""
TELL = 0.02
"""Beats per minute: smaller changes of the tempo are not told."""
TELL_EVERY = 0.2
"""Seconds between two that are."""
ALIVE_EVERY = 1.0


class Heard:
    """A host or Link, as it was heard last."""

    def __init__(self) -> None:
        self.tempo: float | None = None
        self.playing: bool | None = None
        self.follower: Follower | None = None
        self.started = False
        """It plays since a moment ago, and has not said where."""

    @property
    def line(self) -> Line | None:
        """Where its song is; None where it never said."""
        return self.follower.line if self.follower else None

    def hear(self, says: m.SourceSays) -> bool:
        """Take what it said; return whether its song is elsewhere now than its line said. Raises ValueError."""
        if says.tempo is not None:
            if not SLOWEST <= says.tempo <= FASTEST:
                raise ValueError(
                    f"tempo must be in range {SLOWEST:g}..{FASTEST:g} beats per minute, got {says.tempo!r}"
                )
            line = self.line
            if line is not None and says.tempo != self.tempo:  # goes on from where it is, at the new tempo
                self.follower = Follower(says.tempo, known=True)
                self.follower.add(line.at(says.time), says.time)
            self.tempo = says.tempo
        if says.playing is not None:
            self.started = says.playing and not self.playing
            if self.started or not says.playing:
                self.follower = None
            self.playing = says.playing
        if says.beat is None or not math.isfinite(says.beat) or self.playing is False:
            return False  # where a song stands is asked once it plays
        line = self.line
        moved = line is None or abs(line.at(says.time) - says.beat) > RELOCATED
        if moved or self.follower is None:
            self.follower = Follower(self.tempo or 120.0, known=self.tempo is not None)
        self.follower.add(says.beat, says.time)
        return moved


class Conductor:
    """Moves the player's clock; what happens is added to the player's events."""

    def __init__(self, player: Player, now: Callable[[], float]) -> None:
        self._player, self._now = player, now
        self._clock = player.clock
        self.source: m.Source = "internal"
        self.moved: Callable[[float], None] = lambda time: None
        """Called after the clock was started, stopped, or has jumped."""
        self._midi = MidiClockIn(self._clock.tempo)
        self._heard: dict[str, Heard] = {"host": Heard(), "link": Heard()}
        self._taps = Taps()
        self._tapped: Line | None = None
        self._ramp: tuple[float, float, float, float] | None = None  # from beat and tempo, to beat and tempo
        self._offset = 0.0  # our beat at the source's beat 0
        self._joined = False  # the offset is known
        self._lost = False
        self._coast, self._early = 4.0, 0.0
        self._step_due = math.inf
        self._armed = False
        self._told = m.ClockIs(0.0, True, "", 0.0)
        self._told_at = -math.inf
        self._to_tell = True
        self._alive_due = now()
        self._chosen_at = now()

    # ---- commands

    def handle(self, command: m.Command) -> bool:
        """Do what control says where it is about the clock; else return False. Raises ValueError."""
        now = self._now()
        match command:
            case m.SetTempo():
                if self.source == "internal":
                    self._free()
                    self._player.handle(command)
            case m.Ramp():
                self._begin_ramp(command, now)
            case m.Tap():
                self._tap(command.time)
            case m.Transport():
                self._transport(command.do, now)
            case m.SetSource():
                self._set_source(command.source, now)
            case m.SetClock():
                self._coast, self._early = max(0.0, command.coast), command.offset
                self._follow(now)
            case m.SourceSays():
                self._source_says(command)
            case m.Downbeat():
                self.downbeat(command.time)
            case m.ArmDownbeat():
                self._armed = command.on
            case _:
                return False
        self._tell(now)
        return True

    def midi(self, message: Sequence[int], time: float) -> None:
        """A MIDI clock message arrived."""
        what = self._midi.receive(message, time)
        if self.source != "midi":
            return
        if what == "stopped":
            self._stop(time)
        elif what == "started":
            self._start_at(self._midi.position, time)
        elif what == "tick":
            if self._lost:  # it is back, at no one knows which beat: like one that is heard for the first time
                self._lost, self._joined = False, False
                if self._midi.playing is not False:
                    self._play(time)
            self._follow(time)
        self._tell(self._now())

    def note_heard(self, time: float) -> None:
        """The player began a note: a downbeat, where that is wanted."""
        if self._armed:
            self._armed = False
            if self._clock.playing:
                self.downbeat(time)
            elif self.source == "internal":
                self._start_at(0.0, time)
            self._tell(self._now())

    def downbeat(self, time: float) -> None:
        """``time`` is the first beat of a bar; where a source says where its beats are, the nearest of them is.

        Raises ValueError.
        """
        if self._joined and self.source != "internal" and not self._midi_without_beat:
            self._player.begin_bar(time)
            return
        if self._tapped is not None:  # this is where the beat is, more certainly than by taps
            self._clock.set_tempo(_within(self._tapped.tempo), self._now())
            self._free()
        before = self._clock.beat_at(time)
        self._player.downbeat(time)
        jump = self._clock.beat_at(time) - before
        if self._joined:  # which tick of the source is a beat was said now
            self._offset += round(jump * TICKS) / TICKS
        self.moved(time)
        self._follow(self._now())

    # ---- time

    def next_due(self) -> float:
        """Return when perform() has something to do. It may be some milliseconds late."""
        tell = self._told_at + TELL_EVERY if self._to_tell else math.inf
        return min(self._step_due, tell, self._lost_due(), math.inf if self._clock.playing else self._alive_due)

    def perform(self) -> None:
        """Do what is due by now."""
        now = self._now()
        if now >= self._lost_due():
            self._lost = True
            self._stop(now)
            self._player.events.append(
                m.Problem(
                    f"no MIDI clock was heard for {self._coast:g} beats, and the clock stopped: start it again, or send"
                    " /clock/source internal and /clock/continue"
                )
            )
        if now >= self._step_due:
            if self._ramp:
                self._step_ramp()
            else:
                self._follow(now)
        if not self._clock.playing and now >= self._alive_due:
            self._alive_due = now + ALIVE_EVERY
            self._player.events.append(m.Alive())
        self._tell(now)

    # ---- inside: following

    @property
    def _midi_without_beat(self) -> bool:
        return self.source == "midi" and self._midi.playing is None

    def _line(self) -> Line | None:
        match self.source:
            case "internal":
                return self._tapped
            case "midi":
                return self._midi.line
        return self._heard[self.source].line

    def _follow(self, now: float) -> None:
        """Go on towards the source's beat."""
        self._step_due = math.inf
        line = self._line()
        if line is None or not self._clock.playing or self._ramp:
            return
        time = now + self._early
        beat = self._clock.beat_at(now)
        if not self._joined:
            self._join(line.at(time), beat, now)
        off = line.at(time) + self._offset - beat
        if abs(off) > 1.0:  # the process slept, or the line is a new one: the same bars, a beat that is near
            self._offset -= round(off)
            off -= round(off)
        faster = max(-MOST_GLIDE, min(off / GLIDE, MOST_GLIDE))
        self._clock.set_tempo(_within(line.tempo * (1 + faster)), now)
        self._player.clock_changed()
        if abs(off) > ON_BEAT:
            self._step_due = now + STEP * 60.0 / self._clock.tempo
        elif self.source == "internal":
            self._clock.set_tempo(_within(line.tempo), now)
            self._player.clock_changed()
            self._tapped = None

    def _join(self, position: float, beat: float, now: float) -> None:
        """From now on a beat of the source is a beat of ours: the nearest there is."""
        self._joined = True
        if self._midi_without_beat:
            self._offset = round((beat - position) * TICKS) / TICKS
        elif self.source == "internal":
            self._offset = float(round(beat - position))
        else:
            self._offset = beat + self._clock.name_bars(position, now) - position
            self._player.clock_changed()

    def _lost_due(self) -> float:
        if self.source != "midi" or not self._clock.playing or self._lost:
            return math.inf
        return max(self._midi.last_tick, self._chosen_at) + self._coast * 60.0 / self.tempo

    @property
    def tempo(self) -> float:
        """Beats per minute, without what the clock goes faster or slower to be on the beat."""
        line = self._line()
        return line.tempo if line is not None and not self._ramp else self._clock.tempo

    # ---- inside: what sources do

    def _free(self) -> None:
        self._ramp = self._tapped = None
        self._step_due = math.inf

    def _set_source(self, source: m.Source, now: float) -> None:
        if source == self.source:
            return
        tempo = _within(self.tempo)
        self._free()
        self._clock.set_tempo(tempo, now)  # no glide goes on for ever
        self._player.clock_changed()
        self.source, self._joined, self._lost, self._chosen_at = source, False, False, now
        heard = self._heard.get(source)
        if heard is not None:
            heard.started = False  # a while ago: there is no reason to jump
        if heard is not None and heard.tempo is not None:
            self._clock.set_tempo(_within(heard.tempo), now)
            self._player.clock_changed()
        if heard is not None and heard.playing is not None and heard.playing != self._clock.playing:
            self._play(now) if heard.playing else self._stop(now)
        if source == "midi" and self._midi.playing and not self._clock.playing:
            self._play(now)
        self._follow(now)

    def _source_says(self, says: m.SourceSays) -> None:
        heard = self._heard[says.source]
        moved = heard.hear(says)
        if says.source != self.source:
            heard.started = heard.started and says.beat is None
            return
        now = self._now()
        if says.tempo is not None and heard.line is None:
            self._clock.set_tempo(_within(says.tempo), now)
            self._player.clock_changed()
        if says.playing is False:
            self._stop(now)
        elif says.playing and not self._clock.playing:
            self._play(now)
        if says.beat is not None and heard.line is not None:
            if heard.started:
                heard.started = False
                self._start_at(heard.line.at(now), now)
            elif moved:
                self._joined = False
        self._follow(now)

    def _start_at(self, position: float, time: float) -> None:
        """The song is at ``position`` at ``time``, and plays from there."""
        self._free()
        self._clock.play(time)
        self._clock.locate(position, time)
        self._offset, self._joined, self._lost = self._clock.beat_at(time) - position, True, False
        if line := self._line():
            self._clock.set_tempo(_within(line.tempo), time)
        self._player.clock_changed(jumped=True)
        self.moved(time)

    def _play(self, time: float) -> None:
        if not self._clock.playing:
            self._clock.play(time)
            self._player.clock_changed(jumped=True)
            self.moved(time)

    def _stop(self, time: float) -> None:
        if self._clock.playing:
            tempo = _within(self.tempo)
            self._free()
            self._clock.stop(time)
            self._clock.set_tempo(tempo, time)
            self._joined = False
            self._player.rest()
            self._player.clock_changed()
            self.moved(time)

    def _transport(self, do: str, now: float) -> None:
        if do == "start":
            self._start_at(0.0, now)
        elif do == "stop":
            self._stop(now)
        else:
            self._lost = False
            self._play(now)
            self._follow(now)

    # ---- inside: the internal clock

    def _tap(self, time: float) -> None:
        line = self._taps.tap(time)
        if line is None or self.source != "internal":
            return
        self._ramp = None
        self._tapped = line._replace(tempo=max(20.0, min(line.tempo, 400.0)))
        self._joined = False
        self._follow(self._now())

    def _begin_ramp(self, command: m.Ramp, now: float) -> None:
        tempo, beats = _within(command.bpm), command.beats
        if not 0 <= beats <= 1e6:
            raise ValueError(f"beats must be in range 0..1e6, got {beats!r}")
        if self.source != "internal":
            return
        before = self.tempo
        self._free()
        beat = self._clock.beat_at(now)
        self._clock.set_tempo(_within(before), now)
        self._ramp = (beat, before, beat + beats, tempo)
        self._step_due = now
        self._step_ramp()

    def _step_ramp(self) -> None:
        """Go on to the ramp's next step: each is a straight line, at the tempo of its middle."""
        assert self._ramp
        begin, before, end, after = self._ramp
        time = self._step_due  # exactly, so that a process that comes late adds no error
        beat = self._clock.beat_at(time)
        if beat >= end - 1e-9:
            self._ramp, self._step_due = None, math.inf
            self._clock.set_tempo(after, time)
        else:
            step = min(STEP, end - beat)
            at = (beat + step / 2 - begin) / (end - begin)
            self._clock.set_tempo(before + (after - before) * at, time)
            self._step_due = self._clock.time_at(beat + step) if self._clock.playing else math.inf
        self._player.clock_changed()

    # ---- inside: telling

    def _state(self) -> str:
        line = self._line()
        if self._lost:
            return "lost"
        if self.source == "internal" or line is None or not self._clock.playing:
            return "free"
        if self.source == "midi" and self._now() - self._midi.last_tick > 4 * 60.0 / line.tempo / TICKS:
            return "coasting"
        off = line.at(self._now() + self._early) + self._offset - self._clock.beat_at(self._now())
        return "gliding" if abs(off) > 0.02 else "following"

    def _tell(self, now: float) -> None:
        told, clock = self._told, self._clock
        jitter = self._midi.deviation if self.source == "midi" else 0.0
        tempo, state = self.tempo, self._state()
        self._to_tell = abs(tempo - told.tempo) > TELL or state != told.state
        if clock.playing == told.playing and (not self._to_tell or now < self._told_at + TELL_EVERY):
            return
        self._told, self._told_at, self._to_tell = m.ClockIs(tempo, clock.playing, state, jitter), now, False
        self._player.events.append(self._told)


def _within(tempo: float) -> float:
    if not math.isfinite(tempo):
        raise ValueError(f"tempo must be in range {SLOWEST:g}..{FASTEST:g} beats per minute, got {tempo!r}")
    return max(SLOWEST, min(tempo, FASTEST))
