"""What replays and dead letters tell the people who asked: plain frozen values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sync.reports import ResolveReport


@dataclass(frozen=True, slots=True)
class Sampled:
    """How one record's field changes; personal data."""

    record: str
    old: Any
    new: Any


@dataclass(frozen=True, slots=True)
class FieldChanges:
    """In how many entities a field changes, and how in some of them."""

    field: str
    count: int = 0
    samples: Sequence[Sampled] = ()


@dataclass(frozen=True, slots=True)
class StreamReplay:
    """One stream that was mapped again, or would be. ``status``: ok | partial | failed | paused | skipped.

    ``changed``: records whose values change; ``restamped``: those that only get the version of the rules;
    ``identifying``: those of ``changed`` whose emails, numbers, names or ids do, so that customers may merge or split.
    ``dies`` and ``heals``: dead letters that open and close; ``dead``: records that cannot be mapped. ``expired``:
    records whose bodies are no longer kept, which costs about ``calls`` calls to read again.
    """

    connection: str
    stream: str
    status: str
    records: int = 0
    changed: int = 0
    restamped: int = 0
    identifying: int = 0
    dies: int = 0
    heals: int = 0
    dead: int = 0
    dropped: int = 0
    expired: int = 0
    calls: int = 0
    fields: Sequence[FieldChanges] = ()
    seconds: float = 0.0
    message: str = ""


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """A replay of some streams and the resolve that followed. With ``dry_run`` nothing was written."""

    streams: Sequence[StreamReplay]
    resolve: ResolveReport
    dry_run: bool = False

    @property
    def ok(self) -> bool:
        """Whether everything that was asked for went well."""
        return all(one.status in {"ok", "skipped"} for one in self.streams)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to do."""
        found = ((one.changed, one.restamped, one.dies, one.heals, one.dropped, one.calls) for one in self.streams)
        return not any(any(counts) for counts in found)


@dataclass(frozen=True, slots=True)
class LetterGroup:
    """The open dead letters of one stream that have the same reason. ``example`` is one of them, the newest."""

    direction: str
    connection: str
    stream: str
    reason: str
    letters: int
    failures: int
    first_at: str
    last_at: str
    example: int


@dataclass(frozen=True, slots=True)
class TriedEntity:
    """One entity that the record would say; personal data. ``changes`` are its fields, stored and new."""

    part: str
    kind: str
    values: Mapping[str, Any]
    changes: Mapping[str, tuple[Any, Any]]


@dataclass(frozen=True, slots=True)
class TryReport:
    """A dead letter's record mapped by other rules; nothing was stored. ``reason`` says why it still fails.

    ``rules`` are the rules that were tried, as they would stand in the configuration: rule to field to expression.
    """

    letter: int
    connection: str
    stream: str
    ok: bool
    reason: str
    entities: Sequence[TriedEntity]
    rules: Mapping[str, Mapping[str, str]]
