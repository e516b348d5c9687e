"""The skeleton of a connector: the files that docs/adding-a-connector.md explains, for a vendor of any name."""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

from mapping.errors import ConfigError

EXAMPLE = "sundial"
MODULES = ("__init__.py", "api.py", "connector.py", "mapping.py", "sandbox.py", "writes.py")
BESIDE = ("README.md", "pyproject.toml", "rig.py", f"test_{EXAMPLE}.py")
LONGEST = 24


@dataclass(frozen=True, slots=True)
class Skeleton:
    """A connector to begin with: its distribution, and the text of each file by its path, with slashes."""

    distribution: str
    files: Mapping[str, str]


def skeleton(name: str = EXAMPLE) -> Skeleton:
    """The skeleton for a vendor of that name. Raises ConfigError where it is no name for a connector."""
    problem = _problem(name)
    if problem:
        raise ConfigError(f"{name!r} cannot be a connector's name: {problem}")
    places = {**{file: file for file in BESIDE}, **{f"concord_{EXAMPLE}/{file}": file for file in MODULES}}
    return Skeleton(_distribution(name), {_for(name, path): _for(name, _text(file)) for path, file in places.items()})


def _problem(name: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name):
        return "it takes lower-case letters, digits and single underscores, and begins with a letter"
    if len(name) > LONGEST:
        return f"it has at most {LONGEST} letters"
    return "it is a word of Python's own" if keyword.iskeyword(name) else ""


def _distribution(name: str) -> str:
    return f"concord-{name.replace('_', '-')}"


def _text(file: str) -> str:
    return files(__package__).joinpath(f"{file}.txt").read_text(encoding="utf-8")


def _for(name: str, text: str) -> str:
    """The text with the example's name replaced, in each of the forms in which a name is written."""
    words = [word.capitalize() for word in name.split("_")]
    text = re.sub(r"Sundial(?=[A-Z])", "".join(words), text).replace("Sundial", " ".join(words))
    text = text.replace(f"concord-{EXAMPLE}", _distribution(name)).replace(
        f"{EXAMPLE}.example", f"{name.replace('_', '-')}.example"
    )
    return text.replace(EXAMPLE, name)
