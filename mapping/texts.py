"""Plain values in their one canonical form: texts, numbers, truth values, JSON."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from mapping.wordlists import NO, YES

TEXT_LIMIT = 65_536
"""Characters that a text keeps; what lies beyond is cut off."""

_DEPTH_LIMIT = 32
_DIGITS_LIMIT = 40

# Control characters, byte-order marks, zero-width spaces, bidirectional marks and lone surrogates: none is seen by a
# person, each makes equal texts differ, and databases or JSON writers refuse some. Joiners (U+200C, U+200D) stay, since
# Persian, Indic scripts and emoji need them.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff\ud800-\udfff]"
)

_TRUE = frozenset(YES.split())
_FALSE = frozenset(NO.split())

_NUMBER = re.compile(r"[+-]?(?:\d[\d.,' ]*|[.,]\d+)(?:[eE][+-]?\d{1,3})?")
_NOISE = re.compile(r"[^\d.,'eE+() -]+")


def clean(text: str) -> str:
    """The text without control and invisible characters, in NFC, trimmed, of at most TEXT_LIMIT characters.

    Line ends become ``\\n``. Idempotent.
    """
    if text.isascii() and text.isprintable() and len(text) <= TEXT_LIMIT:
        return text.strip()
    if not text.isprintable():
        text = _INVISIBLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return unicodedata.normalize("NFC", text).strip()[:TEXT_LIMIT].rstrip()


def to_text(value: Any) -> str | None:
    """The text of a scalar ("" for None and NaN), or None for a list or an object.

    Whole floats lose their ``.0``, since ids come as floats out of spreadsheets.
    """
    if type(value) is str:
        return clean(value)
    if value is None:
        return ""
    if value is True:
        return "true"
    if value is False:
        return "false"
    if isinstance(value, int):
        return str(value) if abs(value) < 10**300 else ""
    if isinstance(value, float):
        if not math.isfinite(value):
            return ""
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
    if isinstance(value, Decimal):
        return plain(value) or ""
    return clean(value) if isinstance(value, str) else None


def plain(value: Decimal) -> str | None:
    """A decimal without an exponent, or None for what is no number or has more than 40 digits written out."""
    if not value.is_finite():
        return None
    exponent = value.as_tuple().exponent
    if abs(value.adjusted()) > _DIGITS_LIMIT or (isinstance(exponent, int) and -exponent > _DIGITS_LIMIT):
        return None
    return format(value, "f")


def number(value: Any) -> str | None:
    """A decimal as plain text ("1234.50"), or None.

    Understands thousands and decimal marks of both kinds, currency signs and accountants' brackets. A single comma
    before exactly three digits is taken for a thousands mark; a single point never is.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float | Decimal):
        return plain(Decimal(repr(value)) if isinstance(value, float) else Decimal(value))
    if not isinstance(value, str) or len(value) > 64:
        return None
    text = value.strip()
    try:
        return plain(Decimal(text))
    except InvalidOperation:
        pass
    negative = text.startswith("(") and text.endswith(")")
    text = _NOISE.sub("", text.replace("\u2212", "-").replace("\u00a0", " ").replace("\u202f", " ")).strip("() ")
    if not _NUMBER.fullmatch(text):
        return None
    try:
        result = Decimal(_decimal_point(text.replace(" ", "").replace("'", "")))
    except InvalidOperation:
        return None
    return plain(-result if negative else result)


def _decimal_point(text: str) -> str:
    """The digits with ``.`` as the only mark; a text that mixes marks wrongly stays as it is and fails to parse."""
    point, comma = text.rfind("."), text.rfind(",")
    if comma < 0:
        return text.replace(".", "") if text.count(".") > 1 and _grouped(text, ".") else text
    if point > comma:
        return text.replace(",", "") if _grouped(text[:point], ",") else text
    if point >= 0:
        return text.replace(".", "").replace(",", ".") if _grouped(text[:comma], ".") else text
    if _grouped(text, ","):
        return text.replace(",", "")
    return text.replace(",", ".") if text.count(",") == 1 else text


def _grouped(text: str, mark: str) -> bool:
    """Whether the mark stands before groups of three digits only (two are common in India)."""
    head, *groups = text.lstrip("+-").split(mark)
    return (
        0 < len(head) <= 3
        and all(len(group) == 3 or (len(group) == 2 and mark == ",") for group in groups[:-1])
        and (not groups or len(groups[-1]) == 3)
    )


def integer(value: Any) -> int | None:
    """A whole number of at most 63 bits, or None."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value if -(2**63) <= value < 2**63 else None
    text = number(value)
    if text is None:
        return None
    exact = Decimal(text)
    return int(exact) if exact == exact.to_integral_value() and abs(exact) < 2**63 else None


def boolean(value: Any) -> bool | None:
    """True or False for the usual words of several languages and for 1 and 0, otherwise None."""
    if isinstance(value, bool):
        return value
    text = to_text(value)
    if not text or len(text) > 20:
        return None
    word = text.lower()
    return True if word in _TRUE else False if word in _FALSE else None


def clean_json(value: Any, depth: int = 0) -> Any:
    """The value with clean texts and keys, and without the empty ones (None, "", [], {}): None when nothing is left.

    Raises ValueError when it nests deeper than 32 levels. Numbers that JSON cannot carry exactly become text.
    """
    if type(value) is str:
        return clean(value) or None
    if value is None or isinstance(value, bool):
        return value
    if depth > _DEPTH_LIMIT:
        raise ValueError("nested too deeply")
    if isinstance(value, Mapping):
        items = ((clean(str(key)), clean_json(item, depth + 1)) for key, item in value.items())
        return {key: item for key, item in items if item is not None} or None
    if isinstance(value, list | tuple):
        return [item for item in (clean_json(each, depth + 1) for each in value) if item is not None] or None
    if isinstance(value, int) and -(2**63) <= value < 2**63:
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return to_text(value) or None
