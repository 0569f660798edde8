"""The piano roll itself: notes over the beat grid, for the picture and the video."""

import msgspec

from bridge.demo.canvas import Box, Canvas, Colour, mix
from bridge.demo.performance import Heard, Performance, Voice

BACKGROUND: Colour = (12, 14, 19)
LANE: Colour = (22, 25, 33)
BLACK_KEY_LANE: Colour = (17, 19, 26)
BEAT_LINE: Colour = (36, 40, 51)
BAR_LINE: Colour = (66, 73, 90)
TEXT: Colour = (226, 230, 238)
FAINT: Colour = (128, 136, 154)
IVORY: Colour = (206, 209, 216)
EBONY: Colour = (30, 33, 41)
COLOURS: dict[Voice, Colour] = {"call": (255, 178, 62), "answer": (64, 208, 214)}

BLACK_KEYS = (1, 3, 6, 8, 10)
MARGIN_PITCHES = 2
FEWEST_PITCHES = 14


class Geometry(msgspec.Struct, frozen=True):
    """Where beats and pitches lie, in logical pixels."""

    left: float
    top: float
    width: float
    height: float
    beats: float
    low: int
    high: int

    @property
    def lane(self) -> float:
        """Height of a pitch."""
        return self.height / (self.high - self.low + 1)

    @property
    def bottom(self) -> float:
        """The lower edge."""
        return self.top + self.height

    @property
    def right(self) -> float:
        """The right edge."""
        return self.left + self.width

    def x(self, beat: float) -> float:
        """Where a beat lies."""
        return self.left + self.width * beat / self.beats

    def y(self, pitch: float) -> float:
        """The upper edge of a pitch's lane."""
        return self.top + (self.high - pitch) * self.lane

    def box(self, note: Heard) -> Box:
        """Where a note is drawn."""
        gap = min(1.5, self.lane * 0.12)
        start, end = self.x(note.start), self.x(min(note.end, self.beats))
        return start + 0.5, self.y(note.pitch) + gap, max(end - 0.5, start + 3.0), self.y(note.pitch - 1) - gap


def geometry(performance: Performance, left: float, top: float, width: float, height: float) -> Geometry:
    """Fit the performance into a rectangle, with air above the highest note and below the lowest."""
    pitches = [note.pitch for note in performance.notes] or [60, 72]
    low, high = min(pitches) - MARGIN_PITCHES, max(pitches) + MARGIN_PITCHES
    while high - low + 1 < FEWEST_PITCHES:
        low, high = low - 1, high + 1
    low, high = max(0, low), min(127, high)
    return Geometry(left, top, width, height, performance.beats, low, high)


def draw_roll(canvas: Canvas, performance: Performance, place: Geometry, glow: float = 9.0) -> None:
    """Draw lanes, grid and notes."""
    for pitch in range(place.low, place.high + 1):
        lane = BLACK_KEY_LANE if pitch % 12 in BLACK_KEYS else LANE
        canvas.box((place.left, place.y(pitch), place.right, place.y(pitch - 1)), lane)
    for section in performance.sections:
        tint = mix(LANE, COLOURS[section.voice], 0.55)
        canvas.box((place.x(section.start), place.top - 3, place.x(section.start + section.beats), place.top), tint)
    for beat in range(performance.beats + 1):
        on_bar = beat % performance.beats_per_bar == 0
        canvas.line(place.x(beat), place.top, place.x(beat), place.bottom, BAR_LINE if on_bar else BEAT_LINE)
    shapes = [(place.box(note), _colour(note)) for note in performance.notes]
    canvas.glow([(box, mix((0, 0, 0), colour, 0.5)) for box, colour in shapes], glow)
    for box, colour in shapes:
        canvas.box(box, colour, radius=min(4.0, place.lane * 0.3))


def draw_keys(canvas: Canvas, place: Geometry, width: float) -> None:
    """Draw the piano's keys left of the roll, each C named."""
    left, right = place.left - width - 4, place.left - 4
    canvas.box((left, place.top, right, place.bottom), IVORY, radius=2)
    for pitch in range(place.low, place.high + 1):
        upper, lower = place.y(pitch), place.y(pitch - 1)
        if pitch % 12 in BLACK_KEYS:
            canvas.box((left, upper, left + width * 0.6, lower), EBONY, radius=2)
            canvas.line(left + width * 0.6, (upper + lower) / 2, right, (upper + lower) / 2, FAINT, 0.5)
        elif pitch % 12 in (4, 11):  # no black key between E and F, B and C
            canvas.line(left, upper, right, upper, FAINT, 0.5)
        if pitch % 12 == 0:
            name = f"C{pitch // 12 - 1}"
            canvas.text(left - 6, (upper + lower) / 2, name, min(13.0, place.lane), FAINT, "rm")


def _colour(note: Heard) -> Colour:
    """Of its voice, darker the softer it is."""
    return mix(BACKGROUND, COLOURS[note.voice], 0.6 + 0.4 * min(1.0, note.velocity / 100))
