"""One MIDI output on JACK: what it was given waits, and goes out at its frame."""

import heapq
from collections import deque
from collections.abc import Iterable
from typing import Any

from bridge.clocks import now
from bridge.realtime.journal import Slot

MOST = 120
"""Events that a port sends in one period; the rest goes out in the next (some receivers lose what exceeds 127)."""

_Event = tuple[float, int, bytes, tuple[int, int, int] | None]  # time, order, bytes, and the note that it ends


class JackOutput:
    """One output port. All but write() is called on the loop's thread or the keeper's."""

    def __init__(self, name: str, slot: Slot) -> None:
        self.name, self.slot = name, slot
        self.ahead = 0.0
        self.port: Any = None
        """JACK's; None while there is no server."""
        self.latest = 0.0
        """Seconds by which the latest event missed its frame."""
        self._given: deque[_Event] = deque()
        self._waiting: list[_Event] = []
        self._order = 0

    def begin(self, channel: int, pitch: int, velocity: int, beats: float, time: float) -> None:
        if self.port is not None:
            self.slot.begin(channel, pitch)
            self._give(time, bytes((0x90 | channel, pitch, velocity)))

    def end(self, channel: int, pitch: int, cut: bool, time: float) -> None:
        if self.port is not None:  # else the journal remembers the note, and it is ended when the server is back
            ended = (channel, pitch, self.slot.generation(channel, pitch))
            self._give(time, bytes((0x80 | channel, pitch, 0)), ended)

    def raw(self, data: bytes, time: float) -> None:
        if self.port is not None:
            self._give(time, data)

    def close(self) -> None:
        """The port goes with the client."""

    def end_again(self, notes: Iterable[tuple[int, int]]) -> None:
        """End notes of which it is not known whether their end was heard, in a moment: connections take a period."""
        for channel, pitch in notes:
            self.end(channel, pitch, True, now() + self.ahead)

    def forget(self) -> None:
        """There is nobody to send to any more."""
        self.port = None
        self._given.clear()
        self._waiting = []

    @property
    def idle(self) -> bool:
        """Whether everything was written."""
        return not self._given and not self._waiting

    def write(self, port: Any, began: float, frames: int, rate: int) -> None:
        """In JACK's callback: write what falls into the period that began at ``began``, late events at once."""
        port.clear_buffer()
        waiting, given = self._waiting, self._given
        while given:
            heapq.heappush(waiting, given.popleft())
        last, count = 0, 0
        while waiting and count < MOST:
            time, _, data, ended = waiting[0]
            offset = round((time - began) * rate)
            if offset >= frames:
                break
            if offset < 0:
                self.latest = max(self.latest, began - time)
            last = max(last, offset)
            try:
                port.write_midi_event(last, data)
            except Exception:  # noqa: BLE001  (the buffer is full: the rest goes into the next period)
                break
            heapq.heappop(waiting)
            count += 1
            if ended:
                self.slot.end(*ended, began)

    def _give(self, time: float, data: bytes, ended: tuple[int, int, int] | None = None) -> None:
        self._order += 1
        self._given.append((time, self._order, data, ended))
