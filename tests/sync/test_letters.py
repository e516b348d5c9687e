"""Dead letters: what a record failed at, what another rule makes of it, and trying again."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from sqlalchemy import text

from mapping.contract import Coverage, Cursor, Page, RawRecord, RemoteId
from mapping.errors import ConfigError, GoneError, RecordError
from tests.sync.hubs import Stage, person, stream, values
from tests.sync.scripted import Scripted, record

GRANTED = "granted=properties.newsletter == 'maybe'"


@pytest.fixture
def dead(stage: Stage) -> Stage:
    """A stage with two good people and two bad ones, read."""
    stage.shop.put("people", person("Ann Lee", email="ann@x.example"), id="1")
    stage.shop.put("people", person("Bad Day", email="bad@x.example", newsletter="maybe"), id="2")
    stage.shop.put("people", person("Cy Orr", email="cy@x.example", job_title={"a": 1}), id="3")
    stage.shop.put("people", person("Dee Orr", email="dee@x.example", newsletter="maybe"), id="4")
    stage.sync()
    return stage


def _numbers(stage: Stage, **wanted: Any) -> list[int]:
    return [one.id for one in stage.hub.mending.letters(**wanted)]


def _mend(stage: Stage) -> None:
    stage.configure(
        "shop", streams={"people": {"fields": {"newsletter": {"granted": "properties.newsletter == 'maybe'"}}}}
    )


def test_letters_are_found_by_place_and_reason_and_counted_by_reason(dead: Stage) -> None:
    assert len(_numbers(dead)) == 3
    assert len(_numbers(dead, reason="GRANTED")) == 2
    assert _numbers(dead, reason="100%") == []
    assert _numbers(dead, connection="crm") == []
    assert len(_numbers(dead, connection="shop", stream="people")) == 3
    first, second = dead.hub.mending.letter_groups()
    assert (first.letters, first.failures, first.stream, "granted" in first.reason) == (2, 2, "people", True)
    assert (second.letters, "job_title" in second.reason) == (1, True)
    assert dead.hub.mending.letter_groups(reason="job_title") == [second]
    with pytest.raises(ConfigError, match="no connection"):
        dead.hub.mending.letters("shpo")


def test_the_dead_are_counted_by_run_and_by_connection(dead: Stage) -> None:
    (run,) = [one for one in dead.hub.runs(each=True) if one.connection == "shop"]
    assert run.counts["failed"] == 3
    assert {one.name: one.dead_letters for one in dead.hub.status().connections} == {"shop": 3, "crm": 0}


def test_one_letter_tells_the_rule_the_expression_and_the_kind_of_value_without_asking_the_vendor(dead: Stage) -> None:
    asked = dead.shop.requests.copy()
    found = dead.hub.dead_letter(_numbers(dead, reason="job_title")[0])
    assert found.failed is not None
    assert (found.failed.rule, found.failed.field) == ("person", "job_title")
    assert (found.failed.expression, found.failed.value_type) == ("properties.job_title", "object")
    assert "Cy" in found.body
    assert "Cy" not in found.reason
    assert dead.shop.requests == asked


def test_a_rule_is_tried_on_a_letter_and_nothing_is_stored(dead: Stage) -> None:
    number = _numbers(dead, reason="granted")[0]
    before = dead.dump([])
    assert not dead.hub.mending.try_letter(number).ok
    tried = dead.hub.mending.try_letter(number, [GRANTED])
    assert tried.ok
    assert tried.rules == {"newsletter": {"granted": "properties.newsletter == 'maybe'"}}
    assert {one.part for one in tried.entities} >= {"person"}
    assert next(one for one in tried.entities if one.part == "person").changes["email"] == (None, "bad@x.example")
    assert dead.dump([]) == before


def test_a_letter_is_tried_by_another_configuration(dead: Stage) -> None:
    number = _numbers(dead, reason="granted")[0]
    _mend(dead)
    assert dead.hub.mending.try_letter(number).ok


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("granted", "expected field=expression"),
        ("granted=)(", "cannot be read"),
        ("nobody:granted=x", "no rule 'nobody'"),
        ("grantd=x", "did you mean 'granted'"),
    ],
)
def test_a_rule_that_is_wrong_is_told(dead: Stage, rule: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        dead.hub.mending.try_letter(_numbers(dead, reason="granted")[0], [rule])


def test_mended_letters_are_replayed_one_or_some_or_all_and_no_other_record_is_touched(dead: Stage) -> None:
    one, two = _numbers(dead, reason="granted")
    (other,) = _numbers(dead, reason="job_title")
    _mend(dead)
    rules = {row["id"]: row["rules"] for row in dead.rows("entity")}
    report = dead.hub.mending.replay_letters([one])
    assert (report.ok, stream(report, "shop/people").dead) == (True, 0)
    assert _numbers(dead) == sorted([two, other])
    assert {id_: rule for id_, rule in rules.items() if rule != dead.rows("entity")[0]["rules"]} == {}
    assert values(dead.customer("bad@x.example"))["name"] == "Bad Day"
    report = dead.hub.mending.replay_letters(reason="granted")
    assert report.ok
    assert _numbers(dead) == [other]
    before = dead.dump()
    report = dead.hub.mending.replay_letters()
    assert (report.ok, stream(report, "shop/people").dead) == (False, 1)
    assert _numbers(dead) == [other]
    assert dead.dump() == before, "a letter that fails as before is not one more failure"


def test_a_letter_that_was_never_stored_is_asked_for(stage: Stage) -> None:
    told = record("1", given_name="Ann", email="ann@x.example")
    asked: list[Any] = []

    def get(slice_: Any, ids: Any) -> list[RawRecord]:
        asked.append(list(ids))
        return [told]

    patch = RawRecord(RemoteId("1"), {"properties": {"given_name": "A"}}, coverage=Coverage.PATCH)
    scripted = Scripted([Page([patch], cursor=Cursor("1"))])
    stage.connectors["shop"] = scripted
    stage.sync()
    (number,) = _numbers(stage)
    report = stage.hub.mending.replay_letters([number])
    assert not report.ok
    assert "--full" in stream(report, "shop/people").message
    scripted.get = get
    assert stage.hub.mending.replay_letters([number]).ok
    assert asked == [["1"]]
    assert values(stage.customer("ann@x.example"))["given_name"] == "Ann"
    assert _numbers(stage) == []


def test_a_letter_whose_body_was_cut_is_replayed_from_the_record_or_asked_for(dead: Stage) -> None:
    (number,) = _numbers(dead, reason="job_title")
    long = "x" * 300_000
    dead.shop.change("people", "3", {"notes": long})
    dead.sync()
    view = dead.hub.dead_letter(number)
    assert not view.whole
    assert view.failed is not None
    assert view.failed.value_type == "object"
    with dead.hub.db.write() as c:
        c.execute(text("UPDATE raw_record SET body = NULL WHERE remote_id = '3'"))
    with pytest.raises(GoneError, match="not kept whole"):
        dead.hub.mending.try_letter(number)
    dead.configure("shop", streams={"people": {"fields": {"person": {"job_title": "properties.job_title.a"}}}})
    asked = dead.shop.requests["get"]
    assert dead.hub.mending.replay_letters([number]).ok
    assert dead.shop.requests["get"] == asked + 1
    assert values(dead.customer("cy@x.example"))["job_title"] == "1"


def test_what_nobody_could_parse_stays_a_letter_and_says_how_it_comes_again(stage: Stage) -> None:
    stage.connectors["shop"] = Scripted([Page(errors=[RecordError("no JSON", remote_id="7")], cursor=Cursor("1"))])
    stage.sync()
    (number,) = _numbers(stage)
    view = stage.hub.dead_letter(number)
    assert (view.body, view.failed) == ("", None)
    with pytest.raises(GoneError):
        stage.hub.mending.try_letter(number)
    assert stream(stage.hub.mending.replay_letters(), "shop/people").dead == 1
    with pytest.raises(GoneError, match="no dead letter 4711"):
        stage.hub.dead_letter(4711)


def test_a_letter_of_a_connection_that_is_no_longer_configured_can_still_be_looked_at(dead: Stage) -> None:
    (number,) = _numbers(dead, reason="job_title")
    del dead.settings["connections"]["shop"]
    dead.configure()
    assert orjson.loads(dead.hub.dead_letter(number).body)["id"] == "3"
    assert dead.hub.mending.replay_letters([number]).streams == []
