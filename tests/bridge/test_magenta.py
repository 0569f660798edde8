"""Checkpoints pulled from a server that breaks off, lies and changes, and converted from files at hand."""

import http.server
import io
import json
import shutil
import tarfile
import threading
from pathlib import Path

import numpy as np
import pytest

from bridge import download, magenta
from bridge.__main__ import main
from models.music_vae import checkpoints
from models.music_vae.checkpoints import magenta_js
from models.music_vae.configs import find

DATA = Path(__file__).parents[1] / "data" / "music_vae" / "cat-mel_2bar_small"
HPARAMS = {"z_size": 24, "enc_rnn_size": [40], "dec_rnn_size": [32, 32]}
NAME = "cat-mel_2bar_small"


class Server(http.server.ThreadingHTTPServer):
    """Serves `files` by path; `breaks` says after how many bytes each of the next answers is cut."""

    files: dict[str, bytes]
    breaks: list[int]
    lie: int = 0
    ranges: list[str]


class Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def do_GET(self):
        body = self.server.files.get(self.path)
        if body is None:
            self.send_error(404)
            return
        start = 0
        asked = self.headers.get("Range")
        if asked and self.headers.get("If-Range") == f'"{len(body)}"':
            self.server.ranges.append(asked)
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        else:
            self.send_response(200)
        self.send_header("ETag", f'"{len(body)}"')
        self.send_header("Content-Length", str(len(body) - start + self.server.lie))
        self.end_headers()
        end = start + self.server.breaks.pop(0) if self.server.breaks else len(body)
        self.wfile.write(body[start:end])
        self.close_connection = True

    def log_message(self, *_):
        pass


@pytest.fixture
def server(monkeypatch):
    original = magenta.convert
    monkeypatch.setattr(magenta, "convert", lambda path, config, _, out: original(path, config, HPARAMS, out))
    monkeypatch.setattr(download.time, "sleep", lambda _: None)
    with Server(("127.0.0.1", 0), Handler) as found:
        found.files, found.breaks, found.ranges = {}, [], []
        thread = threading.Thread(target=found.serve_forever)
        thread.start()
        yield found
        found.shutdown()
        thread.join()


def tar(*members):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


@pytest.fixture
def published(server):
    server.files[f"/{NAME}.tar"] = tar(*((file.name, file.read_bytes()) for file in sorted(DATA.glob("model.ckpt.*"))))
    return server


def pull(server, folder, *more):
    return main(
        ["models", "pull", NAME, "--url", f"http://127.0.0.1:{server.server_port}", "--folder", str(folder), *more]
    )


def names(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_download_that_breaks_off_is_gone_on_with(published, tmp_path, capsys):
    published.breaks = [100_000, 50_000]
    assert pull(published, tmp_path) == 0
    assert published.ranges == ["bytes=100000-", "bytes=150000-"]
    assert names(tmp_path) == [f"{NAME}.safetensors", "hashes.json"]
    config, tensors = checkpoints.read(tmp_path / f"{NAME}.safetensors")
    assert config is not None and config.hparams.z_size == 24
    wanted = checkpoints.read(DATA / "model.ckpt")[1]
    assert all(np.array_equal(tensors[name], wanted[name]) for name in wanted)
    said = capsys.readouterr().out
    assert "Licence: " in said and " MB" in said


def test_it_goes_on_the_next_time_and_starts_anew_if_the_file_is_another(published, tmp_path, capsys):
    published.breaks = [1000] * 5
    assert pull(published, tmp_path) == 1
    assert "broke off" in capsys.readouterr().err
    assert not (tmp_path / f"{NAME}.safetensors").exists()
    published.files[f"/{NAME}.tar"] += bytes(512)
    assert pull(published, tmp_path) == 0
    assert published.ranges[-1] == "bytes=4000-"


def test_a_changed_file_is_refused(published, tmp_path, capsys):
    assert pull(published, tmp_path) == 0
    before = (tmp_path / f"{NAME}.safetensors").read_bytes()
    published.files[f"/{NAME}.tar"] += bytes(512)
    assert pull(published, tmp_path) == 1
    assert "has changed: its SHA-256 is" in capsys.readouterr().err
    assert (tmp_path / f"{NAME}.safetensors").read_bytes() == before
    assert names(tmp_path) == [f"{NAME}.safetensors", "hashes.json"]


@pytest.mark.parametrize(
    ("lie", "reason"),
    [(1000, "broke off"), (-1000, "not a whole tar|ends after|cannot be read|must hold one"), (1 << 40, "at most")],
)
def test_a_server_that_lies_about_the_length_leaves_no_model(published, tmp_path, capsys, lie, reason):
    published.lie = lie
    if lie == -1000:  # shorter than its last file
        published.files[f"/{NAME}.tar"] = published.files[f"/{NAME}.tar"].rstrip(b"\0")
    assert pull(published, tmp_path) == 1
    said = capsys.readouterr().err
    assert any(part in said for part in reason.split("|"))
    assert not (tmp_path / f"{NAME}.safetensors").exists()


def test_a_hostile_archive_writes_nothing(server, tmp_path, capsys):
    inside = tmp_path / "inside"
    server.files[f"/{NAME}.tar"] = tar(("../../escaped.index", b"x" * 100), ("/etc/escaped", b"x"))
    assert pull(server, inside) == 1
    assert "magic number" in capsys.readouterr().err
    assert names(tmp_path) == []


def test_magenta_js_checkpoints_are_pulled(server, tmp_path, capsys):
    config = find(NAME).with_hparams(HPARAMS)
    magenta_js.write(tmp_path / "js", config, checkpoints.read(DATA / "model.ckpt")[1])
    for path in (tmp_path / "js").iterdir():
        server.files[f"/{NAME}/{path.name}"] = path.read_bytes()
    assert pull(server, tmp_path / "out", "--js") == 0
    manifest = [{"paths": ["../../escaped"], "weights": []}]
    server.files[f"/{NAME}/weights_manifest.json"] = json.dumps(manifest).encode()
    assert pull(server, tmp_path / "other", "--js") == 1
    assert "must lie beside its manifest" in capsys.readouterr().err
    assert names(tmp_path / "other") == []


def test_what_is_not_there_is_told(server, tmp_path, capsys):
    assert pull(server, tmp_path) == 1
    assert "404" in capsys.readouterr().err
    for name, reason in (("orchestra", "give one by --config"), ("../up", "no folders")):
        assert main(["models", "pull", name, "--folder", str(tmp_path)]) == 1
        assert reason in capsys.readouterr().err
    assert main(["models", "pull", NAME, "--url", "file:///etc"]) == 2
    assert names(tmp_path) == []


def test_import_converts_and_refuses(tmp_path, capsys):
    sizes = json.dumps(HPARAMS)
    command = ["models", "import", str(DATA / "model.ckpt"), "--folder", str(tmp_path)]
    assert main([*command, "--config", NAME, "--hparams", sizes]) == 0
    assert f"{NAME}, 16 tensors" in capsys.readouterr().out
    assert names(tmp_path) == ["model.safetensors"]
    made = str(tmp_path / "model.safetensors")
    for form, written in (("magenta-js", "model/config.json"), ("tensorflow", "model.ckpt.index")):
        assert main(["models", "import", made, "--folder", str(tmp_path), "--format", form]) == 0
        assert written in names(tmp_path)
    capsys.readouterr()
    shutil.rmtree(tmp_path)
    for more, reason in (
        (["--config", NAME], "must have shape"),
        ([], "say which one config is"),
        (["--config", "orchestra"], "config must be one of"),
    ):
        assert main([*command, *more]) == 1
        assert reason in capsys.readouterr().err
    assert not tmp_path.exists() or names(tmp_path) == []


def test_published_names_have_their_configuration():
    assert magenta.config_of("cat-drums_2bar_small.hikl") == "cat-drums_2bar_small"
    assert magenta.config_of("groovae_2bar_tap_fixed_velocity") == "groovae_2bar_tap_fixed_velocity"
