"""Compiled statements that all databases of one kind share, since tests open thousands of them.

SQLAlchemy compiles a statement once for each engine: a program has one and compiles for a moment, but tests spent a
tenth of their time on it. What is compiled is the same for each, so nothing is proved less.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from sqlalchemy import Engine, create_engine
from sqlalchemy.util import LRUCache

from state import engines

MOST = 2000


class Compiled(LRUCache[tuple[Any, ...], Any]):
    """Those of one kind of database. A key begins with the dialect, of which every engine has one of its own."""

    def __init__(self) -> None:
        super().__init__(MOST)

    def get(self, key: tuple[Any, ...], default: Any = None) -> Any:
        """The statement, if it was compiled before."""
        return super().get(key[1:], default)

    def __setitem__(self, key: tuple[Any, ...], value: Any) -> None:
        super().__setitem__(key[1:], value)


_KINDS = defaultdict[str, Compiled](Compiled)


def share_statements() -> None:
    """From now on every database that this process opens knows the statements that another has compiled."""

    def shared(*args: Any, **options: Any) -> Engine:
        engine = create_engine(*args, **options)
        engine._compiled_cache = _KINDS[engine.dialect.name]
        return engine

    setattr(engines, "create_engine", shared)  # noqa: B010 - a function is replaced on purpose
