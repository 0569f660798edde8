"""What the page is made of, over HTTP: its files, the table, who may come from where."""

import importlib.resources
import mimetypes
from collections.abc import Awaitable, Callable, Sequence
from importlib.resources.abc import Traversable

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute

from bridge.media.page.about import About
from bridge.media.page.access import Access
from bridge.media.page.addresses import urls_with_token
from bridge.media.page.relay import Relay

NO_CACHE = {"Cache-Control": "no-cache"}
POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline';"
    " connect-src 'self' ws://{host} wss://{host}; frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
)
"""Nothing from elsewhere, and no page of elsewhere may show ours in a frame to lure clicks."""
_TYPES = {".js": "text/javascript", ".css": "text/css", ".html": "text/html", ".svg": "image/svg+xml"}


class Site:
    """The page and what it asks for."""

    def __init__(self, about: About | None, bound: tuple[str, int]) -> None:
        """``bound`` is the host and port that HTTP listens on; without ``about`` there are frames and no control."""
        self._about, self._bound = about, bound
        self._access = Access(about.token if about else "")
        root = importlib.resources.files("bridge.media.page").joinpath("assets")
        self._files = {f"/page/{name}": (file.read_bytes(), _type(name)) for name, file in sorted(_all(root))}
        self._panels = [path for path in self._files if path.startswith("/page/panels/") and path.endswith(".js")]
        self._table = msgspec.json.encode(about.table) if about else b""

    def routes(self) -> Sequence[BaseRoute]:
        """Everything that is answered."""
        routes: list[BaseRoute] = [
            Route("/", self._page("index.html" if self._about else "output.html")),
            Route("/output", self._page("output.html")),
            Route("/page/panels.json", self._panels_json),
            Route("/page/access.json", self._access_json),
            Route("/page/{path:path}", self._file),
        ]
        if self._about:
            relay = Relay(self._about.osc, self._access)
            routes += [Route("/table.json", self._table_json), WebSocketRoute("/osc.ws", relay.answer)]
        return routes

    def _page(self, name: str) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            return self._response(request, f"/page/{name}")

        return answer

    async def _file(self, request: Request) -> Response:
        return self._response(request, request.url.path)

    def _response(self, request: Request, path: str) -> Response:
        if path not in self._files:
            return PlainTextResponse("there is no such file\n", 404)
        body, media_type = self._files[path]
        policy = POLICY.format(host=request.headers.get("host", "localhost"))
        headers = NO_CACHE | {"Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff"}
        return Response(body, media_type=media_type, headers=headers)

    async def _table_json(self, request: Request) -> Response:
        return Response(self._table, media_type="application/json", headers=NO_CACHE)

    async def _panels_json(self, request: Request) -> Response:
        return JSONResponse(self._panels, headers=NO_CACHE)

    async def _access_json(self, request: Request) -> Response:
        """Where a phone finds the page; told on this machine only, for the token stands in it."""
        ours = self._about and self._access.is_ours(request) and not self._access.refusal(request)
        urls = urls_with_token(self._bound[0], self._bound[1], self._about.token) if ours and self._about else []
        return JSONResponse({"urls": urls, "qr": _qr(urls[0]) if urls else ""}, headers={"Cache-Control": "no-store"})


def _qr(text: str) -> str:
    """Return a picture of the text as SVG; empty where the package for it is missing."""
    try:
        import segno
    except ImportError:
        return ""
    code: str = segno.make(text, micro=False, error="m").svg_inline(scale=6, border=3, light="#fff")
    return code


def _all(folder: Traversable, prefix: str = "") -> list[tuple[str, Traversable]]:
    found = []
    for entry in folder.iterdir():
        name = f"{prefix}{entry.name}"
        if entry.is_dir():
            found += _all(entry, f"{name}/")
        else:
            found.append((name, entry))
    return found


def _type(name: str) -> str:
    suffix = name[name.rfind(".") :]
    return _TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
