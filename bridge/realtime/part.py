"""A part: what one output (or several that are alike) plays, its own schedule and its own ledger.

Every part gets every note, and keeps its schedule in beats, so that a change of tempo or of the downbeat moves all of
it. What an output is sent ahead of its time can no longer move; its end follows it all the same.
"""

import contextlib
import heapq
import random
from collections.abc import Callable, Iterable
from typing import NamedTuple

from bridge.realtime.clock import Clock
from bridge.realtime.ledger import Held, Ledger
from bridge.realtime.mapping import STRAIGHT, Mapping
from bridge.realtime.outputs import Output, OutputError
from models.contract import Note

ON_TIME = 0.01
"""Seconds within which a note counts as sent on its beat, as far as its duration goes."""
SILENCE = (123, 120)
"""Controllers that end all notes, and all sound, of a channel."""
_RAW, _END, _BEGIN = 0, 1, 2  # on the same beat ends come before notes, so that a repeated pitch sounds anew


class _Due(NamedTuple):
    """An entry of the schedule; the first three fields order it."""

    beat: float
    rank: int
    order: int
    phrase: int
    what: Note | Held | bytes


class Sent(NamedTuple):
    """What a part sent; ``beats`` is 0 for an end."""

    time: float
    due: float
    note: Held
    beats: float


class Part:
    """Plays on every one of its outputs alike."""

    def __init__(
        self,
        now: Callable[[], float],
        failed: Callable[["Part", Output, OutputError], None],
        outputs: Iterable[Output] = (),
        mapping: Mapping = STRAIGHT,
        told: list[Sent] | None = None,
    ) -> None:
        """``failed`` is called for an output that takes no more notes; what is sent is added to ``told``."""
        self.outputs = list(outputs)
        self.mapping = mapping
        self.ledger = Ledger()
        self._now, self._failed, self._told = now, failed, told
        self._schedule: list[_Due] = []
        self._order = 0
        self._latest = 0.0  # when the latest note began, or is to begin
        self._chance = random.Random(1)  # noqa: S311  (no secret: how notes stray)

    @property
    def ahead(self) -> float:
        """Seconds before its time at which an event is handed over."""
        return max((output.ahead for output in self.outputs), default=0.0)

    # ---- what is to be played

    def add(self, clock: Clock, beat: float, phrase: int, note: Note) -> None:
        """Schedule a note that is written for ``beat``."""
        if self.mapping is not STRAIGHT:
            beat, note = self.mapping.moved(beat, note)
            beat += self.mapping.stray(self._chance) * clock.tempo / 60
        self._push(beat, _BEGIN, phrase, note)

    def raw(self, data: bytes, beat: float | None = None) -> None:
        """Send a MIDI message as it is, at ``beat``, or now; only forget_raw() takes it back, not even panic does."""
        if beat is None:
            self._send_raw(data, self._now())
        else:
            self._push(beat, _RAW, 0, data)

    def raw_at(self, data: bytes, time: float) -> None:
        """Hand over a MIDI message that is due at ``time``, which is now or at most what the outputs take ahead."""
        self._send_raw(data, time)

    def forget_raw(self) -> None:
        """Take back every MIDI message that was scheduled."""
        self._keep(lambda due: not isinstance(due.what, bytes))

    def end_phrase(self, phrase: int) -> None:
        """Forget what of the phrase has not begun, and end what sounds of it."""
        self._keep(lambda due: due.phrase != phrase or isinstance(due.what, bytes))
        for note in self.ledger.end_phrase(phrase):
            self._end(note, cut=True)

    def end_all(self) -> int:
        """Forget all notes and end those that sound, one by one; return how many did."""
        self._keep(lambda due: isinstance(due.what, bytes))
        ended = self.ledger.end_all()
        for note in ended:
            self._end(note, cut=True)
        return len(ended)

    def silence(self) -> None:
        """Ask every instrument to end all notes, then all sound, on every channel."""
        for channel in range(16):
            for controller in SILENCE:
                self._send_raw(bytes((0xB0 | channel, controller, 0)), self._latest)

    def end_on(self, output: Output) -> None:
        """End there what sounds, for it goes; the part itself plays on."""
        with contextlib.suppress(OutputError):
            for note in self.ledger:
                output.end(note.channel, note.pitch, True, max(self._now(), note.time))

    def map(self, mapping: Mapping) -> None:
        """Play so from now on; what sounds ends as it began."""
        self.mapping = mapping
        if not mapping.on:
            self.rest()

    def rest(self) -> None:
        """End what sounds; what is scheduled is still to come."""
        for note in self.ledger.end_all():
            self._end(note, cut=True)

    # ---- time

    def next_due(self, clock: Clock) -> float:
        """Return when perform() has something to do; infinity where nothing is scheduled."""
        if not self._schedule:
            return float("inf")
        return self._time(clock, self._schedule[0]) - self.ahead

    def perform(self, clock: Clock) -> None:
        """Hand over everything that is due by now, or by now and what the outputs take ahead."""
        ahead = self.ahead
        while self._schedule and self._time(clock, self._schedule[0]) - ahead <= self._now():
            due = heapq.heappop(self._schedule)
            # What a change of the clock overtook was due at that change.
            time = max(self._time(clock, due), min(clock.anchor_time, self._now()))
            match due.what:
                case Note():
                    self._begin(clock, due.beat, due.phrase, due.what, time)
                case bytes():
                    self._send_raw(due.what, time)
                case _:
                    if self.ledger.end(due.what):
                        self._end(due.what, cut=False, due=time)

    # ---- inside

    def _time(self, clock: Clock, due: _Due) -> float:
        return clock.time_at(due.beat) + self.mapping.offset

    def _push(self, beat: float, rank: int, phrase: int, what: Note | Held | bytes) -> None:
        self._order += 1
        heapq.heappush(self._schedule, _Due(beat, rank, self._order, phrase, what))

    def _keep(self, wanted: Callable[[_Due], bool]) -> None:
        self._schedule = [due for due in self._schedule if wanted(due)]
        heapq.heapify(self._schedule)

    def _begin(self, clock: Clock, beat: float, phrase: int, note: Note, due: float) -> None:
        mapping = self.mapping
        channel, pitch, velocity = note.channel, note.pitch, note.velocity
        if mapping is not STRAIGHT:
            if not mapping.plays(channel):
                return
            channel, pitch, velocity = mapping.sound(channel, pitch, velocity, self._chance)
        time = max(due, self._now())
        self._latest = max(self._latest, time)
        held, before = self.ledger.begin(channel, pitch, velocity, phrase, time)
        if before is not None:
            self._end(before, cut=True, time=time)
        late = time > clock.time_at(beat) + mapping.offset + ON_TIME
        at = clock.beat_at(time - mapping.offset) if late else beat
        end = max(beat + note.duration, at + note.duration / 2)
        for output in tuple(self.outputs):
            try:
                output.begin(channel, pitch, velocity, end - at, time)
            except OutputError as error:
                self._failed(self, output, error)
        if self._told is not None:
            self._told.append(Sent(self._now(), due, held, end - at))
        self._push(end, _END, phrase, held)

    def _end(self, note: Held, cut: bool, due: float | None = None, time: float | None = None) -> None:
        """Send the end of a note that is struck out of the ledger already: at ``time``, or else when it is due but not
        before now; in no case before its beginning."""
        at = max(time or max(due or 0.0, self._now()), note.time)
        for output in tuple(self.outputs):
            try:
                output.end(note.channel, note.pitch, cut, at)
            except OutputError as error:
                self._failed(self, output, error)
        if self._told is not None:
            now = self._now()
            self._told.append(Sent(now, now if due is None else due, note, 0.0))

    def _send_raw(self, data: bytes, time: float) -> None:
        for output in tuple(self.outputs):
            try:
                output.raw(data, max(time, self._now()))
            except OutputError as error:
                self._failed(self, output, error)
