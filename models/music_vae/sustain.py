"""The sustain pedal's effect on notes (note_seq `sequences_lib.py` apply_sustain_control_changes)."""

from dataclasses import dataclass, replace

from models.music_vae.score import Score, ScoreNote

_PEDAL_DOWN, _PEDAL_UP, _NOTE_ON, _NOTE_OFF = range(4)  # in this order where they come at once


@dataclass
class _Held:
    note: ScoreNote
    end: float


def sustained(score: Score) -> Score:
    """Notes held by the pedal last until it goes up, or until their pitch is struck again; drums are not held.

    Of two notes of one pitch that begin together under the pedal only the second stays.
    """
    if not score.pedals:
        return score
    held = [_Held(note, note.end) for note in score.notes]
    events: list[tuple[float, int, int, _Held | None]] = []
    events += [(h.note.start, _NOTE_ON, h.note.instrument, h) for h in held if not h.note.is_drum]
    events += [(h.note.end, _NOTE_OFF, h.note.instrument, h) for h in held if not h.note.is_drum]
    events += [(p.time, _PEDAL_DOWN if p.down else _PEDAL_UP, p.instrument, None) for p in score.pedals]
    events.sort(key=lambda event: event[:2])
    active: dict[int, list[_Held]] = {}
    down: set[int] = set()
    total, time = score.total_time, 0.0
    for time, kind, instrument, event in events:
        own = active.setdefault(instrument, [])
        if event is None and kind == _PEDAL_DOWN:
            down.add(instrument)
        elif event is None:
            down.discard(instrument)
            for extended in [h for h in own if h.end < time]:
                extended.end = time
                own.remove(extended)
                total = max(total, time)
        elif kind == _NOTE_ON:
            if instrument in down:
                for same in [h for h in own if h.note.pitch == event.note.pitch]:
                    same.end = time
                    own.remove(same)
                    if same.note.start == time:
                        held.remove(same)
            own.append(event)
        elif instrument not in down and event in own:
            own.remove(event)
    for own in active.values():
        for still in own:
            still.end = total = time
    return replace(score, notes=tuple(h.note._replace(end=h.end) for h in held), total_time=total)
