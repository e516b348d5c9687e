"""Drift: a stream's fields are compared with those met before, as a pull begins and while its pages come.

What the vendor describes is compared before the first page. A few records of each page tell of fields that it does not
describe (docs/adr/0026-schema-drift.md). No value is kept of them: samples are taken from the stored records.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from config.settings import StreamSettings
from connectors.core.protocols import Stream
from mapping.contract import Coverage, Cursor, Page, RawRecord, Schema, SchemaField, Slice
from mapping.drift import (
    COMPUTED,
    PENDING,
    Contract,
    Drift,
    Kind,
    KnownField,
    Sample,
    State,
    after,
    compare,
    fields_of,
    sentence,
    settled,
    used_by,
)
from mapping.errors import AuthError, ConcordError, ContractError
from mapping.masked import Masked
from mapping.readers import overriding, readers
from state import records, schemas, sweeps
from state.database import Database, stamp
from state.leases import Lease
from state.runlog import note
from sync.connect import Connected
from sync.holding import Keeper, cover
from sync.misread import Misread
from sync.page import Reading, parse

FIRST_LOOK, LOOK = 50, 5
"""Records that are looked at of a pull's first page, and of every other: there only for names never met, and of all
records in the first reading of a stream that its vendor does not describe."""
STORED_LOOK = 500
"""Stored records that are looked at of each slice where a stream was read before anybody looked at its fields."""
MOST_SEEN = 2000
"""Undescribed fields that are kept of a stream: where there are more, its keys are data."""
MOST_MET = 20_000
"""Names, data among them, after which nothing is looked for any more in one pull."""
DAY = timedelta(days=1)
STOPPED = (
    "its fields changed, and it was not read ({told}). Nothing is lost: see concord schema drift {name}, then"
    " concord schema accept {name} {stream}"
)
HELD = {
    State.NEW: "new fields are kept and not mapped",
    State.VANISHED: "the values of vanished fields stay",
    State.RETYPED: "records whose retyped fields cannot be read wait as dead letters",
}


@dataclass(slots=True)
class Watch:
    """Looks at the fields of one stream during one pull. ``notes`` hear what changed."""

    db: Database
    lease: Lease
    one: Connected
    stream: Stream
    mine: StreamSettings
    notes: list[str]
    known: dict[str, KnownField] = field(default_factory=dict)
    _described: Schema | None = None
    _use: Mapping[str, Sequence[str]] = field(default_factory=dict)
    _first: bool = False
    _unsaved: set[str] = field(default_factory=set)
    _met: set[str] = field(default_factory=set)
    _reading: Reading | None = None
    _keeper: Keeper | None = None
    _misread: Misread | None = None

    def look(self) -> None:
        """Compares what the vendor describes with what was known. Raises ContractError where the stream shall stop
        until somebody has decided, AuthError; any other failure is noted, and reading goes on."""
        with self.db.read() as c:
            self.known = schemas.load(c, self._id, self.stream.name)
            self._first = not self.known or sweeps.enumerated_at(c, self._id, self.stream.name) is None
        self._use = readers(self.stream.rules, self.mine.overrides, self.stream.properties_at)
        if not self.known:
            self._look_at_stored()
        for one in list(self.known.values()):
            self._put(settled(one, self.mine.contract, used_by(one.name, self._use)))
        try:
            self._described = self.stream.describe()
        except AuthError:
            raise
        except ConcordError as error:
            self.notes.append(f"its fields could not be compared with those of before: {error}")
        else:
            if self._described.fields:  # a source that is empty says nothing of its fields
                self._compare(fields_of(self._described))
        self.finish()
        self._stop()

    def over(self, reading: Reading) -> Reading:
        """The reading of which every page is looked at. It was made after ``look``."""
        self._keeper = Keeper(self.db, self._id, self.stream.name, self.stream.properties_at)
        described = self._described
        schema = reading.schema if described is None else lambda: described
        self._reading = replace(reading, stream=replace(self.stream, read=self._read), schema=schema)
        places = overriding(self.stream.rules, self.mine.overrides, self.stream.properties_at)
        self._misread = Misread(self.stream.properties_at, places)
        self._hold()
        return self._reading

    def end(self) -> None:
        """Keeps what was met, and tells what the admin's own rules read and no record has."""
        self.finish()
        if self._misread is None or not self._misread.wanted:
            return
        self._misread.forget(self.known)
        if self._misread.read and self._misread.wanted:
            self._misread.take(self._stored())
        for told in self._misread.told(self.stream.name, self.known):
            self.notes.append(told)
            note("a rule of the configuration reads what no record has", level="warning", told=told)

    def finish(self) -> None:
        """Keeps what was met and is not kept yet."""
        if self._unsaved:
            self._save([])

    @property
    def _id(self) -> str:
        return self.one.row.id

    def _read(self, slice_: Slice, cursor: Cursor | None) -> Iterator[Page]:
        assert self._keeper is not None
        for page in self.stream.read(slice_, cursor):
            self._notice(page.records)
            if self._misread is not None:
                self._misread.take(one.body for one in page.records)
            yield replace(page, records=self._keeper.kept(slice_, page.records)) if self._keeper.names else page

    def _compare(self, described: Mapping[str, SchemaField]) -> None:
        begins = not any(one.described for one in self.known.values())
        drifts = compare(self.known, described)
        drifted = {one.field for one in drifts}
        for name, shape in described.items():
            old = self.known.get(name)
            if old is not None and name not in drifted:
                # A field that was only seen in records until now has its type by the vendor's word from here on.
                was = old.was if old.described else shape.type
                self._put(replace(old, shape=shape, type=shape.type, was=was))
        self._apply(drifts, described, silent=begins)
        now = self.db.now()
        if any(one.described and one.last_at < stamp(now - DAY) for one in self.known.values()):
            with self.db.write(self.lease) as c:
                schemas.met_again(c, self._id, self.stream.name, stamp(now - DAY), stamp(now))

    def _look_at_stored(self) -> None:
        sample = Sample(self.stream.properties_at)
        for body in self._stored():
            sample.take(body)
        self._meet(sample, silent=True)

    def _stored(self) -> Iterator[Mapping[str, Any]]:
        """The bodies of some stored records of each slice."""
        with self.db.read() as c:
            slices = [number for number, stream, _ in records.slices_of(c, self._id) if stream == self.stream.name]
        for number in slices:
            for raw in next(records.iter_bodies(self.db, number, STORED_LOOK), []):
                if raw.body:
                    yield parse(raw.body)

    def _notice(self, found: Sequence[RawRecord]) -> None:
        """Looks at some records of a page: closely at those of the first, and at others for names never met."""
        judges = not self._met
        full = [one for one in found if one.coverage is Coverage.FULL]
        close, others = (full[:FIRST_LOOK], full[FIRST_LOOK:]) if judges else ([], full)
        sample = Sample(self.stream.properties_at)
        for one in close:
            self._look_at(one, sample)
        told = all(name in self.known and self.known[name].described for name in sample.fields)
        if not self._first or (told and all(one.described for one in self.known.values())):
            others = others[:LOOK]  # else every name is to be known by the end of the first reading
        for one in others:
            if len(self._met) < MOST_MET and not self._met.issuperset(self._properties(one)):
                self._look_at(one, sample)
        if sample.looked and self._meet(sample, silent=self._first, judges=judges):
            self._hold()
            self._stop()

    def _look_at(self, one: RawRecord, sample: Sample) -> None:
        sample.take(one.body)
        self._met.update(self._properties(one))

    def _properties(self, one: RawRecord) -> Mapping[str, object]:
        inner = one.body.get(self.stream.properties_at) if self.stream.properties_at else one.body
        return inner if type(inner) is dict or isinstance(inner, Mapping) else {}

    def _meet(self, sample: Sample, *, silent: bool, judges: bool = False) -> bool:
        """Takes what a few records show; whether anything happened to a field."""
        drifts = [] if silent else sample.retyped(self.known)
        if judges and not silent:
            drifts += [Drift(one.name, Kind.VANISHED, before=one.type) for one in sample.lacks(self.known.values())]
        room = MOST_SEEN - sum(not one.described for one in self.known.values())
        for name, seen in sample.fields.items():
            old = self.known.get(name)
            kind = next(iter(seen.types), "")
            if old is None:
                if room > 0:
                    room -= 1
                    drifts.append(Drift(name, Kind.NEW, after=kind))
                continue
            self._put(replace(old, type=old.type or kind, was=old.was or kind))
            if not old.described and old.state in (State.VANISHED, State.DROPPED):
                drifts.append(Drift(name, Kind.RETURNED, after=old.type))
        self._apply(drifts, {}, silent=silent, sample=sample)
        return bool(drifts)

    def _apply(
        self,
        drifts: Sequence[Drift],
        described: Mapping[str, SchemaField],
        *,
        silent: bool,
        sample: Sample | None = None,
    ) -> None:
        """Keeps what happened, and tells it unless the stream's fields are met for the first time."""
        if not drifts:
            return
        now = self.db.stamp()
        for one in drifts:
            old, use = self.known.get(one.field), used_by(one.field, self._use)
            state = (
                State.KNOWN if silent else after(one, old.state if old else None, self.mine.contract, used=bool(use))
            )
            kind, shape = one.after or one.before, described.get(one.field)
            if old is None:
                seen = sample.fields.get(one.field) if sample else None
                met = (seen.met, sample.looked) if seen and sample else (0, 0)
                self._put(KnownField(one.field, kind, kind, state, shape, use, *met, first_at=now, last_at=now))
            else:
                was = kind if state is State.KNOWN else old.was
                shape = old.shape if one.kind is Kind.VANISHED else shape
                self._put(replace(old, type=kind, was=was, state=state, shape=shape, used_by=use, last_at=now))
        if not silent:
            self._save(drifts)
            self._tell(drifts)

    def _put(self, one: KnownField) -> None:
        if self.known.get(one.name) != one:
            self.known[one.name] = one
            self._unsaved.add(one.name)

    def _save(self, drifts: Sequence[Drift]) -> None:
        with self.db.write(self.lease) as c:
            schemas.save(c, self._id, self.stream.name, [self.known[name] for name in sorted(self._unsaved)])
            schemas.note(c, self._id, self.stream.name, drifts, self.db.stamp())
        self._unsaved.clear()

    def _tell(self, drifts: Sequence[Drift]) -> None:
        told = sentence(drifts, {one.field: self.known[one.field].used_by for one in drifts})
        states = {self.known[one.field].state for one in drifts}
        held = [said for state, said in HELD.items() if state in states]
        if held and self.mine.contract is not Contract.STOP:
            accept = f"concord schema accept {self.one.name} {self.stream.name}"
            held[-1] += f" until somebody has looked: {accept}"
        else:
            held = []
        self.notes.append("; ".join([f"its fields changed: {told}", *held]))

    def _hold(self) -> None:
        """Lets the reading at work know what its fields ask for."""
        if self._keeper is None or self._reading is None:
            return
        vanished = {one.name for one in self.known.values() if one.state is State.VANISHED}
        self._keeper.names = vanished
        self._keeper.computed = any(self.known[name].used_by == COMPUTED for name in vanished)
        if isinstance(self._reading.mapper, Masked):
            for one in self.known.values():
                cover(self._reading.mapper.mask, one, self.mine.contract, one.used_by)

    def _stop(self) -> None:
        waiting = [one for one in self.known.values() if one.state in PENDING]
        if not waiting or self.mine.contract is not Contract.STOP:
            return
        drifts = [Drift(one.name, Kind(one.state.value), one.was, one.type) for one in waiting]
        told = sentence(drifts, {one.name: one.used_by for one in waiting})
        raise ContractError(STOPPED.format(told=told, name=self.one.name, stream=self.stream.name))
