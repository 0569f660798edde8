"""``antiphon bench music``: how fast the melody model continues, and MusicVAE encodes and decodes, on one thread.

Continuing is measured in a worker's process with the embedded weights; all else with weights drawn at random in the
published sizes: speed does not depend on them. Figures are of float32, exact, but those that say int8.
"""

import functools
import http.server
import json
import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from bridge.bench import BenchError
from bridge.measure.figures import Figure, percentile_ms
from bridge.music import timing
from models.music_vae import configs
from models.music_vae.checkpoints import magenta_js
from models.music_vae.network import MusicVaeNetwork, variables
from models.music_vae.threads import use_one_thread

HELP = "MusicVAE: time to the first note of a continuation, 32 steps, against torch and magenta-js"
SECONDS = 10.0
SMALL, BIG = "cat-mel_2bar_small", "cat-mel_2bar_big"
STEPS = 32
CLIENT = Path(__file__).parents[2] / "tests" / "clients" / "magenta_js"
"""In a checkout; an installed Antiphon measures against magenta-js with ANTIPHON_MAGENTA_JS and this folder."""
JS_TIMEOUT = 120.0

Tensors = dict[str, Any]


def measure(seconds: float, tell: Callable[[str], None]) -> list[Figure]:
    """Take each figure for about ``seconds`` at most."""
    if not use_one_thread() and os.environ.get("OPENBLAS_NUM_THREADS") != "1":
        tell("numpy's library may use more than one thread: figures can be far slower on busy cores")
    tell(f"{SMALL}, float32")
    config, tensors = _weights(SMALL)
    network = MusicVaeNetwork(config, tensors)
    x = np.eye(config.encoding.input_depth, dtype=np.float32)[np.arange(STEPS) % 90][None]
    z = np.random.default_rng(0).standard_normal((1, config.hparams.z_size)).astype(np.float32)
    first = _times(lambda: next(network.decode(network.encode(x)[0], STEPS, 0.5, 1)), seconds)
    small = _times(lambda: list(network.decode(z, STEPS, 0.5, 1)), seconds)
    figures = [
        _figure("first_step_ms", first, "<= 12", "encode two bars and decode the first step, median, float32, numpy"),
        _figure("mel_2bar_small_32_steps_ms", small, "<= 6", "median, float32, numpy"),
        _against_js(config, tensors, small, tell),
    ]
    tell(f"{BIG}, float32")
    config, tensors = _weights(BIG)
    exact = MusicVaeNetwork(config, tensors)
    z = np.random.default_rng(0).standard_normal((1, config.hparams.z_size)).astype(np.float32)
    big = _times(lambda: list(exact.decode(z, STEPS, 0.5, 1)), seconds)
    figures.insert(2, _figure("mel_2bar_big_32_steps_ms", big, "", "median, float32, numpy"))
    tell(f"{BIG}, int8")
    near = MusicVaeNetwork(config, tensors, "int8")
    quick = _times(lambda: list(near.decode(z, STEPS, 0.5, 1)), seconds)
    path = np.stack(list(exact.decode(z, STEPS, 0.0)), 1)
    same = near.teacher_forced(z, path).argmax(2) == path.argmax(2)
    precision = (
        f"int8 weights, onnxruntime; {100 - 100 * same.mean():.0f} % of {STEPS} likeliest steps differ from float32"
    )
    figures.insert(3, _figure("mel_2bar_big_int8_32_steps_ms", quick, "", f"median, {precision}"))
    figures.insert(4, _against_torch(config, z, quick, big, seconds, tell))
    return [*timing.figures(seconds, tell), *figures]


def _weights(name: str) -> tuple[configs.Config, Tensors]:
    config = configs.find(name)
    rng = np.random.default_rng(0)
    shapes = variables(config)
    return config, {
        key: rng.standard_normal(shape, np.float32) * np.float32(1 / np.sqrt(shape[0])) for key, shape in shapes.items()
    }


def _times(call: Callable[[], object], seconds: float, least: int = 5, most: int = 200) -> list[float]:
    """Durations in seconds of calls, after one to warm up."""
    call()
    taken: list[float] = []
    end = time.perf_counter() + seconds
    while len(taken) < least or (len(taken) < most and time.perf_counter() < end):
        start = time.perf_counter()
        call()
        taken.append(time.perf_counter() - start)
    return taken


def _figure(name: str, taken: list[float], goal: str, detail: str) -> Figure:
    return Figure(name=name, value=percentile_ms(taken, 50), unit="ms", goal=goal, detail=detail)


def _against_torch(
    config: configs.Config, z: Any, quick: list[float], exact: list[float], seconds: float, tell: Callable[[str], None]
) -> Figure:
    """A loop over torch.nn.LSTMCell, as one would write it, on one thread, in float32; ours in int8."""
    blank = Figure(name="mel_2bar_big_over_torch_loop", value=None, unit="times", goal=">= 2.5")
    try:
        import torch
    except ImportError:
        return _because(blank, "torch is not installed: pip install 'antiphon[torch]'")
    tell("the same in a loop over torch.nn.LSTMCell")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    depth, size = config.encoding.output_depth, config.hparams.z_size
    cells: list[Any] = []
    below = depth + size
    for units in config.hparams.dec_rnn_size:
        cells.append(torch.nn.LSTMCell(below, units))
        below = units
    output = torch.nn.Linear(below, depth)

    def decode() -> None:
        with torch.inference_mode():
            latent = torch.from_numpy(z)
            states = [(torch.zeros(1, cell.hidden_size), torch.zeros(1, cell.hidden_size)) for cell in cells]
            previous = torch.zeros(1, depth)
            for _ in range(STEPS):
                h = torch.cat((previous, latent), 1)
                for number, cell in enumerate(cells):
                    states[number] = cell(h, states[number])
                    h = states[number][0]
                drawn = torch.multinomial(torch.softmax(output(h) / 0.5, 1), 1)
                previous = torch.nn.functional.one_hot(drawn[:, 0], depth).float()

    try:
        theirs = _times(decode, seconds)
    finally:
        torch.set_num_threads(threads)
    ratio, exactly = _median(theirs) / _median(quick), _median(theirs) / _median(exact)
    return Figure(
        name=blank.name,
        value=round(ratio, 2),
        unit=blank.unit,
        goal=blank.goal,
        detail=f"torch {torch.__version__}: {_median(theirs) * 1000:.0f} ms; ours int8 (float32: {exactly:.2f} times)",
    )


def _against_js(config: configs.Config, tensors: Tensors, ours: list[float], tell: Callable[[str], None]) -> Figure:
    """The same weights under @magenta/music in Node."""
    blank = Figure(name="speedup_over_magenta_js", value=None, unit="times", goal=">= 5")
    modules = Path(os.environ.get("ANTIPHON_MAGENTA_JS", CLIENT / "node_modules"))
    if shutil.which("node") is None:
        return _because(blank, "Node is not installed")
    if not (modules / "@magenta" / "music").is_dir() or not (CLIENT / "decode.cjs").is_file():
        return _because(blank, "@magenta/music is not there: npm install --prefix tests/clients/magenta_js")
    tell("the same under @magenta/music in Node")
    z = np.random.default_rng(0).standard_normal((1, config.hparams.z_size))
    with tempfile.TemporaryDirectory() as folder:
        magenta_js.write(Path(folder), config, tensors)
        handler = functools.partial(_Quiet, directory=folder)
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            try:
                done = subprocess.run(
                    ["node", str(CLIENT / "decode.cjs"), f"http://127.0.0.1:{server.server_port}"],
                    input=json.dumps({"z": z.tolist(), "temperature": 0.5, "repeat": 10}),
                    env=os.environ | {"NODE_PATH": str(modules)},
                    capture_output=True,
                    text=True,
                    timeout=JS_TIMEOUT,
                    check=True,
                )
            except (OSError, subprocess.SubprocessError) as error:
                return _because(blank, f"magenta-js failed: {error}")
            finally:
                server.shutdown()
                thread.join()
    answer = json.loads(done.stdout)
    milliseconds = float(np.median(answer["milliseconds"]))
    if not milliseconds > 0:
        raise BenchError(f"magenta-js gave {milliseconds} ms")
    return Figure(
        name=blank.name,
        value=round(milliseconds / (_median(ours) * 1000), 1),
        unit=blank.unit,
        goal=blank.goal,
        detail=f"@magenta/music {answer['version']}, backend {answer['backend']}: {milliseconds:.0f} ms for 32 steps",
    )


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def _because(figure: Figure, why: str) -> Figure:
    return Figure(name=figure.name, value=None, unit=figure.unit, goal=figure.goal, why=why)


def _median(taken: list[float]) -> float:
    return float(np.median(taken))
