"""Logging in to Tryton: a session by user, user's id and a key, sent as one text."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from connectors.core import sessions
from connectors.core.protocols import Runtime, TokenStore
from mapping.errors import ContractError

Ask = Callable[[list[Any]], Any]
"""Sends the parameters of ``common.db.login``; the answer."""


class Session(sessions.Session):
    """An ``Auth`` by session header. ``ask`` raises AuthError where user or password are wrong, RateLimitedError where
    too many logins failed before."""

    def __init__(self, runtime: Runtime, store: TokenStore, ask: Ask, place: str, user: str, password: str) -> None:
        def log_in() -> str:
            # From 8.2 on the answer has a third part, the address of the bus (trytond/protocols/dispatcher.py).
            answer = ask([user, {"password": password}])
            if not isinstance(answer, list) or len(answer) < 2:
                raise ContractError("Tryton answered the login with something that is no session")
            return base64.b64encode(f"{user}:{answer[0]}:{answer[1]}".encode()).decode("ascii")

        super().__init__(runtime, store, log_in, (place, user, password), scheme="Session")
