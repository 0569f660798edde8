"""Notes to steps and steps to notes, against what Magenta's own converters made."""

import numpy as np

from models.music_vae import configs, encodings
from models.music_vae.score import Chord, Metre, Score, ScoreNote, Tempo


def score_of(sequence):
    """A note_seq NoteSequence, as its JSON, as ours."""
    return Score(
        tuple(
            ScoreNote(
                n["pitch"],
                n.get("velocity", 0),
                n.get("startTime", 0.0),
                n["endTime"],
                n.get("instrument", 0),
                n.get("program", 0),
                n.get("isDrum", False),
            )
            for n in sequence["notes"]
        ),
        tuple(Tempo(t.get("time", 0.0), t["qpm"]) for t in sequence.get("tempos", ())),
        tuple(Metre(t.get("time", 0.0), t["numerator"], t["denominator"]) for t in sequence.get("timeSignatures", ())),
        tuple(Chord(t.get("time", 0.0), t["text"]) for t in sequence.get("textAnnotations", ())),
        sequence.get("totalTime", 0.0),
    )


def test_note_sequences_become_the_same_steps(reference):
    config, arrays = configs.find(reference.name), reference.arrays
    for row, sequence in enumerate(reference.meta["note_sequences"]):
        examples = encodings.encode(config, score_of(sequence)).examples
        assert len(examples) == 1
        (found,) = examples
        for name in ("x", "y", "controls"):
            np.testing.assert_array_equal(getattr(found, name), arrays[name][row], err_msg=name)
        np.testing.assert_array_equal(found.lengths, arrays["lengths"][row])
        assert found.x.dtype == found.y.dtype == found.controls.dtype == np.float32


def test_sampled_steps_become_the_same_notes(reference):
    config, arrays = configs.find(reference.name), reference.arrays
    for row, sequence in enumerate(reference.meta["decoded_from_sampled"]):
        chorded = row if reference.checkpoint.name == "model.ckpt" else 0  # as the references were made
        found = encodings.decode(config, arrays["sampled"][row].astype(np.float32), arrays["controls"][chorded])
        wanted = score_of(sequence)
        order = lambda note: (note.start, note.end, note.instrument, note.pitch, note.velocity)  # noqa: E731
        assert sorted(found.notes, key=order) == sorted(wanted.notes, key=order)
        assert found.chords == wanted.chords
        assert found.tempos == wanted.tempos
