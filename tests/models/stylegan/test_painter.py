"""The frame model over tiny generators."""

import subprocess
import sys

import numpy as np
import pytest
from nvidia_files import SMALL_2, SMALL_3, snapshot, tensors_2, tensors_3

from models.contract import Moment, Sounding
from models.stylegan.declaration import Stylegan

torch = pytest.importorskip("torch", reason="pip install 'antiphon[torch]'")

CLASSES = SMALL_2 | {"c_dim": 3}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("networks")
    return {
        "2": snapshot(folder / "two.pkl", tensors_2(SMALL_2), SMALL_2),
        "3": snapshot(folder / "three.pkl", tensors_3(SMALL_3)[0], SMALL_3),
        "classes": snapshot(folder / "classes.pkl", tensors_2(CLASSES), CLASSES),
        "quiet": snapshot(folder / "quiet.pkl", tensors_2(SMALL_2, noise=False), SMALL_2),
    }


@pytest.fixture
def painter(files):
    def made(which="2", width=24, height=16):
        before = torch.get_num_threads()
        painter = Stylegan.load(width, height, {"checkpoint": str(files[which])})
        torch.set_num_threads(before)
        return painter

    return made


def params(**changed):
    assert changed.keys() <= Stylegan.params().keys()
    return {name: param.default for name, param in Stylegan.params().items()} | {"truncation": 1.0} | changed


def moment(beat=0.0, notes=()):
    return Moment(time=beat / 2, beat=beat, tempo=120, beats_per_bar=4, notes=notes)


def frame(painter, beat=0.0, notes=(), **changed):
    return painter.render(moment(beat, notes), params(**changed))


def differ(one, other):
    return not np.array_equal(one, other)


@pytest.mark.parametrize("which", ["2", "3", "classes", "quiet"])
def test_frames_move_with_the_beat_and_are_the_same_again(painter, which):
    one, two = painter(which), painter(which)
    frames = [frame(one, beat) for beat in (0.0, 0.5, 1.0)]
    assert frames[0].shape == (16, 24, 3)
    assert frames[0].dtype == np.uint8
    assert frames[0].std() > 1
    assert differ(frames[0], frames[2])
    assert all(np.array_equal(frame(two, beat), seen) for beat, seen in zip((0.0, 0.5, 1.0), frames, strict=True))


@pytest.mark.parametrize("path", ["points", "circle"])
@pytest.mark.parametrize("space", ["z", "w"])
def test_a_walk_comes_back_after_its_bars(painter, path, space):
    walker = painter()
    seen = [frame(walker, beat, path=path, space=space, walk=1.0, glow=0.0) for beat in (0.0, 1.0, 2.0, 3.0, 4.0)]
    assert differ(seen[0], seen[1])
    assert np.abs(seen[0].astype(int) - seen[4].astype(int)).max() <= 1


def test_a_picture_is_the_generators_own(painter, files):
    """At its size, at the first of a seed's points, with nothing else on: 127.5 x + 128."""
    from models.latent import walk
    from models.stylegan.checkpoint import load
    from models.stylegan.generator import Generator

    network = Generator(load(files["2"]))
    w = network.mapping(torch.from_numpy(walk.draw((8, 6), 5, 3)[:1]))
    picture = network.synthesis(w[:, None].repeat(1, 6, 1))[0].permute(1, 2, 0).numpy()
    found = frame(painter("2", 16, 16), seed=5, glow=0.0)
    assert np.abs(found.astype(int) - np.clip(picture * 127.5 + 128, 0, 255).astype(np.uint8).astype(int)).max() <= 1


@pytest.mark.parametrize(
    "changed",
    [
        {"seed": 9}, {"truncation": 0.3}, {"mix_from": 2}, {"mix_from": 2, "mix": 0.5}, {"noise": 3.0},
        {"noise_kind": "off"}, {"noise_kind": "fresh"}, {"noise_kind": "walk"}, {"noise_kind": "off", "noise_layer": 2},
        {"bend": "scale"}, {"bend": "rotate"}, {"bend": "threshold"}, {"bend": "threshold", "bend_amount": -0.5},
        {"bend": "shift"}, {"bend": "scale", "bend_share": 0.3}, {"hue": 0.4}, {"saturation": 0.0},
    ],
    ids=str,
)  # fmt: skip
def test_each_control_changes_the_picture(painter, changed):
    assert differ(frame(painter()), frame(painter(), **changed))


@pytest.mark.parametrize("changed", [{"turn": 0.1}, {"shift_x": 0.2}, {"shift_y": 0.2}], ids=str)
def test_stylegan3_is_moved(painter, changed):
    assert differ(frame(painter("3")), frame(painter("3"), **changed))
    assert np.array_equal(frame(painter()), frame(painter(), **changed))


@pytest.mark.parametrize(
    "changed",
    [
        {"mix_from": 6}, {"mix_from": 2, "mix": 0.0}, {"bend": "rotate", "bend_amount": 0.0},
        {"bend": "scale", "bend_share": 0.0}, {"noise_kind": "fresh", "noise_layer": 31},
    ],
    ids=str,
)  # fmt: skip
def test_what_is_off_changes_nothing(painter, changed):
    assert np.array_equal(frame(painter()), frame(painter(), **changed))


def test_classes_differ(painter):
    assert differ(frame(painter("classes"), label=0), frame(painter("classes"), label=1))
    assert np.array_equal(frame(painter("classes"), label=2), frame(painter("classes"), label=4000))


def test_noise_is_fresh_or_held(painter):
    still = {"speed": 0.0, "glow": 0.0}
    walker = painter()
    assert np.array_equal(frame(walker, **still), frame(walker, **still))
    assert differ(frame(walker, noise_kind="fresh", **still), frame(walker, noise_kind="fresh", **still))


def test_notes_move_the_picture(painter):
    notes = (Sounding(pitch=60, velocity=120, voice="call", age=0.0, held=True),)
    assert differ(frame(painter(), glow=0.0), frame(painter(), notes=notes, glow=0.0))
    assert np.array_equal(frame(painter(), reaction=0.0), frame(painter(), notes=notes, reaction=0.0))


def test_points_are_saved_and_walked_between(painter):
    walker = painter()
    with pytest.raises(ValueError, match="no picture yet"):
        walker.act("save", {})
    first = frame(walker, seed=1, speed=0.0, glow=0.0)
    walker.act("save", {})
    second = frame(walker, seed=2, speed=0.0, glow=0.0)
    walker.act("save", {})
    assert differ(first, second)
    seen = [frame(walker, beat, path="saved", walk=1.0, glow=0.0) for beat in (0.0, 1.0, 2.0)]
    assert np.abs(seen[0].astype(int) - first.astype(int)).max() <= 1
    assert np.abs(seen[2].astype(int) - second.astype(int)).max() <= 1
    assert differ(seen[1], first)
    held = frame(walker, 2.0, path="hold", glow=0.0)
    assert np.array_equal(held, frame(walker, 3.0, path="hold", glow=0.0, seed=7))
    walker.act("forget", {})
    assert differ(frame(walker, 3.0, path="saved", glow=0.0, seed=7), held)


def test_the_pad_goes_between_its_corners(painter):
    walker = painter()
    still = {"speed": 0.0, "glow": 0.0}
    kept = frame(walker, seed=1, **still)
    walker.act("corner", {"number": 1})
    places = ((0.0, 1.0), (0.5, 0.5), (1.0, 0.0))
    corner, middle, other = (frame(walker, seed=2, pad=True, pad_x=x, pad_y=y, **still) for x, y in places)
    assert np.abs(corner.astype(int) - kept.astype(int)).max() <= 1
    assert differ(middle, corner) and differ(middle, other)
    walker.act("forget", {})
    assert differ(frame(walker, seed=2, pad=True, pad_x=0.0, pad_y=1.0, **still), kept)


@pytest.mark.parametrize(("width", "height"), [(40, 10), (10, 40), (64, 64), (16, 16), (1, 1)])
def test_any_shape_is_filled(painter, width, height):
    assert frame(painter("2", width, height)).shape == (height, width, 3)


def test_what_cannot_be_loaded_says_why(tmp_path):
    for checkpoint, match in [
        ("", "must name a .pkl"),
        ("//there/net.pkl", "on this machine"),
        (str(tmp_path / "net.pkl"), "must be there"),
        (str(tmp_path / "net.pt"), "must be a .pkl or .safetensors"),
    ]:
        with pytest.raises((ValueError, OSError), match=match):
            Stylegan.load(8, 8, {"checkpoint": checkpoint})
    tensors = tensors_2(SMALL_2)
    del tensors["mapping.w_avg"]
    with pytest.raises(ValueError, match=r"net\.pkl is refused: mapping\.w_avg must be \(7,\), got nothing"):
        Stylegan.load(8, 8, {"checkpoint": str(snapshot(tmp_path / "net.pkl", tensors, SMALL_2))})


def test_it_says_what_to_install(root):
    blocked = (
        "import sys; sys.modules['torch'] = None\nfrom models.stylegan.declaration import Stylegan\n"
        "try: Stylegan.load(8, 8)\nexcept ImportError as error: print(error)"
    )
    told = subprocess.run([sys.executable, "-c", blocked], cwd=root, capture_output=True, text=True, check=True)
    assert "pip install 'antiphon[torch]'" in told.stdout
