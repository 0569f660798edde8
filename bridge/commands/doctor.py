"""``antiphon doctor``: what the bridge finds on this machine, what is missing and what to type."""

import argparse
import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from bridge import config

if TYPE_CHECKING:
    from bridge.checks import Finding

HELP = "tell what is missing on this machine, and what to type"

_MARKS = {"ok": "ok", "note": "-", "warn": "warn", "fail": "FAIL"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add ``--json``, and a flag for each setting that the server would be started with."""
    parser.add_argument("--json", action="store_true", help="print what was found as JSON")
    config.add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Look at everything. Returns 0 if the server can run (or is running), otherwise 1."""
    from bridge import version

    if not args.json:
        print(f"Antiphon {version()}")
    findings = []
    for finding in examine(args):
        findings.append(finding)
        if not args.json:
            print(line(finding), flush=True)
    failed = [finding.name for finding in findings if finding.state == "fail"]
    if args.json:
        import msgspec

        content = {"antiphon": version(), "can_run": not failed, "findings": msgspec.to_builtins(findings)}
        print(json.dumps(content, indent=2))
    else:
        print(f"The server cannot run: {', '.join(failed)}." if failed else "The server can run: antiphon serve")
    return 1 if failed else 0


def examine(args: argparse.Namespace) -> "Iterator[Finding]":
    """Yield what is found, as it is found; a check that fails to check is a finding, too."""
    from bridge.checks import Finding

    try:
        settings = config.load(args)
    except config.SettingsError as error:
        yield Finding("settings", "fail", str(error))
        settings = config.Settings()
    for check in _checks():
        try:
            yield from check(settings)
        except Exception as error:  # noqa: BLE001  (whatever is wrong here, the rest is still worth knowing)
            yield Finding(check.__name__.replace("_", " "), "warn", f"could not be checked: {error}")


def line(finding: "Finding") -> str:
    """A finding for the terminal."""
    advice = f"\n{'':6}-> {finding.advice}" if finding.advice else ""
    return f"{_MARKS[finding.state]:>4}  {finding.name}: {finding.text}{advice}"


def _checks() -> "tuple[Callable[[config.Settings], Iterator[Finding]], ...]":
    from bridge.checks import audio, installed, machine, midi, network, weights

    return (
        installed.python,
        installed.packages,
        installed.extras,
        weights.weights,
        network.osc_port,
        network.http_port,
        network.receive_buffer,
        machine.scheduling,
        machine.memory,
        machine.shared_memory,
        midi.midi,
        midi.jack_frames,
        audio.audio,
    )
