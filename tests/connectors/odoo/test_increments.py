"""What changed, and nothing else: dates that show less than the database knows, and transactions that commit late."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mapping.contract import Cursor, Reason
from mapping.errors import CursorExpiredError
from tests.connectors.odoo.desk import JSON2, JSONRPC, Desk, sample

LOOKBACK = 600
SETTLED = LOOKBACK + 2


def settled(desk: Desk, stream: str) -> Cursor:
    """Where a stream stands once nothing is looked back for any more."""
    cursor = desk.read(stream).cursor
    desk.clock.advance(SETTLED)
    cursor = desk.read(stream, cursor).cursor
    assert desk.read(stream, cursor).records == []
    return cursor


def people(desk: Desk, count: int) -> list[int]:
    return [desk.database.create("res.partner", name=f"Ada {number}").id for number in range(count)]


def test_a_second_that_holds_more_rows_than_a_page_is_read_to_its_end(desk: Desk) -> None:
    before = desk.read("partners")
    desk.clock.advance(3600)
    with desk.database.transaction():
        imported = people(desk, 25)
    scattered = people(desk, 25)
    stamps = {row.changed for row in desk.database.rows("res.partner")}
    assert len(stamps) == 26, "one date for the import, one for each of the others, all in one second"
    after = desk.read(desk.open(page_size=4), before.cursor)
    assert after.numbers == [*imported, *scattered]
    assert all(len(page.records) <= 4 for page in after.pages)
    assert desk.read(desk.open(page_size=4)).numbers == [*imported, *scattered]


def test_a_change_within_the_second_that_was_read_last_is_found(desk: Desk) -> None:
    ada, *_ = people(desk, 3)
    before = desk.read("partners")
    desk.database.write("res.partner", [ada], function="CTO")
    late = people(desk, 1)
    found = desk.read("partners", before.cursor)
    assert {ada, *late} <= set(found.numbers)
    assert next(each for each in found.records if each.remote_id == str(ada)).body["function"] == "CTO"


def test_an_idle_database_is_asked_once_and_gives_nothing(desk: Desk) -> None:
    people(desk, 50)
    cursor = settled(desk, "partners")
    desk.server.forget()
    idle = desk.read("partners", cursor)
    assert (idle.records, idle.tombstones) == ([], [])
    # The release, the login, the fields, the newest date, and one page that is empty.
    assert desk.server.calls() <= 5


def test_a_transaction_that_commits_late_is_seen_by_the_next_increment(desk: Desk) -> None:
    ada, bea, cyn = people(desk, 3)
    began = desk.clock.now()
    desk.clock.advance(300)
    desk.database.write("res.partner", [cyn], function="newest")
    cursor = desk.read("partners").cursor
    desk.clock.advance(LOOKBACK - 301)
    with desk.database.transaction(began):
        desk.database.write("res.partner", [ada], function="late")
        desk.database.create("res.partner", name="Late")
    found = desk.read("partners", cursor)
    assert {"late", "newest"} <= {each.body.get("function") for each in found.records}
    assert "Late" in {each.body["name"] for each in found.records}
    desk.clock.advance(SETTLED)
    later = desk.read("partners", found.cursor)
    assert bea not in desk.read("partners", later.cursor).numbers


def test_the_longest_transaction_that_is_promised_is_seen(desk: Desk) -> None:
    ada, *_ = people(desk, 3)
    began = desk.clock.now()
    cursor = desk.read("partners").cursor
    for pause in (LOOKBACK - 3, 1):
        desk.clock.advance(pause)
        cursor = desk.read("partners", cursor).cursor
    desk.clock.advance(1)
    with desk.database.transaction(began):
        desk.database.write("res.partner", [ada], function="late")
    assert ada in desk.read("partners", cursor).numbers


@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["write", "open", "read"]), st.integers(0, 40), st.integers(0, 30)),
        min_size=4,
        max_size=14,
    )
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@pytest.mark.parametrize("version", [JSONRPC, JSON2])
def test_whatever_is_committed_within_the_lookback_is_read(version: int, steps: list[tuple[str, int, int]]) -> None:
    """Writes, transactions of up to half a minute and reads, in any order, with a lookback of half a minute: in the end
    the last state of every record has been read."""
    desk = Desk(version)
    try:
        stream = desk.open(page_size=2, lookback_minutes=0.5)
        ids = people(desk, 5)
        haul = desk.read(stream)
        held = {each.remote_id: each.body.get("function") for each in haul.records}
        waiting: list[tuple[datetime, datetime, int, str]] = []
        for number, (what, pause, open_for) in enumerate([*steps, ("read", 31, 0), ("read", 0, 0)]):
            until = desk.clock.now() + timedelta(seconds=pause)
            for at, began, id_, text in sorted(each for each in waiting if each[0] <= until):
                desk.clock.advance(max(0.0, (at - desk.clock.now()).total_seconds()))
                with desk.database.transaction(began):
                    desk.database.write("res.partner", [id_], function=text)
                waiting.remove((at, began, id_, text))
            desk.clock.advance((until - desk.clock.now()).total_seconds())
            id_, text, now = ids[number % len(ids)], f"state {number}", desk.clock.now()
            if what == "write":
                desk.database.write("res.partner", [id_], function=text)
            elif what == "open" and not any(each[2] == id_ for each in waiting):
                waiting.append((now + timedelta(seconds=open_for), now, id_, text))
            elif what == "read":
                haul = desk.read(stream, haul.cursor)
                held |= {each.remote_id: each.body.get("function") for each in haul.records}
        truth = {str(row.id): row.values.get("function") for row in desk.database.rows("res.partner")}
        assert held == truth
    finally:
        desk.close()


def test_an_answer_to_an_invitation_is_news_of_the_meeting(desk: Desk) -> None:
    partner = desk.database.create("res.partner", name="Bea", email="bea@example.com")
    event = desk.database.create("calendar.event", **sample("events", 1, partner.id))
    before = settled(desk, "events")
    desk.clock.advance(86_400)
    attendee = desk.database.rows("calendar.attendee")[0]
    desk.database.write("calendar.attendee", [attendee.id], state="accepted")
    assert event.changed is not None
    assert event.changed < desk.clock.now() - timedelta(hours=1), "the meeting itself was not written"
    (record,) = desk.read("events", before).records
    assert record.body["joined"]["attendee_ids"][0]["state"] == "accepted"
    assert record.changed_at == desk.clock.now().replace(microsecond=0)


def test_answers_are_not_read_again_for_ever(desk: Desk) -> None:
    partner = desk.database.create("res.partner", name="Bea")
    desk.database.create("calendar.event", **sample("events", 1, partner.id))
    cursor = settled(desk, "events")
    attendee = desk.database.rows("calendar.attendee")[0]
    desk.database.write("calendar.attendee", [attendee.id], state="declined")
    for pause in (60, SETTLED, 60):
        haul = desk.read("events", cursor)
        cursor = haul.cursor
        desk.clock.advance(pause)
    assert desk.read("events", cursor).records == []


def test_a_line_that_leaves_the_total_alone_is_news_of_the_order(desk: Desk) -> None:
    partner = desk.database.create("res.partner", name="Bea")
    desk.database.create("sale.order", **sample("orders", 1, partner.id))
    cursor = settled(desk, "orders")
    desk.clock.advance(86_400)
    line = desk.database.rows("sale.order.line")[0]
    desk.database.write("sale.order.line", [line.id], name="Stool")
    (record,) = desk.read("orders", cursor).records
    assert [each["name"] for each in record.body["joined"]["order_line"]] == ["Stool"]


def test_a_date_in_the_future_hides_nothing(desk: Desk) -> None:
    ada, bea = people(desk, 2)
    with desk.database.transaction(datetime(2099, 1, 1, tzinfo=UTC)):
        desk.database.write("res.partner", [ada], function="from the future")
    cursor = desk.read("partners").cursor
    for text in ("one", "two"):
        desk.clock.advance(SETTLED)
        desk.database.write("res.partner", [bea], function=text)
        haul = desk.read("partners", cursor)
        cursor = haul.cursor
        assert {each.body.get("function") for each in haul.records} == {text, "from the future"}


def test_what_is_archived_is_gone_and_comes_back(desk: Desk) -> None:
    ada, bea = people(desk, 2)
    before = desk.read("partners")
    desk.clock.advance(SETTLED)
    desk.database.write("res.partner", [ada], active=False)
    gone = desk.read("partners", before.cursor)
    (stone,) = gone.tombstones
    assert (stone.remote_id, stone.reason) == (str(ada), Reason.ARCHIVED)
    assert stone.at == desk.clock.now().replace(microsecond=0)
    assert desk.read("partners").numbers == [bea]
    desk.clock.advance(SETTLED)
    desk.database.write("res.partner", [ada], active=True)
    assert ada in desk.read("partners", gone.cursor).numbers


def test_a_lost_lead_is_archived_and_stays(desk: Desk) -> None:
    lost = desk.database.create("crm.lead", name="Roof")
    hidden = desk.database.create("crm.lead", name="Cellar")
    before = desk.read("leads")
    desk.clock.advance(SETTLED)
    desk.database.write("crm.lead", [lost.id], active=False, probability=0)
    desk.database.write("crm.lead", [hidden.id], active=False)
    after = desk.read("leads", before.cursor)
    assert after.numbers == [lost.id]
    assert [each.remote_id for each in after.tombstones] == [str(hidden.id)]
    assert desk.read("leads").numbers == [lost.id]


def test_a_row_without_a_date_is_read_in_full_and_once_it_is_written(desk: Desk) -> None:
    (ada,) = people(desk, 1)
    row = desk.database.row("res.partner", ada)
    assert row is not None
    row.changed = None
    full = desk.read("partners")
    assert (full.numbers, full.records[0].changed_at) == ([ada], None)
    assert desk.read("partners", full.cursor).numbers == []
    desk.database.write("res.partner", [ada], function="CTO")
    assert desk.read("partners", full.cursor).numbers == [ada]


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"phase":"moon"}', '{"phase":"rest","v":99}', '{"where":1}'])
def test_a_cursor_of_another_version_is_expired(text: str) -> None:
    desk = Desk()
    try:
        with pytest.raises(CursorExpiredError):
            desk.read("partners", Cursor(text or "nonsense"))
    finally:
        desk.close()
