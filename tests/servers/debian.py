"""Servers out of Debian's packages, unpacked into the cache of servers and run from there, without being installed."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from admin.demo.servers.environment import alone, cache
from mapping.errors import ConcordError

PATIENCE = 300.0


def unpacked(name: str, packages: Sequence[str]) -> Path:
    """The folder below which the packages lie unpacked; fetched by apt the first time. Raises ConcordError."""
    place = cache() / f"{name.lower()}-debian"
    with alone(place):
        if not (place / "complete").exists():
            for tool in ("apt-get", "dpkg"):
                if shutil.which(tool) is None:
                    raise ConcordError(f"{name} comes out of Debian's packages, and there is no {tool} here")
            shutil.rmtree(place, ignore_errors=True)
            debs = place / "debs"
            debs.mkdir(parents=True)
            _download(name, packages, debs)
            for deb in sorted(debs.glob("*.deb")):
                run(name, ["dpkg", "-x", str(deb), str(place)])
            (place / "complete").touch()
    return place


def _download(name: str, packages: Sequence[str], debs: Path) -> None:
    """A fresh image has no lists of packages yet; root may fetch them."""
    command = ["apt-get", "download", "-q", *packages]
    try:
        run(name, command, at=debs)
    except ConcordError:
        if os.geteuid() != 0:
            raise
        run(name, ["apt-get", "update", "-q"])
        run(name, command, at=debs)


def run(
    name: str,
    command: Sequence[str],
    variables: Mapping[str, str] | None = None,
    *,
    given: str = "",
    at: Path | None = None,
) -> None:
    """Runs a command of the server's making to its end. Raises ConcordError with its last words where it fails."""
    surroundings = {**os.environ, **(variables or {}), "LC_ALL": "C.UTF-8"}
    try:
        done = subprocess.run(
            command,
            input=given,
            capture_output=True,
            text=True,
            env=surroundings,
            cwd=at,
            timeout=PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ConcordError(f"{name} cannot be had here: {command[0]}: {type(error).__name__}") from error
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip() or "it said nothing").splitlines()[-1]
        raise ConcordError(f"{name} cannot be had here: {command[0]}: {said}")
