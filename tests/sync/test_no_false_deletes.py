"""No false deletes: only the vendor's word or one complete enumeration takes a record away, and never most of them."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from connectors.memory.sandbox import World
from mapping.errors import TransientError
from tests.sync.hubs import Stage, person, stream, values


def _fill(stage: Stage, count: int) -> None:
    for number in range(1, count + 1):
        stage.shop.put("people", person(f"Ann {chr(64 + number) * 3}", email=f"a{number}@x.example"))


def _hide(world: World, ids: Iterable[str]) -> None:
    """Records vanish without a word, as from a list that the vendor cut short."""
    with world.holdings() as holdings:
        for id_ in ids:
            holdings.table("people").remove(id_)


def _emails(stage: Stage) -> set[str]:
    return {values(one)["email"] for one in stage.customers()}


def test_a_source_that_is_suddenly_empty_deletes_nothing(stage: Stage) -> None:
    _fill(stage, 4)
    stage.settle()
    before = stage.dump()
    _hide(stage.shop, "1234")
    for _ in range(2):
        report = stage.sync("shop", full=True)
        assert stream(report, "shop/people").status == "failed"
        assert "--allow-deletes" in stream(report, "shop/people").message
    assert stage.dump() == before
    assert len(stage.customers()) == 4


def test_a_source_that_lost_more_than_half_deletes_nothing(stage: Stage) -> None:
    _fill(stage, 5)
    stage.sync()
    before = stage.dump()
    _hide(stage.shop, "123")
    report = stage.sync("shop", full=True)
    assert "3 of 5" in stream(report, "shop/people").message
    assert stage.dump() == before


def test_a_single_record_that_vanished_from_a_source_of_one_is_kept(stage: Stage) -> None:
    _fill(stage, 1)
    stage.sync()
    _hide(stage.shop, "1")
    assert not stage.sync("shop", full=True).ok
    assert len(stage.customers()) == 1


@pytest.mark.fault(
    "empty source", "A source that is more than half gone is not believed: nothing is deleted until a person allows it."
)
def test_new_records_do_not_hide_that_most_of_the_old_ones_are_gone(stage: Stage) -> None:
    _fill(stage, 4)
    stage.sync()
    _hide(stage.shop, "123")
    for number in range(6):
        stage.shop.put("people", person(email=f"new{number}@x.example"))
    assert stream(stage.sync("shop", full=True), "shop/people").status == "failed"
    assert {f"a{n}@x.example" for n in range(1, 5)} <= _emails(stage)


def test_the_admin_can_allow_the_deletes(stage: Stage) -> None:
    _fill(stage, 4)
    stage.sync()
    _hide(stage.shop, "123")
    assert not stage.sync("shop", full=True).ok
    report = stage.sync("shop", full=True, allow_deletes=True)
    assert (stream(report, "shop/people").status, stream(report, "shop/people").gone) == ("ok", 3)
    assert _emails(stage) == {"a4@x.example"}


def test_the_admin_can_set_how_much_may_vanish(stage: Stage) -> None:
    stage.configure("shop", streams={"people": {"max_vanished_share": 0.8}})
    _fill(stage, 5)
    stage.sync()
    _hide(stage.shop, "123")
    assert stage.sync("shop", full=True).ok
    assert len(stage.customers()) == 2


def test_less_than_half_gone_is_believed_after_a_complete_enumeration(stage: Stage) -> None:
    _fill(stage, 5)
    stage.sync()
    _hide(stage.shop, "12")
    assert stage.sync("shop").ok
    assert len(stage.customers()) == 5, "an increment says nothing of what is not in it"
    assert stage.sync("shop", full=True).ok
    assert _emails(stage) == {"a3@x.example", "a4@x.example", "a5@x.example"}


@pytest.mark.fault(
    "cut-off listing",
    "What was not met because a full reading was cut off is not taken for deleted; the reading is resumed.",
)
def test_an_enumeration_that_was_interrupted_is_resumed_and_reconciles_rightly(stage: Stage) -> None:
    stage.shop.page_size = 2
    _fill(stage, 8)
    stage.sync()
    _hide(stage.shop, "27")
    stage.shop.change("people", "1", {"city": "Leeds"})
    stage.shop.fail(TransientError("away"), after=2)
    assert not stage.sync("shop", full=True).ok
    assert len(stage.customers()) == 8, "an enumeration that is not complete takes nobody away"
    assert stage.sync("shop").ok
    assert _emails(stage) == {f"a{n}@x.example" for n in (1, 3, 4, 5, 6, 8)}


def test_a_refused_enumeration_leaves_no_half_of_itself_behind(stage: Stage) -> None:
    """The pages met while half of the source was hidden must not count once it is whole again."""
    stage.shop.page_size = 2
    _fill(stage, 8)
    stage.sync()
    with stage.shop.holdings() as holdings:
        kept = [holdings.table("people").remove(id_) for id_ in "12356"]
    assert stream(stage.sync("shop", full=True), "shop/people").status == "failed"
    with stage.shop.holdings() as holdings:
        for row in kept:
            holdings.table("people").set_values(row, {"email": f"a{row.id}@x.example"})
            holdings.table("people").save(row, row.updated_at)
    assert stage.sync("shop").ok
    assert _emails(stage) == {f"a{n}@x.example" for n in range(1, 9)}


def test_a_record_that_comes_back_after_it_was_reconciled_away_is_taken_again(stage: Stage) -> None:
    _fill(stage, 5)
    stage.sync()
    with stage.shop.holdings() as holdings:
        row = holdings.table("people").remove("5")
    stage.sync("shop", full=True)
    assert len(stage.customers()) == 4
    with stage.shop.holdings() as holdings:
        holdings.table("people").set_values(row, {"email": "a5@x.example"})
        holdings.table("people").save(row, row.updated_at)
    assert stage.sync("shop", full=True).ok
    assert len(stage.customers()) == 5


@pytest.mark.parametrize("how", ["delete", "archive"])
def test_the_vendors_word_takes_a_record_away_and_a_restored_one_is_back(stage: Stage, how: str) -> None:
    _fill(stage, 3)
    stage.sync()
    getattr(stage.shop, how)("people", "2")
    report = stage.sync()
    assert stream(report, "shop/people").gone == 1
    assert _emails(stage) == {"a1@x.example", "a3@x.example"}
    if how == "archive":
        stage.shop.restore("people", "2")
        stage.sync()
        assert len(stage.customers()) == 3


def test_what_a_deleted_record_said_is_no_longer_kept(stage: Stage) -> None:
    _fill(stage, 3)
    stage.shop.put("people", person("Sentinel Quixote", email="sentinel.quixote@x.example", newsletter=True))
    stage.sync()
    stage.shop.delete("people", "4")
    stage.sync()
    kept = stage.dump(["identifier"])
    assert "quixote" not in str(kept).lower()


def test_an_older_version_never_replaces_a_newer_one(stage: Stage) -> None:
    _fill(stage, 1)
    stage.sync()
    with stage.shop.holdings() as holdings:
        old = holdings.table("people").rows["1"].model_copy(deep=True)
    stage.shop.change("people", "1", {"city": "Leeds"})
    stage.sync()
    with stage.shop.holdings() as holdings:
        table = holdings.table("people")
        table.remove("1")
        table.save(old, old.updated_at)
    stage.sync(full=True)
    assert values(stage.customer("a1@x.example"))["address"] == {"locality": "Leeds"}
