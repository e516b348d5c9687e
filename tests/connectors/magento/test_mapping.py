"""What Magento's records become: amounts as the shop keeps them, in the currency that the customer saw."""

from __future__ import annotations

import json
from typing import Any

import pytest

from connectors.magento import mapping
from mapping.errors import RecordError
from mapping.model import MODELS
from tests.connectors.magento.counter import Counter, entities, records

AT = "2026-05-04T08:00:00Z"


def mapped(counter: Counter, stream: str, number: int) -> dict[str, dict[str, Any]]:
    """What a record of a new reading becomes, by part; each is valid."""
    opened = counter.open(stream)
    made = entities(opened, records(counter.read(stream))[str(number)])
    for rules in opened.rules:
        if rules.name in made:
            MODELS[rules.kind].model_validate(made[rules.name])
    return made


@pytest.mark.parametrize("value", ["ten", True, [], float("nan"), float("inf"), {}, "1e999999"])
def test_what_is_no_amount_is_refused(value: Any) -> None:
    with pytest.raises(RecordError):
        mapping.amount(value)


@pytest.mark.parametrize("broken", [{"items": None}, {"grand_total": "ten"}, {"created_at": "yesterday"}])
def test_an_order_of_another_shape_costs_itself_only(counter: Counter, broken: dict[str, Any]) -> None:
    bad, good = counter.shop.order(), counter.shop.order()
    counter.shop.tables["orders"][bad] |= broken
    (page,) = counter.read()
    assert [error.remote_id for error in page.errors] == [str(bad)]
    assert [one.remote_id for one in page.records] == [str(good)]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        *((59.99, "59.99"), (60, "60.00"), (0, "0.00"), (-10.5, "-10.50"), ("12.5000", "12.50"), (1e-05, "0.00")),
        *((59.990000000000002, "59.99"), (0.1 + 0.2, "0.30"), (12.3456, "12.3456"), (1234567890.12, "1234567890.12")),
        *((5.125, "5.125"), (1e20, "100000000000000000000.00")),
    ],
)
def test_an_amount_is_what_the_shop_keeps(value: Any, shown: str) -> None:
    assert mapping.text(mapping.amount(value)) == shown


def test_a_paid_sent_and_partly_refunded_order(counter: Counter) -> None:
    who = counter.shop.customer("kim@plum.example", "Kim", "Plum")
    order = counter.shop.order("59.99", who, tax_amount=10.41, shipping_amount=4.95, discount_amount=-5.5)
    counter.shop.invoice(order)
    counter.clock.advance(60)
    counter.shop.ship(order)
    memo = counter.shop.refund(order, "9.99")
    cancelled = counter.shop.refund(order, "1.00", state=3)
    assert cancelled
    made = mapped(counter, "orders", order)
    assert made["order"] == {
        "key": f"magento:order:{order}",
        "number": f"{order:09d}",
        "at": AT,
        "status": "complete",
        "currency": "EUR",
        "total": "59.99",
        "subtotal": "59.99",
        "tax": "10.41",
        "shipping": "4.95",
        "discount": "5.50",
        "refunded": "10.99",
        "refunds": [{"key": f"magento:creditmemo:{memo}", "at": "2026-05-04T08:01:00Z", "amount": "9.99"}],
        "payments": [f"magento:payment:{order}"],
        "paid_at": AT,
        "fulfilled_at": "2026-05-04T08:01:00Z",
        "lines": [{"title": "Red wine", "sku": "WINE", "quantity": "1", "price": "59.99"}],
        "custom": {"store": "Main", "base_currency": "EUR"},
        "participants": [
            {
                "role": "buyer",
                "name": "Kim Plum",
                "email": "kim@plum.example",
                "phone": "+31612345678",
                "ids": [f"magento:customer:{who}"],
            }
        ],
    }
    payment = made["payment"]
    assert (payment["key"], payment["total"], payment["pays"]) == (
        f"magento:payment:{order}",
        "59.99",
        [f"magento:order:{order}"],
    )
    assert set(made) == {"order", "payment"}, "a registered customer has a record of their own"


def test_an_order_in_another_currency_than_the_shops_keeps_both(counter: Counter) -> None:
    order = counter.shop.order("108.50", order_currency_code="USD", base_grand_total=100)
    told = mapped(counter, "orders", order)["order"]
    assert (told["currency"], told["total"]) == ("USD", "108.50")
    assert told["custom"] == {"store": "Main", "base_currency": "EUR", "base_total": "100.00"}


@pytest.mark.parametrize(
    ("method", "transaction", "payments", "payment"),
    [
        ("stripe_payments", "ch_3Nabc", ["stripe:charge:ch_3Nabc"], "stripe:charge:ch_3Nabc"),
        ("stripe_payments", "pi_3Nabc-capture", ["stripe:payment_intent:pi_3Nabc"], None),
        ("stripe_payments", None, ["magento:payment:1"], "magento:payment:1"),
        ("braintree", "ch_3Nabc", ["magento:payment:1"], "magento:payment:1"),
    ],
)
def test_a_payment_has_the_key_that_its_service_gives_it(
    counter: Counter, method: str, transaction: str | None, payments: list[str], payment: str | None
) -> None:
    order = counter.shop.order("20.00", method=method)
    assert "payments" not in mapped(counter, "orders", order)["order"], "nothing is paid yet"
    counter.shop.invoice(order, transaction)
    made = mapped(counter, "orders", order)
    own = [key.replace("payment:1", f"payment:{order}") if key.startswith("magento") else key for key in payments]
    assert made["order"]["payments"] == own
    wanted = payment.replace("payment:1", f"payment:{order}") if payment and "magento" in payment else payment
    assert made.get("payment", {}).get("key") == wanted


def test_a_guest_is_a_person_of_their_own_and_a_company_one_where_it_is_known_by_its_number(counter: Counter) -> None:
    guest = counter.shop.order(billing={"company": "Plum BV", "vat_id": "NL123456789B01"})
    made = mapped(counter, "orders", guest)
    assert made["buyer"]["email"] == "guest@plum.example"
    assert (made["buyer"]["company"], made["buyer"]["stage"]) == ("Plum BV", "customer")
    assert (made["company"]["name"], made["company"]["tax_id"]) == ("Plum BV", "NL123456789B01")
    assert "ids" not in made["order"]["participants"][0]
    unnumbered = counter.shop.order(billing={"company": "Plum BV"})
    assert set(mapped(counter, "orders", unnumbered)) == {"order", "buyer"}
    nobody = counter.shop.order(customer_email=None, billing={"telephone": ""})
    assert set(mapped(counter, "orders", nobody)) == {"order"}


def test_a_company_account_has_its_own_id_from_orders_and_customers_alike(counter: Counter) -> None:
    company = {"company_attributes": {"company_id": 4, "customer_id": 1, "job_title": "Buyer"}}
    who = counter.shop.customer("office@plum.example", company="Plum BV", extension_attributes=company)
    of_order = {"company_order_attributes": {"company_id": 4, "company_name": "Plum BV", "order_id": 1}}
    order = counter.shop.order("20.00", who, extension_attributes=of_order)
    for made in (mapped(counter, "customers", who), mapped(counter, "orders", order)):
        assert (made["company"]["ids"], made["company"]["name"]) == (["magento:company:4"], "Plum BV")
    assert mapped(counter, "customers", who)["customer"]["job_title"] == "Buyer"


def test_a_customer_with_address_and_consent(counter: Counter) -> None:
    who = counter.shop.customer(
        "Kim@Plum.example", dob="1990-02-01", extension_attributes={"is_subscribed": True}, prefix="Ms"
    )
    made = mapped(counter, "customers", who)
    assert made["customer"] == {
        "ids": [f"magento:customer:{who}"],
        "email": "kim@plum.example",
        "name": "Kim Plum",
        "given_name": "Kim",
        "family_name": "Plum",
        "honorific_prefix": "Ms",
        "birth_date": "1990-02-01",
        "phone": "+31612345678",
        "address": {
            "street": "Lindelaan 1",
            "locality": "Ede",
            "region": "Gelderland",
            "postal_code": "6711",
            "country": "NL",
        },
        "email_consent": True,
        "created_at": AT,
        "updated_at": AT,
        "source": "magento",
        "custom": {"group_id": 1},
    }
    assert set(made) == {"customer"}


def test_an_order_that_is_cancelled_or_unpaid_says_so(counter: Counter) -> None:
    order = counter.shop.order()
    assert not {"paid_at", "cancelled_at", "fulfilled_at"} & mapped(counter, "orders", order)["order"].keys()
    counter.clock.advance(60)
    counter.shop.cancel(order)
    assert mapped(counter, "orders", order)["order"]["cancelled_at"] == "2026-05-04T08:01:00Z"
    counter.shop.tables["orders"][order]["status_histories"] = None
    assert mapped(counter, "orders", order)["order"]["cancelled_at"] == "2026-05-04T08:01:00Z"


def test_the_parts_of_a_product_are_no_lines_of_their_own(counter: Counter) -> None:
    order = counter.shop.order()
    items = counter.shop.tables["orders"][order]["items"]
    items.append({**items[0], "item_id": 9, "parent_item_id": items[0]["item_id"], "price": 0})
    items.append({"item_id": 10, "sku": "TIP", "name": None, "qty_ordered": 2.5, "price": 1.125})
    assert mapped(counter, "orders", order)["order"]["lines"] == [
        {"title": "Red wine", "sku": "WINE", "quantity": "1", "price": "20.00"},
        {"sku": "TIP", "quantity": "2.5", "price": "1.125"},
    ]


def test_an_invoice_bills_its_order_and_names_its_buyer(counter: Counter) -> None:
    who = counter.shop.customer("kim@plum.example")
    order = counter.shop.order("59.99", who)
    number = counter.shop.invoice(order)
    told = mapped(counter, "invoices", number)["invoice"]
    assert (told["key"], told["bills"]) == (f"magento:invoice:{number}", [f"magento:order:{order}"])
    assert (told["total"], told["status"], told["paid_at"]) == ("59.99", "paid", AT)
    assert told["participants"] == [{"role": "buyer", "email": "kim@plum.example", "ids": [f"magento:customer:{who}"]}]
    counter.shop.change("invoices", number, state=3)
    told = mapped(counter, "invoices", number)["invoice"]
    assert (told["status"], told["cancelled_at"], "paid_at" in told) == ("canceled", AT, False)


def test_a_cart_is_a_sale_in_the_making_while_it_is_open_and_somebody_is_known(counter: Counter) -> None:
    who = counter.shop.customer("kim@plum.example")
    cart, unknown = counter.shop.cart(["12.50", "0.10", "0.20"], who), counter.shop.cart(["5"])
    deal = mapped(counter, "carts", cart)["cart"]
    assert (deal["total"], deal["currency"], deal["stage"], deal.get("won")) == ("12.80", "EUR", "open", None)
    assert mapped(counter, "carts", unknown) == {}
    counter.shop.change("carts", cart, is_active=False)
    assert mapped(counter, "carts", cart) == {}


def test_no_code_card_or_computer_is_stored(counter: Counter) -> None:
    who = counter.shop.customer("kim@plum.example")
    counter.shop.invoice(counter.shop.order("20.00", who))
    for stream in ("customers", "orders"):
        text = json.dumps([dict(one.body) for one in records(counter.read(stream)).values()])
        assert not [hidden for hidden in ("4242", "9f8e7d", "203.0.113.7", "b1946ac9") if hidden in text]
