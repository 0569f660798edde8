"""Inside a network of its own: a Link peer (aalink) and a bridge that follows it; says what was seen as JSON."""

import asyncio
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import aalink
from serving import serving

PATIENCE = 60


async def scene(sclang: str) -> dict[str, object]:
    link = aalink.Link(97.0)
    link.quantum = 4
    link.enabled = True
    seen: dict[str, object] = {}
    with serving("--no-midi", stage=True) as served:
        performer = served.performer

        async def until(path, wanted=lambda *_: True):
            """Wait without holding up the peer."""
            end = time.monotonic() + PATIENCE
            while time.monotonic() < end:
                message = performer.listen(time.monotonic())
                if message and message[0] == path and wanted(*message[1]):
                    return message[1]
                await asyncio.sleep(0.0005)
            raise AssertionError(f"no {path}: {performer.heard[-20:]}")

        performer.send("/subscribe", "/clock/*")
        performer.send("/subscribe", "/clock/link/*")
        performer.send("/clock/source", "link")
        seen["peers"] = (await until("/clock/link/peers", lambda peers: peers > 0))[0]
        performer.send("/clock/tempo")  # which may have been told before the peers were
        seen["tempo"] = (await until("/clock/tempo", lambda tempo: abs(tempo - 97) < 0.01))[0]
        # Beats told are late or on time, never early: the least late of some tells how far off the clock is.
        off = []
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            await until("/clock/beat")
            beat = link.beat
            off.append(1000 * (beat - round(beat)) * 60 / link.tempo)
            if len(off) >= 8 and min(map(abs, off[-8:])) < 5:
                break
        seen["off_ms"] = min(off[-8:], key=abs)
        _, beat_in_bar = await until("/clock/bar"), round(link.beat) % 4
        seen["beat_in_bar"] = beat_in_bar
        performer.send("/clock/tempo", 133.0)
        end = time.monotonic() + PATIENCE
        while abs(link.tempo - 133) > 0.01 and time.monotonic() < end:
            await asyncio.sleep(0.02)
        seen["set_by_us"] = link.tempo
        performer.send("/clock/link/start_stop", 1)
        link.start_stop_sync_enabled = True
        link.playing = True
        await asyncio.sleep(0.3)
        link.playing = False
        await until("/clock/playing", lambda on: on == 0)
        link.playing = True
        await until("/clock/playing", lambda on: on == 1)
        seen["start_stop"] = True
        if sclang:
            seen["sclang"] = await sclang_peer(sclang, link)
    return seen


async def sclang_peer(sclang: str, link: aalink.Link) -> float:
    """Have SuperCollider's LinkClock set the session's tempo to 77; return what everyone has then."""
    script = Path(os.environ["SCENE_FOLDER"]) / "link.scd"
    script.write_text(
        "fork { var link = LinkClock.new.latency_(0);"
        " 40.do { 0.25.wait; if(link.numPeers > 1) { link.tempo = 77 / 60 } }; 0.exit }"
    )
    environment = os.environ | {"QTWEBENGINE_DISABLE_SANDBOX": "1", "QT_QPA_PLATFORM": "offscreen"}
    process = subprocess.Popen(
        [sclang, str(script)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
        env=environment,
    )
    try:
        end = time.monotonic() + PATIENCE
        while abs(link.tempo - 77) > 0.01 and time.monotonic() < end:
            await asyncio.sleep(0.05)
    finally:
        process.kill()
        process.wait()
    return link.tempo


if __name__ == "__main__":
    print("SEEN " + json.dumps(asyncio.run(scene(sys.argv[1] if len(sys.argv) > 1 else ""))), flush=True)
