"""H.264 as fast as it comes: each frame is encoded alone in time, none is waited for.

Colours are BT.709 in the limited range, and tagged so. Widths and heights are made even, which 4:2:0 needs.
"""

import fractions
import io
import threading
from typing import IO, TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from bridge.media.ring import Frame

CLOCK = 90000
"""Ticks a second."""
TIME_BASE = fractions.Fraction(1, CLOCK)
USUAL_FPS = 30
"""What rate control assumes; frames carry their own times."""
BT709 = 1
LIMITED = 1


class Coded(msgspec.Struct, frozen=True):
    """One frame, encoded."""

    data: bytes
    key: bool
    """Whether a decoder can begin here."""
    ticks: int
    """When it was generated, in ticks of CLOCK since the first."""


def options(crf: int, megabits: float) -> dict[str, str]:
    """What libx264 is told: quality 0..51 (lower is better), and a limit of the rate in Mbit/s."""
    kilobits = round(1000 * megabits)
    return {
        "preset": "ultrafast",
        "tune": "zerolatency",
        "profile": "baseline",
        "forced-idr": "1",
        "crf": str(crf),
        "maxrate": f"{kilobits}k",
        "bufsize": f"{kilobits // 4}k",
    }


def configure(codec: Any, width: int, height: int, key_seconds: float) -> None:
    """Set up an encoder for frames of that size, with a key frame at least so often."""
    codec.width, codec.height = width & ~1 or 2, height & ~1 or 2
    codec.pix_fmt = "yuv420p"
    codec.time_base = TIME_BASE
    codec.framerate = fractions.Fraction(USUAL_FPS)
    codec.gop_size = max(1, round(key_seconds * USUAL_FPS))
    codec.thread_count = 1
    codec.colorspace, codec.color_primaries, codec.color_trc, codec.color_range = BT709, BT709, BT709, LIMITED


def converted(frame: "Frame", width: int, height: int) -> Any:
    """Return the frame as one of PyAV, in 4:2:0 and that size."""
    import av

    rgb = av.VideoFrame.from_ndarray(frame.pixels, format="rgb24")
    return rgb.reformat(width & ~1 or 2, height & ~1 or 2, "yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG")


class Ticks:
    """The times of frames, in ticks since the first; each is later than the one before."""

    def __init__(self) -> None:
        self._origin: float | None = None
        self._last = -1

    def of(self, time: float) -> int:
        """Return the ticks of a frame that was generated at ``time``."""
        if self._origin is None:
            self._origin = time
        self._last = max(self._last + 1, round((time - self._origin) * CLOCK))
        return self._last


class H264:
    """An encoder of elementary streams, for ``bridge.media.relay``; called in a thread, one frame after the other."""

    def __init__(self, crf: int, megabits: float, key_seconds: float) -> None:
        self._options, self._key_seconds = options(crf, megabits), key_seconds
        self._codec: Any = None
        self._size = (0, 0)
        self._ticks = Ticks()
        self._key_wanted = threading.Event()

    def want_key(self) -> None:
        """Make the next frame one that a decoder can begin with."""
        self._key_wanted.set()

    def __call__(self, frame: "Frame") -> Coded:
        """Encode a frame; where its size is another than the last one's, a new stream begins with it."""
        import av
        from av.video.frame import PictureType

        if self._size != (frame.width, frame.height):
            self._codec = av.CodecContext.create("libx264", "w")
            configure(self._codec, frame.width, frame.height, self._key_seconds)
            self._codec.options = self._options
            self._size = frame.width, frame.height
        picture = converted(frame, frame.width, frame.height)
        picture.pts, picture.time_base = self._ticks.of(frame.time), TIME_BASE
        if self._key_wanted.is_set():
            self._key_wanted.clear()
            picture.pict_type = PictureType.I
        packets = self._codec.encode(picture)
        return Coded(b"".join(bytes(packet) for packet in packets), any(p.is_keyframe for p in packets), picture.pts)


class VideoOut:
    """A container that is written while frames come, to a file, an address or memory."""

    def __init__(
        self,
        target: "str | IO[bytes]",
        kind: str,
        width: int,
        height: int,
        *,
        crf: int,
        megabits: float,
        key_seconds: float,
        flags: dict[str, str],
        timeout: float | None = None,
    ) -> None:
        """``kind`` is FFmpeg's name of the format, ``flags`` its options. Raises OSError."""
        import av

        self._container = av.open(target, "w", format=kind, container_options=flags, timeout=timeout)
        self._stream: Any = self._container.add_stream("libx264", rate=USUAL_FPS, options=options(crf, megabits))
        configure(self._stream.codec_context, width, height, key_seconds)
        self.width, self.height = width, height
        self._ticks = Ticks()

    def write(self, frame: "Frame", key: bool = False) -> bool:
        """Add a frame, brought to this video's size; return whether a decoder can begin with it. Raises OSError."""
        from av.video.frame import PictureType

        picture = converted(frame, self.width, self.height)
        picture.pts, picture.time_base = self._ticks.of(frame.time), TIME_BASE
        if key:
            picture.pict_type = PictureType.I
        packets = self._stream.encode(picture)
        for packet in packets:
            self._container.mux(packet)
        return any(packet.is_keyframe for packet in packets)

    def close(self) -> None:
        """Write what is still due, and close. Raises OSError."""
        try:
            for packet in self._stream.encode(None):
                self._container.mux(packet)
        finally:
            self._container.close()


TRANSPORT = {"mpegts_flags": "resend_headers+pat_pmt_at_frames", "flush_packets": "1", "muxdelay": "0"}
"""Receivers may begin at any key frame, and get each frame at once."""


class TransportStream:
    """An encoder of MPEG-TS, for ``bridge.media.relay``; called in a thread, one frame after the other."""

    def __init__(self, crf: int, megabits: float, key_seconds: float) -> None:
        self._settings = {"crf": crf, "megabits": megabits, "key_seconds": key_seconds}
        self._out: VideoOut | None = None
        self._buffer = io.BytesIO()
        self._ticks = Ticks()
        self._key_wanted = threading.Event()

    def want_key(self) -> None:
        """Make the next frame one that a decoder can begin with."""
        self._key_wanted.set()

    def __call__(self, frame: "Frame") -> Coded:
        """Encode a frame; where its size is another than the last one's, a new stream begins with it."""
        if self._out is None or (self._out.width, self._out.height) != (frame.width, frame.height):
            self._buffer = io.BytesIO()
            sink: Any = _WriteOnly(self._buffer)
            self._out = VideoOut(sink, "mpegts", frame.width, frame.height, flags=TRANSPORT, **self._settings)  # type: ignore[arg-type]
        wanted = self._key_wanted.is_set()
        self._key_wanted.clear()
        key = self._out.write(frame, wanted)
        data = self._buffer.getvalue()
        self._buffer.seek(0)
        self._buffer.truncate()
        return Coded(data, key, self._ticks.of(frame.time))


class _WriteOnly:
    """A file that cannot be sought, for a stream."""

    def __init__(self, file: io.BytesIO) -> None:
        self._file = file

    def write(self, data: bytes) -> int:
        return self._file.write(data)
