"""An output that is kept account of: it outlives its port, and ends what sounded before, once the port is back."""

from collections.abc import Callable

from bridge.realtime.journal import Slot
from bridge.realtime.outputs import Output, OutputError


class KeptOutput:
    """Sends to an output that may go and come back; notes are entered into a journal before they are sent."""

    def __init__(
        self, name: str, slot: Slot, inner: Output | None, now: Callable[[], float], lost: Callable[[str], None]
    ) -> None:
        """``lost`` is told why, once, when the output takes no more; :meth:`restore` brings another."""
        self.name, self.slot = name, slot
        self.inner = inner
        self._now, self._lost = now, lost

    @property
    def ahead(self) -> float:
        return self.inner.ahead if self.inner else 0.0

    def begin(self, channel: int, pitch: int, velocity: int, beats: float, time: float) -> None:
        if self.inner is not None:
            self.slot.begin(channel, pitch)
            self._try(lambda inner: inner.begin(channel, pitch, velocity, beats, time))

    def end(self, channel: int, pitch: int, cut: bool, time: float) -> None:
        if self.inner is not None and self._try(lambda inner: inner.end(channel, pitch, cut, time)):
            self.slot.end(channel, pitch, self.slot.generation(channel, pitch), self._now())

    def raw(self, data: bytes, time: float) -> None:
        self._try(lambda inner: inner.raw(data, time))

    def lose(self) -> None:
        """The port is gone; what sounds is remembered."""
        inner, self.inner = self.inner, None
        if inner is not None:
            inner.close()

    def restore(self, inner: Output) -> None:
        """The port is back: end what sounded."""
        self.inner = inner
        for channel, pitch in self.slot.sounding():
            self.end(channel, pitch, True, self._now())

    def close(self) -> None:
        self.lose()

    def _try(self, send: Callable[[Output], None]) -> bool:
        if self.inner is None:
            return False
        try:
            send(self.inner)
        except OutputError as error:
            self.lose()
            self._lost(str(error))
            return False
        return True


class JournaledOutput:
    """Sends to a listener that is dropped when it fails; notes are entered into a journal before they are sent."""

    ahead = 0.0

    def __init__(self, slot: Slot, inner: Output, now: Callable[[], float]) -> None:
        self.name, self.slot, self.inner = inner.name, slot, inner
        self._now = now

    def begin(self, channel: int, pitch: int, velocity: int, beats: float, time: float) -> None:
        self.slot.begin(channel, pitch)
        self.inner.begin(channel, pitch, velocity, beats, time)

    def end(self, channel: int, pitch: int, cut: bool, time: float) -> None:
        self.inner.end(channel, pitch, cut, time)
        self.slot.end(channel, pitch, self.slot.generation(channel, pitch), self._now())

    def raw(self, data: bytes, time: float) -> None:
        self.inner.raw(data, time)

    def close(self) -> None:
        self.slot.free()
        self.inner.close()


class NoOutput:
    """Sends nowhere: what control is told needs an account, but no output."""

    ahead = 0.0

    def __init__(self, name: str) -> None:
        self.name = name

    def begin(self, channel: int, pitch: int, velocity: int, beats: float, time: float) -> None:
        """Nowhere."""

    def end(self, channel: int, pitch: int, cut: bool, time: float) -> None:
        """Nowhere."""

    def raw(self, data: bytes, time: float) -> None:
        """Nowhere."""

    def close(self) -> None:
        """There is nothing to close."""
