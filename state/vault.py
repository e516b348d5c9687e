"""Secrets, encrypted: what people set by name, and the tokens that connections refresh.

Each ciphertext holds its own name, so one that is moved to another row does not open.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

import orjson
from cryptography.fernet import InvalidToken, MultiFernet
from sqlalchemy import Connection, delete, select, update

from mapping.errors import ConfigError
from state.database import Database, insert_or_update
from state.keys import Keys
from state.tables import vault

NAME = re.compile(r"[A-Za-z0-9_.-]{1,180}")
MISSING = "The vault's key is missing: set CONCORD_KEY, or put vault.key back; without it no secret can be read."
WRONG = (
    "The vault's key does not open {name!r}: it was kept under another key or tampered with. Set the right CONCORD_KEY,"
    " or put the right vault.key back, or remove the secret and set it again."
)


class Vault:
    """The secrets of one database. ``state_dir`` is where ``vault.key`` lies when ``CONCORD_KEY`` is not set.

    Whatever needs the key raises ConfigError when it is missing, wrong, malformed or readable by others.
    """

    def __init__(self, db: Database, state_dir: Path, environ: Mapping[str, str] = os.environ) -> None:
        self.db = db
        self._keys = Keys(state_dir, environ)

    def set(self, name: str, value: str) -> None:
        """Keeps the secret, in place of an earlier one of that name; ConfigError when the name is malformed."""
        if not NAME.fullmatch(name):
            raise ConfigError("A secret's name is made of letters, digits, '_', '-' and '.', 180 at most.")
        with self.db.write() as c:
            self.store(c, name, value, (self.revision(c, name) or 0) + 1)

    def get(self, name: str) -> str | None:
        """The secret; None when there is none of that name."""
        found = self.load(name)
        return found[0] if found else None

    def names(self) -> list[str]:
        """The names that people have set, in order; not those of tokens, which are none that ``set`` takes."""
        with self.db.read() as c:
            found = c.execute(select(vault.c.name).order_by(vault.c.name)).scalars().all()
        return [name for name in found if NAME.fullmatch(name)]

    def remove(self, name: str) -> bool:
        """Forgets the secret, for which no key is needed; False when there was none."""
        with self.db.write() as c:
            return c.execute(delete(vault).where(vault.c.name == name)).rowcount == 1

    def rotate(self) -> int:
        """Encrypts everything under the newest key; returns how many secrets that were.

        A key file gets a new key first, and keeps the one before it until the next rotation, so that a process which
        reads meanwhile goes on. With ``CONCORD_KEY``, put the new key in front, call this, and drop the old one.
        """
        with self.db.write() as c:
            self._opened(c)
            if self._keys.in_file:
                self._keys.put_new_first()  # every older key stays until the commit: a crash loses nothing
            box = self._opened(c)
            rows = c.execute(select(vault.c.name, vault.c.secret)).all()
            for row in rows:
                sealed = _seal(box, row.name, _open(box, row.name, row.secret))
                c.execute(update(vault).where(vault.c.name == row.name).values(secret=sealed))
        if self._keys.in_file:
            with self.db.write():  # in turn with other rotations, so that none of their keys is forgotten
                self._keys.keep(2)
        return len(rows)

    def load(self, name: str) -> tuple[str, int] | None:
        """The secret and its revision."""
        with self.db.read() as c:
            row = c.execute(select(vault.c.secret, vault.c.revision).where(vault.c.name == name)).one_or_none()
        if row is None:
            return None
        # The keys are read after the row: a rotation in between has added its key by now, and kept the one before.
        keys = self._keys.read()
        if not keys:
            raise ConfigError(MISSING)
        return _open(MultiFernet(keys), name, row.secret), int(row.revision)

    def revision(self, c: Connection, name: str) -> int | None:
        """The revision the secret has now; None when there is none."""
        return c.execute(select(vault.c.revision).where(vault.c.name == name)).scalar_one_or_none()

    def store(self, c: Connection, name: str, value: str, revision: int) -> None:
        """Keeps the secret under that revision, in the caller's write transaction."""
        sealed = _seal(self._opened(c), name, value)
        row = {"name": name, "secret": sealed, "revision": revision, "updated_at": self.db.stamp()}
        insert_or_update(c, vault, [row], ["name"], ["secret", "revision", "updated_at"])

    def _opened(self, c: Connection) -> MultiFernet:
        """The keys for a writer, made on first use; proven on a stored secret, so that a wrong key adds no other."""
        keys = self._keys.read()
        proof = c.execute(select(vault.c.name, vault.c.secret).limit(1)).one_or_none()
        if not keys:
            if proof is not None:
                raise ConfigError(MISSING)
            keys = self._keys.create()
        box = MultiFernet(keys)
        if proof is not None:
            _open(box, proof.name, proof.secret)
        return box


def _seal(box: MultiFernet, name: str, value: str) -> bytes:
    return box.encrypt(orjson.dumps([name, value]))


def _open(box: MultiFernet, name: str, sealed: bytes) -> str:
    try:
        bound, value = orjson.loads(box.decrypt(sealed))
    except InvalidToken:
        raise ConfigError(WRONG.format(name=name)) from None
    if bound != name:
        raise ConfigError(WRONG.format(name=name))
    return str(value)
