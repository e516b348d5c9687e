"""No silent loss: every record is read, or stands in the dead letters, or stops its stream with an error."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mapping.errors import ContractError, ForbiddenError, RateLimitedError, TransientError
from tests.sync.hubs import Stage, person, stream, values
from tests.sync.meanwhile import Meanwhile

UNREADABLE = {"newsletter": "maybe"}
"""What no rule of the memory vendor can take for a consent."""


def _names(stage: Stage) -> list[str]:
    return [values(one).get("name", "") for one in stage.customers()]


def _people(stage: Stage, count: int, start: int = 0) -> list[str]:
    names = [f"Ann {chr(65 + n)}{chr(97 + n)}" for n in range(start, start + count)]
    for name in names:
        stage.shop.put("people", person(name, email=f"{name.split()[1].lower()}@x.example"))
    return names


def test_a_record_that_cannot_be_mapped_is_kept_as_a_dead_letter_and_its_page_goes_on(stage: Stage) -> None:
    stage.shop.put("people", person("Ann Lee", email="ann@x.example"))
    stage.shop.put("people", person("Bad Day", **UNREADABLE))
    stage.shop.put("people", person("Cy Orr", email="cy@x.example"))
    report = stage.sync()
    assert _names(stage) == ["Ann Lee", "Cy Orr"]
    (letter,) = stage.hub.dead_letters()
    assert (letter.connection, letter.stream, letter.remote_id) == ("shop", "people", "2")
    assert "'granted'" in letter.reason
    assert "maybe" not in letter.reason
    assert "maybe" in stage.hub.dead_letter(letter.id).body
    assert stream(report, "shop/people").dead == 1


def test_a_run_with_a_failed_record_is_partial_and_never_ok(stage: Stage) -> None:
    stage.shop.put("people", person("Bad Day", **UNREADABLE))
    report = stage.sync()
    assert stream(report, "shop/people").status == "partial"
    assert not report.ok
    assert {run.status for run in stage.hub.runs(each=True) if run.connection == "shop"} == {"partial"}
    assert not stage.hub.status().ok


@pytest.mark.fault(
    "unreadable record",
    "It lies in the dead letters with its body, all others are taken, and the run is shown as partial.",
)
def test_a_record_that_nobody_can_parse_is_a_dead_letter_of_its_own(stage: Stage) -> None:
    _people(stage, 2)
    stage.shop.put("people", person("Tom Orr"), broken=True)
    _people(stage, 2, start=2)
    assert stream(stage.sync(), "shop/people").status == "partial"
    assert len(stage.customers()) == 4
    assert [letter.remote_id for letter in stage.hub.dead_letters()] == ["3"]


def test_a_record_that_becomes_unreadable_keeps_its_last_good_form_even_through_a_full_reading(stage: Stage) -> None:
    names = _people(stage, 3)
    stage.sync()
    with stage.shop.holdings() as holdings:
        holdings.table("people").rows["2"].broken = True
    assert stream(stage.sync(full=True), "shop/people").status == "partial"
    assert _names(stage) == names


def test_a_dead_letter_is_healed_when_the_rule_is_mended_and_replayed(stage: Stage) -> None:
    stage.shop.put("people", person("Bad Day", email="bad@x.example", **UNREADABLE))
    stage.sync()
    stage.configure(
        "shop", streams={"people": {"fields": {"newsletter": {"granted": "properties.newsletter == 'maybe'"}}}}
    )
    report = stage.hub.replay_dead_letters()
    assert report.ok
    assert _names(stage) == ["Bad Day"]
    assert stage.hub.dead_letters() == []


def test_a_dead_letter_is_healed_by_the_next_sync_under_mended_rules(stage: Stage) -> None:
    stage.shop.put("people", person("Bad Day", email="bad@x.example", **UNREADABLE))
    stage.sync()
    stage.configure(
        "shop", streams={"people": {"fields": {"newsletter": {"granted": "properties.newsletter == 'maybe'"}}}}
    )
    assert stage.sync().ok
    assert (_names(stage), stage.hub.dead_letters()) == (["Bad Day"], [])


def test_a_dead_letter_is_healed_when_the_record_is_mended_at_the_source(stage: Stage) -> None:
    bad = stage.shop.put("people", person("Bad Day", email="bad@x.example", **UNREADABLE))
    stage.sync()
    stage.shop.change("people", bad, {"newsletter": True})
    assert stage.sync().ok
    assert stage.hub.dead_letters() == []


def test_a_dead_letter_is_closed_when_the_record_is_deleted_at_the_source(stage: Stage) -> None:
    bad = stage.shop.put("people", person("Bad Day", **UNREADABLE))
    stage.sync()
    stage.shop.delete("people", bad)
    assert stage.sync().ok
    assert stage.hub.dead_letters() == []


def test_rules_that_break_a_stored_record_make_the_run_partial(stage: Stage) -> None:
    _people(stage, 2)
    stage.sync()
    stage.configure("shop", streams={"people": {"fields": {"person": {"given_name": "properties"}}}})
    report = stage.sync()
    assert stream(report, "shop/people").status == "partial"
    assert len(stage.hub.dead_letters()) == 2


@pytest.mark.parametrize("page_size", [1, 2, 3, 7])
def test_records_that_share_one_instant_are_all_read_whatever_the_page_size(stage: Stage, page_size: int) -> None:
    stage.shop.page_size = page_size
    with stage.shop.frozen():
        names = _people(stage, 7)
    stage.sync()
    assert _names(stage) == names


def test_a_record_that_appears_at_the_last_instant_already_read_is_read_next_time(stage: Stage) -> None:
    with stage.shop.frozen() as instant:
        names = _people(stage, 2)
    stage.sync()
    stage.shop.put("people", person("Zoe Zed", email="zoe@x.example"), at=instant)
    stage.sync()
    assert _names(stage) == [*names, "Zoe Zed"]


@pytest.mark.fault("late record", "One that turns up within the lookback is read.")
def test_a_record_that_arrives_late_within_the_lookback_is_read(stage: Stage) -> None:
    stage.configure("shop", config={"lookback_seconds": 600})
    names = _people(stage, 2)
    stage.sync()
    stage.shop.put("people", person("Zoe Zed", email="z@x.example"), at=stage.clock() - timedelta(seconds=500))
    stage.sync()
    assert _names(stage) == [*names, "Zoe Zed"]


@pytest.mark.fault("late record", "One that turns up later is read by the next full reading.")
def test_a_record_that_arrives_later_than_the_lookback_is_read_by_the_next_full_reading(stage: Stage) -> None:
    names = _people(stage, 2)
    stage.sync()
    stage.shop.put("people", person("Zoe Zed", email="z@x.example"), at=stage.clock() - timedelta(seconds=500))
    stage.sync()
    assert _names(stage) == names
    stage.sync(full=True)
    assert _names(stage) == [*names, "Zoe Zed"]


def test_a_record_updated_between_two_runs_hides_no_other(stage: Stage) -> None:
    stage.shop.page_size = 1
    names = _people(stage, 3)
    stage.sync()
    stage.shop.change("people", "1", {"city": "Leeds"})
    names += _people(stage, 2, start=3)
    stage.shop.change("people", "2", {"city": "York"})
    stage.sync()
    assert _names(stage) == names
    assert values(stage.customer("aa@x.example"))["address"] == {"locality": "Leeds"}


def test_a_record_updated_while_its_stream_is_read_is_read_in_its_last_form(stage: Stage) -> None:
    stage.shop.page_size = 2
    names = _people(stage, 5)
    stage.watch(Meanwhile("pull shop/people", lambda: stage.shop.change("people", "1", {"city": "Leeds"})))
    stage.sync()
    assert _names(stage) == names
    assert values(stage.customer("aa@x.example"))["address"] == {"locality": "Leeds"}


def test_a_record_created_while_its_stream_is_read_is_read(stage: Stage) -> None:
    stage.shop.page_size = 2
    names = _people(stage, 5)
    stage.watch(Meanwhile("pull shop/people", lambda: names.extend(_people(stage, 1, start=5))))
    stage.sync()
    stage.sync()
    assert _names(stage) == names


@pytest.mark.fault(
    "expired cursor", "Everything is read again and reconciled, nothing is wiped first, and the report says so."
)
def test_an_expired_cursor_is_reconciled_without_wiping_and_the_report_says_so(stage: Stage) -> None:
    names = _people(stage, 6)
    stage.sync()
    stage.shop.delete("people", "6")
    stage.shop.expire_cursors()
    stage.shop.page_size = 2
    met: list[list[str]] = []
    stage.watch(Meanwhile("pull shop/people", lambda: met.append(_names(stage))))
    ids = [one.id for one in stage.customers()]
    report = stage.sync()
    assert met == [names], "everybody stays visible while the source is read again"
    assert _names(stage) == names[:5]
    assert {one.id for one in stage.customers()} <= set(ids)
    assert "forgot our place" in stream(report, "shop/people").message
    assert (stream(report, "shop/people").gone, stream(report, "shop/people").unchanged) == (1, 5)


@pytest.mark.fault("expired cursor", "In the middle of a full reading, that begins again.")
def test_a_cursor_that_expires_in_the_middle_of_a_full_reading_begins_it_again(stage: Stage) -> None:
    stage.shop.page_size = 2
    names = _people(stage, 6)
    stage.shop.fail(TransientError("away"), after=2)
    assert stream(stage.sync(), "shop/people").status == "failed"
    stage.shop.expire_cursors()
    assert stage.sync().ok
    assert _names(stage) == names


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (TransientError("away"), "failed"),
        (RateLimitedError("slow down", retry_after=9999), "paused"),
        (ForbiddenError("no scope"), "paused"),
        (ContractError("no such shape"), "failed"),
    ],
)
def test_a_stream_that_fails_stops_loudly_keeps_its_place_and_goes_on_from_there(
    stage: Stage, error: Exception, status: str
) -> None:
    stage.shop.page_size = 2
    names = _people(stage, 6)
    stage.shop.fail(error, after=1)
    report = stage.sync()
    assert stream(report, "shop/people").status == status
    assert stream(report, "shop/people").message
    assert stream(report, "crm/people").status == "ok"
    assert _names(stage) == names[:2]
    again = stage.sync()
    assert again.ok
    assert _names(stage) == names
    assert stream(again, "shop/people").read == 4, "at most the page that was cut off is fetched again"


def test_a_killed_pull_ends_like_one_that_was_never_interrupted(stage: Stage) -> None:
    stage.shop.page_size = 2
    names = _people(stage, 6)
    stage.shop.fail(KeyboardInterrupt(), after=1)
    with pytest.raises(KeyboardInterrupt):
        stage.hub.sync()
    assert [run.status for run in stage.hub.runs(each=True) if run.connection == "shop"] == ["interrupted"]
    assert stage.sync().ok
    assert _names(stage) == names
