"""Replay: stored records mapped again under today's rules; first what that would change, then doing it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import orjson

from connectors.core.protocols import Stream
from mapping.contract import RemoteId, Schema, Slice
from mapping.drift import State
from mapping.errors import ConcordError
from state import records, schemas
from state.connections import Connections
from state.database import Database
from state.leases import Lease
from state.records import EntityRow, StoredEntity
from sync.connect import Connected, Switchboard
from sync.ending import failure
from sync.intake import Intake, Tally
from sync.page import Reading
from sync.remap import UNDER_WAY, Batch, Fetch, Slicewise
from sync.replayed import FieldChanges, Sampled, StreamReplay
from sync.sound import check_sound, check_streams
from sync.storing import Counts

SAMPLES = 3
CALL = 100
"""Records that most vendors give in one call, for an estimate."""
IDENTIFYING = frozenset(
    {"email", "emails", "phone", "phones", "ids", "name", "given_name", "family_name", "domain", "birth_date"}
)
"""Fields by which customers are found to be one or not."""


@dataclass(slots=True)
class Found:
    """What replaying one stream changes, or would, as far as it was looked at."""

    records: int = 0
    changed: int = 0
    restamped: int = 0
    identifying: int = 0
    dies: int = 0
    heals: int = 0
    dead: int = 0
    dropped: int = 0
    expired: int = 0
    fields: dict[str, FieldChanges] = field(default_factory=dict)

    def take(self, batch: Batch) -> None:
        """One batch more."""
        self.records += len(batch.raws)
        self.dies += sum(one.remote_id not in batch.letters for one in batch.rows.failures)
        self.dead += len(batch.rows.failures)
        self.heals += len(batch.healed)
        self.dropped += batch.rows.dropped
        self.expired += len(batch.expired)
        stored = {one.remote_id: batch.before.get(one.id, {}) for one in batch.raws}
        changed: set[str] = set()
        identifying: set[str] = set()
        touched: set[str] = set()
        for row in batch.rows.entities:
            touched.add(row.remote_id)
            for name, old, new in differences(stored.get(row.remote_id, {}).get(row.part), row):
                changed.add(row.remote_id)
                if name in IDENTIFYING:
                    identifying.add(row.remote_id)
                self._field(name, row.remote_id, old, new)
        self.changed += len(changed)
        self.restamped += len(touched - changed)
        self.identifying += len(identifying)

    def _field(self, name: str, record: str, old: Any, new: Any) -> None:
        known = self.fields.get(name, FieldChanges(name))
        samples = known.samples
        if len(samples) < SAMPLES:
            samples = (*samples, Sampled(record, old, new))
        self.fields[name] = FieldChanges(name, known.count + 1, samples)


def differences(before: StoredEntity | None, row: EntityRow) -> Iterator[tuple[str, Any, Any]]:
    """Each field of an entity that changes, old and new; the keys of ``custom`` and of addresses one by one."""
    old = flat(before.values if before is not None and before.live else {})
    new = flat(orjson.loads(row.values) if row.live else {})
    for name in sorted(old.keys() | new.keys()):
        if old.get(name) != new.get(name):
            yield name, old.get(name), new.get(name)
    was = None if before is None else before.founding
    if was is not None and was != row.founding and row.live:
        yield "founding", was, row.founding


def flat(values: Mapping[str, Any]) -> dict[str, Any]:
    """Canonical values with the keys of ``custom`` and of the address one by one."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        if name in ("custom", "address") and isinstance(value, Mapping):
            found.update({f"{name}.{key}": one for key, one in value.items()})
        else:
            found[name] = value
    return found


@dataclass(frozen=True, slots=True)
class Replay:
    """Replays streams of connections. It asks no vendor for anything but bodies that are no longer kept."""

    db: Database
    switchboard: Switchboard
    intake: Intake

    def was_read(self, name: str) -> bool:
        """Whether anything of the connection is stored."""
        row = Connections(self.db).get(name)
        return row is not None and row.account_id is not None

    def check(self, names: Sequence[str], streams: Sequence[str]) -> None:
        """Raises ConfigError for a connection that was never read, a stream that none has, a rule that is wrong."""
        opened = [self.switchboard.stored(name) for name in names]
        check_sound(self.intake, opened)
        check_streams(opened, streams)

    def connection(
        self, name: str, streams: Sequence[str] = (), *, since: date | None = None, dry_run: bool = False
    ) -> list[StreamReplay]:
        """Replays the streams of a connection; those named, or all that were read."""
        one = self.switchboard.stored(name)
        with self.db.read() as c:
            known = {stream for _, stream, _ in records.slices_of(c, one.row.id)}
        reports = []
        for stream in one.streams():
            if stream.name in known and (not streams or stream.name in streams):
                work = StreamWork(self.db, self.intake, one, stream, f"{since}T" if since else "")
                reports.append(work.look() if dry_run else work.run())
        return reports


@dataclass(slots=True)
class StreamWork:
    """The replay of one stream. ``only`` maps a slice's key to the records that are meant, else all are."""

    db: Database
    intake: Intake
    one: Connected
    stream: Stream
    since: str = ""
    only: Mapping[str, Sequence[str]] | None = None
    found: Found = field(default_factory=Found)
    counts: Counts = field(default_factory=Counts)

    def look(self) -> StreamReplay:
        """What ``run`` would do. Writes nothing and asks nobody."""
        began = time.monotonic()
        status, message = "ok", ""
        self.intake.observer.started(self._what, None)
        try:
            for work in self._slices(self.reading()):
                for batch in work.batches():
                    self.found.take(batch)
                    self.intake.observer.advanced(self._what, self.found.records)
        except ConcordError as error:
            ended, message = failure(error)
            status = ended.value
        self.intake.observer.finished(self._what, f"{self.found.records} looked at, {self.found.changed} would change")
        return self._report(status, message, began)

    def run(self) -> StreamReplay:
        """Maps the stream again under its lease, as a run of its own; what was done when it stops stays done."""
        began = time.monotonic()
        ended = self.intake.run("replay", self.one, self.stream, self._again, self._tally)
        self.intake.observer.finished(self._what, f"{self.found.records} looked at, {self.found.changed} changed")
        return self._report(ended.status, "; ".join(filter(None, [*self.counts.notes, ended.message])), began)

    def reading(self) -> Reading:
        """The stream's rules, with the vendor's fields as they were last described."""
        reading = self.intake.reading(self.one, self.stream)
        with self.db.read() as c:
            fields = schemas.load(c, self.one.row.id, self.stream.name).values()
        gone = (State.VANISHED, State.DROPPED)
        shapes = [one.shape for one in fields if one.shape is not None and one.state not in gone]
        known = Schema({shape.name: shape for shape in shapes})
        return replace(reading, schema=lambda: known) if shapes else reading

    @property
    def _what(self) -> str:
        return f"replay {self.one.name}/{self.stream.name}"

    def _slices(self, reading: Reading, *, fetch: bool = False) -> Iterator[Slicewise]:
        with self.db.read() as c:
            slices = [
                (n, key) for n, stream, key in records.slices_of(c, self.one.row.id) if stream == self.stream.name
            ]
        for number, key in slices:
            if self.only is None or key in self.only:
                only = None if self.only is None else self.only[key]
                got = self._fetch(key) if fetch else None
                yield Slicewise(self.db, self.one.row.id, reading, number, self.since, only, got)

    def _fetch(self, key: str) -> Fetch | None:
        get = self.stream.get
        return None if get is None else lambda ids: get(Slice(key), [RemoteId(one) for one in ids])

    def _again(self, held: Lease) -> None:
        reading = self.reading()
        for work in self._slices(reading, fetch=True):
            place, whole = work.place, not self.since and self.only is None
            with self.db.read() as c:
                moved = whole and records.rules_of(c, work.slice_id) != reading.current
            if moved:  # a backfill's partition waits meanwhile, as for any mapping under other rules
                with self.db.write(held) as c:
                    records.set_rules(c, work.slice_id, UNDER_WAY)
            for batch in work.batches():
                work.write(held, batch, place)
                self.found.take(batch)
                self.counts.read = self.found.records
                self.intake.observer.advanced(self._what, self.found.records)
            if moved:
                with self.db.write(held) as c:
                    records.set_rules(c, work.slice_id, reading.current)
                    records.read_again(c, work.slice_id)

    def _tally(self) -> Tally:
        found = self.found
        return {
            "read": found.records, "changed": found.changed + self.counts.changed + self.counts.new,
            "healed": found.heals, "failed": found.dead + self.counts.dead, "dropped": found.dropped,
        }  # fmt: skip

    def _report(self, status: str, message: str, began: float) -> StreamReplay:
        found = self.found
        calls = -(-found.expired // CALL) if self.stream.get is not None else 0
        fields = sorted(found.fields.values(), key=lambda one: (-one.count, one.field))
        return StreamReplay(
            self.one.name, self.stream.name, status, found.records, found.changed, found.restamped, found.identifying,
            found.dies, found.heals, found.dead, found.dropped, found.expired, calls, fields,
            time.monotonic() - began, message,
        )  # fmt: skip
