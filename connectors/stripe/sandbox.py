"""The HTTP door of ledgers in memory: a stand-in for Stripe's API, for demos and tests.

Paths, parameters and bodies are those of Stripe's OpenAPI document; refusals, paging, expansion, idempotent requests,
rate limits and signatures follow its guides as read on 2026-11-29. Answers have one version, whichever is asked for.
"""

from __future__ import annotations

import copy
import json
import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from itertools import islice
from typing import Any
from urllib.parse import parse_qsl

from connectors.core.exchange import Reply, Request, Route
from connectors.core.protocols import utc_now
from connectors.core.sandbox import SandboxServer
from connectors.core.signatures import signature
from connectors.stripe.ledger import Ledger, Object

__all__ = ["KEY", "SECRET", "Key", "Ledger", "StripeSandbox", "error", "serve"]

KEY, SECRET = "rk_live_sandbox", "whsec_sandbox"
KINDS = {
    "customers": "customer", "charges": "charge", "invoices": "invoice", "subscriptions": "subscription",
    "refunds": "refund", "disputes": "dispute", "events": "event",
}  # fmt: skip
INCLUDABLE = {"charge": ("refunds",), "customer": ("tax_ids",)}
"""Lists that an object has only where they are asked for."""
LISTING = ("created", "ending_before", "expand", "limit", "starting_after")
FILTERS = {
    "customers": ("email",), "charges": ("customer", "payment_intent"), "events": ("type", "types"),
    "invoices": ("customer", "status", "subscription"), "subscriptions": ("customer", "status"),
    "refunds": ("charge", "payment_intent"), "disputes": ("charge", "payment_intent"),
}  # fmt: skip
LARGEST = 100
_HOLDS: Mapping[str, Callable[[int, int], bool]] = {
    "gt": lambda at, bound: at > bound,
    "gte": lambda at, bound: at >= bound,
    "lt": lambda at, bound: at < bound,
    "lte": lambda at, bound: at <= bound,
}


class _RefusalError(Exception):
    """An error as Stripe words it."""

    def __init__(self, status: int, message: str, code: str = "", param: str = "") -> None:
        super().__init__(message)
        self.reply = error(status, message, code, param)


@dataclass(frozen=True, slots=True)
class Key:
    """Whom a key lets in: an account in a mode, but not to the paths it ``lacks``. Of a platform's key, ``connected``
    are the accounts that it may read as well."""

    account: str
    livemode: bool = True
    lacks: frozenset[str] = frozenset()
    connected: frozenset[str] = frozenset()


def error(status: int, message: str, code: str = "", param: str = "", **headers: str) -> Reply:
    """A refusal of the API."""
    kind = {409: "idempotency_error"}.get(status, "api_error" if status >= 500 else "invalid_request_error")
    told = {"message": message, "type": kind, **({"code": code} if code else {}), **({"param": param} if param else {})}
    return Reply(status, {"error": told}, {name.replace("_", "-"): value for name, value in headers.items()})


class StripeSandbox(SandboxServer):
    """The server over ledgers, by account and mode; ``keys`` are who is let in. ``rate`` is how many requests a key may
    send in a second (None: any)."""

    def __init__(self, *ledgers: Ledger, port: int = 0, rate: int | None = None, keep: int = 0) -> None:
        self.ledgers = {(one.account, one.livemode): one for one in ledgers}
        first = ledgers[0]
        self.now, self.rate = first.now, rate
        self.keys = {KEY: Key(first.account, first.livemode)}
        self._asked: dict[str, deque[float]] = {}
        self._answered: dict[str, tuple[bytes, Reply]] = {}
        routes = [Route("GET", "/v1/account", self._door(self._account))]
        for path in KINDS:
            routes.append(Route("GET", f"/v1/{path}", self._door(self._list)))
            routes.append(Route("GET", f"/v1/{path}/{{id}}", self._door(self._one)))
        routes.append(Route("POST", "/v1/customers", self._door(self._create)))
        routes.append(Route("POST", "/v1/customers/{id}", self._door(self._update)))
        routes.append(Route("DELETE", "/v1/customers/{id}", self._door(self._delete)))
        routes.append(Route("POST", "/v1/refunds", self._door(self._refund)))
        unknown = error(404, "Unrecognized request URL")
        super().__init__(routes, decorate=self._decorate, not_found=unknown, port=port, keep=keep)

    @property
    def settings(self) -> Mapping[str, str]:
        """The address, and a key."""
        return {"base_url": self.url, "api_key": KEY}

    def call(self, ledger: Ledger, secret: str = SECRET, at: datetime | None = None) -> tuple[dict[str, str], bytes]:
        """Headers and body of the webhook that tells of the ledger's last event."""
        body, second = json.dumps(ledger.call()).encode(), int((at or self.now()).timestamp())
        signed = signature(secret, str(second).encode() + b"." + body)
        return {"Stripe-Signature": f"t={second},v1={signed},v0=0", "Content-Type": "application/json"}, body

    def _decorate(self, reply: Reply) -> Reply:
        date = format_datetime(self.now().astimezone(UTC), usegmt=True)
        return Reply(reply.status, reply.body, {"Date": date, "Request-Id": "req_sandbox", **reply.headers})

    def _door(self, act: Callable[[Request, Ledger], Any]) -> Callable[[Request], Reply]:
        """Lets a request in, once where it bears an idempotency key, and answers as Stripe does."""

        def answer(request: Request) -> Reply:
            try:
                ledger = self._entered(request)
                told = request.headers.get("idempotency-key", "") if request.method == "POST" else ""
                if told in self._answered:
                    return self._again(request, *self._answered[told])
                reply = Reply(200, act(request, ledger))
            except _RefusalError as refused:
                return refused.reply
            if told:
                self._answered[told] = (request.path.encode() + request.body, reply)
            return reply

        return answer

    def _again(self, request: Request, asked: bytes, reply: Reply) -> Reply:
        if asked != request.path.encode() + request.body:
            raise _RefusalError(400, "Keys for idempotent requests can only be used with the same parameters")
        return Reply(reply.status, reply.body, {"Idempotent-Replayed": "true"})

    def _entered(self, request: Request) -> Ledger:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        key = self.keys.get(token)
        if key is None:
            raise _RefusalError(401, f"Invalid API Key provided: {token[:8]}***")
        self._count(token)
        path = request.path.split("/")[2]
        if path in key.lacks:
            raise _RefusalError(403, f"The provided key does not have the required permissions for {path}")
        account = request.headers.get("stripe-account", key.account)
        if account not in (key.account, *key.connected):
            raise _RefusalError(403, f"The provided key does not have access to account {account}", "account_invalid")
        return self.ledgers[account, key.livemode]

    def _count(self, token: str) -> None:
        sent, now = self._asked.setdefault(token, deque()), self.now().timestamp()
        while sent and sent[0] <= now - 1.0:
            sent.popleft()
        if self.rate is not None and len(sent) >= self.rate:
            raise _RefusalError(429, "Request rate limit exceeded", "rate_limit")
        sent.append(now)

    def _account(self, request: Request, ledger: Ledger) -> Object:
        dashboard = {"dashboard": {"display_name": ledger.name, "timezone": "Etc/UTC"}}
        return {"id": ledger.account, "object": "account", "business_profile": {"name": ledger.name}, "settings": {
            **dashboard, **{name: {} for name in ("branding", "card_payments", "payments")}}}  # fmt: skip

    def _one(self, request: Request, ledger: Ledger) -> Object:
        path, id_ = request.path.split("/")[2], request.params["id"]
        if ledger.deleted.get(id_) == KINDS[path]:
            return {"id": id_, "object": KINDS[path], "deleted": True}
        found = ledger.find(KINDS[path], id_)
        if found is None:
            raise _RefusalError(404, f"No such {KINDS[path]}: '{id_}'", "resource_missing", "id")
        return _expanded(found, _several(request, "expand"), ledger)

    def _list(self, request: Request, ledger: Ledger) -> Object:
        path = request.path.split("/")[2]
        given = {re.sub(r"\[.*", "", name) for name in request.query}
        for name in sorted(given - {*LISTING, *FILTERS[path]}):
            raise _RefusalError(400, f"Received unknown parameter: {name}", "parameter_unknown", name)
        size = int(request.first("limit", "10"))
        if not 1 <= size <= LARGEST:
            raise _RefusalError(400, f"This value must be between 1 and {LARGEST}.", "parameter_invalid", "limit")
        back = "ending_before" in request.query
        param = "ending_before" if back else "starting_after"
        beside = request.first(param)
        if beside and ledger.find(KINDS[path], beside) is None:
            raise _RefusalError(400, f"No such {KINDS[path]}: '{beside}'", "resource_missing", param)
        passing = (one for one in ledger.walk(KINDS[path], beside, back=back) if _passes(one, request))
        found = list(islice(passing, size + 1))
        some, more = found[:size], len(found) > size
        if back:
            some.reverse()
        expand = [_inside(one) for one in _several(request, "expand")]
        shown = [_expanded(one, expand, ledger) for one in some]
        return {"object": "list", "data": shown, "has_more": more, "url": f"/v1/{path}"}

    def _create(self, request: Request, ledger: Ledger) -> Object:
        return _expanded(ledger.objects[ledger.customer(**_form(request))], (), ledger)

    def _update(self, request: Request, ledger: Ledger) -> Object:
        self._one(request, ledger)
        ledger.change(request.params["id"], **_form(request))
        return self._one(request, ledger)

    def _delete(self, request: Request, ledger: Ledger) -> Object:
        self._one(request, ledger)
        ledger.delete(request.params["id"])
        return self._one(request, ledger)

    def _refund(self, request: Request, ledger: Ledger) -> Object:
        form = _form(request)
        if form.get("charge") not in ledger.objects:
            raise _RefusalError(404, "No such charge", "resource_missing", "charge")
        amount = int(form["amount"]) if "amount" in form else None
        try:
            return ledger.objects[ledger.refund(form["charge"], amount, form.get("reason"))]
        except ValueError as wrong:
            raise _RefusalError(400, str(wrong), "charge_already_refunded") from None


def serve(
    port: int = 0,
    *,
    now: Callable[[], datetime] = utc_now,
    ledger: Ledger | None = None,
    charges: Sequence[Mapping[str, Any]] = (),
    **options: Any,
) -> AbstractContextManager[StripeSandbox]:
    """A stand-in on a port of the loopback address (0: a free one) while the context lasts, over an empty account
    unless ``ledger`` is given. ``charges`` are what a ledger's ``charge`` takes, each with ``at``, the instant of it,
    and ``refunds``: (when, amount, reason). ``options`` are those of StripeSandbox."""
    ledger = ledger or Ledger(now=now)
    ledger.relive(charges)
    return StripeSandbox(ledger, port=port, **options)


def _form(request: Request) -> Object:
    """Parameters of a form; ``metadata[plan]=gold`` lies one deeper."""
    found: Object = {}
    for name, value in parse_qsl(request.body.decode()):
        outer, _, inner = name.rstrip("]").partition("[")
        if inner:
            found.setdefault(outer, {})[inner] = value
        elif outer != "expand":
            found[outer] = value
    return found


def _several(request: Request, name: str) -> list[str]:
    """The values of a list, whose places may be numbered (``expand[0]``) or not (``expand[]``)."""
    found = [values for key, values in request.query.items() if re.fullmatch(rf"{name}\[\d*\]", key)]
    return [value for values in found for value in values]


def _passes(found: Object, request: Request) -> bool:
    for name, (value, *_) in request.query.items():
        outer, _, inner = name.rstrip("]").partition("[")
        if outer == "created" and not _HOLDS[inner or "gte"](found["created"], int(value)):
            return False
        if outer in ("customer", "charge", "payment_intent", "subscription", "email") and found[outer] != value:
            return False
        if outer == "status" and value not in ("all", found["status"]):
            return False
    if found["object"] == "subscription" and "status" not in request.query:
        return bool(found["status"] != "canceled")
    wanted = _several(request, "types") or request.query.get("type", ())
    if len(wanted) > 20:
        raise _RefusalError(400, "types may have 20 values at most", "parameter_invalid", "types")
    return not wanted or any(_fits(found["type"], one) for one in wanted)


def _fits(event: str, pattern: str) -> bool:
    return event == pattern or (pattern.endswith("*") and event.startswith(pattern[:-1]))


def _inside(path: str) -> str:
    if not path.startswith("data."):
        raise _RefusalError(400, f"This property cannot be expanded ({path}).", "", "expand")
    return path.removeprefix("data.")


def _expanded(found: Object, paths: Sequence[str], ledger: Ledger) -> Object:
    """A copy of the object with what was asked for in place of ids, and no list that was not."""
    shown = copy.deepcopy(found)
    for name in INCLUDABLE.get(found["object"], ()):
        if name not in paths:
            shown.pop(name, None)
    for path in paths:
        for holder, name in _holders(shown, path.split(".")):
            value = holder.get(name)
            if isinstance(value, str) and value in ledger.objects:
                holder[name] = _expanded(ledger.objects[value], (), ledger)
            elif isinstance(value, str) or name not in holder:
                raise _RefusalError(400, f"This property cannot be expanded ({path}).", "", "expand")
    return shown


def _holders(found: Object, path: Sequence[str]) -> Iterator[tuple[Object, str]]:
    if len(path) == 1:
        yield found, path[0]
    elif isinstance(found.get(path[0]), dict):
        yield from _holders(found[path[0]], path[1:])
