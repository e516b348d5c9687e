"""A stand-in for Shopify's Admin GraphQL: one shop behind its HTTP door, with its bucket of points.

It answers the documents of the connector and of other clients out of a part of the schema (sandbox_types.py); what is
beyond that part is refused as an unknown field is.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qsl

from connectors.core.exchange import Reply, Request, Route
from connectors.core.protocols import utc_now
from connectors.core.sandbox import SandboxServer
from connectors.shopify.sandbox_answers import Listing, Reading, RefusedError
from connectors.shopify.sandbox_bulk import Bulks, whole
from connectors.shopify.sandbox_documents import DocumentError, parse
from connectors.shopify.sandbox_past import Past, relive
from connectors.shopify.sandbox_types import NODES
from connectors.shopify.shop import Held, Shop, changed

__all__ = ["Shop", "ShopifySandbox", "serve"]

TOKEN, CLIENT_ID, SECRET = "shpat_sandbox", "sandbox-client", "shpss_sandbox"
CONNECTIONS = {
    "customers": ("Customer", "read_customers"),
    "orders": ("Order", "read_orders"),
    "draftOrders": ("DraftOrder", "read_draft_orders"),
    "abandonedCheckouts": ("AbandonedCheckout", "read_orders"),
}
SCOPES = frozenset({"read_customers", "read_orders", "read_all_orders", "read_draft_orders"})
GUARDED = {("Order", "customer"), ("DraftOrder", "customer"), ("AbandonedCheckout", "customer")}
"""Fields that lead from elsewhere to what takes ``read_customers``."""
PERSONAL = frozenset(
    {f"Customer.{name}" for name in ("firstName", "lastName", "displayName", "email", "phone", "defaultAddress")}
    | {"CustomerEmailAddress.emailAddress", "CustomerPhoneNumber.phoneNumber"}
    | {f"{type_}.{name}" for type_ in ("Order", "DraftOrder") for name in ("email", "phone")}
    | {f"{type_}.{name}Address" for type_ in NODES[1:] for name in ("billing", "shipping")}
)
"""What an app does not see before Shopify has let it use protected customer data (level 2)."""
FORWARD = frozenset({"first", "after", "query", "sortKey", "bulk"})
"""Arguments of a listing that are understood; ``bulk`` is a bulk operation's own."""
DEAREST, DEEPEST = 1_000, 25_000
PLANS = {"standard": 100.0, "advanced": 200.0, "plus": 1_000.0}
"""Points a second by the plan that the shop pays for; the bucket holds those of twenty seconds."""
_KEY = {"ID": "last_id", "UPDATED_AT": "last_value"}


@dataclass(slots=True)
class Points:
    """The bucket: it holds ``most`` points and fills by ``rate`` a second."""

    most: float = 2_000.0
    rate: float = 100.0
    left: float = 2_000.0
    at: datetime | None = None

    def fill(self, now: datetime) -> None:
        """Takes in what came since the last look."""
        if self.at is not None:
            self.left = min(self.most, self.left + (now - self.at).total_seconds() * self.rate)
        self.at = now

    def told(self) -> dict[str, float]:
        """As an answer tells it."""
        return {"maximumAvailable": self.most, "currentlyAvailable": int(self.left), "restoreRate": self.rate}


class ShopifySandbox(SandboxServer):
    """The server. ``scopes`` are what the app may read, ``withheld`` fields it may not see (``Order.email``)."""

    def __init__(
        self,
        shop: Shop | None = None,
        *,
        now: Callable[[], datetime] | None = None,
        version: str = "2026-10",
        points: Points | None = None,
        bulk_seconds: float = 20.0,
        port: int = 0,
        keep: int = 0,
    ) -> None:
        self.shop = shop or Shop(now=now or utc_now)
        self.now = now or self.shop.now
        self.points, self.scopes, self.withheld = points or Points(), set(SCOPES), set[str]()
        self.bulks = Bulks(self._resolve, self.now, bulk_seconds)
        self.tokens: dict[str, datetime | None] = {TOKEN: None}
        routes = [
            Route("POST", f"/admin/api/{version}/graphql.json", self._graphql),
            Route("POST", "/admin/oauth/access_token", self._grant),
            Route("GET", "/bulk/{number}.jsonl", self.bulks.fetch),
        ]
        not_found = Reply(404, {"errors": "Not Found"})
        super().__init__(routes, port=port, keep=keep, decorate=self._dated, not_found=not_found)

    @property
    def settings(self) -> Mapping[str, str]:
        """What a connection's ``config`` must say to talk to this server."""
        return {"shop": self.shop.handle, "base_url": self.url, "access_token": TOKEN}

    def delivery(self, body: Mapping[str, Any], topic: str, secret: str = SECRET) -> tuple[dict[str, str], bytes]:
        """A webhook as Shopify sends it: headers and body."""
        raw = json.dumps(body).encode()
        digest = base64.b64encode(hmac.new(secret.encode(), raw, hashlib.sha256).digest()).decode()
        domain = f"{self.shop.handle}.myshopify.com"
        headers = {"X-Shopify-Topic": topic, "X-Shopify-Hmac-Sha256": digest, "X-Shopify-Shop-Domain": domain}
        return headers, raw

    def _dated(self, reply: Reply) -> Reply:
        """Answers bear the time of the stand-in's own clock."""
        return replace(reply, headers={"Date": format_datetime(self.now(), usegmt=True), **reply.headers})

    def _grant(self, request: Request) -> Reply:
        """A token for the app itself (client credentials grant); it lives for a day."""
        form = dict(parse_qsl(request.body.decode()))
        if form.get("grant_type") != "client_credentials":
            return Reply(400, {"error": "unsupported_grant_type"})
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, SECRET):
            return Reply(400, {"error": "invalid_client"})
        token = f"shpat_{secrets.token_hex(16)}"
        self.tokens[token] = self.now() + timedelta(days=1)
        return Reply(200, {"access_token": token, "scope": ",".join(sorted(self.scopes)), "expires_in": 86_399})

    def _admits(self, request: Request) -> bool:
        token = request.headers.get("x-shopify-access-token", "")
        ends = self.tokens.get(token)
        return token in self.tokens and (ends is None or self.now() < ends)

    def _graphql(self, request: Request) -> Reply:
        if not self._admits(request):
            return Reply(401, {"errors": "[API] Invalid API key or access token"})
        try:
            asked = request.json()
            operation = parse(str(asked.get("query") or ""), asked.get("operationName"))
            reading = Reading(operation, asked.get("variables") or {}, self._resolve)
            price = reading.price()
        except (DocumentError, ValueError, AttributeError) as wrong:
            return Reply(200, {"errors": [{"message": str(wrong), "extensions": {"code": "undefinedField"}}]})
        if price > DEAREST:
            return _too_dear(price)
        self.points.fill(self.now())
        if price > self.points.left:
            throttled = {"message": "Throttled", "extensions": {"code": "THROTTLED"}}
            return Reply(200, {"errors": [throttled], "extensions": self._cost(price, None)})
        data = reading.run()
        spent = min(price, reading.spent + (10 if reading.root == "Mutation" else 0))
        self.points.left -= spent
        errors = {"errors": reading.errors} if reading.errors else {}
        return Reply(200, {**errors, "data": data, "extensions": self._cost(price, spent)})

    def _cost(self, asked: int, spent: int | None) -> dict[str, Any]:
        cost = {"requestedQueryCost": asked, "actualQueryCost": spent, "throttleStatus": self.points.told()}
        return {"cost": cost}

    def _resolve(self, held: Mapping[str, Any], type_: str, name: str, arguments: Mapping[str, Any]) -> Any:
        if type_ == "QueryRoot":
            return self._root(name, arguments)
        if type_ == "Mutation":
            return self.bulks.run(str(arguments["query"]), bool(arguments.get("groupObjects")))
        self._allow(type_, name)
        value = held.get(name)
        if isinstance(value, list) and name == "lineItems":
            return _cut([(str(at), line) for at, line in enumerate(value)], arguments)
        return value

    def _allow(self, type_: str, name: str) -> None:
        if (type_, name) in GUARDED and "read_customers" not in self.scopes:
            raise _denied(name, "read_customers")
        if f"{type_}.{name}" in self.withheld:
            raise RefusedError(f"This app is not approved to use the {name} field.", "ACCESS_DENIED")

    def _root(self, name: str, arguments: Mapping[str, Any]) -> Any:
        if name in CONNECTIONS:
            type_, scope = CONNECTIONS[name]
            if scope not in self.scopes:
                raise _denied(name, scope)
            return self._listed(type_, arguments)
        if name.endswith("Count"):
            type_, scope = CONNECTIONS[name.removesuffix("Count")]
            if scope not in self.scopes:
                raise _denied(name, scope)
            found, limit = len(self.shop.search(type_, arguments.get("query"), "ID")), arguments.get("limit", 10_000)
            exact = limit is None or found <= limit
            return {"count": found if exact else limit, "precision": "EXACT" if exact else "AT_LEAST"}
        if name in ("node", "order", "customer", "draftOrder"):
            return self.shop.find(arguments["id"])
        if name == "nodes":
            return [self.shop.find(gid) for gid in arguments["ids"]]
        if name == "bulkOperation":
            return self.bulks.told(arguments["id"], self.url)
        if name == "bulkOperations":
            told = [self.bulks.told(id_, self.url) or {} for id_ in reversed(self.bulks.running)]
            return _cut([(str(at), one) for at, one in enumerate(told)], arguments)
        if name == "currentAppInstallation":
            scopes = [{"handle": scope, "description": scope.replace("_", " ")} for scope in sorted(self.scopes)]
            return {"__typename": "AppInstallation", "id": "gid://shopify/AppInstallation/1", "accessScopes": scopes}
        domain = f"{self.shop.handle}.myshopify.com"
        shown = {"name": self.shop.name, "myshopifyDomain": domain, "email": "owner@acme.example"}
        more = {
            "currencyCode": self.shop.currency,
            "ianaTimezone": "Europe/Amsterdam",
            "createdAt": "2020-01-01T00:00:00Z",
        }
        return {"__typename": "Shop", "id": "gid://shopify/Shop/4001", **shown, **more}

    def _listed(self, type_: str, arguments: Mapping[str, Any]) -> Listing:
        beyond_us = sorted(name for name, value in arguments.items() if name not in FORWARD and value)
        if beyond_us:
            raise RefusedError(f"This stand-in does not know {', '.join(beyond_us)} here", "argumentNotAccepted")
        sort = str(arguments.get("sortKey") or "ID")
        if sort not in _KEY or (sort == "UPDATED_AT" and type_ == "AbandonedCheckout"):
            raise RefusedError(f"{sort} is no sort key of this connection", "argumentLiteralsIncompatible")
        rows = self.shop.search(type_, arguments.get("query"), sort)
        if arguments.get("bulk"):
            return whole(changed(rows))
        after = _place(arguments.get("after"))
        beyond = [row for row in rows if after is None or (row[0], row[1].number) > after]
        size = int(arguments["first"])
        met = len(rows) - len(beyond) + size
        if met > DEEPEST:
            raise RefusedError("Cannot paginate beyond 25000 objects", "BAD_REQUEST")
        page = beyond[:size]
        return Listing(changed(page), [_cursor(*row) for row in page], len(beyond) > size, len(beyond) < len(rows))


def _cut(rows: Sequence[tuple[str, Mapping[str, Any]]], arguments: Mapping[str, Any]) -> Listing:
    """A page of what hangs on a record; its cursors are places."""
    if arguments.get("bulk"):
        return whole([row for _, row in rows])
    after = str(arguments.get("after") or "")
    if after and not after.isdigit():
        raise RefusedError("Invalid cursor for current pagination sort.", "BAD_REQUEST")
    start, size = int(after) + 1 if after else 0, int(arguments.get("first") or 0)
    page = rows[start : start + size]
    return Listing([row for _, row in page], [at for at, _ in page], len(rows) > start + size, start > 0)


def _cursor(value: str, held: Held) -> str:
    return base64.b64encode(json.dumps({"last_id": held.number, "last_value": value}).encode()).decode()


def _place(cursor: Any) -> tuple[str, int] | None:
    if not cursor:
        return None
    try:
        told = json.loads(base64.b64decode(cursor))
        return str(told["last_value"]), int(told["last_id"])
    except (ValueError, KeyError, TypeError):
        raise RefusedError("Invalid cursor for current pagination sort.", "BAD_REQUEST") from None


def _denied(name: str, scope: str) -> RefusedError:
    message = f"Access denied for {name} field. Required access: `{scope}` access scope."
    return RefusedError(message, "ACCESS_DENIED", requiredAccess=f"`{scope}` access scope.")


def _too_dear(price: int) -> Reply:
    message = f"Query cost is {price}, which exceeds the single query max cost limit ({DEAREST})."
    extensions = {"code": "MAX_COST_EXCEEDED", "cost": price, "maxCost": DEAREST}
    return Reply(200, {"errors": [{"message": message, "extensions": extensions}]})


def serve(
    port: int = 0, *, plan: str = "standard", rate: float = 0.0, past: Past | None = None, **options: Any
) -> AbstractContextManager[ShopifySandbox]:
    """A stand-in on a port of the loopback address (0: a free one) while the context lasts, with an empty shop unless a
    ``shop`` is given, or its ``past`` in plain words (see sandbox_past.py). ``plan`` is one of PLANS, in place of
    which a ``rate`` can be given. ``options`` are those of ShopifySandbox.
    """
    shop = options.pop("shop", None) or Shop(now=options.get("now") or utc_now)
    if past:
        relive(shop, past)
    rate = rate or PLANS[plan]
    points = options.pop("points", None) or Points(20 * rate, rate, 20 * rate)
    return ShopifySandbox(shop, port=port, points=points, **options)
