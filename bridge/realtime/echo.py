"""Our own notes that come back, through a host that passes on what it gets: they are not the player's. Pure."""

from collections import deque
from collections.abc import Iterable

LONGEST = 0.5
"""Seconds after which a note that comes in is certainly no echo; up to there the way back is measured."""

EARLY = 0.005
"""Seconds by which an echo may seem to come before its note: JACK's clock is not quite ours."""


class Echo:
    """Which of the notes that come in are our own."""

    def __init__(self, window: float) -> None:
        """A note within ``window`` seconds after we sent its pitch is an echo; 0: none is."""
        self.window = window
        self.delays: deque[float] = deque(maxlen=200)
        """Seconds that the last notes took which came back, or seem to have: within LONGEST, too."""
        self._sent: deque[tuple[float, int, int]] = deque(maxlen=512)
        self._held: set[tuple[int, int]] = set()

    def sent(self, notes: Iterable[tuple[int, int]], time: float) -> None:
        """We sent a note to sound at ``time``, on one output or another with these pitches and velocities.

        A velocity of 0 stands for any. Others must be the same: in unison with a player's note, it is no echo.
        """
        self._sent += [(time, pitch, velocity) for pitch, velocity in set(notes)]

    def is_own(self, channel: int, pitch: int, velocity: int, time: float) -> bool:
        """Whether a note that came in at ``time`` (velocity 0: its end) is our own; each is so once."""
        if not velocity:
            own = (channel, pitch) in self._held
            self._held.discard((channel, pitch))
            return own
        while self._sent and self._sent[0][0] < time - LONGEST:
            self._sent.popleft()
        for index, (at, sent, loud) in enumerate(self._sent):
            if sent == pitch and loud in (velocity, 0) and at <= time + EARLY:
                self.delays.append(max(0.0, time - at))
                if time - at > self.window or not self.window:
                    continue  # a later one may be the one
                del self._sent[index]
                self._held.add((channel, pitch))
                return True
        return False
