"""How many threads a model is found to be quickest on; the times are the test's."""

import pytest

from bridge.workers.threads import fastest


class Model:
    threads = 0

    def set_threads(self, threads: int) -> None:
        self.threads = threads


@pytest.mark.parametrize(
    ("seconds", "cores", "threads"),
    [
        ({1: 0.04, 2: 0.02, 4: 0.012, 8: 0.02}, 8, 4),
        ({1: 0.04, 2: 0.038}, 2, 1),
        ({1: 0.04, 2: 0.08, 4: 0.001}, 8, 1),
        ({1: 0.04, 2: 0.02}, 2, 2),
        ({1: 0.04}, 1, 1),
        ({1: 4.0, 2: 2.0}, 2, 2),
    ],
)
def test_more_threads_are_taken_where_they_are_worth_it(seconds: dict[int, float], cores: int, threads: int) -> None:
    model = Model()
    assert fastest(model, lambda: seconds[model.threads], cores) == threads == model.threads
