"""An mp4 of frames and sound, in H.264 and AAC."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bridge.workers.blend import Pixels

if TYPE_CHECKING:
    from numpy.typing import NDArray

CODECS = ("libx264", "h264_videotoolbox", "h264_mf", "libopenh264", "mpeg4")
"""Tried in this order; not every build of FFmpeg has an H.264 encoder."""
QUALITY = {"libx264": {"preset": "medium", "crf": "20"}}
BLOCK = 1024
"""Samples that AAC takes at once."""


class NoEncoderError(Exception):
    """None of CODECS works here."""


def write(
    path: Path, frames: Iterator[Pixels], fps: float, sound: "NDArray[np.float32] | None" = None, rate: int = 48_000
) -> None:
    """Write frames of one size as they come; ``sound`` is float [samples, 2]. Raises OSError or NoEncoderError."""
    import av

    first = next(frames)
    for codec in CODECS:
        try:
            av.codec.Codec(codec, "w")
        except av.codec.codec.UnknownCodecError:
            continue
        try:
            with av.open(str(path), "w", format="mp4", options={"movflags": "faststart"}) as container:
                video, audio = _streams(container, codec, first, fps, rate if sound is not None else None)
                container.start_encoding()
                _encode(container, video, audio, first, frames, fps, sound, rate)
            return
        except (av.error.ExternalError, av.error.ArgumentError):  # in the build, but not on this machine
            continue
    raise NoEncoderError(f"FFmpeg has none of the encoders {', '.join(CODECS)}")


def _streams(container: Any, codec: str, first: Pixels, fps: float, rate: int | None) -> tuple[Any, Any]:
    video = container.add_stream(codec, rate=Fraction(fps).limit_denominator(1001), options=QUALITY.get(codec, {}))
    video.height, video.width = (max(2, size - size % 2) for size in first.shape[:2])
    video.pix_fmt = "yuv420p"
    if not QUALITY.get(codec):
        video.bit_rate = 6_000_000
    if rate is None:
        return video, None
    audio = container.add_stream("aac", rate=rate)
    audio.layout, audio.bit_rate = "stereo", 160_000
    return video, audio


def _encode(
    container: Any,
    video: Any,
    audio: Any,
    first: Pixels,
    frames: Iterator[Pixels],
    fps: float,
    sound: "NDArray[np.float32] | None",
    rate: int,
) -> None:
    import av

    written = 0

    def write_sound(until: int) -> None:
        nonlocal written
        while sound is not None and written < min(until, len(sound)):
            block = np.ascontiguousarray(sound[written : written + BLOCK].T)
            samples = av.AudioFrame.from_ndarray(block, format="fltp", layout="stereo")
            samples.sample_rate, samples.pts, samples.time_base = rate, written, Fraction(1, rate)
            container.mux(audio.encode(samples))
            written += block.shape[1]

    number = 0
    picture: Pixels | None = first
    while picture is not None:
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
        frame = frame.reformat(video.width, video.height, "yuv420p")
        frame.pts, frame.time_base = number, 1 / Fraction(fps).limit_denominator(1001)
        container.mux(video.encode(frame))
        number += 1
        write_sound(round(number * rate / fps))  # side by side, so that players need not seek
        picture = next(frames, None)
    container.mux(video.encode(None))
    if audio is not None:
        container.mux(audio.encode(None))
