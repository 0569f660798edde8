"""What the tests of the frame ring run in processes of their own."""

from multiprocessing.synchronize import Event

import numpy as np

from bridge.media.ring import FrameRing


def scribble(name: str, stop: Event, started: Event) -> None:
    """Write frames of one value each, in changing sizes, as fast as can be."""
    ring = FrameRing.attach(name)
    number = 0
    while not stop.is_set():
        number += 1
        width = 64 - number % 3
        ring.write(np.full((48, width, 3), number % 251, np.uint8), time=float(number), seed=number)
        if number == 3:
            started.set()
    ring.close()


def write_and_hold(name: str, ready: Event) -> None:
    """Write the same frame as fast as can be, for ever."""
    ring = FrameRing.attach(name)
    ring.write(np.full((48, 64, 3), 9, np.uint8), time=0)
    ready.set()
    while True:
        ring.write(np.full((48, 64, 3), 9, np.uint8), time=0)
