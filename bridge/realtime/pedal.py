"""The sustain pedal of who plays in: a note whose key is let go goes on until the pedal is."""

SUSTAIN = 64
"""The controller's number; 64 and above is down."""


class Pedals:
    """The pedals of all 16 channels, and what they hold."""

    def __init__(self) -> None:
        self._down: dict[int, set[int]] = {}
        """By channel, for pedals that are down: the pitches whose keys are up again."""

    def note(self, channel: int, pitch: int, velocity: int) -> list[tuple[int, int, int]]:
        """Return what is heard for a key: channel, pitch and velocity (0 for an end), nothing where the pedal holds."""
        held = self._down.get(channel)
        if held is None:
            return [(channel, pitch, velocity)]
        if not velocity:
            held.add(pitch)
            return []
        again = pitch in held
        held.discard(pitch)
        return [(channel, pitch, 0)] * again + [(channel, pitch, velocity)]

    def control(self, channel: int, controller: int, value: int) -> list[tuple[int, int, int]]:
        """Return the notes that a controller's change ends, as note() does."""
        if controller != SUSTAIN:
            return []
        if value >= 64:
            self._down.setdefault(channel, set())
            return []
        return [(channel, pitch, 0) for pitch in sorted(self._down.pop(channel, ()))]
