"""Backfill: some workers read the partitions of one backfill, each the next that waits, within one rate budget.

The ledger says what is left. A page is stored with its partition's place, so whatever stops the workers, who goes on
reads at most one page a worker again. What may happen to a partition, and what becomes of it:

- The window holds more than the vendor gives out: it is cut in half, and both halves wait; a second cannot be cut.
- The vendor asks for patience: all workers wait, or the backfill pauses where that takes too long.
- Anything that waiting may mend: it waits and is tried again, some times.
- The login is refused, or the lease lost: all stop.
- Anything else: it has failed, and the others go on.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from connectors.core.protocols import Runtime, Stream
from mapping.contract import Slice
from mapping.errors import (
    AuthError,
    ConcordError,
    CursorExpiredError,
    GoneError,
    LeaseLostError,
    RateLimitedError,
    TransientError,
    WindowTooLargeError,
)
from state import backfills, records
from state.backfills import BackfillRow, BackfillState, Part, PartitionState
from state.database import Database, parse_stamp, stamp
from state.leases import Lease
from sync.connect import Connected
from sync.ending import failure, sentence
from sync.intake import Intake
from sync.meter import ConnectionMeter
from sync.page import Reading
from sync.partition import PartitionRead, RulesMovedError, WrittenToError
from sync.remap import UNDER_WAY

TRIES = 5
PATIENCE = 300.0
"""Seconds that the workers wait for the vendor; beyond it the backfill pauses."""
STOPPING = 15.0
"""Seconds that the workers have for the page they are at; who takes longer writes nothing more, its lease is gone."""
FIRST_WAIT, LONGEST_WAIT = 2.0, 60.0
WAITS = 100
"""How often in a row a partition waits for what is not its fault, before it counts as tried."""
NO_RULES = "the rules of {stream} were edited since: concord backfills resume {number} goes on under those of now"


@dataclass(slots=True)
class Ending:
    """Why the workers stop before the last partition is read."""

    state: BackfillState = BackfillState.PAUSED
    message: str = ""
    again_at: str | None = None
    error: BaseException | None = None


@dataclass(slots=True)
class Crew:
    """The workers of one backfill, and what they share. ``stored`` hears how many more records wait to be resolved."""

    db: Database
    held: Lease
    row: BackfillRow
    one: Connected
    streams: Mapping[str, Stream]
    slices: Mapping[int, Slice]
    intake: Intake
    runtime: Runtime
    meter: ConnectionMeter
    stored: Callable[[int], None]
    ending: Ending | None = None
    _over: threading.Event = field(default_factory=threading.Event)
    _turn: threading.Condition = field(default_factory=threading.Condition)
    _at_work: int = 0
    _closed: bool = False
    _done: int = 0
    _total: int = 0
    _holds: int = 0
    _read: dict[str, int] = field(default_factory=dict)
    _waits: dict[int, int] = field(default_factory=dict)
    _mapped: set[int] = field(default_factory=set)

    def work(self) -> None:
        """Reads until nothing waits, or somebody stops it. A KeyboardInterrupt is raised once all workers have stopped,
        each at the end of its page, or has taken too long for it."""
        self._begin()
        threads = [
            threading.Thread(target=self._worker, name=f"backfill {self.row.id}.{number}", daemon=True)
            for number in range(self.row.workers)
        ]
        try:
            for each in threads:
                each.start()
            for each in threads:
                while each.is_alive():
                    each.join(0.2)
        except KeyboardInterrupt:
            self.stop(Ending(message="it was stopped by a person"))
            late = time.monotonic() + STOPPING
            for each in filter(threading.Thread.is_alive, threads):
                each.join(max(0.0, late - time.monotonic()))
            raise

    def stop(self, ending: Ending) -> None:
        """Lets every worker stop at the end of its page; the first reason is the one that is told."""
        with self._turn:
            if self.ending is None:
                self.ending = ending
            self._over.set()
            self._turn.notify_all()

    # What is shown

    def _begin(self) -> None:
        with self.db.read() as c:
            counted = backfills.counted(c, self.row.id)
        self._done = sum(one.get(PartitionState.DONE, 0) for one in counted.values())
        self._total = sum(sum(one.values()) - one.get(PartitionState.SPLIT, 0) for one in counted.values())
        self.intake.observer.started(self._what, self._total)
        self.intake.observer.advanced(self._what, self._done)
        for stream in counted:
            self._read[stream] = 0
            self.intake.observer.started(f"{self._what}/{stream}", None)

    @property
    def _what(self) -> str:
        return f"backfill {self.one.name}"

    def _heard(self, stream: str, read: int, waiting: int) -> None:
        with self._turn:
            self._read[stream] += read
            self._holds = 0
            self.intake.observer.advanced(f"{self._what}/{stream}", self._read[stream])
            self.stored(waiting)

    # A worker

    def _worker(self) -> None:
        while True:
            try:
                part = self._next()
                if part is None:
                    return
                try:
                    self._carry(part)
                finally:
                    with self._turn:
                        self._at_work -= 1
                        self._turn.notify_all()
            except ConcordError as error:
                # The ledger itself could not be read or written, or is somebody else's now.
                self.stop(Ending(message=sentence(error), error=error))
                return
            except Exception as error:  # noqa: BLE001  the outermost edge of a thread: the run is recorded as failed
                self.intake.on_crash(error)
                self.stop(Ending(BackfillState.FAILED, failure(error)[1], error=error))
                return

    def _next(self) -> Part | None:
        """The next partition that waits; while others are at work, one that they may leave behind. None: it is over."""
        while True:
            with self._turn:
                while self._closed and not self._over.is_set():
                    self._turn.wait(1.0)
                if self._over.is_set():
                    return None
                with self.db.write(self.held) as c:
                    if backfills.state(c, self.row.id) is not BackfillState.RUNNING:
                        self._over.set()
                        return None
                    part = backfills.claim(c, self.row.id, self.held.fence, self.db.stamp())
                if part is not None:
                    self._at_work += 1
                    return part
                if not self._at_work:
                    return None
                self._turn.wait(1.0)

    def _carry(self, part: Part) -> None:
        began = time.monotonic()
        with self.meter.counting() as cost:
            read: PartitionRead | None = None

            def tally() -> dict[str, int]:
                spent = round((time.monotonic() - began) * 1000)
                counts = read.tally() if read is not None else dict(part.counts)
                return {**counts, "worked_ms": part.counts.get("worked_ms", 0) + spent}

            try:
                reading, slice_ = self._reading(part)
                read = PartitionRead(
                    self.db, self.held, self.row.id, self.one.row.id, reading, slice_, part,
                    (parse_stamp(self.row.since), parse_stamp(self.row.until)), cost,
                    lambda records_, waiting: self._heard(part.stream, records_, waiting), self._pause,
                )  # fmt: skip
                if read.run():
                    self._finish(part, PartitionState.DONE, tally())
                else:
                    self._put_back(part, tally(), part.tries)
            except (AuthError, LeaseLostError):
                raise
            except WindowTooLargeError as error:
                self._split(part, tally(), error)
            except (RulesMovedError, WrittenToError) as error:
                self._wait_for_others(part, tally(), error)
            except RateLimitedError as error:
                self._hold(part, tally(), error)
            except CursorExpiredError as error:
                with self.db.write(self.held) as c:
                    backfills.forget_place(c, part.id, self.db.stamp())
                self._again(part, tally(), error, part.tries)
            except TransientError as error:
                # One that has come further since has not been tried in vain.
                self._again(part, tally(), error, 0 if read is not None and read.counts.read else part.tries)
            except ConcordError as error:
                self._finish(part, PartitionState.FAILED, tally(), failure(error, "it is tried again")[1])
            except Exception as error:  # noqa: BLE001  the outermost edge of a partition: it is recorded as failed
                self.intake.on_crash(error)
                self._finish(part, PartitionState.FAILED, tally(), failure(error)[1])

    def _reading(self, part: Part) -> tuple[Reading, Slice]:
        """The stream with the rules in force, and the slice; what is stored of it is mapped by those rules first.

        Raises RulesMovedError while somebody else is at that, GoneError for a slice that is no longer listed.
        """
        stream, found = self.streams.get(part.stream), self.slices.get(part.slice_id)
        if stream is None or found is None:
            raise GoneError(f"this part of {part.stream} is no longer there, or no longer read")
        reading = self.intake.reading(self.one, stream)
        with self.db.read() as c:
            rules = records.rules_of(c, part.slice_id)
        if rules is None:  # nothing is stored of it
            with self.db.write(self.held) as c:
                if records.rules_of(c, part.slice_id) is None:
                    records.set_rules(c, part.slice_id, reading.current)
        elif rules != reading.current:
            edited = rules != UNDER_WAY and not rules.startswith(reading.version)
            if edited and part.slice_id in self._mapped:
                self.stop(Ending(message=NO_RULES.format(stream=part.stream, number=self.row.id)))
                raise RulesMovedError
            if not self.intake.map_again(self.one, stream, found, reading):
                raise RulesMovedError
        self._mapped.add(part.slice_id)
        return reading, found

    def _pause(self) -> bool:
        """Waits while the vendor asks for patience; whether to stop, at whoever's word."""
        with self._turn:
            while self._closed and not self._over.is_set():
                self._turn.wait(1.0)
            if self._over.is_set():
                return True
        with self.db.read() as c:
            if backfills.state(c, self.row.id) is BackfillState.RUNNING:
                return False
        self._over.set()
        return True

    def _sleep(self, seconds: float) -> None:
        while seconds > 0 and not self._over.is_set():
            self.runtime.sleep(min(seconds, 1.0))
            seconds -= 1.0

    # What becomes of a partition

    def _finish(self, part: Part, found: PartitionState, counts: Mapping[str, int], error: str = "") -> None:
        with self.db.write(self.held) as c:
            backfills.finish(c, part.id, found, counts, self.db.stamp(), error)
        with self._turn:
            self._holds, self._done = 0, self._done + 1
            self.intake.observer.advanced(self._what, self._done)

    def _put_back(self, part: Part, counts: Mapping[str, int], tries: int, error: str = "") -> None:
        with self.db.write(self.held) as c:
            backfills.put_back(c, part.id, counts, self.db.stamp(), tries=tries, error=error)

    def _again(self, part: Part, counts: Mapping[str, int], error: ConcordError, tries: int) -> None:
        """Tries it again later, some times."""
        if tries + 1 >= TRIES:
            self._finish(part, PartitionState.FAILED, counts, f"{sentence(error)} It was tried {TRIES} times.")
            return
        self._put_back(part, counts, tries + 1, sentence(error))
        self._sleep(min(FIRST_WAIT * 2**tries, LONGEST_WAIT))

    def _wait_for_others(self, part: Part, counts: Mapping[str, int], error: ConcordError) -> None:
        self._put_back(part, counts, part.tries)
        with self._turn:
            self._waits[part.id] = waits = self._waits.get(part.id, 0) + 1
        if waits >= WAITS:
            self.stop(Ending(message=sentence(error), error=error))
        self._sleep(FIRST_WAIT)

    def _hold(self, part: Part, counts: Mapping[str, int], error: RateLimitedError) -> None:
        """Lets all workers wait as long as the vendor asks for; beyond our patience the backfill pauses."""
        seconds = error.retry_after or LONGEST_WAIT
        self._put_back(part, counts, part.tries)
        with self._turn:
            first, self._closed = not self._closed, True
            self._holds += first
            tired = self._holds > TRIES
        if not first:
            return
        if seconds > PATIENCE or tired:
            again_at = stamp(self.db.now() + timedelta(seconds=seconds))
            self.stop(Ending(message=sentence(error), again_at=again_at, error=error))
        self._sleep(seconds)
        with self._turn:
            self._closed = False
            self._turn.notify_all()

    def _split(self, part: Part, counts: Mapping[str, int], error: ConcordError) -> None:
        """Puts two halves in its place. What was read of it is read again in them, and found unchanged."""
        halves = _halves(part)
        if halves is None:
            told = f"{sentence(error)} It is of {part.since or 'all times'}, and cannot be halved any further."
            self._finish(part, PartitionState.FAILED, counts, told)
            return
        with self.db.write(self.held) as c:
            now = self.db.stamp()
            backfills.finish(c, part.id, PartitionState.SPLIT, counts, now)
            backfills.add(c, self.row.id, iter(halves), now)
        with self._turn:
            self._total += 1
            self.intake.observer.started(self._what, self._total)
            self.intake.observer.advanced(self._what, self._done)


def _halves(part: Part) -> tuple[Part, Part] | None:
    """The two halves of a window, cut at a whole second; None where there is no such second inside it."""
    if part.since is None or part.until is None:
        return None
    start, end = parse_stamp(part.since), parse_stamp(part.until)
    middle = (start + (end - start) / 2).replace(microsecond=0)
    if not start < middle < end:
        return None
    fresh = Part(part.stream, part.slice_id, part.since, part.until)
    return replace(fresh, until=stamp(middle)), replace(fresh, since=stamp(middle))
