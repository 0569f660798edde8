"""The realtime process: waits for what is due, for control and for MIDI, and for no one else.

It ends when control tells it to, and when the channel to control closes, which it does when control dies in any way;
each time every sounding note is ended first. Signals are control's affair: bridge.child has them ignored.
"""

import contextlib
import select
import socket
from collections.abc import Sequence

import msgspec

from bridge.channel import Channel, ChannelClosedError
from bridge.clocks import now
from bridge.realtime import messages as m
from bridge.realtime import scheduling
from bridge.realtime.clock import Clock
from bridge.realtime.now import NowPage
from bridge.realtime.outputs import OscOutput
from bridge.realtime.player import Player
from bridge.realtime.ports import MidiInputs, MidiPorts
from bridge.realtime.rehearsal import Rehearsal

AWAKE = 0.0008
"""Seconds before an event from which the process stays awake: waking up takes the system a part of that, a rehearsal
another."""
REHEARSAL = 0.0003
"""Seconds that must be left for one."""


def run(
    sock: socket.socket,
    udp_socket: socket.socket | None,
    page_name: str,
    midi: bool = True,
    midi_input: Sequence[str] = (),
    midi_output: Sequence[str] = (),
) -> None:
    """Serve control at the other end of ``sock`` until one of the two ends.

    OSC listeners are sent their notes from ``udp_socket``. ``midi_input`` and ``midi_output`` name MIDI ports; where
    empty, ports of our own are opened. Raises OSError where the now page is not there.
    """
    scheduled = scheduling.claim()
    page = NowPage.attach(page_name)
    try:
        _Process(sock, udp_socket, page, midi, midi_input, midi_output).run(scheduled)
    finally:
        page.close()


class _Process:
    def __init__(
        self,
        sock: socket.socket,
        udp_socket: socket.socket | None,
        page: NowPage,
        midi: bool,
        midi_input: Sequence[str],
        midi_output: Sequence[str],
    ) -> None:
        self._channel: Channel[m.Command] = Channel(sock, m.Command)
        self._udp_socket = udp_socket
        self._listeners: dict[tuple[object, ...], OscOutput] = {}
        self._inputs = MidiInputs()
        self._ports = MidiPorts(midi_input, midi_output, self._inputs) if midi else None
        outputs = self._ports.outputs if self._ports else ()
        # The beat goes on from where control began it, or a realtime process before this one left it.
        self._player = Player(Clock(**page.beat()._asdict()), page, now, outputs)
        self._rehearsal = Rehearsal(now)
        self._running = True
        scheduling.guard(lambda text: self._player.events.append(m.Problem(text)))

    def run(self, scheduled: str) -> None:
        try:
            self._channel.send(self._ready(scheduled))
            scheduling.stop_garbage_collection()
            while self._running:
                self._wait()
                self._check_ports()
                self._player.perform()
                self._tell()
                self._serve()
        except ChannelClosedError:
            pass
        finally:
            with contextlib.suppress(ChannelClosedError):
                self._check_ports()
            self._player.end_all()
            with contextlib.suppress(ChannelClosedError):
                self._tell()
            if self._ports:
                self._ports.close()
            self._inputs.close()

    def _ready(self, scheduled: str) -> m.Ready:
        ports = self._ports
        if ports is None:
            return m.Ready(scheduled, "", (), (), ())
        return m.Ready(
            scheduling=scheduled,
            backend=ports.backend,
            inputs=tuple(str(port.name) for port in ports.inputs),
            outputs=tuple(output.name for output in ports.outputs),
            problems=tuple(ports.problems),
        )

    def _wait(self) -> None:
        """Wait for something to do, or until the next event is due."""
        due = self._player.next_due()
        ahead = due - now() - AWAKE
        if ahead > 0:
            writing = [self._channel.fileno()] if self._channel.pending else []
            select.select([self._channel.fileno(), self._inputs.fileno()], writing, [], ahead)
            if due - now() > AWAKE:
                return
        if due - now() > REHEARSAL:
            self._rehearsal.play()
        while now() < due:
            select.select([self._inputs.fileno()], [], [], 0)  # lets the threads of MIDI inputs have the interpreter

    def _check_ports(self) -> None:
        if self._ports and (problem := self._ports.lost()):
            gone = self._ports.outputs
            self._player.outputs = [output for output in self._player.outputs if output not in gone]
            self._channel.send(m.Problem(problem))

    def _serve(self) -> None:
        """Do what came in over MIDI and from control; what falls due meanwhile goes first."""
        for heard in self._inputs.take():
            self._player.heard(heard.channel, heard.pitch, heard.velocity, heard.time)
            beat = self._player.clock.beat_at(heard.time)
            self._channel.send(m.NoteHeard(heard.time, beat, heard.channel, heard.pitch, heard.velocity))
        self._channel.flush()
        for command in self._channel.receive():
            self._do(command)
            self._player.perform()
        for reason in self._channel.take_malformed():
            self._channel.send(m.Problem(f"the realtime process was sent what is no command: {reason}"))
        self._tell()

    def _do(self, command: m.Command) -> None:
        try:
            match command:
                case m.Stop():
                    self._running = False
                case m.SetOscTargets():
                    self._set_targets(command.targets)
                case _:
                    self._player.handle(command)
        except (ValueError, OverflowError) as error:
            self._channel.send(m.Problem(str(error)))

    def _set_targets(self, targets: Sequence[m.OscTarget]) -> None:
        """Send notes to these listeners and no others; those that stay keep what sounds."""
        if self._udp_socket is None:
            return
        before, self._listeners = self._listeners, {}
        for target in targets:
            kept = before.get(msgspec.structs.astuple(target))
            if kept is None or kept not in self._player.outputs:  # new, or one that failed and asks again
                try:
                    kept = OscOutput(target, self._udp_socket)
                except ValueError as error:
                    self._channel.send(m.Problem(f"notes cannot be sent to {target.host}:{target.port}: {error}"))
                    continue
                self._player.outputs.append(kept)
            self._listeners[msgspec.structs.astuple(target)] = kept
        for gone in before.values():
            if gone not in self._listeners.values():
                self._player.remove(gone)

    def _tell(self) -> None:
        events, self._player.events = self._player.events, []
        for event in events:
            self._channel.send(event)
