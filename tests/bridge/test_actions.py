"""What performers have the models do, from a real socket to the worker and back; and frames that come in."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from serving import Performer, Serving, serving
from stage import wait_for_frame

from bridge.addresses import Table
from bridge.hosts.generate import write
from bridge.reference import text
from models.contract import Action, FrameModel, NoteModel, Param


@pytest.fixture(scope="module")
def stage() -> Iterator[Serving]:
    with serving("--no-midi", "--width", "32", "--height", "32", stage=True) as served:
        yield served


@pytest.fixture
def performer(stage: Serving) -> Iterator[Performer]:
    performer = stage.performer
    for path, value in (("/clock/tempo", 400.0), ("/music/call_bars", 1), ("/music/answer_bars", 1)):
        performer.send(path, value)
    performer.send("/frames/model", "mirror")
    performer.send("/music/stop")
    performer.send("/subscribe", "/music/note/*")
    performer.ping(1)
    performer.forget()
    yield performer
    performer.send("/panic")
    performer.wait("/panicked")


def test_a_frame_model_does_what_it_is_told_and_says_why_not(stage: Serving, performer: Performer) -> None:
    performer.send("/frames/mirror/cover")
    wait_for_frame(stage, (0, 0, 0))
    performer.send("/frames/mirror/cover", "red")
    wait_for_frame(stage, (255, 0, 0))
    path, reason = performer.ask_for_error("/frames/mirror/cover", "pink")
    assert (path, reason) == ("/frames/mirror/cover", "colour must not be pink, got 'pink'")
    path, reason = performer.ask_for_error("/frames/mirror/cover", "blue")
    assert "colour must be one of black, red, pink, got 'blue'" in reason


def test_actions_are_refused_while_another_model_has_the_slot(performer: Performer) -> None:
    performer.send("/frames/model", "lamp")
    path, reason = performer.ask_for_error("/frames/mirror/cover")
    assert (path, reason) == ("/frames/mirror/cover", "/frames/model must be mirror for this, got lamp")


def test_actions_asked_for_while_the_model_loads_are_kept(stage: Serving, performer: Performer) -> None:
    performer.send("/frames/model", "lamp")
    performer.send("/frames/model", "mirror")
    performer.send("/frames/mirror/cover", "black")
    performer.send("/frames/mirror/cover", "red")
    wait_for_frame(stage, (255, 0, 0))


def test_a_note_model_s_actions_are_done_in_order_and_their_notes_played(performer: Performer) -> None:
    performer.send("/music/call_bars", 8)  # so that no call is answered meanwhile
    for _ in range(3):
        performer.send("/music/note/in", 1, 60, 100)
        performer.send("/music/note/in", 1, 60, 0)
    for by in (1, 2, 4):
        performer.send("/music/chord/tune", by)
    performer.send("/music/chord/tune")
    performer.send("/music/chord/continue")
    begun = [performer.wait("/music/note/out", lambda channel, pitch, velocity: velocity)[1] for _ in range(3)]
    assert begun == [67, 67, 67]


def test_why_a_note_model_does_not_act_is_told_to_who_asked_alone(stage: Serving, performer: Performer) -> None:
    other = Performer(stage.osc_port)
    other.send("/subscribe", "*")
    other.ping(1)
    path, reason = performer.ask_for_error("/music/chord/tune", 7)
    assert (path, reason) == ("/music/chord/tune", "by must not be 7, got 7")
    performer.send("/music/stop")
    path, reason = performer.ask_for_error("/music/chord/continue")
    assert (path, reason) == ("/music/chord/continue", "there must be notes to continue, got 0")
    other.ping(2)
    assert not [heard for heard in other.heard if heard[0] == "/error"]
    other.close()


class Duet(NoteModel):
    name = "duet"
    vary = Action("Varies it.", {"far": Param(0.5, low=0.0, high=1.0, doc="How far.")})


class Pond(FrameModel):
    name = "pond"
    stir = Action("Stirs.", {"x": Param(0.5, low=0.0, high=1.0), "y": Param(0.5, low=0.0, high=1.0)})


def test_actions_lie_under_the_model_s_name_with_typed_arguments() -> None:
    table = Table(models=[Duet, Pond])
    assert table.action_paths(Pond) == {"stir": "/frames/pond/stir"}
    assert table["/frames/pond/stir"].check((0.25,)) == (0.25, 0.5)
    assert table.doers["/music/duet/vary"] == ("/music", ("duet",), "vary")
    assert "| `/music/duet/vary` | action | [`far` (float, 0..1), default 0.5] | Varies it. |" in text(table)


def test_what_all_models_can_do_lies_at_the_slot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FrameModel, "begin", Action("Begins anew."), raising=False)

    class Lake(FrameModel):
        name = "lake"

    table = Table(models=[Pond, Lake])
    assert table.doers["/frames/begin"] == ("/frames", ("pond", "lake"), "begin")


def test_patches_are_written_for_models_with_actions(tmp_path: Path) -> None:
    write(Table(models=[Duet, Pond]), tmp_path)
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"/frames/pond/stir" in written
