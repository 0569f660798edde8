"""npm's osc, another reading of OSC, speaks SLIP over TCP to a real server."""

import json
import shutil
import subprocess

import pytest
from serving import CLIENTS, PATIENCE, serving

CLIENT = CLIENTS / "osc_js"


def test_npms_osc_is_acknowledged_told_and_refused_over_tcp_in_slip() -> None:
    node = shutil.which("node")
    if node is None or not (CLIENT / "node_modules" / "osc").is_dir():
        pytest.skip("the npm package osc: npm install --prefix tests/clients/osc_js")
    with serving("--no-midi", stage=True) as served:
        done = subprocess.run(
            [node, CLIENT / "talk.cjs", str(served.osc_port)], capture_output=True, text=True, timeout=PATIENCE
        )
        assert done.returncode == 0, done.stderr
        heard = [json.loads(line) for line in done.stdout.splitlines()]
        assert ["/subscribed", "/music/*", 60] in heard
        assert ["/pong", 192, 219, 0xC0DB, "one packet"] in heard
        assert heard.count(["/music/call_bars", 3]) == 2  # told as a subscriber, answered as it asked
        assert ["/music/temperature", 1.5] in heard
        assert [message[1:] for message in heard if message[0] == "/error"] == [
            ["/music/call_bars", "bars must be in range 1..8, got 1000"]
        ]
        assert served.performer.ask("/music/call_bars") == [3]
