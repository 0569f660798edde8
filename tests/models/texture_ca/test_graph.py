"""The graphs that are shipped do what torch learnt."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'antiphon[torch]'")
onnx = pytest.importorskip("onnx", reason="onnx is not installed: pip install 'antiphon[torch]'")

from models.texture_ca.declaration import TEXTURES  # noqa: E402
from models.texture_ca.implementation import WEIGHTS, TextureCaPainter, colour_matrix  # noqa: E402
from models.texture_ca.training import graph  # noqa: E402
from models.texture_ca.training.automaton import Automaton, to_rgb  # noqa: E402


def load_automaton(texture: str) -> Automaton:
    from safetensors.torch import load_file

    automaton = Automaton()
    weights = {name: value.float() for name, value in load_file(WEIGHTS / f"{texture}.safetensors").items()}
    automaton.load_state_dict(weights, strict=False)
    return automaton


def no_flow(rows: int, columns: int) -> dict[str, np.ndarray]:
    return {
        "pace": np.array(1, np.float32),
        "flow_rows": np.zeros((2, rows, 1), np.float32),
        "flow_columns": np.zeros((2, 1, columns), np.float32),
    }


@pytest.mark.parametrize("texture", TEXTURES)
def test_a_step_equals_torch(texture):
    session = TextureCaPainter(48, 40)._stepper((texture,))
    state = np.random.default_rng(1).uniform(-0.4, 0.4, (1, 12, 40, 48)).astype(np.float32)
    ours = state
    for _ in range(8):
        (ours,) = session.run(None, {"state": ours, **no_flow(40, 48)})
    with torch.no_grad():
        theirs = load_automaton(texture)(torch.from_numpy(state), 8).numpy()
    np.testing.assert_allclose(ours, theirs, atol=2e-4)


def test_each_side_of_a_blend_is_its_texture():
    painter = TextureCaPainter(48, 40)
    state = np.random.default_rng(2).uniform(-0.4, 0.4, (1, 12, 40, 48)).astype(np.float32)
    mask = np.zeros((1, 1, 40, 48), np.float32)
    mask[..., 24:] = 1
    blend = painter._stepper(TEXTURES[:2])
    (ours,) = blend.run(None, {"state": state, "mask": mask, **no_flow(40, 48)})
    for texture, side in zip(TEXTURES[:2], (slice(0, 24), slice(24, 48)), strict=True):
        with torch.no_grad():
            theirs = load_automaton(texture)(torch.from_numpy(state)).numpy()
        np.testing.assert_allclose(ours[..., side], theirs[..., side], atol=1e-4)


def test_the_picture_equals_torch():
    painter = TextureCaPainter(32, 32)
    state = np.random.default_rng(3).uniform(-0.7, 0.7, (1, 12, 32, 32)).astype(np.float32)
    dark = {"light_rows": np.zeros((2, 32, 1), np.float32), "light_columns": np.zeros((2, 1, 32), np.float32)}
    one = np.array(1, np.float32)
    feed = {"state": state, "size": np.array([1, 3, 32, 32]), "gain": one, "colours": colour_matrix(0.0, 1.0), **dark}
    frame, level = painter._paint.run(None, feed)
    wanted = to_rgb(torch.from_numpy(state)).clamp(0, 1)[0].permute(1, 2, 0).numpy() * 255
    assert np.abs(frame - wanted).max() <= 1.01
    assert level == pytest.approx(np.abs(state).mean(), rel=1e-4)


@pytest.mark.parametrize("name", ["step", "blend", "paint"])
def test_the_shipped_graph_is_the_one_built_here(name, tmp_path: Path):
    graph.write(tmp_path)
    built = onnx.load_model(tmp_path / f"{name}.onnx", load_external_data=False)
    shipped = onnx.load_model(WEIGHTS / f"{name}.onnx", load_external_data=False)
    assert built.graph == shipped.graph
    assert (WEIGHTS / f"{name}.onnx").stat().st_size < 10_000
