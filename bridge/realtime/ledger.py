"""The ledger of sounding notes: each note that was begun is ended once, and nothing else is."""

from collections.abc import Iterator
from typing import NamedTuple


class Held(NamedTuple):
    """A note that sounds; channel 0..15."""

    channel: int
    pitch: int
    velocity: int
    phrase: int
    token: int
    """Tells this note from others of the same pitch, before and after it."""
    time: float = 0.0
    """When it began, or is to begin, in seconds."""


class Ledger:
    """What sounds now, at most one note for each channel and pitch, as a MIDI receiver hears it."""

    def __init__(self) -> None:
        self._held: dict[tuple[int, int], Held] = {}
        self._tokens = 0

    def __len__(self) -> int:
        return len(self._held)

    def __iter__(self) -> Iterator[Held]:
        return iter(tuple(self._held.values()))

    def begin(
        self, channel: int, pitch: int, velocity: int, phrase: int, time: float = 0.0
    ) -> tuple[Held, Held | None]:
        """Enter a note; return it, and the one of the same pitch that must be ended first (its own end is void)."""
        self._tokens += 1
        note = Held(channel, pitch, velocity, phrase, self._tokens, time)
        before = self._held.pop((channel, pitch), None)
        self._held[channel, pitch] = note
        return note, before

    def end(self, note: Held) -> bool:
        """Strike a note out; False where it no longer sounds, so that there is nothing to send."""
        if self._held.get((note.channel, note.pitch)) != note:
            return False
        del self._held[note.channel, note.pitch]
        return True

    def end_phrase(self, phrase: int) -> list[Held]:
        """Strike out the notes of a phrase and return them, oldest first."""
        ended = [note for note in self._held.values() if note.phrase == phrase]
        for note in ended:
            del self._held[note.channel, note.pitch]
        return ended

    def end_all(self) -> list[Held]:
        """Strike out every note and return them, oldest first."""
        ended = list(self._held.values())
        self._held.clear()
        return ended
