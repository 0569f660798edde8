"""What the client of JACK does by itself; the whole bridge on JACK is in test_server_jack.py."""

import signal

import pytest
from jackd import running_server, wait_until

from bridge.realtime import connections, jack_ports
from bridge.realtime.inputs import MidiInputs
from bridge.realtime.jack_output import MOST, JackOutput
from bridge.realtime.jack_ports import JackPorts
from bridge.realtime.journal import Described, Journal


class Port:
    """JACK's buffer, of a size."""

    def __init__(self, room=10_000):
        self.room = room
        self.written = []

    def clear_buffer(self):
        self.written.clear()

    def write_midi_event(self, offset, data):
        if len(self.written) == self.room:
            raise RuntimeError("full")
        assert not self.written or offset >= self.written[-1][0]
        self.written.append((offset, data))


@pytest.fixture
def output():
    output = JackOutput("Antiphon:out", Journal.open(None).slot(Described("UNIX_JACK", "Antiphon:out")))
    output.port = Port()
    return output


def write(output, began, frames=256, rate=48000):
    output.write(output.port, began, frames, rate)
    return [(offset, data[1]) for offset, data in output.port.written]


def test_events_are_written_at_their_frame(output):
    period = 256 / 48000
    for number, time in enumerate((10.0, 10.001, 10.0 + period)):
        output.begin(0, number, 100, 1.0, time)
    output.begin(0, 3, 100, 1.0, 9.9)  # late: at once, and before what is due after it
    assert write(output, 10.0) == [(0, 3), (0, 0), (48, 1)]
    assert output.latest == pytest.approx(0.1)
    assert not output.idle
    assert write(output, 10.0 + period) == [(0, 2)]
    assert output.idle


def test_an_end_is_forgotten_only_once_it_was_written(output):
    output.begin(0, 60, 100, 1.0, 10.0)
    output.end(0, 60, False, 20.0)
    write(output, 10.0)
    output.slot.settle(19.0)
    assert output.slot.sounding() == ((0, 60),)
    write(output, 20.0)
    output.slot.settle(21.0)
    assert output.slot.sounding() == ()


def test_what_does_not_fit_goes_into_the_next_period_by_itself(output):
    for pitch in range(100):
        output.begin(0, pitch, 100, 1.0, 1.0)
    output.port.room = 40
    assert [len(write(output, 2.0 + number)) for number in range(4)] == [40, 40, 20, 0]
    for channel in range(2):
        for pitch in range(MOST):
            output.begin(channel, pitch, 100, 1.0, 1.0)
    output.port.room = 10_000
    assert [len(write(output, 7.0 + number)) for number in range(3)] == [MOST, MOST, 0]


def test_without_a_server_nothing_is_kept_but_what_sounded(output):
    output.begin(0, 60, 100, 1.0, 1.0)
    output.forget()
    for _ in range(1000):
        output.begin(0, 61, 100, 1.0, 1.0)
        output.end(0, 60, False, 1.0)
        output.raw(b"\xf8", 1.0)
    assert output.idle
    assert output.slot.sounding() == ((0, 60),)


def test_a_server_that_hangs_is_told_of_and_used_later(monkeypatch):
    monkeypatch.setattr(jack_ports, "PATIENCE", 0.2)
    heard = MidiInputs()
    with running_server() as server:
        for name in ("JACK_DEFAULT_SERVER", "JACK_NO_START_SERVER"):
            monkeypatch.setenv(name, server.env[name])
        ports = JackPorts((), (), 2, heard, Journal.open(None))
        server.process.send_signal(signal.SIGSTOP)
        try:
            (problem,) = ports.start()
            assert "does not answer" in problem
        finally:
            server.process.send_signal(signal.SIGCONT)
        assert wait_until(lambda: ports.open == ["Antiphon:out", "Antiphon:out 2"])
        assert wait_until(lambda: jack_ports.BACK in ports.poll())
        ports.close()
    heard.close()


def test_connections_are_kept_and_bounded(tmp_path):
    assert connections.load(tmp_path, "default") == {}
    connections.save(tmp_path / "state", "default", {"out": [f"synth {number}:in" for number in range(100)], "in": []})
    kept = connections.load(tmp_path / "state", "default")
    assert kept["out"][-1] == "synth 99:in"
    assert len(kept["out"]) == connections.MOST
    for number in range(40):
        connections.save(tmp_path / "state", f"server {number}", {"out": ["a:b"]})
    assert connections.load(tmp_path / "state", "default") == {}
    assert connections.load(tmp_path / "state", "server 39") == {"out": ["a:b"]}
    (tmp_path / "state" / connections.FILE).write_text("{broken")
    assert connections.load(tmp_path / "state", "server 39") == {}
    connections.save(None, "default", {"out": ["a:b"]})
    assert connections.load(None, "default") == {}
