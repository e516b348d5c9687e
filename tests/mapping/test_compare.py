"""Comparators: what a vendor made of our words is no change, and everything else is one."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapping.compare import COMPARATORS, same
from mapping.contract import SchemaField

OPTIONS = ("qualified=Qualified lead", "customer=Customer", "a", "b")


def field(type_: str, **more: Any) -> SchemaField:
    return SchemaField("x", type_, **more)


@pytest.mark.parametrize(
    ("of", "ours", "theirs"),
    [
        (field("string"), "Jane", "jane"),
        (field("string"), "Jane", None),
        (field("string"), None, "Jane"),
        (field("string"), "Jane", "Janet"),
        (field("string", length=3), "Jane", "Jam"),
        (field("string"), "true", "yes"),
        (field("email"), "jane@example.com", "joe@example.com"),
        (field("phone"), "+442071838750", "+442071838751"),
        (field("phone"), "8750", "020 7183 8750"),
        (field("phone"), "+442071838750", "8750"),
        (field("number"), "49.90", "49.91"),
        (field("number"), "49.96", "49.9"),
        (field("number"), 0, None),
        (field("boolean"), True, "false"),
        (field("boolean"), False, None),
        (field("date"), "2026-05-01", "2026-05-02"),
        (field("datetime"), "2026-05-01T08:00:00Z", "2026-05-01T08:00:01Z"),
        (field("datetime"), "2026-05-01T08:00:00.100Z", "2026-05-01T08:00:00.200Z"),
        (field("enum", options=OPTIONS), "qualified", "customer"),
        (field("multi"), "a;b", "a"),
        (field("reference"), "7", "8"),
        (field("string"), ["a"], ["b"]),
    ],
)
def test_another_value_is_a_change(of: SchemaField, ours: Any, theirs: Any) -> None:
    assert not same(of, ours, theirs)


@pytest.mark.parametrize(
    ("of", "ours", "theirs"),
    [
        (field("string"), " Jane ", "Jane"),
        (field("string"), "e\u0301", "é"),
        (field("string"), None, ""),
        (field("string"), "", []),
        (field("string"), 7, "7"),
        (field("string", length=4), "Jane Doe", "Jane"),
        (field("string", length=3), "Jane", "Jan"),
        (field("email"), "Jane@Example.com", "jane@example.com "),
        (field("email"), "Not an email", "not an EMAIL"),
        (field("phone"), "+442071838750", "+44 20 7183 8750"),
        (field("phone"), "+442071838750", "020 7183 8750"),
        (field("phone"), "+14155552671", "(415) 555-2671"),
        (field("phone"), "(415) 555-2671", "415-555-2671"),
        (field("number"), "49.90", 49.9),
        (field("number"), "49.95", "50"),
        (field("number"), 49.945, "49.95"),
        (field("number"), 1000, "1000.00"),
        (field("integer"), "12", 12),
        (field("boolean"), True, "true"),
        (field("boolean"), False, "No"),
        (field("date"), "2026-05-01", "2026-05-01T00:00:00.000Z"),
        (field("date"), "2026-05-01", 1777593600000),
        (field("datetime"), "2026-05-01T08:00:00Z", 1777622400000),
        (field("datetime"), "2026-05-01T08:00:00Z", "1777622400000"),
        (field("datetime"), "2026-05-01T08:00:00.123456Z", "2026-05-01T10:00:00.123+02:00"),
        (field("datetime"), "2026-05-01T08:00:00.9Z", "2026-05-01T08:00:00Z"),
        (field("enum", options=OPTIONS), "qualified", "Qualified Lead"),
        (field("enum", options=OPTIONS), "CUSTOMER", "customer"),
        (field("multi", options=OPTIONS), "b;a", ["a", "b"]),
        (field("string", comparator="caseless"), "JANE", "jane"),
    ],
)
def test_what_the_vendor_made_of_our_words_is_no_change(of: SchemaField, ours: Any, theirs: Any) -> None:
    assert same(of, ours, theirs)


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=12),
    st.lists(st.text(max_size=4), max_size=3),
    st.sampled_from(["1e400", "2026-05-01", "+442071838750", "99999999999999999999", "a;b", "NaN"]),
)  # fmt: skip


@given(st.sampled_from([*COMPARATORS, "unknown"]), VALUES, VALUES)
def test_no_value_breaks_a_comparator_and_every_value_is_itself(name: str, one: Any, other: Any) -> None:
    assert isinstance(same(field(name), one, other), bool)
    if one == one:  # NaN is not itself
        assert same(field(name), one, one)
