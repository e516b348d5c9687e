"""Scores learn from what people said; what they said stands above every score, before and after."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace

import pytest
from sqlalchemy import select, update

from mapping import scoring
from mapping.errors import ConfigError
from mapping.model import Kind
from mapping.scoring import default, dump, shipped
from state import judgements, statistics
from state.judgements import Member
from state.tables import entity, scoring_model, slice_
from sync import train as training
from tests.sync.hubs import Stage, members, person

FAMILIES, COUPLES = 12, 10


def _loaded(stage: Stage) -> None:
    """Families of two given names under one email, and people by two emails of theirs."""
    stage.configure(identity={"compare": True, "merge_above": 1, "review_above": 0.05})
    number = 0
    for place in range(FAMILIES):
        for given in ("Ann", "Bob"):
            number += 1
            stage.shop.put("people", person(f"{given} Fam{place}", email=f"fam{place}@home.example"), id=f"f{number}")
    for place in range(COUPLES):
        for host in ("home", "work"):
            number += 1
            stage.shop.put("people", person(f"Kate Hill{place}", email=f"kate{place}@{host}.example"), id=f"k{number}")
    stage.sync("shop")


def _judge(stage: Stage, families: int = FAMILIES, couples: int = COUPLES) -> None:
    """Says of families that they are two, and of couples that they are one."""
    keys = [f"f{n}" for n in range(1, 2 * FAMILIES + 1)]
    for first in range(0, 2 * families, 2):
        _say(stage, keys[first : first + 2], (1, 2))
    start = 2 * FAMILIES + 1
    for first in range(start, start + 2 * couples, 2):
        _say(stage, [f"k{first}", f"k{first + 1}"], (1, 1))
    _again(stage)


def _say(stage: Stage, ids: Iterable[str], groups: Iterable[int]) -> None:
    with stage.hub.db.write() as c:
        ((connection, stream, key),) = c.execute(
            select(slice_.c.connection_id, slice_.c.stream, slice_.c.key).where(slice_.c.key == "sales").limit(1)
        ).all()
        said = [
            Member((connection, stream, key, id_, "person"), group, id_) for id_, group in zip(ids, groups, strict=True)
        ]
        judgements.put(c, stage.hub.db.stamp(), "ops", "", said)


def _again(stage: Stage, times: int = 1) -> None:
    for _ in range(times):
        with stage.hub.db.write() as c:
            judgements.queue_again(c, c.execute(select(entity.c.id)).scalars().all())
        stage.hub.resolve()


def _scores(stage: Stage) -> dict[tuple[int, int], float]:
    return {(row["a"], row["b"]): row["log_odds"] for row in stage.rows("pair_score")}


def _homes(stage: Stage) -> set[frozenset[str]]:
    return {frozenset(members(one)) for one in stage.customers()}


def test_too_few_answers_are_refused_with_the_number_needed(stage: Stage) -> None:
    _loaded(stage)
    with pytest.raises(ConfigError, match="0 answers are too few to learn from; 20 are needed"):
        stage.hub.identity.train()
    _judge(stage, FAMILIES, 4)
    with pytest.raises(ConfigError, match="16 answers are too few"):
        stage.hub.identity.train()
    assert stage.rows("scoring_model") == []


def test_a_dry_run_says_what_answers_teach_and_keeps_nothing(stage: Stage) -> None:
    _loaded(stage)
    _judge(stage)
    before = stage.dump()
    report = stage.hub.identity.train(dry_run=True)
    assert stage.dump() == before
    assert (report.answers.judgements, report.answers.different, report.answers.same) == (22, 12, 10)
    assert report.after < report.before
    assert (report.base, report.kept) == (default().version, "")
    assert report.moved


def _scored_otherwise_by(stage: Stage, before: Mapping[tuple[int, int], float]) -> set[str]:
    """The models of the scores that are others than before."""
    rows = stage.rows("pair_score")
    return {row["model"] for row in rows if before.get((row["a"], row["b"])) != row["log_odds"]}


@pytest.fixture
def bold(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scores as the models give them, without the caution that few answers do not end."""
    monkeypatch.setattr(scoring, "_DOUBTFUL", math.inf)


@pytest.mark.usefixtures("bold")
def test_what_was_learned_scores_everybody_and_one_can_go_back(stage: Stage) -> None:
    _loaded(stage)
    before = _scores(stage)
    _judge(stage)
    assert _scores(stage) == before, "what people said changes no score by itself"
    report = stage.hub.identity.train()
    assert report.kept == "person-1"
    after = _scores(stage)
    assert _scored_otherwise_by(stage, before) == {"person-1"}
    families = [pair for pair in before if _are_family(stage, pair)]
    assert families
    assert all(after.get(pair, -2.0) < before[pair] for pair in families)
    assert stage.hub.identity.train().base == "person-1"
    models = {one.version: one.used for one in stage.hub.identity.models() if one.kind == "person"}
    assert models["person-shipped"] is False
    view = stage.hub.identity.use("person-shipped")
    assert view.used
    assert _scores(stage) == pytest.approx(before)
    stage.hub.identity.use("person-1")
    assert _scores(stage) == pytest.approx(after)
    with pytest.raises(ConfigError, match="known are person-1"):
        stage.hub.identity.use("person-9")


def test_who_went_back_to_the_model_that_ships_gets_that_of_every_later_version(stage: Stage) -> None:
    _loaded(stage)
    _judge(stage)
    assert stage.hub.identity.train().kept == "person-1"
    stage.hub.identity.use("person-shipped")
    old = replace(default(), constant=default().constant - 5, trained_on="worlds of long ago")
    with stage.hub.db.write() as c:
        mine = scoring_model.c.version == "person-shipped"
        c.execute(update(scoring_model).where(mine).values(body=dump(old), trained_on=old.trained_on))
    with stage.hub.db.read() as c:
        assert statistics.model(c, "person") == shipped(Kind.PERSON)
    (told,) = [one for one in stage.hub.identity.models() if one.version == "person-shipped"]
    assert told.used
    assert told.trained_on == default().trained_on


def _are_family(stage: Stage, pair: tuple[int, int]) -> bool:
    with stage.hub.db.read() as c:
        names = [c.execute(select(entity.c.name_key).where(entity.c.id == i)).scalar_one() for i in pair]
    words = [set(str(name).split()) for name in names]
    return len(words[0] & words[1]) == 1 and "fam" in str(names[0])


def test_a_judgement_is_never_overridden_through_rebuilds_and_a_retraining(stage: Stage) -> None:
    _loaded(stage)
    _judge(stage)
    stage.configure(identity={"merge_above": 0.5})
    _again(stage)
    assert _obeyed(stage)
    assert stage.hub.identity.train().kept
    trained, ids = _homes(stage), {one.id for one in stage.customers()}
    assert _obeyed(stage)
    _again(stage, 10)
    assert _homes(stage) == trained
    assert {one.id for one in stage.customers()} == ids
    assert _obeyed(stage)


def _obeyed(stage: Stage) -> bool:
    """Whether nobody whom people told apart is one customer, and everybody is of whom they said so."""
    home = {record.removeprefix("shop/people "): group for group in _homes(stage) for record in group}
    families = all(home[f"f{n}"] != home[f"f{n + 1}"] for n in range(1, 2 * FAMILIES + 1, 2))
    first = 2 * FAMILIES + 1
    return families and all(home[f"k{n}"] == home[f"k{n + 1}"] for n in range(first, first + 2 * COUPLES, 2))


def test_a_verdict_that_a_newer_one_overrules_is_not_learned(stage: Stage) -> None:
    _loaded(stage)
    _judge(stage)
    for first in range(1, 2 * FAMILIES + 1, 2):
        _say(stage, [f"f{first}", f"f{first + 1}"], (1, 1))
    with pytest.raises(ConfigError, match="only 0 answers say that two records are two"):
        stage.hub.identity.train(dry_run=True)


def test_answers_that_teach_nothing_change_nothing(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where all answers are about one thing, none can be held out from the others."""
    _loaded(stage)
    _judge(stage)
    monkeypatch.setattr(training, "together", lambda ties: dict.fromkeys((end for tie in ties for end in tie), 0))
    report = stage.hub.identity.train()
    assert report.kept == ""
    assert report.why_not == training.NO_BETTER
    assert stage.rows("scoring_model") == []


@pytest.mark.usefixtures("bold")
def test_a_process_that_is_killed_after_the_model_was_kept_leaves_the_scores_to_the_next(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    _loaded(stage)
    before = _scores(stage)
    _judge(stage)

    def killed(self: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("sync.match.Matcher.run", killed)
        with pytest.raises(KeyboardInterrupt):
            stage.hub.identity.train()
    assert [row["version"] for row in stage.rows("scoring_model")] == ["person-1"]
    assert _scored_otherwise_by(stage, before) == set()
    stage.hub.resolve()
    assert _scored_otherwise_by(stage, before) == {"person-1"}


def test_organizations_learn_apart_from_people(stage: Stage) -> None:
    _loaded(stage)
    _judge(stage)
    with pytest.raises(ConfigError, match="0 answers are too few"):
        stage.hub.identity.train(Kind.ORGANIZATION)
