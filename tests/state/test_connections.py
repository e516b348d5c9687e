"""Connections keep their identity through renames, and never mix two accounts."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from mapping.contract import Account
from mapping.errors import ConfigError
from state import audit
from state.connections import Connections, Pause, Rename
from state.database import Database
from state.tables import connection

ACME = Account("acme.example", "Acme")
OTHER = Account("other.example", "Other")


@pytest.fixture
def connections(database: Database) -> Connections:
    return Connections(database)


def rows(db: Database) -> list[tuple[object, ...]]:
    with db.read() as c:
        return [tuple(row) for row in c.execute(select(connection).order_by(connection.c.id))]


def test_another_account_under_the_same_name_is_refused_and_nothing_written(
    connections: Connections, database: Database
) -> None:
    shop = connections.ensure("shop", "shopify")
    connections.bind(shop.id, ACME)
    before = rows(database)
    with pytest.raises(ConfigError, match="concord rebind shop") as caught:
        connections.bind(shop.id, OTHER)
    assert "example" not in str(caught.value)
    assert rows(database) == before


def test_a_name_does_not_pass_to_another_connector(connections: Connections) -> None:
    connections.ensure("shop", "shopify")
    with pytest.raises(ConfigError, match="another name"):
        connections.ensure("shop", "magento")


def test_a_taken_or_unknown_name_is_no_rename(connections: Connections) -> None:
    connections.ensure("shop", "shopify")
    connections.ensure("crm", "hubspot")
    with pytest.raises(ConfigError, match="already"):
        connections.rename("shop", "crm")
    with pytest.raises(ConfigError, match="no connection 'nobody'"):
        connections.rename("nobody", "shop2")


def test_an_unknown_id_is_refused(connections: Connections) -> None:
    with pytest.raises(ConfigError, match="no connection with the id"):
        connections.pause("nobody", Pause.ADMIN, "")


def test_the_first_account_binds_and_then_confirms_without_writing(connections: Connections) -> None:
    shop = connections.ensure("shop", "shopify")
    assert shop.account_id is None
    bound = connections.bind(shop.id, ACME)
    assert (bound.account_id, bound.account_name) == (ACME.id, ACME.name)
    assert connections.bind(shop.id, Account(ACME.id, "Acme Ltd")) == bound


def test_a_rebind_is_recorded_and_ends_the_rest_it_was_asked_for(connections: Connections, database: Database) -> None:
    shop = connections.ensure("shop", "shopify")
    connections.bind(shop.id, ACME)
    connections.pause(shop.id, Pause.ACCOUNT, "another account")
    rebound = connections.rebind(shop.id, OTHER, "cli")
    assert (rebound.account_id, rebound.paused) == (OTHER.id, None)
    assert connections.bind(shop.id, OTHER) == rebound
    assert [(entry.what, entry.ids) for entry in audit.events(database)] == [("rebound", {"connection": shop.id})]


def test_a_rebind_does_not_wake_what_the_admin_put_to_rest(connections: Connections) -> None:
    shop = connections.ensure("shop", "shopify")
    connections.pause(shop.id, Pause.ADMIN, "stocktaking")
    assert connections.rebind(shop.id, ACME, "cli").paused is Pause.ADMIN


def test_ids_are_readable_unique_and_never_given_twice(connections: Connections) -> None:
    first = connections.ensure("Café Shop", "shopify")
    assert first.id == "cafe-shop"
    assert connections.ensure("Café Shop", "shopify") == first
    connections.rename("Café Shop", "Old")
    assert connections.ensure("Cafe shop!", "shopify").id == "cafe-shop-2"
    assert connections.ensure("店", "shopify").id == "connection"
    assert len(connections.ensure("x" * 200, "shopify").id) <= 80
    assert [row.name for row in connections.all()] == sorted(["Old", "Cafe shop!", "店", "x" * 200])


def test_a_rename_keeps_everything_but_the_name(connections: Connections) -> None:
    shop = connections.ensure("shop", "shopify")
    bound = connections.bind(shop.id, ACME)
    renamed = connections.rename("shop", "store")
    assert renamed.name == "store"
    assert (renamed.id, renamed.account_id, renamed.created_at) == (bound.id, bound.account_id, bound.created_at)
    assert connections.get("shop") is None
    assert connections.get("store") == renamed


def test_pauses_have_a_reason_and_end(connections: Connections) -> None:
    shop = connections.ensure("shop", "shopify")
    connections.pause(shop.id, Pause.AUTH, "the token was revoked")
    paused = connections.get("shop")
    assert paused is not None
    assert (paused.paused, paused.pause_reason) == (Pause.AUTH, "the token was revoked")
    connections.resume(shop.id)
    assert connections.get("shop") == shop


def seen(connections: Connections, *names: str, account: Account = ACME) -> None:
    for name in names:
        connections.bind(connections.ensure(name, "shopify").id, account)


def test_a_new_name_for_a_vanished_connection_of_the_same_account_keeps_it(connections: Connections) -> None:
    seen(connections, "shop")
    found = connections.follow_renames([("store", "shopify")], lambda name: ACME.id)
    assert found == [Rename("shop", "shop", "store")]
    assert connections.ensure("store", "shopify").id == "shop"


@pytest.mark.parametrize(
    ("configured", "account"),
    [
        ([("store", "shopify")], OTHER.id),  # another account
        ([("store", "shopify")], None),  # an account that cannot be known now
        ([("store", "magento")], ACME.id),  # another connector
        ([("shop", "shopify"), ("store", "shopify")], ACME.id),  # nothing vanished
        ([("store", "shopify"), ("store2", "shopify")], ACME.id),  # which of the two?
    ],
)
def test_a_doubtful_rename_is_a_new_connection(
    connections: Connections, configured: list[tuple[str, str]], account: str | None
) -> None:
    seen(connections, "shop")
    assert connections.follow_renames(configured, lambda name: account) == []
    assert connections.get("shop") is not None


def test_two_vanished_connections_of_one_account_are_not_guessed_at(connections: Connections) -> None:
    seen(connections, "a", "b")
    assert connections.follow_renames([("c", "shopify")], lambda name: ACME.id) == []


def test_nobody_is_asked_for_an_account_while_nothing_vanished(connections: Connections) -> None:
    seen(connections, "shop")
    asked: list[str] = []

    def account_of(name: str) -> str:
        asked.append(name)
        return ACME.id

    configured = [("shop", "shopify"), ("store", "shopify")]
    assert connections.follow_renames(configured, account_of) == []
    assert asked == []


def test_a_second_account_has_a_word_of_its_own_unless_the_vendor_gives_no_id_twice(connections: Connections) -> None:
    words: dict[str, list[str]] = {}
    for connector, unique in (("odoo", False), ("stripe", True)):
        for name, account in (("one", ACME), ("two", OTHER)):
            row = connections.ensure(f"{connector} {name}", connector)
            connections.bind(row.id, account)
            word = connections.word(row.id, preceded=name == "two", unique=unique)
            assert connections.word(row.id, preceded=True) == word, "what was decided stays"
            words.setdefault(connector, []).append(word)
    assert words["odoo"][0] == "odoo"
    assert words["odoo"][1].startswith("odoo.")
    assert words["stripe"] == ["stripe", "stripe"]
