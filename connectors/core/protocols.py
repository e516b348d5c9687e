"""What a connector is: the contracts between a vendor's folder and the engine."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol, runtime_checkable

import httpx
from pydantic import BaseModel

from mapping.contract import (
    Account,
    Change,
    Cursor,
    Deletes,
    Outcome,
    Page,
    RawRecord,
    Remote,
    RemoteId,
    Schema,
    Slice,
    Step,
    Uniqueness,
)
from mapping.contract import Token as Token
from mapping.model import Kind
from mapping.rules import EntityRules

ONE_SLICE = (Slice(),)

Read = Callable[[Slice, Cursor | None], Iterator[Page]]
Window = Callable[[Slice, datetime, datetime, Cursor | None], Iterator[Page]]
Ids = Callable[[Slice], Iterator[Sequence[RemoteId]]]
Get = Callable[[Slice, Sequence[RemoteId]], Sequence[RawRecord]]


def one_slice() -> Sequence[Slice]:
    """The slices of a stream that is not split."""
    return ONE_SLICE


@dataclass(frozen=True, slots=True)
class Stream:
    """One kind of record that a connection can be read for. ``name`` is the vendor's word ("contacts").

    ``read`` yields the changes since the cursor, or everything when there is none; every page carries the cursor that
    resumes after it. It raises CursorExpiredError when the vendor forgot the place. ``window``, ``ids`` and ``get`` are
    there where the vendor can do it. ``ids`` gives the id of every record of a slice, or raises: what it leaves out is
    taken for deleted. ``slices`` gives every slice there is, for the same reason. ``target`` names the object of
    ``Writes`` that holds the same records (so that an echo of our own writes is recognised), ``properties_at`` the key
    of the body under which its properties lie.
    """

    name: str
    rules: tuple[EntityRules, ...]
    read: Read
    describe: Callable[[], Schema] = Schema
    slices: Callable[[], Sequence[Slice]] = one_slice
    window: Window | None = None
    ids: Ids | None = None
    get: Get | None = None
    parents: tuple[str, ...] = ()
    deletes: Deletes = Deletes.NONE
    deduplicated: bool = False
    target: str = ""
    properties_at: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """One kind of record that can be written.

    ``fields`` are the default rules: vendor property to an expression over the golden record (profiles) or the fact.
    ``external_id`` is the property that ``provision`` creates to hold our key. ``settle_seconds`` is how long a search
    may lag behind a write. ``match_on`` are the properties by which an existing record may be found. ``activities``
    narrows a target of facts to some kinds of activity (empty: every fact of ``kind``). ``refs`` maps a role of the
    written record to the object it is associated with ("contact" to "contacts"). ``demands`` are properties without
    which no record can be created, where ``describe`` cannot tell so.
    """

    object: str
    kind: Kind
    batch_size: int
    uniqueness: Uniqueness
    fields: Mapping[str, str]
    external_id: str = ""
    match_on: tuple[str, ...] = ()
    settle_seconds: float = 0.0
    depends_on: tuple[str, ...] = ()
    activities: tuple[str, ...] = ()
    refs: Mapping[str, str] = field(default_factory=dict)
    demands: tuple[str, ...] = ()


class Writes(Protocol):
    """The capability of being written to."""

    def targets(self) -> Sequence[Target]:
        """What can be written, in the order in which it must be."""
        ...

    def describe(self, target: str) -> Schema:
        """The fields of one target as the vendor has them now."""
        ...

    def provision(self, target: str, dry_run: bool) -> Sequence[Step]:
        """Creates what the target needs over there (the external-id field); idempotent. Nothing with ``dry_run``."""
        ...

    def find(self, target: str, field: str, values: Sequence[str]) -> Mapping[str, Sequence[Remote]]:
        """The records whose field has one of the values, by value as given; oldest first. Absent values are left
        out."""
        ...

    def fetch(self, target: str, ids: Sequence[RemoteId]) -> Mapping[RemoteId, Remote]:
        """Live values of the records that still exist."""
        ...

    def write(self, target: str, batch: Sequence[Change]) -> Sequence[Outcome]:
        """One outcome a change, whatever happens to its neighbours.

        Raises only when nothing of the batch was committed (AuthError, ForbiddenError, RateLimitedError,
        TransientError before the request was sent); an answer that was lost gives UNKNOWN outcomes.
        """
        ...


@runtime_checkable
class Associations(Protocol):
    """The capability, of what is written to, of telling what its records are associated with. Where it lacks, people
    are not associated with their companies: nobody could say which associations are ours."""

    def associated(self, target: str, role: str, ids: Sequence[RemoteId]) -> Mapping[RemoteId, Sequence[str]]:
        """What the records are associated with in a role of the target's ``refs``, as ``object:id``. Records that are
        associated with nothing are left out."""
        ...


class Hooks(Protocol):
    """The capability of calling us."""

    def verify(self, headers: Mapping[str, str], body: bytes) -> None:
        """Raises AuthError on a bad signature."""
        ...

    def targets(self, body: bytes) -> Sequence[tuple[str, Slice, Sequence[RemoteId]]]:
        """Which records of which streams the call speaks of."""
        ...


class Connector(Protocol):
    """One connection to a vendor. ``writes`` and ``hooks`` are capabilities, None where the vendor lacks them."""

    @property
    def writes(self) -> Writes | None:
        """The capability of being written to, if any."""
        ...

    @property
    def hooks(self) -> Hooks | None:
        """The capability of calling us, if any."""
        ...

    def check(self) -> Account:
        """Who we are there. Raises AuthError or ForbiddenError."""
        ...

    def streams(self) -> Sequence[Stream]:
        """What can be read."""
        ...


class TokenStore(Protocol):
    """Where a connection's OAuth token lives; kept in state, handed over by the hub."""

    def load(self) -> Token | None:
        """The token as stored now."""
        ...

    def swap(self, old: Token | None, new: Token) -> bool:
        """Stores ``new`` if the stored revision is still ``old``'s; False when somebody was quicker."""
        ...

    def lock(self, seconds: float) -> bool:
        """Claims the right to refresh for so long; False when another process has it."""
        ...

    def unlock(self) -> None:
        """Gives the right back."""
        ...


class Meter(Protocol):
    """Counts what a connection costs. The engine implements it; ``request`` may raise when a cap is reached."""

    def request(self, url: str) -> None:
        """One request is about to be sent. ``url`` is redacted. Raises RateLimitedError at the cap of a run or a
        day."""
        ...

    def received(self, size: int) -> None:
        """So many bytes came back."""
        ...

    def waited(self, seconds: float, why: str) -> None:
        """So long was waited for the vendor's sake."""
        ...


class NoMeter:
    """Counts nothing."""

    def request(self, url: str) -> None:
        """Counts nothing."""

    def received(self, size: int) -> None:
        """Counts nothing."""

    def waited(self, seconds: float, why: str) -> None:
        """Counts nothing."""


def utc_now() -> datetime:
    """The present instant, aware."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Runtime:
    """What the hub lends to a connector: time, a meter, and in tests another transport.

    ``default_country`` and ``timezone`` (IANA) are what numbers and times that name none are taken for. ``share`` is
    the part of the vendor's declared limits that may be used, and ``paced`` hears the limits that a request was held
    to: so many calls in so many seconds.
    """

    now: Callable[[], datetime] = utc_now
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    meter: Meter = field(default_factory=NoMeter)
    transport: httpx.BaseTransport | None = None
    default_country: str = ""
    timezone: str = "UTC"
    share: float = 1.0
    paced: Callable[[int, float], None] = lambda calls, seconds: None


@dataclass(frozen=True, slots=True)
class Vendor:
    """One entry of the registry: how a vendor is called, configured and built. ``docs`` is the page for admins,
    ``docs/connectors/NAME.md`` unless it says otherwise.

    ``streams`` and ``targets`` are all that a connection could have, whatever its account and settings, so that the
    configuration is checked before anybody logs in; empty where nobody can tell so early.

    ``unique_ids``: the vendor gives no id twice, whatever the account, so that ids need not tell of which account they
    are, and other systems may name them.
    """

    name: str
    title: str
    config: type[BaseModel]
    build: Callable[[Any, Runtime, TokenStore], Connector]
    writes: bool = False
    docs: str = ""
    unique_ids: bool = False
    streams: tuple[str, ...] = ()
    targets: tuple[Target, ...] = ()

    def __post_init__(self) -> None:
        if not self.docs:
            object.__setattr__(self, "docs", f"docs/connectors/{self.name}.md")
