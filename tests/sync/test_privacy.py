"""Secrets and personal data never reach a log, an error, a run or a journal; and what must not be kept is not kept."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from mapping.errors import TransientError
from state.tables import metadata, personal_columns
from tests.sync.hubs import Stage, person, stream

SENTINEL = "quixote"
KEY = "key-of-dulcinea"


def _sentinels(stage: Stage) -> None:
    """Records that carry the sentinel wherever a person's data can stand, failing ones among them."""
    who = {"email": "sentinel.quixote@home.example", "phone": "020 7946 0958", "notes": "quixote was here"}
    stage.shop.put("people", person("Sentinel Quixote", **who, newsletter=True), id="id-of-quixote@home.example")
    stage.shop.put("people", person("Bad Quixote", email="bad.quixote@home.example", newsletter="quixote"))
    stage.shop.put("people", person("Long Quixote", email="long@quixote.example", job_title="quixote" * 20))
    stage.shop.put("people", {"email": "sentinel.quixote@home.example"}, broken=True)
    attendees = [{"email": "sentinel.quixote@home.example", "name": "Sentinel Quixote"}]
    meeting = {"uid": "quixote-1", "title": "With Quixote", "starts_at": "2026-05-01", "attendees": attendees}
    stage.shop.put("meetings", meeting)
    stage.shop.put("meetings", {"uid": "quixote-2", "attendees": [*attendees, {**attendees[0], "name": "Q"}]})
    stage.shop.put(
        "orders", {"number": "quixote-7", "email": "sentinel.quixote@home.example", "placed_at": "2026-05-02"}
    )


def _unmarked(stage: Stage) -> str:
    """Everything in the database that is not marked as personal."""
    marked = personal_columns()
    return repr(
        [
            value
            for name in metadata.tables
            for row in stage.rows(name)
            for column, value in row.items()
            if f"{name}.{column}" not in marked and not isinstance(value, bytes)
        ]
    )


def test_personal_data_stands_in_marked_columns_only_and_in_no_log_or_error(
    timeline: Stage, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    timeline.configure("shop", config={"api_key": KEY})
    timeline.shop.api_key = KEY
    told: list[Any] = []
    _sentinels(timeline)
    timeline.shop.page_size = 1
    timeline.shop.fail(TransientError("away"), after=1)
    told += timeline.sync().streams
    told.append(_unmarked(timeline))
    report = timeline.sync()
    told += [report.streams, report.resolve]
    timeline.crm.refuse(every=2)
    plan = timeline.hub.plan()
    told += [plan.warnings, plan.targets]
    told += [timeline.hub.apply(plan.hash), timeline.push()]
    timeline.crm.lose_answer(after=1)
    timeline.shop.change("people", "id-of-quixote@home.example", {"email": "late.quixote@home.example"})
    timeline.shop.fail(TransientError("away"))
    told += [timeline.sync().streams, timeline.push(), timeline.sync().streams]
    timeline.shop.delete("people", "id-of-quixote@home.example")
    told += [timeline.sync().streams, timeline.hub.runs(100, each=True), timeline.hub.status()]
    told += [letter.reason for letter in timeline.hub.dead_letters()]
    out = capfd.readouterr()
    seen = f"{told} {out.out} {out.err} {caplog.text} {_unmarked(timeline)}".lower()
    assert SENTINEL not in seen, seen[max(0, seen.find(SENTINEL) - 300) : seen.find(SENTINEL) + 100]
    assert KEY not in seen
    assert "79460958" not in seen


def test_a_secret_is_in_no_table_and_in_no_error(stage: Stage) -> None:
    stage.configure("shop", config={"api_key": KEY})
    report = stage.sync()
    assert [one.status for one in report.streams] == ["paused", "ok"], "the world has another key"
    assert KEY not in str(
        (report, stage.dump([]), stage.hub.status(), stage.hub.runs(100, each=True), stage.hub.settings.public())
    )


def test_journals_hold_ids_only(stage: Stage) -> None:
    stage.shop.put("people", person("Sentinel Quixote", email="sentinel.quixote@home.example"))
    stage.shop.put("people", person("Sentinel Quixote", phone="020 7946 0958"))
    stage.settle()
    stage.shop.put("people", person("Sentinel Quixote", email="sentinel.quixote@home.example", phone="020 7946 0958"))
    stage.settle()
    stage.shop.archive("people", "1")
    stage.sync()
    journal = str([stage.rows("event"), stage.rows("audit")]).lower()
    assert "merged" in journal
    assert SENTINEL not in journal


def _mail(*emails: str, uid: str, title: str) -> dict[str, Any]:
    attendees = [{"email": email, "name": email.split("@")[0]} for email in emails]
    return {"uid": uid, "title": title, "starts_at": "2026-05-01T10:00:00Z", "attendees": attendees}


def _guard(stage: Stage) -> None:
    stage.configure(privacy={"internal": ["acme.example"], "never_log": ["*@bank.example"]})


def test_what_must_never_be_logged_is_never_stored(timeline: Stage) -> None:
    _guard(timeline)
    timeline.shop.put("meetings", _mail("ann@home.example", "x@bank.example", uid="u1", title="Quixote debt"))
    timeline.shop.put("meetings", _mail("ann@home.example", uid="u2", title="Tea"))
    timeline.shop.put("people", person("Ann Lee", email="ann@home.example"))
    report = timeline.sync()
    assert (stream(report, "shop/meetings").dropped, stream(report, "shop/meetings").new) == (1, 1)
    assert SENTINEL not in str(timeline.dump([])).lower()
    for path in timeline.folder.rglob("*"):
        assert not path.is_file() or b"Quixote" not in path.read_bytes(), path


def test_what_colleagues_say_among_themselves_is_never_stored(timeline: Stage) -> None:
    _guard(timeline)
    timeline.shop.put("meetings", _mail("a@acme.example", "b@eu.acme.example", uid="u1", title="Quixote layoffs"))
    timeline.sync()
    assert SENTINEL not in str(timeline.dump([])).lower()


def test_what_may_no_longer_be_kept_is_forgotten_when_the_rules_change(timeline: Stage) -> None:
    timeline.shop.put("people", person("Ann Lee", email="ann@home.example"))
    timeline.shop.put("meetings", _mail("ann@home.example", "x@bank.example", uid="u1", title="Quixote debt"))
    timeline.sync()
    assert SENTINEL in str(timeline.dump([])).lower()
    _guard(timeline)
    assert timeline.sync().ok
    assert SENTINEL not in str(timeline.dump([])).lower()
    assert timeline.hub.timeline(timeline.customer("ann").id) == []


def test_a_meeting_that_comes_to_name_a_never_log_address_is_forgotten(timeline: Stage) -> None:
    _guard(timeline)
    timeline.shop.put("people", person("Ann Lee", email="ann@home.example"))
    meeting = timeline.shop.put("meetings", _mail("ann@home.example", uid="u1", title="Quixote"))
    timeline.sync()
    guests = [{"email": "ann@home.example"}, {"email": "x@bank.example"}]
    timeline.shop.change("meetings", meeting, {"attendees": guests})
    timeline.sync()
    assert SENTINEL not in str(timeline.dump([])).lower()


def test_a_colleague_never_becomes_a_customer_and_is_no_participant_to_a_crm(timeline: Stage) -> None:
    _guard(timeline)
    timeline.shop.put("people", person("Ann Lee", email="ann@home.example"))
    timeline.shop.put("people", person("Col League", email="col@acme.example"))
    timeline.shop.put("meetings", _mail("ann@home.example", "col@acme.example", uid="u1", title="Tea"))
    timeline.shop.put("orders", {"number": "1", "email": "col@acme.example", "name": "Col League"})
    timeline.settle()
    assert [one.id for one in timeline.customers()] == [timeline.customer("ann@home.example").id]
    (activity,) = timeline.crm.records("activities").values()
    assert len(activity.refs["person"]) == 1
