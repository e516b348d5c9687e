"""What the company has sold in all, and what each customer came to by that: the truth for amounts.

It is told by the sales themselves and not by what exports, shops or the payment service say of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from admin.demo.abroad import Export, exports
from admin.demo.books import Books
from admin.demo.company import dice
from admin.demo.people import Person
from admin.demo.till import Deposit, deposits
from admin.demo.trade import Trade, trade


@dataclass(frozen=True, slots=True)
class Till:
    """One way in which money comes in: euro by the number of the person, for each sale."""

    what: str
    sales: Sequence[tuple[int, Fraction]]

    @property
    def total(self) -> Fraction:
        """All of it."""
        return sum((amount for _, amount in self.sales), Fraction(0))


@dataclass(frozen=True, slots=True)
class Business:
    """All that was sold: in the shop, in the shop for Britain, and by payment link."""

    shop: Trade
    britain: Sequence[Export]
    links: Sequence[Deposit]

    def tills(self, books: Books | None) -> list[Till]:
        """What was sold to people, less what went back. Each sale is told once, whoever else tells of it; what was
        billed to them on account is told by the books, where there are any."""
        found = [
            Till("sold in the shop", [(each.account.person.number, Fraction(each.worth)) for each in self.shop.sales]),
            Till("sold to Britain, in pounds", [(each.person.number, each.worth) for each in self.britain]),
            Till("paid by a link, for no order", [(each.person.number, Fraction(each.amount)) for each in self.links]),
        ]
        if books:
            found.append(Till("billed on account", [(who, Fraction(amount)) for who, amount in books.billed()]))
        return found


def takings(tills: Iterable[Till]) -> dict[int, Fraction]:
    """Euro by a person's number."""
    came: dict[int, Fraction] = {}
    for number, amount in (sale for till in tills for sale in till.sales):
        came[number] = came.get(number, Fraction(0)) + amount
    return came


def business(seed: int, people: Sequence[Person]) -> Business:
    """What the company of that seed has sold."""
    sold = trade(dice(seed, "trade"), people)
    return Business(sold, exports(dice(seed, "britain"), people), deposits(dice(seed, "links"), people))
