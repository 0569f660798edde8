"""A SoundFont 2.1 with one sound: a sine that lasts for as long as its key is held, and ends at once with it."""

import struct
from pathlib import Path

import numpy as np

RATE = 48000
PERIOD = 192
"""Samples; at RATE 250 Hz."""
ROOT = 59
"""The key, less CENTS, at which the sample sounds as it is: 250 Hz are 21 cents above its 246.94 Hz."""
CENTS = -21
PERIODS = 16
SPARE = 46
"""Samples of silence that must follow each sample."""


def write(path: Path) -> None:
    """Write the file."""
    sine = np.sin(2 * np.pi * np.arange(PERIOD * PERIODS) / PERIOD)
    samples = np.concatenate([16000 * sine, np.zeros(SPARE)]).astype("<i2").tobytes()
    length = PERIOD * PERIODS
    name = b"sine".ljust(20, b"\0")
    end = b"end".ljust(20, b"\0")
    bag = struct.pack("<4H", 0, 0, 1, 0)  # one zone, and where it ends
    gen = "<Hh"
    preset = [
        ("phdr", name + struct.pack("<3H3I", 0, 0, 0, 0, 0, 0) + end + struct.pack("<3H3I", 0, 0, 1, 0, 0, 0)),
        ("pbag", bag),
        ("pmod", bytes(10)),
        ("pgen", struct.pack(gen, _INSTRUMENT, 0) + bytes(4)),
        ("inst", name + struct.pack("<H", 0) + end + struct.pack("<H", 1)),
        ("ibag", struct.pack("<4H", 0, 0, 2, 0)),
        ("imod", bytes(10)),
        ("igen", struct.pack(gen, _SAMPLE_MODES, _LOOPED) + struct.pack(gen, _SAMPLE, 0) + bytes(4)),
        (
            "shdr",
            name
            + struct.pack("<5IBbHH", 0, length, PERIOD, length - PERIOD, RATE, ROOT, CENTS, 0, _MONO)
            + end
            + bytes(26),
        ),
    ]
    info = [("ifil", struct.pack("<2H", 2, 1)), ("isng", b"EMU8000\0"), ("INAM", b"sine\0\0")]
    body = _list("INFO", info) + _list("sdta", [("smpl", samples)]) + _list("pdta", preset)
    path.write_bytes(_chunk("RIFF", b"sfbk" + body))


_INSTRUMENT, _SAMPLE, _SAMPLE_MODES, _LOOPED, _MONO = 41, 53, 54, 1, 1
"""Generators and values as the specification numbers them."""


def _chunk(name: str, content: bytes) -> bytes:
    return name.encode() + struct.pack("<I", len(content)) + content


def _list(kind: str, chunks: list[tuple[str, bytes]]) -> bytes:
    return _chunk("LIST", kind.encode() + b"".join(_chunk(name, content) for name, content in chunks))
