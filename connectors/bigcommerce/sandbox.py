"""A stand-in for BigCommerce's APIs v2 (orders, the store) and v3 (customers, refunds): one store, one token."""

from __future__ import annotations

import base64
import json
import operator
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from connectors.bigcommerce.store import BigStore, Row
from connectors.core.exchange import Reply, Request, Route
from connectors.core.protocols import utc_now
from connectors.core.sandbox import SandboxServer
from mapping import moments

TOKEN = "sandbox-token-2236067977"  # noqa: S105 - of the stand-in
MOST, USUAL = 250, 50
QUOTA, WINDOW = 150, 30.0
_INCLUDES = {"consignments", "consignments.line_items", "fees"}
_ORDER_SORTS = ("id", "customer_id", "date_created", "date_modified", "status_id", "channel_id", "external_id")


class RefusedError(Exception):
    """The API refuses: a reply."""


class BigCommerceSandbox(SandboxServer):
    """The server of one store. ``quota`` is how many requests its plan allows in half a minute."""

    def __init__(
        self,
        store: BigStore | None = None,
        *,
        now: Callable[[], datetime] = utc_now,
        quota: int = QUOTA,
        port: int = 0,
        keep: int = 0,
    ) -> None:
        self.store, self.quota = store or BigStore(now=now), quota
        self._sent: list[float] = []
        at = f"/stores/{self.store.hash}"
        doors: Sequence[tuple[str, str, Callable[[Request], Reply]]] = (
            ("GET", "/v2/store", self._who),
            ("GET", "/v2/orders", self._orders),
            ("DELETE", "/v2/orders/{id}", self._archive),
            ("GET", "/v3/customers", self._customers),
            ("GET", "/v3/orders/payment_actions/refunds", self._refunds),
        )
        super().__init__(
            [Route(method, f"{at}{path}", self._door(act)) for method, path, act in doors],
            port=port,
            keep=keep,
            decorate=self._limited,
            not_found=Reply(404, {"status": 404, "title": "The requested resource was not found."}),
        )

    @property
    def settings(self) -> Mapping[str, str]:
        """What a connection's ``config`` must say to talk to this server."""
        return {"base_url": self.url, "store_hash": self.store.hash, "access_token": TOKEN}

    def _door(self, act: Callable[[Request], Reply]) -> Callable[[Request], Reply]:
        def opened(asked: Request) -> Reply:
            now = self.store.now().timestamp()
            self._sent = [each for each in self._sent if now - each < WINDOW]
            if asked.headers.get("x-auth-token") != TOKEN:
                return Reply(401, {"status": 401, "title": "You are not authorized to make this request."})
            if len(self._sent) >= self.quota:
                return Reply(429, {"status": 429, "title": "Too many requests."})
            self._sent.append(now)
            try:
                return act(asked)
            except RefusedError as refused:
                reply: Reply = refused.args[0]
                return reply

        return opened

    def _limited(self, reply: Reply) -> Reply:
        now = self.store.now()
        reset = int(1000 * (WINDOW - (now.timestamp() - self._sent[0]))) if self._sent else int(WINDOW * 1000)
        told = {
            "X-Rate-Limit-Requests-Left": str(max(0, self.quota - len(self._sent))),
            "X-Rate-Limit-Requests-Quota": str(self.quota),
            "X-Rate-Limit-Time-Reset-Ms": str(reset),
            "X-Rate-Limit-Time-Window-Ms": str(int(WINDOW * 1000)),
            "Date": format_datetime(now.astimezone(UTC), usegmt=True),
        }
        return Reply(reply.status, reply.body, {**told, **reply.headers})

    def _who(self, asked: Request) -> Reply:
        store = self.store
        told = {"id": store.hash, "name": store.name, "domain": "acme.example", "currency": store.currency}
        return Reply(200, {**told, "secure_url": "https://acme.example", "status": "live", "store_id": 1025646})

    def _orders(self, asked: Request) -> Reply:
        rows = [row for row in self.store.orders.values() if not row["is_deleted"]]
        bounds: Sequence[tuple[str, Callable[[Any, Any], bool]]] = (("min", operator.ge), ("max", operator.le))
        for name, keep in bounds:
            if told := asked.first(f"{name}_id"):
                rows = [row for row in rows if keep(row["id"], int(told))]
            for date in ("date_created", "date_modified"):
                if told := asked.first(f"{name}_{date}"):
                    bound = _moment(told, asked)
                    rows = [row for row in rows if keep(moments.moment(row[date]) or bound, bound)]
        field, _, way = asked.first("sort", "id").partition(":")
        if field not in _ORDER_SORTS:
            raise RefusedError(Reply(400, [{"status": 400, "message": f"The field 'sort' is invalid: {field}."}]))
        rows.sort(key=lambda row: row[field], reverse=way == "desc")
        page, size = _number(asked, "page", 1), min(_number(asked, "limit", USUAL), MOST)
        rows = rows[(page - 1) * size : page * size]
        return Reply(200, [self._order(row, asked) for row in rows]) if rows else Reply(204)

    def _order(self, row: Row, asked: Request) -> Row:
        included = set(asked.first("include").split(",")) if asked.first("include") else set()
        if included - _INCLUDES:
            raise RefusedError(Reply(400, [{"status": 400, "message": "The field 'include' is invalid."}]))
        shown = {name: value for name, value in row.items() if not name.startswith("_")}
        place = f"/orders/{row['id']}"
        for name in ("products", "coupons", "consignments", "fees"):
            shown[name] = {
                "url": f"{self.url}/stores/{self.store.hash}/v2{place}/{name}",
                "resource": f"{place}/{name}",
            }
        if "fees" in included:
            shown["fees"] = row["_fees"]
        if included & {"consignments", "consignments.line_items"}:
            # Without the parameter for it, consignments come as a list of an older form.
            if asked.first("consignment_structure") != "object":
                raise RefusedError(Reply(400, [{"status": 400, "message": "consignment_structure must be object."}]))
            lines = row["_products"] if "consignments.line_items" in included else shown["products"]
            address = {name: value for name, value in row["billing_address"].items() if name != "form_fields"}
            parcel = {"id": row["id"], **address, "form_fields": [], "line_items": lines}
            shown["consignments"] = {"pickups": [], "shipping": [parcel], "downloads": [], "email": {}}
        return shown

    def _archive(self, asked: Request) -> Reply:
        number = int(asked.params["id"])
        if number not in self.store.orders:
            return Reply(404, [{"status": 404, "message": "The requested resource was not found."}])
        self.store.archive(number)
        return Reply(204)

    def _customers(self, asked: Request) -> Reply:
        rows = sorted(self.store.customers.values(), key=lambda row: row["id"])
        if told := asked.first("id:in"):
            rows = [row for row in rows if str(row["id"]) in told.split(",")]
        if told := asked.first("date_modified:min"):
            bound = _moment(told, asked)
            rows = [row for row in rows if (moments.moment(row["date_modified"]) or bound) > bound]  # "after this date"
        total, size = len(rows), min(_number(asked, "limit", USUAL), MOST)
        if after := asked.first("after"):
            last = json.loads(base64.urlsafe_b64decode(after + "=" * (-len(after) % 4)))["id"]
            rows = [row for row in rows if row["id"] > last]
            page = 1
        else:
            page = _number(asked, "page", 1)
        rows = rows[(page - 1) * size : page * size]
        whole = "addresses" in asked.first("include").split(",")
        shown = [{name: value for name, value in row.items() if whole or name != "addresses"} for row in rows]
        pages: Row = {"total": total, "count": len(rows), "per_page": size, "current_page": page}
        pages |= {"total_pages": -(-total // size), "links": {}}
        cursors: Row = {"count": len(rows), "per_page": size, "links": {}}
        if rows:
            cursors |= {"start_cursor": _cursor(rows[0]), "end_cursor": _cursor(rows[-1])}
        return Reply(200, {"data": shown, "meta": {"pagination": pages, "cursor_pagination": cursors}})

    def _refunds(self, asked: Request) -> Reply:
        wanted = asked.first("order_id:in").split(",") if asked.first("order_id:in") else []
        rows = [row for row in self.store.refunds.values() if not wanted or str(row["order_id"]) in wanted]
        page, size = _number(asked, "page", 1), min(_number(asked, "limit", USUAL), MOST)
        shown = rows[(page - 1) * size : page * size]
        pages = {"total": len(rows), "count": len(shown), "per_page": size, "current_page": page}
        return Reply(200, {"data": shown, "meta": {"pagination": {**pages, "total_pages": -(-len(rows) // size)}}})


def _cursor(row: Row) -> str:
    return base64.urlsafe_b64encode(json.dumps({"id": row["id"]}, separators=(",", ":")).encode()).decode().rstrip("=")


def _moment(told: str, asked: Request) -> datetime:
    found = moments.moment(told)
    if not isinstance(found, datetime):
        raise RefusedError(Reply(400, [{"status": 400, "message": "A date is not valid."}]))
    return found


def _number(asked: Request, name: str, usual: int) -> int:
    told = asked.first(name)
    if told and not told.isdigit():
        raise RefusedError(Reply(400, [{"status": 400, "message": f"The field '{name}' is invalid."}]))
    return int(told) if told else usual


def serve(port: int = 0, **options: Any) -> AbstractContextManager[BigCommerceSandbox]:
    """A stand-in on a port of the loopback address (0: a free one) while the context lasts, with an empty store unless
    a ``store`` is given. ``options`` are those of BigCommerceSandbox."""
    return BigCommerceSandbox(port=port, **options)
