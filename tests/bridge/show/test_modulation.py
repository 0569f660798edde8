"""Modulators: formulas that are never run, sources that repeat, and parameters that stay where they were set."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.addresses import ArgumentError, Table
from bridge.show.modulation.engine import NAMES, Modulation
from bridge.show.modulation.expression import LONGEST, Expression, ExpressionError
from bridge.show.modulation.sources import SHAPES, walk
from models.contract import Value

TABLE = Table()
NONE = dict.fromkeys(NAMES, 0.0)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2 * 3", 7.0),
        ("-beat / 4", -2.0),
        ("sin(beat / 32)", 1.0),
        ("clip(beat, 0, 1) * 0.5", 0.5),
        ("min(beat, 3) % 2", 1.0),
        ("1 / 0", 0.0),
        ("pow(-1, 0.5)", 0.0),
        ("pow(10, 400)", 0.0),
    ],
)
def test_a_formula_is_computed(text: str, value: float) -> None:
    assert Expression(text, NAMES)(NONE | {"beat": 8.0}) == pytest.approx(value)


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')", "().__class__", "beat.real", "[1]", "'a' * 9", "lambda: 1", "True",
        "9 ** 9 ** 9", "sin(1, 2)", "sin(x=1)", "sin", "other", "1e999", "f'{beat}'", "beat := 1", "1; 2", "", "(",
        "(" * 150 + "1" + ")" * 150, "-" * 100 + "1", "1" * (LONGEST + 1), "eval('1')", "beat and 1", "1 < 2", "\0",
        "beat if 1 else 2",
    ],
)  # fmt: skip
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ExpressionError):
        Expression(text, NAMES)


@given(st.text(max_size=40))
def test_no_text_does_harm(text: str) -> None:
    try:
        formula = Expression(text, NAMES)
    except ExpressionError:
        return
    assert math.isfinite(formula(NONE))


@pytest.mark.parametrize("name", SHAPES)
def test_a_shape_stays_within_its_bounds_and_repeats(name: str) -> None:
    shape = SHAPES[name]
    points = [shape(step / 40) for step in range(80)]
    assert max(points) <= 1 and min(points) >= -1 and max(points) - min(points) > 1.8
    assert points[:40] == pytest.approx(points[40:], abs=1e-9)


def test_a_walk_is_smooth_and_the_same_whenever_asked() -> None:
    way = [walk(1, step / 20, 2.0) for step in range(400)]
    assert way == [walk(1, step / 20, 2.0) for step in range(400)] != [walk(2, step / 20, 2.0) for step in range(400)]
    assert max(abs(one - other) for one, other in itertools.pairwise(way)) < 0.1
    assert max(way) > 0.5 and min(way) < -0.5


def modulation(**first: Value) -> Modulation:
    values = TABLE.defaults() | {"/frames/speed": 2.0, "/mod/1/target": "/frames/speed", "/mod/1/depth": 0.5}
    return Modulation(TABLE, values | {f"/mod/1/{name}": value for name, value in first.items()})


def at(modulators: Modulation, beat: float, time: float = 0.0) -> float | None:
    return modulators.advance(time, beat, 4).get("/frames/speed")


def test_off_moves_nothing() -> None:
    assert not modulation().active and at(modulation(), 1.0) is None


def test_an_lfo_swings_about_the_value_within_the_range() -> None:
    lfo = modulation(source="lfo", beats=4.0)
    assert [at(lfo, beat) for beat in (0.0, 1.0, 3.0)] == pytest.approx([2.0, 4.0, 0.0])
    assert at(modulation(source="lfo", beats=4.0, depth=1.0), 1.0) == 4.0


def test_two_on_one_add_up() -> None:
    values = TABLE.defaults() | {"/frames/speed": 2.0}
    for number in (1, 2):
        values |= {
            f"/mod/{number}/target": "/frames/speed",
            f"/mod/{number}/source": "lfo",
            f"/mod/{number}/depth": 0.1,
        }
    assert at(Modulation(TABLE, values), 1.0) == pytest.approx(2.8)


def test_notes_are_followed() -> None:
    follower = modulation(source="follow", follow="velocity")
    assert at(follower, 1.0) == 2.0
    follower.notes.add(1.0, 96, 127)
    assert at(follower, 1.0) == 4.0
    assert at(modulation(source="follow", follow="pitch"), 1.0) == 2.0
    envelope = modulation(source="envelope", beats=2.0)
    envelope.notes.add(1.0, 60, 127)
    first, later, gone = (at(envelope, beat) for beat in (1.0, 1.5, 4.0))
    assert first == 4.0 > later > gone  # type: ignore[operator]


def test_density_counts_the_notes_of_late() -> None:
    follower = modulation(source="follow", follow="density", beats=2.0)
    for step in range(8):
        follower.notes.add(step / 4, 60, 90)
    assert at(follower, 2.0) == pytest.approx(2 + 2 * 7 / 8)
    assert at(follower, 9.0) == 2.0


def test_quantised_it_changes_on_the_beat_alone() -> None:
    lfo = modulation(source="lfo", beats=4.0, quantise="beat", shape="ramp")
    assert [at(lfo, beat) for beat in (0.0, 0.4, 0.9, 1.0, 1.7)] == pytest.approx([0.0, 0.0, 0.0, 1.0, 1.0])


def test_smoothed_it_takes_its_time() -> None:
    lfo = modulation(source="lfo", beats=4.0, shape="square", smooth=1.0)
    assert at(lfo, 0.0, 0.0) == 4.0
    assert 0.0 < at(lfo, 3.0, 0.5) < 4.0  # type: ignore[operator]


def test_a_formula_moves() -> None:
    formula = modulation(source="formula", formula="velocity * sin(bar)")
    formula.notes.add(0.0, 60, 127)
    assert at(formula, 1.0) == 4.0 and not formula.listens
    assert modulation(source="formula", formula="loudness").listens


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("target", "/frames/seed", "must be a float parameter .* got '/frames/seed'"),
        ("target", "/clock/tempo", "must be a float parameter"),
        ("target", "/nothing", "must be a float parameter"),
        ("formula", "import os", "a formula must be arithmetic"),
    ],
)
def test_what_cannot_be_moved_is_refused(name: str, value: str, reason: str) -> None:
    with pytest.raises(ArgumentError, match=reason):
        modulation().check(f"/mod/3/{name}", value)


def test_a_first_value_that_nobody_refused_moves_nothing() -> None:
    assert at(modulation(source="lfo", target="/nothing"), 1.0) is None


def test_the_pad_is_moved_as_any_parameter() -> None:
    values = TABLE.defaults() | {"/mod/1/target": "/pad/x", "/mod/1/source": "lfo", "/mod/1/depth": 0.5}
    modulation = Modulation(TABLE, values)
    modulation.check("/mod/1/target", "/pad/x")
    assert modulation.advance(0.0, 1.0, 4) == {"/pad/x": 1.0}  # a quarter of its period of 4 beats: at its top
