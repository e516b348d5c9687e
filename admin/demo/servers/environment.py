"""Where a real server is installed: a virtual environment of its own, pinned by hash, made once and kept."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from admin.demo.servers.process import completed
from mapping.errors import ConcordError

LOCKS = Path(__file__).parent / "locks"
PATIENCE = 900.0


def cache() -> Path:
    """The folder that keeps what was installed: ``CONCORD_SERVERS``, or one below the user's cache."""
    chosen = os.environ.get("CONCORD_SERVERS")
    if chosen:
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "concord" / "servers"


def environment(name: str, lock: Path, say: Callable[[str], None] = print) -> Path:
    """The ``bin`` folder of an environment that holds exactly what ``lock`` pins.

    The first call makes it, which takes pip and a registry and up to a minute or two; ``say`` is told so before. Later
    calls, also of other processes at the same time, find it as it is. An environment that was cut off while it was made
    is made again. Raises ConcordError when it cannot be made, with the last words of what failed.
    """
    pins = lock.read_bytes()
    digest = hashlib.sha256(pins + sys.version.encode()).hexdigest()[:12]
    place = cache() / f"{name}-{digest}"
    done = place / "complete"
    with alone(place):
        if not done.exists():
            say(f"Installing {name} into {place}, each package checked against its hash (once)")
            shutil.rmtree(place, ignore_errors=True)
            try:
                _install(name, place, lock)
            except BaseException:
                shutil.rmtree(place, ignore_errors=True)
                raise
            done.touch()
    return place / "bin"


def _install(name: str, place: Path, lock: Path) -> None:
    """With our own pip where there is one: to give the new environment a pip takes longer than to install a server."""
    python, ours = str(place / "bin" / "python"), find_spec("pip") is not None
    _run(name, [sys.executable, "-m", "venv", *(["--without-pip"] if ours else []), str(place)])
    pip = [sys.executable, "-m", "pip", "--python", python] if ours else [python, "-m", "pip"]
    _run(name, [*pip, "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "-r", str(lock)])


@contextmanager
def alone(place: Path) -> Iterator[None]:
    """Inside, no other process makes what belongs at ``place``; a process that dies lets go."""
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.with_name(f"{place.name}.lock").open("w") as door:
        fcntl.flock(door, fcntl.LOCK_EX)
        yield


def _run(name: str, command: list[str]) -> None:
    try:
        done = completed(command, PATIENCE)
    except subprocess.TimeoutExpired as error:
        raise ConcordError(f"{name} could not be installed within {PATIENCE:.0f} seconds") from error
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip() or "nothing was said").splitlines()[-1]
        raise ConcordError(f"{name} could not be installed: {said}")
