"""An admin's rule that reads what no record has is said after the stream was read: it would leave values out in
silence."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from mapping.contract import Cursor, Page, RawRecord
from tests.sync.hubs import Stage, person, stream
from tests.sync.scripted import Scripted, record
from tests.sync.test_drift_of_files import OWN


def _rules(stage: Stage, **fields: Any) -> None:
    stage.configure("shop", streams={"people": {"fields": {"person": fields}}})


def _told(stage: Stage, **options: Any) -> str:
    report = stage.sync(**options)
    assert report.ok
    return stream(report, "shop/people").message


def _scripted(stage: Stage, *found: RawRecord) -> Scripted:
    scripted = Scripted([Page(found, cursor=Cursor("1"), complete=True)])
    stage.connectors["shop"] = scripted
    return scripted


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("properties.emial", "reads properties.emial, which no record has; did you mean properties.email?"),
        ("lower(properties.emial)", "reads properties.emial, which no record has; did you mean properties.email?"),
        ("properties.xyzzy", "reads properties.xyzzy, which no record has"),
        ("email", "reads email, which no record has; did you mean properties.email?"),
        ("properties.emial || properties.email", "reads properties.emial, which no record has; did you mean"),
    ],
)
def test_a_rule_that_reads_what_no_record_has_is_told_with_the_nearest_name(stage: Stage, rule: str, told: str) -> None:
    _rules(stage, email=rule)
    stage.shop.put("people", person("Ann Lee", email="ann@home.example"))
    assert _told(stage).startswith(f"streams.people: the field email {told}")
    with stage.hub.db.read() as c:
        logged = c.execute(text("SELECT * FROM run_log")).fetchall()
    assert "which no record has" in str(logged)
    assert "ann@home.example" not in str(logged)


def test_it_is_not_told_where_nothing_was_read(stage: Stage) -> None:
    _rules(stage, email="properties.emial")
    assert _told(stage) == ""
    stage.shop.put("people", person("Ann Lee", email="ann@home.example"))
    assert "emial" in _told(stage)


def test_what_the_vendor_names_is_no_typo(stage: Stage) -> None:
    _rules(stage, nickname="properties.job_title", notes=None, website="'https://x.example'", tags="[_rest.tag]")
    stage.shop.put("people", person("Ann Lee", email="ann@home.example"))
    assert _told(stage) == ""


def test_a_connectors_own_rules_may_read_what_no_record_has(stage: Stage) -> None:
    _scripted(stage, record("1", email="ann@x.example"))
    _rules(stage, nickname=None, notes="properties.email")
    assert _told(stage) == ""


def test_one_record_that_has_it_is_enough_wherever_it_stands(stage: Stage) -> None:
    _rules(stage, nickname="properties.colour")
    found = [record(str(n), email=f"a{n}@x.example") for n in range(400)]
    scripted = _scripted(stage, *found)
    assert "reads properties.colour, which no record has" in _told(stage)
    scripted.pages = [Page([*found[:-1], record("399", email="a399@x.example", colour="teal")], cursor=Cursor("2"))]
    assert "which no record has" not in _told(stage)
    scripted.pages = [Page([record("1", email="a1@y.example")], cursor=Cursor("3"))]
    assert "which no record has" not in _told(stage)


def test_a_column_of_a_file_is_told_as_it_would_have_to_be_written(stage: Stage) -> None:
    (stage.folder / "exports").mkdir()
    (stage.folder / "exports" / "till.csv").write_text("No,Name,E-mail\n1,Ann Lee,ann@x.example\n", encoding="utf-8")
    layout = {**OWN, "entities": [{"kind": "person", "fields": {"name": "Name"}}]}
    config = {"path": str(stage.folder / "exports"), "layouts": {"own": layout}}
    streams = {"till": {"fields": {"person": {"email": '"E-mial"', "custom.shop": "Name"}}}}
    stage.settings["connections"] = {"shop": {"connector": "files", "config": config, "streams": streams}}
    stage.configure()
    told = stream(stage.sync(), "shop/till").message
    assert told == "streams.till: the field email reads E-mial, which no record has; did you mean E-mail?"
