"""A place for one model: ``/music`` or ``/frames``; its worker is started, watched and exchanged here."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from bridge.addresses import Table
from bridge.child import Child, Loss
from bridge.parameters import Parameters
from bridge.workers import messages as worker
from bridge.workers.declared import declaration_path
from models.contract import Model, Value

HANG_AFTER = 10.0
"""Seconds without a sign of life, which comes twice a second, after which a worker is taken to hang."""


class ModelSlot:
    """The worker of the model that ``PATH/model`` names."""

    def __init__(
        self,
        path: str,
        kind: type[Model],
        table: Table,
        parameters: Parameters,
        target: Callable[..., None],
        arguments: Callable[[], tuple[Any, ...]],
        *,
        on_event: Callable[[worker.Event], None],
        on_lost: Callable[[Loss], None],
        greeting: Callable[[], Iterable[msgspec.Struct]] = tuple,
    ) -> None:
        """``target(sock, declaration, *arguments())`` runs in the worker; the callbacks are a Child's."""
        self.path = path
        self._kind, self._table, self._parameters = kind, table, parameters
        self._target, self._arguments, self._greeting = target, arguments, greeting
        self._on_event, self._on_lost = on_event, on_lost
        self._child: Child[worker.Event] | None = None
        self._exchange: asyncio.Task[None] | None = None
        self._waiting: list[worker.Act] = []
        """Actions for the process that is about to start."""
        self.given_up = False
        """The process keeps ending, and is seldom started again."""

    @property
    def model(self) -> type[Model] | None:
        """The declaration of the model that is wanted; None where no model fits."""
        name = self._parameters.values.get(f"{self.path}/model")
        return next((model for model in self._table.of_slot(self._kind) if model.name == name), None)

    @property
    def params(self) -> dict[str, Value]:
        """Every parameter of the model by its name there."""
        model = self.model
        paths = self._table.model_paths(model) if model else {}
        return {name: self._parameters.now(path) for name, path in paths.items()}

    def loads_with(self, path: str) -> bool:
        """Whether the model must be loaded anew when the parameter at that address changes."""
        model = self.model
        paths = self._table.model_paths(model) if model else {}
        return any(model.params()[name].at_load for name, at in paths.items() if model and at == path)

    @property
    def pid(self) -> int:
        """The worker's process; 0 where none runs."""
        return (self._child and self._child.pid) or 0

    @property
    def running(self) -> bool:
        """Whether what is sent now is read (once the model has loaded)."""
        return self._child is not None and self._child.running

    def start(self) -> bool:
        """Start the model that is wanted, once the one before has ended; False where no model fits."""
        model = self.model
        if model is None:
            return False
        path = declaration_path(model)
        self.given_up = False
        self._waiting.clear()
        child: Child[worker.Event] = Child(
            model.name,
            self._target,
            lambda: (path, *self._arguments()),
            worker.Event,
            on_event=self._hear,
            on_lost=self._lost,
            greeting=self._greet,
            hang_after=HANG_AFTER,
        )
        before, self._child = self._child, child
        self._exchange = asyncio.get_running_loop().create_task(self._start_after(before, self._exchange, child))
        return True

    def send(self, message: worker.Command) -> None:
        """Send to the worker; lost where none runs."""
        if self._child is not None:
            self._child.send(message)

    def act(self, act: worker.Act) -> None:
        """Send an action to the worker, or to the one that is starting."""
        if self.running:
            self.send(act)
        else:
            self._waiting.append(act)

    def _greet(self) -> Iterable[msgspec.Struct]:
        waiting, self._waiting = self._waiting, []
        return (*self._greeting(), *waiting)

    def _hear(self, event: worker.Event) -> None:
        if isinstance(event, worker.Ready):
            self.given_up = False
        self._on_event(event)

    def _lost(self, loss: Loss) -> None:
        self.given_up = loss.seldom
        self._waiting.clear()
        self._on_lost(loss)

    async def stop(self) -> None:
        """End the worker."""
        if self._exchange is not None:
            await self._exchange
        if self._child is not None:
            await self._child.stop(worker.Stop())

    async def _start_after(
        self, before: Child[worker.Event] | None, exchange: asyncio.Task[None] | None, child: Child[worker.Event]
    ) -> None:
        if exchange is not None:
            await exchange
        if before is not None:
            await before.stop(worker.Stop())
        child.start()
