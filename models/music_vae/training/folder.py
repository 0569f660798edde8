"""Trains one kind of model on a folder of songs: reads it, says how far it is, can be stopped, and exports."""

import json
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import torch

from models.music_vae import own_weights
from models.music_vae.training import data, metrics, weights
from models.music_vae.training.kinds import KINDS, MELODY, Kind
from models.music_vae.training.network import HParams, MusicVae, shapes
from models.music_vae.training.settings import Settings
from models.music_vae.training.train import load, model_of, train

LARGEST = 8192


def say(line: str) -> None:
    """A line for the user."""
    print(line, file=sys.stderr, flush=True)


def split(folder: Path, cache: Path, kind: Kind, part: data.Part = "validation") -> tuple[np.ndarray, np.ndarray]:
    """Training windows of a folder, and those of a part to judge by; both must have some."""
    reading = kind.reading
    windows = data.cached(folder, cache, lambda: data.read(folder, say, kind.song, kind.parts, reading), reading)
    training, judged = windows.of("train"), windows.of(part)
    if not len(training) or not len(judged):
        rule = f"at least {data.VALIDATION_EVERY} songs are needed, as every {data.VALIDATION_EVERY}th is validation"
        raise ValueError(f"training data: {rule}; {folder} has {len(windows.songs)}")
    say(f"{len(windows.songs)} songs; {len(training)} windows to train on, {len(judged)} to judge by")
    return training, judged


def train_folder(
    kind_name: str,
    folder: Path,
    out: Path,
    *,
    resume: bool = False,
    sizes: Mapping[str, Any] | None = None,
    settings: Mapping[str, float] | None = None,
    start: Path | None = None,
    every_s: float = 300.0,
    tell: Callable[[float, Mapping[str, float]], None] = lambda progress, figures: None,
) -> Path:
    """Train and return the weights file in `out`, which is written too where it is stopped.

    `sizes` may hold z_size, encoder and decoder, `settings` any of `Settings`; the rest is the kind's. `start` is a
    checkpoint or weights file to begin with, of which the sizes are then; chords must begin with a melody model, and do
    with the embedded one. Raises OSError or ValueError, with the rule,
    for folders, files and numbers that will not do. `tell` is told how far it is, 0 to 1.
    """
    kind = KINDS[kind_name]
    hparams, chosen = sizes_of(kind, sizes or {}), settings_of(kind, settings or {})
    if start is None and kind.start is not None:
        start = own_weights.find(kind.start)
    parent = None if start is None else begun(model_from(start), kind)
    if parent is not None:
        hparams = begun_with(parent.hp, kind, start, sizes or {})
    checkpoint = out / "checkpoint.pt"
    if checkpoint.exists() and not resume:
        raise FileExistsError(f"{checkpoint} exists: add --resume to go on with it, or name another --out")
    out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    training, validation = split(folder, out / "windows.npz", kind)
    some = validation[np.random.default_rng(0).permutation(len(validation))[:1024]]
    started = time.monotonic()
    with (out / "log.jsonl").open("a", buffering=1, encoding="utf-8") as log, stopped_by_signals() as stopping:

        def report(values: dict[str, float]) -> None:
            rounded = {key: round(value, 4) for key, value in values.items()}
            log.write(json.dumps(rounded) + "\n")
            share = values["step"] / chosen.steps
            tell(share, rounded)
            shown = "  ".join(f"{key} {value}" for key, value in rounded.items() if key != "step")
            say(f"{share:4.0%}  {time.monotonic() - started:6.0f} s  step {values['step']}/{chosen.steps}  {shown}")

        train(
            training,
            out,
            hparams,
            chosen,
            kind=kind,
            start=parent,
            resume=resume,
            report=report,
            validate=lambda model: metrics.reconstruction(model, some),
            every_s=every_s,
            stop=stopping,
        )
    exported = out / kind.file
    size = weights.write(model_of(load(checkpoint)), exported)
    say(f"{exported}: {size / 1e6:.2f} MB; {checkpoint} to go on from")
    return exported


def model_from(path: Path) -> MusicVae:
    """A float32 model from a checkpoint or a weights file."""
    if not path.is_file():
        raise FileNotFoundError(f"model: {path} is not a file")
    return weights.read(path) if path.suffix == ".safetensors" else model_of(load(path))


def begun(parent: MusicVae, kind: Kind) -> MusicVae:
    """A model to begin with as the kind needs it: melodies, where it has chords, with room for them."""
    melodies_get_chords = kind.start is not None and parent.hp.config == MELODY.config
    return weights.with_chords(parent, kind.config) if melodies_get_chords else parent


def begun_with(parent: HParams, kind: Kind, path: Path | None, sizes: Mapping[str, Any]) -> HParams:
    """The sizes of a training that begins with another's model."""
    hparams = replace(parent, config=kind.config)
    if shapes(hparams) != shapes(parent):
        raise ValueError(f"{path} is of {parent.config}, which shares no shapes with {kind.config} to begin with it")
    if sizes:
        raise ValueError(f"sizes are those of {path} to begin with, they cannot be given: {', '.join(sizes)}")
    return hparams


def sizes_of(kind: Kind, sizes: Mapping[str, Any]) -> HParams:
    """A kind's sizes but for those given."""
    changed: dict[str, Any] = {}
    for name, value in sizes.items():
        numbers = tuple(value) if isinstance(value, list | tuple) else (value,)
        if not numbers or not all(isinstance(n, int) and 1 <= n <= LARGEST for n in numbers):
            raise ValueError(f"{name} must be 1..{LARGEST}, got {value}")
        match name:
            case "z_size":
                changed["z_size"] = value
            case "encoder":
                changed["enc_rnn_size"] = numbers
            case "decoder":
                changed["dec_rnn_size"] = numbers
            case _:
                raise ValueError(f"sizes are z_size, encoder and decoder, got {name}")
    return replace(kind.sizes, **changed)


def settings_of(kind: Kind, settings: Mapping[str, float]) -> Settings:
    """A kind's settings but for those given."""
    for name in ("steps", "batch"):
        if settings.get(name, 1) < 1:
            raise ValueError(f"{name} must be 1 or more, got {settings[name]}")
    return replace(kind.settings, **settings)  # type: ignore[arg-type]


@contextmanager
def stopped_by_signals() -> Iterator[Callable[[], bool]]:
    """Whether SIGINT or SIGTERM came; meanwhile they do nothing else. A second SIGINT ends at once."""
    stopping: list[int] = []

    def stop(number: int, _frame: FrameType | None) -> None:
        if stopping:
            raise KeyboardInterrupt
        stopping.append(number)
        say("stopping after this step, with a checkpoint; again to stop at once")

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(stopping)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
