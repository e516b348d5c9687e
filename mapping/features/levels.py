"""The features and their levels, in words. The order of features and levels is part of a model's format."""

from __future__ import annotations

from bisect import bisect_left
from typing import NamedTuple


class Feature(NamedTuple):
    """A thing that is compared. Level 0 is always "nothing to compare"."""

    name: str
    levels: tuple[str, ...]


_WORDS = ("not known in both", "differs", "remotely alike", "alike", "sounds the same", "one or two letters off")
_HOW_MANY = ("not compared", "held once", "held twice", "held by 3 or 4", "held by 5 to 8", "held by 9 to 16",
             "held by 17 to 64", "held by 65 to 256", "held by more than 256")  # fmt: skip

FEATURES: tuple[Feature, ...] = (
    Feature("given name", (*_WORDS, "initial fits", "nickname of it", "same", "stands as family name",
                           "resembles the family name", "one of its parts")),
    Feature("family name", (*_WORDS, "one of its parts", "same", "stands as given name")),
    Feature("middle name", ("not known in both", "differs", "initial fits", "same", "only one has it")),
    Feature("generation", ("none", "differs", "same", "only one has it")),
    Feature("form of address", ("not known in both", "differs", "same")),
    Feature("birth date", ("not known in both", "differs", "same year", "two of its three parts are the same",
                           "same but for a few years", "one or two digits off", "day and month swapped", "same",
                           "only day and month known, same")),
    Feature("email", ("not known in both", "differs", "resembles", "same before the sign", "one or two letters off",
                      "same, held under many names", "same, held under 2 names", "same, held under one name")),
    Feature("name in the other's email", ("no email to look at", "no", "given name only", "family name only",
                                          "family name and initial", "given and family name")),
    Feature("phone", ("not known in both", "differs", "same last digits", "one digit off",
                      "same, held under many names", "same, held under 2 names", "same, held under one name")),
    Feature("id in a system", ("none in common", "same")),
    Feature("tax number", ("not known in both", "differs", "one or two digits off", "same")),
    Feature("street", ("not known in both", "differs", "same street, other number", "same number, other street",
                       "alike, same number", "same, other unit", "same")),
    Feature("postal code", ("not known in both", "differs", "same beginning", "one digit off", "same")),
    Feature("city", ("not known in both", "differs", "alike", "same")),
    Feature("region or country", ("not known in both", "differs", "same")),
    Feature("company", ("not known in both", "differs", "alike", "same")),
    Feature("company's domain", ("not known in both", "differs", "same", "the company's name stands in the domain")),
    Feature("how common the full name is", _HOW_MANY),
    Feature("how common the family name is", _HOW_MANY),
    Feature("how common the given name is", _HOW_MANY),
    Feature("how many share the address", _HOW_MANY),
    Feature("how many share the email or phone", _HOW_MANY),
    Feature("source", ("others", "the same", "the same, which holds nobody twice")),
    Feature("what agrees", ("nothing", "one thing", "two things", "three things", "four things", "five or more")),
    Feature("what disagrees", ("nothing", "one thing", "two things", "three things", "four or more")),
    Feature("name as a whole", ("missing in one", "differs", "only the given name fits", "only the family name fits",
                                "other given name at the same family name", "fits roughly", "fits", "same",
                                "same, crosswise")),
)  # fmt: skip

POSITIONS = {feature.name: place for place, feature in enumerate(FEATURES)}
SIZES = tuple(len(feature.levels) for feature in FEATURES)


_BOUNDS = (1, 2, 4, 8, 16, 64, 256)


def how_many(records: int) -> int:
    """The level for a value that this many records hold."""
    return bisect_left(_BOUNDS, records) + 1
