"""A small synthesiser: an electric piano on the left calls, a bell-like pluck on the right answers, in one room."""

import wave
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bridge.demo.performance import Heard, Performance, Voice

if TYPE_CHECKING:
    from numpy.typing import NDArray

RATE = 48_000
"""Samples a second."""
TAIL = 2.0
"""Seconds after the last bar for the room to fade."""
PEAK = 0.84
"""The loudest sample, of 1."""
PAN: dict[Voice, float] = {"call": 0.22, "answer": 0.78}
"""0 is left, 1 is right."""
RELEASE = 0.18
"""Seconds in which an ended note fades."""
WET = 0.2
"""Level of the room against the notes."""


def render(performance: Performance) -> "NDArray[np.float32]":
    """Return the performance as sound: shape [samples, 2], within ±PEAK; silence stays silence."""
    length = int((performance.seconds + TAIL) * RATE)
    dry = np.zeros((length, 2), np.float64)
    for note in performance.notes:
        sound = _note(note, performance.beat_seconds)
        first = max(0, round(note.start * performance.beat_seconds * RATE))
        sound = sound[: max(0, length - first)]
        angle = PAN[note.voice] * np.pi / 2
        dry[first : first + len(sound)] += sound[:, None] * np.array([np.cos(angle), np.sin(angle)])
    mixed = dry + WET * _room(dry)
    fade = int(0.25 * RATE)
    mixed[-fade:] *= np.linspace(1.0, 0.0, fade)[:, None]
    loudest = float(np.abs(mixed).max())
    return (mixed * (PEAK / loudest if loudest else 0.0)).astype(np.float32)


def write_wav(sound: "NDArray[np.float32]", path: Path) -> None:
    """Write 16-bit stereo. Raises OSError."""
    with path.open("wb") as target, wave.open(target, "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((sound * 32767).round().astype("<i2").tobytes())


def _note(note: Heard, beat_seconds: float) -> "NDArray[np.float64]":
    held = note.duration * beat_seconds
    time = np.arange(int((held + RELEASE) * RATE)) / RATE
    frequency = 440.0 * 2 ** ((note.pitch - 69) / 12)
    loudness = (note.velocity / 127) ** 1.5
    sound = (_electric_piano if note.voice == "call" else _bell)(time, frequency, loudness)
    rise = np.minimum(1.0, time / 0.004)
    fall = np.clip(1.0 - (time - held) / RELEASE, 0.0, 1.0) ** 2  # from the note's end; at 0 before the array's end
    shaped: NDArray[np.float64] = loudness * sound * np.sin(rise * np.pi / 2) ** 2 * fall
    return shaped


def _electric_piano(time: "NDArray[np.float64]", frequency: float, loudness: float) -> "NDArray[np.float64]":
    """Two pairs of FM: a soft tine with a body, brighter the harder it is struck; fades in about 1.5 s."""
    turn = 2 * np.pi * frequency * time
    body = np.sin(turn + (0.25 + 1.1 * loudness) * np.exp(-time / 0.5) * np.sin(turn))
    tine = np.sin(turn + 0.35 * loudness * np.exp(-time / 0.09) * np.sin(14 * turn))
    low = np.sin(turn / 2) * 0.12
    found: NDArray[np.float64] = (0.62 * body + 0.3 * tine + low) * np.exp(-time / 1.5)
    return found


def _bell(time: "NDArray[np.float64]", frequency: float, loudness: float) -> "NDArray[np.float64]":
    """Partials of a vibraphone bar (1 : 4 : 10), each fading faster than the one below, with its slow tremolo."""
    tremolo = 1.0 + 0.12 * np.sin(2 * np.pi * 5.2 * time)
    sound = np.zeros_like(time)
    for ratio, level, fade in (
        (1.0, 1.0, 1.3),
        (2.0, 0.16, 0.7),
        (4.0, 0.3 * loudness + 0.06, 0.35),
        (10.0, 0.05, 0.06),
    ):
        if ratio * frequency < RATE / 2:
            sound += level * np.exp(-time / fade) * np.sin(2 * np.pi * ratio * frequency * time)
    found: NDArray[np.float64] = 0.85 * sound * tremolo
    return found


def _room(dry: "NDArray[np.float64]") -> "NDArray[np.float64]":
    """The sound of a small hall: convolution with noise that fades, duller as it does, different in each ear."""
    noise = np.random.default_rng(1750).standard_normal((int(1.6 * RATE), 2))  # fixed: the same music, the same file
    time = np.arange(len(noise)) / RATE
    dull = np.apply_along_axis(lambda ear: np.convolve(ear, np.hanning(24) / 12, "same"), 0, noise)
    late = np.minimum(1.0, time / 0.35)  # bright at first, dull later
    response = (noise * (1 - late)[:, None] * 0.5 + dull * late[:, None]) * np.exp(-time / 0.32)[:, None]
    response[: int(0.012 * RATE)] = 0.0  # the walls are a few metres away
    response /= np.sqrt((response**2).sum(axis=0))
    crossed = 0.7 * dry + 0.3 * dry[:, ::-1]
    size = 1 << (len(dry) + len(response)).bit_length()
    spectrum = np.fft.rfft(crossed, size, axis=0) * np.fft.rfft(response, size, axis=0)
    found: NDArray[np.float64] = np.fft.irfft(spectrum, size, axis=0)[: len(dry)]
    return found
