"""How one MIDI output plays what all play: its delay, channel, transposition, loudness, swing and looseness."""

import random

import msgspec

from models.contract import Note

DRUMS = 9
"""General MIDI's channel of drums (0..15), whose pitches are instruments and are not transposed."""
LOOSEST = 0.05
"""Seconds by which a humanised note may stray at most."""


class Mapping(msgspec.Struct, frozen=True, array_like=True):
    """One output's way of playing; as declared here it plays everything as it is."""

    on: bool = True
    offset: float = 0.0
    """Seconds that everything comes later (or earlier, below 0)."""
    only: int = 0
    """The channel 1..16 that is played alone; 0: all."""
    channel: int = 0
    """The channel 1..16 that everything goes to; 0: each note's own."""
    transpose: int = 0
    """Semitones; what would leave 0..127 moves by octaves. Drums stay."""
    velocity: float = 1.0
    """Factor."""
    swing: float = 0.5
    """Where in each pair of ``grid`` steps the second one falls; 0.5 is straight, 2/3 triplets."""
    grid: int = 2
    """Steps in a beat that swing: 2 (eighths) or 4 (sixteenths)."""
    humanise: float = 0.0
    """Seconds that notes stray from their time, as a standard deviation."""
    humanise_velocity: float = 0.0
    """Likewise for velocities."""

    def place(self, beat: float) -> float:
        """Return the beat at which what is written for ``beat`` is played; keeps the order."""
        if self.swing == 0.5:
            return beat
        pairs = beat * self.grid / 2
        pair = pairs // 1
        within = pairs - pair
        moved = within * 2 * self.swing if within < 0.5 else self.swing + (within - 0.5) * 2 * (1 - self.swing)
        return (pair + moved) * 2 / self.grid

    def plays(self, channel: int) -> bool:
        """Whether notes of a channel 0..15 are for this output."""
        return self.on and self.only in (0, channel + 1)

    def sound(self, channel: int, pitch: int, velocity: int, chance: random.Random) -> tuple[int, int, int]:
        """Return the channel, pitch and velocity that are sent for a note."""
        if self.transpose and channel != DRUMS:
            pitch += self.transpose
            while pitch < 0:
                pitch += 12
            while pitch > 127:
                pitch -= 12
        loudness = velocity * self.velocity
        if self.humanise_velocity:
            loudness += chance.gauss(0.0, self.humanise_velocity)
        return self.channel - 1 if self.channel else channel, pitch, min(127, max(1, round(loudness)))

    def stray(self, chance: random.Random) -> float:
        """Return the seconds by which the next note strays."""
        return min(LOOSEST, max(-LOOSEST, chance.gauss(0.0, self.humanise))) if self.humanise else 0.0

    def moved(self, beat: float, note: Note) -> tuple[float, Note]:
        """Return a note's beat and the note as they are played, as far as beats go."""
        if self.swing == 0.5:
            return beat, note
        begin = self.place(beat)
        return begin, msgspec.structs.replace(note, duration=self.place(beat + note.duration) - begin)


STRAIGHT = Mapping()
