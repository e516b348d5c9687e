"""What people are told of when it goes wrong while nobody looks."""

from __future__ import annotations

from enum import StrEnum


class AlertKind(StrEnum):
    """The kinds of incident. There is at most one open incident of a kind and a connection."""

    FAILED_RUN = "failed_run"
    FAILED_ROWS = "failed_rows"
    MISSED_SCHEDULE = "missed_schedule"
    EXPIRED_LOGIN = "expired_login"
    GUARD_REFUSED = "guard_refused"
