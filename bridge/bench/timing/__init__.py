"""``antiphon bench timing``: when notes really sound, by JACK's frames and from outside the process, under load."""

import contextlib
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from bridge.bench import BenchError
from bridge.bench.bridge.load import TEMPO, Load
from bridge.bench.timing import others, rulers
from bridge.client.osc import NoReplyError, OscClient
from bridge.client.server import ServerFailedError, ServerProcess
from bridge.client.waiting import until
from bridge.clocks import now
from bridge.measure.figures import Figure, percentile
from bridge.measure.jack import PERIOD, RATE, Came, JackEar, JackServer, NoJackError
from bridge.realtime.now import Beat, NowPage

HELP = "lateness of notes by JACK's frames, MIDI in to OSC, picture against sound; beside what others use"
SECONDS = 600.0
READY = 60.0
SETTLE = 3.0
GRID = 0.25
"""Beats: all that the embedded note model plays begins on a sixteenth."""
STEP = 60.0 / TEMPO * GRID
FRAME_MS = 1000 / RATE
PROBE = (15, 1)
"""Channel (0..15) and pitch of the notes that are played in over MIDI."""
PROBE_EVERY = 0.25
SILENT = 10.0
NO_NOTES = "no note of an answer was heard"


def measure(seconds: float, tell: Callable[[str], None]) -> list[Figure]:
    """Take every figure in about ``seconds`` and half as long again. Raises BenchError."""
    try:
        with _on_jack() as jack, JackEar(jack, "antiphon-ear") as ear:
            with ServerProcess() as server:
                server.wait_ready(READY)
                ear.connect("Antiphon:out")
                ear.connect_out("Antiphon:in")
                with Load(server) as load, OscClient(server.osc_port) as client:
                    figures = _ours(jack, ear, server, load, client, seconds, tell)
                    for way in others.WAYS:
                        tell(f"beside it: {way}")
                        figures.append(_other(jack, way, max(3.0, seconds / 20)))
            return figures
    except NoJackError as error:
        raise BenchError(str(error)) from error
    except (ServerFailedError, NoReplyError) as error:
        raise BenchError(str(error)) from error


@contextlib.contextmanager
def _on_jack() -> Iterator[JackServer]:
    with tempfile.TemporaryDirectory(prefix="antiphon-timing-") as folder, JackServer() as jack:
        chosen = {**jack.environment, "ANTIPHON_STATE": folder}
        before = {name: os.environ.get(name) for name in chosen}
        os.environ.update(chosen)
        try:
            yield jack
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value


def _ours(
    jack: JackServer,
    ear: JackEar,
    server: ServerProcess,
    load: Load,
    client: OscClient,
    seconds: float,
    tell: Callable[[str], None],
) -> list[Figure]:
    client.subscribe("/music/note/heard")
    info = client.info("")
    scheduling, pid = str(info.get("realtime/scheduling")), int(str(info.get("process/realtime", 0)))
    with contextlib.ExitStack() as stack:
        beat_of = stack.enter_context(_page(str(info.get("clock/page", ""))))
        until(now() + SETTLE)
        tell(f"our own notes under load, for {seconds:g} s")
        spin = stack.enter_context(_program("bridge.bench.timing.spin", str(seconds), str(STEP)))
        came_before, sent_before, mark, memory = len(ear.came), len(ear.sent), client.mark(), _memory(pid)
        frames_before = len(load.tap.frames)
        end = now() + seconds
        probes = 0
        while now() < end:
            ear.send(bytes((0x90 | PROBE[0], PROBE[1], _loud(probes))))
            ear.send(bytes((0x80 | PROBE[0], PROBE[1], 0)))
            probes += 1
            until(now() + PROBE_EVERY)
        beat = beat_of()
        came, sent = ear.came[came_before:], ear.sent[sent_before:]
        frames = [(frame.generated, frame.time) for frame in load.tap.frames[frames_before:]]
        bare = json.loads(spin.communicate()[0] or b"{}")
        server.check()
        grown = _memory(pid) - memory
        onsets = _onsets(came)
        heard = [m for m in client.received("/music/note/heard", mark) if m.values[0] == PROBE[0] + 1 and m.values[2]]
        offset = statistics.median(rulers.first_seen(onsets, frames) or [0.0])
        corrected = _corrected(ear, load, client, offset, max(3.0, seconds / 10), tell)
    with load.resting:
        client.send("/music/stop")
        silent = ear.wait(lambda ear: not ear.held, SILENT)
        stuck = 0 if silent else len(ear.held)
    late = rulers.lateness(onsets, [beat.at(time) for time in onsets], GRID, beat.tempo) if onsets else []
    late_ms = [abs(one) for one in late]
    p50, p99 = rulers.p50_p99(late_ms) if late_ms else (None, None)
    spun = rulers.p50_p99(bare["late"])[1] if bare.get("late") else None
    by_frames = (
        f"from outside: JACK's frame of each note on an ear's port, against its sixteenth by the now page;"
        f" {len(onsets)} notes; jackd's dummy driver, {RATE} Hz, {PERIOD} frames; {scheduling}"
    )
    why = "" if onsets else NO_NOTES
    pairs = list(rulers.paired([left for left, _ in sent[::2]], heard, lambda number, m: m.values[2] == _loud(number)))
    stamped = all(not math.isnan(message.arrived) for message in heard)
    ins = [(message.arrived if stamped else message.time) - left for left, message in pairs]
    taken = [message.time - left for left, message in pairs]
    period = PERIOD / RATE
    return [
        _ms("note_lateness_p50_ms", p50, "<= 0.1", by_frames, why),
        _ms("note_lateness_p99_ms", p99, "", by_frames, why),
        Figure(
            name="note_lateness_p99_over_bare_spin",
            value=round(p99 / max(spun, FRAME_MS), 3) if p99 is not None and spun else None,
            unit="",
            goal="<= 1.5",
            why=why or ("" if spun else "the bare loop gave nothing"),
            detail=f"over the p99 of a loop that does nothing but wait for such times, in the same run: {spun} ms; or"
            f" over one frame, {FRAME_MS:.4f} ms, where that is more, for the ruler sees no less;"
            f" {bare.get('scheduling', '')}",
        ),
        *_server_side(client),
        _ms(
            "midi_in_to_osc_p99_ms",
            round(max(0.0, percentile(ins, 99) - period) * 1000, 3) if ins else None,
            "<= 5",
            f"a note's frame on an ear's port until /music/note/heard is in a client's socket"
            f"{', by the stamp of the system' if stamped else ''}, less one period of {period * 1000:.1f} ms;"
            f" {len(ins)} notes; until the bench itself had taken it from there, in all"
            f" {(percentile(taken, 99) - period) * 1000 if taken else math.nan:.1f} ms",
            "" if ins else "no note was heard",
        ),
        _ms(
            "av_offset_p50_ms",
            corrected,
            "<= 33.4",
            "a note's frame on JACK until the first frame that may show it is taken from the WebSocket:"
            f" the distance from 0, once /midi/1/offset is set to what it was before: {offset * 1000:.1f} ms",
            "" if corrected is not None else NO_NOTES,
        ),
        _ms(
            "drift_ms",
            round(rulers.drift(late) * 1000, 4) if len(late) >= 20 else None,
            "",
            f"the last tenth's median lateness less the first tenth's, over {seconds:g} s",
            "" if len(late) >= 20 else NO_NOTES,
        ),
        Figure(
            name="realtime_memory_growth_mib",
            value=round(grown / 1024, 2),
            unit="MiB",
            goal="",
            detail=f"resident memory of the realtime process at the end less that at the beginning; {seconds:g} s",
        ),
        Figure(
            name="stuck_notes",
            value=float(stuck),
            unit="",
            goal="<= 0",
            detail=f"notes that sounded {SILENT:g} s after /music/stop",
        ),
    ]


def _server_side(client: OscClient) -> list[Figure]:
    info = client.info("realtime/")
    found = []
    for percent in (50, 99):
        value = info.get(f"realtime/note_lateness_ms_p{percent}")
        found.append(
            _ms(
                f"sent_lateness_p{percent}_ms",
                round(value, 4) if isinstance(value, int | float) else None,
                "",
                "the realtime process's own: a note's moment until it was sent to all that take no time ahead",
                "" if isinstance(value, int | float) else NO_NOTES,
            )
        )
    return found


def _corrected(
    ear: JackEar, load: Load, client: OscClient, offset: float, seconds: float, tell: Callable[[str], None]
) -> float | None:
    """Milliseconds between picture and sound once the sound is delayed by what the picture takes."""
    tell(f"with /midi/1/offset {offset * 1000:.0f} ms, for {seconds:g} s")
    client.send("/midi/1/offset", round(offset * 1000, 1))
    until(now() + SETTLE)
    came_before, frames_before = len(ear.came), len(load.tap.frames)
    until(now() + seconds)
    frames = [(frame.generated, frame.time) for frame in load.tap.frames[frames_before:]]
    # The page shows a note at its written time; it is heard by the offset later.
    written = [time - offset for time in _onsets(ear.came[came_before:])]
    seen = rulers.first_seen(written, frames)
    client.send("/midi/1/offset", 0.0)
    return round(abs(statistics.median(seen) - offset) * 1000, 2) if seen else None


def _other(jack: JackServer, way: str, seconds: float) -> Figure:
    """How steadily another way of doing it plays, in the same run."""
    name = f"{way}_spread_p99_ms"
    client = f"other-{way}"
    arguments = way, client, str(seconds), str(STEP)
    with JackEar(jack, f"ear-{way}") as ear, _program("bridge.bench.timing.others", *arguments) as process:
        assert process.stdin and process.stdout
        if process.stdout.readline():
            ear.connect(f"{client}:out")
        _, errors = process.communicate(b"\n", timeout=seconds + READY)
        onsets = _onsets(ear.came)
    if process.returncode == others.MISSING:
        (*_, missing) = errors.decode(errors="replace").strip().splitlines() or [""]
        return Figure(name=name, value=None, unit="ms", goal="", why=f"not installed: {missing}")
    spread = rulers.spread(onsets, STEP)
    if not spread:
        return Figure(name=name, value=None, unit="ms", goal="", why=errors.decode(errors="replace")[-300:] or NO_NOTES)
    p50, p99 = rulers.p50_p99(spread)
    detail = (
        f"notes every {STEP * 1000:g} ms by JACK's frames, their distance from a steady pulse through their"
        f" median, so that a constant delay does not count; p50 {p50} ms, {len(onsets)} notes in {seconds:g} s, under"
        " the same load"
    )
    return _ms(name, p99, "", detail, "")


def _loud(number: int) -> int:
    """The velocity of a probe, by which it is known again."""
    return 1 + number % 127


@contextlib.contextmanager
def _program(module: str, *arguments: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A program of ours, which is gone afterwards, whatever ends this."""
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-m", module, *arguments], stdin=pipe, stdout=pipe, stderr=pipe) as process:
        try:
            yield process
        finally:
            process.kill()


def _onsets(came: list[Came]) -> list[float]:
    return [one.time for one in came if one.data[0] & 0xF0 == 0x90 and one.data[2]]


def _ms(name: str, value: float | None, goal: str, detail: str, why: str) -> Figure:
    return Figure(name=name, value=value, unit="ms", goal=goal, detail=detail, why=why)


@contextlib.contextmanager
def _page(name: str) -> Iterator[Callable[[], Beat]]:
    """The server's now page, as its own processes read it. Raises BenchError."""
    from multiprocessing import resource_tracker

    try:
        page = NowPage.attach(name)
    except (OSError, ValueError) as error:
        raise BenchError(f"the server's now page cannot be read: {error}") from error
    if sys.version_info < (3, 13) and sys.platform != "win32":
        resource_tracker.unregister(f"/{name.lstrip('/')}", "shared_memory")  # or it would be removed with this process
    try:
        yield page.beat
    finally:
        page.close()


def _memory(pid: int) -> int:
    """Resident KiB of a process; 0 where the system does not tell."""
    with contextlib.suppress(OSError, StopIteration):
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
        return int(next(line for line in lines if line.startswith("VmRSS")).split()[1])
    return 0
