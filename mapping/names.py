"""Personal names: their parts, and a folded form under which spellings of one name are equal."""

from __future__ import annotations

import re
import unicodedata

from mapping.wordlists import CREDENTIALS, PARTICLES, TITLES

_PREFIXES = frozenset(TITLES.split())
_GENERATIONS = {"jr": "jr", "junior": "jr", "jnr": "jr", "sr": "sr", "senior": "sr", "snr": "sr"} | {
    numeral: numeral for numeral in ("ii", "iii", "iv")
}
_CREDENTIALS = frozenset(CREDENTIALS.split())
_PARTICLES = frozenset(PARTICLES.split())
_LETTERS = str.maketrans(
    {"ø": "o", "Ø": "o", "ł": "l", "Ł": "l", "đ": "d", "Đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"}
    | {"Æ": "ae", "Œ": "oe", "ħ": "h", "ŧ": "t", "'": "", "’": "", "`": "", "´": "", "ʼ": ""}
)
_NOT_WORD = re.compile(r"[\W_]+")
_LONGEST = 400


def name_parts(full: str) -> tuple[str, str]:
    """Given and family name out of a full name; either may be empty, both are where the text is an address.

    Understands ``Family, Given``, leaves out titles and credentials, keeps particles with the family name. A single
    word counts as a given name.
    """
    full = full.strip()
    if "@" in full or len(full) > _LONGEST:
        return "", ""
    if "," in full:
        head, *tail = [piece.strip() for piece in full.split(",")]
        rest = [piece for piece in tail if piece and not _is_credential(piece)]
        if rest:
            return " ".join(_bare(rest[0].split())), " ".join(_bare(head.split()) or head.split())
        full = head
    words = full.split()
    if len(words) == 2 and _plain_word(words[0]) and _plain_word(words[1]):
        return words[0], words[1]
    words = _bare(words)
    if len(words) < 2:
        return " ".join(words), ""
    start = len(words) - 1
    for index in range(1, len(words) - 1):
        if words[index].lower() in _PARTICLES and not words[index][0].isdigit():
            start = index
            break
    return " ".join(words[:start]), " ".join(words[start:])


def _plain_word(word: str) -> bool:
    folded = word.lower().strip(".")
    return folded not in _PREFIXES and folded not in _GENERATIONS and folded not in _CREDENTIALS


def _bare(words: list[str]) -> list[str]:
    """The words without titles before and credentials after the name; never none of several."""
    start, end = 0, len(words)
    while start < end - 1 and words[start].lower().strip(".") in _PREFIXES:
        start += 1
    while end > start + 1 and _is_credential(words[end - 1]):
        end -= 1
    return words[start:end]


def _is_credential(piece: str) -> bool:
    """Whether what follows a comma or ends a name is a title (PhD, Jr., DipWSET) and not a name.

    An unknown word counts when it has two or more capitals but is not written in capitals throughout, or when it has
    points between single letters; a family name in capitals ("MÜLLER, Anna") is none.
    """
    folded = piece.lower().replace(".", "").strip("()")
    if folded in _CREDENTIALS or folded in _GENERATIONS:
        return True
    capitals = sum(letter.isupper() for letter in piece)
    if " " in piece or "-" in piece or "'" in piece or piece.startswith(("Mc", "Mac", "De", "Di", "La", "Le", "Van")):
        return False
    return capitals >= 3 and not piece.isupper()


def first_name(full: str) -> str:
    """The given name of a full name, or ""."""
    return name_parts(full)[0]


def last_name(full: str) -> str:
    """The family name of a full name, or ""."""
    return name_parts(full)[1]


def fold(text: str) -> str:
    """The text in lower case without diacritics and apostrophes, every other punctuation a single space."""
    if text.isascii():
        return " ".join(_NOT_WORD.sub(" ", text.replace("'", "").replace("`", "").lower()).split())
    bare = unicodedata.normalize("NFKD", text.translate(_LETTERS).casefold())
    bare = "".join(letter for letter in bare if not unicodedata.combining(letter)).translate(_LETTERS)
    return " ".join(_NOT_WORD.sub(" ", unicodedata.normalize("NFKC", bare)).split())


def name_key(given: str = "", family: str = "", full: str = "") -> str:
    """The words of a name, folded and sorted, so that spellings and orders of one name share a key; "" without a name.

    Titles and credentials are left out; Junior, Senior and numerals stay, since father and son are two. Parts are
    preferred over the full name. An address is no name. At most 200 characters.
    """
    if given and family:
        text = f"{given} {family}"
        words = fold(text).split() if text.isalpha() else _name_words(text)
    else:
        words = _name_words(full or given or family)
    return " ".join(sorted(words))[:200]


def _name_words(text: str) -> list[str]:
    if "@" in text:
        return []
    pieces = [piece for piece in text.split(",") if piece.strip()]
    if len(pieces) > 1:
        kept = [p for p in pieces[1:] if not _is_credential(p.strip()) or p.strip().lower().strip(".") in _GENERATIONS]
        text = " ".join([pieces[0], *kept])
    words = fold(text[:_LONGEST]).split()
    while len(words) > 1 and words[0] in _PREFIXES:
        words = words[1:]
    while len(words) > 2 and words[-1] in _CREDENTIALS:
        words = words[:-1]
    return [_GENERATIONS.get(word, word) for word in words]
