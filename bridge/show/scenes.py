"""The scenes: presets in the order of the show, stepped through by hand, foot or message."""

from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from bridge.show import files

MOST = 1000


class Scene(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One step of the show."""

    preset: str
    beats: Annotated[float, Meta(ge=0, le=1024)] = 0.0
    """How long it takes to come."""


class SceneList(msgspec.Struct, forbid_unknown_fields=True):
    """The scenes' file."""

    schema: int
    scenes: Annotated[list[Scene], Meta(max_length=MOST)] = []


class Scenes:
    """The list and where in it the show is; -1 before its first scene."""

    def __init__(self, scenes: list[Scene]) -> None:
        self.list = scenes
        self.at = -1

    def file(self) -> SceneList:
        """To be written."""
        return SceneList(files.SCHEMA, list(self.list))

    def add(self, scene: Scene) -> None:
        """Put a scene at the end. Raises ValueError."""
        if len(self.list) >= MOST:
            raise ValueError(f"there must be at most {MOST} scenes, got one more")
        self.list.append(scene)

    def remove(self, index: int) -> None:
        """Take a scene out, counted from 0. Raises ValueError."""
        del self.list[self._checked(index)]
        if self.at >= index:
            self.at -= 1

    def clear(self) -> None:
        """Remove all."""
        self.list.clear()
        self.at = -1

    def go(self, index: int) -> Scene:
        """Be at a scene, counted from 0. Raises ValueError."""
        self.at = self._checked(index)
        return self.list[self.at]

    def step(self, by: int) -> Scene:
        """Go on or back. Raises ValueError at the ends."""
        return self.go(self.at + by)

    def _checked(self, index: int) -> int:
        if not 0 <= index < len(self.list):
            there = f"0..{len(self.list) - 1}" if self.list else "one that is there, and none is"
            raise ValueError(f"a scene must be {there}, got {index}")
        return index


def load(path: Path) -> Scenes:
    """The scenes of a file, none where there is no file. Raises FileError, OSError."""
    try:
        return Scenes(files.read(path, SceneList).scenes)
    except FileNotFoundError:
        return Scenes([])
