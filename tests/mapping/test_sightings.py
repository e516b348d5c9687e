"""Sightings: one fact out of several, and whom it belongs to at its time."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapping.sightings import Hold, Sighting, attach, merge

MAY, JUNE, JULY = "2026-05-01T00:00:00.000000Z", "2026-06-01T00:00:00.000000Z", "2026-07-01T00:00:00.000000Z"


def _sighting(number: int, changed: str, kind: str = "activity", **values: Any) -> Sighting:
    return Sighting(number, ("shop", "meetings", "", str(number), "meeting"), kind, values, changed)


def _hold(customer: str, kind: str = "email", since: str = MAY, until: str | None = None, participant: int = 0) -> Hold:
    return Hold(participant, "to", kind, customer, since, until)


def test_the_newest_sighting_speaks_and_the_others_fill_in() -> None:
    kind, values = merge([_sighting(1, MAY, title="Old", location="Room 2"), _sighting(2, JUNE, title="New")])
    assert (kind, values) == ("activity", {"title": "New", "location": "Room 2"})


def test_everybody_whom_any_sighting_names_took_part_once() -> None:
    ann, bob = {"role": "attendee", "email": "ann@home.example"}, {"role": "attendee", "email": "bob@home.example"}
    named = {**ann, "name": "Ann Lee", "answer": "accepted"}
    _, values = merge([_sighting(1, JUNE, participants=[named]), _sighting(2, MAY, participants=[ann, bob])])
    assert values["participants"] == [named, bob]


def test_participants_known_by_name_only_are_told_apart_by_it() -> None:
    guests = [{"role": "attendee", "name": "Ann"}, {"role": "attendee", "name": "Bob"}]
    _, values = merge([_sighting(1, MAY, participants=guests), _sighting(2, MAY, participants=guests)])
    assert values["participants"] == guests


def test_of_sightings_of_one_instant_the_natural_key_decides() -> None:
    assert merge([_sighting(2, MAY, title="B"), _sighting(1, MAY, title="A")])[1]["title"] == "A"


def test_which_money_belongs_together_is_what_all_say_and_what_went_back_the_greatest() -> None:
    shop = _sighting(1, JUNE, "payment", pays=["shop:order:1"], refunded="9.50", total="20", status="captured")
    service = _sighting(
        2, MAY, "payment", aliases=["service:intent:1"], pays=["service:invoice:1"], refunded="10", test=True
    )
    for both in permutations((shop, service)):
        assert merge(both) == (
            "payment",
            {
                "pays": ["shop:order:1", "service:invoice:1"],
                "refunded": "10",
                "total": "20",
                "status": "captured",
                "aliases": ["service:intent:1"],
                "test": True,
            },
        )
    export, api = _sighting(1, MAY, "order", refunded="10"), _sighting(2, JUNE, "order", refunded="5")
    assert merge([export, api])[1]["refunded"] == "5", "of an order the newest word holds"


def _copy(number: int, calendar: str = "", **values: Any) -> Sighting:
    """One calendar's copy of a meeting; each number is a calendar of its own unless one is named."""
    return Sighting(
        number, ("work", "events", calendar or str(number), str(number), "meeting"), "activity", values, MAY
    )


def _guest(name: str, answer: str = "", **more: Any) -> dict[str, Any]:
    return {"role": "attendee", "email": f"{name}@us.example", **({"answer": answer} if answer else {}), **more}


def _answers(*sightings: Sighting) -> dict[str, str]:
    return {one["email"][:3]: one.get("answer", "") for one in merge(sightings)[1]["participants"]}


OURS = {"role": "organizer", "email": "noor@us.example", "own": True}
THEIRS = {"role": "organizer", "email": "noor@us.example"}


def test_what_is_told_of_one_payment_in_two_currencies_is_never_mixed() -> None:
    shop = {"currency": "EUR", "total": "110", "refunded": "0"}
    service = {"currency": "JPY", "total": "18000", "refunded": "9000", "refunds": [{"key": "re", "amount": "9000"}]}
    for newest, oldest, back in ((shop, service, "55.00"), (service, shop, "9000")):
        for both in permutations((_sighting(1, JUNE, "payment", **newest), _sighting(2, MAY, "payment", **oldest))):
            _, values = merge(both)
            assert (values["currency"], values["total"]) == (newest["currency"], newest["total"])
            assert values["refunded"] == back
            assert ("refunds" in values) is (newest is service)


def test_what_was_authorised_and_never_captured_went_back_of_no_smaller_payment() -> None:
    shop = {"currency": "EUR", "total": "60", "refunded": "0"}
    service = {"currency": "EUR", "total": "100", "refunded": "45", "refunds": [{"key": "re", "amount": "45"}]}
    _, values = merge([_sighting(1, JUNE, "payment", **shop), _sighting(2, MAY, "payment", **service)])
    assert values == {"currency": "EUR", "total": "60", "refunded": "5"}
    _, values = merge([_sighting(1, MAY, "payment", **shop), _sighting(2, JUNE, "payment", **service)])
    assert values == service


def test_the_currency_of_a_fact_is_that_of_its_total() -> None:
    named, told = _sighting(1, JUNE, "order", currency="EUR"), _sighting(2, MAY, "order", currency="USD", total="5")
    assert merge([named, told])[1] == {"currency": "USD", "total": "5"}


def test_a_stale_copy_says_nothing_not_even_what_the_newer_leaves_out() -> None:
    moved = _copy(1, at="2026-07-02T08:00:00Z", sequence=2, participants=[_guest("kim")])
    stale = _copy(
        2, at="2026-07-01T08:00:00Z", location="Ede", sequence=1, revised_at="2026-06-30T00:00:00Z",
        participants=[_guest("kim"), _guest("lee")],
    )  # fmt: skip
    assert merge([stale, moved])[1] == {"at": "2026-07-02T08:00:00Z", "participants": [_guest("kim")]}


def test_of_one_revision_the_organisers_copy_speaks_first_however_new_the_others_are() -> None:
    own = _copy(1, title="Right", sequence=1, revised_at="2026-05-01T00:00:00Z", participants=[OURS, _guest("kim")])
    other = _copy(
        2, title="Wrong", sequence=1, revised_at="2026-05-02T00:00:00Z",
        participants=[THEIRS, _guest("kim"), _guest("lee")],
    )  # fmt: skip
    _, values = merge([own, other])
    assert values["title"] == "Right"
    assert [one["email"][:4] for one in values["participants"]] == ["noor", "kim@"]
    assert all("own" not in one for one in values["participants"])


def test_a_cancellation_by_the_organiser_holds_against_a_copy_that_was_touched_later() -> None:
    own = _copy(1, status="cancelled", sequence=1, revised_at="2026-05-01T00:00:00Z", participants=[OURS])
    other = _copy(2, status="confirmed", sequence=1, revised_at="2026-05-02T00:00:00Z", participants=[THEIRS])
    assert merge([other, own])[1]["status"] == "cancelled"


def test_where_nobody_is_known_to_organise_the_last_revision_speaks_first() -> None:
    older = _copy(1, title="Old", sequence=0, revised_at="2026-05-01T00:00:00Z")
    newer = _copy(2, title="New", sequence=0, revised_at="2026-05-01T00:00:00.500000Z")
    assert merge([older, newer])[1] == {"title": "New"}


def test_a_record_that_is_no_copy_of_the_invitation_is_heard_beside_it() -> None:
    crm = Sighting(3, ("crm", "meetings", "", "9", "meeting"), "activity", {"url": "u", "participants": [LINKED]}, MAY)
    _, values = merge([crm, _copy(1, at="2026-07-02T08:00:00Z", sequence=4, participants=[OURS, _guest("kim")])])
    assert (values["at"], values["url"]) == ("2026-07-02T08:00:00Z", "u")
    assert LINKED in values["participants"]


LINKED = {"role": "contact", "ids": ["hubspot:contact:1"]}


def test_an_own_answer_comes_before_what_the_organiser_has_heard() -> None:
    organisers = _copy(
        1, sequence=1, revised_at="2026-05-09T00:00:00Z", participants=[OURS, _guest("kim", "tentative")]
    )
    kims = _copy(2, sequence=1, participants=[THEIRS, _guest("kim", "accepted", own=True)])
    assert _answers(organisers, kims)["kim"] == "accepted"


def test_no_answer_yet_comes_after_every_answer() -> None:
    organisers = _copy(1, sequence=1, participants=[OURS, _guest("kim", "declined")])
    kims = _copy(2, sequence=1, participants=[THEIRS, _guest("kim", "needs-action", own=True)])
    assert _answers(organisers, kims)["kim"] == "declined"


def test_an_answer_to_an_earlier_invitation_is_none_to_this_one() -> None:
    organisers = _copy(1, sequence=2, participants=[OURS, _guest("kim", "needs-action")])
    kims = _copy(2, sequence=1, participants=[THEIRS, _guest("kim", "accepted", own=True)])
    assert _answers(organisers, kims)["kim"] == "needs-action"


def test_what_a_calendar_says_of_an_occurrence_by_itself_silences_its_series_there() -> None:
    series = _copy(1, "noor", title="Weekly", at="2026-07-01T08:00:00Z", sequence=5, derived=True)
    moved = _copy(2, "noor", title="Weekly", at="2026-07-02T08:00:00Z", sequence=1)
    assert merge([series, moved])[1] == {"title": "Weekly", "at": "2026-07-02T08:00:00Z"}


def test_of_two_calendars_the_series_that_was_planned_anew_wins_over_an_old_exception() -> None:
    series = _copy(1, at="2026-07-01T09:00:00Z", sequence=5, derived=True)
    moved = _copy(2, at="2026-07-02T08:00:00Z", sequence=1)
    assert merge([series, moved])[1] == {"at": "2026-07-01T09:00:00Z"}


def test_beginning_and_end_are_one_calendars() -> None:
    timed = _copy(1, at="2026-07-01T09:00:00Z", sequence=0, revised_at="2026-06-02T00:00:00Z")
    days = _copy(2, at="2026-07-01T00:00:00Z", ends_at="2026-07-03T00:00:00Z", all_day=True, sequence=0, title="Fair")
    assert merge([days, timed])[1] == {"at": "2026-07-01T09:00:00Z", "title": "Fair"}


@given(
    st.lists(
        st.tuples(st.sampled_from([None, 0, 1]), st.booleans(), st.booleans(), st.sampled_from(["accepted", ""])),
        min_size=1,
        max_size=4,
    )
)
def test_the_order_of_copies_decides_nothing(told: list[tuple[int | None, bool, bool, str]]) -> None:
    copies = [
        _copy(
            number, calendar="abc"[number % 3], title=f"T{number}", derived=derived,
            participants=[OURS if own else THEIRS, _guest("kim", answer, own=not own)],
            **({} if sequence is None else {"sequence": sequence}),
        )
        for number, (sequence, own, derived, answer) in enumerate(told)
    ]  # fmt: skip
    expected = merge(copies)
    assert all(merge(order) == expected for order in permutations(copies))


@given(st.lists(st.tuples(st.sampled_from([MAY, JUNE]), st.sampled_from(["A", "B", ""])), min_size=1, max_size=4))
def test_the_order_of_sightings_decides_nothing(told: list[tuple[str, str]]) -> None:
    sightings = [
        _sighting(number, changed, **({"title": title} if title else {}))
        for number, (changed, title) in enumerate(told)
    ]
    expected = merge(sightings)
    assert all(merge(order) == expected for order in permutations(sightings))


def test_a_fact_that_nobody_holds_belongs_to_nobody() -> None:
    assert attach(MAY, []) == {}


def test_two_who_hold_it_at_the_time_make_it_nobodys() -> None:
    assert attach(JUNE, [_hold("c1"), _hold("c2")]) == {}


def test_one_who_holds_it_by_two_records_holds_it() -> None:
    assert attach(JUNE, [_hold("c1"), _hold("c1")]) == {(0, "to"): "c1"}


def test_who_held_it_at_the_time_comes_before_who_came_later() -> None:
    holds = [_hold("former", since=MAY, until=JUNE), _hold("now", since=JUNE)]
    assert attach("2026-05-15T00:00:00.000000Z", holds) == {(0, "to"): "former"}
    assert attach(JULY, holds) == {(0, "to"): "now"}
    assert attach(JUNE, holds) == {(0, "to"): "now"}


def test_where_nobody_held_it_yet_it_is_whose_it_became() -> None:
    assert attach(MAY, [_hold("c1", since=JUNE)]) == {(0, "to"): "c1"}
    assert attach(MAY, [_hold("c1", since=JUNE), _hold("c2", since=JULY)]) == {}


def test_who_gave_it_up_before_is_not_asked() -> None:
    assert attach(JULY, [_hold("c1", since=MAY, until=JUNE)]) == {}


def test_without_a_time_only_who_holds_it_now_counts() -> None:
    assert attach(None, [_hold("former", until=JUNE), _hold("now", since=JUNE)]) == {(0, "to"): "now"}


@pytest.mark.parametrize(
    ("holds", "expected"),
    [
        ([_hold("by id", "id"), _hold("by email", "email"), _hold("by phone", "phone")], "by id"),
        ([_hold("by email", "email"), _hold("by phone", "phone"), _hold("too", "phone")], "by email"),
    ],
)
def test_the_strongest_identifier_decides(holds: list[Hold], expected: str) -> None:
    assert attach(JUNE, holds) == {(0, "to"): expected}


def test_a_strong_but_ambiguous_identifier_is_not_overruled_by_a_weak_one() -> None:
    assert attach(JUNE, [_hold("c1", "id"), _hold("c2", "id"), _hold("c1", "phone")]) == {}


def test_participants_are_attached_one_by_one() -> None:
    found = attach(
        JUNE, [_hold("c1"), _hold("c2", participant=1), _hold("c3", participant=2), _hold("c4", participant=2)]
    )
    assert found == {(0, "to"): "c1", (1, "to"): "c2"}
