"""Secrets: kept encrypted, bound to their names, opened by the right key only, and never shown by accident."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import select, update

from connectors.core.protocols import Token, TokenStore
from mapping.errors import ConfigError
from state.database import Database
from state.tables import vault as table
from state.tokens import VaultTokenStore
from state.vault import Vault
from tests.state.clock import Clock

SECRET = "shpat_0123456789"


def key() -> str:
    return Fernet.generate_key().decode()


@pytest.fixture
def vault(database: Database, tmp_path: Path) -> Vault:
    return Vault(database, tmp_path, {})


def stored(db: Database) -> dict[str, bytes]:
    with db.read() as c:
        return {row.name: row.secret for row in c.execute(select(table.c.name, table.c.secret))}


def test_a_wrong_key_opens_nothing_adds_nothing_and_says_so(database: Database, tmp_path: Path) -> None:
    Vault(database, tmp_path, {"CONCORD_KEY": key()}).set("shop_token", SECRET)
    before = stored(database)
    wrong = Vault(database, tmp_path, {"CONCORD_KEY": key()})
    attempts: list[Callable[[], object]] = [
        lambda: wrong.get("shop_token"),
        lambda: wrong.set("other", SECRET),
        wrong.rotate,
    ]
    for attempt in attempts:
        with pytest.raises(ConfigError, match="does not open 'shop_token'") as caught:
            attempt()
        assert SECRET not in str(caught.value)
    assert stored(database) == before


@pytest.mark.parametrize("malformed", ["secret", "secret,", f"{'A' * 43}=,secret"])
def test_a_malformed_key_is_refused_without_being_quoted(database: Database, tmp_path: Path, malformed: str) -> None:
    with pytest.raises(ConfigError, match="not a key") as caught:
        Vault(database, tmp_path, {"CONCORD_KEY": malformed}).set("shop_token", SECRET)
    assert "secret" not in str(caught.value)


def test_a_lost_key_file_is_not_replaced_by_a_new_one(vault: Vault, tmp_path: Path) -> None:
    vault.set("shop_token", SECRET)
    (tmp_path / "vault.key").unlink()
    attempts: list[Callable[[], object]] = [lambda: vault.get("shop_token"), lambda: vault.set("other", SECRET)]
    for attempt in attempts:
        with pytest.raises(ConfigError, match="key is missing"):
            attempt()
    assert not (tmp_path / "vault.key").exists()


def test_who_lost_the_key_can_remove_and_set_anew(vault: Vault, tmp_path: Path) -> None:
    vault.set("shop_token", SECRET)
    (tmp_path / "vault.key").unlink()
    assert vault.remove("shop_token")
    vault.set("shop_token", "another")
    assert vault.get("shop_token") == "another"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_a_key_file_that_others_may_read_is_refused(vault: Vault, tmp_path: Path, mode: int) -> None:
    vault.set("shop_token", SECRET)
    (tmp_path / "vault.key").chmod(mode)
    with pytest.raises(ConfigError, match="chmod 600"):
        vault.get("shop_token")


def test_a_key_file_that_cannot_be_written_is_named(database: Database, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be written"):
        Vault(database, tmp_path / "nowhere", {}).set("shop_token", SECRET)


def test_a_ciphertext_moved_to_another_name_does_not_open(vault: Vault, database: Database) -> None:
    vault.set("mine", SECRET)
    vault.set("theirs", "other")
    with database.write() as c:
        c.execute(update(table).where(table.c.name == "theirs").values(secret=stored(database)["mine"]))
    with pytest.raises(ConfigError, match="does not open 'theirs'"):
        vault.get("theirs")


@pytest.mark.parametrize("name", ["", "two words", "token:shop", "x" * 181])
def test_a_name_that_is_none_is_refused(vault: Vault, name: str) -> None:
    with pytest.raises(ConfigError, match="name"):
        vault.set(name, SECRET)


def test_a_rotation_that_is_cut_off_loses_no_secret(
    vault: Vault, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault.set("shop_token", SECRET)

    class Cut(BaseException):
        pass

    def cut(*_: object, **__: object) -> None:
        raise Cut

    for _ in range(3):
        with monkeypatch.context() as patch:
            patch.setattr("state.vault._seal", cut)
            with pytest.raises(Cut):
                vault.rotate()
        assert vault.get("shop_token") == SECRET
    vault.rotate()
    assert vault.get("shop_token") == SECRET
    assert len((tmp_path / "vault.key").read_text().split()) == 2


def test_rotating_the_key_file_changes_every_ciphertext_and_no_secret(
    vault: Vault, database: Database, tmp_path: Path
) -> None:
    vault.set("a", SECRET)
    vault.set("b", "other")
    before, old_key = stored(database), (tmp_path / "vault.key").read_text()
    assert vault.rotate() == 2
    assert {name: vault.get(name) for name in vault.names()} == {"a": SECRET, "b": "other"}
    assert not set(stored(database).values()) & set(before.values())
    old = Vault(database, tmp_path, {"CONCORD_KEY": old_key.strip()})
    with pytest.raises(ConfigError):
        old.get("a")


def test_rotating_keys_of_the_environment_lets_the_old_one_go(database: Database, tmp_path: Path) -> None:
    old, new = key(), key()
    Vault(database, tmp_path, {"CONCORD_KEY": old}).set("a", SECRET)
    both = Vault(database, tmp_path, {"CONCORD_KEY": f"{new}, {old}"})
    assert both.get("a") == SECRET
    assert both.rotate() == 1
    assert Vault(database, tmp_path, {"CONCORD_KEY": new}).get("a") == SECRET
    assert not (tmp_path / "vault.key").exists()


def test_secrets_are_kept_listed_by_name_replaced_and_removed(vault: Vault) -> None:
    assert vault.get("shop_token") is None
    vault.set("shop_token", SECRET)
    vault.set("crm", "ü" * 1000)
    vault.set("shop_token", "newer")
    assert vault.names() == ["crm", "shop_token"]
    assert vault.get("shop_token") == "newer"
    assert vault.remove("shop_token")
    assert not vault.remove("shop_token")
    assert vault.names() == ["crm"]


def test_nothing_secret_lies_in_the_database_or_in_a_repr(vault: Vault, database: Database, tmp_path: Path) -> None:
    vault.set("shop_token", SECRET)
    token = Token(access=SECRET, refresh=SECRET, extra={"id": SECRET})
    text = (tmp_path / "vault.key").read_text().strip()
    assert SECRET.encode() not in b"".join(stored(database).values())
    shown = repr((vault, token, database, VaultTokenStore(vault, "shop")))
    assert SECRET not in shown
    assert text not in shown


def test_the_key_file_is_made_for_its_owner_only(vault: Vault, tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        vault.set("shop_token", SECRET)
        vault.rotate()
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "vault.key").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.glob("vault*")] == ["vault.key"]


def test_a_token_is_swapped_only_by_who_knows_the_newest(vault: Vault) -> None:
    store: TokenStore = VaultTokenStore(vault, "shop")
    assert store.load() is None
    assert store.swap(None, Token("one", "r1"))
    assert not store.swap(None, Token("blind", "r"))
    first = store.load()
    assert first is not None
    assert store.swap(first, Token("two", "r2"))
    assert not store.swap(first, Token("late", "r"))
    second = store.load()
    assert second is not None
    assert (second.access, second.refresh, second.revision) == ("two", "r2", first.revision + 1)


def test_a_token_comes_back_as_it_was(vault: Vault) -> None:
    store = VaultTokenStore(vault, "shop")
    token = Token("a", "r", datetime(2026, 11, 23, 12, tzinfo=UTC), 1, {"scope": "read write"})
    store.swap(None, token)
    assert store.load() == token
    assert VaultTokenStore(vault, "other").load() is None
    assert vault.names() == []


def test_a_token_keeps_its_revision_when_the_key_rotates(vault: Vault) -> None:
    store = VaultTokenStore(vault, "shop")
    store.swap(None, Token("a"))
    before = store.load()
    vault.rotate()
    assert store.load() == before


def test_one_process_at_a_time_refreshes_and_a_dead_one_blocks_nobody_for_long(
    database_url: str, tmp_path: Path
) -> None:
    clock = Clock()
    db = Database(database_url, now=clock)
    one, two = (VaultTokenStore(Vault(db, tmp_path, {}), "shop") for _ in range(2))
    assert one.lock(60)
    assert not two.lock(60)
    two.unlock()
    assert not two.lock(60)
    one.unlock()
    assert two.lock(60)
    clock.pass_by(61)
    assert one.lock(60)
    two.unlock()
    assert not two.lock(60)
    db.close()
