"""A vendor that tells of no deletions and lists what it has, in slices, as a test wants it to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from connectors.core.protocols import Stream
from connectors.memory.mapping import PEOPLE
from mapping.contract import Account, Cursor, Deletes, Page, RawRecord, RemoteId, Slice
from mapping.errors import RecordError


def _as_it_is(ids: Sequence[RemoteId]) -> Sequence[RemoteId]:
    return ids


@dataclass
class Lists:
    """Holds names of people by slice and id. ``listing`` may change each batch of ids, or raise.

    ``increments`` bring nothing, so that only a full reading or a sweep sees what changed. ``bad`` ids cannot be read.
    """

    held: dict[str, dict[str, str]] = field(default_factory=lambda: {"": {}})
    ids: bool = True
    get: bool = True
    deletes: Deletes = Deletes.SWEEP
    size: int = 3
    bad: set[str] = field(default_factory=set)
    listing: Callable[[Sequence[RemoteId]], Sequence[RemoteId]] = _as_it_is
    asked: list[str] = field(default_factory=list)
    writes: None = None
    hooks: None = None

    def fill(self, count: int, slice_: str = "") -> None:
        """So many people, by the ids from 1 on."""
        self.held[slice_] = {f"{slice_}{n}": f"Ann {chr(64 + n) * 3}" for n in range(1, count + 1)}

    def drop(self, *ids: str) -> None:
        """They are there no more."""
        for held in self.held.values():
            for id_ in ids:
                held.pop(id_, None)

    def check(self) -> Account:
        """Always the same account."""
        return Account("lists")

    def streams(self) -> Sequence[Stream]:
        """People, in the memory vendor's shape."""
        return [
            Stream(
                "people", PEOPLE, self._read, slices=lambda: [Slice(key, key.title()) for key in self.held],
                ids=self._ids if self.ids else None, get=self._get if self.get else None, deletes=self.deletes,
                properties_at="properties",
            )
        ]  # fmt: skip

    def _batches(self, slice_: Slice) -> Iterator[list[RemoteId]]:
        ids = [RemoteId(id_) for id_ in self.held[slice_.key]]
        for start in range(0, len(ids), self.size):
            yield ids[start : start + self.size]

    def _ids(self, slice_: Slice) -> Iterator[Sequence[RemoteId]]:
        for ids in self._batches(slice_):
            yield self.listing(ids)

    def _read(self, slice_: Slice, cursor: Cursor | None) -> Iterator[Page]:
        if cursor is None:
            for ids in self._batches(slice_):
                yield Page(self._get(slice_, self.listing(ids)), cursor=Cursor("on the way"))
            yield Page(cursor=Cursor("done"), complete=True)
        else:
            yield Page(cursor=cursor, complete=cursor == "on the way")

    def _get(self, slice_: Slice, ids: Sequence[RemoteId]) -> Sequence[RawRecord]:
        self.asked += ids
        if self.bad & set(ids):
            raise RecordError("it cannot be read")
        return [self._record(slice_, id_) for id_ in ids if id_ in self.held[slice_.key]]

    def _record(self, slice_: Slice, id_: RemoteId) -> RawRecord:
        given, family = self.held[slice_.key][id_].split()
        properties = {"given_name": given, "family_name": family, "email": f"{id_}@x.example"}
        return RawRecord(id_, {"id": id_, "account": "lists", "properties": properties}, slice=slice_.key)
