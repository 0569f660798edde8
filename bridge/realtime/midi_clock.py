"""MIDI clock: 24 ticks a beat, start, continue, stop and song position; what comes in is counted here, what goes out
is made here. Pure: times are handed in, and the bytes go to whoever sends them."""

import math
from collections.abc import Callable, Sequence

from bridge.realtime.clock import Clock
from bridge.realtime.follower import Follower, Line

TICKS = 24
"""In a beat."""
SONG_POSITION, TICK, START, CONTINUE, STOP = 0xF2, 0xF8, 0xFA, 0xFB, 0xFC
TICKS_IN_SIXTEENTH = 6
FARTHEST_POSITION = 0x3FFF
"""Sixteenths that a song position can tell."""
RESTART = 0.02
"""Seconds by which the first tick after a start may be beside the ticks before it and still go on from them."""
SILENT = 1.0
"""Seconds without a tick after which the next one begins a new line."""


class MidiClockIn:
    """What a MIDI clock says: its line in beats of its song, and whether it plays."""

    def __init__(self, tempo: float) -> None:
        """``tempo`` is the best guess before the first beat."""
        self.playing: bool | None = None
        """None until it says so; a tick alone does not."""
        self.last_tick = -math.inf
        self._follower = Follower(tempo)
        self._ticks = -1
        self._next: int | None = None  # the song position in ticks at which the next tick starts
        self._where = 0

    @property
    def line(self) -> Line | None:
        """Where its song is; None before the first tick."""
        return self._follower.line

    @property
    def deviation(self) -> float:
        """Seconds of jitter (root mean square)."""
        return self._follower.deviation

    @property
    def position(self) -> float:
        """Of the last tick: beats from the song's start."""
        return self._ticks / TICKS

    def receive(self, message: Sequence[int], time: float) -> str:
        """Take a message; return what it was: tick, started (the first tick after a start), stopped, or nothing."""
        match message[0]:
            case 0xF8:
                return self._tick(time)
            case 0xFA:
                self._next = 0
            case 0xFB:
                self._next = self._where
            case 0xFC:
                self.playing, self._next = False, None
                self._where = max(self._ticks + 1, 0)
                return "stopped"
            case 0xF2 if len(message) == 3:
                self._where = TICKS_IN_SIXTEENTH * (message[1] | message[2] << 7)
                if self.playing or self._next is not None:  # it jumped without a stop
                    self._next = self._where
        return ""

    def _tick(self, time: float) -> str:
        if time - self.last_tick > SILENT:
            self._begin()
        self.last_tick = time
        started = self._next is not None
        before, self._ticks = self._ticks + 1, self._ticks + 1 if self._next is None else self._next
        self._next = None
        if started:
            self.playing = True
            self._follower.shift((self._ticks - before) / TICKS)
            line = self._follower.line
            if line is not None and abs(time - line.when(self.position)) > RESTART:
                self._begin()
        self._follower.add(self.position, time)
        self._recount()
        return "started" if started else "tick"

    def _begin(self) -> None:
        line = self._follower.line
        self._follower = Follower(line.tempo if line else self._follower.tempo)

    def _recount(self) -> None:
        """A tick that was lost (or that came twice) makes all that follow late by one tick: count them right."""
        late, line = self._follower.doubts(), self._follower.line
        if late is None or line is None:
            return
        ticks = late * line.tempo / 60.0 * TICKS
        if round(ticks) and abs(ticks - round(ticks)) < 0.2 and abs(ticks) < TICKS:
            # The follower keeps its line, and the ticks to come have the number that they should have.
            self._ticks += round(ticks)
            self._follower.forget_doubts()


class MidiClockOut:
    """Makes a MIDI clock of the clock: a tick every 24th of a beat, and starts and stops with it."""

    def __init__(self, clock: Clock, send: Callable[[bytes, float], None]) -> None:
        """``send`` takes a message and when it was due."""
        self._clock, self._send = clock, send
        self._enabled = False
        self._running = False
        self._next = 0  # in ticks from the clock's beat 0
        self._join: int | None = None  # where it begins: at a beat

    @property
    def enabled(self) -> bool:
        """Whether anyone is to get ticks."""
        return self._enabled

    def enable(self, on: bool, time: float) -> None:
        """Begin at the next beat, or stop at once."""
        if on == self._enabled:
            return
        self._enabled = on
        if on:
            self.moved(time)
        else:
            self._halt(time)

    def moved(self, time: float) -> None:
        """The clock was started, stopped, or has jumped: its receivers are told, and begin with the next beat."""
        if not self._enabled:
            return
        self._halt(time)
        if self._clock.playing:
            self._join = self._next = TICKS * math.ceil(self._clock.beat_at(time) - 1 / TICKS)

    def next_due(self) -> float:
        """Return when perform() has something to do."""
        return self._clock.time_at(self._next / TICKS) if self._enabled and self._clock.playing else math.inf

    def perform(self, now: float) -> None:
        """Send what is due by now."""
        while (due := self.next_due()) <= now:
            if self._join is not None:
                self._begin(due)
            elif now - due > SILENT:  # the machine slept: catching up would only be a burst
                self.moved(now)
                continue
            self._send(bytes([TICK]), due)
            self._next += 1

    def _begin(self, due: float) -> None:
        # It is told where it goes on in sixteenths, and our beats are whole ones of the song or nearly.
        position = round(4 * self._clock.song_position(self._next / TICKS))
        if position == 0:
            self._send(bytes([START]), due)
        elif 0 < position <= FARTHEST_POSITION:
            self._send(bytes([SONG_POSITION, position & 0x7F, position >> 7]), due)
            self._send(bytes([CONTINUE]), due)
        else:
            self._send(bytes([CONTINUE]), due)
        self._join, self._running = None, True

    def _halt(self, time: float) -> None:
        if self._running:
            self._send(bytes([STOP]), time)
        self._join, self._running = None, False
