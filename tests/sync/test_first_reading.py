"""The first reading of a slice, whose records are taken for new ones until one is not (docs/adr/0020)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from connectors.memory.mapping import MEETINGS
from mapping.contract import Cursor, Page, RawRecord
from mapping.errors import TransientError
from state import records
from tests.sync.hubs import Stage, person, stream, values
from tests.sync.scripted import Scripted, record


@pytest.fixture
def scripted(stage: Stage) -> Scripted:
    """The shop as a script."""
    connector = Scripted()
    stage.connectors["shop"] = connector
    return connector


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The remote ids that were looked up, look by look."""
    found: list[list[str]] = []
    look = records.load_raws

    def load_raws(c: Any, slice_id: int, remote_ids: Iterable[str], *, body: bool = False) -> Any:
        asked = list(remote_ids)
        found.extend([asked] if asked else [])
        return look(c, slice_id, asked, body=body)

    monkeypatch.setattr(records, "load_raws", load_raws)
    return found


def _pages(*pages: list[RawRecord]) -> list[Page]:
    last = len(pages) - 1
    return [Page(page, cursor=Cursor(str(at)), complete=at == last) for at, page in enumerate(pages)]


def _meeting(*emails: str) -> RawRecord:
    attendees = [{"email": email} for email in emails]
    return record("1", uid="u1", title="Tea", starts_at="2026-05-01T10:00:00Z", attendees=attendees)


def test_nothing_is_looked_up_for_records_that_are_new(
    stage: Stage, scripted: Scripted, looks: list[list[str]]
) -> None:
    scripted.pages = _pages([record("1", email="ann@home.example")], [record("2", email="bob@home.example")])
    assert stream(stage.sync(), "shop/people").new == 2
    assert looks == []
    assert stream(stage.sync(), "shop/people").unchanged == 2
    assert looks == [["1"], ["2"]]


def test_one_that_comes_again_is_the_same_record(stage: Stage, scripted: Scripted, looks: list[list[str]]) -> None:
    scripted.pages = _pages(
        [record("1", email="ann@home.example"), record("2", email="bob@home.example")],
        [record("3", email="eve@home.example"), record("1", email="ann@new.example")],
        [record("4", email="zoe@home.example"), record("2", email="bob@home.example")],
    )
    report = stream(stage.sync(), "shop/people")
    assert (report.read, report.new, report.changed, report.unchanged) == (6, 4, 1, 1)
    found = sorted(values(one)["email"] for one in stage.customers())
    assert found == ["ann@new.example", "bob@home.example", "eve@home.example", "zoe@home.example"]
    assert looks == [["3", "1"], ["4", "2"]], "from the page on that brought no new one, each is looked at"


def test_one_that_comes_again_as_what_must_not_be_kept_is_gone(stage: Stage, scripted: Scripted) -> None:
    stage.configure(privacy={"never_log": ["*@bank.example"]})
    scripted.rules = MEETINGS
    scripted.pages = _pages([_meeting("ann@home.example")], [_meeting("ann@home.example", "teller@bank.example")])
    report = stream(stage.sync(), "shop/people")
    assert (report.new, report.dropped, report.gone) == (1, 1, 1)
    assert not any(row["live"] for row in stage.rows("entity"))
    assert "bank" not in str(stage.rows("raw_record"))


def test_a_patch_of_a_record_of_the_same_reading_is_merged_into_it(stage: Stage, scripted: Scripted) -> None:
    scripted.pages = _pages(
        [record("1", given_name="Ann", email="ann@home.example")], [record("1", patch=True, email="ann@new.example")]
    )
    scripted.get = lambda slice_, ids: pytest.fail("it was asked for, although it is stored")
    assert stage.sync().ok
    one = values(stage.customer(""))
    assert (one["given_name"], one["email"]) == ("Ann", "ann@new.example")


def test_one_that_cannot_be_read_when_it_comes_again_keeps_what_it_said(stage: Stage, scripted: Scripted) -> None:
    broken = record("1", email={"not": "a text"})
    scripted.pages = _pages([record("1", email="ann@home.example")], [broken, record("2", email="bob@home.example")])
    report = stream(stage.sync(), "shop/people")
    assert (report.new, report.dead) == (2, 1)
    assert [one.remote_id for one in stage.hub.dead_letters()] == ["1"]
    assert sorted(values(one)["email"] for one in stage.customers()) == ["ann@home.example", "bob@home.example"]


def test_what_we_wrote_is_ours_also_in_the_first_reading_of_a_destination(stage: Stage) -> None:
    stage.crm.fail(TransientError("away"))
    stage.shop.put("people", person("Ann Lee", email="ann@home.example"))
    stage.sync()
    stage.push()
    report = stage.sync()
    assert stream(report, "crm/people").new == 1
    (ours,) = [row for row in stage.rows("entity") if row["alias"]]
    assert not ours["founding"]
    assert len(stage.customers()) == 1
    assert not stage.hub.plan().changes


def test_one_that_was_looked_up_in_vain_and_is_there_is_told_and_not_tried_again(
    stage: Stage, scripted: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripted.pages = _pages([record("1", email="ann@home.example")])
    stage.sync()
    looks: list[int] = []

    def nothing(c: Any, slice_id: int, remote_ids: Iterable[str], *, body: bool = False) -> Any:
        looks.append(slice_id)
        return {}

    monkeypatch.setattr(records, "load_raws", nothing)
    report = stage.hub.sync()
    assert "StoredAlreadyError" in stream(report, "shop/people").message
    assert looks.count(looks[0]) == 1, "the shop's page is not computed again and again"
    assert [values(one)["email"] for one in stage.customers()] == ["ann@home.example"]
