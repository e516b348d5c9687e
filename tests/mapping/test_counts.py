"""Counts in words."""

from __future__ import annotations

from mapping.counts import many


def test_one_is_singular_and_everything_else_is_not() -> None:
    assert [many(count, "change") for count in (0, 1, 2, 1_500)] == [
        "0 changes",
        "1 change",
        "2 changes",
        "1,500 changes",
    ]
    assert [many(count, "body", "bodies") for count in (1, 2)] == ["1 body", "2 bodies"]
