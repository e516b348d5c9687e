"""Reading one mailbox: in full through the listing, afterwards through its history.

The history id is taken before the listing begins, so that whatever changes meanwhile is met again in the history
("Synchronize clients with Gmail", read 2026-11-23). A place in the listing is a page token and the last message taken
of that page; a place in the history is the id of its last record.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from hashlib import sha256
from typing import Any

from connectors.core import places
from connectors.core.google import Google, Json, RefusedError, need
from connectors.core.mail import READ
from connectors.core.paging import Leaf, by_cursor
from connectors.gmail import mapping
from mapping.contract import Cursor, Page, RawRecord, Reason, RemoteId, Slice, Tombstone
from mapping.errors import ConfigError, CursorExpiredError, GoneError, RecordError

LIST_PAGE = 500
"""Ids of a page of the listing at most."""
NEVER = frozenset({"DRAFT", "CHAT", "SPAM", "TRASH"})
ROOT = "/gmail/v1/users/me"
HISTORY = (
    "nextPageToken,historyId,history(id,messagesAdded/message(id,labelIds),messagesDeleted/message/id,"
    "labelsAdded(labelIds,message/id),labelsRemoved(labelIds,message/id))"
)
Span = tuple[datetime | None, datetime | None]


@dataclass(frozen=True, slots=True)
class Wish:
    """What the admin wants of a mailbox. ``strict``: a label that is not there is a mistake, for it is one mailbox."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    bodies: bool = False
    attachments: bool = False
    since: date | None = None
    page_size: int = 50
    strict: bool = True

    @property
    def mark(self) -> str:
        """Another wish has another mark: what was read by the old one has to be read again."""
        told = (self.include, self.exclude, self.bodies, self.attachments, self.since)
        return sha256(repr(told).encode()).hexdigest()[:8]

    @property
    def span(self) -> Span:
        """From when on messages are wanted."""
        return datetime.combine(self.since, time(), UTC) if self.since else None, None


@dataclass(frozen=True, slots=True)
class Place:
    """Where reading goes on: behind ``history``; while ``listing``, behind ``after`` on ``page`` of ``label`` first."""

    history: str = ""
    listing: bool = False
    label: str = ""
    page: str = ""
    after: str = ""
    mark: str = ""


@dataclass
class Mailbox:
    """One mailbox and what is wanted of it."""

    google: Google
    wish: Wish
    address: str = ""
    _named: dict[str, str] = field(default_factory=dict)

    def ask(self) -> str:
        """Whose mailbox it is, as Gmail says; kept as ``address``."""
        self.address = str(need(self._profile(), "emailAddress"))
        return self.address

    def read(self, slice_: Slice, cursor: Cursor | None) -> Iterator[Page]:
        """Everything, or what changed since the cursor. Raises CursorExpiredError also where the wish has changed."""
        here = self._place(cursor) or Place(str(need(self._profile(), "historyId")), listing=True, mark=self.wish.mark)
        if not here.listing:
            yield from self._changes(slice_, here)
            return
        for ids, after in self._listed(here, self.wish.span):
            yield replace(self._page(slice_, ids, after, self.wish.span), tombstones=())
        yield Page(cursor=places.dump(Place(here.history, mark=here.mark)), complete=True)

    def window(self, slice_: Slice, start: datetime, end: datetime, cursor: Cursor | None) -> Iterator[Page]:
        """Messages received in [start, end), through a search: the scope gmail.metadata does not allow any."""
        for ids, after in self._listed(self._place(cursor) or Place(mark=self.wish.mark), (start, end)):
            yield replace(self._page(slice_, ids, after, (start, end)), tombstones=())

    def get(self, slice_: Slice, ids: Sequence[RemoteId]) -> Sequence[RawRecord]:
        """The messages that are there and wanted."""
        return self._page(slice_, ids, Place(), self.wish.span).records

    def _profile(self) -> Json:
        return self.google.get(f"{ROOT}/profile", {"fields": "emailAddress,historyId"})

    def _place(self, cursor: Cursor | None) -> Place | None:
        here = places.load(Place, cursor)
        if here and here.mark != self.wish.mark:
            raise CursorExpiredError("other messages, or other parts of them, are wanted than before")
        return here

    def _listed(self, here: Place, span: Span) -> Iterator[tuple[list[str], Place]]:
        """Ids, a page's worth at a time, and the place behind them. The search rounds, so it looks a second further."""
        labels = self._ids(self.wish.include) if self.wish.include else [""]
        bounds = zip(("after", "before"), span, (-1, 1), strict=True)
        query = " ".join(f"{word}:{int(at.timestamp()) + slack}" for word, at, slack in bounds if at)
        for label in labels[labels.index(here.label) if here.label in labels else 0 :]:
            token, done = (here.page, here.after) if label == here.label else ("", "")
            asked = {"maxResults": LIST_PAGE, "labelIds": label or None, "q": query or None}
            for leaf in self._leaves("messages", asked, token):
                ids = [str(need(each, "id")) for each in leaf.page.get("messages", ())]
                ids = ids[ids.index(done) + 1 :] if done in ids else ids
                for at in range(0, len(ids), self.wish.page_size):
                    some = ids[at : at + self.wish.page_size]
                    yield some, replace(here, label=label, page=token, after=some[-1])
                token, done = leaf.next or "", ""

    def _changes(self, slice_: Slice, here: Place) -> Iterator[Page]:
        asked = {"startHistoryId": here.history, "maxResults": self.wish.page_size, "fields": HISTORY}
        try:
            for leaf in self._leaves("history", asked, ""):
                history = leaf.page.get("history", ())
                there = _touched(history, mapping.PASSING.difference(self.wish.include, self.wish.exclude))
                reached = str(need(history[-1], "id") if leaf.next and history else need(leaf.page, "historyId"))
                ids = [id_ for id_, exists in there.items() if exists]
                page = self._page(slice_, ids, replace(here, history=reached), self.wish.span)
                gone = [Tombstone(RemoteId(id_), slice=slice_.key) for id_, exists in there.items() if not exists]
                yield replace(page, tombstones=[*page.tombstones, *gone])
        except GoneError:
            raise CursorExpiredError("Gmail no longer knows what has changed since then") from None

    def _leaves(self, what: str, asked: Mapping[str, Any], token: str) -> Iterator[Leaf[Json, str]]:
        def fetch(page: str | None) -> Json:
            try:
                return self.google.get(f"{ROOT}/{what}", {**asked, "pageToken": page})
            except RefusedError:
                if page is None:
                    raise
                raise CursorExpiredError("Gmail no longer knows the page that was to be read next") from None

        return by_cursor(fetch, lambda page: page.get("nextPageToken"), token or None)

    def _page(self, slice_: Slice, ids: Sequence[str], here: Place, span: Span) -> Page:
        """The messages of these ids; tombstones for those that are gone or not wanted."""
        records, gone, errors = list[RawRecord](), list[Tombstone](), list[RecordError]()
        fetched = self._fetched(ids)
        self._learn_names(fetched)
        for id_, found in zip(ids, fetched, strict=True):
            try:
                if found is not None and self._wanted(found, span):
                    body = mapping.body(found, slice_.key, self._named, self.wish.bodies, self.wish.attachments)
                    version = str(found.get("historyId") or "")
                    records.append(RawRecord(RemoteId(id_), body, slice_.key, version=version))
                else:
                    reason = Reason.OUT_OF_SCOPE if found else Reason.DELETED
                    gone.append(Tombstone(RemoteId(id_), reason, slice_.key))
            except RecordError as error:
                errors.append(error)
        return Page(records, gone, places.dump(here), errors=errors)

    def _fetched(self, ids: Sequence[str]) -> Sequence[Json | None]:
        if not ids:
            return []
        whole = self.wish.bodies or self.wish.attachments
        asked = {
            "format": "full" if whole else "metadata",
            "metadataHeaders": None if whole else READ,
            "fields": f"id,threadId,labelIds,historyId,internalDate,{'payload' if whole else 'payload/headers'}",
        }
        return self.google.get_many([(f"{ROOT}/messages/{id_}", asked) for id_ in ids])

    def _wanted(self, found: Json, span: Span) -> bool:
        labels, (start, end), at = {*found.get("labelIds", ())}, span, mapping.received(found)
        if labels & NEVER.union(self._ids(self.wish.exclude)) or (start and at < start) or (end and at >= end):
            return False
        return not self.wish.include or not labels.isdisjoint(self._ids(self.wish.include))

    def _ids(self, names: Sequence[str]) -> list[str]:
        """The ids of labels. Gmail's own are called by theirs. Raises ConfigError for one that is not there."""
        if any(not _own(name) for name in names) and not self._named:
            self._learn()
        ids = {name.casefold(): id_ for id_, name in self._named.items()}
        missing = [name for name in names if not _own(name) and name.casefold() not in ids]
        if missing and self.wish.strict:
            raise ConfigError(f"the mailbox has no label {missing[0]!r}")
        return [name if _own(name) else ids[name.casefold()] for name in names if name not in missing]

    def _learn_names(self, fetched: Sequence[Json | None]) -> None:
        labels = {label for found in fetched if found for label in found.get("labelIds", ()) if not _own(label)}
        if labels - self._named.keys():
            self._learn()

    def _learn(self) -> None:
        found = self.google.get(f"{ROOT}/labels", {"fields": "labels(id,name)"})
        self._named = {str(need(each, "id")): str(need(each, "name")) for each in found.get("labels", ())}


def _own(label: str) -> bool:
    """Whether the label is one of Gmail's own, such as INBOX or CATEGORY_PROMOTIONS."""
    return label.replace("_", "").isalpha() and label.isupper()


def _touched(history: Sequence[Json], passing: frozenset[str]) -> dict[str, bool]:
    """The messages that the history speaks of, and whether each is still there; drafts and passing labels aside."""
    there: dict[str, bool] = {}
    for record in history:
        for each in record.get("messagesAdded", ()):
            if "DRAFT" not in need(each, "message").get("labelIds", ()):
                there[_message(each)] = True
        for each in (*record.get("labelsAdded", ()), *record.get("labelsRemoved", ())):
            if not passing.issuperset(each.get("labelIds", ())):
                there[_message(each)] = True
        for each in record.get("messagesDeleted", ()):
            there[_message(each)] = False
    return there


def _message(change: Json) -> str:
    return str(need(need(change, "message"), "id"))
