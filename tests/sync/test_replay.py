"""Replay is deterministic: the same records give the same customers, values and plans, in whatever order they came."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from mapping.contract import Page
from sync import resolve
from tests.sync.hubs import PUSH_ALL, Stage, members, person, values
from tests.sync.scripted import Scripted, record

SHOP = ("people", "companies", "meetings", "orders")
CRM = ("people", "companies", "activities")
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)

PROTECTIONS = ({"max_group": 2}, {"max_shared_names": 1}, {"block": ["+442079460958"]})
NAMES = ("Ann Lee", "A Lee", "Bob Ray", "Bob Lee", "")
EMAILS = ("ann@home.example", "Ann@Home.example", "lee@home.example", "bob@home.example", "info@home.example", "")
PHONES = ("020 7946 0958", "+442079460958", "020 7946 0123", "")


@dataclass(frozen=True)
class Told:
    """One record of one source, with the time at which it was made there."""

    world: str
    object_name: str
    id: str
    values: dict[str, Any]
    at: datetime


@st.composite
def _records(draw: st.DrawFn) -> list[Told]:
    """People, companies, meetings and orders that share names, emails and phones in every way."""
    found = []
    for number in range(draw(st.integers(2, 9))):
        world = draw(st.sampled_from(("shop", "shop", "erp", "crm")))
        kind = draw(st.sampled_from(("people", "people", "people", "companies", "meetings", "orders")))
        if world == "crm" and kind in ("meetings", "orders"):
            kind = "people"
        name, email, phone = draw(st.sampled_from(NAMES)), draw(st.sampled_from(EMAILS)), draw(st.sampled_from(PHONES))
        at = NOON + timedelta(hours=draw(st.integers(0, 5)))
        found.append(Told(world, kind, f"r{number}", _values(kind, number, name, email, phone), at))
    return found


def _values(kind: str, number: int, name: str, email: str, phone: str) -> dict[str, Any]:
    known = {key: value for key, value in {"email": email, "phone": phone}.items() if value}
    if kind == "people":
        return {**person(name, city=f"City {number % 3}", job_title=f"Title {number % 2}"), **known}
    if kind == "companies":
        return {"name": name or "Firm", "domain": f"firm{number % 2}.example", **known}
    if kind == "orders":
        return {"number": str(number), "placed_at": "2026-02-01T10:00:00Z", "name": name or None, **known}
    guests = [{"name": name, "email": email}] if email else []
    return {
        "uid": f"u{number % 2}",
        "title": f"Talk {number}",
        "starts_at": "2026-02-02T10:00:00Z",
        "attendees": guests,
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where each example gets a folder of its own."""
    return tmp_path_factory.mktemp("replay")


@contextmanager
def _stage(folder: Path, template: Path) -> Iterator[Stage]:
    """A stage on a copy of a migrated SQLite file: examples are many, and the other database has its own tests."""
    own = folder / f"e{len(list(folder.iterdir()))}"
    own.mkdir()
    path = own / "concord.db"
    path.write_bytes(template.read_bytes())
    made = Stage(own, f"sqlite:///{path}", push=PUSH_ALL, shop=SHOP, crm=CRM, compare=True)
    made.connect("erp", streams=SHOP)
    try:
        yield made
    finally:
        made.close()


def _put(stage: Stage, told: Sequence[Told]) -> None:
    for one in told:
        stage.worlds[f"{one.world}-{stage.number}"].put(one.object_name, one.values, id=one.id, at=one.at)


@dataclass(frozen=True)
class Outcome:
    """What must be equal: customers with their members, values and where those come from; facts; what is planned."""

    customers: Sequence[Any]
    facts: Sequence[Any]
    plan: Sequence[Any]


def _count_anew(stage: Stage) -> None:
    """How common values are, counted now: until then the scores go by what was there at an earlier count."""
    stage.hub.identity.rebuild()


def _outcome(stage: Stage) -> Outcome:
    found = stage.customers()
    names = {one.id: "+".join(members(one)) for one in found}
    customers = sorted(
        (
            names[one.id],
            one.kind,
            repr(values(one)),
            repr([(v.field, v.connection, v.stream, v.record, v.rule, v.since) for v in one.values]),
        )
        for one in found
    )
    facts = sorted((row["key"], row["live"], row["values"]) for row in stage.rows("fact"))
    plan = [
        (
            change.object,
            change.action,
            names.get(change.subject_key, change.subject_key),
            change.remote_id,
            sorted((f.field, repr(f.old), repr(names.get(str(f.new), f.new)), f.why) for f in change.fields),
            sorted((role, sorted(names[key] for key in who)) for role, who in change.refs.items()),
        )
        for change in stage.hub.plan().changes
    ]
    return Outcome(customers, facts, sorted(plan, key=repr))


def _at_once(folder: Path, template: Path, told: Sequence[Told]) -> Outcome:
    with _stage(folder, template) as stage:
        _put(stage, told)
        stage.sync()
        return _outcome(stage)


@given(data=st.data(), told=_records())
@settings(suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate], max_examples=8)
@pytest.mark.fault("reordered pages", "The order in which records arrive decides neither who is who nor any value.")
def test_neither_order_nor_pages_nor_batches_nor_interleaved_syncs_change_what_comes_out(
    folder: Path, sqlite_template: Path, data: st.DataObject, told: list[Told]
) -> None:
    expected = _at_once(folder, sqlite_template, told)
    arriving = data.draw(st.permutations(told))
    cuts = data.draw(st.sets(st.integers(1, len(told)), max_size=3))
    with _stage(folder, sqlite_template) as stage, pytest.MonkeyPatch.context() as patch:
        patch.setattr(resolve, "BATCH", data.draw(st.sampled_from((1, 2, 2000))))
        for world in stage.worlds.values():
            world.page_size = data.draw(st.sampled_from((1, 2, 100)))
        for number, one in enumerate(arriving):
            _put(stage, [one])
            if number in cuts:
                names = data.draw(st.sampled_from(((), ("shop",), ("crm", "erp"))))
                stage.sync(*names, full=True)
        stage.sync(full=True)
        _count_anew(stage)
        assert _outcome(stage) == expected


@given(told=_records())
@settings(suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate], max_examples=4)
def test_records_mapped_again_after_the_rules_changed_are_as_if_read_with_those_rules(
    folder: Path, sqlite_template: Path, told: list[Told]
) -> None:
    rules = {"people": {"fields": {"person": {"job_title": "properties.city", "department": "properties.job_title"}}}}
    with _stage(folder, sqlite_template) as fresh, _stage(folder, sqlite_template) as mapped_again:
        for stage in (fresh, mapped_again):
            _put(stage, told)
        fresh.configure("shop", streams=rules)
        fresh.sync()
        mapped_again.sync()
        mapped_again.configure("shop", streams=rules)
        mapped_again.sync()
        one, other = _outcome(fresh), _outcome(mapped_again)
        assert one == other


@given(told=_records(), protection=st.sampled_from(PROTECTIONS))
@settings(suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate], max_examples=4)
def test_protection_that_changed_gives_the_customers_of_a_fresh_hub(
    folder: Path, sqlite_template: Path, told: list[Told], protection: dict[str, Any]
) -> None:
    with _stage(folder, sqlite_template) as fresh, _stage(folder, sqlite_template) as changed:
        for stage in (fresh, changed):
            _put(stage, told)
        fresh.configure(identity=protection)
        fresh.sync()
        changed.sync()
        changed.configure(identity=protection)
        changed.sync()
        assert _outcome(changed) == _outcome(fresh)


@given(told=_records(), data=st.data())
@settings(suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate], max_examples=4)
def test_records_that_come_and_go_leave_no_trace_in_who_is_who(
    folder: Path, sqlite_template: Path, told: list[Told], data: st.DataObject
) -> None:
    gone = data.draw(st.sets(st.sampled_from([one.id for one in told]), max_size=3))
    kept = [one for one in told if one.id not in gone]
    expected = _at_once(folder, sqlite_template, kept)
    with _stage(folder, sqlite_template) as stage:
        _put(stage, told)
        stage.sync()
        for one in told:
            if one.id in gone:
                stage.worlds[f"{one.world}-{stage.number}"].delete(one.object_name, one.id)
        stage.sync(full=True, allow_deletes=True)
        _count_anew(stage)
        outcome = _outcome(stage)
        orders = {one.id for one in told if one.object_name == "orders"} & gone
        if not orders:  # the memory vendor never tells that an order is gone, and a reading may not guess it
            live = [fact for fact in outcome.facts if fact[1]]
            assert (outcome.customers, live) == (expected.customers, expected.facts)


def test_two_databases_agree_to_the_letter(stage: Stage, folder: Path, sqlite_template: Path) -> None:
    """Each database against the same SQLite run: text, order and numbers come out alike."""
    told = [
        Told("shop", "people", "r1", {**person("Ann Lee", email="ann@home.example"), "city": "Łódź"}, NOON),
        Told("shop", "people", "r2", {**person("ann lee", email="ANN@home.example"), "city": "zürich"}, NOON),
        Told("crm", "people", "r3", {**person("Ann Lee", email="ann@home.example"), "city": "Aarhus"}, NOON),
    ]
    _put(stage, told)
    stage.sync()
    with _stage(folder, sqlite_template) as other:
        other.configure("crm", push={"people": {"match_on": "email"}, "companies": {"enabled": False}})
        _put(other, told)
        other.sync()
        assert [values(one) for one in stage.customers()] == [values(one) for one in other.customers()]
        assert stage.groups() == other.groups()


def test_a_rule_that_changed_makes_no_old_value_the_newest(stage: Stage) -> None:
    """Without a vendor's time, what new rules make of an old record must not win over a later word of another."""
    told = record("1", given_name="Ann", email="ann@home.example", job_title="Buyer", notes="CPO")
    stage.connectors["shop"] = Scripted([Page([told])])
    stage.crm.put("people", person("Ann", email="ann@home.example", job_title="Head"))
    stage.sync()
    assert values(stage.customer(""))["job_title"] == "Head"
    stage.configure("shop", streams={"people": {"fields": {"person": {"job_title": "properties.notes"}}}})
    stage.sync()
    assert values(stage.customer(""))["job_title"] == "Head"


def test_a_replay_of_unchanged_rules_changes_nothing(stage: Stage) -> None:
    stage.shop.put("people", person("Ann Lee", email="ann@home.example"))
    stage.settle()
    before = stage.dump()
    assert stage.hub.replay_dead_letters().ok
    assert stage.sync().ok
    assert stage.dump() == before
