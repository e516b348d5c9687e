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
        rest = next((piece for piece in tail if piece and not _is_credential(piece)), "")
        if head and rest:
            return " ".join(_bare(rest.split())), " ".join(_bare(head.split()))
        full = head or rest
    words = _bare(full.split())
    if len(words) < 2:
        only = " ".join(words)
        return ("", only) if only != full else (only, "")  # after a title stands a family name
    start = next((index for index, word in enumerate(words[1:-1], 1) if word.lower() in _PARTICLES), len(words) - 1)
    return " ".join(words[:start]), " ".join(words[start:])


def _bare(words: list[str]) -> list[str]:
    """The words without titles before and generations and credentials after the name; never none of several."""
    start, end = 0, len(words)
    while start < end - 1 and words[start].lower().strip(".") in _PREFIXES:
        start += 1
    while end > start + 2 and _ends_a_name(words[end - 1]):
        end -= 1
    return words[start:end]


def _ends_a_name(word: str) -> bool:
    """Whether a last word is no name: Jr, or a credential in its own spelling (PhD), since Ma and Pe are names."""
    folded = word.lower().replace(".", "").strip("()")
    if folded in _GENERATIONS:
        return True
    return folded in _CREDENTIALS and sum(letter.isupper() for letter in word) >= 2


def _is_credential(piece: str) -> bool:
    """Whether what follows a comma is a title (PhD, Jr., DipWSET) and not the given name.

    An unknown word counts when it has three capitals or more without being all capitals (``MÜLLER, ANNA``).
    """
    folded = piece.lower().replace(".", "").strip("()")
    if folded in _CREDENTIALS or folded in _GENERATIONS:
        return True
    return piece.isalpha() and sum(letter.isupper() for letter in piece) >= 3 and not piece.isupper()


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
    # Twice, since taking a letter apart may uncover one that has another lower case or parts of its own.
    bare = text
    for _ in range(2):
        apart = unicodedata.normalize("NFKD", bare.translate(_LETTERS).casefold())
        bare = "".join(letter for letter in apart if not unicodedata.combining(letter))
    return " ".join(_NOT_WORD.sub(" ", unicodedata.normalize("NFKC", bare)).split())


def name_key(given: str = "", family: str = "", full: str = "") -> str:
    """The words of a name, folded and sorted, so that spellings and orders of one name share a key; "" without a name.

    Titles and credentials are left out; Junior, Senior and numerals stay, since father and son are two. Parts are
    preferred over the full name. An address is no name. At most 200 characters.
    """
    if given and family:
        last = full.rpartition(" ")[2].lower().strip(".") if len(full) > len(given) + len(family) + 1 else ""
        if given.isascii() and given.isalpha() and family.isascii() and family.isalpha() and last not in _GENERATIONS:
            one, other = given.lower(), family.lower()
            return (f"{one} {other}" if one <= other else f"{other} {one}")[:200]
        words = _name_words(f"{given} {family} {last if last in _GENERATIONS else ''}")
    else:
        words = _name_words(full or given or family)
    return " ".join(sorted(words))[:200]


def _name_words(text: str) -> list[str]:
    if "@" in text:
        return []
    head, *tail = [piece.strip() for piece in text[:_LONGEST].split(",")]
    kept = [piece for piece in tail if not _is_credential(piece) or piece.lower().strip(".") in _GENERATIONS]
    words = [word for piece in (head, *kept) for word in piece.split()]
    bare = _bare(words)
    generation = [word for word in words[-1:] if word.lower().strip(".") in _GENERATIONS and word not in bare[-1:]]
    return [_GENERATIONS.get(word, word) for word in fold(" ".join(bare + generation)).split()]
