"""Stripe: the charges that paid for orders in either shop, and those that never had an order.

Since the workshop takes cards, a deposit on a frame made to measure is asked for by a payment link. What it gives back
for a late repair it gives back at Stripe, where the shop does not hear of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

from admin.demo.abroad import CURRENCY, Export
from admin.demo.people import TOLD, Person
from admin.demo.standins import Part
from admin.demo.trade import NOW, Sale

LINKS = 40
"""One payment by link for so many people."""
DEPOSITS = (Decimal("150.00"), Decimal("250.00"), Decimal("95.50"))
DEPOSIT = "Aanbetaling maatframe"


@dataclass(frozen=True, slots=True)
class Deposit:
    """Money by a payment link, for no order."""

    number: int
    at: datetime
    person: Person
    amount: Decimal


def deposits(rng: Random, people: Sequence[Person]) -> list[Deposit]:
    """Payments by link: of the regular, and of some others, whether or not they have ever bought in the shop."""
    made: list[Deposit] = []
    for who in [*people[:1], *rng.sample(people[TOLD:], k=min(1 + len(people) // LINKS, len(people[TOLD:])))]:
        at = NOW - timedelta(days=rng.randint(5, 200), minutes=rng.randint(0, 600))
        made.append(Deposit(len(made), at, who, rng.choice(DEPOSITS)))
    return made


def part(sales: Sequence[Sale], orders: Sequence[Export], links: Sequence[Deposit]) -> Part:
    """The stand-in with all charges."""
    paid = [sale for sale in sales if sale.charge]
    charges = [*map(_of_sale, paid), *map(_of_export, orders), *map(_of_deposit, links)]
    what = "a stand-in for Stripe, cards and payment links"
    contents = {"now": lambda: NOW, "charges": charges}
    return Part(what, {"charges": len(charges)}, contents)


def _of_sale(sale: Sale) -> dict[str, object]:
    back = sale.returned_by(NOW) or sale.returned_quietly
    return {
        **_charge(sale.charge, sale.at, sale.total, sale.name, sale.email, sale.account.person.mobile),
        "description": f"Kettingwerk #{sale.number}",
        "refunds": [*_back(sale.returned_at, back)],
    }


def _of_export(order: Export) -> dict[str, object]:
    return {
        **_charge(order.charge, order.at, order.total, " ".join(order.name), order.email, order.person.mobile),
        "description": "Kettingwerk UK",
        "currency": CURRENCY.lower(),
        "refunds": [*_back(order.returned_at, order.returned)],
    }


def _of_deposit(link: Deposit) -> dict[str, object]:
    person = link.person
    name = f"{person.given} {person.family_name(link.at.date())}"
    charge = _charge(f"ch_3Ln{link.number:018d}", link.at, link.amount, name, person.emails[0], person.mobile)
    return {**charge, "description": DEPOSIT}


def _charge(id_: str, at: datetime, amount: Decimal, name: str, email: str, phone: str) -> dict[str, object]:
    """A charge as the ledger takes it, in cents; Stripe asks a buyer for a phone number where there is no address."""
    return {
        "id": id_,
        "at": at + timedelta(seconds=3),
        "amount": int(amount * 100),
        "payment_intent": id_.replace("ch_", "pi_"),
        "billing_details": {"name": name, "email": email or None, "phone": None if email else phone, "address": None},
    }


def _back(at: datetime, amount: Decimal) -> Iterator[tuple[datetime, int, str]]:
    if amount:
        yield at, int(amount * 100), "requested_by_customer"
