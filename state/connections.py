"""Connections: an immutable id behind the name in ``concord.yaml``, bound to the vendor account first seen with it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import blake2b

from sqlalchemy import Connection, RowMapping, insert, select, update

from mapping.contract import Account
from mapping.errors import ConfigError
from state.audit import write_audit, write_event
from state.database import Database, parse_stamp
from state.tables import connection


class Pause(StrEnum):
    """Why a connection rests: a new login is needed, the account is another one, or the admin said so."""

    AUTH = "auth"
    ACCOUNT = "account"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class ConnectionRow:
    """One connection. ``id`` never changes; ``account_id`` is None until the first check."""

    id: str
    name: str
    connector: str
    account_id: str | None
    account_name: str | None
    paused: Pause | None
    pause_reason: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Rename:
    """A connection that goes by a new name in the configuration."""

    id: str
    old: str
    new: str


class Connections:
    """The connections of one database. A name that does not exist raises ConfigError."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def all(self) -> list[ConnectionRow]:
        """Every connection ever configured, by name."""
        with self._db.read() as c:
            rows = c.execute(select(connection).order_by(connection.c.name)).mappings().all()
        return [_row(row) for row in rows]

    def get(self, name: str) -> ConnectionRow | None:
        """The connection of that name, if there is one."""
        with self._db.read() as c:
            return _find(c, name)

    def ensure(self, name: str, connector: str) -> ConnectionRow:
        """The connection of that name, made when it is new.

        Raises ConfigError when the name belongs to another connector: its records would be taken for one another's.
        """
        found = self.get(name)
        if found is None:
            with self._db.write() as c:
                found = _find(c, name) or self._insert(c, name, connector)
        if found.connector != connector:
            raise ConfigError(
                f"The connection {name!r} was made for {found.connector}; give the one for {connector} another name."
            )
        return found

    def bind(self, id: str, account: Account) -> ConnectionRow:
        """Binds the connection to the account it is first seen with, and confirms it ever after.

        Raises ConfigError, and writes nothing, when it is bound to another account.
        """
        with self._db.read() as c:
            found = _load(c, id)
        if found.account_id is None:
            with self._db.write() as c:
                found = _load(c, id)
                if found.account_id is None:
                    _set(c, id, account_id=account.id, account_name=account.name)
                    return _load(c, id)
        if found.account_id != account.id:
            # Neither account is named: for a mailbox the account is an address.
            raise ConfigError(
                f"The connection {found.name!r} leads to another account than before. If that is meant, run: concord"
                f" rebind {found.name}"
            )
        return found

    def word(self, id: str, *, preceded: bool, unique: bool = False) -> str:
        """What the ids of the connection's account begin with; decided when it is first asked for, and kept for ever.

        The connector's name for one account of that vendor, with a digest of the account for every other: record 42 of
        the one is not record 42 of the other. Connections to one account share its word. ``preceded``: the
        configuration has another connection of that vendor before this one, and the plain word belongs to that.
        ``unique``: the vendor gives no id twice, so that all its accounts may have the plain word.
        """
        with self._db.read() as c:
            kept = c.execute(select(connection.c.system).where(connection.c.id == id)).scalar_one()
        if kept is not None:
            return str(kept)
        with self._db.write() as c:
            mine = _load(c, id)
            others = select(connection.c.account_id, connection.c.system).where(
                connection.c.connector == mine.connector, connection.c.system.is_not(None)
            )
            words: dict[str | None, str] = {row[0]: row[1] for row in c.execute(others)}
            word = words.get(mine.account_id)
            if word is None:
                digest = blake2b((mine.account_id or mine.id).encode(), digest_size=4).hexdigest()
                taken = not unique and (preceded or mine.connector in words.values())
                word = f"{mine.connector}.{digest}" if taken else mine.connector
            _set(c, id, system=word)
            return word

    def rebind(self, id: str, account: Account, actor: str) -> ConnectionRow:
        """Binds the connection to this account from now on, and lets it go on if it rested for that."""
        with self._db.write() as c:
            found = _load(c, id)
            _set(c, id, account_id=account.id, account_name=account.name)
            if found.paused is Pause.ACCOUNT:
                _set(c, id, paused=None, pause_reason=None)
            write_event(c, self._db, "rebound", actor, {"connection": id})
            return _load(c, id)

    def rename(self, old: str, new: str) -> ConnectionRow:
        """Gives the connection another name and keeps everything it has. Raises ConfigError when ``new`` is taken."""
        with self._db.write() as c:
            found = _find(c, old)
            if found is None:
                raise ConfigError(f"There is no connection {old!r}.")
            if _find(c, new) is not None:
                raise ConfigError(f"There is a connection {new!r} already.")
            _set(c, found.id, name=new)
            write_audit(c, self._db, "admin", "connection renamed", {"connection": found.id})
            return _load(c, found.id)

    def follow_renames(
        self, configured: Sequence[tuple[str, str]], account_of: Callable[[str], str | None]
    ) -> list[Rename]:
        """Renames the connections that go by a new name in the configuration, and says which.

        ``configured`` is every (name, connector) there; ``account_of`` asks the vendor for the account id of a new
        name, None when it cannot be known, and is called only where a connection of that connector has vanished. A
        rename is believed only where one vanished and one new name have the same connector and account; else the new
        name is a new connection.
        """
        rows = self.all()
        gone = [row for row in rows if row.account_id and row.name not in {name for name, _ in configured}]
        known = {row.name for row in rows}
        accounts = {
            name: (connector, account_of(name))
            for name, connector in configured
            if name not in known and any(row.connector == connector for row in gone)
        }
        renames = _pairs(gone, accounts)
        for each in renames:
            self.rename(each.old, each.new)
        return renames

    def pause(self, id: str, why: Pause, reason: str) -> None:
        """Lets the connection rest until ``resume``. ``reason`` is shown to people and holds no personal data."""
        with self._db.write() as c:
            _set(c, _load(c, id).id, paused=why.value, pause_reason=reason)

    def resume(self, id: str) -> None:
        """Lets the connection go on."""
        with self._db.write() as c:
            _set(c, _load(c, id).id, paused=None, pause_reason=None)

    def _insert(self, c: Connection, name: str, connector: str) -> ConnectionRow:
        taken = set(c.execute(select(connection.c.id)).scalars())
        row = {"id": _free_id(name, taken), "name": name, "connector": connector, "created_at": self._db.stamp()}
        c.execute(insert(connection), row)
        return _load(c, row["id"])


def _pairs(gone: Sequence[ConnectionRow], accounts: dict[str, tuple[str, str | None]]) -> list[Rename]:
    pairs = []
    for row in gone:
        account = (row.connector, row.account_id)
        names = [name for name, found in accounts.items() if found == account]
        rivals = [other for other in gone if (other.connector, other.account_id) == account]
        if len(names) == 1 and len(rivals) == 1:
            pairs.append(Rename(row.id, row.name, names[0]))
    return pairs


def _free_id(name: str, taken: Collection[str]) -> str:
    """The name as lower-case ASCII with dashes; with a number behind when another connection has it."""
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", ascii_name)[:60].strip("-") or "connection"
    found, number = slug, 1
    while found in taken:
        number += 1
        found = f"{slug}-{number}"
    return found


def _find(c: Connection, name: str) -> ConnectionRow | None:
    row = c.execute(select(connection).where(connection.c.name == name)).mappings().one_or_none()
    return _row(row) if row else None


def _load(c: Connection, id: str) -> ConnectionRow:
    row = c.execute(select(connection).where(connection.c.id == id)).mappings().one_or_none()
    if row is None:
        raise ConfigError(f"There is no connection with the id {id!r}.")
    return _row(row)


def _set(c: Connection, id: str, **values: str | None) -> None:
    c.execute(update(connection).where(connection.c.id == id).values(values))


def _row(row: RowMapping) -> ConnectionRow:
    return ConnectionRow(
        id=row["id"],
        name=row["name"],
        connector=row["connector"],
        account_id=row["account_id"],
        account_name=row["account_name"],
        paused=Pause(row["paused"]) if row["paused"] else None,
        pause_reason=row["pause_reason"] or "",
        created_at=parse_stamp(row["created_at"]),
    )
