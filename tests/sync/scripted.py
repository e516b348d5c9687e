"""A connector that says what a test tells it to say, where the memory vendor is too well behaved."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from connectors.core.protocols import Get, Stream
from connectors.memory.mapping import PEOPLE
from mapping.contract import Account, Coverage, Cursor, Page, RawRecord, RemoteId, Slice
from mapping.rules import EntityRules


@dataclass
class Scripted:
    """Gives the pages it holds to whoever reads its one stream, ``people``; the cursor counts the readings. ``rules``:
    what its records are, in the memory vendor's shape."""

    pages: list[Page] = field(default_factory=list)
    get: Get | None = None
    rules: tuple[EntityRules, ...] = PEOPLE
    writes: None = None
    hooks: None = None

    def check(self) -> Account:
        """Always the same account."""
        return Account("scripted")

    def streams(self) -> Sequence[Stream]:
        """The one stream."""
        return [Stream("people", self.rules, self._read, get=self.get, properties_at="properties")]

    def _read(self, slice_: Slice, cursor: Cursor | None) -> Iterator[Page]:
        yield from self.pages


def record(id_: str, *, patch: bool = False, **properties: object) -> RawRecord:
    """A person's record of the memory vendor's shape without a time of its own."""
    body = {"id": id_, "account": "scripted", "properties": properties}
    return RawRecord(RemoteId(id_), body, coverage=Coverage.PATCH if patch else Coverage.FULL)
