"""What performers say about the clock, and what is told to them; the clock itself is the realtime process's.

Ableton Link, where it leads, runs in a process of its own: it has threads, and its licence is the GPL.
"""

import asyncio
from collections.abc import Callable

from bridge import link
from bridge.addresses import ArgumentError, OscValue
from bridge.child import Child, Loss
from bridge.parameters import Parameters
from bridge.realtime import messages as realtime
from models.contract import Value

HANG_AFTER = 10.0
"""Seconds without a word from Link, which comes twenty times a second, after which its process is taken to hang."""
LED = ("midi", "host")
"""Sources that nobody here can set the tempo of, or start."""


class Conductor:
    """The addresses under /clock."""

    def __init__(
        self,
        parameters: Parameters,
        *,
        time: Callable[[], float],
        to_realtime: Callable[[realtime.Command], None],
        publish: Callable[..., None],
        report: Callable[[str, str], None],
    ) -> None:
        """``to_realtime`` sends a command, ``publish(path, *values)`` an event; ``report(path, reason)`` tells the
        performer of something that went wrong."""
        self._parameters, self._values = parameters, parameters.values
        self._time, self._to_realtime, self._publish, self._report = time, to_realtime, publish, report
        self._link: Child[link.Event] | None = None
        self._ending: set[asyncio.Task[None]] = set()
        self._peers = 0
        self._hearing = False  # what changes now was told by realtime
        self.facts: dict[str, int | float | str] = {"clock/playing": 1, "clock/state": "free", "clock/jitter_ms": 0.0}

    def greeting(self) -> tuple[realtime.Command, ...]:
        """What a new realtime process must know."""
        return (
            realtime.SetTempo(float(self._values["/clock/tempo"])),
            realtime.SetMeter(int(self._values["/clock/beats_per_bar"])),
            self._set_clock(),
            self._set_source(),
        )

    def start(self) -> None:
        """Begin, with an event loop running."""
        self._start_or_end_link()

    async def stop(self) -> None:
        """End what was started."""
        if self._link is not None:
            await self._link.stop(link.Stop())
        if self._ending:
            await asyncio.wait(self._ending)

    # ---- from performers

    def handle(self, path: str, values: tuple[OscValue, ...]) -> bool:
        """Do what an action under /clock says; return False where it is none. Raises ArgumentError."""
        now = self._time()
        match path:
            case "/clock/downbeat":
                self._to_realtime(realtime.Downbeat(now))
            case "/clock/tap":
                self._refuse_where_led(path, "link")
                self._to_realtime(realtime.Tap(now))
            case "/clock/ramp":
                self._refuse_where_led(path, "link")
                self._to_realtime(realtime.Ramp(_number(values[0]), _number(values[1])))
            case "/clock/start" | "/clock/stop" | "/clock/continue":
                self._refuse_where_led(path)
                self._transport(path)
            case "/clock/host/tempo":
                self._to_realtime(realtime.SourceSays("host", now, tempo=_number(values[0])))
            case "/clock/host/playing":
                self._to_realtime(realtime.SourceSays("host", now, playing=bool(values[0])))
            case "/clock/host/beat":
                self._to_realtime(realtime.SourceSays("host", now, beat=_number(values[0])))
            case "/clock/tempo":
                self._refuse_where_led(path)
                return False  # a parameter like others
            case _:
                return False
        return True

    def changed(self, path: str, after: Value) -> bool:
        """A parameter was set; return False where it is not the clock's."""
        if not path.startswith("/clock/"):
            return False
        match path:
            case "/clock/tempo" if not self._hearing:
                self._to_realtime(realtime.SetTempo(float(after)))
                self._to_link(link.SetTempo(float(after)))
            case "/clock/beats_per_bar":
                self._to_realtime(realtime.SetMeter(int(after)))
                self._to_link(link.SetQuantum(float(after)))
            case "/clock/source":
                self._to_realtime(self._set_source())
                self._start_or_end_link()
            case "/clock/coast" | "/clock/offset" | "/clock/out":
                self._to_realtime(self._set_clock())
        return True

    # ---- from realtime

    def heard(self, event: realtime.ClockIs) -> None:
        """The clock goes so now."""
        told: dict[str, int | str] = {"clock/playing": int(event.playing), "clock/state": event.state}
        for name, fact in told.items():
            if self.facts[name] != fact:
                self.facts[name] = fact
                self._publish(f"/{name}", fact)
        self.facts["clock/jitter_ms"] = 1000 * event.jitter
        tempo = max(20.0, min(event.tempo, 400.0))
        if abs(tempo - float(self._values["/clock/tempo"])) > 1e-3:
            self._hearing = True
            try:
                self._parameters.set("/clock/tempo", tempo)
            finally:
                self._hearing = False

    # ---- inside

    def _set_source(self) -> realtime.SetSource:
        source: realtime.Source = self._values["/clock/source"]  # type: ignore[assignment]
        return realtime.SetSource(source)

    def _set_clock(self) -> realtime.SetClock:
        coast, offset = float(self._values["/clock/coast"]), float(self._values["/clock/offset"]) / 1000
        return realtime.SetClock(coast, offset, str(self._values["/clock/out"]))

    def _refuse_where_led(self, path: str, *others: str) -> None:
        source = self._values["/clock/source"]
        if source in (*LED, *others):
            raise ArgumentError(f"{path} must be said to what leads the clock, which is {source} (/clock/source)")

    def _transport(self, path: str) -> None:
        do = path.rpartition("/")[2]
        if self._link is not None and self._values["/clock/link/start_stop"]:
            self._to_link(link.Play(do != "stop"))
        self._to_realtime(realtime.Transport(do))  # type: ignore[arg-type]

    # ---- Link

    def _start_or_end_link(self) -> None:
        wanted = self._values["/clock/source"] == "link"
        if wanted and self._link is None:
            self._link = Child(
                "link",
                link.run,
                lambda: (float(self._values["/clock/tempo"]), float(self._values["/clock/beats_per_bar"])),
                link.Event,
                on_event=self._on_link,
                on_lost=self._on_link_lost,
                hang_after=HANG_AFTER,
            )
            self._link.start()
        elif not wanted and self._link is not None:
            task = asyncio.get_running_loop().create_task(self._link.stop(link.Stop()))
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)
            self._link, self._peers = None, 0

    def _to_link(self, command: link.Command) -> None:
        if self._link is not None:
            self._link.send(command)

    def _on_link(self, event: link.Event) -> None:
        match event:
            case link.Says():
                playing = event.playing if self._values["/clock/link/start_stop"] else None
                self._to_realtime(realtime.SourceSays("link", event.time, event.tempo, playing, event.beat))
                if event.peers != self._peers:
                    self._peers = event.peers
                    self.facts["clock/link_peers"] = event.peers
                    self._publish("/clock/link/peers", event.peers)
            case link.Missing():
                self._report("/clock/source", event.text)
                self._parameters.set("/clock/source", "internal")

    def _on_link_lost(self, loss: Loss) -> None:
        if self._values["/clock/source"] == "link" and not loss.told:
            self._report("/clock/source", f"{loss.text}; the clock goes on by itself until Link is back")


def _number(value: OscValue) -> float:
    assert isinstance(value, (int, float))
    return float(value)
