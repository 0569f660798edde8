import gzip
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from models.music_vae import from_checkpoint

DATA = Path(__file__).parents[2] / "data" / "music_vae"
REFERENCES = sorted(path.name for path in DATA.iterdir() if path.is_dir())


@dataclass(frozen=True)
class Reference:
    """What Magenta's own code computed with a small network of one configuration."""

    name: str
    arrays: dict
    meta: dict

    @property
    def checkpoint(self):
        npz = DATA / self.name / "weights.npz"
        return npz if npz.exists() else DATA / self.name / "model.ckpt"

    def network(self):
        return from_checkpoint(self.checkpoint, config=self.name, hparams=self.meta["hparams"])


def load(name):
    with np.load(DATA / name / "io.npz") as arrays:
        found = {key: arrays[key] for key in arrays.files}
    return Reference(name, found, json.loads(gzip.decompress((DATA / name / "meta.json.gz").read_bytes())))


@pytest.fixture(scope="module", params=REFERENCES)
def reference(request):
    return load(request.param)
