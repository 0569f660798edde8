"""The patches for Pure Data in Pure Data itself, with a real server at the other end."""

import contextlib
import queue
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from serving import CLIENTS, PATIENCE, serving
from stage_models import CHORD

from bridge.addresses import Table
from bridge.client.server import free_ports
from bridge.hosts import puredata
from models.contract import FrameModel, Param
from tests.peers import require_program

QUIET = ("-nogui", "-noaudio", "-nomidi", "-sleepgrain", "1", "-stderr")


class Pd:
    """A headless Pure Data, and what it prints."""

    def __init__(self, *arguments: str) -> None:
        command = [require_program("pd", "puredata"), *QUIET, *arguments]
        self._process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        self._lines: queue.Queue[str] = queue.Queue()
        self.seen: list[str] = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stderr
        for line in self._process.stderr:
            self._lines.put(line.strip())

    def wait(self, wanted: str) -> None:
        """Wait until it has printed a line with these words."""
        until = time.monotonic() + PATIENCE
        while not (self.seen and wanted in self.seen[-1]):
            try:
                self.seen.append(self._lines.get(timeout=max(0.01, until - time.monotonic())))
            except queue.Empty:
                raise AssertionError(f"Pd printed {self.seen}, not {wanted!r}") from None

    def end(self) -> list[str]:
        """End it, and return all that it printed."""
        self._process.kill()
        self._process.wait()
        self._reader.join()
        assert self._process.stderr
        self._process.stderr.close()
        while not self._lines.empty():
            self.seen.append(self._lines.get())
        return self.seen


@contextlib.contextmanager
def pd(patches: Path, port: int, *arguments: str) -> Iterator[Pd]:
    """The patch, connected to a port and heard at a free one."""
    (ear,) = free_ports(1)
    sends = [f"antiphon-ear {ear}", f"antiphon-port {port}", "antiphon-print 1"]
    running = Pd("-open", str(patches / "puredata" / "antiphon.pd"), *(word for send in sends for word in ("-send", send)), *arguments)
    try:
        yield running
    finally:
        running.end()


def test_pd_plays_a_phrase_and_hears_the_answer(patches: Path) -> None:
    require_program("pd", "puredata")
    with serving("--no-midi", stage=True) as served:
        served.performer.send("/clock/tempo", 240)
        served.performer.send("/music/answer_bars", 1)
        with pd(patches, served.osc_port, "-open", str(CLIENTS / "pd_duet.pd")) as running:
            running.wait("antiphon: connected to the bridge")
            running.wait("antiphon: music answer_bars 1")
            running.wait("antiphon: music state listening")
            running.wait("antiphon: music state answering")
            for pitch in CHORD:
                running.wait(f"antiphon: music note out 1 {pitch} 90")
            for pitch in CHORD:
                running.wait(f"antiphon: music note out 1 {pitch} 0")
            served.process.terminate()
            running.wait("antiphon: the bridge is gone")
            assert not [line for line in running.end() if "error" in line]


def test_a_hand_on_a_control_reaches_the_bridge_once_and_an_error_is_told(patches: Path) -> None:
    require_program("pd", "puredata")
    with serving("--no-midi", stage=True) as served:
        served.performer.send("/subscribe", "*", 0, 60)
        with pd(patches, served.osc_port, "-open", str(CLIENTS / "pd_hand.pd")) as running:
            values = {"/music/temperature": 1.5, "/music/call_bars": 3, "/music/listen": 0, "/frames/speed": 2}
            heard = {}
            while heard.keys() < values.keys():
                message = served.performer.listen(time.monotonic() + PATIENCE)
                assert message, f"only {heard} came"
                if message[0] in values:
                    assert message[0] not in heard, "a value came twice"
                    heard[message[0]] = message[1][0]
            assert heard == values
            running.wait("antiphon error: /music/answer nothing")


class Painter(FrameModel):
    """Has what the embedded models have not: words, a switch, and choices that Pd could misread."""

    name = "painter"
    implementation = "nowhere:Nothing"
    prompt = Param("a red sea, calm; still", doc="What to paint.")
    tiled = Param(True, doc="Whether the edges meet.")
    brush = Param("wide", choices=("wide", "fine hair"), doc="How thick.")


def test_any_parameter_makes_a_patch_that_opens(tmp_path: Path) -> None:
    for name, content in puredata.files(Table(models=[Painter])).items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "tell.pd").write_text(
        "#N canvas 0 0 400 200 12;\n#X obj 10 10 r antiphon-send;\n#X obj 10 40 oscparse;\n#X obj 10 70 print sent;\n"
        "#X connect 0 0 1 0;\n#X connect 1 0 2 0;\n"
    )
    turn = ["-send", "antiphon/frames/painter/brush 1"]
    running = Pd("-open", str(tmp_path / "antiphon.pd"), "-open", str(tmp_path / "tell.pd"), *turn)
    try:
        running.wait("sent: list frames painter brush fine\\ hair")
    finally:
        printed = running.end()
    assert [line for line in printed if not line.startswith("sent:")] == []


def test_without_a_bridge_it_waits_in_silence_and_then_connects(patches: Path) -> None:
    require_program("pd", "puredata")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deaf:
        (port,) = free_ports(1)
        deaf.bind(("127.0.0.1", port))
        deaf.settimeout(PATIENCE)
        with contextlib.ExitStack() as stack:
            running = stack.enter_context(pd(patches, port))
            for _ in range(2):
                assert deaf.recv(100).startswith(b"/subscribe\0")
            deaf.close()
            stack.enter_context(serving("--no-midi", "--osc-port", str(port), stage=True))
            running.wait("antiphon: connected to the bridge")
            assert [line for line in running.seen if "subscribed" not in line] == ["antiphon: connected to the bridge"]
