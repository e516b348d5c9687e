"""Hard evidence that two records, or two clusters of them, are not one subject."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from mapping.comparison import Comparison
from mapping.features.texts import birth_level

BIRTH, UNIQUE, DEDUPLICATED, GENERATION, KIND = (
    "different birth dates",
    "different values of an identifier that names one person",
    "both in one stream that holds nobody twice",
    "Junior and Senior",
    "a person and an organization",
)


class Limits(Protocol):
    """How many values one customer may hold."""

    @property
    def ids_per_system(self) -> int:
        """Different values of one unique identifier."""

    @property
    def emails(self) -> int:
        """Different emails."""

    @property
    def phones(self) -> int:
        """Different phones."""


def births_differ(one: str, other: str) -> bool:
    """Whether two birth dates are of two people and not one date with a slip in it.

    A slip is up to two digits, day and month swapped, or one of the three parts that is another.
    """
    return birth_level(one, other) in (1, 2)


class Evidence(NamedTuple):
    """What a cluster holds of the things that may forbid a merge. ``named`` counts its records with a name."""

    kinds: frozenset[str]
    births: frozenset[str]
    generations: frozenset[str]
    unique: frozenset[str]
    sources: frozenset[str]
    emails: frozenset[str]
    phones: frozenset[str]
    named: int

    @classmethod
    def of(cls, one: Comparison) -> Evidence:
        """What one record holds."""
        return cls(
            frozenset((one.kind,)),
            frozenset((one.birth,)) if one.birth and one.verified_birth else _NONE,
            frozenset((one.generation,)) if one.generation else _NONE,
            frozenset(one.unique),
            frozenset((one.source,)) if one.deduplicated and one.source else _NONE,
            frozenset(one.emails),
            frozenset(one.phones),
            int(one.named),
        )

    def with_(self, other: Evidence) -> Evidence:
        """What both hold together."""
        return Evidence(
            self.kinds | other.kinds,
            self.births | other.births,
            self.generations | other.generations,
            self.unique | other.unique,
            self.sources | other.sources,
            self.emails | other.emails,
            self.phones | other.phones,
            self.named + other.named,
        )

    def conflict(self, other: Evidence, limits: Limits) -> str:
        """Why the two may not come together by machine, in words; "" where nothing is against it."""
        if self.kinds != other.kinds:
            return KIND
        if not self.sources.isdisjoint(other.sources):
            return DEDUPLICATED
        if self.unique and other.unique and self._too_many_ids(other, limits.ids_per_system):
            return UNIQUE
        if self.generations and other.generations and self.generations.isdisjoint(other.generations):
            return GENERATION
        if self.births and other.births and any(births_differ(a, b) for a in self.births for b in other.births):
            return BIRTH
        return self._over_limit(other, limits)

    def _too_many_ids(self, other: Evidence, most: int) -> bool:
        values: dict[str, set[str]] = {}
        for one in self.unique | other.unique:
            values.setdefault(one.partition(":")[0], set()).add(one)
        return any(len(held) > most for held in values.values())

    def _over_limit(self, other: Evidence, limits: Limits) -> str:
        if len(self.emails) + len(other.emails) > limits.emails and len(self.emails | other.emails) > limits.emails:
            return f"more than {limits.emails} emails"
        if len(self.phones) + len(other.phones) > limits.phones and len(self.phones | other.phones) > limits.phones:
            return f"more than {limits.phones} phones"
        return ""


_NONE: frozenset[str] = frozenset()


def veto(a: Comparison, b: Comparison, limits: Limits) -> str:
    """Why two records may not come together by machine; "" where nothing is against it."""
    return Evidence.of(a).conflict(Evidence.of(b), limits)
