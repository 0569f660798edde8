"""Judge how melodies go over chords: with the network that knows chords, by leaning alone, and with neither.

    python -m models.music_vae.training.chording --data DIR [--weights DIR] [--json FILE]

DIR holds POP909 or any MIDI files in 4/4. The weights are the embedded ones, or those of a folder.
"""

import argparse
import itertools
import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from models.contract import Note, Phrase
from models.music_vae import melody, own_weights
from models.music_vae.continuation import Continuation
from models.music_vae.encodings import chords
from models.music_vae.hearing import WINDOW_BARS, hear
from models.music_vae.implementation import MusicVaePlayer
from models.music_vae.leaning import ALONE, Pull, padded
from models.music_vae.melodist import PULL, Melodist
from models.music_vae.metre import STEPS, model_bars
from models.music_vae.progression import TONES, Progression, parse
from models.music_vae.training import sequences
from models.music_vae.training.continuing import CALL, DRAWS, key_of
from models.music_vae.training.folder import say

Way = tuple[bool, Pull | None]
"""Whether the network that knows chords is taken, and what leans; None: chords are unknown."""
NOTHING = Pull(0.0, 0.0, 0.0)
WAYS: dict[str, Way] = {
    "without": (False, None),
    "leaning": (False, ALONE),
    "network without": (True, None),
    "network": (True, NOTHING),
    "as played": (True, PULL),
}
PROGRESSIONS = ("C G Am F", "Eb Bb Cm Ab")
"""In the key of the tune that is heard, and far from it."""
USES = ("generate", "continue", "vary")
SEEDS = 20
BARS = 8
TUNE = (60, 62, 64, 64, 67, 65, 64, 62, 60, 64, 67, 72, 71, 69, 67, 67)
"""In quarters, in C."""
ANSWER = 4
Figures = dict[str, float]


def steered(player: MusicVaePlayer, network: Melodist, way: Way) -> None:
    """Let a player play in a way."""
    knows, pull = way
    player.melodist = network if knows else Melodist.__new__(Melodist)
    if not knows:
        player.melodist.__dict__.update(network.__dict__, over_chords=None)
    player.melodist.pull = pull or ALONE
    player.network = player.melodist.network


class Count:
    """What notes are like over their chords."""

    def __init__(self) -> None:
        self.on_beats: list[bool] = []
        self.between: list[bool] = []
        self.in_key: list[bool] = []
        self.leaps: list[int] = []
        self.notes = self.bars = self.empty = 0

    def add(self, notes: Iterable[Note], over: Callable[[float], int], key: np.ndarray, bars: int) -> None:
        """The notes of so many bars; `over` says which chord is at a beat, `key` which pitch classes are in it."""
        found = sorted(notes, key=lambda note: note.start)
        for note in found:
            number = over(note.start)
            if number:
                held = self.on_beats if note.start % 1 == 0 else self.between
                held.append(bool(TONES[number, note.pitch % 12]))
            self.in_key.append(bool(key[note.pitch % 12]))
        self.leaps += [abs(b.pitch - a.pitch) for a, b in itertools.pairwise(found)]
        self.notes += len(found)
        self.bars += bars
        self.empty += bars - len({int(note.start // 4) for note in found})

    def figures(self) -> Figures:
        return {
            "in_chord_on_beats": float(np.mean(self.on_beats)),
            "in_chord_between": float(np.mean(self.between)),
            "in_key": float(np.mean(self.in_key)),
            "notes_per_bar": self.notes / self.bars,
            "bars_without_onset": self.empty / self.bars,
            "mean_interval": float(np.mean(self.leaps)),
        }


def scale_of(pitch_classes: Iterable[int]) -> np.ndarray:
    return np.isin(np.arange(12), list(pitch_classes))


def tune() -> Phrase:
    return Phrase(tuple(Note(pitch, 80, float(beat), 1.0) for beat, pitch in enumerate(TUNE)), bars=4)


def over_progressions(player: MusicVaePlayer, way: Way) -> dict[str, Figures]:
    """Eight bars of each use over each progression, twenty seeds."""
    found = {}
    for text in PROGRESSIONS:
        track = parse(text)
        tones = [tone for bar in track.bars for number in bar for tone in np.flatnonzero(TONES[number])]
        scales = [[(key + step) % 12 for step in (0, 2, 4, 5, 7, 9, 11)] for key in range(12)]
        key = scale_of(max(scales, key=lambda scale: sum(tone in scale for tone in tones)))
        count = Count()
        for use in USES:
            for seed in range(SEEDS):
                params = {"seed": seed, "chords": text if way[1] is not None else ""}
                notes = player.act(use, {}, tune(), BARS, params)
                count.add(notes, lambda beat, track=track: track.at(beat, 4), key, BARS)  # type: ignore[misc]
        found[text] = count.figures()
    return found


def phrase_of(windows: np.ndarray) -> Phrase:
    """Successive windows [n, 32] as what was heard."""
    notes = [
        Note(pitch, 80, 8.0 * number + start / 4, (end - start) / 4)
        for number, window in enumerate(windows)
        for start, end, pitch in melody.decode(window)
    ]
    return Phrase(tuple(notes), bars=2 * len(windows))


def track_of(half_bars: np.ndarray) -> str:
    """Chords of half bars [n, 4] as a chord track."""
    names = [chords.decode(int(number)) for number in half_bars.ravel()]
    return " | ".join(" ".join(pair) for pair in zip(names[::2], names[1::2], strict=True)) + " |"


def over_songs(player: MusicVaePlayer, way: Way, songs: sequences.Sequences, places: list[tuple[int, int]]) -> Figures:
    """Validation songs continued for eight bars over their own chords; what is left of them is theirs."""
    count = Count()
    density = []
    for at, song in places:
        call, over = songs.windows[at - CALL : at], songs.chords[at : at + ANSWER].ravel()
        params = {"seed": 1, "chords": track_of(songs.chords[at : at + ANSWER]) if way[1] is not None else ""}
        notes = list(player.act("continue", {}, phrase_of(call), 2 * ANSWER, params))
        count.add(notes, lambda beat, over=over: int(over[int(beat // 2)]), song_key(songs, song), 2 * ANSWER)  # type: ignore[misc]
        truth = songs.windows[at : at + ANSWER]
        density.append(len(notes) - (truth >= melody.FIRST_NOTE).sum())
    return count.figures() | {"density_error": float(np.abs(density).mean()) / (2 * ANSWER)}


def song_key(songs: sequences.Sequences, song: int) -> np.ndarray:
    return scale_of(key_of(np.concatenate([songs.windows[a:b] for a, b, of in songs.spans if of == song])))


def the_songs(songs: sequences.Sequences, places: list[tuple[int, int]]) -> Figures:
    """What the songs themselves are like there."""
    count = Count()
    for at, song in places:
        over = songs.chords[at : at + ANSWER].ravel()
        notes = phrase_of(songs.windows[at : at + ANSWER]).notes
        count.add(notes, lambda beat, over=over: int(over[int(beat // 2)]), song_key(songs, song), 2 * ANSWER)  # type: ignore[misc]
    return count.figures() | {"density_error": 0.0}


def likelihood(
    player: MusicVaePlayer,
    predictor: Continuation,
    way: Way,
    songs: sequences.Sequences,
    places: list[tuple[int, int]],
    *,
    told: bool,
) -> list[float]:
    """Log-likelihood, in nats, of the next two bars, as the mean over draws of the predictor, `told` chords or not."""
    rng = np.random.default_rng(1)
    melodist = player.melodist
    bars = model_bars(WINDOW_BARS, 4)
    found = []
    for at, _ in places:
        call = hear(phrase_of(songs.windows[at - CALL : at]))
        half_bars = songs.chords[at]
        points = predictor.draw(melodist.encode(call.windows), DRAWS, 1.0, rng, half_bars if told else None)
        track = (
            Progression(tuple(map(tuple, half_bars.reshape(2, 2).tolist()))) if way[1] is not None else Progression()
        )
        harmony = padded(melodist.harmony(call, bars, track, 0.0), WINDOW_BARS * STEPS)
        if way == (True, None) and melodist.over_chords:
            advance = melodist.over(melodist.over_chords, points, np.zeros(WINDOW_BARS * STEPS, np.int64))
        else:
            advance = melodist.begin(points, harmony.chords)
        previous = np.zeros((DRAWS, melody.CLASSES), np.float32)
        each = np.zeros(DRAWS)
        truth = melody.transpose(songs.windows[at], call.octaves)
        for step, event in enumerate(truth.tolist()):
            logits = advance(previous, step) + harmony.lean[step]
            each += logits[:, event] - np.logaddexp.reduce(logits, 1)
            previous = np.tile(np.eye(melody.CLASSES, dtype=np.float32)[event], (DRAWS, 1))
        found.append(float(np.logaddexp.reduce(each) - np.log(DRAWS)))
    return found


def places_of(songs: sequences.Sequences, count: int) -> list[tuple[int, int]]:
    """Where songs are continued, and whose: eight bars before, eight after, with chords and onsets."""
    rng = np.random.default_rng(0)
    every = [
        (at, song)
        for start, end, song in songs.spans
        for at in range(start + CALL, end - ANSWER + 1)
        if (songs.chords[at : at + ANSWER] > 0).mean() > 0.8
    ]
    if not every:
        raise ValueError(f"training data: no song has {2 * (CALL + ANSWER)} bars of melody in a row over chords")
    return [every[n] for n in rng.permutation(len(every))[:count]]


def judge(folder: Path, weights: Path, part: str, count: int, ways: dict[str, Way]) -> dict[str, object]:
    """All figures of each way."""
    songs = sequences.part(sequences.read(folder), part)
    places = places_of(songs, count)
    network = Melodist(weights / "melody_2bar.safetensors", weights / "melody_chords_2bar.safetensors")
    player = MusicVaePlayer()
    predictor = Continuation(weights / "melody_continuation.safetensors", network.z_size)
    player._predictor = predictor
    report: dict[str, object] = {"the songs": the_songs(songs, places)}
    say(f"the songs: {report['the songs']}")
    for name, way in ways.items():
        steered(player, network, way)
        found: dict[str, object] = {}
        if way != (True, None):  # without chords the player takes the other network
            found |= {"songs": over_songs(player, way, songs, places), "progressions": over_progressions(player, way)}
        for told in (False, True) if way == (True, PULL) else (False,):
            nats = likelihood(player, predictor, way, songs, places, told=told)
            error = float(np.std(nats) / np.sqrt(len(nats)))
            found[f"log_likelihood{'_predictor_told' if told else ''}"] = [float(np.mean(nats)), error]
        report[name] = found
        say(f"{name}: {json.dumps(found)}")
    return report


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit status, 2 for what the user can mend."""
    top = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    top.add_argument("--data", type=Path, required=True, help="POP909 or a folder of MIDI files")
    top.add_argument("--weights", type=Path, default=own_weights.FOLDER, help="folder of the weights")
    top.add_argument("--part", choices=("validation", "stopping"), default="validation")
    top.add_argument("--positions", type=int, default=100, help="where songs are continued (default: %(default)s)")
    top.add_argument("--json", type=Path)
    args = top.parse_args(arguments)
    try:
        report = judge(args.data, args.weights, args.part, args.positions, WAYS)
    except (OSError, ValueError) as error:
        say(f"error: {error}")
        return 2
    text = json.dumps(report, indent=1)
    print(text)
    if args.json:
        args.json.write_text(text + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
