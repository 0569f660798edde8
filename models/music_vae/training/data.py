"""Two-bar windows from folders of songs, split by song; and the melodies of a song.

A folder is read song by song. Melodies: POP909's layout (`NNN.mid` with `NNN.beat_midi.txt`, whose beats and downbeats
are the grid; the MIDI ticks are not), or plain MIDI files, whose ticks and 4/4 time signatures are the grid. Drums are
read by `drums.py`.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import mido
import numpy as np
from mido.midifiles.meta import KeySignatureError

from models.music_vae import melody

WINDOW = 2 * melody.STEPS_PER_BAR
VALIDATION_EVERY = 10  # the 10th, 20th … song by name is validation
NAMED = 10
Part = Literal["train", "validation", "test"]
# (seconds or ticks of start, of end, MIDI pitch)
RawNote = tuple[float, float, int]


@dataclass(frozen=True)
class Windows:
    """Windows [N, 32] of classes or [N, 32, depth], the index of each one's song in `songs`, and what they are of.

    `parts` says of each song whether it is for training, validation or, later, a test; without it every tenth by name
    is validation.
    """

    steps: np.ndarray
    song: np.ndarray
    songs: list[str]
    source: str = ""
    parts: tuple[Part, ...] = ()

    def of(self, part: Part) -> np.ndarray:
        """The windows of a part; no song is in two."""
        parts = np.array(self.parts or [part_of(number) for number in range(len(self.songs))])
        return self.steps[parts[self.song] == part]

    def split(self) -> tuple[np.ndarray, np.ndarray]:
        """Training and validation windows."""
        return self.of("train"), self.of("validation")

    def save(self, path: Path) -> None:
        np.savez_compressed(
            path,
            steps=self.steps.astype(np.int16) if self.steps.ndim == 2 else self.steps,
            song=self.song,
            songs=np.array(self.songs),
            source=self.source,
            parts=np.array(self.parts, str),
        )

    @staticmethod
    def load(path: Path) -> "Windows":
        with np.load(path, allow_pickle=False) as f:
            source = str(f["source"]) if "source" in f else ""
            parts = tuple(str(p) for p in f["parts"]) if "parts" in f else ()
            steps = f["steps"] if f["steps"].ndim == 3 else f["steps"].astype(np.int64)
            return Windows(steps, f["song"], [str(s) for s in f["songs"]], source, parts)  # type: ignore[arg-type]


def part_of(number: int) -> Part:
    """The part of a song by its place among all, by name."""
    return "validation" if number % VALIDATION_EVERY == VALIDATION_EVERY - 1 else "train"


def track_notes(midi: mido.MidiFile, *, seconds: bool) -> dict[str, list[RawNote]]:
    """Notes of each track but drums, by track name (numbered where it has none); times in seconds or in beats."""
    tempos: list[tuple[int, int]] = [(0, 500_000)]
    for track in midi.tracks:
        tick = 0
        for message in track:
            tick += message.time
            if message.type == "set_tempo":
                tempos.append((tick, message.tempo))
    tempos.sort(key=lambda pair: pair[0])
    starts = np.array([t for t, _ in tempos], np.float64)
    rates = np.array([t for _, t in tempos], np.float64) / 1e6 / midi.ticks_per_beat
    passed = np.concatenate([[0.0], np.cumsum(np.diff(starts) * rates[:-1])])

    def when(tick: int) -> float:
        if not seconds:
            return tick / midi.ticks_per_beat
        n = int(np.searchsorted(starts, tick, "right")) - 1
        return float(passed[n] + (tick - starts[n]) * rates[n])

    out: dict[str, list[RawNote]] = {}
    for number, track in enumerate(midi.tracks):
        tick = 0
        open_notes: dict[tuple[int, int], int] = {}
        notes: list[RawNote] = []
        for message in track:
            tick += message.time
            if message.type not in ("note_on", "note_off") or message.channel == 9:
                continue
            key = (message.channel, message.note)
            if key in open_notes:
                notes.append((when(open_notes.pop(key)), when(tick), message.note))
            if message.type == "note_on" and message.velocity > 0:
                open_notes[key] = tick
        if notes:
            out[f"{track.name or 'track'}#{number}"] = notes
    return out


def quantize(notes: list[RawNote], steps_at: Callable[[float], float]) -> list[melody.StepNote]:
    """Notes on the 16th grid, each at least a step long, as in note_seq's quantization."""
    out = []
    for start, end, pitch in notes:
        first, last = round(steps_at(start)), round(steps_at(end))
        out.append((first, max(last, first + 1), pitch))
    return out


Line = tuple[melody.Steps, list[int]]
"""A whole melody in steps, and the steps at which two bars of 4/4 begin."""


def line_of(notes: list[melody.StepNote], bars: list[int]) -> Line:
    """Notes as one line of steps, long enough for the last two bars."""
    length = max(max((n[1] for n in notes), default=0) + 1, max(bars, default=0) + WINDOW)
    return melody.encode(notes, length), [bar for bar in bars if bar >= 0]


def cut(notes: list[melody.StepNote], bars: list[int]) -> np.ndarray:
    """Distinct windows [N, 32] that start at the steps `bars`; silent ones are left out."""
    if not notes or not bars:
        return np.zeros((0, WINDOW), np.int64)
    steps, bars = line_of(notes, bars)
    windows = np.array([melody.window(steps, bar, WINDOW) for bar in bars])
    windows = windows[(windows >= melody.FIRST_NOTE).any(1)]
    return np.unique(windows, axis=0)


@dataclass(frozen=True)
class Beats:
    """The beats of a POP909 song: the grid that its notes and chords, in seconds, lie on."""

    times: np.ndarray
    """Of each beat, in seconds."""
    down: np.ndarray
    """Whether each is the first of a bar."""

    @staticmethod
    def of(path: Path) -> "Beats":
        """The beats beside a song."""
        beats = np.loadtxt(path.with_suffix(".beat_midi.txt"), ndmin=2)
        return Beats(beats[:, 0], beats[:, 2] == 1)

    def step(self, second: float) -> float:
        """Where a moment is, in 16ths from the first beat."""
        times = self.times
        if second <= times[0]:
            return float((second - times[0]) / (times[1] - times[0])) * melody.STEPS_PER_BEAT
        if second >= times[-1]:
            past = (second - times[-1]) / (times[-1] - times[-2])
            return float(len(times) - 1 + past) * melody.STEPS_PER_BEAT
        return float(np.interp(second, times, np.arange(len(times)))) * melody.STEPS_PER_BEAT

    def bars(self) -> list[int]:
        """The steps at which two bars of 4/4 begin."""
        downbeats = np.flatnonzero(self.down)
        return [
            int(b) * melody.STEPS_PER_BEAT
            for b, second, third in zip(downbeats, downbeats[1:], downbeats[2:], strict=False)
            if second - b == 4 and third - second == 4
        ]


def pop909_notes(path: Path) -> tuple[dict[str, list[melody.StepNote]], list[int]]:
    """The notes of each track of a POP909 song, but for the piano, on its own grid, and where two bars of 4/4 begin."""
    beats = Beats.of(path)
    tracks = track_notes(mido.MidiFile(path), seconds=True).items()
    return {name.split("#")[0]: quantize(notes, beats.step) for name, notes in tracks}, beats.bars()


def plain_notes(path: Path) -> tuple[list[list[melody.StepNote]], list[int]]:
    """The notes of each melodic track of a MIDI file, and where two bars of 4/4 begin."""
    midi = mido.MidiFile(path)
    meters = [(0.0, 4, 4)]
    end = 0.0
    for track in midi.tracks:
        tick = 0
        for message in track:
            tick += message.time
            if message.type == "time_signature":
                meters.append((tick / midi.ticks_per_beat, message.numerator, message.denominator))
        end = max(end, tick / midi.ticks_per_beat)
    meters.sort(key=lambda m: m[0])
    bars: list[int] = []
    for (start, numerator, denominator), (stop, _, _) in zip(meters, [*meters[1:], (end + 8.0, 4, 4)], strict=True):
        if (numerator, denominator) == (4, 4):
            first = round(start * melody.STEPS_PER_BEAT)
            bars += range(first, int(stop * melody.STEPS_PER_BEAT) - WINDOW + 1, melody.STEPS_PER_BAR)
    tracks = track_notes(midi, seconds=False).values()
    return [quantize(t, lambda beat: beat * melody.STEPS_PER_BEAT) for t in tracks if melodic(t)], bars


def aligned(path: Path) -> bool:
    """Whether a MIDI file has POP909's beats beside it."""
    return path.with_suffix(".beat_midi.txt").exists()


def tracks_of(path: Path) -> tuple[list[list[melody.StepNote]], list[int]]:
    """The melodic tracks of a song, of POP909 MELODY and BRIDGE, and where two bars of 4/4 begin."""
    if not aligned(path):
        return plain_notes(path)
    named, bars = pop909_notes(path)
    return [named[name] for name in ("MELODY", "BRIDGE") if name in named], bars


def lines(path: Path) -> list[Line]:
    """The melodies of a song as whole lines: of POP909 the melody itself, else all melodic tracks."""
    if aligned(path):
        named, bars = pop909_notes(path)
        tracks = [named["MELODY"]] if "MELODY" in named else []
    else:
        tracks, bars = plain_notes(path)
    return [line_of(notes, bars) for notes in tracks if bars]


def melodic(notes: list[RawNote], share: float = 0.9) -> bool:
    """Whether at least `share` of the notes start alone: a melody or a bass, not chords."""
    starts, counts = np.unique(np.round([n[0] for n in notes], 2), return_counts=True)
    return bool(len(starts) >= 8 and (counts == 1).mean() >= share)


def midi_files(folder: Path) -> list[Path]:
    """All MIDI files under a folder, by name."""
    if not folder.is_dir():
        raise FileNotFoundError(f"training data: {folder} is not a folder")
    files = sorted(p for p in folder.rglob("*") if p.suffix.lower() in (".mid", ".midi"))
    if not files:
        raise FileNotFoundError(f"training data: no .mid or .midi file under {folder}")
    return files


def fingerprint(folder: Path, what: str = "") -> str:
    """A hash of what is read and of the files' names and sizes: tells whether cached windows are of them."""
    files = [what, *(f"{p.relative_to(folder).as_posix()} {p.stat().st_size}" for p in midi_files(folder))]
    return hashlib.sha256("\n".join(files).encode()).hexdigest()


def melodies(path: Path) -> np.ndarray:
    """Windows of one song [N, 32]."""
    tracks, bars = tracks_of(path)
    return np.unique(np.concatenate([np.zeros((0, WINDOW), np.int64), *(cut(t, bars) for t in tracks)]), axis=0)


Read = Callable[[Path], np.ndarray]


def read_songs(folder: Path, song: Read = melodies) -> Iterator[tuple[str, np.ndarray | str]]:
    """Each song's name with its windows, or with why it could not be read."""
    for path in midi_files(folder):
        name = path.relative_to(folder).as_posix()
        try:
            yield name, song(path)
        except (OSError, ValueError, EOFError, LookupError, TypeError, KeySignatureError) as error:
            reason = str(error).replace(f"{path}: ", "") or "it ends too early"
            yield name, f"{type(error).__name__}: {reason}"


def read(
    folder: Path,
    progress: Callable[[str], None],
    song: Read = melodies,
    parts: Callable[[Path, list[str]], tuple[Part, ...]] = lambda folder, songs: (),
    what: str = "melody",
) -> Windows:
    """All windows of a folder; says how far it is, and which files it had to leave out."""
    songs: list[str] = []
    empty: list[str] = []
    steps, owner = [], []
    for name, result in read_songs(folder, song):
        if isinstance(result, str):
            progress(f"left out {name}: {result}")
            continue
        if not len(result):
            empty.append(name)
        owner.append(np.full(len(result), len(songs)))
        steps.append(result)
        songs.append(name)
        if len(songs) % 100 == 0:
            progress(f"read {len(songs)} songs, {sum(map(len, steps))} windows")
    if empty:
        some = ", ".join(empty[:NAMED]) + (", …" if len(empty) > NAMED else "")
        progress(f"{len(empty)} songs have no two bars of 4/4 {what}: {some}")
    if not sum(map(len, steps)):
        raise ValueError(f"training data: none of the {len(songs)} songs under {folder} has two bars of 4/4 {what}")
    found = np.concatenate(steps), np.concatenate(owner)
    return Windows(*found, songs, fingerprint(folder, what), parts(folder, songs))


def cached(folder: Path, cache: Path, reading: Callable[[], Windows], what: str = "melody") -> Windows:
    """The windows of a folder, from the file `cache` if they are there, else read and written there."""
    if cache.exists():
        windows = Windows.load(cache)
        if windows.source == fingerprint(folder, what):
            return windows
    windows = reading()
    windows.save(cache)
    return windows
