"""Traits: what a customer's facts come to. Pure rules; docs/traits.md tells them to people.

A fact belongs to at most one person and one organization: for money whoever bought it (``owners``), for everything else
whoever took part. Nothing here depends on the order in which facts came.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from mapping.counts import many
from mapping.currencies import Rates, decimals, rounded
from mapping.model import ActivityKind, Direction, Kind
from mapping.money import NOTHING, Counted
from mapping.timeline import CANCELLED

VERSION = "2"
"""Raised whenever a rule below, or one of mapping/money.py, gives another result: all traits are then made anew."""

TRAITS: Mapping[str, str] = {
    "order_count": "how many orders count",
    "lifetime_value": "what orders, and invoices and payments without an order, came to, net of what went back",
    "average_order": "what an order came to, net of what went back",
    "first_order_at": "when the first order was placed",
    "last_order_at": "when the last order was placed",
    "refund_rate": "the share of what was sold that went back, from 0 to 1",
    "last_contacted_at": "the last mail, call, message or meeting that took place, whoever began it",
    "next_meeting_at": "when the next meeting begins",
    "open_tickets": "how many tickets are not closed",
    "first_campaign": "the campaign of the earliest lead, form or visit that names one",
    "first_form": "the form that was filled in first",
    "first_channel": "the channel of the earliest lead, form or visit that names one",
}
"""Every trait, and what it says."""

CONTACT = (ActivityKind.EMAIL, ActivityKind.CALL, ActivityKind.MEETING, ActivityKind.MESSAGE)
TOUCH = (ActivityKind.LEAD, ActivityKind.FORM, ActivityKind.VISIT)
SHOWN = 10
"""How many facts a trait's provenance names, the newest first; it counts all."""
PLACES = 4
"""Decimals of a share."""

_RANKS = {"buyer": 0, "customer": 0, "company": 0, "payer": 1, "contact": 2}
"""Who of those that an order, invoice or payment names has bought it. Who supplies, ships or receives has not."""
_NO_CONTACT = CANCELLED | {
    "missed",
    "no answer",
    "no_answer",
    "busy",
    "failed",
    "draft",
    "bounced",
    "no_show",
    "no show",
}
_DECLINED = "declined"
_CLOSED = frozenset({"closed", "solved", "resolved", "done", "cancelled", "canceled", "deleted", "spam", "merged"})


@dataclass(frozen=True, slots=True)
class Trait:
    """One trait. ``rule`` is one phrase on how it came about, ``since`` the instant of its newest fact, ``count`` of
    how many facts it was made, ``facts`` the keys of the newest of them."""

    value: int | str
    rule: str
    since: str
    count: int
    facts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Happened:
    """A ticket or an activity of one customer. ``answer`` is what that customer answered to an invitation."""

    key: str
    kind: str
    at: str | None
    values: Mapping[str, Any]
    answer: str = ""

    @property
    def status(self) -> str:
        """The vendor's word, in small letters."""
        return str(self.values.get("status") or "").casefold()

    @property
    def is_contact(self) -> bool:
        """Whether it is, or was to be, a contact in which the customer takes part."""
        return self.status not in _NO_CONTACT and self.answer != _DECLINED

    @property
    def is_open(self) -> bool:
        """Whether a ticket still waits."""
        return not self.values.get("closed_at") and self.status not in _CLOSED


def owners(attached: Mapping[tuple[int, str], str], kinds: Mapping[str, str]) -> set[str]:
    """The customers for whom money counts: of each kind of profile the one who bought, by role and then in the order
    in which the fact names them. ``attached``: (participant, role) to a customer, ``kinds``: customer to its kind."""
    found: dict[str, str] = {}
    ranked = ((_RANKS[role], ordinal, who) for (ordinal, role), who in attached.items() if role in _RANKS)
    for _, _, who in sorted(ranked):
        if who in kinds:
            found.setdefault(kinds[who], who)
    return set(found.values())


def of_money(mine: Collection[Counted], known: int, rates: Rates) -> tuple[dict[str, Trait], frozenset[str]]:
    """The traits of what counts for a customer, and the currencies of amounts that were left out.

    ``known`` is how many orders, invoices and payments it has, counted or not: with none there are no traits.
    """
    if not known:
        return {}, frozenset()
    ordered = sorted(mine, key=lambda one: (one.at or "", one.key), reverse=True)
    orders = [one for one in ordered if one.kind == Kind.ORDER and (one.sold or not one.returned)]
    found = {"order_count": _trait(len(orders), "", orders)}
    dated = [one for one in orders if one.at]
    if dated:
        found["first_order_at"] = _of_one(dated[-1], "the first order")
        found["last_order_at"] = _of_one(dated[0], "the last order")
    if not rates.currency:
        return found, frozenset()
    missing = frozenset(name for one in ordered for name in one.missing)
    found |= _of_amounts(ordered, [one for one in orders if not one.missing], rates.currency, missing)
    return found, missing


def _of_amounts(
    mine: Sequence[Counted], orders: Sequence[Counted], currency: str, missing: Collection[str]
) -> dict[str, Trait]:
    places = decimals(currency)
    sold = sum((one.sold for one in mine), NOTHING)
    returned = sum((one.returned for one in mine), NOTHING)
    left = f"; left out: {', '.join(sorted(missing))}" if missing else ""
    found = {"lifetime_value": _trait(rounded(sold - returned, places), left, mine, currency)}
    if orders:
        average = sum((one.sold - one.returned for one in orders), NOTHING) / len(orders)
        found["average_order"] = _trait(rounded(average, places), left, orders, currency)
    if sold:
        share = rounded(Fraction(returned) / sold, PLACES)
        found["refund_rate"] = _trait(share.rstrip("0").rstrip("."), left, mine)
    return found


def _of_one(order: Counted, rule: str) -> Trait:
    at = _brief(order.at)
    return Trait(at, rule, at, 1, (order.key,))


def _trait(value: int | str, left: str, of: Sequence[Counted], unit: str = "") -> Trait:
    keys = tuple(one.key for one in of[:SHOWN])
    since = _brief(of[0].at) if of else ""
    counts = [(kind, sum(one.kind == kind for one in of)) for kind in (Kind.ORDER, Kind.INVOICE, Kind.PAYMENT)]
    told = " and ".join(many(count, kind) for kind, count in counts if count) or "nothing that counts"
    return Trait(value, f"{unit} of {told}{left}".strip(), since, len(of), keys)


def of_tickets(tickets: Collection[Happened]) -> dict[str, Trait]:
    """How many wait, where there were any."""
    if not tickets:
        return {}
    waiting = sorted((one for one in tickets if one.is_open), key=_moment, reverse=True)
    rule = f"of {many(len(tickets), 'ticket')}"
    since = _brief(waiting[0].at) if waiting else ""
    return {"open_tickets": Trait(len(waiting), rule, since, len(waiting), tuple(o.key for o in waiting[:SHOWN]))}


def of_touches(touches: Iterable[Happened]) -> dict[str, Trait]:
    """What brought the customer: campaign, form and channel, each of the earliest that names one."""
    found: dict[str, Trait] = {}
    for one in sorted((each for each in touches if each.at), key=_moment):
        told = {"first_campaign": one.values.get("campaign"), "first_channel": one.values.get("channel")}
        if one.kind == ActivityKind.FORM or (one.kind == ActivityKind.LEAD and one.values.get("direction")):
            # A lead that a form sent has a direction; what a sales person enters as a lead has a title of its own.
            told["first_form"] = one.values.get("title")
        for name, value in told.items():
            if value and name not in found:
                found[name] = Trait(str(value), f"the first {one.kind} that tells", _brief(one.at), 1, (one.key,))
    return found


def of_contact(one: Happened) -> dict[str, Trait]:
    """The last contact."""
    ways = {Direction.IN: " from the customer", Direction.OUT: " from us"}
    rule = f"{one.kind}{ways.get(one.values.get('direction', ''), '')}"
    return {"last_contacted_at": Trait(_brief(one.at), rule, _brief(one.at), 1, (one.key,))}


def of_meeting(one: Happened) -> dict[str, Trait]:
    """The next meeting."""
    return {"next_meeting_at": Trait(_brief(one.at), "meeting", _brief(one.at), 1, (one.key,))}


def _moment(one: Happened) -> tuple[str, str]:
    return one.at or "", one.key


def _brief(at: str | None) -> str:
    """An instant in canonical form: no fraction where there is none."""
    whole, _, fraction = (at or "").rstrip("Z").partition(".")
    fraction = fraction.rstrip("0")
    return f"{whole}.{fraction}Z" if fraction else f"{whole}Z" if whole else ""
