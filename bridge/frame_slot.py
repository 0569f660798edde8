"""The place of the frame model: the next one is loaded beside the one that paints, and takes its place when it can."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from bridge.addresses import Table
from bridge.child import Child, Loss
from bridge.parameters import Parameters
from bridge.slot import HANG_AFTER, ModelSlot
from bridge.workers import frames
from bridge.workers import messages as worker
from bridge.workers.declared import declaration_path
from bridge.workers.frames import SLOT
from models.contract import FrameModel, Value

LOADED_ANEW = ("/frames/width", "/frames/height")
"""What any model is loaded anew for, but for its own parameters that say so."""


class _Worker:
    """A model's process, and what the model was loaded with."""

    def __init__(self, model: type[FrameModel], loaded_with: dict[str, Value]) -> None:
        self.model, self.loaded_with = model, loaded_with
        self.child: Child[worker.Event]
        self.waiting: list[worker.Act] = []
        """Actions for when its process runs."""
        self.ready: worker.Ready | None = None
        self.problem = ""
        """Why it cannot be loaded, as far as it said."""


class FrameSlot(ModelSlot):
    """``/frames``: up to three workers, of which one is coming, one is live, and one is leaving."""

    def __init__(
        self,
        table: Table,
        parameters: Parameters,
        rings: tuple[str, str, str],
        page_name: str,
        *,
        on_event: Callable[[worker.Event], None],
        on_lost: Callable[[Loss], None],
        report: Callable[[str, str], None],
    ) -> None:
        """``rings`` are those that ``bridge.workers.frames.run`` takes; ``report(path, reason)`` tells performers."""
        super().__init__(
            "/frames", FrameModel, table, parameters, frames.run, tuple, on_event=on_event, on_lost=on_lost
        )
        self._slot_paths = sorted(table.slot_paths("/frames"))
        self._rings, self._page_name, self._report = rings, page_name, report
        self._coming: _Worker | None = None
        self._live: _Worker | None = None
        self._leaving: _Worker | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def pid(self) -> int:
        """The process that is seen; 0 where none is."""
        return (self._live and self._live.child.pid) or 0

    @property
    def running(self) -> bool:
        """Whether a model paints, or is on its way."""
        coming = self._coming is not None and not self.given_up
        return coming or (self._live is not None and self._live.child.running)

    @property
    def loading(self) -> str:
        """The model that is on its way; empty where none is."""
        return self._coming.model.name if self._coming else ""

    def loads_with(self, path: str) -> bool:
        """Whether the model must be loaded anew when the parameter at that address changes."""
        return path in LOADED_ANEW or super().loads_with(path)

    def start(self) -> bool:
        """Load the model that is wanted, beside the one that paints; False where no model fits.

        Where that one is wanted again, the one that was on its way is left.
        """
        model = self.model
        if model is None:
            return False
        assert issubclass(model, FrameModel)
        wanted = {path: self._parameters.values[path] for path in ("/frames/model", *LOADED_ANEW)}
        wanted |= {path: self._parameters.values[path] for path in self._load_paths(model)}
        if self._coming is not None:
            if self._coming.loaded_with == wanted and not self.given_up:
                return True
            self._end(self._coming)
            self._coming = None
        if self._live is not None and self._live.loaded_with == wanted and self._live.child.running:
            return True
        self._coming = self._worker(model, wanted)
        self.given_up = False
        self._coming.child.start()
        return True

    def tell(self) -> None:
        """Tell all who paint what the parameters are now, each its own model's."""
        for each in (self._coming, self._live, self._leaving):
            if each is not None:
                each.child.send(self._settings(each.model))

    def act(self, act: worker.Act) -> None:
        """Send an action to the worker of the model that is wanted."""
        chosen = self._coming or self._live
        if chosen is not None and chosen.child.running:
            chosen.child.send(act)
        elif chosen is not None:
            chosen.waiting.append(act)

    async def stop(self) -> None:
        """End all workers."""
        workers = [each for each in (self._coming, self._live, self._leaving) if each is not None]
        self._coming = self._live = self._leaving = None
        await asyncio.gather(*(each.child.stop(worker.Stop()) for each in workers), *self._tasks)

    # ---- inside

    def _load_paths(self, model: type[FrameModel]) -> list[str]:
        paths = self._table.model_paths(model)
        return [paths[name] for name, param in model.params().items() if param.at_load]

    def _settings(self, model: type[FrameModel]) -> worker.SetParams:
        values = self._parameters.values
        params = {name: self._parameters.now(path) for name, path in self._table.model_paths(model).items()}
        slot = {path.removeprefix(SLOT): values[path] for path in self._slot_paths}
        return worker.SetParams(self._parameters.version, params, slot)

    def _worker(self, model: type[FrameModel], wanted: dict[str, Value]) -> _Worker:
        path, made = declaration_path(model), _Worker(model, wanted)

        def greeting() -> tuple[worker.Command, ...]:
            waiting, made.waiting = made.waiting, []
            return (self._settings(model), *waiting)

        def arguments() -> tuple[Any, ...]:
            # Started again, it is loaded as it was: what was asked for meanwhile may be what cannot be loaded.
            settings = self._settings(model)
            paths = {at: name for name, at in self._table.model_paths(model).items()}
            settings.params.update({paths[at]: value for at, value in made.loaded_with.items() if at in paths})
            settings.slot.update({at.removeprefix(SLOT): made.loaded_with[at] for at in LOADED_ANEW})
            return path, self._rings, self._page_name, settings

        made.child = Child(
            model.name,
            self._target,
            arguments,
            worker.Event,
            on_event=lambda event: self._heard(made, event),
            on_lost=lambda loss: self._ended(made, loss),
            greeting=greeting,
            hang_after=HANG_AFTER,
        )
        return made

    def _heard(self, who: _Worker, event: worker.Event) -> None:
        match event:
            case worker.Ready():
                self.given_up = False
                who.ready = event
                if who is self._coming:
                    self._promote()
                elif who is self._live:  # started again
                    who.child.send(worker.GoLive(0.0, False))
                    self._on_event(event)
            case worker.Faded():
                if who is self._live:
                    self._dismiss()
            case worker.Problem() if who is self._coming and self._live is not None:
                who.problem = event.text
            case worker.Alive() if who is not self._live:
                pass
            case _:
                self._on_event(event)

    def _promote(self) -> None:
        """The one that was coming goes live; what an earlier fade has left is seen on in the picture of the last."""
        assert self._coming is not None and self._coming.ready is not None
        self._dismiss()
        self._leaving, self._live, self._coming = self._live, self._coming, None
        values, first = self._parameters.values, self._leaving is None
        fade = 0.0 if first else float(values["/frames/fade"])
        self._live.child.send(worker.GoLive(fade, not first and values["/frames/fade_on"] == "bar"))
        if self._live.ready is not None:
            self._on_event(self._live.ready)

    def _dismiss(self) -> None:
        """The one before is no longer seen."""
        if self._leaving is not None:
            self._end(self._leaving)
            self._leaving = None

    def _ended(self, who: _Worker, loss: Loss) -> None:
        who.ready = None
        who.waiting.clear()
        if who is self._coming and self._live is not None:
            self._coming = None
            self._end(who)
            self._report(
                "/frames/model",
                f"{who.model.name} does not take the place of {self._live.model.name}: {who.problem or loss.reason}",
            )
            self._return_to(self._live)
        elif who is self._coming or who is self._live:
            if who is self._live:
                self._dismiss()  # or it would wait for a fade that does not end
            if (loss.seldom or who is self._coming) and self._falls_back(who, loss.reason):
                return
            self.given_up = loss.seldom
            self._on_lost(loss)

    def _return_to(self, live: _Worker) -> None:
        """Set the parameters back to what is seen."""
        for path, value in live.loaded_with.items():
            if self._parameters.values[path] != value:
                self._parameters.set(path, value)

    def _falls_back(self, who: _Worker, reason: str) -> bool:
        """Nothing paints, and this model cannot: have the one that is always there, if it is not this one."""
        default = next((model for model in self._table.of_slot(FrameModel) if model.default), None)
        if default is None or default is who.model or self.model is not who.model:
            return False
        self._report("/frames/model", f"{who.model.name} gives its place to {default.name}: {reason}")
        self._end(who)
        self._coming = self._live = None
        self._parameters.set("/frames/model", default.name)
        return True

    def _end(self, who: _Worker) -> None:
        self._later(who.child.stop(worker.Stop()))

    def _later(self, what: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(what)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
