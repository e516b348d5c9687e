"""Servers out of npm's packages, installed into the cache of servers: exact releases, and no dependency younger than a
day that is named."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from admin.demo.servers.environment import alone, cache
from admin.demo.servers.process import completed
from mapping.errors import ConcordError

PATIENCE = 900.0
HEADERS = Path("/usr/include/node")
"""Where Debian keeps Node's headers: what has to be compiled is compiled against the Node that will run it."""


@dataclass(frozen=True, slots=True)
class Packages:
    """What a server is made of. ``before`` is the day (ISO 8601) after which nothing may have been published: together
    with the exact releases it decides on every dependency."""

    name: str
    releases: Mapping[str, str]
    before: str


def installed(packages: Packages) -> Path:
    """The folder with ``node_modules``; made by npm the first time, which takes minutes. Raises ConcordError."""
    wanted = json.dumps([packages.name, dict(packages.releases), packages.before], sort_keys=True)
    place = cache() / f"{packages.name.lower()}-{hashlib.sha256(wanted.encode()).hexdigest()[:12]}"
    with alone(place):
        if not (place / "complete").exists():
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir(parents=True)
            manifest = {"name": packages.name.lower(), "version": "0.0.1", "private": True}
            (place / "package.json").write_text(json.dumps(manifest), encoding="utf-8")
            exactly = [f"{name}@{release}" for name, release in packages.releases.items()]
            quiet = ["--no-audit", "--no-fund", "--loglevel=error", "--save-exact", f"--before={packages.before}"]
            where = ["--prefix", str(place), *([f"--nodedir={HEADERS.parents[1]}"] if HEADERS.is_dir() else [])]
            run(packages.name, ["npm", "install", *where, *quiet, *exactly])
            (place / "complete").touch()
    return place


def run(name: str, command: Sequence[str], variables: Mapping[str, str] | None = None) -> None:
    """Runs a command of the server's making to its end. Raises ConcordError with its last words where it fails."""
    try:
        done = completed(command, PATIENCE, {**os.environ, **(variables or {})})
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ConcordError(f"{name} cannot be had here: {command[0]}: {type(error).__name__}") from error
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip() or "it said nothing").splitlines()[-1]
        raise ConcordError(f"{name} cannot be had here: {command[0]}: {said}")
