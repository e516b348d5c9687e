"""What lies in this checkout: its files as git or the disk has them, and what pyproject.toml says of them."""

from __future__ import annotations

import subprocess
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]


@cache
def project() -> dict[str, Any]:
    """pyproject.toml, parsed."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@cache
def packages() -> tuple[str, ...]:
    """The packages that are shipped."""
    return tuple(project()["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])


def shipped() -> Iterator[Path]:
    """Every Python file that is shipped."""
    for package in packages():
        yield from sorted((ROOT / package).rglob("*.py"))


@cache
def tracked() -> tuple[str, ...]:
    """Every file that git keeps, relative to the root. Skips the test where this is no checkout."""
    try:
        told = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode()
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this is no git checkout, so there is no list of what is kept")
    return tuple(name for name in told.split("\0") if name and (ROOT / name).is_file())
