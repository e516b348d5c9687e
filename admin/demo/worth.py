"""Whether money counts once: what customers come to in the plan, beside what the company itself has sold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from rich.console import RenderableType
from rich.text import Text

from admin.cli.output import grid
from admin.demo.stories import Story
from admin.demo.takings import Till
from mapping.counts import many
from mapping.currencies import rounded
from sync.reports import PlanReport

TRAIT = "lifetime_value"


@dataclass(frozen=True, slots=True)
class Worth:
    """What all people together came to, in euro: as ``told`` by the invented company's own sales, and as ``planned``
    for the ``contacts`` of the CRM. More than was told would be money counted twice; less is money whose buyer is not
    sure."""

    told: str
    planned: str
    contacts: int

    @property
    def too_much(self) -> bool:
        """Whether more was planned than was told."""
        return Decimal(self.planned) > Decimal(self.told)


def weigh(tills: Sequence[Till], planned: PlanReport) -> Worth:
    """Both sums. What a company came to is left out: it is in part told of whoever ordered for it, too."""
    told = sum((till.total for till in tills), Fraction(0))
    found = [
        Fraction(str(each.new))
        for change in planned.changes
        if change.object == "contacts"
        for each in change.fields
        if each.field == TRAIT
    ]
    return Worth(rounded(told, 2), rounded(sum(found, Fraction(0)), 2), len(found))


def drawn(tills: Sequence[Till], worth: Worth) -> Iterator[RenderableType]:
    """The company's own telling, and what to make of the two sums."""
    table = grid("the company's own telling", "sales", "EUR", numbers=("sales", "EUR"))
    for till in tills:
        table.add_row(till.what, f"{len(till.sales):,}", f"{Decimal(rounded(till.total, 2)):,}")
    table.add_section()
    table.add_row("all", f"{sum(len(till.sales) for till in tills):,}", f"{Decimal(worth.told):,}")
    yield table
    told, planned = Decimal(worth.told), Decimal(worth.planned)
    line = f"The lifetime values of {many(worth.contacts, 'contact')} in the plan add up to {planned:,} EUR"
    if worth.too_much:
        yield Text(f"{line}. This is a fault: {planned - told:,} EUR are counted twice.", style="red")
    elif planned == told:
        yield Text(f"{line}: the same, to the cent.", style="green")
    else:
        yield Text(f"{line}. For {told - planned:,} EUR it is not sure which of several customers bought.")


def counted_once(story: Story) -> Iterator[Text]:
    """A line where not all facts of money count by themselves: the payment of an order is the same money."""
    counted = next((each.count for each in story.customer.traits if each.trait == TRAIT), None)
    if counted is not None and counted < story.money:
        told = f"Of {story.money:,} orders, invoices and payments {counted:,} count{'s' * (counted == 1)}"
        yield Text(f"{told}: a payment is the same money as the order that it pays.", style="green")
