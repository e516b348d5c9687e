"""A shop's books, as a connector that tells what a test puts into them: people, money, tickets, contacts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from connectors.core.protocols import Stream
from mapping.contract import Account, Cursor, Page, RawRecord, RemoteId, Slice, Tombstone
from mapping.model import Kind
from mapping.rules import EntityRules, ParticipantRules
from tests.sync.hubs import Stage

_MONEY = ("key", "at", "status", "currency", "total", "test", "number")
_OTHERS = {
    Kind.ORDER: ("refunded", "refunds", "cancelled_at", "payments"),
    Kind.INVOICE: ("cancelled_at", "bills", "payments"),
    Kind.PAYMENT: ("refunded", "failed", "pays", "aliases"),
}
_NAMED = tuple(
    ParticipantRules(role, each=f"{role}s", email="email", ids=("ids",), answer="answer")
    for role in ("buyer", "payer", "supplier", "recipient", "guest")
)


def _rule(kind: Kind, *fields: str) -> EntityRules:
    return EntityRules(kind.value, kind, {name: name for name in fields}, when=f"sort == '{kind}'", participants=_NAMED)


RULES = (
    EntityRules(
        "person",
        Kind.PERSON,
        {"name": "name", "email": "emails[0]", "emails": "emails", "ids": "ids", "phone": "phone"},
        when="sort == 'person'",
    ),
    EntityRules(
        "organization",
        Kind.ORGANIZATION,
        {"name": "name", "email": "emails[0]", "emails": "emails", "ids": "ids", "tax_id": "tax_id"},
        when="sort == 'organization'",
    ),
    EntityRules("guest", Kind.PERSON, {"email": "email"}, each="buyers", part="email", when="email && !ids"),
    *(_rule(kind, *_MONEY, *others) for kind, others in _OTHERS.items()),
    _rule(Kind.TICKET, "key", "at", "status", "closed_at"),
    _rule(Kind.ACTIVITY, "key", "at", "activity", "status", "direction", "title", "campaign", "channel"),
)


@dataclass
class Books:
    """Holds the records and what of them is news."""

    records: dict[str, dict[str, Any]] = field(default_factory=dict)
    news: dict[str, datetime | None] = field(default_factory=dict)
    writes: None = None
    hooks: None = None
    readings: int = 0

    def check(self) -> Account:
        """Always the same account."""
        return Account("books")

    def streams(self) -> Sequence[Stream]:
        """One stream, which tells of everything."""
        return [Stream("books", RULES, self._read)]

    def _read(self, slice_: Slice, cursor: Cursor | None) -> Iterator[Page]:
        told = list(self.records) if cursor is None else list(self.news)
        records = [
            RawRecord(RemoteId(i), {"id": i, **self.records[i]}, changed_at=self.news.get(i))
            for i in told
            if i in self.records
        ]
        gone = [Tombstone(RemoteId(i)) for i in told if i not in self.records]
        self.news.clear()
        self.readings += 1
        yield Page(records, gone, Cursor(str(self.readings)))

    def tell(self, id_: str, at: datetime | None = None, /, **values: Any) -> None:
        """A record as it is from now on; ``at`` is when it changed."""
        self.records[id_] = values
        self.news[id_] = at

    def person(self, id_: str, *emails: str, at: datetime | None = None, **values: Any) -> None:
        """A person of the customers' list."""
        self.tell(
            id_,
            at,
            sort="person",
            emails=list(emails),
            ids=[f"books:customer:{id_}"],
            **{"name": id_.title(), **values},
        )

    def money(self, sort: str, id_: str, total: str | None, **values: Any) -> None:
        """An order, an invoice or a payment of the first of May in euros, unless told otherwise; key ``sort:id``.

        ``buyer`` is the buyer's or payer's email.
        """
        buyer = values.pop("buyer", None)
        role = "payers" if sort == "payment" else "buyers"
        named = {role: [{"email": buyer}]} if buyer else {}
        told = {"at": "2026-05-01T10:00:00Z", "currency": "EUR", "total": total, **named, **values}
        self.tell(f"{sort}:{id_}", sort=sort, key=f"{sort}:{id_}", **told)

    def forget(self, id_: str) -> None:
        """A record that is gone."""
        del self.records[id_]
        self.news[id_] = None


RATES = {
    "USD": {"2024-01-01": 0.9, "2025-01-01": 0.8},
    "JPY": {"2024-01-01": "0.00625"},
    "KWD": {"2024-01-01": 3},
}


def open_books(folder: Path, url: str, **options: Any) -> tuple[Stage, Books]:
    """A hub that reads the books and writes people into a CRM."""
    stage = Stage(folder, url, shop=("books",), **options)
    books = Books()
    stage.connectors["shop"] = books
    stage.configure(hub={"currency": "EUR"}, rates=RATES)
    return stage, books


def traits(stage: Stage, query: str) -> dict[str, Any]:
    """The traits of the one customer that a query finds."""
    return {one.trait: one.value for one in stage.customer(query).traits}
