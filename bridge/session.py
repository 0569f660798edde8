"""What is listened to, played and shown now. Pure: time, the beat and every output are given to it.

A call begins on the line (beat, bar or phrase, by ``/music/launch``) of its first note, lasts ``/music/call_bars``
bars, and is cut a moment before its end, so that the answer can begin there without a gap; the moment is what the model
has taken lately. ``/music/mode`` says what comes after an answer. Beats are absolute:
they count from the clock's start.
"""

from collections import deque
from collections.abc import Callable, Mapping

import msgspec

from bridge.grid import Grid, Launch
from bridge.hearing import EARLY, Hearing
from bridge.latency import Latency
from bridge.realtime import messages as realtime
from bridge.realtime.now import Beat
from models.contract import Note, Phrase, Value

Ask = Callable[[int, Phrase, int], None]
CHAINED = ("duet", "loop", "accompany")
"""Ways of playing in which one phrase follows another without being called for."""
SILENT_TURNS = 2
"""Turns of the player in which nothing was heard, after which trading waits for a first note again."""
HOLD = 0.1
"""Seconds before its end at which a phrase that is held is begun anew."""


class Reply(msgspec.Struct):
    """An answer on its way or playing."""

    call_id: int
    beat: float
    """Where it begins."""
    bars: int
    asked: float
    """Seconds on the machine's clock."""
    what: str = ""
    """What the model was asked, for its latency."""
    begun: bool = False
    """Its first note is known."""
    done: bool = False
    """All of its notes are known."""
    notes: list[Note] = []
    passes: int = 1
    """How many times it has been played, this one included."""
    asked_beat: float = 0.0
    followed: bool = False
    """What comes after it has been asked for, or nothing is to come."""
    refreshed: bool = True
    """It has taken in what was played since it was asked for, or need not."""


class Session:
    """Call and response, and the other ways of playing."""

    def __init__(
        self,
        values: Mapping[str, Value],
        *,
        clock: Callable[[], Beat],
        time: Callable[[], float],
        to_realtime: Callable[[realtime.Command], None],
        to_model: Callable[..., None],
        publish: Callable[..., None],
        report: Callable[[str, str], None],
    ) -> None:
        """``values`` is the live mapping of parameters by address, ``clock`` tells where the beat is.

        ``to_model(call_id, call, bars, **params)`` asks for an answer (with those parameters instead of the set ones),
        ``publish(path, *values)`` sends an event, and ``report(path, reason)`` tells the performer of something that
        went wrong.
        """
        self._values = values
        self._clock, self._time = clock, time
        self._to_realtime, self._to_model, self._publish, self._report = to_realtime, to_model, publish, report
        self._hearing = Hearing()
        self._call_start: float | None = None
        self._turn: float | None = None
        """While trading: where the player's turn begins."""
        self._silent_turns = 0
        self._reply: Reply | None = None
        self._fresh: Reply | None = None
        """Asked for in place of the reply, which has not begun to sound: what was played since is taken in."""
        self._last_call: Phrase | None = None
        """What the player played last."""
        self._before: Reply | None = None
        """The answer before the reply, while both are known."""
        self._ending: list[tuple[float, int]] = []
        """Answers that a newer one follows: the beat at which each ends, and its call."""
        self._calls = 0
        self._state = "waiting"
        self._latency = Latency()
        self.armed = False
        """The next note is a downbeat, which the realtime process must be asked for."""
        self.first_note_ms: deque[float] = deque(maxlen=1000)
        """Milliseconds from asking the model to the first note of its answer."""
        self.answers = 0

    # ---- what happens

    def hear(self, channel: int, pitch: int, velocity: int, beat: float | None = None) -> None:
        """A note of the player begins, or ends with velocity 0; channel 0..15, ``beat`` where it is not now."""
        at = self._beat() if beat is None else beat
        self._hearing.end(channel, pitch, at)
        if velocity and self._values["/music/listen"]:
            self._hearing.begin(channel, pitch, velocity, at)
            ahead = EARLY + (self._window() + self.answer_bars * self._grid().bar if self._turn is not None else 0)
            if self._call_start is not None and self._call_start > at + ahead:  # the beat went back meanwhile
                self._call_start = self._turn = None
            if self._call_start is None and self._may_call():
                launch, phrase = self._launch
                if self._mode == "accompany" and launch == "phrase":
                    launch = "bar"  # its call is one bar, and the phrase's line may be longer ago
                self._call_start = self._grid().before(at + EARLY, launch, phrase)
                if self._mode == "trade":
                    self._turn, self._silent_turns = self._call_start, 0
        self._tell_state()

    def answer_now(self) -> None:
        """Answer what was heard so far, from the next line on. Raises ValueError when nothing was."""
        beat = self._beat()
        self._ask(self._call_or(beat), self._next_line(beat, "answer"))

    def act(self, hears: int, ask: Ask) -> None:
        """Have something other than an answer played from the next line on.

        ``ask(call_id, heard, bars)`` asks the model; ``hears`` is how many bars of what was heard it is given, 0 for as
        long as a call.
        """
        beat = self._beat()
        end = self._next_line(beat, "act")
        self._ask(end - hears * self._grid().bar if hears else self._call_or(beat), end, ask)

    def heard(self, bars: int) -> Phrase:
        """What was heard in so many bars (0: as many as a call has), up to the next line."""
        beat = self._beat()
        end = self._next_line(beat, "act")
        start = end - bars * self._grid().bar if bars else self._call_or(beat)
        return self._hearing.phrase(start, end, self._grid())

    def heard_last(self, bars: int) -> Phrase:
        """The last bars in which something was played. Raises ValueError where nothing was."""
        grid = self._grid()
        last = max((note.start for note in self._hearing.notes), default=None)
        if last is None:
            raise ValueError("something must have been played, and nothing was heard lately")
        end = grid.before(last + EARLY) + grid.bar
        return self._hearing.phrase(end - bars * grid.bar, end, grid)

    @property
    def answer_bars(self) -> int:
        """How many bars an answer has."""
        return int(self._values["/music/answer_bars"])

    def cancel(self) -> None:
        """Take back what has not begun to sound: the call, and the answer to come; what sounds plays to its end."""
        self._call_start = self._turn = None
        if not self._take_back() and self._reply is not None:
            self._reply.followed = True
        self._tell_state()

    def forget(self) -> None:
        """End the answer that is playing and forget the call."""
        self._end_reply()
        self._call_start = self._turn = None
        self._hearing.notes.clear()
        self._last_call = None
        self._tell_state()

    def settings_changed(self, path: str) -> None:
        """A parameter under /music was set."""
        if path == "/music/mode":
            if self._mode != "trade" and self._turn is not None:
                self._turn = self._call_start = None
            if self._reply is not None and self._chains():
                self._reply.followed = False
        if path == "/music/hold" and self._values[path] and self._take_back() and self._reply is not None:
            self._reply.followed = False  # what sounds is held, not what would have come next
        self._tell_state()

    def advance(self) -> None:
        """Do what is due by now; to be called at due() or later."""
        beat = self._beat() + 1e-6
        if self._call_start is not None and beat >= self._cut():
            start, end = self._call_start, self._call_start + self._call_beats()
            self._call_start = None
            if beat < end + self._grid().bar:  # else the beat was moved, or the machine slept: it is long over
                self._answer_call(start, end)
        if self._reply is not None and beat >= self._follow_due(self._reply):
            self._follow(self._reply)
        for ending in [ending for ending in self._ending if beat >= ending[0]]:
            self._ending.remove(ending)
            self._to_realtime(realtime.EndPhrase(ending[1]))
        if self._reply is not None and self._reply.begun and beat >= self._end(self._reply):
            self._reply = None
        self._tell_state()

    def due(self) -> float | None:
        """The beat at which advance() has something to do."""
        moments = [beat for beat, _ in self._ending]
        if self._call_start is not None:
            moments.append(self._cut())
        if self._reply is not None and self._reply.begun:
            moments.append(self._end(self._reply))
        if self._reply is not None and (follow := self._follow_due(self._reply)) != float("inf"):
            moments.append(follow)
        return min(moments, default=None)

    # ---- what the model says

    def note_ready(self, call_id: int, note: Note) -> None:
        """Send a note of the answer on its way; a late answer moves by whole beats: to the next line."""
        fresh = self._fresh
        if fresh is not None and fresh.call_id == call_id:
            self._fresh = None
            if self._reply is None or self._beat() >= self._reply.beat - self._beats(0.005):
                return  # too late: what was asked for before begins to sound
            self._to_realtime(realtime.EndPhrase(self._reply.call_id))
            self._reply = fresh
        reply = self._reply
        if reply is None or reply.call_id != call_id:
            return  # of an answer that was stopped or replaced
        if not reply.begun:
            reply.begun = True
            seconds = self._time() - reply.asked
            self.first_note_ms.append(1000 * seconds)
            self._latency.add(reply.what, seconds)
            # By whole bars where it was to begin on one: its downbeat is not to fall into the player's bar.
            step = 1 if self._launch[0] == "beat" else self._grid().bar
            while self._beat() > reply.beat + note.start:
                reply.beat += step
        note = msgspec.structs.replace(note, channel=int(self._values["/music/channel"]) - 1)
        reply.notes.append(note)
        self._to_realtime(realtime.Play(call_id, reply.beat, (note,)))
        self._tell_state()

    def answered(self, call_id: int) -> None:
        """All notes of an answer are known."""
        if self._fresh is not None and self._fresh.call_id == call_id:
            self._fresh = None  # it has no notes: what was asked for before plays
        reply = self._reply
        if reply is not None and reply.call_id == call_id:
            self.answers += 1
            reply.done = True
            if not reply.begun:  # an answer without notes
                self._reply = None
            self._tell_state()

    def refused(self, call_id: int, reason: str) -> None:
        """The model cannot answer a call; the reason is empty where it was told otherwise."""
        if self._fresh is not None and self._fresh.call_id == call_id:
            self._fresh = None
        elif self._reply is not None and self._reply.call_id == call_id:
            self._reply = None
        else:
            return
        if reason:
            self._report("/music/answer", reason)
        self._tell_state()

    def model_lost(self) -> None:
        """The model's process is gone: what it played ends."""
        self._end_reply()
        self._tell_state()

    # ---- inside: calls

    @property
    def state(self) -> str:
        """As ``/music/state`` tells it."""
        if self._reply is not None:
            return "answering" if self._reply.begun else "thinking"
        return "waiting" if self._call_start is None else "listening"

    def _may_call(self) -> bool:
        """Whether a note now begins a call."""
        if self._mode == "trade":
            return self._turn is None
        return self._reply is None or self._reply.followed or not self._chains()

    def _answer_call(self, start: float, end: float) -> None:
        if self._mode == "trade":
            self._turn = end + self.answer_bars * self._grid().bar
            self._call_start = self._turn  # the player's next turn, played or not
            if not self._hearing.phrase(start, end, self._grid()).notes:
                self._silent_turns += 1
                if self._silent_turns >= SILENT_TURNS:
                    self._turn = self._call_start = None
                return
            self._silent_turns = 0
        if self._hearing.phrase(start, end, self._grid()).notes:  # else /music/call_bars was changed meanwhile
            self._ask(start, end)

    def _ask(self, start: float, end: float, ask: Ask | None = None, **params: Value) -> None:
        """Have what was heard answered, from ``end`` on. Raises ValueError where nothing was heard."""
        call = self._hearing.phrase(start, end, self._grid())
        if not call.notes and ask is None:
            raise ValueError("nothing was heard yet: play with /music/note/in or over MIDI first, got 0 notes")
        if call.notes:
            self._last_call = call
        self._give_way(end)
        self._before = None
        if self._mode != "trade":
            self._call_start = None
        self._fresh = None
        reply = self._reply = self._new_reply(end, "act" if ask else "answer")
        self._tell_state()
        (ask or self._to_model)(reply.call_id, call, reply.bars, **params)

    def _new_reply(self, beat: float, what: str, bars: int | None = None) -> Reply:
        self._calls += 1
        bars = self.answer_bars if bars is None else bars
        what = f"{self._values.get('/music/model', '')} {what}"
        return Reply(self._calls, beat, bars, self._time(), what, asked_beat=self._beat())

    def _give_way(self, beat: float) -> None:
        """The newest answer ends where another begins; one that would begin there is taken back."""
        reply = self._reply
        if reply is None or not reply.begun:
            return
        if reply.beat >= beat - 1e-6:
            self._to_realtime(realtime.EndPhrase(reply.call_id))
        else:
            self._ending.append((min(self._end(reply), beat), reply.call_id))

    # ---- inside: what follows an answer

    @property
    def _mode(self) -> str:
        return str(self._values["/music/mode"])

    def _chains(self) -> bool:
        return self._mode in CHAINED or bool(self._values["/music/hold"])

    def _follow_due(self, reply: Reply) -> float:
        """The beat at which something is to be done about what comes after an answer."""
        if not reply.begun or not self._chains() or (reply.followed and reply.refreshed):
            return float("inf")
        if self._values["/music/hold"]:
            return self._end(reply) - self._beats(HOLD) if reply.done and not reply.followed else float("inf")
        if self._mode == "loop":
            return reply.beat if reply.done and not reply.followed else float("inf")
        if not reply.refreshed:
            return reply.beat - self._beats(self._latency.lead(reply.what))
        return reply.beat  # one is always ready: asked for as soon as the one before begins

    def _follow(self, reply: Reply) -> None:
        if self._values["/music/hold"]:
            self._repeat(reply)
        elif self._mode == "loop":
            vary = not reply.passes % int(self._values["/music/loop_passes"])
            again = self._repeat(reply)
            if vary and again.notes:
                again.passes = 1
                self._refresh(again, self._own(again), variation=float(self._values["/music/loop_change"]))
        elif not reply.refreshed:
            reply.refreshed = True
            if reply.done and self._hearing.since(reply.asked_beat):
                heard = self._hearing.phrase(reply.beat - self._window(), reply.beat, self._grid())
                self._refresh(reply, heard, **self._going_on())
        else:
            self._ask_for_next(reply)

    def _ask_for_next(self, reply: Reply) -> None:
        """Ask for what comes after an answer that begins now."""
        reply.followed = True
        grid, beat = self._grid(), self._beat()
        line = grid.before(beat + EARLY)
        heard = self._hearing.phrase(line - self._window(), max(line, beat), grid)
        if not heard.notes:
            if self._mode == "accompany":
                return  # the player has stopped, and so does who accompanies
            # Alone, it goes on from itself, and comes back to what it was given: from itself alone it would run dry.
            heard = self._last_call if self._last_call is not None and self._calls % 2 == 0 else self._own(reply)
        else:
            self._last_call = heard
        heard = msgspec.structs.replace(heard, next_bar=grid.bar_number(self._end(reply)))  # where it will be played
        following = self._new_reply(self._end(reply), "answer")
        following.refreshed = False
        self._put_after(reply, following)
        self._to_model(following.call_id, heard, following.bars, **self._going_on())

    def _going_on(self) -> dict[str, Value]:
        """In a duet a model that can continue does; who accompanies stays with the player."""
        return {"answer_with": "continuation"} if self._mode == "duet" else {}

    def _repeat(self, reply: Reply) -> Reply:
        """Play it once more."""
        again = self._new_reply(self._end(reply), "answer", reply.bars)
        again.begun = again.done = True
        again.notes, again.passes = reply.notes, reply.passes + 1
        self._put_after(reply, again)
        if again.notes:
            self._to_realtime(realtime.Play(again.call_id, again.beat, tuple(again.notes)))
        return again

    def _refresh(self, reply: Reply, call: Phrase, **params: Value) -> None:
        """Ask for something newer to be played in the place of an answer that has not begun to sound."""
        if call.notes:
            fresh = self._fresh = self._new_reply(reply.beat, "answer", reply.bars)
            self._to_model(fresh.call_id, call, fresh.bars, **params)

    def _put_after(self, reply: Reply, following: Reply) -> None:
        self._ending.append((self._end(reply), reply.call_id))
        self._before, self._reply, self._fresh = reply, following, None

    def _take_back(self) -> bool:
        """Take back the answer to come, if it has not begun to sound; the one before is the newest again."""
        self._fresh = None
        reply, before = self._reply, self._before
        if reply is None or self._beat() >= reply.beat:
            return False
        self._to_realtime(realtime.EndPhrase(reply.call_id))
        self._reply = self._before = None
        if before is not None and self._beat() < self._end(before):
            self._ending = [ending for ending in self._ending if ending[1] != before.call_id]
            before.followed, self._reply = True, before
        return True

    def _own(self, reply: Reply) -> Phrase:
        """The last bars of an answer, as a call."""
        grid = self._grid()
        bars = min(int(self._values["/music/call_bars"]), reply.bars)
        start = (reply.bars - bars) * grid.bar
        notes = tuple(
            msgspec.structs.replace(note, start=note.start - start) for note in reply.notes if note.start >= start
        )
        return Phrase(notes, bars, grid.bar, grid.bar_number(self._end(reply)))

    # ---- inside: the rest

    def _end_reply(self) -> None:
        playing = [call_id for _, call_id in self._ending]
        if self._reply is not None:
            playing.append(self._reply.call_id)
        for call_id in playing:
            self._to_realtime(realtime.EndPhrase(call_id))
        self._ending.clear()
        self._reply = self._fresh = self._before = None

    def _tell_state(self) -> None:
        if self.state != self._state:
            self._state = self.state
            self._publish("/music/state", self._state)
        arm = bool(self._values["/clock/first_note"]) and self._state == "waiting"
        if arm != self.armed:
            self.armed = arm
            self._to_realtime(realtime.ArmDownbeat(arm))

    def _beat(self) -> float:
        return self._clock().at(self._time())

    def _beats(self, seconds: float) -> float:
        return seconds * self._clock().tempo / 60

    def _grid(self) -> Grid:
        return Grid.of(self._clock())

    @property
    def _launch(self) -> tuple[Launch, int]:
        launch: Launch = self._values["/music/launch"]  # type: ignore[assignment]
        return launch, int(self._values["/music/call_bars"])

    def _lead(self, what: str) -> float:
        """Beats before it is to sound at which the model is asked."""
        return self._beats(self._latency.lead(f"{self._values.get('/music/model', '')} {what}"))

    def _next_line(self, beat: float, what: str) -> float:
        """The first line that what is asked for now can still reach."""
        return self._grid().after(beat + self._lead(what), *self._launch)

    def _call_or(self, beat: float) -> float:
        """Where the call began; where there is none, as long before now as one lasts."""
        if self._call_start is not None and self._call_start <= beat + EARLY:
            return self._call_start
        return self._grid().before(beat + EARLY) - self._window()

    def _window(self) -> int:
        """Beats of as many bars as a call has."""
        return int(self._values["/music/call_bars"]) * self._grid().bar

    def _call_beats(self) -> int:
        """How long a call is; who accompanies waits for one bar only."""
        return self._grid().bar if self._mode == "accompany" else self._window()

    def _cut(self) -> float:
        assert self._call_start is not None
        return self._call_start + self._call_beats() - min(self._lead("answer"), self._call_beats() / 2)

    def _end(self, reply: Reply) -> float:
        return reply.beat + reply.bars * self._grid().bar
