"""Stripe behind a hub: an export and the API are one, two accounts share their ids, and a guest is a customer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from shutil import copyfile
from typing import Any

import pytest

from connectors.stripe.sandbox import KEY, Key, Ledger
from tests.connectors.rig import Clock
from tests.connectors.stripe.till import Till
from tests.sync.hubs import Stage, members, stream, values

KIM = "kim@plum.example"
HEADER = (
    "id,Created (UTC),Amount,Amount Refunded,Currency,Status,Description,Customer ID,Customer Email,"
    "Payment Source Type,Captured,Seller Message,Card Last4\n"
)


@pytest.fixture
def firm() -> Iterator[Till]:
    # The hub has a clock of its own, and so has the vendor; both begin on the same day.
    with Till(Clock(datetime(2026, 6, 1, 12, tzinfo=UTC))) as till:
        yield till


@pytest.fixture
def stage(tmp_path: Path, sqlite_template: Path, firm: Till) -> Iterator[Stage]:
    """A hub that reads Stripe, and exports of Stripe's."""
    copyfile(sqlite_template, tmp_path / "hub.db")
    made = Stage(tmp_path, f"sqlite:///{tmp_path / 'hub.db'}")
    made.settings["connections"] = {"till": {"connector": "stripe", "config": dict(firm.server.settings)}}
    (tmp_path / "exports").mkdir()
    made.settings["connections"]["exports"] = {"connector": "files", "config": {"path": str(tmp_path / "exports")}}
    made.configure()
    yield made
    made.close()


def export(firm: Till, charge: str) -> str:
    """The charge as Stripe's export of payments has it."""
    told = firm.ledger.objects[charge]
    created = datetime.fromtimestamp(told["created"], UTC)
    row = [
        charge, f"{created:%Y-%m-%d %H:%M:%S}", f"{told['amount'] / 100:.2f}", f"{told['amount_refunded'] / 100:.2f}",
        told["currency"], "Paid", told["description"] or "", told["customer"] or "", KIM, "card", "true",
        "Payment complete.", "4242",
    ]  # fmt: skip
    return HEADER + ",".join(row) + "\n"


def payments(stage: Stage) -> dict[str, dict[str, Any]]:
    """The payments by key, as they are kept."""
    found = [row for row in stage.rows("entity") if row["kind"] == "payment"]
    told = [row["values"] if isinstance(row["values"], dict) else json.loads(row["values"]) for row in found]
    return {one["key"]: one for one in told}


def test_a_charge_in_an_export_and_over_the_api_is_one_fact_of_one_customer(stage: Stage, firm: Till) -> None:
    who = firm.ledger.customer(KIM, "Kim Plum")
    charge = firm.ledger.charge(2_599, customer=who, description="Order 17")
    firm.ledger.refund(charge, 500)
    (stage.folder / "exports" / "payments.csv").write_text(export(firm, charge))
    assert stage.sync().ok
    one = stage.customer(KIM)
    assert members(one) == sorted([f"till/customers {who} customer", f"exports/stripe_payments {charge} payer"])
    (item,) = stage.hub.timeline(one.id)
    assert (item.key, item.sources) == (f"stripe:charge:{charge}", ["exports/stripe_payments", "till/charges"])
    assert len(stage.rows("fact")) == 1
    before = {name: stage.dump()[name] for name in ("raw_record", "fact", "customer", "entity")}
    assert stage.sync(full=True).ok
    assert {name: stage.dump()[name] for name in before} == before


def test_export_and_api_say_the_same_of_a_charge(stage: Stage, firm: Till) -> None:
    charge = firm.ledger.charge(2_599, customer=firm.ledger.customer(KIM, "Kim Plum"), description="Order 17")
    firm.ledger.refund(charge, 500)
    assert stage.sync("till").ok
    over_the_api = payments(stage)[f"stripe:charge:{charge}"]
    (stage.folder / "exports" / "payments.csv").write_text(export(firm, charge))
    assert stage.sync("exports").ok
    found = [row for row in stage.rows("entity") if row["kind"] == "payment"]
    told = [row["values"] if isinstance(row["values"], dict) else json.loads(row["values"]) for row in found]
    (exported,) = [one for one in told if "aliases" not in one]
    alike = ("key", "number", "at", "total", "refunded", "currency", "method", "title")
    assert {name: exported[name] for name in alike} == {name: over_the_api[name] for name in alike}


def test_a_second_account_has_the_same_keys_as_a_shop_would_name(stage: Stage, firm: Till) -> None:
    other = Ledger("acct_1Other", now=firm.clock.now)
    firm.server.ledgers[other.account, True] = other
    firm.server.keys["rk_live_other"] = Key(other.account)
    for _ in range(5):
        other._add("x", "nothing")  # so that the ids differ, as Stripe's do
    theirs = other.charge(700, receipt_email="ann@plum.example")
    ours = firm.ledger.charge(800, receipt_email=KIM)
    config = {**firm.server.settings, "api_key": "rk_live_other"}
    stage.settings["connections"]["second"] = {"connector": "stripe", "config": config}
    stage.configure()
    assert stage.sync().ok
    assert set(payments(stage)) == {f"stripe:charge:{ours}", f"stripe:charge:{theirs}"}


def test_a_guest_who_pays_is_a_customer_with_the_payment_on_the_timeline(stage: Stage, firm: Till) -> None:
    billing = {"email": KIM, "name": "Kim Plum", "phone": None, "address": None}
    first, second = (firm.ledger.charge(amount, billing_details=billing) for amount in (500, 700))
    assert stage.sync().ok
    one = stage.customer(KIM)
    assert values(one)["name"] == "Kim Plum"
    assert {item.key for item in stage.hub.timeline(one.id)} == {f"stripe:charge:{id_}" for id_ in (first, second)}


def test_what_is_sold_and_paid_stands_on_the_timeline_of_the_customer(stage: Stage, firm: Till) -> None:
    who = firm.ledger.customer(KIM, "Kim Plum")
    invoice = firm.ledger.invoice(who, 900)
    subscription = firm.ledger.subscribe(who, 900)
    assert stage.sync().ok
    firm.clock.advance(120)
    charge = firm.ledger.pay(invoice)
    assert stage.sync().ok
    keys = {item.key for item in stage.hub.timeline(stage.customer(KIM).id)}
    assert keys == {f"stripe:invoice:{invoice}", f"stripe:subscription:{subscription}", f"stripe:charge:{charge}"}


def test_a_customer_who_is_deleted_there_is_no_record_here(stage: Stage, firm: Till) -> None:
    who, charge = firm.ledger.customer(KIM, "Kim Plum"), ""
    charge = firm.ledger.charge(500, customer=who)
    assert stage.sync().ok
    firm.clock.advance(120)
    firm.ledger.delete(who)
    assert stream(stage.sync(), "till/customers").gone == 1
    assert stage.customers() == []
    assert list(payments(stage)) == [f"stripe:charge:{charge}"]


def test_events_that_were_forgotten_are_made_up_for_by_a_whole_reading(stage: Stage, firm: Till) -> None:
    who, kept = firm.ledger.customer(KIM, "Kim Plum"), firm.ledger.customer("ann@plum.example", "Ann Peach")
    firm.ledger.customer("eva@plum.example", "Eva Pear")
    assert stage.sync().ok
    firm.ledger.delete(who)
    firm.ledger.change(kept, name="Ann Plum")
    for advance in (firm.clock.advance, stage.clock.sleep):
        advance(31 * 86_400)
    told = stream(stage.sync(), "till/customers")
    assert "30 days" in told.message
    assert sorted(values(one)["name"] for one in stage.customers()) == ["Ann Plum", "Eva Pear"]


def test_a_stream_that_the_key_may_not_read_leaves_the_others(stage: Stage, firm: Till) -> None:
    firm.server.keys[KEY] = Key(firm.ledger.account, lacks=frozenset({"invoices"}))
    firm.ledger.customer(KIM, "Kim Plum")
    report = stage.sync()
    assert not report.ok
    assert "permission" in stream(report, "till/invoices").message
    assert len(stage.customers()) == 1
