"""Start, run, stop: the control process and the processes around it."""

import asyncio
import contextlib
import logging
import statistics
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from bridge import __version__
from bridge.addresses import ArgumentError, OscValue, Table
from bridge.child import Child
from bridge.clocks import now
from bridge.config import Settings
from bridge.media import messages as media
from bridge.media import process as media_process
from bridge.media.listen import bind
from bridge.media.ring import FrameRing
from bridge.osc.service import OscService
from bridge.osc.transport import Client
from bridge.realtime import messages as realtime
from bridge.realtime import process as realtime_process
from bridge.realtime.now import NowPage
from bridge.session import Session
from bridge.system import on_stop
from bridge.workers import frames as frame_worker
from bridge.workers import messages as worker
from bridge.workers import notes as note_worker
from bridge.workers.declared import declaration_path
from models.contract import FrameModel, Model, NoteModel, Phrase

log = logging.getLogger("antiphon")

HANG_AFTER = 5.0
"""Seconds without a sign of life (they come twice a second, or on every beat) after which a process is restarted."""


class Server:
    """The control process. All methods run on its event loop."""

    def __init__(self, settings: Settings, table: Table | None = None) -> None:
        """Raises SettingsError or ArgumentError for first values that the table does not allow."""
        self.settings = settings
        self.table = table or Table()
        self.values = self.table.defaults()
        self.version = 0
        for path, value in settings.parameters.items():
            self._check_parameter(path, value)
        self._stopping = asyncio.Event()
        self._unready: set[str] = set()
        self._ready = asyncio.Event()
        self._panickers: list[Client] = []
        self._timer: asyncio.TimerHandle | None = None
        self._late: deque[float] = deque(maxlen=10000)
        self._facts: dict[str, int | float | str] = {"version": __version__}
        self._slots: dict[str, Child[worker.Event]] = {}
        self.osc = OscService(
            self.table,
            self._handle,
            value_of=self.values.__getitem__,
            reply_port=settings.reply_port,
            note_targets_changed=lambda targets: self._realtime.send(realtime.SetOscTargets(targets)),
        )

    async def run(self, announce: Callable[[str], None] = log.info) -> None:
        """Serve until stop() is called. Raises OSError when a port is taken."""
        settings = self.settings
        loop = asyncio.get_running_loop()
        on_stop(loop, self.stop)
        http = bind(settings.host, settings.http_port)
        with contextlib.ExitStack() as shared:
            shared.callback(http.close)
            self.page = NowPage.create()
            shared.callback(self.page.unlink)
            ring = FrameRing.create(settings.width, settings.height)
            shared.callback(ring.close)
            shared.callback(ring.unlink)
            self.session = Session(
                self.values,
                beat=lambda: self.page.read(now()).beat,
                tempo=lambda: float(self.values["/clock/tempo"]),
                time=now,
                to_realtime=lambda command: self._realtime.send(command),
                to_model=self._ask,
                publish=self.osc.send_event,
                report=self._report,
            )
            await self.osc.start(settings.host, settings.osc_port)
            self._realtime: Child[realtime.Event] = Child(
                "realtime",
                realtime_process.run,
                lambda: (
                    self.osc.udp_socket,
                    self.page.name,
                    settings.midi,
                    settings.midi_input,
                    settings.midi_output,
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
                lambda: (http, ring.name),
                media.Event,
                on_event=self._on_media,
                on_lost=lambda reason, given_up: self._on_lost("media", reason, given_up),
                hang_after=HANG_AFTER,
            )
            self._unready = {"realtime", "media", "/music", "/frames"}
            self._realtime.start()
            self._media.start()
            self._ring_name = ring.name
            for slot in ("/music", "/frames"):
                self._start_model(slot)
            announce(f"Listening: OSC on {settings.host}:{self.osc.address[1]} (UDP and TCP)")
            await self._serve(announce)
            await self._stop()

    def stop(self) -> None:
        """End run()."""
        self._stopping.set()

    async def _serve(self, announce: Callable[[str], None]) -> None:
        stopping = asyncio.create_task(self._stopping.wait())
        ready = asyncio.create_task(self._ready.wait())
        await asyncio.wait({stopping, ready}, return_when=asyncio.FIRST_COMPLETED)
        if self._ready.is_set():
            announce(
                f"Antiphon is ready. Frames: {self._facts.get('media/url', 'none')}  "
                f"MIDI: {self._facts.get('realtime/midi', 'none')}"
            )
        ready.cancel()
        await stopping

    async def _stop(self) -> None:
        if self._timer:
            self._timer.cancel()
        await asyncio.gather(
            self._realtime.stop(realtime.Stop()),
            self._media.stop(media.Stop()),
            *(child.stop(worker.Stop()) for child in self._slots.values()),
        )
        await self.osc.stop()

    # ---- messages from performers

    def _handle(self, path: str, values: tuple[OscValue, ...], client: Client) -> None:
        match path:
            case "/music/note/in":
                channel, pitch, velocity = (int(value) for value in values)  # type: ignore[arg-type]
                self._realtime.send(realtime.HeardNote(channel - 1, pitch, velocity))
                self.session.hear(channel - 1, pitch, velocity)
            case "/music/answer":
                try:
                    self.session.answer_now()
                except ValueError as error:
                    raise ArgumentError(str(error)) from error
            case "/music/stop":
                self.session.forget()
            case "/clock/downbeat":
                self._realtime.send(realtime.Downbeat(now()))
            case "/panic":
                self._panickers.append(client)
                self._realtime.send(realtime.Panic())
                self.session.forget()
            case "/info":
                topic = str(values[0])
                for name, value in self._info():
                    if name.startswith(topic):
                        self.osc.reply(client, "/info", name, value)
            case _:
                self._set(path, values[0])
        self._rearm()

    def _check_parameter(self, path: str, value: OscValue) -> None:
        entry = self.table.entries.get(path)
        if entry is None or entry.kind != "parameter":
            raise ArgumentError(f"{path} is not a parameter")
        (checked,) = entry.check((value,))
        assert checked is not None and not isinstance(checked, bytes)
        self.values[path] = checked

    def _set(self, path: str, value: OscValue) -> None:
        before = self.values[path]
        self._check_parameter(path, value)
        self.version += 1
        self.osc.send_event(path, self.values[path])
        if path == "/clock/tempo":
            self._realtime.send(realtime.SetTempo(float(self.values[path])))
        elif path == "/clock/beats_per_bar":
            self._realtime.send(realtime.SetMeter(int(self.values[path])))
        elif path in ("/music/model", "/frames/model"):
            if self.values[path] != before or not self._slots[path.removesuffix("/model")].running:
                self._start_model(path.removesuffix("/model"))
        elif path.startswith("/frames/"):
            self._slots["/frames"].send(self._frame_params())

    def _info(self) -> Iterator[tuple[str, int | float | str]]:
        yield from self._facts.items()
        yield "process/realtime", self._realtime.pid or 0
        yield "process/media", self._media.pid or 0
        yield from ((f"process{slot}", child.pid or 0) for slot, child in self._slots.items())
        yield from ((f"osc/{name}", value) for name, value in msgspec.structs.asdict(self.osc.counts).items())
        yield "osc/receive_buffer", self.osc.receive_buffer
        yield "osc/subscriptions", self.osc.subscriptions
        yield "music/state", self.session.state
        yield "music/answers", self.session.answers
        for name, figures in (
            ("music/first_note_ms", list(self.session.first_note_ms)),
            ("realtime/note_lateness_ms", [1000 * late for late in self._late]),
        ):
            if len(figures) > 1:
                percentiles = statistics.quantiles(figures, n=100, method="inclusive")
                yield f"{name}_p50", percentiles[49]
                yield f"{name}_p99", percentiles[98]
                yield f"{name}_max", max(figures)

    # ---- the processes

    def _clock_and_targets(self) -> tuple[realtime.Command, ...]:
        return (
            realtime.SetTempo(float(self.values["/clock/tempo"])),
            realtime.SetMeter(int(self.values["/clock/beats_per_bar"])),
            realtime.SetOscTargets(self.osc.note_targets()),
        )

    def _on_realtime(self, event: realtime.Event) -> None:
        match event:
            case realtime.Ready():
                self._facts["realtime/scheduling"] = event.scheduling
                ports = ", ".join((*event.inputs, *event.outputs))
                self._facts["realtime/midi"] = f"{event.backend}: {ports}" if event.backend else "none"
                for problem in event.problems:
                    self._report("", problem)
                self._is_ready("realtime")
            case realtime.NoteHeard():
                self.session.hear(event.channel, event.pitch, event.velocity, event.beat)
            case realtime.NoteSent():
                self._late.append(event.late)
                note = (event.channel + 1, event.pitch, event.velocity)
                self.osc.send_event("/music/note/out", *note, tcp_only=True)
                if event.velocity:
                    self.osc.send_event("/music/note/length", *note, event.duration, tcp_only=True)
            case realtime.BeatPassed():
                self.osc.send_event("/clock/beat", event.beat, event.bar, event.beat_in_bar)
            case realtime.Silenced():
                for client in self._panickers:
                    self.osc.reply(client, "/panicked", event.ended)
                self._panickers.clear()
            case realtime.Problem():
                self._report("", event.text)
        self._rearm()

    def _on_realtime_lost(self, reason: str, given_up: bool) -> None:
        self.session.forget()
        self._on_lost("realtime", reason, given_up)

    def _on_media(self, event: media.Event) -> None:
        match event:
            case media.Ready():
                self._facts["media/url"] = event.url
                self._is_ready("media")
            case media.Alive():
                self._facts.update({f"media/{name}": value for name, value in event.figures.items()})
            case media.Problem():
                self._report("", event.text)

    def _start_model(self, slot: str) -> None:
        """Start the worker of the model that the slot names, after the one before has ended."""
        model = self._model(slot)
        if model is None:
            self._is_ready(slot)
            return
        arguments: tuple[Any, ...] = (declaration_path(model),)
        target: Callable[..., None] = note_worker.run
        if issubclass(model, FrameModel):
            target = frame_worker.run
            arguments += (self._ring_name, self.page.name, self.settings.width, self.settings.height)
        child: Child[worker.Event] = Child(
            model.name,
            target,
            lambda: arguments,
            worker.Event,
            on_event=lambda event: self._on_worker(slot, event),
            on_lost=lambda reason, given_up: self._on_worker_lost(slot, reason, given_up),
            greeting=(lambda: (self._frame_params(),)) if slot == "/frames" else tuple,
            hang_after=HANG_AFTER,
        )
        before, self._slots[slot] = self._slots.get(slot), child
        if before is None:
            child.start()
        else:
            self._on_worker_replaced(slot)
            following = asyncio.create_task(before.stop(worker.Stop()))
            following.add_done_callback(lambda _: child.start())

    def _model(self, slot: str) -> type[Model] | None:
        kind = NoteModel if slot == "/music" else FrameModel
        name = self.values.get(f"{slot}/model")
        return next((model for model in self.table.of_slot(kind) if model.name == name), None)

    def _params(self, slot: str) -> dict[str, Any]:
        model = self._model(slot)
        assert model is not None
        return {name: self.values[path] for name, path in self.table.model_paths(model).items()}

    def _frame_params(self) -> worker.SetParams:
        return worker.SetParams(self.version, self._params("/frames"), float(self.values["/frames/fps"]))

    def _ask(self, call_id: int, call: Phrase, bars: int) -> None:
        child = self._slots.get("/music")
        if child is None or not child.running:
            self.session.refused(call_id, "no music model is running: it is starting, or could not be started")
        else:
            child.send(worker.Answer(call_id, call, bars, self._params("/music")))

    def _on_worker(self, slot: str, event: worker.Event) -> None:
        match event:
            case worker.Ready():
                self._facts[f"{slot[1:]}/model"] = event.model
                self._facts[f"{slot[1:]}/load_s"] = event.seconds
                self._is_ready(slot)
            case worker.NoteReady():
                self.session.note_ready(event.call_id, event.note)
            case worker.Answered():
                self.session.answered(event.call_id)
            case worker.Refused():
                self.session.refused(event.call_id, event.reason)
            case worker.Alive():
                self._facts.update({f"{slot[1:]}/{name}": value for name, value in event.figures.items()})
            case worker.Problem():
                self._report(f"{slot}/model", event.text)
        self._rearm()

    def _on_worker_lost(self, slot: str, reason: str, given_up: bool) -> None:
        self._on_worker_replaced(slot)
        self._on_lost(slot, reason, given_up)

    def _on_worker_replaced(self, slot: str) -> None:
        if slot == "/music":
            self.session.model_lost()

    def _on_lost(self, name: str, reason: str, given_up: bool) -> None:
        advice = ""
        if given_up:
            again = f"send {name}/model to try again" if name.startswith("/") else "stop Antiphon and start it again"
            advice = f"; it ended too often and is not started again: {again}"
        self._report(name if name.startswith("/") else "", reason + advice)
        self._is_ready(name)  # there is nothing to wait for

    def _is_ready(self, name: str) -> None:
        self._unready.discard(name)
        if not self._unready:
            self._ready.set()

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
        if due is not None:
            moment = self.page.read(now())
            delay = max(0.001, (due - moment.beat) * 60 / moment.tempo)
            self._timer = asyncio.get_running_loop().call_later(delay, self._advance)

    def _advance(self) -> None:
        self._timer = None
        try:
            self.session.advance()
        except ValueError as error:
            self._report("/music/answer", str(error))
        self._rearm()
