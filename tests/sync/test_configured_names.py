"""What only a connector can judge of the configuration: names of streams, targets and properties, and field rules."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connectors.core.registry import BUILT_IN, catalogue
from mapping.errors import ConfigError
from mapping.model import Kind
from mapping.vocabulary import OF_CUSTOMERS, OF_FACTS, names, strangers
from state.audit import audits
from sync import desired as desired_module
from sync.desired import Desired, TargetRules
from sync.hub import Hub
from sync.opening import check_config
from tests.sync.hubs import Stage, person


@pytest.mark.parametrize(
    ("connection", "settings", "line"),
    [
        ("shop", {"streams": {"peopel": {}}}, r"connections\.shop\.streams\.peopel.*did you mean 'people'"),
        ("crm", {"push": {"peple": {}}}, r"connections\.crm\.push\.peple.*did you mean 'people'"),
        (
            "shop",
            {"streams": {"people": {"fields": {"person": {"emial": "email"}}}}},
            r"connections\.shop\.streams\.people\.fields.*emial.*did you mean 'email'",
        ),
    ],
)
def test_a_wrong_name_is_told_with_its_line_before_anything_is_read(
    stage: Stage, connection: str, settings: dict[str, Any], line: str
) -> None:
    stage.shop.put("people", person("Ann Lee", email="ann@home.example"))
    stage.configure(connection, **settings)
    with pytest.raises(ConfigError, match=line) as told:
        stage.hub.sync()
    assert all(problem.line for problem in told.value.problems)
    assert stage.hub.find_customers("") == []


@pytest.mark.parametrize("with_secrets", [True, False])
def test_a_connector_that_never_writes_is_told_with_its_line_when_the_file_is_read(
    tmp_path: Path, with_secrets: bool
) -> None:
    path = tmp_path / "concord.yaml"
    path.write_text(
        "hub: {name: Acme}\nconnections:\n  exports:\n    connector: files\n    config: {path: x}\n"
        "    push:\n      contacts: {}\n"
    )
    doors: list[Callable[[], object]] = [lambda: check_config(path, with_secrets=with_secrets), lambda: Hub.open(path)]
    for read in doors:
        with pytest.raises(ConfigError) as told:
            read()
        (problem,) = told.value.problems
        assert str(problem).endswith(
            "concord.yaml:6: connections.exports.push: this connection (files) can only be read; expected no push:"
        )


TYPOS = """\
hub: {name: Acme}
connections:
  shop:
    connector: woocommerce
    config: {url: https://shop.example, acces_key: !secret shop_key}
    streams: {custmers: {}}
  crm:
    connector: hubspot
    config: {access_token: !env CRM_TOKEN}
    push:
      contcts: {}
      contacts: {match_on: emial, fields: {firstname: given_nam}}
  exports:
    connector: files
    config: {path: x}
    streams: {whatever: {}}
"""
TOLD = {
    "shop.streams.custmers": (6, "customers"),
    "crm.push.contcts": (11, "contacts"),
    "crm.push.contacts.match_on": (12, "email"),
    "crm.push.contacts.fields.firstname": (12, "given_name"),
}


@pytest.mark.parametrize("door", ["check", "check without secrets", "open"])
def test_all_that_can_be_known_without_a_login_is_told_when_the_file_is_read(tmp_path: Path, door: str) -> None:
    path = tmp_path / "concord.yaml"
    path.write_text(TYPOS, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        Hub.open(path) if door == "open" else check_config(path, with_secrets=door == "check")
    found = {one.key.removeprefix("connections."): (one.line, one.nearest) for one in caught.value.problems}
    assert {key: where for key, where in found.items() if "config" not in key} == TOLD
    assert found["shop.config.acces_key"][0] == 5
    (target,) = [one for one in caught.value.problems if one.key.endswith("contcts")]
    assert target.expected == "one of calls, companies, contacts, emails, meetings, notes, timeline"


def test_every_connector_but_that_of_files_tells_its_names_beforehand() -> None:
    vendors = catalogue()
    assert [name for name in BUILT_IN if not vendors[name].streams] == ["files"]
    assert all(bool(vendors[name].targets) == vendors[name].writes for name in BUILT_IN)


def test_no_rule_of_a_connector_names_what_no_record_has() -> None:
    targets = [target for name in BUILT_IN for target in catalogue()[name].targets]
    assert [(t.object, one) for t in targets for text in t.fields.values() for one in strangers(text, [t.kind])] == []


def test_what_the_engine_hands_to_rules_is_what_they_may_name(timeline: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    handed: dict[str, set[str]] = defaultdict(set)

    def desired(rules: TargetRules, *said: Any) -> Desired:
        handed[rules.target.kind].update(said[3])
        return made(rules, *said)

    made = desired_module._desired
    monkeypatch.setattr(desired_module, "_desired", desired)
    ann = {"email": "ann@home.example"}
    timeline.configure("crm", push={"people": {"fields": {"job_title": "traits.order_count || job_title"}}})
    timeline.shop.put("people", person("Ann Lee", **ann))
    timeline.shop.put("companies", {"name": "Bolt GmbH", "domain": "bolt.de"})
    timeline.shop.put("orders", {"number": "7", "placed_at": "2026-05-01T10:00:00Z", "total": "9.90", **ann})
    fair = {"uid": "u1", "title": "Fair", "starts_at": "2026-05-01T10:00:00Z", "attendees": [ann]}
    timeline.shop.put("meetings", fair)
    timeline.sync()
    timeline.hub.plan()
    assert handed.keys() >= {"person", "organization", "order", "activity"}
    assert all(found <= {*names([Kind(kind)])} for kind, found in handed.items())
    told = {*OF_CUSTOMERS, *OF_FACTS} - {"first_day", "last_day"}
    assert told <= set().union(*handed.values())


def test_a_property_that_is_not_there_stops_the_plan(stage: Stage) -> None:
    stage.shop.put("people", person("Ann Lee", email="ann@home.example"))
    stage.sync()
    stage.configure("crm", push={"people": {"match_on": "email", "fields": {"job_titel": "job_title"}}})
    with pytest.raises(ConfigError, match=r"push\.people\.fields\.job_titel.*did you mean 'job_title'"):
        stage.hub.plan()


def test_all_properties_that_are_not_there_are_told_at_once_with_their_lines(stage: Stage) -> None:
    fields = {"job_titel": "job_title", "city": "address.locality", "worth": "traits.order_count"}
    stage.configure("crm", push={"people": {"fields": fields}, "companies": {"fields": {"nmae": "name"}}})
    stage.connect("other", push={"people": {"fields": {"emial": "email"}}}, streams=())
    with pytest.raises(ConfigError) as told:
        stage.hub.plan()
    found = [(one.key.removeprefix("connections."), one.message, one.nearest) for one in told.value.problems]
    assert sorted(found) == [
        ("crm.push.companies.fields.nmae", "crm has no such property", "name"),
        ("crm.push.people.fields.job_titel", "crm has no such property", "job_title"),
        ("crm.push.people.fields.worth", "crm has no such property; make it there first", ""),
        ("other.push.people.fields.emial", "other has no such property", "email"),
    ]
    assert all(one.line and one.file.endswith("concord.yaml") for one in told.value.problems)


def test_who_applied_a_plan_is_kept_by_ids(stage: Stage) -> None:
    stage.shop.put("people", person("Ann Lee", email="ann@home.example"))
    stage.sync()
    plan = stage.hub.plan()
    stage.hub.apply(plan.hash)
    assert [(line.what, dict(line.ids)) for line in audits(stage.hub.db)] == [("plan applied", {"plan": plan.hash})]
