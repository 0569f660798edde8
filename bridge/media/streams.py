"""Streams over WebSocket, for the sinks that give them."""

import contextlib
from collections.abc import Callable, Mapping
from typing import TypeVar

from starlette.responses import PlainTextResponse
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from bridge.media.broadcast import Broadcast
from bridge.media.encoders import Encoder
from bridge.media.feed import Feed, FeedClosedError, Picture, TooManyReadersError
from bridge.media.sink import while_connected

GOING_AWAY = 1001
Data = TypeVar("Data")


def broadcast_route(
    path: str, feed: Feed, encoder: Encoder[Data], payloads: Mapping[str, Callable[[Picture[Data]], bytes]]
) -> WebSocketRoute:
    """Return the route of a stream: a message a frame, with the payload that ``?header=`` names ("" without it)."""
    broadcasts = {name: Broadcast(feed, encoder, payload) for name, payload in payloads.items()}

    async def answer(websocket: WebSocket) -> None:
        broadcast = broadcasts.get(websocket.query_params.get("header", ""), broadcasts[""])
        try:
            with feed.reader(), contextlib.suppress(WebSocketDisconnect):
                await websocket.accept()
                with broadcast.to(websocket.scope["extensions"]["antiphon.flow"]) as ended:
                    await while_connected(websocket.receive, ended)
        except TooManyReadersError as error:
            await websocket.send_denial_response(PlainTextResponse(f"{error}\n", 503))
        except FeedClosedError:
            await websocket.close(GOING_AWAY, "Antiphon is ending")

    return WebSocketRoute(path, answer)
