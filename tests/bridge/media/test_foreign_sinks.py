"""The sinks and sources that this machine cannot run, against stand-ins that know only what their packages do.

Each stand-in follows the package's own source: SpoutGL 0.1.1 (PySpoutGL.cpp), syphon-python 0.2.0 (server.py,
utils/raw.py, utils/numpy.py), pyvirtualcam 0.15.0 (camera.py). None of these sinks was tried with the real thing.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import pytest

from bridge.media.endpoint import Endpoint, Places
from bridge.media.ring import Frame
from bridge.media.sinks.spout import Spout
from bridge.media.sinks.syphon import Syphon
from bridge.media.sinks.virtual_camera import VirtualCamera
from bridge.media.sources.spout import SpoutSource
from bridge.media.sources.syphon import SyphonSource

PLACES = Places("", "", "")


def frame(width: int, height: int, level: int = 7) -> Frame:
    pixels = np.full((height, width, 3), level, np.uint8)
    pixels[0, 0] = 255, 128, 1  # the top left
    return Frame(pixels, 1, 1, 0.0, 0, 0, "")


def params(kind: type[Endpoint], **given: Any) -> dict[str, Any]:
    return {name: param.default for name, param in kind.params().items()} | given


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Put a module in the place of a package."""

    def install(name: str, **names: Any) -> ModuleType:
        module = ModuleType(name)
        vars(module).update(names)
        monkeypatch.setitem(sys.modules, name, module)
        return module

    yield install


class SpoutSender:
    """``SpoutSender`` of PySpoutGL.cpp."""

    made: ClassVar[list[Any]] = []
    works = True

    def __init__(self) -> None:
        self.name, self.images, self.released = "", [], False
        self.made.append(self)

    def setSenderName(self, name: str) -> None:  # noqa: N802
        self.name = name

    def sendImage(self, buffer: Any, width: int, height: int, gl_format: int, invert: bool, host_fbo: int) -> bool:  # noqa: N802
        view = memoryview(buffer)
        assert view.c_contiguous and view.nbytes >= width * height * 4 and gl_format == 0x1908 and host_fbo == 0
        self.images.append((np.array(view).reshape(height, width, 4), invert))
        return self.works

    def releaseSender(self) -> None:  # noqa: N802
        self.released = True


def test_spout(installed: Any) -> None:
    installed("SpoutGL", SpoutSender=SpoutSender)
    sink = Spout(PLACES, params(Spout))
    sink.send(frame(16, 12))
    sink.send(frame(20, 10))
    sender = SpoutSender.made[-1]
    (first, inverted), (second, _) = sender.images
    assert sender.name == "Antiphon" and not inverted
    assert first.shape == (12, 16, 4) and second.shape == (10, 20, 4)
    assert first[0, 0].tolist() == [255, 128, 1, 255] and first[1, 1].tolist() == [7, 7, 7, 255]
    sink.close()
    assert sender.released
    sender.works = False
    with pytest.raises(OSError, match="DirectX 11"):
        sink.send(frame(16, 12))


class SyphonMetalServer:
    """``SyphonMetalServer`` of server.py, as far as it goes without Metal."""

    made: ClassVar[list[Any]] = []

    def __init__(self, name: str, device: Any = None, command_queue: Any = None, *, is_private: bool = False) -> None:
        self.name, self.device, self.published, self.stopped = name, "the default device", [], False
        self.made.append(self)

    def publish_frame_texture(
        self,
        texture: Any,
        region: Any = None,
        size: Any = None,
        is_flipped: bool = False,
        command_buffer: Any = None,
        auto_commit: bool = True,
    ) -> None:
        self.published.append((texture.image.copy(), is_flipped))

    def stop(self) -> None:
        self.stopped = True


def create_mtl_texture(device: Any, width: int, height: int, pixel_format: int = 70) -> Any:
    assert device == "the default device" and pixel_format == 70  # MTLPixelFormatRGBA8Unorm
    return SimpleNamespace(width=lambda: width, height=lambda: height, image=None)


def copy_image_to_mtl_texture(image: np.ndarray, texture: Any) -> None:
    assert image.shape == (texture.height(), texture.width(), 4)
    texture.image = image


def test_syphon(installed: Any) -> None:
    installed("syphon", SyphonMetalServer=SyphonMetalServer)
    installed("syphon.utils")
    installed("syphon.utils.raw", create_mtl_texture=create_mtl_texture)
    installed("syphon.utils.numpy", copy_image_to_mtl_texture=copy_image_to_mtl_texture)
    sink = Syphon(PLACES, params(Syphon, server_name="Stage"))
    sink.send(frame(16, 12))
    sink.send(frame(16, 12, 9))
    sink.send(frame(20, 10))
    server = SyphonMetalServer.made[-1]
    assert server.name == "Stage"
    images = [image for image, _ in server.published]
    assert [image.shape for image in images] == [(12, 16, 4), (12, 16, 4), (10, 20, 4)]
    assert images[0][0, 0].tolist() == [255, 128, 1, 255] and images[1][1, 1].tolist() == [9, 9, 9, 255]
    sink.close()
    assert server.stopped


class Camera:
    """``Camera`` of camera.py."""

    made: ClassVar[list[Any]] = []
    works = True

    def __init__(
        self, width: int, height: int, fps: float, *, fmt: Any = "raw ", device: str | None = None, **more: Any
    ) -> None:
        if not self.works:
            raise RuntimeError("'v4l2loopback' backend: no device")
        self.width, self.height, self.fps, self.device, self.frames, self.closed = width, height, fps, device, [], False
        assert fmt == "raw " and not more  # RGB
        self.made.append(self)

    def send(self, pixels: np.ndarray) -> None:
        if pixels.dtype != np.uint8:
            raise TypeError
        if pixels.shape != (self.height, self.width, 3):
            raise ValueError
        self.frames.append(pixels)

    def close(self) -> None:
        self.closed = True


def test_virtual_camera(installed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    installed("pyvirtualcam", Camera=Camera)
    sink = VirtualCamera(PLACES, params(VirtualCamera, device="/dev/video9", fps=25))
    sink.send(frame(16, 12))
    sink.send(frame(16, 12))
    sink.send(frame(20, 10))
    first, second = Camera.made
    assert (first.width, first.height, first.fps, first.device, len(first.frames), first.closed) == (
        16,
        12,
        25,
        "/dev/video9",
        2,
        True,
    )
    assert (second.width, second.height, second.closed) == (20, 10, False)
    sink.close()
    assert second.closed
    monkeypatch.setattr(Camera, "works", False)
    with pytest.raises(OSError, match="no virtual camera: 'v4l2loopback' backend: no device"):
        VirtualCamera(PLACES, params(VirtualCamera)).send(frame(16, 12))


class SpoutReceiver:
    """``SpoutReceiver`` of PySpoutGL.cpp: says that it was updated first, and fills the buffer from then on."""

    def __init__(self) -> None:
        self.name, self.calls, self.released = "", 0, False

    def setReceiverName(self, name: str) -> None:  # noqa: N802
        self.name = name

    def receiveImage(self, buffer: Any, gl_format: int, invert: bool, host_fbo: int) -> bool:  # noqa: N802
        assert gl_format == 0x1908 and host_fbo == 0
        self.calls += 1
        if buffer is None:
            return True
        view = memoryview(buffer)
        assert view.c_contiguous and view.nbytes >= 16 * 12 * 4
        np.frombuffer(buffer, np.uint8)[:] = self.calls
        return True

    def isUpdated(self) -> bool:  # noqa: N802
        return self.calls == 1

    def isFrameNew(self) -> bool:  # noqa: N802
        return self.calls != 3

    def getSenderWidth(self) -> int:  # noqa: N802
        return 16

    def getSenderHeight(self) -> int:  # noqa: N802
        return 12

    def releaseReceiver(self) -> None:  # noqa: N802
        self.released = True


def test_spout_as_a_source(installed: Any) -> None:
    installed("SpoutGL", SpoutReceiver=SpoutReceiver)
    source = SpoutSource(PLACES, params(SpoutSource, sender_name="Arena"))
    read = [source.read() for _ in range(4)]
    assert read[0] is None and read[2] is None
    assert read[1] is not None and read[1].shape == (12, 16, 3) and (read[1] == 2).all()
    assert read[3] is not None and (read[3] == 4).all()
    source.close()
    assert source._receiver.name == "Arena" and source._receiver.released


class SyphonMetalClient:
    """``SyphonMetalClient`` of client.py, as far as it goes without Metal."""

    def __init__(self, description: Any, device: Any = None) -> None:
        self.is_valid, self.has_new_frame, self.stopped, self._description = True, True, False, description

    @property
    def new_frame_image(self) -> Any:
        self.has_new_frame = False
        return SimpleNamespace(pixelFormat=lambda: self._description.pixel_format)

    def stop(self) -> None:
        self.stopped = True


def copy_mtl_texture_to_image(texture: Any) -> np.ndarray:
    image = np.zeros((12, 16, 4), np.uint8)
    image[-1, 0] = 1, 128, 255, 255  # the bottom left
    return image


@pytest.mark.parametrize(("pixel_format", "seen"), [(80, [255, 128, 1]), (70, [1, 128, 255])])
def test_syphon_as_a_source(installed: Any, pixel_format: int, seen: list[int]) -> None:
    ours = SimpleNamespace(name="Antiphon", app_name="Python", pixel_format=pixel_format)
    other = SimpleNamespace(name="Out", app_name="TouchDesigner", pixel_format=pixel_format)
    directory = SimpleNamespace(servers=[ours, other])
    installed("syphon", SyphonServerDirectory=lambda: directory, SyphonMetalClient=SyphonMetalClient)
    installed("syphon.utils")
    installed("syphon.utils.numpy", copy_mtl_texture_to_image=copy_mtl_texture_to_image)
    source = SyphonSource(PLACES, params(SyphonSource))
    pixels = source.read()
    assert pixels is not None and pixels.shape == (12, 16, 3) and pixels[0, 0].tolist() == seen
    assert source.read() is None
    source._client.is_valid = False
    with pytest.raises(ConnectionError, match="has gone"):
        source.read()
    source.close()
    assert source._client.stopped
    assert SyphonSource(PLACES, params(SyphonSource, server_name="TouchDesigner"))._client._description is other
    with pytest.raises(ConnectionError, match="no Syphon server 'Nobody'"):
        SyphonSource(PLACES, params(SyphonSource, server_name="Nobody"))


@pytest.mark.parametrize(
    ("kind", "package"),
    [
        (Spout, "SpoutGL"),
        (Syphon, "syphon"),
        (VirtualCamera, "pyvirtualcam"),
        (SpoutSource, "SpoutGL"),
        (SyphonSource, "syphon"),
    ],
)
def test_what_to_install_is_said(kind: Any, package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.setattr(sys, "platform", {"Windows": "win32", "macOS": "darwin"}.get(kind.system, "linux"))
    with pytest.raises(ImportError, match=rf"pip install 'antiphon\[{kind.extra}\]'"):
        kind(PLACES, params(kind))


def test_what_is_for_another_system_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    for kind, package in ((Spout, "SpoutGL"), (Syphon, "syphon")):
        monkeypatch.setitem(sys.modules, package, None)
        with pytest.raises(ImportError, match=f"^{kind.name} is for {kind.system} only$"):
            kind(PLACES, params(kind))


def test_extras_are_declared() -> None:
    import tomllib

    from bridge.media import sink, source

    project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())["project"]
    extras = {kind.extra for kind in (*sink.discover(), *source.discover())} - {""}
    assert extras <= set(project["optional-dependencies"])
