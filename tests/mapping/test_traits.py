"""Traits of what is known of one customer: which facts make them, and what is said of where they come from."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from mapping.currencies import Rates
from mapping.money import Counted
from mapping.traits import TRAITS, Happened, of_contact, of_money, of_tickets, of_touches, owners

EUR = Rates("EUR")


def _counted(key: str, sold: int, returned: int = 0, kind: str = "order", at: str | None = "2026-05-01T10:00:00Z",
             missing: str = "") -> Counted:  # fmt: skip
    return Counted(key, kind, at, Fraction(sold), Fraction(returned), frozenset({missing} - {""}))


def _happened(key: str, kind: str, day: int, **values: Any) -> Happened:
    return Happened(key, kind, f"2026-05-{day:02}T10:00:00.000000Z", values)


def _values(found: Any) -> dict[str, Any]:
    return {name: one.value for name, one in found.items()}


def test_money_that_is_known_and_counts_for_nothing_is_told_as_nothing() -> None:
    found, _ = of_money([], 2, EUR)
    assert _values(found) == {"order_count": 0, "lifetime_value": "0.00"}
    assert of_money([], 0, EUR) == ({}, frozenset())


def test_averages_and_shares_come_of_exact_amounts() -> None:
    found, _ = of_money([_counted("a", 10), _counted("b", 10, 1), _counted("c", 11)], 3, EUR)
    assert _values(found) | {"first_order_at": "", "last_order_at": ""} == {
        "order_count": 3,
        "lifetime_value": "30.00",
        "average_order": "10.00",
        "refund_rate": "0.0323",
        "first_order_at": "",
        "last_order_at": "",
    }
    assert _values(of_money([_counted("a", 100)], 1, EUR)[0])["refund_rate"] == "0"


def test_an_order_without_a_rate_is_an_order_but_no_part_of_the_average() -> None:
    found, missing = of_money([_counted("a", 10), _counted("b", 0, missing="GBP")], 2, EUR)
    assert (found["order_count"].value, found["average_order"].value, sorted(missing)) == (2, "10.00", ["GBP"])
    assert found["lifetime_value"].rule == "EUR of 2 orders; left out: GBP"


def test_without_a_currency_there_are_counts_and_dates_only() -> None:
    found, missing = of_money([_counted("a", 0, missing="EUR")], 1, Rates())
    assert (sorted(found), missing) == (["first_order_at", "last_order_at", "order_count"], frozenset())


def test_a_return_is_no_order() -> None:
    found, _ = of_money([_counted("a", 10), _counted("back", 0, 4)], 2, EUR)
    assert (found["order_count"].value, found["lifetime_value"].value, found["refund_rate"].value) == (1, "6.00", "0.4")


def test_invoices_and_payments_without_an_order_are_worth_something_but_no_orders() -> None:
    found, _ = of_money([_counted("i", 30, kind="invoice"), _counted("p", 20, kind="payment")], 2, EUR)
    assert (found["order_count"].value, found["lifetime_value"].value) == (0, "50.00")
    assert found["lifetime_value"].rule == "EUR of 1 invoice and 1 payment"
    assert "average_order" not in found


def test_provenance_counts_all_facts_and_names_the_newest() -> None:
    mine = [_counted(f"o{day}", 1, at=f"2026-05-{day:02}T10:00:00Z") for day in range(1, 21)]
    lifetime = of_money(mine, 20, EUR)[0]["lifetime_value"]
    assert (lifetime.count, lifetime.facts[:2], len(lifetime.facts)) == (20, ("o20", "o19"), 10)
    assert lifetime.since == "2026-05-20T10:00:00Z"


def test_money_is_of_whoever_bought_one_of_a_kind() -> None:
    kinds = {"ann": "person", "bob": "person", "acme": "organization", "globex": "organization"}
    assert owners({(0, "buyer"): "ann", (1, "buyer"): "acme"}, kinds) == {"ann", "acme"}
    assert owners({(1, "buyer"): "ann", (0, "buyer"): "bob"}, kinds) == {"bob"}, "whoever the fact names first"
    assert owners({(0, "payer"): "globex", (1, "customer"): "acme"}, kinds) == {"acme"}
    assert owners({(0, "payer"): "ann"}, kinds) == {"ann"}
    assert owners({(0, "supplier"): "acme", (1, "recipient"): "ann"}, kinds) == set()
    assert owners({(0, "buyer"): "gone"}, kinds) == set()


def test_tickets_are_open_until_they_are_closed_or_called_so() -> None:
    tickets = [
        _happened("a", "ticket", 1),
        _happened("b", "ticket", 2, status="Solved"),
        _happened("c", "ticket", 3, closed_at="2026-05-04T10:00:00Z"),
        _happened("d", "ticket", 4, status="waiting on us"),
    ]
    found = of_tickets(tickets)["open_tickets"]
    assert (found.value, found.rule, found.facts) == (2, "of 4 tickets", ("d", "a"))
    assert of_tickets(tickets[1:2])["open_tickets"].value == 0
    assert of_tickets([]) == {}


def test_the_first_touch_is_told_by_the_earliest_that_knows_it() -> None:
    touches = [
        _happened("late", "lead", 9, direction="in", title="Autumn", campaign="Autumn", channel="meta"),
        _happened("bare", "visit", 1),
        _happened("seen", "visit", 2, channel="newsletter"),
        _happened("typed", "lead", 3, title="Call Ann back"),
        _happened("form", "lead", 4, direction="in", title="Spring trial", campaign="Spring", channel="google"),
    ]
    found = of_touches(touches)
    assert _values(found) == {"first_channel": "newsletter", "first_campaign": "Spring", "first_form": "Spring trial"}
    assert (found["first_campaign"].rule, found["first_campaign"].facts) == ("the first lead that tells", ("form",))


def test_a_contact_says_who_began_it() -> None:
    assert of_contact(_happened("m", "email", 1, direction="in"))["last_contacted_at"].rule == "email from the customer"
    assert of_contact(_happened("m", "call", 1, direction="out"))["last_contacted_at"].rule == "call from us"
    assert of_contact(_happened("m", "meeting", 1))["last_contacted_at"].rule == "meeting"


def test_every_trait_has_a_meaning() -> None:
    assert all(TRAITS.values())
