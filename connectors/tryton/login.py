"""Logging in to Tryton: a session, kept in the token store so that not every run begins with a password."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from connectors.core.protocols import Runtime, Token, TokenStore
from connectors.core.refreshing import RefreshingToken
from mapping.errors import ContractError

Ask = Callable[[list[Any]], Any]
"""Sends the parameters of ``common.db.login``; the answer."""


class Session:
    """An ``Auth`` by session header; logs in when there is no session, and once more when the session is refused."""

    def __init__(self, runtime: Runtime, store: TokenStore, ask: Ask, place: str, user: str, password: str) -> None:
        self._ask, self._user, self._password = ask, user, password
        # A few bits of a digest, to tell another password from this one; by no means enough to guess it by.
        self._mark = hashlib.sha256("\n".join((place, user, password)).encode()).hexdigest()[:8]
        self._token = RefreshingToken(runtime, _OwnSessions(store, self._mark), self._log_in, scheme="Session")

    def headers(self) -> Mapping[str, str]:
        """The header of the session. Raises AuthError where user or password are wrong, RateLimitedError where too many
        logins failed before."""
        return self._token.headers()

    def refresh(self) -> bool:
        """Logs in again; then True."""
        return self._token.refresh()

    def _log_in(self, old: Token | None) -> Token:
        # From 8.2 on the answer has a third part, the address of the bus (trytond/protocols/dispatcher.py).
        answer = self._ask([self._user, {"password": self._password}])
        if not isinstance(answer, list) or len(answer) < 2:
            raise ContractError("Tryton answered the login with something that is no session")
        plain = f"{self._user}:{answer[0]}:{answer[1]}"
        access = base64.b64encode(plain.encode()).decode("ascii")
        return Token(access, revision=old.revision + 1 if old else 1, extra={"login": self._mark})


class _OwnSessions:
    """The store, in which a session that was begun with other credentials counts as expired."""

    def __init__(self, store: TokenStore, mark: str) -> None:
        self._store, self._mark = store, mark

    def load(self) -> Token | None:
        """The token as stored, expired if it is another login's."""
        token = self._store.load()
        if token is None or token.extra.get("login") == self._mark:
            return token
        return replace(token, expires_at=datetime.min.replace(tzinfo=UTC))

    def swap(self, old: Token | None, new: Token) -> bool:
        """As the store does."""
        return self._store.swap(old, new)

    def lock(self, seconds: float) -> bool:
        """As the store does."""
        return self._store.lock(seconds)

    def unlock(self) -> None:
        """As the store does."""
        self._store.unlock()
