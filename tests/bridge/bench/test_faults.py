"""A fault of each kind on a real JACK server; ``antiphon bench faults`` does a thousand."""

import pytest
from jackd import strike_out_dead_servers
from programs import NEEDS

from bridge.bench import faults
from bridge.measure.jack import JackServer, NoJackError


def test_no_fault_leaves_a_note_sounding() -> None:
    if NEEDS[0].missing():
        pytest.skip("JACK is missing")
    strike_out_dead_servers()
    try:
        JackServer().close()
    except NoJackError as error:
        pytest.skip(str(error))
    told: list[str] = []
    kinds = 14
    stuck, done, _ = faults.measure(kinds, told.append)
    assert stuck.value == 0, stuck.detail
    assert done.value == kinds
    assert done.detail.count(" 1") == kinds
