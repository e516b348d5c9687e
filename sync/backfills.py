"""Backfills: what is asked for is estimated, written into the ledger, worked off, paused, resumed and told."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace

from config.settings import Use
from connectors.core.protocols import NoMeter, Stream
from mapping.contract import Slice
from mapping.counts import many
from mapping.errors import AuthError, ConfigError, LeaseLostError
from state import backfills, records, sweeps
from state.backfills import OPEN, BackfillRow, BackfillState, Part, PartitionState
from state.database import Database, stamp
from state.leases import Heartbeat, Lease, Leases, new_owner
from state.runs import Runs, RunStatus, together
from sync.backfill import Crew
from sync.backfill_views import ON, Ledger, lease_of, sums
from sync.backfilled import Asked, BackfillReport, EstimateReport
from sync.beside import Beside
from sync.connect import Connected, Switchboard
from sync.ending import failure
from sync.estimate import Estimator, Limits, Window, windows
from sync.garbage import few_collections
from sync.intake import LEASE_SECONDS, Intake
from sync.meter import ConnectionMeter
from sync.reports import Observer, ResolveReport

UNREAD = (PartitionState.WAITING, PartitionState.RUNNING)
ENDED = {
    BackfillState.DONE: RunStatus.OK,
    BackfillState.FAILED: RunStatus.FAILED,
    BackfillState.CANCELLED: RunStatus.INTERRUPTED,
}


@dataclass(frozen=True, slots=True)
class Draft:
    """A backfill that is not in the ledger yet: its estimate, and what it is cut into."""

    report: EstimateReport
    asked: Asked
    one: Connected
    streams: Sequence[Stream]
    slices: Mapping[str, Sequence[Slice]]
    steps: Sequence[Window]


@dataclass(frozen=True, slots=True)
class Backfills:
    """The backfills of one hub. ``beside`` makes the process that resolves meanwhile, ``resolve`` does what it left.
    ``known`` raises ConfigError for names of connections that there are not."""

    db: Database
    switchboard: Switchboard
    intake: Intake
    observer: Observer
    beside: Callable[[], Beside]
    resolve: Callable[[ResolveReport], ResolveReport | None]
    known: Callable[[Sequence[str]], object]
    crashes: list[str] = field(default_factory=list)

    @property
    def ledger(self) -> Ledger:
        """What is told of them."""
        return Ledger(self.db)

    def draft(self, connection: str, asked: Asked) -> Draft:
        """What a backfill would take. Asks the vendor for a few pages, and writes nothing.

        Raises ConfigError for a stream that is not read, or a range that makes no sense.
        """
        self.known([connection])
        now = self.db.now()
        asked = replace(asked, until=min(asked.until, now))
        steps = list(windows(asked.since, asked.until, asked.every))
        limits = Limits()
        switchboard = replace(self.switchboard, runtime=replace(self.switchboard.runtime, paced=limits.heard))
        one = switchboard.open(connection, Use.BACKFILL)
        streams = _chosen(one, asked.streams)
        slices = {stream.name: list(stream.slices()) for stream in streams}
        meter = switchboard.meters.get(connection) or ConnectionMeter(NoMeter())
        estimator = Estimator(connection, asked, meter, limits, lambda name: self._live(one.row.id, name))
        self.observer.started(f"estimate {connection}", None)
        report = estimator.report(streams, slices, steps)
        self.observer.finished(f"estimate {connection}", f"looked at with {many(report.looked, 'call')}")
        return Draft(report, asked, one, streams, slices, steps)

    def _live(self, connection_id: str, stream: str) -> int:
        with self.db.read() as c:
            return sum(each.live for each in sweeps.known_slices(c, connection_id, stream))

    def add(self, draft: Draft) -> int:
        """Writes a backfill into the ledger; returns its number. Nothing of it is read yet."""
        one, now = draft.one, self.db.stamp()
        ids = {
            (stream, slice_.key): records.slice_id(self.db, one.row.id, stream, slice_.key, slice_.title)
            for stream, found in draft.slices.items()
            for slice_ in found
        }

        def parts() -> Iterator[Part]:
            for stream in draft.streams:
                steps = [(stamp(a), stamp(b)) for a, b in draft.steps] if stream.window else [(None, None)]
                for since, until in steps:
                    for slice_ in draft.slices[stream.name]:
                        yield Part(stream.name, ids[stream.name, slice_.key], since, until)

        asked = draft.asked
        with self.db.write() as c:
            return backfills.create(
                c, one.row.id, stamp(asked.since), stamp(asked.until), asked.every, asked.workers, parts(), now
            )

    def run(self, number: int) -> BackfillReport:
        """Works a backfill off, from where it stands, and resolves what it brought, before which it is not done. Also
        one that was paused or has failed: what had failed is tried once more.

        Raises ConfigError where it is over or another one of the connection is at work; KeyboardInterrupt once every
        worker has stopped and the backfill is paused.
        """
        row = self.ledger.row(number)
        if row.state in (BackfillState.DONE, BackfillState.CANCELLED):
            raise ConfigError(f"Backfill {number} is {row.state.value}; there is nothing to go on with.")
        name = self.ledger.name(row)
        if name not in self.switchboard.settings.connections:
            raise ConfigError(f"Backfill {number} is of {name!r}, which is no longer configured.")
        one = self.switchboard.open(name, Use.BACKFILL)
        with ExitStack() as stack:
            held = Leases(self.db).acquire(lease_of(row.connection_id), new_owner(), LEASE_SECONDS)
            if held is None:
                raise ConfigError(f"Another process is at a backfill of {name}; see concord backfills.")
            stack.callback(held.release)
            stack.enter_context(Heartbeat(held))
            stack.enter_context(few_collections())
            stack.enter_context(together())
            self._work(row, one, held)
        return self.ledger.show(number)

    def _work(self, row: BackfillRow, one: Connected, held: Lease) -> None:
        runs, began = Runs(self.db), time.monotonic()
        with self.db.write(held) as c:
            backfills.begin(c, row.id, self.db.stamp())
        run = runs.start("backfill", held, row.connection_id)
        crew: Crew | None = None
        state, status, message = BackfillState.PAUSED, RunStatus.PAUSED, ""
        try:
            self.intake.recover(one)
            with self.beside() as beside:
                crew = self._crew(row, one, held, beside)
                crew.work()
                resolved = beside.finish()
            ended = self._ended(row, crew)
            if resolved.crash:
                self.crashes.append(resolved.crash)
            # Before it is over: one that is stopped in here is told of and goes on; one that is done never does.
            self.resolve(resolved.report)
            state, message = ended
            status = ENDED.get(state, RunStatus.PAUSED)
        except BaseException as error:  # before any worker began, or after the last: they keep what they meet
            status, message = failure(error, ON.format(number=row.id))
            raise
        finally:
            again_at = crew.ending.again_at if crew is not None and crew.ending is not None else None
            worked = round((time.monotonic() - began) * 1000)
            # The run first: killed in between, the backfill is gone on with, while a run that was cut off beside a
            # backfill that is over would be told as a failure for good.
            self._told(row, one, run, status, message)
            with suppress(LeaseLostError), self.db.write(held) as c:  # who took it over knows how it stands
                backfills.end(c, row.id, state, message, self.db.stamp(), worked, again_at)

    def _told(self, row: BackfillRow, one: Connected, run: int, status: RunStatus, message: str) -> None:
        streams = self.ledger.streams(row.id)
        Runs(self.db).finish(run, status, sums(streams), message)
        for each in streams:
            self.observer.finished(f"backfill {one.name}/{each.stream}", f"{each.read} read, {each.new} new")
        self.observer.finished(f"backfill {one.name}", f"{many(sum(each.done for each in streams), 'partition')} done")

    def _crew(self, row: BackfillRow, one: Connected, held: Lease, beside: Beside) -> Crew:
        streams = {stream.name: stream for stream in one.streams()}
        with self.db.read() as c:
            wanted = backfills.counted(c, row.id)
        slices = {
            records.slice_id(self.db, row.connection_id, name, slice_.key, slice_.title): slice_
            for name in wanted
            if name in streams
            for slice_ in streams[name].slices()
        }
        meter = self.switchboard.meters.get(one.name) or ConnectionMeter(NoMeter())
        runtime = self.switchboard.runtime
        return Crew(self.db, held, row, one, streams, slices, self.intake, runtime, meter, beside.stored)

    def _ended(self, row: BackfillRow, crew: Crew) -> tuple[BackfillState, str]:
        """How it stands after the workers have stopped, and the sentence for people."""
        with self.db.read() as c:
            now, counted = backfills.state(c, row.id), backfills.counted(c, row.id)
        ending, on = crew.ending, ON.format(number=row.id)
        if ending is not None:
            if isinstance(ending.error, AuthError):
                self.switchboard.rejected(crew.one, ending.error)
            if ending.again_at is not None:
                self.switchboard.rests[crew.one.name] = ending.again_at
                on = f"not before {ending.again_at[:16].replace('T', ' ')} UTC, {on}"
            return ending.state, f"{ending.message.rstrip('.')}; {on}"
        if now is not BackfillState.RUNNING:
            said = "a person paused it" if now is BackfillState.PAUSED else "a person cancelled it"
            return now, f"{said}; {on}" if now is BackfillState.PAUSED else said
        failed = sum(one.get(PartitionState.FAILED, 0) for one in counted.values())
        if failed:
            return BackfillState.FAILED, f"{many(failed, 'partition')} failed; when the reason is mended, {on}"
        left = sum(one.get(state, 0) for one in counted.values() for state in UNREAD)
        if left:
            return BackfillState.PAUSED, f"{many(left, 'partition is', 'partitions are')} not read; {on}"
        return BackfillState.DONE, ""

    # What a person says and sees

    def pause(self, number: int) -> BackfillReport:
        """Lets a backfill rest; whoever is at it stops at the end of the page. Raises ConfigError where it is over."""
        return self._move(number, BackfillState.PAUSED)

    def cancel(self, number: int) -> BackfillReport:
        """Ends a backfill for good. What it has read stays. Raises ConfigError where it is over."""
        return self._move(number, BackfillState.CANCELLED)

    def _move(self, number: int, to: BackfillState) -> BackfillReport:
        row = self.ledger.row(number)
        among = (*OPEN, BackfillState.FAILED) if to is BackfillState.CANCELLED else OPEN
        with self.db.write() as c:
            moved = backfills.move(c, number, to, among)
        if not moved:
            raise ConfigError(f"Backfill {number} is {row.state.value} and cannot be {to.value}.")
        return self.ledger.show(number)


def _chosen(one: Connected, names: Sequence[str]) -> list[Stream]:
    read = one.streams()
    known = [stream.name for stream in read]
    for name in names:
        if name not in known:
            raise ConfigError(f"{one.name} reads no stream {name!r}; it reads {', '.join(known) or 'none'}")
    return [stream for stream in read if not names or stream.name in names]
