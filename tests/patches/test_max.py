"""The patches for Max and Live, read back: Max itself cannot be had here."""

import itertools
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bridge.addresses import Table
from bridge.hosts import ports
from bridge.hosts.controls import BY_ITSELF
from bridge.hosts import max as max_
from bridge.hosts.max import objects
from bridge.hosts.max.device import HEIGHT, unpack
from bridge.osc.patterns import Pattern

TABLE = Table()
FILES = {Path(name): content for name, content in {**max_.files(TABLE), **max_.devices(TABLE)}.items()}
DEVICES = [path for path in FILES if path.suffix == ".amxd"]


def load(path: Path) -> dict[str, Any]:
    content = FILES[path]
    patcher: dict[str, Any] = (unpack(content) if path.suffix == ".amxd" else json.loads(content))["patcher"]
    return patcher


def patchers(patcher: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield patcher
    for entry in patcher["boxes"]:
        if "patcher" in entry["box"]:
            yield from patchers(entry["box"]["patcher"])


def boxes(path: Path) -> list[dict[str, Any]]:
    return [entry["box"] for patcher in patchers(load(path)) for entry in patcher["boxes"]]


def size(box: dict[str, Any]) -> tuple[int, int]:
    """How many inlets and outlets a box has, by the reference of Max or by what is inside."""
    if "patcher" in box:
        inside = [entry["box"]["maxclass"] for entry in box["patcher"]["boxes"]]
        return inside.count("inlet"), inside.count("outlet")
    if box["maxclass"] != "newobj":
        return objects.counts(box["maxclass"], ())
    name, *arguments = shlex.split(box["text"])
    return objects.counts(name, [argument for argument in arguments if not argument.startswith("@")])


every_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
every_device = pytest.mark.parametrize("path", DEVICES, ids=lambda path: path.name)


@every_file
def test_every_object_comes_with_max(path: Path) -> None:
    for box in boxes(path):
        name = box["text"].split()[0] if box["maxclass"] == "newobj" else box["maxclass"]
        assert objects.stock(name) or (name == "p" and "patcher" in box), name


@every_file
def test_every_cord_goes_from_an_outlet_to_an_inlet(path: Path) -> None:
    for patcher in patchers(load(path)):
        inside = {entry["box"]["id"]: entry["box"] for entry in patcher["boxes"]}
        assert len(inside) == len(patcher["boxes"])
        assert all((box["numinlets"], box["numoutlets"]) == size(box) for box in inside.values())
        assert patcher["lines"]
        cords = [
            (tuple(line["patchline"]["source"]), tuple(line["patchline"]["destination"])) for line in patcher["lines"]
        ]
        assert len(set(cords)) == len(cords)
        for (source, outlet), (sink, inlet) in cords:
            assert outlet < size(inside[source])[1], inside[source]
            assert inlet < size(inside[sink])[0], inside[sink]


@every_file
def test_inlets_and_outlets_are_numbered_as_they_lie(path: Path) -> None:
    for patcher in patchers(load(path)):
        for kind in ("inlet", "outlet"):
            ports = [entry["box"] for entry in patcher["boxes"] if entry["box"]["maxclass"] == kind]
            ports.sort(key=lambda box: box["patching_rect"][0])
            assert [box["index"] for box in ports] == list(range(1, len(ports) + 1))


@every_file
def test_every_address_is_in_the_table_and_every_message_allowed(path: Path) -> None:
    for box in boxes(path):
        text = str(box.get("text", ""))
        words = shlex.split(text) if box["maxclass"] == "message" else text.split()
        for position, word in enumerate(words):
            if not word.startswith("/"):
                continue
            if "*" in word:
                assert any(Pattern(word).matches(known) for known in TABLE.entries), word
                continue
            entry = TABLE[word]
            arguments = words[position + 1 :]
            if box["maxclass"] == "message" and arguments and not any("$" in argument for argument in arguments):
                entry.check([float(word) if re.fullmatch(r"-?\d+(\.\d+)?", word) else word for word in arguments])


@every_file
def test_parameters_have_the_ranges_of_the_table_and_names_of_their_own(path: Path) -> None:
    saved = [box["saved_attribute_attributes"]["valueof"] for box in boxes(path) if "saved_attribute_attributes" in box]
    names = [value["parameter_longname"] for value in saved]
    assert len(set(names)) == len(names)
    by_title = {entry.replace("/", " ").replace("_", " ").strip(): TABLE[entry] for entry in TABLE.entries}
    known = [
        (value, by_title[value["parameter_longname"]]) for value in saved if value["parameter_longname"] in by_title
    ]
    assert known
    for value, entry in known:
        if entry.kind != "parameter":
            continue
        (argument,) = entry.arguments
        if argument.choices:
            assert value["parameter_enum"] == list(argument.choices)
        elif argument.type != "bool":
            assert (value["parameter_mmin"], value["parameter_mmax"]) == (argument.low, min(argument.high or 0, 2**24))
            # Live keeps whole numbers in a byte.
            assert value["parameter_type"] != 1 or value["parameter_mmax"] - value["parameter_mmin"] < 256
            assert value["parameter_initial"] == [argument.default]


def test_everything_holds_every_address_that_may_be_sent() -> None:
    said = " ".join(str(box.get("text", "")) for box in boxes(Path("antiphon.maxpat"))).split()
    assert {path for path, entry in TABLE.entries.items() if entry.kind != "event"} - BY_ITSELF <= set(said)


@every_file
def test_nothing_that_is_shown_covers_anything_else(path: Path) -> None:
    shown = [entry["box"] for entry in load(path)["boxes"] if entry["box"].get("presentation")]
    for one, other in itertools.combinations(shown, 2):
        left, top, width, height = one["presentation_rect"]
        x, y, across, down = other["presentation_rect"]
        assert left + width <= x or x + across <= left or top + height <= y or y + down <= top, (one, other)


@every_device
def test_a_device_is_as_high_as_live_shows(path: Path) -> None:
    patcher = load(path)
    assert patcher["openinpresentation"] == 1
    for entry in patcher["boxes"]:
        if entry["box"].get("presentation"):
            left, top, width, height = entry["box"]["presentation_rect"]
            assert 0 <= left and left + width <= patcher["devicewidth"] and 0 <= top and top + height <= HEIGHT


def test_the_frames_come_by_jit_net_recv_where_the_bridges_sink_sends() -> None:
    patcher = load(Path("antiphon-frames.maxpat"))
    inside = {entry["box"]["id"]: entry["box"] for entry in patcher["boxes"]}
    port = TABLE["/sinks/jitnet/port"].arguments[0].default
    (source,) = [key for key, box in inside.items() if box.get("text") == f"jit.net.recv @port {port}"]
    led = [line["patchline"]["destination"] for line in patcher["lines"] if line["patchline"]["source"] == [source, 0]]
    assert [inside[key]["maxclass"] for key, _ in led] == ["jit.pwindow"]
    assert "/sinks/jitnet/on 1" in {box.get("text") for box in inside.values()}


@every_file
def test_no_file_is_large(path: Path) -> None:
    assert len(FILES[path]) < 350_000


def test_devices_and_patches_receive_on_ports_of_their_own() -> None:
    ears = [ports.PURE_DATA, ports.MAX, ports.ABLETON, ports.ABLETON_FRAMES, ports.TOUCH_DESIGNER]
    assert len({*ears, ports.BRIDGE}) == 6
    texts = {box.get("text") for path in DEVICES for box in boxes(path)}
    assert {f"udpreceive {ports.ABLETON}", f"udpreceive {ports.ABLETON_FRAMES}"} <= texts


def test_another_file_is_no_device() -> None:
    content = FILES[DEVICES[0]]
    with pytest.raises(ValueError, match="must begin with ampf 4 mmmm"):
        unpack(b"ampg" + content[4:])
    with pytest.raises(ValueError, match="must fill the file"):
        unpack(content + b"\0")
