"""OAuth tokens in the vault: loaded, swapped only by who knows the newest, refreshed by one process at a time."""

from __future__ import annotations

import threading
from datetime import datetime

import orjson

from mapping.contract import Token
from state.leases import Lease, Leases, new_owner
from state.vault import Vault


class VaultTokenStore:
    """The token of one connection. Threads and processes may share it: a lock belongs to the thread that took it."""

    def __init__(self, vault: Vault, connection_id: str) -> None:
        self._vault = vault
        self._name = f"token:{connection_id}"
        self._leases = Leases(vault.db)
        self._mine = threading.local()

    def load(self) -> Token | None:
        """The token as stored now. Raises ConfigError when the vault's key does not open it."""
        found = self._vault.load(self._name)
        if found is None:
            return None
        value, revision = orjson.loads(found[0]), found[1]
        expires = value["expires_at"]
        return Token(
            access=value["access"],
            refresh=value["refresh"],
            expires_at=datetime.fromisoformat(expires) if expires else None,
            revision=revision,
            extra=value["extra"],
        )

    def swap(self, old: Token | None, new: Token) -> bool:
        """Stores ``new`` if the stored revision is still ``old``'s; False when somebody was quicker.

        It is stored with the revision after ``old``'s, whatever ``new`` says.
        """
        value = {
            "access": new.access,
            "refresh": new.refresh,
            "expires_at": new.expires_at.isoformat() if new.expires_at else None,
            "extra": dict(new.extra),
        }
        with self._vault.db.write() as c:
            if self._vault.revision(c, self._name) != (old.revision if old else None):
                return False
            self._vault.store(c, self._name, orjson.dumps(value).decode(), old.revision + 1 if old else 1)
        return True

    def lock(self, seconds: float) -> bool:
        """Claims the right to refresh for so long; False when another process or thread has it."""
        held = self._leases.acquire(self._name, new_owner(), seconds)
        if held is not None:
            self._mine.lease = held
        return held is not None

    def unlock(self) -> None:
        """Gives the right back; does nothing when this thread does not have it."""
        held: Lease | None = getattr(self._mine, "lease", None)
        if held is not None:
            held.release()
        self._mine.lease = None
