"""docs/first-show.md, followed by a browser that knows nothing but what the page says."""

import json
import os
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from browser import Page, chromium
from serving import serving

STEPS = 25
"""That a first show may take."""
NOTES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
AGAIN = 3
"""Times that a call is played: on a machine that is busy, one may go unanswered."""

# Finds a panel by its title and in it a control by its name, opening what is folded.
FIND = """
window.find = (title, name) => {
  const panel = [...document.querySelectorAll(".panel")].find(one => one.querySelector("h2").textContent === title)
  if (!panel) throw new Error(`no panel ${title}`)
  const named = [...panel.querySelectorAll(".control")].filter(one => one.checkVisibility() &&
    (one.querySelector(".name") ?? one.querySelector("button")).textContent === name)
  if (named.length !== 1) throw new Error(`${named.length} controls ${name} in ${title}`)
  return named[0]
}
window.button = (title, name) => {
  const panel = [...document.querySelectorAll(".panel")].find(one => one.querySelector("h2").textContent === title)
  return [...panel.querySelectorAll("button")].find(one => one.textContent === name)
}
window.choose = (control, name) => { // of a few that are buttons, or of a list
  const button = [...control.querySelectorAll("[role=radio]")].find(one => one.textContent === name)
  if (button) return button.click()
  const option = [...control.querySelectorAll("option")].find(one => one.textContent === name)
  tell(option.parentElement, "change", option.value)
}
window.chosen = control => control.querySelector("[role=radio][aria-checked=true], option:checked").textContent
window.tell = (element, kind, value) => {
  element.value = value
  element.dispatchEvent(new Event(kind, {bubbles: true}))
}
window.shown = (title, name) => Number(find(title, name).querySelector("input.value").value)
"""


def do(page: Page, expression: str) -> None:
    """Evaluate, and fail with what the page says where it cannot."""
    answer = page.ask("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
    assert "exceptionDetails" not in answer, (expression, answer["exceptionDetails"]["exception"]["description"])


class Show:
    """What each kind of step has the browser do."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self._played: list[str] = []

    def set(self, panel: str, name: str, value: str) -> None:
        do(self.page, f"tell(find({panel!r}, {name!r}).querySelector('input.value'), 'change', {value})")
        self.shows(panel, name, value)

    def shows(self, panel: str, name: str, value: str) -> None:
        self.page.wait_for(f"Math.abs(shown({panel!r}, {name!r}) - {value}) < 1e-3")

    def choose(self, panel: str, choice: str, name: str) -> None:
        do(self.page, f"choose(find({panel!r}, {name!r}), {choice!r})")
        self.page.wait_for(f"chosen(find({panel!r}, {name!r})) === {choice!r}")

    def play(self, panel: str, notes: str) -> None:
        self._played = notes.split()
        for note in self._played:
            number = NOTES[note[0]] + 12 * (int(note[-1]) - 4)
            self.page.click(f".keys [data-note='{number}']")

    def answered(self, panel: str) -> None:
        answers = "Number(document.querySelector('#panel-heard-and-answered canvas').dataset.answer ?? 0) > 0"
        for _ in range(AGAIN):
            until = time.monotonic() + 20
            while time.monotonic() < until:
                if self.page.evaluate(answers):
                    return
                time.sleep(0.1)
            self.play("Play", " ".join(self._played))
        raise AssertionError(self.page.evaluate("document.querySelector('.log').textContent"))

    def save(self, panel: str, name: str, button: str) -> None:
        field = f"button({panel!r}, {button!r}).parentElement.querySelector('input')"
        do(self.page, f"{field}.value = {json.dumps(name)}")
        do(self.page, f"button({panel!r}, {button!r}).click()")
        self.page.wait_for(f"button({panel!r}, {name!r})?.classList.contains('chosen')")

    def add_scene(self, panel: str, button: str) -> None:
        before = self.page.evaluate("document.querySelectorAll('.scenes li').length")
        do(self.page, f"button({panel!r}, {button!r}).click()")
        self.page.wait_for(f"document.querySelectorAll('.scenes li').length === {before} + 1")

    def press_and_see(self, panel: str, button: str, where: str, what: str, value: str) -> None:
        do(self.page, f"button({panel!r}, {button!r}).click()")
        self.shows(where, what, value)

    def output(self) -> None:
        self.page.wait_for("fetch('/output').then(answer => answer.ok)")

    def panic(self) -> None:
        self.page.click("#panic")


def kinds(show: Show) -> list[tuple[str, Callable[..., None]]]:
    """What the page's steps look like, and what to do."""
    return [
        (r"In \*(.+)\*, set \*\*(.+)\*\* to \*\*(.+)\*\*\.", show.set),
        (r"In \*(.+)\*, choose \*\*(.+)\*\* for \*\*(.+)\*\*\.", show.choose),
        (r"In \*(.+)\*, play \*\*(.+)\*\*\.", show.play),
        (r"Wait until \*(.+)\* shows what was answered\.", show.answered),
        (r"In \*(.+)\*, write \*\*(.+)\*\* and press \*\*(.+)\*\*\.", show.save),
        (r"In \*(.+)\*, press \*\*([^*]+)\*\*\.", show.add_scene),
        (
            r"In \*(.+)\*, press \*\*(.+)\*\*: over .+, \*(.+)\* comes to \*\*(.+)\*\* at \*\*(.+)\*\*\.",
            show.press_and_see,
        ),
        (r"Open <http://127\.0\.0\.1:7771/output> in a window.*", show.output),
        (r"Press \*\*Panic\*\* .*", show.panic),
    ]


@pytest.mark.timeout(300)
def test_the_first_show_can_be_followed(root: Path, tmp_path: Path) -> None:
    text = (root / "docs" / "first-show.md").read_text("utf-8")
    steps = re.findall(r"^\d+\. (.+)$", text, re.MULTILINE)
    assert steps[0].startswith("Start Antiphon with `antiphon serve`") and steps[1] == "Open <http://127.0.0.1:7771/>."
    assert len(steps) <= STEPS and f"in {len(steps)} steps" in text
    with (
        serving("--no-midi", "--show", str(tmp_path / "show")) as server,
        chromium(tmp_path / "chromium", 1400, 1700) as browser,
    ):
        page = browser.open(f"http://127.0.0.1:{server.http_port}/", Page)
        page.wait_for("'ready' in document.documentElement.dataset && !('offline' in document.documentElement.dataset)")
        do(page, FIND)
        show = Show(page)
        for step in steps[2:]:
            matches = [(found, act) for pattern, act in kinds(show) if (found := re.fullmatch(pattern, step))]
            assert len(matches) == 1, f"a step that nobody could follow: {step}"
            found, act = matches[0]
            act(*found.groups())
            if picture := os.environ.get("ANTIPHON_FIRST_SHOW_PICTURE") if act == show.answered else None:
                Path(picture).write_bytes(page.png())
        assert page.complaints() == []
        assert page.evaluate("document.querySelectorAll('.log li').length") == 0
