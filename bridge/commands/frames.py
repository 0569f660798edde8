"""``antiphon frames render MODEL OUT.mp4``: a frame model on a MIDI file, without a server.

Examples:
  antiphon frames render texture_ca out.mp4 --midi song.mid --set texture=coral
  antiphon frames render diffusion out.mp4 --midi song.mid --prompt "a lamp in the fog" --set checkpoint=sd-turbo
  antiphon frames render texture_ca out.mp4 --seconds 8 --set feedback/amount=0.8 --set feedback/rotate=20
"""

import argparse
import sys
from pathlib import Path

HELP = "render a frame model to a film, following a MIDI file"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add ``render MODEL OUT``."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    commands = parser.add_subparsers(dest="frames_command", required=True, metavar="render")
    render = commands.add_parser(
        "render",
        help="write an mp4, each frame painted at its best",
        description="Writes an mp4. The same command gives the same frames, to the bit, on one machine: their SHA-256"
        " is printed at the end.",
    )
    render.add_argument("model", metavar="MODEL", help="as antiphon models list tells them")
    render.add_argument("out", type=Path, metavar="OUT.mp4")
    render.add_argument("--midi", type=Path, metavar="IN.mid", help="what is heard, in the film too")
    render.add_argument("--prompt", help="for the models that have one")
    render.add_argument(
        "--input", type=Path, metavar="FILE", help="a picture or a film, for models that take frames in"
    )
    render.add_argument("--seconds", type=float, metavar="N", help="(default: as long as the music, else 10)")
    render.add_argument("--seed", metavar="N", help="(default: the model's)")
    render.add_argument("--size", default="512x512", metavar="WxH", help="in pixels (default: %(default)s)")
    render.add_argument("--fps", default="30", help="frames a second (default: %(default)s)")
    render.add_argument("--threads", type=int, default=1, metavar="N", help="of the model (default: %(default)s)")
    render.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a parameter, by its name or address; also feedback/amount and the like; quality=N for a lower one",
    )


def run(args: argparse.Namespace) -> int:
    """Render. Returns 2 for what cannot be asked for, 1 where the model or the files do not allow it."""
    from bridge.addresses import ArgumentError, Table
    from bridge.offline.render import Request, render, settings
    from models.contract import FrameModel

    table = Table()
    models = {model.name: model for model in table.of_slot(FrameModel)}
    model = models.get(args.model)
    if model is None or not issubclass(model, FrameModel):
        print(f"model must be one of {', '.join(models)}, got {args.model!r}", file=sys.stderr)
        return 2
    try:
        given = _given(args)
        params, slot = settings(table, model, given)
        if args.input and not model.input():
            raise ArgumentError(f"{model.name} takes no frames in, got --input {args.input}")
        if args.seconds is not None and not 0 < args.seconds <= 24 * 3600:
            raise ArgumentError(f"seconds must be in range 0..86400, got {args.seconds:g}")
    except ArgumentError as error:
        print(f"antiphon frames render: {error}", file=sys.stderr)
        return 2
    request = Request(
        model=model, params=params, slot=slot, midi=args.midi, source=args.input, seconds=args.seconds,
        threads=max(1, args.threads),
    )  # fmt: skip
    progress = (lambda text: print(f"\r  {text} ", end="", flush=True)) if sys.stdout.isatty() else (lambda text: None)
    try:
        done = render(request, args.out, progress)
    except (ImportError, OSError, ValueError) as error:
        print(f"antiphon frames render: {error}", file=sys.stderr)
        return 1
    rate = done.frames / done.seconds_painted
    print(f"{args.out}: {done.frames} frames, {rate:.1f} a second, sha256 {done.sha256}")
    return 0


def _given(args: argparse.Namespace) -> dict[str, str]:
    """What is set, by name. Raises ArgumentError."""
    from bridge.addresses import ArgumentError

    width, _, height = args.size.partition("x")
    given = {"width": width, "height": height or width, "fps": args.fps}
    for name in ("prompt", "seed"):
        if getattr(args, name) is not None:
            given[name] = getattr(args, name)
    for text in args.set:
        name, equals, value = text.partition("=")
        if not equals:
            raise ArgumentError(f"--set must be NAME=VALUE, got {text!r}")
        given[name] = value
    return given
