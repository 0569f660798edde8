"""The control room in a real browser, with a real server whose models answer at once."""

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import Browser, Page, chromium
from serving import PATIENCE, Serving, serving
from stage_models import CHORD
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from bridge.media.page.addresses import own_addresses

READY = "'ready' in document.documentElement.dataset && !('offline' in document.documentElement.dataset)"

# Moves a control as a hand would, as far as the page can tell.
MOVE = """
(([path, value]) => {
  const row = document.querySelector(`.control[data-path="${path}"]`)
  const tell = (element, kind, to) => {
    element.value = to
    element.dispatchEvent(new Event(kind, {bubbles: true}))
  }
  const slider = row.querySelector("input[type=range]"), box = row.querySelector("input")
  const button = row.querySelector(`button[value="${value}"]`), list = row.querySelector("select")
  const toggle = row.querySelector("[role=switch]")
  if (toggle) toggle.click()
  else if (button) button.click()
  else if (list) tell(list, "change", value)
  else if (slider) tell(slider, "input", value)
  else tell(box, "change", value)
})(%s)
"""
# What a control shows, of all kinds.
SHOWN = """
(path => {
  const row = document.querySelector(`.control[data-path="${path}"]`)
  const toggle = row.querySelector("[role=switch]"), button = row.querySelector("[role=radio][aria-checked=true]")
  if (toggle) return toggle.getAttribute("aria-checked") === "true"
  if (button) return button.value
  const box = row.querySelector("select") ?? row.querySelector("input")
  return box.type === "number" ? Number(box.value) : box.value
})(%s)
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    with serving("--no-midi", stage=True) as server:
        yield server


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with chromium(tmp_path_factory.mktemp("chromium"), 1400, 900) as browser:
        yield browser


def open_room(browser: Browser, server: Serving) -> Page:
    page = browser.open(f"http://127.0.0.1:{server.http_port}/")
    page.wait_for(READY)
    return page


@pytest.fixture(scope="module")
def room(browser: Browser, server: Serving) -> Page:
    return open_room(browser, server)


def shows(page: Page, path: str, value: Any, near: float = 0.01) -> None:
    """Wait until the control of a parameter shows a value, a number as near as a slider comes to it."""
    if isinstance(value, float):
        page.wait_for(f"Math.abs({SHOWN % json.dumps(path)} - {value}) <= {near}")
    else:
        page.wait_for(f"{SHOWN % json.dumps(path)} === {json.dumps(value)}")


def another(argument: dict[str, Any], value: Any, part: float) -> Any:
    """A value that the argument allows, other than the one it has."""
    match argument:
        case {"choices": [_, *_] as choices}:
            return next((choice for choice in choices if choice != value), value)
        case {"type": "bool"}:
            return not value
        case {"type": "string"}:
            return f"text {part}"
    low, high = argument["low"], argument["high"]
    low, high = (0 if low is None else low), (100 if high is None else high)
    found = round(low + part * (high - low), 2) if argument["type"] == "float" else int(low + part * (high - low))
    return found if found != value else low


def test_every_control_moves_its_parameter_and_follows_it(room: Page, server: Serving) -> None:
    performer = server.performer
    table = {entry["path"]: entry for entry in room.evaluate("fetch('/table.json').then(r => r.json())")["entries"]}
    parameters = {path: entry["arguments"][0] for path, entry in table.items() if entry["kind"] == "parameter"}
    shown = room.evaluate("[...document.querySelectorAll('.control[data-path]')].map(row => row.dataset.path)")
    assert len(shown) == len(set(shown))
    grouped = {path for path, entry in table.items() if path.count("/") > 1 and entry["kind"] != "event"}
    # Those are the keyboard and the presets' own buttons.
    assert {path for path in grouped if not path.startswith(("/music/note/in", "/preset/", "/scene/"))} == set(shown)
    # What these set moves other parameters, or reaches out of the test.
    left_alone = ("/sinks/", "/sources/", "/mod/", "/clock/source", "/clock/link", "/frames/width", "/frames/height")
    moved = [path for path in parameters if not path.startswith(left_alone) and not path.endswith("/model")]
    for part, from_page in ((0.25, True), (0.5, False)):
        now = {path: performer.ask(path)[0] for path in moved}
        wanted = {path: another(parameters[path], now[path], part) for path in moved}
        for path, value in wanted.items():
            if from_page:
                room.evaluate(MOVE % json.dumps([path, value]))
            else:
                performer.send(path, value)
        performer.ping(1)
        log = room.evaluate("document.querySelector('.log').textContent") if from_page else ""
        told = {values[0] for path, values in performer.heard if path == "/error"}
        # What two parameters allow together may refuse one of them: that is told, and the control stays.
        refused = {path for path in wanted if path in told or f" {path} " in log}
        assert len(refused) <= len(wanted) / 10, (refused, log, told)
        for path, value in wanted.items():
            if path in refused:
                continue
            near = step(parameters[path])
            shows(room, path, value, near)
            until = time.monotonic() + PATIENCE
            while not same(answer := performer.ask(path)[0], value, near):
                assert time.monotonic() < until, (path, answer, value)
    assert room.complaints() == []


def step(argument: dict[str, Any]) -> float:
    """More than a slider's step is, of a number's range."""
    low, high = argument["low"], argument["high"]
    return 0.001 if low is None or high is None else (high - low) / 200


def same(one: Any, other: Any, near: float) -> bool:
    return abs(one - other) <= near if isinstance(other, float) else bool(one == other)


def test_two_pages_agree(room: Page, browser: Browser, server: Serving) -> None:
    second = open_room(browser, server)
    for page, other, level in ((room, second, 0.25), (second, room, 0.5)):
        page.evaluate(MOVE % json.dumps(["/frames/lamp/level", level]))
        shows(page, "/frames/lamp/level", level)
        shows(other, "/frames/lamp/level", level)
    second.close()


def test_a_slider_is_dragged_and_moved_by_keys(room: Page, server: Serving) -> None:
    server.performer.send("/frames/reaction", 0.0)
    shows(room, "/frames/reaction", 0)
    room.click("[data-path='/frames/reaction'] input[type=range]")
    shows(room, "/frames/reaction", 0.5)
    value = server.performer.ask("/frames/reaction")[0]
    room.press("ArrowRight", "ArrowRight")
    until = time.monotonic() + 30
    while server.performer.ask("/frames/reaction")[0] <= value:
        assert time.monotonic() < until


def test_the_page_plays_is_answered_and_panics(room: Page, server: Serving) -> None:
    performer = server.performer
    for path, value in (("/clock/source", "internal"), ("/music/listen", 1), ("/music/call_bars", 8)):
        performer.send(path, value)
    performer.send("/music/answer_bars", 32)
    performer.send("/clock/tempo", 240.0)
    performer.send("/subscribe", "/music/note/out")
    room.wait_for("document.querySelector('.lights .on') !== null")
    room.click(".keys [data-note='4']")
    room.wait_for("Number(document.querySelector('#panel-heard-and-answered canvas').dataset.call) >= 1")
    room.click("[data-path='/music/answer'] button")
    for _ in CHORD:
        performer.wait("/music/note/out", lambda channel, pitch, velocity: velocity > 0)
    room.wait_for("Number(document.querySelector('#panel-heard-and-answered canvas').dataset.answer) >= 3")
    room.wait_for("document.querySelector('.state').dataset.state === 'answering'")
    room.press("Escape", "Escape")
    for _ in CHORD:
        performer.wait("/music/note/out", lambda channel, pitch, velocity: velocity == 0)
    room.wait_for("document.querySelector('.state').dataset.state === 'waiting'")
    room.click("#panic")
    performer.send("/unsubscribe")


def test_what_goes_wrong_is_shown_and_frames_come(room: Page, server: Serving) -> None:
    room.evaluate(MOVE % json.dumps(["/frames/slide/file", "x"]))
    room.evaluate("import('/page/bridge.js').then(module => module.bridge.send('/clock/tempo', 1000))")
    room.wait_for("document.querySelector('.log li')?.textContent.includes('range 20..400')")
    room.evaluate("document.querySelector('#panel-frames').scrollIntoView()")  # out of sight none are asked for
    first = room.wait_for("document.querySelector('#panel-frames canvas').dataset.frame")
    room.wait_for(f"Number(document.querySelector('#panel-frames canvas').dataset.frame) > {first}")


def test_the_page_comes_back_after_media_has_died(room: Page, server: Serving) -> None:
    os.kill(server.performer.info("process/media")["process/media"], signal.SIGKILL)
    room.wait_for("'offline' in document.documentElement.dataset")
    room.wait_for(READY)
    server.performer.send("/frames/reaction", 0.125)
    shows(room, "/frames/reaction", 0.125)


def test_it_fits_a_phone(browser: Browser, server: Serving) -> None:
    page = open_room(browser, server)
    page.resize(390, 844, phone=True)
    page.wait_for("innerWidth === 390")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    assert page.evaluate("document.getElementById('panic').getBoundingClientRect().top") >= 0
    unnamed = "[...document.querySelectorAll('button, input, select')].filter(e => !(e.getAttribute('aria-label') || "
    unnamed += "e.getAttribute('aria-labelledby') || e.closest('label') || e.textContent.trim())).length"
    assert page.evaluate(unnamed) == 0
    page.close()


@pytest.mark.parametrize(
    ("origin", "status"), [("http://evil.example", 403), ("http://127.0.0.1:1", 403), ("null", 403)]
)
def test_other_pages_may_not_control(server: Serving, origin: str, status: int) -> None:
    with pytest.raises(InvalidStatus) as refused, connect(f"ws://127.0.0.1:{server.http_port}/osc.ws", origin=origin):  # type: ignore[arg-type]
        pass
    assert refused.value.response.status_code == status


def test_the_page_needs_nothing_from_elsewhere() -> None:
    import bridge.media.page

    for path in (Path(bridge.media.page.__file__).parent / "assets").rglob("*.*"):
        text = path.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
        assert "http:" not in text and "https://" not in text, path


def test_presets_are_saved_and_recalled_by_their_buttons(room: Page, server: Serving) -> None:
    performer = server.performer
    performer.send("/subscribe", "/preset/*")
    performer.send("/frames/speed", 1.5)
    room.wait_for("""
      (() => {
        const panel = document.querySelector("#panel-presets")
        panel.querySelector("input[type=text]").value = "From the page"
        return true
      })()""")
    room.evaluate(
        """[...document.querySelectorAll("#panel-presets button")].find(b => b.textContent === "Save").click()"""
    )
    performer.wait("/preset/saved", lambda name: name == "From the page")
    performer.send("/frames/speed", 3.5)
    shows(room, "/frames/speed", 3.5)
    room.wait_for("""document.querySelector("#panel-presets .names button") !== null""")
    room.evaluate("""
      document.querySelector("#panel-presets input[type=number]").value = 0
      document.querySelector("#panel-presets .names button").click()""")
    performer.wait("/preset/recalled")
    shows(room, "/frames/speed", 1.5)


def test_a_modulator_tells_what_it_says(room: Page, server: Serving) -> None:
    performer = server.performer
    performer.send("/mod/2/target", "/frames/lamp/level")
    performer.send("/mod/2/depth", 0.1)
    performer.send("/mod/2/source", "lfo")
    meter = """document.querySelector('#panel-modulators [data-part="mod 2"] meter')"""
    room.wait_for(f"!{meter}.hidden && Math.abs({meter}.value) > 0.1")
    performer.send("/mod/2/source", "off")
    room.wait_for(f"{meter}.hidden")


def test_from_another_machine_only_the_token_controls(browser: Browser) -> None:
    hosts = own_addresses()
    if not hosts:
        pytest.skip("a network: this machine has no address but loopback's")
    with serving("--no-midi", "--http-host", "0.0.0.0", "--token", "t0ken-of-the-test", stage=True) as server:
        address = f"http://{hosts[0]}:{server.http_port}/"
        stranger = browser.open(address)
        stranger.wait_for("document.getElementById('offline')?.textContent.includes('the token')")
        guest = browser.open(f"{address}#token=t0ken-of-the-test")
        guest.wait_for(READY)
        assert guest.evaluate("location.href") == address  # where the token cannot be read from the screen any more
        guest.evaluate(MOVE % json.dumps(["/frames/lamp/level", 0.25]))
        shows(guest, "/frames/lamp/level", 0.25)
        until = time.monotonic() + PATIENCE
        while server.performer.ask("/frames/lamp/level") != [0.25]:
            assert time.monotonic() < until
        assert "svg" not in guest.evaluate("document.querySelector('#panel-phone .body').innerHTML")
        assert stranger.evaluate("'offline' in document.documentElement.dataset") is True
        for page in (stranger, guest):
            page.close()
