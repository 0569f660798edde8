"""Magenta.js checkpoints: `weights_manifest.json` with shards of bytes, and `config.json`, in one folder.

Source: tensorflow/tfjs `io/weights_loader`, `io_utils`; magenta-js `music/src/music_vae/model.ts`, `core/data.ts`.
"""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from models.music_vae.checkpoints.source import Folder, Source
from models.music_vae.checkpoints.tensorflow import NOT_WEIGHTS
from models.music_vae.configs import Config
from models.music_vae.kits import FULL

MANIFEST = "weights_manifest.json"
LARGEST_MANIFEST = 16 << 20
SHARD = 4 << 20
"""Bytes; what tfjs-converter writes, for browsers' caches."""
PLAIN = {"float32": "<f4", "int32": "<i4", "bool": "u1"}
QUANTIZED = {"uint8": "u1", "uint16": "<u2", "float16": "<f2"}
Precision = Literal["float32", "uint16", "uint8"]


def read(path: Path) -> dict[str, npt.NDArray[Any]]:
    """The weights by variable name, as float32; quantised ones are value · scale + min.

    Raises ValueError, saying what of the manifest is wrong.
    """
    source = Folder(path)
    if source.size(MANIFEST) > LARGEST_MANIFEST:
        raise ValueError(f"{path / MANIFEST} must be at most {LARGEST_MANIFEST} bytes, has {source.size(MANIFEST)}")
    try:
        groups = json.loads(source.read(MANIFEST, 0, source.size(MANIFEST)))
        found: dict[str, npt.NDArray[Any]] = {}
        for group in groups:
            found.update(_group(source, group["paths"], group["weights"]))
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"{path / MANIFEST}: not a manifest: {type(error).__name__} {error}") from error
    except ValueError as error:  # also what JSON is not
        raise ValueError(f"{path / MANIFEST}: {error}") from error
    return found


def _group(source: Source, paths: list[str], weights: list[dict[str, Any]]) -> dict[str, npt.NDArray[Any]]:
    data = b"".join(source.read(name, 0, source.size(name)) for name in dict.fromkeys(paths))
    found: dict[str, npt.NDArray[Any]] = {}
    at = 0
    for weight in weights:
        name, shape, kind = str(weight["name"]), tuple(weight["shape"]), weight["dtype"]
        if not all(isinstance(size, int) and size >= 0 for size in shape):
            raise ValueError(f"{name!r}: a shape must be whole numbers, got {list(shape)}")
        quantization = weight.get("quantization")
        types = PLAIN if quantization is None else QUANTIZED
        stored = kind if quantization is None else quantization["dtype"]
        if stored not in types:
            raise ValueError(f"{name!r}: a dtype must be one of {', '.join(types)}, got {stored!r}")
        dtype = np.dtype(types[stored])
        end = at + math.prod(shape) * dtype.itemsize
        if end > len(data):
            raise ValueError(f"{name!r} ends at byte {end}, the shards have {len(data)}")
        if kind == "float32" and not NOT_WEIGHTS.search(name):
            values = np.frombuffer(data[at:end], dtype).reshape(shape)
            if quantization is not None and dtype.kind == "u":
                values = values * _finite(name, quantization["scale"]) + _finite(name, quantization["min"])
            found[name] = values.astype(np.float32)
        at = end
    return found


def _finite(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{name!r}: scale and min must be finite numbers, got {value!r}")
    return float(value)


def write(
    path: Path, config: Config, tensors: Mapping[str, npt.NDArray[Any]], precision: Precision = "float32"
) -> None:
    """Write a folder that @magenta/music loads. Raises ValueError for a network that it does not know.

    uint16 and uint8 quantise each tensor between its least and greatest value.
    """
    description = spec(config)
    path.mkdir(parents=True, exist_ok=True)
    weights: list[dict[str, Any]] = []
    parts: list[bytes] = []
    for name, array in tensors.items():
        values = np.asarray(array, np.float32)
        weight: dict[str, Any] = {"name": name, "shape": list(values.shape), "dtype": "float32"}
        if precision == "float32":
            parts.append(values.astype("<f4").tobytes())
        else:
            low, high = float(values.min()), float(values.max())
            scale = (high - low) / np.iinfo(precision).max or 1.0
            weight["quantization"] = {"dtype": precision, "scale": scale, "min": low}
            parts.append(np.rint((values.astype(np.float64) - low) / scale).astype(QUANTIZED[precision]).tobytes())
        weights.append(weight)
    data = b"".join(parts)
    count = max(1, -(-len(data) // SHARD))
    names = [f"group1-shard{number + 1}of{count}" for number in range(count)]
    for number, name in enumerate(names):
        (path / name).write_bytes(data[number * SHARD : (number + 1) * SHARD])
    (path / "config.json").write_text(json.dumps(description, indent=2) + "\n")
    (path / MANIFEST).write_text(json.dumps([{"paths": names, "weights": weights}]) + "\n")


def spec(config: Config) -> dict[str, Any]:
    """What magenta-js's `config.json` says of a configuration. Raises ValueError if it knows no such network."""
    if config.decoder_levels and not config.encoder_levels:
        raise ValueError(f"magenta-js reads no flat encoder with a hierarchical decoder, as {config.name} has")
    if len(config.hparams.enc_rnn_size) != 1:
        raise ValueError(f"magenta-js reads encoders of one layer, {config.name} has {config.hparams.enc_rnn_size}")
    if len(config.encoding.output_depths) > 1 and not config.split_decoders:
        raise ValueError(f"magenta-js reads no single decoder of several parts, as {config.name} has")
    encoding = config.encoding
    steps: dict[str, Any] = {"numSteps": config.hparams.max_seq_len}
    if config.decoder_levels:
        steps["numSegments"] = config.decoder_levels[0]
    pitches = {"minPitch": 21, "maxPitch": 108}
    match encoding.kind:
        case "melody":
            converter = {"type": "MelodyConverter", "args": steps | pitches}
        case "drums":
            kind = "DrumRollConverter" if encoding.roll_output else "DrumsConverter"
            converter = {"type": kind, "args": steps | ({"pitchClasses": FULL} if encoding.full_kit else {})}
        case "trio":
            parts = {"melArgs": dict(pitches), "bassArgs": dict(pitches), "drumsArgs": {}}
            converter = {"type": "TrioConverter", "args": steps | parts}
        case "groove":
            flags = {"humanize": encoding.humanize, "tapify": encoding.tapify}
            converter = {"type": "GrooveConverter", "args": steps | flags}
        case "multiperf":
            sizes = {"stepsPerQuarter": 24, "totalSteps": 96, "numVelocityBins": 8}
            converter = {"type": "MultitrackConverter", "args": steps | sizes}
    found: dict[str, Any] = {"type": "MusicVAE", "dataConverter": converter}
    if encoding.chords:
        found["chordEncoder"] = "TriadChordEncoder"
    if encoding.hits_as_controls:
        found["extraControls"] = [{"name": "hits", "depth": 9}]
    return found
