"""The frame ring: what is written is read, whole, by other processes too."""

import multiprocessing
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from frame_writers import scribble, write_and_hold

from bridge import clocks
from bridge.media.ring import FrameRing, RingError

spawn = multiprocessing.get_context("spawn")


@pytest.fixture
def ring() -> Iterator[FrameRing]:
    ring = FrameRing.create(64, 48)
    yield ring
    ring.close()
    ring.unlink()


def picture(width: int = 64, height: int = 48, value: int = 7) -> np.ndarray:
    return np.full((height, width, 3), value, np.uint8)


def test_what_is_written_is_read(ring: FrameRing) -> None:
    assert ring.latest() is None and ring.age() is None and ring.newest == 0
    pixels = np.arange(48 * 64 * 3, dtype=np.uint32).astype(np.uint8).reshape(48, 64, 3)
    now = clocks.now()
    number = ring.write(pixels, time=now, seed=-1, params_version=2**40, model="texture_ca")
    other = FrameRing.attach(ring.name)
    frame = other.latest()
    assert frame is not None and (frame.pixels == pixels).all()
    assert (frame.sequence, frame.time, frame.seed, frame.params_version) == (number, now, -1, 2**40)
    assert (frame.width, frame.height, frame.generation, frame.model) == (64, 48, 1, "texture_ca")
    assert frame.age(now + 2) == 2 and other.age(now + 1) == 1
    assert other.latest(after=number) is None
    ring.write(pixels[::-1, ::-1], time=now)  # any strides
    newer = other.latest(after=number)
    assert newer is not None and (newer.pixels == pixels[::-1, ::-1]).all()
    assert (frame.pixels == pixels).all()  # a frame is the reader's own
    other.close()
    other.close()


def test_a_reader_takes_the_newest_only(ring: FrameRing) -> None:
    for value in range(1, 11):
        ring.write(picture(value=value), time=value)
    frame = ring.latest()
    assert frame is not None and frame.sequence == 10 and (frame.pixels == 10).all()


def test_another_size_is_a_new_generation(ring: FrameRing) -> None:
    sizes = [(64, 48), (64, 48), (32, 16), (48, 64), (1, 1)]
    generations = []
    for width, height in sizes:
        ring.write(picture(width, height), time=0)
        frame = ring.latest()
        assert frame is not None and (frame.width, frame.height) == (width, height)
        generations.append(frame.generation)
    assert generations == [1, 1, 2, 3, 4]


def test_a_new_writer_takes_over(ring: FrameRing) -> None:
    old, new = FrameRing.attach(ring.name), FrameRing.attach(ring.name)
    assert old.write(picture(value=1), time=0) == 1
    taken = new.write(picture(value=2), time=0)
    assert taken > 1
    assert old.write(picture(value=3), time=0) == 0
    frame = ring.latest()
    assert frame is not None and (frame.pixels == 2).all()
    assert new.write(picture(value=4), time=0) == taken + 1
    old.close(), new.close()


@pytest.mark.parametrize(
    ("pixels", "rule"),
    [
        (np.zeros((4, 4, 3), np.float32), "uint8"),
        (np.zeros((4, 4), np.uint8), r"\[4, 4\]"),
        (np.zeros((4, 4, 4), np.uint8), r"\[4, 4, 4\]"),
        (np.zeros((0, 4, 3), np.uint8), r"\[0, 4, 3\]"),
        (np.zeros((49, 64, 3), np.uint8), "3072 pixels, got 64 x 49"),
    ],
)
def test_what_is_no_frame_is_refused(ring: FrameRing, pixels: np.ndarray, rule: str) -> None:
    with pytest.raises(RingError, match=rule):
        ring.write(pixels, time=0)
    assert ring.latest() is None


def test_what_is_no_ring_is_refused(ring: FrameRing) -> None:
    ring._bytes[:8] = b"SOMETHIN"
    with pytest.raises(RingError, match="SOMETHIN"):
        FrameRing.attach(ring.name)
    with pytest.raises(FileNotFoundError):
        FrameRing.attach("antiphon-no-such-ring")
    with pytest.raises(RingError, match="2 slots or more, got 1"):
        FrameRing.create(8, 8, slots=1)
    with pytest.raises(RingError, match="0 x 8"):
        FrameRing.create(0, 8)


def test_too_little_memory_is_an_error_not_a_crash() -> None:
    if not Path("/dev/shm").exists():
        pytest.skip("only Linux promises memory that it has not got")
    with pytest.raises(OSError, match="--shm-size"):
        FrameRing.create(1 << 20, 1 << 20)


def test_a_slot_being_written_is_not_taken(ring: FrameRing) -> None:
    number = ring.write(picture(), time=0)
    sequence = ring._slot(number) // 8
    ring._words[sequence] += 2 * ring._words[5] - 1  # as if the writer had come round to it
    assert ring.latest() is None
    ring._words[sequence] -= 2 * ring._words[5] - 1
    assert ring.latest() is not None


def test_no_torn_frame_is_ever_seen() -> None:
    ring = FrameRing.create(64, 48, slots=2)
    stop, started = spawn.Event(), spawn.Event()
    writer = spawn.Process(target=scribble, args=(ring.name, stop, started))
    writer.start()
    assert started.wait(30)
    seen = after = 0
    until = clocks.now() + 3
    while clocks.now() < until:
        frame = ring.latest(after)
        if frame is None:
            continue
        seen, after = seen + 1, frame.sequence
        assert frame.time == frame.seed
        assert frame.width == 64 - frame.seed % 3
        assert (frame.pixels == frame.seed % 251).all()
    stop.set()
    writer.join(30)
    assert writer.exitcode == 0
    ring.close()
    ring.unlink()
    assert seen > 100


def test_a_killed_writer_leaves_its_last_frame(ring: FrameRing) -> None:
    for _ in range(3):
        ready = spawn.Event()
        writer = spawn.Process(target=write_and_hold, args=(ring.name, ready))
        writer.start()
        assert ready.wait(30)
        writer.kill()
        writer.join(30)
        frame = ring.latest()
        assert frame is not None and (frame.pixels == 9).all()
    after = frame.sequence
    assert ring.write(picture(value=5), time=0) > after
    newest = ring.latest(after)
    assert newest is not None and (newest.pixels == 5).all()


CREATOR = """
import multiprocessing, os, signal, sys, time
from bridge.media.ring import FrameRing

def hold(name, events):
    ring = FrameRing.attach(name)
    ring.write(__import__("numpy").zeros((8, 8, 3), "uint8"), time=0)
    events.send(ring.latest().sequence)
    if events.poll(60):
        events.recv()

if __name__ == "__main__":
    ring = FrameRing.create(8, 8)
    here, there = multiprocessing.Pipe()
    child = multiprocessing.get_context("spawn").Process(target=hold, args=(ring.name, there))
    child.start()
    there.close()
    here.recv()
    print(ring.name, flush=True)
    sys.stdin.readline()
    if sys.argv[1] == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    here.send(0)
    child.join()
    ring.close()
    ring.unlink()
"""


@pytest.mark.parametrize("end", ["normal", "kill"])
def test_nothing_is_left_behind(tmp_path: Path, end: str) -> None:
    """Nor is anything said, at a normal end; and a process that only looks does not take the ring away."""
    script = tmp_path / "creator.py"
    script.write_text(CREATOR)
    environment = {"PYTHONPATH": str(Path(__file__).parents[3]), "PATH": ""}
    with subprocess.Popen(
        [sys.executable, "-W", "error", script, end],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    ) as creator:
        assert creator.stdout is not None
        name = creator.stdout.readline().strip()
        look = f"from bridge.media.ring import FrameRing; r = FrameRing.attach({name!r}); assert r.latest()"
        command = [sys.executable, "-W", "error", "-c", look]
        looker = subprocess.run(command, env=environment, capture_output=True, text=True)
        assert (looker.returncode, looker.stderr) == (0, "")
        FrameRing.attach(name).close()  # still there
        _, errors = creator.communicate("go\n", timeout=60)  # until the resource tracker too has closed the pipe
    if end == "normal":
        assert errors == ""
    with pytest.raises(FileNotFoundError):
        FrameRing.attach(name)


@pytest.mark.skipif(os.name != "posix", reason="there, shared memory goes with the last who holds it")
def test_what_a_killed_server_left_under_a_name_is_replaced() -> None:
    name = f"antiphon-ring-{os.getpid()}"
    left = FrameRing.create(16, 16, name=name)
    left.write(np.full((4, 4, 3), 1, np.uint8), time=1.0)
    again = FrameRing.create(32, 32, name=name)
    try:
        assert again.newest == 0 and again.capacity == 32 * 32
        again.write(np.full((4, 4, 3), 2, np.uint8), time=2.0)
        reader = FrameRing.attach(name)
        newest, held = reader.latest(), left.latest()
        assert newest is not None and (newest.pixels == 2).all()
        assert held is not None and (held.pixels == 1).all()  # whoever still has the old one keeps it
        reader.close()
    finally:
        left.close()
        again.close()
        again.unlink()
