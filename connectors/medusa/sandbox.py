"""A stand-in for Medusa's Admin API over a store in memory. What it answers was held beside a real 2.19.0."""

from __future__ import annotations

import secrets
from base64 import b64encode
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from email.utils import format_datetime
from typing import Any

from connectors.core.exchange import Reply, Request, Route
from connectors.core.sandbox import SandboxServer
from connectors.medusa.store import InvalidDataError, Record, Store

EMAIL, PASSWORD = "admin@shop.example", "sandbox-medusa-password"
API_KEY = "sk_sandbox-1a2b3c4d"
LISTS = ("customers", "orders", "draft_orders", "payments")
OPERATORS = {"$gt": "__gt__", "$gte": "__ge__", "$lt": "__lt__", "$lte": "__le__"}
TIMES = ("created_at", "updated_at")
PLAIN_IDS = ("draft_orders", "payments")
"""The lists that take no operators on ids."""
USUAL = {"customers": 50, "orders": 15, "draft_orders": 50, "payments": 20}
ALWAYS = ("id", "status", "version")
"""What an order shows whether or not it is asked for."""


class MedusaSandbox(SandboxServer):
    """The server. ``sessions`` are the tokens of logins."""

    def __init__(self, store: Store, *, port: int = 0, keep: int = 0) -> None:
        self.store = store
        self.sessions: set[str] = set()
        routes = [Route("POST", "/auth/user/emailpass", self._login), Route("GET", "/admin/stores", self._stores)]
        routes += [Route("GET", f"/admin/{name.replace('_', '-')}", self._lister(name)) for name in LISTS]
        super().__init__(routes, port=port, guard=self._guard, decorate=self._dated, keep=keep)

    @property
    def settings(self) -> Mapping[str, str]:
        """What a connection's ``config`` must say to talk to this server."""
        return {"url": self.url, "email": EMAIL, "password": PASSWORD}

    def _dated(self, reply: Reply) -> Reply:
        return replace(reply, headers={"Date": format_datetime(self.store.now(), usegmt=True), **reply.headers})

    def _guard(self, request: Request) -> Reply | None:
        kind, _, given = request.headers.get("authorization", "").partition(" ")
        key = b64encode(f"{API_KEY}:".encode()).decode()
        known = given in self.sessions if kind == "Bearer" else (kind == "Basic" and given == key)
        return None if known or request.path.startswith("/auth/") else Reply(401, {"message": "Unauthorized"})

    def _login(self, request: Request) -> Reply:
        asked = request.json()
        if (asked.get("email"), asked.get("password")) != (EMAIL, PASSWORD):
            return Reply(401, {"type": "unauthorized", "message": "Invalid email or password"})
        token = f"eyJ{secrets.token_urlsafe(60)}"
        self.sessions.add(token)
        return Reply(200, {"token": token})

    def _stores(self, request: Request) -> Reply:
        return Reply(200, {"stores": [{"id": self.store.id, "name": "Sandbox"}], "count": 1, "offset": 0, "limit": 1})

    def _lister(self, name: str) -> Any:
        def answer(request: Request) -> Reply:
            try:
                return Reply(200, self._list(name, request.query))
            except InvalidDataError as wrong:
                return Reply(400, {"type": "invalid_data", "message": f"Invalid request: {wrong}"})

        return answer

    def _list(self, name: str, query: Mapping[str, Sequence[str]]) -> Record:
        rows = [row for row in self.store.rows(name) if all(_fits(name, row, *each) for each in query.items())]
        order = query.get("order", ["-created_at"])[0]
        rows.sort(key=lambda row: row[order.lstrip("-")], reverse=order.startswith("-"))
        offset, limit = int(query.get("offset", ["0"])[0]), int(query.get("limit", [str(USUAL[name])])[0])
        fields = query["fields"][0].split(",") if "fields" in query else []
        always = ALWAYS if name.endswith("orders") else ALWAYS[:1]
        wanted = _tree([*fields, *always]) if fields else {}
        shown = [_selected(row, wanted) for row in rows[offset : offset + limit]]
        return {name: shown, "count": len(rows), "offset": offset, "limit": limit}


def _fits(name: str, row: Record, key: str, given: Sequence[str]) -> bool:
    """Whether a row is what one parameter asks for. Raises InvalidDataError for one that the list does not take."""
    if key in ("fields", "order", "limit", "offset"):
        return True
    if key in ("id", "id[]"):
        return row["id"] in given
    field, _, operator = key.rstrip("]").partition("[")
    if field == "id" and name in PLAIN_IDS:
        raise InvalidDataError("Expected type: 'string, array' for field 'id', got: '[object Object]'")
    if operator not in OPERATORS or field not in ("id", *TIMES):
        raise InvalidDataError(f"Unrecognized fields: '{field}'")
    return bool(getattr(row[field], OPERATORS[operator])(given[0]))


def _tree(fields: Sequence[str]) -> dict[str, Any]:
    """The selection as a tree. A star before a path asks for all that lies there."""
    tree: dict[str, Any] = {}
    for text in fields:
        at = tree
        for part in text.lstrip("*").split("."):
            at = at.setdefault(part, {})
        if text.startswith("*"):
            at["*"] = {}
    return tree


def _selected(value: Any, wanted: Mapping[str, Any]) -> Any:
    if isinstance(value, list):
        return [_selected(each, wanted) for each in value]
    if not isinstance(value, Mapping) or not wanted:
        return value
    kept = {name for name in value if name in wanted or ("*" in wanted and not isinstance(value[name], list))}
    return {name: _selected(value[name], wanted.get(name, {})) for name in value if name in kept or name == "id"}


def serve(port: int = 0, **options: Any) -> AbstractContextManager[MedusaSandbox]:
    """A stand-in on a port of the loopback address (0: a free one) while the context lasts, empty unless a ``store`` is
    given. ``options`` are those of MedusaSandbox."""
    return MedusaSandbox(options.pop("store", None) or Store(), port=port, **options)
