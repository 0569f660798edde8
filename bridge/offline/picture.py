"""A picture or a film as the frames that come in, at the times of the frames that are painted."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from bridge.workers.blend import Pixels

MOST_PIXELS = 1280 * 720
"""Larger pictures are made smaller, as those of the server's sources are."""


class Source:
    """Gives the picture for each time, going forward; a film begins anew at its end."""

    def __init__(self, path: Path) -> None:
        """Open it. Raises OSError, or ValueError with the reason."""
        self._path = path
        self._still = _still(path)
        self._film = iter(()) if self._still is not None else self._frames()
        self._newest = self._still
        self._until = -1.0
        if self._still is None:
            self._advance()

    def at(self, time: float) -> Pixels | None:
        """RGB [height, width, 3] at ``time``, seconds from the beginning."""
        while self._still is None and time + 1e-6 >= self._until:
            self._advance()
        return self._newest

    def _advance(self) -> None:
        try:
            self._until, self._newest = next(self._film)
        except StopIteration:
            raise ValueError(f"{self._path}: there is no picture in it") from None

    def _frames(self) -> Iterator[tuple[float, Pixels]]:
        """Each frame with the time at which the next one takes its place."""
        import av

        begun = 0.0
        while True:
            count, end = 0, begun
            try:
                with av.open(str(self._path)) as container:
                    rate = float(container.streams.video[0].average_rate or 25)
                    for frame in container.decode(video=0):
                        count += 1
                        end = begun + count / rate
                        yield end, _fitting(Image.fromarray(frame.to_ndarray(format="rgb24")))
            except (av.error.FFmpegError, IndexError) as error:
                raise ValueError(f"{self._path}: neither a picture nor a film: {error}") from error
            if not count:
                return
            begun = end


def _still(path: Path) -> Pixels | None:
    if not path.is_file():
        raise FileNotFoundError(f"input must be there, got {path}")
    with contextlib.suppress(UnidentifiedImageError), Image.open(path) as image:
        if not getattr(image, "is_animated", False):
            return _fitting(image.convert("RGB"))
    return None


def _fitting(image: Image.Image) -> Pixels:
    share = (MOST_PIXELS / (image.width * image.height)) ** 0.5
    if share < 1:
        image = image.resize((max(1, int(share * image.width)), max(1, int(share * image.height))))
    return np.array(image)
