"""Magento's REST API: one way to search for everything, and what its refusals mean.

"Search using REST endpoints", "Retrieve filtered responses", "Token-based authentication", "Rate and input limiting" of
Adobe Commerce's developer guides, read 2026-11-29.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx
from pydantic import BaseModel

from connectors.core.auth import Bearer
from connectors.core.http import Http, classify
from connectors.core.protocols import Runtime
from connectors.core.vendor_clock import VendorClock
from mapping.errors import AuthError, ConcordError, ContractError, ForbiddenError

Json = Mapping[str, Any]

LARGEST = 300
"""The most records of a page where input limiting is on, unless the shop says otherwise."""


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition. Of ``in`` the values are separated by commas."""

    field: str
    value: str | int
    condition: str = "eq"


Filters = Sequence[Filter | tuple[Filter, ...]]
"""What a search has to meet: all of them, and of those in brackets one."""


class Found(BaseModel):
    """The records of the first page, and how many there are in all."""

    items: list[dict[str, Any]] | None
    total_count: int

    @property
    def rows(self) -> Sequence[Json]:
        """The records; a shop answers null where there are none."""
        return self.items or ()

    @property
    def more(self) -> bool:
        """Whether there are more than these."""
        return self.total_count > len(self.rows)


class Store(BaseModel):
    """A store view."""

    id: int
    code: str
    secure_base_url: str


class Search:
    """The API of one shop. Every method raises the errors of ``Http``, and ForbiddenError where the integration may not
    read what is asked for."""

    def __init__(self, runtime: Runtime, base_url: str, token: str, store: str) -> None:
        self._clock = VendorClock(runtime)
        self._http = Http(runtime, base_url, auth=Bearer(token), classify=self._classify)
        self._root = f"rest/{store}/V1"

    def time(self, instant: datetime) -> datetime:
        """The shop's time at an instant of ours, by the ``Date`` of its last answer."""
        return self._clock.at(instant)

    def stores(self) -> Sequence[Store]:
        """The shop's store views, by id. Raises AuthError where the token is not let in, ContractError for none."""
        answer = self._http.json("GET", f"{self._root}/store/storeConfigs")
        if not isinstance(answer, list) or not answer:
            raise ContractError("the shop names no store view")
        return sorted((Store.model_validate(one) for one in answer), key=lambda one: one.id)

    def first(self, path: str, filters: Filters, sort: Sequence[str], size: int, fields: str = "") -> Found:
        """The first page of what meets the filters, in ascending order of the fields of ``sort``; of each record only
        ``fields``, if they are named.

        No other page is ever asked for: the shop answers a page beyond the last with the last once more, and pages move
        while records come and go.
        """
        asked = {**criteria(filters, sort, size), "fields": f"items[{fields}],total_count" if fields else None}
        try:
            return self._http.shaped(Found, "GET", f"{self._root}/{path}", params=asked)
        except AuthError as refused:
            # Magento says the same to a token that it does not know and to one that may not read this.
            self.stores()
            raise ForbiddenError(f"{refused}: the integration lacks the permission") from None

    def every(self, path: str, filters: Filters, size: int, key: str = "entity_id") -> Iterator[Sequence[Json]]:
        """All that meets the filters, page by page in the order of ids, which stand under ``key`` in the records."""
        last = 0
        while True:
            found = self.first(path, [*filters, Filter("entity_id", last, "gt")], ["entity_id"], size)
            yield found.rows
            if not found.more:
                return
            reached = identity(found.rows[-1], key) if found.rows else last
            if reached <= last:
                raise ContractError("the listing does not move on: its ids do not rise")
            last = reached

    def _classify(self, response: httpx.Response) -> ConcordError | None:
        self._clock.hear(response)
        return classify(response)


def criteria(filters: Filters, sort: Sequence[str], size: int) -> dict[str, str | int | None]:
    """The parameters of a search: groups are joined by and, the filters of a group by or."""
    asked: dict[str, str | int | None] = {}
    for at, group in enumerate(filters):
        for inner, one in enumerate(group if isinstance(group, tuple) else (group,)):
            place = f"searchCriteria[filterGroups][{at}][filters][{inner}]"
            names = {"field": one.field, "value": one.value, "conditionType": one.condition}
            asked |= {f"{place}[{name}]": value for name, value in names.items()}
    for at, field in enumerate(sort):
        place = f"searchCriteria[sortOrders][{at}]"
        asked |= {f"{place}[field]": field, f"{place}[direction]": "ASC"}
    return {**asked, "searchCriteria[pageSize]": size, "searchCriteria[currentPage]": 1}


def identity(found: Json, key: str) -> int:
    """The record's id; 0 where it has none."""
    value = found.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
