"""WebRTC by WHEP, for browsers on other machines and TouchDesigner's Video Stream In: ``POST /whep`` with an SDP offer.

Extra ``webrtc``: aiortc (BSD). The answer comes with all candidates; ``DELETE`` of its Location ends the session.
WHEP is draft-ietf-wish-whep. H.264, encoded once for all.
"""

import asyncio
import contextlib
import secrets
from typing import TYPE_CHECKING, Any

from bridge.media.endpoint import required
from bridge.media.feed import FeedClosedError, TooManyReadersError
from bridge.media.relay import Relay, Turn
from bridge.media.sink import ServedSink
from bridge.media.video import H264, TIME_BASE
from models.contract import Param

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from bridge.media.feed import Feed

CRF = 22
MEGABITS = 8.0
KEY_SECONDS = 4.0
"""Receivers ask for key frames where they lack one."""
MAX_OFFER = 65536
CONNECT_SECONDS = 20.0
"""A session that is not connected by then is ended."""
SDP = "application/sdp"
"""No page of another site may send this type without being let: browsers ask first, and are not answered."""


class WebRtc(ServedSink):
    """``/whep``"""

    name = "webrtc"
    extra = "webrtc"
    on = Param(True, doc="WebRTC by WHEP, at /whep.")
    paths = ("/whep",)

    def __init__(self, feed: "Feed") -> None:
        super().__init__(feed)
        self._encoder = H264(CRF, MEGABITS, KEY_SECONDS)
        self._relay = Relay(feed, self._encoder)
        self._sessions: dict[str, asyncio.Task[None]] = {}

    def routes(self) -> "Sequence[BaseRoute]":
        """Where offers go, and where sessions end."""
        from starlette.routing import Route

        return [
            Route("/whep", self._begin, methods=["POST"]),
            Route("/whep/{session}", self._end, methods=["DELETE"]),
        ]

    async def close(self) -> None:
        """End every session."""
        tasks = tuple(self._sessions.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _begin(self, request: "Request") -> "Response":
        from starlette.responses import PlainTextResponse, Response

        if request.headers.get("content-type", "").partition(";")[0].strip() != SDP:
            return PlainTextResponse(f"an offer must have the type {SDP}\n", 415)
        offer = await _body(request)
        if offer is None:
            return PlainTextResponse(f"an offer may have up to {MAX_OFFER} bytes\n", 413)
        try:
            required(WebRtc, "aiortc")
        except ImportError as error:
            self.feed.report(str(error))
            return PlainTextResponse(f"{error}\n", 501)
        answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        name = secrets.token_urlsafe(16)
        session = asyncio.create_task(self._session(offer, answer))
        self._sessions[name] = session
        session.add_done_callback(lambda _: self._sessions.pop(name, None))
        try:
            sdp = await answer
        except TooManyReadersError as error:
            return PlainTextResponse(f"{error}\n", 503)
        except ValueError as error:
            return PlainTextResponse(f"{error}\n", 400)
        return Response(sdp, 201, {"Location": f"/whep/{name}"}, SDP)

    async def _end(self, request: "Request") -> "Response":
        from starlette.responses import Response

        session = self._sessions.get(request.path_params["session"])
        if session is None:
            return Response(status_code=404)
        session.cancel()
        return Response(status_code=200)

    async def _session(self, offer: str, answer: "asyncio.Future[str]") -> None:
        """Answer an offer, and stream until the peer is gone."""
        try:
            with self._relay.turn() as turn:
                await self._stream(offer, answer, turn)
        except Exception as error:  # noqa: BLE001  (told to whoever asked, or to the performer)
            if not answer.done():
                answer.set_exception(error)
            elif not isinstance(error, FeedClosedError):
                self.feed.report(f"a WebRTC session ended: {type(error).__name__}: {error}")
        finally:
            if not answer.done():
                answer.cancel()

    async def _stream(self, offer: str, answer: "asyncio.Future[str]", turn: Turn) -> None:
        from aiortc import RTCPeerConnection, RTCRtpSender, RTCSessionDescription

        peer = RTCPeerConnection()
        gone, connected = asyncio.Event(), asyncio.Event()

        @peer.on("connectionstatechange")
        def changed() -> None:
            if peer.connectionState == "connected":
                connected.set()
            elif peer.connectionState in ("failed", "closed"):
                gone.set()
                connected.set()

        try:
            try:
                codecs = RTCRtpSender.getCapabilities("video").codecs
                transceiver = peer.addTransceiver(_track(turn), "sendonly")
                transceiver.setCodecPreferences([c for c in codecs if c.mimeType in ("video/H264", "video/rtx")])
                await peer.setRemoteDescription(RTCSessionDescription(offer, "offer"))
                await peer.setLocalDescription(await peer.createAnswer())
            except Exception as error:  # the offer is anybody's: whatever is wrong with it is the asker's to know
                raise ValueError(f"this offer cannot be answered: {type(error).__name__}: {error}") from error
            _on_key_wanted(transceiver.sender, self._encoder)
            if not answer.done():
                answer.set_result(peer.localDescription.sdp)
            async with asyncio.timeout(CONNECT_SECONDS):
                await connected.wait()
            await gone.wait()
        except TimeoutError:
            pass
        finally:
            with contextlib.suppress(Exception):
                await peer.close()


def _track(turn: Turn) -> Any:
    """Return a track that gives encoded frames."""
    from aiortc import MediaStreamTrack
    from aiortc.mediastreams import MediaStreamError
    from av import Packet

    class Track(MediaStreamTrack):  # type: ignore[misc,unused-ignore]
        kind = "video"

        async def recv(self) -> Any:
            try:
                coded = (await turn.next()).data
            except Exception as error:
                self.stop()
                raise MediaStreamError from error
            packet = Packet(coded.data)
            packet.pts, packet.time_base = coded.ticks, TIME_BASE
            return packet

    return Track()


def _on_key_wanted(sender: Any, encoder: H264) -> None:
    """Pass a receiver's wish for a key frame on to the encoder that all share."""
    sender._send_keyframe = encoder.want_key  # aiortc has no public way: it means its own encoders


async def _body(request: "Request") -> str | None:
    """Return what was posted, None where it is too long."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MAX_OFFER:
            return None
    return body.decode("utf-8", "replace")
