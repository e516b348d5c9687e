"""Money as vendors' JSON has it, counted as decimals and never as floats."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation

from mapping.errors import RecordError

LARGEST = 24
"""Digits before the point, and zeros behind it, past which a number is no amount of money."""


def decimal(value: object) -> Decimal:
    """The amount of a text or a JSON number, nothing (None, an empty text) being zero.

    A number is taken as it was written: the shortest text that gives the same float. Raises RecordError for what is no
    amount, without quoting it.
    """
    if value is None or value == "":
        return Decimal(0)
    if isinstance(value, str | int | float | Decimal) and not isinstance(value, bool):
        try:
            found = Decimal(str(value).strip())
        except InvalidOperation:
            found = Decimal("NaN")
        if found.is_finite() and -LARGEST < found.adjusted() < LARGEST:
            return found
    raise RecordError("an amount that is no number")


def total(values: Iterable[object]) -> str:
    """The sum of amounts as a text."""
    return written(sum((decimal(value) for value in values), Decimal(0)))


def each(whole: object, quantity: object) -> str:
    """What one of so many costs as a text, to six places at most; the whole where there is no quantity."""
    number = decimal(quantity)
    return written(round(decimal(whole) / number, 6).normalize() if number else decimal(whole))


def written(amount: Decimal) -> str:
    """The amount as a text without an exponent."""
    return f"{amount:f}"
