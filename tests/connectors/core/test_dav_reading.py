"""A collection is read whole whatever its server does: reports cut short, no tokens, members left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import httpx
import pytest

from connectors.core.dav import Dav
from connectors.core.dav_reading import CollectionReader
from connectors.core.protocols import Runtime
from mapping.contract import Cursor, Page, Reason, RemoteId, Slice
from mapping.errors import ContractError, CursorExpiredError, RecordError, TransientError
from tests.connectors.core.dav_stand import BOX, FOLDER, Stand

SLICE = Slice(FOLDER)


def _shape(text: str) -> Mapping[str, Any] | None:
    if text == "bad":
        raise RecordError("it is bad")
    return {"text": text} if text != "something else" else None


def _reader(stand: Stand, size: int = 2) -> CollectionReader:
    runtime = Runtime(transport=httpx.MockTransport(stand.answer), sleep=lambda _: None)
    return CollectionReader(Dav(runtime, f"http://box.test{FOLDER}", BOX), _shape, size)


def _filled(count: int, **options: Any) -> Stand:
    stand = Stand(**options)
    for number in range(count):
        stand.put(f"{number}.box")
    return stand


def _read(stand: Stand, cursor: Cursor | None = None) -> list[Page]:
    return list(_reader(stand).read(SLICE, cursor))


def _ids(pages: Sequence[Page]) -> list[str]:
    return [record.remote_id for page in pages for record in page.records]


# -- reports cut short


def test_an_enumeration_in_several_reports_is_complete_only_after_the_last() -> None:
    stand = _filled(7, most=3)
    pages = _read(stand)
    assert sorted(_ids(pages)) == [f"{number}.box" for number in range(7)]
    assert [page.complete for page in pages] == [False] * (len(pages) - 1) + [True]
    assert stand.asked.count("sync-collection") == 3


def test_an_enumeration_in_several_reports_resumes_after_any_page() -> None:
    stand = _filled(7, most=3)
    pages = _read(stand)
    for number, page in enumerate(pages[:-1], 1):
        rest = _read(stand, page.cursor)
        assert set(_ids(pages[:number]) + _ids(rest)) == set(_ids(pages))
        assert [each.complete for each in rest] == [False] * (len(rest) - 1) + [True]


def test_a_server_that_stops_cutting_its_reports_does_not_make_an_enumeration_look_complete() -> None:
    """The first report had three of seven; asked again it has all, but of the first names only those are known."""
    stand = _filled(7, most=3)
    stand.put("00.box")
    first = next(iter(_reader(stand).read(SLICE, None)))
    stand.most = 1_000
    rest = _read(stand, first.cursor)
    assert set(_ids([first, *rest])) == set(stand.members)
    assert [page.complete for page in rest] == [False] * (len(rest) - 1) + [True]


def test_changes_in_several_reports_are_all_read() -> None:
    stand = _filled(4, most=100)
    cursor = _read(stand)[-1].cursor
    stand.most = 2
    stand.delete("3.box")
    for number in range(3):
        stand.put(f"{number}.box", "new")
    pages = _read(stand, cursor)
    assert sorted(_ids(pages)) == ["0.box", "1.box", "2.box"]
    assert [stone.remote_id for page in pages for stone in page.tombstones] == ["3.box"]
    assert not any(page.complete for page in pages)


def test_a_report_that_is_cut_short_again_and_again_at_one_place_is_refused() -> None:
    with pytest.raises(ContractError, match="no further sync token"):
        _read(_Stuck())


class _Stuck(Stand):
    """Says forever that there is more, and hands out the token it was given."""

    def answer(self, request: httpx.Request) -> httpx.Response:
        if b"sync-collection" in request.content and b"resourcetype" not in request.content:
            told = "<D:status>HTTP/1.1 507 Insufficient Storage</D:status>"
            inner = f"<D:response><D:href>{FOLDER}</D:href>{told}</D:response><D:sync-token>5</D:sync-token>"
            return httpx.Response(207, text=f'<D:multistatus xmlns:D="DAV:">{inner}</D:multistatus>')
        return super().answer(request)


# -- tokens


def test_a_token_that_is_too_old_is_an_expired_cursor() -> None:
    stand = _filled(3)
    cursor = _read(stand)[-1].cursor
    stand.put("new.box")
    stand.oldest = stand.now
    with pytest.raises(CursorExpiredError):
        _read(stand, cursor)


@pytest.mark.parametrize("cursor", ["", "token", '{"nonsense": 1}', "[]", "1"])
def test_a_cursor_that_is_none_of_ours_is_expired(cursor: str) -> None:
    with pytest.raises(CursorExpiredError):
        _read(_filled(1), Cursor(cursor))


def test_a_cursor_stays_small_however_much_there_is() -> None:
    assert max(len(page.cursor or "") for page in _read(_filled(300))) < 120


# -- without sync-collection


@pytest.mark.parametrize("tag", ["first", None])
def test_without_tokens_everything_is_enumerated_page_by_page(tag: str | None) -> None:
    pages = _read(_filled(5, syncs=False, tag=tag))
    assert _ids(pages) == [f"{number}.box" for number in range(5)]
    assert [page.complete for page in pages] == [False, False, True]
    assert not any(page.begins for page in pages)


def test_without_tokens_a_collection_of_the_same_tag_is_not_listed_again() -> None:
    stand = _filled(5, syncs=False)
    cursor = _read(stand)[-1].cursor
    stand.asked.clear()
    (page,) = _read(stand, cursor)
    assert (page.records, page.complete, page.begins, page.cursor) == ((), False, False, cursor)
    assert stand.asked == [f"PROPFIND {FOLDER}"]


def test_without_tokens_another_tag_begins_an_enumeration() -> None:
    stand = _filled(5, syncs=False)
    cursor = _read(stand)[-1].cursor
    stand.delete("1.box")
    stand.tag = "another"
    pages = _read(stand, cursor)
    assert _ids(pages) == ["0.box", "2.box", "3.box", "4.box"]
    assert [(page.begins, page.complete) for page in pages] == [(True, False), (False, True)]
    rest = _read(stand, pages[0].cursor)
    assert (_ids(rest), rest[0].begins, rest[-1].complete) == (["3.box", "4.box"], False, True)


def test_without_tokens_and_tags_every_run_enumerates() -> None:
    stand = _filled(1, syncs=False, tag=None)
    cursor = _read(stand)[-1].cursor
    (page,) = _read(stand, cursor)
    assert (page.begins, page.complete) == (True, True)


def test_a_change_while_a_collection_without_tokens_is_listed_is_read_by_the_next_run() -> None:
    stand = _filled(5, syncs=False)
    reading = iter(_reader(stand).read(SLICE, None))
    next(reading)
    stand.put("0.box", "changed")
    stand.tag = "another"
    cursor = list(reading)[-1].cursor
    assert "0.box" in _ids(_read(stand, cursor))


def test_a_server_that_learns_or_forgets_sync_tokens_is_read_in_full() -> None:
    stand = _filled(3, syncs=False)
    listed = _read(stand)[-1].cursor
    stand.syncs = True
    with pytest.raises(CursorExpiredError):
        _read(stand, listed)
    synced = _read(stand)[-1].cursor
    stand.syncs = False
    pages = _read(stand, synced)
    assert (pages[0].begins, pages[-1].complete) == (True, True)


# -- members that cannot be had


def test_what_a_multiget_leaves_out_is_fetched_by_itself() -> None:
    stand = _filled(3, omitted={"1.box"})
    pages = _read(stand)
    assert sorted(_ids(pages)) == ["0.box", "1.box", "2.box"]
    assert f"GET {FOLDER}1.box" in stand.asked


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(207, content=b'<D:multistatus xmlns:D="DAV:">\x0b</D:multistatus>'),
        httpx.Response(207, content=b'<!DOCTYPE x [<!ENTITY a "b">]><D:multistatus xmlns:D="DAV:">&a;</D:multistatus>'),
        httpx.Response(405),
    ],
    ids=["a control character", "entities", "no multiget at all"],
)
def test_where_a_multiget_cannot_be_read_each_member_is_fetched_by_itself(answer: httpx.Response) -> None:
    assert sorted(_ids(_read(_filled(3, wholesale=answer)))) == ["0.box", "1.box", "2.box"]


def test_a_member_that_is_not_given_out_costs_itself() -> None:
    pages = _read(_filled(3, omitted={"1.box"}, refused={"1.box"}))
    assert sorted(_ids(pages)) == ["0.box", "2.box"]
    assert [error.remote_id for page in pages for error in page.errors] == ["1.box"]


def test_a_login_page_in_the_place_of_members_stops_the_stream_and_buries_nothing() -> None:
    class LoginPage(Stand):
        def answer(self, request: httpx.Request) -> httpx.Response:
            if request.method == "GET" or b"multiget" in request.content:
                return httpx.Response(200, html="<html>Log in</html>")
            return super().answer(request)

    stand = LoginPage()
    stand.put("0.box")
    with pytest.raises(ContractError, match="something else than text/box"):
        _read(stand)


def test_a_server_that_lists_members_and_then_has_none_of_them_buries_nothing() -> None:
    class Hiccup(Stand):
        def answer(self, request: httpx.Request) -> httpx.Response:
            answer = super().answer(request)
            self.members = {} if b"sync-collection" in request.content else self.members
            return answer

    stand = Hiccup()
    stand.put("0.box")
    stand.put("1.box")
    with pytest.raises(TransientError, match="lists 2 members and then has none of them"):
        _read(stand)
    alone = Hiccup()
    alone.put("0.box")
    (page,) = _read(alone)
    assert [stone.remote_id for stone in page.tombstones] == ["0.box"]


def test_a_member_that_is_bad_or_holds_something_else_costs_no_other() -> None:
    stand = _filled(3)
    stand.put("1.box", "bad")
    stand.put("2.box", "something else")
    pages = _read(stand)
    assert _ids(pages) == ["0.box"]
    assert [error.remote_id for page in pages for error in page.errors] == ["1.box"]
    told = [(stone.remote_id, stone.reason) for page in pages for stone in page.tombstones]
    assert told == [("2.box", Reason.OUT_OF_SCOPE)]


def test_a_collection_that_is_gone_since_it_was_listed_deletes_nothing() -> None:
    with pytest.raises(TransientError, match="gone since it was listed"):
        list(_reader(Stand()).read(Slice("/elsewhere/"), None))


# -- addresses


def test_whole_addresses_even_of_another_host_are_taken_for_their_paths() -> None:
    """As a server writes them that knows itself by another name than the proxy before it."""
    stand = _filled(2, host="http://inside.test:8080")
    assert _ids(_read(stand)) == ["0.box", "1.box"]
    assert all("inside" not in each for each in stand.asked)


def test_ids_and_get_agree_with_a_full_reading() -> None:
    stand = _filled(5)
    reader = _reader(stand)
    ids = [one for some in reader.ids(SLICE) for one in some]
    assert sorted(ids) == sorted(_ids(_read(stand)))
    got = reader.get(SLICE, [*ids, RemoteId("none.box"), ids[0]])
    assert [record.remote_id for record in got] == ids
