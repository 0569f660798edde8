"""Melody steps against what Magenta's converter gave, and their rules."""

import json
from pathlib import Path

import numpy as np

from models.music_vae import melody

REFERENCE = Path(__file__).parents[2] / "data" / "music_vae" / "cat-mel_2bar_small"
STEP_SECONDS = 0.125  # a 16th at 120 bpm, the tempo of the reference


def test_encoding_is_magentas() -> None:
    meta = json.loads((REFERENCE / "meta.json").read_text())
    with np.load(REFERENCE / "io.npz") as io:
        expected = io["y"].argmax(2)
    for sequence, steps in zip(meta["note_sequences"], expected, strict=True):
        notes = [
            (round(n.get("startTime", 0.0) / STEP_SECONDS), round(n["endTime"] / STEP_SECONDS), n["pitch"])
            for n in sequence["notes"]
        ]
        assert melody.encode(notes, 32).tolist() == steps.tolist()


def test_the_highest_of_notes_that_start_together_is_kept() -> None:
    steps = melody.encode([(0, 4, 60), (0, 8, 67)], 8)
    assert melody.decode(steps) == [(0, 8, 67)]


def test_a_note_cuts_off_the_one_before() -> None:
    assert melody.decode(melody.encode([(0, 8, 60), (2, 4, 62)], 8)) == [(0, 2, 60), (2, 4, 62)]


def test_notes_come_back_as_they_were() -> None:
    notes = [(0, 3, 21), (3, 4, 108), (8, 16, 60)]
    assert melody.decode(melody.encode(notes, 16)) == notes


def test_a_window_does_not_begin_by_ending_a_note() -> None:
    steps = melody.encode([(0, 20, 60), (24, 28, 62)], 48)
    cut = melody.window(steps, 16)
    assert melody.decode(cut) == [(8, 12, 62)]
    assert (cut == melody.NOTE_OFF).sum() == 1
    assert not melody.window(steps, 32, 16).any()


def test_transposing_moves_notes_only() -> None:
    steps = melody.encode([(0, 3, 60)], 8)
    assert melody.decode(melody.transpose(steps[None], [5])[0]) == [(0, 3, 65)]


def test_every_class_is_a_pitch_of_the_range() -> None:
    assert melody.CLASSES == 90
    assert melody.decode([melody.CLASSES - 1]) == [(0, 1, 108)]
    assert melody.decode([melody.FIRST_NOTE]) == [(0, 1, 21)]
