"""The HTTP door of a shop in memory: a stand-in for Magento's REST API, for demos and tests.

Paths and bodies are those of Adobe's Swagger document; searching, paging and refusals follow its developer guides and
the issues of magento2 as read on 2026-11-29: a page beyond the last brings the last once more.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from connectors.core.exchange import Reply, Request, Route
from connectors.core.protocols import utc_now
from connectors.core.sandbox import SandboxServer
from connectors.magento.shop import Row, Shop

__all__ = ["TOKEN", "MagentoSandbox", "Shop", "serve"]

TOKEN = "sandbox-integration-token"  # noqa: S105 - lets clients into the stand-in, and nowhere else
LARGEST = 300
SEARCHES = {
    "customers/search": ("customers", "id", "Magento_Customer::customer"),
    "orders": ("orders", "entity_id", "Magento_Sales::actions_view"),
    "invoices": ("invoices", "entity_id", "Magento_Sales::sales_invoice"),
    "creditmemos": ("creditmemos", "entity_id", "Magento_Sales::sales_creditmemo"),
    "carts/search": ("carts", "id", "Magento_Cart::manage"),
}
_PLACE = re.compile(r"searchCriteria\[(?:filterGroups|filter_groups)\]\[(\d+)\]\[filters\]\[(\d+)\]\[(\w+)\]")
_SORT = re.compile(r"searchCriteria\[(?:sortOrders|sort_orders)\]\[(\d+)\]\[(\w+)\]")
_HOLDS: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": lambda found, wanted: bool(found == wanted),
    "neq": lambda found, wanted: bool(found != wanted),
    "gt": lambda found, wanted: bool(found > wanted),
    "gteq": lambda found, wanted: bool(found >= wanted),
    "lt": lambda found, wanted: bool(found < wanted),
    "lteq": lambda found, wanted: bool(found <= wanted),
}


class _RefusalError(Exception):
    """An error as Magento words it."""

    def __init__(self, status: int, message: str, **parameters: str) -> None:
        super().__init__(message)
        self.reply = Reply(status, {"message": message, **({"parameters": parameters} if parameters else {})})


class MagentoSandbox(SandboxServer):
    """The server over a shop. ``tokens`` are who is let in, each with the resources that it lacks."""

    def __init__(self, shop: Shop, *, port: int = 0, keep: int = 0) -> None:
        self.shop = shop
        self.tokens: dict[str, frozenset[str]] = {TOKEN: frozenset()}
        routes = [Route("GET", "/rest/{store}/V1/store/storeConfigs", self._stores)]
        routes += [Route("GET", f"/rest/{{store}}/V1/{path}", self._search(path)) for path in SEARCHES]
        unknown = Reply(404, {"message": "Request does not match any route."})
        super().__init__(routes, decorate=self._decorate, not_found=unknown, port=port, keep=keep)

    @property
    def settings(self) -> Mapping[str, str]:
        """The address, and a token."""
        return {"base_url": self.url, "access_token": TOKEN}

    def _decorate(self, reply: Reply) -> Reply:
        date = format_datetime(self.shop.now().astimezone(UTC), usegmt=True)
        return Reply(reply.status, reply.body, {"Date": date, **reply.headers})

    def _enter(self, request: Request, resource: str) -> None:
        """Magento says the same to a token that it does not know and to one that may not do this."""
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if resource in self.tokens.get(token, frozenset({resource})):
            raise _RefusalError(401, "The consumer isn't authorized to access %resources.", resources=resource)

    def _stores(self, request: Request) -> Reply:
        try:
            self._enter(request, "Magento_Backend::store")
        except _RefusalError as refused:
            return refused.reply
        url = self.shop.url
        places = ("base_url", "base_link_url", "base_static_url", "base_media_url")
        store: Row = {
            "id": 1, "code": "default", "website_id": 1, "locale": "nl_NL", "base_currency_code": "EUR",
            "default_display_currency_code": "EUR", "timezone": "Europe/Amsterdam", "weight_unit": "kgs",
            **dict.fromkeys([*places, *(f"secure_{name}" for name in places)], url),
        }  # fmt: skip
        return Reply(200, [store])

    def _search(self, path: str) -> Callable[[Request], Reply]:
        table, key, resource = SEARCHES[path]

        def answer(request: Request) -> Reply:
            try:
                self._enter(request, resource)
                return Reply(200, _searched(list(self.shop.tables[table].values()), key, request))
            except _RefusalError as refused:
                return refused.reply

        return answer


def serve(
    port: int = 0, *, now: Callable[[], datetime] = utc_now, shop: Shop | None = None, **options: Any
) -> AbstractContextManager[MagentoSandbox]:
    """A stand-in on a port of the loopback address (0: a free one) while the context lasts, over an empty shop unless
    ``shop`` is given. ``options`` are those of MagentoSandbox."""
    return MagentoSandbox(shop or Shop(now=now), port=port, **options)


def _searched(rows: list[Row], key: str, request: Request) -> Row:
    groups, sort = _criteria(request)
    size, page = (int(request.first(f"searchCriteria[{name}]", "0")) for name in ("pageSize", "currentPage"))
    if size > LARGEST:
        raise _RefusalError(400, "Maximum SearchCriteria pageSize is %max", max=str(LARGEST))
    if not any(name.startswith("searchCriteria") for name in request.query):
        raise _RefusalError(400, '"%fieldName" is required. Enter and try again.', fieldName="searchCriteria")
    found = [row for row in rows if all(any(_passes(row, key, one) for one in group) for group in groups)]
    for field, direction in reversed(sort):
        found.sort(key=lambda row: _value(row, key, field), reverse=direction == "DESC")
    size = size or 20
    last = max(1, -(-len(found) // size))
    start = (min(max(page, 1), last) - 1) * size
    shown = [_only(row, request.first("fields")) for row in found[start : start + size]]
    asked = {"filter_groups": [{"filters": group} for group in groups], "page_size": size, "current_page": max(page, 1)}
    counted: Row = {"items": shown, "total_count": len(found)}
    return counted if "fields" in request.query else {**counted, "search_criteria": asked}


def _criteria(request: Request) -> tuple[list[list[Row]], list[tuple[str, str]]]:
    """The groups of filters, and the fields to sort by with their directions."""
    groups: dict[int, dict[int, Row]] = {}
    orders: dict[int, Row] = {}
    names = {"conditionType": "condition_type"}
    for name, (value, *_) in request.query.items():
        if found := _PLACE.fullmatch(name):
            one = groups.setdefault(int(found[1]), {}).setdefault(int(found[2]), {"condition_type": "eq"})
            one[names.get(found[3], found[3])] = value
        elif found := _SORT.fullmatch(name):
            orders.setdefault(int(found[1]), {"direction": "ASC"})[found[2]] = value
    sort = [(orders[at]["field"], orders[at]["direction"]) for at in sorted(orders)]
    return [list(groups[at].values()) for at in sorted(groups)], sort


def _value(row: Row, key: str, field: str) -> Any:
    name = key if field == "entity_id" else field
    if name not in row:
        raise _RefusalError(400, "Column not found: %field", field=field)
    return row[name]


def _passes(row: Row, key: str, one: Mapping[str, str]) -> bool:
    found, condition = _value(row, key, one["field"]), one["condition_type"]
    sort = type(found)
    if condition == "in":
        return found in [sort(value) for value in one["value"].split(",")]
    if condition not in _HOLDS:
        raise _RefusalError(400, "The stand-in knows no condition %type", type=condition)
    return _HOLDS[condition](found, sort(one["value"]))


def _only(row: Row, fields: str) -> Row:
    """The row, or those of its fields that were asked for."""
    names: Sequence[str] = fields.partition("items[")[2].partition("]")[0].split(",") if fields else ()
    return {name: row[name] for name in names if name in row} if names else row
