"""Settings: defaults, then a TOML file, the environment, flags; the later wins. An unknown key is an error."""

import argparse
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, get_args, get_type_hints

import msgspec
from msgspec import Meta

ENVIRONMENT_PREFIX = "ANTIPHON_"

Port = Annotated[int, Meta(ge=0, le=65535)]


class SettingsError(ValueError):
    """A setting that is not allowed; the text states the rule, the value and where it came from."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a server is started with; what may change while it runs is a parameter of the address table instead."""

    host: Annotated[str, Meta(description="address to listen on; others than loopback let the network in")] = (
        "127.0.0.1"
    )
    osc_port: Annotated[Port, Meta(description="OSC over UDP and TCP")] = 7770
    http_port: Annotated[Port, Meta(description="the control room and frames over HTTP and WebSocket")] = 7771
    http_host: Annotated[
        str,
        Meta(description="address for HTTP alone, such as 0.0.0.0 for a phone's browser (default: as --host)"),
    ] = ""
    token: Annotated[
        str,
        Meta(description="what browsers on other machines must know to control (default: a new one each time)"),
    ] = ""
    oscquery: Annotated[bool, Meta(description="serve OSCQuery")] = True
    oscquery_port: Annotated[
        Port | None,
        Meta(description="OSCQuery over HTTP and WebSocket (default: the one after HTTP's, or any where it is taken)"),
    ] = None
    announce: Annotated[bool, Meta(description="tell the network of OSC and OSCQuery, by zeroconf")] = False
    reply_port: Annotated[
        Port | None,
        Meta(description="port at which OSC senders hear replies, for those that cannot hear the one they send from"),
    ] = None
    midi: Annotated[bool, Meta(description="use MIDI ports")] = True
    midi_input: Annotated[
        tuple[str, ...],
        Meta(description="MIDI ports to listen to, by name, separated by commas (default: a port of ours)"),
    ] = ()
    midi_output: Annotated[
        tuple[str, ...],
        Meta(description="MIDI ports to play on, by name, separated by commas (default: a port of ours)"),
    ] = ()
    midi_ports: Annotated[
        int, Meta(ge=1, le=4, description="how many MIDI ports to play on, at least; those not named are ours")
    ] = 1
    log: Annotated[str, Meta(description="file to log to as well; it rotates, and all of it stays below 6 MB")] = ""
    audio_input: Annotated[
        str, Meta(description="audio input that modulators follow, by a part of its name (default: the system's)")
    ] = ""
    width: Annotated[int, Meta(ge=16, le=4096, description="width of the frames in pixels")] = 256
    height: Annotated[int, Meta(ge=16, le=4096, description="height of the frames in pixels")] = 256
    recordings: Annotated[str, Meta(description="folder that the recorder writes to")] = "recordings"
    show: Annotated[
        str | None,
        Meta(description="folder of presets, scenes, controllers and journals (default: the system's place for such)"),
    ] = None
    journal: Annotated[bool, Meta(description="keep a journal of all that happens, for antiphon replay")] = True
    parameters: Annotated[dict[str, bool | int | float | str], Meta(description="first values by address")] = {}


def _description(name: str) -> str:
    for hint in _flatten(get_type_hints(Settings, include_extras=True)[name]):
        if isinstance(hint, Meta) and hint.description:
            return hint.description
    return ""


def _flatten(hint: Any) -> tuple[Any, ...]:
    return (hint, *(inner for argument in get_args(hint) for inner in _flatten(argument)))


def _names() -> tuple[str, ...]:
    """The settings that flags and the environment can give (all but the table of parameters)."""
    return tuple(name for name in Settings.__struct_fields__ if name != "parameters")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add ``--config`` and a flag for each setting."""
    parser.add_argument("--config", metavar="FILE", help="settings in TOML (default: ANTIPHON_CONFIG)")
    for name in _names():
        default = getattr(Settings(), name)
        flag = f"--{name.replace('_', '-')}"
        if isinstance(default, bool):
            parser.add_argument(flag, action=argparse.BooleanOptionalAction, default=None, help=_description(name))
        else:
            shown = f" (default: {default})" if default not in (None, ()) else ""
            kind = name.rsplit("_", 1)[-1].upper()
            parser.add_argument(flag, metavar=kind, help=f"{_description(name)}{shown}")


def load(args: argparse.Namespace, environment: Mapping[str, str] = os.environ) -> Settings:
    """Return the settings that a command line, the environment and the file name. Raises SettingsError."""
    values: dict[str, Any] = {}
    path = args.config or environment.get(f"{ENVIRONMENT_PREFIX}CONFIG")
    if path:
        values |= _checked(_read(Path(path)), path)
    prefixed = {f"{ENVIRONMENT_PREFIX}{name.upper()}": name for name in _names()}
    for variable, name in prefixed.items():
        if variable in environment:
            values |= _checked({name: _split(name, environment[variable])}, variable)
    for name in _names():
        given = getattr(args, name)
        if given is not None:
            values |= _checked({name: _split(name, given)}, f"--{name.replace('_', '-')}")
    return msgspec.convert(values, Settings)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path}: {error}") from error


def _split(name: str, value: Any) -> Any:
    """Lists are written with commas outside TOML."""
    if isinstance(getattr(Settings(), name), tuple) and isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


def _checked(values: dict[str, Any], source: str) -> dict[str, Any]:
    try:
        settings = msgspec.convert(values, Settings, strict=False)
    except msgspec.ValidationError as error:
        given = ", ".join(f"{name} = {value!r}" for name, value in values.items())
        raise SettingsError(f"{source}: {error}, got {given}") from error
    return {name: getattr(settings, name) for name in values}
