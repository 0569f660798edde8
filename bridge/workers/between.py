"""Frames between those that are painted."""

from bridge.workers.blend import Pixels, mix


class Between:
    """Goes from the picture that is shown to the newest one in as many frames as there are from painting to painting.

    The first of these frames holds a share of the newest picture already: a new value is seen as soon as it is painted.
    """

    def __init__(self) -> None:
        self._start: Pixels | None = None
        self._end: Pixels | None = None
        self.shown: Pixels | None = None
        """The last frame that was given."""
        self._step, self._steps = 0, 1

    def feed(self, picture: Pixels, every: int) -> None:
        """A picture was painted, as one is ``every`` so many frames."""
        same_size = self.shown is not None and self.shown.shape == picture.shape
        self._start = self.shown if same_size else None
        self._end, self._step, self._steps = picture, 0, every

    def next(self) -> Pixels | None:
        """The next frame; None where it would be the last one again."""
        if self._end is None or self._step >= self._steps:
            return None
        self._step += 1
        start = self._end if self._start is None else self._start
        self.shown = mix(start, self._end, self._step / self._steps)
        return self.shown
