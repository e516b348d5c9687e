"""A stand-in for Vendure's Admin API over a shop in memory. What it answers was held beside a real 3.7.2."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from email.utils import format_datetime
from typing import Any

from connectors.core.exchange import Reply, Request, Route
from connectors.core.sandbox import SandboxServer
from connectors.vendure.sandbox_query import QueryError, parse, select
from connectors.vendure.shop import Shop, UserInputError

USER, PASSWORD = "superadmin", "sandbox-vendure-password"
API_KEY = "sandbox-key-1a2b3c4d"
NEEDS = {"customers": "ReadCustomer", "orders": "ReadOrder", "me": "", "activeChannel": "", "globalSettings": ""}
"""The permission that each question takes, empty where a login is enough."""


class VendureSandbox(SandboxServer):
    """The server. ``permissions`` are those of the one administrator; ``sessions`` the tokens of logins."""

    def __init__(self, shop: Shop, *, port: int = 0, keep: int = 0) -> None:
        self.shop = shop
        self.permissions = {"ReadCustomer", "ReadOrder"}
        self.sessions: set[str] = set()
        self.channels = {shop.token}
        super().__init__([Route("POST", "/admin-api", self._answer)], port=port, decorate=self._dated, keep=keep)

    @property
    def settings(self) -> Mapping[str, str]:
        """What a connection's ``config`` must say to talk to this server."""
        return {"url": f"{self.url}/admin-api", "username": USER, "password": PASSWORD}

    def _dated(self, reply: Reply) -> Reply:
        return replace(reply, headers={"Date": format_datetime(self.shop.now(), usegmt=True), **reply.headers})

    def _answer(self, request: Request) -> Reply:
        try:
            asked = request.json()
            kind, wanted = parse(asked["query"], asked.get("variables") or {})
            token = request.headers.get("vendure-token", "")
            if token and len(self.channels) > 1 and token not in self.channels:
                return _refused("CHANNEL_NOT_FOUND", "No Channel with the given token exists")
            if kind == "mutation":
                return self._login(wanted[0].arguments, wanted)
            lacking = [one.name for one in wanted if not self._may(request, one.name)]
            if lacking:
                return _refused("FORBIDDEN", "You are not currently authorized to perform this action", lacking[0])
            return Reply(200, {"data": select(self._root(), wanted)})
        except QueryError as wrong:
            kind = "PARSE" if str(wrong).startswith("Syntax Error") else "VALIDATION"
            return _refused(f"GRAPHQL_{kind}_FAILED", str(wrong), status=400)
        except UserInputError as wrong:
            return _refused("USER_INPUT_ERROR", str(wrong))

    def _may(self, request: Request, name: str) -> bool:
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        known = bearer in self.sessions or request.headers.get("vendure-api-key") == API_KEY
        need = NEEDS.get(name, "")
        return name not in NEEDS or (known and (not need or need in self.permissions))

    def _root(self) -> Mapping[str, Any]:
        shop = self.shop
        channel = {"__typename": "Channel", "id": "1", "code": "__default_channel__", "token": shop.token}
        return {
            "__typename": "Query",
            "me": {"__typename": "CurrentUser", "id": "1", "identifier": USER},
            "activeChannel": channel,
            "globalSettings": {"serverConfig": {"moneyStrategyPrecision": shop.precision}},
            "customers": lambda asked: shop.list("customer", asked.get("options")),
            "orders": lambda asked: shop.list("order", asked.get("options")),
        }

    def _login(self, given: Mapping[str, Any], wanted: Any) -> Reply:
        if (given.get("username"), given.get("password")) != (USER, PASSWORD):
            wrong = {"errorCode": "INVALID_CREDENTIALS_ERROR", "message": "The provided credentials are invalid"}
            return Reply(200, {"data": select({"login": {"__typename": "InvalidCredentialsError", **wrong}}, wanted)})
        token = secrets.token_hex(32)
        self.sessions.add(token)
        user = {"__typename": "CurrentUser", "id": "1", "identifier": USER}
        return Reply(200, {"data": select({"login": user}, wanted)}, {"vendure-auth-token": token})


def _refused(code: str, message: str, path: str = "", *, status: int = 200) -> Reply:
    error = {"message": message, "extensions": {"code": code}, **({"path": [path]} if path else {})}
    return Reply(status, {"errors": [error], **({"data": None} if status == 200 else {})})


def serve(port: int = 0, **options: Any) -> AbstractContextManager[VendureSandbox]:
    """A stand-in on a port of the loopback address (0: a free one) while the context lasts, empty unless a ``shop`` is
    given. ``options`` are those of VendureSandbox."""
    return VendureSandbox(options.pop("shop", None) or Shop(), port=port, **options)
