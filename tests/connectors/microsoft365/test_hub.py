"""Microsoft 365 behind a hub: nothing is doubled, and nothing taken for gone that only went elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.connectors.microsoft365.company import BAS, ILSE, Company, address, guests, mail, times, weekly
from tests.connectors.rig import Clock
from tests.sync.hubs import Stage, person, stream

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
KIM = "kim.1@plum.example"


@pytest.fixture
def company() -> Iterator[Company]:
    company = Company((ILSE, BAS), clock=Clock(NOW))
    yield company
    company.close()


@pytest.fixture
def stage(tmp_path: Path, database_url: str, company: Company) -> Iterator[Stage]:
    """A hub that reads for both, and a shop that knows Kim."""
    made = Stage(tmp_path, database_url, shop=("people",))
    login = {name: value for name, value in company.server.settings.items() if name != "refresh_token"}
    config = {**login, "tenant": "acme.example", "users": [ILSE, BAS], "requests_per_minute": 1_000_000}
    made.settings["connections"]["office"] = {"connector": "microsoft365", "config": config}
    made.configure(privacy={"internal": ["acme.example"], "never_log": ["*@bank.example"]})
    made.shop.put("people", person("Kim Plum", email=KIM))
    yield made
    made.close()


def keys(stage: Stage) -> list[str]:
    return sorted(item.key for item in stage.hub.timeline(stage.customer(KIM).id))


def test_somebody_who_has_left_keeps_nobody_from_being_read(stage: Stage, company: Company) -> None:
    company.box.deliver(mail(1))
    stage.configure("office", config={"users": ["gone@acme.example", ILSE]})
    reports = stage.sync()
    for name in ("office/messages", "office/events"):
        assert stream(reports, name).status == "paused"
        assert "no mailbox" in stream(reports, name).message
    assert keys(stage) == ["mail:m1@plum.example"]


def test_one_mail_in_two_mailboxes_is_one_fact_until_both_have_lost_it(stage: Stage, company: Company) -> None:
    both = mail(1, **{"from": address(ILSE), "toRecipients": [address(KIM)], "ccRecipients": [address(BAS)]})
    mine, his = company.box.deliver(both, "sentitems"), company.boxes[BAS].deliver(both)
    company.box.deliver(mail(2, **{"from": address(ILSE), "toRecipients": [address(BAS)]}), "sentitems")
    company.box.deliver(mail(3, **{"from": address("teller@bank.example"), "ccRecipients": [address(KIM)]}))
    assert stage.sync().ok
    (item,) = stage.hub.timeline(stage.customer(KIM).id)
    assert "Email from us, Question 1" in repr(item)
    assert len(stage.rows("fact")) == 1
    company.box.delete(mine)
    stage.sync()
    assert keys(stage) == ["mail:m1@plum.example"]
    company.boxes[BAS].move(his, "deleteditems")
    stage.sync()
    assert keys(stage) == []


def test_neither_moves_nor_expired_links_nor_lost_folders_double_or_hide_anything(
    stage: Stage, company: Company
) -> None:
    folder = company.box.add_folder("Clients")
    ids = [company.box.deliver(mail(1, internetMessageId=f"<a{n}@x>"), folder) for n in range(6)]
    series = company.meet(attendees=guests((KIM, "accepted")), recurrence=weekly("monday", 3))
    assert stage.sync().ok
    before = keys(stage)
    assert len(before) == 9
    for id_ in ids[:4]:
        company.box.move(id_, "archive")
    assert stage.sync().ok
    assert keys(stage) == before
    company.server.forget()
    report = stage.sync()
    assert {"forgot our place" in stream(report, f"office/{name}").message for name in ("messages", "events")} == {True}
    assert keys(stage) == before
    company.box.remove_folder(folder)
    assert stage.sync().ok
    assert keys(stage) == [key for key in before if key not in ("mail:a4@x", "mail:a5@x")]
    company.diary.delete(ILSE, series)
    assert stage.sync().ok
    assert keys(stage) == [f"mail:a{n}@x" for n in range(4)]


def test_as_time_goes_by_no_meeting_is_lost_and_those_ahead_come_in(stage: Stage, company: Company) -> None:
    for months in (-60, -20, 0, 11):
        start = NOW + timedelta(days=30 * months)
        company.meet(f"{months}", attendees=guests((KIM, "accepted")), **times(start))
    assert stage.sync().ok
    assert len(keys(stage)) == 3
    for clock in (company.clock, stage.clock):
        clock.sleep(200 * 86_400)
    assert stage.sync().ok
    assert len(keys(stage)) == 4


def test_a_second_sync_changes_nothing(stage: Stage, company: Company) -> None:
    id_ = company.box.deliver(mail(1))
    company.meet(attendees=guests((KIM, "accepted")), recurrence=weekly("monday", 3))
    assert stage.sync().ok
    before = stage.dump()
    company.box.change(id_, {"isRead": True})
    assert stage.sync().ok
    assert stage.dump() == before
