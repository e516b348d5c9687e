"""Judgements against everything that may happen: rebuilds, reloads, any order of arrival, and a kill at any commit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, select

from state import judgements
from state.tables import entity, judgement_member
from sync import resolve
from sync.reports import CustomerView
from tests.sync.hubs import Stage, members, person, values

REBUILDS = 10
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
NAMES = ("Ann Lee", "A Lee", "Bob Ray", "")
EMAILS = ("ann@home.example", "lee@home.example", "bob@home.example", "")
PHONES = ("020 7946 0958", "020 7946 0123", "")


@st.composite
def _people(draw: st.DrawFn) -> list[dict[str, Any]]:
    """People who share names, emails and phones in every way."""
    found = []
    for _ in range(draw(st.integers(3, 6))):
        name, email, phone = draw(st.sampled_from(NAMES)), draw(st.sampled_from(EMAILS)), draw(st.sampled_from(PHONES))
        found.append(person(name, **{key: one for key, one in (("email", email), ("phone", phone)) if one}))
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where each example gets a folder of its own."""
    return tmp_path_factory.mktemp("judged")


@contextmanager
def _stage(folder: Path, template: Path, *, compare: bool = True) -> Iterator[Stage]:
    """A stage on a copy of a migrated SQLite file: examples are many, and the other database has its own tests."""
    own = folder / f"e{len(list(folder.iterdir()))}"
    own.mkdir()
    path = own / "concord.db"
    path.write_bytes(template.read_bytes())
    made = Stage(own, f"sqlite:///{path}", compare=compare)
    try:
        yield made
    finally:
        made.close()


def _put(stage: Stage, people: Sequence[dict[str, Any]], numbers: Sequence[int]) -> None:
    for number in numbers:
        world = stage.crm if number % 3 == 2 else stage.shop
        world.put("people", people[number], id=f"r{number}", at=NOON)


def _rebuild(stage: Stage) -> None:
    """Everything waits again, and is resolved."""
    with stage.hub.db.write() as c:
        judgements.queue_again(c, c.execute(select(entity.c.id)).scalars().all())
    stage.hub.resolve()


def _ids(stage: Stage) -> dict[frozenset[str], str]:
    return {frozenset(members(one)): one.id for one in stage.customers()}


def _judge_something(stage: Stage, data: st.DataObject) -> set[str]:
    """A merge or a split of what is there; returns the customers that it named."""
    found = stage.customers()
    large = [one for one in found if len(one.members) > 1]
    if data.draw(st.booleans()) and large:
        one = data.draw(st.sampled_from(large))
        records = sorted({f"{m.connection}/{m.stream}/{m.slice}/{m.record}" for m in one.members})
        stage.hub.unmerge(one.id, data.draw(st.lists(st.sampled_from(records), min_size=1, max_size=len(records) - 1)))
        return {one.id}
    if len(found) > 1:
        a, b = data.draw(st.sampled_from(list(combinations(found, 2))))
        stage.hub.merge([a.id, b.id])
        return {a.id, b.id}
    return set()


@given(data=st.data(), people=_people())
@settings(suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate], max_examples=4)
def test_no_judgement_is_ever_overridden_and_nobody_else_is_touched(
    folder: Path, sqlite_template: Path, data: st.DataObject, people: list[dict[str, Any]]
) -> None:
    compare = data.draw(st.booleans())
    with _stage(folder, sqlite_template, compare=compare) as stage, pytest.MonkeyPatch.context() as patch:
        _put(stage, people, range(len(people)))
        stage.sync()
        for _ in range(data.draw(st.integers(1, 3))):
            before = _ids(stage)
            named = _judge_something(stage, data)
            # A record that was split off may score with somebody whom its former fellows kept away.
            untouched = {group: one for group, one in before.items() if one not in named and not compare}
            assert untouched.items() <= _ids(stage).items()
        judged = _ids(stage)
        patch.setattr(resolve, "BATCH", data.draw(st.sampled_from((1, 3, 2000))))
        for number in range(REBUILDS):
            _rebuild(stage)
            if number in (3, 7):
                stage.sync(full=True)
            assert _ids(stage) == judged


@given(data=st.data(), people=_people())
@settings(suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate], max_examples=4)
def test_what_was_said_beforehand_gives_the_same_customers_in_whatever_order_records_come(
    folder: Path, sqlite_template: Path, data: st.DataObject, people: list[dict[str, Any]]
) -> None:
    groups = st.lists(st.sampled_from((None, 1, 2)), min_size=len(people), max_size=len(people))
    said = data.draw(st.lists(groups.filter(any), min_size=1, max_size=2))
    with _stage(folder, sqlite_template) as whole, _stage(folder, sqlite_template) as pieces:
        for stage in (whole, pieces):
            for one in said:
                _say(stage, one)
            for number in range(30):  # so many that whoever comes does not make a count of values due, in either
                stage.shop.put("people", {"email": f"q{number}@plain{number}.example"}, id=f"n{number}")
            stage.sync()
        counted = [stage.rows("statistics")[1]["version"] for stage in (whole, pieces)]
        _put(whole, people, range(len(people)))
        whole.sync()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(resolve, "BATCH", data.draw(st.sampled_from((1, 2, 2000))))
            for number in data.draw(st.permutations(range(len(people)))):
                _put(pieces, people, [number])
                pieces.sync()
        assert [stage.rows("statistics")[1]["version"] for stage in (whole, pieces)] == counted
        told = [
            sorted([(members(one), values(one)) for one in stage.customers()], key=repr) for stage in (whole, pieces)
        ]
        assert told[0] == told[1]


def _say(stage: Stage, groups: Sequence[int | None]) -> None:
    """Says it of records that are still to come."""
    rows = [
        judgements.Member(("crm" if number % 3 == 2 else "shop", "people", "sales", f"r{number}", "person"), group, "")
        for number, group in enumerate(groups)
        if group is not None
    ]
    if rows:
        with stage.hub.db.write() as c:
            judgements.put(c, stage.hub.db.stamp(), "ops", "", rows)


@given(data=st.data(), people=_people())
@settings(suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate], max_examples=4)
def test_a_merge_that_is_undone_either_way_restores_everything(
    folder: Path, sqlite_template: Path, data: st.DataObject, people: list[dict[str, Any]]
) -> None:
    with _stage(folder, sqlite_template) as stage:
        _put(stage, people, range(len(people)))
        stage.settle()
        found = stage.customers()
        if len(found) < 2:
            return
        before = sorted(map(_whole, found), key=repr)  # not by id: the one split off again has a new one
        a, b = data.draw(st.sampled_from(list(combinations(found, 2))))
        report = stage.hub.merge([a.id, b.id])
        if data.draw(st.booleans()):
            stage.hub.take_back(report.judgement)
        else:
            one = stage.hub.customer(a.id)
            theirs = {(m.connection, m.stream, m.slice, m.record) for m in b.members}
            stage.hub.unmerge(one.id, ["/".join(record) for record in sorted(theirs)])
        assert sorted(map(_whole, stage.customers()), key=repr) == before
        assert stage.push().ok
        assert stage.sync().ok
        assert stage.hub.plan().empty


def _whole(one: CustomerView) -> tuple[object, ...]:
    return members(one), values(one), sorted(remote.remote_id for remote in one.remotes)


class Cut(BaseException):
    """What a kill looks like from inside."""


def test_a_merge_or_a_split_that_is_killed_at_any_commit_was_said_or_was_not(stage: Stage) -> None:
    for name, email in (
        ("Ann Lee", "ann@home.example"),
        ("Bob Ray", "ann@home.example"),
        ("Cy Orr", "cy@home.example"),
    ):
        stage.shop.put("people", person(name, email=email))
    stage.sync()
    apart, one = stage.groups(), {frozenset(f"shop/people {n}" for n in (1, 2, 3))}
    assert _every_cut(stage, apart, one, lambda ids: stage.hub.merge(ids)) >= 3
    stage.hub.merge([each.id for each in stage.customers()])
    split = {frozenset({"shop/people 1", "shop/people 3"}), frozenset({"shop/people 2"})}
    assert _every_cut(stage, one, split, lambda ids: stage.hub.unmerge(ids[0], ["shop/people/2"])) >= 3


def _every_cut(stage: Stage, before: set[frozenset[str]], after: set[frozenset[str]], judge: Any) -> int:
    """Judges, killed at the first commit, then the second, until it is not killed; returns how many there are. After
    each kill another process resolves, and what was said is taken back for the next."""
    for place in range(1, 40):
        assert stage.groups() == before
        ids, known = [each.id for each in stage.customers()], len(stage.rows("judgement"))
        if (cut := _cut_at(stage, place, lambda ids=ids: judge(ids))) and len(stage.rows("judgement")) == known:
            stage.hub.resolve()
            assert stage.groups() == before
            continue
        stage.hub.resolve()
        assert stage.groups() == after
        assert {row["state"] for row in stage.rows("run") if row.get("state")} <= {"ok", "failed"}
        (newest, *_) = stage.hub.judgements()
        stage.hub.take_back(newest.id)
        if not cut:
            return place - 1
    raise AssertionError("it never comes to an end")


def _cut_at(stage: Stage, place: int, judge: Any) -> bool:
    """Whether the so-manieth commit came, and so the judging was killed there."""
    writer, commits = stage.hub.db._writer.engine, []

    def commit(_: object) -> None:
        commits.append(1)
        if len(commits) == place:
            raise Cut

    event.listen(writer, "commit", commit)
    try:
        judge()
    except Cut:
        return True
    finally:
        event.remove(writer, "commit", commit)
        stage._reopen()
    return False


def test_a_kill_between_the_word_and_its_work_is_made_good_by_the_next_sync(stage: Stage) -> None:
    for email in ("a@home.example", "b@home.example"):
        stage.shop.put("people", person("Ann Lee", email=email))
    stage.sync()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resolve.Resolver, "_batch", _killed)
        with pytest.raises(Cut):
            stage.hub.merge([one.id for one in stage.customers()])
    assert len(stage.rows("dirty_entity")) == 2
    with stage.hub.db.read() as c:
        assert len(c.execute(select(judgement_member)).all()) == 2
    stage.sync()
    assert len(stage.groups()) == 1


def _killed(*_: object) -> None:
    raise Cut
