"""``antiphon frames render``: films of frame models, the same each time."""

import argparse
import subprocess
import sys
from pathlib import Path

import av
import msgspec
import numpy as np
import pytest
from PIL import Image
from stage_models import Lamp, Mirror, Tired

from bridge.addresses import ArgumentError, Table
from bridge.commands import frames as command
from bridge.offline.music import Music
from bridge.offline.picture import Source
from bridge.offline.render import Request, count, frames, settings

TABLE = Table(models=[Lamp, Mirror, Tired])


def request(model: type, midi: Path | None = None, source: Path | None = None, **given: str) -> Request:
    params, slot = settings(TABLE, model, {"width": "16", "height": "16", "fps": "10", **given})
    return Request(model=model, params=params, slot=slot, midi=midi, source=source, seconds=1.0)


def shades(asked: Request) -> list[tuple[int, ...]]:
    return [tuple(int(value) for value in frame[8, 8]) for frame in frames(asked, Music(asked.midi))]


def test_values_are_taken_as_text_and_checked() -> None:
    params, slot = settings(TABLE, Lamp, {"level": "0.25", "/frames/seed": "3", "feedback/amount": "0.5"})
    assert (params["level"], params["seed"], slot["feedback/amount"]) == (0.25, 3, 0.5)
    for name, value, words in (("level", "2", "in range 0..1"), ("colour", "red", "no parameter 'colour'")):
        with pytest.raises(ArgumentError, match=words):
            settings(TABLE, Lamp, {name: value})


def test_every_frame_is_painted_at_its_time() -> None:
    assert shades(request(Lamp, level="1")) == [(255, 0, 0)] * 10
    assert count(msgspec.structs.replace(request(Lamp), seconds=None), Music()) == 100


def test_a_pinned_quality_is_blended_as_it_is_live() -> None:
    tired = request(Tired, quality="15")
    found = shades(tired)
    assert found == [(20, 20, 20)] * 10  # the fewest steps, one painting of twelve


def test_a_picture_and_a_film_come_in(tmp_path: Path) -> None:
    picture = tmp_path / "red.png"
    Image.fromarray(np.full((8, 8, 3), (255, 0, 0), np.uint8)).save(picture)
    assert shades(request(Mirror, source=picture)) == [(255, 0, 0)] * 10
    assert shades(request(Mirror, source=picture, input="none")) == [(255, 255, 255)] * 10
    film = tmp_path / "film.avi"
    with av.open(str(film), "w") as container:
        stream = container.add_stream("ffv1", rate=5)
        stream.width = stream.height = 16
        stream.pix_fmt = "bgr0"
        for shade in (0, 200):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.full((16, 16, 3), shade, np.uint8), "rgb24")))
        container.mux(stream.encode(None))
    black, grey = (0, 0, 0), (200, 200, 200)
    assert shades(request(Mirror, source=film)) == [black, black, grey, grey] * 2 + [black, black]
    with pytest.raises(ValueError, match="neither a picture nor a film"):
        Source(Path(__file__))
    with pytest.raises(FileNotFoundError, match="input must be there"):
        Source(tmp_path / "none.png")


def test_the_command_writes_the_same_film_each_time(tmp_path: Path) -> None:
    program = [sys.executable, "-m", "bridge", "frames", "render", "texture_ca"]
    flags = ["--size", "32x16", "--seconds", "0.5", "--set", "texture=coral", "--set", "feedback/amount=0.5"]
    said = []
    for name in ("one.mp4", "other.mp4"):
        done = subprocess.run([*program, str(tmp_path / name), *flags], capture_output=True, text=True, check=True)
        said.append(done.stdout.rpartition("sha256 ")[2])
    assert said[0] == said[1]
    with av.open(str(tmp_path / "one.mp4")) as container:
        decoded = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert len(decoded) == 15
    assert decoded[0].shape == (16, 32, 3)
    assert decoded[-1].std() > 5


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["nothing"], "model must be one of"),
        (["texture_ca", "--input", "x.png"], "takes no frames in"),
        (["texture_ca", "--prompt", "x"], "no parameter 'prompt'"),
        (["texture_ca", "--set", "zoom"], "must be NAME=VALUE"),
        (["texture_ca", "--seconds", "-1"], "seconds must be in range"),
        (["texture_ca", "--size", "large"], "width must be a number"),
    ],
)
def test_what_cannot_be_rendered_is_said(
    flags: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    model, *rest = flags
    assert command.run(parser.parse_args(["render", model, str(tmp_path / "out.mp4"), *rest])) == 2
    assert words in capsys.readouterr().err
