"""What every format reader yields, and what it may be told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connectors.files.formats.tables import Head
from connectors.files.text import Encoding


@dataclass(frozen=True, slots=True)
class Place:
    """Where reading resumes: a byte offset, and how many lines lie before it."""

    offset: int = 0
    line: int = 0


@dataclass(frozen=True, slots=True)
class Item:
    """One record of a file, or why it cannot be read. ``line`` is where it begins, ``end`` what follows it."""

    line: int
    end: Place
    value: dict[str, Any] | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """A file to be read: its encoding, and for a table its head and the names its columns have in the body.

    ``zone`` is the time zone that times without one are taken for.
    """

    path: Path
    encoding: Encoding
    head: Head | None = None
    columns: tuple[str, ...] = ()
    continues: Callable[[dict[str, str], dict[str, str]], bool] | None = None
    bodies: bool = False
    attachments: bool = False
    zone: str = ""


Reader = Callable[[Source, Place], Iterator[Item]]
