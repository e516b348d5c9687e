"""What orders, invoices and payments come to, told once more and as plainly as can be: whole sets, no shortcuts."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from mapping.money import Entry

WORTH = {"EUR": Fraction(1), "USD": Fraction(8, 10), "JPY": Fraction(625, 100_000)}
"""Of one unit in euros, whatever the day."""


def _names(one: Entry) -> set[str]:
    return {name for field in ("payments", "bills", "pays") for name in one.values.get(field, ())}


def tied(one: Entry, other: Entry) -> bool:
    """Whether either names the other."""
    mine, theirs = {one.key, *one.values.get("aliases", ())}, {other.key, *other.values.get("aliases", ())}
    return bool(mine & _names(other)) or bool(theirs & _names(one))


def _amount(one: Entry, name: str) -> Fraction:
    return Fraction(one.values.get(name, "0")) * WORTH[one.values["currency"]]


def plainly(entries: Sequence[Entry]) -> dict[str, Fraction]:
    """Key to what it adds in euros, of all that count."""
    orders, bills, paid = ([one for one in entries if one.kind == kind] for kind in ("order", "invoice", "payment"))
    tried = [one for one in orders if one.values.get("test")]
    tried += [one for one in bills if one.values.get("test") or any(tied(one, o) for o in tried)]
    tried += [one for one in paid if one.values.get("test") or any(tied(one, each) for each in tried)]
    real = [one for one in orders if one not in tried]
    good = [one for one in real if not one.values.get("cancelled_at") and one.values.get("status") != "voided"]
    came = [one for one in paid if one not in tried and not one.values.get("failed")]

    def is_for(p: Entry, o: Entry) -> bool:
        return tied(p, o) or any(tied(p, bill) and tied(bill, o) for bill in bills)

    owed = [one for one in bills if one not in tried and not one.values.get("cancelled_at")]
    owed = [one for one in owed if not any(tied(one, o) for o in good)]
    for_what = {p.key: [o for o in good if is_for(p, o)] + [bill for bill in owed if tied(p, bill)] for p in came}
    alone = [p for p in came if not for_what[p.key]]
    found = {}
    for one in good + owed:
        mine = [p for p in came if one in for_what[p.key]]
        back = sum((_share(_amount(p, "refunded"), one, for_what[p.key]) for p in mine), Fraction(0))
        if all(p.values["currency"] == one.values["currency"] for p in mine):
            came_for_it = sum((_share(_amount(p, "total"), one, for_what[p.key]) for p in mine), Fraction(0))
            back -= max(Fraction(0), came_for_it - _amount(one, "total"))
        found[one.key] = _amount(one, "total") - min(_amount(one, "total"), max(back, _amount(one, "refunded")))
    for p in alone:
        lost = [o for o in real if o not in good and is_for(p, o)]
        told = (_share(_amount(o, "refunded"), p, [each for each in alone if is_for(each, o)]) for o in lost)
        back = max(sum(told, Fraction(0)), _amount(p, "refunded"))
        found[p.key] = _amount(p, "total") - min(_amount(p, "total"), back)
    return found


def _share(amount: Fraction, of: Entry, among: Sequence[Entry]) -> Fraction:
    return amount * _amount(of, "total") / sum(_amount(one, "total") for one in among)
