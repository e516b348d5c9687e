"""Medusa's orders in canonical words: sums without binary fractions, refunds, payments, and who bought."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.core import shops
from connectors.medusa import mapping
from connectors.medusa.store import Store
from mapping.errors import RecordError
from mapping.mapper import Mapper
from tests.connectors.medusa.till import Till


def parts(till: Till, stream: str = "orders") -> dict[str, dict[str, Any]]:
    """Values by part, of the one record there is."""
    (record,) = till.read(stream).records
    rules = mapping.CUSTOMERS if stream == "customers" else shops.ORDERS
    return {
        one.part.partition(":")[0]: dict(one.values) for one in Mapper(rules, default_country="GB").map(record.body)
    }


def test_an_order_adds_up_to_the_penny(till: Till) -> None:
    till.store.buy(till.store.register("ada@example.com"), "9.99", 3)
    found = parts(till)
    order, payment = found["order"], found["payment"]
    assert [order[name] for name in ("subtotal", "shipping", "tax", "total")] == ["29.97", "5.0", "6.99", "41.96"]
    assert (order["number"], order["currency"]) == ("1", "GBP")
    assert order["lines"] == [{"title": "Lamp", "sku": "LAMP-1", "quantity": "3", "price": "9.99"}]
    assert (payment["total"], payment["pays"], payment["failed"]) == ("41.96", [order["key"]], False)
    assert order["payments"] == [payment["key"]]
    assert order["paid_at"] == "2026-05-04T08:00:00Z"


@pytest.mark.parametrize("price", ["0.1", "0.07", "1234567.89", "1e-7"])
def test_no_amount_passes_through_binary_arithmetic(price: str) -> None:
    with Till(tax=0, currency="kwd") as till:
        till.store.buy(till.store.register("ada@example.com"), price, shipping="0", pay=False)
        order = parts(till)["order"]
    assert order["lines"][0]["price"] == order["total"] == order["subtotal"]
    assert "e" not in order["total"].lower()


def test_a_refund_lowers_the_total_over_there_and_is_counted_once(till: Till) -> None:
    order = till.store.buy(till.store.register("ada@example.com"))
    till.store.refund(order, "4.5", "broken")
    found = parts(till)
    told = found["order"]
    assert (told["total"], told["refunded"], told["custom"]) == ("18.0", "4.5", {"current_total": "13.5"})
    assert told["refunds"] == found["payment"]["refunds"]
    assert told["refunds"][0]["reason"] == "broken"
    till.store.cancel(order)
    told = parts(till)["order"]
    assert (told["total"], told["refunded"], told["status"]) == ("18.0", "18.0", "canceled")
    assert told["cancelled_at"]


def test_what_is_authorized_only_has_brought_nothing(till: Till) -> None:
    order = till.store.buy(till.store.register("ada@example.com"), pay=False)
    payment = till.store.pay(order, take=False)
    found = parts(till)
    assert found["order"]["payments"] == [f"medusa:payment:{payment}"]
    assert "paid_at" not in found["order"]
    assert "payment" not in found
    till.store.orders[order]["payment_collections"][0]["payments"][0]["canceled_at"] = "2026-05-04T08:00:00.000Z"
    found = parts(till)
    assert found["payment"]["failed"] is True
    assert "payments" not in found["order"]


@pytest.mark.parametrize("charge", ["ch_3OaB", {"id": "ch_3OaB"}])
def test_a_payment_at_stripe_goes_by_its_charge(till: Till, charge: Any) -> None:
    till.store.buy(till.store.register("ada@example.com"), data={"id": "pi_3OaC", "latest_charge": charge})
    found = parts(till)
    assert found["order"]["payments"] == [found["payment"]["key"]] == ["stripe:charge:ch_3OaB"]


def test_an_intent_without_its_charge_is_named_and_not_told_of(till: Till) -> None:
    till.store.buy(till.store.register("ada@example.com"), data={"id": "pi_3OaC"})
    found = parts(till)
    assert found["order"]["payments"] == ["stripe:payment_intent:pi_3OaC"]
    assert "payment" not in found


def test_a_guest_is_a_person_out_of_the_order_and_a_company_comes_along(till: Till) -> None:
    guest = till.store.register("kim@plum.example", "", "", account=False)
    place = {"first_name": "Kim", "last_name": "Plum", "company": "Plum Ltd", "phone": "020 7946 0001"}
    till.store.buy(guest, place=place)
    found = parts(till)
    person, company = found["buyer"], found["company"]
    assert (person["given_name"], person["family_name"], person["email"]) == ("Kim", "Plum", "kim@plum.example")
    assert (person["phone"], person["company"]) == ("+442079460001", "Plum Ltd")
    assert (person["ids"], company["ids"]) == ([f"medusa:customer:{guest}"], [f"medusa:company:{guest}"])
    roles = {each["role"]: each["ids"] for each in found["order"]["participants"]}
    assert roles == {"buyer": person["ids"], "company": company["ids"]}


def test_a_guest_whose_record_has_a_name_is_told_of_by_the_customer_alone(till: Till) -> None:
    """A profile an order would be too many for who buys often, and would tell nothing more."""
    till.store.buy(till.store.register("kim@plum.example", "Kim", "Plum", account=False), place={"company": "Plum Ltd"})
    assert set(parts(till)) == {"order", "payment"}


def test_who_has_an_account_is_told_of_by_the_customer_alone(till: Till) -> None:
    customer = till.store.register("kim@plum.example", "Kim", "Plum", company_name="Plum", groups=[{"name": "Trade"}])
    till.store.settle_at(customer, {"address_1": "1 Low Road", "city": "Ede", "country_code": "nl"})
    till.store.buy(customer)
    assert "buyer" not in parts(till)
    found = parts(till, "customers")
    assert found["person"]["address"] == {"street": "1 Low Road", "locality": "Ede", "country": "NL"}
    assert (found["person"]["tags"], found["person"]["company"]) == (["Trade"], "Plum")
    assert found["company"]["ids"] == [f"medusa:company:{customer}"]


@pytest.mark.parametrize("addresses", [7, "Road 1", {"city": "Ede"}, [None, 7]])
def test_addresses_of_another_shape_cost_no_customer(till: Till, addresses: Any) -> None:
    till.store.register("ada@example.com")
    (row,) = till.store.rows("customers")
    assert mapping.customer({**row, "addresses": addresses}).body["email"] == "ada@example.com"


def test_a_draft_is_a_deal(till: Till) -> None:
    till.store.buy(till.store.register("kim@plum.example"), draft=True)
    found = parts(till, "draft_orders")
    assert set(found) == {"cart"}
    assert (found["cart"]["stage"], found["cart"]["total"]) == ("draft", "18.0")
    assert found["cart"]["key"].startswith("medusa:draft_order:order_")


@pytest.mark.parametrize(
    "wrong",
    [
        {"total": None},
        {"total": True},
        {"total": "1e999999999"},
        {"total": "Infinity"},
        {"tax_total": "some"},
        {"payment_collections": [{"payments": [{"id": "1"}]}]},
    ],
)
def test_an_order_whose_amounts_cannot_be_read_is_no_order_of_nothing(wrong: dict[str, Any]) -> None:
    store = Store()
    store.buy(store.register("ada@example.com"))
    (row,) = store.rows("orders")
    assert mapping.order(row).body["_order"]["total"] == "18.0"
    with pytest.raises(RecordError) as refused:
        mapping.order({**row, **wrong})
    assert refused.value.remote_id == row["id"]
    with pytest.raises(RecordError):
        mapping.draft({**row, "total": None})
