"""What goes wrong when people write down names, dates and numbers."""

from __future__ import annotations

import random

_NEAR = {
    "a": "sq", "b": "vn", "c": "xv", "d": "sf", "e": "wr", "f": "dg", "g": "fh", "h": "gj", "i": "uo", "j": "hk",
    "k": "jl", "l": "k", "m": "n", "n": "mb", "o": "ip", "p": "o", "q": "wa", "r": "et", "s": "ad", "t": "ry",
    "u": "yi", "v": "cb", "w": "qe", "x": "zc", "y": "tu", "z": "x",
}  # fmt: skip
_HEARD = (("ph", "f"), ("ck", "k"), ("ei", "ie"), ("y", "i"), ("ll", "l"), ("nn", "n"), ("s", "z"), ("th", "t"),
          ("mac", "mc"), ("son", "sen"), ("tt", "t"), ("ai", "ay"), ("ou", "u"), ("c", "k"), ("ee", "ea"))  # fmt: skip


def typo(text: str, chance: random.Random) -> str:
    """One letter wrong, missing, doubled, too many or swapped; or a spelling that sounds the same."""
    if not text:
        return text
    at = chance.randrange(len(text))
    kind = chance.randrange(7)
    if kind == 0 and len(text) > 2:
        return text[:at] + text[at + 1 :]
    if kind == 1:
        return text[:at] + text[at] + text[at:]
    if kind == 2 and len(text) > 2 and at:
        return text[: at - 1] + text[at] + text[at - 1] + text[at + 1 :]
    if kind in (3, 4):
        for one, other in chance.sample(_HEARD, len(_HEARD)):
            if one in text.lower():
                return text.lower().replace(one, other, 1).title()
    letter = text[at].lower()
    if letter.isdigit():
        return text[:at] + str(chance.randrange(10)) + text[at + 1 :]
    wrong = chance.choice(_NEAR.get(letter, "e"))
    return text[:at] + wrong + text[at + (kind != 5) :]


def typos(text: str, chance: random.Random) -> str:
    """One slip, sometimes two or three."""
    text = typo(text, chance)
    while chance.random() < 0.25:
        text = typo(text, chance)
    return text


def misdated(birth: str, chance: random.Random) -> str:
    """A birth date with a slip: a digit, day and month swapped, a year or month off, the first of January."""
    year, month, day = birth.split("-")
    kind = chance.randrange(8)
    if kind == 0:
        return f"{year}-{day}-{month}" if int(day) <= 12 else f"{year}-{month}-{chance.randrange(1, 29):02d}"
    if kind == 1:
        return f"{int(year) + chance.choice((-10, -2, -1, 1, 2, 10))}-{month}-{day}"
    if kind == 2:
        return f"{year}-{chance.randrange(1, 13):02d}-{day}"
    if kind == 3:
        return f"{year}-{month}-{chance.randrange(1, 29):02d}"
    if kind == 4:
        return f"{year}-01-01"
    if kind == 5:
        return f"{chance.randrange(1930, 2012)}-{chance.randrange(1, 13):02d}-{day}"
    at = chance.choice((2, 3, 6, 9, 9))
    return birth[:at] + str(chance.randrange(2 if at == 6 else 10)) + birth[at + 1 :]


def misdialled(number: str, chance: random.Random) -> str:
    """A phone number with a digit wrong or two swapped."""
    at = chance.randrange(5, len(number))
    if chance.random() < 0.3 and at + 1 < len(number):
        return number[:at] + number[at + 1] + number[at] + number[at + 2 :]
    return number[:at] + str(chance.randrange(10)) + number[at + 1 :]


def written(number: str, chance: random.Random) -> str:
    """A North American number as somebody would type it."""
    area, first, last = number[2:5], number[5:8], number[8:]
    return chance.choice(
        (number, f"({area}) {first}-{last}", f"{area}-{first}-{last}", f"{area}.{first}.{last}",
         f"1 {area} {first} {last}",
         f"{number} ext. {chance.randrange(10, 99)}", area + first + last)
    )  # fmt: skip
