"""Whose turn it is to resolve and to match: one at a time in a database, and each as a run that is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial

from mapping.counts import many
from mapping.criteria import Criteria
from mapping.currencies import Rates
from mapping.policy import Policy
from state.database import Database
from state.leases import Heartbeat, Leases, new_owner
from state.runlog import note
from state.runs import Runs, RunStatus
from sync.ending import failure
from sync.garbage import few_collections
from sync.intake import LEASE_SECONDS
from sync.match import Matcher
from sync.reports import Observer, ResolveReport
from sync.resolve import Resolver
from sync.traits import TraitKeeper

NOTHING_YET = ResolveReport()
LOOKS = 120
"""How often another process's resolving is looked at before it is left alone."""


@dataclass(frozen=True, slots=True)
class Turn:
    """The turn to resolve in one database, with what resolving goes by. ``sleep`` waits for so many seconds."""

    db: Database
    criteria: Callable[[], Criteria]
    policy: Callable[[], Policy]
    rates: Rates
    observer: Observer
    sleep: Callable[[float], object]

    @contextmanager
    def taken(self) -> Iterator[Resolver | None]:
        """Who may resolve while the block runs; None when another process was at it all the time, for a minute."""
        held = Leases(self.db).acquire("resolve", new_owner(), LEASE_SECONDS)
        for _ in range(LOOKS):
            if held is not None:
                break
            self.sleep(LEASE_SECONDS / LOOKS)
            held = Leases(self.db).acquire("resolve", new_owner(), LEASE_SECONDS)
        if held is None:
            yield None
            return
        try:
            with Heartbeat(held):
                advanced = partial(self.observer.advanced, "resolve")
                yield Resolver(self.db, held, self.criteria(), self.policy(), advanced)
        finally:
            held.release()
            self.db.carry_over()

    @few_collections()
    def run(self, resolver: Resolver, done: ResolveReport = NOTHING_YET) -> ResolveReport:
        """Compares what waits with others, and resolves it, until nothing waits, as a run that is kept; with what was
        ``done`` already."""
        keeper = TraitKeeper(self.db, resolver.lease, self.rates)
        matcher = Matcher(self.db, resolver.lease, resolver.criteria, partial(self.observer.advanced, "compare"))
        anew = resolver.follow_policy()
        if not resolver.waiting() and done == NOTHING_YET and not keeper.waiting() and not matcher.waiting():
            return done
        runs = Runs(self.db)
        run = runs.start("resolve", resolver.lease)
        try:
            if anew:
                note("the rules of survivorship are others now, so golden records are made anew", customers=anew)
            fresh = resolver.waiting()
            if matcher.criteria.compare:
                self.observer.started("compare", None)
                self.observer.finished("compare", f"{many(matcher.ahead(), 'record')} compared")
            self.observer.started("resolve", resolver.waiting())
            resolved = resolver.run()
            # Whom scores sent back was counted when it was resolved first.
            report = done + replace(resolved, entities=min(fresh, resolved.entities))
            while matcher.waiting():
                matcher.run()
                report += replace(resolver.run(), entities=0)
            report += ResolveReport(traits=keeper.run())
        except BaseException as error:
            status, message = failure(error)
            runs.finish(run, status, {}, message, error)
            raise
        runs.finish(
            run, RunStatus.OK, {"entities": report.entities, "created": report.created, "merged": report.merged}
        )
        self.observer.finished("resolve", f"{many(report.created, 'new customer')}, {report.merged:,} merged")
        return report
