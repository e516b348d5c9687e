"""Phone numbers in E.164."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

import phonenumbers
from phonenumbers import PhoneMetadata, PhoneNumberFormat

_LONGEST = 64
_PUNCTUATION = str.maketrans("", "", " -()./\u00a0\u2010\u2011\u2012\u2013\u2014\u202a\u202c\u202d\u2060\ufeff'")


class _Plan(NamedTuple):
    """What is needed of a numbering plan to convert its plain numbers without the library's general parser.

    ``whole`` matches its numbers in E.164 that are beyond doubt: of a possible length, and without the prefix that is
    dialled inside the country.
    """

    code: str
    prefix: re.Pattern[str] | None
    lengths: frozenset[int]
    pattern: re.Pattern[str]
    whole: re.Pattern[str]


def phone(text: str, country: str = "") -> str | None:
    """The number in E.164 without its extension, or None when it cannot be one.

    ``country`` (ISO alpha-2) is where a number without an international prefix is dialled; without it such a number is
    None. Possible lengths are checked, not whether the block is assigned: numbering plans change faster than libraries.
    """
    digits = text.replace(" ", "")
    rest = digits[1:]
    if not rest.isdigit():
        digits = text.translate(_PUNCTUATION)
        rest = digits[1:]
    if digits.isascii():
        if digits[:1] == "+" and rest.isdigit():
            if _beyond_doubt(digits):
                return digits
        elif country and digits.isdigit():
            found = _national(digits, country)
            if found:
                return found
    return _parsed(text, country.upper()) if text and len(text) <= _LONGEST else None


def international(text: str) -> str | None:
    """What ``phone`` says of most numbers that begin with a plus, whatever the country; None where it has to be asked.

    The text is ASCII.
    """
    digits = text.replace(" ", "")
    return digits if _beyond_doubt(digits) else None


def _beyond_doubt(digits: str) -> bool:
    """Whether it is a plus and a number of its plan."""
    plan = _plan_of_start(digits[1:4])
    return plan is not None and plan.whole.fullmatch(digits) is not None


@lru_cache(maxsize=1000)
def _plan_of_start(digits: str) -> _Plan | None:
    """The plan of a number that begins so. No calling code (one to three digits) begins another."""
    for size in () if digits[:1] == "0" else (1, 2, 3):
        plan = _plan_of_code(digits[:size])
        if plan is not None:
            return plan
    return None


def _national(digits: str, country: str) -> str | None:
    """The number if it is beyond doubt, otherwise None."""
    plan = _plan_of_country(country)
    if plan is None:
        return None
    prefix = plan.prefix.match(digits) if plan.prefix else None
    rest = digits[prefix.end() :] if prefix else digits
    abroad = digits.startswith(("00", "011"))
    if abroad or len(rest) not in plan.lengths or not plan.pattern.fullmatch(rest):
        return None
    return f"+{plan.code}{rest}"


@lru_cache(maxsize=1000)
def _plan_of_code(code: str) -> _Plan | None:
    region = phonenumbers.region_code_for_country_code(int(code)) if code.isdigit() else phonenumbers.UNKNOWN_REGION
    if region in (phonenumbers.UNKNOWN_REGION, phonenumbers.REGION_CODE_FOR_NON_GEO_ENTITY):
        return None
    return _plan(region)


@lru_cache(maxsize=1000)
def _plan_of_country(country: str) -> _Plan | None:
    plan = _plan(country.upper())
    # Only the main country of a calling code: the others' numbers are parsed by the rules of both.
    if plan is None or phonenumbers.region_code_for_country_code(int(plan.code)) != country.upper():
        return None
    return plan


def _plan(region: str) -> _Plan | None:
    """None where the country rewrites the prefixes that it strips (Mexico, Argentina) or dials abroad its own way."""
    metadata = PhoneMetadata.metadata_for_region(region, None)
    if metadata is None or metadata.general_desc is None or not metadata.general_desc.national_number_pattern:
        return None
    prefix = metadata.national_prefix_for_parsing
    if metadata.national_prefix_transform_rule or metadata.international_prefix not in ("00", "011"):
        return None
    lengths = metadata.general_desc.possible_length
    sizes = "|".join(f"[0-9]{{{length}}}" for length in lengths)
    return _Plan(
        code=str(metadata.country_code),
        prefix=re.compile(prefix) if prefix else None,
        lengths=frozenset(lengths),
        pattern=re.compile(metadata.general_desc.national_number_pattern),
        whole=re.compile(rf"\+{metadata.country_code}{f'(?!{prefix})' if prefix else ''}(?:{sizes})"),
    )


@lru_cache(maxsize=65_536)
def _parsed(text: str, country: str) -> str | None:
    try:
        number = phonenumbers.parse(text.strip().lstrip("'"), country or None)
    except phonenumbers.NumberParseException:
        return None
    if phonenumbers.is_possible_number_with_reason(number) != phonenumbers.ValidationResult.IS_POSSIBLE:
        return None
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def placeholder_phone(number: str) -> bool:
    """Whether an E.164 number was typed only to get past a form: one digit repeated, a run of digits, 555-0100."""
    tail = number[-7:]
    return (
        len(set(tail)) == 1
        or "1234567" in number
        or "7654321" in number
        or "0123456" in number
        or tail in ("5550100", "5551212")
    )
