"""What every message sets in motion: between performers, the session, the realtime process, media and the workers."""

import asyncio
import logging
import statistics
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from bridge import announce, midi_outputs, version
from bridge.actions import Actions
from bridge.addresses import ArgumentError, OscValue, Table
from bridge.audio.listener import Listener
from bridge.child import Child, Loss
from bridge.clocks import now
from bridge.conductor import Conductor
from bridge.config import Settings
from bridge.endpoints import Endpoints
from bridge.frame_slot import FrameSlot
from bridge.media import messages as media
from bridge.media import process as media_process
from bridge.media.endpoint import Places
from bridge.media.page.about import About, described
from bridge.osc.service import OscService
from bridge.osc.transport import Client
from bridge.parameters import Parameters
from bridge.realtime import messages as realtime
from bridge.realtime import process as realtime_process
from bridge.realtime.echo import Echo
from bridge.realtime.now import Beat, NowPage
from bridge.session import Session
from bridge.show.journal.records import Begun
from bridge.show.journal.writer import Journal
from bridge.show.show import Show
from bridge.slot import ModelSlot
from bridge.system import data_folder, state_folder
from bridge.workers import messages as worker
from bridge.workers import notes as note_worker
from models import pad
from models.contract import NoteModel, Phrase, Value

log = logging.getLogger("antiphon")

HANG_AFTER = 10.0
"""Seconds without a sign of life (on every beat, or every second) after which realtime or media is restarted."""


UNWRITTEN = frozenset({"/music/note/in", "/info"})
"""Actions that the journal leaves out: notes it has of its own, and questions change nothing."""


class Control:
    """Everything runs on the event loop; nothing here waits."""

    def __init__(
        self, settings: Settings, table: Table, http: Any, page: NowPage, rings: tuple[str, str, str], most_pixels: int
    ) -> None:
        """``http`` is the listening socket for media; ``rings`` names the ring of what is shown, the one aside of it
        (``bridge.workers.fade``), and the one that media's sources write; a frame has up to ``most_pixels``.

        Raises ArgumentError for settings that the table refuses.
        """
        self._settings = settings
        self.oscquery: Any = None
        """The socket that listens at OSCQuery's port."""
        size = {"/frames/width": settings.width, "/frames/height": settings.height}
        self.parameters = Parameters(table, size | settings.parameters, self._changed)
        self.values = self.parameters.values
        self.facts: dict[str, int | float | str] = {}
        self.ready = asyncio.Event()
        """Every process has loaded what it needs, or could not."""
        self._unready = {"realtime", "media", "/music", "/frames"}
        self._page = page
        self._panickers: list[Client | None] = []
        self._timer: asyncio.TimerHandle | None = None
        self._late: deque[float] = deque(maxlen=10000)
        self.osc = OscService(
            table,
            self._handle,
            value_of=self.values.__getitem__,
            reply_port=settings.reply_port,
            note_targets_changed=lambda targets: self._realtime.send(realtime.SetOscTargets(targets)),
        )
        self._due_soon: list[Callable[[], None]] = []
        self.conductor = Conductor(
            self.parameters,
            time=now,
            to_realtime=lambda command: self._realtime.send(command),
            publish=self.osc.send_event,
            report=self._report,
        )
        self.session = Session(
            self.values,
            clock=page.beat,
            time=now,
            to_realtime=lambda command: self._realtime.send(command),
            to_model=self._ask,
            publish=self.osc.send_event,
            report=self._report,
        )
        self._table = table
        self._echo = Echo(float(self.values["/music/echo_window"]) / 1000)
        self._actions = Actions(table, self.session, self.osc.error)
        folder = Path(settings.show) if settings.show else data_folder() / "show"
        self.show = Show(
            folder,
            table,
            self.parameters,
            clock=page.beat,
            time=now,
            publish=self.osc.send_event,
            reply=self.osc.reply,
            tell=self._tell,
            do=self._do,
            send_midi=lambda data: self._realtime.send(realtime.SendControl(data)),
            moved=lambda: self._frames.tell(),
            listen=lambda on: self._listener.listen(on),
            journal=Journal(folder / "journal", self._begun, self._report_soon) if settings.journal else None,
        )
        self._listener = Listener(settings.audio_input, self.show.sound, self._report)
        self._realtime: Child[realtime.Event] = Child(
            "realtime",
            realtime_process.run,
            lambda: (
                self.osc.udp_socket,
                page.name,
                settings.midi,
                settings.midi_input,
                settings.midi_output,
                settings.midi_ports,
                str(state_folder()),
            ),
            realtime.Event,
            on_event=self._on_realtime,
            on_lost=self._on_realtime_lost,
            greeting=self._clock_and_targets,
            hang_after=HANG_AFTER,
        )
        self._media: Child[media.Event] = Child(
            "media",
            media_process.run,
            lambda: (http, rings[0], media_process.MAX_READERS, rings[2], self._about()),
            media.Event,
            on_event=self._on_media,
            on_lost=lambda loss: self._on_lost("media", loss),
            greeting=lambda: self._endpoints.settings(),
            hang_after=HANG_AFTER,
        )
        self._endpoints = Endpoints(
            table,
            self.parameters,
            Places(rings[0], rings[2], page.name, settings.recordings),
            to_media=self._media.send,
            report=self._report,
            facts=self.facts,
        )
        self._music = ModelSlot(
            "/music",
            NoteModel,
            table,
            self.parameters,
            note_worker.run,
            tuple,
            on_event=lambda event: self._on_worker(self._music, event),
            on_lost=self._on_music_lost,
        )
        self._frames = FrameSlot(
            table,
            self.parameters,
            rings,
            page.name,
            on_event=lambda event: self._on_worker(self._frames, event),
            on_lost=lambda loss: self._on_lost("/frames", loss),
            report=self._not_loaded,
        )
        self.facts["frames/ring"] = rings[0]
        self._most_pixels = most_pixels

    def start(self) -> None:
        """Begin the beat and start all processes; messages are taken as soon as ``osc`` is started."""
        tempo, beats_per_bar = float(self.values["/clock/tempo"]), int(self.values["/clock/beats_per_bar"])
        self._page.set_beat(Beat(now(), 0.0, tempo, 0, 0, beats_per_bar))
        self._loop = asyncio.get_running_loop()
        self.show.start()
        self._realtime.start()
        self.conductor.start()
        self._media.start()
        self._endpoints.start()
        for slot in (self._music, self._frames):
            if not slot.start():
                self._is_ready(slot.path)
        self._watching = self._loop.create_task(announce.watch(self.facts))

    async def stop(self) -> None:
        """End every note and every process."""
        if self._timer:
            self._timer.cancel()
        self._watching.cancel()
        await asyncio.gather(
            self._listener.stop(),
            self.conductor.stop(),
            self._realtime.stop(realtime.Stop()),
            self._media.stop(media.Stop()),
            self._endpoints.stop(),
            self._music.stop(),
            self._frames.stop(),
        )
        await self.show.stop()
        await self.osc.stop()

    # ---- from performers

    def _handle(self, path: str, values: tuple[OscValue, ...], client: Client | None) -> None:
        if self._table[path].kind == "action" and path not in UNWRITTEN:
            self.show.done(path, values)
        match path:
            case "/music/note/in":
                channel, pitch, velocity = (int(value) for value in values)  # type: ignore[arg-type]
                time, tell = now(), self.session.armed  # then it moves the beat, and realtime tells where it is
                if not self._echo.is_own(channel - 1, pitch, velocity, time):
                    self._realtime.send(realtime.HeardNote(channel - 1, pitch, velocity, time, tell))
                    if not tell:
                        self.session.hear(channel - 1, pitch, velocity)
                        self.show.note("call", time, self._page.beat().at(time), channel - 1, pitch, velocity)
                        self.osc.send_event("/music/note/heard", channel, pitch, velocity)
            case "/music/answer":
                try:
                    self.session.answer_now()
                except ValueError as error:
                    raise ArgumentError(str(error)) from error
            case "/music/stop":
                self.session.forget()
            case "/music/cancel":
                self.session.cancel()
            case "/pad/keep":
                try:
                    melody = pad.written(self.session.heard_last(pad.MELODY_BARS).notes)
                except ValueError as error:
                    raise ArgumentError(str(error)) from error
                self.parameters.set(f"/pad/melody/{int(values[0])}", melody)  # type: ignore[arg-type]
            case "/panic":
                self._panickers.append(client)
                self._realtime.send(realtime.Panic(bool(values[0])))
                self.session.forget()
            case "/info":
                for name, fact in self._info():
                    if client is not None and name.startswith(str(values[0])):
                        self.osc.reply(client, "/info", name, fact)
            case _ if self.show.handles(path):
                self.show.handle(path, values, client)
            case _ if path in self._table.doers:
                slot = self._frames if path.startswith("/frames/") else self._music
                self._actions.ask(path, values, client, slot)
            case "/frames/width" | "/frames/height":
                self._check_size(path, int(values[0]))  # type: ignore[arg-type]
                self.parameters.set(path, values[0])
            case _:
                if not self.conductor.handle(path, values):
                    self.parameters.set(path, values[0])
        self._soon(self._rearm)

    def _do(self, path: str, values: tuple[OscValue, ...]) -> None:
        """What a controller does: as if a client had sent it, whose errors everybody is told."""
        try:
            self._handle(path, self._table[path].check(values), None)
        except ArgumentError as error:
            self._report(path, str(error))

    def _check_size(self, path: str, pixels: int) -> None:
        other = "/frames/height" if path == "/frames/width" else "/frames/width"
        if pixels * int(self.values[other]) > self._most_pixels:
            most = self._most_pixels // int(self.values[other])
            raise ArgumentError(f"{path} must be at most {most} with {other} {self.values[other]}, got {pixels}")

    def _changed(self, path: str, before: Value, after: Value) -> None:
        self.osc.send_event(path, after)
        self.show.changed(path, after)
        if self.conductor.changed(path, after):
            self.session.settings_changed(path)
            return
        slot = self._frames if path.startswith(("/frames/", "/pad/")) else self._music
        if path.startswith(("/sinks/", "/sources/")):
            self._endpoints.changed(path)
        elif number := midi_outputs.number_of(path):
            self._realtime.send(midi_outputs.mapping_of(self.values, number))
        elif path == f"{slot.path}/model":
            if after != before or not slot.running:
                if slot is self._music:
                    self.session.model_lost()
                    self._actions.lost(slot.path, "another model was chosen")
                slot.start()
        elif path == "/music/echo_window":
            self._echo.window = float(after) / 1000
            self._realtime.send(realtime.SetEcho(self._echo.window))
        elif slot is self._music:
            self.session.settings_changed(path)
        elif slot is self._frames:
            if after != before and slot.loads_with(path):
                self._soon(self._load_frames)  # width and height may come together
            else:
                self._soon(self._frames.tell)

    def _soon(self, do: Callable[[], None]) -> None:
        """Do it once after all messages that are being read now: of a hundred, the last one tells."""
        if do not in self._due_soon:
            if not self._due_soon:
                asyncio.get_running_loop().call_soon(self._do_soon)
            self._due_soon.append(do)

    def _do_soon(self) -> None:
        due, self._due_soon = self._due_soon, []
        for do in due:
            do()

    def _load_frames(self) -> None:
        self._frames.start()

    def _info(self) -> Iterator[tuple[str, int | float | str]]:
        yield "version", version()
        yield from self.facts.items()
        yield from self.conductor.facts.items()
        yield "clock/page", self._page.name
        yield "audio/input", self._listener.hears
        yield "process/realtime", self._realtime.pid or 0
        yield "process/media", self._media.pid or 0
        yield "process/music", self._music.pid
        yield "process/frames", self._frames.pid
        yield from ((f"process{at}", pid) for at, pid in self._endpoints.pids().items())
        yield "frames/loading", self._frames.loading
        yield from ((f"osc/{name}", value) for name, value in msgspec.structs.asdict(self.osc.counts).items())
        yield "osc/receive_buffer", self.osc.receive_buffer
        yield "osc/subscriptions", self.osc.subscriptions
        yield "music/state", self.session.state
        yield "music/answers", self.session.answers
        yield from _percentiles("music/first_note_ms", self.session.first_note_ms)
        yield from _percentiles("music/echo_ms", [1000 * delay for delay in self._echo.delays])
        yield from _percentiles("realtime/note_lateness_ms", [1000 * late for late in self._late])

    # ---- realtime

    def _clock_and_targets(self) -> tuple[realtime.Command, ...]:
        return (
            *self.conductor.greeting(),
            realtime.SetEcho(self._echo.window),
            realtime.ArmDownbeat(self.session.armed),
            realtime.SetOscTargets(self.osc.note_targets()),
            *midi_outputs.mappings(self.values),
        )

    def _on_realtime(self, event: realtime.Event) -> None:
        match event:
            case realtime.Ready():
                self.facts["realtime/scheduling"] = event.scheduling
                self._on_ports(event)
                for problem in event.problems:
                    self._report("", problem)
                self._is_ready("realtime")
            case realtime.MidiPorts():
                self._on_ports(event)
            case realtime.NoteHeard():
                note = event.channel, event.pitch, event.velocity
                self.osc.send_event("/music/note/heard", event.channel + 1, *note[1:], tcp_only=True)
                self.session.hear(*note, event.beat)
                self.show.control_heard(bytes((0x90 | event.channel, event.pitch, event.velocity)), event.device)
                self.show.note("call", event.time, event.beat, *note)
            case realtime.ControlHeard():
                self.show.control_heard(bytes((0xB0 | event.channel, event.control, event.value)), event.device)
            case realtime.MidiHeard():
                self.show.control_heard(event.data, event.device)
            case realtime.NoteSent():
                self._late.append(event.late)
                if event.velocity:
                    self._echo.sent({(event.pitch, event.velocity)}, event.time - event.late)
                note = (event.channel + 1, event.pitch, event.velocity)
                self.osc.send_event("/music/note/out", *note, tcp_only=True)
                sound = event.channel, event.pitch, event.velocity, event.duration
                self.show.note("answer", event.time, event.beat, *sound)
                if event.velocity:
                    self.osc.send_event("/music/note/length", *note, event.duration, tcp_only=True)
            case realtime.BeatPassed():
                self.show.clock(self._page.beat())
                self.osc.send_event("/clock/beat", event.beat, event.bar, event.beat_in_bar, tcp_only=True)
                if event.beat_in_bar == 0:
                    self.osc.send_event("/clock/bar", event.bar, event.beat, tcp_only=True)
            case realtime.EchoHeard():
                self._echo.delays.append(event.delay)
            case realtime.ClockIs():
                self.conductor.heard(event)
            case realtime.Silenced():
                for client in self._panickers:
                    if client is not None:
                        self.osc.reply(client, "/panicked", event.ended)
                self._panickers.clear()
            case realtime.Problem():
                self._report("", event.text)
        self._rearm()

    def _on_ports(self, event: realtime.Ready | realtime.MidiPorts) -> None:
        ports = ", ".join((*event.inputs, *event.outputs))
        self.facts["realtime/midi"] = f"{event.backend}: {ports}" if event.backend else "none"

    def _on_realtime_lost(self, loss: Loss) -> None:
        self.session.forget()
        self._on_lost("realtime", loss)

    # ---- media

    def _about(self) -> About:
        return About(
            osc=self.osc.address,
            table=described(self._table, version()),
            token=self._settings.token,
            oscquery=self.oscquery,
            announce=self._settings.announce,
        )

    def _on_media(self, event: media.Event) -> None:
        match event:
            case media.Ready():
                self.facts["media/url"] = event.url
                self._is_ready("media")
            case media.Alive():
                self.facts.update({f"media/{name}": value for name, value in event.figures.items()})
            case media.Problem():
                self._report("", event.text)

    # ---- the models

    def _not_loaded(self, path: str, reason: str) -> None:
        self._report(path, reason)
        self._actions.lost("/frames", reason)

    def _ask(self, call_id: int, call: Phrase, bars: int, **params: Value) -> None:
        if self._music.running:
            self._music.send(worker.Answer(call_id, call, bars, self._music.params | params))
        else:
            self.session.refused(call_id, "no music model is running: it is starting, or could not be started")

    def _on_worker(self, slot: ModelSlot, event: worker.Event) -> None:
        name = slot.path[1:]
        match event:
            case worker.Ready():
                self.facts[f"{name}/model"] = event.model
                self.facts[f"{name}/load_s"] = event.seconds
                self._is_ready(slot.path)
            case worker.NoteReady():
                self.session.note_ready(event.call_id, event.note)
            case worker.Answered():
                self.session.answered(event.call_id)
            case worker.Refused():
                self.session.refused(event.call_id, event.reason)
            case worker.Acted():
                self._actions.done(event.act_id)
            case worker.NotDone():
                self._actions.not_done(event.act_id, event.reason)
            case worker.Alive():
                self.facts.update({f"{name}/{figure}": value for figure, value in event.figures.items()})
                if slot is self._frames and "quality" in event.figures:
                    self.show.quality(int(event.figures["quality"]))
            case worker.Problem():
                self._report(f"{slot.path}/model", event.text)
        self._rearm()

    def _on_music_lost(self, loss: Loss) -> None:
        self.session.model_lost()
        self._on_lost("/music", loss)
        self._rearm()

    # ---- what goes wrong

    def _on_lost(self, name: str, loss: Loss) -> None:
        """A process is gone; ``name`` is its slot, or its own where it has none."""
        is_slot = name.startswith("/")
        if not loss.told:
            at_once = f"; send {name}/model to try at once" if is_slot and loss.seldom else ""
            self._report(name if is_slot else "", loss.text + at_once)
        self._actions.lost(name, loss.reason)
        self._is_ready(name)  # there is nothing to wait for

    def _is_ready(self, name: str) -> None:
        self._unready.discard(name)
        if not self._unready:
            self.ready.set()

    def _tell(self, client: Client | None, path: str, reason: str) -> None:
        """Tell who asked, or where nobody did everybody."""
        if client is None:
            self._report(path, reason)
        else:
            self.osc.error(client, path, reason)

    def _begun(self) -> Begun:
        """How a journal begins; called on its thread."""
        size = int(self.values["/frames/width"]), int(self.values["/frames/height"])
        return Begun(now(), time.time(), version(), dict(self.values), size)

    def _report_soon(self, reason: str) -> None:
        """From another thread."""
        self._loop.call_soon_threadsafe(self._report, "", reason)

    def _report(self, path: str, reason: str) -> None:
        """Tell the terminal and every subscriber."""
        log.warning("%s%s", f"{path}: " if path else "", reason)
        self.osc.error(None, path, reason)

    # ---- the session's timer

    def _rearm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due = self.session.due()
        clock = self._page.beat()
        if due is not None and clock.playing:
            delay = max(0.001, (due - clock.at(now())) * 60 / clock.tempo)
            self._timer = asyncio.get_running_loop().call_later(delay, self._advance)

    def _advance(self) -> None:
        self._timer = None
        try:
            self.session.advance()
        except ValueError as error:
            self._report("/music/answer", str(error))
        self._rearm()


def _percentiles(name: str, figures: Any) -> Iterator[tuple[str, float]]:
    if len(figures) > 1:
        percentiles = statistics.quantiles(figures, n=100, method="inclusive")
        yield f"{name}_p50", percentiles[49]
        yield f"{name}_p99", percentiles[98]
        yield f"{name}_max", max(figures)
