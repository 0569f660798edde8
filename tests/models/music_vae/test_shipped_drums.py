"""The shipped drum, groove and tap models: their files, their cards, and that they give back a plain beat."""

from pathlib import Path

import numpy as np
import pytest

from models import music_vae
from models.music_vae.configs import DRUM_CLASSES
from models.music_vae.drummer import Drummer
from models.music_vae.encodings import drum_steps, groove_steps
from models.music_vae.network import MusicVaeNetwork

FOLDER = Path(__file__).parents[3] / "models" / "weights"
KICK, SNARE, HAT = 0, 1, 2
BUDGET = {"drums_2bar": 4.0e6, "groove_2bar": 2.5e6, "tap_2bar": 2.5e6}
CONFIGS = {
    "drums_2bar": "cat-drums_2bar_small",
    "groove_2bar": "groovae_2bar_humanize",
    "tap_2bar": "groovae_2bar_tap_fixed_velocity",
}


def beat() -> np.ndarray:
    """Hits [32, 9] of the plainest beat there is."""
    hits = np.zeros((32, DRUM_CLASSES), np.float32)
    hits[::8, KICK] = hits[4::8, SNARE] = hits[::2, HAT] = 1.0
    return hits


def groove(hits: np.ndarray) -> np.ndarray:
    return np.concatenate((hits, 0.7 * hits, 0.0 * hits), 1).astype(np.float32)


def network(name: str) -> MusicVaeNetwork:
    return music_vae.from_checkpoint(FOLDER / f"{name}.safetensors")


@pytest.mark.parametrize("name", BUDGET)
def test_they_are_small_and_have_their_cards(name: str) -> None:
    path = FOLDER / f"{name}.safetensors"
    assert path.stat().st_size <= BUDGET[name]
    card = path.with_suffix(".md").read_text("utf-8")
    assert "Licence: Apache-2.0" in card
    assert "Groove MIDI Dataset" in card
    assert "CC BY 4.0" in card
    assert CONFIGS[name] in card
    assert network(name).config.name == CONFIGS[name]


def test_drums_come_back() -> None:
    hits = beat()
    x = np.concatenate((hits, 1.0 - hits.max(1, keepdims=True)), 1)
    model = network("drums_2bar")
    mu, _ = model.encode(x[None])
    steps = np.array([step[0] for step in model.decode(mu, 32, temperature=0.0)])
    found = np.zeros_like(hits)
    for step, label in enumerate(steps.argmax(1)):
        found[step, list(drum_steps.hits(int(label)))] = 1.0
    assert 2 * (found * hits).sum() / (found.sum() + hits.sum()) > 0.8


def test_hits_become_a_groove() -> None:
    """Given the very hits, velocities differ by drum and place, and offsets are small."""
    model = network("groove_2bar")
    hits = beat()
    heard = groove_steps.heard(model.config.encoding, groove(hits))
    mu, _ = model.encode(heard[None])
    logits = model.teacher_forced(mu, groove(hits)[None])[0]
    velocity = 1 / (1 + np.exp(-logits[:, DRUM_CLASSES : 2 * DRUM_CLASSES]))
    offset = np.tanh(logits[:, 2 * DRUM_CLASSES :])
    struck = hits > 0
    assert velocity[struck].std() > 0.05
    assert velocity[::4, HAT].mean() > velocity[2::4, HAT].mean()  # on the beat louder than between
    assert np.abs(offset[struck]).mean() < 0.5


def test_taps_become_drums() -> None:
    """As the player leads it: something at each tap, and a beat of more than one drum."""
    drummer = Drummer([FOLDER / "tap_2bar.safetensors"])
    taps = groove_steps.heard(network("tap_2bar").config.encoding, groove(beat()))
    taps[:, DRUM_CLASSES : 2 * DRUM_CLASSES] = 0.7 * taps[:, :DRUM_CLASSES]
    found = drummer.tapped(taps, 32, 1.0, 0.5, np.random.default_rng(1))[:, :DRUM_CLASSES]
    assert (found.any(1) == taps.any(1)).all()
    assert found[::8, KICK].sum() >= 2
    assert found[4::8, SNARE].sum() >= 2
    assert (found.sum(0) > 0).sum() >= 3
