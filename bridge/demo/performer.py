"""Plays melodies into a running server, in time with its beat, and takes the answers back."""

from collections.abc import Callable, Sequence

import msgspec

from bridge.client.beats import Beats
from bridge.client.midi import MidiPlayer
from bridge.client.osc import OscClient
from bridge.client.waiting import until
from bridge.clocks import now
from bridge.demo.performance import Way
from bridge.demo.songs import Song

CHANNEL = 1
"""That the calls are played on, 1..16."""
SYNC_BEATS = 4
"""Heard before the first call, to find the beat."""
PATIENCE = 8
"""Bars after a call in which its answer has to begin."""
EARLY = 0.25
"""Beats before a bar line that a note may come and still belong to it."""


class NoAnswerError(Exception):
    """The server did not answer a call."""


class NoteEvent(msgspec.Struct, frozen=True):
    """A note's beginning, or its end with velocity 0."""

    time: float
    """When it was sent or received, in bridge.clocks seconds."""
    channel: int
    """1..16."""
    pitch: int
    velocity: int


class Exchange(msgspec.Struct):
    """A call and its answer. Beats are the server's."""

    song: Song
    way: Way
    call_beat: float
    """The bar line at which the call began."""
    call: list[NoteEvent]
    answer_beat: float
    """The bar line at which the answer began."""
    answer_beats: float
    thinking: float | None
    """Seconds between the server's words ``thinking`` and ``answering``."""
    answer: list[NoteEvent] = msgspec.field(default_factory=list)


class Performer:
    """Plays one song after the other. The client has to be subscribed to the beat, the notes and the music's state."""

    def __init__(
        self,
        client: OscClient,
        midi: MidiPlayer | None,
        tempo: float,
        beats_per_bar: int,
        tell: Callable[[str], None],
        check: Callable[[], None],
    ) -> None:
        """``tell`` takes a line for whoever watches; ``check`` raises when the server is gone."""
        self.beats = Beats(tempo, beats_per_bar)
        self._client, self._midi, self._tempo = client, midi, tempo
        self._tell, self._check = tell, check
        client.on("/clock/beat", self.beats.hear)

    def play(self, songs: Sequence[tuple[Song, Way]], answer_bars: int) -> list[Exchange]:
        """Call with each song and wait for its answer's last bar to pass. Raises NoAnswerError."""
        self._find_beat()
        line = self.beats.bar_line(self.beats.bar(self.beats.beat(now()) + 0.5) + 1)
        self._origin = line
        exchanges = []
        for song, way in songs:
            exchange = self._exchange(song, way, line, answer_bars)
            exchanges.append(exchange)
            line = round(exchange.answer_beat + exchange.answer_beats)
        until(self.beats.time(line + EARLY) + 0.05)  # the last notes' ends are on their way
        for exchange in exchanges:
            exchange.answer = self._answer(exchange)
        return exchanges

    def bar(self, beat: float) -> int:
        """The bar of the performance in which a beat lies, from 1."""
        return int((beat - self._origin) // self.beats.beats_per_bar) + 1

    def _find_beat(self) -> None:
        self._client.send("/clock/tempo", float(self._tempo))
        self._client.send("/clock/beats_per_bar", self.beats.beats_per_bar)
        self._client.send("/clock/downbeat")
        self._client.ping()  # all that is now in force
        until(now() + 0.1)  # a beat of the old tempo may have been on its way
        self.beats.forget()
        give_up = now() + 5.0 + 2 * SYNC_BEATS * self.beats.seconds
        while self.beats.heard < SYNC_BEATS:
            self._check()
            if now() > give_up:
                raise NoAnswerError(f"heard {self.beats.heard} beats of {SYNC_BEATS} at /clock/beat: the clock stands")
            until(now() + 0.02)

    def _exchange(self, song: Song, way: Way, line: int, answer_bars: int) -> Exchange:
        end = line + song.phrase.bars * self.beats.beats_per_bar
        self._tell(f"bar {self.bar(line)}: calling with {song.title} over {way}")
        since = self._client.mark()
        call = self._call(song, way, line)
        begun, thinking = self._await_answer(since, end)
        late = self.beats.beat(begun) if begun is not None else end
        start = end if late <= end else self.beats.bar_line(self.beats.bar(late) + 1)
        length = answer_bars * self.beats.beats_per_bar
        if begun is not None:
            self._tell(f"bar {self.bar(start)}: the answer begins")
        else:
            self._tell(f"bar {self.bar(start)}: no answer came")
        self._wait(start + length - EARLY)
        return Exchange(song, way, line, call, start, length, thinking)

    def _call(self, song: Song, way: Way, line: int) -> list[NoteEvent]:
        moments = sorted(
            [(note.start, 1, note.pitch, note.velocity) for note in song.phrase.notes]
            + [(note.start + note.duration, 0, note.pitch, 0) for note in song.phrase.notes]
        )
        played = []
        for beat, _, pitch, velocity in moments:
            self._wait(line + beat)
            if way == "MIDI" and self._midi is not None:
                time = self._midi.send(pitch, velocity, CHANNEL - 1)
            else:
                time = self._client.send("/music/note/in", CHANNEL, pitch, velocity)
            played.append(NoteEvent(time, CHANNEL, pitch, velocity))
        return played

    def _await_answer(self, since: int, end: float) -> tuple[float | None, float | None]:
        """Return when the first note was known (None: there is none), and how many seconds the model thought."""
        give_up = self.beats.time(end + PATIENCE * self.beats.beats_per_bar)
        while now() < give_up:
            self._check()
            thinking = None
            for message in self._client.received("/music/state", since):
                state = message.values[0]
                if state == "thinking":
                    thinking = message.time
                elif state == "answering" and thinking is not None:
                    return message.time, message.time - thinking
                elif state == "waiting" and thinking is not None:
                    return None, None
            until(now() + 0.005)
        problems = [" ".join(map(str, m.values)).strip() for m in self._client.received("/error", since)]
        said = "; ".join(problems) if problems else "nothing at /error"
        raise NoAnswerError(f"no answer within {PATIENCE} bars of the call's end; the server said: {said}")

    def _answer(self, exchange: Exchange) -> list[NoteEvent]:
        first = self.beats.time(exchange.answer_beat - EARLY)
        last = self.beats.time(exchange.answer_beat + exchange.answer_beats + EARLY)
        if exchange.way == "MIDI" and self._midi is not None:
            events = [NoteEvent(e.time, e.channel + 1, e.pitch, e.velocity) for e in self._midi.events]
        else:
            events = [
                NoteEvent(m.time, *(int(str(value)) for value in m.values))
                for m in self._client.received("/music/note/out")
            ]
        return [event for event in events if first <= event.time <= last]

    def _wait(self, beat: float) -> None:
        """Wait for a beat of the server's, whose time is known better the longer we listen."""
        while (left := self.beats.time(beat) - now()) > 0.25:
            self._check()
            until(now() + min(0.2, left - 0.05))
        until(self.beats.time(beat))
