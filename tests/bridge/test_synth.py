"""What is heard in the end: the bridge plays fluidsynth through JACK, and its sound is captured and looked into."""

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfont
from jackd import JackServer, wait_until
from peers import require_program
from serving import PATIENCE, Serving, serving
from stage_models import CHORD

RATE = 48000
WINDOW = 16384
"""Samples that are looked into at a time: a third of a second, in which neighbouring keys are 5 bins apart."""
SILENCE = 1e-4
"""Of full scale; one key sounds at some 0.05."""


class Recorder:
    """A client of JACK that keeps the newest WINDOW samples of its input."""

    def __init__(self, jack_server: JackServer) -> None:
        jack = pytest.importorskip("jack")
        self._samples = np.zeros(WINDOW, np.float32)
        self._lock = threading.Lock()
        self.heard = 0
        """Samples since the beginning."""
        self._client = jack.Client("recorder", use_exact_name=True, no_start_server=True, servername=jack_server.name)
        self._in = self._client.inports.register("in")
        self._client.set_process_callback(self._process)
        self._client.activate()

    def _process(self, frames: int) -> None:
        with self._lock:
            self._samples = np.concatenate([self._samples[frames:], self._in.get_array()])
            self.heard += frames

    def _next(self, after: int) -> np.ndarray:
        """A whole window that was heard after so many samples."""
        assert wait_until(lambda: self.heard >= after + WINDOW, PATIENCE), "JACK stands still"
        with self._lock:
            return self._samples.copy()

    def wait_for(self, condition: Callable[[np.ndarray], bool]) -> bool:
        """Wait until a window is as it should be; False when none was."""
        return wait_until(lambda: condition(self._next(self.heard)), PATIENCE)

    def close(self) -> None:
        self._client.close()


def pitches(window: np.ndarray) -> set[int]:
    """The keys whose sines stand out of a window; none where it is silent."""
    if is_silent(window):
        return set()
    spectrum = np.abs(np.fft.rfft(window * np.hanning(len(window))))
    inner = spectrum[1:-1]
    peaks = 1 + np.flatnonzero((inner > spectrum[:-2]) & (inner >= spectrum[2:]) & (inner > spectrum.max() / 4))
    return {round(69 + 12 * float(np.log2(peak * RATE / len(window) / 440))) for peak in peaks}


def is_silent(window: np.ndarray) -> bool:
    return float(np.abs(window).max()) < SILENCE


@pytest.fixture
def synth(jack_server: JackServer, tmp_path: Path) -> Iterator[None]:
    """fluidsynth with one sound, its sound at ``synth:left`` and its MIDI input as JACK names it."""
    program = require_program("fluidsynth", "fluidsynth")
    font = tmp_path / "sine.sf2"
    soundfont.write(font)
    options = ("audio.jack.id=synth", "midi.jack.id=synth", "midi.autoconnect=0", "synth.sample-rate=48000")
    command = [program, "-q", "-a", "jack", "-m", "jack", "-R", "0", "-C", "0", "-g", "1"]
    command += [word for option in options for word in ("-o", option)]
    with subprocess.Popen(
        [*command, str(font)], env=jack_server.env, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
    ) as process:
        try:
            yield
        finally:
            process.kill()


@pytest.fixture
def recorder(jack_server: JackServer, synth: None) -> Iterator[Recorder]:
    recorder = Recorder(jack_server)
    try:
        jack_server.connect("synth:left", "recorder:in")
        yield recorder
    finally:
        recorder.close()


@contextlib.contextmanager
def playing(jack_server: JackServer, state: Path) -> Iterator[Serving]:
    """A bridge that plays the synth, and answers with a chord that it holds for longer than PATIENCE."""
    with serving(stage=True, environment={**jack_server.env, "ANTIPHON_STATE": str(state)}) as served:
        ours = next(name for name in jack_server.ports() if name.startswith("Antiphon:out"))
        theirs = next(name for name in jack_server.ports() if name.startswith("synth:") and "midi" in name)
        jack_server.connect(ours, theirs)
        for path, value in (("/clock/tempo", 200.0), ("/music/call_bars", 1), ("/music/answer_bars", 32)):
            served.performer.send(path, value)
        yield served


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(
            lambda stage: os.kill(stage.performer.info("process/realtime")["process/realtime"], signal.SIGKILL),
            id="kill -9 of realtime",
        ),
        pytest.param(lambda stage: stage.process.kill(), id="kill -9 of control"),
        pytest.param(lambda stage: stage.performer.send("/panic"), id="panic"),
    ],
)
def test_a_chord_is_heard_and_falls_silent_after_a_fault(
    jack_server: JackServer, recorder: Recorder, tmp_path: Path, fault: Callable[[Serving], None]
) -> None:
    assert recorder.wait_for(is_silent)
    with playing(jack_server, tmp_path) as stage:
        stage.performer.send("/music/note/in", 1, 60, 100)
        stage.performer.send("/music/note/in", 1, 60, 0)
        assert recorder.wait_for(lambda window: pitches(window) == set(CHORD))
        fault(stage)
        assert recorder.wait_for(is_silent)
