"""What is listened to, played and shown now. Pure: time, the beat and every output are given to it.

A call begins in the bar of its first note, lasts ``/music/call_bars`` bars, and is cut a moment before its last bar
line, so that the answer can begin on that line without a gap. Beats are absolute: they count from the transport's
start.
"""

import math
from collections import deque
from collections.abc import Callable, Mapping

import msgspec

from bridge.realtime import messages as realtime
from bridge.realtime.now import Beat
from models.contract import Note, Phrase, Value

LEAD = 0.12
"""Seconds before the bar line at which a call is cut: the first note's time to be decoded, several times over."""
EARLY = 0.25
"""Beats by which a first note may precede the bar that it is meant for."""
REMEMBERED = 32
"""Bars of what was heard that are kept for ``/music/answer``."""
SHORTEST = 1 / 16
"""Beats that a heard note lasts at least."""


class Heard(msgspec.Struct):
    """A note of the player; ``end`` is None while it is held."""

    pitch: int
    velocity: int
    channel: int
    start: float
    end: float | None = None


class Reply(msgspec.Struct):
    """An answer on its way or playing."""

    call_id: int
    beat: float
    """Where it begins."""
    bars: int
    asked: float
    """Seconds on the machine's clock."""
    begun: bool = False
    """Its first note is known."""


class Session:
    """Call and response."""

    def __init__(
        self,
        values: Mapping[str, Value],
        *,
        clock: Callable[[], Beat],
        time: Callable[[], float],
        to_realtime: Callable[[realtime.Command], None],
        to_model: Callable[[int, Phrase, int], None],
        publish: Callable[..., None],
        report: Callable[[str, str], None],
    ) -> None:
        """``values`` is the live mapping of parameters by address, ``clock`` tells where the beat is.

        ``to_model(call_id, call, bars)`` asks for an answer, ``publish(path, *values)`` sends an event, and
        ``report(path, reason)`` tells the performer of something that went wrong.
        """
        self._values = values
        self._clock, self._time = clock, time
        self._to_realtime, self._to_model, self._publish, self._report = to_realtime, to_model, publish, report
        self._notes: deque[Heard] = deque(maxlen=4096)
        self._call_start: float | None = None
        self._reply: Reply | None = None
        self._ending: list[tuple[float, int]] = []
        """Answers that a newer one follows: the beat at which each ends, and its call."""
        self._calls = 0
        self._state = "waiting"
        self.first_note_ms: deque[float] = deque(maxlen=1000)
        """Milliseconds from asking the model to the first note of its answer."""
        self.answers = 0

    # ---- what happens

    def hear(self, channel: int, pitch: int, velocity: int, beat: float | None = None) -> None:
        """A note of the player begins, or ends with velocity 0; channel 0..15, ``beat`` where it is not now."""
        at = self._beat() if beat is None else beat
        for note in self._notes:
            if note.end is None and (note.channel, note.pitch) == (channel, pitch):
                note.end = max(at, note.start + SHORTEST)
        if velocity and self._values["/music/listen"]:
            self._notes.append(Heard(pitch, velocity, channel, at))
            if self._call_start is not None and self._call_start > at + EARLY:  # the beat went back meanwhile
                self._call_start = None
            if self._call_start is None:
                self._call_start = self._bar_line(at + EARLY)
        self._tell_state()

    def answer_now(self) -> None:
        """Answer what was heard so far, from the next bar on. Raises ValueError when nothing was."""
        beat = self._beat()
        start = self._call_start
        if start is None:
            start = self._bar_line(beat + EARLY) - self._call_beats()
        end = self._next_bar(beat)
        self._ask(start, end)

    def forget(self) -> None:
        """End the answer that is playing and forget the call."""
        self._end_reply()
        self._call_start = None
        self._notes.clear()
        self._tell_state()

    def advance(self) -> None:
        """Do what is due by now; to be called at due() or later."""
        beat = self._beat()
        if self._call_start is not None and beat >= self._cut() - 1e-6:
            start, end = self._call_start, self._call_start + self._call_beats()
            self._call_start = None
            if beat < end + self._bar():  # else the beat was moved, or the machine slept: that call is long over
                self._ask(start, end)
        for ending in [ending for ending in self._ending if beat >= ending[0]]:
            self._ending.remove(ending)
            self._to_realtime(realtime.EndPhrase(ending[1]))
        if self._reply is not None and self._reply.begun and beat >= self._reply_end():
            self._reply = None
        self._tell_state()

    def due(self) -> float | None:
        """The beat at which advance() has something to do."""
        moments = []
        if self._call_start is not None:
            moments.append(self._cut())
        moments += [beat for beat, _ in self._ending]
        if self._reply is not None and self._reply.begun:
            moments.append(self._reply_end())
        return min(moments, default=None)

    # ---- what the model says

    def note_ready(self, call_id: int, note: Note) -> None:
        """Send a note of the answer on its way; a late answer moves by whole bars."""
        reply = self._reply
        if reply is None or reply.call_id != call_id:
            return  # of an answer that was stopped or replaced
        if not reply.begun:
            reply.begun = True
            self.first_note_ms.append(1000 * (self._time() - reply.asked))
            while self._beat() > reply.beat + note.start:
                reply.beat += self._bar()
        channel = int(self._values["/music/channel"]) - 1
        self._to_realtime(realtime.Play(call_id, reply.beat, (msgspec.structs.replace(note, channel=channel),)))
        self._tell_state()

    def answered(self, call_id: int) -> None:
        """All notes of an answer are known."""
        reply = self._reply
        if reply is not None and reply.call_id == call_id:
            self.answers += 1
            if not reply.begun:  # an answer without notes
                self._reply = None
            self._tell_state()

    def refused(self, call_id: int, reason: str) -> None:
        """The model cannot answer a call."""
        if self._reply is not None and self._reply.call_id == call_id:
            self._reply = None
            self._report("/music/answer", reason)
            self._tell_state()

    def model_lost(self) -> None:
        """The model's process is gone: what it played ends."""
        self._end_reply()
        self._tell_state()

    # ---- inside

    @property
    def state(self) -> str:
        """As ``/music/state`` tells it."""
        if self._reply is not None:
            return "answering" if self._reply.begun else "thinking"
        return "waiting" if self._call_start is None else "listening"

    def _ask(self, start: float, end: float) -> None:
        call = self._phrase(start, end)
        if not call.notes:
            raise ValueError("nothing was heard yet: play with /music/note/in or over MIDI first, got 0 notes")
        if self._reply is not None and self._reply.begun:
            self._ending.append((min(self._reply_end(), end), self._reply.call_id))
        self._call_start = None
        self._calls += 1
        bars = int(self._values["/music/answer_bars"])
        self._reply = Reply(self._calls, end, bars, self._time())
        self._tell_state()
        self._to_model(self._calls, call, bars)

    def _phrase(self, start: float, end: float) -> Phrase:
        """What was heard from one bar line to another, in beats from the first; a held note ends at the second."""
        while self._notes and self._notes[0].start < end - REMEMBERED * self._bar():
            self._notes.popleft()
        notes = []
        for heard in self._notes:
            if start - EARLY <= heard.start < end:
                begin = max(heard.start - start, 0.0)
                finish = (end if heard.end is None else min(heard.end, end)) - start
                notes.append(Note(heard.pitch, heard.velocity, begin, max(finish - begin, SHORTEST), heard.channel))
        notes.sort(key=lambda note: (note.start, note.pitch))
        return Phrase(tuple(notes), max(1, round((end - start) / self._bar())), self._bar())

    def _end_reply(self) -> None:
        playing = [call_id for _, call_id in self._ending]
        if self._reply is not None:
            playing.append(self._reply.call_id)
        for call_id in playing:
            self._to_realtime(realtime.EndPhrase(call_id))
        self._ending.clear()
        self._reply = None

    def _tell_state(self) -> None:
        if self.state != self._state:
            self._state = self.state
            self._publish("/music/state", self._state)

    def _beat(self) -> float:
        return self._clock().at(self._time())

    def _bar(self) -> int:
        """Beats in a bar."""
        return self._clock().beats_per_bar

    def _bar_line(self, beat: float) -> float:
        """The bar line at or before a beat."""
        clock = self._clock()
        return clock.bar_beat + math.floor((beat - clock.bar_beat) / clock.beats_per_bar) * clock.beats_per_bar

    def _next_bar(self, beat: float) -> float:
        """The first bar line that an answer asked for now can still reach."""
        return self._bar_line(beat + self._lead_beats()) + self._bar()

    def _call_beats(self) -> float:
        return int(self._values["/music/call_bars"]) * self._bar()

    def _lead_beats(self) -> float:
        return LEAD * self._clock().tempo / 60

    def _cut(self) -> float:
        assert self._call_start is not None
        return self._call_start + self._call_beats() - self._lead_beats()

    def _reply_end(self) -> float:
        assert self._reply is not None
        return self._reply.beat + self._reply.bars * self._bar()
