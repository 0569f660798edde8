"""The demo's picture: a piano roll of calls and answers over the beat grid, with the frames beneath at their times."""

import io
from pathlib import Path

from PIL import Image

from bridge.demo.canvas import Canvas
from bridge.demo.performance import Performance
from bridge.demo.roll import (
    BACKGROUND,
    BAR_LINE,
    COLOURS,
    FAINT,
    LANE,
    TEXT,
    Geometry,
    draw_keys,
    draw_roll,
    geometry,
)

WIDTH = 1600
EDGE = 48
LEFT = 126
"""Where the roll begins: room for the keys and their names."""
ROLL_TOP = 178
ROLL_HEIGHT = 430
FILM_GAP = 46
KEYS = 42
FRAME_GAP = 6
SHOWN = 0.58
"""Of a bar: where in it the frame is taken that is shown beneath."""
FOOTER = 62


def draw(performance: Performance, title: str, footer: str) -> Image.Image:
    """Return the picture, 1600 pixels wide; ``footer`` is a line of what was measured."""
    place = geometry(performance, LEFT, ROLL_TOP, WIDTH - LEFT - EDGE, ROLL_HEIGHT)
    side = place.width / performance.bars - FRAME_GAP
    film_top = place.bottom + FILM_GAP
    film_height = side if performance.frames else 0
    canvas = Canvas(WIDTH, round(film_top + film_height + FOOTER), BACKGROUND)
    _header(canvas, title)
    _sections(canvas, performance, place)
    draw_roll(canvas, performance, place)
    draw_keys(canvas, place, KEYS)
    for bar in range(performance.bars):
        beat = bar * performance.beats_per_bar
        canvas.text(place.x(beat) + 2, place.bottom + 19, str(bar + 1), 13, FAINT)
    canvas.text(LEFT - 14, place.bottom + 19, "bar", 13, FAINT, "rs")
    _film(canvas, performance, place, film_top, side)
    canvas.text(LEFT, film_top + film_height + 36, footer, 14, FAINT)
    return canvas.finish()


def write_png(performance: Performance, title: str, footer: str, path: Path) -> None:
    """Draw and write the picture. Raises OSError."""
    draw(performance, title, footer).save(path, format="PNG")


def film_times(performance: Performance) -> list[float]:
    """The seconds whose frames are shown: one in each bar, off the beat, where a note has had time to show."""
    bar = performance.beats_per_bar * performance.beat_seconds
    return [(number + SHOWN) * bar for number in range(performance.bars)]


def _header(canvas: Canvas, title: str) -> None:
    canvas.text(LEFT, 74, "Antiphon", 46, TEXT)
    canvas.text(LEFT, 106, title, 17, FAINT)
    x = float(WIDTH - EDGE)
    for voice, label in (("answer", "the model answers"), ("call", "the player calls")):
        x -= canvas.text(x, 74, label, 17, TEXT, "rs") + 12
        canvas.box((x - 22, 62, x, 74), COLOURS["call" if voice == "call" else "answer"], radius=3)
        x -= 52


def _sections(canvas: Canvas, performance: Performance, place: Geometry) -> None:
    for section in performance.sections:
        x = place.x(section.start)
        width = canvas.text(x, place.top - 15, section.title, 17, COLOURS[section.voice])
        canvas.text(x + width + 9, place.top - 15, f"over {section.way}", 13, FAINT)


def _film(canvas: Canvas, performance: Performance, place: Geometry, top: float, side: float) -> None:
    if not performance.frames:
        return
    for bar, time in enumerate(film_times(performance)):
        frame = performance.frame_at(time)
        assert frame is not None
        x = place.x(time / performance.beat_seconds)
        canvas.line(x, place.bottom + 8, x, top - 5, BAR_LINE)
        left = place.x(bar * performance.beats_per_bar) + FRAME_GAP / 2
        box = (left, top, left + side, top + side)
        canvas.box((box[0] - 1, box[1] - 1, box[2] + 1, box[3] + 1), LANE, radius=7)
        canvas.paste(Image.open(io.BytesIO(frame.jpeg)).convert("RGB"), box, radius=6)
