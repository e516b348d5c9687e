"""What is special about reading Meta: forms and pages, leads that come late or go with age, and days that change."""

from __future__ import annotations

from datetime import timedelta
from itertools import islice
from typing import Any

import pytest

from connectors.meta_lead_ads.sandbox import error
from mapping.contract import RemoteId, Slice
from mapping.errors import ConfigError, ContractError, CursorExpiredError, ForbiddenError, GoneError, RecordError
from mapping.mapper import Mapper
from tests.connectors.meta_lead_ads.desk import Desk, records


def slices(desk: Desk, **config: Any) -> list[str]:
    """The titles of the forms that are read."""
    return [each.title for each in desk.open(**config).slices()]


def test_a_page_or_form_that_is_not_there_is_a_mistake_in_the_configuration(desk: Desk) -> None:
    with pytest.raises(ConfigError, match="no page '42'"):
        slices(desk, pages=["42"])
    with pytest.raises(ConfigError, match="no form 'Tastings'"):
        slices(desk, forms=["Tasting", "Tastings"])


@pytest.mark.parametrize("config", [{"pages": ["42"]}, {"forms": ["Tastings"]}, {"ad_accounts": ["42"]}])
def test_a_check_finds_what_is_named_and_not_there(desk: Desk, config: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=r"42|Tastings"):
        desk.connector(**config).check()


def test_a_check_finds_what_is_named_and_there(desk: Desk) -> None:
    config: dict[str, Any] = {"pages": [desk.page], "forms": ["Tasting"], "ad_accounts": [desk.business.account]}
    connector = desk.connector(**config)
    assert connector.check().name == "Concord system user"
    before = desk.clock.requests
    assert [each.title for each in connector.streams()[0].slices()] == ["Tasting"]
    assert desk.clock.requests == before, "what the check has found is not asked for twice"
    desk.business.add_form(desk.page, "Tasting")
    assert len(connector.streams()[0].slices()) == 2


def test_a_page_that_is_closed_to_us_is_told_of_and_the_others_are_read(desk: Desk) -> None:
    closed = desk.business.add_page("Closed")
    desk.business.closed.add(closed)
    desk.submit()
    stream = desk.open()
    assert [each.key for each in stream.slices()] == [desk.form.id, closed]
    with pytest.raises(ForbiddenError, match="permission"):
        list(stream.read(Slice(closed), None))
    assert len(records(list(stream.read(Slice(desk.form.id), None)))) == 1


def test_a_form_that_went_is_gone_and_a_lead_of_another_form_is_not_this_ones(desk: Desk) -> None:
    other = desk.business.add_form(desk.page, "Other")
    lead = desk.submit(form=other)
    stream = desk.open()
    assert stream.get
    assert stream.get(Slice(desk.form.id), [RemoteId(lead), RemoteId("77")]) == []
    with pytest.raises(GoneError):
        list(stream.read(Slice("77"), None))


def test_archived_forms_are_read_and_drafts_are_not(desk: Desk) -> None:
    desk.business.add_form(desk.page, "Old", status="ARCHIVED")
    desk.business.add_form(desk.page, "Not yet", status="DRAFT")
    assert slices(desk) == ["Tasting", "Old"]
    assert slices(desk, forms=["Old"]) == ["Old"]
    assert slices(desk, forms=[desk.form.id], pages=[desk.page]) == ["Tasting"]


def test_more_forms_than_a_page_holds_are_all_found(desk: Desk) -> None:
    for number in range(230):
        desk.business.add_form(desk.page, f"Form {number}")
    assert len(slices(desk)) == 231


def test_an_idle_increment_takes_one_request_a_form(desk: Desk) -> None:
    desk.submit()
    stream = desk.open()
    (form,) = stream.slices()
    cursor = list(stream.read(form, None))[-1].cursor
    before = desk.clock.requests
    assert [each.complete for each in stream.read(form, cursor)] == [False]
    assert desk.clock.requests == before + 1


def test_a_lead_that_comes_while_the_others_are_read_is_not_lost(desk: Desk) -> None:
    first = [desk.submit(number) for number in range(7)]
    pages = desk.open(page_size=3).read(Slice(desk.form.id), None)
    seen = records(list(islice(pages, 1)))
    late = desk.submit(50)
    rest = list(pages)
    seen |= records(rest)
    assert set(seen) == {*first}
    assert late in records(desk.read(rest[-1].cursor))


def test_a_lead_that_shows_up_late_is_met_within_the_lookback(desk: Desk) -> None:
    desk.submit(1)
    cursor = desk.read(lookback_minutes=10)[-1].cursor
    late = desk.submit(2, created_time=f"{desk.clock.now() - timedelta(minutes=9):%Y-%m-%dT%H:%M:%S}+0000")
    assert late in records(desk.read(cursor, lookback_minutes=10))


def test_a_clock_of_ours_that_is_ahead_loses_no_lead(desk: Desk) -> None:
    desk.submit(1)
    desk.clock.advance(3_600)
    cursor = desk.read()[-1].cursor
    desk.clock.advance(-3_000)
    assert desk.submit(2) in records(desk.read(cursor))


def test_what_is_older_than_ninety_days_is_not_handed_out(desk: Desk) -> None:
    old = desk.submit(1)
    desk.clock.advance(91 * 86_400)
    new = desk.submit(2)
    assert set(records(desk.read())) == {new}
    stream = desk.open()
    assert stream.get
    assert stream.get(Slice(desk.form.id), [RemoteId(old)]) == []


def test_a_pause_in_which_leads_may_have_come_and_gone_is_told_of(desk: Desk) -> None:
    desk.submit(1)
    cursor = desk.read()[-1].cursor
    for _ in range(3):
        desk.clock.advance(80 * 86_400)
        cursor = desk.read(cursor)[-1].cursor
    desk.clock.advance(92 * 86_400)
    with pytest.raises(CursorExpiredError, match="export"):
        desk.read(cursor)
    cursor = desk.read()[-1].cursor
    assert desk.read(cursor)[-1].cursor == cursor, "a form that has gone quiet is told of once"


def test_a_cursor_that_meta_no_longer_knows_begins_the_listing_again(desk: Desk) -> None:
    leads = {desk.submit(number) for number in range(7)}
    pages = list(islice(desk.open(page_size=3).read(Slice(desk.form.id), None), 1))
    desk.server.faults.answer(error(100, "Invalid cursor"), path="/leads")
    again = desk.read(pages[0].cursor, page_size=3)
    assert set(records(again)) == leads
    assert [each.complete for each in again] == [False, False, True]
    desk.server.faults.answer(error(100, "Something else is wrong"), path="/leads")
    with pytest.raises(ContractError):
        desk.read()


def test_pages_that_meta_calls_too_large_are_asked_for_smaller(desk: Desk) -> None:
    desk.server.largest = 2
    leads = {desk.submit(number) for number in range(5)}
    assert set(records(desk.read(page_size=9))) == leads
    desk.server.largest = 0
    with pytest.raises(ContractError):
        desk.read(page_size=9)


def test_a_lead_without_answers_costs_one_record(desk: Desk) -> None:
    whole, empty = desk.submit(1), desk.submit(2)
    del desk.business.leads[empty]["field_data"]
    pages = desk.read()
    assert set(records(pages)) == {whole}
    assert [(type(each), each.remote_id) for page in pages for each in page.errors] == [(RecordError, empty)]


def test_without_ad_accounts_there_is_no_stream_of_campaigns(desk: Desk) -> None:
    assert [stream.name for stream in desk.connector().streams()] == ["leads"]
    named = desk.connector(ad_accounts=[200000000000001], pages=[int(desk.page)]).streams()[1]
    assert [each.key for each in named.slices()] == [desk.business.account]


def test_a_day_whose_figures_changed_within_four_weeks_is_read_again(desk: Desk) -> None:
    today = desk.clock.now().date()
    days = [(today - timedelta(days=back)).isoformat() for back in (80, 29, 27, 0)]
    for day in days:
        desk.business.spend("63", "Spring", day, "10.00", 500, 5)
    stream = desk.open("campaigns", ad_accounts=[desk.business.account])
    (account,) = stream.slices()
    first = list(stream.read(account, None))
    assert set(records(first)) == {f"63:{day}" for day in days}
    for day in days:
        desk.business.spend("63", "Spring", day, "11.00", 600, 6)
    again = list(stream.read(account, first[-1].cursor))
    assert set(records(again)) == {f"63:{day}" for day in days[2:]}
    (values,) = [dict(each.values) for each in Mapper(stream.rules).map(again[-1].records[-1].body)]
    assert (values["key"], str(values["spend"]), values["currency"]) == (f"meta:campaign:63:{days[-1]}", "11.00", "EUR")
    assert (values["title"], values["impressions"], values["clicks"]) == ("Spring", 600, 6)
    assert values["custom"] == {
        "campaign_id": "63",
        "account_id": "200000000000001",
        "objective": "OUTCOME_LEADS",
        "reach": 300,
    }
