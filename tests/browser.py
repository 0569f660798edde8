"""A headless Chromium for tests: skipped where there is none, and looked at in numpy."""

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from peers import require_program
from PIL import Image

from bridge.client import browser
from bridge.client.browser import Browser

__all__ = ["Browser", "Page", "browse", "chromium"]


class Page(browser.Page):
    """A page that can be looked at."""

    def screenshot(self) -> np.ndarray:
        """What is seen, RGB, shape [height, width, 3]."""
        return np.asarray(Image.open(io.BytesIO(self.png())).convert("RGB"))


@contextlib.contextmanager
def browse(profile: Path, url: str, width: int = 640, height: int = 480) -> Iterator[Page]:
    """Show a page. Skips the test where there is no Chromium."""
    with chromium(profile, width, height) as opened:
        yield opened.open(url, Page)


@contextlib.contextmanager
def chromium(profile: Path, width: int = 640, height: int = 480) -> Iterator[Browser]:
    """A browser for as many pages as are wanted. Skips the test where there is none."""
    with browser.chromium(require_program("chromium", "chromium"), profile, width, height) as opened:
        yield opened
