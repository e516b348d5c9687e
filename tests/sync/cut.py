"""A process that ends in the middle of its writing, seen from inside."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from state.database import Connection, Database
from state.leases import Lease


class Cut(BaseException):
    """The end, which no error handling survives."""


@contextmanager
def cut_after(commits: int) -> Iterator[None]:
    """Within it so many transactions are written, and the one after them raises ``Cut`` in place of its commit."""
    write, seen = Database.write, 0

    @contextmanager
    def cut(db: Database, lease: Lease | None = None) -> Iterator[Connection]:
        nonlocal seen
        with write(db, lease) as c:
            yield c
            seen += 1
            if seen > commits:
                raise Cut

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Database, "write", cut)
        yield
