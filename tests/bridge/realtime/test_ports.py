import select
import socket
import sys
import threading
from pathlib import Path
from typing import ClassVar

import mido
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jackd import wait_until
from pythonosc.osc_message import OscMessage

from bridge.realtime import ports
from bridge.realtime.inputs import MidiInputs, Raw
from bridge.realtime.journal import Described
from bridge.realtime.messages import OscTarget
from bridge.realtime.outputs import MidiOutput, OscOutput, OutputError


@pytest.fixture
def inputs():
    inputs = MidiInputs()
    yield inputs
    inputs.close()


@pytest.fixture(scope="module")
def fuzzed():
    inputs = MidiInputs()
    yield inputs
    inputs.close()


def test_notes_are_stamped_and_wake_the_loop(inputs):
    for data in ([0x93, 60, 100], [0x83, 60, 64], [0x90, 61, 0], [0xB0, 64, 127], [0xF8], [0xFE], [0xF0, 1, 2, 0xF7]):
        thread = threading.Thread(target=inputs.receive, args=((data, 0.0), "nano"))
        thread.start()
        thread.join()
    assert select.select([inputs], [], [], 0)[0]
    taken = inputs.take()
    whose = {arrived.device for arrived in taken}
    assert whose == {"nano"}
    assert [arrived[1:-1] for arrived in taken] == [
        (3, 60, 100),
        (3, 60, 0),
        (0, 61, 0),
        (b"\xb0\x40\x7f",),
        (b"\xf8",),
    ]
    assert [arrived.time for arrived in taken] == sorted(arrived.time for arrived in taken)
    assert inputs.take() == []


def test_a_flood_that_nobody_takes_does_not_block(inputs):
    for _ in range(5000):
        inputs.receive(([0x90, 60, 1], 0.0), None)
    assert len(inputs.take()) == 5000


midi_like = st.one_of(
    st.binary(max_size=12),
    st.builds(lambda status, rest: bytes([status, *rest]), st.integers(0x80, 0xFF), st.binary(max_size=4)),
    st.builds(lambda body: b"\xf0" + body + b"\xf7", st.binary(max_size=40)),
)


@settings(max_examples=500, deadline=None)
@given(st.lists(midi_like, min_size=20, max_size=20))  # 10,000 in all
def test_no_bytes_are_fatal(fuzzed, strings):
    for data in strings:
        fuzzed.receive((list(data), 0.0), None)
    for note in fuzzed.take():
        if isinstance(note, Raw):
            assert note.data[0] >= 0xA0
            assert all(value <= 127 for value in note.data[1:])
            continue
        assert 0 <= note.channel <= 15
        assert 0 <= note.pitch <= 127
        assert 0 <= note.velocity <= 127


def test_the_back_end_is_the_systems(tmp_path, monkeypatch):
    assert ports.choose_backend("win32") == ("WINDOWS_MM", "")
    assert ports.choose_backend("darwin") == ("MACOSX_CORE", "")
    sequencer = tmp_path / "seq"
    sequencer.touch()
    assert ports.choose_backend("linux", sequencer) == ("LINUX_ALSA", "")


@pytest.mark.skipif(sys.platform != "linux", reason="ALSA and JACK are asked for on Linux only")
def test_without_a_back_end_it_says_what_to_do(inputs, tmp_path, monkeypatch, capfd):
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "antiphon-none-such")
    backend, problem = ports.choose_backend("linux", tmp_path / "none")
    assert backend == ""
    assert "jackd" in problem
    assert "snd-seq" in problem
    assert capfd.readouterr().err == ""  # JACK's library complains by itself
    monkeypatch.setattr(ports, "SEQUENCER", tmp_path / "none")
    monkeypatch.setattr(ports, "choose_backend", lambda: (backend, problem))
    opened = ports.MidiPorts((), (), inputs)
    assert (opened.start(), opened.inputs, opened.outputs, opened.open) == ([problem], [], [], [])
    opened.close()


def test_ports_are_found_by_a_part_of_their_name():
    there = ["IAC Driver Bus 1", "IAC Driver Bus 10", "Launchkey MIDI 1"]
    assert ports.find("launchkey", there, "MIDI input", "--midi-input") == "Launchkey MIDI 1"
    assert ports.find("IAC Driver Bus 1", there, "MIDI input", "--midi-input") == "IAC Driver Bus 1"
    with pytest.raises(
        ValueError, match="'iac' fits 2 ports; there are: IAC Driver Bus 1, IAC Driver Bus 10; name one"
    ):
        ports.find("iac", there, "MIDI input", "--midi-input")
    with pytest.raises(
        ValueError, match=r"'Moog' is no MIDI input; there are: IAC.*; name one of them with --midi-input"
    ):
        ports.find("Moog", there, "MIDI input", "--midi-input")
    with pytest.raises(ValueError, match="there are: none"):
        ports.find("Moog", [], "MIDI input", "--midi-input")


class _Backend:
    """Stands for mido's on a system that is not here."""

    there = ("loopMIDI Port",)
    opened: ClassVar[list] = []

    def __init__(self, name):
        self.name = name

    def get_input_names(self):
        return list(self.there)

    get_output_names = get_input_names

    def open_input(self, name, **options):
        raise OSError("the device is in use")

    def open_output(self, name, **options):
        self.opened.append(_Port(name))
        return self.opened[-1]


class _Port:
    def __init__(self, name):
        self.name = name
        self.sent = []
        self.error = None
        self._rt = self

    def send_message(self, message):
        if self.error:
            raise self.error
        self.sent.append(message)

    def close(self):
        raise RuntimeError("already gone")


def test_windows_has_no_ports_of_our_own(inputs, monkeypatch):
    monkeypatch.setattr(ports, "choose_backend", lambda: ("WINDOWS_MM", ""))
    monkeypatch.setattr(mido, "Backend", _Backend)
    opened = ports.MidiPorts((), ("loop",), inputs)
    (problem,) = opened.start()
    assert opened.open == ["loopMIDI Port"]
    assert "install loopMIDI" in problem
    assert "--midi-input; there are now: loopMIDI Port" in problem
    opened.close()


def test_a_port_that_does_not_open_is_told(inputs, monkeypatch):
    monkeypatch.setattr(ports, "choose_backend", lambda: ("MACOSX_CORE", ""))
    monkeypatch.setattr(mido, "Backend", _Backend)
    opened = ports.MidiPorts(("loopMIDI Port",), (), inputs)
    assert opened.start() == ["the MIDI input loopMIDI Port could not be opened: the device is in use"]
    assert len(opened.outputs) == len(opened.open) == 1
    opened.close()


def test_a_port_that_was_unplugged_is_silenced_when_it_is_back(inputs, monkeypatch):
    monkeypatch.setattr(ports, "choose_backend", lambda: ("MACOSX_CORE", ""))
    monkeypatch.setattr(mido, "Backend", _Backend)
    monkeypatch.setattr(ports, "LOOK_EVERY", 0.01)
    monkeypatch.setattr(_Backend, "opened", [])
    opened = ports.MidiPorts((), ("loop",), inputs, own=2)
    opened.start()
    output, own = opened.outputs
    assert [port.name for port in _Backend.opened] == ["loopMIDI Port", "Antiphon 2"]
    output.begin(2, 60, 100, 1.0, 0.0)
    own.begin(0, 64, 100, 1.0, 0.0)
    monkeypatch.setattr(_Backend, "there", ())
    assert wait_until(lambda: "loopMIDI Port is gone" in str(opened.poll()))
    output.end(2, 60, False, 0.0)
    output.begin(2, 67, 100, 1.0, 0.0)
    assert opened.open == ["Antiphon 2"]
    monkeypatch.setattr(_Backend, "there", ("loopMIDI Port",))
    assert wait_until(lambda: "loopMIDI Port is there" in str(opened.poll()))
    assert [port.sent for port in _Backend.opened] == [
        [[0x92, 60, 100]],
        [[0x90, 64, 100]],
        [[0x82, 60, 0]],
    ]
    output.begin(2, 72, 100, 1.0, 0.0)
    _Backend.opened[2].error = RuntimeError("unplugged")
    output.end(2, 72, False, 0.0)  # an output that fails is tried again, too
    assert wait_until(lambda: len(_Backend.opened) == 4 and bool(opened.poll()))
    assert wait_until(lambda: opened.poll() == [] and _Backend.opened[3].sent == [[0x82, 60, 0], [0x82, 72, 0]])
    opened.close()


def test_what_another_process_left_is_ended_on_a_port_of_that_name_alone(inputs, monkeypatch):
    monkeypatch.setattr(ports, "choose_backend", lambda: ("MACOSX_CORE", ""))
    monkeypatch.setattr(mido, "Backend", _Backend)
    monkeypatch.setattr(_Backend, "opened", [])
    opened = ports.MidiPorts((), (), inputs)
    assert not opened.adopt(Described("MACOSX_CORE", "Synth"), ((0, 60),))
    assert not opened.adopt(Described("LINUX_ALSA", "Antiphon"), ((0, 60),))
    assert opened.adopt(Described("MACOSX_CORE", "Antiphon"), ((3, 60), (3, 64)))
    opened.start()
    assert _Backend.opened[0].sent == [[0x83, 60, 0], [0x83, 64, 0]]


def test_a_midi_port_gets_the_bytes_and_says_when_it_fails():
    port = _Port("Synth")
    output = MidiOutput(port)
    output.begin(2, 60, 100, 1.0, 0.0)
    output.end(2, 60, False, 0.0)
    assert port.sent == [[0x92, 60, 100], [0x82, 60, 0]]
    port.error = RuntimeError("unplugged")
    with pytest.raises(OutputError, match=r"the MIDI port Synth failed \(unplugged\)"):
        output.end(2, 60, False, 0.0)
    output.close()


@pytest.mark.parametrize(("pairs", "lengths"), [(True, False), (False, True), (True, True)])
def test_osc_listeners_get_what_they_asked_for(pairs, lengths):
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours,
    ):
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(30)
        output = OscOutput(OscTarget("127.0.0.1", listener.getsockname()[1], pairs, lengths), ours)
        output.begin(0, 60, 100, 1.5, 0.0)
        output.end(0, 60, False, 0.0)
        output.end(0, 61, True, 0.0)
        expected = []
        if pairs:
            expected += [("/music/note/out", [1, 60, 100])]
        if lengths:
            expected += [("/music/note/length", [1, 60, 100, 1.5])]
        if pairs:
            expected += [("/music/note/out", [1, 60, 0]), ("/music/note/out", [1, 61, 0])]
        if lengths:
            expected += [("/music/note/length", [1, 61, 0, 0.0])]
        got = [OscMessage(listener.recv(1000)) for _ in expected]
        assert [(message.address, list(message.params)) for message in got] == expected


@pytest.mark.skipif(not socket.has_ipv6, reason="needs IPv6")
def test_a_socket_for_both_kinds_of_address_reaches_the_old_kind():
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener,
        socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as ours,
    ):
        ours.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(30)
        OscOutput(OscTarget("127.0.0.1", listener.getsockname()[1], True, False), ours).begin(0, 60, 100, 1.5, 0.0)
        assert listener.recv(1000).startswith(b"/music/note/out\0")


def test_a_listener_must_be_an_address():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours:
        with pytest.raises(ValueError, match=r"'studio\.local' does not appear to be an IPv4 or IPv6 address"):
            OscOutput(OscTarget("studio.local", 9000, True, False), ours)
        output = OscOutput(OscTarget("::1", 9000, True, False), ours)  # of the other kind than the socket
        with pytest.raises(OutputError, match=r"notes can no longer be sent to ::1:9000 .*: send /subscribe again"):
            output.begin(0, 60, 100, 1.0, 0.0)


def test_the_sequencer_is_where_linux_has_it():
    assert Path("/dev/snd/seq") == ports.SEQUENCER


@pytest.mark.parametrize(
    ("port", "device"),
    [
        ("nanoKONTROL2:nanoKONTROL2 MIDI 1 28:0", "nanoKONTROL2:nanoKONTROL2 MIDI 1"),
        ("a2j:nanoKONTROL2 [20] (capture): nanoKONTROL2 MIDI 1", "a2j:nanoKONTROL2 (capture): nanoKONTROL2 MIDI 1"),
        ("Launchpad X", "Launchpad X"),
    ],
)
def test_a_device_is_called_the_same_when_it_is_plugged_in_again(port, device):
    assert ports.device_of(port) == device
