"""The wheel: what is in it, and that it runs in an environment of its own, from another folder."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from models.contract import discover

ROOT = Path(__file__).parent.parent

pytestmark = pytest.mark.timeout(300)  # the installation takes half a minute on a quiet machine, the demo a whole one


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def files(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_wheel_holds_the_packages_and_the_patches_and_nothing_else(files: set[str]) -> None:
    tops = {name.partition("/")[0] for name in files}
    metadata = {top for top in tops if top.startswith("antiphon-")}
    assert tops - metadata == {"bridge", "models"}
    assert {top.rpartition(".")[2] for top in metadata} == {"data", "dist-info"}
    data = {name for name in files if ".data/" in name}
    assert data and all("/share/antiphon/patches/" in name for name in data)
    assert any(name.endswith("/licenses/LICENSE") for name in files)


@pytest.mark.parametrize("package", ["bridge", "models"])
def test_wheel_holds_every_file_of_a_package(files: set[str], package: str) -> None:
    tracked = {path.relative_to(ROOT).as_posix() for path in (ROOT / package).rglob("*") if path.is_file()}
    tracked = {path for path in tracked if "__pycache__" not in path}
    assert tracked
    assert tracked <= files


def test_wheel_holds_the_weights(files: set[str]) -> None:
    weights = {f"models/weights/{name}" for model in discover() for name in model.weights}
    assert weights
    assert weights <= files


class Environment:
    """A virtual environment that holds the wheel and what it requires, and a folder that is not the repository."""

    def __init__(self, folder: Path, wheel: Path) -> None:
        self.folder = folder / "elsewhere"
        self.folder.mkdir()
        subprocess.run([sys.executable, "-m", "venv", str(folder / "venv")], check=True)
        self.bin = folder / "venv" / ("Scripts" if os.name == "nt" else "bin")
        install = [str(self.bin / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*install, "--constraint", str(ROOT / "constraints.txt"), str(wheel)], check=True)

    def antiphon(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the installed command in the other folder."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        command = [str(self.bin / "antiphon"), *arguments]
        return subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True)


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Environment:
    return Environment(tmp_path_factory.mktemp("environment"), wheel)


def test_version(environment: Environment) -> None:
    result = environment.antiphon("--version")
    assert result.returncode == 0, result.stderr
    assert result.stdout.split()[0] == "antiphon"


def test_doctor(environment: Environment) -> None:
    result = environment.antiphon("doctor", "--json")
    failed = [finding for finding in json.loads(result.stdout)["findings"] if finding["state"] == "fail"]
    assert not [finding for finding in failed if " port " not in finding["name"]], result.stdout + result.stderr


def test_demo(environment: Environment) -> None:
    result = environment.antiphon("demo")
    assert result.returncode == 0, result.stdout + result.stderr
    written = {path.name for path in (environment.folder / "out").iterdir() if path.stat().st_size > 0}
    assert {"demo.mid", "demo.png", "demo.mp4", "demo.wav"} <= written, result.stdout
