"""Spellings of one word: transliteration, how it sounds, and which nickname stands for which name."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from mapping.names import fold
from mapping.wordlists import ROOTS

if TYPE_CHECKING:
    from nicknames import NickNamer

_SOUNDS = (
    ("sch", "x"), ("tch", "x"), ("sh", "x"), ("ch", "x"), ("ph", "f"), ("ck", "k"), ("gh", "g"), ("kn", "n"),
    ("wr", "r"), ("th", "t"), ("dt", "t"), ("tz", "s"), ("qu", "k"), ("sz", "s"), ("cz", "x"), ("ce", "s"),
    ("ci", "s"), ("cy", "s"),
)  # fmt: skip
_ONE_LETTER = str.maketrans({"c": "k", "q": "k", "z": "s", "v": "f", "w": "f", "y": "i", "j": "i", "d": "t", "b": "p"})
_ROOTS = {short: line.split()[0] for line in ROOTS.strip().splitlines() for short in line.split()}
_FORMAL = 3
_VOWELS = re.compile(r"[aeiouh]")
_REPEATED = re.compile(r"(.)\1+")


@lru_cache(maxsize=262_144)
def letters(text: str) -> str:
    """The text folded (``mapping.names.fold``) and in Latin letters: ``Ольга`` becomes ``olga``.

    Other scripts go through anyascii letter by letter, which is a spelling, not a pronunciation.
    """
    folded = fold(text)
    if folded.isascii():
        return folded
    from anyascii import anyascii  # 2.6 MB of tables that most hubs never need

    return fold(anyascii(folded))


@lru_cache(maxsize=262_144)
def sound(word: str) -> str:
    """A code that spellings which sound alike share: ``meyer`` and ``maier``, ``smith`` and ``smyth``. "" for "".

    Coarser than Metaphone and not bound to English: the first letter, then consonants in classes, none twice in a row.
    ``word`` is in plain letters.
    """
    for spelled, heard in _SOUNDS:
        if spelled in word:
            word = word.replace(spelled, heard)
    word = word.replace(" ", "").translate(_ONE_LETTER)
    if not word:
        return ""
    return _REPEATED.sub(r"\1", ("a" if word[0] in "aeiouh" else word[0]) + _VOWELS.sub("", word[1:]))


@cache
def _nicknames() -> NickNamer:
    from nicknames import NickNamer  # reads its table when asked for the first time

    return NickNamer()


@lru_cache(maxsize=65_536)
def nicknames(one: str, other: str) -> bool:
    """Whether two given names, in plain letters, stand for one: Bob and Robert, Liz and Betty (for Elizabeth)."""
    if root(one) == root(other):
        return True
    table = _nicknames()
    return one in table.nicknames_of(other) or other in table.nicknames_of(one)


@lru_cache(maxsize=65_536)
def root(name: str) -> str:
    """One name for all that a given name is short for: Robert for Bob, Rob and Bobby; itself where nothing is known.

    A name with several nicknames of its own is none. Of several names that it may be short for it is the one with the
    most nicknames.
    """
    known = _ROOTS.get(name)
    if known:
        return known
    table = _nicknames()
    if len(table.nicknames_of(name)) >= _FORMAL:
        return name
    best = min({name, *table.canonicals_of(name)}, key=lambda one: (-len(table.nicknames_of(one)), one != name, one))
    return _ROOTS.get(best, best)
