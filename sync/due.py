"""Due: which streams are swept, and when it is time to."""

from __future__ import annotations

from datetime import datetime, timedelta

from connectors.core.protocols import Stream, one_slice
from mapping.contract import Deletes
from state import sweeps
from state.database import Database, parse_stamp

PAUSE = timedelta(minutes=5)
"""Between two looks at what is due to be swept."""
AGAIN = timedelta(hours=1)
"""How long a sweep that failed is left alone before a sync tries it again: it may cost thousands of requests."""


def due_at(db: Database, connection_id: str, stream: str, every: timedelta | None) -> datetime | None:
    """When a stream should be swept next: ``every`` after its last sweep, or full reading.

    A sweep that was not completed is left alone for an hour. A stream that was never read to its end is never due.
    """
    if every is None:
        return None
    with db.read() as c:
        last = sweeps.last(c, connection_id, stream)
        enumerated = sweeps.enumerated_at(c, connection_id, stream)
    if enumerated is None:
        return None
    due = parse_stamp(max(last.completed_at or "", enumerated)) + every
    if last.tried_at is not None and last.tried_at > (last.completed_at or ""):
        return max(due, parse_stamp(last.tried_at) + min(AGAIN, every))
    return due


def is_due(db: Database, connection_id: str, stream: str, every: timedelta | None) -> bool:
    """Whether a stream should be swept now."""
    due = due_at(db, connection_id, stream, every)
    return due is not None and due <= db.now()


def is_swept(stream: Stream) -> bool:
    """Whether records of the stream can go without a word: by themselves, or with the slice they lie in."""
    return stream.deletes is Deletes.SWEEP or (stream.deletes is Deletes.NATIVE and stream.slices is not one_slice)
