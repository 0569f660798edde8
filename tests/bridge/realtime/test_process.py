import contextlib
import multiprocessing
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

import mido
import msgspec
import pytest
from jackd import PATIENCE, running_server, wait_until
from pythonosc.osc_message import OscMessage

from bridge import child
from bridge.channel import Channel, ChannelClosedError, pair
from bridge.clocks import now
from bridge.realtime import messages as m
from bridge.realtime import process
from bridge.realtime.journal import Described, Journal
from bridge.realtime.now import NowPage
from models.contract import Note

OUT, IN = "Antiphon:out", "Antiphon:in"


class Realtime:
    """A real realtime process and the channel to it."""

    def __init__(self, midi=False, udp_socket=None, state=""):
        self.page = NowPage.create()
        self.events = []
        self.sock, theirs = pair()
        self.process = multiprocessing.get_context("spawn").Process(
            target=child._enter,
            args=(process.run, theirs, (udp_socket, self.page.name, midi, (), (), 1, state)),
            daemon=True,
        )
        self.process.start()
        theirs.close()
        self.channel = Channel(self.sock, m.Event)
        self.ready = self.wait_for(m.Ready)

    def of(self, kind):
        with contextlib.suppress(ChannelClosedError):
            self.channel.flush()  # of a flood of commands the last wait here
            self.events += self.channel.receive()
        return [event for event in self.events if isinstance(event, kind)]

    def wait_for(self, kind, seconds=PATIENCE):
        assert wait_until(lambda: bool(self.of(kind)), seconds), f"no {kind.__name__} came: {self.events}"
        return self.of(kind)[0]

    def send(self, command):
        self.channel.send(command)

    def play_now(self, *pitches, beats=1000.0, phrase=1):
        beat = self.page.read(now()).beat
        self.send(m.Play(phrase, beat, tuple(Note(pitch, 100, 0.0, beats) for pitch in pitches)))

    def close(self):
        self.sock.close()
        self.process.join(PATIENCE)
        hangs = self.process.is_alive()
        self.process.kill()
        self.process.join()
        self.process.close()
        self.page.unlink()
        assert not hangs


@pytest.fixture
def realtime():
    realtime = Realtime()
    yield realtime
    realtime.close()


@pytest.fixture
def on_jack(jack_server, monkeypatch):
    for name in ("JACK_DEFAULT_SERVER", "JACK_NO_START_SERVER"):
        monkeypatch.setenv(name, jack_server.env[name])
    realtime = Realtime(midi=True)
    assert realtime.ready.backend == "UNIX_JACK"
    yield realtime
    realtime.close()


def test_it_says_how_it_is_scheduled(realtime):
    assert realtime.ready.scheduling.startswith(("SCHED_FIFO ", "best effort (", "high priority class"))
    assert (realtime.ready.backend, realtime.ready.problems) == ("", ())


def test_beats_are_told_and_the_page_agrees(realtime):
    realtime.send(m.SetTempo(400))
    assert wait_until(lambda: len(realtime.of(m.BeatPassed)) >= 5)
    beats = realtime.of(m.BeatPassed)[-3:]
    assert beats[1].beat == beats[0].beat + 1
    assert beats[2].time - beats[1].time == pytest.approx(0.15)
    assert realtime.page.read(beats[2].time).beat == pytest.approx(beats[2].beat)


def test_it_costs_next_to_nothing_when_nothing_is_due(realtime):
    if sys.platform != "linux":
        pytest.skip("processor time is read from /proc")

    def used():
        fields = Path(f"/proc/{realtime.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    before = used()
    time.sleep(2)
    assert used() - before <= 0.4  # it was 0.02; what waits without a pause would use all of it


def test_stop_ends_it(realtime):
    realtime.play_now(60)
    realtime.wait_for(m.NoteSent)
    realtime.send(m.Stop())
    realtime.process.join(PATIENCE)
    assert realtime.process.exitcode == 0
    assert [note.velocity for note in realtime.of(m.NoteSent)] == [100, 0]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no signals")
def test_signals_that_reach_every_process_are_left_to_control(realtime):
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(realtime.process.pid, number)
    realtime.play_now(60)
    realtime.wait_for(m.NoteSent)


def test_malformed_commands_are_told_and_the_next_ones_done(realtime):
    for body in (b"", b"\xc1", b"garbage", msgspec.msgpack.encode(["Play", "one", 2]), msgspec.msgpack.encode([1])):
        realtime.sock.setblocking(True)
        realtime.sock.sendall(struct.pack("!I", len(body)) + body)
        realtime.sock.setblocking(False)
    realtime.send(m.SetTempo(-1))
    realtime.send(m.SetMeter(0))
    realtime.send(m.Downbeat(float("nan")))
    realtime.send(m.Play(1, 1e300, (Note(60, 100, 0, 1e300), Note(60, 100, 1e308, 1e308))))
    realtime.send(m.HeardNote(0, 2**40, 1))
    realtime.send(m.SetTempo(1e300))
    realtime.send(m.SetTempo(1e-300))
    realtime.send(m.SetTempo(120))
    realtime.send(m.Panic())
    assert realtime.wait_for(m.Silenced).ended == 0
    problems = [problem.text for problem in realtime.of(m.Problem)]
    assert sum("is no command" in text for text in problems) == 5
    assert any("tempo must be" in text and "got -1" in text for text in problems)
    assert any("beats per bar must be" in text for text in problems)
    assert any("pitch must be in range 0..127" in text for text in problems)
    realtime.play_now(60)
    realtime.wait_for(m.NoteSent)


def test_a_control_that_reads_nothing_does_not_block_it(realtime):
    realtime.send(m.SetTempo(400))
    for number in range(20_000):
        realtime.send(m.HeardNote(0, 300, number))  # each answered by a Problem that nobody takes
    realtime.play_now(60)
    while realtime.channel.pending:
        select.select([], [realtime.channel], [], 10)
        realtime.channel.flush()
    assert wait_until(lambda: any(note.held for note in realtime.page.read(now()).notes))


def test_osc_listeners_hear_notes_come_and_go():
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours,
    ):
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(PATIENCE)
        ours.bind(("127.0.0.1", 0))
        ours.setblocking(False)
        realtime = Realtime(udp_socket=ours)
        try:
            target = m.OscTarget("127.0.0.1", listener.getsockname()[1], pairs=True, lengths=False)
            realtime.send(m.SetOscTargets((target,)))
            realtime.play_now(60, 64)
            realtime.send(m.SetOscTargets((target,)))  # a lease renewed changes nothing
            got = [OscMessage(listener.recv(1000)) for _ in range(2)]
            assert [message.params for message in got] == [[1, 60, 100], [1, 64, 100]]
            realtime.send(m.SetOscTargets(()))  # whoever leaves is silenced
            got = [OscMessage(listener.recv(1000)) for _ in range(2)]
            assert [message.params for message in got] == [[1, 60, 0], [1, 64, 0]]
            realtime.send(m.SetOscTargets((m.OscTarget("no.address", 1, True, True), target)))
            assert "'no.address'" in realtime.wait_for(m.Problem).text
            realtime.play_now(67)
            assert OscMessage(listener.recv(1000)).params == [1, 67, 100]
            realtime.send(m.Panic())
            assert [OscMessage(listener.recv(1000)).params for _ in range(3)] == [[1, 60, 0], [1, 64, 0], [1, 67, 0]]
        finally:
            realtime.close()


def test_osc_listeners_are_told_at_once_what_is_played_in():
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours,
    ):
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(PATIENCE)
        ours.bind(("127.0.0.1", 0))
        realtime = Realtime(udp_socket=ours)
        try:
            port = listener.getsockname()[1]
            realtime.send(m.SetOscTargets((m.OscTarget("127.0.0.1", port, False, False, heard=True),)))
            realtime.send(m.HeardNote(3, 60, 100, tell=True))
            realtime.send(m.HeardNote(3, 61, 100))  # control tells of it itself
            realtime.send(m.HeardNote(3, 60, 0, tell=True))
            got = [OscMessage(listener.recv(1000)) for _ in range(2)]
            assert [(message.address, message.params) for message in got] == [
                ("/music/note/heard", [4, 60, 100]),
                ("/music/note/heard", [4, 60, 0]),
            ]
            assert realtime.wait_for(m.NoteHeard).channel == 3
        finally:
            realtime.close()


def test_what_another_left_is_ended_over_osc_and_told(tmp_path):
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours,
    ):
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(PATIENCE)
        ours.bind(("127.0.0.1", 0))
        left = Journal.open(tmp_path)
        for described in (
            Described("TOLD", "control"),
            Described("OSC", f"127.0.0.1:{listener.getsockname()[1]}", pairs=True, lengths=True),
            Described("OSC", "no address"),
        ):
            left.slot(described).begin(2, 60)
        left.abandon()
        realtime = Realtime(udp_socket=ours, state=str(tmp_path))
        try:
            got = [OscMessage(listener.recv(1000)) for _ in range(2)]
            assert [(message.address, message.params) for message in got] == [
                ("/music/note/out", [3, 60, 0]),
                ("/music/note/length", [3, 60, 0, 0.0]),
            ]
            (told,) = realtime.of(m.NoteSent)
            assert (told.channel, told.pitch, told.velocity) == (2, 60, 0)
            assert len(list(tmp_path.iterdir())) == 1  # its own
        finally:
            realtime.close()
    assert list(tmp_path.iterdir()) == []


def test_it_plays_without_a_midi_back_end(monkeypatch):
    if sys.platform != "linux" or Path("/dev/snd/seq").exists():
        pytest.skip("here is always a MIDI back-end")
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "antiphon-none-such")
    realtime = Realtime(midi=True)
    try:
        assert realtime.ready.backend == ""
        assert "jackd" in realtime.ready.problems[0]
        realtime.play_now(60)
        realtime.wait_for(m.NoteSent)
    finally:
        realtime.close()


# ---- through a real JACK server


def test_notes_are_seen_on_jack(jack_server, on_jack):
    with jack_server.dump(OUT) as dump:
        on_jack.play_now(60, 64, beats=0.2)
        assert dump.wait_for(lambda dump: len(dump.notes) == 4)
        assert dump.notes == [(0, 60, 100), (0, 64, 100), (0, 60, 0), (0, 64, 0)]


def test_a_repeated_pitch_on_jack(jack_server, on_jack):
    with jack_server.dump(OUT) as dump:
        on_jack.play_now(60)
        on_jack.play_now(60)
        assert dump.wait_for(lambda dump: len(dump.notes) == 3)
        assert dump.notes == [(0, 60, 100), (0, 60, 0), (0, 60, 100)]


def test_panic_on_jack(jack_server, on_jack):
    pitches = range(36, 84)
    with jack_server.dump(OUT) as dump:
        on_jack.play_now(*pitches)
        assert dump.wait_for(lambda dump: len(dump.sounding) == 48)
        on_jack.send(m.Panic())
        assert dump.wait_for(lambda dump: len(dump.notes) == 96)
        assert dump.sounding == set()
        assert on_jack.wait_for(m.Silenced).ended == 48


def test_a_burst_of_every_note_there_is_comes_through(jack_server, on_jack):
    held = set()  # jack_midi_dump loses what exceeds 127 messages in a period, so this one is ours

    def hear(message):
        (held.add if message.type == "note_on" else held.discard)((message.channel, message.note))

    listener = mido.Backend("mido.backends.rtmidi/UNIX_JACK").open_input("ear", client_name="ear", callback=hear)
    try:
        jack_server.connect(OUT, "ear:ear")
        beat = on_jack.page.read(now()).beat
        for channel in range(16):
            on_jack.send(m.Play(1, beat, tuple(Note(pitch, 100, 0.0, 1000.0, channel) for pitch in range(128))))
        assert wait_until(lambda: len(held) == 2048), len(held)
        on_jack.send(m.Panic())
        assert wait_until(lambda: not held), len(held)
    finally:
        listener.close()


@pytest.mark.parametrize("end", ["stop", "close"])
def test_the_end_silences_jack(jack_server, on_jack, end):
    with jack_server.dump(OUT) as dump:
        on_jack.play_now(60, 64, 67)
        assert dump.wait_for(lambda dump: len(dump.sounding) == 3)
        if end == "stop":
            on_jack.send(m.Stop())
        else:
            on_jack.sock.close()
        assert dump.wait_for(lambda dump: len(dump.notes) == 6)
        assert dump.sounding == set()


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL here")
def test_kill_9_of_control_leaves_no_note_sounding(jack_server, on_path):
    script = Path(__file__).with_name("control.py")
    control = subprocess.Popen(
        [sys.executable, str(script)],
        env={**jack_server.env, "PYTHONPATH": os.environ["PYTHONPATH"]},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    pid = int(control.stdout.readline())
    with jack_server.dump(OUT) as dump:
        control.stdin.write("play\n")
        control.stdin.flush()
        assert dump.wait_for(lambda dump: len(dump.sounding) == 5)
        control.kill()
        control.communicate()
        assert dump.wait_for(lambda dump: len(dump.notes) == 10)
        assert dump.sounding == set()
    assert wait_until(lambda: not _alive(pid))


def _alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()


PLAYER = """
import sys, mido
backend = mido.Backend("mido.backends.rtmidi/UNIX_JACK")
port = backend.open_output("keys", client_name="test-keys")
print("open", flush=True)
for line in sys.stdin:
    port._rt.send_message(list(bytes.fromhex(line)))
"""


def test_what_is_played_into_the_midi_input_is_heard(jack_server, on_jack):
    keys = subprocess.Popen(
        [sys.executable, "-c", PLAYER], env=jack_server.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert keys.stdout.readline() == "open\n"
        jack_server.connect("test-keys:keys", IN)
        sent = ["903c64", "f8", "fe", "f0010203f7", "b0407f", "e0", "90", "90ff01", "923e00", "803c40"]
        keys.stdin.write("\n".join(sent) + "\n")
        keys.stdin.flush()
        started = now()
        assert wait_until(lambda: len(on_jack.of(m.NoteHeard)) == 2)
        keys.stdin.write("b04000\n")  # the pedal that was down in between goes up
        keys.stdin.flush()
        assert wait_until(lambda: len(on_jack.of(m.NoteHeard)) == 3)
        heard = on_jack.of(m.NoteHeard)
        assert [(note.channel, note.pitch, note.velocity) for note in heard] == [(0, 60, 100), (2, 62, 0), (0, 60, 0)]
        assert abs(heard[0].time - started) < 1
        assert heard[0].beat == pytest.approx(on_jack.page.read(heard[0].time).beat)
        (note,) = on_jack.page.read(heard[-1].time + 0.001).notes
        assert (note.pitch, note.voice, note.held) == (60, "call", False)
    finally:
        keys.kill()
        keys.communicate()


def test_it_outlives_its_jack_server(monkeypatch):
    with running_server() as server:
        for name in ("JACK_DEFAULT_SERVER", "JACK_NO_START_SERVER"):
            monkeypatch.setenv(name, server.env[name])
        realtime = Realtime(midi=True)
        realtime.play_now(60)
        realtime.wait_for(m.NoteSent)
    try:
        assert "the JACK server ended" in realtime.wait_for(m.Problem).text
        for _ in range(2500):  # more than the back-end would take without waiting
            realtime.play_now(60)
        assert wait_until(lambda: len(realtime.of(m.NoteSent)) == 5001)
        assert len(realtime.of(m.Problem)) == 1
    finally:
        realtime.close()
