"""A pair of records as a row of levels."""

from __future__ import annotations

from mapping.comparison import Comparison
from mapping.features.contacts import email_level, name_in_email, phone_level
from mapping.features.levels import FEATURES, Feature, how_many
from mapping.features.texts import (
    birth_level,
    company_level,
    family_level,
    given_level,
    number_level,
    postcode_level,
    slips,
    word_level,
)
from mapping.statistics import FAMILY, GIVEN, NAME, ONCE, PLACE, Snapshot, place

__all__ = ["FEATURES", "Feature", "Features", "compare"]

Features = tuple[int, ...]
"""One level for each of FEATURES, in their order."""


def compare(a: Comparison, b: Comparison, counts: Snapshot) -> Features:
    """The levels of the pair; the same whichever of the two comes first.

    Millions of pairs are compared in a first load, and most have few fields in common. So both are taken apart at once,
    which costs half of asking for each field once by its name, and what is missing in one is told without a call.
    """
    (
        _, given_a, family_a, middle_a, generation_a, sex_a, birth_a, emails_a, phones_a, ids_a, tax_a, _, street_a, _,
        postcode_a, city_a, region_a, country_a, company_a, domains_a, source_a, _, _, once_a,
    ) = a  # fmt: skip
    (
        _, given_b, family_b, middle_b, generation_b, sex_b, birth_b, emails_b, phones_b, ids_b, tax_b, _, street_b, _,
        postcode_b, city_b, region_b, country_b, company_b, domains_b, source_b, _, _, once_b,
    ) = b  # fmt: skip
    given, family = _names(given_a, family_a, given_b, family_b)
    if 0 < given < 4 and (middle_a or middle_b) and (given_a in middle_b.split() or given_b in middle_a.split()):
        given = 11
    whole = _whole_name(given, family)
    birth = birth_level(birth_a, birth_b) if birth_a and birth_b else 0
    email, email_shared = email_level(emails_a, emails_b, counts) if emails_a and emails_b else (0, 0)
    phone, phone_shared = phone_level(phones_a, phones_b, counts) if phones_a and phones_b else (0, 0)
    tax = number_level(tax_a, tax_b) if tax_a and tax_b else 0
    known = 1 if ids_a and ids_b and not set(ids_a).isdisjoint(ids_b) else 0
    street = _street(a, b) if street_a and street_b else 0
    postal = postcode_level(postcode_a, postcode_b) if postcode_a and postcode_b else 0
    city = word_level(city_a, city_b) if city_a and city_b else 0
    company = company_level(company_a, company_b) if company_a and company_b else 0
    domains = _domains(domains_a, company_a, domains_b, company_b) if domains_a or domains_b else 0
    written = 0
    if emails_b and (given_a or family_a):
        written = name_in_email(given_a, family_a, emails_b)
    if emails_a and written < 5 and (given_b or family_b):
        written = max(written, name_in_email(given_b, family_b, emails_a))
    name_count, family_count, given_count = _rarity(given_a, family_a, given_b, family_b, given, family, counts)
    if written >= 3 and not (given_a or family_a):
        name_count, family_count = _rarity_of_one(given_b, family_b, written, counts)
    elif written >= 3 and not (given_b or family_b):
        name_count, family_count = _rarity_of_one(given_a, family_a, written, counts)
    place_count = 0
    if street >= 5:
        place_count = how_many(max(counts.of(PLACE, place(a)).records, counts.of(PLACE, place(b)).records))
    shared = min(email_shared, phone_shared) if email_shared and phone_shared else email_shared or phone_shared
    agrees = (
        (whole >= 6) + (birth >= 6) + (email >= 4) + (phone >= 3) + (tax >= 2) + (street >= 4) + (company == 3) + known
    )
    disagrees = (
        (whole == 1 or whole == 4) + (birth in (1, 2)) + (email == 1) + (phone == 1) + (tax == 1) + (0 < street < 4)
    )
    source = 0 if not source_a or source_a != source_b else 2 if once_a or once_b else 1
    region = _same(region_a, region_b) if region_a and region_b else _same(country_a, country_b)
    return (
        given, family, _middle(middle_a, middle_b) if middle_a or middle_b else 0,
        _generation(generation_a, generation_b) if generation_a or generation_b else 0, _same(sex_a, sex_b), birth,
        email, written, phone, known, tax, street, postal, city, region, company, domains,
        name_count, family_count, given_count, place_count, shared, source,
        agrees if agrees < 5 else 5, disagrees if disagrees < 4 else 4, whole,
    )  # fmt: skip


def _names(given_a: str, family_a: str, given_b: str, family_b: str) -> tuple[int, int]:
    given, family = given_level(given_a, given_b), family_level(family_a, family_b)
    if given < 4 and family < 4:
        least, most = sorted((given_level(given_a, family_b), given_level(family_a, given_b)))
        if most == 8 and (least >= 4 or not least):
            return 9, 8 if least else family
        if least >= 4:
            return 10, 8
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


def _street(a: Comparison, b: Comparison) -> int:
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


def _domains(a: tuple[str, ...], company_a: str, b: tuple[str, ...], company_b: str) -> int:
    if a and b and not set(a).isdisjoint(b):
        return 2
    if (company_a and b and _carries(b, company_a)) or (company_b and a and _carries(a, company_b)):
        return 3
    return 1 if a and b else 0


def _carries(domains: tuple[str, ...], company: str) -> bool:
    """Whether one of the domains is made of the company's name: ``smithfoods.de`` of ``smith foods``."""
    name = company.replace(" ", "").replace("-", "")
    return len(name) > 3 and any(domain.replace("-", "").startswith(name) for domain in domains)


def _rarity(
    given_a: str, family_a: str, given_b: str, family_b: str, given: int, family: int, counts: Snapshot
) -> tuple[int, int, int]:
    """How common the names in common are, each 0 where there is none in common. Of two spellings the rarer counts."""
    known = counts.counts.get
    name_count = family_count = given_count = 0
    if family == 7:
        family_count = how_many(known((FAMILY, family_a), ONCE)[0])
    elif 1 < family < 7:
        family_count = how_many(min(known((FAMILY, family_a), ONCE)[0], known((FAMILY, family_b), ONCE)[0]))
    if given == 8:
        given_count = how_many(known((GIVEN, given_a), ONCE)[0])
    elif 1 < given < 8 or given == 11:
        given_count = how_many(min(known((GIVEN, given_a), ONCE)[0], known((GIVEN, given_b), ONCE)[0]))
    if given >= 4 and family >= 4 and given_a and family_a and given_b and family_b:
        one = known((NAME, f"{given_a} {family_a}"), ONCE)[0]
        other = one if family == 7 and given == 8 else known((NAME, f"{given_b} {family_b}"), ONCE)[0]
        name_count = how_many(one if one > other else other)
    return name_count, family_count, given_count


def _rarity_of_one(given: str, family: str, written: int, counts: Snapshot) -> tuple[int, int]:
    """How common the names are that stand in the email of a record without a name."""
    family_count = how_many(counts.of(FAMILY, family).records)
    return (how_many(counts.of(NAME, f"{given} {family}").records) if written == 5 else 0), family_count
