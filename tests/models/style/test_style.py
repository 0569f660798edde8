"""Live style: the shipped graph does what torch does, styles blend, pictures of any size and mixes of any kind."""

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from models.contract import Moment, Sounding
from models.style.declaration import STYLES, Style
from models.style.implementation import GRAPH, StylePainter
from models.style.network import STYLE_SIZE, Network, initialisers, package_file, parse_mix, read_style

DEFAULTS = {name: param.default for name, param in Style.params().items()}
PICTURE = np.random.default_rng(3).integers(0, 256, (48, 64, 3), np.uint8)


def moment(*notes: Sounding) -> Moment:
    return Moment(time=1.0, beat=2.0, tempo=120.0, beats_per_bar=4, notes=notes)


@pytest.fixture(scope="module")
def painter() -> StylePainter:
    return StylePainter(64, 48, threads=1)


def test_the_package_holds_as_many_styles_as_are_declared(painter):
    assert painter.styles.shape == (STYLES, STYLE_SIZE)


@pytest.mark.parametrize(("width", "height"), [(64, 48), (33, 57), (130, 16)])
def test_paints_any_size_from_a_picture_of_any_size(width, height):
    frame = StylePainter(width, height, threads=1).render(moment(), DEFAULTS, PICTURE)
    assert frame.shape == (height, width, 3) and frame.dtype == np.uint8 and frame.std() > 5


def test_too_small_a_size_is_refused():
    with pytest.raises(ValueError, match="at least 16 pixels, got 8×64"):
        StylePainter(8, 64)


def test_nothing_coming_in_it_repaints_a_living_texture(painter):
    frames = [painter.render(moment(), DEFAULTS) for _ in range(2)]
    assert frames[0].std() > 5 and not np.array_equal(*frames)


def test_no_strength_leaves_the_picture_as_it_came(painter):
    assert np.abs(painter.render(moment(), DEFAULTS | {"strength": 0.0}, PICTURE).astype(int) - PICTURE).max() <= 1


def test_a_blend_lies_between_its_styles(painter):
    one, other = (painter.style_of(DEFAULTS | {"blend": blend}) for blend in (0.0, 1.0))
    np.testing.assert_array_equal(one, painter.styles[DEFAULTS["style"] - 1])
    np.testing.assert_array_equal(other, painter.styles[DEFAULTS["second_style"] - 1])
    np.testing.assert_allclose(painter.style_of(DEFAULTS | {"blend": 0.5}), (one + other) / 2, atol=1e-5)
    mixed = painter.style_of(DEFAULTS | {"mix": f"{DEFAULTS['style']}:3, {DEFAULTS['second_style']}:1"})
    np.testing.assert_allclose(mixed, 0.75 * one + 0.25 * other, atol=1e-5)


def test_a_note_pushes_the_blend_as_far_as_reaction_says(painter):
    note = Sounding(60, 127, "call", 0.0, True)
    still = painter.render(moment(note), DEFAULTS | {"reaction": 0.0}, PICTURE)
    moved = painter.render(moment(note), DEFAULTS | {"reaction": 1.0}, PICTURE)
    np.testing.assert_array_equal(still, painter.render(moment(), DEFAULTS, PICTURE))
    assert not np.array_equal(still, moved)


def test_the_same_picture_gives_the_same_frame_to_the_bit(painter):
    again = StylePainter(64, 48, threads=1)
    np.testing.assert_array_equal(
        painter.render(moment(), DEFAULTS, PICTURE), again.render(moment(), DEFAULTS, PICTURE)
    )


@pytest.mark.parametrize(
    ("mix", "reason"),
    [
        ("27", r"must be 1..26, got '27'"),
        ("moss:1", r"must be 1..26, got 'moss'"),
        ("own:1", r"must be 1..26, got 'own'"),
        ("3:-1", r"0 or more, got '-1'"),
        ("3:nan", r"0 or more, got 'nan'"),
        ("3:0 4:0", "must not all be 0"),
    ],
)
def test_a_mix_that_names_no_style_is_refused(painter, mix, reason):
    with pytest.raises(ValueError, match=reason):
        painter.render(moment(), DEFAULTS | {"mix": mix}, PICTURE)


def test_a_mix_takes_weights_or_none():
    assert parse_mix("3 4:3", 26, own=False) == {3: 0.25, 4: 0.75}
    assert parse_mix("own,7", 26, own=True) == {"own": 0.5, 7: 0.5}


def test_a_style_of_ones_own_takes_the_place_of_the_first(tmp_path: Path, painter):
    own = tmp_path / "mine.safetensors"
    save_file({"style": painter.styles[11]}, own)
    mine = StylePainter(64, 48, own=str(own), threads=1)
    np.testing.assert_allclose(mine.style_of(DEFAULTS), painter.styles[11], atol=1e-6)
    np.testing.assert_allclose(mine.style_of(DEFAULTS | {"own_blend": 0.0}), painter.style_of(DEFAULTS), atol=1e-6)


@pytest.mark.parametrize(
    ("tensors", "reason"),
    [
        ({"style": np.zeros(7, np.float32)}, r"style \[990\] of finite numbers, got style \[7\]"),
        ({"other": np.zeros(990, np.float32)}, "got other"),
        ({"style": np.full(990, np.nan, np.float32)}, "finite"),
    ],
)
def test_a_file_that_holds_no_style_is_refused(tmp_path: Path, tensors, reason):
    path = tmp_path / "wrong.safetensors"
    save_file(tensors, path)
    with pytest.raises(ValueError, match=reason):
        read_style(path)


def test_a_file_that_is_not_there_or_no_safetensors_is_refused(tmp_path: Path):
    with pytest.raises(FileNotFoundError, match="antiphon train style"):
        read_style(tmp_path / "none.safetensors")
    (tmp_path / "text.safetensors").write_text("a pickle, perhaps")
    with pytest.raises(ValueError, match=r"no \.safetensors file"):
        read_style(tmp_path / "text.safetensors")


def test_a_broken_network_is_refused(tmp_path: Path):
    whole = package_file().read_bytes()
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match="must lie within its message"):
        Network(broken)
    broken.write_bytes(GRAPH.read_bytes())
    with pytest.raises(ValueError, match="must hold contract"):
        Network(broken)


def test_the_graph_equals_the_packages_own(painter):
    onnxruntime = pytest.importorskip("onnxruntime")
    session = onnxruntime.InferenceSession(package_file(), providers=["CPUExecutionProvider"])
    weights = np.zeros(STYLES, np.float32)
    weights[[4, 9]] = 0.25, 0.75
    image = (PICTURE.transpose(2, 0, 1)[None] / 255).astype(np.float32)
    (theirs,) = session.run(None, {"image": image, "style_weights": weights})
    ours = painter.repaint(PICTURE, 0.25 * painter.styles[4] + 0.75 * painter.styles[9])
    assert np.abs(ours - 255 * theirs[0].transpose(1, 2, 0)).max() <= 1.01


def test_initialisers_refuse_what_is_no_model():
    with pytest.raises(ValueError):
        initialisers(b"\x3a\xff\xff\xff\xff\x0f")
