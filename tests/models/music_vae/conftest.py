import gzip
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from models.music_vae import from_checkpoint
from models.music_vae.threads import use_one_thread

DATA = Path(__file__).parents[2] / "data" / "music_vae"
REFERENCES = sorted(path.name for path in DATA.iterdir() if path.is_dir())


use_one_thread()  # two on busy cores take many times as long


@dataclass(frozen=True)
class Reference:
    """What Magenta's own code computed with a small network of one configuration."""

    name: str
    arrays: dict
    meta: dict

    @property
    def checkpoint(self):
        bundle = DATA / self.name / "model.ckpt"
        return bundle if bundle.with_suffix(".ckpt.index").exists() else DATA / self.name / "weights.npz"

    def network(self):
        return from_checkpoint(self.checkpoint, config=self.name, hparams=self.meta["hparams"])


def load(name):
    with np.load(DATA / name / "io.npz") as arrays:
        found = {"stride": 1} | {key.partition("::")[0]: arrays[key] for key in arrays.files}
    found.setdefault("initial_state", found.get("tf_tanh"))
    return Reference(name, found, json.loads(gzip.decompress((DATA / name / "meta.json.gz").read_bytes())))


@pytest.fixture(scope="module", params=REFERENCES)
def reference(request):
    return load(request.param)
