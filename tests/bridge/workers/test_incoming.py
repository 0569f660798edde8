"""Frames that a source brings in, as the frame worker sees them."""

from collections.abc import Iterator

import numpy as np
import pytest

from bridge.media.ring import FrameRing
from bridge.workers import incoming
from bridge.workers.incoming import Incoming


@pytest.fixture
def ring() -> Iterator[FrameRing]:
    ring = FrameRing.create(64, 64)
    yield ring
    ring.close()
    ring.unlink()


def test_the_newest_frame_stays_until_its_source_is_gone(ring: FrameRing, monkeypatch: pytest.MonkeyPatch) -> None:
    time = 100.0
    monkeypatch.setattr(incoming, "now", lambda: time)
    source = Incoming(ring.name)
    assert source.newest() is None
    for shade, shape in ((1, (8, 16)), (2, (64, 64))):
        ring.write(np.full((*shape, 3), shade, np.uint8), time=time)
        newest = source.newest()
        assert newest is not None
        assert newest.shape == (*shape, 3)
        assert (newest == shade).all()
    time += incoming.GONE_AFTER
    assert source.newest() is not None
    time += 0.1
    assert source.newest() is None
    source.close()
