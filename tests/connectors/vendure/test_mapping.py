"""Vendure's orders in canonical words: sums, refunds, payments, and who bought."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.core import shops
from connectors.vendure import mapping
from connectors.vendure.shop import Shop
from mapping.errors import RecordError
from mapping.mapper import Mapper
from tests.connectors.vendure.counter import Counter


def parts(counter: Counter, stream: str = "orders") -> dict[str, dict[str, Any]]:
    """Values by part, of the one record there is."""
    (record,) = counter.read(stream).records
    rules = shops.ORDERS if stream == "orders" else mapping.CUSTOMERS
    return {one.part: dict(one.values) for one in Mapper(rules, default_country="GB").map(record.body)}


def amounts(order: dict[str, Any]) -> list[str]:
    return [order[name] for name in ("subtotal", "shipping", "tax", "discount", "total")]


def test_an_order_adds_up(counter: Counter) -> None:
    counter.shop.buy(counter.shop.register("ada@example.com"), 999, 3, discount=100)
    found = parts(counter)
    order, payment = found["order"], found["payment:vendure:payment:1"]
    assert amounts(order) == ["28.97", "5.00", "6.79", "1.00", "40.76"]
    assert (order["key"], order["number"], order["currency"]) == ("vendure:order:1", "SANDBOX000000001", "GBP")
    assert order["lines"] == [{"title": "Lamp", "sku": "LAMP-1", "quantity": "3", "price": "9.99"}]
    assert order["paid_at"] == order["at"] == "2026-05-04T08:00:00Z"
    assert (payment["total"], payment["pays"], payment["failed"]) == ("40.76", ["vendure:order:1"], False)
    assert order["payments"] == ["vendure:payment:1"]
    buyer = {"role": "buyer", "name": "Ada Castro", "email": "ada@example.com", "ids": ["vendure:customer:1"]}
    assert order["participants"] == [buyer]


@pytest.mark.parametrize(("precision", "total"), [(0, "1800"), (2, "18.00"), (3, "1.800")])
def test_the_shop_says_how_many_decimals_its_money_has_whatever_the_currency(precision: int, total: str) -> None:
    with Counter(currency="JPY", precision=precision) as counter:
        counter.shop.buy(counter.shop.register("ada@example.com"))
        order = parts(counter)["order"]
    assert (order["currency"], order["total"]) == ("JPY", total)


def test_a_cancelled_order_keeps_what_was_charged_and_its_refund_is_counted_once(counter: Counter) -> None:
    """Over there its total falls to the shipping, and a refund is given beside it."""
    order = counter.shop.buy(counter.shop.register("ada@example.com"))
    counter.clock.advance(60)
    counter.shop.cancel(order)
    counter.shop.refund(order, 1800, "no longer wanted")
    found = parts(counter)
    told = found["order"]
    assert (told["total"], told["refunded"]) == ("18.00", "18.00")
    assert told["custom"] == {"current_total": "6.00"}
    assert told["cancelled_at"] == "2026-05-04T08:01:00Z"
    assert told["lines"][0]["quantity"] == "1"
    assert told["refunds"] == found["payment:vendure:payment:1"]["refunds"]
    assert told["refunds"][0]["reason"] == "no longer wanted"


def test_only_money_that_went_back_is_a_refund(counter: Counter) -> None:
    order = counter.shop.buy(counter.shop.register("ada@example.com"))
    counter.shop.refund(order, 500, state="Pending")
    counter.shop.refund(order, 400, state="Failed")
    counter.shop.refund(order, 300)
    assert parts(counter)["order"]["refunded"] == "3.00"


def test_a_payment_that_failed_pays_nothing(counter: Counter) -> None:
    order = counter.shop.buy(counter.shop.register("ada@example.com"), pay=False)
    counter.shop.change("order", order, orderPlacedAt="2026-05-04 08:00:00.000", state="PaymentAuthorized")
    counter.shop.pay(order, 1800, state="Declined")
    found = parts(counter)
    assert found["payment:vendure:payment:1"]["failed"] is True
    assert "payments" not in found["order"]
    assert "paid_at" not in found["order"]


def test_a_payment_at_stripe_goes_by_stripe_s_word(counter: Counter) -> None:
    order = counter.shop.buy(counter.shop.register("ada@example.com"), transaction="ch_3OaB")
    counter.shop.pay(order, 100, "pi_3OaC")
    found = parts(counter)
    assert found["order"]["payments"] == ["stripe:charge:ch_3OaB", "stripe:payment_intent:pi_3OaC"]
    assert [part for part in found if part.startswith("payment")] == ["payment:stripe:charge:ch_3OaB"]


def test_a_fulfilled_order_says_when(counter: Counter) -> None:
    order = counter.shop.buy(counter.shop.register("ada@example.com"))
    counter.clock.advance(3600)
    counter.shop.fulfil(order)
    assert parts(counter)["order"]["fulfilled_at"] == "2026-05-04T09:00:00Z"


def test_a_cart_is_a_deal_while_it_is_one(counter: Counter) -> None:
    order = counter.shop.buy(counter.shop.register("ada@example.com"), pay=False)
    found = parts(counter)
    assert set(found) == {"cart"}
    cart = found["cart"]
    assert (cart["key"], cart["stage"], cart["total"]) == ("vendure:cart:1", "AddingItems", "18.00")
    assert "won" not in cart
    counter.shop.change("order", order, state="Cancelled")
    assert parts(counter)["cart"]["won"] is False


def test_a_cart_of_nobody_says_nothing(counter: Counter) -> None:
    counter.shop.buy("no customer", pay=False)
    assert parts(counter) == {}


def test_a_seller_s_part_of_an_order_is_not_counted_besides(counter: Counter) -> None:
    counter.shop.buy(counter.shop.register("ada@example.com"), type="Seller")
    assert parts(counter) == {}


def test_a_guest_is_a_customer_there_and_the_order_names_guest_and_company(counter: Counter) -> None:
    """A profile an order would be too many for who buys often, and would tell nothing more."""
    guest = counter.shop.register("kim@plum.example", "Kim", "Plum", account=False)
    counter.shop.buy(guest, place={"company": "Plum Ltd", "phoneNumber": "020 7946 0001"})
    counter.shop.settle_at(guest, {"company": "Plum Ltd", "phoneNumber": "020 7946 0001", "city": "Leeds"})
    found = parts(counter)
    assert set(found) == {"order", "payment:vendure:payment:1"}
    person, company = (parts(counter, "customers")[name] for name in ("person", "company"))
    assert (person["given_name"], person["family_name"], person["email"]) == ("Kim", "Plum", "kim@plum.example")
    assert (person["phone"], person["company"], person["ids"]) == ("+442079460001", "Plum Ltd", ["vendure:customer:1"])
    assert (company["name"], company["ids"]) == ("Plum Ltd", ["vendure:company:1"])
    assert company["address"]["locality"] == "Leeds"
    roles = {each["role"]: each["ids"] for each in found["order"]["participants"]}
    assert roles == {"buyer": ["vendure:customer:1"], "company": ["vendure:company:1"]}


def test_a_customer_s_address_is_that_for_bills(counter: Counter) -> None:
    customer = counter.shop.register("kim@plum.example", "Kim", "Plum", title="Dr", groups=[{"name": "Trade"}])
    counter.shop.settle_at(customer, {"streetLine1": "1 Low Road", "city": "Ede", "company": "Plum"}, country="NL")
    found = parts(counter, "customers")
    person = found["person"]
    assert person["address"] == {"street": "1 Low Road", "locality": "Ede", "country": "NL"}
    assert (person["tags"], person["honorific_prefix"], person["company"]) == (["Trade"], "Dr", "Plum")
    assert found["company"]["ids"] == ["vendure:company:1"]


@pytest.mark.parametrize(
    "wrong",
    [{"totalWithTax": None}, {"subTotal": "ten"}, {"subTotal": "1e999999999"}, {"payments": [{"id": "1"}]}],
)
def test_an_order_whose_amounts_cannot_be_read_is_no_order_of_nothing(wrong: dict[str, Any]) -> None:
    shop = Shop()
    shop.buy(shop.register("ada@example.com"))
    row = {**shop.orders["1"], "customer": None, "updatedAt": "2026-05-04T08:00:00.000Z", "_places": 2}
    assert mapping.order(row).body["_order"]["total"] == "18.00"
    with pytest.raises(RecordError) as refused:
        mapping.order({**row, **wrong})
    assert refused.value.remote_id == "1"
