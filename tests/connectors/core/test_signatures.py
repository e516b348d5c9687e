"""A call to us counts only with the vendor's signature."""

from __future__ import annotations

import pytest

from connectors.core.signatures import holds, is_signed, signature

SECRET, BODY = "secret", b'{"a":1}'
GOOD = signature(SECRET, BODY)


@pytest.mark.parametrize("given", [GOOD, f" {GOOD.upper()}", f"sha256={GOOD}"])
def test_a_right_signature_is_known_in_each_form(given: str) -> None:
    assert is_signed({"x-sign": given}, "X-Sign", SECRET, BODY, prefix="sha256=")
    assert is_signed({"X-SIGN": given}, "x-sign", SECRET, b"other", BODY, prefix="sha256=")


@pytest.mark.parametrize("given", ["", "é", GOOD[:-1], GOOD + "0", signature("other", BODY), signature(SECRET, b"")])
def test_any_other_is_none(given: str) -> None:
    assert not is_signed({"x-sign": given}, "x-sign", SECRET, BODY)


def test_without_a_header_or_a_secret_nothing_is_signed() -> None:
    assert not is_signed({}, "x-sign", SECRET, BODY)
    assert not is_signed({"x-sign": signature("", BODY)}, "x-sign", "", BODY)
    assert not is_signed({"x-sign": GOOD}, "x-sign", SECRET)


@pytest.mark.parametrize("given", [{}, {"X-Key": ""}, {"X-Key": "other"}, {"X-Other": "secret"}])
def test_a_call_without_the_secret_in_its_header_does_not_hold_it(given: dict[str, str]) -> None:
    assert not holds(given, "X-Key", "secret")
    assert holds({"x-key": "secret"}, "X-Key", "secret")


def test_nobody_holds_a_secret_that_there_is_not() -> None:
    assert not holds({"X-Key": ""}, "X-Key", "")
