"""How common values are: a snapshot of counts that pairs are judged by, so that one batch and a rebuild agree."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from mapping.comparison import Comparison
from mapping.identity import EMAIL, PHONE, Identifier
from mapping.spellings import root, sound

NAME, GIVEN, FAMILY, PLACE = "name", "given", "family", "place"
"""Kinds of value that are counted besides emails and phones."""


class Count(NamedTuple):
    """How many records hold a value, and under how many distinct names (by the sound of the given name)."""

    records: int = 1
    names: int = 1


ONCE = Count()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The counts of one moment. A value that is not in ``counts`` was held by one record.

    ``records``: among how many the values were counted.
    """

    counts: Mapping[Identifier, Count] = field(default_factory=dict)
    records: int = 0

    def of(self, kind: str, value: str) -> Count:
        """How common the value is."""
        return self.counts.get((kind, value), ONCE)


EMPTY = Snapshot()


def person_name(one: Comparison) -> str:
    """Given and family name as they are counted together; "" unless both are known."""
    return f"{one.given} {one.family}" if one.given and one.family else ""


def place(one: Comparison) -> str:
    """House number, street and town as they are counted together; "" without number and street."""
    return f"{one.number} {one.street} {one.postcode or one.city}" if one.number and one.street else ""


def distinct(one: Comparison) -> str:
    """By what names on one value are told apart: Bob and Robert are one, Smith and Jones of one Anna too."""
    return sound(root(one.given)) if one.given else one.family[:1]


def counted(one: Comparison) -> Iterator[Identifier]:
    """The values of a record whose frequency matters, as (kind, value)."""
    for email in one.emails:
        yield EMAIL, email
    for phone in one.phones:
        yield PHONE, phone
    if one.given:
        yield GIVEN, one.given
    if one.family:
        yield FAMILY, one.family
        if one.given:
            yield NAME, person_name(one)
    if one.number and one.street:
        yield PLACE, place(one)


def snapshot(records: Iterable[Comparison]) -> Snapshot:
    """The counts of all the records at once; a store keeps the same by value as records come and go."""
    holders: dict[Identifier, int] = {}
    names: dict[Identifier, set[str]] = {}
    first: dict[Identifier, str] = {}
    total = 0
    for one in records:
        total += 1
        name = distinct(one)
        for value in counted(one):
            if value not in holders:
                holders[value] = 1
                if value[0] in (EMAIL, PHONE):
                    first[value] = name
                continue
            holders[value] += 1
            if value in first and name and name != first[value]:
                if first[value]:
                    names.setdefault(value, {first[value]}).add(name)
                else:
                    first[value] = name
    counts = {value: Count(many, len(names.get(value, " "))) for value, many in holders.items() if many > 1}
    return Snapshot(counts, total)
