"""One BigCommerce store: orders by API v2, customers and refunds by v3, and what a refusal means.

The OpenAPI documents of bigcommerce/docs (2026-04-01), and "API rate limits", read 2026-11-29.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import httpx
import orjson
from pydantic import BaseModel

from connectors.core import answers
from connectors.core.http import Http, Params
from connectors.core.paging import Leaf, by_cursor, by_number
from connectors.core.vendor_clock import VendorClock
from mapping.errors import ConcordError, ContractError, RateLimitedError

Json = Mapping[str, Any]


class Store(BaseModel):
    """Who answers."""

    id: str
    name: str = ""


class _Cursors(BaseModel):
    end_cursor: str | None = None


class _Pages(BaseModel):
    total_pages: int = 1
    current_page: int = 1


class _Meta(BaseModel):
    pagination: _Pages = _Pages()
    cursor_pagination: _Cursors = _Cursors()


class Listing(BaseModel):
    """Rows of v3 as they came, and where the listing goes on."""

    data: list[dict[str, Any]]
    meta: _Meta = _Meta()


class Api:
    """One store. Every method raises the errors of ``Http``."""

    def __init__(self, http: Http, clock: VendorClock) -> None:
        self._http, self.clock = http, clock

    def store(self) -> Store:
        """The store that the token belongs to."""
        return self._http.shaped(Store, "GET", "/v2/store")

    def orders(self, params: Params) -> Sequence[Json]:
        """The orders as asked for; v2 answers with an empty 204 where there are none."""
        response = self._http.request("GET", "/v2/orders", params=params, headers={"Accept": "application/json"})
        self.clock.hear(response)
        return _rows(response, "orders") if response.status_code != 204 else ()

    def customers(self, params: Params, after: str = "") -> Iterator[Leaf[Listing, str]]:
        """The customers as asked for, page by page beyond a cursor, until a page is empty. A cursor names the last
        customer of its page, so that none is missed when others come or go."""

        def fetch(at: str | None) -> Listing:
            asked = {**params, "after": at or None}
            response = self._http.request("GET", "/v3/customers", params=asked, headers={"Accept": "application/json"})
            self.clock.hear(response)
            return _listing(response)

        return by_cursor(fetch, _onward, after or None)

    def refunds(self, orders: Sequence[int], size: int) -> Iterator[Json]:
        """The refunds of these orders."""

        def fetch(page: int) -> Listing:
            asked: dict[str, str | int] = {"order_id:in": ",".join(map(str, orders)), "limit": size, "page": page}
            return self._http.shaped(Listing, "GET", "/v3/orders/payment_actions/refunds", params=asked)

        for leaf in by_number(fetch, lambda found: found.data, _has_more):
            yield from leaf.page.data


def classify(response: httpx.Response) -> ConcordError | None:
    """What an answer stands for. A 429 tells in milliseconds when there is room again, by a header of its own."""
    usual = answers.classify(response)
    if isinstance(usual, RateLimitedError):
        told = response.headers.get("X-Rate-Limit-Time-Reset-Ms", "")
        return RateLimitedError(str(usual), retry_after=int(told) / 1000 if told.isdigit() else None)
    return usual


def _rows(response: httpx.Response, what: str) -> Sequence[Json]:
    try:
        found = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, list) or not all(
        isinstance(row, dict) and isinstance(row.get("id"), int) for row in found
    ):
        raise ContractError(f"{answers.describe(response)} with something that is no list of {what} with ids")
    return found


def _listing(response: httpx.Response) -> Listing:
    try:
        found = Listing.model_validate_json(response.content)
    except ValueError:
        found = None
    if found is None or not all(isinstance(row.get("id"), int) for row in found.data):
        raise ContractError(f"{answers.describe(response)} with something that is no list of records with ids")
    return found


def _onward(found: Listing) -> str | None:
    cursor = found.meta.cursor_pagination.end_cursor
    if found.data and not cursor:
        raise ContractError("a page of customers tells no cursor by which the next one could be asked for")
    return cursor if found.data else None


def _has_more(found: Listing) -> bool:
    return found.meta.pagination.current_page < found.meta.pagination.total_pages and bool(found.data)
