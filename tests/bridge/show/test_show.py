"""The show over OSC, on a real server: what is saved comes back, scenes step, modulators move what is painted."""

import io
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from jackd import wait_until
from PIL import Image
from serving import Performer, Serving, serving


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("own show")


@pytest.fixture(scope="module")
def stage(folder: Path) -> Iterator[Serving]:
    flags = ("--no-midi", "--width", "64", "--height", "48", "--show", str(folder))
    with serving(*flags, stage=True) as served:
        yield served


@pytest.fixture
def performer(stage: Serving) -> Iterator[Performer]:
    performer = Performer(stage.osc_port)
    for pattern in ("/preset/*", "/scene/*", "/map/*", "/mod/*", "/frames/*"):
        performer.send("/subscribe", pattern)
    performer.ping(1)
    yield performer
    performer.send("/unsubscribe")
    performer.ping(2)
    performer.close()


def test_a_preset_brings_back_what_was_and_undo_what_it_replaced(performer: Performer, folder: Path) -> None:
    performer.send("/frames/speed", 0.5)
    performer.send("/preset/save", "quiet")
    assert performer.wait("/preset/saved") == ["quiet"]
    assert (folder / "presets" / "quiet.json").is_file()
    performer.send("/frames/speed", 3.0)
    performer.wait("/frames/speed", lambda value: value == 3.0)
    performer.send("/preset/recall", "quiet")
    performer.wait("/frames/speed", lambda value: value == 0.5)
    performer.send("/preset/undo")
    performer.wait("/frames/speed", lambda value: value == 3.0)
    path, reason = performer.ask_for_error("/preset/undo")
    assert path == "/preset/undo" and "nothing to take back" in reason


def test_a_preset_comes_over_beats(performer: Performer) -> None:
    performer.send("/clock/tempo", 400.0)
    performer.send("/frames/speed", 0.0)
    performer.send("/preset/save", "still")
    performer.wait("/preset/saved", lambda name: name == "still")
    performer.send("/frames/speed", 4.0)
    performer.send("/preset/recall", "still", 16.0)
    performer.wait("/frames/speed", lambda value: 0 < value < 4)
    performer.wait("/frames/speed", lambda value: value == 0.0)
    performer.send("/preset/save", "fast")
    performer.wait("/preset/saved", lambda name: name == "fast")


def test_between_two_presets(performer: Performer) -> None:
    for name, speed in (("one", 1.0), ("two", 2.0)):
        performer.send("/frames/speed", speed)
        performer.send("/preset/save", name)
        performer.wait("/preset/saved", lambda saved, name=name: saved == name)
    performer.send("/preset/between", "one", "two", 0.25)
    performer.wait("/frames/speed", lambda value: value == 1.25)


def test_an_unknown_preset_is_refused_to_whom_asked(performer: Performer) -> None:
    path, reason = performer.ask_for_error("/preset/recall", "never saved")
    assert path == "/preset/recall" and "got 'never saved'" in reason
    path, reason = performer.ask_for_error("/preset/save", "../../etc")
    assert "a preset's name must be" in reason


def test_scenes_follow_one_another_and_are_remembered(performer: Performer, folder: Path) -> None:
    for name, speed in (("dawn", 0.25), ("noon", 3.5)):
        performer.send("/frames/speed", speed)
        performer.send("/preset/save", name)
        performer.wait("/preset/saved", lambda saved, name=name: saved == name)
        performer.send("/scene/add", name)
    performer.wait("/scene/names", lambda *names: names == ("dawn", "noon"))
    performer.send("/scene/next")
    assert performer.wait("/scene/now") == [0, "dawn"]
    performer.wait("/frames/speed", lambda value: value == 0.25)
    performer.send("/scene/next")
    performer.wait("/frames/speed", lambda value: value == 3.5)
    assert "a scene must be 0..1, got 2" in performer.ask_for_error("/scene/next")[1]


def test_mappings_are_kept(performer: Performer, folder: Path) -> None:
    performer.send("/map/set", "cc:1:74", "/frames/speed")
    assert performer.wait("/map/links") == ["cc:1:74", "/frames/speed"]
    assert "a controller must be" in performer.ask_for_error("/map/set", "knob", "/frames/speed")[1]
    performer.send("/map/remove", "/frames/speed")
    assert performer.wait("/map/links") == []


def red(stage: Serving) -> int:
    with urllib.request.urlopen(f"http://127.0.0.1:{stage.http_port}/frame.png", timeout=30) as answer:
        return int(np.asarray(Image.open(io.BytesIO(answer.read())))[0, 0, 0])


def test_a_modulator_moves_what_is_painted_and_not_what_was_set(stage: Serving, performer: Performer) -> None:
    performer.send("/frames/lamp/level", 0.25)
    performer.send("/mod/1/target", "/frames/lamp/level")
    performer.send("/mod/1/formula", "1")
    performer.send("/mod/1/source", "formula")
    performer.wait("/mod/value", lambda number, signal: (number, signal) == (1, 1.0))
    assert wait_until(lambda: abs(red(stage) - 0.5 * 255) < 2, 30)
    assert performer.ask("/frames/lamp/level") == [0.25]
    performer.send("/mod/1/source", "off")
    assert wait_until(lambda: abs(red(stage) - 0.25 * 255) < 2, 30)
    assert "must be a float parameter" in performer.ask_for_error("/mod/1/target", "/clock/tempo")[1]


def test_what_was_there_before_is_there_again(folder: Path, stage: Serving) -> None:
    flags = ("--no-midi", "--width", "64", "--height", "48", "--show", str(folder))
    with serving(*flags, stage=True) as again:
        performer = again.performer
        performer.send("/scene/list")
        assert performer.wait("/scene/names") == ["dawn", "noon"]
        performer.send("/preset/list")
        assert set(performer.wait("/preset/names")) >= {"dawn", "noon", "one", "two"}
