"""Meta behind a hub: a lead in an export and over the API is one, and a lead becomes a buyer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.connectors.meta_lead_ads.desk import AD, Desk
from tests.connectors.rig import Clock
from tests.sync.hubs import Stage, members, person, stream, values

KIM = "kim1@plum.example"
HEADER = (
    "id,created_time,ad_id,ad_name,adset_id,adset_name,campaign_id,campaign_name,form_id,form_name,is_organic,platform,"
    "which_wine_do_you_like?,full_name,email,phone_number,lead_status\n"
)


@pytest.fixture
def firm() -> Iterator[Desk]:
    # The hub has a clock of its own, and so has the vendor; both begin on the same day.
    desk = Desk(Clock(datetime(2026, 6, 1, 12, tzinfo=UTC)))
    yield desk
    desk.close()


@pytest.fixture
def stage(tmp_path: Path, database_url: str, firm: Desk) -> Iterator[Stage]:
    """A hub that reads Meta, exports of Meta's, and a shop."""
    made = Stage(tmp_path, database_url, shop=("people", "orders"))
    made.settings["connections"]["ads"] = {
        "connector": "meta_lead_ads",
        "config": {**firm.server.settings, "ad_accounts": [firm.business.account]},
    }
    (tmp_path / "exports").mkdir()
    made.settings["connections"]["exports"] = {"connector": "files", "config": {"path": str(tmp_path / "exports")}}
    made.configure()
    yield made
    made.close()


def export(firm: Desk, lead: str) -> str:
    """The lead as Meta's export file has it."""
    told = firm.business.leads[lead]
    row = [
        f"l:{lead}", told["created_time"].replace("+0000", "+00:00"), f"ag:{AD['ad_id']}", AD["ad_name"],
        f"as:{AD['adset_id']}", AD["adset_name"], f"c:{AD['campaign_id']}", AD["campaign_name"], f"f:{firm.form.id}",
        firm.form.name, "false", "ig", "red", "Kim Bplum", KIM, "p:+31612340001", "CREATED",
    ]  # fmt: skip
    return HEADER + ",".join(row) + "\n"


def test_a_lead_in_an_export_and_over_the_api_is_one_fact_of_one_customer(stage: Stage, firm: Desk) -> None:
    lead = firm.submit(1)
    (stage.folder / "exports" / "leads.csv").write_text(export(firm, lead))
    assert stage.sync().ok
    one = stage.customer(KIM)
    assert members(one) == sorted([f"ads/leads {lead}", f"exports/meta_leads {lead}"])
    (item,) = stage.hub.timeline(one.id)
    assert (item.key, item.sources) == (f"meta:lead:{lead}", ["ads/leads", "exports/meta_leads"])
    assert len(stage.rows("fact")) == 1
    before = {name: stage.dump()[name] for name in ("raw_record", "fact", "customer", "entity")}
    assert stage.sync(full=True).ok
    assert {name: stage.dump()[name] for name in before} == before


def test_export_and_api_say_the_same_of_a_lead(stage: Stage, firm: Desk) -> None:
    (stage.folder / "exports" / "leads.csv").write_text(export(firm, firm.submit(1)))
    assert stage.sync().ok
    told: dict[str, list[Any]] = {}
    for row in stage.rows("entity"):
        known = row["values"] if isinstance(row["values"], dict) else json.loads(row["values"])
        told.setdefault(row["part"], []).append({name: value for name, value in known.items() if name != "status"})
    for one, other in told.values():
        assert one == other
    assert set(told) == {"person", "lead"}


def test_a_lead_who_buys_is_one_customer_with_both_on_the_timeline(stage: Stage, firm: Desk) -> None:
    lead = firm.submit(1)
    assert stage.sync().ok
    assert values(stage.customer(KIM))["stage"] == "lead"
    bought = (firm.clock.now() + timedelta(days=3)).isoformat()
    order = {"number": "17", "placed_at": bought, "total": "80.00", "currency": "EUR", "email": KIM.upper()}
    stage.shop.put("orders", {**order, "name": "Kim Bplum"})
    stage.shop.put("people", person("Kim Bplum", email=KIM.upper(), stage="customer"))
    assert stage.sync().ok
    one = stage.customer(KIM)
    assert (len(one.members), values(one)["stage"]) == (3, "customer")
    assert values(one)["custom.which_wine_do_you_like?"] == "red"
    timeline = stage.hub.timeline(one.id)
    assert {item.kind for item in timeline} == {"order", "lead"}
    assert f"meta:lead:{lead}" in [item.key for item in timeline]


def test_what_meta_forgets_after_ninety_days_stays_even_when_all_is_read_again(stage: Stage, firm: Desk) -> None:
    firm.submit(1)
    assert stage.sync().ok
    firm.clock.advance(91 * 86_400)
    firm.submit(2)
    assert stage.sync(full=True).ok
    assert len(stage.customers()) == 2
    assert len(stage.rows("fact")) == 2


def test_a_pause_in_which_leads_may_have_gone_is_told_of_once(stage: Stage, firm: Desk) -> None:
    firm.submit(1)
    assert stage.sync().ok
    for clock in (firm.clock.advance, stage.clock.sleep):
        clock(92 * 86_400)
    assert "can only be had from an export" in stream(stage.sync("ads"), "ads/leads").message
    assert stream(stage.sync("ads"), "ads/leads").message == ""
    assert len(stage.customers()) == 1


def test_a_test_lead_makes_no_customer(stage: Stage, firm: Desk) -> None:
    firm.business.try_out(firm.form)
    assert stage.sync().ok
    assert stage.customers() == []
    assert len(stage.rows("raw_record")) == 1


def test_the_cost_of_campaigns_is_kept_as_facts_of_nobody(stage: Stage, firm: Desk) -> None:
    for back in range(3):
        day = (firm.clock.now() - timedelta(days=back)).date().isoformat()
        firm.business.spend("63", "Spring", day, "12.50", 1000, 30)
    report = stage.sync()
    assert stream(report, "ads/campaigns").new == 3
    assert sorted(row["key"] for row in stage.rows("fact")) == [f"meta:campaign:63:2026-05-{d}" for d in (30, 31)] + [
        "meta:campaign:63:2026-06-01"
    ]
    firm.business.spend("63", "Spring", "2026-06-01", "13.50", 1100, 31)
    assert stream(stage.sync(), "ads/campaigns").changed == 1


def test_a_closed_page_stops_its_forms_only(stage: Stage, firm: Desk) -> None:
    firm.business.closed.add(firm.business.add_page("Closed"))
    firm.submit(1)
    report = stage.sync()
    assert not report.ok
    assert "permission" in stream(report, "ads/leads").message
    assert len(stage.customers()) == 1
