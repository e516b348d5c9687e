"""What counts of the orders, invoices and payments that belong together, so that no money counts twice.

Two of them are linked when either names the other, by its key or by one of its aliases:

- an order and a payment (``Order.payments``, ``Payment.pays``), an invoice and a payment (``Invoice.payments``,
  ``Payment.pays``), an invoice and the orders that it bills (``Invoice.bills``), and a credit note and the invoice that
  it takes back (``Invoice.bills``, too). A payment of an invoice is a payment of the orders that the invoice bills.

Of two of a kind of which one goes by what is an alias of the other, the other alone counts, for all that either is for:
an export may know a payment by its intent alone, and the payment service by its charge. Then, in this order:

1. What only tried the system out counts for nothing, nor does an invoice of such an order, nor a payment of either.
2. An **order** counts unless it is cancelled, or no more than a try by its status (``NO_ORDER``).
3. An **invoice** counts by itself where it bills no order that counts, unless it is cancelled or a draft
   (``NO_BILL``). One below zero, a credit note, is a refund of what it bills or takes back; where it names nothing that
   counts it takes away by itself.
4. A **payment** counts by itself where it is for no order and no invoice that counts, unless it failed or has not come
   (``NO_PAYMENT``). So the money for a cancelled order counts until it goes back.

What went back for an order is told by the order, by its payments and by its credit notes, often all three of one and
the same money: the greatest of the three counts, once, and at most the order's total. For an invoice that counts the
same holds of its payments and credit notes, for a payment that counts of itself and the uncounted orders that it is
for. What a payment or credit note tells is shared among all that it is for, in proportion to what each is worth. What
payments brought beyond the total (paid twice, lowered after it was paid, cancelled beside another) went back first.

Amounts are exact fractions in the hub's currency, at the rate of the date of what counts. An amount without a rate is
left out, and ``missing`` says in which currency it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

from mapping.currencies import Rates
from mapping.model import Kind

MONEY = frozenset({Kind.ORDER, Kind.INVOICE, Kind.PAYMENT})

_CANCELLED = frozenset({"cancel", "cancelled", "canceled", "void", "voided"})
NO_ORDER = _CANCELLED | {
    "draft", "auto draft", "quotation", "quote", "sent", "checkout draft", "pending payment", "awaiting payment",
    "payment pending", "failed", "expired", "declined", "trash",
}  # fmt: skip
"""Statuses, in small letters with spaces, of an order that is none: a quotation, a checkout, one that was never paid
for and is given up. An order that is delivered before it is paid for is one."""
NO_BILL = _CANCELLED | {"draft", "proforma", "deleted", "uncollectible"}
NO_PAYMENT = _CANCELLED | {
    "failed", "failure", "error", "declined", "expired", "draft", "pending", "processing", "authorized", "submitted",
    "approved", "incomplete", "open", "requires payment method", "requires confirmation", "requires action",
    "requires capture", "uncaptured",
}  # fmt: skip
"""Statuses of a payment that has not come."""
LINKS = ("payments", "bills", "pays")
"""The fields in which a fact names others."""
NOTHING = Fraction(0)
NO_CURRENCY, NO_AMOUNT = "no currency", "no amount"


def names(values: Mapping[str, Any]) -> list[tuple[str, bool]]:
    """What links a fact to others, its key apart: (key or alias, whether it goes by that itself or names another)."""
    named = (value for field in LINKS for value in values.get(field, ()))
    return [*((value, True) for value in values.get("aliases", ())), *((value, False) for value in named)]


@dataclass(frozen=True)
class Entry:
    """An order, an invoice or a payment. ``values`` are canonical, decimals as text; ``at`` an instant as text."""

    key: str
    kind: str
    at: str | None
    values: Mapping[str, Any]

    @property
    def currency(self) -> str | None:
        """The currency of its amounts."""
        found = self.values.get("currency")
        return str(found) if found else None

    @cached_property
    def total(self) -> Fraction | None:
        """The amount, if it names one."""
        found = self.values.get("total")
        return None if found is None else Fraction(str(found))

    @cached_property
    def refunded(self) -> Fraction:
        """All that it says went back: ``refunded``, or the pieces where they are more."""
        pieces = sum((Fraction(str(one.get("amount", 0))) for one in self.values.get("refunds", ())), NOTHING)
        return max(pieces, Fraction(str(self.values.get("refunded", 0))))

    @cached_property
    def stands(self) -> bool:
        """Whether it is what it seems: not cancelled, not failed, no mere draft."""
        if self.values.get("cancelled_at") or self.values.get("failed"):
            return False
        status = " ".join(str(self.values.get("status") or "").casefold().replace("-", " ").replace("_", " ").split())
        return status not in _BARRED[self.kind]


_BARRED: Mapping[str, frozenset[str]] = {
    Kind.ORDER: frozenset(NO_ORDER),
    Kind.INVOICE: frozenset(NO_BILL),
    Kind.PAYMENT: frozenset(NO_PAYMENT),
}


@dataclass(frozen=True, slots=True)
class Counted:
    """What one fact adds, in the hub's currency: ``sold``, of which ``returned`` went back. ``missing`` names the
    currencies of the amounts that were left out."""

    key: str
    kind: str
    at: str | None
    sold: Fraction
    returned: Fraction
    missing: frozenset[str] = frozenset()


def settle(entries: Iterable[Entry], rates: Rates) -> dict[str, Counted]:
    """Key to what it adds, for all that count by themselves. Everything that is linked must be among the entries.

    Deterministic in the set of entries.
    """
    return _Book(_folded(sorted(entries, key=lambda one: one.key)), rates).settled()


def _folded(known: Sequence[Entry]) -> list[Entry]:
    """The entries that go by nobody's alias; whose alias another went by takes over what that one was for."""
    by_key = {(one.kind, one.key): one for one in known}
    same: dict[str, list[Entry]] = {}
    for one in known:
        named = (by_key.get((one.kind, alias)) for alias in one.values.get("aliases", ()) if alias != one.key)
        same[one.key] = [other for other in named if other]
    gone = {other.key for others in same.values() for other in others}
    return [_joined(one, same[one.key]) for one in known if one.key not in gone]


def _joined(one: Entry, others: Sequence[Entry]) -> Entry:
    if not others:
        return one
    every = (one, *others)
    named = {field: [key for each in every for key in each.values.get(field, ())] for field in LINKS}
    tried = {"test": True} if any(each.values.get("test") for each in every) else {}
    return replace(one, values={**one.values, **named, **tried})


class _Book:
    """The entries with their links."""

    def __init__(self, entries: Sequence[Entry], rates: Rates) -> None:
        self._rates = rates
        self._by_key = {one.key: one for one in entries}
        self._links: dict[str, set[str]] = {one.key: set() for one in entries}
        self._link(entries)
        self._tests = self._tried(entries)
        self._orders = {k for k, one in self._by_key.items() if one.kind == Kind.ORDER and self._stands(one)}
        self._bases = {one.key: self._bases_of(one) for one in entries if self._stands(one)}

    def _link(self, entries: Sequence[Entry]) -> None:
        owners: dict[str, list[Entry]] = {}
        for one in entries:
            for name in (one.key, *one.values.get("aliases", ())):
                owners.setdefault(name, []).append(one)
        for one in entries:
            named = (name for name, own in names(one.values) if not own)
            for other in (each for name in named for each in owners.get(name, ())):
                if other.key != one.key and (one.kind != other.kind or one.kind == Kind.INVOICE):
                    self._links[one.key].add(other.key)
                    self._links[other.key].add(one.key)

    def _linked(self, key: str, kind: Kind) -> list[Entry]:
        return [self._by_key[other] for other in sorted(self._links[key]) if self._by_key[other].kind == kind]

    def _tried(self, entries: Sequence[Entry]) -> set[str]:
        """What only tried the system out, with what hangs on it."""
        found = {one.key for one in entries if one.values.get("test")}
        for kind, of in ((Kind.INVOICE, (Kind.ORDER,)), (Kind.PAYMENT, (Kind.ORDER, Kind.INVOICE))):
            for one in entries:
                if one.kind == kind and any(up.key in found for each in of for up in self._linked(one.key, each)):
                    found.add(one.key)
        return found

    def _stands(self, one: Entry) -> bool:
        return one.stands and one.key not in self._tests

    def _orders_of(self, one: Entry) -> list[Entry]:
        """The orders that it is for, counted or not: those it is linked with, and those that its invoices bill."""
        found = {order.key: order for order in self._linked(one.key, Kind.ORDER)}
        for invoice in self._linked(one.key, Kind.INVOICE):
            found.update({order.key: order for order in self._linked(invoice.key, Kind.ORDER)})
        return [order for _, order in sorted(found.items()) if order.key not in self._tests]

    def _bases_of(self, one: Entry) -> list[Entry]:
        """What counts of what the entry is for; the entry itself where nothing else does."""
        if one.kind == Kind.ORDER:
            return [one]
        note = one.kind == Kind.INVOICE and _below(one)
        orders = self._orders_of(one) if note or one.kind == Kind.PAYMENT else self._linked(one.key, Kind.ORDER)
        found = [order for order in orders if order.key in self._orders]
        if note or one.kind == Kind.PAYMENT:
            found += [bill for bill in self._linked(one.key, Kind.INVOICE) if self._counts_alone(bill)]
        return found or [one]

    def _counts_alone(self, invoice: Entry) -> bool:
        """Whether an invoice counts by itself: a credit note is never what others belong to."""
        billed = any(order.key in self._orders for order in self._linked(invoice.key, Kind.ORDER))
        return self._stands(invoice) and not _below(invoice) and not billed

    def settled(self) -> dict[str, Counted]:
        """What counts, by key."""
        told = _Told(self._rates)
        for one in self._by_key.values():
            bases = self._bases.get(one.key)
            if bases is None:
                if one.kind == Kind.ORDER and one.key not in self._tests and one.refunded:
                    # Cancelled: what it says went back, went back of the money that came for it.
                    told.voice("order", one.refunded, one, self._alone_for(one))
            elif bases != [one] and one.kind == Kind.PAYMENT:
                told.paid(one, bases)
                told.voice("payments", one.refunded, one, bases)
            elif bases != [one] and _below(one):
                told.voice("notes", -(one.total or NOTHING), one, bases)
        alone = [one for one in self._by_key.values() if self._bases.get(one.key) == [one]]
        return {one.key: told.counted(one) for one in alone}

    def _alone_for(self, order: Entry) -> list[Entry]:
        """The payments of an order that count by themselves."""
        paid = {one.key: one for one in self._linked(order.key, Kind.PAYMENT)}
        for invoice in self._linked(order.key, Kind.INVOICE):
            paid.update({one.key: one for one in self._linked(invoice.key, Kind.PAYMENT)})
        return [one for _, one in sorted(paid.items()) if self._bases.get(one.key) == [one]]


class _Told:
    """What is told of money that went back, by whom and for what."""

    def __init__(self, rates: Rates) -> None:
        self._rates = rates
        self._voices: dict[str, dict[str, Fraction]] = {}
        self._missing: dict[str, set[str]] = {}
        self._paid: dict[str, Fraction | None] = {}

    def paid(self, one: Entry, bases: Sequence[Entry]) -> None:
        """Keeps that so much came for these. In another currency it cannot be held against a total to the cent."""
        for base, share in zip(bases, self._shares(bases), strict=True):
            known = self._paid.get(base.key, NOTHING)
            if known is None or one.total is None or one.currency != base.currency:
                self._paid[base.key] = None
            else:
                self._paid[base.key] = known + one.total * share

    def voice(self, who: str, amount: Fraction, one: Entry, bases: Sequence[Entry]) -> None:
        """Keeps that so much went back for these, each at the rate of its own date."""
        if not amount or not bases:
            return
        for base, share in zip(bases, self._shares(bases), strict=True):
            worth = self._rates.worth(amount * share, one.currency, base.at)
            if worth is None:
                self._missing.setdefault(base.key, set()).add(one.currency or NO_CURRENCY)
            else:
                voices = self._voices.setdefault(base.key, {})
                voices[who] = voices.get(who, NOTHING) + worth

    def _shares(self, bases: Sequence[Entry]) -> list[Fraction]:
        """In proportion to the totals; alike, where a total is unknown."""
        worths = [self._rates.worth(max(one.total or NOTHING, NOTHING), one.currency, one.at) for one in bases]
        known = [worth for worth in worths if worth is not None]
        whole = sum(known, NOTHING)
        if len(known) < len(bases) or not whole:
            return [Fraction(1, len(bases))] * len(bases)
        return [worth / whole for worth in known]

    def counted(self, one: Entry) -> Counted:
        """What the entry adds."""
        missing = set(self._missing.get(one.key, ()))
        total = None if one.total is None else self._rates.worth(one.total, one.currency, one.at)
        if total is None:
            missing.add(NO_AMOUNT if one.total is None else one.currency or NO_CURRENCY)
            return Counted(one.key, one.kind, one.at, NOTHING, NOTHING, frozenset(missing))
        if total < 0:
            return Counted(one.key, one.kind, one.at, NOTHING, -total, frozenset(missing))
        own = self._rates.worth(one.refunded, one.currency, one.at) or NOTHING
        voices = dict(self._voices.get(one.key, {}))
        if "payments" in voices:
            voices["payments"] -= self._beyond(one)
        returned = min(total, max([own, *voices.values()]))
        return Counted(one.key, one.kind, one.at, total, returned, frozenset(missing))

    def _beyond(self, one: Entry) -> Fraction:
        """What its payments brought beyond its total."""
        paid = self._paid.get(one.key)
        beyond = NOTHING if paid is None or one.total is None else max(paid - one.total, NOTHING)
        return self._rates.worth(beyond, one.currency, one.at) or NOTHING


def _below(one: Entry) -> bool:
    return one.total is not None and one.total < 0
