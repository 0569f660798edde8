"""A performance as a film: the frames as they came, the piano roll beneath with where the music is, and the sound."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import simplejpeg
from PIL import Image

from bridge.demo.canvas import Box, Canvas, mix
from bridge.demo.performance import Heard, Performance
from bridge.demo.roll import BACKGROUND, COLOURS, TEXT, draw_roll, geometry
from bridge.demo.synth import RATE

if TYPE_CHECKING:
    import av.container
    from numpy.typing import NDArray

FPS = 30
SIDE = 512
"""Width and height of the frames in the film, in pixels."""
STRIP = 160
"""Height of the piano roll beneath."""
EDGE = 12
CODECS = ("libx264", "h264_videotoolbox", "h264_mf", "libopenh264", "mpeg4")
"""Tried in this order; not every build of FFmpeg has an H.264 encoder."""
AUDIO_BLOCK = 1024
"""Samples that AAC takes at once."""


class NoEncoderError(Exception):
    """None of CODECS works here."""


def write_mp4(performance: Performance, sound: "NDArray[np.float32]", path: Path) -> str:
    """Write the film, as long as the sound (float, [samples, 2] at synth.RATE); return the video encoder's name.

    Raises OSError, or NoEncoderError.
    """
    import av

    for codec in CODECS:
        try:
            av.codec.Codec(codec, "w")
        except av.codec.codec.UnknownCodecError:
            continue
        try:
            with av.open(str(path), "w", format="mp4", options={"movflags": "faststart"}) as container:
                _encode(container, codec, performance, sound)
            return codec
        except (av.error.ExternalError, av.error.ArgumentError):  # in the build, but not on this machine
            continue
    raise NoEncoderError(f"FFmpeg has none of the encoders {', '.join(CODECS)}")


def pictures(performance: Performance, seconds: float) -> Iterator["NDArray[np.uint8]"]:
    """Yield the film's pictures, shape [height, width, 3], FPS a second."""
    canvas = Canvas(SIDE, STRIP, BACKGROUND)
    place = geometry(performance, EDGE, EDGE, SIDE - 2 * EDGE, STRIP - 2 * EDGE)
    draw_roll(canvas, performance, place, glow=4.0)
    strip = np.asarray(canvas.finish())
    lit = [(note, _pixels(place.box(note))) for note in performance.notes]
    page = np.empty((SIDE + STRIP, SIDE, 3), np.uint8)
    page[:SIDE] = BACKGROUND
    shown = None
    for number in range(int(seconds * FPS)):
        time = number / FPS
        frame = performance.frame_at(time)
        if frame is not None and frame is not shown:
            picture = Image.fromarray(simplejpeg.decode_jpeg(frame.jpeg))
            page[:SIDE] = np.asarray(picture.resize((SIDE, SIDE), Image.Resampling.BILINEAR))
            shown = frame
        page[SIDE:] = strip
        beat = time / performance.beat_seconds
        for note, (left, top, right, bottom) in lit:
            if note.start <= beat < note.end:
                page[SIDE + top : SIDE + bottom, left:right] = _lit(note)
        x = round(min(place.x(beat), place.right))
        page[SIDE + EDGE : SIDE + STRIP - EDGE, x : x + 2] = TEXT
        yield page


def _encode(
    container: "av.container.OutputContainer", codec: str, performance: Performance, sound: "NDArray[np.float32]"
) -> None:
    import av

    video = container.add_stream(codec, rate=FPS)
    assert isinstance(video, av.VideoStream)
    video.width, video.height, video.pix_fmt = SIDE, SIDE + STRIP, "yuv420p"
    video.bit_rate = 3_000_000
    if codec == "libx264":
        video.options = {"preset": "ultrafast", "crf": "23", "maxrate": "4M", "bufsize": "8M"}
    audio = container.add_stream("aac", rate=RATE)
    assert isinstance(audio, av.AudioStream)
    audio.layout, audio.bit_rate = "stereo", 160_000
    written = 0

    def write_sound(until: int) -> None:
        nonlocal written
        while written < until:
            block = np.ascontiguousarray(sound[written : written + AUDIO_BLOCK].T)
            samples = av.AudioFrame.from_ndarray(block, format="fltp", layout="stereo")
            samples.sample_rate, samples.pts, samples.time_base = RATE, written, Fraction(1, RATE)
            container.mux(audio.encode(samples))
            written += block.shape[1]

    for number, page in enumerate(pictures(performance, len(sound) / RATE)):
        picture = av.VideoFrame.from_ndarray(page, format="rgb24")
        picture.pts, picture.time_base = number, Fraction(1, FPS)
        container.mux(video.encode(picture))
        write_sound(min(len(sound), (number + 1) * RATE // FPS))  # side by side, so that players need not seek
    write_sound(len(sound))
    container.mux(video.encode(None))
    container.mux(audio.encode(None))


def _pixels(box: Box) -> tuple[int, int, int, int]:
    left, top, right, bottom = box
    return round(left), round(top), max(round(right), round(left) + 2), max(round(bottom), round(top) + 2)


def _lit(note: Heard) -> tuple[int, int, int]:
    return mix(COLOURS[note.voice], (255, 255, 255), 0.6)
