"""The one error tree, named by what the engine does next.

ConcordError
├── TransientError              keep the cursor, try again later
│   ├── RateLimitedError        the same, not before ``retry_after`` seconds
│   └── UnknownOutcomeError     the answer to a write was lost: search before anything is repeated
├── AuthError                   pause the connection, ask for a new login
├── ForbiddenError              pause this stream: a scope is missing
├── CursorExpiredError          read this slice in full, reconcile by generation
├── WindowTooLargeError         halve this window of time and ask for each half
├── RecordError                 dead-letter one record, the page goes on
├── ConflictError               re-read the record and plan again
├── GoneError                   drop the link to the record
├── ContractError               stop the stream: the vendor's API is not what we believe
├── ConfigError                 exit code 2, one clear line with the place in the file
├── StalePlanError              refuse the plan: the world moved since it was made
├── GuardError                  stop: the change is larger than the admin allows without a word
├── LeaseLostError              another process has taken over: write nothing more
└── DatabaseVersionError        the database is of another version: touch nothing
"""

from __future__ import annotations

from dataclasses import dataclass


class ConcordError(Exception):
    """Something went wrong that Concord has a name for; the docstring of the class says what the engine does."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message or (type(self).__doc__ or "").split("\n")[0])


class TransientError(ConcordError):
    """The vendor did not answer well this time; the cursor stays and the run resumes later."""


class RateLimitedError(TransientError):
    """The vendor asks for patience; the run resumes after ``retry_after`` seconds."""

    def __init__(self, message: str = "", *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class UnknownOutcomeError(TransientError):
    """The answer to a write was lost after it was sent; it is searched for before anything is repeated."""


class AuthError(ConcordError):
    """The vendor refused our login; the connection pauses until somebody logs in again."""


class ForbiddenError(ConcordError):
    """The login lacks a permission; this stream or target pauses, the others go on."""


class CursorExpiredError(ConcordError):
    """The vendor forgot our place; the slice is read in full and reconciled."""


class WindowTooLargeError(ConcordError):
    """The window of time holds more than the vendor gives out in one listing; each half of it is asked for instead."""


class RecordError(ConcordError):
    """One record cannot be taken; it goes to the dead letters and the page goes on."""

    def __init__(self, message: str = "", *, remote_id: str = "") -> None:
        super().__init__(message)
        self.remote_id = remote_id


class ConflictError(ConcordError):
    """The record changed under us; it is read again and planned again."""


class GoneError(ConcordError):
    """The record no longer exists over there; the link is dropped."""


class ContractError(ConcordError):
    """The vendor's answer is not what its contract says; the stream stops and a person looks."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in the configuration: where it stands, what is wrong, what was expected, the nearest right word."""

    file: str
    line: int | None
    key: str
    message: str
    expected: str = ""
    nearest: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        text = f"{place}: {self.key}: {self.message}" if self.key else f"{place}: {self.message}"
        if self.expected:
            text += f"; expected {self.expected}"
        if self.nearest:
            text += f"; did you mean {self.nearest!r}?"
        return text


class ConfigError(ConcordError):
    """The configuration is wrong; every problem is listed and nothing runs."""

    def __init__(self, message: str = "", *, problems: tuple[Problem, ...] = ()) -> None:
        super().__init__(message or "\n".join(str(problem) for problem in problems))
        self.problems = problems


class StalePlanError(ConcordError):
    """The plan no longer describes the world; make a new one."""


class GuardError(ConcordError):
    """The change is larger than the configured share; a person must allow it."""


class LeaseLostError(ConcordError):
    """Another process holds the lease now; nothing more is written by this one."""


class DatabaseVersionError(ConcordError):
    """The database was written by another version of Concord; it is left untouched."""
