"""What the tests of the files connector share: a folder, reading it to its end, and mapping what came of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from connectors.core.protocols import ONE_SLICE, Stream
from connectors.files.config import FilesConfig
from connectors.files.connector import FilesConnector
from mapping.contract import Cursor, Page, RawRecord
from mapping.mapper import Entity, Mapper

MORNING = 1_777_622_400  # 2026-05-01 08:00 UTC


@dataclass
class Read:
    """Everything that one reading of a stream gave."""

    pages: list[Page] = field(default_factory=list)

    @property
    def records(self) -> list[RawRecord]:
        return [record for page in self.pages for record in page.records]

    @property
    def errors(self) -> list[str]:
        return [str(error) for page in self.pages for error in page.errors]

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [dict(record.body) for record in self.records]

    @property
    def latest(self) -> dict[str, RawRecord]:
        """As the engine keeps it: an older version never replaces a newer one."""
        kept: dict[str, RawRecord] = {}
        for record in self.records:
            assert record.changed_at is not None
            old = kept.get(record.remote_id)
            if old is None or old.changed_at is None or record.changed_at >= old.changed_at:
                kept[record.remote_id] = record
        return kept

    @property
    def cursor(self) -> Cursor:
        cursor = self.pages[-1].cursor
        assert cursor is not None
        return cursor


class Folder:
    """A folder of exports, and the connector over it."""

    def __init__(self, root: Path, **config: Any) -> None:
        self.path = root
        self.config = config

    def put(self, name: str, content: str | bytes, at: float = MORNING) -> Path:
        """Writes a file as if at the instant ``at`` (epoch seconds)."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        os.utime(path, (at, at))
        return path

    def connector(self) -> FilesConnector:
        return FilesConnector(FilesConfig(**{"path": str(self.path), **self.config}))

    def stream(self, name: str) -> Stream:
        return next(stream for stream in self.connector().streams() if stream.name == name)

    def pages(self, name: str, cursor: Cursor | None = None) -> Iterator[Page]:
        return self.stream(name).read(ONE_SLICE[0], cursor)

    def read(self, name: str, cursor: Cursor | None = None) -> Read:
        return Read(list(self.pages(name, cursor)))

    def entities(self, name: str, country: str = "NL") -> list[Entity]:
        """What the stream's own rules make of every record, in order."""
        mapper = Mapper(self.stream(name).rules, default_country=country)
        return [entity for body in self.read(name).bodies for entity in mapper.map(body)]

    def one(self, name: str, part: str, country: str = "NL") -> dict[str, Any]:
        """The values of the only entity of that part."""
        (entity,) = [entity for entity in self.entities(name, country) if entity.part == part]
        return entity.values
