"""The HTTP door of a portal in memory: a stand-in for the vendor's API, for demos and tests.

Paths, bodies and error shapes follow the OpenAPI documents of the object, property and association APIs (v3 and v4).
"""

from __future__ import annotations

import uuid
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from itertools import count
from typing import Any

from connectors.core.exchange import Handler, Reply, Request, Route
from connectors.core.protocols import utc_now
from connectors.core.sandbox import SandboxServer
from connectors.hubspot import sandbox_page
from connectors.hubspot.portal import Portal, PortalError, Record, Shelf
from connectors.hubspot.portal_schema import OBJECTS
from connectors.hubspot.portal_search import search
from connectors.hubspot.sandbox_batch import Batches
from connectors.hubspot.sandbox_links import Links
from connectors.hubspot.sandbox_login import Login
from connectors.hubspot.sandbox_properties import Properties
from connectors.hubspot.sandbox_shapes import shown

__all__ = ["HubSpotSandbox", "Portal", "Record", "Shelf", "serve"]

OPEN = frozenset({"/", "/oauth/v1/token"})
LONGEST_URL = 8_192
LARGEST_LIST = 100
ALIASES = {each.rstrip("s").replace("companie", "company"): each for each in OBJECTS} | {
    "0-1": "contacts",
    "0-2": "companies",
    "0-3": "deals",
    "0-5": "tickets",
    "0-46": "notes",
    "0-47": "meetings",
    "0-48": "calls",
    "0-49": "emails",
}


class HubSpotSandbox(SandboxServer):
    """The server over a portal.

    ``token`` is let in, and whatever the token endpoint gives to the public ``app`` (client id, secret, refresh token).
    ``rate`` limits requests to (count, seconds), ``search_rate`` the searches. ``multi_status`` names the batch verbs
    that report bad inputs one by one (when every input carries an ``objectWriteTraceId``); the others refuse the whole
    batch for one of them. ``scopes_missing`` maps a part of a path to the scope that it is refused for.
    """

    def __init__(
        self,
        portal: Portal | None = None,
        *,
        port: int = 0,
        token: str = "sandbox-token",  # noqa: S107 - lets clients into the stand-in, and nowhere else
        app: tuple[str, str, str] | None = None,
        scopes_missing: Mapping[str, str] | None = None,
        rate: tuple[int, float] | None = None,
        search_rate: tuple[int, float] | None = None,
        multi_status: frozenset[str] = frozenset({"create", "update", "upsert"}),
        keep: int = 0,
    ) -> None:
        self.portal = portal or Portal()
        self.token = token
        self._login = Login(self.portal.now, token, app)
        self.scopes_missing = dict(scopes_missing or {})
        self._rates = {False: rate, True: search_rate}
        self._asked: dict[bool, deque[datetime]] = {False: deque(), True: deque()}
        self._correlations = count(1)
        self._batches = Batches(self.portal, multi_status)
        self._links = Links(self.portal)
        not_found = Reply(
            404, {"status": "error", "message": "resource not found", "correlationId": str(uuid.UUID(int=0))}
        )
        super().__init__(
            self._table(), port=port, guard=self._guard, decorate=self._decorate, not_found=not_found, keep=keep
        )

    @property
    def settings(self) -> Mapping[str, str]:
        """Where the portal is, and the token that it lets in."""
        return {"base_url": self.url, "access_token": self.token}

    def _table(self) -> list[Route]:
        thing, props = "/crm/v3/objects/{object}", "/crm/v3/properties/{object}"
        pair, one = "/crm/v4/associations/{object}/{to}", "/crm/v4/objects/{object}/{id}/associations"
        batches, links, properties = self._batches, self._links, Properties(self.portal)
        table: list[tuple[str, str, Handler]] = [
            ("GET", "/", lambda _: Reply(200, sandbox_page.render(self.portal))),
            ("POST", "/oauth/v1/token", self._login.give),
            ("GET", "/account-info/v3/details", self._account),
            ("GET", props, properties.all),
            ("POST", props, properties.define),
            ("GET", f"{props}/groups", properties.groups),
            ("POST", f"{props}/groups", properties.define_group),
            ("GET", f"{props}/{{name}}", properties.one),
            ("POST", f"{thing}/search", self._search),
            ("POST", f"{thing}/merge", self._merge),
            *(("POST", f"{thing}/batch/{verb}", getattr(batches, verb)) for verb in batches.VERBS),
            ("GET", thing, self._list),
            ("POST", thing, self._create),
            ("GET", f"{thing}/{{id}}", self._get),
            ("PATCH", f"{thing}/{{id}}", self._update),
            ("DELETE", f"{thing}/{{id}}", self._archive),
            *(("POST", f"{pair}/batch/{path}", handler) for path, handler in links.batches().items()),
            ("GET", f"{one}/{{to}}", links.one),
            ("PUT", f"{one}/{{to}}/{{to_id}}", links.put),
            ("PUT", f"{one}/default/{{to}}/{{to_id}}", links.put_default),
            ("DELETE", f"{one}/{{to}}/{{to_id}}", links.delete),
        ]
        return [Route(method, template, self._polite(handler)) for method, template, handler in table]

    def _polite(self, handler: Handler) -> Handler:
        """The handler with object names resolved, and refusals turned into the vendor's error bodies."""

        def handle(request: Request) -> Reply:
            named = dict(request.params)
            for name in {"object", "to"} & named.keys():
                named[name] = ALIASES.get(named[name].lower(), named[name])
            try:
                return handler(replace(request, params=named))
            except PortalError as refusal:
                return self._refusal(refusal)
            except (KeyError, TypeError, ValueError, AttributeError) as wrong:
                problem = f"Invalid input JSON: {type(wrong).__name__}"
                return self._refusal(PortalError(400, "VALIDATION_ERROR", problem))

        return handle

    def _refusal(self, refusal: PortalError, headers: Mapping[str, str] | None = None, **more: Any) -> Reply:
        body: dict[str, Any] = {
            "status": "error",
            "message": refusal.message,
            "correlationId": str(uuid.UUID(int=next(self._correlations))),
            "category": refusal.category,
            **more,
        }
        if refusal.errors:
            body["errors"] = refusal.errors
        if refusal.context:
            body["context"] = refusal.context
        return Reply(refusal.status, body, headers or {})

    def _guard(self, request: Request) -> Reply | None:
        if request.path in OPEN:
            return None
        if not self._login.admits(request):
            refusal = PortalError(401, "INVALID_AUTHENTICATION", "Authentication credentials not found or not valid.")
            return self._refusal(refusal)
        for path, scope in self.scopes_missing.items():
            if path in request.path:
                return self._forbidden(scope)
        if len(request.path) + sum(len(each) for values in request.query.values() for each in values) > LONGEST_URL:
            return Reply(414, "<html><body>414 Request-URI Too Large</body></html>")
        return self._throttle(request.path.endswith("/search"))

    def _forbidden(self, scope: str) -> Reply:
        message = "This app hasn't been granted all required scopes to make this call."
        detail = {
            "message": "One or more of the following scopes are required.",
            "context": {"requiredGranularScopes": [scope]},
        }
        return self._refusal(PortalError(403, "MISSING_SCOPES", message, errors=[detail]))

    def _throttle(self, searching: bool) -> Reply | None:
        rate = self._rates[searching]
        if rate is None:
            return None
        asked, (most, seconds) = self._asked[searching], rate
        now = self.portal.now()
        while asked and asked[0] <= now - timedelta(seconds=seconds):
            asked.popleft()
        if len(asked) < most:
            asked.append(now)
            return None
        policy = "SECONDLY" if searching else "TEN_SECONDLY_ROLLING"
        refusal = PortalError(429, "RATE_LIMITS", f"You have reached your {policy.lower()} limit.")
        return self._refusal(refusal, errorType="RATE_LIMIT", policyName=policy)

    def _decorate(self, reply: Reply) -> Reply:
        headers = {"Date": format_datetime(self.portal.now(), usegmt=True), **reply.headers}
        rate = self._rates[False]
        if rate is not None:
            headers |= {
                "X-HubSpot-RateLimit-Max": str(rate[0]),
                "X-HubSpot-RateLimit-Remaining": str(rate[0] - len(self._asked[False])),
                "X-HubSpot-RateLimit-Interval-Milliseconds": str(int(rate[1] * 1000)),
            }
        return Reply(reply.status, reply.body, headers)

    def _account(self, _: Request) -> Reply:
        body = {
            "portalId": self.portal.account,
            "accountType": "STANDARD",
            "timeZone": "Europe/London",
            "companyCurrency": "GBP",
            "additionalCurrencies": [],
            "utcOffset": "+00:00",
            "utcOffsetMilliseconds": 0,
            "uiDomain": "app.hubspot.com",
            "dataHostingLocation": "na1",
        }
        return Reply(200, body)

    def _list(self, request: Request) -> Reply:
        limit, kind = int(request.first("limit", "10")), request.params["object"]
        if limit > LARGEST_LIST:
            raise PortalError(400, "VALIDATION_ERROR", f"limit {limit} is more than the {LARGEST_LIST} allowed")
        found, after = self.portal.page(
            kind, request.first("after"), limit, request.first("archived").lower() == "true"
        )
        links = [ALIASES.get(name, name) for name in request.first("associations").split(",") if name]
        body: dict[str, Any] = {
            "results": [{**shown(each, _asked_for(request)), **self._links.along(each, links)} for each in found]
        }
        if after:
            body["paging"] = {"next": {"after": after, "link": f"?after={after}"}}
        return Reply(200, body)

    def _search(self, request: Request) -> Reply:
        wanted = request.json()
        found, total, after = search(self.portal, request.params["object"], wanted)
        body: dict[str, Any] = {"total": total, "results": [shown(each, wanted.get("properties")) for each in found]}
        if after:
            body["paging"] = {"next": {"after": after}}
        return Reply(200, body)

    def _get(self, request: Request) -> Reply:
        record = self._found(request)
        if (record.archived_at is not None) != (request.first("archived").lower() == "true"):
            raise PortalError(404, "OBJECT_NOT_FOUND", "resource not found")
        return Reply(200, shown(record, _asked_for(request)))

    def _found(self, request: Request) -> Record:
        record = self.portal.get(request.params["object"], request.params["id"], request.first("idProperty"))
        if record is None:
            raise PortalError(404, "OBJECT_NOT_FOUND", "resource not found")
        return record

    def _create(self, request: Request) -> Reply:
        wanted = request.json()
        record = self.portal.create(request.params["object"], wanted.get("properties") or {})
        self._links.attach(record, wanted.get("associations") or ())
        return Reply(201, shown(record, [*(wanted.get("properties") or {})], defaults=True))

    def _update(self, request: Request) -> Reply:
        wanted = request.json()["properties"]
        record = self._found(request)
        if not record.live:
            raise PortalError(404, "OBJECT_NOT_FOUND", "resource not found")
        return Reply(200, shown(self.portal.update(record, wanted), [*wanted], defaults=True))

    def _archive(self, request: Request) -> Reply:
        self.portal.archive(request.params["object"], request.params["id"])
        return Reply(204)

    def _merge(self, request: Request) -> Reply:
        wanted = request.json()
        kind = request.params["object"]
        return Reply(200, shown(self.portal.merge(kind, wanted["primaryObjectId"], wanted["objectIdToMerge"]), None))


def serve(port: int = 0, **options: Any) -> AbstractContextManager[HubSpotSandbox]:
    """A stand-in on a port of the loopback address (0: a free one) while the context lasts.

    ``options`` are those of HubSpotSandbox; ``index_lag`` in seconds, ``now`` and ``account`` go to its portal, and
    ``properties``, which its owner has made: their types, by name and object.
    """
    properties: Mapping[str, Mapping[str, str]] = options.pop("properties", {})
    now: Callable[[], datetime] = options.pop("now", utc_now)
    lag = timedelta(seconds=float(options.pop("index_lag", 0)))
    portal = options.pop("portal", None) or Portal(
        now=now, index_lag=lag, account=int(options.pop("account", 2_468_135))
    )
    for object_type, made in properties.items():
        for name, type_ in made.items():
            Shelf(portal, object_type).define(name, type_)
    return HubSpotSandbox(portal, port=port, **options)


def _asked_for(request: Request) -> list[str] | None:
    return [name for each in request.query.get("properties", ()) for name in each.split(",") if name] or None
