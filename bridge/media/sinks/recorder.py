"""Records frames to an mp4, and the notes that sounded to a .mid of the same length beside it: both begin at the same
moment, with the first frame.

What is written stays readable if the process is killed: the mp4 comes in fragments, which are joined at its end.
"""

import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from bridge.clocks import now
from bridge.media.endpoint import EndpointError, Places, inside
from bridge.media.notes import NoteTrack
from bridge.media.sink import SentSink
from bridge.media.video import VideoOut
from bridge.realtime.now import NowPage
from models.contract import Param, Value

if TYPE_CHECKING:
    from bridge.media.ring import Frame

CRF = 18
MEGABITS = 40.0
KEY_SECONDS = 1.0
SPARE_BYTES = 200 << 20
"""That must stay free on the disk."""
SAVE_SECONDS = 5.0
"""From one writing of the notes to the next, and from one look at the disk."""


class Recorder(SentSink):
    """One pair of files from each time it is turned on until it is turned off."""

    name = "recorder"
    on = Param(False, doc="Recording: frames to an mp4, notes to a .mid beside it, in the folder --recordings.")
    file_name = Param("antiphon", doc="How the names of the files begin; the date and the time follow.")

    def __init__(self, places: Places, params: Mapping[str, Value]) -> None:
        stamp = time.strftime("%Y-%m-%d %H.%M.%S")
        self._path = _free(inside(places.recordings, f"{params['file_name']} {stamp}"))
        self._page = NowPage.attach(places.page)
        self._video: VideoOut | None = None
        self._notes: NoteTrack | None = None
        self._saved = now()

    def send(self, frame: "Frame") -> None:
        """Add a frame; where the size of frames changes, it is brought to the first one's."""
        try:
            if self._video is None:
                self._begin(frame)
            assert self._video is not None
            self._video.write(frame)
        except OSError as error:
            raise EndpointError(f"cannot write {self._path}.mp4: {error.strerror or error}") from error
        self.idle()

    def idle(self) -> None:
        """Look at what sounds."""
        if self._notes is None:
            return
        self._notes.look(now())
        if now() - self._saved > SAVE_SECONDS:
            self._saved = now()
            self._save()
            if shutil.disk_usage(self._path.parent).free < SPARE_BYTES:
                raise EndpointError(f"recording ended: less than {SPARE_BYTES >> 20} MiB are free for {self._path}.mp4")

    def close(self) -> None:
        """Finish both files."""
        video, self._video = self._video, None
        try:
            if video is not None:
                video.close()
            if self._notes is not None:
                self._notes.look(now())
                self._save()
        finally:
            self._notes = None
            self._page.close()

    def _begin(self, frame: "Frame") -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._video = VideoOut(
            f"{self._path}.mp4",
            "mp4",
            frame.width,
            frame.height,
            crf=CRF,
            megabits=MEGABITS,
            key_seconds=KEY_SECONDS,
            flags={"movflags": "hybrid_fragmented", "flush_packets": "1"},
        )
        self._notes = NoteTrack(self._page, frame.time)

    def _save(self) -> None:
        if self._notes is not None:
            try:
                self._notes.write(Path(f"{self._path}.mid"))
            except OSError as error:
                raise EndpointError(f"cannot write {self._path}.mid: {error.strerror or error}") from error


def _free(path: Path) -> Path:
    """Return the path, with a number where one of its files is there already."""
    number, found = 1, path
    while Path(f"{found}.mp4").exists() or Path(f"{found}.mid").exists():
        number += 1
        found = path.with_name(f"{path.name} {number}")
    return found
