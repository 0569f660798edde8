"""The show's addresses: presets, scenes, controllers and modulation, and the files that remember them."""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal, TypeVar

from bridge.addresses import ArgumentError, OscValue, Table
from bridge.osc.transport import Client
from bridge.parameters import Parameters
from bridge.realtime.now import Beat
from bridge.show import files, mapping, scenes
from bridge.show.controls import Controls
from bridge.show.journal import records
from bridge.show.journal.writer import Journal
from bridge.show.mapping import Link, MidiMap
from bridge.show.modulation.engine import Modulation, rate
from bridge.show.morph import Morph, between
from bridge.show.presets import Presets
from bridge.show.scenes import Scene, Scenes
from models.contract import Value

Result = TypeVar("Result")

SCENES_FILE, MAP_FILE = "scenes.json", "controllers.json"
TICK = 1 / 30
"""Seconds between two steps of a morph."""
UNDONE = 50
"""How many recalls can be taken back."""
TOLD = 1 / 20
"""Seconds between two messages of what a modulator says."""


class Show:
    """Everything runs on the event loop, but for what waits for the disk."""

    def __init__(
        self,
        folder: Path,
        table: Table,
        parameters: Parameters,
        *,
        clock: Callable[[], Beat],
        time: Callable[[], float],
        publish: Callable[..., None],
        reply: Callable[..., None],
        tell: Callable[[Client | None, str, str], None],
        do: Callable[[str, tuple[OscValue, ...]], None],
        send_midi: Callable[[bytes], None],
        moved: Callable[[], None],
        listen: Callable[[bool], None] = lambda on: None,
        journal: Journal | None = None,
    ) -> None:
        """``publish(path, *values)`` sends an event, ``reply(client, path, *values)`` answers, ``tell`` says what went
        wrong. ``do(path, values)`` is what a controller does, ``send_midi`` speaks to controllers, ``moved`` follows
        each step of the modulators, and ``listen`` says whether sound that comes in is followed."""
        self._journal = journal
        self._beat_written: Beat | None = None
        self._quality_written = 0
        self._folder, self._table, self._parameters = folder, table, parameters
        self._clock, self._time = clock, time
        self._publish, self._reply, self._tell = publish, reply, tell
        self._moved, self._listen = moved, listen
        self._disk = ThreadPoolExecutor(1, thread_name_prefix="show")
        self._tasks: set[asyncio.Task[None]] = set()
        self.presets = Presets(folder / "presets", table)
        self.scenes = Scenes([])
        self.morph = Morph(table, parameters.values, parameters.set)
        self.map = MidiMap(table, parameters.values, do, send_midi)
        self.controls = Controls()
        self.modulation = Modulation(table, parameters.values)
        self._undo: list[dict[str, Value]] = []
        self._morphing: asyncio.TimerHandle | None = None
        self._modulating: asyncio.TimerHandle | None = None
        self._listening = False
        self._told = 0.0
        parameters.check = self.modulation.check
        self._handlers: Mapping[str, Callable[[tuple[Any, ...], Client | None], None]] = {
            "/preset/save": self._save,
            "/preset/recall": self._recall,
            "/preset/between": self._between,
            "/preset/delete": self._delete,
            "/preset/undo": self._take_back,
            "/preset/list": self._list_presets,
            "/scene/add": lambda values, client: self._edit(self.scenes.add, Scene(*values)),
            "/scene/remove": lambda values, client: self._edit(self.scenes.remove, *values),
            "/scene/clear": lambda values, client: self._edit(self.scenes.clear),
            "/scene/go": lambda values, client: self._to_scene(self.scenes.go, values[0], client),
            "/scene/next": lambda values, client: self._to_scene(self.scenes.step, 1, client),
            "/scene/previous": lambda values, client: self._to_scene(self.scenes.step, -1, client),
            "/scene/list": lambda values, client: self._tell_scenes(client),
            "/map/learn": lambda values, client: self.map.learn(_link("", values)),
            "/map/cancel": lambda values, client: self.map.learn(None),
            "/map/set": lambda values, client: self._edit_map(self.map.add, _link(values[0], values[1:])),
            "/map/remove": lambda values, client: self._edit_map(self.map.remove, *values),
            "/map/list": lambda values, client: self._tell_map(client),
        }

    def start(self) -> None:
        """Read what is remembered; what cannot be read is told and left as it is."""
        if self._journal is not None:
            self._journal.start()
        for take in (self._read_scenes, self._read_map):
            try:
                take()
            except (OSError, ValueError) as error:
                self._tell(None, "", f"{error}; it is not used")
        self._modulate()

    def _read_scenes(self) -> None:
        self.scenes = scenes.load(self._folder / SCENES_FILE)

    def _read_map(self) -> None:
        self.map.take(mapping.load(self._folder / MAP_FILE))

    async def stop(self) -> None:
        """Wait until all is written."""
        for timer in (self._morphing, self._modulating):
            if timer is not None:
                timer.cancel()
        while self._tasks:
            await asyncio.wait(self._tasks)
        self._disk.shutdown()
        if self._journal is not None:
            await asyncio.get_running_loop().run_in_executor(None, self._journal.stop)

    # ---- what happens

    def handles(self, path: str) -> bool:
        """Whether an address is the show's."""
        return path in self._handlers

    def handle(self, path: str, values: tuple[OscValue, ...], client: Client | None) -> None:
        """Do what a message says. Raises ArgumentError."""
        try:
            self._handlers[path](values, client)
        except ArgumentError:
            raise
        except ValueError as error:
            raise ArgumentError(str(error)) from error

    def changed(self, path: str, value: Value) -> None:
        """A parameter was set, by whatever."""
        self._write_down(records.Changed(self._time(), path, value))
        self.morph.touched(path)
        self.map.changed(path)
        if path.startswith("/mod/"):
            self._modulate()

    def done(self, path: str, values: tuple[OscValue, ...]) -> None:
        """An action was asked for."""
        kept = tuple(None if isinstance(value, bytes) else value for value in values)
        self._write_down(records.Done(self._time(), path, kept))

    def clock(self, beat: Beat) -> None:
        """Where the beat is; written down where that is not what was said before."""
        if beat != self._beat_written:
            self._beat_written = beat
            self._write_down(records.Clock(self._time(), *beat))

    def quality(self, level: int) -> None:
        """The frames' quality; written down where it changed."""
        if level != self._quality_written:
            self._quality_written = level
            self._write_down(records.Quality(self._time(), level))

    def note(
        self,
        voice: Literal["call", "answer"],
        time: float,
        beat: float,
        channel: int,
        pitch: int,
        velocity: int,
        duration: float = 0.0,
    ) -> None:
        """A note begins, the player's or the answer's, or ends with velocity 0."""
        self._write_down(records.Sounded(time, voice, beat, channel, pitch, velocity, duration))
        if velocity:
            self.modulation.notes.add(beat, pitch, velocity)

    def sound(self, features: Mapping[str, float]) -> None:
        """What comes in as sound, 0 to 1 by name."""
        self.modulation.heard = features

    def control_heard(self, data: bytes, device: str = "") -> None:
        """A MIDI message that may be a controller's came in, from a device by name where that is known."""
        try:
            learnt = self.map.heard(self.controls.read(data, device))
        except ValueError as error:
            self._tell(None, "/map/learn", str(error))
            return
        if learnt is not None:
            self._publish("/map/learnt", learnt.control, learnt.target)
            self._write(MAP_FILE, self.map.file(), "/map/learn", None)

    # ---- presets

    def _save(self, values: tuple[Any, ...], client: Client | None) -> None:
        name, kept = values[0], dict(self._parameters.values)
        self._background(
            lambda: self.presets.save(name, kept), lambda _: self._preset_saved(name), "/preset/save", client
        )

    def _preset_saved(self, name: str) -> None:
        self._publish("/preset/saved", name)
        self._list_presets((), None)

    def _recall(self, values: tuple[Any, ...], client: Client | None) -> None:
        self._recall_preset(values[0], float(values[1]), "/preset/recall", client)

    def _recall_preset(self, name: str, beats: float, path: str, client: Client | None) -> None:
        def recalled(target: dict[str, Value]) -> None:
            self._remember(target)
            self._go(target, beats)
            self._publish("/preset/recalled", name, beats)

        self._background(lambda: self.presets.load(name), recalled, path, client)

    def _between(self, values: tuple[Any, ...], client: Client | None) -> None:
        one, other, share = values

        def recalled(pair: tuple[dict[str, Value], dict[str, Value]]) -> None:
            first, second = pair
            both = {path: between(first[path], second[path], share) for path in first if path in second}
            self._go({path: value for path, value in both.items() if not path.endswith("/model")}, 0.0)

        self._background(
            lambda: (self.presets.load(one), self.presets.load(other)), recalled, "/preset/between", client
        )

    def _delete(self, values: tuple[Any, ...], client: Client | None) -> None:
        name = values[0]
        self._background(
            lambda: self.presets.delete(name), lambda _: self._list_presets((), None), "/preset/delete", client
        )

    def _list_presets(self, values: tuple[Any, ...], client: Client | None) -> None:
        self._background(
            self.presets.names, lambda names: self._answer(client, "/preset/names", *names), "/preset/list", client
        )

    def _take_back(self, values: tuple[Any, ...], client: Client | None) -> None:
        if not self._undo:
            raise ValueError("there is nothing to take back: no preset was recalled")
        self._go(self._undo.pop(), 0.0)

    def _remember(self, target: Mapping[str, Value]) -> None:
        now = self._parameters.values
        self._undo.append({path: now[path] for path, value in target.items() if now[path] != value})
        del self._undo[:-UNDONE]

    def _go(self, target: Mapping[str, Value], beats: float) -> None:
        self.morph.begin(target, self._beat(), beats)
        self._advance_morph()

    def _advance_morph(self) -> None:
        if self._morphing is not None:
            self._morphing.cancel()
            self._morphing = None
        self.morph.advance(self._beat())
        if self.morph.running:
            self._morphing = asyncio.get_running_loop().call_later(TICK, self._advance_morph)

    # ---- scenes

    def _edit(self, change: Callable[..., None], *values: Any) -> None:
        change(*values)
        self._write(SCENES_FILE, self.scenes.file(), "/scene/add", None)
        self._tell_scenes(None)

    def _to_scene(self, move: Callable[[int], Scene], to: int, client: Client | None) -> None:
        scene = move(to)
        self._recall_preset(scene.preset, scene.beats, "/scene/go", client)
        self._publish("/scene/now", self.scenes.at, scene.preset)

    def _tell_scenes(self, client: Client | None) -> None:
        self._answer(client, "/scene/names", *(scene.preset for scene in self.scenes.list))

    # ---- controllers

    def _edit_map(self, change: Callable[..., Any], *values: Any) -> None:
        change(*values)
        self._write(MAP_FILE, self.map.file(), "/map/set", None)
        self._tell_map(None)

    def _tell_map(self, client: Client | None) -> None:
        self._answer(client, "/map/links", *(part for link in self.map.links for part in (link.control, link.target)))

    # ---- modulation

    def _modulate(self) -> None:
        """Step now, and again as long as a modulator is on."""
        if self._modulating is not None:
            self._modulating.cancel()
            self._modulating = None
        before, modulation = self._parameters.moved, self.modulation
        active = modulation.active
        if active:
            clock, time = self._clock(), self._time()
            self._parameters.moved = modulation.advance(time, clock.at(time), clock.beats_per_bar)
            self._write_down(records.Moved(time, self._parameters.moved))
            fps = float(self._parameters.values["/frames/fps"])
            self._modulating = asyncio.get_running_loop().call_later(rate(fps), self._modulate)
            if time - self._told >= TOLD:
                self._told = time
                for number, signal in modulation.signals.items():
                    self._publish("/mod/value", number, signal)
        elif before:
            self._parameters.moved = {}
            self._write_down(records.Moved(self._time(), {}))
        if active or before:
            self._moved()
        listens = active and modulation.listens
        if listens != self._listening:
            self._listening = listens
            self._listen(listens)

    # ---- inside

    def _write_down(self, record: records.Record) -> None:
        if self._journal is not None:
            self._journal.add(record)

    def _beat(self) -> float:
        return self._clock().at(self._time())

    def _answer(self, client: Client | None, path: str, *values: OscValue) -> None:
        if client is None:
            self._publish(path, *values)
        else:
            self._reply(client, path, *values)

    def _write(self, name: str, value: Any, path: str, client: Client | None) -> None:
        self._background(lambda: files.write(self._folder / name, value), lambda _: None, path, client)

    def _background(
        self, work: Callable[[], Result], then: Callable[[Result], None], path: str, client: Client | None
    ) -> None:
        """Do what waits for the disk, one after the other, and then the rest on the loop."""

        async def run() -> None:
            try:
                result = await asyncio.get_running_loop().run_in_executor(self._disk, work)
                then(result)
            except (ValueError, OSError) as error:
                self._tell(client, path, str(error))

        task = asyncio.get_running_loop().create_task(run())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _link(control: str, values: tuple[Any, ...]) -> Link:
    """A link from the arguments of /map/set and /map/learn, of which the range counts where its ends differ."""
    target, low, high, curve, pickup = values
    own = low == high
    return Link(control, target, None if own else low, None if own else high, curve, pickup)
