"""What the engine tells the people who asked: plain frozen values, ready for a table or for JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Protocol


class Observer(Protocol):
    """Hears of progress while long work goes on; the CLI and the page implement it. Called from the working thread."""

    def started(self, what: str, total: int | None) -> None:
        """A piece of work begins: ``pull shop/customers``, ``resolve``, ``push crm/contacts``."""
        ...

    def advanced(self, what: str, done: int) -> None:
        """So many records of it are done in all."""
        ...

    def finished(self, what: str, note: str) -> None:
        """It is over; ``note`` is one short phrase."""
        ...


class Silent:
    """Hears nothing."""

    def started(self, what: str, total: int | None) -> None:
        """Hears nothing."""

    def advanced(self, what: str, done: int) -> None:
        """Hears nothing."""

    def finished(self, what: str, note: str) -> None:
        """Hears nothing."""


@dataclass(frozen=True, slots=True)
class CheckReport:
    """One connection as ``concord check`` found it. ``holding``: those of its streams that the configuration names, or
    that have records."""

    connection: str
    connector: str
    ok: bool
    account: str = ""
    reads: Sequence[str] = ()
    writes: Sequence[str] = ()
    message: str = ""
    holding: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class StreamReport:
    """One stream after a pull. ``status``: ok | partial | failed | paused | skipped."""

    connection: str
    stream: str
    status: str
    read: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    gone: int = 0
    dead: int = 0
    dropped: int = 0
    pages: int = 0
    seconds: float = 0.0
    message: str = ""


@dataclass(frozen=True, slots=True)
class ResolveReport:
    """What resolving the dirty entities changed. ``traits``: of how many customers the traits did."""

    entities: int = 0
    facts: int = 0
    created: int = 0
    merged: int = 0
    split: int = 0
    retired: int = 0
    changed: int = 0
    seconds: float = 0.0
    traits: int = 0

    def __add__(self, other: ResolveReport) -> ResolveReport:
        return ResolveReport(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(self)))


@dataclass(frozen=True, slots=True)
class StreamSweep:
    """One stream after a sweep. ``status``: ok | partial | failed | paused | skipped.

    ``known``: live records before it. ``met``: ids that are there. ``gone``: records that are not, ``sample`` some of
    their ids. ``unknown``: ids that the hub did not hold as live, and ``taken`` how many of those it took.
    """

    connection: str
    stream: str
    status: str
    known: int = 0
    met: int = 0
    gone: int = 0
    unknown: int = 0
    taken: int = 0
    dead: int = 0
    sample: Sequence[str] = ()
    seconds: float = 0.0
    message: str = ""


@dataclass(frozen=True, slots=True)
class SweepReport:
    """A sweep of some connections and the resolve that followed. With ``dry_run`` nothing was written."""

    streams: Sequence[StreamSweep]
    resolve: ResolveReport
    dry_run: bool = False

    @property
    def ok(self) -> bool:
        """Whether everything that was asked for went well."""
        return all(one.status in {"ok", "skipped"} for one in self.streams)


@dataclass(frozen=True, slots=True)
class SyncReport:
    """A pull of some connections and the resolve that followed; ``pushes`` for targets that need no approval, and
    ``sweeps`` that were due."""

    streams: Sequence[StreamReport]
    resolve: ResolveReport
    pushes: Sequence[ApplyReport] = ()
    sweeps: Sequence[StreamSweep] = ()

    @property
    def ok(self) -> bool:
        """Whether everything that was asked for went well."""
        ended = [*(one.status for one in self.streams), *(one.status for one in self.sweeps)]
        return all(status in {"ok", "skipped"} for status in ended) and all(push.ok for push in self.pushes)


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field of a planned write: old to new, and where the new value comes from."""

    field: str
    old: Any
    new: Any
    why: str


@dataclass(frozen=True, slots=True)
class PlannedChange:
    """One planned write. ``action``: create | update | adopt | associate | archive. ``words``: what customers of
    ``refs`` are called, where that is told, and why they are associated."""

    key: str
    connection: str
    object: str
    action: str
    subject_kind: str
    subject_key: str
    title: str
    remote_id: str = ""
    fields: Sequence[FieldChange] = ()
    refs: Mapping[str, Sequence[str]] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TargetPlan:
    """The counts of a plan for one target. ``calls`` is what applying will cost in API calls."""

    connection: str
    object: str
    create: int = 0
    update: int = 0
    adopt: int = 0
    associate: int = 0
    unchanged: int = 0
    duplicates: int = 0
    skipped: int = 0
    calls: int = 0
    message: str = ""


@dataclass(frozen=True, slots=True)
class PlanReport:
    """A plan as written. ``hash`` is what ``apply`` takes; ``path`` holds personal data (mode 0600)."""

    hash: str
    path: str
    created_at: str
    expires_at: str
    targets: Sequence[TargetPlan]
    changes: Sequence[PlannedChange]
    warnings: Sequence[str] = ()

    @property
    def empty(self) -> bool:
        """Whether there is nothing to do."""
        return not self.changes


@dataclass(frozen=True, slots=True)
class ApplyReport:
    """What became of a plan. ``status``: ok | partial | failed | paused | interrupted."""

    hash: str
    status: str
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    associated: int = 0
    failed: int = 0
    unknown: int = 0
    parked: int = 0
    moved: int = 0
    seconds: float = 0.0
    message: str = ""

    @property
    def ok(self) -> bool:
        """Whether every record went well."""
        return self.status == "ok"


@dataclass(frozen=True, slots=True)
class ConnectionStatus:
    """One line of ``concord status``."""

    name: str
    connector: str
    account: str
    state: str
    last_ok: str
    records: int
    dead_letters: int
    advice: str = ""


@dataclass(frozen=True, slots=True)
class StatusReport:
    """Is all well, and if not, what to do: ``advice``, the worst first. ``bytes`` are those of the database, ``disk``
    those that are free under it (None where a server keeps it), ``last_backup`` is a stamp or empty."""

    hub: str
    database: str
    connections: Sequence[ConnectionStatus]
    customers: int
    facts: int
    waiting: int
    parked: int
    dead_letters: int
    advice: Sequence[str] = ()
    bytes: int = 0
    disk: int | None = None
    last_backup: str = ""

    @property
    def ok(self) -> bool:
        """Whether nothing asks for a person."""
        return not self.advice


@dataclass(frozen=True, slots=True)
class JobView:
    """One job of ``concord serve``. Instants are stamps, empty where there is none yet; ``next`` is when it is due,
    and empty while it runs or is paused.

    ``state``: running | due | waiting | asked | paused. ``last`` is how it last ended.
    """

    connection: str
    does: str
    schedule: str
    state: str
    next: str
    started_at: str
    ended_at: str
    last: str
    message: str


@dataclass(frozen=True, slots=True)
class CustomerSummary:
    """One line of ``customers find``."""

    id: str
    kind: str
    name: str
    email: str
    phone: str
    sources: Sequence[str]
    records: int


@dataclass(frozen=True, slots=True)
class ValueView:
    """One golden value and where it came from."""

    field: str
    value: Any
    connection: str
    stream: str
    record: str
    rule: str
    since: str


@dataclass(frozen=True, slots=True)
class TraitView:
    """One trait: by what rule, of how many facts, since when, the keys of the newest of them and where they were seen
    (``shop/orders``)."""

    trait: str
    value: int | str
    rule: str
    since: str
    count: int
    facts: Sequence[str]
    sources: Sequence[str]


@dataclass(frozen=True, slots=True)
class MemberView:
    """One source record that belongs to a customer, and why."""

    connection: str
    stream: str
    slice: str
    record: str
    part: str
    why: str


@dataclass(frozen=True, slots=True)
class RemoteView:
    """How a customer looks at a destination."""

    connection: str
    object: str
    remote_id: str
    role: str
    state: str
    holds: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class BelongsView:
    """The organization that a person belongs to, or one of an organization's people, and by what."""

    id: str
    name: str
    why: str


@dataclass(frozen=True, slots=True)
class CustomerView:
    """A customer whole. ``asked`` is the id asked for where it redirects to ``id``. ``left_out`` names the currencies
    of amounts that no trait counts, since no rate is known. ``belongs``: of a person the organization, of an
    organization its people."""

    id: str
    asked: str
    kind: str
    values: Sequence[ValueView]
    members: Sequence[MemberView]
    remotes: Sequence[RemoteView]
    traits: Sequence[TraitView] = ()
    left_out: Sequence[str] = ()
    belongs: Sequence[BelongsView] = ()


@dataclass(frozen=True, slots=True)
class TimelineItem:
    """One fact of a customer's timeline. ``at`` is an instant, or a date where it is of a whole day."""

    key: str
    at: str
    kind: str
    role: str
    line: str
    sources: Sequence[str]


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line that a run said; ``fields`` are counts, seconds and words of ours."""

    run: int
    at: str
    level: str
    event: str
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RunView:
    """One run as kept, or one command: several runs, their counts and statuses in one, and the ``parts`` if asked.

    ``calls``, ``bytes``, ``retries`` and ``waits`` (seconds by the reason) are what its requests cost, ``job`` is the
    job of a server that it belongs to. ``log`` only when one is shown by its number.
    """

    id: int
    kind: str
    connection: str
    stream: str
    started_at: str
    ended_at: str
    status: str
    counts: Mapping[str, Any]
    error: str
    parts: Sequence[RunView] = ()
    calls: int = 0
    bytes: int = 0
    retries: int = 0
    waits: Mapping[str, float] = field(default_factory=dict)
    job: str = ""
    log: Sequence[LogLine] = ()


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What a record failed at: the rule, its field and expression, and what that gives; ``value`` is personal data."""

    rule: str
    field: str
    expression: str
    value_type: str
    value: str


@dataclass(frozen=True, slots=True)
class DeadLetterView:
    """One dead letter. ``body`` and ``failed`` only when one is shown by id; ``whole`` is False where the body that was
    kept with it was cut."""

    id: int
    direction: str
    connection: str
    stream: str
    slice: str
    remote_id: str
    reason: str
    times: int
    last_at: str
    state: str
    body: str = ""
    whole: bool = True
    failed: Diagnosis | None = None
