"""Streams that are read slice by slice, each slice by a reader of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Protocol

from connectors.core.protocols import Stream, Window
from mapping.contract import Cursor, Deletes, Page, RawRecord, RemoteId, Schema, Slice
from mapping.rules import EntityRules


class Reader(Protocol):
    """One slice, as ``Stream.read``, ``Stream.window`` and ``Stream.get`` ask for it."""

    def read(self, slice_: Slice, cursor: Cursor | None) -> Iterator[Page]:
        """See ``Stream``."""
        ...

    def window(self, slice_: Slice, start: datetime, end: datetime, cursor: Cursor | None) -> Iterator[Page]:
        """See ``Stream``."""
        ...

    def get(self, slice_: Slice, ids: Sequence[RemoteId]) -> Sequence[RawRecord]:
        """See ``Stream``."""
        ...


class Sweeper(Protocol):
    """A whole stream, as ``Stream.read``, ``Stream.ids`` and ``Stream.get`` ask for it."""

    def read(self, slice_: Slice, cursor: Cursor | None) -> Iterator[Page]:
        """See ``Stream``."""
        ...

    def ids(self, slice_: Slice) -> Iterator[Sequence[RemoteId]]:
        """See ``Stream``."""
        ...

    def get(self, slice_: Slice, ids: Sequence[RemoteId]) -> Sequence[RawRecord]:
        """See ``Stream``."""
        ...


def swept(
    name: str, rules: tuple[EntityRules, ...], fields: Sequence[str], reader: Sweeper, window: Window | None = None
) -> Stream:
    """A stream of records with these fields, of which those whose id is no longer listed have been deleted."""
    return Stream(
        name=name,
        rules=rules,
        read=reader.read,
        describe=lambda: Schema.read_only(*fields),
        window=window,
        ids=reader.ids,
        get=reader.get,
        deletes=Deletes.SWEEP,
    )


def sliced(
    name: str,
    rules: tuple[EntityRules, ...],
    schema: Schema,
    slices: Callable[[], Sequence[Slice]],
    of: Callable[[Slice], Reader],
    deletes: Deletes = Deletes.NATIVE,
) -> Stream:
    """A stream whose slices are read by what ``of`` gives for each of them, which is asked when reading begins.

    ``of`` raises what reading the slice should raise where it cannot be read.
    """
    return Stream(
        name=name,
        rules=rules,
        read=lambda slice_, cursor: of(slice_).read(slice_, cursor),
        describe=lambda: schema,
        slices=slices,
        window=lambda slice_, start, end, cursor: of(slice_).window(slice_, start, end, cursor),
        get=lambda slice_, ids: of(slice_).get(slice_, ids),
        deletes=deletes,
    )
