"""A stream's files as pages: resumable inside a file, and nothing at all where no file changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from connectors.files.discovery import Export
from connectors.files.formats import calendars, cards, jsonl, mailbox, rows
from connectors.files.formats.item import Item, Place, Reader
from connectors.files.layouts.layout import FileFacts, Layout
from mapping.contract import Cursor, Page, RawRecord, RemoteId
from mapping.errors import CursorExpiredError, ForbiddenError, RecordError, TransientError

PAGE_RECORDS = 500
PAGE_BYTES = 4_194_304
"""A page ends after so many bytes of the file, however few records they were, so that memory stays flat."""

READERS: dict[str, Reader] = {
    "csv": rows.read,
    "jsonl": jsonl.read,
    "vcard": cards.read,
    "ics": calendars.read,
    "mbox": mailbox.read,
}


@dataclass(frozen=True, slots=True)
class Position:
    """What a cursor holds: a hash over everything that is read, and where in which file; no place means: all read."""

    mark: str
    file: int = 0
    place: Place | None = None

    def cursor(self) -> Cursor:
        """The position as the engine keeps it."""
        at = [self.file, self.place.offset, self.place.line] if self.place else None
        return Cursor(json.dumps({"mark": self.mark, "at": at}, separators=(",", ":")))


def position(cursor: Cursor) -> Position:
    """The position that a cursor holds. Raises CursorExpiredError for one that this connector did not write."""
    try:
        stored = json.loads(cursor)
        at = stored["at"]
        return Position(stored["mark"], at[0], Place(at[1], at[2])) if at else Position(stored["mark"])
    except (ValueError, TypeError, KeyError, IndexError):
        raise CursorExpiredError("the cursor was not written by this version of the files connector") from None


def mark_of(exports: Sequence[Export], *settings: str) -> str:
    """A hash over the files' fingerprints and whatever else decides what their records look like."""
    prints = [
        (export.fingerprint.name, export.fingerprint.size, export.fingerprint.mtime_ns, export.fingerprint.ends)
        for export in exports
    ]
    return hashlib.sha256(json.dumps([settings, prints]).encode()).hexdigest()[:32]


@dataclass(slots=True)
class _Batch:
    """A page in the making."""

    records: list[RawRecord] = field(default_factory=list)
    errors: list[RecordError] = field(default_factory=list)
    begins: bool = False
    since: int = 0
    carried: int = 0

    def full(self, offset: int) -> bool:
        read = self.carried + offset - self.since
        return len(self.records) + len(self.errors) >= PAGE_RECORDS or read >= PAGE_BYTES

    def page(self, place: Position, *, complete: bool = False) -> Page:
        return Page(
            records=tuple(self.records),
            cursor=place.cursor(),
            complete=complete,
            begins=self.begins,
            errors=tuple(self.errors),
        )


def pages(layout: Layout, exports: Sequence[Export], mark: str, system: str, cursor: Cursor | None) -> Iterator[Page]:
    """Every record of the files, oldest file first; one empty page where ``cursor`` says that all this was read.

    The last page is ``complete``; the first says ``begins`` where files changed since all was read. Raises
    CursorExpiredError where a file changed since the cursor was taken inside the reading, TransientError where one
    changes or vanishes during it.
    """
    at = position(cursor) if cursor else Position(mark)
    if at.mark == mark and cursor and at.place is None:
        yield Page(cursor=cursor)
        return
    if at.mark != mark and at.place is not None:
        raise CursorExpiredError("a file changed while it was being read; it is read again from the start")
    begins = cursor is not None and at.place is None
    batch = _Batch(begins=begins, since=at.place.offset if at.place else 0)
    for index in range(at.file if at.place else 0, len(exports)):
        export = exports[index]
        start = at.place if at.place and index == at.file else Place()
        batch.since, offset = start.offset, start.offset
        for item in _items(layout, export, start):
            offset = item.end.offset
            _take(batch, layout, export, item, system)
            if batch.full(offset):
                yield batch.page(Position(mark, index, item.end))
                batch = _Batch(since=offset)
        batch.carried += offset - batch.since
    yield batch.page(Position(mark), complete=True)


def _items(layout: Layout, export: Export, start: Place) -> Iterator[Item]:
    if export.source is None:
        return
    name = export.fingerprint.name
    try:
        yield from READERS[layout.format](export.source, start)
        stat = export.path.stat()
    except PermissionError:
        raise ForbiddenError(f"the file {name!r} may not be read by this user") from None
    except OSError as error:
        raise TransientError(f"the file {name!r} could not be read to its end: {error.strerror}") from None
    if (stat.st_size, stat.st_mtime_ns) != (export.fingerprint.size, export.fingerprint.mtime_ns):
        raise TransientError(f"the file {name!r} was written to while it was read")


def _take(batch: _Batch, layout: Layout, export: Export, item: Item, system: str) -> None:
    facts = FileFacts(export.fingerprint.name, export.fingerprint.modified, system)
    try:
        if item.value is None:
            raise RecordError(item.error)
        shaped = layout.shape(item.value, facts)
    except RecordError as error:
        where = f"{facts.name}:{item.line}"
        batch.errors.append(RecordError(f"{where}: {error}", remote_id=where))
        return
    changed = shaped.changed_at or facts.modified
    batch.records.append(RawRecord(RemoteId(shaped.remote_id), shaped.body, changed_at=changed))
