"""The keys of payments at payment services, as a shop names them: so that a shop's word and the service's are one fact.

A charge is a payment by itself, an intent is the attempt that leads to one; Stripe's connector calls a payment by its
charge and names the intent beside it (``Payment.aliases``). Ids by "Object IDs" of Stripe's documentation: ``ch_`` for
cards, ``py_`` for other ways to pay, ``pi_`` for intents.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_CHARGE = re.compile(r"(ch|py)_\w{3,}")
_INTENT = re.compile(r"pi_\w{3,}")


def stripe_charge(texts: Iterable[object]) -> str | None:
    """The key of the first of the texts that is the id of a charge."""
    return _first("charge", _CHARGE, texts)


def stripe_intent(texts: Iterable[object]) -> str | None:
    """The key of the first of the texts that is the id of a payment intent."""
    return _first("payment_intent", _INTENT, texts)


def _first(kind: str, pattern: re.Pattern[str], texts: Iterable[object]) -> str | None:
    found = (text.strip() for text in texts if isinstance(text, str))
    return next((f"stripe:{kind}:{text}" for text in found if pattern.fullmatch(text)), None)
