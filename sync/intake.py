"""Intake: every stream of a connection, each a run of its own, so that one that fails stops no other."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import timedelta
from hashlib import blake2b

from config.settings import Settings, StreamSettings
from connectors.core.protocols import Stream
from mapping.contract import Schema, Slice
from mapping.errors import AuthError, ConcordError, ForbiddenError
from mapping.identity import Protection
from mapping.mapper import Mapper
from mapping.model import Kind
from mapping.recurrence import Horizon
from mapping.rules import EntityRules
from mapping.timeline import Privacy
from state import records
from state.connections import Connections
from state.database import Database
from state.leases import Heartbeat, Lease, Leases, new_owner
from state.runlog import note
from state.runs import Runs, RunStatus
from sync.connect import Connected, Switchboard
from sync.drift import Watch
from sync.ending import GOES_ON, failure
from sync.holding import under_contract
from sync.page import Reading
from sync.pull import SlicePull
from sync.recover import recover
from sync.remap import remap
from sync.reports import Observer, StreamReport
from sync.storing import Counts

LEASE_SECONDS = 60.0
NEXT = {
    "pull": GOES_ON,
    "sweep": "the next sweep begins again",
    "replay": "the next replay goes on",
}
MONEY = frozenset({Kind.ORDER, Kind.INVOICE, Kind.PAYMENT, Kind.DEAL})


def lane(connection_id: str, object_: str) -> str:
    """The lease that a destination's object is written under. Reading the same records takes it too, so that our own
    words are never met before their acknowledgement is stored."""
    return f"lane:{connection_id}:{object_}"


Tally = Mapping[str, int]
"""Counts of a run by their names."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended: a RunStatus or ``skipped``, the sentence for people, and the error if there was one."""

    status: str
    message: str = ""
    error: BaseException | None = None


@dataclass(frozen=True, slots=True)
class Intake:
    """Reads connections into the database. ``stored`` hears how many more records wait to be resolved."""

    db: Database
    settings: Settings
    switchboard: Switchboard
    observer: Observer
    protection: Protection
    privacy: Privacy
    on_crash: Callable[[BaseException], None]
    stored: Callable[[int], None] = lambda records: None
    owner: str = field(default_factory=new_owner)

    def connection(
        self, one: Connected, *, streams: Sequence[str] = (), full: bool = False, allow_deletes: bool = False
    ) -> list[StreamReport]:
        """Reads the streams of one connection. A refused login ends it; anything else ends only its stream."""
        reports: list[StreamReport] = []
        self.recover(one)
        for stream in one.streams():
            if streams and stream.name not in streams:
                continue
            report, error = self._stream(one, stream, full, allow_deletes)
            reports.append(report)
            if isinstance(error, AuthError):
                self.switchboard.rejected(one, error)
                break
        return reports

    def not_read(self, name: str, error: ConcordError) -> StreamReport:
        """What is told of a connection that could not be read at all."""
        status, message = self.not_opened("pull", name, error)
        return StreamReport(name, "", str(status.value), message=message)

    def not_opened(self, kind: str, name: str, error: ConcordError) -> tuple[RunStatus, str]:
        """How work of that kind ended at a connection that refused it, kept as a run of no stream: whoever looks at the
        runs later sees what was not done, and why.

        Of a connection that rests the run is ``paused``, whatever lets it rest: alerts tell of the rest itself.
        """
        status, message = failure(error, NEXT[kind])
        self.switchboard.asked_for_patience(name, error)
        row = Connections(self.db).get(name)
        if row is None:
            return status, message
        if row.paused is not None:
            status = RunStatus.PAUSED
        place, costs = (kind, row.id, None), self.switchboard.purse(name).take()
        Runs(self.db).note(place, f"open:{row.id}", self.owner, status, message, error, costs)
        return status, message

    def recover(self, one: Connected) -> None:
        """Finds out what became of writes that a dead process or a lost answer left open."""
        for rules in one.targets():
            held = Leases(self.db).acquire(lane(one.row.id, rules.target.object), self.owner, LEASE_SECONDS)
            if held is None:
                continue
            try:
                with Heartbeat(held):
                    self._recover(one, rules.target.object, held)
            finally:
                held.release()

    def _recover(self, one: Connected, object_: str, held: Lease) -> None:
        for rules in one.targets():
            if one.writes is not None and rules.target.object == object_:
                recover(self.db, held, one.writes, rules, self.switchboard.runtime.sleep)
                break  # the attempts of one object are found out together, whatever kinds of fact it holds

    def reading(self, one: Connected, stream: Stream) -> Reading:
        """The stream with the rules in force: the connector's, under the admin's."""
        mine = one.settings.reads(stream.name) or StreamSettings()
        mapper = Mapper(
            [_in_currency(rule, self.settings.hub.currency) for rule in stream.rules],
            default_country=one.settings.default_country or self.settings.hub.default_country,
            overrides=mine.overrides,
            creates_customers=mine.creates_customers,
            horizon=Horizon.at(self.db.now(), timedelta(days=self.settings.hub.meetings_ahead)),
            system=one.system,
        )
        seen: list[Schema] = []

        def schema() -> Schema:
            if not seen:
                seen.append(stream.describe())
            return seen[0]

        said = (protected(self.protection), self.settings.privacy, declaration(mine))
        guard = blake2b(repr(said).encode(), digest_size=4).hexdigest()
        reading = Reading(stream, mapper, self.privacy, schema, f"{mapper.version}{guard}", one.signature(stream))
        return under_contract(self.db, one.row.id, reading, mine)

    def _stream(
        self, one: Connected, stream: Stream, full: bool, allow_deletes: bool
    ) -> tuple[StreamReport, BaseException | None]:
        counts = Counts()
        began = time.monotonic()
        ended = self.run(
            "pull", one, stream,
            lambda held: self._slices(one, stream, held, counts, full, allow_deletes),
            counts.tally,
        )  # fmt: skip
        message = "; ".join([*counts.notes, ended.message] if ended.message else counts.notes)
        self.observer.finished(
            f"pull {one.name}/{stream.name}", f"{counts.read} read, {counts.new} new, {counts.changed} changed"
        )
        report = StreamReport(
            one.name, stream.name, ended.status, counts.read, counts.new, counts.changed, counts.unchanged,
            counts.gone, counts.dead, counts.dropped, counts.pages, time.monotonic() - began, message,
        )  # fmt: skip
        return report, ended.error

    def run(
        self, kind: str, one: Connected, stream: Stream, work: Callable[[Lease], None], counts: Callable[[], Tally]
    ) -> Ended:
        """Does the work under the lease that the stream is read under, and keeps it as a run.

        The work is skipped while another process holds the stream, or writes the same records. An error that has a
        name, or none, ends the run and is returned; whatever stops the process is raised.
        """
        leases = Leases(self.db)
        with ExitStack() as stack:
            held = leases.acquire(f"pull:{one.row.id}:{stream.name}", self.owner, LEASE_SECONDS)
            if held is None:
                return Ended("skipped", "another process is reading it")
            stack.callback(held.release)
            stack.enter_context(Heartbeat(held))
            writing: Lease | None = None
            if stream.target:
                writing = leases.acquire(lane(one.row.id, stream.target), self.owner, LEASE_SECONDS)
                if writing is None:
                    return Ended("skipped", "it is being written to")
                stack.callback(writing.release)
                stack.enter_context(Heartbeat(writing))
            runs = Runs(self.db)
            run = runs.start(kind, held, one.row.id, stream.name)
            self.observer.started(f"{kind} {one.name}/{stream.name}", None)
            error: BaseException | None = None
            status, message = RunStatus.OK, ""
            try:
                if writing is not None and kind != "replay":  # which meets nothing new of what we wrote
                    # Once more, under the lease that the stream is read under: a writer may have died just now.
                    self._recover(one, stream.target, writing)
                work(held)
            except ConcordError as known:
                error = known
                status, message = failure(known, NEXT[kind])
                self.switchboard.asked_for_patience(one.name, known)
            except Exception as unknown:  # noqa: BLE001  the outermost edge of a run: it is recorded as failed
                error = unknown
                status, message = failure(unknown)
                self.on_crash(unknown)
            except BaseException as stop:
                status, message = failure(stop, NEXT[kind])
                runs.finish(run, status, counts(), message, stop, one.purse.take())
                raise
            status = runs.finish(run, status, counts(), message, error, one.purse.take())
        return Ended(str(status.value), message, error)

    def _slices(
        self, one: Connected, stream: Stream, held: Lease, counts: Counts, full: bool, allow_deletes: bool
    ) -> None:
        mine = one.settings.reads(stream.name) or StreamSettings()
        watch = Watch(self.db, held, one, stream, mine, counts.notes)
        watch.look()
        reading = watch.over(self.reading(one, stream))
        refused: ForbiddenError | None = None
        heard = before = 0

        def progress(done: int) -> None:
            nonlocal heard
            self.observer.advanced(f"pull {one.name}/{stream.name}", done)
            self.stored(counts.new + counts.changed - heard)
            heard = counts.new + counts.changed

        for slice_ in stream.slices():
            slice_id = self._prepared(one, stream, slice_, held, reading, counts)
            pull = SlicePull(
                self.db, held, one.row.id, reading, slice_, slice_id, counts, progress,
                full, mine.since, mine.max_vanished_share, allow_deletes,
            )  # fmt: skip
            try:
                pull.run()
            except ForbiddenError as error:
                # The mailbox of somebody who has left keeps nobody from reading the others.
                refused = refused or error
                note("a slice may not be read", level="warning", slice=slice_id, reason=str(error))
            else:
                note("slice read", slice=slice_id, records=counts.read - before)
            before = counts.read
        watch.end()
        if refused is not None:
            raise refused

    def map_again(self, one: Connected, stream: Stream, slice_: Slice, reading: Reading) -> bool:
        """Maps what is stored of a slice by the rules in force; False while another process is at the stream."""
        held = Leases(self.db).acquire(f"pull:{one.row.id}:{stream.name}", self.owner, LEASE_SECONDS)
        if held is None:
            return False
        try:
            with Heartbeat(held):
                self._prepared(one, stream, slice_, held, reading, Counts())
        finally:
            held.release()
        return True

    def _prepared(
        self, one: Connected, stream: Stream, slice_: Slice, held: Lease, reading: Reading, counts: Counts
    ) -> int:
        """The slice's id; what is stored of it is mapped again first where its rules have changed."""
        number = records.slice_id(self.db, one.row.id, stream.name, slice_.key, slice_.title)
        records.note_deduplicated(self.db, held, number, stream.deduplicated)
        with self.db.read() as c:
            current = records.rules_of(c, number)
        if current is None:
            with self.db.write(held) as c:
                records.set_rules(c, number, reading.current)
        elif current != reading.current:
            done = remap(self.db, held, one.row.id, reading, number, reading.current)
            note("stored records were mapped again under other rules", slice=number, changed=done.changed)
            counts.changed += done.changed
            counts.dead += done.dead
            counts.dropped += done.dropped
            counts.notes += [told.replace("NAME", one.name) for told in done.notes]
        return number


def protected(protection: Protection) -> tuple[object, ...]:
    """What the protection says, in an order that every process gives it: that of a set differs from one to the next."""
    limits = (protection.max_names, protection.max_group, protection.max_records)
    return (sorted(protection.blocked), sorted(protection.internal), *limits)


def declaration(stream: StreamSettings) -> tuple[object, ...]:
    """What the admin says of whom a stream names; empty where nothing. A change lets all of it be resolved again."""
    said = (stream.deduplicated, *sorted(stream.unique))
    return said if said != (None,) else ()


def _in_currency(rule: EntityRules, currency: str) -> EntityRules:
    """The rule with the hub's currency for amounts that name none."""
    if not currency or rule.kind not in MONEY or "currency" in rule.defaults:
        return rule
    return replace(rule, defaults={**rule.defaults, "currency": f"'{currency}'"})
