"""MIDI controllers: what they are called, what they move, and how they are learnt."""

from typing import Any

import pytest

from bridge.addresses import Table
from bridge.show.controls import Control, Controls, message, parse
from bridge.show.mapping import Link, MidiMap

TABLE = Table()


class Desk:
    """A map whose parameters are a dictionary."""

    def __init__(self) -> None:
        self.values = TABLE.defaults()
        self.done: list[tuple[str, tuple[Any, ...]]] = []
        self.shown: list[bytes] = []
        self.controls = Controls()
        self.map = MidiMap(TABLE, self.values, self._do, self.shown.append)

    def _do(self, path: str, values: tuple[Any, ...]) -> None:
        self.done.append((path, values))
        if values:
            (self.values[path],) = TABLE[path].check(values)
            self.map.changed(path)

    def play(self, *data: int, device: str = "") -> Link | None:
        return self.map.heard(self.controls.read(bytes(data), device))


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.mark.parametrize(
    "text", ["cc:1:74", "cc14:2:20", "note:10:36", "bend:1", "program:0", "pressure:16", "cc:1:74@nano K: 1"]
)
def test_a_controller_is_written_as_it_is_read(text: str) -> None:
    assert str(parse(text)) == text


@pytest.mark.parametrize(
    "text", ["", "cc", "cc:1", "cc:17:1", "cc:1:128", "cc14:1:32", "bend:1:2", "knob:1:1", "cc:1:-1"]
)
def test_what_is_no_controller_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be"):
        parse(text)


def test_messages_become_movements() -> None:
    controls = Controls()
    (note,) = controls.read(bytes((0x93, 60, 127)))
    assert note.control == Control("note", 4, 60) and note.value == 1.0
    (bend,) = controls.read(bytes((0xE0, 0x7F, 0x7F)))
    assert bend.control == Control("bend", 1) and bend.value == 1.0
    coarse = controls.read(bytes((0xB0, 20, 64)))
    assert [moved.control.kind for moved in coarse] == ["cc", "cc14"]
    fine = controls.read(bytes((0xB0, 52, 32)))
    assert fine[1].control == Control("cc14", 1, 20) and fine[1].whole == (64 << 7) + 32
    assert controls.read(b"\xf8") == [] and controls.read(b"") == []


def test_what_is_shown_is_read_back() -> None:
    for control in (Control("cc", 3, 74), Control("note", 10, 36), Control("bend", 2)):
        data = message(control, 1.0)
        assert data is not None
        assert Controls().read(data)[0].value == 1.0 and Controls().read(data)[0].control == control


def test_a_knob_covers_the_parameters_range_or_its_own(desk: Desk) -> None:
    desk.map.add(Link("cc:1:74", "/frames/speed"))
    desk.map.add(Link("cc:1:75", "/frames/speed", 2.0, 1.0))
    desk.play(0xB0, 74, 127)
    assert desk.values["/frames/speed"] == 4.0
    desk.play(0xB0, 75, 0)
    assert desk.values["/frames/speed"] == 2.0
    desk.play(0xB0, 75, 127)
    assert desk.values["/frames/speed"] == 1.0
    desk.play(0xB1, 74, 127)  # another channel
    assert desk.values["/frames/speed"] == 1.0


def test_a_curve_bends_the_way(desk: Desk) -> None:
    desk.map.add(Link("cc:0:1", "/frames/speed", curve=2.0))
    desk.play(0xB5, 1, 64)
    assert desk.values["/frames/speed"] == pytest.approx(4 * (64 / 127) ** 2)


def test_pads_switch_choose_and_act(desk: Desk) -> None:
    desk.map.add(Link("note:10:36", "/music/listen"))
    desk.map.add(Link("note:10:37", "/panic"))
    desk.map.add(Link("program:0", "/frames/model"))
    for velocity in (100, 0, 100, 0):
        desk.play(0x99, 36, velocity)
    assert desk.values["/music/listen"] is True and len(desk.done) == 2
    desk.play(0x99, 37, 90)
    desk.play(0x99, 37, 0)
    assert desk.done[2:] == [("/panic", ())]
    desk.play(0xC0, 1)
    assert desk.values["/frames/model"] == TABLE["/frames/model"].arguments[0].choices[1]


def test_pickup_waits_for_the_value(desk: Desk) -> None:
    desk.values["/frames/speed"] = 2.0
    desk.map.add(Link("cc:1:1", "/frames/speed", pickup=True))
    for position in (10, 30):
        desk.play(0xB0, 1, position)
    assert desk.values["/frames/speed"] == 2.0
    desk.play(0xB0, 1, 70)
    assert desk.values["/frames/speed"] == pytest.approx(4 * 70 / 127)
    desk.play(0xB0, 1, 20)
    assert desk.values["/frames/speed"] == pytest.approx(4 * 20 / 127)
    desk._do("/frames/speed", (3.0,))
    desk.play(0xB0, 1, 21)
    assert desk.values["/frames/speed"] == 3.0


def test_controllers_are_shown_what_others_move_and_not_what_they_moved(desk: Desk) -> None:
    desk.map.add(Link("cc:1:74", "/frames/speed"))
    desk.play(0xB0, 74, 100)
    assert desk.shown == []
    desk._do("/frames/speed", (4.0,))
    assert desk.shown == [bytes((0xB0, 74, 127))]


def test_learning_takes_the_next_that_is_touched(desk: Desk) -> None:
    desk.map.learn(Link("", "/frames/speed"))
    assert desk.play(0x80, 60, 0) is None  # a note's end is no touch
    learnt = desk.play(0xB2, 7, 127)
    assert learnt is not None and learnt.control == "cc:3:7" and desk.values["/frames/speed"] == 4.0
    assert desk.play(0xB2, 8, 127) is None and desk.map.remove("/frames/speed") == 1 and desk.map.links == []


def test_a_device_s_name_is_learnt_and_others_do_not_count(desk: Desk) -> None:
    desk.map.learn(Link("", "/frames/speed"))
    learnt = desk.play(0xB0, 7, 127, device="nanoKONTROL2:MIDI 1")
    assert learnt is not None and learnt.control == "cc:1:7@nanoKONTROL2:MIDI 1"
    for device in ("Keystation", ""):
        desk.play(0xB0, 7, 0, device=device)
        assert desk.values["/frames/speed"] == 4.0
    desk.play(0xB0, 7, 0, device="nanoKONTROL2:MIDI 1")
    assert desk.values["/frames/speed"] == 0.0
    desk.map.take([Link("cc:1:7@nanokontrol", "/frames/speed"), Link("bend:0", "/frames/reaction")])
    desk.play(0xB0, 7, 127, device="Keystation\nnanoKONTROL2:MIDI 1")  # of one of these
    assert desk.values["/frames/speed"] == 4.0
    desk.play(0xE3, 127, 127, device="Keystation")
    assert desk.values["/frames/reaction"] == 1.0
    desk.map.learn(Link("", "/frames/speed"))
    learnt = desk.play(0xB0, 8, 127, device="Keystation\nnanoKONTROL2:MIDI 1")
    assert learnt is not None and learnt.control == "cc:1:8"


def test_the_halves_of_14_bits_are_of_one_device() -> None:
    controls = Controls()
    controls.read(bytes((0xB0, 20, 64)), "one")
    assert [moved.control.kind for moved in controls.read(bytes((0xB0, 52, 32)), "other")] == ["cc"]
    assert controls.read(bytes((0xB0, 52, 32)), "one")[1].whole == (64 << 7) + 32


@pytest.mark.parametrize(
    ("link", "reason"),
    [
        (Link("cc:1:1", "/frames/nothing"), "must be a parameter or an action, got '/frames/nothing'"),
        (Link("cc:1:1", "/clock/beat"), "must be a parameter or an action"),
        (Link("cc:1:1", "/music/note/in"), "must do without arguments"),
        (Link("cc:1:1", "/frames/diffusion/prompt"), "is a text"),
        (Link("cc:1:1", "/frames/speed", 0.0, 9.0), r"in range 0..4, got 9"),
        (Link("knob", "/frames/speed"), "a controller must be"),
    ],
)
def test_links_that_cannot_be_are_refused_and_change_nothing(desk: Desk, link: Link, reason: str) -> None:
    desk.map.add(Link("cc:1:74", "/frames/speed"))
    with pytest.raises(ValueError, match=reason):
        desk.map.add(link)
    assert len(desk.map.links) == 1
