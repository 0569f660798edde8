"""What docs/video.md says: its reader of shared memory, and that it leaves out no sink, source or path."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from bridge import clocks
from bridge.measure.card import TestCard
from bridge.media import sink, source
from bridge.media.ring import FrameRing
from bridge.media.sink import ServedSink
from bridge.media.source import ServedSource

PAGE = (Path(__file__).parents[3] / "docs" / "video.md").read_text("utf-8")
READER = re.search(r"```python\n(.*?)```", PAGE, re.S)

HOST = """
import sys

class ScriptOp:
    taken = None
    def copyNumpyArray(self, pixels):
        self.taken = pixels

name = sys.argv[1]
newest.__defaults__ = (name,)
operator = ScriptOp()
for line in sys.stdin:
    wanted, operator.taken = int(line), None
    while last != wanted:
        onCook(operator)
    sys.stdout.buffer.write(operator.taken[::-1].tobytes())
    sys.stdout.buffer.flush()
"""


def test_the_reader_of_shared_memory_in_another_process(tmp_path: Path) -> None:
    """It knows the page only; the ring may come later than it, and anew."""
    assert READER
    (tmp_path / "reader.py").write_text(READER.group(1) + HOST)
    name, card = f"antiphon-page-{tmp_path.name}"[-29:], TestCard(192, 128)
    command = [sys.executable, "-W", "error", str(tmp_path / "reader.py"), name]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as reader:
        assert reader.stdin and reader.stdout
        for first in (10, 20):
            ring = FrameRing.create(192, 128, name=name)
            for number in range(1, 6):
                ring.write(card.pixels(first + number), time=clocks.now())
                reader.stdin.write(f"{number}\n".encode())
                reader.stdin.flush()
                seen = reader.stdout.read(192 * 128 * 3)
                assert seen == card.pixels(first + number).tobytes()
            ring.close()
            ring.unlink()
        reader.stdin.close()
        assert reader.wait(30) == 0


@pytest.mark.parametrize("kind", [*sink.discover(), *source.discover()], ids=lambda kind: kind.at())
def test_every_sink_and_source_is_told_with_its_paths_and_its_extra(kind: type) -> None:
    assert f"`{kind.name}`" in PAGE  # type: ignore[attr-defined]
    if issubclass(kind, ServedSink | ServedSource):
        for path in kind.paths:
            assert path in PAGE
    if kind.extra:  # type: ignore[attr-defined]
        assert f"antiphon[{kind.extra}]" in PAGE  # type: ignore[attr-defined]
