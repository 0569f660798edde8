"""What is seen of a stage."""

import io
import time
import urllib.error
import urllib.request

import numpy as np
from PIL import Image
from serving import PATIENCE, Serving


def frame(stage: Serving) -> np.ndarray:
    """The newest frame, RGB; waits for the first."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{stage.http_port}/frame.png", timeout=PATIENCE) as reply:
                return np.asarray(Image.open(io.BytesIO(reply.read())))
        except urllib.error.HTTPError as error:
            error.close()
            assert error.code == 503 and time.monotonic() < until


def wait_for_frame(stage: Serving, colour: tuple[int, int, int]) -> None:
    """Wait until the pixel at 10, 10 has this colour."""
    until = time.monotonic() + PATIENCE
    while (found := tuple(frame(stage)[10, 10])) != colour:
        assert time.monotonic() < until, f"the frame stays {found}, awaited {colour}"
