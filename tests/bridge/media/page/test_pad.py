"""The pad between four corners, dragged in a real browser, and what it moves."""

import time
from collections.abc import Iterator

import pytest
from browser import Page, chromium
from serving import PATIENCE, Performer, Serving, serving
from stage_models import CHORD

READY = "'ready' in document.documentElement.dataset && !('offline' in document.documentElement.dataset)"
BOX = "(box => [box.left, box.top, box.width, box.height])(document.querySelector('.pad').getBoundingClientRect())"
DOT = "[document.querySelector('.dot').style.left, document.querySelector('.dot').style.top].map(parseFloat)"


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    with serving("--no-midi", stage=True) as server:
        yield server


@pytest.fixture(scope="module")
def room(server: Serving, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with chromium(tmp_path_factory.mktemp("chromium"), 1400, 900) as browser:
        page = browser.open(f"http://127.0.0.1:{server.http_port}/", Page)
        page.wait_for(READY)
        page.evaluate("document.querySelector('.pad').scrollIntoView({block: 'center'})")
        yield page


def stands(performer: Performer, x: float, y: float) -> None:
    """Wait until the parameters are where the pad was moved."""
    until = time.monotonic() + PATIENCE
    while True:
        found = performer.ask("/pad/x")[0], performer.ask("/pad/y")[0]
        if abs(found[0] - x) < 0.02 and abs(found[1] - y) < 0.02:
            return
        assert time.monotonic() < until, (found, x, y)


def mouse(page: Page, kind: str, x: float, y: float) -> None:
    """The mouse at a place of the pad, from 0 (left, bottom) to 1."""
    left, top, width, height = page.evaluate(BOX)
    where = {"x": left + x * width, "y": top + (1 - y) * height, "button": "left", "buttons": 1, "clickCount": 1}
    page.ask("Input.dispatchMouseEvent", type=kind, **where)


def test_a_drag_by_mouse_moves_both_parameters_and_touch_and_keys_do(room: Page, server: Serving) -> None:
    mouse(room, "mousePressed", 0.2, 0.9)
    stands(server.performer, 0.2, 0.9)
    for step in range(5):
        mouse(room, "mouseMoved", 0.2 + step / 10, 0.9 - step / 10)
    mouse(room, "mouseReleased", 0.6, 0.5)
    stands(server.performer, 0.6, 0.5)
    left, top, width, height = room.evaluate(BOX)
    for kind, x, y in (("touchStart", 0.5, 0.5), ("touchMove", 0.25, 0.75), ("touchMove", 0.1, 0.8)):
        room.ask(
            "Input.dispatchTouchEvent", type=kind, touchPoints=[{"x": left + x * width, "y": top + (1 - y) * height}]
        )
    room.ask("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])
    stands(server.performer, 0.1, 0.8)
    room.evaluate("document.querySelector('.pad').focus()")
    for key in ("ArrowRight", "ArrowRight", "ArrowDown"):
        room.press(key, key)
    stands(server.performer, 0.2, 0.75)


def test_the_dot_follows_osc(room: Page, server: Serving) -> None:
    for x, y in ((0.0, 1.0), (1.0, 0.25)):
        server.performer.send("/pad/x", x)
        server.performer.send("/pad/y", y)
        room.wait_for(f"(([x, y]) => Math.abs(x - {100 * x}) < 0.5 && Math.abs(y - {100 * (1 - y)}) < 0.5)({DOT})")


def test_what_was_heard_is_kept_at_a_corner_and_shown_there(room: Page, server: Serving) -> None:
    performer = server.performer
    performer.send("/pad/music", 1)
    room.wait_for("document.querySelector('.corner.tr .melody text')?.textContent === \"the model's own\"")
    for velocity in (100, 0):
        performer.send("/music/note/in", 1, 61, velocity)
    performer.ping(1)
    room.click("[data-path='/pad/keep'] button:nth-of-type(2)")
    room.wait_for("document.querySelectorAll('.corner.tr .melody rect').length === 1")
    assert performer.ask("/pad/melody/2")[0].startswith("61:")
    performer.send("/pad/music", 0)


def test_what_has_no_corners_is_said(room: Page, server: Serving) -> None:
    told = "document.querySelector('.between [role=status]').textContent"
    server.performer.send("/pad/frames", 1)
    room.wait_for(f"{told} === ''")
    server.performer.send("/frames/model", "mirror")
    room.wait_for(f"{told} === 'mirror has no corners; lamp has.'")
    server.performer.send("/frames/model", "lamp")
    server.performer.send("/pad/frames", 0)
    room.wait_for(f"{told} === ''")


def test_the_place_moves_both_where_both_are_switched_on(room: Page, server: Serving) -> None:
    performer = server.performer
    performer.send("/subscribe", "/music/note/out")
    for path in ("/pad/music", "/pad/frames"):
        switch = f"document.querySelector(`.control[data-path='{path}'] [role=switch]`)"
        room.wait_for(f"{switch}.ariaChecked === 'false'")
        room.evaluate(f"{switch}.click()")
        room.wait_for(f"{switch}.ariaChecked === 'true'")
    mouse(room, "mousePressed", 0.999, 0.5)
    mouse(room, "mouseReleased", 0.999, 0.5)
    stands(performer, 1.0, 0.5)
    room.evaluate("document.querySelector('#panel-frames').scrollIntoView()")
    canvas = "document.querySelector('#panel-frames canvas')"
    room.wait_for(f"{canvas}.getContext('2d').getImageData(9, 9, 1, 1).data[2] > 240")
    for path, value in (("/clock/source", "internal"), ("/clock/tempo", 240.0), ("/music/call_bars", 8)):
        performer.send(path, value)
    for velocity in (100, 0):
        performer.send("/music/note/in", 1, 61, velocity)
    performer.send("/music/answer")
    for _ in CHORD:
        performer.wait("/music/note/out", lambda channel, pitch, velocity: velocity > 120)
    performer.send("/panic")
    assert room.complaints() == []
