"""``antiphon music USE IN.mid … OUT.mid``: note models on MIDI files, as performers use them live.

Examples:
  antiphon music generate OUT.mid --bars 8 --chords "C G Am F"
  antiphon music continue IN.mid OUT.mid --bars 8 --seed 1 --join
  antiphon music interpolate ONE.mid OTHER.mid OUT.mid --steps 5
"""

import argparse
import random
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bridge.music.playing import Request
    from models.contract import Action, Param

HELP = "generate, continue, vary, interpolate, complete and morph melodies, drum along: .mid in, .mid out"
BARS = 8
"""Of what is as long as one likes."""
BRIEF = "Writes what the model plays, alone, from beat 0."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add a subcommand for each action of a note model that plays; flags follow from its declaration."""
    from bridge.music.uses import uses
    from models.contract import NoteModel

    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    found = uses()
    commands = parser.add_subparsers(dest="use", required=True, metavar="|".join(found))
    for use, models in found.items():
        action = models[0].actions()[use]
        command = commands.add_parser(use, help=action.doc, description=f"{action.doc} {BRIEF}")
        ins = "" if use == "generate" else "IN.mid [IN.mid …] " if use == "interpolate" else "IN.mid "
        command.add_argument(
            "files", nargs="+", type=Path, metavar=f"{ins}OUT.mid", help="what is heard, what is written"
        )
        command.add_argument("--bars", type=int, metavar="N", help=_bars_help(use))
        if use == "interpolate":
            command.add_argument("--steps", type=int, metavar="N", help="melodies on the way, both ends among them")
        if use != "generate":
            command.add_argument("--hear", metavar="FIRST-LAST", help="bars of IN, counted from 1 (default: all)")
            command.add_argument(
                "--track", default="", metavar="NAME", help="or its number (default: the melody, the drums)"
            )
            command.add_argument(
                "--join", action="store_true", help="write what was heard first, and the answer after it"
            )
        command.add_argument("--beats-per-bar", type=int, metavar="N", help="(default: the file's metre; else 4)")
        command.add_argument("--tempo", type=float, metavar="BPM", help="(default: the file's; else 120)")
        command.add_argument(
            "--model", choices=[model.name for model in models], help="(default: as IN has drums or not)"
        )
        named = {**NoteModel.params(), **{n: p for model in models for n, p in model.actions()[use].arguments.items()}}
        for name, param in named.items():
            _flag(command, name, param, action)


def run(args: argparse.Namespace) -> int:
    """Play and write. Returns 2 for what the user can mend in the command, 1 for files that cannot be had."""
    from bridge.music.playing import RequestError, play

    try:
        for line in play(_request(args)):
            print(line)
    except RequestError as error:
        print(f"antiphon music {args.use}: {error}", file=sys.stderr)
        return 2
    except (ImportError, OSError, ValueError) as error:
        print(f"antiphon music {args.use}: {error}", file=sys.stderr)
        return 1
    return 0


def _request(args: argparse.Namespace) -> "Request":
    from bridge.music.playing import Request

    given = {name.removeprefix("param_"): value for name, value in vars(args).items() if name.startswith("param_")}
    values = {name: value for name, value in given.items() if value is not None}
    if values.get("seed", "-1") == "-1":
        values["seed"] = str(random.randrange(2**31))  # noqa: S311  (music; told, so that it can be had again)
    return Request(
        use=args.use,
        files=tuple(args.files),
        values=values,
        bars=args.bars,
        steps=getattr(args, "steps", None),
        hear=getattr(args, "hear", None) or "",
        track=getattr(args, "track", ""),
        join=getattr(args, "join", False),
        beats_per_bar=args.beats_per_bar,
        tempo=args.tempo,
        model=args.model or "",
    )


def _flag(command: argparse.ArgumentParser, name: str, param: "Param", action: "Action") -> None:
    """A flag for a parameter of the model or an argument of the action; values are checked against the table later."""
    if isinstance(param.default, bool):
        return
    ranged = "" if param.low is None or param.high is None else f" {param.low:g}..{param.high:g}"
    doc = param.doc.replace("%", "%%")
    default = f" (default: {param.default})" if param.default != "" else ""
    command.add_argument(f"--{name}", dest=f"param_{name}", metavar="X", help=f"{doc}{ranged}{default}")


def _bars_help(use: str) -> str:
    return f"how many (default: {BARS if use in ('generate', 'continue') else 'as many as were heard'})"
