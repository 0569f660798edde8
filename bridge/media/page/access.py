"""Who may control: programs and pages of this machine, and others that know the token."""

import hmac
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from bridge.media.guard import is_loopback


class Access:
    """Decides by where a request comes from and what it knows; the guard has looked at its Host before."""

    def __init__(self, token: str) -> None:
        """``token`` is what others than this machine must give; empty: nobody else is let in."""
        self._token = token

    def refusal(self, connection: HTTPConnection) -> str:
        """Return why a request may not control; empty where it may."""
        origin = connection.headers.get("origin")
        # Stricter than for frames: another page of this machine may look, but not play.
        if origin is not None and urlsplit(origin).netloc != connection.headers.get("host"):
            return f"Origin must be the page that was served here, got {origin!r}"
        if self.is_ours(connection):
            return ""
        given = connection.query_params.get("token", "")
        if self._token and hmac.compare_digest(given.encode(), self._token.encode()):
            return ""
        return "token must be the one that Antiphon printed when it started: open the address that it stands in"

    def is_ours(self, connection: HTTPConnection) -> bool:
        """Whether a request comes from this machine, as far as it does not come through something else here."""
        client = connection.client
        forwarded = any(name in connection.headers for name in ("forwarded", "x-forwarded-for", "via"))
        return client is not None and is_loopback(client.host.removeprefix("::ffff:")) and not forwarded
