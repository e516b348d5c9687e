"""Facts seen in several places: one fact out of its sightings, and whom it belongs to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mapping.identity import EMAIL, ID, PHONE

PREFERENCE = (ID, EMAIL, PHONE)


@dataclass(frozen=True, slots=True)
class Sighting:
    """One record that speaks of a fact. ``key`` is its natural key, ``changed`` when it last changed, as a stamp."""

    entity_id: int
    key: tuple[str, ...]
    kind: str
    values: Mapping[str, Any]
    changed: str


def merge(sightings: Sequence[Sighting]) -> tuple[str, dict[str, Any]]:
    """The fact's kind and values: the newest sighting speaks first, the others fill what it leaves out.

    Whoever is named by any of them took part: one calendar shows all guests, another only its owner. Deterministic in
    the set of sightings.
    """
    ordered = sorted(sightings, key=lambda s: s.key)
    ordered.sort(key=lambda s: s.changed, reverse=True)
    values: dict[str, Any] = {}
    for sighting in ordered:
        for name, value in sighting.values.items():
            values.setdefault(name, value)
    took_part: dict[tuple[Any, ...], Any] = {}
    for sighting in ordered:
        for participant in sighting.values.get("participants", ()):
            took_part.setdefault(_who(participant), participant)
    if took_part:
        values["participants"] = list(took_part.values())
    return ordered[0].kind, values


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
