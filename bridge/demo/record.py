"""From what was sent and received to a performance, and to the latencies in it."""

from collections.abc import Sequence
from itertools import pairwise

from bridge.client.beats import Beats
from bridge.client.frames import TakenFrame
from bridge.demo.performance import Frame, Heard, Performance, Section, pair
from bridge.demo.performer import Exchange, NoteEvent
from bridge.demo.synth import TAIL
from bridge.measure.figures import Figure, percentile_ms

GRID = 4
"""Grid positions in a beat that notes are held against: sixteenths."""


def performance(
    exchanges: Sequence[Exchange], taken: Sequence[TakenFrame], beats: Beats, tempo: float, model: str
) -> Performance:
    """Put together what was played and heard; ``model`` is who answered. Raises ValueError without exchanges."""
    if not exchanges:
        raise ValueError("a performance needs at least one call, got none")
    origin, last = exchanges[0].call_beat, exchanges[-1]
    end = last.answer_beat + last.answer_beats
    notes: list[Heard] = []
    sections = []
    for exchange in exchanges:
        call_beats = exchange.song.phrase.bars * beats.beats_per_bar
        answer_end = exchange.answer_beat + exchange.answer_beats - origin
        sections.append(
            Section("call", exchange.song.title, exchange.way, exchange.call_beat - origin, float(call_beats))
        )
        sections.append(
            Section("answer", model, exchange.way, exchange.answer_beat - origin, exchange.answer_beats),
        )
        notes += pair(_in_beats(exchange.call, beats, origin), "call", exchange.answer_beat - origin)
        notes += pair(_in_beats(exchange.answer, beats, origin), "answer", answer_end)
    start = beats.time(origin)
    seconds = (end - origin) * beats.seconds
    frames = [Frame(frame.generated - start, frame.jpeg) for frame in taken]
    return Performance(
        tempo=tempo,
        beats_per_bar=beats.beats_per_bar,
        bars=round((end - origin) / beats.beats_per_bar),
        notes=tuple(sorted(notes, key=lambda note: (note.start, note.pitch))),
        sections=tuple(sections),
        frames=tuple(frame for frame in frames if -0.5 <= frame.time <= seconds + TAIL),
    )


def grid_errors(exchanges: Sequence[Exchange], beats: Beats) -> list[float]:
    """How many seconds each note of the answers came after (below 0: before) the nearest sixteenth."""
    errors = []
    for exchange in exchanges:
        for event in exchange.answer:
            if event.velocity:
                beat = beats.beat(event.time)
                errors.append((beat - round(beat * GRID) / GRID) * beats.seconds)
    return errors


def first_notes(exchanges: Sequence[Exchange], beats: Beats) -> list[float]:
    """For each answer that has notes: how many seconds its first was off its moment, the bar line and then rests."""
    found = []
    for exchange in exchanges:
        onsets = [event.time for event in exchange.answer if event.velocity]
        if onsets:
            beat = beats.beat(onsets[0]) - exchange.answer_beat
            found.append(abs(beat - round(beat * GRID) / GRID) * beats.seconds)
    return found


def music_figures(exchanges: Sequence[Exchange], beats: Beats) -> list[Figure]:
    """The latencies of the answers."""
    errors = [abs(error) for error in grid_errors(exchanges, beats)]
    thinking = [exchange.thinking for exchange in exchanges if exchange.thinking is not None]
    first = first_notes(exchanges, beats)
    none = "" if errors else "no answer had a note"
    return [
        Figure(
            name="thinking_max_ms",
            value=percentile_ms(thinking, 100),
            unit="ms",
            goal="",
            why="" if thinking else "the model never said that it was thinking",
            detail="the call is cut until the answer's first note is known: /music/state thinking to answering",
        ),
        Figure(
            name="first_note_timing_max_ms",
            value=percentile_ms(first, 100),
            unit="ms",
            goal="",
            why=none,
            detail="an answer's first note received, against the moment that it is due: the bar line after the call,"
            " and the rests that the answer begins with",
        ),
        *(
            Figure(
                name=f"note_timing_p{percent}_ms",
                value=percentile_ms(errors, percent),
                unit="ms",
                goal="",
                why=none,
                detail="a note of an answer received, against the nearest sixteenth of the server's beat",
            )
            for percent in (50, 99)
        ),
    ]


def frame_figures(taken: Sequence[TakenFrame]) -> list[Figure]:
    """How steadily frames came."""
    intervals = [after.time - before.time for before, after in pairwise(taken)]
    ages = [frame.time - frame.generated for frame in taken]
    span = taken[-1].time - taken[0].time if len(taken) > 1 else 0.0
    why = "" if intervals else f"{len(taken)} frames came over the WebSocket"
    return [
        Figure(
            name="frames_per_second",
            value=round(len(intervals) / span, 2) if span else None,
            unit="Hz",
            goal="",
            why=why,
            detail="frames taken from the WebSocket while the music played",
        ),
        *(
            Figure(
                name=f"frame_interval_p{percent}_ms",
                value=percentile_ms(intervals, percent),
                unit="ms",
                goal="",
                why=why,
                detail="between one frame taken from the WebSocket and the next",
            )
            for percent in (50, 99)
        ),
        Figure(
            name="frame_age_p50_ms",
            value=percentile_ms(ages, 50),
            unit="ms",
            goal="",
            why="" if ages else why,
            detail="a frame generated until it is taken from the WebSocket, encoded meanwhile",
        ),
    ]


def _in_beats(events: Sequence[NoteEvent], beats: Beats, origin: float) -> list[tuple[float, int, int, int]]:
    return [(beats.beat(event.time) - origin, event.channel, event.pitch, event.velocity) for event in events]
