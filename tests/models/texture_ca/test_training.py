"""The parts of training that do not need the weights of VGG16."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'antiphon[torch]'")
pytest.importorskip("scipy", reason="scipy is not installed: it draws the targets")

from models.texture_ca.declaration import TEXTURES  # noqa: E402
from models.texture_ca.training.automaton import Automaton, seed_state  # noqa: E402
from models.texture_ca.training.targets import SIZE, TARGETS, draw  # noqa: E402


@pytest.mark.parametrize("name", TEXTURES)
def test_a_target_is_always_the_same_and_colourful(name):
    picture = draw(name)
    assert picture.shape == (SIZE, SIZE, 3) and picture.min() >= 0 and picture.max() <= 1
    assert np.array_equal(picture, draw(name))
    assert picture.std() > 0.2


def test_what_is_shipped_can_be_trained():
    assert set(TEXTURES) <= set(TARGETS)


def test_an_untrained_automaton_changes_nothing():
    state = seed_state(1, 16, torch.Generator().manual_seed(0))
    assert torch.equal(Automaton()(state, 3), state)


def test_the_kernel_is_perception_and_first_layer_in_one():
    automaton = Automaton()
    state = seed_state(1, 16, torch.Generator().manual_seed(0))
    torch.nn.init.normal_(automaton.act, std=0.1)
    padded = torch.nn.functional.pad(state, (1, 1, 1, 1), mode="circular")
    hidden = torch.relu(torch.nn.functional.conv2d(padded, automaton.kernel(), automaton.sense_bias))
    composed = state + torch.einsum("ch,bhyx->bcyx", automaton.act, hidden)
    assert torch.allclose(composed, automaton(state), atol=1e-5)


def test_a_current_carries_the_state_along():
    automaton = Automaton()
    wave = torch.sin(torch.arange(32) * 2 * torch.pi / 32).expand(1, 12, 32, 32)
    moved = automaton(wave, 10, torch.tensor([[0.1, 0.0]]))
    assert torch.allclose(moved, wave.roll(1, 3), atol=0.05)
