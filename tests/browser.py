"""A headless Chromium, asked over its DevTools protocol."""

import base64
import contextlib
import io
import itertools
import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from peers import require_program
from PIL import Image
from websockets.sync.client import ClientConnection, connect

PATIENCE = 60.0
FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run")


@contextlib.contextmanager
def browse(profile: Path, url: str, width: int = 640, height: int = 480) -> Iterator["Page"]:
    """Show a page. Skips the test where there is no Chromium."""
    chromium = require_program("chromium", "chromium")
    options = (f"--user-data-dir={profile}", f"--window-size={width},{height}", "--remote-debugging-port=0")
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    with subprocess.Popen([chromium, *FLAGS, *options, "about:blank"], text=True, **quiet) as process:
        try:
            assert process.stderr
            address = next(line.split()[-1] for line in process.stderr if "DevTools listening on" in line)
            with connect(address, max_size=None) as tools:
                yield Page(tools, url)
        finally:
            process.terminate()
            process.communicate(timeout=PATIENCE)


class Page:
    """A page in the browser."""

    def __init__(self, tools: ClientConnection, url: str) -> None:
        self._tools = tools
        self._numbers = itertools.count(1)
        self._session: str | None = None
        target = self.ask("Target.createTarget", url=url)["targetId"]
        self._session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """Call a method of the protocol and return its result."""
        number = next(self._numbers)
        session = {"sessionId": self._session} if self._session else {}
        self._tools.send(json.dumps({"id": number, "method": method, "params": params, **session}))
        while True:
            answer = json.loads(self._tools.recv(PATIENCE))
            if answer.get("id") == number:
                assert "error" not in answer, answer
                result: dict[str, Any] = answer["result"]
                return result

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression in the page."""
        answer = self.ask("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        return answer["result"].get("value")

    def wait_for(self, expression: str) -> Any:
        """The expression's value once it is true."""
        until = time.monotonic() + PATIENCE
        while not (value := self.evaluate(expression)):
            assert time.monotonic() < until, f"never true: {expression}"
            time.sleep(0.05)
        return value

    def screenshot(self) -> np.ndarray:
        """What is seen, RGB, shape [height, width, 3]."""
        data = self.ask("Page.captureScreenshot", format="png")["data"]
        return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB"))
