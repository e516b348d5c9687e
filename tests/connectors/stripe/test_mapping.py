"""What Stripe's objects become: amounts to the last place, and nothing that is only likely."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from connectors.stripe import amounts
from connectors.stripe.sources import SOURCES
from mapping.errors import RecordError
from mapping.model import MODELS
from tests.connectors.stripe.till import Till, entities, records


def mapped(till: Till, stream: str, id_: str) -> dict[str, dict[str, Any]]:
    """What a record of a new reading becomes, by part; each is valid."""
    opened = till.open(stream)
    made = entities(opened, records(till.read(stream))[id_])
    for rules in opened.rules:
        if rules.name in made:
            MODELS[rules.kind].model_validate(made[rules.name])
    return made


@pytest.mark.parametrize("amount", [1.5, "ten", True, [], "NaN", "Infinity", "1e999999999", {}])
def test_what_is_no_amount_costs_the_record(till: Till, amount: Any) -> None:
    with pytest.raises(RecordError):
        amounts.text(amount, "eur")
    id_ = till.ledger.charge(500)
    till.ledger.objects[id_]["amount"] = amount
    good = till.ledger.charge(600)
    (page,) = till.read()
    assert [(error.remote_id, one.remote_id) for error, one in zip(page.errors, page.records, strict=True)] == [
        (id_, good)
    ]


@pytest.mark.parametrize("stream", SOURCES)
@pytest.mark.parametrize("broken", [{"created": None}, {"livemode": None, "created": 10**30}, {"currency": 7}])
def test_an_object_of_another_shape_costs_itself_only(till: Till, stream: str, broken: dict[str, Any]) -> None:
    who = till.ledger.customer("kim@plum.example")
    made = {"customers": who, "charges": till.ledger.charge(500), "invoices": till.ledger.invoice(who, 500)}
    id_ = (made | {"subscriptions": till.ledger.subscribe(who, 500)})[stream]
    till.ledger.objects[id_].update(broken)
    (page,) = till.read(stream)
    if stream == "customers" and "currency" in broken:
        assert page.records, "a customer has no amounts"
        return
    assert ([error.remote_id for error in page.errors], page.records) == ([id_], [])
    assert "7" not in str(page.errors[0])


@pytest.mark.parametrize(
    ("amount", "currency", "worth"),
    [
        *((1_000, "eur", "10.00"), (1, "usd", "0.01"), (0, "usd", "0.00"), (-250, "gbp", "-2.50")),
        *((500, "jpy", "500"), (500, "krw", "500"), (7, "xof", "7"), (7, "mga", "7")),
        *((5_120, "kwd", "5.120"), (10, "TND", "0.010"), (500, "isk", "5.00"), (500, "ugx", "5.00")),
        *((100, "huf", "1.00"), ("0.5", "usd", "0.005"), (12_345_678_901_234_567, "usd", "123456789012345.67")),
    ],
)
def test_an_amount_has_the_places_of_its_currency(amount: Any, currency: str, worth: str) -> None:
    assert amounts.text(amount, currency) == worth


def test_a_charge_is_a_payment_with_its_refunds(till: Till) -> None:
    who = till.ledger.customer("kim@plum.example")
    id_ = till.ledger.charge(10_000, "kwd", who, description="Order 17", metadata={"order_id": "17"})
    second = till.clock.now()
    back = [till.ledger.refund(id_, 10, "requested_by_customer"), till.ledger.refund(id_, 2_500)]
    undone = till.ledger.refund(id_, 500)
    till.ledger.fail_refund(undone)
    payment = mapped(till, "charges", id_)["payment"]
    intent = till.ledger.objects[id_]["payment_intent"]
    at = f"{second:%Y-%m-%dT%H:%M:%SZ}"
    assert payment == {
        "key": f"stripe:charge:{id_}",
        "number": id_,
        "at": at,
        "total": "10.000",
        "refunded": "2.510",
        "refunds": [
            {"key": f"stripe:refund:{back[1]}", "at": at, "amount": "2.500"},
            {"key": f"stripe:refund:{back[0]}", "at": at, "amount": "0.010", "reason": "requested_by_customer"},
        ],
        "currency": "KWD",
        "status": "succeeded",
        "method": "card",
        "title": "Order 17",
        "failed": False,
        "test": False,
        "aliases": [f"stripe:payment_intent:{intent}"],
        "custom": {"disputed": False, "metadata": {"order_id": "17"}},
        "participants": [{"role": "payer", "ids": [f"stripe:customer:{who}"]}],
    }, "what a shop wrote into the metadata names no order: it may be the order's number, and there are many shops"


@pytest.mark.parametrize(
    ("more", "failed", "refunded"),
    [
        ({"failure_code": "card_declined"}, True, "0.00"),
        ({"captured": False}, True, "0.00"),
        ({"amount_captured": 600}, False, "4.00"),
        ({"amount_captured": 600, "amount_refunded": 400}, False, "4.00"),
        ({"amount_captured": 600, "amount_refunded": 500}, False, "5.00"),
        ({}, False, "0.00"),
    ],
)
def test_what_was_only_held_or_declined_is_no_money(
    till: Till, more: dict[str, Any], failed: bool, refunded: str
) -> None:
    payment = mapped(till, "charges", till.ledger.charge(1_000, **more))["payment"]
    assert (payment["failed"], payment["total"], payment["refunded"]) == (failed, "10.00", refunded)


def test_money_waited_for_has_not_come(till: Till) -> None:
    id_ = till.ledger.charge(1_000)
    till.ledger.change(id_, status="pending", paid=False)
    assert mapped(till, "charges", id_)["payment"]["failed"] is True


def test_a_dispute_takes_the_money_back_only_when_it_is_lost(till: Till) -> None:
    id_ = till.ledger.charge(1_000)
    till.ledger.refund(id_, 200)
    dispute = till.ledger.dispute(id_)
    assert mapped(till, "charges", id_)["payment"]["refunded"] == "2.00"
    till.ledger.objects[dispute]["amount"] = 800
    till.ledger.close(dispute, "lost")
    payment = mapped(till, "charges", id_)["payment"]
    assert (payment["refunded"], payment["custom"]["disputed"]) == ("10.00", True)
    assert payment["refunds"][-1] | {"at": ""} == {
        "key": f"stripe:dispute:{dispute}",
        "at": "",
        "amount": "8.00",
        "reason": "dispute: fraudulent",
    }
    till.ledger.close(dispute, "won")
    assert mapped(till, "charges", id_)["payment"]["refunded"] == "2.00"


def test_what_a_test_key_reads_moved_no_money() -> None:
    with Till(livemode=False) as till:
        who = till.ledger.customer("kim@plum.example")
        invoice, subscription = till.ledger.invoice(who, 500), till.ledger.subscribe(who, 500)
        assert mapped(till, "charges", till.ledger.pay(invoice))["payment"]["test"] is True
        assert mapped(till, "invoices", invoice)["invoice"]["test"] is True
        assert mapped(till, "subscriptions", subscription)["subscription"]["test"] is True


def test_a_guest_is_a_person_of_their_own_and_a_name_alone_is_nobody(till: Till) -> None:
    address = {"line1": "Lindelaan 1", "line2": None, "city": "Ede", "country": "NL", "postal_code": "6711"}
    billing = {"email": "Kim@Plum.example", "name": "Kim Plum", "phone": None, "address": address}
    guest = till.ledger.charge(1_000, billing_details=billing)
    assert mapped(till, "charges", guest)["payer"] == {
        "name": "Kim Plum",
        "given_name": "Kim",
        "family_name": "Plum",
        "email": "kim@plum.example",
        "address": {"street": "Lindelaan 1", "locality": "Ede", "postal_code": "6711", "country": "NL"},
        "source": "stripe",
    }
    receipt = till.ledger.charge(1_000, receipt_email="ann@plum.example")
    assert mapped(till, "charges", receipt)["payer"]["email"] == "ann@plum.example"
    who = till.ledger.customer("kim@plum.example")
    for nobody in ({"billing_details": {**billing, "email": None}}, {"billing_details": billing, "customer": who}):
        assert set(mapped(till, "charges", till.ledger.charge(1_000, **nobody))) == {"payment"}


def test_no_card_and_no_open_link_is_stored(till: Till) -> None:
    who = till.ledger.customer("kim@plum.example", default_source="card_1")
    till.ledger.charge(1_000, source={"id": "card_1", "last4": "4242"}, customer=who)
    till.ledger.invoice(who, 1_000)
    for stream in SOURCES:
        text = json.dumps([dict(one.body) for one in records(till.read(stream)).values()])
        assert not [hidden for hidden in ("4242", "fingerprint", "pay.stripe.example", "card_1") if hidden in text]


def test_an_invoice_names_the_charge_that_paid_it_and_the_charge_the_invoice(till: Till) -> None:
    who = till.ledger.customer("kim@plum.example", "Kim Plum", phone="+31612345678")
    id_ = till.ledger.invoice(who, 2_599, due_date=1_780_000_000)
    unpaid = mapped(till, "invoices", id_)["invoice"]
    assert not {"payments", "paid_at", "cancelled_at"} & unpaid.keys()
    assert unpaid["due_on"] == "2026-05-28"
    charge = till.ledger.pay(id_)
    paid = mapped(till, "invoices", id_)["invoice"]
    assert (paid["key"], paid["total"], paid["payments"]) == (
        f"stripe:invoice:{id_}",
        "25.99",
        [f"stripe:charge:{charge}"],
    )
    assert paid["paid_at"] == f"{till.clock.now():%Y-%m-%dT%H:%M:%SZ}"
    assert paid["participants"] == [
        {
            "role": "buyer",
            "name": "Kim Plum",
            "email": "kim@plum.example",
            "phone": "+31612345678",
            "ids": [f"stripe:customer:{who}"],
        }
    ]
    assert mapped(till, "charges", charge)["payment"]["pays"] == [f"stripe:invoice:{id_}"]


def test_a_draft_is_no_bill_yet_and_a_void_one_is_cancelled(till: Till) -> None:
    who = till.ledger.customer("kim@plum.example")
    draft = till.ledger.invoice(who, 500, status="draft")
    assert mapped(till, "invoices", draft) == {}
    void = till.ledger.invoice(who, 500, status="void")
    till.ledger.objects[void]["status_transitions"]["voided_at"] = 1_780_000_000
    assert mapped(till, "invoices", void)["invoice"]["cancelled_at"] == "2026-05-28T20:26:40Z"


@pytest.mark.parametrize(
    ("status", "won"),
    [
        *(("active", True), ("past_due", True), ("canceled", False), ("unpaid", False), ("incomplete_expired", False)),
        *(("trialing", None), ("incomplete", None), ("paused", None)),
    ],
)
def test_a_subscription_is_won_while_it_is_paid_for(till: Till, status: str, won: bool | None) -> None:
    id_ = till.ledger.subscribe(till.ledger.customer("kim@plum.example"), 1_299, status=status)
    deal = mapped(till, "subscriptions", id_)["subscription"]
    assert (deal["stage"], deal.get("won"), deal["pipeline"]) == (status, won, "Subscriptions")
    assert (deal["total"], deal["currency"], deal["title"]) == ("12.99", "EUR", "Wine club")


def test_what_a_subscription_costs_is_the_sum_of_its_items_or_unknown(till: Till) -> None:
    id_ = till.ledger.subscribe(till.ledger.customer("kim@plum.example"), 1_000)
    items = till.ledger.objects[id_]["items"]["data"]
    price = {**items[0]["price"], "unit_amount": None, "unit_amount_decimal": "0.5"}
    items.append({**items[0], "quantity": 300, "price": price})
    total = mapped(till, "subscriptions", id_)["subscription"]["total"]
    assert Decimal(total) == Decimal("11.50")
    till.ledger.objects[id_]["items"]["has_more"] = True
    assert "total" not in mapped(till, "subscriptions", id_)["subscription"], "a part of a price is none"
    till.ledger.objects[id_]["items"]["has_more"] = False
    items.append({**items[0], "price": {**price, "unit_amount_decimal": None}})
    assert "total" not in mapped(till, "subscriptions", id_)["subscription"]


def test_a_customer_with_the_tax_number_of_a_business_is_a_company_too(till: Till) -> None:
    plain = till.ledger.customer("ann@plum.example", "Ann Plum", metadata={"plan": "gold"}, preferred_locales=["nl"])
    assert set(mapped(till, "customers", plain)) == {"customer"}
    person = till.ledger.customer("joao@plum.example", "João", tax_ids=[("br_cpf", "123.456.789-09")])
    assert set(mapped(till, "customers", person)) == {"customer"}
    firm = till.ledger.customer("office@plum.example", "Plum BV", tax_ids=[("eu_vat", "NL123456789B01")])
    made = mapped(till, "customers", firm)
    assert made["company"] == {"name": "Plum BV", "tax_id": "NL123456789B01"}
    assert made["customer"]["ids"] == [f"stripe:customer:{firm}"]
    assert (made["customer"].get("name"), made["customer"]["company"]) == (None, "Plum BV")
    one = mapped(till, "customers", plain)["customer"]
    assert (one["name"], one["language"], one["custom"]) == ("Ann Plum", "nl", {"plan": "gold"})
