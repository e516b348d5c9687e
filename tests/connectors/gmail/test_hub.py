"""Gmail behind a hub: one mail in two mailboxes is one fact, and a history that expired doubles and hides nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors.gmail.sandbox import CLIENT
from sync.hub import Hub
from tests.connectors.gmail.office import BAS, ILSE, Office, company, mail
from tests.connectors.rig import Clock
from tests.sync.hubs import Stage, person, stream


@pytest.fixture
def firm() -> Iterator[Office]:
    office = company(clock=Clock(datetime(2026, 6, 1, 12, tzinfo=UTC)))
    yield office
    office.close()


@pytest.fixture
def stage(tmp_path: Path, database_url: str, firm: Office) -> Iterator[Stage]:
    """A hub that reads both mailboxes, and a shop that knows Kim."""
    made = Stage(tmp_path, database_url, shop=("people",))
    account = firm.server.grants.service_account
    assert account
    config = {"service_account_key": account.key_file(f"{firm.server.url}/token"), "users": [ILSE, BAS]}
    made.settings["connections"]["mail"] = {
        "connector": "gmail",
        "config": {**config, "base_url": firm.server.url, "messages_per_minute": 100_000},
    }
    made.configure(privacy={"internal": ["acme.example"], "never_log": ["*@bank.example"]})
    made.shop.put("people", person("Kim Plum", email="kim.1@plum.example"))
    yield made
    made.close()


def keys(stage: Stage) -> list[str]:
    return sorted(item.key for item in stage.hub.timeline(stage.customer("kim.1@plum.example").id))


def test_an_expired_history_is_read_again_without_doubling_anything(stage: Stage, firm: Office) -> None:
    letters = [firm.box.deliver(mail(1, Message_ID=f"<a{n}@x>")) for n in range(4)]
    firm.boxes[BAS].deliver(mail(1, Message_ID="<a0@x>", Cc=BAS))
    assert stage.sync().ok
    assert keys(stage) == [f"mail:a{n}@x" for n in range(4)]
    before = {name: rows for name, rows in stage.dump().items() if name in ("raw_record", "fact", "customer")}
    for box in firm.boxes.values():
        box.forget()
    report = stage.sync()
    assert "forgot our place" in stream(report, "mail/messages").message
    assert {name: stage.dump()[name] for name in before} == before
    firm.box.delete(letters[3].id)
    for box in firm.boxes.values():
        box.forget()
    assert stage.sync().ok
    assert keys(stage) == [f"mail:a{n}@x" for n in range(3)]


def test_one_mail_in_two_mailboxes_is_one_fact_until_both_have_lost_it(stage: Stage, firm: Office) -> None:
    mine = firm.box.deliver(mail(1, From=ILSE, To="kim.1@plum.example", Cc=BAS), ["SENT"])
    his = firm.boxes[BAS].deliver(mail(1, From=ILSE, To="kim.1@plum.example", Cc=BAS))
    firm.boxes[BAS].deliver(mail(2, From=ILSE, To=BAS))  # among colleagues
    firm.boxes[BAS].deliver(mail(3, From="teller@bank.example", To=f"{BAS}, kim.1@plum.example"))
    assert stage.sync().ok
    (item,) = stage.hub.timeline(stage.customer("kim.1@plum.example").id)
    assert "Email from us, Question 1" in repr(item)
    assert len(stage.rows("fact")) == 1
    firm.box.delete(mine.id)
    stage.sync()
    assert keys(stage) == ["mail:m1@plum.example"]
    firm.boxes[BAS].relabel(his.id, ["TRASH"])
    stage.sync()
    assert keys(stage) == []


def test_a_login_keeps_its_token_though_nobody_has_kept_a_secret_before(firm: Office, tmp_path: Path) -> None:
    login = {"client_id": CLIENT[0], "client_secret": CLIENT[1], "refresh_token": CLIENT[2]}
    config = {**login, "base_url": firm.server.url, "token_url": f"{firm.server.url}/token"}
    settings = {
        "hub": {"name": "Acme", "database": f"sqlite:///{tmp_path}/hub.db"},
        "connections": {"mail": {"connector": "gmail", "config": config}},
    }
    path = tmp_path / "concord.yaml"
    path.write_text(json.dumps(settings), encoding="utf-8")
    for _ in range(2):
        hub = Hub.open(path)
        (report,) = hub.check()
        hub.close()
        assert (report.ok, report.account, report.message) == (True, ILSE, "")
    assert firm.server.calls("POST", "/token") <= 2


def test_somebody_who_has_left_keeps_nobody_from_being_read(stage: Stage, firm: Office) -> None:
    firm.box.deliver(mail(1))
    stage.configure("mail", config={"users": ["gone@acme.example", ILSE]})
    for expected in (1, 2):
        report = stream(stage.sync(), "mail/messages")
        assert (report.status, len(keys(stage))) == ("paused", expected)
        assert "cannot read for this person" in report.message
        firm.box.deliver(mail(1, Message_ID="<second@x>"))


def test_a_second_sync_changes_nothing(stage: Stage, firm: Office) -> None:
    firm.box.deliver(mail(1))
    stage.sync()
    before = stage.dump()
    firm.box.relabel(next(iter(firm.box.letters)), remove=["UNREAD"])
    stage.sync()
    assert stage.dump() == before
