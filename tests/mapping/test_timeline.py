"""Privacy before storage, who began, which days, and the line that people read."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from mapping.mapper import Entity
from mapping.model import Kind
from mapping.timeline import Privacy, days, describe, placed

PRIVACY = Privacy(
    internal=["Acme.com", "helpdesk@gmail.com"],
    never_log=["*@bank.example", "clinic.example", "joe@x.example", "ceo@*"],
)


def activity(*participants: dict[str, Any], kind: str = "email", **values: Any) -> Entity:
    who = {"participants": list(participants)} if participants else {}
    return Entity("mail", Kind.ACTIVITY, {"key": "k", "activity": kind, **who, **values}, founding=False)


def who(email: str, role: str = "to") -> dict[str, Any]:
    return {"role": role, "email": email}


ALL_DAY = {"activity": "meeting", "at": "2026-07-01T00:00:00Z", "all_day": True}
JANE, ANN, BOB = who("jane@customer.example"), who("ann@acme.com", "from"), who("bob@mail.acme.com")


@pytest.mark.parametrize(
    "email", ["a@bank.example", "A@BANK.example", "x@clinic.example", "joe@x.example", "ceo@acme.com"]
)
@pytest.mark.parametrize("kind", ["email", "meeting", "call", "message"])
def test_nothing_is_kept_that_a_never_log_address_takes_part_in(email: str, kind: str) -> None:
    assert not PRIVACY.admits(activity(JANE, ANN, who(email), kind=kind))
    assert not Privacy(never_log=["*@bank.example", "clinic.example", "joe@x.example", "ceo@*"]).admits(
        activity(JANE, who(email), kind=kind)
    )


def test_nothing_is_kept_that_colleagues_say_among_themselves() -> None:
    assert not PRIVACY.admits(activity(ANN, BOB))
    assert not PRIVACY.admits(activity(ANN, who("helpdesk@gmail.com")))
    assert not PRIVACY.admits(activity(ANN, {"role": "attendee", "name": "Meeting Room 1"}, kind="meeting"))
    assert not PRIVACY.admits(activity(kind="meeting"))


def test_what_a_customer_takes_part_in_is_kept() -> None:
    assert PRIVACY.admits(activity(JANE, ANN, BOB))
    assert PRIVACY.admits(activity(ANN, {"role": "to", "phone": "+442071838750"}, kind="call"))
    assert PRIVACY.admits(activity(ANN, {"role": "to", "ids": ["crm:1"]}, kind="meeting"))
    assert PRIVACY.admits(activity(ANN, who("x@notacme.com")))
    assert PRIVACY.admits(activity(ANN, who("gmail@gmail.com")))
    assert PRIVACY.admits(activity(who("x@mybank.example"), ANN))
    assert Privacy().admits(activity())


def test_privacy_of_correspondence_does_not_speak_of_orders_or_forms() -> None:
    order = Entity("order", Kind.ORDER, {"key": "k", "participants": [who("ann@acme.com")]}, founding=True)
    assert PRIVACY.admits(order)
    assert PRIVACY.admits(activity(who("ann@acme.com"), kind="form"))


def test_colleagues_are_our_side() -> None:
    assert PRIVACY.side(JANE) == "them"
    assert PRIVACY.side({"role": "to", "name": "Jane"}) == "them"
    assert PRIVACY.side(ANN) == PRIVACY.side(BOB) == "us"
    assert not PRIVACY.is_internal("jane@acme.com.evil.example")


def test_the_sender_tells_the_direction_where_the_source_does_not() -> None:
    def direction(entity: Entity) -> Any:
        return PRIVACY.enrich(entity).values.get("direction")

    assert direction(activity(JANE, BOB)) is None
    assert direction(activity(JANE, ANN, direction="in")) == "in"
    assert direction(activity(who("jane@customer.example", "from"), BOB)) == "in"
    assert direction(activity(ANN, JANE)) == "out"
    assert direction(activity(who("ann@acme.com", "organizer"), JANE, kind="meeting")) == "out"
    assert direction(activity(ANN, JANE, kind="note")) is None
    assert Privacy().enrich(activity(ANN, JANE)).values.get("direction") is None


@pytest.mark.parametrize(
    ("values", "kind", "line"),
    [
        (
            {"number": "#1001", "total": "49.9", "currency": "EUR", "paid_at": "x"},
            Kind.ORDER,
            "Order #1001, 49.90 EUR, paid",
        ),
        (
            {"number": "7", "total": "0.125", "cancelled_at": "x", "status": "open"},
            "invoice",
            "Invoice #7, 0.125, cancelled",
        ),
        ({"title": "Big one", "total": "5000", "won": False}, "deal", "Deal, Big one, 5000.00, lost"),
        ({"title": "It broke", "status": "IN_PROGRESS"}, "ticket", "Ticket, It broke, in progress"),
        ({"activity": "email", "direction": "in", "title": "Re: offer"}, "activity", "Email from them, Re: offer"),
        ({"activity": "call", "direction": "out"}, "activity", "Call from us"),
        ({"activity": "note", "text": "\n First\nSecond"}, "activity", "Note, First"),
        ({"purpose": "marketing_email", "granted": False}, "consent", "Consent withdrawn, marketing email"),
        ({"survey": "NPS", "score": "9", "text": "fine"}, "survey", "NPS, score 9, fine"),
        ({**ALL_DAY, "title": "Fair", "status": "tentative"}, "activity", "Meeting, Fair, all day, tentative"),
        ({**ALL_DAY, "ends_at": "2026-07-04T00:00:00Z"}, "activity", "Meeting, all day until 2026-07-03"),
        ({"total": "many"}, "order", "Order"),
        ({}, "", ""),
    ],
)
def test_a_fact_reads_as_one_line(values: dict[str, Any], kind: str, line: str) -> None:
    assert describe(values, kind) == line


def test_a_line_stays_one_line_of_bounded_length() -> None:
    line = describe({"activity": "note", "title": "word\n" * 1000}, "activity")
    assert len(line) == 200
    assert "\n" not in line


@pytest.mark.parametrize(
    ("ends", "last"),
    [(None, "2026-07-01"), ("2026-07-02", "2026-07-01"), ("2026-07-01", "2026-07-01"), ("2026-07-04", "2026-07-03")],
)
def test_the_end_of_whole_days_is_the_day_after_the_last(ends: str | None, last: str) -> None:
    found = days({**ALL_DAY, **({"ends_at": f"{ends}T00:00:00Z"} if ends else {})})
    assert found is not None
    assert [day.isoformat() for day in found] == ["2026-07-01", last]


def test_what_has_a_time_has_no_days_and_is_placed_as_it_is() -> None:
    timed = {"activity": "meeting", "at": "2026-07-01T08:00:00Z", "ends_at": "2026-07-01T09:00:00Z"}
    assert days(timed) is None
    assert days({"all_day": True}) is None
    assert placed(timed, "Pacific/Auckland") == timed


@pytest.mark.parametrize(
    "home", ["Etc/GMT+12", "America/Los_Angeles", "UTC", "Europe/Amsterdam", "Asia/Kolkata", "Etc/GMT-14"]
)
def test_a_whole_day_falls_on_its_date_for_everybody_within_eleven_hours(home: str) -> None:
    noon = datetime.fromisoformat(placed({**ALL_DAY, "ends_at": "2026-07-02T00:00:00Z"}, home)["at"])
    there = noon.astimezone(ZoneInfo(home)).utcoffset()
    assert there is not None
    for hours in range(-11, 12):
        offset = there + timedelta(hours=hours)
        if abs(offset) < timedelta(hours=24):
            assert noon.astimezone(timezone(offset)).date().isoformat() == "2026-07-01"


def test_several_days_end_on_the_last_of_them_and_one_day_has_no_end() -> None:
    one = placed({**ALL_DAY, "ends_at": "2026-07-02T00:00:00Z"}, "UTC")
    several = placed({**ALL_DAY, "ends_at": "2026-07-04T00:00:00Z"}, "UTC")
    assert "ends_at" not in one
    assert (several["ends_at"], several["first_day"], several["last_day"]) == (
        "2026-07-03T12:00:00Z", "2026-07-01", "2026-07-03",
    )  # fmt: skip
