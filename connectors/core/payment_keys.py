"""The keys of payments at payment services, as a shop names them: so that a shop's word and the service's are one fact.

A charge is a payment by itself, an intent is the attempt that leads to one; Stripe's connector calls a payment by its
charge and names the intent beside it (``Payment.aliases``). Ids by "Object IDs" of Stripe's documentation: ``ch_`` for
cards, ``py_`` for other ways to pay, ``pi_`` for intents, ``re_`` and ``pyr_`` for what goes back of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_CHARGE, _INTENT, _REFUND = (re.compile(rf"(?:{kind})_\w{{3,250}}") for kind in ("ch|py", "pi", "re|pyr"))
PLUGIN_FIELDS = ("_charge_id", "_stripe_charge_id", "_intent_id", "_stripe_intent_id")
"""Where WooPayments and the Stripe plugins of WordPress keep ids in an order's metadata, beside its transaction's."""


def stripe_charge(texts: Iterable[object]) -> str | None:
    """The key of the first of the texts that is the id of a charge."""
    return _first("charge", _CHARGE, texts)


def stripe_intent(texts: Iterable[object]) -> str | None:
    """The key of the first of the texts that is the id of a payment intent."""
    return _first("payment_intent", _INTENT, texts)


def stripe_refund(texts: Iterable[object]) -> str | None:
    """The key of the first of the texts that is the id of a refund."""
    return _first("refund", _REFUND, texts)


def _first(kind: str, pattern: re.Pattern[str], texts: Iterable[object]) -> str | None:
    found = (text.strip() for text in texts if isinstance(text, str))
    return next((f"stripe:{kind}:{text}" for text in found if pattern.fullmatch(text)), None)
