"""One partition of a backfill: the pages of a window of time, each stored with the place that resumes after it.

Other than a pull it does not hold the stream's lease, since increments go on beside it. What keeps the two apart:

- A stored version gives way to a newer one only. Where the vendor's times do not tell, to one that was asked for after
  the stored one had been seen.
- A record that was taken for gone comes back in a newer version only: a listing that lags still names it.
- A page is written only if its records are what they were when it was computed (sync/storing.py), if the slice speaks
  the rules that it was mapped with, and if no write to the same records waits for its answer over there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from mapping.contract import Cursor, Page, RawRecord, Slice, Tombstone
from mapping.errors import TransientError
from state import backfills, cursors, outbox, records
from state.backfills import Part
from state.database import Connection, Database, parse_stamp, stamp
from state.leases import Lease
from state.records import StoredRaw
from sync.meter import Cost
from sync.page import Known, Reading
from sync.storing import Counts, MovedError, PageStore, Ready


class RulesMovedError(TransientError):
    """The slice is being mapped again, or was, under other rules; the partition goes on under those that hold then."""


class WrittenToError(TransientError):
    """A write to the same records waits for its answer; the page is stored once that is known."""


@dataclass(frozen=True, slots=True)
class PartitionRead:
    """Reads one partition from where it stands. ``asked`` is the range of the backfill, which a slice without a window
    is held to record by record. ``stored`` hears of every page: records read, and those that wait to be resolved.
    ``pause`` returns when the next page may be asked for, and tells whether to stop before it.
    """

    db: Database
    lease: Lease
    backfill_id: int
    connection_id: str
    reading: Reading
    slice: Slice
    part: Part
    asked: tuple[datetime, datetime]
    cost: Cost
    stored: Callable[[int, int], None]
    pause: Callable[[], bool]
    counts: Counts = field(default_factory=Counts)

    def run(self) -> bool:
        """Reads to the end, or until it is to stop; whether it came to the end. Every page stored stays stored.

        Raises what the vendor's listing raises, RulesMovedError and WrittenToError.
        """
        store = PageStore(self.db, self.connection_id, self.reading, self.slice, self.part.slice_id, self.counts)
        store.look_around()
        began = self.db.stamp()
        if self.pause():
            return False
        for page in self._pages():
            before = self.counts.read, self.counts.new + self.counts.changed
            self.counts.pages += 1
            self._store(store, page, began)
            self.stored(self.counts.read - before[0], self.counts.new + self.counts.changed - before[1])
            if self.pause():
                return False
        return True

    def _store(self, store: PageStore, page: Page, began: str) -> None:
        store.insist(
            page,
            lambda whole, known: self._taken(whole, known, began),
            lambda ready: self._write(store, ready, page.cursor),
        )

    def tally(self) -> dict[str, int]:
        """What the partition came to, with what earlier readings of it came to."""
        return dict(Counter(self.part.counts) + Counter({**self.counts.tally(), **self.cost.tally()}))

    def _pages(self) -> Iterator[Page]:
        stream, cursor = self.reading.stream, Cursor(self.part.cursor) if self.part.cursor is not None else None
        if self.part.since is not None and self.part.until is not None and stream.window is not None:
            yield from stream.window(self.slice, parse_stamp(self.part.since), parse_stamp(self.part.until), cursor)
            return
        for page in stream.read(self.slice, cursor):
            yield page
            if page.complete:
                return

    def _taken(self, page: Page, known: Known, began: str) -> Page:
        """What of a page may be stored: nothing older than what is there, nothing that would bring back what is gone,
        and of a slice that is read whole nothing outside the range."""
        raws = known.raws
        kept = [one for one in page.records if self._is_asked(one) and _is_news(one, raws.get(one.remote_id), began)]
        gone = [one for one in page.tombstones if _still_holds(one, raws.get(one.remote_id))]
        return replace(page, records=kept, tombstones=gone)

    def _is_asked(self, one: RawRecord) -> bool:
        since, until = self.asked
        return self.part.since is not None or one.changed_at is None or since <= one.changed_at < until

    def _write(self, store: PageStore, ready: Ready, cursor: str | None) -> int:
        """Writes the page with the place after it. Returns how many records are gone."""
        ready.rows.unchanged += ready.left_out
        ready.rows.read += ready.left_out
        with self.db.write(self.lease) as c:
            self._hold(c, store, ready)
            store.write(c, ready, cursors.generation(c, self.part.slice_id))
            gone = store.retraction.apply(c, ready.rows.gone, ready.now)
            backfills.keep_place(c, self.part.id, cursor, self._with(ready, gone), ready.now)
        return gone

    def _with(self, ready: Ready, gone: int) -> Mapping[str, int]:
        """The counts as they are once this page is stored: they are kept in its own transaction."""
        rows = ready.rows
        more = Counter({
            "read": rows.read, "new": rows.new, "changed": rows.changed, "unchanged": rows.unchanged, "gone": gone,
            "failed": len(rows.failures), "dropped": rows.dropped,
        })  # fmt: skip
        return dict(Counter(self.tally()) + more)

    def _hold(self, c: Connection, store: PageStore, ready: Ready) -> None:
        if records.rules_of(c, self.part.slice_id) != self.reading.current:
            raise RulesMovedError
        target = self.reading.stream.target
        if target:
            if outbox.is_open(c, self.connection_id, target):
                raise WrittenToError
            # A write that was answered meanwhile has left a shadow, by which its echo is known.
            if store.shown(c, ready.named) != ready.known.shadows:
                raise MovedError
        store.hold(c, ready)


def _is_news(one: RawRecord, stored: StoredRaw | None, began: str) -> bool:
    if stored is None:
        return True
    mine = stamp(one.changed_at) if one.changed_at is not None else None
    if mine is not None and stored.changed_at is not None and mine != stored.changed_at:
        return mine > stored.changed_at
    return stored.state == "live" and stored.observed_at < began


def _still_holds(word: Tombstone, stored: StoredRaw | None) -> bool:
    """Whether a word that a record is gone is no older than the version that is there."""
    if stored is None or stored.changed_at is None or word.at is None:
        return True
    return stamp(word.at) >= stored.changed_at
