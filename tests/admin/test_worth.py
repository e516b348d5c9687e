"""Money in the demo: the company's own telling, and what is said where the plan comes to something else."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction

import pytest
from rich.text import Text

from admin.demo import shop, storefront, till
from admin.demo.company import dice
from admin.demo.people import populate
from admin.demo.takings import Business, Till, business, takings
from admin.demo.worth import Worth, drawn, weigh
from sync.reports import FieldChange, PlannedChange, PlanReport

TILLS = [Till("sold", [(1, Fraction(30)), (2, Fraction("12.50"))]), Till("paid by link", [(1, Fraction(5))])]
SEED = 11


@pytest.fixture(scope="module")
def sold() -> Business:
    return business(SEED, populate(dice(SEED, "people"), 600))


def planned(*values: tuple[str, str]) -> PlanReport:
    """A plan that creates records of an object with a lifetime value."""
    changes = [
        PlannedChange(
            f"{number}", "crm", name, "create", "", "", "", fields=[FieldChange("lifetime_value", None, value, "")]
        )
        for number, (name, value) in enumerate(values)
    ]
    return PlanReport("hash", "", "", "", (), changes)


def verdict(worth: Worth) -> str:
    """What is said of it."""
    return next(each.plain for each in drawn(TILLS, worth) if isinstance(each, Text))


def test_money_that_is_counted_twice_is_a_fault() -> None:
    worth = weigh(TILLS, planned(("contacts", "47.50"), ("contacts", "30.00")))
    assert worth.too_much
    assert "This is a fault: 30.00 EUR are counted twice" in verdict(worth)


def test_money_of_nobody_in_particular_is_told_and_is_no_fault() -> None:
    worth = weigh(TILLS, planned(("contacts", "35.00")))
    assert not worth.too_much
    assert "For 12.50 EUR it is not sure which of several customers bought" in verdict(worth)


def test_what_companies_came_to_is_not_added_to_what_people_did() -> None:
    worth = weigh(TILLS, planned(("contacts", "35.00"), ("contacts", "12.50"), ("companies", "30.00")))
    assert (worth.planned, worth.contacts) == ("47.50", 2)
    assert "the same, to the cent" in verdict(worth)


def test_a_person_comes_to_all_that_was_sold_to_them() -> None:
    assert takings(TILLS) == {1: Fraction(35), 2: Fraction("12.50")}


def test_what_went_back_at_stripe_alone_is_no_refund_in_the_shop(sold: Business) -> None:
    quiet = [sale for sale in sold.shop.sales if sale.returned_quietly]
    told = {each["id"]: each for each in till.part(quiet, [], []).contents["charges"]}
    assert quiet
    for sale in quiet:
        assert sale.worth == sale.total - sale.returned_quietly
        assert told[sale.charge]["refunds"][0][1] == sale.returned_quietly * 100
        assert not storefront._order(sale)["refunds"]


def test_orders_of_the_last_weeks_are_in_the_shop_and_not_in_its_export(sold: Business) -> None:
    rows = shop.customers(dice(SEED, "shop customers"), sold.shop)
    live = {each["id"] for each in storefront.part(dice(SEED, "x"), rows, sold.shop).contents["past"]["orders"]}
    fresh = {sale.key for sale in sold.shop.sales if sale.at > shop.EXPORTED}
    both = {sale.key for sale in sold.shop.sales if shop.EXPORTED - timedelta(days=30) < sale.at <= shop.EXPORTED}
    assert fresh <= live
    assert both <= live
    assert len(both) > 10
    assert len(live) < len(sold.shop.sales)


def test_a_refund_after_the_export_is_not_in_it(sold: Business) -> None:
    late = [sale for sale in sold.shop.sales if sale.returned and sale.at <= shop.EXPORTED < sale.returned_at]
    assert late
    assert {shop.status(sale, shop.EXPORTED) for sale in late} == {"paid"}
