"""The page in a real browser: how soon it opens, how soon a fader acts, how soon it shows what others did."""

import random
import tempfile
import time
from pathlib import Path

from bridge.client.browser import Browser, BrowserError, Page, chromium
from bridge.client.osc import OscClient
from bridge.client.server import ServerProcess
from bridge.client.waiting import until
from bridge.clocks import now
from bridge.measure.figures import Figure, percentile_ms

PARAMETER = "/frames/reaction"
STEPS = 500
"""The slider's, each a value that is known again when it comes back."""
IDLE_SECONDS = 5.0
SETTLE = 2.0
"""Seconds that a new browser, and a new page, take to calm down."""
CALM_AFTER = 11.0
"""Seconds without a touch or a note after which the page shows frames less often."""
GRACE = 1.0
"""Seconds that the last value may take."""

MOVE = """
new Promise(done => {
  const slider = document.querySelector(`.control[data-path="%s"] input[type=range]`), moved = []
  const end = performance.now() + %f
  const move = () => {
    if (performance.now() > end) return done(moved)
    slider.value = (moved.length %% 499 + 1) / 500
    moved.push([Number(slider.value), performance.timeOrigin + performance.now()])
    slider.dispatchEvent(new Event("input", {bubbles: true}))
    setTimeout(move, 20 + 40 * Math.random())
  }
  move()
})
"""
WATCH = """
import("/page/bridge.js").then(({bridge}) => {
  window.shown = []
  bridge.watch("%s", value => window.shown.push([value, performance.timeOrigin + performance.now()]))
})
"""


def room_figures(server: ServerProcess, program: str | None, seconds: float) -> list[Figure]:
    """Measure in a headless Chromium; where there is none, or it fails, the figures say so."""
    goals = {
        "page_opens_s": ("s", "<= 2"),
        "page_to_parameter_p50_ms": ("ms", ""),
        "page_to_parameter_p99_ms": ("ms", "<= 30"),
        "osc_to_page_p50_ms": ("ms", ""),
        "osc_to_page_p99_ms": ("ms", "<= 80"),
        "page_idle_percent": ("% of a core", "<= 5"),
    }
    why = "no Chromium was found"
    taken: dict[str, tuple[float | None, str]] = {}
    if program is not None:
        try:
            with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
                taken = _measure(server, program, Path(profile), seconds)
        except (BrowserError, OSError) as error:
            why = f"the browser failed: {error}"
    return [
        Figure(
            name=name,
            value=taken[name][0] if name in taken else None,
            unit=unit,
            goal=goal,
            why="" if taken.get(name, (None, ""))[0] is not None else why,
            detail=taken[name][1] if name in taken else "in a headless Chromium",
        )
        for name, (unit, goal) in goals.items()
    ]


def _measure(server: ServerProcess, program: str, profile: Path, seconds: float) -> dict[str, tuple[float | None, str]]:
    with chromium(program, profile, 1400, 900) as browser, OscClient(server.osc_port) as client:
        time.sleep(SETTLE)
        empty = _percent(browser)
        began = now()
        page: Page = browser.open(f"{server.url}/")
        page.wait_for("'ready' in document.documentElement.dataset")
        opened = now() - began
        client.subscribe(PARAMETER)
        time.sleep(SETTLE)
        to_bench = _clock_offset(page)
        moved = page.evaluate(MOVE % (PARAMETER, 1000 * seconds))
        until(now() + GRACE)
        echoes = {round(float(m.values[0]), 4): m.time for m in client.received(PARAMETER)}  # type: ignore[arg-type]
        last = {round(value, 4): moment for value, moment in moved}  # of one value sent twice, the newest
        forward = [echoes[value] - (moment / 1000 + to_bench) for value, moment in last.items() if value in echoes]
        page.evaluate(WATCH % PARAMETER)
        sent = _send(client, seconds)
        until(now() + GRACE)
        shown = {round(value, 4): moment for value, moment in page.evaluate("window.shown")}
        # Where a value came so soon after another that only the newer one was shown, that one counts.
        back = [shown[value] / 1000 + to_bench - moment for value, moment in sent.items() if value in shown]
        idle = _idle(browser, page, empty)
        fader = (
            f"a slider's input event until another client is told of the parameter: an upper bound; {len(forward)} of"
            f" {len(last)} values"
        )
        shows = (
            f"sent over OSC until the control on the page shows it; {len(back)} of {len(sent)} values, the rest"
            " overtaken by newer ones"
        )
        return {
            "page_opens_s": (
                round(opened, 3),
                "asked for until every control stands and is connected, in a browser that runs",
            ),
            "page_to_parameter_p50_ms": (percentile_ms(forward, 50), fader),
            "page_to_parameter_p99_ms": (percentile_ms(forward, 99), fader),
            "osc_to_page_p50_ms": (percentile_ms(back, 50), shows),
            "osc_to_page_p99_ms": (percentile_ms(back, 99), shows),
            "page_idle_percent": idle,
        }


def _clock_offset(page: Page) -> float:
    """Seconds to add to the page's Unix time to have ``bridge.clocks`` seconds, by the quickest of several askings."""
    found = []
    for _ in range(30):
        before = now()
        theirs = page.evaluate("performance.timeOrigin + performance.now()") / 1000
        after = now()
        found.append((after - before, (before + after) / 2 - theirs))
    offset: float = min(found)[1]
    return offset


def _send(client: OscClient, seconds: float) -> dict[float, float]:
    chance = random.Random(2)  # noqa: S311  (no secret)
    sent: dict[float, float] = {}
    end = now() + seconds
    number = 0
    while now() < end:
        value = round(((number * 7) % (STEPS - 1) + 1) / STEPS, 4)
        sent[value] = client.send(PARAMETER, value)
        number += 1
        until(now() + chance.uniform(0.02, 0.06))
    return sent


def _idle(browser: Browser, page: Page, empty: float) -> tuple[float | None, str]:
    page.evaluate("document.activeElement.blur()")
    time.sleep(CALM_AFTER)
    percent = _percent(browser)
    return round(max(percent - empty, 0.0), 1), (
        f"the browser's processes while nobody plays, drawn without a GPU: {percent:.1f} %, of which {empty:.1f} % was"
        " there with an empty page"
    )


def _percent(browser: Browser) -> float:
    """How much of a core the browser's processes take."""
    before = _cpu(browser)
    time.sleep(IDLE_SECONDS)
    return 100 * (_cpu(browser) - before) / IDLE_SECONDS


def _cpu(browser: Browser) -> float:
    processes = browser.ask("SystemInfo.getProcessInfo")["processInfo"]
    return sum(float(process["cpuTime"]) for process in processes)
