"""From the model before to the one that takes its place, while both paint."""

import math

from bridge.media.ring import Frame, FrameRing
from bridge.realtime.now import Beat
from bridge.workers.blend import Pixels, mix, sized


def next_bar(beat: Beat, time: float) -> float:
    """When the next bar line after ``time`` comes, seconds."""
    bars = (beat.at(time) - beat.bar_beat) / beat.beats_per_bar
    line = beat.bar_beat + (math.floor(bars) + 1) * beat.beats_per_bar
    return beat.time + (line - beat.beat) * 60 / beat.tempo


class Fade:
    """Cross-fades from what others wrote to a ring.

    The worker before goes on painting: as soon as another writes to ``ring``, it writes to ``aside`` instead, and its
    frames are taken from there.
    """

    def __init__(self, ring: FrameRing, aside: FrameRing, start: float, seconds: float) -> None:
        """Begins at ``start``, seconds of bridge.clocks; 0 seconds is a cut."""
        self._ring, self._aside = ring, aside
        self._start, self._seconds = start, seconds
        self._before: Frame | None = None
        self._known, self._writers = aside.newest, aside.writers
        self._frozen = False
        self.done = False

    def due(self, time: float) -> bool:
        """Whether it has begun: until then nothing is to be written."""
        return time >= self._start

    def freeze(self) -> None:
        """Go on with the last frame of the one before: it is no longer written aside, we are."""
        self._frozen = True

    def mixed(self, picture: Pixels, time: float) -> Pixels:
        """The picture with what is left of the one before at ``time``."""
        share = (time - self._start) / self._seconds if self._seconds > 0 else 1.0
        if share >= 1 or self.done:
            self.done = True
            return picture
        if self._before is None:
            self._before = self._ring.latest()  # nothing of ours is there yet
        elif self._aside.writers > self._writers and not self._frozen:  # else it is of whom the one before replaced
            newer = self._aside.latest(after=self._known)
            if newer is not None:
                self._before, self._known = newer, newer.sequence
        if self._before is None:
            return picture
        height, width = picture.shape[:2]
        return mix(sized(self._before.pixels, width, height), picture, max(0.0, share))
