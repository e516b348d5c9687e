"""What is shipped: the wheel holds all of Concord and nothing else, and runs where only it was installed."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.checkout import ROOT, packages, project, tracked

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Concord's wheel, built from this checkout without the network."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(build, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of commands of an environment into which only the wheel was installed.

    The libraries come from the environment of the tests by a path file, which Python reads after the environment's own
    packages; what lies in this checkout is in reach of neither.
    """
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False, symlinks=True)
    commands = folder / ("Scripts" if os.name == "nt" else "bin")
    pip = [sys.executable, "-m", "pip", "--isolated", "--python", str(commands / "python"), "install", "--quiet"]
    done = subprocess.run([*pip, "--no-deps", "--no-index", str(wheel)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    own = Path(sysconfig.get_path("purelib", vars={"base": str(folder)}))
    (own / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return commands


@pytest.fixture
def run(installed: Path, tmp_path: Path) -> Run:
    """Runs a command of that environment in an empty folder."""

    def command(name: str, *words: str) -> subprocess.CompletedProcess[str]:
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        words = (str(installed / name), *words)
        return subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)

    return command


def test_an_editable_install_needs_no_library_beyond_the_lock(tmp_path: Path) -> None:
    hook = "import sys; from hatchling.build import build_editable; build_editable(sys.argv[1])"
    done = subprocess.run([sys.executable, "-c", hook, str(tmp_path)], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as editable:
        paths = [editable.read(name).decode().strip() for name in editable.namelist() if name.endswith(".pth")]
    assert paths == [str(ROOT)]


def test_the_wheel_holds_all_six_packages_and_nothing_else(wheel: Path) -> None:
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {name for name in tops if not name.endswith(".dist-info")} == set(packages())
    assert len(packages()) == 6


def test_the_wheel_holds_every_file_of_the_packages(wheel: Path) -> None:
    inside = set(zipfile.ZipFile(wheel).namelist())
    kept = {name for name in tracked() if name.split("/")[0] in packages()}
    assert "config/starter.yaml" in kept
    assert any(name.startswith("state/migrations/versions/") for name in kept)
    assert kept - inside == set()


def test_the_wheel_holds_nothing_that_git_ignores(wheel: Path) -> None:
    inside = zipfile.ZipFile(wheel).namelist()
    assert [name for name in inside if "__pycache__" in name or name.endswith((".db", ".pyc", ".key"))] == []


def test_the_installed_packages_are_those_of_the_wheel(run: Run, installed: Path) -> None:
    script = f"import {', '.join(packages())}; print(*(p.__file__ for p in ({', '.join(packages())})), sep='\\n')"
    done = run("python", "-c", script)
    assert done.returncode == 0, done.stderr
    strangers = [line for line in done.stdout.splitlines() if not Path(line).is_relative_to(installed.parent)]
    assert strangers == []


def test_the_installed_command_says_its_version(run: Run) -> None:
    done = run("concord", "--version")
    assert (done.returncode, done.stdout) == (0, f"concord {project()['project']['version']}\n"), done.stderr


def test_the_installed_command_writes_a_configuration_that_it_accepts(run: Run, tmp_path: Path) -> None:
    begun = run("concord", "init")
    assert begun.returncode == 0, begun.stderr
    assert (tmp_path / "concord.yaml").is_file()
    checked = run("concord", "config", "check")
    assert checked.returncode == 0, checked.stderr
    assert "is valid" in checked.stdout
