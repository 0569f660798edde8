"""H.264 in MPEG-TS, sent to an address: ``udp://`` (multicast too) or ``tcp://``; for VLC, OBS, FFmpeg."""

from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bridge.media.endpoint import EndpointError, Places
from bridge.media.sink import SentSink
from bridge.media.video import TRANSPORT, VideoOut
from models.contract import Param, Value

if TYPE_CHECKING:
    from bridge.media.ring import Frame

CRF = 20
MEGABITS = 16.0
KEY_SECONDS = 1.0
SCHEMES = ("udp", "tcp")
PATIENCE_SECONDS = 5.0
PACKET = 1316
"""Bytes of a datagram: seven packets of a transport stream."""


class MpegTs(SentSink):
    """Sends a transport stream."""

    name = "mpegts"
    on = Param(False, doc="MPEG-TS, sent to the address that url tells.")
    url = Param("udp://127.0.0.1:7780", doc="udp://HOST:PORT, or tcp://HOST:PORT of one who listens.")

    def __init__(self, places: Places, params: Mapping[str, Value]) -> None:
        self._url = checked(str(params["url"]))
        self._out: VideoOut | None = None

    def send(self, frame: "Frame") -> None:
        """Encode and send a frame."""
        if self._out is None or (self._out.width, self._out.height) != (frame.width, frame.height):
            self.close()
            self._out = VideoOut(
                self._url,
                "mpegts",
                frame.width,
                frame.height,
                crf=CRF,
                megabits=MEGABITS,
                key_seconds=KEY_SECONDS,
                flags=TRANSPORT,
                timeout=PATIENCE_SECONDS,
            )
        self._out.write(frame)

    def close(self) -> None:
        """End the stream."""
        if self._out is not None:
            out, self._out = self._out, None
            out.close()


def checked(url: str) -> str:
    """Return the address for FFmpeg. Raises EndpointError where it is another than the schemes allow."""
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = None
    if parts.scheme not in SCHEMES or not parts.hostname or not port or parts.path not in ("", "/"):
        raise EndpointError(f"url must be udp://HOST:PORT or tcp://HOST:PORT, got {url!r}")
    return f"{parts.scheme}://{parts.netloc}" + (f"?pkt_size={PACKET}" if parts.scheme == "udp" else "")
