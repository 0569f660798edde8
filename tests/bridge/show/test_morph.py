"""Numbers glide, the rest changes halfway, and a hand on a parameter wins."""

import pytest

from bridge.addresses import Table
from bridge.show.morph import Morph, between
from models.contract import Value


@pytest.fixture
def values() -> dict[str, Value]:
    return {"/speed": 0.0, "/seed": 0, "/on": False, "/name": "a", "/still": 1.0}


@pytest.fixture
def morph(values: dict[str, Value]) -> Morph:
    return Morph(Table(), values, values.__setitem__)


TARGET: dict[str, Value] = {"/speed": 2.0, "/seed": 10, "/on": True, "/name": "b", "/still": 1.0}


def test_at_once(morph: Morph, values: dict[str, Value]) -> None:
    morph.begin(TARGET, 4.0, 0.0)
    assert values == TARGET and not morph.running


def test_over_beats(morph: Morph, values: dict[str, Value]) -> None:
    morph.begin(TARGET, 4.0, 8.0)
    assert values["/speed"] == 0.0 and morph.running
    morph.advance(6.0)
    assert values == {"/speed": 0.5, "/seed": 2, "/on": False, "/name": "a", "/still": 1.0}
    morph.advance(8.0)
    assert values["/on"] is True and values["/name"] == "b" and values["/speed"] == 1.0
    morph.advance(12.5)
    assert values == TARGET and not morph.running


def test_a_hand_wins(morph: Morph, values: dict[str, Value]) -> None:
    def put(path: str, value: Value) -> None:
        values[path] = value
        morph.touched(path)

    morph = Morph(Table(), values, put)
    morph.begin(TARGET, 0.0, 4.0)
    morph.advance(1.0)
    put("/speed", 0.1)
    morph.advance(4.0)
    assert values["/speed"] == 0.1 and values["/seed"] == 10


@pytest.mark.parametrize(("share", "value"), [(0.0, 1), (0.5, 2), (1.0, 4), (2.0, 4)])
def test_whole_numbers_stay_whole(share: float, value: int) -> None:
    found = between(1, 4, share)
    assert found == value and isinstance(found, int)
