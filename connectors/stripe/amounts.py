"""Stripe's amounts, which count a currency's smallest unit, as decimals.

"Supported currencies", sections on minor units, zero-decimal and three-decimal currencies and special cases, read
2026-11-29. ISK and UGX have no smaller unit any more, but their amounts are still told with two places (500 is 5 ISK);
HUF and TWD are so for payouts only.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Any

from connectors.core.amounts import LARGEST
from mapping.errors import RecordError

WHOLE = frozenset(
    ["BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"]
)
THOUSANDTHS = frozenset(["BHD", "JOD", "KWD", "OMR", "TND"])


def decimal(amount: Any, currency: str) -> Decimal | None:
    """An amount as Stripe tells it (a whole number, or a text that may have a fraction of a cent) in the currency.

    None for none. Raises RecordError for what is no amount.
    """
    if amount is None:
        return None
    if isinstance(amount, bool | float) or not isinstance(amount, int | str):
        raise RecordError("an amount that is no whole number of the smallest unit")
    try:
        found = Decimal(amount)
    except InvalidOperation:
        raise RecordError("an amount that is no number") from None
    if not found.is_finite() or not -LARGEST < found.adjusted() < LARGEST:
        raise RecordError("an amount that is no number")
    return found.scaleb(-places(currency))


def text(amount: Any, currency: str) -> str | None:
    """The same as a text without an exponent: ``12.50``."""
    found = decimal(amount, currency)
    return None if found is None else f"{found:f}"


def total(amounts: Iterable[Decimal | None]) -> str | None:
    """Their sum as a text; None where one of them is not known."""
    known = list(amounts)
    return f"{sum((one for one in known if one is not None), Decimal(0)):f}" if None not in known else None


def places(currency: str) -> int:
    """How many decimal places Stripe's amounts in the currency have."""
    code = currency.upper()
    return 0 if code in WHOLE else 3 if code in THOUSANDTHS else 2
