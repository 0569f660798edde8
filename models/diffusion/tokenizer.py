"""CLIP's tokenizer for single files, which hold none: found on this machine, or built from its list of merges."""

from __future__ import annotations

import contextlib
import gzip
import importlib.util
from pathlib import Path
from typing import Any

from transformers import CLIPTokenizer

MERGES = "bpe_simple_vocab_16e6.txt.gz"
"""As OpenAI published it; open_clip and clip carry it."""
PACKAGES = ("open_clip", "clip")
COUNT = 49152 - 256 - 2
"""Merges that CLIP uses of the list."""
TOKENS = 49408
LENGTH = 77
REPOSITORY = "openai/clip-vit-large-patch14"
LARGEST = 16 << 20


def find(beside: Path, pad: str = "<|endoftext|>") -> Any:
    """The tokenizer: in a folder ``tokenizer`` or as MERGES beside the checkpoint, in a package, or in the cache.

    ``pad`` is what fills a prompt up: ``!`` for OpenCLIP's text encoders. Raises OSError, saying what to get.
    """
    folder = beside / "tokenizer"
    options: dict[str, Any] = {"local_files_only": True, "pad_token": pad}
    if any((folder / name).is_file() for name in ("tokenizer.json", "vocab.json")):
        return CLIPTokenizer.from_pretrained(folder, **options)
    for path in (beside / MERGES, *_packages()):
        if path.is_file():
            return build(path, pad)
    with contextlib.suppress(OSError, ValueError):
        cached = CLIPTokenizer.from_pretrained(REPOSITORY, **options)
        if len(cached) == TOKENS:  # transformers makes an empty one up where there are no files
            return cached
    raise OSError(
        f"a single file needs CLIP's tokenizer: put a folder tokenizer (vocab.json, merges.txt) or {MERGES} beside it,"
        f" or pip install open_clip_torch; {REPOSITORY} is not in the cache"
    )


def build(path: Path, pad: str) -> Any:
    """The tokenizer of a list of merges, one a line after the first. Raises OSError or ValueError."""
    if path.stat().st_size > LARGEST:
        raise ValueError(f"{path}: a list of merges must be at most {LARGEST} bytes")
    with gzip.open(path, "rt", encoding="utf-8") as file:
        lines = file.read(4 * LARGEST).split("\n")[1 : COUNT + 1]
    merges = [tuple(line.split()) for line in lines if len(line.split()) == 2]
    letters = _letters()
    tokens = [*letters, *(f"{letter}</w>" for letter in letters), *("".join(merge) for merge in merges)]
    tokens += ["<|startoftext|>", "<|endoftext|>"]
    vocabulary = {token: number for number, token in enumerate(tokens)}
    return CLIPTokenizer(vocabulary, merges, model_max_length=LENGTH, pad_token=pad)


def _letters() -> list[str]:
    """A printable letter for each byte, those that are printable themselves first (GPT-2's order)."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in printable]
    return [*map(chr, printable), *(chr(256 + number) for number in range(len(others)))]


def _packages() -> list[Path]:
    """Where installed packages would have the list; none of them is imported."""
    found = []
    for name in PACKAGES:
        spec = importlib.util.find_spec(name)
        found += [Path(place) / MERGES for place in (spec.submodule_search_locations or () if spec else ())]
    return found
