"""A headless Chromium, asked over its DevTools protocol."""

import base64
import contextlib
import itertools
import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar, cast

from websockets.sync.client import ClientConnection, connect

PATIENCE = 60.0
"""Seconds after which what was waited for is taken not to come."""
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--hide-scrollbars",
    "--no-first-run",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-features=WebRtcHideLocalIpsWithMdns",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
)


Shown = TypeVar("Shown", bound="Page")


class BrowserError(Exception):
    """The browser cannot do what was asked, or what was waited for did not come; the text says what."""


@contextlib.contextmanager
def chromium(program: str, profile: Path, width: int = 640, height: int = 480) -> Iterator["Browser"]:
    """Run a Chromium for as many pages as are wanted; ``profile`` is a folder for it alone. Raises BrowserError."""
    options = (f"--user-data-dir={profile}", f"--window-size={width},{height}", "--remote-debugging-port=0")
    quiet: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    with subprocess.Popen([program, *FLAGS, *options, "about:blank"], text=True, **quiet) as process:
        try:
            assert process.stderr
            address = next((line.split()[-1] for line in process.stderr if "DevTools listening on" in line), None)
            if address is None:
                raise BrowserError(f"{program} ended before it could be asked")
            with connect(address, max_size=None, proxy=None) as tools:
                yield Browser(tools)
        finally:
            process.terminate()
            process.communicate(timeout=PATIENCE)


class Browser:
    """The connection to a browser, on which all its pages are asked."""

    def __init__(self, tools: ClientConnection) -> None:
        self._tools = tools
        self._numbers = itertools.count(1)
        self.events: list[dict[str, Any]] = []
        """What pages told by themselves."""

    def open(self, url: str, kind: "type[Shown] | None" = None) -> "Shown":
        """Show another page; ``kind`` is what it is handled as."""
        target = self.ask("Target.createTarget", url="about:blank", newWindow=True)["targetId"]
        page = (kind or cast("type[Shown]", Page))(
            self, target, self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        )
        page.ask("Runtime.enable")
        page.ask("Page.enable")
        page.ask("Page.navigate", url=url)
        return page

    def ask(self, method: str, session: str | None = None, **params: Any) -> dict[str, Any]:
        """Call a method of the protocol and return its result."""
        number = next(self._numbers)
        which = {"sessionId": session} if session else {}
        self._tools.send(json.dumps({"id": number, "method": method, "params": params, **which}))
        while True:
            answer = json.loads(self._tools.recv(PATIENCE))
            if answer.get("id") == number:
                if "error" in answer:
                    raise BrowserError(f"{method}: {answer['error'].get('message')}")
                result: dict[str, Any] = answer["result"]
                return result
            if "method" in answer:
                self.events.append(answer)


class Page:
    """A page in the browser."""

    def __init__(self, browser: Browser, target: str, session: str) -> None:
        self._browser, self._target, self._session = browser, target, session

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """Call a method of the protocol on this page and return its result."""
        return self._browser.ask(method, self._session, **params)

    def complaints(self) -> list[str]:
        """Errors that the page logged or did not catch."""
        found = []
        for event in self._browser.events:
            if event.get("sessionId") != self._session:
                continue
            if event["method"] == "Runtime.exceptionThrown":
                details = event["params"]["exceptionDetails"]
                found.append(details.get("exception", {}).get("description", details["text"]))
            elif event["method"] == "Runtime.consoleAPICalled" and event["params"]["type"] in ("error", "assert"):
                found.append(" ".join(str(a.get("description", a.get("value"))) for a in event["params"]["args"]))
        return found

    def resize(self, width: int, height: int, phone: bool = False) -> None:
        """Give the page another size, in CSS pixels."""
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone)

    def press(self, key: str, code: str = "", text: str = "") -> None:
        """Press and release a key on the keyboard."""
        typed = {"text": text} if text else {}
        self.ask("Input.dispatchKeyEvent", type="keyDown", key=key, code=code, **typed)
        self.ask("Input.dispatchKeyEvent", type="keyUp", key=key, code=code)

    def click(self, selector: str) -> None:
        """Press and release the mouse in the middle of what a CSS selector finds, scrolled to."""
        place = self.evaluate(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)});"
            " e.scrollIntoView({block: 'center', behavior: 'instant'}); const r = e.getBoundingClientRect();"
            " return [r.x + r.width / 2, r.y + r.height / 2] })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.ask("Input.dispatchMouseEvent", type=kind, x=place[0], y=place[1], button="left", clickCount=1)

    def close(self) -> None:
        """Close it."""
        self._browser.ask("Target.closeTarget", targetId=self._target)

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression in the page."""
        answer = self.ask("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        return answer["result"].get("value")

    def wait_for(self, expression: str) -> Any:
        """The expression's value once it is true."""
        until = time.monotonic() + PATIENCE
        while not (value := self.evaluate(expression)):
            if time.monotonic() > until:
                raise BrowserError(f"never true in {PATIENCE:g} s: {expression}")
            time.sleep(0.05)
        return value

    def png(self) -> bytes:
        """What is seen, as a PNG."""
        data: str = self.ask("Page.captureScreenshot", format="png")["data"]
        return base64.b64decode(data)
