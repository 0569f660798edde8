"""``antiphon models``: the models that are declared, and Magenta's checkpoints, pulled or imported."""

import argparse
import functools
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bridge.addresses import Table
    from bridge.announce import Announcement
    from models.contract import Model

HELP = "list the models, tell about one, pull or import checkpoints of Magenta's"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add ``list``, ``info NAME``, ``pull NAME`` and ``import PATH``."""
    commands = parser.add_subparsers(dest="models_command", required=True, metavar="list|info|pull|import")
    listing = commands.add_parser("list", help="list the models")
    info = commands.add_parser("info", help="tell a model's parameters, addresses, weights and licence")
    info.add_argument("name", metavar="NAME")
    for command in (listing, info):
        command.add_argument("--json", action="store_true", help="print it as JSON")
    pull = commands.add_parser("pull", help="download a MusicVAE checkpoint that Magenta published, and convert it")
    pull.add_argument("name", metavar="NAME", help="as cat-mel_2bar_big or hierdec-trio_16bar")
    pull.add_argument("--js", action="store_true", help="take magenta-js's edition of it")
    pull.add_argument("--url", help="another place than Magenta's, with the same names")
    bring = commands.add_parser("import", help="convert a MusicVAE checkpoint at hand")
    bring.add_argument(
        "path", type=Path, metavar="PATH", help="model.ckpt, .tar, .npz, .safetensors, magenta-js folder"
    )
    bring.add_argument("--hparams", type=json.loads, default={}, metavar="JSON", help="sizes that differ")
    forms = ("safetensors", "magenta-js", "tensorflow")
    bring.add_argument("--format", choices=forms, default=forms[0], help="what to write (default: %(default)s)")
    for command in (pull, bring):
        command.add_argument("--config", help="Magenta's name of the configuration")
        command.add_argument("--folder", type=Path, help="where to (default: the user's data folder)")


def run(args: argparse.Namespace) -> int:
    """Print what was asked for. Returns 2 for a model that is not declared, 1 for a checkpoint that cannot be had."""
    if args.models_command in ("pull", "import"):
        return _checkpoint(args)
    from bridge.addresses import Table

    table = Table()
    described = [describe(model, table) for model in table.models]
    if args.models_command == "list":
        print(json.dumps(described, indent=2) if args.json else _listed(described))
        return 0
    chosen = [one for one in described if one["name"] == args.name]
    if not chosen:
        names = ", ".join(one["name"] for one in described)
        print(f"model must be one of {names}, got {args.name!r}", file=sys.stderr)
        return 2
    print(json.dumps(chosen[0], indent=2) if args.json else _told(chosen[0]))
    return 0


def _checkpoint(args: argparse.Namespace) -> int:
    from bridge import magenta
    from bridge.announce import announced
    from bridge.download import DownloadError

    into = args.folder or magenta.folder()
    try:
        if args.models_command == "pull":
            base = args.url or (magenta.JS_CHECKPOINTS if args.js else magenta.CHECKPOINTS)
            if not base.startswith(("https://", "http://")):
                print(f"a place must begin with https:// or http://, got {base!r}", file=sys.stderr)
                return 2
            tell = functools.partial(print, flush=True)
            with announced("download", args.name) as announce:
                progress = _progress(announce)
                made = magenta.pull(
                    args.name, args.config, base.rstrip("/"), into, js=args.js, tell=tell, progress=progress
                )
            print(f"Licence: {magenta.LICENCE}")
        else:
            name = args.path.name.removesuffix(".safetensors").removesuffix(".tar").removesuffix(".npz")
            out = into / f"{name.removesuffix('.ckpt')}{magenta.ENDINGS[args.format]}"
            made = magenta.convert(args.path, args.config, args.hparams, out, args.format)
    except (DownloadError, OSError, ValueError) as error:
        print(f"antiphon models {args.models_command}: {error}", file=sys.stderr)
        return 1
    print(f"{made.path}: {made.config}, {made.tensors} tensors, {made.bytes / 1e6:.1f} MB")
    return 0


def _progress(announce: "Announcement") -> Callable[[int, int], None]:
    """Tell how far a download is, at each tenth."""
    told = -1

    def tell(have: int, total: int) -> None:
        nonlocal told
        announce(have / total if total else 0.0, {"MB": round(have / 1e6, 1)})
        tenth = have * 10 // total if total else have // 10_000_000
        if tenth != told:
            told = tenth
            print(f"  {have / 1e6:.1f} MB" + (f" of {total / 1e6:.1f}" if total else ""), flush=True)

    return tell


def describe(model: "type[Model]", table: "Table") -> dict[str, Any]:
    """All that a person may ask about a model, ready for JSON."""
    from bridge import weights
    from bridge.reference import extent
    from models.contract import FrameModel

    paths, actions = table.model_paths(model), table.action_paths(model)
    cards = weights.cards(model)
    return {
        "name": model.name,
        "doc": " ".join((model.__doc__ or "").split()),
        "slot": table.slot(model),
        "parameters": [
            {"address": path, "type": table[path].arguments[0].type, "range": extent(table[path].arguments[0])}
            | {"default": table[path].arguments[0].default, "doc": table[path].doc}
            for path in paths.values()
        ],
        "input": " ".join(each.doc for each in model.inputs().values()) if issubclass(model, FrameModel) else "",
        "actions": [
            {"address": path, "doc": table[path].doc}
            | {
                "arguments": [
                    {"name": one.name, "type": one.type, "range": extent(one), "default": one.default}
                    for one in table[path].arguments
                ]
            }
            for path in actions.values()
        ],
        "weights": [
            {"file": str(file.path), "bytes": file.path.stat().st_size, "sha256": file.sha256()}
            if file.path.is_file()
            else {"file": str(file.path), "bytes": None, "sha256": None}
            for file in weights.files(model)
        ],
        "cards": [str(card) for card in cards],
        "licences": sorted({weights.licence(card) for card in cards} - {""}),
    }


def _listed(described: list[dict[str, Any]]) -> str:
    width = max((len(one["name"]) for one in described), default=0)
    lines = []
    for one in described:
        size = sum(file["bytes"] or 0 for file in one["weights"])
        lines.append(f"{one['name']:{width}}  {one['slot']:7}  {size / 1e6:5.1f} MB  {one['doc']}")
    return "\n".join(lines)


def _told(one: dict[str, Any]) -> str:
    lines = [f"{one['name']}: {one['doc']}", f"Chosen with {one['slot']}/model {one['name']}", "", "Parameters"]
    for parameter in one["parameters"]:
        extent = f"  {parameter['range']}" if parameter["range"] else ""
        lines.append(f"  {parameter['address']}  {parameter['type']}{extent}  (default {parameter['default']})")
        lines.append(f"      {parameter['doc']}")
    if one["input"]:
        lines += ["", f"Takes frames in: {one['input']}"]
    if one["actions"]:
        lines += ["", "Actions"]
    for action in one["actions"]:
        lines.append(f"  {' '.join([action['address'], *(argument['name'] for argument in action['arguments'])])}")
        lines.append(f"      {action['doc']}")
        for argument in action["arguments"]:
            extent = f"  {argument['range']}" if argument["range"] else ""
            lines.append(f"      {argument['name']}: {argument['type']}{extent}  (default {argument['default']!r})")
    if not one["weights"]:
        return "\n".join([*lines, "", "Weights: none are shipped, you bring your own"])
    lines += ["", "Weights"]
    for file in one["weights"]:
        known = f"{file['bytes']} bytes, sha256 {file['sha256']}" if file["sha256"] else "MISSING"
        lines.append(f"  {file['file']}\n      {known}")
    lines += [f"Card: {card}" for card in one["cards"]]
    lines.append(f"Licence: {', '.join(one['licences']) or 'not stated'}")
    return "\n".join(lines)
