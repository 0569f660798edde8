"""``antiphon models``: the models that are declared, with their parameters, addresses, weights and licences."""

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bridge.addresses import Table
    from models.contract import Model

HELP = "list the models, or tell about one"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add ``list`` and ``info NAME``."""
    commands = parser.add_subparsers(dest="models_command", required=True, metavar="list|info")
    listing = commands.add_parser("list", help="list the models")
    info = commands.add_parser("info", help="tell a model's parameters, addresses, weights and licence")
    info.add_argument("name", metavar="NAME")
    for command in (listing, info):
        command.add_argument("--json", action="store_true", help="print it as JSON")


def run(args: argparse.Namespace) -> int:
    """Print what was asked for. Returns 2 for a model that is not declared."""
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


def describe(model: "type[Model]", table: "Table") -> dict[str, Any]:
    """All that a person may ask about a model, ready for JSON."""
    from bridge import weights
    from bridge.reference import extent

    paths = table.model_paths(model)
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
    if not one["weights"]:
        return "\n".join([*lines, "", "Weights: none are shipped, you bring your own"])
    lines += ["", "Weights"]
    for file in one["weights"]:
        known = f"{file['bytes']} bytes, sha256 {file['sha256']}" if file["sha256"] else "MISSING"
        lines.append(f"  {file['file']}\n      {known}")
    lines += [f"Card: {card}" for card in one["cards"]]
    lines.append(f"Licence: {', '.join(one['licences']) or 'not stated'}")
    return "\n".join(lines)
