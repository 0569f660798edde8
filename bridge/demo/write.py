"""A performance's files: each whole, or not there."""

from collections.abc import Callable
from pathlib import Path

from bridge.demo.midi_file import write_midi
from bridge.demo.performance import Performance
from bridge.demo.piano_roll import write_png
from bridge.demo.synth import render, write_wav
from bridge.demo.video import write_mp4
from bridge.measure.figures import Figure
from bridge.measure.files import writing
from bridge.measure.report import Report

SPACE = 32 << 20
"""Bytes that the files may need; a demo of twenty seconds takes about ten million."""


def write(played: Performance, report: Report, out: Path, tell: Callable[[str], None]) -> list[Path]:
    """Write ``demo.{mid,png,wav,mp4,json}`` into the folder; return their paths. Raises OSError or NoEncoderError."""
    paths = [out / f"demo.{kind}" for kind in ("mid", "png", "wav", "mp4", "json")]
    midi, png, wav, mp4, json = paths
    tell("writing the notes and the picture")
    with writing(midi) as path:
        write_midi(played, path)
    with writing(png) as path:
        write_png(played, _title(played), _footer(report.figures), path)
    tell("writing the sound and the film")
    sound = render(played)
    with writing(wav) as path:
        write_wav(sound, path)
    with writing(mp4) as path:
        write_mp4(played, sound, path)
    report.write(json)
    return paths


def _title(played: Performance) -> str:
    calls = sum(section.voice == "call" for section in played.sections)
    count = {1: "One call", 2: "Two calls", 3: "Three calls"}.get(calls, f"{calls} calls")
    return f"{count}, each answered on the next bar · {played.tempo:g} beats per minute · the frames as they came"


def _footer(figures: list[Figure]) -> str:
    shown = {
        "first_note_timing_max_ms": "first note of an answer within {} ms of its moment",
        "note_timing_p50_ms": "notes within {} ms of the grid (median)",
        "osc_round_trip_p50_ms": "OSC round trip {} ms",
        "frames_per_second": "{} frames a second",
    }
    values = {figure.name: figure.shown for figure in figures if figure.value is not None}
    line = "  ·  ".join(text.format(values[name]) for name, text in shown.items() if name in values)
    return line[:1].upper() + line[1:]
