"""Where a world's holdings lie: in the process, or in a JSON file that several processes may share."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from connectors.memory.rows import Holdings

if sys.platform != "win32":
    import fcntl


class Shelf:
    """Hands out the latest holdings, one process at a time, and puts them back whole.

    The file is replaced in one step, so that a process that is killed leaves the old or the new state, never half of
    one. On Windows there is no lock between processes: one process at a time may use the file there.
    """

    def __init__(self, path: Path | None, fresh: Holdings) -> None:
        self._path = path
        self._holdings = fresh
        self._seen: tuple[int, int, int] | None = None
        self._depth = 0
        self._dirty = False

    @contextmanager
    def open(self, *, change: bool) -> Iterator[Holdings]:
        """The holdings; with ``change`` they are on disk when the outermost block ends. Not for two threads at once."""
        if self._path is None or self._depth:
            self._dirty = self._dirty or change
            yield self._holdings
            return
        self._depth += 1
        self._dirty = change
        try:
            with _locked(self._path.with_name(self._path.name + ".lock")):
                self._load(self._path)
                try:
                    yield self._holdings
                finally:
                    if self._dirty:
                        self._store(self._path)
        finally:
            self._depth -= 1

    def _load(self, path: Path) -> None:
        if path.exists() and self._mark(path) != self._seen:
            self._holdings = Holdings.model_validate_json(path.read_bytes())
            self._seen = self._mark(path)

    def _store(self, path: Path) -> None:
        draft = path.with_name(f"{path.name}.{os.getpid()}.tmp")
        draft.write_text(self._holdings.model_dump_json(), encoding="utf-8")
        draft.replace(path)
        self._seen = self._mark(path)

    def _mark(self, path: Path) -> tuple[int, int, int]:
        stat = path.stat()
        return stat.st_ino, stat.st_size, stat.st_mtime_ns


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        if sys.platform != "win32":
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
