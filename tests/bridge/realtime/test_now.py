import multiprocessing
import subprocess
import sys
import time as system_time
from pathlib import Path

import pytest
from jackd import wait_until

from bridge.realtime import now
from bridge.realtime.now import Beat, NowPage


@pytest.fixture
def page():
    page = NowPage.create()
    yield page
    page.unlink()


def test_a_new_page_is_silent(page):
    moment = page.read(10)
    assert moment.notes == ()
    assert (moment.tempo, moment.beats_per_bar) == (120, 4)


def test_the_beat_goes_on_from_its_anchor(page):
    page.set_beat(Beat(time=10, beat=4, tempo=60, bar_beat=3, bar=1, beats_per_bar=3))
    moment = page.read(12.5)
    assert (moment.time, moment.beat, moment.tempo, moment.beats_per_bar) == (12.5, 6.5, 60, 3)
    assert page.beat() == (10, 4, 60, 3, 1, 3, True)
    page.set_beat(page.beat()._replace(playing=False))
    assert page.read(12.5).beat == page.beat().at(12.5) == 4


def test_a_note_is_held_then_recent_then_gone(page):
    page.begin("call", 0, 60, 99, 10.0)
    page.begin("answer", 3, 64, 50, 10.5)
    call, answer = page.read(11).notes
    assert (call.pitch, call.velocity, call.voice, call.age, call.held) == (60, 99, "call", 1.0, True)
    assert (answer.pitch, answer.velocity, answer.voice, answer.age, answer.held) == (64, 50, "answer", 0.5, True)
    page.end("call", 0, 60, 12.0)
    assert [note.held for note in page.read(12.5).notes] == [False, True]
    assert [note.held for note in page.read(11.5).notes] == [True, True]  # a frame for a moment ago
    assert [note.pitch for note in page.read(12 + now.RECENT + 0.1).notes] == [64]


def test_a_note_that_is_yet_to_begin_is_not_told(page):
    page.begin("answer", 0, 60, 99, 10.0)
    assert page.read(9.9).notes == ()


def test_a_pitch_that_two_channels_hold_ends_with_the_second(page):
    page.begin("call", 0, 60, 99, 1.0)
    page.begin("call", 1, 60, 99, 1.5)
    page.end("call", 0, 60, 2.0)
    assert page.read(2.5).notes[0].held
    page.end("call", 1, 60, 3.0)
    assert not page.read(3.5).notes[0].held


def test_an_end_without_a_beginning_is_nothing(page):
    page.end("call", 0, 60, 1.0)
    assert page.read(1.0).notes == ()


def test_all_notes_end_at_once(page):
    page.begin("call", 0, 60, 99, 1.0)
    page.begin("answer", 0, 62, 99, 1.0)
    page.end_all(2.0)
    assert [note.held for note in page.read(2.5).notes] == [False, False]
    page.reset()
    assert page.read(2.5).notes == ()


def test_what_a_dead_writer_left_half_written_is_not_read(page):
    page.begin("answer", 0, 60, 99, 1.0)
    reader = NowPage.attach(page.name)
    assert len(reader.read(1.5).notes) == 1
    # The writer dies while it fills the copy that is not in use, or right after it announced one it never wrote.
    sequence = now._SEQUENCE.unpack_from(page._buffer, now._SEQUENCE_AT)[0]
    unused = now._HEADER.size + ((sequence + 1) & 1) * now._COPY
    page._buffer[unused : unused + 500] = b"\xff" * 500
    assert [note.pitch for note in reader.read(1.5).notes] == [60]
    now._SEQUENCE.pack_into(page._buffer, now._SEQUENCE_AT, sequence + 1)
    assert [note.pitch for note in reader.read(1.5).notes] == [60]
    page.begin("answer", 0, 62, 99, 1.2)  # a new writer goes on
    assert [note.pitch for note in reader.read(1.5).notes] == [60, 62]
    reader.close()


def _write(name, seconds):
    page = NowPage.attach(name)
    end = system_time.monotonic() + seconds
    count = 0
    while system_time.monotonic() < end:
        count += 1
        for pitch in range(8):  # each of the eight says the same in every content a reader may see
            page.begin("answer", 0, pitch, 1 + count % 127, float(count))
        page.set_beat(Beat(float(count), count * 2.0, 120.0, 0, 0, 4))
    page.close()


def test_no_torn_content_is_read_while_another_process_writes(page):
    writer = multiprocessing.get_context("spawn").Process(target=_write, args=(page.name, 1.5))
    writer.start()
    reads = 0
    while writer.is_alive():
        reads += 1
        beat = page.beat()
        assert beat.beat in (0.0, beat.time * 2.0)
        notes = page.read(1e9).notes
        for note in notes:
            assert note.velocity == 1 + round(1e9 - note.age) % 127
        assert len({note.velocity for note in notes}) <= 2  # at most in the middle of a round
    writer.join()
    assert writer.exitcode == 0
    assert reads > 100


def test_it_is_fast(page):
    def seconds(action):
        best = 1.0
        for _ in range(20):
            started = system_time.perf_counter()
            for _ in range(50):
                action()
            best = min(best, (system_time.perf_counter() - started) / 50)
        return best

    for pitch in range(40):
        page.begin("answer", 0, pitch, 100, 1.0)
    assert seconds(lambda: page.begin("answer", 0, 60, 100, 1.0)) < 400e-6  # 8 µs on an idle machine
    assert seconds(lambda: page.read(2.0)) < 5e-3


def test_another_version_is_refused(page):
    now._HEADER.pack_into(page._buffer, 0, b"ANOW", 99, 0)
    with pytest.raises(ValueError, match="version 2, got b'ANOW' version 99"):
        NowPage.attach(page.name)


def test_a_page_that_is_not_there():
    with pytest.raises(FileNotFoundError):
        NowPage.attach("antiphon-none-such")


LIFE = """
import multiprocessing, sys, time
from bridge.realtime.now import NowPage

def read(name):
    page = NowPage.attach(name)
    page.read(1.0)
    page.close()

if __name__ == "__main__":
    page = NowPage.create()
    print(page.name, flush=True)
    for _ in range(2):
        child = multiprocessing.get_context("spawn").Process(target=read, args=(page.name,))
        child.start()
        child.join()
        assert child.exitcode == 0
    print("read", flush=True)
    if "hang" in sys.argv:
        time.sleep(60)
    page.unlink()
"""


def _life(tmp_path, *arguments):
    script = tmp_path / "life.py"
    script.write_text(LIFE)
    return subprocess.Popen(
        [sys.executable, str(script), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_normal_end_leaves_no_page_and_no_warning(tmp_path, on_path):
    process = _life(tmp_path)
    name, errors = process.communicate(timeout=30)
    assert process.returncode == 0, errors
    assert errors == ""
    with pytest.raises(FileNotFoundError):
        NowPage.attach(name.split()[0])


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="pages are seen from outside on Linux only")
def test_the_page_goes_when_its_creator_is_killed(tmp_path, on_path):
    process = _life(tmp_path, "hang")
    page = Path("/dev/shm") / process.stdout.readline().strip()
    process.stdout.readline()
    assert page.exists()
    process.kill()
    process.communicate(timeout=30)
    assert wait_until(lambda: not page.exists())
