"""What every message sets in motion: between performers, the session, the realtime process, media and the workers."""

import asyncio
import logging
import statistics
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from bridge import version
from bridge.addresses import ArgumentError, OscValue, Table
from bridge.child import Child
from bridge.clocks import now
from bridge.config import Settings
from bridge.media import messages as media
from bridge.media import process as media_process
from bridge.osc.service import OscService
from bridge.osc.transport import Client
from bridge.parameters import Parameters
from bridge.realtime import messages as realtime
from bridge.realtime import process as realtime_process
from bridge.realtime.now import Beat, NowPage
from bridge.session import Session
from bridge.slot import ModelSlot
from bridge.workers import frames as frame_worker
from bridge.workers import messages as worker
from bridge.workers import notes as note_worker
from models.contract import FrameModel, NoteModel, Phrase, Value

log = logging.getLogger("antiphon")

HANG_AFTER = 10.0
"""Seconds without a sign of life (on every beat, or every second) after which realtime or media is restarted."""


class Control:
    """Everything runs on the event loop; nothing here waits."""

    def __init__(self, settings: Settings, table: Table, http: Any, page: NowPage, ring_name: str) -> None:
        """``http`` is the listening socket for media. Raises ArgumentError for settings that the table refuses."""
        self.parameters = Parameters(table, settings.parameters, self._changed)
        self.values = self.parameters.values
        self.facts: dict[str, int | float | str] = {}
        self.ready = asyncio.Event()
        """Every process has loaded what it needs, or could not."""
        self._unready = {"realtime", "media", "/music", "/frames"}
        self._page = page
        self._panickers: list[Client] = []
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
        self.session = Session(
            self.values,
            clock=page.beat,
            time=now,
            to_realtime=lambda command: self._realtime.send(command),
            to_model=self._ask,
            publish=self.osc.send_event,
            report=self._report,
        )
        self._realtime: Child[realtime.Event] = Child(
            "realtime",
            realtime_process.run,
            lambda: (self.osc.udp_socket, page.name, settings.midi, settings.midi_input, settings.midi_output),
            realtime.Event,
            on_event=self._on_realtime,
            on_lost=self._on_realtime_lost,
            greeting=self._clock_and_targets,
            hang_after=HANG_AFTER,
        )
        self._media: Child[media.Event] = Child(
            "media",
            media_process.run,
            lambda: (http, ring_name),
            media.Event,
            on_event=self._on_media,
            on_lost=lambda reason, given_up: self._on_lost("media", reason, given_up),
            hang_after=HANG_AFTER,
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
        self._frames = ModelSlot(
            "/frames",
            FrameModel,
            table,
            self.parameters,
            frame_worker.run,
            lambda: (ring_name, page.name, settings.width, settings.height, self._frames.params),
            on_event=lambda event: self._on_worker(self._frames, event),
            on_lost=lambda reason, given_up: self._on_lost("/frames", reason, given_up),
            greeting=lambda: (self._frame_params(),),
        )

    def start(self) -> None:
        """Begin the beat and start all processes; messages are taken as soon as ``osc`` is started."""
        tempo, beats_per_bar = float(self.values["/clock/tempo"]), int(self.values["/clock/beats_per_bar"])
        self._page.set_beat(Beat(now(), 0.0, tempo, 0, 0, beats_per_bar))
        self._realtime.start()
        self._media.start()
        for slot in (self._music, self._frames):
            if not slot.start():
                self._is_ready(slot.path)

    async def stop(self) -> None:
        """End every note and every process."""
        if self._timer:
            self._timer.cancel()
        await asyncio.gather(
            self._realtime.stop(realtime.Stop()),
            self._media.stop(media.Stop()),
            self._music.stop(),
            self._frames.stop(),
        )
        await self.osc.stop()

    # ---- from performers

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
                for name, fact in self._info():
                    if name.startswith(str(values[0])):
                        self.osc.reply(client, "/info", name, fact)
            case _:
                self.parameters.set(path, values[0])
        self._soon(self._rearm)

    def _changed(self, path: str, before: Value, after: Value) -> None:
        self.osc.send_event(path, after)
        slot = self._frames if path.startswith("/frames/") else self._music
        if path == "/clock/tempo":
            self._realtime.send(realtime.SetTempo(float(after)))
        elif path == "/clock/beats_per_bar":
            self._realtime.send(realtime.SetMeter(int(after)))
        elif path == f"{slot.path}/model":
            if after != before or not slot.running:
                if slot is self._music:
                    self.session.model_lost()
                slot.start()
        elif slot is self._frames:
            if after != before and slot.loads_with(path):
                slot.start()
            else:
                self._soon(self._tell_frames)

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

    def _tell_frames(self) -> None:
        self._frames.send(self._frame_params())

    def _info(self) -> Iterator[tuple[str, int | float | str]]:
        yield "version", version()
        yield from self.facts.items()
        yield "process/realtime", self._realtime.pid or 0
        yield "process/media", self._media.pid or 0
        yield "process/music", self._music.pid
        yield "process/frames", self._frames.pid
        yield from ((f"osc/{name}", value) for name, value in msgspec.structs.asdict(self.osc.counts).items())
        yield "osc/receive_buffer", self.osc.receive_buffer
        yield "osc/subscriptions", self.osc.subscriptions
        yield "music/state", self.session.state
        yield "music/answers", self.session.answers
        yield from _percentiles("music/first_note_ms", self.session.first_note_ms)
        yield from _percentiles("realtime/note_lateness_ms", [1000 * late for late in self._late])

    # ---- realtime

    def _clock_and_targets(self) -> tuple[realtime.Command, ...]:
        return (
            realtime.SetTempo(float(self.values["/clock/tempo"])),
            realtime.SetMeter(int(self.values["/clock/beats_per_bar"])),
            realtime.SetOscTargets(self.osc.note_targets()),
        )

    def _on_realtime(self, event: realtime.Event) -> None:
        match event:
            case realtime.Ready():
                self.facts["realtime/scheduling"] = event.scheduling
                ports = ", ".join((*event.inputs, *event.outputs))
                self.facts["realtime/midi"] = f"{event.backend}: {ports}" if event.backend else "none"
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

    # ---- media

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

    def _frame_params(self) -> worker.SetParams:
        return worker.SetParams(self.parameters.version, self._frames.params, float(self.values["/frames/fps"]))

    def _ask(self, call_id: int, call: Phrase, bars: int) -> None:
        if self._music.running:
            self._music.send(worker.Answer(call_id, call, bars, self._music.params))
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
            case worker.Alive():
                self.facts.update({f"{name}/{figure}": value for figure, value in event.figures.items()})
            case worker.Problem():
                self._report(f"{slot.path}/model", event.text)
        self._rearm()

    def _on_music_lost(self, reason: str, given_up: bool) -> None:
        self.session.model_lost()
        self._on_lost("/music", reason, given_up)
        self._rearm()

    # ---- what goes wrong

    def _on_lost(self, name: str, reason: str, given_up: bool) -> None:
        """A process is gone; ``name`` is its slot, or its own where it has none."""
        is_slot = name.startswith("/")
        if given_up:
            again = f"send {name}/model to try again" if is_slot else "stop Antiphon and start it again"
            reason += f"; it ended too often and is not started again: {again}"
        self._report(name if is_slot else "", reason)
        self._is_ready(name)  # there is nothing to wait for

    def _is_ready(self, name: str) -> None:
        self._unready.discard(name)
        if not self._unready:
            self.ready.set()

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
            clock = self._page.beat()
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
