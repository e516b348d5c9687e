"""How a run ends by whatever ended it, and the sentence for people: one way for every kind of work."""

from __future__ import annotations

import traceback

from mapping.errors import (
    AuthError,
    ConcordError,
    ForbiddenError,
    LeaseLostError,
    RateLimitedError,
    TransientError,
)
from state.runs import RunStatus

GOES_ON = "the next run goes on from here"


def sentence(error: object) -> str:
    """The text with a full stop, so that another sentence may follow."""
    text = str(error).rstrip()
    return text if text.endswith((".", "!", "?")) else f"{text}."


def failure(error: BaseException, then: str = GOES_ON) -> tuple[RunStatus, str]:
    """How a run ends by this error, and the sentence for people; ``then`` is what waiting will do.

    What stops the process (Ctrl-C, SIGTERM) is no failure: the run is interrupted, and so is one whose lease another
    process took. Of an unknown error only the place is told: its text may quote a record.
    """
    told = sentence(error)
    if not isinstance(error, Exception):
        return RunStatus.INTERRUPTED, f"It was stopped by a person or the system. Nothing is lost: {then}."
    if isinstance(error, LeaseLostError):
        return RunStatus.INTERRUPTED, str(error)
    if isinstance(error, AuthError):
        advice = "Keep a new secret with concord secrets set, then run concord check."
        return RunStatus.PAUSED, f"{told} The connection rests until its login is right. {advice}"
    if isinstance(error, ForbiddenError):
        return RunStatus.PAUSED, f"{told} This needs another permission; everything else goes on."
    if isinstance(error, RateLimitedError):
        when = f" in {_span(error.retry_after)}" if error.retry_after else " later"
        return RunStatus.PAUSED, f"{told} {then[0].upper()}{then[1:]}{when}."
    if isinstance(error, TransientError):
        return RunStatus.FAILED, f"{told} Nothing is lost: {then}."
    if isinstance(error, ConcordError):
        return RunStatus.FAILED, str(error)
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{frames[-1].filename.rsplit('/', 1)[-1]}:{frames[-1].lineno}" if frames else "?"
    return RunStatus.FAILED, f"unexpected {type(error).__name__} at {place}"


def _span(seconds: float) -> str:
    """So many seconds in the largest unit of which there are two or more."""
    for unit, size in (("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} seconds"
