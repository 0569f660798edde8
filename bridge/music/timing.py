"""How long the melody model's worker takes to continue: from the message to it to its first note, and to its last."""

import multiprocessing
import select
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bridge.channel import Channel, ChannelClosedError, pair
from bridge.clocks import now
from bridge.measure.figures import Figure, percentile_ms
from bridge.workers import messages as m
from bridge.workers import notes
from bridge.workers.declared import declaration_path
from models.contract import Note, NoteModel, Phrase
from models.music_vae.declaration import MusicVae

CALL = Phrase(tuple(Note(p, 90, b / 2, 0.5) for b, p in enumerate((60, 62, 64, 67, 69, 67, 64, 62) * 4)), bars=8)
"""Eight bars, four segments."""
BARS = 2
PATIENCE = 60.0
LEAST, MOST = 5, 200


def figures(seconds: float, tell: Callable[[str], None]) -> list[Figure]:
    """``continue_first_note_ms`` and ``continue_2bar_ms``, over about so many seconds."""
    first = Figure(name="continue_first_note_ms", value=None, unit="ms", goal="<= 15")
    whole = Figure(name="continue_2bar_ms", value=None, unit="ms", goal="<= 30")
    tell("continuing, in a worker")
    try:
        with worker(MusicVae) as (channel, events):
            taken = times(channel, events, seconds)
    except (ChannelClosedError, TimeoutError, ValueError) as error:
        return [Figure(name=f.name, value=None, unit=f.unit, goal=f.goal, why=str(error)) for f in (first, whole)]
    detail = f"median of {len(taken)}, the embedded model, after a call of {CALL.bars} bars, each with other notes"
    return [
        Figure(
            name=figure.name,
            value=percentile_ms([each[place] for each in taken], 50),
            unit=figure.unit,
            goal=figure.goal,
            detail=f"from the worker's being asked to {end} received: {detail}",
        )
        for place, (figure, end) in enumerate(((first, "its first note"), (whole, f"the end of {BARS} bars")))
    ]


@contextmanager
def worker(model: type[NoteModel]) -> Iterator[tuple[Channel[m.Event], Iterator[m.Event]]]:
    """A process of a note model, loaded: the way to it, and what it says.

    Raises ValueError where it cannot be loaded, TimeoutError where that takes too long.
    """
    ours, theirs = pair()
    arguments = theirs, declaration_path(model)
    process = multiprocessing.get_context("spawn").Process(target=notes.run, args=arguments, daemon=True)
    process.start()
    theirs.close()
    channel: Channel[m.Event] = Channel(ours, m.Event)
    events = _events(channel)
    try:
        while not isinstance(event := next(events), m.Ready):
            if isinstance(event, m.Problem):
                raise ValueError(event.text)
        yield channel, events
    finally:
        channel.close()
        process.join(PATIENCE)
        process.kill()


def times(channel: Channel[m.Event], events: Iterator[m.Event], seconds: float) -> list[tuple[float, float]]:
    """Seconds to the first note and to the last of continuations. Raises ValueError where it is refused."""
    params = {name: param.default for name, param in MusicVae.params().items()}
    taken: list[tuple[float, float]] = []
    end = now() + seconds
    number = 0
    while len(taken) < LEAST or (len(taken) < MOST and now() < end):
        number += 1
        begun = now()
        channel.send(m.Act(number, "continue", {}, {**params, "seed": number}, _moved(number), BARS, number))
        first = 0.0
        while not isinstance(event := next(events), m.Answered):
            if isinstance(event, m.NotDone):
                raise ValueError(event.reason)
            if isinstance(event, m.NoteReady) and not first:
                first = now() - begun
        if number > 1:  # the first warms up
            taken.append((first, now() - begun))
    return taken


def _moved(number: int) -> Phrase:
    """The call in one of seven keys, so that nothing can be remembered from the time before."""
    return Phrase(tuple(Note(n.pitch + number % 7, n.velocity, n.start, n.duration) for n in CALL.notes), CALL.bars)


def _events(channel: Channel[m.Event]) -> Iterator[m.Event]:
    while True:
        if not select.select([channel], [], [], PATIENCE)[0]:
            raise TimeoutError(f"the worker said nothing for {PATIENCE:g} s")
        yield from (event for event in channel.receive() if not isinstance(event, m.Alive))
