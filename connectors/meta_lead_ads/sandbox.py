"""The HTTP door of a business in memory: a stand-in for Meta's Graph API, for demos and tests.

Objects and fields are those of Meta's published specifications; refusals, paging, filters and headers follow Meta's
guides as read on 2026-11-23. ``demand_proof`` is the app's setting that every call must be signed.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, NoReturn
from urllib.parse import parse_qs, urlencode

from connectors.core.exchange import Reply, Request, Route
from connectors.core.protocols import utc_now
from connectors.core.sandbox import SandboxServer
from connectors.core.signatures import signature
from connectors.meta_lead_ads.business import STANDARD, Business, Form, Object, example, second

__all__ = ["TOKEN", "Business", "Form", "MetaSandbox", "error", "example", "serve"]

TOKEN, APP, SECRET = "EAAG-system-user", "900000000000001", "sandbox-app-secret"
DEFAULTS = {"Lead": ("id", "created_time", "field_data"), "LeadgenForm": ("id", "name", "status", "locale")}
MORE = {
    "Lead": (
        *("ad_id", "ad_name", "adset_id", "adset_name", "campaign_id", "campaign_name", "custom_disclaimer_responses"),
        *("form_id", "home_listing", "is_organic", "partner_name", "platform", "post", "retailer_item_id", "vehicle"),
    ),
    "LeadgenForm": ("page", "page_id", "questions", "leads_count", "created_time"),
    "Page": ("id", "name", "access_token"),
    "User": ("id", "name"),
    "AdAccount": ("id", "name", "currency"),
    "AdsInsights": (
        *("account_id", "account_currency", "campaign_id", "campaign_name", "objective", "spend", "impressions"),
        *("reach", "clicks", "date_start", "date_stop"),
    ),
}
LARGEST = 500
_VERSION = re.compile(r"v\d+\.\d+")
_HOLDS: Mapping[str, Callable[[float, float], bool]] = {
    "GREATER_THAN": lambda at, bound: at > bound,
    "GREATER_THAN_OR_EQUAL": lambda at, bound: at >= bound,
    "LESS_THAN": lambda at, bound: at < bound,
    "LESS_THAN_OR_EQUAL": lambda at, bound: at <= bound,
}


class _RefusalError(Exception):
    """An error as Meta words it."""

    def __init__(self, code: int, message: str, subcode: int | None = None, status: int = 400) -> None:
        super().__init__(message)
        self.reply = error(code, message, subcode, status)


def error(
    code: int, message: str, subcode: int | None = None, status: int = 400, headers: Mapping[str, str] | None = None
) -> Reply:
    """A refusal of the Graph API."""
    kind = "OAuthException" if code != 100 else "GraphMethodException"
    told: Object = {"message": f"(#{code}) {message}", "type": kind, "code": code, "fbtrace_id": "sandbox"}
    if subcode is not None:
        told["error_subcode"] = subcode
    return Reply(status, {"error": told}, headers or {})


class MetaSandbox(SandboxServer):
    """The server. ``usage`` are headers that go with every answer, by name: set them to see who heeds them."""

    def __init__(
        self, business: Business, *, demand_proof: bool = False, largest: int = LARGEST, port: int = 0, keep: int = 0
    ) -> None:
        self.business, self.demand_proof, self.largest = business, demand_proof, largest
        self.usage: dict[str, str] = {}
        routes = [
            Route(method, f"/{{version}}/{{node}}{more}{end}", self._answer)
            for method in ("GET", "POST", "DELETE")
            for more in ("", "/{edge}")
            for end in ("", "/")
        ]
        unknown = error(2500, "Unknown path components")
        super().__init__(routes, decorate=self._decorate, not_found=unknown, port=port, keep=keep)

    @property
    def settings(self) -> Mapping[str, str]:
        """The address, and the token of the system user."""
        return {"base_url": self.url, "access_token": TOKEN, "app_secret": SECRET}

    def call(self, lead: str) -> tuple[Mapping[str, str], bytes]:
        """Headers and body of the webhook that tells of a lead."""
        body = self.business.call(lead)
        return {"X-Hub-Signature-256": f"sha256={signature(SECRET, body)}", "Content-Type": "application/json"}, body

    def _decorate(self, reply: Reply) -> Reply:
        return Reply(reply.status, reply.body, {"facebook-api-version": "v26.0", **self.usage, **reply.headers})

    def _answer(self, request: Request) -> Reply:
        given = _given(request)
        try:
            if not _VERSION.fullmatch(request.params["version"]):
                raise _RefusalError(2500, "Unknown path components")
            holder = self._holder(request, given)
            node = holder if request.params["node"] == "me" else request.params["node"]
            edge = request.params.get("edge", "")
            if edge:
                return Reply(200, self._edge(request, node, edge, holder, given))
            return Reply(200, self._node(request, node, holder, given))
        except _RefusalError as refused:
            return refused.reply

    def _holder(self, request: Request, given: Mapping[str, str]) -> str:
        """Whom the token speaks for."""
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        token = given.get("access_token") or bearer
        if not token:
            raise _RefusalError(2500, "An active access token must be used to query information")
        if token not in self.business.tokens:
            raise _RefusalError(190, "Invalid OAuth access token - Cannot parse access token")
        proof = given.get("appsecret_proof")
        if proof is None and self.demand_proof:
            raise _RefusalError(100, "API calls from the server require an appsecret_proof argument")
        if proof is not None and proof != signature(SECRET, token.encode()):
            raise _RefusalError(100, "Invalid appsecret_proof provided in the API argument")
        return self.business.tokens[token]

    def _node(self, request: Request, node: str, holder: str, given: Mapping[str, str]) -> Any:
        business = self.business
        if request.method == "DELETE":
            if node not in business.leads:
                self._missing(node)
            self._page_of(business.forms[business.leads[node]["form_id"]], holder)
            del business.leads[node]
            return {"success": True}
        if node == business.user:
            return _shown("User", {"id": node, "name": "Concord system user"}, given)
        if node in business.pages and holder in (node, business.user):
            return _shown("Page", self._page(node), given)
        if node == business.account and holder == business.user:
            return _shown("AdAccount", {"id": node, "name": "Plum & Co", "currency": "EUR"}, given)
        if node in business.forms:
            self._page_of(business.forms[node], holder)
            return _shown("LeadgenForm", business.forms[node].shown(), given)
        lead = next((each for form in business.forms for each in business.listed(form) if each["id"] == node), None)
        if lead is None:
            self._missing(node)
        self._page_of(business.forms[lead["form_id"]], holder)
        return _shown("Lead", lead, given)

    def _edge(self, request: Request, node: str, edge: str, holder: str, given: Mapping[str, str]) -> Any:
        business = self.business
        if (node, edge) == (business.user, "accounts"):
            pages = [
                {"id": id_, "name": business.pages[id_], "access_token": business.token_of(id_)}
                for id_ in business.pages
            ]
            return self._listed(request, "Page", pages, given)
        if node in business.pages and edge == "leadgen_forms":
            if holder != node:
                raise _RefusalError(190, "This method must be called with a Page Access Token")
            self._open(node)
            forms = [form.shown() for form in business.forms.values() if form.page == node]
            return self._listed(request, "LeadgenForm", forms, given)
        if node in business.pages and edge == "subscribed_apps":
            if request.method == "POST":
                business.subscribed[node] = given.get("subscribed_fields", "").split(",")
                return {"success": True}
            fields = business.subscribed.get(node, [])
            return {"data": [{"id": APP, "name": "Concord", "subscribed_fields": fields}] if fields else []}
        if node in business.forms and edge in ("leads", "test_leads"):
            form = business.forms[node]
            self._page_of(form, holder)
            if request.method == "POST" and edge == "test_leads":
                return {"id": business.try_out(form, json.loads(given.get("field_data") or "[]"))}
            leads = [lead for lead in business.listed(node) if _passes(lead, given.get("filtering"))]
            return self._listed(request, "Lead", leads, given)
        if node == business.account and edge == "insights" and holder == business.user:
            if given.get("level") != "campaign" or given.get("time_increment") != "1":
                raise ValueError("the stand-in's insights are those of campaigns by the day")
            span = json.loads(given["time_range"])
            if span["since"] > span["until"]:
                raise _RefusalError(100, "the since date must not be after the until date")
            return self._listed(request, "AdsInsights", [*business.days(span["since"], span["until"])], given)
        if node not in (business.user, *business.pages, *business.forms, *business.leads, business.account):
            self._missing(node)
        raise _RefusalError(100, f"Tried accessing nonexisting field ({edge}) on node type (Page)")

    def _page(self, id_: str) -> Object:
        return {"id": id_, "name": self.business.pages[id_], "access_token": self.business.token_of(id_)}

    def _page_of(self, form: Form, holder: str) -> None:
        """Lets the page itself and the system user see what belongs to a form."""
        if holder not in (form.page, self.business.user):
            self._missing(form.id)
        self._open(form.page)

    def _open(self, page: str) -> None:
        if page in self.business.closed:
            raise _RefusalError(200, "Requires leads_retrieval permission to manage the object")

    def _missing(self, node: str) -> NoReturn:
        raise _RefusalError(
            100, f"Unsupported get request. Object with ID '{node}' does not exist, cannot be loaded due to missing "
            "permissions, or does not support this operation", 33,
        )  # fmt: skip

    def _listed(self, request: Request, kind: str, found: Sequence[Object], given: Mapping[str, str]) -> Object:
        """A page of a list. A cursor names the last object of a page, so that what comes or goes moves no border."""
        size = int(given.get("limit") or 25)
        if size > self.largest:
            raise _RefusalError(1, "Please reduce the amount of data you're asking for, then retry", status=500)
        keys = [str(each.get("id") or f"{each['date_start']}:{each['campaign_id']}") for each in found]
        start = _after(keys, _opened(given["after"]), newest_first=kind == "Lead") if given.get("after") else 0
        some = list(found)[start : start + size]
        body: Object = {"data": [_shown(kind, each, given) for each in some]}
        if some:
            ends = {"before": _cursor(keys[start]), "after": _cursor(keys[start + len(some) - 1])}
            body["paging"] = {"cursors": ends}
            if start + size < len(found):
                query = urlencode({**given, "after": ends["after"]})
                body["paging"]["next"] = f"{self.url}{request.path}?{query}"
        return body


def serve(
    port: int = 0,
    *,
    now: Callable[[], datetime] = utc_now,
    forms: Mapping[str, tuple[str, Sequence[str]]] | None = None,
    leads: Sequence[Object] = (),
    **options: Any,
) -> AbstractContextManager[MetaSandbox]:
    """A stand-in on a port of the loopback address (0: a free one) while the context lasts, over the example business
    unless ``business`` is given. ``forms`` are further ones by id, with name and own questions, ``leads`` what was sent
    in them, as the API shows it. ``options`` are those of MetaSandbox.
    """
    business: Business = options.pop("business", None) or example(now)
    for identity, (name, own) in (forms or {}).items():
        page = next(iter(business.pages))
        business.forms[identity] = Form(identity, name, page, {**STANDARD, **dict.fromkeys(own, "CUSTOM")})
    business.leads.update((lead["id"], lead) for lead in leads)
    return MetaSandbox(business, port=port, **options)


def _given(request: Request) -> dict[str, str]:
    """Parameters of the query and, for a POST, of its form."""
    given = {name: values[0] for name, values in request.query.items()}
    if request.method == "POST":
        given.update({name: values[0] for name, values in parse_qs(request.body.decode()).items()})
    return given


def _shown(kind: str, found: Object, given: Mapping[str, str]) -> Object:
    """The fields asked for; a field's own fields are let be."""
    known = (*DEFAULTS.get(kind, ()), *MORE.get(kind, ()))
    asked = (
        re.sub(r"\{[^}]*\}", "", given.get("fields", "")).split(",")
        if given.get("fields")
        else DEFAULTS.get(kind, known)
    )
    for name in asked:
        if name not in known:
            raise _RefusalError(100, f"Tried accessing nonexisting field ({name}) on node type ({kind})")
    identity = {"id": found["id"]} if "id" in found else {}
    return {**identity, **{name: found[name] for name in asked if name in found}}


def _passes(lead: Object, filtering: str | None) -> bool:
    for each in json.loads(filtering or "[]"):
        if each.get("field") != "time_created" or each.get("operator") not in _HOLDS:
            raise _RefusalError(100, f"Filtering field {each.get('field')!r} with that operation is not supported")
        if not _HOLDS[each["operator"]](second(lead), float(each["value"])):
            return False
    return True


def _after(keys: Sequence[str], mark: str, newest_first: bool) -> int:
    """The place behind a mark, also where what it names is gone."""
    if mark in keys:
        return keys.index(mark) + 1
    return next((n for n, key in enumerate(keys) if (key < mark if newest_first else key > mark)), len(keys))


def _cursor(key: str) -> str:
    return base64.urlsafe_b64encode(f"at:{key}".encode()).decode()


def _opened(cursor: str) -> str:
    try:
        text = base64.urlsafe_b64decode(cursor).decode("ascii")
    except ValueError:
        text = ""
    if not text.startswith("at:"):
        raise _RefusalError(100, "Invalid parameter: after is no cursor of this list")
    return text[3:]
