"""Control's side of listening: the process is there while something follows sound, and not else."""

import asyncio
from collections.abc import Callable, Mapping

from bridge.audio import messages as m
from bridge.audio import process
from bridge.child import Child, Loss

HANG_AFTER = 30.0
"""Seconds without a word from the process, which speaks every few, after which it is taken to hang."""


class Listener:
    """Starts and ends the process that listens."""

    def __init__(
        self, device: str, heard: Callable[[Mapping[str, float]], None], report: Callable[[str, str], None]
    ) -> None:
        """``heard`` is given the newest features, 0 to 1 by name, and ``report(path, reason)`` what goes wrong."""
        self._device, self._heard, self._report = device, heard, report
        self._child: Child[m.Event] | None = None
        self._ending: set[asyncio.Task[None]] = set()
        self.hears = "none"
        """The device that sound comes in from."""

    def listen(self, on: bool) -> None:
        """Whether to listen from now on."""
        if on and self._child is None:
            self._child = Child(
                "audio",
                process.run,
                lambda: (self._device,),
                m.Event,
                on_event=self._on_event,
                on_lost=self._on_lost,
                hang_after=HANG_AFTER,
            )
            self._child.start()
        elif not on and self._child is not None:
            task = asyncio.get_running_loop().create_task(self._child.stop(m.Stop()))
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)
            self._child = None
            self.hears = "none"
            self._heard({})

    async def stop(self) -> None:
        """End the process."""
        self.listen(False)
        while self._ending:
            await asyncio.wait(self._ending)

    def _on_lost(self, loss: Loss) -> None:
        self.hears = "none"
        if not loss.told:
            self._report("", loss.text)

    def _on_event(self, event: m.Event) -> None:
        match event:
            case m.Heard():
                self._heard(event.features)
            case m.Listening():
                self.hears = event.device
            case m.Problem():
                self._report("", event.text)
