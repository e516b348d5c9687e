"""Facts seen in several places: one fact out of its sightings, and whom it belongs to.

Who speaks first, of the sightings of one fact:

1. What was only worked out from a series (``derived``) is silent where the same calendar speaks of this occurrence by
   itself.
2. The highest ``sequence`` holds: the organiser raises it whenever the meeting is another one than was agreed to
   (RFC 5546 2.1.4). What counts less speaks of a meeting that is no more. A sighting without one (a mail, a record of a
   CRM) is no copy of an invitation, and is heard beside the highest.
3. The organiser's own copy comes first, since only the organiser may change a meeting (RFC 5546 3.2.2); a cancellation
   there cancels. Then what speaks of this occurrence by itself, then what was revised last (``revised_at``, else when
   the record changed), then the order of the natural keys.

The first that says something of a field gives it; beginning and end are one. Who takes part stands in the organiser's
copy, where there is one, else everybody counts who is named by any: one calendar shows all guests, another its owner
only. An answer is the newest that was given to the invitation with this ``sequence``: the participant's own calendar
before what others have heard of it, and no answer yet (``needs-action``) after every other.

Of money, which payment is for which order and invoice, and by what other keys a payment goes, is the union of what all
say: the shop knows the one, the payment service the other. What went back of a payment is the greatest that any says,
and it only tried the system out where any says so. Amounts are of one currency, that of the total: what is told in
another (a shop has its own, a payment service that of the card) is left out, and of what went back the same share of
the total is taken. Whoever tells of a larger payment (authorised, then captured in part) counts the rest as gone back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from mapping.currencies import decimals, rounded
from mapping.identity import EMAIL, ID, PHONE
from mapping.model import Kind
from mapping.money import MONEY

PREFERENCE = (ID, EMAIL, PHONE)

_STANDING = frozenset({"sequence", "revised_at", "derived"})
"""How much a sighting's word counts: told of the sighting, not of the fact."""
_TIME = frozenset({"at", "ends_at", "all_day"})
_UNITED = ("payments", "bills", "pays", "aliases")
_AMOUNTS = ("subtotal", "tax", "shipping", "discount", "refunds")
_UNANSWERED = frozenset({"", "needs-action"})
_ORGANIZER = "organizer"


@dataclass(frozen=True, slots=True)
class Sighting:
    """One record that speaks of a fact. ``key`` is its natural key (connection, stream, slice, remote id, part),
    ``changed`` when it last changed, as a stamp."""

    entity_id: int
    key: tuple[str, ...]
    kind: str
    values: Mapping[str, Any]
    changed: str

    @property
    def sequence(self) -> int | None:
        """The revision of the invitation that this is a copy of."""
        found = self.values.get("sequence")
        return found if isinstance(found, int) else None

    @property
    def derived(self) -> bool:
        """Whether it was only worked out from a series."""
        return bool(self.values.get("derived"))

    @property
    def revised(self) -> str:
        """When this copy was last revised. Without its ending, since ``…00Z`` would sort after ``…00.5Z``."""
        return str(self.values.get("revised_at") or self.changed).rstrip("~Z")

    @property
    def organizers(self) -> bool:
        """Whether this is the organiser's own copy."""
        return any(one["role"] == _ORGANIZER and one.get("own") for one in self.values.get("participants", ()))


def merge(sightings: Sequence[Sighting]) -> tuple[str, dict[str, Any]]:
    """The fact's kind and values, by the rules above. Deterministic in the set of sightings; at least one is needed."""
    heard = _heard(sightings)
    ordered = _in_order(heard)
    values: dict[str, Any] = {}
    for sighting in ordered:
        timed = "at" in values
        for name, value in sighting.values.items():
            if name not in _STANDING and not (timed and name in _TIME):
                values.setdefault(name, value)
    if len(ordered) > 1 and ordered[0].kind in MONEY:
        _unite(ordered, values)
    took_part = _participants(ordered, heard)
    if took_part:
        values["participants"] = took_part
    else:
        values.pop("participants", None)
    return ordered[0].kind, values


def _unite(ordered: Sequence[Sighting], values: dict[str, Any]) -> None:
    """Puts into the values of a fact of money what is not the first speaker's alone."""
    for name in _UNITED:
        if name in values:
            values[name] = list(dict.fromkeys(key for one in ordered for key in one.values.get(name, ())))
    if any(one.values.get("test") for one in ordered):
        values["test"] = True
    speaker = next((one for one in ordered if "total" in one.values), ordered[0])
    currency = speaker.values.get("currency", values.get("currency"))
    if currency is not None:
        values["currency"] = currency
    alike = [one for one in ordered if one.values.get("currency", currency) == currency]
    for name in _AMOUNTS:
        told = [one.values[name] for one in alike if name in one.values and not _beyond(one, name, values)]
        values.pop(name, None)
        values.update({name: told[0]} if told else {})
    back = [_gave_back(one, values) for one in ordered if "refunded" in one.values]
    known = [one for one in back if one is not None]
    values.pop("refunded", None)
    if known:
        values["refunded"] = max(known, key=Decimal) if ordered[0].kind == Kind.PAYMENT else known[0]


def _gave_back(one: Sighting, values: Mapping[str, Any]) -> str | None:
    """What a sighting says went back, in the currency of the fact; None where that cannot be told."""
    told, currency, total = str(one.values["refunded"]), values.get("currency"), one.values.get("total")
    if one.values.get("currency", currency) == currency:
        beyond = _beyond(one, "refunds", values)
        return str(max(Decimal(told) - beyond, Decimal(0))) if beyond else told
    if not total or not Decimal(total) or "total" not in values:
        return None
    share = Fraction(told) / Fraction(total)
    return rounded(share * Fraction(values["total"]), decimals(str(currency)))


def _beyond(one: Sighting, name: str, values: Mapping[str, Any]) -> Decimal:
    """By how much the total of a payment is larger than that of the fact: so much of what went back never came."""
    if one.kind != Kind.PAYMENT or name != "refunds" or "total" not in one.values:
        return Decimal(0)
    return max(Decimal(one.values["total"]) - Decimal(values["total"]), Decimal(0))


def _heard(sightings: Sequence[Sighting]) -> list[Sighting]:
    """All but those that are silent by the first rule."""
    spoken_of = {one.key[:3] for one in sightings if not one.derived}
    return [one for one in sightings if not one.derived or one.key[:3] not in spoken_of]


def _in_order(heard: Sequence[Sighting]) -> list[Sighting]:
    """Those that count, the first speaker first."""
    highest = max((one.sequence for one in heard if one.sequence is not None), default=None)
    ordered = sorted((one for one in heard if one.sequence in (None, highest)), key=lambda one: one.key)
    ordered.sort(key=lambda one: (one.organizers, not one.derived, one.revised), reverse=True)
    return ordered


def _participants(ordered: Sequence[Sighting], heard: Sequence[Sighting]) -> list[dict[str, Any]]:
    listing = (
        [one for one in ordered if one.sequence is None or one is ordered[0]] if ordered[0].organizers else ordered
    )
    answers: dict[tuple[Any, ...], tuple[tuple[Any, ...], str]] = {}
    for sighting in sorted(heard, key=lambda one: one.key):
        for one in sighting.values.get("participants", ()):
            answer = one.get("answer") or ""
            rank = (sighting.sequence or 0, answer not in _UNANSWERED, bool(one.get("own")), sighting.revised)
            if answer and (_who(one) not in answers or rank > answers[_who(one)][0]):
                answers[_who(one)] = rank, answer
    took_part: dict[tuple[Any, ...], dict[str, Any]] = {}
    for sighting in listing:
        for one in sighting.values.get("participants", ()):
            who = _who(one)
            if who not in took_part:
                told = {name: value for name, value in one.items() if name not in ("own", "answer")}
                took_part[who] = told | ({"answer": answers[who][1]} if who in answers else {})
    return list(took_part.values())


def _who(participant: Mapping[str, Any]) -> tuple[Any, ...]:
    """What tells two participants apart: how they may be recognised; only where nothing is known, the name."""
    known = (participant.get("email"), participant.get("phone"), tuple(participant.get("ids", ())))
    return (participant["role"], *known, None if any(known) else participant.get("name"))


@dataclass(frozen=True, slots=True)
class Hold:
    """A customer who held, from ``since`` until ``until``, the identifier that a participant of a fact is named by."""

    participant: int
    role: str
    kind: str
    customer_id: str
    since: str
    until: str | None


def attach(at: str | None, holds: Iterable[Hold]) -> dict[tuple[int, str], str]:
    """(participant, role) to the one customer it was at the fact's time; an ambiguous participant is left out.

    The strongest kind of identifier decides. Among holders, those who held it at that time come first; where nobody
    did, those who came to hold it later.
    """
    by_participant: dict[tuple[int, str], dict[str, list[Hold]]] = {}
    for hold in holds:
        by_participant.setdefault((hold.participant, hold.role), {}).setdefault(hold.kind, []).append(hold)
    found: dict[tuple[int, str], str] = {}
    for participant, kinds in by_participant.items():
        for kind in PREFERENCE:
            customers = _holders(at, kinds.get(kind, []))
            if customers:
                if len(customers) == 1:
                    found[participant] = customers.pop()
                break
    return found


def _holders(at: str | None, holds: Sequence[Hold]) -> set[str]:
    if at is None:
        return {hold.customer_id for hold in holds if hold.until is None}
    lasting = [hold for hold in holds if hold.until is None or hold.until > at]
    then = {hold.customer_id for hold in lasting if hold.since <= at}
    return then or {hold.customer_id for hold in lasting}
