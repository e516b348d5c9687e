"""Rebuild: everything is compared, scored and decided anew with a fresh snapshot, by the code that does it daily.

The new decisions are made only once everybody is scored, so that nobody is split and merged again on the way. Cut off,
it is done by whoever resolves next. A dry run does the same in a copy.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from mapping.criteria import Criteria
from mapping.errors import TransientError
from mapping.policy import Policy
from mapping.quality import drift
from state import belonging, matching, rehearsal
from state.database import Database
from state.leases import Heartbeat, Lease, Leases, new_owner
from sync.figures import RebuildReport
from sync.intake import LEASE_SECONDS
from sync.match import Matcher
from sync.reports import ResolveReport
from sync.resolve import Resolver
from sync.turn import Turn

BUSY = "Another process is working out who is who; nothing was rebuilt. Try again later."


def rebuild(turn: Turn) -> RebuildReport:
    """Rebuilds. Raises TransientError when another process is at it all the time."""
    with turn.taken() as resolver:
        if resolver is None:
            raise TransientError(BUSY)
        if resolver.criteria.compare:
            matching.begin(turn.db, resolver.lease)
            matching.begin_anew(turn.db, resolver.lease)
        else:
            matching.queue_everything(turn.db, resolver.lease)
        report = turn.run(resolver)
    with turn.db.read() as c:
        return RebuildReport(False, matching.live_customers(c), report.merged, report.split)


def rehearse(db: Database, folder: Path, criteria: Criteria, policy: Callable[[], Policy]) -> RebuildReport:
    """What a rebuild by these criteria would change; nothing is written but a copy in ``folder``, which goes again."""
    with rehearsal.copied(db, folder) as copy:
        with copy.read() as c:
            before = belonging.everybody(c)
        held = Leases(copy).acquire("resolve", new_owner(), LEASE_SECONDS)
        assert held is not None, "nobody else knows of the copy"
        with Heartbeat(held):
            _decide_anew(copy, held, criteria, policy())
        with copy.read() as c:
            found = drift(before, belonging.everybody(c))
    return RebuildReport(True, found.after, len(found.merged), len(found.split), found.moved)


def _decide_anew(copy: Database, held: Lease, criteria: Criteria, policy: Policy) -> ResolveReport:
    """Everything in the copy, where nothing is filed yet."""
    resolver = Resolver(copy, held, criteria, policy)
    if criteria.compare:
        matcher = Matcher(copy, held, criteria)
        matching.begin(copy, held)
        matching.enqueue_all(copy, held, matching.DECIDE)
        matcher.run()
    else:
        matching.queue_everything(copy, held)
    return resolver.run()
