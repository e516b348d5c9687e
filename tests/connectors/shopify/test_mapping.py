"""A shop's records in canonical words, money above all."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from connectors.shopify import bodies
from connectors.shopify.shop import Held
from mapping.errors import RecordError
from mapping.mapper import Mapper
from mapping.model import Deal, Order, Payment, Person
from tests.connectors.shopify.market import Market

HOME = {
    "name": "Kim Plum",
    "company": "Plum",
    "address1": "Road 1",
    "address2": "2nd floor",
    "city": "Ede",
    "provinceCode": "GE",
    "zip": "6711 AB",
    "countryCodeV2": "NL",
    "phone": "06 12345678",
}
CHARGE = {"id": "ch_3Nabcdef", "object": "charge", "payment_intent": "pi_3Nabcdef", "amount": 10_000}


def order_of(market: Market, held: Held) -> Order:
    return Order.model_validate(market.mapped("orders", held)["order"])


def payments_of(market: Market, held: Held) -> dict[str, Payment]:
    """The payments by their keys."""
    told = market.mapped("orders", held)
    found = [Payment.model_validate(values) for part, values in told.items() if part.startswith("payment:")]
    return {payment.key: payment for payment in found}


class TestPeople:
    def test_a_customer_is_a_person_with_two_words_on_marketing(self, market: Market) -> None:
        kim = market.shop.customer(
            "Kim", "Plum", email="Kim@Plum.example", phone="+31612340001", subscribed=True, address=HOME
        )
        market.shop.change("Customer", kim.number, numberOfOrders="2", tags=["vip"], note="Likes oak")
        told = market.mapped("customers", kim)
        person = Person.model_validate(told["person"])
        assert person.ids == (f"shopify:customer:{kim.number}",)
        assert (person.given_name, person.family_name, person.company) == ("Kim", "Plum", "Plum")
        assert (person.email, person.phone, person.phones) == ("kim@plum.example", "+31612340001", ("+31612345678",))
        assert (person.stage, person.tags, person.notes) == ("customer", ("vip",), "Likes oak")
        assert (person.email_consent, person.sms_consent, person.source) == (True, False, "shopify")
        assert person.address
        assert (person.address.street, person.address.country) == ("Road 1, 2nd floor", "NL")
        mail, text = told["marketing_email"], told["marketing_sms"]
        assert (mail["granted"], text["granted"]) == (True, False)
        assert mail["key"] == f"shopify:consent:{kim.number}:marketing_email"

    @pytest.mark.parametrize("state", ["PENDING", "INVALID"])
    def test_a_word_that_is_neither_yes_nor_no_is_no_consent(self, market: Market, state: str) -> None:
        kim = market.shop.customer("Kim", email="kim@plum.example")
        kim.values["defaultEmailAddress"]["marketingState"] = state
        told = market.mapped("customers", kim)
        assert set(told) == {"person"}
        assert "email_consent" not in told["person"]

    def test_one_who_never_bought_has_no_stage(self, market: Market) -> None:
        assert "stage" not in market.mapped("customers", market.shop.customer("Kim"))["person"]

    def test_a_guest_is_founded_by_the_order(self, market: Market) -> None:
        told = market.mapped("orders", market.shop.order(email="kim@plum.example", address=HOME))
        assert (told["buyer"]["email"], told["buyer"]["name"]) == ("kim@plum.example", "Kim Plum")
        assert (told["buyer"]["stage"], told["buyer"]["phone"]) == ("customer", "+31612345678")
        (participant,) = told["order"]["participants"]
        assert (participant["email"], participant["phone"]) == ("kim@plum.example", "+31612345678")

    def test_a_guest_who_left_but_a_name_is_known_by_the_order_alone(self, market: Market) -> None:
        order = market.shop.order(address={"name": "Kim Plum"})
        told = market.mapped("orders", order)
        assert told["buyer"]["ids"] == [f"shopify:order:{order.number}"]
        assert told["order"]["participants"][0]["ids"] == [f"shopify:order:{order.number}"]

    def test_an_order_of_nobody_founds_nobody(self, market: Market) -> None:
        told = market.mapped("orders", market.shop.order())
        assert "buyer" not in told
        assert "participants" not in told["order"]

    def test_a_customer_is_named_and_not_founded_by_the_order(self, market: Market) -> None:
        kim = market.shop.customer("Kim", "Plum", email="kim@plum.example")
        told = market.mapped("orders", market.shop.order(customer=kim))
        assert "buyer" not in told
        (participant,) = told["order"]["participants"]
        assert participant["ids"] == [f"shopify:customer:{kim.number}"]

    def test_a_company_that_buys_is_an_organization_with_its_tax_number(self, market: Market) -> None:
        kim = market.shop.customer("Kim", email="kim@plum.example")
        entity = market.shop.company("Plum BV", "NL001234567B01")
        told = market.mapped("orders", market.shop.order(customer=kim, purchasingEntity=entity, address=HOME))
        (id_,) = told["company"]["ids"]
        assert id_.startswith("shopify:company:")
        assert (told["company"]["name"], told["company"]["tax_id"]) == ("Plum BV", "NL001234567B01")
        assert [one["role"] for one in told["order"]["participants"]] == ["buyer", "company"]

    def test_a_customer_who_buys_alone_is_no_company(self, market: Market) -> None:
        kim = market.shop.customer("Kim", email="kim@plum.example")
        told = market.mapped("orders", market.shop.order(customer=kim, purchasingEntity=kim.values))
        assert "company" not in told


class TestMoney:
    def test_an_order_says_what_it_came_to_in_the_shop_s_currency(self, market: Market) -> None:
        order = market.shop.order([("Chair", 2, "10.50"), ("Desk", 1, "99.99")], tax="25.41", shipping="4.95")
        presentment = {"amount": "170.00", "currencyCode": "USD"}
        order.values["totalPriceSet"] = {**order.values["totalPriceSet"], "presentmentMoney": presentment}
        told = order_of(market, order)
        assert (told.key, told.number) == (f"shopify:order:{order.number}", f"#{order.number}")
        assert (told.total, told.subtotal, told.currency) == (Decimal("151.35"), Decimal("120.99"), "EUR")
        assert (told.tax, told.shipping, told.discount) == (Decimal("25.41"), Decimal("4.95"), Decimal(0))
        assert [(line.title, line.quantity, line.price) for line in told.lines] == [
            ("Chair", Decimal(2), Decimal("10.50")),
            ("Desk", Decimal(1), Decimal("99.99")),
        ]
        assert (told.status, told.test, told.cancelled_at, told.refunds) == ("paid", False, None, ())
        assert told.paid_at

    def test_money_that_no_service_is_known_to_hold_is_a_payment_of_the_shop_s_own(self, market: Market) -> None:
        order = market.shop.order(gateway="cash")
        (payment,) = payments_of(market, order).values()
        assert payment.key.startswith("shopify:transaction:")
        assert (payment.total, payment.currency, payment.method) == (Decimal("100.0"), "EUR", "Cash")
        assert payment.pays == (f"shopify:order:{order.number}",)
        assert order_of(market, order).payments == (payment.key,)

    def test_a_charge_of_stripe_s_is_the_payment_that_stripe_tells_of(self, market: Market) -> None:
        order = market.shop.order(gateway="stripe", receipt=CHARGE)
        (payment,) = payments_of(market, order).values()
        assert payment.key == "stripe:charge:ch_3Nabcdef"
        assert payment.aliases == ("stripe:payment_intent:pi_3Nabcdef",)
        assert order_of(market, order).payments == ("stripe:charge:ch_3Nabcdef", "stripe:payment_intent:pi_3Nabcdef")

    @pytest.mark.parametrize("receipt", [{"payment_id": "pi_3Nabcdef"}, '{"payment_id": "pi_3Nabcdef"}'])
    def test_an_intent_alone_is_named_and_no_payment_is_made_of_it(self, market: Market, receipt: Any) -> None:
        order = market.shop.order(gateway="Stripe Card Payments", receipt=receipt)
        assert payments_of(market, order) == {}
        assert order_of(market, order).payments == ("stripe:payment_intent:pi_3Nabcdef",)

    def test_a_capture_is_known_by_the_receipt_of_its_authorization(self, market: Market) -> None:
        order = market.shop.order(paid=False)
        parent = market.shop.pay(order, "100.0", kind="AUTHORIZATION", gateway="stripe", receiptJson=CHARGE)
        for part in ("60.0", "40.0"):
            market.shop.pay(order, part, kind="CAPTURE", gateway="stripe", parent=parent)
        (payment,) = payments_of(market, order).values()
        assert (payment.key, payment.total) == ("stripe:charge:ch_3Nabcdef", Decimal(100))

    def test_an_authorization_is_no_money_yet(self, market: Market) -> None:
        order = market.shop.order(paid=False)
        market.shop.pay(order, "100.0", kind="AUTHORIZATION", gateway="stripe", receiptJson=CHARGE)
        assert payments_of(market, order) == {}
        assert (order_of(market, order).payments, order_of(market, order).paid_at) == ((), None)

    def test_shopify_payments_is_not_the_merchant_s_stripe(self, market: Market) -> None:
        order = market.shop.order(gateway="shopify_payments", receipt=CHARGE)
        (payment,) = payments_of(market, order).values()
        assert payment.key.startswith("shopify:transaction:")
        assert payment.aliases == ()

    def test_partial_refunds_are_told_piece_by_piece(self, market: Market) -> None:
        order = market.shop.order(gateway="stripe", receipt=CHARGE)
        market.shop.refund(order, "12.34", note="Scratched", receiptJson={"id": "re_3Nabcdef"})
        market.clock.advance(60)
        market.shop.refund(order, "7.66")
        told, (payment,) = order_of(market, order), payments_of(market, order).values()
        assert (told.total, told.refunded, told.status) == (Decimal(100), Decimal(20), "partially_refunded")
        assert [(refund.amount, refund.reason) for refund in told.refunds] == [
            (Decimal("12.34"), "Scratched"),
            (Decimal("7.66"), None),
        ]
        assert all(refund.key.startswith("shopify:refund:") for refund in told.refunds)
        assert (payment.total, payment.refunded) == (Decimal(100), Decimal(20))
        assert [refund.key.rsplit(":", 1)[0] for refund in payment.refunds] == ["stripe:refund", "shopify:transaction"]

    def test_a_refund_goes_back_of_what_took_it_whichever_way_it_names_that(self, market: Market) -> None:
        order = market.shop.order(paid=False)
        parents = [market.shop.pay(order, "50.0", kind="AUTHORIZATION", gateway="cash") for _ in range(2)]
        for parent in parents:
            market.shop.pay(order, "50.0", kind="CAPTURE", gateway="cash", parent=parent)
        market.shop.pay(order, "5.0", kind="REFUND", gateway="cash", parent=parents[1])
        assert [payment.refunded for payment in payments_of(market, order).values()] == [0, 5]
        alone = market.shop.order()
        market.shop.pay(alone, "7.0", kind="REFUND")
        assert [payment.refunded for payment in payments_of(market, alone).values()] == [7]

    def test_a_refund_that_failed_moved_nothing(self, market: Market) -> None:
        order = market.shop.order()
        parent = order.values["transactions"][0]["id"]
        market.shop.pay(order, "10.0", kind="REFUND", status="FAILURE", parent=parent)
        (payment,) = payments_of(market, order).values()
        assert (payment.refunded, payment.refunds, payment.failed) == (Decimal(0), (), False)

    def test_change_that_was_given_is_no_part_of_the_payment(self, market: Market) -> None:
        order = market.shop.order([("Chair", 1, "18.5")], paid=False)
        parent = market.shop.pay(order, "20.0", gateway="cash")
        market.shop.pay(order, "1.5", kind="CHANGE", gateway="cash", parent=parent)
        (payment,) = payments_of(market, order).values()
        assert (payment.total, payment.refunded) == (Decimal("18.5"), Decimal(0))

    def test_a_payment_that_failed_is_told_and_pays_nothing(self, market: Market) -> None:
        order = market.shop.order(paid=False)
        market.shop.pay(order, "100.0", status="FAILURE", gateway="stripe", receiptJson={"id": "ch_3Nfailed"})
        (payment,) = payments_of(market, order).values()
        assert (payment.key, payment.failed, payment.status) == ("stripe:charge:ch_3Nfailed", True, "failure")
        assert order_of(market, order).payments == ()

    def test_two_ways_of_paying_are_two_payments(self, market: Market) -> None:
        order = market.shop.order(paid=False)
        market.shop.pay(order, "30.0", gateway="gift_card")
        market.shop.pay(order, "70.0", gateway="stripe", receiptJson=CHARGE)
        assert [payment.total for payment in payments_of(market, order).values()] == [30, 70]

    def test_a_test_order_and_its_payment_are_tests(self, market: Market) -> None:
        order = market.shop.order(test=True)
        (payment,) = payments_of(market, order).values()
        assert (order_of(market, order).test, payment.test) == (True, True)

    def test_a_cancelled_order_says_when(self, market: Market) -> None:
        order = market.shop.order()
        market.shop.change("Order", order.number, cancelledAt="2026-05-05T08:00:00Z", cancelReason="CUSTOMER")
        told = order_of(market, order)
        assert told.cancelled_at
        assert told.cancelled_at.isoformat() == "2026-05-05T08:00:00+00:00"

    def test_units_that_an_edit_removed_are_not_owed(self, market: Market) -> None:
        order = market.shop.order([("Chair", 2, "50.0")], paid=False)
        market.shop.change("Order", order.number, edited=True, currentTotalPriceSet=market.shop.money("50.0"))
        assert order_of(market, order).total == 50

    def test_what_an_edited_order_gave_back_was_owed_before(self, market: Market) -> None:
        order = market.shop.order([("Chair", 2, "50.0")])
        market.shop.refund(order, "50.0")
        market.shop.change("Order", order.number, edited=True)
        told = order_of(market, order)
        assert (told.total, told.refunded) == (Decimal(100), Decimal(50))

    def test_a_fulfilled_order_says_when_its_last_part_left(self, market: Market) -> None:
        parts = [
            {"id": f"gid://shopify/Fulfillment/{day}", "createdAt": f"2026-05-0{day}T08:00:00Z", "status": "SUCCESS"}
            for day in (6, 5)
        ]
        order = market.shop.order(fulfillments=parts, displayFulfillmentStatus="FULFILLED")
        told = order_of(market, order)
        assert told.fulfilled_at
        assert told.fulfilled_at.day == 6

    @pytest.mark.parametrize(("currency", "amount"), [("JPY", "1200"), ("KWD", "1.234"), ("EUR", "0.10")])
    def test_amounts_keep_their_digits_whatever_the_currency(self, market: Market, currency: str, amount: str) -> None:
        market.shop.currency = currency
        told = order_of(market, market.shop.order([("Chair", 3, amount)]))
        assert (told.total, told.currency) == (Decimal(amount) * 3, currency)

    @pytest.mark.parametrize(
        "garbled",
        [
            {"amountSet": None},
            *({"amountSet": {"shopMoney": {"amount": wrong}}} for wrong in ("much", "NaN", "1e999999999", None)),
        ],
    )
    def test_an_order_whose_payments_cannot_be_read_is_a_bad_record(
        self, market: Market, garbled: dict[str, Any]
    ) -> None:
        market.shop.order()
        (good,) = market.read().records
        with pytest.raises(RecordError) as refused:
            bodies.record({**good.body, "transactions": [{**good.body["transactions"][0], **garbled}]})
        assert refused.value.remote_id == good.remote_id

    def test_a_receipt_that_is_nested_without_end_names_no_charge(self, market: Market) -> None:
        market.shop.order()
        (good,) = market.read().records
        (sale,) = good.body["transactions"]
        deep = bodies.record({**good.body, "id": sale["id"], "transactions": [{**sale, "receiptJson": "[" * 100_000}]})
        assert deep.body["_paid_by"] == good.body["_paid_by"]


class TestDeals:
    def test_a_draft_order_is_a_sale_in_the_making(self, market: Market) -> None:
        kim = market.shop.customer("Kim", "Plum", email="kim@plum.example")
        draft = market.shop.draft_order("80.50", customer=kim, status="INVOICE_SENT")
        deal = Deal.model_validate(market.mapped("draft_orders", draft)["draft_order"])
        assert (deal.key, deal.stage, deal.won) == (f"shopify:draft_order:{draft.number}", "invoice_sent", None)
        assert (deal.total, deal.currency, deal.pipeline) == (Decimal("80.50"), "EUR", "draft orders")
        assert deal.participants[0].ids == (f"shopify:customer:{kim.number}",)

    def test_a_draft_that_became_an_order_is_won_and_names_it(self, market: Market) -> None:
        order = market.shop.order()
        draft = market.shop.draft_order(status="COMPLETED", order=order.values)
        deal = Deal.model_validate(market.mapped("draft_orders", draft)["draft_order"])
        assert (deal.won, deal.custom["order"]) == (True, f"shopify:order:{order.number}")

    def test_a_checkout_that_was_left_is_open_until_it_is_recovered(self, market: Market) -> None:
        kim = market.shop.customer("Kim", email="kim@plum.example")
        checkout = market.shop.checkout("60.0", customer=kim)
        left = Deal.model_validate(market.mapped("abandoned_checkouts", checkout)["checkout"])
        assert (left.key, left.stage, left.won) == (f"shopify:checkout:{checkout.number}", "abandoned", None)
        assert left.participants[0].email == "kim@plum.example"
        market.shop.change("AbandonedCheckout", checkout.number, completedAt="2026-05-05T08:00:00Z")
        back = Deal.model_validate(market.mapped("abandoned_checkouts", checkout)["checkout"])
        assert (back.stage, back.won) == ("recovered", True)


def test_a_record_without_a_name_of_its_own_is_refused(market: Market) -> None:
    market.shop.order().values["id"] = "gid://shopify/Order/none"
    (error,) = [error for page in market.read().pages for error in page.errors]
    assert isinstance(error, RecordError)


def test_rules_read_an_order_that_withholds_everything(market: Market) -> None:
    stream = market.open()
    empty = dict.fromkeys(stream.describe().fields)
    body: dict[str, Any] = {**empty, "_id": "5001", "_paid_by": [], "_payments": [], "_refunds": []}
    (entity,) = Mapper(stream.rules, default_country="NL").map(body)
    assert entity.values["key"] == "shopify:order:5001"
