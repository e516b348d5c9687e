"""The values that cross rooms: what a connector hands to the engine, and what the engine hands to a connector."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple, NewType

from mapping.errors import RecordError

RemoteId = NewType("RemoteId", str)
"""A record's id in the vendor's system, unique within (connection, stream, slice)."""

CustomerId = NewType("CustomerId", str)
"""A customer's stable id in the hub."""

Cursor = NewType("Cursor", str)
"""A connector's own text for its place in a slice; opaque to everybody else."""

Body = Mapping[str, Any]
"""A vendor's raw record as parsed JSON: the one loosely typed value that crosses borders."""

Fields = Mapping[str, Any]
"""Vendor property name to a JSON value: what a destination holds, or should hold."""


class Coverage(StrEnum):
    """Whether a raw record says everything the vendor knows or only what changed."""

    FULL = "full"
    PATCH = "patch"


class Reason(StrEnum):
    """Why a record is no longer there."""

    DELETED = "deleted"
    ARCHIVED = "archived"
    MERGED = "merged"
    OUT_OF_SCOPE = "out_of_scope"


class Deletes(StrEnum):
    """How a stream learns of deletions.

    EXPIRY: the vendor forgets records by their age, so that one which is no longer listed is no word that it is gone.
    """

    NATIVE = "native"
    SWEEP = "sweep"
    NONE = "none"
    EXPIRY = "expiry"


class Uniqueness(StrEnum):
    """What stands between a target and a duplicate when a create is repeated."""

    EXTERNAL_ID = "external_id"
    MATCH_ONLY = "match_only"
    NONE = "none"


class Op(StrEnum):
    """What a change asks of the destination."""

    UPSERT = "upsert"
    UPDATE = "update"
    ARCHIVE = "archive"
    ASSOCIATE = "associate"
    DISSOCIATE = "dissociate"


class Status(StrEnum):
    """What became of one change. UNKNOWN: the answer was lost, the vendor may have committed."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    UNKNOWN = "unknown"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Account:
    """Who a connection is over there. ``id`` is the vendor's account id; a connection is bound to the first it sees."""

    id: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Slice:
    """What a stream is split by inside one connection (a mailbox, a calendar); most streams have the one
    ``Slice('')``."""

    key: str = ""
    title: str = ""


class RawRecord(NamedTuple):
    """One vendor record. ``changed_at`` (aware UTC) orders versions; a stored version is never replaced by an older
    one.

    ``version`` is the vendor's own mark of a version (an ETag, a revision); equal marks mean equal bodies. A tuple,
    since there are as many of these as a vendor has records, and a frozen dataclass takes four times as long to make.
    """

    remote_id: RemoteId
    body: Body
    slice: str = ""
    coverage: Coverage = Coverage.FULL
    version: str | None = None
    changed_at: datetime | None = None
    observed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Tombstone:
    """The vendor's word that a record is gone. ``merged_into`` is set for ``Reason.MERGED``."""

    remote_id: RemoteId
    reason: Reason = Reason.DELETED
    slice: str = ""
    merged_into: RemoteId | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Vendor records, and the cursor to store in the same transaction as they.

    ``complete`` is True on the last page of an enumeration of the slice (a read that began without a cursor), and only
    there. ``begins`` is True on the first page of an enumeration that the connector begins although it was given a
    cursor (a replaced file): the records met from here to ``complete`` are then all there are. ``errors`` are records
    the connector could not even parse: each is dead-lettered by itself.
    """

    records: Sequence[RawRecord] = ()
    tombstones: Sequence[Tombstone] = ()
    cursor: Cursor | None = None
    complete: bool = False
    begins: bool = False
    errors: Sequence[RecordError] = ()


@dataclass(frozen=True, slots=True)
class SchemaField:
    """What a vendor says of one field. ``comparator`` names how two of its values are compared (see
    mapping/compare.py)."""

    name: str
    type: str = "string"  # string | number | integer | boolean | date | datetime | enum | email | phone | reference
    label: str = ""
    options: tuple[str, ...] = ()
    required: bool = False
    unique: bool = False
    writable: bool = True
    computed: bool = False
    length: int | None = None
    comparator: str = ""


@dataclass(frozen=True, slots=True)
class Schema:
    """The fields of one stream or target, by name; ``absent`` are those that rules may ask for and that no record has
    now (a column that none of the files has)."""

    fields: Mapping[str, SchemaField] = field(default_factory=dict)
    absent: frozenset[str] = frozenset()

    @classmethod
    def read_only(cls, *names: str) -> Schema:
        """Fields that can be read and not written, each of them text or what its vendor makes of it."""
        return cls({name: SchemaField(name, writable=False) for name in names})


@dataclass(frozen=True, slots=True)
class Remote:
    """A record found at a destination, with its live values."""

    remote_id: RemoteId
    fields: Fields
    version: str | None = None
    archived: bool = False


@dataclass(frozen=True, slots=True)
class Match:
    """Where to look for an existing record before creating one: a field and its value."""

    field: str
    value: str


@dataclass(frozen=True, slots=True)
class Change:
    """One write. ``key`` is ours (stable over retries), ``external_id`` is what the target's external-id field shall
    hold.

    ``set`` and ``clear`` are disjoint; a field in neither is left alone. ``refs`` maps a role to the remote ids it
    points at, already resolved, as ``object:remote_id``. ``expect`` is the version that must still hold, if any.
    """

    key: str
    op: Op
    external_id: str = ""
    remote_id: RemoteId | None = None
    match: Match | None = None
    set: Fields = field(default_factory=dict)
    clear: tuple[str, ...] = ()
    refs: Mapping[str, Sequence[str]] = field(default_factory=dict)
    expect: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the change with the same ``key``. ``acknowledged`` holds the field values the vendor confirmed."""

    key: str
    status: Status
    remote_id: RemoteId | None = None
    acknowledged: Fields = field(default_factory=dict)
    version: str | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that ``provision`` did, or would do with ``dry_run``."""

    description: str
    done: bool


@dataclass(frozen=True, slots=True)
class Token:
    """An OAuth token as it lies in the vault. ``revision`` grows with every change and is what a swap compares.

    What is secret does not show in ``repr``.
    """

    access: str = field(repr=False)
    refresh: str = field(default="", repr=False)
    expires_at: datetime | None = None
    revision: int = 0
    extra: Mapping[str, str] = field(default_factory=dict, repr=False)
