"""A MIDI file as a note model hears it: one track's notes in beats, and the bars that they lie in."""

import bisect
import itertools
import math
import statistics
from collections import Counter
from pathlib import Path

import msgspec

from models.contract import Note, Phrase
from models.music_vae import midi_file
from models.music_vae.midi_file import DRUM_CHANNEL
from models.music_vae.score import DEFAULT_QPM, Metre, Score, Tempo

LATE = 0.5
"""Beats by which a last note may reach into a bar without making it one of the piece's."""
ALONE = 0.6
"""A track is a melody if at least this share of its onsets is of one note."""
SAME_TIME = 1 / 16
"""Beats within which notes begin together."""


class Piece(msgspec.Struct, frozen=True):
    """What was read."""

    notes: tuple[Note, ...]
    """Of the track that is heard, ordered by start, in beats from the file's beginning."""
    bars: int
    beats_per_bar: int
    tempos: tuple[tuple[float, float], ...]
    """Beat and beats per minute of each change; the first is at beat 0."""
    track: str
    """Its name, or its number."""
    program: int
    """General MIDI's, 0..127."""
    drums: bool

    @property
    def tempo(self) -> float:
        """Beats per minute at the end."""
        return self.tempos[-1][1]

    def phrase(self, first: int, last: int) -> Phrase:
        """Bars ``first`` to ``last``, counted from 0, the last one excluded; a note is cut where the last bar ends."""
        start, end = first * self.beats_per_bar, last * self.beats_per_bar
        notes = [
            msgspec.structs.replace(note, start=note.start - start, duration=min(note.duration, end - note.start))
            for note in self.notes
            if start <= note.start < end
        ]
        return Phrase(tuple(notes), last - first, self.beats_per_bar)


def read(path: Path, track: str = "", beats_per_bar: int | None = None, drums: bool | None = None) -> Piece:
    """Read a file. ``track`` is a track's name or its number, from 1; empty: the melody, or the drums.

    ``drums`` True takes drums only, False anything but drums, None drums only where there is nothing else. Without
    ``beats_per_bar`` the file's metre counts, and where it changes the one that is longest in force.

    Raises OSError if it cannot be read, ValueError with the path and the reason if it is no MIDI file, has no such
    track, or no bars of whole beats.
    """
    score = midi_file.read(path)
    beats = _Beats(score)
    number = _chosen(path, score, track, drums)
    heard = [n for n in score.notes if (n.is_drum if number is None else n.instrument == number)]
    notes = sorted(
        (
            Note(
                n.pitch,
                max(1, n.velocity),
                beats.at(n.start),
                max(beats.at(n.end) - beats.at(n.start), SAME_TIME),
                DRUM_CHANNEL if n.is_drum else 0,
            )
            for n in heard
        ),
        key=lambda note: (note.start, note.pitch),
    )
    bar = beats_per_bar or _beats_per_bar(path, score, beats)
    last_end = max(note.start + note.duration for note in notes)
    bars = max(int(notes[-1].start / bar + 1e-6) + 1, math.ceil((last_end - LATE) / bar))
    name = "drums" if number is None else (score.names[number] if number < len(score.names) else "") or str(number + 1)
    return Piece(tuple(notes), bars, bar, beats.tempos, name, heard[0].program, heard[0].is_drum)


class _Beats:
    """Seconds to beats under changing tempo."""

    def __init__(self, score: Score) -> None:
        changes = sorted(score.tempos, key=lambda tempo: tempo.time)
        if not changes or changes[0].time > 0:
            changes.insert(0, Tempo(0.0, DEFAULT_QPM))
        self._times = [change.time for change in changes]
        beats = [0.0]
        for one, two in itertools.pairwise(changes):
            beats.append(beats[-1] + (two.time - one.time) * one.qpm / 60)
        self.tempos = tuple((beat, change.qpm) for beat, change in zip(beats, changes, strict=True))

    def at(self, time: float) -> float:
        """The beat at a moment in seconds, to a thousandth: files count ticks."""
        number = max(0, bisect.bisect_right(self._times, time) - 1)
        beat, qpm = self.tempos[number]
        return round(beat + (time - self._times[number]) * qpm / 60, 3)


def _beats_per_bar(path: Path, score: Score, beats: _Beats) -> int:
    metres = [*sorted(score.metres, key=lambda metre: metre.time)]
    if not metres or metres[0].time > 0:
        metres.insert(0, Metre(0.0, 4, 4))
    lasting: Counter[float] = Counter()
    for one, two in zip(metres, [*metres[1:], Metre(score.total_time, 4, 4)], strict=True):
        lasting[one.numerator * 4 / one.denominator] += max(0.0, beats.at(two.time) - beats.at(one.time))  # type: ignore[assignment]
    longest = max(lasting, key=lambda length: lasting[length])
    if longest == 1:  # programs write 1/4 where they know of no bars
        longest = 4
    if longest != int(longest) or not 1 <= longest <= 16:
        raise ValueError(
            f"{path}: a bar must have 1..16 whole quarters, has {longest:g}: say how many with --beats-per-bar"
        )
    return int(longest)


def _chosen(path: Path, score: Score, track: str, drums: bool | None) -> int | None:
    """The instrument that is heard; None: all drums."""
    instruments = {note.instrument: note.is_drum for note in score.notes}
    pitched = [number for number, is_drum in instruments.items() if not is_drum]
    if track:
        for number in sorted(instruments):
            name = score.names[number] if number < len(score.names) else ""
            if track.lower() == name.lower() or track == str(number + 1):
                return number
        names = [score.names[n] if n < len(score.names) else "" for n in sorted(instruments)]
        known = ", ".join(f"{n + 1} {name}".strip() for n, name in enumerate(names))
        raise ValueError(f"{path}: track must be one of {known}; got {track!r}")
    if drums is not False and (drums or not pitched):
        if len(pitched) == len(instruments):
            raise ValueError(f"{path}: there must be drums, on channel 10; it has none: say which --track is played on")
        return None
    if not pitched:
        raise ValueError(f"{path}: there must be notes other than drums, it has none")
    named = [n for n in pitched if n < len(score.names) and "melody" in score.names[n].lower()]
    return max(named or pitched, key=lambda number: _melodic(score, number))


def _melodic(score: Score, number: int) -> tuple[bool, float]:
    """What speaks for taking an instrument for the melody: that it plays one note at a time, and high."""
    own = [note for note in score.notes if note.instrument == number]
    starts = Counter(round(note.start / (SAME_TIME / 2)) for note in own)
    alone = sum(count == 1 for count in starts.values()) / len(starts)
    return alone >= ALONE, statistics.median(note.pitch for note in own)
