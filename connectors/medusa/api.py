"""Medusa's Admin API (REST): one question, the login, and lists by id.

"Admin API Reference" of Medusa v2 and the sources of @medusajs/medusa 2.19.0, read 2026-11-29. Lists take operators on
``id`` (``id[$gt]``), but for draft orders, which can only be skipped over; all can be sorted by it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import httpx
import orjson

from connectors.core import answers
from connectors.core.auth import Auth, Basic
from connectors.core.http import Http, Params
from connectors.core.protocols import Runtime, TokenStore
from connectors.core.rounds import Batch, Row, Span
from connectors.core.sessions import Session
from connectors.core.skipping import by_skipping
from connectors.core.vendor_clock import VendorClock
from mapping.contract import RemoteId
from mapping.errors import ContractError, TransientError, UnknownOutcomeError

MOST = 1000
"""Ids asked for at a time: Medusa itself sets no limit (2.19.0, seen with 3000)."""

PAYMENT = "id,updated_at,payment_collection.order.id,payment_collection.order.updated_at"


class Api:
    """One shop at ``url``. ``clock`` is the shop's. Medusa takes a secret API key as the name of a Basic login."""

    def __init__(
        self, runtime: Runtime, tokens: TokenStore, url: str, *, email: str = "", password: str = "", api_key: str = ""
    ) -> None:
        self.clock = VendorClock(runtime)
        self._email, self._password = email, password
        self._door = Http(runtime, url)
        session = (url, email, password)
        auth: Auth = Basic(api_key.strip(), "") if api_key else Session(runtime, tokens, self._log_in, session)
        self._http = Http(runtime, url, auth=auth)

    def get(self, path: str, params: Params) -> dict[str, Any]:
        """The object that a path answers with. Raises the errors of ``Http``."""
        response = self._http.request("GET", path, params=params, headers={"Accept": "application/json"})
        self.clock.hear(response)
        return _object(response)

    def _log_in(self) -> str:
        told = {"email": self._email, "password": self._password}
        try:
            response = self._door.request("POST", "/auth/user/emailpass", json=told, repeatable=True)
        except UnknownOutcomeError as lost:
            raise TransientError(str(lost)) from None
        token = _object(response).get("token")
        if not isinstance(token, str) or not token:
            raise ContractError(
                "Medusa gave no token for the login: another step is asked for, which Concord cannot do"
            )
        return token


@dataclass(frozen=True, slots=True)
class Listing:
    """One of Medusa's lists: what is asked of each item, and how many at a time. ``skipped``: it takes no operators on
    ids."""

    api: Api
    name: str
    fields: str
    size: int
    skipped: bool = False

    @property
    def path(self) -> str:
        """Where the list is."""
        return f"/admin/{self.name.replace('_', '-')}"

    def batches(self, span: Span, at: str, skip: int) -> Iterator[Batch]:
        """The rows of a span by ascending id, from a place on."""
        if self.skipped:
            yield from by_skipping(partial(self._skip, _bounds(span)), at, skip, self.size)
            return
        while True:
            rows, count = self._page({**_bounds(span), "id[$gt]": at or None, "limit": self.size})
            if rows and str(rows[-1]["id"]) == at:
                raise ContractError(f"the listing of {self.name} does not move past {at}")
            at = str(rows[-1]["id"]) if rows else at
            last = not rows or len(rows) >= count
            yield Batch(rows, at, last=last)
            if last:
                return

    def get(self, ids: Sequence[RemoteId]) -> Sequence[Row]:
        """The rows of those ids that are still there."""
        wanted, found = list(dict.fromkeys(ids)), list[Row]()
        for start in range(0, len(wanted), self.size):
            found += self._page({"id[]": wanted[start : start + self.size], "limit": self.size})[0]
        return found

    def paid_since(self, since: datetime) -> Iterator[Sequence[Row]]:
        """Orders of which a payment changed since, later than the order did: money that is taken does not move
        ``updated_at`` of the order."""
        payments = replace(self, name="payments", fields=PAYMENT, size=MOST - 1, skipped=True)
        for batch in payments.batches(Span(since), "", 0):
            late = [RemoteId(order["id"]) for order, at in map(_paid, batch.rows) if order and order["updated_at"] < at]
            ids = list(dict.fromkeys(late))
            for start in range(0, len(ids), self.size):
                yield self.get(ids[start : start + self.size])

    def _skip(self, bounds: Params, start: int, take: int) -> tuple[Sequence[Row], int]:
        return self._page({**bounds, "offset": start, "limit": take})

    def _page(self, params: Params) -> tuple[list[Row], int]:
        found = self.api.get(self.path, {"fields": self.fields, "order": "id", **params})
        rows, count = found.get(self.name), found.get("count")
        if not isinstance(rows, list) or not isinstance(count, int):
            raise ContractError(f"Medusa's answer to a list of {self.name} is of another shape")
        if not all(isinstance(row, dict) and isinstance(row.get("id"), str) for row in rows):
            raise ContractError(f"Medusa lists {self.name} without their ids")
        return rows, count


def _paid(payment: Row) -> tuple[Any, str]:
    """The order that a payment is for, if any, and when the payment changed."""
    return (payment.get("payment_collection") or {}).get("order"), str(payment.get("updated_at") or "")


def _bounds(span: Span) -> Params:
    return {
        "updated_at[$gte]": _shown(span.since) if span.since else None,
        "updated_at[$lt]": _shown(span.until) if span.until else None,
    }


def _shown(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _object(response: httpx.Response) -> dict[str, Any]:
    try:
        told = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        told = None
    if not isinstance(told, dict):
        raise ContractError(f"{answers.describe(response)} with something that is no JSON object")
    return told
