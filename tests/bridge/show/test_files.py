"""Files that are whole or not there, and presets that are taken whole or refused with the reason."""

import json
import os
from pathlib import Path

import pytest

from bridge.addresses import Table
from bridge.show import files, mapping, scenes
from bridge.show.presets import Presets, kept
from bridge.show.scenes import Scene, SceneList


@pytest.fixture(scope="module")
def table() -> Table:
    return Table()


@pytest.fixture
def presets(tmp_path: Path, table: Table) -> Presets:
    return Presets(tmp_path / "presets", table)


def test_what_is_saved_is_loaded(presets: Presets, table: Table) -> None:
    presets.save("Opening, slow", table.defaults() | {"/frames/speed": 2.5})
    loaded = presets.load("Opening, slow")
    assert loaded["/frames/speed"] == 2.5 and loaded == kept(table.defaults()) | {"/frames/speed": 2.5}
    assert presets.names() == ["Opening, slow"]
    presets.delete("Opening, slow")
    assert presets.names() == []


def test_a_preset_holds_no_clock_and_begins_with_the_models(table: Table) -> None:
    own = list(kept(table.defaults()))
    assert {"/pad/x", "/pad/music", "/pad/melody/4"} < set(own)
    assert own[0].endswith("/model") and own[1].endswith("/model")
    assert not any(path.startswith(("/clock", "/midi", "/sinks")) for path in own)
    assert "/frames/fps" not in own and "/mod/1/depth" in own


@pytest.mark.parametrize("name", ["", "../up", "a/b", ".hidden", "x" * 65, "ends ", "tab\t", "nul\0"])
def test_a_name_that_could_leave_the_folder_is_refused(presets: Presets, name: str) -> None:
    for use in (presets.load, presets.delete, lambda name: presets.save(name, {})):
        with pytest.raises(ValueError, match="a preset's name must be 1 to 64"):
            use(name)


def test_an_unknown_preset_names_those_there_are(presets: Presets) -> None:
    presets.save("one", {})
    with pytest.raises(ValueError, match=r"saved \(one\), got 'two'"):
        presets.load("two")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"{", "is not such a file"),
        (b'{"schema": 2, "values": {}, "more": 1}', "schema 1, it is of 2; it was written by a newer Antiphon"),
        (b'{"schema": 1, "values": {}, "more": 1}', "unknown field `more`"),
        (b'{"schema": 1, "values": {"/frames/speed": [1]}}', "is not such a file"),
        (
            b'{"schema": 1, "values": {"/frames/speed": 99, "/frames/gone": 1, "/clock/tempo": 100}}',
            r"refused whole: /frames/speed: speed must be in range 0..4, got 99.*; /frames/gone is .*; /clock/tempo ",
        ),
    ],
)
def test_a_file_that_is_not_ours_is_refused_whole(
    presets: Presets, tmp_path: Path, content: bytes, reason: str
) -> None:
    presets.save("one", {})
    (tmp_path / "presets" / "one.json").write_bytes(content)
    with pytest.raises(files.FileError, match=reason):
        presets.load("one")


def test_too_large_a_file_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "large.json"
    path.write_bytes(b" " * (files.LARGEST + 1))
    with pytest.raises(files.FileError, match="at most"):
        files.read(path, SceneList)


def test_a_crash_mid_save_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "scenes.json"
    files.write(path, SceneList(files.SCHEMA, [Scene("one")]))

    def crash(descriptor: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", crash)
    with pytest.raises(KeyboardInterrupt):
        files.write(path, SceneList(files.SCHEMA, [Scene("two")]))
    assert [scene.preset for scene in scenes.load(path).list] == ["one"]


def test_files_can_be_read_by_people(tmp_path: Path) -> None:
    path = tmp_path / "controllers.json"
    files.write(path, mapping.LinkList(files.SCHEMA, [mapping.Link("cc:1:74", "/frames/speed")]))
    assert (
        json.loads(path.read_text())["links"][0]["target"] == "/frames/speed" and len(path.read_text().splitlines()) > 5
    )


def test_scenes_are_stepped_through_and_ends_are_told(tmp_path: Path) -> None:
    there = scenes.load(tmp_path / "none.json")
    with pytest.raises(ValueError, match="none is, got 0"):
        there.step(1)
    for name in ("a", "b", "c"):
        there.add(Scene(name))
    assert [there.step(1).preset for _ in range(3)] == ["a", "b", "c"]
    with pytest.raises(ValueError, match=r"a scene must be 0..2, got 3"):
        there.step(1)
    there.remove(0)
    assert there.at == 1 and there.step(-1).preset == "b"
