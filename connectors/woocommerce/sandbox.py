"""A stand-in for the REST API v3 of a WooCommerce shop: logins, listings, orders, refunds, customers and webhooks."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from connectors.core.exchange import Reply, Request, Route
from connectors.core.oauth1 import signature
from connectors.core.protocols import utc_now
from connectors.core.sandbox import SandboxServer
from connectors.woocommerce.shop import ROLES, STATUSES, RefusedError, Row, WooShop, listed, shown

KEY, SECRET = "ck_5a9db0x2718281828459045235360287471352662", "cs_5a9db0x3141592653589793238462643383279502"
HOOK_SECRET = "hook-secret-1618033988"  # noqa: S105 - of the stand-in
PLACE = "/wp-json/wc/v3"
WINDOW = timedelta(minutes=15)
_DAY = "%Y-%m-%dT%H:%M:%S"
_ORDER_BY = frozenset({"date", "modified", "id", "include", "title", "slug"})
_CUSTOMER_BY = frozenset({"id", "include", "name", "registered_date"})


def error(status: int, code: str, message: str, **data: Any) -> Reply:
    """A refusal as WordPress writes it."""
    return Reply(status, {"code": code, "message": message, "data": {"status": status, **data}})


class WooSandbox(SandboxServer):
    """The server of one shop. ``tls`` lets it take passwords, as a shop does where TLS ended before it."""

    def __init__(
        self, shop: WooShop | None = None, *, now: Callable[[], datetime] = utc_now, port: int = 0, keep: int = 0
    ) -> None:
        self.shop = shop or WooShop(now=now)
        self.tls = False
        self._nonces: dict[str, datetime] = {}
        doors: Sequence[tuple[str, str, Callable[[Request], Reply]]] = (
            ("GET", "/orders", self._orders),
            ("POST", "/orders", self._new_order),
            ("GET", "/orders/{id}", lambda asked: Reply(200, self._shown(self.shop._order(_id(asked)), asked))),
            ("PUT", "/orders/{id}", self._change_order),
            ("DELETE", "/orders/{id}", self._drop_order),
            ("GET", "/orders/{id}/refunds", self._refunds),
            ("POST", "/orders/{id}/refunds", self._new_refund),
            ("GET", "/customers", self._customers),
            ("POST", "/customers", self._new_customer),
            ("GET", "/customers/{id}", lambda asked: Reply(200, self._shown(self.shop._customer(_id(asked)), asked))),
            ("PUT", "/customers/{id}", self._change_customer),
            ("DELETE", "/customers/{id}", self._drop_customer),
            ("GET", "/webhooks", lambda asked: self._page(list(self.shop.webhooks.values()), asked)),
            ("POST", "/webhooks", self._new_webhook),
            ("PUT", "/webhooks/{id}", self._change_webhook),
        )
        super().__init__(
            [Route(method, f"{PLACE}{path}", self._door(act)) for method, path, act in doors],
            port=port,
            keep=keep,
            decorate=self._dated,
            not_found=error(404, "rest_no_route", "No route was found matching the URL and request method."),
        )

    @property
    def settings(self) -> Mapping[str, str]:
        """What a connection's ``config`` must say to talk to this server."""
        return {"url": self.url, "consumer_key": KEY, "consumer_secret": SECRET}

    def _door(self, act: Callable[[Request], Reply]) -> Callable[[Request], Reply]:
        def opened(asked: Request) -> Reply:
            try:
                self._admit(asked)
                return act(asked)
            except RefusedError as refused:
                status, code, message = refused.args[:3]
                return error(status, code, message, **(refused.args[3] if refused.args[3:] else {}))

        return opened

    def _dated(self, reply: Reply) -> Reply:
        clock = format_datetime(self.shop.now().astimezone(UTC), usegmt=True)
        return Reply(reply.status, reply.body, {"Date": clock, **reply.headers})

    def _admit(self, asked: Request) -> None:
        """Whoever is not known is a visitor, who may see nothing; a wrong signature is told of."""
        given = asked.headers.get("authorization", "")
        if self.tls and given.startswith("Basic "):
            key, _, secret = base64.b64decode(given[6:]).decode().partition(":")
            if key == KEY and hmac.compare_digest(secret, SECRET):
                return
            if key == KEY:
                raise RefusedError(401, "woocommerce_rest_authentication_error", "Consumer secret is invalid.")
        if not asked.first("oauth_consumer_key"):
            raise RefusedError(401, "woocommerce_rest_cannot_view", "Sorry, you cannot list resources.")
        self._check_signature(asked)

    def _check_signature(self, asked: Request) -> None:
        def no(message: str) -> RefusedError:
            return RefusedError(401, "woocommerce_rest_authentication_error", message)

        names = ("consumer_key", "timestamp", "nonce", "signature", "signature_method")
        if missing := [f"oauth_{name}" for name in names if not asked.first(f"oauth_{name}")]:
            raise no(f"Missing OAuth parameters: {', '.join(missing)}")
        if asked.first("oauth_consumer_key") != KEY:
            raise no("Consumer key is invalid.")
        method = asked.first("oauth_signature_method")
        if method not in ("HMAC-SHA1", "HMAC-SHA256"):
            raise no("Invalid signature - signature method is invalid.")
        # PHP keeps the last of several parameters of one name, and the vendor's own client sends each of them twice.
        signed = [(name, all_[-1]) for name, all_ in asked.query.items() if name != "oauth_signature"]
        place = f"http://{asked.headers['host']}{asked.path}"
        right = signature(asked.method, place, signed, SECRET, method.removeprefix("HMAC-").lower())
        if not hmac.compare_digest(right, asked.first("oauth_signature")):
            raise no("Invalid signature - provided signature does not match.")
        now, nonce = self.shop.now(), asked.first("oauth_nonce")
        if abs(now.timestamp() - int(asked.first("oauth_timestamp"))) > WINDOW.total_seconds():
            raise no("Invalid timestamp.")
        self._nonces = {one: at for one, at in self._nonces.items() if now - at < WINDOW} if nonce else {}
        if nonce in self._nonces:
            raise no("Invalid nonce - nonce has already been used.")
        self._nonces[nonce] = now

    def _orders(self, asked: Request) -> Reply:
        wanted = _listed(asked, "status") or ["any"]
        if set(wanted) - {"any", "trash", *STATUSES}:
            raise _invalid("status")
        rows = [row for row in self.shop.orders.values() if _is_of(row["status"], wanted)]
        gmt = asked.first("dates_are_gmt") in ("true", "1")
        for name, field in (("after", "created"), ("before", "created"), ("modified_after", "modified")):
            rows = self._bounded(rows, asked, name, field, gmt=gmt)
        rows = self._bounded(rows, asked, "modified_before", "modified", gmt=gmt)
        if customer := asked.first("customer"):
            rows = [row for row in rows if row["customer_id"] == int(customer)]
        return self._page(rows, asked, _ORDER_BY, "date", "desc")

    def _bounded(self, rows: list[Row], asked: Request, name: str, field: str, *, gmt: bool) -> list[Row]:
        """Strictly before or after. WordPress turns a text with a zone into the site's local time, and then compares it
        with the column that was asked for all the same (``WP_Date_Query::build_mysql_datetime``)."""
        if not (told := asked.first(name)):
            return rows
        try:
            moment = datetime.fromisoformat(told)
        except ValueError:
            raise _invalid(name) from None
        border = (moment.astimezone(ZoneInfo(self.shop.zone)) if moment.tzinfo else moment).strftime(_DAY)
        column = f"date_{field}_gmt" if gmt else f"date_{field}"
        after = name.endswith("after")
        return [row for row in rows if (row[column] > border if after else row[column] < border)]

    def _customers(self, asked: Request) -> Reply:
        role = asked.first("role", "customer")
        if role != "all" and role not in ROLES:
            raise _invalid("role")
        rows = [row for row in self.shop.customers.values() if role in ("all", row["role"])]
        if email := asked.first("email"):
            rows = [row for row in rows if row["email"].lower() == email.lower()]
        return self._page(rows, asked, _CUSTOMER_BY, "name", "asc")

    def _refunds(self, asked: Request) -> Reply:
        self.shop._order(_id(asked))
        return self._page(list(self.shop.refunds[_id(asked)].values()), asked, _ORDER_BY, "date", "desc")

    def _page(
        self,
        rows: list[Row],
        asked: Request,
        sortable: frozenset[str] = _ORDER_BY,
        by: str = "date",
        order: str = "desc",
    ) -> Reply:
        size, number = _number(asked, "per_page", 10, 1, 100), _number(asked, "page", 1, 1)
        if asked.first("orderby", by) not in sortable:
            raise _invalid("orderby")
        if wanted := _listed(asked, "include"):
            rows = [row for row in rows if str(row["id"]) in wanted]
        if unwanted := _listed(asked, "exclude"):
            rows = [row for row in rows if str(row["id"]) not in unwanted]
        rows = listed(rows, asked.first("orderby", by), descending=asked.first("order", order) == "desc")
        start = _number(asked, "offset", 0) or (number - 1) * size
        pages = -(-len(rows) // size)
        headers = {"X-WP-Total": str(len(rows)), "X-WP-TotalPages": str(pages)}
        links = [("prev", number - 1)] * (number > 1) + [("next", number + 1)] * (pages > number)
        if links:
            query = {name: all_[-1] for name, all_ in asked.query.items()}
            place = f"http://{asked.headers['host']}{asked.path}"
            linked = (f'<{place}?{urlencode({**query, "page": to})}>; rel="{name}"' for name, to in links)
            headers["Link"] = ", ".join(linked)
        return Reply(200, [self._shown(row, asked) for row in rows[start : start + size]], headers)

    def _shown(self, row: Row, asked: Request) -> Row:
        place = f"http://{asked.headers['host']}{PLACE}"
        kind = "orders" if "line_items" in row else "customers"
        links = {"self": [{"href": f"{place}/{kind}/{row['id']}"}], "collection": [{"href": f"{place}/{kind}"}]}
        whole = {**shown(row), "_links": links}
        fields = _listed(asked, "_fields")
        return {name: value for name, value in whole.items() if not fields or name in fields}

    def _new_order(self, asked: Request) -> Reply:
        number = self.shop.order(**{**_body(asked), "created_via": "rest-api"})
        return Reply(201, self._shown(self.shop.orders[number], asked))

    def _change_order(self, asked: Request) -> Reply:
        return Reply(200, self._shown(self.shop.update(_id(asked), **_body(asked)), asked))

    def _drop_order(self, asked: Request) -> Reply:
        forced = asked.first("force") in ("true", "1", "True")
        return Reply(200, self._shown((self.shop.delete if forced else self.shop.trash)(_id(asked)), asked))

    def _new_refund(self, asked: Request) -> Reply:
        given, order = _body(asked), _id(asked)
        number = self.shop.refund(order, str(given["amount"]), given.get("reason", ""))
        return Reply(201, self.shop.refunds[order][number])

    def _new_customer(self, asked: Request) -> Reply:
        number = self.shop.customer(**_body(asked))
        return Reply(201, self._shown(self.shop.customers[number], asked))

    def _change_customer(self, asked: Request) -> Reply:
        return Reply(200, self._shown(self.shop.update_customer(_id(asked), **_body(asked)), asked))

    def _drop_customer(self, asked: Request) -> Reply:
        if asked.first("force") not in ("true", "1", "True"):
            raise RefusedError(501, "woocommerce_rest_trash_not_supported", "Customers do not support trashing.")
        return Reply(200, self._shown(self.shop.delete_customer(_id(asked)), asked))

    def _new_webhook(self, asked: Request) -> Reply:
        given = _body(asked)
        number = self.shop.webhook(
            given["topic"], given["delivery_url"], given.get("secret") or "md5-of-the-user", name=given.get("name", "")
        )
        return Reply(201, shown(self.shop.webhooks[number]))

    def _change_webhook(self, asked: Request) -> Reply:
        if _id(asked) not in self.shop.webhooks:
            raise RefusedError(404, "woocommerce_rest_shop_webhook_invalid_id", "Invalid ID.")
        row = self.shop.webhooks[_id(asked)]
        row.update({name: value for name, value in _body(asked).items() if name in ("status", "name", "delivery_url")})
        if row["status"] == "active":
            row["_failed"] = 0
        return Reply(200, shown(row))


def _is_of(status: str, wanted: Sequence[str]) -> bool:
    """ "any" ends the list of what is wanted, and never means the trash (``WC_REST_Orders_Controller``)."""
    return status != "trash" if "any" in wanted else status in wanted


def _invalid(name: str) -> RefusedError:
    said = f"Invalid parameter(s): {name}"
    return RefusedError(400, "rest_invalid_param", said, {"params": {name: f"{name} is not valid."}})


def _listed(asked: Request, name: str) -> list[str]:
    given = [*asked.query.get(name, ()), *asked.query.get(f"{name}[]", ())]
    return [each.strip() for one in given for each in one.split(",") if each.strip()]


def _number(asked: Request, name: str, usual: int, least: int = 0, most: int = 10**9) -> int:
    told = asked.first(name)
    if not told:
        return usual
    if not told.isdigit() or not least <= int(told) <= most:
        raise _invalid(name)
    return int(told)


def _id(asked: Request) -> int:
    return int(asked.params["id"]) if asked.params["id"].isdigit() else 0


def _body(asked: Request) -> dict[str, Any]:
    try:
        given = asked.json()
    except ValueError:
        given = None
    if not isinstance(given, dict):
        raise RefusedError(400, "rest_invalid_json", "Invalid JSON body passed.")
    return {name: value for name, value in given.items() if name != "id"}


def serve(
    port: int = 0,
    *,
    currency: str = "EUR",
    customers: Sequence[Mapping[str, Any]] = (),
    orders: Sequence[Mapping[str, Any]] = (),
    **options: Any,
) -> AbstractContextManager[WooSandbox]:
    """A stand-in on a port of the loopback address (0: a free one) while the context lasts, with an empty shop unless a
    ``shop`` is given. ``customers`` and ``orders`` are what was told to it, and ``at``, the instant of each; an order
    may name a customer by ``customer``, the address, and tell of ``refunds``: (when, amount, reason). ``options`` are
    those of WooSandbox."""
    shop = options.pop("shop", None) or WooShop(now=options.get("now", utc_now), currency=currency)
    _relive(shop, customers, orders)
    return WooSandbox(shop, port=port, **options)


def _relive(shop: WooShop, customers: Sequence[Mapping[str, Any]], orders: Sequence[Mapping[str, Any]]) -> None:
    """Lets all that happen in the shop, at its times; afterwards its clock goes on as it did."""
    clock, known = shop.now, {"": 0}
    for told in customers:
        shop.now = partial(_same, told["at"])
        known[told["email"]] = shop.customer(**{name: value for name, value in told.items() if name != "at"})
    for told in orders:
        shop.now = partial(_same, told["at"])
        body = {name: value for name, value in told.items() if name not in ("at", "customer", "refunds")}
        number = shop.order(**body, customer_id=known[told.get("customer", "")])
        for at, amount, reason in told.get("refunds", ()):
            shop.now = partial(_same, at)
            shop.refund(number, amount, reason)
    shop.now = clock


def _same(at: datetime) -> datetime:
    return at
