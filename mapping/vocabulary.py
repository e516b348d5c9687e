"""What rules that write may name: the fields of the golden record or fact that their expressions are given."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from mapping.expressions import paths
from mapping.model import MODELS, PROFILES, Address, Kind
from mapping.traits import TRAITS

OF_CUSTOMERS = ("id", "traits")
"""What the engine tells of a customer beside its golden record."""
OF_FACTS = ("kind", "summary", "first_day", "last_day")
"""What it tells of a fact beside the fact's own fields."""


@dataclass(frozen=True, slots=True)
class Stranger:
    """A name in an expression that stands for nothing, and those that may stand in its place."""

    name: str
    known: tuple[str, ...]
    what: str = "field"


def names(kinds: Collection[Kind]) -> tuple[str, ...]:
    """What an expression over records of these kinds may begin with."""
    return tuple(
        dict.fromkeys(
            name
            for kind in kinds
            for name in (*MODELS[kind].model_fields, *(OF_CUSTOMERS if kind in PROFILES else OF_FACTS))
        )
    )


def strangers(text: str, kinds: Collection[Kind]) -> Iterator[Stranger]:
    """The names in the expression that no record of these kinds has. What lies in ``custom`` nobody knows beforehand.

    Raises ConfigError for an expression that cannot be parsed.
    """
    known = names(kinds)
    for root, *more in sorted(paths(text)):
        if root not in known:
            yield Stranger(root, known)
        elif more and root == "traits" and more[0] not in TRAITS:
            yield Stranger(more[0], tuple(TRAITS), "trait")
        elif more and root == "address" and more[0] not in Address.model_fields:
            yield Stranger(f"address.{more[0]}", tuple(f"address.{name}" for name in Address.model_fields))
