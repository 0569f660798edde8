"""Writes the journal, on a thread of its own: the event loop only leaves records behind."""

import os
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from bridge.show.journal import files, records

BATCH = 0.02
"""Seconds that records are gathered: what a crash can lose."""
SYNC = 5.0
"""Seconds between flushes to the disk: what a power cut can lose."""
FILE_BYTES = 32 << 20
ALL_BYTES = 512 << 20
"""Of all journals together; the oldest go first."""
WAITING = 200_000
"""Records that may wait, where the disk is slow; beyond, new ones are lost, and that is told."""


class Journal:
    """Appends to one file after another in a folder."""

    def __init__(
        self,
        folder: Path,
        begun: Callable[[], records.Begun],
        problem: Callable[[str], None] = lambda text: None,
        file_bytes: int = FILE_BYTES,
        all_bytes: int = ALL_BYTES,
    ) -> None:
        """``begun()`` makes the first record of each file, and ``problem`` is told of what goes wrong, both on the
        thread. Nothing is written before start()."""
        self._folder, self._begun, self._problem = folder, begun, problem
        self._file_bytes, self._all_bytes = file_bytes, all_bytes
        self._records: deque[records.Record] = deque()
        self._wake = threading.Event()
        self._running = False
        self._thread: threading.Thread | None = None
        self.path: Path | None = None
        """The file that is written to."""
        self.lost = 0
        """Records that found no place."""

    def start(self) -> None:
        """Begin to write."""
        self._running = True
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    def add(self, record: records.Record) -> None:
        """Leave a record to be written."""
        if not self._running:
            return
        if len(self._records) >= WAITING:
            self.lost += 1
            return
        self._records.append(record)
        self._wake.set()

    def stop(self) -> None:
        """Write what is left; waits for it."""
        self._running = False
        self._wake.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        try:
            while self._running:
                self._write_file()
        except OSError as error:
            self._running = False
            self._records.clear()
            self._problem(f"the journal cannot be written and is given up: {error}")

    def _write_file(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        self.path = _new_path(self._folder)
        with self.path.open("xb") as file:
            file.write(files.HEAD + files.frame(self._begun()))
            file.flush()
            self._make_room()
            synced = time.monotonic()
            while self._running or self._records:
                self._wake.wait(SYNC)
                self._wake.clear()
                if self._running:
                    time.sleep(BATCH)
                batch = [files.frame(self._records.popleft()) for _ in range(len(self._records))]
                if batch:
                    file.write(b"".join(batch))
                    file.flush()
                if time.monotonic() - synced >= SYNC:
                    os.fsync(file.fileno())
                    synced = time.monotonic()
                if file.tell() >= self._file_bytes:
                    return

    def _make_room(self) -> None:
        """Remove the oldest journals where all together are too large."""
        there = sorted(self._folder.glob(f"*{files.SUFFIX}"))
        sizes = [path.stat().st_size for path in there]
        while sum(sizes) > self._all_bytes and len(there) > 1:
            there.pop(0).unlink(missing_ok=True)
            sizes.pop(0)


def _new_path(folder: Path) -> Path:
    """Named by the time, so that their order by name is that of time."""
    stem = time.strftime("%Y-%m-%d %H.%M.%S")
    same = [int(path.stem.rpartition(" ")[2]) for path in folder.glob(f"{stem} *{files.SUFFIX}")]
    return folder / f"{stem} {max(same, default=0) + 1:04}{files.SUFFIX}"
