"""OSCQuery of a real server, asked raw and by a client that nobody here wrote."""

import asyncio
import json
import os
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from serving import PATIENCE, Serving, serving
from websockets.sync.client import ClientConnection, connect

from bridge.osc.wire import Bundle, Message, decode
from bridge.oscquery.announce import Announcement

CLIENT = Path(__file__).parents[2] / "clients" / "oscquery_js"
MODULES = Path(os.environ.get("ANTIPHON_OSCQUERY_JS", CLIENT / "node_modules"))


@pytest.fixture(scope="module")
def server() -> Iterator[Serving]:
    with serving("--no-midi", "--oscquery-port", "0", stage=True) as server:
        yield server


@pytest.fixture(scope="module")
def port(server: Serving) -> int:
    return int(urlsplit(server.performer.info("oscquery/url")["oscquery/url"]).port or 0)


def get(port: int, path: str) -> Any:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=PATIENCE) as answer:
        body = answer.read()
        return json.loads(body) if body else answer.status


def refused(port: int, path: str) -> int:
    with pytest.raises(urllib.error.HTTPError) as error:
        get(port, path)
    error.value.close()
    return error.value.code


def hear(listener: ClientConnection) -> Any:
    """The next message: text decoded as JSON, bytes as an OSC message."""
    said = listener.recv(PATIENCE)
    return json.loads(said) if isinstance(said, str) else decode(said)


def tell(listener: ClientConnection, command: str, path: str) -> None:
    listener.send(json.dumps({"COMMAND": command, "DATA": path}))


def test_host_info(server: Serving, port: int) -> None:
    info = get(port, "/?HOST_INFO")
    assert (info["NAME"], info["OSC_PORT"], info["OSC_TRANSPORT"]) == ("Antiphon", server.osc_port, "UDP")
    assert (info["OSC_IP"], info["WS_IP"], info["WS_PORT"]) == ("127.0.0.1", "127.0.0.1", port)
    assert {"LISTEN", "PATH_CHANGED", "VALUE", "RANGE", "UNIT"} <= set(info["EXTENSIONS"])


def test_nodes_say_what_the_table_says_and_what_values_are(server: Serving, port: int) -> None:
    server.performer.send("/frames/lamp/level", 0.25)
    server.performer.send("/music/listen", 0)
    server.performer.ping(1)
    tree = get(port, "/")
    tempo = tree["CONTENTS"]["clock"]["CONTENTS"]["tempo"]
    assert tempo["FULL_PATH"] == "/clock/tempo" and tempo["ACCESS"] == 3 and tempo["TYPE"] == "f"
    assert (tempo["RANGE"], tempo["UNIT"], tempo["VALUE"]) == ([{"MIN": 20, "MAX": 400}], ["bpm"], [120.0])
    assert tempo["DESCRIPTION"]
    assert tree["CONTENTS"]["panic"] == get(port, "/panic") and tree["CONTENTS"]["panic"]["ACCESS"] == 2
    assert get(port, "/frames/lamp/level?VALUE") == {"VALUE": [0.25]}
    listen = get(port, "/music/listen")
    assert (listen["TYPE"], listen["VALUE"]) == ("F", [False])
    assert "lamp" in get(port, "/frames/model?RANGE")["RANGE"][0]["VALS"]
    assert get(port, "/clock/beat?ACCESS") == {"ACCESS": 1}
    assert get(port, "/frames/slide?TAGS") == {"TAGS": ["idle"]} and get(port, "/frames?ACCESS") == {"ACCESS": 0}
    assert get(port, "/frames/lamp?TAGS") == 204
    assert refused(port, "/nowhere") == 404
    assert refused(port, "/clock/tempo?NONSENSE") == 400


def test_who_listens_is_told_until_it_ignores(server: Serving, port: int) -> None:
    with connect(f"ws://127.0.0.1:{port}/") as listener:
        for path in ("/frames/reaction", "/music/listen", "/clock/beat", "/nowhere"):
            tell(listener, "LISTEN", path)
        listener.send("nonsense")
        heard: dict[str, Message] = {}
        server.performer.send("/frames/reaction", 0.5)
        while set(heard) != {"/frames/reaction", "/music/listen", "/clock/beat"}:
            message = hear(listener)
            assert not isinstance(message, Bundle)
            heard[message.path] = message
            server.performer.send("/frames/reaction", 0.125)
            server.performer.send("/music/listen", 1)
        assert heard["/frames/reaction"].types == "f" and heard["/clock/beat"].types == "iii"
        assert (heard["/music/listen"].types, heard["/music/listen"].values) == ("T", (True,))
        tell(listener, "IGNORE", "/frames/reaction")
        tell(listener, "LISTEN", "/frames/lamp/level")
        while hear(listener).path != "/frames/lamp/level":
            server.performer.send("/frames/lamp/level", 0.0)
        for value in (0.5, 0.625):
            server.performer.send("/frames/reaction", value)
            server.performer.send("/frames/lamp/level", value)
        seen = []
        while ("/frames/lamp/level", (0.625,)) not in seen:
            message = hear(listener)
            seen.append((message.path, message.values))
        assert "/frames/reaction" not in {path for path, _ in seen}


def test_another_model_changes_paths(server: Serving, port: int) -> None:
    get(port, "/frames/model")
    with connect(f"ws://127.0.0.1:{port}/") as listener:
        tell(listener, "LISTEN", "/clock/beat")
        hear(listener)  # so it is known here
        server.performer.send("/frames/slide/file", "9")
        server.performer.send("/frames/model", "slide")
        changed = set()
        while not {"/frames/lamp", "/frames/slide"} <= changed:
            message = hear(listener)
            if isinstance(message, dict):
                assert message["COMMAND"] == "PATH_CHANGED"
                changed.add(message["DATA"])
    assert get(port, "/frames/lamp?TAGS") == {"TAGS": ["idle"]} and get(port, "/frames/slide?TAGS") == 204
    server.performer.send("/frames/model", "lamp")


def test_a_foreign_host_is_refused(port: int) -> None:
    request = urllib.request.Request(f"http://127.0.0.1:{port}/", headers={"Host": "evil.example"})
    with pytest.raises(urllib.error.HTTPError) as error:
        urllib.request.urlopen(request, timeout=PATIENCE)
    error.value.close()
    assert error.value.code == 403


def test_the_npm_package_finds_everything(server: Serving, port: int) -> None:
    node = shutil.which("node")
    if node is None or not (MODULES / "oscquery").is_dir():
        pytest.skip("the npm package oscquery: npm install --prefix tests/clients/oscquery_js")
    server.performer.send("/frames/lamp/level", 0.25)
    server.performer.ping(2)
    done = subprocess.run(
        [node, CLIENT / "ask.cjs", str(port)], capture_output=True, text=True, timeout=PATIENCE, cwd=CLIENT
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["host"]["oscPort"], found["host"]["wsPort"]) == (server.osc_port, port)
    methods = {method["full_path"]: method for method in found["methods"]}
    level = methods["/frames/lamp/level"]
    assert level["description"] == "How red." and level["access"] == 3
    assert level["arguments"] == [{"type": "f", "range": {"min": 0, "max": 1}, "value": 0.25}]
    assert {"/panic", "/clock/tempo", "/music/note/in", "/frames/model", "/music/state"} <= set(methods)


def test_zeroconf_tells_of_both_services() -> None:
    zeroconf = pytest.importorskip("zeroconf")
    aio = pytest.importorskip("zeroconf.asyncio")
    kinds = {"_oscjson._tcp.local.": 17772, "_osc._udp.local.": 17770}

    async def find() -> dict[str, int]:
        found: dict[str, int] = {}
        everything = asyncio.Event()
        try:
            announcement = await Announcement.make("127.0.0.1", 17770, 17772)
        except OSError as error:
            pytest.skip(f"no multicast here: {error}")
        browser = aio.AsyncZeroconf(interfaces=["127.0.0.1"])

        def changed(zeroconf: Any, service_type: str, name: str, state_change: Any) -> None:
            if name.startswith("Antiphon"):
                tasks.append(asyncio.ensure_future(resolve(service_type, name)))

        async def resolve(kind: str, name: str) -> None:
            info = aio.AsyncServiceInfo(kind, name)
            while not await info.async_request(browser.zeroconf, 3_000):
                pass
            found[kind] = info.port
            if found == kinds:
                everything.set()

        tasks: list[Any] = []
        searching = aio.AsyncServiceBrowser(browser.zeroconf, list(kinds), handlers=[changed])
        try:
            await asyncio.wait_for(everything.wait(), PATIENCE)
        except TimeoutError:
            if not tasks:
                pytest.skip("zeroconf: multicast does not come back on this machine's loopback")
            raise
        finally:
            await searching.async_cancel()
            for task in tasks:
                task.cancel()
            await browser.async_close()
            await announcement.end()
        return found

    assert zeroconf
    assert asyncio.run(find()) == kinds
