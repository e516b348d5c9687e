"""What the bench of identity resolution measures with, and on."""

from __future__ import annotations

import pytest

from bench.quality import quality


def test_a_perfect_partition_is_perfect() -> None:
    found = quality([1, 1, 2], ["a", "a", "b"])
    assert (found.precision, found.recall, found.f1, found.b3, found.exact) == (1, 1, 1, 1, 1)


def test_pairwise_and_b_cubed_are_what_the_definitions_say() -> None:
    """Found {1,2,3}, {4}; true {1,2}, {3,4}: one of three found pairs is right, one of two true pairs is found."""
    found = quality([0, 0, 0, 1], [0, 0, 1, 1])
    assert found.precision == pytest.approx(1 / 3)
    assert found.recall == pytest.approx(1 / 2)
    assert found.b3_precision == pytest.approx((2 / 3 + 2 / 3 + 1 / 3 + 1) / 4)
    assert found.b3_recall == pytest.approx((1 + 1 + 1 / 2 + 1 / 2) / 4)
    assert found.exact == 0


def test_nothing_merged_has_no_false_pair() -> None:
    found = quality([0, 1, 2], [0, 0, 0])
    assert (found.precision, found.recall, found.f1) == (1, 0, 0)


def test_the_same_seed_gives_the_same_customers_with_their_mess() -> None:
    pytest.importorskip("faker", reason="the generator needs the bench libraries (pip install concord-hub[bench])")
    from bench.customers import PLACEHOLDERS, World, records

    rows = list(records(World(400, seed=5)))
    assert rows == list(records(World(400, seed=5)))
    assert rows != list(records(World(400, seed=6)))
    assert {row.source for row in rows} == {"crm", "shop", "erp", "helpdesk", "leads", "calendar"}
    emails = [row.values.get("email", "") for row in rows]
    assert any(email in PLACEHOLDERS for email in emails)
    assert any(email.startswith(("info@", "office@", "sales@", "hello@")) for email in emails)
    assert any("," in row.values.get("name", "") for row in rows)
    assert any(row.values.get("phone") == "0000000000" for row in rows)
    assert any(not row.values.get("email") and not row.values.get("phone") for row in rows)


def test_invented_customers_are_found_again() -> None:
    pytest.importorskip("faker", reason="the generator needs the bench libraries (pip install concord-hub[bench])")
    pytest.importorskip("numpy", reason="the bench needs numpy (pip install concord-hub[bench])")
    from bench.contenders import union_find
    from bench.customers import World, canonical, records
    from bench.resolving import compared, prepare, resolve
    from mapping.clustering import Rules
    from mapping.scoring import default

    rows = list(records(World(300, seed=9)))
    ready = prepare(compared((row.source, canonical(row.values)) for row in rows))
    truth = [row.entity for row in rows]
    found = quality(resolve(ready, default(), Rules())[0], truth)
    assert found.f1 > 0.9
    assert found.f1 > quality(union_find(ready.records), truth).f1
