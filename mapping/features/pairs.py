"""A pair of records as a row of levels."""

from __future__ import annotations

from mapping.comparison import Comparison
from mapping.features.contacts import email_level, name_in_email, phone_level
from mapping.features.levels import FEATURES, Feature, how_many
from mapping.features.texts import (
    birth_level,
    family_level,
    given_level,
    number_level,
    postcode_level,
    slips,
    word_level,
)
from mapping.statistics import FAMILY, GIVEN, NAME, PLACE, Snapshot, place

__all__ = ["FEATURES", "Feature", "Features", "compare"]

Features = tuple[int, ...]
"""One level for each of FEATURES, in their order."""


def compare(a: Comparison, b: Comparison, counts: Snapshot) -> Features:
    """The levels of the pair; the same whichever of the two comes first."""
    given, family = _names(a, b)
    whole = _whole_name(given, family)
    birth = birth_level(a.birth, b.birth)
    email, email_shared = email_level(a, b, counts)
    phone, phone_shared = phone_level(a, b, counts)
    tax = number_level(a.tax, b.tax)
    known = 1 if a.ids and b.ids and not set(a.ids).isdisjoint(b.ids) else 0
    street = _street(a, b)
    postal = postcode_level(a.postcode, b.postcode)
    city = word_level(a.city, b.city)
    company = word_level(a.company, b.company)
    domains = _domains(a, b)
    written = name_in_email(a, b)
    name_count, family_count, given_count = _rarity(a, b, given, family, counts)
    if written >= 3 and not (a.named and b.named):
        name_count, family_count = _rarity_of_one(a if a.named else b, written, counts)
    place_count = 0
    if street == 6 or street == 5:
        place_count = how_many(max(counts.of(PLACE, place(a)).records, counts.of(PLACE, place(b)).records))
    shares = [one for one in (email_shared, phone_shared) if one]
    agrees = (
        (whole >= 6) + (birth >= 6) + (email >= 4) + (phone >= 3) + (tax >= 2) + (street >= 4) + (company == 3) + known
    )
    disagrees = (
        (whole == 1 or whole == 4) + (birth in (1, 2)) + (email == 1) + (phone == 1) + (tax == 1) + (0 < street < 4)
    )
    return (
        given, family, _middle(a.middle, b.middle), _generation(a.generation, b.generation), _same(a.sex, b.sex), birth,
        email, written, phone, known, tax, street, postal, city, _region(a, b), company, domains,
        name_count, family_count, given_count, place_count, min(shares) if shares else 0, _source(a, b),
        min(agrees, 5), min(disagrees, 4), whole,
    )  # fmt: skip


def _names(a: Comparison, b: Comparison) -> tuple[int, int]:
    given, family = given_level(a.given, b.given), family_level(a.family, b.family)
    if given < 4 and family < 4:
        across = given_level(a.given, b.family), given_level(a.family, b.given)
        if max(across) == 8 and (min(across) >= 4 or min(across) == 0):
            return 9, 8 if min(across) else family
        if min(across) >= 4:
            return 10, 8
    if 0 < given < 4 and (a.middle or b.middle) and (a.given in b.middle.split() or b.given in a.middle.split()):
        given = 11
    return given, family


_FITS_GIVEN = (0, 1, 1, 2, 2, 2, 2, 2, 3, 3, 2, 2)
_FITS_FAMILY = (0, 1, 1, 2, 2, 2, 2, 3, 3)


def _whole_name(given: int, family: int) -> int:
    if given == 9 or given == 10:
        return 8
    one, other = _FITS_GIVEN[given], _FITS_FAMILY[family]
    if not one or not other:
        fits = one or other
        return 0 if not fits else 1 if fits == 1 else 2 if one else 3
    if one == 1:
        return 1 if other == 1 else 4
    if other == 1:
        return 2
    if one == 3 and other == 3:
        return 7
    return 6 if one + other == 5 else 5


def _middle(one: str, other: str) -> int:
    if not one or not other:
        return 4 if one or other else 0
    if one == other:
        return 3
    if one[0] != other[0]:
        return 1
    return 2 if len(one) == 1 or len(other) == 1 or slips(one, other) <= 1 else 1


def _generation(one: str, other: str) -> int:
    if one == other:
        return 2 if one else 0
    return 1 if one and other else 3


def _same(one: str, other: str) -> int:
    return 0 if not one or not other else 2 if one == other else 1


def _region(a: Comparison, b: Comparison) -> int:
    return _same(a.region, b.region) or _same(a.country, b.country)


def _street(a: Comparison, b: Comparison) -> int:
    if not a.street or not b.street:
        return 0
    number = bool(a.number) and a.number == b.number
    if a.street == b.street:
        if number or not (a.number or b.number):
            return 5 if a.unit != b.unit and a.unit and b.unit else 6
        if a.number and b.number and slips(a.number, b.number, 1) <= 1 and min(len(a.number), len(b.number)) > 2:
            return 4
        return 2 if a.number and b.number else 4
    near = word_level(a.street, b.street) == 2 or a.street.startswith(b.street) or b.street.startswith(a.street)
    if number:
        return 4 if near else 3
    return 2 if near else 1


def _domains(a: Comparison, b: Comparison) -> int:
    if a.domains and b.domains and not set(a.domains).isdisjoint(b.domains):
        return 2
    if (a.company and b.domains and _carries(b.domains, a.company)) or (
        b.company and a.domains and _carries(a.domains, b.company)
    ):
        return 3
    return 1 if a.domains and b.domains else 0


def _carries(domains: tuple[str, ...], company: str) -> bool:
    """Whether one of the domains is made of the company's name: ``smithfoods.de`` of ``smith foods``."""
    name = company.replace(" ", "").replace("-", "")
    return len(name) > 3 and any(domain.replace("-", "").startswith(name) for domain in domains)


def _source(a: Comparison, b: Comparison) -> int:
    if not a.source or a.source != b.source:
        return 0
    return 2 if a.deduplicated or b.deduplicated else 1


def _rarity(a: Comparison, b: Comparison, given: int, family: int, counts: Snapshot) -> tuple[int, int, int]:
    """How common the names in common are, each 0 where there is none in common. Of two spellings the rarer counts."""
    of = counts.of
    name_count = family_count = given_count = 0
    if family == 7:
        family_count = how_many(of(FAMILY, a.family).records)
    elif 1 < family < 7:
        family_count = how_many(min(of(FAMILY, a.family).records, of(FAMILY, b.family).records))
    if given == 8:
        given_count = how_many(of(GIVEN, a.given).records)
    elif 1 < given < 8 or given == 11:
        given_count = how_many(min(of(GIVEN, a.given).records, of(GIVEN, b.given).records))
    if given >= 4 and family >= 4 and a.given and a.family and b.given and b.family:
        one = of(NAME, f"{a.given} {a.family}").records
        other = one if family == 7 and given == 8 else of(NAME, f"{b.given} {b.family}").records
        name_count = how_many(max(one, other))
    return name_count, family_count, given_count


def _rarity_of_one(who: Comparison, written: int, counts: Snapshot) -> tuple[int, int]:
    """How common the names are that stand in the email of a record without a name."""
    family = how_many(counts.of(FAMILY, who.family).records)
    return (how_many(counts.of(NAME, f"{who.given} {who.family}").records) if written == 5 else 0), family
