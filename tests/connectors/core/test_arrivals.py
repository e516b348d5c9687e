"""Records that only ever come: nothing is given twice, what shows up late is met, and what is torn is reported."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest

from connectors.core.arrivals import Arrival, earlier, pages
from mapping.contract import Cursor, Page, Slice
from mapping.errors import CursorExpiredError, RecordError

DAY = "2026-05-0{} 10:00:00"
NOW = DAY.format(6)


class Feed:
    """Arrivals, and from when on each reading asked for them."""

    def __init__(self, *arrivals: Arrival) -> None:
        self.arrivals, self.asked = list(arrivals), list[str]()

    def __call__(self, since: str) -> Iterator[Arrival]:
        self.asked.append(since)
        kept = (one for one in self.arrivals if not one.at or one.at >= since)
        return iter(sorted(kept, key=lambda one: (not one.at, one.at, one.id)))

    def read(self, cursor: Cursor | None = None, size: int = 2, bounded: bool = False) -> list[Page]:
        return list(pages(Slice(), cursor, size, self, NOW, bounded=bounded))


def one(day: int, name: str) -> Arrival:
    at = DAY.format(day)
    return Arrival(at, name, {"name": name}, datetime.fromisoformat(at + "+00:00"))


def ids(found: list[Page]) -> list[str]:
    return [str(record.remote_id) for page in found for record in page.records]


def test_a_cursor_of_another_kind_is_no_place() -> None:
    with pytest.raises(CursorExpiredError):
        Feed().read(Cursor("{"))


def test_only_a_first_reading_enumerates_and_not_if_it_is_bounded() -> None:
    feed = Feed(one(1, "a"), one(2, "b"), one(3, "c"))
    first = feed.read()
    assert [page.complete for page in first] == [False, True]
    assert [page.complete for page in feed.read(first[-1].cursor)] == [False]
    assert [page.complete for page in feed.read(bounded=True)] == [False, False]


def test_a_reading_that_was_cut_off_gives_nothing_twice() -> None:
    feed = Feed(one(1, "a"), one(1, "b"), one(1, "c"), one(2, "d"))
    first = feed.read()
    rest = feed.read(first[0].cursor)
    assert (ids(first[:1]), ids(rest)) == (["a", "b"], ["c", "d"])
    assert rest[-1].complete


def test_a_new_reading_begins_a_day_before_the_newest() -> None:
    feed = Feed(one(1, "a"), one(3, "c"))
    cursor = feed.read()[-1].cursor
    feed.arrivals.append(one(2, "late"))
    again = feed.read(cursor)
    assert ids(again) == ["late", "c"]
    assert feed.asked == ["", DAY.format(2)]
    assert again[-1].cursor == cursor


def test_a_record_from_the_future_hides_none_that_comes_until_then() -> None:
    feed = Feed(one(1, "a"), one(9, "future"))
    cursor = feed.read()[-1].cursor
    feed.arrivals.append(one(7, "b"))
    assert ids(feed.read(cursor)) == ["b", "future"]


def test_what_is_gone_takes_no_place_back() -> None:
    feed = Feed(one(3, "c"))
    cursor = feed.read()[-1].cursor
    feed.arrivals.clear()
    assert feed.read(cursor)[-1].cursor == cursor


def test_what_cannot_be_read_is_reported_wherever_it_stands() -> None:
    torn, timeless = RecordError("torn", remote_id="t"), RecordError("no time", remote_id="n")
    feed = Feed(one(1, "a"), Arrival(DAY.format(2), "t", torn), Arrival("", "n", timeless))
    first = feed.read()
    assert ids(first) == ["a"]
    assert [error.remote_id for page in first for error in page.errors] == ["t", "n"]
    assert [error.remote_id for page in feed.read(first[-1].cursor) for error in page.errors] == ["t", "n"]


def test_the_beginning_of_time_has_nothing_before_it() -> None:
    assert earlier("") == ""
