"""From a frame to the bytes of a picture. Called in a thread."""

import io
from collections.abc import Callable
from typing import TypeVar

from bridge.media.ring import Frame

Encoded = TypeVar("Encoded")
Encoder = Callable[[Frame], Encoded]
JPEG_QUALITY = 85
PNG_COMPRESSION = 1
"""0..9: zlib's fastest, for a still is asked for while frames run."""


def jpeg(frame: Frame) -> bytes:
    """Return the frame as a JPEG of 4:2:0 colour."""
    import simplejpeg  # here, for control reads the declarations of sinks

    encoded: bytes = simplejpeg.encode_jpeg(
        frame.pixels, quality=JPEG_QUALITY, colorspace="RGB", colorsubsampling="420", fastdct=True
    )
    return encoded


def png(frame: Frame) -> bytes:
    """Return the frame as a PNG, without loss."""
    from PIL import Image  # slow to import, and few ask for a PNG

    file = io.BytesIO()
    Image.fromarray(frame.pixels).save(file, "PNG", compress_level=PNG_COMPRESSION)
    return file.getvalue()


def rgb(frame: Frame) -> tuple[tuple[int, int], bytes]:
    """Return the frame's width and height, and its pixels as they are."""
    return (frame.width, frame.height), frame.pixels.tobytes()
