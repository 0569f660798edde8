"""Who may control, and how others learn of it."""

import asyncio
from typing import Any

import pytest
from starlette.requests import HTTPConnection

from bridge.addresses import Table
from bridge.media.page.about import About, described
from bridge.media.page.access import Access
from bridge.media.page.addresses import urls_with_token
from bridge.media.page.site import Site

PHONE = "192.168.1.7"


def request(client: str = "127.0.0.1", query: str = "", **headers: str) -> HTTPConnection:
    raw = [(name.encode().replace(b"_", b"-"), value.encode()) for name, value in headers.items()]
    return HTTPConnection({"type": "http", "client": (client, 1), "query_string": query.encode(), "headers": raw})


@pytest.mark.parametrize(
    ("asked", "allowed"),
    [
        (request(), True),
        (request("::1"), True),
        (request("::ffff:127.0.0.1"), True),
        (request(host="127.0.0.1:7771", origin="http://127.0.0.1:7771"), True),
        (request(host="127.0.0.1:7771", origin="http://127.0.0.1:8000"), False),
        (request(host="127.0.0.1:7771", origin="null"), False),
        (request(x_forwarded_for="10.0.0.9"), False),
        (request(PHONE), False),
        (request(PHONE, "token=wrong"), False),
        (request(PHONE, "token="), False),
        (request(PHONE, "token=right"), True),
        (request(PHONE, "token=right", host="192.168.1.2:7771", origin="http://192.168.1.2:7771"), True),
        (request(PHONE, "token=right", host="192.168.1.2:7771", origin="http://evil.example"), False),
    ],
)
def test_who_may_control(asked: HTTPConnection, allowed: bool) -> None:
    assert (Access("right").refusal(asked) == "") == allowed


def test_without_a_token_nobody_else_may() -> None:
    assert Access("").refusal(request(PHONE, "token="))


def test_addresses_for_others_hold_the_token_where_it_is_not_sent() -> None:
    assert urls_with_token("127.0.0.1", 7771, "t") == urls_with_token("localhost", 7771, "t") == []
    assert urls_with_token("192.168.1.2", 7771, "t") == ["http://192.168.1.2:7771/#token=t"]
    assert urls_with_token("fe80::1", 7771, "t") == ["http://[fe80::1]:7771/#token=t"]
    assert all("127." not in url for url in urls_with_token("0.0.0.0", 7771, "t"))


def test_the_token_is_told_to_this_machine_only() -> None:
    pytest.importorskip("segno")
    site = Site(About(osc=("127.0.0.1", 1), table=described(Table(()), "0"), token="right"), (PHONE, 7771))

    def told(asked: HTTPConnection) -> bytes:
        answer: Any = asyncio.run(site._access_json(asked))  # type: ignore[arg-type]
        return bytes(answer.body)

    assert b"#token=right" in told(request()) and b"<svg" in told(request())
    assert b"right" not in told(request("192.168.1.9"))
    assert b"right" not in told(request(host="localhost", origin="http://evil.example"))
