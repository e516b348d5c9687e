"""Sweeps: what vanished without a word is found by asking for everything, and only then."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from mapping.contract import Deletes, RemoteId
from mapping.errors import AuthError, ConfigError, ContractError, RateLimitedError, TransientError
from sync import sweep
from sync.reports import StreamSweep, SweepReport
from tests.sync.hubs import BOOKKEEPING, Stage, values
from tests.sync.lists import Lists
from tests.sync.meanwhile import Meanwhile


@pytest.fixture
def stage(tmp_path: Path, database_url: str) -> Iterator[Stage]:
    """A shop that lists what it has, and a CRM that is only read."""
    made = Stage(tmp_path, database_url, push={})
    yield made
    made.close()


@pytest.fixture
def shop(stage: Stage) -> Lists:
    """The shop's connector, without anybody in it."""
    lists = Lists()
    stage.connectors["shop"] = lists
    stage.configure("shop")
    return lists


def swept(stage: Stage, *, allow_deletes: bool = False, dry_run: bool = False) -> StreamSweep:
    """What a sweep of the shop's people found."""
    report = stage.hub.sweep(["shop"], allow_deletes=allow_deletes, dry_run=dry_run)
    assert stage.hub.crashes == []
    (found,) = report.streams
    return found


def ids(stage: Stage) -> set[str]:
    """Who is there, by the ids in the shop."""
    return {values(one)["email"].partition("@")[0] for one in stage.customers()}


def failing(error: Exception, after: int = 1) -> Callable[[Sequence[RemoteId]], Sequence[RemoteId]]:
    """A listing that fails once, after so many batches."""
    left = [after]

    def listing(batch: Sequence[RemoteId]) -> Sequence[RemoteId]:
        left[0] -= 1
        if left[0] == -1:
            raise error
        return batch

    return listing


def test_a_source_that_is_suddenly_empty_loses_nothing(stage: Stage, shop: Lists) -> None:
    shop.fill(4)
    stage.sync()
    before = stage.dump()
    shop.drop("1", "2", "3", "4")
    found = swept(stage)
    assert (found.status, found.gone) == ("failed", 0)
    assert found.message == (
        "4 of 4 known records are no longer there; nothing was deleted. "
        "If that is right, run concord sweep shop --stream people --allow-deletes."
    )
    assert stage.dump() == before
    assert any("the last sweep of shop/people ended as failed: 4 of 4" in line for line in stage.hub.status().advice)
    assert stage.sync("shop").ok, "what is there is read all the same"


def test_a_source_that_lost_more_than_half_loses_nothing_until_a_person_allows_it(stage: Stage, shop: Lists) -> None:
    shop.fill(5)
    stage.sync()
    shop.drop("1", "2", "3")
    assert "3 of 5" in swept(stage).message
    assert len(ids(stage)) == 5
    assert swept(stage, allow_deletes=True).gone == 3
    assert ids(stage) == {"4", "5"}
    assert stage.hub.status().ok


def test_the_admin_can_set_how_much_may_vanish(stage: Stage, shop: Lists) -> None:
    stage.configure("shop", streams={"people": {"max_vanished_share": 0.1}})
    shop.fill(5)
    stage.sync()
    shop.drop("1")
    assert swept(stage).status == "failed"
    assert len(ids(stage)) == 5


@pytest.mark.parametrize(
    ("error", "status", "told"),
    [
        (RateLimitedError("slow down", retry_after=30), "paused", "The next sweep begins again in 30 seconds."),
        (TransientError("away"), "failed", "Nothing is lost: the next sweep begins again."),
        (ContractError("no such answer"), "failed", "no such answer"),
        (AuthError("the key was withdrawn"), "paused", "The connection rests until its login is right."),
    ],
)
def test_a_sweep_that_fails_on_the_way_deletes_nothing(
    stage: Stage, shop: Lists, monkeypatch: pytest.MonkeyPatch, error: Exception, status: str, told: str
) -> None:
    monkeypatch.setattr(sweep, "BATCH", 3)
    shop.fill(9)
    stage.sync()
    before = stage.dump({*BOOKKEEPING, "connection"})
    shop.drop("1", "8")
    shop.listing = failing(error, after=2)
    found = swept(stage)
    assert found.status == status
    assert told in found.message
    assert stage.dump({*BOOKKEEPING, "connection"}) == before
    assert swept(stage).gone == 2, "the next one begins again"


def test_a_refused_login_ends_the_sweep_and_pauses_the_connection(stage: Stage, shop: Lists) -> None:
    shop.fill(3)
    stage.sync()
    shop.listing = failing(AuthError("the key was withdrawn"), after=0)
    swept(stage)
    assert {one.name: one.state for one in stage.hub.status().connections}["shop"] == "paused"


def test_what_a_sweep_met_that_was_cut_off_proves_nothing_to_the_next(
    stage: Stage, shop: Lists, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep, "BATCH", 3)
    shop.fill(9)
    stage.sync()
    shop.listing = failing(TransientError("away"), after=2)
    assert swept(stage).met == 6
    shop.drop("1", "2")
    assert swept(stage).gone == 2
    assert ids(stage) == {str(n) for n in range(3, 10)}


def test_a_stream_that_was_never_read_is_not_swept(stage: Stage, shop: Lists) -> None:
    shop.fill(3)
    found = swept(stage)
    assert (found.status, found.met) == ("skipped", 0)
    assert found.message == "what was never read to its end is not swept: run concord sync"
    assert ids(stage) == set()


def test_a_full_reading_under_way_is_not_disturbed_by_a_sweep(stage: Stage, shop: Lists) -> None:
    shop.fill(9)
    stage.sync()
    shop.drop("1")
    shop.listing = failing(TransientError("away"), after=2)
    assert not stage.sync("shop", full=True).ok
    assert "never read to its end" in swept(stage).message
    assert len(ids(stage)) == 9


def test_of_two_sweeps_at_once_one_is_skipped(stage: Stage, shop: Lists) -> None:
    shop.fill(3)
    stage.sync()
    other: list[SweepReport] = []

    def beside() -> None:
        with stage.another() as hub:
            other.append(hub.sweep(["shop"]))

    stage.watch(Meanwhile("sweep shop/people", beside))
    assert swept(stage).status == "ok"
    assert [(one.status, one.message) for one in other[0].streams] == [("skipped", "another process is reading it")]


def test_an_unknown_stream_or_connection_is_refused_before_anything_is_asked(stage: Stage, shop: Lists) -> None:
    with pytest.raises(ConfigError, match="did you mean 'people'"):
        stage.hub.sweep(["shop"], streams=["peolpe"])
    with pytest.raises(ConfigError, match="There is no connection 'nowhere'"):
        stage.hub.sweep(["nowhere"])


@pytest.mark.parametrize("deletes", [Deletes.NATIVE, Deletes.NONE])
def test_a_stream_that_needs_no_sweep_says_so(stage: Stage, shop: Lists, deletes: Deletes) -> None:
    shop.deletes = deletes
    shop.fill(3)
    stage.sync()
    shop.drop("1")
    if deletes is Deletes.NONE:
        assert stage.hub.sweep(["shop"]).streams == []
        (named,) = stage.hub.sweep(["shop"], streams=["people"]).streams
        assert (named.status, named.message) == ("skipped", "it has no deletions to find")
    else:
        assert stage.hub.sweep(["shop"]).streams == []
        (named,) = stage.hub.sweep(["shop"], streams=["people"]).streams
        assert named.message == "it tells of its deletions itself; each part it is read in is still there"
    assert len(ids(stage)) == 3


def test_what_a_vendor_forgets_by_its_age_stays_even_when_all_is_read_again(stage: Stage, shop: Lists) -> None:
    shop.deletes = Deletes.EXPIRY
    shop.fill(6)
    stage.sync()
    shop.drop("1", "2", "3", "4")
    assert stage.sync(full=True).ok
    assert len(ids(stage)) == 6
    (named,) = stage.hub.sweep(["shop"], streams=["people"]).streams
    assert named.message == "what it no longer lists has only expired there, and stays here"
    assert len(ids(stage)) == 6


def test_what_vanished_is_found_and_taken_back(stage: Stage, shop: Lists) -> None:
    shop.fill(7)
    stage.sync()
    shop.drop("2", "5")
    assert stage.sync("shop").ok
    assert len(ids(stage)) == 7, "an increment does not see it"
    found = swept(stage)
    assert (found.status, found.known, found.met, found.gone, found.unknown) == ("ok", 7, 5, 2, 0)
    assert list(found.sample) == ["2", "5"]
    assert ids(stage) == {"1", "3", "4", "6", "7"}
    assert stage.hub.status().ok


def test_a_sweep_that_finds_nothing_writes_no_data_row(stage: Stage, shop: Lists) -> None:
    shop.fill(7)
    stage.sync()
    before = stage.dump()
    for _ in range(2):
        assert swept(stage).gone == 0
    assert stage.dump() == before


def test_an_id_that_comes_twice_counts_once(stage: Stage, shop: Lists) -> None:
    shop.fill(5)
    stage.sync()
    shop.drop("5")
    shop.held[""]["6"] = "Ann New"
    shop.listing = lambda batch: [*batch, *batch, RemoteId("1")]
    found = swept(stage)
    assert (found.status, found.gone, found.taken) == ("ok", 1, 1)
    assert ids(stage) == {"1", "2", "3", "4", "6"}


def test_what_the_hub_never_saw_is_fetched(stage: Stage, shop: Lists) -> None:
    shop.fill(3)
    stage.sync()
    shop.held[""]["4"] = "Zoe New"
    shop.asked.clear()
    found = swept(stage)
    assert (found.unknown, found.taken) == (1, 1)
    assert shop.asked == ["4"], "what is known is not asked for"
    assert ids(stage) == {"1", "2", "3", "4"}


def test_what_cannot_be_fetched_is_told(stage: Stage, shop: Lists) -> None:
    shop.get = False
    shop.fill(3)
    stage.sync()
    shop.held[""]["4"] = "Zoe New"
    found = swept(stage)
    assert (found.unknown, found.taken) == (1, 0)
    assert found.message == "1 are there that the hub lacks: they come with concord sync shop --full"


def test_what_lies_before_the_start_is_not_fetched(stage: Stage, shop: Lists) -> None:
    stage.configure("shop", streams={"people": {"since": "2026-01-01"}})
    shop.fill(3)
    stage.sync()
    shop.held[""]["4"] = "Zoe New"
    shop.asked.clear()
    assert "those since 2026-01-01 come with" in swept(stage).message
    assert shop.asked == []


def test_one_record_that_cannot_be_read_costs_one_record(stage: Stage, shop: Lists) -> None:
    shop.fill(2)
    stage.sync()
    shop.held[""] |= {"3": "Zoe New", "4": "Bad One", "5": "Kim New"}
    shop.bad = {"4"}
    found = swept(stage)
    assert (found.status, found.taken, found.dead) == ("partial", 2, 1)
    assert [letter.remote_id for letter in stage.hub.dead_letters()] == ["4"]
    shop.bad = set()
    assert swept(stage).taken == 1
    assert stage.hub.dead_letters() == []


def test_a_record_that_reappears_comes_back_to_life(stage: Stage, shop: Lists) -> None:
    shop.fill(5)
    stage.sync()
    gone = shop.held[""].pop("5")
    assert swept(stage).gone == 1
    assert len(ids(stage)) == 4
    shop.held[""]["5"] = gone
    found = swept(stage)
    assert (found.unknown, found.taken) == (1, 1)
    assert len(ids(stage)) == 5


def test_a_dry_run_says_what_would_go_and_writes_nothing(stage: Stage, shop: Lists) -> None:
    shop.fill(15)
    stage.sync()
    shop.drop("2", "5")
    shop.held[""]["16"] = "Zoe New"
    shop.asked.clear()
    before = stage.dump([])
    found = swept(stage, dry_run=True)
    assert (found.known, found.met, found.gone, found.unknown, found.taken) == (15, 14, 2, 1, 0)
    assert list(found.sample) == ["2", "5"]
    assert stage.dump([]) == before
    assert shop.asked == []


def test_a_dry_run_tells_that_the_guard_would_stop_it(stage: Stage, shop: Lists) -> None:
    shop.fill(5)
    stage.sync()
    shop.drop("1", "2", "3")
    found = swept(stage, dry_run=True)
    assert (found.status, found.gone) == ("failed", 3)
    assert "3 of 5" in found.message


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_stream_without_ids_is_swept_by_a_full_reading(stage: Stage, shop: Lists, dry_run: bool) -> None:
    shop.ids = False
    shop.fill(7)
    stage.sync()
    shop.drop("2", "5")
    shop.held[""]["8"] = "Zoe New"
    found = swept(stage, dry_run=dry_run)
    assert (found.status, found.known, found.met, found.gone) == ("ok", 7, 6, 2)
    assert (len(ids(stage)), found.taken) == ((7, 0) if dry_run else (6, 1))


def test_a_refused_full_reading_leaves_the_increments_as_they_were(stage: Stage, shop: Lists) -> None:
    shop.ids = False
    shop.fill(4)
    stage.sync()
    shop.drop("1", "2", "3")
    assert "run concord sweep shop --stream people --allow-deletes" in swept(stage).message
    assert stage.sync("shop").ok
    assert len(ids(stage)) == 4
    assert swept(stage, allow_deletes=True).gone == 3


def test_every_slice_is_swept_by_itself(stage: Stage, shop: Lists) -> None:
    shop.held.clear()
    shop.fill(4, "north")
    shop.fill(4, "south")
    stage.sync()
    shop.drop("north1", "south2")
    found = swept(stage)
    assert (found.known, found.met, found.gone) == (8, 6, 2)
    shop.drop("north2", "north3", "north4")
    assert "3 of 3" in swept(stage).message


@pytest.mark.parametrize("deletes", [Deletes.SWEEP, Deletes.NATIVE])
def test_the_records_of_a_slice_that_is_no_longer_there_are_gone(stage: Stage, shop: Lists, deletes: Deletes) -> None:
    shop.deletes = deletes
    shop.held.clear()
    shop.fill(3, "north")
    shop.fill(5, "south")
    stage.sync()
    away = shop.held.pop("north")
    assert swept(stage, dry_run=True).gone == 3
    found = swept(stage)
    assert (found.status, found.gone, sorted(found.sample)) == ("ok", 3, ["north1", "north2", "north3"])
    assert ids(stage) == {f"south{n}" for n in range(1, 6)}
    assert {row["state"] for row in stage.rows("raw_record")} == {"live", "out_of_scope"}
    shop.held["north"] = away
    assert stage.sync("shop").ok
    assert len(ids(stage)) == 8, "it is read from its beginning when it is there again"


@pytest.mark.parametrize("deletes", [Deletes.SWEEP, Deletes.NATIVE])
def test_a_slice_is_not_given_up_while_another_was_never_read(stage: Stage, shop: Lists, deletes: Deletes) -> None:
    """A calendar with another address than before is the old one, and what it holds is there."""
    shop.deletes = deletes
    shop.held.clear()
    shop.fill(3, "north")
    shop.fill(5, "south")
    stage.sync()
    shop.held["upland"] = shop.held.pop("north")
    assert swept(stage, dry_run=True).gone == 0
    found = swept(stage)
    assert found.gone == 0
    assert "run concord sync" in found.message
    stage.sync("shop")
    assert swept(stage).gone == 3
    assert len(ids(stage)) == 8


def test_a_slice_with_most_of_the_records_is_not_given_up_unasked(stage: Stage, shop: Lists) -> None:
    shop.held.clear()
    shop.fill(5, "north")
    shop.fill(3, "south")
    stage.sync()
    shop.held.pop("north")
    found = swept(stage)
    assert (found.status, found.gone) == ("failed", 0)
    assert "5 of 8 known records" in found.message
    assert swept(stage, dry_run=True).status == "failed"
    assert swept(stage, allow_deletes=True).gone == 5


def test_all_slices_gone_at_once_loses_nothing(stage: Stage, shop: Lists) -> None:
    shop.held.clear()
    shop.fill(3, "north")
    stage.sync()
    shop.held.clear()
    assert "3 of 3" in swept(stage).message
    assert len(ids(stage)) == 3


def test_a_record_that_moved_to_another_slice_is_there(stage: Stage, shop: Lists) -> None:
    shop.held.clear()
    shop.fill(3, "north")
    shop.fill(3, "south")
    stage.sync()
    shop.held["south"]["north1"] = shop.held["north"].pop("north1")
    found = swept(stage)
    assert (found.gone, found.taken) == (1, 1)
    assert len(ids(stage)) == 6


def test_a_record_of_the_memory_vendor_that_was_deleted_goes_from_the_timeline(
    tmp_path: Path, database_url: str
) -> None:
    stage = Stage(tmp_path, database_url, push={}, shop=("people", "meetings"))
    attendees = [{"name": "Ann", "email": "ann@x.example"}]
    for number in range(3):
        at = f"2026-05-0{number + 1}T10:00:00Z"
        stage.shop.put("meetings", {"uid": f"u{number}", "title": "Talk", "starts_at": at, "attendees": attendees})
    stage.shop.put("people", {"given_name": "Ann", "email": "ann@x.example"})
    stage.sync()
    (ann,) = stage.customers()
    assert len(stage.hub.timeline(ann.id)) == 3
    stage.shop.delete("meetings", "1")
    stage.sync()
    assert len(stage.hub.timeline(ann.id)) == 3
    (found,) = stage.hub.sweep(["shop"]).streams
    assert (found.stream, found.gone) == ("meetings", 1)
    assert len(stage.hub.timeline(ann.id)) == 2
    stage.close()
