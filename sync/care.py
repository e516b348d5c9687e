"""Care of the database: what has expired goes, what is old is packed, and how large everything is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import partial

from config.retention import age
from config.settings import Settings, StreamSettings
from mapping.counts import many
from mapping.errors import TransientError
from state import compact, retention, sizes, versions
from state.audit import last_audit
from state.connections import Connections
from state.database import Database, stamp
from state.leases import Heartbeat, Lease, Leases, new_owner
from state.retention import Expired
from state.runs import Runs, RunStatus
from state.sizes import TableSize
from sync.ending import failure
from sync.intake import LEASE_SECONDS
from sync.reports import Observer
from sync.safekeeping import BACKED_UP

Prune = Callable[[Database, Lease, str], int]
LEASE = "care"
SETTLED = timedelta(days=1)
"""Age at which a body is packed: what changes every hour would be packed in vain."""


@dataclass(frozen=True, slots=True)
class TidyReport:
    """What one pass let go, and what it packed; bytes as they lay in the database. ``skipped`` where another process
    was at it."""

    bodies: int = 0
    body_bytes: int = 0
    runs: int = 0
    dead_letters: int = 0
    events: int = 0
    packed: int = 0
    saved_bytes: int = 0
    skipped: bool = False


@dataclass(frozen=True, slots=True)
class VacuumReport:
    """A pass, and the bytes of the database before and after its room was given back."""

    tidied: TidyReport
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class StreamStats:
    """The raw records of one stream, and what its retention would let go now. Instants are stamps."""

    connection: str
    stream: str
    records: int
    bodies: int
    packed: int
    body_bytes: int
    oldest: str
    newest: str
    keeps: str
    expiring: int
    expiring_bytes: int


@dataclass(frozen=True, slots=True)
class SizeReport:
    """How large everything is. ``free`` bytes lie unused in the database, ``log`` beside it, ``disk`` on its disk."""

    database: str
    version: str
    bytes: int
    free: int
    log: int
    disk: int | None
    records: int
    last_backup: str
    tables: Sequence[TableSize]
    streams: Sequence[StreamStats]

    @property
    def bytes_a_record(self) -> float:
        """Bytes of the database for each raw record."""
        return self.bytes / self.records if self.records else 0.0


@dataclass(frozen=True, slots=True)
class Care:
    """Keeps one database small, by the retention that its configuration wants."""

    db: Database
    settings: Settings
    observer: Observer

    def stats(self) -> SizeReport:
        """How large everything is, and what retention would free. Reads the whole database."""
        names = {row.id: row.name for row in Connections(self.db).all()}
        whole = sizes.occupied(self.db)
        now = self.db.now()
        found = []
        for one in sizes.streams(self.db):
            name = names.get(one.connection_id, one.connection_id)
            before = self._before(name, one.stream, now)
            gone = Expired()
            if before is not None:
                with self.db.read() as c:
                    gone = retention.expiring(c, one.connection_id, one.stream, before)
            found.append(
                StreamStats(
                    name, one.stream, one.records, one.bodies, one.packed, one.body_bytes, one.oldest, one.newest,
                    self._keeps(name, one.stream), gone.rows, gone.bytes,
                )
            )  # fmt: skip
        with self.db.read() as c:
            version = versions.found_version(c) or ""
        return SizeReport(
            self.db.place, version, whole.bytes, whole.free, whole.log, whole.disk,
            sum(one.records for one in found), last_audit(self.db, BACKED_UP), sizes.tables(self.db), found,
        )  # fmt: skip

    def tidy(self) -> TidyReport:
        """Lets go of what has expired and packs what is old, beside whatever else is at work. It is kept as a run."""
        held = Leases(self.db).acquire(LEASE, new_owner(), LEASE_SECONDS)
        if held is None:
            return TidyReport(skipped=True)
        try:
            with Heartbeat(held):
                return self._run(held)
        finally:
            held.release()

    def vacuum(self) -> VacuumReport:
        """``tidy``, and gives the room that is free then back to the disk.

        Raises TransientError while anything is at work on an SQLite file, which cannot be written meanwhile, and where
        the disk has no room for it to be written anew.
        """
        before = sizes.occupied(self.db)
        tidied = self.tidy()
        busy = sorted(Leases(self.db).every_held())
        if self.db.file is not None and busy:
            raise TransientError(
                f"Others are at work ({', '.join(busy[:3])}); what has expired is gone, and its room is used for what"
                " comes. To give it back to the disk, run this again when they are done."
            )
        self.observer.started("vacuum", None)
        compact.compact(self.db)
        after = sizes.occupied(self.db)
        self.observer.finished("vacuum", f"{(before.bytes - after.bytes) / 1e6:,.1f} MB given back")
        return VacuumReport(tidied, before.bytes + before.log, after.bytes + after.log)

    def _run(self, held: Lease) -> TidyReport:
        runs = Runs(self.db)
        run = runs.start("care", held)
        try:
            report = self._pass(held)
        except BaseException as error:
            status, message = failure(error, "the next pass goes on from here")
            runs.finish(run, status, {}, message, error)
            raise
        counts = {name: int(value) for name, value in asdict(report).items() if name != "skipped"}
        runs.finish(run, RunStatus.OK, counts)
        return report

    def _pass(self, held: Lease) -> TidyReport:
        now = self.db.now()
        gone = Expired()
        packed = saved = 0
        names = {row.id: row.name for row in Connections(self.db).all()}
        with self.db.read() as c:
            places = sizes.places(c)
        for connection_id, stream in places:
            name = names.get(connection_id, connection_id)
            before = self._before(name, stream, now)
            if before is not None:
                gone += retention.expire_bodies(self.db, held, connection_id, stream, before)
            what = f"pack {name}/{stream}"
            self.observer.started(what, None)
            settled = stamp(now - SETTLED)
            count, less = compact.pack_bodies(
                self.db, held, connection_id, stream, settled, partial(self.observer.advanced, what)
            )
            self.observer.finished(what, many(count, "body", "bodies"))
            packed, saved = packed + count, saved + less
        kept = self.settings.retention
        return TidyReport(
            gone.rows,
            gone.bytes,
            self._pruned(held, retention.prune_runs, kept.runs, now),
            self._pruned(held, retention.prune_letters, kept.dead_letters, now),
            self._pruned(held, retention.prune_events, kept.events, now),
            packed,
            saved,
        )

    def _pruned(self, held: Lease, prune: Prune, kept: str, now: datetime) -> int:
        old = age(kept)
        return prune(self.db, held, stamp(now - old)) if old is not None else 0

    def _keeps(self, name: str, stream: str) -> str:
        """How long the bodies of a stream are kept, as configured."""
        one = self.settings.connections.get(name)
        if one is None:
            return self.settings.retention.bodies
        if one.push:
            return "never"  # plans compare with what was read
        return (one.streams.get(stream) or StreamSettings()).retention.bodies or self.settings.retention.bodies

    def _before(self, name: str, stream: str, now: datetime) -> str | None:
        """The stamp before which a stream's bodies have expired; None where they never do."""
        old = age(self._keeps(name, stream))
        return stamp(now - old) if old is not None else None
