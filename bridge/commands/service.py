"""``antiphon service``: have the system start the bridge at login, and again whenever it ends."""

import argparse
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bridge.service import Step

HELP = "start the bridge at login and keep it running (systemd, launchd, Windows' task scheduler)"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what to do, and the flags that the service is to have."""
    parser.add_argument("what", choices=("install", "remove", "status", "show"), help="show: print what install writes")
    parser.add_argument("flags", nargs=argparse.REMAINDER, help="flags of antiphon serve, for install and show")


def run(args: argparse.Namespace) -> int:
    """Do it. Returns 0, or 1 where the system refuses, 2 for flags that are not allowed."""
    from bridge import config, service
    from bridge.measure.files import reason, writing

    manager = service.of_system()
    flags = args.flags[1:] if args.flags[:1] == ["--"] else args.flags
    if args.what in ("install", "show"):
        parser = argparse.ArgumentParser(prog="antiphon serve")
        config.add_arguments(parser)
        try:
            config.load(parser.parse_args(flags))
        except config.SettingsError as error:
            print(f"antiphon service: {error}", file=sys.stderr)
            return 2
    path, text = manager.path(), manager.text(service.program(flags))
    if args.what == "show":
        print(text, end="")
        return 0
    if args.what == "status":
        return _run(manager.status())
    try:
        if args.what == "install":
            path.parent.mkdir(parents=True, exist_ok=True)
            with writing(path) as temporary:
                temporary.write_bytes(text.encode(manager.encoding))
            code = next((code for step in manager.install(path) if (code := _run(step))), 0)
            print(f"{path} is written" + (f"; {manager.advice()}" if not code else ", but the system did not start it"))
            return code
        for step in manager.remove(path):
            _run(step)
        path.unlink(missing_ok=True)
    except OSError as error:
        print(f"antiphon service: {reason(path, error)}", file=sys.stderr)
        return 1
    print(f"{path} is removed")
    return 0


def _run(step: "Step") -> int:
    """Run a command; return 0, or 1 where it fails and may not."""
    try:
        failed = subprocess.run(step.command).returncode
    except OSError as error:
        print(f"antiphon service: {step.command[0]}: {error.strerror}", file=sys.stderr)
        failed = 1
    return int(bool(failed) and not step.may_fail)
