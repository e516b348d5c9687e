"""Reading one folder: in full by its UIDs, afterwards by what changed since.

UIDs grow and are never given twice (RFC 3501 section 2.3.1.1), so a place in a folder is the last UID that was read.
How an increment learns what changed depends on the server (RFC 7162):

    QRESYNC        messages that came, changed or went since a modification sequence
    CONDSTORE      messages that came or changed; what went is found by a sweep
    neither        messages that came: those from the UID on that was to be the next one; the rest by a sweep

UIDVALIDITY stands in every id. When it changes, no id of before means anything: the folder is enumerated anew, and the
ids of before are taken back by name at its end, unless less than half as many messages are there as were, which is left
to the engine's guard.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256

from connectors.core import places
from connectors.imap import mapping
from connectors.imap.session import Box, Folder, Found, Server
from mapping.contract import Cursor, Page, RawRecord, Reason, RemoteId, Slice, Tombstone
from mapping.errors import CursorExpiredError, RecordError

SPAN = 50_000
"""How many UIDs one listing covers: an answer stays below the million bytes that imaplib takes in one line."""
IDS_PAGE = 1_000
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
Span = tuple[datetime | None, datetime | None]


@dataclass(frozen=True, slots=True)
class Wish:
    """What the admin wants of each message."""

    bodies: bool = False
    attachments: bool = False
    since: date | None = None
    page_size: int = 200

    @property
    def mark(self) -> str:
        """Another wish has another mark: what was read by the old one has to be read again."""
        return sha256(repr((self.bodies, self.attachments, self.since)).encode()).hexdigest()[:8]

    @property
    def span(self) -> Span:
        """From when on messages are wanted."""
        return datetime.combine(self.since, time(), UTC) if self.since else None, None


@dataclass(frozen=True, slots=True)
class Place:
    """Where reading goes on: behind what the folder was when a reading began (``validity`` to ``count``, see ``Box``).

    ``reading`` is "all" or "new" while that is under way, behind the UID ``after``; "new" is what came from the UID
    ``first`` on or changed after ``since``. ``lost`` and ``lost_next`` are the UIDVALIDITY of before and the UIDs to
    take back.
    """

    validity: int = 0
    next: int = 0
    modseq: int = 0
    count: int = 0
    reading: str = ""
    after: int = 0
    first: int = 0
    since: int = 0
    lost: int = 0
    lost_next: int = 0
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Reader:
    """One folder, and what is wanted of it. ``address`` is whose mail it is, ``sent`` whether the folder holds what
    went out."""

    server: Server
    folder: Folder
    wish: Wish
    address: str
    sent: bool

    def read(self, slice_: Slice, cursor: Cursor | None) -> Iterator[Page]:
        """Everything, or what changed since the cursor. Raises CursorExpiredError where the wish or what the server
        keeps count of has changed."""
        before = places.load(Place, cursor)
        if before and before.mark != self.wish.mark:
            raise CursorExpiredError("other parts of messages are wanted than before")
        here = self._begin(before, self.server.ask(lambda session: session.examine(self.folder.name)))
        begins = before is not None and here.reading == "all" and before.reading != "all"
        for page in self._pages(here):
            yield replace(page, begins=begins)
            begins = False

    def window(self, slice_: Slice, start: datetime, end: datetime, cursor: Cursor | None) -> Iterator[Page]:
        """Messages that the server took in within [start, end)."""
        here = places.load(Place, cursor)
        if here is None:
            here = self._now(self.server.ask(lambda session: session.examine(self.folder.name)))
        for uids, after in self._walk(here, start, end):
            page, _ = self._page(here, uids, (start, end))
            yield replace(page, cursor=places.dump(replace(here, after=after)))

    def ids(self, slice_: Slice) -> Iterator[Sequence[RemoteId]]:
        """Every message's id, but for those that are marked as deleted."""
        here = self._now(self.server.ask(lambda session: session.examine(self.folder.name)))
        for uids, _ in self._walk(here, *self.wish.span, size=IDS_PAGE):
            yield [_id(here.validity, uid) for uid in uids]

    def get(self, slice_: Slice, ids: Sequence[RemoteId]) -> Sequence[RawRecord]:
        """The messages that are there and wanted."""
        here = self._now(self.server.ask(lambda session: session.examine(self.folder.name)))
        named = [each.partition("/") for each in ids]
        uids = [int(uid) for validity, _, uid in named if validity == str(here.validity) and uid.isdigit()]
        found: list[RawRecord] = []
        for start in range(0, len(uids), self.wish.page_size):
            found += self._page(here, uids[start : start + self.wish.page_size], self.wish.span)[0].records
        return found

    def _now(self, box: Box) -> Place:
        return Place(**asdict(box), mark=self.wish.mark)

    def _begin(self, before: Place | None, box: Box) -> Place:
        """Where this reading begins, or goes on."""
        now = self._now(box)
        if before is None:
            return replace(now, reading="all")
        if before.validity != box.validity:
            if 2 * box.count < before.count:
                return replace(now, reading="all")
            return replace(now, reading="all", lost=before.validity, lost_next=before.next)
        if bool(before.modseq) != bool(box.modseq) or box.modseq < before.modseq or box.next < before.next:
            raise CursorExpiredError("the server has lost count of what changed")
        return before if before.reading else replace(now, reading="new", first=before.next, since=before.modseq)

    def _pages(self, here: Place) -> Iterator[Page]:
        if here.reading == "all":
            for uids, after in self._walk(here, *self.wish.span):
                page, _ = self._page(here, uids, self.wish.span)
                yield replace(page, cursor=places.dump(replace(here, after=after)))
            for start in range(max(here.after + 1 - here.next, 1), here.lost_next, IDS_PAGE):
                end = min(start + IDS_PAGE, here.lost_next)
                taken_back = [self._stone(here.lost, uid) for uid in range(start, end)]
                yield Page(tombstones=taken_back, cursor=places.dump(replace(here, after=here.next + end - 1)))
        else:
            yield from self._changes(here)
        over = Place(here.validity, here.next, here.modseq, here.count, mark=here.mark)
        yield Page(cursor=places.dump(over), complete=here.reading == "all")

    def _changes(self, here: Place) -> Iterator[Page]:
        if not here.modseq:
            walk = self._walk(replace(here, after=max(here.after, here.first - 1)), *self.wish.span)
            for uids, after in walk:
                yield replace(self._increment(here, uids, ()), cursor=places.dump(replace(here, after=after)))
            return
        if here.since == here.modseq:
            return
        for low in range(here.after + 1, here.next, SPAN):
            high = min(low + SPAN, here.next) - 1
            changed, gone = self._changed(here, low, high)
            told = sorted({*changed, *gone})
            for start in range(0, len(told), self.wish.page_size):
                uids = told[start : start + self.wish.page_size]
                page = self._increment(here, [uid for uid in uids if uid not in gone], [u for u in uids if u in gone])
                yield replace(page, cursor=places.dump(replace(here, after=uids[-1])))

    def _changed(self, here: Place, low: int, high: int) -> tuple[Collection[int], Collection[int]]:
        name, since = self.folder.name, here.since
        return self.server.ask(lambda session: session.changes(low, high, since), name, here.validity)

    def _kept(self, here: Place, low: int, high: int, bounds: Sequence[str]) -> Sequence[int]:
        name = self.folder.name
        return self.server.ask(lambda session: session.search(low, high, "UNDELETED", *bounds), name, here.validity)

    def _increment(self, here: Place, uids: Sequence[int], gone: Collection[int]) -> Page:
        """The messages of these ids; tombstones for those that went or are marked as deleted."""
        page, deleted = self._page(here, uids, self.wish.span)
        marked = [self._stone(here.validity, uid, Reason.OUT_OF_SCOPE) for uid in deleted]
        return replace(page, tombstones=[*marked, *(self._stone(here.validity, uid) for uid in gone)])

    def _walk(
        self, here: Place, start: datetime | None, end: datetime | None, size: int = 0
    ) -> Iterator[tuple[Sequence[int], int]]:
        """The UIDs of messages behind ``here.after`` that are not marked as deleted, some at a time, and the last of
        them. The server counts days in a zone of its own: a day more at both ends is searched."""
        day, bounds = timedelta(days=1), list[str]()
        bounds += [f"SINCE {_day(start - day)}"] if start else []
        bounds += [f"BEFORE {_day(end + 2 * day)}"] if end else []
        for low in range(here.after + 1, here.next, SPAN):
            high = min(low + SPAN, here.next) - 1
            found = self._kept(here, low, high, bounds)
            for at in range(0, len(found), size or self.wish.page_size):
                uids = found[at : at + (size or self.wish.page_size)]
                yield uids, uids[-1]

    def _page(self, here: Place, uids: Sequence[int], span: Span) -> tuple[Page, Sequence[int]]:
        """The messages of these ids that lie in the span, and the ids of those that are marked as deleted.

        Those that are gone are left out: that they went is told by other words than silence.
        """
        records, errors, deleted = list[RawRecord](), list[RecordError](), list[int]()
        for uid, found in self._fetched(here, uids, errors):
            at, (start, end) = mapping.received(found), span
            if mapping.DELETED in mapping.flags(found):
                deleted.append(uid)
            elif at and ((start and at < start) or (end and at >= end)):
                continue
            else:
                try:
                    id_ = _id(here.validity, uid)
                    records.append(mapping.record(id_, found, self.folder.name, self.address, self.sent))
                except RecordError as error:
                    errors.append(error)
        return Page(records, errors=errors), deleted

    def _fetched(self, here: Place, uids: Sequence[int], errors: list[RecordError]) -> Iterator[tuple[int, Found]]:
        """What the server says of each message. One that it cannot speak of costs itself only."""
        if not uids:
            return
        items = mapping.items(self.wish.bodies, self.wish.attachments)
        try:
            found = self.server.ask(lambda session: session.fetch(uids, items), self.folder.name, here.validity)
        except RecordError as error:
            if len(uids) > 1:
                for uid in uids:
                    yield from self._fetched(here, [uid], errors)
            else:
                errors.append(RecordError(str(error), remote_id=_id(here.validity, uids[0])))
            return
        yield from sorted(found.items())

    def _stone(self, validity: int, uid: int, reason: Reason = Reason.DELETED) -> Tombstone:
        return Tombstone(_id(validity, uid), reason, self.folder.name)


def _id(validity: int, uid: int) -> RemoteId:
    return RemoteId(f"{validity}/{uid}")


def _day(moment: datetime) -> str:
    """As SEARCH takes it: English months, whatever the machine speaks."""
    return f"{moment.day:02}-{MONTHS[moment.month - 1]}-{moment.year:04}"
