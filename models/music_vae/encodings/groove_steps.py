"""Grooves: nine drums' hits, velocities and offsets a 16th (magenta `data.py` GrooveConverter).

An offset is how much earlier than its step a hit comes, in half steps: -1..1. Velocities are 0..1.
"""

import numpy as np

from models.music_vae.configs import DRUM_CLASSES, Encoding
from models.music_vae.encodings.drum_steps import CHANNEL
from models.music_vae.encodings.example import Encoded, example
from models.music_vae.encodings.melody_steps import QPM, SECONDS_PER_STEP, STEPS_PER_BAR, STEPS_PER_QUARTER
from models.music_vae.kits import REDUCED, classes
from models.music_vae.score import Refusal, Score, ScoreNote, Tempo, to_grid
from models.music_vae.weights import Array

TAP_CLASS = 3
"""Taps go to the open hi-hat."""
_CLASSES = classes(REDUCED)


def encode(encoding: Encoding, score: Score) -> Encoded:
    """Successive windows of the whole piece, every note a drum; of hits in one cell the loudest counts.

    The input is the output without what the model is to supply: without velocities and offsets to humanise, as taps
    on one drum, or without the drums to add. Notes are never left out at random, which Magenta does in training.
    """
    found = Encoded()
    if not score.notes:
        return Encoded(refused=["a groove must hold at least one drum, got none"])
    try:
        y = steps_of(score)
    except Refusal as reason:
        return Encoded(refused=[str(reason)])
    x = heard(encoding, y)
    steps = encoding.bars * STEPS_PER_BAR
    for start in range(0, len(y) - steps + 1, steps):
        window = slice(start, start + steps)
        controls = y[window, :DRUM_CLASSES] if encoding.hits_as_controls else None
        found.examples.append(example(x[window], y[window], controls))
    left = len(y) % steps // STEPS_PER_BAR
    if left:
        found.refused.append(f"a groove must be {encoding.bars} bars long, {left} at the end are not")
    return found


def decode(encoding: Encoding, steps: Array) -> Score:
    """Hits, a 16th long, at 120 quarters a minute from steps [time, 27]; an early first hit starts before 0."""
    hit, velocities, offsets = np.split(steps.astype(np.float64), 3, axis=-1)
    notes: list[ScoreNote] = []
    for step, drum in np.argwhere(hit > 0.5).tolist():
        velocity = int(np.clip(np.rint(velocities[step, drum] * 127), 0, 127))
        start = (step - float(np.clip(offsets[step, drum] / 2, -0.5, 0.5))) * SECONDS_PER_STEP
        notes.append(ScoreNote(REDUCED[drum][0], velocity, start, start + SECONDS_PER_STEP, CHANNEL, 0, is_drum=True))
    return Score(tuple(notes), (Tempo(0.0, QPM),), total_time=max((note.end for note in notes), default=0.0))


def steps_of(score: Score) -> Array:
    """Hits, velocities and offsets of the whole piece [time, 27], in whole bars. Raises Refusal where it has none."""
    grid = to_grid(score, STEPS_PER_QUARTER, STEPS_PER_BAR)
    bars = max(note.start for note in grid.notes) // STEPS_PER_BAR + 1
    seconds_per_step = 60.0 / grid.qpm / STEPS_PER_QUARTER
    y = np.zeros((bars * STEPS_PER_BAR, 3 * DRUM_CLASSES), np.float64)
    loudest: dict[tuple[int, int], ScoreNote] = {}
    for placed in grid.notes:
        note = placed.note
        if note.pitch not in _CLASSES:
            raise Refusal(f"a groove's notes must be drums of the kit, pitch {note.pitch} is none")
        cell = placed.start, _CLASSES[note.pitch]
        if cell not in loudest or note.velocity > loudest[cell].velocity:
            loudest[cell] = note
    for (step, drum), note in loudest.items():
        early = (seconds_per_step * step - note.start) / seconds_per_step
        y[step, drum::DRUM_CLASSES] = 1.0, note.velocity / 127.0, early * 2
    return y.astype(np.float32)


def heard(encoding: Encoding, y: Array) -> Array:
    """What the encoder reads of steps y [time, 27]: y without what the model is to supply."""
    x = y.copy()
    hit, velocities, offsets = (x[:, n * DRUM_CLASSES : (n + 1) * DRUM_CLASSES] for n in range(3))
    if encoding.tapify:
        loudest = velocities.argmax(1)
        rows = np.arange(len(x))
        for part in (hit, velocities, offsets):
            tapped = part[rows, loudest]
            part[:] = 0.0
            part[:, TAP_CLASS] = tapped
    if encoding.humanize:
        offsets[:] = 0.0
    if encoding.humanize or encoding.fixed_velocities:
        velocities[:] = 0.0
    for drum in encoding.removed:
        for part in (hit, velocities, offsets):
            part[:, drum] = 0.0
    return x
