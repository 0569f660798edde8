"""What the timing bench makes of what it hears."""

import json
import subprocess
import sys

import pytest

from bridge.bench.timing import rulers


def test_lateness_is_taken_from_the_nearest_place_on_the_grid() -> None:
    late = rulers.lateness([0.0, 0.0, 0.0], [4.0, 4.251, 4.49], grid=0.25, tempo=60.0)
    assert late == pytest.approx([0.0, 0.001, -0.01])


def test_a_spread_does_not_count_a_constant_delay() -> None:
    times = [10.003 + 0.25 * number for number in range(8)]
    assert rulers.spread(times, 0.25) == pytest.approx([0.0] * 8, abs=1e-9)
    times[3] += 0.002
    assert sorted(rulers.spread(times, 0.25))[-1] == pytest.approx(0.002)
    assert rulers.spread([1.0], 0.25) == []


def test_what_was_lost_on_the_way_shifts_no_pair() -> None:
    heard = ["a", "c", "d", "a"]
    pairs = rulers.paired([0.0, 1.0, 2.0, 3.0, 4.0], heard, lambda number, letter: letter == "abcd"[number % 4])
    assert list(pairs) == [(0.0, "a"), (2.0, "c"), (3.0, "d"), (4.0, "a")]


def test_drift_is_between_the_ends() -> None:
    assert rulers.drift([0.0] * 10 + [0.5] * 80 + [0.25] * 10) == 0.25
    with pytest.raises(ValueError, match="at least 20 values, got 3"):
        rulers.drift([1.0, 2.0, 3.0])


def test_a_note_is_seen_in_the_first_frame_painted_after_it() -> None:
    frames = [(1.0, 1.02), (1.5, 1.53), (2.0, 2.01)]
    assert rulers.first_seen([0.9, 1.2, 1.5, 2.5], frames) == pytest.approx([0.12, 0.33, 0.03])


def test_the_bare_loop_prints_how_late_it_was() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bridge.bench.timing.spin", "0.2", "0.05"], capture_output=True, check=True, timeout=60
    )
    told = json.loads(done.stdout)
    assert len(told["late"]) == 4
    assert all(late >= 0 for late in told["late"])
