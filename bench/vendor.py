"""The bench's own vendor, written as a third party would: reads contacts by cursor through connectors/core."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors.core.http import Http
from connectors.core.paging import by_cursor
from connectors.core.protocols import Hooks, Runtime, Stream, Writes
from mapping.contract import Account, Cursor, Page, RawRecord, RemoteId, Slice
from mapping.model import Kind
from mapping.rules import EntityRules

PERSON = EntityRules(
    name="person",
    kind=Kind.PERSON,
    fields={
        "given_name": "properties.first_name",
        "family_name": "properties.last_name",
        "email": "properties.email",
        "phone": "properties.phone",
        "company": "properties.company",
        "job_title": "properties.job_title",
        "address.locality": "properties.city",
        "address.country": "properties.country",
        "stage": "properties.lifecycle",
        "updated_at": "updated_at",
    },
)


END = "end"


@dataclass(frozen=True, slots=True)
class BenchConnector:
    """Contacts by cursor, with ``windowed`` by when they changed as well; nothing can be written."""

    http: Http
    windowed: bool = False
    writes: Writes | None = None
    hooks: Hooks | None = None

    def check(self) -> Account:
        """The one account."""
        return Account("bench")

    def streams(self) -> list[Stream]:
        """Contacts."""
        window = self.window if self.windowed else None
        return [Stream("contacts", (PERSON,), self.read, window=window, properties_at="properties")]

    def read(self, slice_: Slice, cursor: Cursor | None) -> Iterator[Page]:
        """Every page from the cursor on."""
        return self._pages({}, cursor, whole=True)

    def window(self, slice_: Slice, start: datetime, end: datetime, cursor: Cursor | None) -> Iterator[Page]:
        """The pages of a window from the cursor on; one that was read to its end has none left."""
        return self._pages({"since": start.isoformat(), "until": end.isoformat()}, cursor, whole=False)

    def _pages(self, params: dict[str, str], cursor: Cursor | None, *, whole: bool) -> Iterator[Page]:
        if not whole and cursor == END:
            return

        def asked(at: str | None) -> Any:
            return self.http.json("GET", "/contacts", params={**params, "cursor": at})

        for leaf in by_cursor(asked, _next, str(cursor) if cursor else "0"):
            records = [
                RawRecord(RemoteId(row["id"]), row, changed_at=datetime.fromisoformat(row["updated_at"]))
                for row in leaf.page["results"]
            ]
            yield Page(records, cursor=Cursor(leaf.next or END), complete=whole and leaf.next is None)


def _next(page: dict[str, str | None]) -> str | None:
    return page["next"]


def connector(url: str, *, windowed: bool = False) -> BenchConnector:
    """The connector for the server at ``url``."""
    return BenchConnector(Http(Runtime(), url), windowed)
