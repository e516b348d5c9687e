"""Reading one stream: in full, then what changed.

A read of everything goes by ascending **id**: each page is a query of its own (``id:>N``), so that any page is a place
to resume from, nothing that changes meanwhile moves anything else, and the limit of 25,000 records that one listing may
be followed for never comes near. Where there is more than ``bulk_above``, the rest after the first page is left to a
bulk operation.

An increment asks for ``updated_at:>=since`` in the order of the last change, which is the one that the filter can be
answered by, and follows Shopify's own cursors: those hold a time *and* an id, so equal times part no page from another.
Abandoned checkouts cannot be sorted so and go by id here too. ``since`` is the instant of the round before, by
Shopify's clock, less ``lookback``: the search behind a filter lags behind what was written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.core import places
from connectors.shopify import bodies, bulk
from connectors.shopify.details import complete
from connectors.shopify.graph import DEAREST, Answer, Graph, Json, TooDearError
from connectors.shopify.queries import MOST, Source
from mapping.contract import Cursor, Page, RawRecord, RemoteId, Schema, Slice
from mapping.errors import ContractError, RecordError

CURSOR_VERSION = 1
FULL, BULK, CHANGES, REST, WINDOW = "full", "bulk", "changes", "rest", "window"
PHASES = frozenset({FULL, BULK, CHANGES, REST, WINDOW})
DEEP = 20_000
"""Records after which a listing by time is begun anew from the last time met; Shopify follows none beyond 25,000."""


@dataclass(frozen=True, slots=True)
class Place:
    """How far a read has come. Times are epoch seconds by Shopify's clock.

    ``since`` is what the present round reads from, ``then`` what the next one will; ``at`` the last id, ``after``
    Shopify's cursor and ``met`` the records met with it; ``operation`` the bulk operation that is read, from byte
    ``offset`` of its result on.
    """

    phase: str
    since: int = 0
    then: int = 0
    at: int = 0
    after: str = ""
    met: int = 0
    operation: str = ""
    offset: int = 0
    v: int = CURSOR_VERSION

    def __post_init__(self) -> None:
        if self.v != CURSOR_VERSION or self.phase not in PHASES:
            raise ValueError("a place of another version")


@dataclass(slots=True)
class Reader:
    """The reads of one source."""

    graph: Graph
    source: Source
    page_size: int = MOST
    bulk_above: int | None = None
    lookback: timedelta = timedelta(minutes=10)
    _size: int = field(init=False)

    def __post_init__(self) -> None:
        self._size = min(self.page_size, self.source.first)

    def describe(self) -> Schema:
        """The fields that are asked for."""
        return self.source.schema()

    def read(self, slice_: Slice, cursor: Cursor | None) -> Iterator[Page]:
        """Everything, or what changed since the cursor."""
        here = places.load(Place, cursor) or Place(FULL)
        if here.phase == REST:
            here = Place(CHANGES, since=here.then)
        if here.phase == BULK:
            yield from self._bulk(here)
            return
        yield from self._pages(here)

    def window(self, slice_: Slice, start: datetime, end: datetime, cursor: Cursor | None) -> Iterator[Page]:
        """Records last changed in [start, end). One that changes later belongs to a later window."""
        here = places.load(Place, cursor) or Place(WINDOW, since=_seconds(start))
        yield from self._pages(here, until=_seconds(end))

    def ids(self, slice_: Slice) -> Iterator[Sequence[RemoteId]]:
        """The ids of all records, in their order. Shopify tells of no deleted customer, order or checkout."""
        last = 0
        while True:
            answer = self.graph.ask(self.source.ids(), first=MOST, query=f"id:>{last}")
            listing = _listing(answer, self.source.connection)
            found = [bodies.number(node["id"]) for node in listing["nodes"]]
            if found:
                last = _onward(last, found)
                yield [RemoteId(each) for each in found]
            if not listing["pageInfo"]["hasNextPage"]:
                return

    def get(self, slice_: Slice, ids: Sequence[RemoteId]) -> Sequence[RawRecord]:
        """The records that are still there."""
        good = [f"gid://shopify/{self.source.type}/{each}" for each in ids if each.isascii() and each.isdigit()]
        found: list[RawRecord] = []
        while good:
            size = self._size
            try:
                nodes = self.graph.ask(self.source.nodes(), ids=good[:size]).data["nodes"]
            except TooDearError as refused:
                self._shrink(refused)
                continue
            found += self._shaped([node for node in nodes if node])[0]
            good = good[size:]
        return found

    def _pages(self, here: Place, until: int = 0) -> Iterator[Page]:
        while True:
            counted = here.phase == FULL and not here.at and self.bulk_above is not None
            answer = self._page(here, until, counted)
            listing = _listing(answer, self.source.connection)
            nodes, more = listing["nodes"], listing["pageInfo"]["hasNextPage"]
            here = self._onward(here, nodes, listing["pageInfo"]["endCursor"] or "", more)
            if counted and more and self._many(answer):
                started = bulk.start(self.graph, self.source.bulk(f"id:>{here.at}"), grouped=bool(self.source.lists))
                here = replace(here, phase=BULK, operation=started)
            yield self._told(nodes, here, last=not more)
            if here.phase == BULK:
                yield from self._bulk(here)
            if here.phase == BULK or not more:
                return
            if here.phase != FULL and here.met >= DEEP:
                here = self._anew(here, nodes)

    def _bulk(self, here: Place) -> Iterator[Page]:
        """The rest of a full read out of a bulk operation; by pages where the operation came to nothing."""
        result = bulk.await_result(self.graph, here.operation)
        if result is None:
            yield from self._pages(replace(here, phase=FULL, operation="", offset=0))
            return
        rows: list[Json] = []
        for node, offset in bulk.nodes(self.graph, result, here.offset, self.source.lists):
            if len(rows) >= self.page_size:
                yield self._told(rows, here, whole=True)
                rows = []
            rows.append(node)
            here = replace(here, offset=offset)
        yield self._told(rows, here, last=True, whole=True)

    def _told(self, nodes: Sequence[Json], here: Place, *, last: bool = False, whole: bool = False) -> Page:
        records, errors = self._shaped(nodes, whole=whole)
        done = last and here.phase != WINDOW
        place = Place(REST, then=here.then) if done else here
        return Page(records, (), places.dump(place), complete=last and here.phase in (FULL, BULK), errors=errors)

    def _shaped(self, nodes: Sequence[Json], *, whole: bool = False) -> tuple[list[RawRecord], list[RecordError]]:
        """The records, and those that are none; ``whole`` where all that hangs on them has come along."""
        records, errors = list[RawRecord](), list[RecordError]()
        for node in nodes:
            try:
                found = node if whole else complete(self.graph, node)
                records += [bodies.record(found)] if found else []
            except RecordError as error:
                errors.append(error)
        return records, errors

    def _page(self, here: Place, until: int, counted: bool) -> Answer:
        """One page, as large as its cost allows: it grows by what Shopify says that the last one cost."""
        by_id = self._by_id(here)
        conditions = [f"id:>{here.at}"] if by_id and here.at else []
        conditions += [f"updated_at:>='{_shown(here.since)}'"] if here.phase != FULL else []
        conditions += [f"updated_at:<'{_shown(until)}'"] if until else []
        asked: dict[str, Any] = {"limit": (self.bulk_above or 0) + 1} if counted else {}
        asked |= {"query": " ".join(conditions) or None, "after": here.after or None}
        asked["sort"] = "ID" if by_id else "UPDATED_AT"
        while True:
            try:
                answer = self.graph.ask(self.source.page(counted=counted), first=self._size, **asked)
            except TooDearError as refused:
                self._shrink(refused)
                continue
            if answer.cost:
                self._size = max(1, min(self.page_size, int(self._size * DEAREST / answer.cost)))
            return answer

    def _shrink(self, refused: TooDearError) -> None:
        if self._size == 1:
            raise ContractError("Shopify finds a single record too dear to ask for") from None
        self._size = max(1, int(self._size * refused.share))

    def _many(self, answer: Answer) -> bool:
        found = (answer.data.get(f"{self.source.connection}Count") or {}).get("count") or 0
        return self.bulk_above is not None and found > self.bulk_above

    def _by_id(self, here: Place) -> bool:
        return here.phase == FULL or not self.source.by_time

    def _onward(self, here: Place, nodes: Sequence[Json], after: str, more: bool) -> Place:
        if not here.then:
            here = replace(here, then=_seconds(self.graph.clock.now() - self.lookback))
        if more and not nodes:
            raise ContractError(
                f"the listing of {self.source.stream} does not move on: an empty page, and more after it"
            )
        if self._by_id(here):
            return replace(here, at=_onward(here.at, [bodies.number(node.get("id")) for node in nodes]))
        return replace(here, after=after, met=here.met + len(nodes))

    def _anew(self, here: Place, nodes: Sequence[Json]) -> Place:
        last = _seconds(bodies.record(nodes[-1]).changed_at or datetime.fromtimestamp(here.since, UTC))
        if last <= here.since:
            raise ContractError(f"more {self.source.stream} share one second than Shopify lists")
        return replace(here, since=last, after="", met=0)


def _listing(answer: Answer, connection: str) -> Json:
    listing = answer.data.get(connection)
    if not isinstance(listing, dict) or not isinstance(listing.get("nodes"), list) or "pageInfo" not in listing:
        raise ContractError(f"Shopify answered without a listing of {connection}")
    return listing


def _onward(last: int, found: Sequence[str]) -> int:
    """The largest of the ids. Raises ContractError where none lies beyond the last one: the search does not filter."""
    numbers = [int(each) for each in found if each]
    if numbers and min(numbers) <= last:
        raise ContractError(f"the listing does not move past id {last}")
    return max(numbers, default=last)


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def _shown(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
