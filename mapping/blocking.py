"""Blocking: under which keys a record is found by others that may be the same person.

Two records are compared when they share a key. There are many keys, so that a slip in one value leaves others; a key
that too many records share is replaced by narrower ones, and those that are too common too are left and can be counted.

What stands before the sign of an address makes keys of two sides: as it is *written* there, and as a name would make
it. Each side is compared with the other alone: two J. Smiths are not worth a look for the addresses that they might
have (of 330,000 invented records, half of all pairs came of that, and a hundredth of the true ones), nor smith12 and
smith88 for how they begin, unless few addresses do so (of 1,000,000, a seventh of all pairs and .0004 of the true).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from hashlib import blake2b

from mapping.comparison import Comparison
from mapping.emails import local_letters
from mapping.model import Kind
from mapping.spellings import root, sound

VERSION = "5"
"""Raised whenever keys change: records keyed by another version are keyed again."""

COARSE = "*"
"""How keys of one value begin that is narrow enough only where there are few records; the others narrow it already."""

WRITTEN, NAMED = "@", "="
"""How keys of two sides begin, as they stand in an address or are made of a name."""

LOOSE = "+"
"""How coarse keys begin of which there are many, and under which two are seldom one."""

SOUND = "n"
"""How keys of whole names begin that sound alike."""

LARGEST, LARGEST_SOUND, LARGEST_COARSE, LARGEST_LOOSE = 60, 15, 12, 8
"""Records under one key beyond which the key is *oversized*: narrowed, or left out where it is coarse. The seldomer two
of those who share a key are one, the sooner."""

_COARSE, SIDED_BIT, NAMED_BIT, _SOON = 1, 2, 4, 8
"""The lowest bits of a key. Those of two sides differ in the third; those with the fourth are oversized sooner."""
_NEVER_NARROWED = _COARSE | SIDED_BIT
FLAGS = _NEVER_NARROWED | NAMED_BIT | _SOON

_FLAGS_OF = {COARSE: _COARSE, LOOSE: _COARSE | _SOON, WRITTEN: SIDED_BIT, SOUND: _SOON}
_digest = blake2b


def keys(one: Comparison, oversized: AbstractSet[int] = frozenset()) -> tuple[int, ...]:
    """The keys of a record as signed 64-bit integers, sorted, without repetition.

    ``oversized``: keys that more records share than ``most`` allows. Each is replaced by narrower ones, made of it and
    of the record's name, birth date or place; those of them that are oversized too are left out, as coarse keys are.
    """
    found = plain(one)
    wide = found & oversized if oversized else frozenset()
    if wide:
        found = (found - wide) | (narrower(one, wide) - oversized)
    return tuple(sorted(found))


def plain(one: Comparison) -> frozenset[int]:
    """The keys of a record where none is oversized."""
    return frozenset([_number(text) for text in (_person(one) if one.kind == Kind.PERSON else _organization(one))])


def narrower(one: Comparison, wide: AbstractSet[int]) -> frozenset[int]:
    """What the record is filed under in place of its oversized keys; a coarse key has no narrower ones, nor one of
    two sides.

    Who shares a narrower key shares the oversized one, so narrowing only ever takes candidates away.
    """
    details = list(_details(one))
    return frozenset(
        [_number(f"{key} {detail}") | key & _SOON for key in wide if not key & _NEVER_NARROWED for detail in details]
    )


def coarse(key: int) -> bool:
    """Whether the key is only left out when it is oversized."""
    return bool(key & _COARSE)


def sought(keys: Iterable[int]) -> set[int]:
    """Under which keys those are found that a record with these keys is compared with: whoever is compared with whom is
    so both ways."""
    return {key ^ NAMED_BIT if key & SIDED_BIT else key for key in keys}


def most(key: int) -> int:
    """How many records may share the key before it is oversized."""
    if key & _COARSE:
        return LARGEST_LOOSE if key & _SOON else LARGEST_COARSE
    return LARGEST_SOUND if key & _SOON else LARGEST


def _number(text: str) -> int:
    """The key for a text."""
    begins = text[0]
    if begins == NAMED:
        return _number(WRITTEN + text[1:]) | NAMED_BIT
    number = int.from_bytes(_digest(text.encode(), digest_size=8).digest(), "big", signed=True) & ~FLAGS
    return number | _FLAGS_OF.get(begins, 0)


def _person(one: Comparison) -> Iterator[str]:
    for email in one.emails:
        yield f"e {email}"
    for phone in one.phones:
        yield f"p {phone}"
    for known in one.ids:
        yield f"i {known}"
    if one.tax:
        yield f"t {one.tax}"
        yield from _tax_halves(one)
    given, family = one.given, one.family
    first, last = sound(root(given)), sound(family)
    if given and family:
        yield f"{SOUND} " + (f"{first} {last}" if first < last else f"{last} {first}")
        yield from _slips(one)
    yield from _locals(one)
    yield from _by_birth(one, first, last)
    yield from _by_place(one, first, last)
    if family:
        yield f"{COARSE} f {last}"
        yield from _parts(one, first)
    if given:
        yield f"{COARSE} g {first}"
    for phone in one.phones:
        if given or family:
            yield f"q {phone[-4:]} {last or first}"
            yield f"r {phone[-8:-4]} {last or first}"
    if last or first:
        if one.company:
            yield f"c {one.company} {last or first}"
        for domain in one.domains:
            yield f"d {domain} {last or first}"


def _slips(one: Comparison) -> Iterator[str]:
    """One name with a part of the other, so that a slip in the rest of that, which makes it sound another, hides
    nothing."""
    given, family = root(one.given), one.family.replace(" ", "")
    if len(family) >= 4:
        yield f"{LOOSE} l {given} {family[:4]}"
        yield f"{LOOSE} m {given} {family[-4:]}"
    if len(one.given) >= 4:
        yield f"{LOOSE} k {family} {one.given[-3:]}"


def _locals(one: Comparison) -> Iterator[str]:
    """What stands before the sign, letters alone, and what a name would make of it.

    An initial with a family name is sought by addresses of nobody known, since others are found by their name. Who has
    only an initial looks for it, too, as an address does, and is found by it as a name is.
    """
    for email in one.emails:
        local = local_letters(email)
        if len(local) >= 4:
            yield f"{WRITTEN} {local}"
            yield f"{LOOSE} a {local}"
            if not one.family:
                yield f"{WRITTEN} 1 {local}"
    if one.given and one.family:
        family = one.family.replace(" ", "")
        yield f"{NAMED} {one.given}{family}"
        yield f"{NAMED} {family}{one.given}"
        yield f"{NAMED} 1 {one.given[0]}{family}"
        if len(one.given) == 1:
            yield f"{WRITTEN} 1 {one.given}{family}"
        yield f"{LOOSE} j {one.given[0]}{family}"


def _by_birth(one: Comparison, first: str, last: str) -> Iterator[str]:
    if not one.birth:
        return
    if last:
        yield f"bl {one.birth} {last[:3]}"
    if first:
        yield f"bf {one.birth} {first[:2]}"
    yield f"{COARSE} b {one.birth}"
    if one.postcode:
        yield f"bp {one.birth} {one.postcode}"
    elif one.city:
        yield f"bc {one.birth} {one.city}"
    if first and last and one.birth[0] != "-":
        yield f"by {one.birth[:4]} {first} {last[:2]}"
        yield f"bm {one.birth[5:]} {first[:2]} {last[:2]}"


def _tax_halves(one: Comparison) -> Iterator[str]:
    """Either half of a tax number at one place or birth date, so that a slip in the other half hides nothing."""
    where = one.postcode or one.city or one.birth
    if where and len(one.tax) >= 6:
        half = len(one.tax) // 2
        yield f"th {one.tax[:half]} {where}"
        yield f"tl {one.tax[-half:]} {where}"


def _by_place(one: Comparison, first: str, last: str) -> Iterator[str]:
    town = one.postcode or one.city
    if one.number and one.street:
        yield f"s {one.number} {one.street[:6]} {first or last}"
        yield f"u {one.number} {one.street[:6]} {last or first}"
        if one.birth:
            yield f"sb {one.number} {one.birth[-5:]}"
    if one.street and town:
        yield f"{COARSE} s {one.number} {one.street[:6]} {town}"
    if town and one.number and first:
        yield f"y {town} {one.number} {first[:2]}"
    for place in (one.postcode, one.city):
        if place and last:
            yield f"{LOOSE} z {place} {last}"
    if one.city and first:
        yield f"{LOOSE} x {one.city} {first}"


def _parts(one: Comparison, first: str) -> Iterator[str]:
    """The parts of a double name, each with the given name."""
    if " " in one.family and first:
        for word in one.family.split():
            if len(word) > 3:
                last = sound(word)
                yield f"{SOUND} " + (f"{first} {last}" if first < last else f"{last} {first}")


def _organization(one: Comparison) -> Iterator[str]:
    for kind, values in (("oe", one.emails), ("op", one.phones), ("oi", one.ids), ("od", one.domains)):
        for value in values:
            yield f"{kind} {value}"
    if one.tax:
        yield f"ot {one.tax}"
    if one.company:
        yield f"on {one.company}"
        words = one.company.split()
        yield f"os {sound(words[0])} {one.postcode or one.city or (sound(words[1]) if len(words) > 1 else '')}"


def _details(one: Comparison) -> Iterator[str]:
    """With what an oversized key is narrowed: name, birth date, place; not emails and phones, whose keys it may be."""
    if one.given:
        yield f"g {one.given} {sound(one.family)}"
    if one.birth:
        yield f"b {one.birth[-5:]}"
        yield f"a {one.birth[:4]} {one.given[:1]}"
    if one.postcode or one.city:
        yield f"z {one.postcode or one.city} {one.given[:1]}"
    if one.number:
        yield f"h {one.number} {one.given[:1]}"
    if one.middle:
        yield f"m {one.middle[0]} {one.given[:2]}"
