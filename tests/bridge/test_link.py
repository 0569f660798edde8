"""Ableton Link with peers that nobody here wrote, in a network of their own."""

import json
import os
import shutil
import subprocess
import sys

import pytest
from peers import require_program
from serving import CLIENTS, ROOT

NETWORK = "ip link set lo up && ip link set lo multicast on && ip route add 224.0.0.0/4 dev lo"


def test_link_peers_lead_and_are_led(tmp_path):
    pytest.importorskip("aalink", reason="aalink is not installed: pip install 'antiphon[link]'")
    unshare, _ = require_program("unshare", "util-linux"), require_program("ip", "iproute2")
    allowed = subprocess.run([unshare, "-n", "sh", "-c", NETWORK], capture_output=True, text=True)
    if allowed.returncode:
        pytest.skip(f"network namespaces are not allowed here: {allowed.stderr.strip()}")
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests"), str(CLIENTS)])
    sclang = shutil.which("sclang") or ""
    script = [sys.executable, str(CLIENTS / "link_scene.py"), sclang]
    done = subprocess.run(
        [unshare, "-n", "sh", "-c", f'{NETWORK} && exec "$@"', "scene", *script],
        env={**os.environ, "PYTHONPATH": path, "SCENE_FOLDER": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert "SEEN " in done.stdout, done.stderr[-3000:]
    seen = json.loads(done.stdout.rpartition("SEEN ")[2])
    assert seen["peers"] == 1
    assert seen["tempo"] == pytest.approx(97, abs=0.01)
    assert abs(seen["off_ms"]) < 5
    assert seen["beat_in_bar"] == 0
    assert seen["set_by_us"] == pytest.approx(133, abs=0.01)
    assert seen["start_stop"]
    if sclang:
        assert seen["sclang"] == pytest.approx(77, abs=0.01)
    else:
        print("SuperCollider's LinkClock was left out: sclang not found: install supercollider-language")
