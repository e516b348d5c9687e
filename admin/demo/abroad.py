"""The shop for Britain: a WooCommerce of its own, whose prices are in pounds and whose cards go through Stripe, too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from random import Random

from admin.demo import mess
from admin.demo.people import TODAY, TOLD, Person
from admin.demo.shop_columns import CATALOGUE
from admin.demo.standins import Part
from admin.demo.trade import NOW

OPENED = date(2025, 3, 3)
CURRENCY = "GBP"
RATES: Mapping[date, str] = {date(2025, 1, 1): "1.19", date(2025, 7, 1): "1.16", date(2026, 1, 1): "1.15"}
"""What a pound was worth in euro, from each day on. Invented, as all else is; prices there are whole pounds, so that
each is worth whole cents."""
SHARE, GUESTS = 0.3, 0.5


@dataclass(frozen=True, slots=True)
class Export:
    """One order from Britain; without ``registered`` of a guest."""

    number: int
    at: datetime
    person: Person
    name: tuple[str, str]
    email: str
    registered: bool
    lines: Sequence[tuple[str, str, Decimal, int]]
    returned: Decimal
    returned_at: datetime

    @property
    def total(self) -> Decimal:
        """What the buyer paid, in pounds."""
        return sum((price * count for _, _, price, count in self.lines), Decimal(0))

    @property
    def worth(self) -> Fraction:
        """What the company has of it, in euro at the rate of its day."""
        rate = next(rate for day, rate in sorted(RATES.items(), reverse=True) if day <= self.at.date())
        return Fraction(self.total - self.returned) * Fraction(rate)

    @property
    def charge(self) -> str:
        """Stripe's id of the charge that paid it."""
        return f"ch_3Uk{self.number:018d}"


def exports(rng: Random, people: Sequence[Person]) -> list[Export]:
    """All orders of that shop, the oldest first."""
    made: list[Export] = []
    for person in people[TOLD:]:
        if person.country.code != "GB" or rng.random() > SHARE:
            continue
        registered, email, first = rng.random() > GUESTS, mess.email(rng, person), max(person.since, OPENED)
        for _ in range(rng.choice((1, 1, 2, 3))):
            day = first + timedelta(days=rng.randrange(max((TODAY - first).days, 1)))
            at = datetime.combine(day, time(rng.randint(7, 22), rng.randint(0, 59), rng.randint(0, 59)), NOW.tzinfo)
            goods = rng.sample(CATALOGUE, k=rng.choice((1, 1, 2)))
            lines = [(title, sku, price.to_integral_value(), 1) for title, sku, price in goods]
            later = at + timedelta(days=rng.randint(2, 9))
            back = lines[0][2] if rng.random() < 0.1 and later < NOW else Decimal(0)
            name = mess.name(rng, person, day)
            made.append(Export(0, at, person, name, email, registered, lines, back, later))
    made.sort(key=lambda each: (each.at, each.person.number))
    return [replace(each, number=place) for place, each in enumerate(made)]


def part(orders: Sequence[Export]) -> Part:
    """The stand-in with these orders, and those of the buyers who have registered."""
    customers: dict[str, dict[str, object]] = {}
    for each in orders:
        if each.registered and each.email not in customers:
            given, family = each.name
            customers[each.email] = {
                "email": each.email,
                "at": each.at,
                "first_name": given,
                "last_name": family,
                "billing": _billing(each),
            }
    told = [_told(each) for each in orders]
    contents = {"now": lambda: NOW, "currency": CURRENCY, "customers": [*customers.values()], "orders": told}
    records = {"customers": len(customers), "orders": len(orders)}
    return Part("a stand-in for WooCommerce, the shop for Britain", records, contents)


def _told(order: Export) -> dict[str, object]:
    return {
        "at": order.at,
        "status": "completed",
        **({"customer": order.email} if order.registered else {}),
        "billing": _billing(order),
        "payment_method": "stripe",
        "payment_method_title": "Card",
        "transaction_id": order.charge,
        "line_items": [
            {"name": title, "sku": sku, "quantity": count, "total": f"{price * count:.2f}"}
            for title, sku, price, count in order.lines
        ],
        "refunds": [(order.returned_at, f"{order.returned:.2f}", "returned")] if order.returned else [],
    }


def _billing(order: Export) -> dict[str, str]:
    home, (given, family) = order.person.address(order.at.date()), order.name
    return {
        "first_name": given,
        "last_name": family,
        "address_1": home.street,
        "city": home.town,
        "postcode": home.postal_code,
        "country": "GB",
        "email": order.email,
        "phone": order.person.mobile,
    }
