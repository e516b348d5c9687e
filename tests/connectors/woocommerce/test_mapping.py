"""A WooCommerce order becomes an order, a payment and a buyer, to the cent."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from mapping.model import MODELS, Kind
from tests.connectors.woocommerce.market import BILLING, Market, entities, line


def mapped(market: Market, stream: str = "orders") -> dict[str, dict[str, Any]]:
    """What the one record there is says, by part."""
    (record,) = market.read(stream).records
    return entities(market.open(stream), record)


def meta(**given: str) -> list[dict[str, str]]:
    """An order's metadata."""
    return [{"key": key, "value": value} for key, value in given.items()]


@pytest.mark.parametrize("wrong", ["a lot", "NaN", "1e999999999", [], True, {}], ids=str)
def test_an_amount_that_is_none_costs_its_order_and_no_other(market: Market, wrong: Any) -> None:
    bad, good = market.buy(1), market.buy(2)
    market.shop.orders[bad]["line_items"][0]["total"] = wrong
    haul = market.read()
    assert haul.ids == [str(good)]
    (error,) = haul.pages[0].errors
    assert error.remote_id == str(bad)
    assert "a lot" not in str(error)


@pytest.mark.parametrize("part", ["billing", "meta_data", "refunds", "line_items"])
def test_a_part_of_another_shape_costs_its_order_and_no_other(market: Market, part: str) -> None:
    bad, good = market.buy(1), market.buy(2)
    market.shop.orders[bad][part] = "?"
    haul = market.read()
    assert haul.ids == [str(good)]
    assert [one.remote_id for one in haul.pages[0].errors] == [str(bad)]


def test_an_order_is_told_to_the_cent(market: Market) -> None:
    order = market.buy(
        line_items=[
            line("9.00", subtotal="10.00", quantity=3, total_tax="1.89", name="Tiles &ndash; red"),
            line("0.30", quantity=1, total_tax="0.06"),
        ],
        shipping_lines=[{"method_title": "Post", "total": "4.95", "total_tax": "1.04"}],
        fee_lines=[{"name": "Gift wrap", "total": "1.20", "total_tax": "0.25"}],
        coupon_lines=[{"code": "spring", "discount": "1.00"}],
        meta_data=meta(_wc_order_attribution_utm_source="google", colour="red"),
    )
    told = mapped(market)["order"]
    fact = MODELS[Kind.ORDER].model_validate(told)
    assert told["key"] == f"woocommerce:order:{order}"
    assert (told["currency"], told["status"], told["number"]) == ("EUR", "processing", str(order))
    amounts = {name: Decimal(str(told[name])) for name in ("subtotal", "tax", "shipping", "discount", "total")}
    assert amounts == {
        "subtotal": Decimal("10.50"),
        "tax": Decimal("3.24"),
        "shipping": Decimal("4.95"),
        "discount": Decimal("1.00"),
        "total": Decimal("18.69"),
    }
    assert amounts["subtotal"] + amounts["tax"] + amounts["shipping"] == amounts["total"]
    lines = [(one["title"], Decimal(one["quantity"]), Decimal(one["price"])) for one in told["lines"]]
    assert lines == [
        ("Tiles – red", Decimal(3), Decimal("3.333333")),
        ("A roof", Decimal(1), Decimal("0.30")),
        ("Gift wrap", Decimal(1), Decimal("1.20")),
    ]
    assert (told["at"], told["paid_at"]) == ("2026-05-04T08:00:00Z", "2026-05-04T08:00:00Z")
    assert "cancelled_at" not in told
    assert told["custom"] == {
        "coupons": ["spring"], "created_via": "checkout", "utm_source": "google", "colour": "red"
    }  # fmt: skip
    assert fact.model_dump()["lines"][0]["price"] == Decimal("3.333333")


def test_refunds_add_up_piece_by_piece_and_take_nothing_from_the_total(market: Market) -> None:
    order = market.buy()
    first = market.shop.refund(order, "0.10", "late")
    second = market.shop.refund(order, "0.20")
    told = mapped(market)
    for part in ("order", "payment"):
        assert Decimal(told[part]["refunded"]) == Decimal("0.30")
        assert [(one["key"], Decimal(one["amount"])) for one in told[part]["refunds"]] == [
            (f"woocommerce:refund:{first}", Decimal("0.10")),
            (f"woocommerce:refund:{second}", Decimal("0.20")),
        ]
    assert told["order"]["refunds"][0]["reason"] == "late"
    assert Decimal(told["order"]["total"]) == Decimal("12.50")


@pytest.mark.parametrize(
    ("status", "dated"), [("cancelled", "cancelled_at"), ("completed", "fulfilled_at"), ("processing", "paid_at")]
)
def test_what_became_of_an_order_is_dated(market: Market, status: str, dated: str) -> None:
    market.buy(status=status)
    assert mapped(market)["order"][dated] == "2026-05-04T08:00:00Z"


def test_an_order_that_nobody_paid_has_no_payment_and_one_that_failed_says_so(market: Market) -> None:
    market.buy(status="on-hold", payment_method="bacs")
    assert "payment" not in mapped(market)
    (order,) = market.shop.orders
    market.shop.update(order, status="failed")
    told = mapped(market)
    assert told["payment"]["failed"] is True
    assert "paid_at" not in told["order"]


def test_a_charge_of_stripe_s_is_the_payment_and_names_its_intent(market: Market) -> None:
    market.buy(transaction_id="ch_3Nk", meta_data=meta(_stripe_intent_id="pi_3Nk"), payment_method="stripe")
    order = f"woocommerce:order:{next(iter(market.shop.orders))}"
    market.shop.refund(next(iter(market.shop.orders)), "1.00")
    told = mapped(market)
    assert told["order"]["payments"] == ["stripe:charge:ch_3Nk", "stripe:payment_intent:pi_3Nk"]
    payment = told["payment"]
    assert (payment["key"], payment["aliases"]) == ("stripe:charge:ch_3Nk", ["stripe:payment_intent:pi_3Nk"])
    assert (payment["pays"], Decimal(payment["total"])) == ([order], Decimal("12.50"))
    assert "refunded" not in payment, "Stripe says what Stripe gave back"


def test_where_only_the_intent_is_known_it_is_named_and_no_payment_is_made_up(market: Market) -> None:
    market.buy(transaction_id="pi_3Nk")
    told = mapped(market)
    assert told["order"]["payments"] == ["stripe:payment_intent:pi_3Nk"]
    assert "payment" not in told


def test_a_payment_without_a_service_that_we_know_goes_by_the_order(market: Market) -> None:
    order = market.buy(transaction_id="9AB12345CD678901E", payment_method="ppcp", payment_method_title="PayPal")
    told = mapped(market)
    key = f"woocommerce:transaction:{order}"
    assert (told["payment"]["key"], told["order"]["payments"]) == (key, [key])
    assert told["payment"]["method"] == "PayPal"


def test_an_order_made_to_try_the_shop_out_is_a_test(market: Market) -> None:
    market.buy(meta_data=meta(_wcpay_mode="test"))
    told = mapped(market)
    assert told["order"]["test"] is True
    assert told["payment"]["test"] is True


def test_a_free_order_has_no_payment(market: Market) -> None:
    market.buy(line_items=[line("0.00")])
    assert "payment" not in mapped(market)


def test_a_checkout_that_was_left_is_a_sale_in_the_making(market: Market) -> None:
    order = market.buy(status="checkout-draft")
    told = mapped(market)
    assert set(told) == {"checkout", "buyer"}
    assert told["checkout"]["key"] == f"woocommerce:checkout:{order}"
    assert told["checkout"]["stage"] == "checkout-draft"
    assert "stage" not in told["buyer"]


def test_a_guest_is_a_buyer_of_the_order_and_a_company_stands_beside(market: Market) -> None:
    market.buy(billing={**BILLING, "company": "Castro BV"}, meta_data=meta(_billing_vat_number="NL123456789B01"))
    told = mapped(market)
    assert (told["buyer"]["given_name"], told["buyer"]["family_name"]) == ("Ada", "Castro")
    assert (told["buyer"]["email"], told["buyer"]["phone"]) == ("ada@example.com", "+31201234567")
    assert told["buyer"]["address"] == {
        "street": "Dam 1, 2nd floor",
        "locality": "Amsterdam",
        "region": "NH",
        "postal_code": "1012 JS",
        "country": "NL",
    }
    assert "ids" not in told["buyer"]
    assert (told["company"]["name"], told["company"]["tax_id"]) == ("Castro BV", "NL123456789B01")
    (participant,) = told["order"]["participants"]
    assert (participant["role"], participant["email"]) == ("buyer", "ada@example.com")


def test_a_guest_who_left_but_a_name_is_known_by_the_order_alone(market: Market) -> None:
    order = market.buy(billing={"first_name": "Ada", "last_name": "Castro"})
    told = mapped(market)
    assert told["buyer"]["ids"] == [f"woocommerce:order:{order}"]
    assert told["order"]["participants"][0]["ids"] == [f"woocommerce:order:{order}"]
    market.shop.update(order, billing={"first_name": "", "last_name": ""})
    assert "buyer" not in mapped(market)


def test_a_registered_buyer_is_named_by_number_and_told_of_by_the_customers(market: Market) -> None:
    ada = market.shop.customer("ada@shop.example", first_name="Ada", billing={**BILLING, "company": "Castro BV"})
    market.buy(customer_id=ada, billing=BILLING)
    told = mapped(market)
    assert not {"buyer", "company"} & set(told)
    assert told["order"]["participants"][0]["ids"] == [f"woocommerce:customer:{ada}"]
    person = mapped(market, "customers")
    assert person["person"]["ids"] == [f"woocommerce:customer:{ada}"]
    assert set(person["person"]["emails"]) >= {"ada@example.com"}
    assert person["person"]["stage"] == "customer"
    assert person["company"]["name"] == "Castro BV"


def test_staff_is_no_customer(market: Market) -> None:
    market.shop.customer("boss@shop.example", role="administrator")
    assert set(mapped(market, "customers")) == {"colleague"}
