"""What is exported plays the same under @magenta/music in Node: npm install --prefix tests/clients/magenta_js."""

import functools
import http.server
import json
import os
import shutil
import subprocess
import threading
from pathlib import Path

import numpy as np
import pytest

from models.music_vae import checkpoints, configs, encodings
from models.music_vae.checkpoints import magenta_js
from models.music_vae.encodings.melody_steps import SECONDS_PER_STEP

from .conftest import load

CLIENT = Path(__file__).parents[2] / "clients" / "magenta_js"
MODULES = Path(os.environ.get("ANTIPHON_MAGENTA_JS", CLIENT / "node_modules"))

pytestmark = [
    pytest.mark.skipif(shutil.which("node") is None, reason="Node is missing: install nodejs"),
    pytest.mark.skipif(
        not (MODULES / "@magenta" / "music").is_dir(),
        reason="@magenta/music is missing: npm install --prefix tests/clients/magenta_js",
    ),
    pytest.mark.timeout(240),
]


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def served(tmp_path):
    handler = functools.partial(Quiet, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield tmp_path, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    "name",
    ["cat-mel_2bar_small", "cat-drums_2bar_small", "nade-drums_2bar_reduced", "hier-mel_16bar", "hier-trio_16bar"],
)
def test_the_same_latent_vectors_become_the_same_notes(served, name):
    folder, url = served
    reference = load(name)
    config = configs.find(name).with_hparams(reference.meta["hparams"])
    magenta_js.write(folder, config, checkpoints.read(reference.checkpoint)[1])
    z = np.random.default_rng(0).standard_normal((3, config.hparams.z_size)).astype(np.float32)
    done = subprocess.run(
        ["node", CLIENT / "decode.cjs", url],
        input=json.dumps({"z": z.tolist(), "temperature": None}),
        env=os.environ | {"NODE_PATH": str(MODULES)},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    steps = np.stack(list(reference.network().decode(z, config.hparams.max_seq_len, temperature=0.0)), 1)
    for row, theirs in zip(steps, json.loads(done.stdout)["notes"], strict=True):
        ours = [
            (note.pitch, round(note.start / SECONDS_PER_STEP), round(note.end / SECONDS_PER_STEP))
            for note in encodings.decode(config, row).notes
        ]
        assert ours
        assert sorted(ours) == sorted(map(tuple, theirs))
