"""Sweep: asking a vendor for everything that is there, to find what is gone without a word.

The algorithm for one slice, under the lease that the stream is read under:

1. The sweep takes a generation of its own. One that was cut off is not gone on with: the next begins again, with the
   next generation, so that what a dead sweep has met proves nothing.
2. For each batch of ids: look up what is stored of them, and stamp it with the generation, in one short transaction.
   Ids that the hub does not hold as live are fetched by id and stored as a pull would, where the vendor can do that.
3. Only after the last id: count the live records that were not met. Too many, and nothing is deleted (GuardError).
   Otherwise they are retracted, batch by batch. A record that was stored since the sweep began is none of them.

A stream that cannot enumerate ids is read in full instead, which reconciles by itself (pull.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import chain

from mapping.contract import Page, RawRecord, Reason, RemoteId, Slice, Tombstone
from mapping.errors import ContractError, GuardError, RecordError
from state import cursors, dead_letters, records, sweeps
from state.cursors import Place
from state.database import Database
from state.leases import Lease
from sync.page import Reading
from sync.pull import SlicePull
from sync.retract import Retraction, guard
from sync.storing import Counts

BATCH = 2_000
"""Ids that are looked up and stamped at a time, however many the vendor gives at once."""
FETCH = 100
"""Records that are asked for by id at a time."""
RETRACT = 500
"""Records that are retracted at a time."""
SAMPLE = 10

ADVICE = "If that is right, run concord sweep {place} --allow-deletes."


@dataclass(slots=True)
class Swept:
    """What a sweep met, summed over its slices.

    ``known``: live records before it. ``gone``: those it retracted, or would retract. ``unknown``: ids that the hub
    does not hold as live. ``taken``: what was stored of those, and of a full reading. ``sample``: some of what is gone.
    ``whole``: whether every slice was swept.
    """

    known: int = 0
    met: int = 0
    gone: int = 0
    unknown: int = 0
    taken: Counts = field(default_factory=Counts)
    sample: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    whole: bool = True

    def not_read(self) -> None:
        """A slice has never been read to its end, so that there is nothing to compare."""
        self.whole = False
        self.notes.append("what was never read to its end is not swept: run concord sync")

    def keep_sample(self, ids: Sequence[str]) -> None:
        """Keeps the first few of all."""
        self.sample.extend(ids[: SAMPLE - len(self.sample)])


@dataclass(frozen=True, slots=True)
class SliceSweep:
    """One slice to sweep. ``place`` is the connection and stream as a person writes them after ``concord sweep``."""

    db: Database
    connection_id: str
    reading: Reading
    slice: Slice
    slice_id: int
    swept: Swept
    progress: Callable[[int], None]
    place: str
    since: date | None = None
    max_vanished: float = 0.5
    allow_deletes: bool = False

    def run(self, lease: Lease) -> None:
        """Sweeps. Whatever is raised before the last id came, nothing has been deleted."""
        before = self._place()
        if not self._comparable(before):
            return
        if self.reading.stream.ids is None:
            self._read_in_full(lease, before)
            return
        generation, began = before.generation + 1, self.db.stamp()
        with self.db.write(lease) as c:
            cursors.store(c, self.slice_id, replace(before, generation=generation), began)
        for ids in self._batches():
            self._meet(lease, generation, ids)
        with self.db.read() as c:
            known = records.count_known(c, self.slice_id, generation)
            lost = sweeps.count_lost(c, self.slice_id, generation, began)
        self.swept.known += known
        self._guard(lost, known)
        while self._retract(lease, generation, began):
            pass

    def look(self) -> None:
        """Counts what ``run`` would do, and writes nothing anywhere."""
        if not self._comparable(self._place()):
            return
        met = Met()
        for ids in self._batches():
            with self.db.read() as c:
                stored = records.load_raws(c, self.slice_id, ids)
            met.add(raw.id for raw in stored.values())
            self._met(ids, [one for one in ids if one not in stored or stored[one].state != "live"])
        lost = known = 0
        for rows in sweeps.iter_live(self.db, self.slice_id):
            away = [remote_id for number, remote_id in rows if number not in met]
            known += len(rows)
            lost += len(away)
            self.swept.keep_sample(away)
        self.swept.known += known
        self.swept.gone += lost
        self._guard(lost, known)

    def _place(self) -> Place:
        with self.db.read() as c:
            return cursors.load(c, self.slice_id)

    def _comparable(self, place: Place) -> bool:
        """Whether the slice was read to its end: only then is there anything to compare, and the cursor at rest."""
        if place.value is not None and not place.enumerating:
            return True
        self.swept.not_read()
        return False

    def _batches(self) -> Iterator[list[RemoteId]]:
        """Every id that is there, in batches without repetition."""
        stream = self.reading.stream
        ids = chain.from_iterable(stream.ids(self.slice) if stream.ids is not None else self._ids_of_a_full_reading())
        for batch in records.chunks(ids, BATCH):
            yield list(dict.fromkeys(batch))

    def _ids_of_a_full_reading(self) -> Iterator[Sequence[RemoteId]]:
        complete = False
        for page in self.reading.stream.read(self.slice, None):
            complete = complete or page.complete
            yield [one.remote_id for one in page.records if not self._too_old(one)]
            yield [RemoteId(error.remote_id) for error in page.errors if error.remote_id]
        if not complete:
            raise ContractError("the reading ended without saying that it was complete")

    def _too_old(self, record: RawRecord) -> bool:
        return self.since is not None and record.changed_at is not None and record.changed_at.date() < self.since

    def _meet(self, lease: Lease, generation: int, ids: Sequence[RemoteId]) -> None:
        with self.db.read() as c:
            stored = records.load_raws(c, self.slice_id, ids)
        with self.db.write(lease) as c:
            records.write_sightings(c, self.slice_id, generation, [raw.id for raw in stored.values()])
        missing = [one for one in ids if one not in stored or stored[one].state != "live"]
        self._met(ids, missing)
        self._fetch(lease, missing)

    def _met(self, ids: Sequence[RemoteId], missing: Sequence[RemoteId]) -> None:
        self.swept.met += len(ids)
        self.swept.unknown += len(missing)
        self.progress(self.swept.met)

    def _fetch(self, lease: Lease, ids: Sequence[RemoteId]) -> None:
        """Stores what the hub lacks. With ``since`` most of it is lacking on purpose, and nothing is fetched."""
        if self.reading.stream.get is None or self.since is not None:
            return
        for few in records.chunks(ids, FETCH):
            self._pull(lease).take(self._fetched(few))

    def _fetched(self, ids: Sequence[RemoteId]) -> Page:
        get = self.reading.stream.get
        assert get is not None
        try:
            return Page(get(self.slice, ids))
        except RecordError as error:
            if len(ids) == 1:
                return Page(errors=[RecordError(str(error), remote_id=ids[0])])
        each = [self._fetched([one]) for one in ids]
        return Page([r for page in each for r in page.records], errors=[e for page in each for e in page.errors])

    def _pull(self, lease: Lease, *, full: bool = False) -> SlicePull:
        return SlicePull(
            self.db, lease, self.connection_id, self.reading, self.slice, self.slice_id, self.swept.taken,
            self.progress, full, self.since, self.max_vanished, self.allow_deletes, self._advice,
        )  # fmt: skip

    def _read_in_full(self, lease: Lease, before: Place) -> None:
        """A refused one puts the cursor back where it was, so that the next pull goes on from there."""
        taken = self.swept.taken
        read, gone = taken.read, taken.gone
        with self.db.read() as c:
            self.swept.known += records.count_known(c, self.slice_id, before.generation + 1)
        try:
            self._pull(lease, full=True).run()
        except GuardError:
            at_rest = replace(self._place(), value=before.value)
            with self.db.write(lease) as c:
                cursors.store(c, self.slice_id, at_rest, self.db.stamp())
            raise
        self.swept.met += taken.read - read
        self.swept.gone += taken.gone - gone

    def _guard(self, lost: int, known: int) -> None:
        guard(lost, known, self.max_vanished, self._advice, allowed=self.allow_deletes)

    @property
    def _advice(self) -> str:
        return ADVICE.format(place=self.place)

    def _retract(self, lease: Lease, generation: int, began: str) -> int:
        """Retracts the next few that were not met; returns how many they were."""
        with self.db.write(lease) as c:
            lost = sweeps.lost(c, self.slice_id, generation, began, RETRACT)
            if not lost:
                return 0
            now = self.db.stamp()
            Retraction(self.db, self.connection_id, self.reading, self.slice_id).apply(
                c, [Tombstone(RemoteId(one), Reason.OUT_OF_SCOPE) for one in lost], now
            )
            place = dead_letters.Place(
                dead_letters.Letters.IN, self.connection_id, self.reading.stream.name, self.slice.key
            )
            dead_letters.resolve(c, place, lost)
        self.swept.gone += len(lost)
        self.swept.keep_sample(lost)
        return len(lost)


class Met:
    """Row ids that were met, a bit each, so that a million of them take an eighth of a megabyte."""

    def __init__(self) -> None:
        self._bits = bytearray()

    def add(self, numbers: Iterator[int]) -> None:
        """Notes some more."""
        for number in numbers:
            byte = number >> 3
            if byte >= len(self._bits):
                self._bits.extend(bytes(byte + 1 - len(self._bits)))
            self._bits[byte] |= 1 << (number & 7)

    def __contains__(self, number: int) -> bool:
        byte = number >> 3
        return byte < len(self._bits) and bool(self._bits[byte] & 1 << (number & 7))
