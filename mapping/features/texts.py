"""How alike two words, dates or numbers are, as levels."""

from __future__ import annotations

from rapidfuzz.distance import OSA, JaroWinkler

from mapping.spellings import nicknames, sound

DIFFERENT, REMOTE, ALIKE, SOUND, SLIP = 1, 2, 3, 4, 5
"""Levels of the first words of a name feature (``levels._WORDS``)."""

_distance = OSA.distance
_similarity = JaroWinkler.normalized_similarity


def slips(one: str, other: str, most: int = 2) -> int:
    """Letters to change, add, leave out or swap with their neighbour to make one the other; ``most + 1`` for more."""
    return int(_distance(one, other, score_cutoff=most))


def alike(one: str, other: str) -> int:
    """The level of two different words, from DIFFERENT to SLIP.

    One letter off counts as a slip from three letters on, two from six on: Ann and Amy are two names.
    """
    short = min(len(one), len(other))
    if short >= 3:
        off = _distance(one, other, score_cutoff=2)
        if off == 1 or (off == 2 and short >= 6):
            return SLIP
    similar = _similarity(one, other)
    if similar >= 0.7 and short >= 3 and sound(one) == sound(other):
        return SOUND
    if similar >= 0.86:
        return ALIKE
    return REMOTE if similar >= 0.72 else DIFFERENT


def given_level(one: str, other: str) -> int:
    """The level of two given names; 0 where one is missing."""
    if one == other:
        return 8 if one else 0
    if not one or not other:
        return 0
    if len(one) == 1 or len(other) == 1:
        return 6 if one[0] == other[0] else DIFFERENT
    if nicknames(one, other):
        return 7
    level = alike(one, other)
    if level < SLIP and (one.startswith(other) or other.startswith(one)) and min(len(one), len(other)) >= 3:
        return 11
    return level


def family_level(one: str, other: str) -> int:
    """The level of two family names; 0 where one is missing. A part of a double name counts as such."""
    if one == other:
        return 7 if one else 0
    if not one or not other:
        return 0
    if len(one) == 1 or len(other) == 1:
        return ALIKE if one[0] == other[0] else DIFFERENT
    if " " in one or " " in other:
        first, second = set(one.split()), set(other.split())
        if any(len(word) > 3 for word in first & second):
            return 6
        one, other = one.replace(" ", ""), other.replace(" ", "")
        if one == other:
            return SLIP
    return alike(one, other)


def birth_level(one: str, other: str) -> int:
    """The level of two birth dates; 0 where one is missing."""
    if one == other:
        return 0 if not one else 7 if one[0] != "-" else 8
    if not one or not other:
        return 0
    if one[0] == "-" or other[0] == "-":
        return 8 if one[-5:] == other[-5:] else 1
    year, month, day = one[:4], one[5:7], one[8:]
    other_year, other_month, other_day = other[:4], other[5:7], other[8:]
    if year == other_year and month == other_day and day == other_month:
        return 6
    off = _distance(one, other, score_cutoff=2)
    if off == 1:
        return 5
    same = (year == other_year) + (month == other_month) + (day == other_day)
    if same == 2:
        return 4 if year != other_year else 3
    if off == 2:
        return 5
    return 2 if year == other_year else 1


def number_level(one: str, other: str) -> int:
    """The level of two tax numbers."""
    if not one or not other:
        return 0
    if one == other:
        return 3
    return 2 if len(one) > 4 and slips(one, other) <= 2 else 1


def postcode_level(one: str, other: str) -> int:
    """The level of two postal codes."""
    if not one or not other:
        return 0
    if one == other:
        return 4
    if _distance(one, other, score_cutoff=1) <= 1:
        return 3
    return 2 if one[:2] == other[:2] else 1


def company_level(one: str, other: str) -> int:
    """The level of two companies: as ``word_level``, but alike, too, where one has all the words of the other."""
    level = word_level(one, other)
    if level != 1:
        return level
    first, second = set(one.split()), set(other.split())
    return 2 if first <= second or second <= first else 1


def word_level(one: str, other: str) -> int:
    """Two towns or companies: missing, different, alike, same."""
    if not one or not other:
        return 0
    if one == other:
        return 3
    return 2 if _similarity(one, other) >= 0.88 or slips(one, other) <= 2 < min(len(one), len(other)) - 2 else 1
