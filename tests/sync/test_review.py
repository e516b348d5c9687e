"""The review: what may be one is shown once, the most valuable answer first, and answers hold."""

from __future__ import annotations

from datetime import timedelta
from math import log

import pytest
from sqlalchemy import select

from mapping.errors import ConfigError, GoneError
from mapping.review import Weight, rank
from state import judgements
from state.tables import entity
from sync.reviewed import ReviewItem
from tests.sync.hubs import Stage, members, person

SHOW_ALL = {"compare": True, "merge_above": 1, "review_above": 0.05}
"""Nothing is joined by its score, and all that is not hopeless is shown: no figure of a model matters."""


def _kates(stage: Stage, count: int = 1) -> None:
    """Kates by one email each under two spellings of a name, so that scores alone speak of them."""
    stage.configure(identity=SHOW_ALL)
    for number in range(count):
        stage.shop.put("people", person("Kate Hill", email=f"kate.hill{number}@home.example", city=f"Ely {number}"))
        stage.shop.put("people", person("Catherine Hill", email=f"kate.hill{number}@home.example"))


def _open(stage: Stage) -> list[ReviewItem]:
    return list(stage.hub.identity.review(100).items)


def _of(item: ReviewItem) -> set[str]:
    return {item.one.record, item.other.record}


def _again(stage: Stage, times: int = 1) -> None:
    """Everything is decided again."""
    for _ in range(times):
        with stage.hub.db.write() as c:
            judgements.queue_again(c, c.execute(select(entity.c.id)).scalars().all())
        stage.hub.resolve()


def _homes(stage: Stage) -> list[set[str]]:
    return sorted((set(members(one)) for one in stage.customers()), key=sorted)


def test_an_empty_hub_has_nothing_to_ask(stage: Stage) -> None:
    report = stage.hub.identity.review()
    assert (report.open, report.later, report.items) == (0, 0, [])


def test_two_customers_are_shown_once_by_their_most_alike_records(stage: Stage) -> None:
    _kates(stage)
    stage.settle()
    (item,) = _open(stage)
    assert {item.one.id, item.other.id} == {one.id for one in stage.customers()}
    assert (item.one.records, item.other.records) == (2, 2), "each has its copy over there"
    assert 0.05 < item.probability < 1
    assert stage.hub.identity.review(0).open == 1


def test_the_larger_answer_comes_first(stage: Stage) -> None:
    _kates(stage, 2)
    for place in (1, 2):
        stage.shop.put("people", person("Kate Hill", email="kate.hill1@home.example", city=f"York {place}"))
        stage.shop.put("people", person("Catherine Hill", email="kate.hill1@home.example", city=f"York {place}"))
    stage.sync("shop")
    items = _open(stage)
    sides = [[Weight(side.records, side.orders) for side in (one.one, one.other)] for one in items]
    worths = [rank(both[0], both[1], _log_odds(one), 1.0) for both, one in zip(sides, items, strict=True)]
    assert [one.rank for one in items] == pytest.approx(worths)
    assert worths == sorted(worths, reverse=True)
    assert (3, 3) in {(one.one.records, one.other.records) for one in items}


def _log_odds(item: ReviewItem) -> float:
    return log(item.probability / (1 - item.probability))


def test_a_code_names_two_customers_through_reloads_and_rebuilds(stage: Stage) -> None:
    _kates(stage, 3)
    stage.sync()
    before = [(one.code, one.one.id, one.other.id) for one in _open(stage)]
    stage.sync(full=True)
    _again(stage)
    assert [(one.code, one.one.id, one.other.id) for one in _open(stage)] == before
    assert len({code for code, _, _ in before}) == len(before)


def test_an_accepted_pair_is_one_customer_for_good_and_accepting_it_again_changes_nothing(stage: Stage) -> None:
    _kates(stage)
    stage.sync()
    (item,) = _open(stage)
    ids = (item.one.id, item.other.id)
    tried = stage.hub.identity.accept((item.code,), dry_run=True)
    assert len(tried.customers) == 2
    assert len(_open(stage)) == 1
    report = stage.hub.identity.accept((item.code[:5],), note="her nickname", actor="ops")
    assert _open(stage) == []
    assert stage.hub.identity.accept(ids).judgement == 0
    (kept,) = stage.hub.judgements()
    assert (kept.id, kept.note, kept.actor) == (report.judgement, "her nickname", "ops")
    _again(stage, 2)
    assert _homes(stage) == [{"shop/people 1", "shop/people 2"}]
    with pytest.raises(GoneError, match="it was answered"):
        stage.hub.identity.accept((item.code,))


def test_a_rejected_pair_is_never_shown_or_joined_again_until_that_is_taken_back(stage: Stage) -> None:
    _kates(stage)
    stage.sync()
    (item,) = _open(stage)
    report = stage.hub.identity.reject((item.code,))
    assert report.customers == []
    stage.configure(identity={"merge_above": 0.5})
    stage.shop.change("people", "1", {"city": "Ely"})
    stage.sync(full=True)
    _again(stage, 2)
    assert _open(stage) == []
    assert _homes(stage) == [{"shop/people 1"}, {"shop/people 2"}]
    assert stage.hub.identity.reject((item.one.id, item.other.id)).judgement == 0
    assert len(stage.hub.judgements()) == 1
    stage.configure(identity=SHOW_ALL)
    stage.hub.take_back(report.judgement)
    assert [one.code for one in _open(stage)] == [item.code]


def test_what_is_one_customer_is_not_rejected_but_split(stage: Stage) -> None:
    for _ in range(2):
        stage.shop.put("people", person("Kate Hill", email="kate@home.example"))
    stage.sync("shop")
    (one,) = stage.customers()
    with pytest.raises(ConfigError, match="concord unmerge"):
        stage.hub.identity.reject((one.id, one.id))


def test_a_pair_that_is_put_off_comes_back(stage: Stage) -> None:
    _kates(stage, 2)
    stage.sync()
    first, *others = _open(stage)
    report = stage.hub.identity.later((first.code,), days=3, actor="ops")
    assert (report.one, report.other) == (first.one.id, first.other.id)
    shown = stage.hub.identity.review()
    assert (shown.open, shown.later) == (len(others), 1)
    assert first.code not in {one.code for one in shown.items}
    assert stage.hub.identity.show((first.code,)).item.code == first.code, "who asks for it sees it"
    stage.clock.instant += timedelta(days=3)
    assert first.code in {one.code for one in _open(stage)}


def test_a_pair_that_evidence_forbids_is_shown_with_the_reason(stage: Stage) -> None:
    stage.configure(identity={"compare": True, "review_above": 0.05})
    for suffix in ("Jr", "Sr"):
        stage.shop.put("people", person(f"Jon Smith {suffix}", email="jon@smith.example", phone="+442079460958"))
    stage.sync()
    (item,) = _open(stage)
    assert item.against == "Junior and Senior"
    assert stage.hub.identity.show((item.code,)).score.against == "Junior and Senior"  # type: ignore[union-attr]


def test_two_records_stand_side_by_side_and_the_parts_of_the_score_add_up(stage: Stage) -> None:
    _kates(stage)
    stage.sync()
    view = stage.hub.identity.show((_open(stage)[0].code,))
    fields = {one.field: one for one in view.fields}
    assert fields["email"].same
    assert not fields["given_name"].same
    assert {fields["given_name"].one, fields["given_name"].other} == {"Kate", "Catherine"}
    assert view.score is not None
    assert sum(part.weight for part in view.score.parts) == pytest.approx(view.score.log_odds)
    assert view.score.probability == pytest.approx(view.item.probability)
    assert any(part.feature == "email" and part.known for part in view.score.parts)


def test_what_cannot_be_shown_is_told(stage: Stage) -> None:
    _kates(stage)
    stage.shop.put("people", person("Zoe Quux", email="zoe@quux.example"))
    stage.sync()
    identity = stage.hub.identity
    zoe = stage.customer("zoe@quux.example").id
    kate = _open(stage)[0].one.id
    for which in (("nonsense",), ("ab",), ("",)):
        with pytest.raises(GoneError, match="no open pair"):
            identity.show(which)
    with pytest.raises(GoneError, match="no customer 'nobody'"):
        identity.accept((kate, "nobody"))
    with pytest.raises(GoneError, match="why-not"):
        identity.show((kate, zoe))
    with pytest.raises(GoneError, match="are one customer"):
        identity.later((kate, kate))
    assert stage.hub.judgements() == []
