"""Magenta's checkpoints on this machine: converted from a file at hand, or pulled from where Magenta published them."""

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from bridge.download import DownloadError, Progress, fetch
from bridge.measure.files import writing
from bridge.system import data_folder

CHECKPOINTS = "https://storage.googleapis.com/magentadata/models/music_vae/checkpoints"
JS_CHECKPOINTS = "https://storage.googleapis.com/magentadata/js/checkpoints/music_vae"
LICENCE = "published by the Magenta project, whose code is Apache-2.0; no licence of the weights themselves is stated"
MANIFEST_BYTES = 16 << 20
Form = Literal["safetensors", "magenta-js", "tensorflow"]
ENDINGS: dict[Form, str] = {"safetensors": ".safetensors", "magenta-js": "", "tensorflow": ".ckpt"}


@dataclass(frozen=True)
class Converted:
    """A checkpoint that became ours."""

    path: Path
    config: str
    tensors: int
    bytes: int


def folder() -> Path:
    """Where converted checkpoints are kept."""
    return data_folder() / "music_vae"


def convert(
    path: Path, config: str | None, hparams: Mapping[str, Any], out: Path, form: Form = "safetensors"
) -> Converted:
    """Read a checkpoint of any format and write it in another, exactly (float32).

    ``out`` is the file, for magenta-js the folder, for tensorflow the prefix. Raises OSError or ValueError with the
    reason; then nothing is written.
    """
    from models.music_vae import checkpoints, from_checkpoint
    from models.music_vae.checkpoints import magenta_js, own, tensorflow
    from models.music_vae.network import variables

    network = from_checkpoint(path, config, hparams)  # proves that it is whole and fits
    _, tensors = checkpoints.read(path)
    needed = {name: tensors[name] for name in variables(network.config) if name in tensors}
    if form == "magenta-js":
        magenta_js.spec(network.config)  # refuses what magenta-js cannot run
    out.parent.mkdir(parents=True, exist_ok=True)
    match form:
        case "safetensors":
            own.write(out, network.config, needed)
        case "magenta-js":
            magenta_js.write(out, network.config, needed)
        case "tensorflow":
            tensorflow.write(out, needed)
    return Converted(out, network.config.name, len(needed), sum(array.nbytes for array in needed.values()))


def config_of(name: str) -> str:
    """The configuration that a published name begins with, as cat-drums_2bar_small.lokl does. Raises ValueError."""
    from models.music_vae.configs import ALIASES, CONFIGS

    fitting = [known for known in (*CONFIGS, *ALIASES) if name == known or name.startswith((f"{known}.", f"{known}_"))]
    if not fitting:
        raise ValueError(
            f"no configuration is called as {name!r} begins: give one by --config, of {', '.join(CONFIGS)}"
        )
    return max(fitting, key=len)


def pull(
    name: str, config: str | None, base: str, into: Path, *, js: bool, tell: Callable[[str], None], progress: Progress
) -> Converted:
    """Download a published checkpoint, check its hash against the first time's, convert it, and drop the original.

    Raises DownloadError, OSError or ValueError with the reason; a checkpoint that was there before stays.
    """
    if not name or "/" in name or "\\" in name or name.startswith("."):
        raise ValueError(f"a published name has no folders in it, got {name!r}")
    config = config or config_of(name)
    work = into / f".{name}"
    try:
        hashes = _pull_js(name, base, work, tell, progress) if js else _pull_tar(name, base, work, tell, progress)
        _same_as_before(into / "hashes.json", hashes)
        tell(f"converting {name} for {config}")
        made = convert(work if js else work / f"{name}.tar", config, {}, into / f"{name}.safetensors")
        _record(into / "hashes.json", hashes)
    except DownloadError:
        raise  # what came is kept to go on with
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        raise
    shutil.rmtree(work)
    return made


def _pull_tar(name: str, base: str, work: Path, tell: Callable[[str], None], progress: Progress) -> dict[str, str]:
    url = f"{base}/{name}.tar"
    tell(url)
    return {url: fetch(url, work / f"{name}.tar", progress)}


def _pull_js(name: str, base: str, work: Path, tell: Callable[[str], None], progress: Progress) -> dict[str, str]:
    manifest = work / "weights_manifest.json"
    hashes = {}
    url = f"{base}/{name}/{manifest.name}"
    tell(url)
    hashes[url] = fetch(url, manifest, progress)
    if manifest.stat().st_size > MANIFEST_BYTES:
        raise ValueError(f"{url}: a manifest must be at most {MANIFEST_BYTES} bytes")
    try:
        paths = [path for group in json.loads(manifest.read_bytes()) for path in group["paths"]]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{url}: not a manifest: {error}") from error
    for path in dict.fromkeys(paths):
        if not isinstance(path, str) or not path or path != Path(path).name or "\\" in path or path.startswith("."):
            raise ValueError(f"{url}: a shard must lie beside its manifest, got {path!r}")
        shard = f"{base}/{name}/{path}"
        tell(shard)
        hashes[shard] = fetch(shard, work / path, progress)
    return hashes


def _same_as_before(record: Path, hashes: Mapping[str, str]) -> None:
    known = json.loads(record.read_text()) if record.exists() else {}
    for url, found in hashes.items():
        if known.get(url, found) != found:
            raise ValueError(
                f"{url} has changed: its SHA-256 is {found}, the first time it was {known[url]}."
                f" If that is as it should be, take it out of {record}"
            )


def _record(record: Path, hashes: Mapping[str, str]) -> None:
    known = json.loads(record.read_text()) if record.exists() else {}
    with writing(record) as temporary:
        temporary.write_text(json.dumps(known | dict(hashes), indent=1) + "\n")
