"""The script for TouchDesigner, run against a stand-in: TouchDesigner itself cannot be had here."""

import uuid
from multiprocessing import resource_tracker
from typing import Any

import numpy as np
import pytest

from bridge.addresses import Table
from bridge.config import Settings
from bridge.hosts import ports, touchdesigner
from bridge.hosts.controls import EXACT, pages, queries
from bridge.hosts.touchdesigner import parameter_name
from bridge.media.ring import FrameRing
from tests.patches.touchdesigner import Operator, Time, callback, custom, run

TABLE = Table()
SCRIPT = touchdesigner.files(TABLE)["antiphon.py"].decode()
CONTROLS = [control for page in pages(TABLE).values() for control in page]


@pytest.fixture
def comp() -> Operator:
    project = Operator("baseCOMP", "project1")
    run(SCRIPT, project)
    return project.children["antiphon"]


class Show:
    """The component while the project runs."""

    def __init__(self, comp: Operator) -> None:
        self.comp, self.time = comp, Time()
        self.sent = comp.children["out"].sent

    def frame(self, seconds: float) -> None:
        self.time.seconds = seconds
        callback(self.comp.children["ticks"], "onFrameStart", self.time, 1)

    def hear(self, address: str, *args: Any) -> None:
        before = {par.name: par.eval() for par in custom(self.comp)}
        dat = self.comp.children["in"]
        heard = self.comp.children[dat.par.callbacks.eval()]
        callback(heard, "onReceiveOSC", self.time, dat, 0, "", b"", 0, address, list(args), None)
        for par in list(custom(self.comp)):
            if par.eval() != before[par.name]:  # the host tells of every change, its own too
                callback(self.comp.children["turned"], "onValueChange", self.time, par, before[par.name])

    def turn(self, name: str, value: Any) -> None:
        setattr(self.comp.par, name, value)
        callback(self.comp.children["turned"], "onValueChange", self.time, getattr(self.comp.par, name), None)


def test_every_control_is_a_custom_parameter_with_the_range_of_the_table(comp: Operator) -> None:
    pars = {par.name: par for par in custom(comp)}
    for page, controls in pages(TABLE).items():
        for control in controls:
            par = pars[parameter_name(control)]
            assert par.page == (page.capitalize() or "Everywhere") and par.help.startswith(control.path)
            entry = TABLE[control.path]
            if entry.kind == "action":
                assert par.style == "Pulse"
                continue
            (argument,) = entry.arguments
            assert par.style == {"float": "Float", "int": "Int", "bool": "Toggle"}.get(argument.type, par.style)
            assert par.default == par.eval() == argument.default
            if argument.type in ("float", "int"):
                assert (par.min, par.max, par.clampMin, par.clampMax) == (
                    argument.low,
                    min(argument.high or 0, EXACT),
                    True,
                    True,
                )
            if argument.choices:
                assert tuple(par.menuNames) == argument.choices and par.style == "Menu"


def test_it_listens_sends_and_shows_the_frames(comp: Operator) -> None:
    inside = comp.children
    assert (inside["out"].par.address.eval(), inside["out"].par.port.eval()) == (ports.HOST, ports.BRIDGE)
    assert inside["in"].par.port.eval() == ports.TOUCH_DESIGNER
    assert inside["frames"].par.url.eval() == "http://127.0.0.1:7771/frames.mjpeg"
    assert inside["out1"].inputConnectors[0].source is inside["which"]
    assert inside["which"].inputs == [inside["frames"], inside["memory"]]
    assert comp.par.Memory.eval() == f"antiphon-{Settings().http_port}"


def test_running_it_again_replaces_the_component(comp: Operator) -> None:
    project = comp.parent()
    assert project
    run(SCRIPT, project)
    assert list(project.children) == ["antiphon"] and project.children["antiphon"] is not comp


def test_it_subscribes_renews_and_knows_whether_the_bridge_is_there(comp: Operator) -> None:
    show = Show(comp)
    subscribe = ("/subscribe", ["*", ports.TOUCH_DESIGNER, float(ports.LEASE)])
    show.frame(0.0)
    show.frame(1.0)
    assert show.sent == [subscribe]
    show.hear("/subscribed", "*", 15.0)
    assert comp.par.Connected.eval()
    assert [path for path, values in show.sent[1:] if not values] == queries(CONTROLS)
    show.sent.clear()
    show.frame(ports.RENEWAL)
    assert show.sent == [subscribe]
    show.frame(ports.LEASE + 2.0)
    assert not comp.par.Connected.eval()


def test_a_turned_parameter_is_sent_and_the_bridges_own_values_are_not_sent_back(comp: Operator) -> None:
    show = Show(comp)
    show.hear("/music/temperature", 0.699999988079071)
    assert comp.par.Musictemperature.eval() == 0.699999988079071 and not show.sent
    show.turn("Musictemperature", 1.5)
    show.turn("Musiclisten", False)
    show.turn("Framesmodel", TABLE["/frames/model"].arguments[0].choices[-1])
    expected = [("/music/temperature", [1.5]), ("/music/listen", [0]), ("/frames/model", [comp.par.Framesmodel.eval()])]
    assert show.sent == expected
    for path, values in show.sent:
        TABLE[path].check(values)
    callback(comp.children["turned"], "onPulse", show.time, comp.par.Panic)
    assert show.sent[-1] == ("/panic", [])


def test_notes_state_and_errors(comp: Operator) -> None:
    show = Show(comp)
    show.hear("/music/note/out", 1, 60, 90)
    show.hear("/music/note/out", 1, 64, 80)
    show.hear("/music/note/out", 1, 60, 0)
    assert list(comp.children["sounding"].rows.values()) == [["1/64", 1, 64, 80]]
    show.hear("/music/state", "answering")
    show.hear("/error", "/music/answer", "nothing was heard yet")
    assert comp.par.State.eval() == "answering" and comp.par.Error.eval() == "/music/answer nothing was heard yet"
    show.hear("/subscribed", "*", 15.0)
    show.hear("/unsubscribed", "*")
    assert not comp.children["sounding"].rows and not comp.par.Connected.eval()


def test_other_ports_are_taken_at_once(comp: Operator) -> None:
    show = Show(comp)
    show.frame(0.0)
    show.turn("Receiveport", 9001)
    show.turn("Port", 9000)
    assert comp.children["in"].par.port.eval() == 9001 and comp.children["out"].par.port.eval() == 9000
    show.frame(0.1)
    assert show.sent[-1] == ("/subscribe", ["*", 9001, float(ports.LEASE)])


def test_frames_come_out_of_shared_memory_when_wanted(comp: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource_tracker, "unregister", lambda *_: None)  # for it is this process that made the ring
    name = f"antiphon-test-{uuid.uuid4().hex[:8]}"
    show, memory = Show(comp), comp.children["memory"]
    show.turn("Memory", name)
    show.turn("Framesfrom", "memory")
    assert comp.children["which"].par.index.eval() == 1
    show.frame(0.0)
    assert memory.pixels is None  # there is no such ring yet
    ring = FrameRing.create(8, 8, name=name)
    try:
        show.frame(0.1)
        assert memory.pixels is None  # nor a frame in it
        pixels = np.random.default_rng(1).integers(0, 256, (4, 6, 3), "u1")
        ring.write(pixels, time=0)
        show.frame(0.2)
        assert np.array_equal(memory.pixels, np.dstack([pixels[::-1], np.full((4, 6), 255, "u1")]))
        memory.pixels = None
        show.frame(0.3)
        assert memory.pixels is None  # nothing new
        ring.write(pixels // 2, time=0)
        show.turn("Framesfrom", "web")
        show.frame(0.4)
        assert memory.pixels is None and comp.children["which"].par.index.eval() == 0
        comp.children["reader"].module.close()
    finally:
        monkeypatch.undo()
        ring.close()
        ring.unlink()
