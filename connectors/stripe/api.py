"""Stripe's API: what its refusals mean, objects one by one and lists page by page, in one version of the API.

"API reference" (errors, pagination, expanding responses, versioning, request ids), "Rate limits" and "Advanced error
handling" of Stripe's documentation, read 2026-11-29.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import httpx
import orjson
from pydantic import BaseModel, Field

from connectors.core import answers
from connectors.core.auth import Bearer
from connectors.core.budget import Budget, Limit
from connectors.core.http import Http, Params
from connectors.core.paging import Leaf, by_cursor
from connectors.core.protocols import Runtime
from connectors.core.vendor_clock import VendorClock
from mapping.errors import (
    ConcordError,
    ContractError,
    ForbiddenError,
    GoneError,
    RateLimitedError,
    TransientError,
)

Json = Mapping[str, Any]

VERSION = "2023-08-16"
"""The version of the API that is asked for, whatever the account's own: the one whose published contract the connector
is held to. There a charge names its invoice and an invoice its charge."""
LIVE, TEST = 100, 25
"""Requests a second ("Rate limits"), by the mode of the key."""
LONG_WAIT = 300.0
"""Seconds to stay away where Stripe says that trying again is no use now."""


class UnknownPlaceError(ContractError):
    """What a listing was to go on after is no longer there."""


class Object(BaseModel, extra="allow"):
    """Any object of Stripe's; ``deleted`` ones have nothing but their id."""

    id: str = Field(min_length=1)
    deleted: bool = False


class Listing(BaseModel):
    """One page of a list, newest first."""

    data: list[dict[str, Any]]
    has_more: bool


class Api:
    """One key's view of one account. Every method raises the errors of ``Http``."""

    def __init__(self, runtime: Runtime, base_url: str, key: str, account: str) -> None:
        self._clock = VendorClock(runtime)
        headers = {"Stripe-Version": VERSION, **({"Stripe-Account": account} if account else {})}
        calls = TEST if "_test_" in key else LIVE
        budget = Budget(Limit(calls, 1.0, "requests in a second"))
        self._http = Http(runtime, base_url, auth=Bearer(key), budget=budget, classify=self._classify, headers=headers)

    def one(self, path: str, expand: Sequence[str] = ()) -> Json | None:
        """An object as it is now; None where there is none any more."""
        try:
            found = self._http.shaped(Object, "GET", f"/v1/{path}", params={"expand[]": list(expand) or None})
        except GoneError:
            return None
        return None if found.deleted else found.model_dump(exclude={"deleted"})

    def pages(self, path: str, params: Params, after: str = "") -> Iterator[Leaf[Listing, str]]:
        """The pages of a list, from behind an object on. Raises UnknownPlaceError where that object is unknown."""

        def fetch(place: str | None) -> Listing:
            return self._http.shaped(Listing, "GET", f"/v1/{path}", params={**params, "starting_after": place or None})

        return by_cursor(fetch, _onward, after or None)

    def time(self, instant: datetime) -> datetime:
        """Stripe's time at an instant of ours, by the ``Date`` of its last answer."""
        return self._clock.at(instant)

    def _classify(self, response: httpx.Response) -> ConcordError | None:
        self._clock.hear(response)
        return meaning(response)


def meaning(response: httpx.Response) -> ConcordError | None:
    """What an answer means. Messages are not quoted: they hold parts of keys and of what was asked."""
    usual = answers.classify(response)
    if usual is None:
        return None
    error = _error(response)
    code, param = str(error.get("code") or ""), str(error.get("param") or "")
    what = f"{answers.describe(response)}" + (f", code {code}" if code.isidentifier() else "")
    if code == "resource_missing" and param in ("starting_after", "ending_before"):
        return UnknownPlaceError(what)
    if code == "resource_missing":
        return GoneError(what)
    if response.status_code == 403:
        return ForbiddenError(f"{what}: the key lacks a permission")
    advice = response.headers.get("stripe-should-retry", "").lower()
    if response.status_code == 429 or response.status_code >= 500:
        return RateLimitedError(what, retry_after=LONG_WAIT) if advice == "false" else type(usual)(what)
    return TransientError(what) if advice == "true" else type(usual)(what)


def span(start: datetime | None = None, end: datetime | None = None) -> dict[str, int]:
    """The parameters for what came into being in [start, end), to the second."""
    bounds = {"created[gte]": start, "created[lt]": end}
    return {name: _ceil(bound) for name, bound in bounds.items() if bound is not None}


def _ceil(moment: datetime) -> int:
    """The first whole second that is not before it: Stripe's times are whole seconds."""
    whole = moment.replace(microsecond=0)
    return int((whole + timedelta(seconds=moment > whole)).timestamp())


def _onward(listing: Listing) -> str | None:
    """The object to go on after. Raises ContractError where there should be one and there is none."""
    if not listing.has_more:
        return None
    if not listing.data or not isinstance(listing.data[-1].get("id"), str):
        raise ContractError("a list says that more follows, and does not say after what")
    return str(listing.data[-1]["id"])


def _error(response: httpx.Response) -> Json:
    try:
        found = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        return {}
    error = found.get("error") if isinstance(found, Mapping) else None
    return error if isinstance(error, Mapping) else {}
