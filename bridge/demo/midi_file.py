"""A performance as a standard MIDI file: a track of calls and a track of answers."""

from pathlib import Path

import mido

from bridge.demo.performance import Performance, Voice

TICKS_PER_BEAT = 960
CHANNELS: dict[Voice, int] = {"call": 0, "answer": 1}
PROGRAMS: dict[Voice, int] = {"call": 4, "answer": 11}
"""General MIDI, from 0: an electric piano calls, a vibraphone answers."""


def write_midi(performance: Performance, path: Path) -> None:
    """Write a type 1 file; tempo and metre stand in the first track. Raises OSError."""
    file = mido.MidiFile(type=1, ticks_per_beat=TICKS_PER_BEAT)
    file.tracks.append(_track(performance, "call", "Calls"))
    file.tracks.append(_track(performance, "answer", "Answers"))
    tempo = mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(performance.tempo), time=0)
    metre = mido.MetaMessage("time_signature", numerator=performance.beats_per_bar, denominator=4, time=0)
    file.tracks[0][1:1] = [tempo, metre]
    file.save(str(path))


def _track(performance: Performance, voice: Voice, name: str) -> mido.MidiTrack:
    channel = CHANNELS[voice]
    events: list[tuple[int, int, mido.Message | mido.MetaMessage]] = []
    for section in performance.sections:
        if section.voice == voice:
            events.append((_ticks(section.start), 0, mido.MetaMessage("marker", text=_ascii(section.title))))
    for note in performance.of(voice):
        start, end = _ticks(note.start), max(_ticks(note.end), _ticks(note.start) + 1)
        on = mido.Message("note_on", channel=channel, note=note.pitch, velocity=note.velocity)
        off = mido.Message("note_off", channel=channel, note=note.pitch, velocity=0)
        events += [(start, 2, on), (end, 1, off)]
    events.sort(key=lambda event: event[:2])  # an end goes before a beginning at the same tick
    track = mido.MidiTrack()
    track.append(mido.MetaMessage("track_name", name=name, time=0))
    track.append(mido.Message("program_change", channel=channel, program=PROGRAMS[voice], time=0))
    last = 0
    for tick, _, message in events:
        track.append(message.copy(time=tick - last))
        last = tick
    track.append(mido.MetaMessage("end_of_track", time=max(0, _ticks(performance.beats) - last)))
    return track


def _ticks(beats: float) -> int:
    return max(0, round(beats * TICKS_PER_BEAT))


def _ascii(text: str) -> str:
    return text.encode("ascii", "replace").decode()  # meta texts of MIDI files have no agreed encoding
