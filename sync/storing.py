"""Storing a page: what it says against what is known, computed outside any transaction and held to inside one.

The records of a slice that is read for the first time are taken for new ones without a look, and the index that keeps
each of them apart says where one is not (docs/adr/0020-newcomers-and-gaps.md).

A stream may be read by a pull and by the partitions of a backfill at the same time. Each computes its rows from what it
read before; a slice's revision tells whether anybody has written there since, and then the page's own records are
looked at again. Where one of them has moved, nothing of the page is written, and it is computed anew.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from mapping.contract import Coverage, Page, RawRecord, RemoteId, Slice
from mapping.errors import TransientError
from state import dead_letters, records, shadows
from state.database import Connection, Database
from state.dead_letters import Letter, Letters
from sync.page import Failure, Known, Reading, Rows, newest, prepare, whole_bodies
from sync.retract import Retraction

ATTEMPTS = 20
"""How often a page is computed anew because others were quicker; each of those times somebody else got on."""

UNSEEN = -1
"""The revision of a slice whose records were not looked up."""

Choice = Callable[[Page, Known], Page]
"""What of a page is taken, seen beside what is known of its records."""


@dataclass(slots=True)
class Counts:
    """What a pull met, summed over its pages. ``letters``: whether the slice has open dead letters that may heal.
    ``strange``: whether the slice's records are taken for new ones."""

    read: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    gone: int = 0
    dead: int = 0
    dropped: int = 0
    pages: int = 0
    letters: bool = False
    strange: bool = False
    notes: list[str] = field(default_factory=list)

    def tally(self) -> dict[str, int]:
        """The counts as a run keeps them."""
        return {
            "read": self.read, "new": self.new, "changed": self.changed, "unchanged": self.unchanged,
            "gone": self.gone, "failed": self.dead, "dropped": self.dropped, "pages": self.pages,
        }  # fmt: skip


class MovedError(Exception):
    """What a page was computed from no longer holds; its transaction is rolled back."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A page's rows as of ``now``, and what they were computed from. ``named``: every remote id on the page.

    ``left_out`` records of it were not chosen, and are in no count yet.
    """

    rows: Rows
    known: Known
    named: Sequence[RemoteId]
    now: str
    left_out: int = 0


def everything(page: Page, known: Known) -> Page:
    """The page as it is."""
    return page


@dataclass(frozen=True, slots=True)
class PageStore:
    """Stores the pages of one slice, and counts them."""

    db: Database
    connection_id: str
    reading: Reading
    slice: Slice
    slice_id: int
    counts: Counts

    @property
    def place(self) -> dead_letters.Place:
        """Where the slice's dead letters lie."""
        return dead_letters.Place(Letters.IN, self.connection_id, self.reading.stream.name, self.slice.key)

    @property
    def retraction(self) -> Retraction:
        """Takes records of the slice back."""
        return Retraction(self.db, self.connection_id, self.reading, self.slice_id)

    def look_around(self, *, first: bool = False) -> None:
        """Looks whether there are dead letters that may heal. ``first``: the slice is read for the first time, so its
        records are new if we have written none there either."""
        target = self.reading.stream.target
        with self.db.read() as c:
            self.counts.letters = dead_letters.are_open(c, self.place)
            self.counts.strange = first and not (target and shadows.exist(c, self.connection_id, target))

    def insist(self, page: Page, choice: Choice, write: Callable[[Ready], int]) -> None:
        """Computes the page and has it written, again if others moved its records meanwhile. ``write`` returns how many
        records are gone."""
        for _ in range(ATTEMPTS):
            ready = self._ready(page, choice)
            try:
                gone = write(ready)
            except MovedError:
                self.counts.strange = False
                continue
            self._count(ready.rows, gone)
            return
        raise TransientError("others kept changing the same records; this page is read again later")

    def _ready(self, page: Page, choice: Choice) -> Ready:
        now = self.db.stamp()
        found = newest(page, self.reading.stream.properties_at)
        named = [one.remote_id for one in found]
        named += [RemoteId(error.remote_id) for error in page.errors if error.remote_id]
        known = self._known(found, named)
        chosen = choice(page, known)
        if chosen.records is not page.records:
            found = newest(chosen, self.reading.stream.properties_at)
        whole, failures = found, list[Failure]()
        if any(record.coverage is Coverage.PATCH for record in found):
            whole, failures = whole_bodies(self.reading, self.slice, found, known.raws)
        rows = prepare(self.reading, self.slice, chosen, whole, known, now)
        rows.failures.extend(failures)
        return Ready(rows, known, named, now, len(page.records) - len(chosen.records))

    def _known(self, found: Sequence[RawRecord], named: Sequence[RemoteId]) -> Known:
        patches = any(record.coverage is Coverage.PATCH for record in found)
        signature = self.reading.signature
        claims = signature.claims(found) if signature else {}
        if self.counts.strange and not patches and not claims:
            return Known({}, {}, {}, UNSEEN)
        with self.db.read() as c:
            revision = records.revision(c, self.slice_id)
            raws = records.load_raws(c, self.slice_id, named, body=patches)
            entities = records.load_entities(c, [raw.id for raw in raws.values()])
            held = self.shown(c, [one.remote_id for one in found])
            if signature:
                held |= signature.recognised(c, {one: claim for one, claim in claims.items() if one not in held})
        return Known(raws, entities, held, revision)

    def shown(self, c: Connection, ids: Sequence[RemoteId]) -> dict[str, shadows.Shadow]:
        """What is believed of these records at the destination that the stream reads, by remote id."""
        target = self.reading.stream.target
        return dict(shadows.by_remote(c, self.connection_id, target, ids)) if target else {}

    def hold(self, c: Connection, ready: Ready) -> None:
        """Raises MovedError when a record of the page is not what it was when the page was computed, or not whose."""
        signature, signed = self.reading.signature, {k: one for k, one in ready.known.shadows.items() if one.id is None}
        if signature and signed and not signature.still(c, signed):
            raise MovedError
        if ready.known.revision == UNSEEN:
            if ready.rows.new == len(ready.named):
                return  # each of them will be held to when it is written
        elif not ready.rows.raws or records.revision(c, self.slice_id) == ready.known.revision:
            return
        now = records.load_raws(c, self.slice_id, ready.named)
        if now != {name: replace(raw, body=None) for name, raw in ready.known.raws.items()}:
            raise MovedError

    def write(self, c: Connection, ready: Ready, generation: int) -> None:
        """Writes the page's rows, tombstones apart, in the caller's transaction. ``generation`` is the slice's."""
        rows, now = ready.rows, ready.now
        ids: dict[str, int] = {}
        if rows.raws:
            try:
                ids = records.write_raws(self.db, c, self.slice_id, generation, now, rows.raws)
            except records.StoredAlreadyError:
                if ready.known.revision != UNSEEN:
                    raise  # it was looked up, so nobody's being quicker explains it
                raise MovedError from None
        records.write_entities(self.db, c, rows.entities, ids)
        letters = {one.remote_id: Letter(one.remote_id, one.reason, one.body or None) for one in rows.failures}
        dead_letters.put(c, self.db, self.place, list(letters.values()))
        self.counts.letters = self.counts.letters or bool(letters)
        if self.counts.letters:
            over = [*rows.healed, *(one.remote_id for one in rows.gone)]
            dead_letters.resolve(c, self.place, [one for one in over if one not in letters])
        self._bring_back(c, [raw.remote_id for raw in rows.raws], ready.known.shadows, now)
        self._keep_signed(c, {raw.remote_id for raw in rows.raws}, ready.known.shadows, now)

    def _keep_signed(self, c: Connection, ids: Collection[str], shown: Mapping[str, shadows.Shadow], now: str) -> None:
        for one in shown.values():
            if one.id is None and one.remote_id in ids:
                shadows.save(c, one, now)

    def _bring_back(self, c: Connection, ids: Sequence[str], shown: Mapping[str, shadows.Shadow], now: str) -> None:
        missed = [RemoteId(one) for one in ids if one in shown and shown[one].state != "live"]
        # Read again: a merge may have given them to another customer since the page was prepared.
        for back in self.shown(c, missed).values() if missed else ():
            shadows.save(c, replace(back, state="live", merged_into=None, version=back.version + 1), now)

    def _count(self, rows: Rows, gone: int) -> None:
        self.counts.read += rows.read
        self.counts.new += rows.new
        self.counts.changed += rows.changed
        self.counts.unchanged += rows.unchanged
        self.counts.dropped += rows.dropped
        self.counts.dead += len(rows.failures)
        self.counts.gone += gone
