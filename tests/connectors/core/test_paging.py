"""A listing is read to its end, or stops with an error; it never spins and never skips."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.core.http import Http
from connectors.core.paging import Border, Leaf, by_cursor, by_keyset, by_link, by_number, by_offset, link_header
from mapping.errors import ContractError
from tests.connectors.core.stand import World

BASE = "https://api.vendor.example/v1"
Row = dict[str, Any]


def rows_of(page: Row) -> Sequence[Row]:
    """The rows of a page."""
    found: Sequence[Row] = page["rows"]
    return found


def more_of(page: Row) -> bool:
    """The vendor's word on whether more follows."""
    return bool(page["more"])


def bounded(leaves: Iterator[Any]) -> list[Any]:
    """All leaves of a listing that is known to have fewer than 50: a spin fails instead of hanging."""
    found = list(islice(leaves, 50))
    assert len(found) < 50, "the listing spins"
    return found


def cursors(chain: dict[str | None, str | None]) -> Iterator[Leaf[str | None, str]]:
    """A listing whose pages are named by the cursor they were asked with."""
    return by_cursor(lambda cursor: cursor, lambda page: chain[page])


@pytest.mark.parametrize(
    "chain",
    [{None: "a", "a": "a"}, {None: "a", "a": "b", "b": "a"}, {None: "a", "a": "b", "b": "c", "c": "d", "d": "b"}],
)
@pytest.mark.fault("looping cursor", "A place handed out before stops the stream instead of reading for ever.")
def test_a_cursor_handed_out_twice_stops_the_listing(chain: dict[str | None, str | None]) -> None:
    with pytest.raises(ContractError, match="same cursor twice"):
        bounded(cursors(chain))


def test_a_cursor_that_leads_back_to_where_a_resumed_listing_began_stops_it() -> None:
    with pytest.raises(ContractError):
        bounded(by_cursor(lambda cursor: cursor, lambda page: "stored", start="stored"))


@pytest.mark.parametrize("end", [None, ""])
def test_cursors_are_followed_to_the_end_and_each_page_says_where_to_resume(end: str | None) -> None:
    leaves = bounded(cursors({None: "a", "a": "b", "b": end}))
    assert leaves == [Leaf(None, "a"), Leaf("a", "b"), Leaf("b", None)]
    assert bounded(by_cursor(lambda cursor: cursor, lambda page: None, start="b")) == [Leaf("b", None)]


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/v1/contacts?page=2",
        "//evil.example/v1/contacts",
        "http://api.vendor.example/v1/contacts?page=2",
        "https://api.vendor.example:8443/v1/contacts?page=2",
        "https://api.vendor.example@evil.example/",
        "https://[broken",
    ],
)
def test_a_link_that_leads_away_is_not_followed(link: str) -> None:
    fetched: list[str] = []
    with pytest.raises(ContractError):
        bounded(by_link(lambda address: fetched.append(address), lambda page: link, f"{BASE}/contacts"))
    assert fetched == [f"{BASE}/contacts"]


@pytest.mark.parametrize("link", [f"{BASE}/contacts", "/v1/contacts", "?page=2"])
@pytest.mark.fault("looping cursor", "A place handed out before stops the stream instead of reading for ever.")
def test_a_link_followed_before_stops_the_listing(link: str) -> None:
    with pytest.raises(ContractError, match="circles"):
        bounded(by_link(lambda address: address, lambda page: link, f"{BASE}/contacts"))


def test_links_are_followed_through_http_from_a_link_header() -> None:
    world = World(
        [
            httpx.Response(200, headers={"Link": f'<{BASE}/contacts?after=x%2Fy>; rel="next", <{BASE}>; rel="first"'}),
            httpx.Response(200, headers={"Link": '<?after=z>; rel="next"'}),
            httpx.Response(200),
        ]
    )
    http = Http(world.runtime, BASE)
    start = http.address("/contacts", {"limit": 100})
    leaves = bounded(by_link(lambda address: http.request("GET", address), link_header, start))
    assert [str(request.url) for request in world.asked] == [
        f"{BASE}/contacts?limit=100",
        f"{BASE}/contacts?after=x%2Fy",
        f"{BASE}/contacts?after=z",
    ]
    assert [leaf.next for leaf in leaves] == [f"{BASE}/contacts?after=x%2Fy", f"{BASE}/contacts?after=z", None]


Counted = Callable[..., Iterator[Leaf[Row, int]]]


@pytest.mark.parametrize("shape", [by_offset, by_number])
def test_a_vendor_that_ignores_our_place_is_found_out(shape: Counted) -> None:
    page = {"rows": [{"id": 1}, {"id": 2}], "more": True}
    with pytest.raises(ContractError, match="does not move on"):
        bounded(shape(lambda place: page, rows_of))
    with pytest.raises(ContractError, match="does not move on"):
        bounded(shape(lambda place: page, rows_of, more_of))


@pytest.mark.parametrize("shape", [by_offset, by_number])
@pytest.mark.fault("empty page", "Where the vendor counts its pages, an empty one that promises more stops the stream.")
def test_a_promise_of_more_after_an_empty_page_stops_the_listing(shape: Counted) -> None:
    with pytest.raises(ContractError, match="empty"):
        bounded(shape(lambda place: {"rows": [], "more": True}, rows_of, more_of))


@given(total=st.integers(0, 40), cap=st.integers(1, 7))
def test_offsets_reach_every_row_even_when_the_vendor_caps_its_pages(total: int, cap: int) -> None:
    rows = [{"id": number} for number in range(total)]

    def fetch(offset: int) -> Row:
        return {"rows": rows[offset : offset + cap], "more": offset + cap < total}

    for words in (None, more_of):
        leaves = bounded(by_offset(fetch, rows_of, words))
        assert [row for leaf in leaves for row in rows_of(leaf.page)] == rows
        assert leaves[-1].next is None


def test_pages_are_counted_from_where_the_vendor_begins() -> None:
    asked: list[int] = []

    def fetch(number: int) -> Row:
        asked.append(number)
        return {"rows": [{"id": number}] if number < 3 else [], "more": number < 2}

    assert [leaf.next for leaf in bounded(by_number(fetch, rows_of))] == [2, 3, None]
    assert [leaf.next for leaf in bounded(by_number(fetch, rows_of, more_of, start=0))] == [1, 2, None]
    assert asked == [1, 2, 3, 0, 1, 2]


class Table:
    """A vendor that lists rows changed at or after an instant, a few at a time; ties come in any order."""

    def __init__(self, rows: Sequence[Row], size: int) -> None:
        self.rows, self.size = list(rows), size

    def fetch(self, border: Border[int, Row] | None) -> Row:
        """One page."""
        wanted = [row for row in self.rows if border is None or row["at"] >= border.at]
        wanted.sort(key=lambda row: row["at"])
        return {"rows": [dict(row) for row in wanted[: self.size]], "more": len(wanted) > self.size}

    def read(self, start: Border[int, Row] | None = None) -> Iterator[Leaf[list[Row], Border[int, Row]]]:
        """The listing."""
        return by_keyset(self.fetch, rows_of, lambda row: (row["at"], row["id"]), more_of, start)


def table(*instants: int, size: int = 3) -> Table:
    """A table with a row an instant."""
    return Table([{"at": at, "id": f"r{number}"} for number, at in enumerate(instants)], size)


def test_more_rows_at_one_instant_than_a_page_holds_stop_the_read_before_any_is_lost() -> None:
    with pytest.raises(ContractError, match="share one timestamp"):
        bounded(table(1, 5, 5, 5, 5, 5).read())


def test_a_page_that_brings_nothing_though_more_should_follow_stops_the_read() -> None:
    with pytest.raises(ContractError, match="does not move on"):
        bounded(by_keyset(lambda border: {"rows": [], "more": True}, rows_of, lambda row: (1, "x"), more_of))


@pytest.mark.fault(
    "reordered pages",
    "Where the last record's time is the place to go on from, a listing out of order stops the stream.",
)
def test_a_listing_out_of_order_stops_the_read() -> None:
    page = {"rows": [{"at": 2, "id": "a"}, {"at": 1, "id": "b"}], "more": False}
    with pytest.raises(ContractError, match="not sorted"):
        bounded(by_keyset(lambda border: page, rows_of, lambda row: (row["at"], row["id"]), more_of))


def test_a_row_that_keeps_changing_at_the_border_is_no_progress() -> None:
    shown = iter(range(1000))

    def fetch(border: Border[int, Row] | None) -> Row:
        return {"rows": [{"at": 1, "id": "a", "views": next(shown)}], "more": True}

    with pytest.raises(ContractError):
        bounded(by_keyset(fetch, rows_of, lambda row: (row["at"], row["id"]), more_of))


def test_a_record_that_changed_again_within_the_same_tick_is_seen_in_both_versions() -> None:
    changing = table(1, 1, 2, size=2)
    leaves = changing.read()
    first = next(leaves)
    changing.rows[0]["name"] = "changed meanwhile"
    changing.size = 3
    assert [row["id"] for row in first.page] == ["r0", "r1"]
    assert [row["id"] for leaf in leaves for row in leaf.page] == ["r0", "r2"]


@given(st.lists(st.integers(0, 12), max_size=40), st.integers(2, 9))
def test_every_row_is_read_once_or_the_read_stops(instants: list[int], size: int) -> None:
    whole = table(*instants, size=size)
    found: list[str] = []
    crowded = any(instants.count(at) > size for at in instants)
    try:
        for leaf in islice(whole.read(), 100):
            found += [row["id"] for row in leaf.page]
    except ContractError:
        assert any(instants.count(at) >= size for at in instants)
    else:
        assert sorted(found) == sorted(row["id"] for row in whole.rows)
        assert not crowded
    assert len(found) == len(set(found))


def test_a_read_resumed_from_a_stored_border_begins_with_the_rows_at_it() -> None:
    whole = table(1, 2, 2, 3, size=3)
    first = next(whole.read())
    assert first.next is not None
    stored = Border[int, Row](first.next.at, first.next.id)
    resumed = [row["id"] for leaf in bounded(whole.read(stored)) for row in leaf.page]
    assert resumed == ["r1", "r2", "r3"]


def test_an_empty_listing_gives_no_page() -> None:
    assert bounded(table().read()) == []
