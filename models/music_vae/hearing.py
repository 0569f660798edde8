"""What the player hears of a call: its top line on the model's grid, its loudness and its register."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.contract import Phrase
from models.music_vae import melody
from models.music_vae.metre import STEPS, STEPS_PER_BEAT, ModelBar, model_bars

WINDOW_BARS = 2
COMFORTABLE = (55, 79)
"""Where most melodies that were learned from have their median pitch; calls outside are heard octaves away."""
REACH = 7
"""Semitones that an answer may go beyond the call's lowest and highest note."""
SILENT_VELOCITY = 88
"""Of notes that answer none."""
OCTAVE = 12
MAJOR = (0, 2, 4, 5, 7, 9, 11)
CLEAR = 0.85
"""A call has a key if at least this share of its notes lies in one major scale (its minor has the same notes)."""

Tops = dict[int, tuple[int, int, int]]
"""By the 16th at which each begins: a note's pitch, the 16th at which it ends, and its velocity."""


@dataclass(frozen=True)
class Window:
    """Two of the model's bars: steps of classes [32], and the velocity that the call had at each of them."""

    steps: melody.Steps
    velocities: list[int]

    @property
    def onsets(self) -> int:
        """How many notes begin in it."""
        return int((self.steps >= melody.FIRST_NOTE).sum())


@dataclass(frozen=True)
class Heard:
    """A call as the model takes it."""

    windows: list[Window]
    """In order, those in which a note begins; the last is the freshest."""
    octaves: int
    """Semitones, a multiple of 12, that were added to bring the call to where the model is at home."""
    lowest: int
    highest: int
    channel: int
    foreign: npt.NDArray[np.bool_]
    """Of the model's 90 classes, the notes outside the call's key; of none if the call has no clear key."""
    pitches: list[int]
    """Of its top line, in order."""
    beats_per_bar: int
    next_bar: int = 0
    """The transport's bar in which an answer begins."""
    reach: int = REACH
    """Semitones that an answer may go beyond what was heard."""

    def pitch(self, decoded: int) -> int:
        """A decoded pitch in the call's register: octaves away if it is farther than the reach."""
        pitch = decoded - self.octaves
        low = min(max(0, self.lowest - self.reach), 127 - OCTAVE)
        high = min(127, max(self.highest + self.reach, low + OCTAVE))
        while pitch < low:
            pitch += OCTAVE
        while pitch > high:
            pitch -= OCTAVE
        return pitch


def hear(call: Phrase) -> Heard:
    """Quantise a call to 16ths and cut it into windows of two model bars, counted back from its end.

    Of notes that start together the highest is taken, and a new note ends the one before. A call of a single model
    bar is heard twice over. Raises ValueError, stating the rule, for a call without notes or without bars.
    """
    if call.bars < 1 or call.beats_per_bar < 1:
        raise ValueError(f"a call must have 1 bar or more of 1 beat or more, got {call.bars} of {call.beats_per_bar}")
    if not call.notes:
        raise ValueError("a call must hold at least one note, got none")
    octaves = octaves_to(float(np.median([note.pitch for note in call.notes])))
    tops = top_line(call)
    bars = model_bars(call.bars, call.beats_per_bar)
    if len(bars) < WINDOW_BARS:
        bars *= WINDOW_BARS
    windows = [window_of(bars[end - WINDOW_BARS : end], tops, octaves) for end in range(len(bars), 1, -WINDOW_BARS)]
    if not any(window.onsets for window in windows):  # an odd bar at the beginning has all the notes
        windows = [window_of(bars[:WINDOW_BARS], tops, octaves)]
    pitches = [pitch for pitch, _, _ in tops.values()]
    return Heard(
        [window for window in reversed(windows) if window.onsets],
        octaves,
        min(pitches),
        max(pitches),
        call.notes[-1].channel,
        foreign_to(pitches),
        pitches,
        call.beats_per_bar,
        call.next_bar,
    )


def top_line(call: Phrase) -> Tops:
    """The highest of the notes that start at each 16th, in order."""
    total = call.bars * call.beats_per_bar * STEPS_PER_BEAT
    tops: Tops = {}
    for note in call.notes:
        start = min(max(0, nearest(note.start)), total - 1)
        end = max(start + 1, nearest(note.start + note.duration))
        if start not in tops or note.pitch > tops[start][0]:
            tops[start] = (note.pitch, end, note.velocity)
    return dict(sorted(tops.items()))


def nothing_heard(beats_per_bar: int, next_bar: int = 0) -> Heard:
    """What a melody that answers nothing goes by: all keys, where the model is at home, not loud and not soft."""
    window = Window(np.zeros(WINDOW_BARS * STEPS, np.int64), [SILENT_VELOCITY] * WINDOW_BARS * STEPS)
    return Heard([window], 0, *COMFORTABLE, 0, np.zeros(melody.CLASSES, bool), [], beats_per_bar, next_bar)


def foreign_to(pitches: list[int]) -> npt.NDArray[np.bool_]:
    """Which of the 90 classes are notes neither heard nor in any of the major scales that fit the pitches best."""
    counts = np.bincount(np.array(pitches) % OCTAVE, minlength=OCTAVE)
    scales = (np.array(MAJOR) + np.arange(OCTAVE)[:, None]) % OCTAVE
    fits = counts[scales].sum(1)
    at_home = counts > 0
    at_home[scales[fits == fits.max()]] = True
    if fits.max() < CLEAR * len(pitches):
        at_home[:] = True
    classes = np.zeros(melody.CLASSES, bool)
    classes[melody.FIRST_NOTE :] = ~at_home[np.arange(melody.MIN_PITCH, melody.MAX_PITCH + 1) % OCTAVE]
    return classes


def nearest(beat: float) -> int:
    """The nearest 16th; between two, the later, as note_seq rounds."""
    return int(np.floor(beat * STEPS_PER_BEAT + 0.5))


def octaves_to(median: float) -> int:
    """Semitones, a multiple of 12, that bring a median pitch into :data:`COMFORTABLE`."""
    low, high = COMFORTABLE
    if median < low:
        return OCTAVE * int(np.ceil((low - median) / OCTAVE))
    if median > high:
        return -OCTAVE * int(np.ceil((median - high) / OCTAVE))
    return 0


def window_of(bars: list[ModelBar], tops: Tops, octaves: int) -> Window:
    """What of a top line lies in some of the model's bars, moved by so many semitones."""
    notes: list[melody.StepNote] = []
    louds: dict[int, int] = {}
    for number, bar in enumerate(bars):
        first, beyond = bar.start * STEPS_PER_BEAT, (bar.start + bar.beats) * STEPS_PER_BEAT
        for start, (pitch, end, velocity) in tops.items():
            if not first <= start < beyond:
                continue
            step = number * STEPS + bar.step_of(start)
            notes.append((step, _end(bars, number, end), _within_range(pitch + octaves)))
            louds[step] = velocity
    steps = melody.encode(notes, len(bars) * STEPS)
    velocity = louds[min(louds)] if louds else 0
    velocities = []
    for step in range(len(steps)):
        velocity = louds.get(step, velocity)
        velocities.append(velocity)
    return Window(steps, velocities)


def _end(bars: list[ModelBar], number: int, end: int) -> int:
    """The step at which a note ends that began in bar ``number``; one held over the bar's end lasts to the next."""
    for later in range(number, len(bars)):
        bar = bars[later]
        if end < (bar.start + bar.beats) * STEPS_PER_BEAT:
            return later * STEPS + bar.step_of(end)
        if later + 1 < len(bars) and bars[later + 1].start != bar.start + bar.beats:
            return (later + 1) * STEPS  # a bar heard twice over: nothing is held from one time to the next
    return len(bars) * STEPS


def _within_range(pitch: int) -> int:
    while pitch < melody.MIN_PITCH:
        pitch += OCTAVE
    while pitch > melody.MAX_PITCH:
        pitch -= OCTAVE
    return pitch
