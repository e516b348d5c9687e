"""Logging in with a name and a password: a session, kept in the token store so that not every run begins with one."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from connectors.core.protocols import Runtime, Token, TokenStore
from connectors.core.refreshing import RefreshingToken


class Session:
    """An ``Auth`` by session; logs in when there is none, and once more when the vendor refuses it.

    ``log_in`` gives the session's secret, or raises AuthError. ``credentials`` are all that it logs in with: a session
    that was begun with others counts as expired.
    """

    def __init__(
        self,
        runtime: Runtime,
        store: TokenStore,
        log_in: Callable[[], str],
        credentials: Sequence[str],
        scheme: str = "Bearer",
    ) -> None:
        self._log_in = log_in
        # A few bits of a digest, to tell another password from this one; by no means enough to guess it by.
        self._mark = hashlib.sha256("\n".join(credentials).encode()).hexdigest()[:8]
        self._token = RefreshingToken(runtime, _OwnSessions(store, self._mark), self._renew, scheme=scheme)

    def headers(self) -> Mapping[str, str]:
        """The header of the session. Raises what ``log_in`` does."""
        return self._token.headers()

    def refresh(self) -> bool:
        """Logs in again; then True."""
        return self._token.refresh()

    def _renew(self, old: Token | None) -> Token:
        return Token(self._log_in(), revision=old.revision + 1 if old else 1, extra={"login": self._mark})


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
