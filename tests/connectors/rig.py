"""What a vendor's test file provides so that the conformance kits can drive its connector: a rig.

A rig holds one vendor's stand-in with nothing in it, a clock that the stand-in and the connector share, and back doors
into the stand-in. What a vendor cannot do is declared in ``lacks``; the kits then assert the absence.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Protocol

from connectors.core.protocols import Connector, Runtime, Stream, Target, Token, Writes
from mapping.contract import Cursor, Fields, Page, RawRecord, RemoteId, Slice, Tombstone

Key = tuple[str, RemoteId]
"""A record: the key of its slice, and its id."""


class Lack(StrEnum):
    """What a vendor, or one stream or target of it, cannot do."""

    CREDENTIALS = "no login: whoever reaches it may read it"
    NETWORK = "no requests, so nothing that could be throttled or cut off"
    EXPIRY = "cursors never expire"
    CHANGES = "a record stays as it was when it came"
    BAD_RECORDS = "no record that is there can be unreadable"
    IDS = "no enumeration of ids"
    GET = "no reading by id"
    WINDOW = "no bounded read"
    EXPECT = "no check of the version on writing"
    ARCHIVE = "no archiving"
    LENGTH = "no field of limited length"
    DUPLICATES = "no two records can share a value that is searched for"
    ECHO = "what is written cannot be read as a stream"
    PLACE = "a place inside a reading is lost when anything changes; the reading begins again"


class Clock:
    """Time that passes only when somebody sleeps or says so. Also the meter of what a connector costs."""

    def __init__(self, start: datetime = datetime(2026, 5, 4, 8, tzinfo=UTC)) -> None:
        self._now = start
        self._began = start
        self.slept = 0.0
        self.requests = 0

    def now(self) -> datetime:
        """The present instant."""
        return self._now

    def monotonic(self) -> float:
        """Seconds since the clock was made."""
        return (self._now - self._began).total_seconds()

    def sleep(self, seconds: float) -> None:
        """Lets the time pass that a connector means to sleep, and keeps the sum."""
        self.slept += seconds
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """Lets time pass."""
        self._now += timedelta(seconds=seconds)

    def request(self, url: str) -> None:
        """Counts a request."""
        self.requests += 1

    def received(self, size: int) -> None:
        """Counts nothing."""

    def waited(self, seconds: float, why: str) -> None:
        """Counts nothing; ``sleep`` does."""

    def runtime(self, default_country: str = "GB") -> Runtime:
        """The runtime of a connector that lives by this clock."""
        return Runtime(
            now=self.now, monotonic=self.monotonic, sleep=self.sleep, meter=self, default_country=default_country
        )


@dataclass
class Tokens:
    """A token store in memory."""

    token: Token | None = None

    def load(self) -> Token | None:
        """The token, if any."""
        return self.token

    def swap(self, old: Token | None, new: Token) -> bool:
        """Stores the token unless somebody was quicker."""
        if (self.token.revision if self.token else 0) != (old.revision if old else 0):
            return False
        self.token = new
        return True

    def lock(self, seconds: float) -> bool:
        """Always granted: the kits run one connector at a time."""
        return True

    def unlock(self) -> None:
        """Nothing to give back."""


class Rig(Protocol):
    """What both kits need.

    ``secrets`` must never show in logs, errors or reprs: credentials as the connectors of this rig carry them, the bad
    ones of ``stranger`` among them.
    """

    @property
    def clock(self) -> Clock: ...

    @property
    def secrets(self) -> Collection[str]: ...

    @property
    def lacks(self) -> Collection[Lack]: ...

    def connector(self) -> Connector:
        """A new connector with good credentials, on ``clock.runtime()``, that knows nothing of earlier ones."""
        ...

    def stranger(self) -> Connector:
        """A connector with bad credentials. Not called with Lack.CREDENTIALS."""
        ...

    def rate_limit(self, retry_after: float | None) -> None:
        """Has the next request answered by "too many requests", with or without a time to wait."""
        ...

    def server_error(self) -> None:
        """Has the next request answered by a server error, before anything is done."""
        ...


class ReaderRig(Rig, Protocol):
    """What ReaderContract needs: one stream, and back doors to what the stream reads.

    ``page_size`` is how many records the connectors of this rig read at a time: small, such as 3. ``envelope`` names
    the keys of a body that the default rules read and that are no described properties (``id``, ``created_at``).
    """

    @property
    def stream(self) -> str: ...

    @property
    def page_size(self) -> int: ...

    @property
    def envelope(self) -> Collection[str]: ...

    def put(self, number: int) -> Key:
        """Creates a record at the clock's present; records of different numbers differ. Spread over slices, if any."""
        ...

    def change(self, key: Key) -> None:
        """Changes a record at the clock's present, so that it has a new version. Not called with Lack.CHANGES."""
        ...

    def delete(self, key: Key) -> None:
        """Removes a record."""
        ...

    def put_bad(self) -> Key:
        """Creates a record that cannot be parsed or mapped. Not called with Lack.BAD_RECORDS."""
        ...

    def frozen(self) -> AbstractContextManager[object]:
        """Inside, all that is put or changed carries one timestamp."""
        ...

    def expire_cursors(self) -> None:
        """Lets the vendor forget every cursor given out so far. Not called with Lack.EXPIRY."""
        ...

    def truncate(self) -> None:
        """Cuts the next answer in the middle of its body."""
        ...


class WriterRig(Rig, Protocol):
    """What WriterContract needs: one target, and back doors to what lies there.

    ``text_field`` is a writable free text without a rule for its form, ``clearable`` one that may be emptied and is set
    by ``values``. ``refused`` are values that make the vendor refuse a record; merged over good ones.
    """

    @property
    def target(self) -> str: ...

    @property
    def text_field(self) -> str: ...

    @property
    def clearable(self) -> str: ...

    @property
    def refused(self) -> Fields: ...

    def values(self, number: int) -> Fields:
        """Good values of a record, a value for the first of ``match_on`` among them; different for each number."""
        ...

    def plant(self, values: Fields) -> RemoteId:
        """Creates a record of the target by another door than ours, at the clock's present."""
        ...

    def remote(self) -> Mapping[RemoteId, Fields]:
        """The live records of the target and their values."""
        ...

    def touch(self, remote_id: RemoteId) -> None:
        """Lets somebody else change a record, so that it has a new version."""
        ...

    def remove(self, remote_id: RemoteId) -> None:
        """Lets somebody else delete a record."""
        ...

    def neighbour(self, role: str) -> str:
        """Creates a record that the role can point at; as ``object:remote_id``."""
        ...

    def links(self, remote_id: RemoteId, role: str) -> Collection[str]:
        """What a record points at in a role, as ``object:remote_id``."""
        ...

    def lose_answer(self) -> None:
        """Lets the next write be carried out, and its answer be lost."""
        ...


@dataclass
class Reading:
    """What reading a stream brought, slice by slice. ``cursors`` resume after it."""

    pages: list[tuple[Slice, Page]] = field(default_factory=list)
    cursors: dict[str, Cursor | None] = field(default_factory=dict)

    @property
    def records(self) -> dict[Key, RawRecord]:
        """The last version of each record."""
        return {(record.slice, record.remote_id): record for _, page in self.pages for record in page.records}

    @property
    def tombstones(self) -> dict[Key, Tombstone]:
        """The tombstone of each record that has one."""
        return {(stone.slice, stone.remote_id): stone for _, page in self.pages for stone in page.tombstones}

    @property
    def bad(self) -> set[str]:
        """The ids of the records that could not be parsed."""
        return {error.remote_id for _, page in self.pages for error in page.errors}

    def of(self, slice_: str) -> Sequence[Page]:
        """The pages of one slice."""
        return [page for each, page in self.pages if each.key == slice_]


def stream_of(connector: Connector, name: str) -> Stream:
    """The stream of that name."""
    return next(stream for stream in connector.streams() if stream.name == name)


def target_of(writes: Writes, name: str) -> Target:
    """The target of that object."""
    return next(target for target in writes.targets() if target.object == name)


def pages_of(rig: ReaderRig, cursors: Mapping[str, Cursor | None]) -> Iterator[tuple[Slice, Page]]:
    """The pages of all slices from their cursors on, through a new connector."""
    stream = stream_of(rig.connector(), rig.stream)
    for slice_ in stream.slices():
        for page in stream.read(slice_, cursors.get(slice_.key)):
            yield slice_, page


def read(rig: ReaderRig, since: Reading | None = None) -> Reading:
    """Everything, or what came since an earlier reading."""
    reading = Reading(cursors=dict(since.cursors) if since else {})
    resume(rig, reading)
    return reading


def resume(rig: ReaderRig, reading: Reading) -> None:
    """Goes on with a reading where its cursors stand; keeps what it got when it is cut off."""
    for slice_, page in pages_of(rig, dict(reading.cursors)):
        reading.pages.append((slice_, page))
        reading.cursors[slice_.key] = page.cursor
