"""The clock: where the beat is at a time, and when a beat will be.

Time is handed in, never read. Times are bridge.clocks.now seconds; beats count from the clock's start, quarter notes.
They never go back by more than half a bar, whatever a song's position does: a jump in the song renames the bars.
"""

import math
from typing import NamedTuple

SLOWEST, FASTEST = 1.0, 1000.0
"""Beats per minute that the clock can keep; what performers may set is narrower, in the address table."""
LONGEST_BAR = 64
"""Beats; likewise."""


class Meter(NamedTuple):
    """From the bar line at ``beat``, which begins bar number ``bar``, each bar has ``beats_per_bar`` beats."""

    beat: int
    bar: int
    beats_per_bar: int


class Clock:
    """A straight line from time to beats, through the anchor, and the bar lines over it.

    Each beat is computed from the anchor alone, so that no error adds up however long the clock runs.
    """

    def __init__(
        self,
        time: float,
        tempo: float = 120.0,
        beats_per_bar: int = 4,
        *,
        beat: float = 0.0,
        bar_beat: int = 0,
        bar: int = 0,
        playing: bool = True,
    ) -> None:
        """``beat`` is at ``time``, and the bar line at ``bar_beat`` begins bar ``bar``; tempo in beats per minute.

        While it is not ``playing`` the beat stands still.

        Raises ValueError.
        """
        self.anchor_time = _finite("time", time)
        self.anchor_beat = _finite("beat", beat)
        self.tempo = _tempo(tempo)
        self.playing = playing
        self._meters = [Meter(bar_beat, bar, _beats_per_bar(beats_per_bar))]

    def beat_at(self, time: float) -> float:
        """Return the beat at ``time``; whole numbers fall on the beat."""
        if not self.playing:
            return self.anchor_beat
        return self.anchor_beat + (time - self.anchor_time) * self.tempo / 60.0

    def time_at(self, beat: float) -> float:
        """Return when ``beat`` is; for one that does not come while the clock stands, infinity."""
        if not self.playing:
            return self.anchor_time if beat <= self.anchor_beat else math.inf
        return self.anchor_time + (beat - self.anchor_beat) * 60.0 / self.tempo

    def set_tempo(self, bpm: float, time: float) -> None:
        """From ``time`` on the beat goes on at ``bpm`` from where it is. Raises ValueError."""
        tempo = _tempo(bpm)
        self.anchor_beat, self.anchor_time = self.beat_at(time), time
        self.tempo = tempo

    def play(self, time: float) -> None:
        """From ``time`` on the beat goes on from where it stands."""
        if not self.playing:
            self.anchor_time, self.playing = _finite("time", time), True

    def stop(self, time: float) -> None:
        """From ``time`` on the beat stands still."""
        self.anchor_beat, self.anchor_time = self.beat_at(_finite("time", time)), time
        self.playing = False

    def meter_at(self, beat: float) -> Meter:
        """Return the meter in force at ``beat``."""
        for meter in reversed(self._meters):
            if meter.beat <= beat:
                return meter
        return self._meters[0]  # before the oldest known bar line, its meter is taken to have held for ever

    def position(self, beat: int) -> tuple[int, int]:
        """Return the bar in which ``beat`` lies, and which beat of that bar it is, both from 0."""
        meter = self.meter_at(beat)
        bars, beat_in_bar = divmod(beat - meter.beat, meter.beats_per_bar)
        return meter.bar + bars, beat_in_bar

    def next_bar(self, beat: float) -> int:
        """Return the first bar line at or after ``beat``, as a beat."""
        meter = self.meter_at(beat)
        return meter.beat + math.ceil((beat - meter.beat) / meter.beats_per_bar) * meter.beats_per_bar

    def set_meter(self, beats_per_bar: int, time: float) -> None:
        """The bars have ``beats_per_bar`` beats from the next bar line on; in the first beat of all, at once.

        Raises ValueError.
        """
        count = _beats_per_bar(beats_per_bar)
        line = self.next_bar(self.beat_at(time)) if self.beat_at(time) >= 1 else 0
        if self.meter_at(line).beats_per_bar == count:
            return
        bar, _ = self.position(line)
        # What lies behind the meter in force is not asked for any more; one that has not begun yet is replaced.
        in_force = self.meter_at(self.beat_at(time))
        self._meters = [in_force] if in_force.beat < line else []
        self._meters.append(Meter(line, bar, count))

    def align(self, time: float) -> None:
        """The bar line nearest to ``time`` moves there, so that the beat jumps by half a bar at most.

        Raises ValueError.
        """
        beat = self.beat_at(_finite("time", time))
        meter = self.meter_at(beat)
        after = self.next_bar(beat)
        before = after - meter.beats_per_bar
        self.anchor_beat, self.anchor_time = float(before if beat - before < after - beat else after), time

    def name_bars(self, position: float, time: float) -> float:
        """The song is at ``position``, in beats from its first bar, at ``time``: its bars begin and are counted so.

        The beat goes on undisturbed; return how far it is behind the song's, -0.5..0.5 beats. Raises ValueError.
        """
        beats_per_bar = self.meter_at(self.beat_at(time)).beats_per_bar
        bar = math.floor(_finite("position", position) / beats_per_bar)
        into_bar = position - bar * beats_per_bar
        beat = self.beat_at(_finite("time", time))
        line = round(beat - into_bar)
        self._meters = [Meter(line, bar, beats_per_bar)]
        return line + into_bar - beat

    def locate(self, position: float, time: float) -> None:
        """As name_bars(), and the beat jumps to the song's, by half a beat at most. Raises ValueError."""
        behind = self.name_bars(position, time)
        self.anchor_beat, self.anchor_time = self.beat_at(time) + behind, time

    def song_position(self, beat: float) -> float:
        """Where in the song ``beat`` is: beats from the line of bar 0, as if every bar had been like the present."""
        meter = self.meter_at(beat)
        return meter.bar * meter.beats_per_bar + beat - meter.beat


def _tempo(value: float) -> float:
    if not SLOWEST <= value <= FASTEST:
        raise ValueError(f"tempo must be in range {SLOWEST:g}..{FASTEST:g} beats per minute, got {value!r}")
    return float(value)


def _beats_per_bar(value: int) -> int:
    if not 1 <= value <= LONGEST_BAR:
        raise ValueError(f"beats per bar must be in range 1..{LONGEST_BAR}, got {value!r}")
    return value


def _finite(name: str, value: float) -> float:
    if not math.isfinite(value):
        raise ValueError(f"{name} must be a finite number, got {value!r}")
    return float(value)
