"""A session with the beat, the time and every output in the test's hands."""

from bridge.addresses import Table
from bridge.realtime import messages as realtime
from bridge.realtime.now import Beat
from bridge.session import Session
from models.contract import NoteModel


class NoteModelForTests(NoteModel):
    name = "test"


class Stage:
    """A session at 120 bpm and what it sent."""

    def __init__(self) -> None:
        self.beat = 0.0
        self.clock = Beat(time=0.0, beat=0.0, tempo=120.0, bar_beat=0, bar=0, beats_per_bar=4)
        self.values = Table(models=[NoteModelForTests]).defaults()
        self.commands: list[realtime.Command] = []
        self.calls: list[tuple] = []
        self.states: list[str] = []
        self.errors: list[tuple[str, str]] = []
        self.session = Session(
            self.values,
            clock=lambda: self.clock,
            time=lambda: self.beat / 2,
            to_realtime=self.commands.append,
            to_model=lambda *call, **params: self.calls.append((*call, params) if params else call),
            publish=lambda path, *values: self.states.append(values[0]) if path == "/music/state" else None,
            report=lambda path, reason: self.errors.append((path, reason)),
        )

    def at(self, beat: float) -> Session:
        self.beat = beat
        return self.session

    def play(self, *notes: tuple[float, float, int]) -> None:
        for start, end, pitch in notes:
            self.at(start).hear(0, pitch, 90)
            self.at(end).hear(0, pitch, 0)

    def run_until(self, beat: float) -> None:
        """Let every deadline up to a beat come, as the server's timer does."""
        while (due := self.session.due()) is not None and due <= beat:
            self.at(max(due, self.beat)).advance()
        self.beat = beat

    def ended(self) -> list[int]:
        return [command.phrase for command in self.commands if isinstance(command, realtime.EndPhrase)]

    def played(self) -> list[tuple[float, int]]:
        return [(c.beat + c.notes[0].start, c.notes[0].pitch) for c in self.commands if isinstance(c, realtime.Play)]
