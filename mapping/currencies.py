"""Currencies: how many decimals an amount has, and what an amount is worth in the hub's own currency on a day."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from hashlib import blake2b

_DECIMALS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
"""ISO 4217, list one, column "minor unit", as of 2026-01-01; every other currency has two."""
DECIMALS: Mapping[str, int] = {code: count for count, codes in _DECIMALS.items() for code in codes.split()}


def decimals(currency: str) -> int:
    """How many decimals an amount in this currency has."""
    return DECIMALS.get(currency, 2)


def rounded(amount: Fraction, places: int) -> str:
    """The amount with so many decimals as plain text; a half goes away from zero, as on an invoice."""
    scaled = abs(amount) * 10**places
    whole, rest = divmod(scaled.numerator, scaled.denominator)
    digits = whole + (2 * rest >= scaled.denominator)
    text = str(digits).rjust(places + 1, "0")
    sign = "-" if amount < 0 and digits else ""
    return f"{sign}{text[:-places]}.{text[-places:]}" if places else f"{sign}{text}"


class Rates:
    """What one unit of each currency is worth in the hub's own (``currency``), from each day on.

    Takes ``{"USD": {date(2024, 1, 1): Decimal("0.92")}}``. An amount in the hub's own currency needs no rate; without a
    currency of its own the hub can tell the worth of nothing. ``version`` changes with anything that changes a result.
    """

    def __init__(self, currency: str = "", rates: Mapping[str, Mapping[date, Decimal]] | None = None) -> None:
        self.currency = currency
        self._days: dict[str, list[str]] = {}
        self._worth: dict[str, list[Fraction]] = {}
        for code, by_day in (rates or {}).items():
            ordered = sorted(by_day.items())
            self._days[code] = [day.isoformat() for day, _ in ordered]
            self._worth[code] = [Fraction(rate) for _, rate in ordered]
        told = repr((currency, sorted(self._days.items()), sorted(self._worth.items())))
        self.version = blake2b(told.encode(), digest_size=8).hexdigest()

    def worth(self, amount: Fraction, currency: str | None, at: str | None) -> Fraction | None:
        """The amount in the hub's currency at the rate of the instant's date (UTC); None where no rate is known: the
        currency has none, or none so early, or the instant is unknown."""
        if not self.currency or not currency:
            return None
        if currency == self.currency:
            return amount
        place = bisect_right(self._days.get(currency, ()), at[:10]) if at else 0
        return amount * self._worth[currency][place - 1] if place else None
