"""What the company has sold in all, and what each customer came to by that: the truth for amounts.

It is told by the sales themselves and not by what exports, shops or the payment service say of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from admin.demo.abroad import Export, exports
from admin.demo.books import Books
from admin.demo.company import dice
from admin.demo.people import Person
from admin.demo.till import Deposit, deposits
from admin.demo.trade import Trade, trade


@dataclass(frozen=True, slots=True)
class Business:
    """All that was sold: in the shop, in the shop for Britain, and by payment link."""

    shop: Trade
    britain: Sequence[Export]
    links: Sequence[Deposit]

    def takings(self, books: Books | None) -> dict[int, Fraction]:
        """Euro by a person's number: what was sold less what went back. Each sale is told once, whoever else tells of
        it; what was billed on account is told by the books, where there are any."""
        came: dict[int, Fraction] = {}
        for number, amount in self._sold(books.billed() if books else {}):
            came[number] = came.get(number, Fraction(0)) + amount
        return came

    def _sold(self, billed: Mapping[int, object]) -> Iterator[tuple[int, Fraction]]:
        yield from ((sale.account.person.number, Fraction(sale.worth)) for sale in self.shop.sales)
        yield from ((order.person.number, order.worth) for order in self.britain)
        yield from ((link.person.number, Fraction(link.amount)) for link in self.links)
        yield from ((number, Fraction(str(amount))) for number, amount in billed.items())


def business(seed: int, people: Sequence[Person]) -> Business:
    """What the company of that seed has sold."""
    sold = trade(dice(seed, "trade"), people)
    return Business(sold, exports(dice(seed, "britain"), people), deposits(dice(seed, "links"), people))
