"""The realtime process: waits for what is due, for control and for MIDI, and for no one else.

It ends when control tells it to, and when the channel to control closes, which it does when control dies in any way;
each time every sounding note is ended first. Signals are control's affair: bridge.child has them ignored.
"""

import contextlib
import select
import socket
from collections.abc import Sequence
from pathlib import Path

import msgspec

from bridge.channel import Channel, ChannelClosedError
from bridge.clocks import now
from bridge.realtime import messages as m
from bridge.realtime import scheduling
from bridge.realtime.clock import Clock
from bridge.realtime.conductor import Conductor
from bridge.realtime.echo import Echo
from bridge.realtime.inputs import Heard, MidiInputs, Raw
from bridge.realtime.journal import LINGER, Described, Journal, Left, adopt
from bridge.realtime.kept import JournaledOutput, NoOutput
from bridge.realtime.midi_clock import MidiClockOut
from bridge.realtime.now import NowPage
from bridge.realtime.outputs import OscOutput, Output, OutputError
from bridge.realtime.part import Part
from bridge.realtime.pedal import Pedals
from bridge.realtime.player import Player
from bridge.realtime.ports import Ports, choose_ports
from bridge.realtime.rehearsal import Rehearsal

AWAKE = 0.0008
"""Seconds before an event from which the process stays awake: waking up takes the system a part of that, a rehearsal
another."""
LONGEST_SLEEP = 1.0
"""Seconds."""
REHEARSAL = 0.0003
"""Seconds that must be left for one."""


def run(
    sock: socket.socket,
    udp_socket: socket.socket | None,
    page_name: str,
    midi: bool = True,
    midi_input: Sequence[str] = (),
    midi_output: Sequence[str] = (),
    midi_ports: int = 1,
    state: str = "",
) -> None:
    """Serve control at the other end of ``sock`` until one of the two ends.

    OSC listeners are sent their notes from ``udp_socket``. ``midi_input`` and ``midi_output`` name MIDI ports; where
    empty, ports of our own are opened, and ``midi_ports`` outputs in all at least. In the folder ``state`` it keeps the
    journal of sounding notes, and first of all ends what others left there. Raises OSError where the now page is not
    there.
    """
    scheduled = scheduling.claim()
    page = NowPage.attach(page_name)
    try:
        folder = Path(state) if state else None
        journal = Journal.open(folder)
        heard = MidiInputs()
        ports = choose_ports(midi_input, midi_output, midi_ports, heard, journal, folder) if midi else None
        _Process(sock, udp_socket, page, journal, heard, ports).run(scheduled, folder)
    finally:
        page.close()


class _Process:
    def __init__(
        self,
        sock: socket.socket,
        udp_socket: socket.socket | None,
        page: NowPage,
        journal: Journal,
        inputs: MidiInputs,
        ports: Ports | None,
    ) -> None:
        self._channel: Channel[m.Command] = Channel(sock, m.Command)
        self._udp_socket = udp_socket
        self._listeners: dict[tuple[object, ...], JournaledOutput] = {}
        self._journal, self._inputs, self._ports = journal, inputs, ports
        # The beat goes on from where control began it, or a realtime process before this one left it.
        self._player = Player(Clock(**page.beat()._asdict()), page, now, [self._account(NoOutput("control"), "TOLD")])
        for output in ports.outputs if ports else ():
            self._player.add_part(output)
        self._pedals = Pedals()
        self._conductor = Conductor(self._player, now)
        self._conductor.moved = self._clock_moved
        self._clocks: dict[Part, MidiClockOut] = {}  # of those who get a MIDI clock
        self._echo = Echo(0.0)
        self._rehearsal = Rehearsal(now)
        self._running = True
        scheduling.guard(lambda text: self._player.events.append(m.Problem(text)))

    def run(self, scheduled: str, state: Path | None) -> None:
        try:
            adopt(state, self._adopt)
            problems = self._ports.start() if self._ports else ()
            locked = ", memory locked" if scheduling.lock_memory() else ""
            self._channel.send(self._ready(scheduled + locked, problems))
            scheduling.stop_garbage_collection()
            while self._running:
                self._wait()
                self._check_ports()
                self._perform()
                self._tell()
                self._serve()
        except ChannelClosedError:
            pass
        finally:
            with contextlib.suppress(ChannelClosedError):
                self._check_ports()
            self._player.end_all()
            for clock in self._clocks.values():
                clock.enable(False, now())
            with contextlib.suppress(ChannelClosedError):
                self._tell()
            if self._ports:
                self._ports.close()
            self._inputs.close()
            self._journal.settle(now() + 2 * LINGER)
            if self._ports and any(slot.sounding() for slot in self._journal.slots):
                self._journal.abandon()  # a port is gone: the next process ends what sounded there
            else:
                self._journal.close()

    def _ready(self, scheduled: str, problems: Sequence[str]) -> m.Ready:
        return m.Ready(scheduled, *self._open_ports(), tuple(problems))

    def _open_ports(self) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
        ports = self._ports
        if ports is None:
            return "", (), ()
        return ports.backend if ports.inputs or ports.open else "", tuple(ports.inputs), tuple(ports.open)

    def _account(self, output: Output, kind: str, pairs: bool = False, lengths: bool = False) -> JournaledOutput:
        described = Described(kind, output.name, pairs=pairs, lengths=lengths)
        return JournaledOutput(self._journal.slot(described), output, now)

    def _adopt(self, left: Left) -> bool:
        """End what a process that is gone left sounding; False where only another can."""
        kind = left.described.kind
        if kind == "TOLD":
            for channel, pitch in left.notes:
                time = now()
                self._channel.send(m.NoteSent(time, self._player.clock.beat_at(time), channel, pitch, 0, 0.0, 0, 0.0))
        elif kind == "OSC":
            host, _, port = left.described.name.rpartition(":")
            if self._udp_socket is not None:
                with contextlib.suppress(ValueError, OutputError):  # nobody listens there any more
                    target = m.OscTarget(host, int(port), left.described.pairs, left.described.lengths)
                    output = OscOutput(target, self._udp_socket)
                    for channel, pitch in left.notes:
                        output.end(channel, pitch, True, now())
        else:
            return self._ports is not None and self._ports.adopt(left.described, left.notes)
        return True

    def _wait(self) -> None:
        """Wait for something to do, or until the next event is due."""
        ticks = (clock.next_due() - part.ahead for part, clock in self._clocks.items())
        due = min((self._player.next_due(), *ticks))
        ahead = min(due - AWAKE, self._conductor.next_due()) - now()
        if ahead > 0:
            writing = [self._channel.fileno()] if self._channel.pending else []
            select.select([self._channel.fileno(), self._inputs.fileno()], writing, [], min(ahead, LONGEST_SLEEP))
        if due - now() > AWAKE:
            return
        if due - now() > REHEARSAL:
            self._rehearsal.play()
        while now() < due:
            select.select([self._inputs.fileno()], [], [], 0)  # lets the threads of MIDI inputs have the interpreter

    def _perform(self) -> None:
        for part, clock in self._clocks.items():
            clock.perform(now() + part.ahead)
        self._player.perform()
        if now() >= self._conductor.next_due():
            self._conductor.perform()

    def _clock_moved(self, time: float) -> None:
        for clock in self._clocks.values():
            clock.moved(time)

    def _set_clocks(self, names: str) -> None:
        """Those outputs get a MIDI clock, and no others."""
        wanted = [name.strip().lower() for name in names.split(",") if name.strip()]
        for part in self._player.parts:
            own = [output.name.lower() for output in part.outputs]
            if any(name == "*" or any(name in output for output in own) for name in wanted):
                if part not in self._clocks:
                    self._clocks[part] = MidiClockOut(self._player.clock, part.raw_at)
                    self._clocks[part].enable(True, now() + part.ahead)
            elif part in self._clocks:
                self._clocks.pop(part).enable(False, now())

    def _check_ports(self) -> None:
        self._journal.settle(now())
        if self._ports and (news := self._ports.poll()):
            for text in news:
                self._channel.send(m.Problem(text))
            self._channel.send(m.MidiPorts(*self._open_ports()))
        if self._ports and self._ports.stuck:  # control starts another process in place of this one
            self._channel.send(m.Problem("JACK's library has been waiting for too long: its process is started anew"))
            self._running = False

    def _serve(self) -> None:
        """Do what came in over MIDI and from control; what falls due meanwhile goes first."""
        for arrived in self._inputs.take():
            if isinstance(arrived, Raw):
                self._take_raw(arrived)
            elif not self._is_echo(arrived):
                notes = self._pedals.note(arrived.channel, arrived.pitch, arrived.velocity)
                self._hear(arrived.time, notes, tell=True, device=arrived.device)
        self._channel.flush()
        for command in self._channel.receive():
            self._do(command)
            self._perform()
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
                case m.HeardNote():
                    note = (command.channel, command.pitch, command.velocity)
                    self._hear(command.time or now(), [note], tell=command.tell)
                case m.SetEcho():
                    self._echo.window = command.window
                case m.SetClock():
                    self._set_clocks(command.outputs)
                    self._conductor.handle(command)
                case _:
                    if not self._conductor.handle(command):
                        self._player.handle(command)
        except (ValueError, OverflowError) as error:
            self._channel.send(m.Problem(str(error)))

    def _hear(self, time: float, notes: Sequence[tuple[int, int, int]], tell: bool, device: str = "") -> None:
        """Notes of the player: channel, pitch and velocity. Raises ValueError."""
        for channel, pitch, velocity in notes:
            if velocity:
                self._conductor.note_heard(time)
            heard = m.NoteHeard(time, self._player.clock.beat_at(time), channel, pitch, velocity, device)
            if tell:
                self._tell_listeners(heard)
            self._player.heard(channel, pitch, velocity, time)
            if tell:
                self._channel.send(heard)

    def _is_echo(self, heard: Heard) -> bool:
        known = len(self._echo.delays)
        own = self._echo.is_own(heard.channel, heard.pitch, heard.velocity, heard.time)
        if len(self._echo.delays) > known:
            self._channel.send(m.EchoHeard(self._echo.delays[-1]))
            self._echo.delays.clear()
        return own

    def _take_raw(self, raw: Raw) -> None:
        """A message came in that is no note: a clock's, or a controller."""
        if raw.data[0] >= 0xF0:
            self._conductor.midi(raw.data, raw.time)
        elif raw.data[0] & 0xF0 == 0xB0:
            self._hear(raw.time, self._pedals.control(raw.data[0] & 0x0F, raw.data[1], raw.data[2]), tell=True)
            beat = self._player.clock.beat_at(raw.time)
            control = raw.data[0] & 0x0F, raw.data[1], raw.data[2]
            self._channel.send(m.ControlHeard(raw.time, beat, *control, raw.device))
        else:
            self._channel.send(m.MidiHeard(raw.data, raw.device))

    def _set_targets(self, targets: Sequence[m.OscTarget]) -> None:
        """Send notes to these listeners and no others; those that stay keep what sounds."""
        if self._udp_socket is None:
            return
        before, self._listeners = self._listeners, {}
        for target in targets:
            kept = before.get(msgspec.structs.astuple(target))
            if kept is None or kept not in self._player.outputs:  # new, or one that failed and asks again
                try:
                    output = OscOutput(target, self._udp_socket)
                    kept = self._account(output, "OSC", target.pairs, target.lengths)
                except ValueError as error:
                    self._channel.send(m.Problem(f"notes cannot be sent to {target.host}:{target.port}: {error}"))
                    continue
                self._player.outputs.append(kept)
            self._listeners[msgspec.structs.astuple(target)] = kept
        for gone in before.values():
            if gone not in self._listeners.values():
                self._player.remove(gone)

    def _tell(self) -> None:
        # Before what comes in is looked at: a note that is handed over ahead may be back before it was to sound.
        for time, pitch, velocity in sorted({(n.time, n.pitch, n.velocity) for n in self._player.handed_over()}):
            self._echo.sent([(pitch, velocity)], time)
        events, self._player.events = self._player.events, []
        for event in events:
            if isinstance(event, m.BeatPassed):
                self._tell_listeners(event)
            self._channel.send(event)

    def _tell_listeners(self, event: m.BeatPassed | m.NoteHeard) -> None:
        """At once, and not by way of control, which may be busy."""
        for listener in self._listeners.values():
            if isinstance(listener.inner, OscOutput):
                with contextlib.suppress(OutputError):
                    listener.inner.tell(event)
