"""Models that hold a chord, so that a fault meets notes."""

from collections.abc import Iterator, Mapping

from models.contract import Note, NoteModel, Phrase, Value

CHORD = (48, 55, 60, 64, 67, 72)


class Chord(NoteModel):
    """Answers with a chord that is held for the whole answer."""

    name = "chord"
    implementation = "bridge.bench.faults.stage:ChordPlayer"


class Again(NoteModel):
    """The same chord by another model, to swap with; begins each of its notes twice."""

    name = "again"
    implementation = "bridge.bench.faults.stage:AgainPlayer"


class ChordPlayer:
    """A NotePlayer."""

    def answer(self, call: Phrase, bars: int, params: Mapping[str, Value]) -> Iterator[Note]:
        """Yield the chord, over two channels."""
        for pitch in CHORD:
            yield Note(pitch, 90, 0.0, float(bars * call.beats_per_bar), channel=pitch % 2)


class AgainPlayer:
    """A NotePlayer."""

    def answer(self, call: Phrase, bars: int, params: Mapping[str, Value]) -> Iterator[Note]:
        """Yield the chord, and once more before it has ended."""
        for start in (0.0, 0.25):
            for pitch in CHORD:
                yield Note(pitch, 80, start, float(bars * call.beats_per_bar) - start, channel=0)
