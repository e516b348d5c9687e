"""The tables of the hub's own work: jobs, runs, backfills, sweeps, what was spent, what changed at vendors, alerts."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    Index,
    Integer,
    String,
    Table,
    Text,
)

from state.columns import BIGID, PERSONAL, Json, metadata

backfill = Table(
    "backfill",
    metadata,
    Column("id", BIGID, primary_key=True, autoincrement=True),
    Column("connection_id", String(80), nullable=False),
    Column("since", String(27), nullable=False),
    Column("until", String(27), nullable=False),
    Column("every", String(20), nullable=False),
    Column("workers", Integer, nullable=False),
    Column("state", String(12), nullable=False),  # planned | running | paused | done | failed | cancelled
    Column("message", Text),
    Column("created_at", String(27), nullable=False),
    Column("started_at", String(27)),
    Column("ended_at", String(27)),
    Column("again_at", String(27)),  # when it may go on, where a budget or the vendor said so
    Column("worked_ms", BigInteger, nullable=False),
)

partition = Table(
    "partition",
    metadata,
    Column("id", BIGID, primary_key=True, autoincrement=True),
    Column("backfill_id", BIGID, nullable=False),
    Column("stream", String(120), nullable=False),
    Column("slice_id", BIGID, nullable=False),
    Column("since", String(27)),  # both None: the slice has no window and is read whole
    Column("until", String(27)),
    Column("state", String(12), nullable=False),  # waiting | running | done | failed | split
    Column("cursor", Text, info=PERSONAL),  # as cursor.value
    Column("counts", Json, nullable=False),
    Column("tries", Integer, nullable=False),  # that ended badly, one after the other
    Column("error", Text),
    Column("fence", BigInteger),  # of the lease it is read under: running under an older one, its process has died
    Column("updated_at", String(27), nullable=False),
    Index("ix_partition_backfill_id_state", "backfill_id", "state"),
)

spending = Table(
    "spending",  # only of connections that have a budget a day
    metadata,
    Column("connection_id", String(80), primary_key=True),
    Column("day", String(10), primary_key=True),  # in the hub's time zone
    Column("calls", BigInteger, nullable=False),
)

sweep = Table(
    "sweep",
    metadata,
    Column("connection_id", String(80), primary_key=True),
    Column("stream", String(120), primary_key=True),
    Column("tried_at", String(27)),  # when the last one began, however it ended
    Column("completed_at", String(27)),
)

schedule = Table(
    "schedule",
    metadata,
    Column("job", String(240), primary_key=True),  # read:NAME | sweep:NAME | push:NAME
    Column("kind", String(8), nullable=False),  # read | sweep | push
    Column("connection", String(200), nullable=False),  # by its name in the configuration
    Column("spec", String(200), nullable=False),  # the schedule as configured; empty: only when asked for
    Column("due_at", String(27)),
    Column("asked_at", String(27)),  # when a person asked for it to be run now
    Column("tries", Integer, nullable=False),  # starts since it last ended well
    Column("started_at", String(27)),
    Column("ended_at", String(27)),
    Column("status", String(12), nullable=False),  # how it last ended; empty before the first time
    Column("message", Text),
)

run = Table(
    "run",
    metadata,
    Column("id", BIGID, primary_key=True, autoincrement=True),
    Column("part_of", BIGID),  # the first run of the same command; None for the first, and for one that is alone
    Column("kind", String(20), nullable=False),  # pull | sweep | backfill | resolve | plan | push | replay
    Column("connection_id", String(80)),
    Column("stream", String(120)),
    Column("started_at", String(27), nullable=False),
    Column("ended_at", String(27)),
    Column("status", String(12), nullable=False),  # running | ok | partial | failed | paused | interrupted
    Column("error", Text),
    Column("cause", String(40)),  # the name of the error in mapping/errors.py that ended it
    Column("counts", Json, nullable=False),
    Column("lease", String(600), nullable=False),  # the lease it works under: a run whose lease is gone was interrupted
    Column("fence", BigInteger, nullable=False),
    Column("job", String(240)),  # the job of `concord serve` that it belongs to
    Column("costs", Json),  # {calls, bytes, retries, waits: {why: seconds}}; None where none were counted
    Index("ix_run_status", "status"),
)

run_log = Table(
    "run_log",
    metadata,
    Column("id", BIGID, primary_key=True, autoincrement=True),
    Column("run_id", BIGID, nullable=False, index=True),
    Column("at", String(27), nullable=False),
    Column("level", String(8), nullable=False),  # info | warning | error
    Column("event", String(200), nullable=False),
    Column("fields", Json, nullable=False),  # counts, seconds and words of ours
)

tally = Table(
    "tally",
    metadata,
    Column("kind", String(20), primary_key=True),  # of the runs it sums over
    Column("connection_id", String(80), primary_key=True),  # empty where a run is of none; stream too
    Column("stream", String(120), primary_key=True),
    Column("name", String(80), primary_key=True),  # a count or cost of a run, or 'ended:' and a status
    Column("value", Double, nullable=False),  # over all runs there ever were, also those that are no longer kept
    sqlite_with_rowid=False,
)

stream_schema = Table(
    "stream_schema",
    metadata,
    Column("connection_id", String(80), primary_key=True),
    Column("stream", String(120), primary_key=True),
    Column("field", String(200), primary_key=True),
    Column("type", String(20), nullable=False),  # as the vendor says, or the JSON type where it says nothing
    Column("was", String(20), nullable=False),  # the type that was accepted
    Column("state", String(10), nullable=False),  # known | new | vanished | retyped | dropped
    Column("shape", Text, info=PERSONAL),  # as described; a picklist may list colleagues. None: only seen in records
    Column("used_by", Text, nullable=False),  # the rules that read it
    Column("met", Integer, nullable=False),  # of so many records it was in, when it was first met
    Column("looked", Integer, nullable=False),
    Column("first_at", String(27), nullable=False),
    Column("last_at", String(27), nullable=False),
)

drift_event = Table(
    "drift_event",
    metadata,
    Column("id", BIGID, primary_key=True, autoincrement=True),
    Column("at", String(27), nullable=False),
    Column("connection_id", String(80), nullable=False),
    Column("stream", String(120), nullable=False),
    Column("field", String(200), nullable=False),
    Column("kind", String(10), nullable=False),  # new | vanished | retyped | returned | changed | accepted
    Column("before", String(20), nullable=False),  # types
    Column("after", String(20), nullable=False),
    Column("detail", String(200), nullable=False),  # counts of options, a length: no values
    Index("ix_drift_event_connection_id", "connection_id", "stream"),
)

lease = Table(
    "lease",
    metadata,
    Column("name", String(600), primary_key=True),
    Column("owner", String(80)),
    Column("fence", BigInteger, nullable=False),
    Column("until", String(27), nullable=False),
)

alert = Table(
    "alert",
    metadata,
    Column("kind", String(20), primary_key=True),
    Column("connection", String(200), primary_key=True),  # by its name in the configuration; empty: the whole hub
    Column("message", Text, nullable=False),
    Column("amount", Integer, nullable=False),  # of dead letters; 1 for everything else
    Column("first_at", String(27), nullable=False),
    Column("last_at", String(27), nullable=False),  # when it last changed
    Column("told_at", String(27)),
    Column("told_amount", Integer, nullable=False),
    Column("recovered_at", String(27)),  # since when all is well, until that is told and the row goes
)

alert_delivery = Table(
    "alert_delivery",
    metadata,
    Column("id", BIGID, primary_key=True, autoincrement=True),
    Column("destination", String(300), nullable=False),  # as the configuration names it; never its address
    Column("title", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("trouble", Boolean, nullable=False),
    Column("created_at", String(27), nullable=False),
    Column("next_at", String(27), nullable=False),
    Column("tries", Integer, nullable=False),
    Column("problem", Text, nullable=False),  # why the last try failed, in our own words
)
