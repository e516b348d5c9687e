"""A token that is renewed in time, by one process at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from threading import Lock, local

from connectors.core.protocols import Runtime, Token, TokenStore
from mapping.errors import AuthError, TransientError

Renew = Callable[[Token | None], Token]

LEASE = 120.0  # seconds; more than a token request can take with its retries, so that no second one begins meanwhile
POLL = 0.25


@dataclass
class Unkept:
    """The token store of what an application may ask for by itself at any time: it ends with the process."""

    token: Token | None = None

    def load(self) -> Token | None:
        """The token, if there is one yet."""
        return self.token

    def swap(self, old: Token | None, new: Token) -> bool:
        """True: nobody else has this store."""
        self.token = new
        return True

    def lock(self, seconds: float) -> bool:
        """True: nobody else has this store."""
        return True

    def unlock(self) -> None:
        """Nothing to give back."""


class RefreshingToken:
    """An ``Auth`` over a token store that all processes share; safe to share among threads.

    The token is read from the store at every use and renewed ``early`` seconds before it expires (a tenth of its life,
    if that is less). Many vendors rotate refresh tokens and revoke the whole family when an old one comes back, so only
    the holder of the store's lock renews, everybody else waits up to ``patience`` seconds and reads again, and a new
    token is stored before it is used.
    """

    def __init__(
        self,
        runtime: Runtime,
        store: TokenStore,
        renew: Renew,
        *,
        early: float = 60.0,
        patience: float = 60.0,
        scheme: str = "Bearer",
    ) -> None:
        self._runtime, self._store, self._renew = runtime, store, renew
        self._early, self._patience, self._scheme = early, patience, scheme
        self._handed, self._gate = local(), Lock()
        self._unsaved: tuple[Token | None, Token] | None = None

    def headers(self) -> Mapping[str, str]:
        """The Authorization header. Raises AuthError when nobody has logged in, or what ``renew`` raises."""
        access = self.token().access
        self._handed.access = access
        return {"Authorization": f"{self._scheme} {access}"}

    def token(self) -> Token:
        """The token as stored, renewed if about to expire; for vendors that want it elsewhere than in a header."""
        token = self._store.load()
        return token if token is not None and self._fresh(token) else self._replace(token)

    def refresh(self) -> bool:
        """Renews the token this thread was last given, unless somebody has done so meanwhile; then True."""
        token = self._store.load()
        if token is None or token.access == getattr(self._handed, "access", None):
            self._replace(token)
        return True

    def _replace(self, stale: Token | None) -> Token:
        """Threads queue at the gate, processes at the store's lock, which need not tell one process's threads apart."""
        with self._gate:
            return self._other(stale) or self._replace_alone(stale)

    def _replace_alone(self, stale: Token | None) -> Token:
        for _ in range(max(1, round(self._patience / POLL))):
            if self._store.lock(LEASE):
                try:
                    return self._other(stale) or self._renewed(self._store.load())
                finally:
                    self._store.unlock()
            self._runtime.meter.waited(POLL, "token refresh elsewhere")
            self._runtime.sleep(POLL)
            other = self._other(stale)
            if other is not None:
                return other
        raise TransientError("another process is renewing the token and does not come to an end")

    def _renewed(self, old: Token | None) -> Token:
        """Called under the lock. A new token that could not be stored is kept and stored before another is asked for:
        the vendor has rotated by then, and asking again with the old one would end the family.
        """
        if self._unsaved is None or self._revision(self._unsaved[0]) != self._revision(old):
            try:
                self._unsaved = (old, self._renew(old))
            except AuthError:
                other = self._other(old)
                if other is None:
                    raise
                return other
        new = self._unsaved[1]
        stored = self._store.swap(old, new)
        self._unsaved = None
        if stored:
            return new
        other = self._other(old)
        if other is None:
            raise TransientError("the stored token changed while it was renewed")
        return other

    def _other(self, stale: Token | None) -> Token | None:
        """The stored token, if it is another than the stale one and good for use."""
        token = self._store.load()
        changed = token is not None and (stale is None or token.access != stale.access)
        return token if changed and token is not None and self._fresh(token) else None

    def _fresh(self, token: Token) -> bool:
        if token.expires_at is None:
            return True
        life = token.extra.get("expires_in", "")
        early = min(self._early, int(life) / 10) if life.isdigit() else self._early
        return self._runtime.now() + timedelta(seconds=early) < token.expires_at

    @staticmethod
    def _revision(token: Token | None) -> int | None:
        return token.revision if token is not None else None
