"""What counts of money, each rule by an example, and all of them against a plain second telling."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mapping.currencies import Rates, decimals, rounded
from mapping.money import NO_AMOUNT, Entry, settle
from tests.mapping.plain_money import plainly

RATES = Rates(
    "EUR",
    {
        "USD": {date(2024, 1, 1): Decimal("0.9"), date(2025, 1, 1): Decimal("0.8")},
        "JPY": {date(2024, 1, 1): Decimal("0.00625")},
        "KWD": {date(2024, 1, 1): Decimal(3)},
    },
)
MAY = "2026-05-01T10:00:00.000000Z"


def order(key: str, total: Any = "100", **values: Any) -> Entry:
    return _entry("order", key, total, values)


def invoice(key: str, total: Any = "100", **values: Any) -> Entry:
    return _entry("invoice", key, total, values)


def payment(key: str, total: Any = "100", **values: Any) -> Entry:
    return _entry("payment", key, total, values)


def _entry(kind: str, key: str, total: Any, values: dict[str, Any]) -> Entry:
    at = values.pop("at", MAY)
    told = {"currency": "EUR", **({} if total is None else {"total": total}), **values}
    return Entry(key, kind, at, told)


def net(*entries: Entry) -> dict[str, str]:
    """Key to what it adds, of all that count."""
    return {key: rounded(one.sold - one.returned, 2) for key, one in settle(entries, RATES).items()}


@pytest.mark.parametrize("status", ["voided", "Quotation", "pending_payment", "checkout-draft", "FAILED", "expired"])
def test_what_was_no_order_counts_for_nothing(status: str) -> None:
    assert net(order("o", status=status)) == {}


@pytest.mark.parametrize("status", ["", "paid", "pending", "on-hold", "refunded", "partially_refunded", "sale", "done"])
def test_an_order_counts_before_it_is_paid_for(status: str) -> None:
    assert net(order("o", status=status)) == {"o": "100.00"}


@pytest.mark.parametrize("status", ["failed", "canceled", "pending", "requires_capture", "authorized", "submitted"])
def test_money_that_has_not_come_counts_for_nothing(status: str) -> None:
    assert net(payment("p", status=status)) == {}
    assert net(payment("p", failed=True)) == {}


@pytest.mark.parametrize("linked", ["by the order", "by the payment", "by an alias", "by both"])
def test_an_order_and_its_payment_count_once_whichever_names_the_other(linked: str) -> None:
    paid = payment("ch", aliases=["pi"], **({"pays": ["o"]} if linked in ("by the payment", "by both") else {}))
    names = {"by the order": ["ch"], "by an alias": ["pi"], "by both": ["ch", "pi"]}.get(linked, [])
    assert net(order("o", payments=names), paid) == {"o": "100.00"}
    assert net(paid, order("o", payments=names)) == {"o": "100.00"}


def test_a_payment_that_is_known_by_its_intent_too_counts_once() -> None:
    failed, came = payment("ch_1", aliases=["pi"], failed=True), payment("ch_2", aliases=["pi"])
    assert net(payment("pi"), failed, came) == {"ch_2": "100.00"}
    assert net(payment("pi"), came, order("o", payments=["pi"])) == {"o": "100.00"}
    assert net(payment("pi"), order("o", payments=["pi"])) == {"o": "100.00"}


def test_a_payment_counts_for_all_that_whoever_knows_it_by_its_intent_says() -> None:
    came = payment("ch", aliases=["pi"], refunded="30")
    assert net(payment("pi", pays=["o"]), came, order("o")) == {"o": "70.00"}
    assert net(payment("pi", pays=["i"]), came, invoice("i")) == {"i": "70.00"}
    assert net(payment("pi", test=True), came) == {}


def test_a_payment_that_names_an_order_which_is_not_there_counts_by_itself() -> None:
    assert net(payment("ch", pays=["gone"])) == {"ch": "100.00"}


def test_a_refund_that_order_and_payment_both_tell_counts_once_and_the_greater_one() -> None:
    assert net(order("o", refunded="30", payments=["p"]), payment("p", refunded="30")) == {"o": "70.00"}
    assert net(order("o", refunded="10", payments=["p"]), payment("p", refunded="30")) == {"o": "70.00"}
    assert net(order("o", refunded="40", payments=["p"]), payment("p", refunded="30")) == {"o": "60.00"}


def test_refunds_piece_by_piece_count_where_the_sum_is_not_told() -> None:
    pieces = [{"key": "1", "amount": "10"}, {"key": "2", "amount": "5.5"}, {"key": "3"}]
    assert net(order("o", refunds=pieces)) == {"o": "84.50"}
    assert net(order("o", refunds=pieces, refunded="20")) == {"o": "80.00"}


def test_no_more_goes_back_than_there_was() -> None:
    assert net(order("o", refunded="130")) == {"o": "0.00"}


def test_several_payments_of_one_order_tell_together_what_went_back() -> None:
    parts = [payment("p1", "60", refunded="10"), payment("p2", "40", refunded="15", pays=["o"])]
    assert net(order("o", payments=["p1"], refunded="20"), *parts) == {"o": "75.00"}


def test_what_goes_back_of_a_payment_for_two_orders_is_shared_by_their_worth() -> None:
    both = payment("p", "100", refunded="10", pays=["a", "b"])
    assert net(order("a", "75"), order("b", "25"), both) == {"a": "67.50", "b": "22.50"}


def test_what_a_payment_brought_beyond_the_order_goes_back_first() -> None:
    both = payment("p", "100", refunded="30", pays=["a", "b"])
    assert net(order("a", "75"), order("b", "25", cancelled_at=MAY), both) == {"a": "70.00"}, "25 went back for b"
    lowered = order("o", "80", payments=["p"])
    assert net(lowered, payment("p", "100", refunded="20")) == {"o": "80.00"}, "edited after it was paid"
    assert net(lowered, payment("p", "100", refunded="50")) == {"o": "50.00"}
    twice = [payment("p1", pays=["o"]), payment("p2", pays=["o"], refunded="100")]
    assert net(order("o"), *twice) == {"o": "100.00"}
    assert net(invoice("o"), *twice) == {"o": "100.00"}


def test_what_came_in_another_currency_is_not_held_against_the_total() -> None:
    paid = payment("p", "130", currency="USD", refunded="13", pays=["o"])
    assert net(order("o", "100"), paid) == {"o": "89.60"}


def test_the_money_for_a_cancelled_order_counts_until_it_goes_back() -> None:
    gone = order("o", cancelled_at=MAY, payments=["p"])
    assert net(gone) == {}
    assert net(gone, payment("p")) == {"p": "100.00"}
    assert net(gone, payment("p", refunded="100")) == {"p": "0.00"}
    told_by_the_order = order("o", cancelled_at=MAY, payments=["p"], refunded="100")
    assert net(told_by_the_order, payment("p")) == {"p": "0.00"}


def test_what_only_tried_the_system_out_takes_its_bill_and_its_payment_along() -> None:
    tried = order("o", test=True, payments=["p1"])
    assert net(tried, payment("p1"), invoice("i", bills=["o"], payments=["p2"]), payment("p2")) == {}
    assert net(order("o", payments=["p"]), payment("p", test=True, refunded="50")) == {"o": "100.00"}
    assert net(payment("p", test=True)) == {}


def test_a_bill_of_an_order_is_not_counted_beside_it_and_one_without_is() -> None:
    assert net(order("o"), invoice("i", bills=["o"])) == {"o": "100.00"}
    assert net(invoice("i", bills=["o"])) == {"i": "100.00"}
    assert net(order("o", cancelled_at=MAY), invoice("i", bills=["o"])) == {"i": "100.00"}
    assert net(invoice("i", status="draft"), invoice("j", cancelled_at=MAY)) == {}


def test_a_payment_of_a_bill_is_one_of_the_order() -> None:
    paid = payment("p", refunded="30", pays=["i"])
    assert net(order("o"), invoice("i", bills=["o"]), paid) == {"o": "70.00"}
    assert net(invoice("i"), paid) == {"i": "70.00"}


def test_a_credit_note_is_a_refund_of_what_it_bills_or_takes_back() -> None:
    assert net(order("o"), invoice("i", bills=["o"]), invoice("n", "-30", bills=["o"])) == {"o": "70.00"}
    assert net(order("o", refunded="30"), invoice("n", "-30", bills=["o"])) == {"o": "70.00"}
    refunded = payment("p", refunded="30", pays=["i"])
    assert net(invoice("i"), invoice("n", "-30", bills=["i"]), refunded) == {"i": "70.00"}
    assert net(order("o"), invoice("i", bills=["o"]), invoice("n", "-30", bills=["i"])) == {"o": "70.00"}
    assert net(invoice("i"), invoice("n", "-30")) == {"i": "100.00", "n": "-30.00"}, "of what, nobody knows"


def test_an_amount_takes_the_rate_of_its_day() -> None:
    told = {"currency": "USD"}
    before, after = order("a", at="2024-12-31T23:59:59Z", **told), order("b", at="2025-01-01T00:00:00Z", **told)
    assert net(before, after) == {"a": "90.00", "b": "80.00"}
    assert net(order("y", "16000", currency="JPY"), order("k", "1.234", currency="KWD")) == {"y": "100.00", "k": "3.70"}


def test_what_goes_back_takes_the_rate_of_the_order() -> None:
    paid = payment("p", "200", currency="USD", refunded="50", at="2025-06-01T00:00:00Z")
    assert net(order("o", at="2024-06-01T00:00:00Z", payments=["p"]), paid) == {"o": "55.00"}


@pytest.mark.parametrize(
    ("told", "missing"),
    [
        ({"currency": "GBP"}, "GBP"),
        ({"currency": "USD", "at": "2023-12-31T23:59:59Z"}, "USD"),
        ({"currency": "USD", "at": None}, "USD"),
        ({"currency": None}, "no currency"),
        ({"total": None}, NO_AMOUNT),
    ],
)
def test_an_amount_without_a_rate_is_left_out_and_named(told: dict[str, Any], missing: str) -> None:
    (one,) = settle([order("o", **told)], RATES).values()
    assert (one.sold, one.returned, sorted(one.missing)) == (Fraction(0), Fraction(0), [missing])


def test_a_refund_without_a_rate_is_named_and_the_order_counts() -> None:
    (one,) = settle([order("o", payments=["p"]), payment("p", currency="GBP", refunded="5")], RATES).values()
    assert (one.sold, one.returned, sorted(one.missing)) == (Fraction(100), Fraction(0), ["GBP"])


def test_without_a_currency_of_its_own_the_hub_knows_no_worth() -> None:
    (one,) = settle([order("o")], Rates()).values()
    assert one.sold == 0


@pytest.mark.parametrize(
    ("amount", "places", "text"),
    [("0.005", 2, "0.01"), ("-0.005", 2, "-0.01"), ("-0.004", 2, "0.00"), ("1.0005", 3, "1.001"), ("2.5", 0, "3"),
     ("-1234567.895", 2, "-1234567.90"), ("0", 2, "0.00"), ("0.1", 0, "0")],
)  # fmt: skip
def test_amounts_are_rounded_as_on_an_invoice(amount: str, places: int, text: str) -> None:
    assert rounded(Fraction(amount), places) == text


def test_currencies_have_the_decimals_of_iso_4217() -> None:
    assert [decimals(code) for code in ("EUR", "JPY", "KWD", "CLF", "XYZ")] == [2, 0, 3, 4, 2]


def test_the_version_of_rates_changes_with_any_of_them() -> None:
    day = date(2025, 1, 1)
    found = {Rates("EUR", {"USD": {day: Decimal(rate)}}).version for rate in ("0.9", "0.90", "0.91")}
    assert len(found) == 2
    assert len({Rates("EUR").version, Rates("USD").version, Rates().version}) == 3


# -- against a second telling


AMOUNTS = st.integers(0, 200).map(str)


@st.composite
def _books(draw: st.DrawFn) -> list[Entry]:
    """Orders, invoices and payments that name some of each other, in three currencies."""
    gone: list[dict[str, Any]] = [{}, {}, {}, {"test": True}, {"cancelled_at": MAY}]
    orders = []
    for number in range(draw(st.integers(0, 3))):
        told: dict[str, Any] = {"currency": draw(st.sampled_from(["EUR", "EUR", "USD"])), "refunded": draw(AMOUNTS)}
        flag = draw(st.sampled_from([*gone, {"status": "voided"}]))
        names = draw(st.lists(st.sampled_from(["p0", "p1", "alias2"]), max_size=2))
        orders.append(order(f"o{number}", draw(st.integers(1, 200).map(str)), payments=names, **told, **flag))
    bills = []
    for number in range(draw(st.integers(0, 2))):
        told = {"bills": draw(st.lists(st.sampled_from(["o0", "o1", "gone"]), max_size=2))}
        told["payments"] = draw(st.lists(st.sampled_from(["p0", "alias1"]), max_size=1))
        amount = draw(st.integers(1, 200).map(str))
        bills.append(invoice(f"i{number}", amount, **told, **draw(st.sampled_from(gone))))
    paid = []
    for number in range(draw(st.integers(0, 3))):
        told = {"currency": draw(st.sampled_from(["EUR", "JPY"])), "refunded": draw(AMOUNTS)}
        flag = draw(st.sampled_from([{}, gone[3], {"failed": True}]))
        pays = draw(st.lists(st.sampled_from(["o0", "o1", "i1", "gone"]), max_size=2))
        amount = draw(st.integers(1, 200).map(str))
        paid.append(payment(f"p{number}", amount, pays=pays, aliases=[f"alias{number}"], **told, **flag))
    return [*orders, *bills, *paid]


@given(entries=_books(), data=st.data())
@settings(max_examples=100)
def test_all_rules_together_are_what_a_plain_telling_says_in_any_order(
    entries: list[Entry], data: st.DataObject
) -> None:
    found = settle(data.draw(st.permutations(entries)), RATES)
    assert {key: one.sold - one.returned for key, one in found.items()} == plainly(entries)
    assert all(0 <= one.returned <= one.sold for one in found.values())
