import multiprocessing
import os
import signal
import sys

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.realtime import journal
from bridge.realtime.journal import LINGER, Described, Journal, Left

PORT = Described("UNIX_JACK", "Antiphon:out", "default", ("synth:in",))


def left(folder, take=lambda _: True):
    """What a next process finds."""
    found = []
    journal.adopt(folder, lambda one: found.append(one) or take(one))
    return found


def files(folder):
    return list(folder.glob("*"))


def test_what_sounds_is_remembered_and_what_ended_is_not(tmp_path):
    kept = Journal.open(tmp_path)
    slot = kept.slot(PORT)
    for pitch in (60, 64, 67):
        slot.begin(2, pitch)
    slot.end(2, 64, slot.generation(2, 64), 1.0)
    kept.settle(1.0 + LINGER / 2)
    assert slot.sounding() == ((2, 60), (2, 64), (2, 67))
    kept.settle(1.0 + 2 * LINGER)
    assert slot.sounding() == ((2, 60), (2, 67))
    assert journal.read(files(tmp_path)[0].read_bytes()) == [Left(PORT, ((2, 60), (2, 67)))]
    kept.close()
    assert files(tmp_path) == []


def test_a_note_that_began_again_is_not_forgotten_with_the_one_before():
    slot = Journal.open(None).slot(PORT)
    slot.begin(0, 60)
    first = slot.generation(0, 60)
    slot.begin(0, 60)
    slot.end(0, 60, first, 1.0)
    slot.settle(9.0)
    assert slot.sounding() == ((0, 60),)
    slot.end(0, 60, slot.generation(0, 60), 9.0)
    slot.settle(19.0)
    assert slot.sounding() == ()


def test_a_living_process_is_left_alone(tmp_path):
    kept = Journal.open(tmp_path)
    kept.slot(PORT).begin(0, 60)
    assert left(tmp_path) == []
    kept.close()


def _die(folder):
    kept = Journal.open(folder)
    slot = kept.slot(PORT)
    slot.begin(0, 60)
    slot.describe(msgspec.structs.replace(PORT, connections=("synth:in", "recorder:in")))
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no kill -9")
def test_kill_9_leaves_what_sounded_to_the_next(tmp_path, on_path):
    process = multiprocessing.get_context("spawn").Process(target=_die, args=(tmp_path,))
    process.start()
    process.join(30)
    assert process.exitcode == -signal.SIGKILL
    found = left(tmp_path, lambda _: False)
    assert [(one.described.connections, one.notes) for one in found] == [(("synth:in", "recorder:in"), ((0, 60),))]
    assert left(tmp_path) == found  # whoever could not see to it leaves it
    assert files(tmp_path) == []


def test_what_nobody_sees_to_is_removed_after_a_week(tmp_path):
    kept = Journal.open(tmp_path)
    kept.slot(PORT).begin(0, 60)
    kept.abandon()
    (path,) = files(tmp_path)
    os.utime(path, (0, 0))
    assert len(left(tmp_path, lambda _: False)) == 1
    assert files(tmp_path) == []


def test_more_outputs_than_slots_play_without_one(tmp_path):
    kept = Journal.open(tmp_path)
    slots = [kept.slot(PORT) for _ in range(journal.SLOTS + 3)]
    for slot in slots:
        slot.begin(0, 60)
    data = files(tmp_path)[0].read_bytes()
    assert len(journal.read(data)) == journal.SLOTS
    slots[0].free()
    assert len(journal.read(files(tmp_path)[0].read_bytes())) == journal.SLOTS - 1
    kept.slot(msgspec.structs.replace(PORT, name="again"))
    assert {one.described.name for one in journal.read(files(tmp_path)[0].read_bytes())} == {PORT.name, "again"}
    kept.close()


def test_an_interrupted_description_leaves_the_one_before(tmp_path):
    kept = Journal.open(tmp_path)
    slot = kept.slot(PORT)
    slot.describe(msgspec.structs.replace(PORT, connections=("new",)))
    data = bytearray(files(tmp_path)[0].read_bytes())
    torn = data.index(b'"new"')
    data[torn + 1] ^= 1
    assert [one.described for one in journal.read(bytes(data))] == [PORT]
    kept.close()


def test_too_many_connections_are_cut(tmp_path):
    kept = Journal.open(tmp_path)
    slot = kept.slot(PORT)
    slot.describe(msgspec.structs.replace(PORT, connections=tuple(f"synth {number}:in" for number in range(500))))
    (one,) = journal.read(files(tmp_path)[0].read_bytes())
    assert 50 < len(one.described.connections) < 500
    kept.close()


@given(st.binary(max_size=300), st.integers(0, journal._SIZE - 300))
def test_no_content_is_fatal(noise, at):
    data = bytearray(journal._SIZE)
    data[:8] = b"ANSJ\x01\0\0\0"
    data[at : at + len(noise)] = noise
    journal.read(bytes(data))
    journal.read(noise)


def test_where_no_file_can_be_made_it_goes_on_without(tmp_path):
    (tmp_path / "file").write_text("")
    kept = Journal.open(tmp_path / "file" / "state")
    assert not kept.kept
    slot = kept.slot(PORT)
    slot.begin(0, 60)
    assert slot.sounding() == ((0, 60),)
    kept.close()
    journal.adopt(tmp_path / "file" / "state", lambda _: True)
