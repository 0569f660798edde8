import random

import pytest

from bridge.realtime.frame_clock import FRAMES, FrameClock, signed


def periods(clock, starts, zero, noise=0.0, seed=1):
    """What it makes of each period when frame 0 was at ``zero``: how far it is from the truth."""
    chance = random.Random(seed)
    for start in starts:
        read = start + chance.randrange(64)  # the callback runs a little into the period
        time = zero + read / 48000 + chance.uniform(-noise, noise)
        yield clock.began(start % FRAMES, read % FRAMES, time, 48000) - (zero + start / 48000)


def test_readings_are_smoothed():
    off = list(periods(FrameClock(), range(0, 256 * 500, 256), 100.0, noise=1e-5))
    assert max(map(abs, off[50:])) < 1e-5


def test_frames_that_were_left_out_count_but_a_reading_that_was_interrupted_does_not():
    clock = FrameClock()
    list(periods(clock, range(0, 25600, 256), 100.0))
    assert next(periods(clock, [25600], 100.0008)) == pytest.approx(-0.0008, abs=1e-6)  # in doubt, as before
    assert list(periods(clock, [25856, 26112], 100.0008)) == pytest.approx([0.0, 0.0], abs=1e-6)
    assert next(periods(clock, [26368], 100.0013)) == pytest.approx(-0.0005, abs=1e-6)
    assert next(periods(clock, [26624], 100.0008)) == pytest.approx(0.0, abs=1e-6)


def test_the_counter_may_start_again():
    starts = range(FRAMES - 2560, FRAMES + 2560, 256)
    assert list(periods(FrameClock(), starts, 100.0)) == pytest.approx([0.0] * 20, abs=1e-6)
    assert signed(5 - (FRAMES - 5)) == 10
    assert signed((FRAMES - 5) - 5) == -10
