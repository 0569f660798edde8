"""What performers have the models do: in order, never lost, and told to whoever asked where it cannot be done."""

from collections.abc import Callable
from typing import cast

from bridge.addresses import ArgumentError, OscValue, Table
from bridge.osc.transport import Client
from bridge.session import Session
from bridge.slot import ModelSlot
from bridge.workers import messages as worker
from models.contract import NoteModel, Phrase, Value


class Actions:
    """Those that are asked for and not yet done."""

    def __init__(self, table: Table, session: Session, tell: Callable[[Client | None, str, str], None]) -> None:
        """``tell(client, path, reason)`` says why the action at an address was not done."""
        self._table, self._session, self._tell = table, session, tell
        self._asked: dict[int, tuple[str, str, Client | None]] = {}
        """The slot, the address and who asked, by number."""
        self._count = 0

    def ask(self, path: str, values: tuple[OscValue, ...], client: Client | None, slot: ModelSlot) -> None:
        """Pass an action on to the slot's worker. Raises ArgumentError where its model has no such action."""
        _, names, action = self._table.doers[path]
        model = slot.model
        if model is None or model.name not in names:
            found = model.name if model else "none"
            raise ArgumentError(f"{slot.path}/model must be {' or '.join(names)} for this, got {found}")
        if slot.given_up:
            raise ArgumentError(f"{model.name} does not run: send {slot.path}/model to start it again")
        given = {argument.name: value for argument, value in zip(self._table[path].arguments, values, strict=True)}
        self._count += 1
        act = worker.Act(self._count, action, cast(dict[str, Value], given), slot.params)
        if issubclass(model, NoteModel):
            self._ask_for_notes(act, slot, answers=model.actions()[action].answers, hears=model.actions()[action].hears)
        else:
            slot.act(act)
        self._asked[act.act_id] = slot.path, path, client

    def done(self, act_id: int) -> None:
        """An action was done."""
        self._asked.pop(act_id, None)

    def not_done(self, act_id: int, reason: str) -> None:
        """Tell who asked why it was not."""
        if act_id in self._asked:
            _, path, client = self._asked.pop(act_id)
            self._tell(client, path, reason)

    def lost(self, slot: str, reason: str) -> None:
        """The slot's worker is gone, with all that was asked of it."""
        for act_id in [act_id for act_id, (where, _, _) in self._asked.items() if where == slot]:
            self.not_done(act_id, f"was not done: {reason}")

    def _ask_for_notes(self, act: worker.Act, slot: ModelSlot, *, answers: bool, hears: int) -> None:
        def ask(call_id: int, heard: Phrase, bars: int) -> None:
            slot.act(worker.Act(act.act_id, act.action, act.arguments, act.params, heard, bars, call_id))

        if answers:
            self._session.act(hears, ask)
        else:
            ask(0, self._session.heard(hears), self._session.answer_bars)
