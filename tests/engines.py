"""Database engines as tests want them, since tests open thousands: quick to begin with, and deaf to a loss of power.

SQLAlchemy compiles a statement once for each engine: a program has one and compiles for a moment, but tests spent a
tenth of their time on it. What is compiled is the same for each, so nothing is proved less. Nor does any test pull the
plug: what a killed process has written is in the files without waiting for the disk.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.util import LRUCache

from state import engines

MOST = 2000


class Compiled(LRUCache[tuple[Any, ...], Any]):
    """Statements for one kind of database. A key begins with the dialect, of which every engine has one of its own."""

    def __init__(self) -> None:
        super().__init__(MOST)

    def get(self, key: tuple[Any, ...], default: Any = None) -> Any:
        """The statement, if it was compiled before."""
        return super().get(key[1:], default)

    def __setitem__(self, key: tuple[Any, ...], value: Any) -> None:
        super().__setitem__(key[1:], value)


_KINDS = defaultdict[str, Compiled](Compiled)


def lighten_engines() -> None:
    """From now on every database that this process opens is such a one. PostgreSQL is told by ``databases.py``."""
    setattr(engines, "create_engine", _light)  # noqa: B010 - a function is replaced on purpose


def _light(*args: Any, **options: Any) -> Engine:
    engine = create_engine(*args, **options)
    engine._compiled_cache = _KINDS[engine.dialect.name]
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _do_not_wait)
    return engine


def _do_not_wait(driver: sqlite3.Connection, _: object) -> None:
    driver.execute("PRAGMA synchronous = OFF")
