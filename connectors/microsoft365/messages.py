"""Reading the mail of one person: Graph tracks each folder by itself, so a mailbox is walked folder by folder.

``message: delta``, "Get incremental changes to messages in a folder", "Obtain immutable identifiers", read 2026-11-23.
A message that leaves a folder is told as removed there, whether it was deleted or moved; and one that comes back before
anybody asked is told as removed as well (microsoft-graph-docs, issue 21752). So no such word is believed before the
message itself was asked for: it is where it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from hashlib import sha256
from urllib.parse import quote

from connectors.core import places
from connectors.core.deltas import REMOVED, walk
from connectors.core.http import Params
from connectors.core.timestamps import instant
from connectors.microsoft365 import mapping
from connectors.microsoft365.graph import Graph, Json
from mapping.contract import Cursor, Page, RawRecord, Reason, RemoteId, Slice, Tombstone
from mapping.errors import ConfigError, GoneError, RecordError, TransientError

SENT = "sentitems"
KNOWN = ("inbox", SENT, "archive")
NEVER = (
    *("drafts", "deleteditems", "junkemail", "outbox", "conversationhistory", "recoverableitemsdeletions"),
    *("syncissues", "scheduled"),
)
"""Well-known names, whatever the mailbox's language calls these folders: they hold no mail, or none that is wanted."""
Span = tuple[datetime | None, datetime | None]


@dataclass(frozen=True, slots=True)
class Wish:
    """What the admin wants of a mailbox. ``strict``: a folder that is not there is a mistake, for it is one mailbox."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    bodies: bool = False
    since: date | None = None
    strict: bool = True

    @property
    def mark(self) -> str:
        """Another wish has another mark: what was read by the old one has to be read again."""
        return sha256(repr((self.bodies, self.since)).encode()).hexdigest()[:8]

    @property
    def span(self) -> Span:
        """From when on messages are wanted."""
        return datetime.combine(self.since, time(), UTC) if self.since else None, None

    @property
    def selection(self) -> Params:
        """What is asked for of each message."""
        return {"$select": ",".join((*mapping.MESSAGE, *(("body",) if self.bodies else ())))}


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder that is read: its path as people see it, and whether what lies there was sent from here."""

    path: str
    sent: bool


@dataclass(frozen=True, slots=True)
class Window:
    """A place in a bounded read: the address of the page that comes next."""

    next: str


@dataclass(frozen=True, slots=True)
class Mailbox:
    """The mail of one person and what is wanted of it."""

    graph: Graph
    wish: Wish

    def read(self, slice_: Slice, cursor: Cursor | None) -> Iterator[Page]:
        """Everything, or what changed since the cursor. Raises CursorExpiredError also where the wish has changed."""
        folders, asked = self._folders(), self.wish.selection
        parts = {
            id_: self.graph.address(f"/mailFolders/{quote(id_)}/messages/delta", asked)
            for id_, folder in folders.items()
            if folder
        }
        for step in walk(self._changes, parts, cursor, self.wish.mark):
            there: dict[str, Json | None] = {}
            for item in step.items:
                id_ = str(item["id"])
                # A change may be told in part, and one message several times; then only the message itself knows.
                told = REMOVED not in item and "receivedDateTime" in item and id_ not in there
                there[id_] = item if told else None
            self._ask(there)
            if any(found and found.get("parentFolderId") not in folders for found in there.values()):
                # It lies in a folder that was made since, or where nobody looks.
                folders |= self._folders()
            records, gone, errors = self._sorted(slice_, folders, there, self.wish.span)
            # What is not met by an enumeration's end is gone without a word of ours.
            gone = [] if step.whole else gone
            yield Page(records, gone, step.cursor, step.complete, step.begins, errors)

    def window(self, slice_: Slice, start: datetime, end: datetime, cursor: Cursor | None) -> Iterator[Page]:
        """Messages received in [start, end), of all folders that are read."""
        folders, here = self._folders(), places.load(Window, cursor)
        bounds = " and ".join(
            f"receivedDateTime {how} {at:%Y-%m-%dT%H:%M:%SZ}" for how, at in (("ge", start), ("le", end))
        )
        asked = {**self.wish.selection, "$filter": bounds, "$orderby": "receivedDateTime", "$top": self.graph.page_size}
        for page, following in self.graph.pages(here.next if here else self.graph.address("/messages", asked)):
            there = {str(item["id"]): item for item in page.get("value", ())}
            records, _, errors = self._sorted(slice_, folders, there, (start, end))
            yield Page(records, cursor=places.dump(Window(following)) if following else None, errors=errors)

    def get(self, slice_: Slice, ids: Sequence[RemoteId]) -> Sequence[RawRecord]:
        """The messages that are there and wanted."""
        there: dict[str, Json | None] = dict.fromkeys(map(str, ids))
        self._ask(there)
        return self._sorted(slice_, self._folders(), there, self.wish.span)[0]

    def _changes(self, address: str) -> Json:
        try:
            return self.graph.get(address)
        except GoneError as error:
            told = str(error)
        raise TransientError(f"{told}; a folder went while it was read, which the next run will see")

    def _ask(self, there: dict[str, Json | None]) -> None:
        """Fetches the messages of which nothing is known."""
        unsure = [id_ for id_, item in there.items() if item is None]
        calls = [(f"/messages/{quote(id_, safe='')}", self.wish.selection) for id_ in unsure]
        there |= zip(unsure, self.graph.many(calls), strict=True)

    def _sorted(
        self, slice_: Slice, folders: Mapping[str, Folder | None], there: Mapping[str, Json | None], span: Span
    ) -> tuple[list[RawRecord], list[Tombstone], list[RecordError]]:
        """The messages that are wanted; tombstones for those that are gone or not wanted; those that are unreadable."""
        records, gone, errors = list[RawRecord](), list[Tombstone](), list[RecordError]()
        for id_, found in there.items():
            try:
                folder = folders.get(str(found.get("parentFolderId"))) if found else None
                if found and folder and _wanted(found, span):
                    body = mapping.message(found, slice_.key, folder.path, folder.sent)
                    # The key of a change may stay the same when a folder is renamed, and the record says its name.
                    version = sha256(f"{found.get('changeKey')} {folder.path}".encode()).hexdigest()[:16]
                    records.append(RawRecord(RemoteId(id_), body, slice_.key, version=version))
                else:
                    gone.append(Tombstone(RemoteId(id_), Reason.OUT_OF_SCOPE if found else Reason.DELETED, slice_.key))
            except RecordError as error:
                errors.append(RecordError(str(error), remote_id=id_))
        return records, gone, errors

    def _folders(self) -> dict[str, Folder | None]:
        """All folders by id, None for those that are not read; in one request where they fit a page.

        Raises ConfigError for a name that no folder has.
        """
        names = (*KNOWN, *NEVER)
        listing, *own = self.graph.many(
            [
                ("/mailFolders/delta", {"$select": "displayName,parentFolderId"}),
                *((f"/mailFolders/{name}", {"$select": "id"}) for name in names),
            ]
        )
        if listing is None:
            raise TransientError("Graph does not list the folders of this mailbox")
        tree = {str(each["id"]): each for each in self._listed(listing) if REMOVED not in each}
        known = {name: str(each["id"]) for name, each in zip(names, own, strict=True) if each}
        lines = {id_: _line(tree, id_) for id_ in tree}
        paths = {id_: "/".join(str(tree[each].get("displayName")) for each in line) for id_, line in lines.items()}
        wanted, unwanted = (self._named(each, known, paths) for each in (self.wish.include, self.wish.exclude))
        unwanted |= {known[name] for name in NEVER if name in known}
        found: dict[str, Folder | None] = dict.fromkeys(known.values())
        for id_, line in lines.items():
            read = unwanted.isdisjoint(line) and (not self.wish.include or not wanted.isdisjoint(line))
            found[id_] = Folder(paths[id_], known.get(SENT) in line) if read else None
        return found

    def _listed(self, listing: Json) -> Iterator[Json]:
        yield from listing.get("value", ())
        if listing.get("@odata.nextLink"):
            for page, _ in self.graph.pages(str(listing["@odata.nextLink"])):
                yield from page.get("value", ())

    def _named(self, names: Sequence[str], known: Mapping[str, str], paths: Mapping[str, str]) -> set[str]:
        """The ids of folders: a well-known name, or the path that people see."""
        ids = {**{path.casefold(): id_ for id_, path in paths.items()}, **known}
        missing = [name for name in names if name.casefold() not in ids]
        if missing and self.wish.strict:
            raise ConfigError(f"the mailbox has no folder {missing[0]!r}")
        return {ids[name.casefold()] for name in names if name not in missing}


def _wanted(found: Json, span: Span) -> bool:
    start, end = span
    at = instant(found, "receivedDateTime")
    return not found.get("isDraft") and not (start and at < start) and not (end and at >= end)


def _line(tree: Mapping[str, Json], id_: str) -> list[str]:
    """The folder's ancestors and itself, the uppermost first; the root of the mailbox is not told of."""
    line: list[str] = []
    while id_ in tree and id_ not in line:
        line.insert(0, id_)
        id_ = str(tree[id_].get("parentFolderId"))
    return line
