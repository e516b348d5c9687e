"""A BigCommerce order becomes an order, a payment and a buyer, to the cent."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from mapping.model import MODELS, Kind
from tests.connectors.bigcommerce.mall import BILLING, Mall, line


@pytest.mark.parametrize(
    ("field", "wrong"),
    [("total_inc_tax", "a lot"), ("total_tax", []), ("consignments", {"shipping": [{"line_items": ["?"]}]})],
)
@pytest.mark.parametrize("date", [False, True])
def test_what_cannot_be_read_costs_its_order_and_no_other(mall: Mall, field: str, wrong: Any, date: bool) -> None:
    bad, good = mall.buy(1), mall.buy(2)
    rows = [{**row, "consignments": {}, "fees": []} for row in mall.store.orders.values()]
    rows[0].update({"date_modified": "soon"} if date else {field: wrong})
    bodies = [{name: value for name, value in row.items() if not name.startswith("_")} for row in rows]
    mall.server.faults.answer(type(mall.server._not_found)(200, bodies))
    haul = mall.read()
    assert haul.ids == [str(good)]
    (error,) = haul.pages[0].errors
    assert error.remote_id == str(bad)
    assert "a lot" not in str(error)


def test_an_order_is_told_to_the_cent(mall: Mall) -> None:
    fee = {"id": 1, "type": "custom_fee", "display_name_customer": "Gift wrap", "cost_ex_tax": 1.2, "cost_inc_tax": 1.2}
    order = mall.buy(
        lines=[line("3.35", quantity=3), line("0.30", sku="")],
        shipping="4.95",
        tax="3.24",
        discount="1.00",
        fees=(fee,),
        order_source="www",
        external_order_id="A-1",
    )
    told = mall.mapped()["order"]
    MODELS[Kind.ORDER].model_validate(told)
    assert told["key"] == f"bigcommerce:order:{order}"
    assert (told["number"], told["currency"], told["status"]) == (str(order), "USD", "Awaiting Fulfillment")
    amounts = {name: Decimal(str(told[name])) for name in ("subtotal", "tax", "shipping", "discount", "total")}
    assert amounts == {
        "subtotal": Decimal("10.35"),
        "tax": Decimal("3.24"),
        "shipping": Decimal("4.95"),
        "discount": Decimal("1.00"),
        "total": Decimal("18.74"),
    }
    lines = [(one["title"], Decimal(one["quantity"]), Decimal(one["price"])) for one in told["lines"]]
    assert lines == [
        ("A roof", Decimal(3), Decimal("3.35")),
        ("A roof", Decimal(1), Decimal("0.30")),
        ("Gift wrap", Decimal(1), Decimal("1.20")),
    ]
    assert (told["at"], told["paid_at"]) == ("2026-05-04T08:00:00Z", "2026-05-04T08:00:00Z")
    assert told["custom"] == {"order_source": "www", "external_order_id": "A-1", "channel_id": 1}


def test_refunds_add_up_piece_by_piece(mall: Mall) -> None:
    order = mall.buy()
    refunds = [mall.store.refund(order, "0.10", "late"), mall.store.refund(order, "0.20")]
    told = mall.mapped()
    for part in ("order", "payment"):
        assert Decimal(told[part]["refunded"]) == Decimal("0.30")
        assert [one["key"] for one in told[part]["refunds"]] == [f"bigcommerce:refund:{one}" for one in refunds]
    assert told["order"]["refunds"][0]["at"] == "2026-05-04T08:00:00Z"
    assert Decimal(told["order"]["total"]) == Decimal("12.50")


@pytest.mark.parametrize(
    ("status", "told_paid", "paid", "failed"),
    [
        (11, "captured", True, False),
        (10, "", True, False),
        (7, "", False, False),
        (11, "authorized", False, False),
        (6, "declined", False, True),
        (7, "pending", False, False),
        (1, "captured", True, False),
    ],
)
def test_an_order_is_paid_by_the_payment_s_word_else_by_its_status(
    mall: Mall, status: int, told_paid: str, paid: bool, failed: bool
) -> None:
    mall.buy(status_id=status, payment_status=told_paid)
    told = mall.mapped()
    assert ("paid_at" in told["order"]) is paid
    assert ("payment" in told) is (paid or failed)
    assert bool(told.get("payment", {}).get("failed")) is failed


@pytest.mark.parametrize("status", [0, 1])
def test_a_checkout_that_was_not_completed_is_no_order(mall: Mall, status: int) -> None:
    mall.buy(status_id=status, payment_status="pending")
    told = mall.mapped()
    assert "order" not in told
    assert (Decimal(told["checkout"]["total"]), "payment" in told) == (Decimal("12.50"), False)


def test_a_cancelled_order_and_a_shipped_one_are_dated(mall: Mall) -> None:
    order = mall.buy(status_id=2)
    assert mall.mapped()["order"]["fulfilled_at"] == "2026-05-04T08:00:00Z"
    mall.clock.advance(60)
    mall.store.update_order(order, status_id=5)
    assert mall.mapped()["order"]["cancelled_at"] == "2026-05-04T08:01:00Z"


def test_a_charge_of_stripe_s_is_the_payment(mall: Mall) -> None:
    order = mall.buy(payment_provider_id="ch_3Nk")
    mall.store.refund(order, "1.00")
    told = mall.mapped()
    assert told["order"]["payments"] == ["stripe:charge:ch_3Nk"]
    assert (told["payment"]["key"], told["payment"]["pays"]) == ("stripe:charge:ch_3Nk", [f"bigcommerce:order:{order}"])
    assert "refunded" not in told["payment"], "Stripe says what Stripe gave back"


def test_where_only_the_intent_is_known_it_is_named_and_no_payment_is_made_up(mall: Mall) -> None:
    mall.buy(payment_provider_id="pi_3Nk")
    told = mall.mapped()
    assert told["order"]["payments"] == ["stripe:payment_intent:pi_3Nk"]
    assert "payment" not in told


def test_any_other_payment_goes_by_the_order_and_a_free_order_has_none(mall: Mall) -> None:
    order = mall.buy(payment_provider_id=42)
    key = f"bigcommerce:transaction:{order}"
    told = mall.mapped()
    assert (told["payment"]["key"], told["order"]["payments"]) == (key, [key])
    mall.store.update_order(order, total_inc_tax="0.0000")
    assert "payment" not in mall.mapped()


def test_an_order_paid_by_the_test_gateway_is_a_test(mall: Mall) -> None:
    mall.buy(payment_method="Test Payment Gateway")
    told = mall.mapped()
    assert (told["order"]["test"], told["payment"]["test"]) == (True, True)


def test_an_order_that_was_never_completed_is_a_sale_in_the_making(mall: Mall) -> None:
    order = mall.buy(status_id=0, payment_status="")
    told = mall.mapped()
    assert set(told) == {"checkout", "buyer"}
    assert told["checkout"]["key"] == f"bigcommerce:checkout:{order}"


def test_a_guest_is_a_buyer_of_the_order_and_a_company_stands_beside(mall: Mall) -> None:
    mall.buy(billing={**BILLING, "company": "Castro BV"})
    told = mall.mapped()
    assert (told["buyer"]["given_name"], told["buyer"]["phone"]) == ("Ada", "+31201234567")
    assert told["buyer"]["address"] == {
        "street": "Dam 1, 2nd floor",
        "locality": "Amsterdam",
        "region": "NH",
        "postal_code": "1012 JS",
        "country": "NL",
    }
    assert told["company"]["name"] == "Castro BV"
    assert told["order"]["participants"][0]["email"] == "ada@example.com"
    mall.store.orders.clear()
    order = mall.buy(billing={"first_name": "Ada"})
    assert mall.mapped()["buyer"]["ids"] == [f"bigcommerce:order:{order}"]


def test_a_registered_buyer_is_named_by_number_and_told_of_by_the_customers(mall: Mall) -> None:
    address = {"address1": "Dam 1", "city": "Amsterdam", "postal_code": "1012 JS", "country_code": "NL", "phone": "1"}
    ada = mall.store.customer(
        "ada@shop.example", first_name="Ada", phone="020 1234567", company="Castro BV", addresses=[address]
    )
    mall.buy(customer_id=ada)
    told = mall.mapped()
    assert not {"buyer", "company"} & set(told)
    assert told["order"]["participants"][0]["ids"] == [f"bigcommerce:customer:{ada}"]
    people = mall.mapped("customers")
    assert people["person"]["ids"] == [f"bigcommerce:customer:{ada}"]
    assert (people["person"]["phone"], people["person"]["address"]["locality"]) == ("+31201234567", "Amsterdam")
    assert people["company"]["name"] == "Castro BV"
