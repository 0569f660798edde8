"""Both models kept at work, as by a player who never rests and one who looks on."""

import threading
from types import TracebackType

from bridge.client.frames import FrameTap
from bridge.client.osc import OscClient, packet
from bridge.client.server import ServerProcess

TEMPO = 240.0
"""Beats a minute: a bar of four in a second, so that many answers play."""
TRIGGER_EVERY = 0.15
"""Seconds from one /music/answer to the next: more often than an answer takes to be decoded."""
CALL = (60, 62, 64, 67)
"""Pitches that are played, one before each trigger."""


class Load:
    """A player's thread: notes and a trigger again and again; and a reader of frames. A context manager.

    The note model decodes without pause, the frame model paints at its rate (/frames/fps), the last answer asked for
    before each bar line plays, and the frames are encoded for one reader.
    """

    def __init__(self, server: ServerProcess) -> None:
        self._stop = threading.Event()
        self.client = OscClient(server.osc_port)
        """That the player sends from."""
        for path, value in (("/clock/tempo", TEMPO), ("/music/call_bars", 1), ("/music/answer_bars", 2)):
            self.client.send(path, value)
        self.tap = FrameTap(server.http_port)
        self.triggers: list[float] = []
        """When each answer was asked for, in bridge.clocks seconds."""
        self.resting = threading.Lock()
        """Whoever holds it keeps the player from sending."""
        self._thread = threading.Thread(target=self._play, name="load", daemon=True)
        self._thread.start()

    def __enter__(self) -> "Load":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        self.tap.close()
        self.client.close()

    def _play(self) -> None:
        trigger = packet("/music/answer")
        number = 0
        while not self._stop.wait(TRIGGER_EVERY):
            pitch = CALL[number % len(CALL)]
            with self.resting:
                self.client.send("/music/note/in", 1, pitch, 90)
                self.client.send("/music/note/in", 1, pitch, 0)
                self.triggers.append(self.client.send_packet(trigger))
            number += 1
