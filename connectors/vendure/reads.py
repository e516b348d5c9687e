"""Listing Vendure's customers and orders by id, though it can only skip and count.

A list can be sorted by id and filtered by time, but not by "id greater than" (see connectors/core/skipping.py).
Sorting by ``updatedAt`` *and* id is not to be
had: whatever is asked, keys take effect in the schema's order, so that id comes first (3.7.2, seen).

``after`` and ``before`` are strict, and SQLite compares ``12:00:00`` with ``12:00:00.000`` as texts, by which the first
is the earlier (seen): so bounds are asked for a millisecond wider, and records told by their own time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from connectors.core.rounds import Batch, Span
from connectors.core.skipping import by_skipping
from connectors.vendure.api import Api, Json
from mapping import moments
from mapping.contract import RemoteId
from mapping.errors import ContractError

TICK = timedelta(milliseconds=1)
MOST = 1000
"""What ``apiOptions.adminListQueryLimit`` allows in one list unless the shop says otherwise."""
BENEATH = "id updatedAt payments { updatedAt refunds { updatedAt } } fulfillments { updatedAt }"
QUERY = """query ($options: {kind}ListOptions) {{
 found: {list}(options: $options) {{ totalItems items {{ {fields} }} }}{more} }}"""
PRECISION = " globalSettings { serverConfig { moneyStrategyPrecision } }"


@dataclass(frozen=True, slots=True)
class Listing:
    """One of Vendure's lists. ``kind`` is the type of its items, ``fields`` what is asked of each, ``size`` how many at
    a time. With ``money`` each row brings ``_places``, the decimals of the shop's money."""

    api: Api
    kind: str
    fields: str
    size: int
    time: str = "updatedAt"
    money: bool = False

    def batches(self, span: Span, at: str, skip: int) -> Iterator[Batch]:
        """The rows of a span by ascending id, from a place on."""
        wanted = _filter(self.time, span)
        for batch in by_skipping(partial(self._page, wanted), at, skip, self.size):
            yield replace(batch, rows=[row for row in batch.rows if _within(row.get(self.time), span)])

    def get(self, ids: Sequence[RemoteId]) -> Sequence[Json]:
        """The rows of those ids that are still there."""
        wanted = list(dict.fromkeys(ids))
        found = list[Json]()
        for start in range(0, len(wanted), self.size):
            some = wanted[start : start + self.size]
            found += self._page({"id": {"in": some}}, 0, self.size)[0]
        return found

    def beneath(self, since: datetime, placed: datetime, most: int) -> Iterator[Sequence[Json]]:
        """Orders placed since an instant, of which a payment, a refund or a fulfilment changed after the order did;
        listed ``most`` at a time.

        None of these moves ``updatedAt`` of the order (3.7.2, seen), and none can be listed by itself.
        """
        parts = replace(self, fields=BENEATH, size=most, time="orderPlacedAt", money=False)
        for batch in parts.batches(Span(placed), "", 0):
            ids = [RemoteId(row["id"]) for row in batch.rows if since <= _newest(row) > _time(row.get("updatedAt"))]
            for start in range(0, len(ids), self.size):
                yield self.get(ids[start : start + self.size])

    def _page(self, wanted: Json, skip: int, take: int) -> tuple[list[dict[str, Any]], int]:
        name = f"{self.kind.lower()}s"
        query = QUERY.format(kind=self.kind, list=name, fields=self.fields, more=PRECISION if self.money else "")
        # Nothing is left out: an absent filter and an empty one mean the same.
        options = {"filter": wanted, "sort": {"id": "ASC"}, "skip": skip, "take": take}
        told = self.api.ask(query, options=options)
        found: Any = told.get("found")
        try:
            rows, total = [dict(row) for row in found["items"]], int(found["totalItems"])
            places = int(told["globalSettings"]["serverConfig"]["moneyStrategyPrecision"]) if self.money else 0
        except (KeyError, TypeError, ValueError):
            raise ContractError(f"Vendure's answer to a list of {name} is of another shape") from None
        if not all(isinstance(row.get("id"), str) for row in rows):
            raise ContractError(f"Vendure lists {name} without their ids")
        return [{**row, "_places": places} for row in rows] if self.money else rows, total


def _filter(time: str, span: Span) -> Mapping[str, Any]:
    bounds = {"after": _shown(span.since - TICK)} if span.since else {}
    bounds |= {"before": _shown(span.until + TICK)} if span.until else {}
    return {time: bounds} if bounds else {}


def _shown(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _within(told: Any, span: Span) -> bool:
    """Whether the time lies in the span. What bears no readable time is let through, to be reported."""
    found = moments.moment(told)
    if not isinstance(found, datetime):
        return True
    return not (span.since and found < _floor(span.since)) and not (span.until and found >= span.until)


def _floor(moment: datetime) -> datetime:
    """Times are shown in whole milliseconds, while a database may keep finer ones."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _time(told: Any) -> datetime:
    found = moments.moment(told)
    return found if isinstance(found, datetime) else datetime.min.replace(tzinfo=UTC)


def _newest(row: Json) -> datetime:
    parts = [*(row.get("payments") or ()), *(row.get("fulfillments") or ())]
    parts += [refund for payment in row.get("payments") or () for refund in payment.get("refunds") or ()]
    return max((_time(part.get("updatedAt")) for part in parts), default=datetime.min.replace(tzinfo=UTC))
