"""Stripe's ids are told by their form alone, whichever shop names them."""

from __future__ import annotations

import pytest

from connectors.core.payment_keys import stripe_charge, stripe_intent, stripe_refund
from connectors.core.shops import payment_key


@pytest.mark.parametrize(
    "text", [None, "", 7, "ch_", "pi-3Nk", "re_", "xch_3Nk", "ch_3Nk-capture", "a ch_3Nk", "ch_" + "a" * 251]
)
def test_what_is_no_id_of_stripes_makes_no_key(text: object) -> None:
    assert [stripe_charge([text]), stripe_intent([text]), stripe_refund([text])] == [None, None, None]


@pytest.mark.parametrize(
    ("number", "key", "is_ours"),
    [
        ("ch_3Nk", "stripe:charge:ch_3Nk", True),
        ("py_3Nk", "stripe:charge:py_3Nk", True),
        ("pi_3Nk", "stripe:payment_intent:pi_3Nk", False),
        ("re_3Nk", "shop:payment:1", True),
        ("", "shop:payment:1", True),
    ],
)
def test_a_payment_goes_by_its_charge_and_an_intent_is_stripes_to_tell_of(number: str, key: str, is_ours: bool) -> None:
    assert payment_key(number, "shop:payment:1") == (key, is_ours)


def test_the_first_id_of_a_sort_is_taken_and_others_are_passed_over() -> None:
    texts = ["order 7", "pi_3Nk", " ch_3Nk ", "py_4Nk", "pyr_3Nk", "re_4Nk"]
    assert stripe_charge(texts) == "stripe:charge:ch_3Nk"
    assert stripe_intent(texts) == "stripe:payment_intent:pi_3Nk"
    assert stripe_refund(texts) == "stripe:refund:pyr_3Nk"
