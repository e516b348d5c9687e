"""What each kind of server tells of a mailbox is read: all of it, once, and nothing is marked as read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from connectors.imap import login, reads
from mapping.contract import Cursor, Deletes, Page, Reason, RemoteId, Slice
from mapping.errors import ConfigError, CursorExpiredError, RateLimitedError, TransientError
from tests.connectors.imap.post import Post, letter
from tests.connectors.rig import Reading, read

INBOX = Slice("INBOX", "INBOX")

pytestmark = pytest.mark.proof("real server", "Dovecot 2.3 of Debian 12")


def pages(post: Post, cursor: Cursor | None = None, folder: Slice = INBOX, **config: Any) -> list[Page]:
    return list(post.messages(**config).read(folder, cursor))


def ids(found: list[Page]) -> list[str]:
    return [record.remote_id for page in found for record in page.records]


def bodies(found: list[Page]) -> list[Mapping[str, Any]]:
    return [record.body for page in found for record in page.records]


def stones(found: list[Page]) -> dict[str, Reason]:
    return {one.remote_id: one.reason for page in found for one in page.tombstones}


def only(post: Post, **config: Any) -> Mapping[str, Any]:
    """The one message of the INBOX."""
    (body,) = bodies(pages(post, **config))
    return body


# -- increments, each kind of server in turn


def test_new_messages_come_and_gone_ones_are_told_or_swept(post: Post) -> None:
    kept = [post.deliver(letter(number)) for number in range(5)]
    before = pages(post)
    assert ids(before) == kept
    post.expunge(kept[1])
    new = [post.deliver(letter(number)) for number in (7, 8, 9)]
    after = pages(post, before[-1].cursor)
    assert ids(after) == new
    stream = post.messages()
    native = stream.deletes is Deletes.NATIVE
    assert native == (post.server.capability == "")
    assert stones(after) == ({kept[1]: Reason.DELETED} if native else {})
    assert stream.ids
    assert [each for some in stream.ids(INBOX) for each in some] == [kept[0], *kept[2:], *new]


def test_an_increment_goes_on_after_any_page(post: Post) -> None:
    post.deliver(letter(0))
    before = pages(post)[-1].cursor
    new = [post.deliver(letter(number)) for number in range(1, 8)]
    whole = pages(post, before)
    for number, page in enumerate(whole[:-1], 1):
        assert ids(whole[:number]) + ids(pages(post, page.cursor)) == new
    assert ids(pages(post, whole[-1].cursor)) == []


def test_where_nothing_changed_one_request_a_folder_is_sent(post: Post) -> None:
    for number in range(4):
        post.put(number)
    full = read(post)
    stream = post.messages()
    asked = len(post.proxy.commands)
    for slice_ in (INBOX, Slice("Sent", "Sent")):
        (page,) = stream.read(slice_, full.cursors[slice_.key])
        assert page.cursor == full.cursors[slice_.key]
    assert post.proxy.commands[asked:] == ["EXAMINE", "EXAMINE"]


def test_a_full_reading_costs_a_login_a_listing_and_one_request_a_page(post: Post) -> None:
    for number in range(0, 12, 2):
        post.put(number)
    pages(post)
    listing = ["LIST", "NAMESPACE", "EXAMINE", "SEARCH"]
    assert [each for each in post.proxy.commands if each in {*listing, "FETCH"}] == [*listing, *["FETCH"] * 3]


def test_reading_marks_nothing_as_read(post: Post) -> None:
    id_ = post.deliver(letter(1))
    pages(post, bodies=True, attachments=True)
    assert "\\Seen" not in post.seen(id_)


def test_a_message_marked_as_deleted_is_out_of_scope_until_the_mark_is_taken_off(post: Post) -> None:
    id_ = post.deliver(letter(1))
    before = pages(post)[-1].cursor
    post.store(id_, "\\Deleted")
    assert ids(pages(post)) == []
    stream = post.messages()
    assert stream.ids
    assert stream.get
    assert list(stream.ids(INBOX)) == []
    assert list(stream.get(INBOX, [id_])) == []
    after = pages(post, before)
    told = stones(after)
    post.store(id_, "\\Deleted", how="-FLAGS")
    back = ids(pages(post, after[-1].cursor))
    if "CONDSTORE" in post.server.capability or not post.server.capability:
        assert (told, back) == ({id_: Reason.OUT_OF_SCOPE}, [id_])
    else:
        assert (told, back) == ({}, []), "nobody tells, the sweep does"


def test_a_listing_in_several_parts_leaves_nothing_out(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reads, "SPAN", 3)
    kept = [post.deliver(letter(number)) for number in range(8)]
    before = pages(post)
    assert ids(before) == kept
    post.expunge(kept[7])
    post.store(kept[0], "tag")
    new = post.deliver(letter(9))
    after = pages(post, before[-1].cursor)
    assert ids(after) in ([kept[0], new], [new])
    for number, page in enumerate(after[:-1], 1):
        rest = pages(post, page.cursor)
        assert ids(after[:number]) + ids(rest) == ids(after)
        assert stones(after[:number]) | stones(rest) == stones(after)


def test_a_message_that_goes_between_search_and_fetch_is_left_out_and_told_of_later(post: Post) -> None:
    gone, kept = post.deliver(letter(1)), post.deliver(letter(2))
    post.proxy.before("FETCH", lambda: post.expunge(gone))
    first = pages(post)
    assert ids(first) == [kept]
    later = stones(pages(post, first[-1].cursor))
    assert later == ({gone: Reason.DELETED} if not post.server.capability else {})


# -- what a folder forgets


def remade(post: Post, messages: int) -> None:
    """The folder is removed and made anew, as in a server that was restored."""
    post.remove("Work")
    post.make("Work")
    for number in range(messages):
        post.deliver(letter(number), "Work")


def test_another_uidvalidity_makes_new_ids_and_takes_the_old_ones_back(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reads, "IDS_PAGE", 2)
    work = Slice("Work", "Work")
    post.make("Work")
    old = [post.deliver(letter(number), "Work") for number in range(5)]
    before = pages(post, folder=work)
    remade(post, 4)
    after = pages(post, before[-1].cursor, work)
    assert len(ids(after)) == 4
    assert not set(ids(after)) & set(old)
    assert set(stones(after)) == set(old)
    assert [page.begins for page in after] == [True, *[False] * (len(after) - 1)]
    assert [page.complete for page in after] == [*[False] * (len(after) - 1), True]
    for number, page in enumerate(after[:-1], 1):
        rest = pages(post, page.cursor, work)
        assert not any(each.begins for each in rest)
        assert ids(after[:number]) + ids(rest) == ids(after)
        assert stones(after[:number]) | stones(rest) == stones(after)
    assert ids(pages(post, after[-1].cursor, work)) == []


def test_of_a_folder_that_is_suddenly_more_than_half_empty_nothing_is_taken_back_by_name(post: Post) -> None:
    work = Slice("Work", "Work")
    post.make("Work")
    for number in range(5):
        post.deliver(letter(number), "Work")
    before = pages(post, folder=work)
    remade(post, 2)
    after = pages(post, before[-1].cursor, work)
    assert (len(ids(after)), stones(after)) == (2, {}), "the guard of the engine decides"
    assert after[0].begins
    assert after[-1].complete


@pytest.mark.parametrize("change", [{"next": 99}, {"modseq": 10_000}, {"mark": "other"}, {"unknown": 1}])
def test_a_place_that_cannot_be_is_an_expired_cursor(best: Post, change: dict[str, Any]) -> None:
    best.deliver(letter(1))
    place = json.loads(pages(best)[-1].cursor or "")
    with pytest.raises(CursorExpiredError):
        pages(best, Cursor(json.dumps({**place, **change})))


def test_a_server_that_counts_changes_no_more_or_only_now_is_read_in_full(best: Post) -> None:
    best.deliver(letter(1))
    place = json.loads(pages(best)[-1].cursor or "")
    del place["modseq"]
    with pytest.raises(CursorExpiredError, match="lost count"):
        pages(best, Cursor(json.dumps(place)))


def test_other_wishes_read_everything_again(best: Post) -> None:
    best.deliver(letter(1))
    with pytest.raises(CursorExpiredError, match="other parts"):
        pages(best, pages(best)[-1].cursor, bodies=True)


def test_since_leaves_out_what_was_received_before_in_every_way_of_reading(post: Post) -> None:
    early = post.clock.now().replace(hour=0, minute=0) - timedelta(minutes=1)
    old = post.deliver(letter(1), at=early)
    new = post.deliver(letter(2), at=early + timedelta(minutes=1))
    first = pages(post, since=post.clock.now().date())
    assert ids(first) == [new]
    post.store(old, "tag")
    older = post.deliver(letter(3), at=early)
    after = pages(post, first[-1].cursor, since=post.clock.now().date())
    assert (ids(after), stones(after)) == ([], {})
    stream = post.messages(since=post.clock.now().date())
    assert stream.get
    assert [record.remote_id for record in stream.get(INBOX, [old, new, older])] == [new]


def test_ids_of_another_uidvalidity_or_of_no_form_are_not_there(best: Post) -> None:
    id_ = best.deliver(letter(1))
    stream = best.messages()
    assert stream.get
    wrong = [RemoteId(f"1/{id_.partition('/')[2]}"), RemoteId("nonsense"), RemoteId("1/x")]
    assert [record.remote_id for record in stream.get(INBOX, [*wrong, id_])] == [id_]


# -- broken connections and refusals


def test_a_connection_lost_within_a_page_is_made_anew_and_nothing_is_missing(best: Post) -> None:
    kept = [best.deliver(letter(number)) for number in range(6)]
    for command in ("EXAMINE", "SEARCH", "FETCH", "FETCH"):
        best.proxy.cut(command)
    assert ids(pages(best)) == kept


def test_connections_that_were_hung_up_while_idle_are_replaced(best: Post) -> None:
    id_ = best.deliver(letter(1))
    stream = best.messages()
    for idle in (0, 3600):
        best.proxy.hang_up()
        best.clock.advance(idle)
        assert ids(list(stream.read(INBOX, None))) == [id_]


def test_a_server_that_is_lost_again_and_again_is_left_until_later(best: Post) -> None:
    kept = [best.deliver(letter(number)) for number in range(6)]
    for _ in range(3):
        best.proxy.cut("FETCH", skip=1)
    reading = Reading()
    stream = best.messages()
    with pytest.raises(TransientError, match="was lost during FETCH"):
        reading.pages.extend((INBOX, page) for page in stream.read(INBOX, None))
    got = ids([page for _, page in reading.pages])
    assert got == kept[:2]
    assert ids(pages(best, reading.pages[-1][1].cursor)) == kept[2:]


def test_a_folder_made_anew_while_it_is_read_ends_the_reading(best: Post) -> None:
    work = Slice("Work", "Work")
    best.make("Work")
    for number in range(5):
        best.deliver(letter(number), "Work")
    best.proxy.before("FETCH", lambda: remade(best, 5), skip=1)
    best.proxy.cut("FETCH")
    with pytest.raises(TransientError):
        pages(best, folder=work)


def test_a_folder_that_is_gone_since_it_was_listed_is_no_word_on_its_messages(best: Post) -> None:
    best.make("Work")
    stream = best.messages()
    best.remove("Work")
    with pytest.raises(TransientError, match="refused EXAMINE"):
        list(stream.read(Slice("Work", "Work"), None))
    with pytest.raises(TransientError, match="gone since it was listed"):
        pages(best, folder=Slice("Work", "Work"))


def test_a_server_that_falls_silent_is_left_until_later(best: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(login, "SECONDS", 0.2)
    stream = best.messages()
    for _ in range(3):
        best.proxy.answer("EXAMINE", "* OK wait for {tag}\r\n")
    with pytest.raises(TransientError, match="was lost during EXAMINE: it fell silent"):
        list(stream.read(INBOX, None))


def test_a_folder_that_keeps_no_count_leaves_deletions_to_sweeps(best: Post) -> None:
    connector = best.connector()
    assert [one.deletes for one in connector.streams()] == [Deletes.NATIVE]
    opened = "* 0 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n* OK [UIDNEXT 1] x\r\n* OK [NOMODSEQ] x\r\n{tag} OK done\r\n"
    best.proxy.answer("EXAMINE", opened)
    (stream,) = connector.streams()
    list(stream.read(INBOX, None))
    list(stream.read(Slice("Sent", "Sent"), None))
    assert [one.deletes for one in connector.streams()] == [Deletes.SWEEP]


@pytest.mark.parametrize("words", ["[LIMIT] slow down", "[OVERQUOTA] bandwidth", "[THROTTLED]", "Too many requests"])
def test_a_server_that_asks_for_patience_gets_it(best: Post, words: str) -> None:
    best.proxy.refuse(words, "FETCH")
    best.deliver(letter(1))
    with pytest.raises(RateLimitedError):
        pages(best)


@pytest.mark.parametrize("words", ["[SERVERBUG] internal error", "[UNKNOWN-CODE]", "what?"])
def test_a_message_that_the_server_cannot_give_costs_itself_only(best: Post, words: str) -> None:
    kept = [best.deliver(letter(number)) for number in range(4)]
    best.proxy.refuse(words, "FETCH")  # both messages of the first page
    best.proxy.refuse(words, "FETCH")  # the first of them
    found = pages(best)
    assert ids(found) == kept[1:]
    assert [error.remote_id for page in found for error in page.errors] == [kept[0]]


def test_an_answer_that_nobody_can_parse_costs_its_message_only(best: Post) -> None:
    kept = [best.deliver(letter(number)) for number in range(2)]
    broken = '* 1 FETCH (UID 1 FLAGS () BODYSTRUCTURE ("text" ("oops"\r\n{tag} OK done\r\n'
    for _ in range(2):
        best.proxy.answer("FETCH", broken)
    found = pages(best)
    assert ids(found) == kept[1:]
    assert [error.remote_id for page in found for error in page.errors] == [kept[0]]


def test_news_of_another_message_by_its_number_is_not_taken_for_the_one_with_that_uid(best: Post) -> None:
    best.expunge(best.deliver(letter(1)))
    for number in (2, 3):
        best.deliver(letter(number), flags="mine")
    told = (
        "* 1 FETCH (UID 2 FLAGS (mine) BODY[HEADER.FIELDS (SUBJECT)] {{12}}\r\nSubject: a\r\n)\r\n"
        "* 2 FETCH (FLAGS (\\Seen))\r\n{tag} OK done\r\n"
    )
    best.proxy.answer("FETCH", told)
    assert [body["flags"] for body in bodies(pages(best))] == [["mine"]]


# -- folders


def test_every_folder_of_the_account_is_read_but_drafts_junk_and_trash(post: Post) -> None:
    for name in ("Drafts", "Junk", "Trash", "Customers/Large"):
        post.make(name)
    assert {slice_.key for slice_ in post.messages().slices()} == {"INBOX", "Sent", "Customers/Large"}


def test_a_folder_that_shows_all_mail_is_read_alone(best: Post) -> None:
    for name in ("All Mail", "Drafts", "Work"):
        best.make(name)
    assert [slice_.key for slice_ in best.messages().slices()] == ["All Mail"]
    assert {slice_.key for slice_ in best.messages(include=["\\Inbox", "INBOX", "Work"]).slices()} == {"INBOX", "Work"}


def test_folders_are_chosen_by_name_by_use_and_by_what_they_lie_in(best: Post) -> None:
    for name in ("Work/A", "Work/B", "[Old] (1)"):
        best.make(name)

    def chosen(**config: Any) -> set[str]:
        return {slice_.key for slice_ in best.messages(**config).slices()}

    assert chosen(include=["inbox"]) == {"INBOX"}
    assert chosen(include=["\\Sent", "Work/*"], exclude=["Work/B"]) == {"Sent", "Work/A"}
    assert chosen(include=["[Old] (1)"]) == {"[Old] (1)"}
    assert chosen(exclude=["\\Sent", "Work*"]) == {"INBOX", "[Old] (1)"}


def test_a_folder_that_is_not_there_is_named_with_those_that_are(best: Post) -> None:
    with pytest.raises(ConfigError, match=r"no folder 'Wrok'; the mailbox has: INBOX, Sent"):
        best.connector(include=["Wrok"])
    with pytest.raises(ConfigError, match="no folder 'Lists/"):
        best.connector(exclude=["Lists/*"])


WIRE = ["Entw&APw-rfe &- mehr", "&ZeVnLIqe-", 'say "hi"', "back\\slash", "a%b", "12345", "{5}", "NIL"]
NAMES = ["Entwürfe & mehr", "日本語", 'say "hi"', "back\\slash", "a%b", "12345", "{5}", "NIL"]


@pytest.mark.parametrize(("wire", "name"), list(zip(WIRE, NAMES, strict=True)), ids=NAMES)
def test_folders_of_any_name_are_read(best: Post, wire: str, name: str) -> None:
    best.make(wire)
    id_ = best.deliver(letter(1), wire)
    stream = best.messages()
    assert name in {slice_.key for slice_ in stream.slices()}
    (record,) = [record for page in stream.read(Slice(name, name), None) for record in page.records]
    assert (record.remote_id, record.slice, record.body["_rest"]["labels"]) == (id_, name, [name])


def test_where_a_server_says_nothing_of_folders_their_names_do(best: Post) -> None:
    names = ["INBOX", "INBOX.Sent Items", "INBOX.Deleted Items", "INBOX.Junk", "INBOX.drafts", "INBOX.Work"]
    listed = "".join(f'* LIST (\\HasNoChildren) "." "{name}"\r\n' for name in names)
    best.proxy.answer("LIST", f"{listed}{{tag}} OK done\r\n")
    assert [slice_.key for slice_ in best.messages_unasked().slices()] == ["INBOX", "INBOX.Sent Items", "INBOX.Work"]


def test_folders_of_others_are_read_when_they_are_named(best: Post) -> None:
    listed = '* LIST () "/" INBOX\r\n* LIST () "/" shared/info\r\n* LIST (\\Noselect) "/" shared\r\n{tag} OK done\r\n'
    spaces = '* NAMESPACE (("" "/")) NIL (("shared/" "/"))\r\n{tag} OK done\r\n'

    def chosen(**config: Any) -> list[str]:
        best.proxy.answer("LIST", listed)
        best.proxy.answer("NAMESPACE", spaces)
        return [slice_.key for slice_ in best.messages_unasked(**config).slices()]

    assert chosen() == ["INBOX"]
    assert chosen(include=["shared/*"]) == ["shared/info"]
