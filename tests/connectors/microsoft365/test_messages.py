"""Mail of Graph's: folders, moves, what is not wanted, links that expire, and what an idle sync costs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mapping.contract import Reason, RemoteId, Slice
from mapping.errors import (
    ConfigError,
    ContractError,
    CursorExpiredError,
    ForbiddenError,
    RateLimitedError,
    TransientError,
)
from tests.connectors.microsoft365.company import BAS, ILSE, Company, address, mail


@pytest.mark.parametrize("config", [{"include": ["Clients"]}, {"exclude": ["Inbox/Clients"]}])
def test_a_folder_that_is_not_there_is_a_mistake_for_one_person(home: Company, config: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="no folder"):
        home.read(**config)


def test_a_listing_that_ends_without_a_link_is_not_believed(home: Company) -> None:
    home.server.faults.fail(200, body={"value": []}, path=r"/messages/delta")
    with pytest.raises(ContractError, match="without a link"):
        home.read()


def test_a_listing_that_goes_in_circles_is_left(home: Company) -> None:
    first = f"{home.server.url}/v1.0/me/mailFolders/x/messages/delta?$skiptoken=abc"
    home.server.faults.fail(200, body={"value": [], "@odata.nextLink": first}, times=9, path=r"/messages/delta")
    with pytest.raises(ContractError, match="circles"):
        home.read()


def test_a_link_that_leads_elsewhere_is_not_followed(home: Company) -> None:
    away = {"value": [], "@odata.nextLink": "https://evil.example/v1.0/me/messages/delta?$skiptoken=abc"}
    home.server.faults.fail(200, body=away, path=r"/messages/delta")
    with pytest.raises(ContractError):
        home.read()


@pytest.mark.parametrize(
    ("status", "code"),
    [(410, "SyncStateNotFound"), (404, "syncStateNotFound"), (400, "resyncRequired"), (400, "BadRequest"), (410, "")],
)
def test_a_link_that_is_refused_has_expired(home: Company, status: int, code: str) -> None:
    before = home.read()
    home.server.faults.fail(status, body={"error": {"code": code, "message": ""}}, path=r"/messages/delta")
    with pytest.raises(CursorExpiredError):
        home.read(cursor=before.cursor)


def test_the_code_inside_an_error_counts_too(home: Company) -> None:
    before = home.read()
    error = {
        "code": "UnknownError",
        "message": "",
        "innerError": {"code": "x", "innerError": {"code": "resyncRequired"}},
    }
    home.server.faults.fail(400, body={"error": error}, path=r"/messages/delta")
    with pytest.raises(CursorExpiredError):
        home.read(cursor=before.cursor)


def test_a_message_that_was_moved_is_the_same_message(home: Company) -> None:
    moved = home.box.deliver(mail(1))
    home.box.deliver(mail(2))
    before = home.read()
    home.box.move(moved, "archive")
    after = home.read(cursor=before.cursor)
    assert {*after.ids} == {moved}
    assert not after.tombstones
    assert after.records[0].body["_rest"]["labels"] == ["Archive"]
    assert after.records[0].version != next(each for each in before.records if each.remote_id == moved).version


def test_a_message_that_left_and_came_back_is_not_lost(home: Company) -> None:
    """Graph tells it as removed and never again (microsoft-graph-docs, issue 21752)."""
    wanderer = home.box.deliver(mail(1))
    before = home.read()
    home.box.move(wanderer, "archive")
    home.box.move(wanderer, "inbox")
    after = home.read(cursor=before.cursor)
    assert {*after.ids} == {wanderer}
    assert not after.tombstones


def test_what_is_put_into_the_trash_is_taken_back_and_what_is_erased_is_gone(home: Company) -> None:
    trashed, erased = home.box.deliver(mail(1)), home.box.deliver(mail(2))
    before = home.read()
    home.box.move(trashed, "deleteditems")
    home.box.delete(erased)
    after = home.read(cursor=before.cursor)
    assert {stone.remote_id: stone.reason for stone in after.tombstones} == {
        trashed: Reason.OUT_OF_SCOPE,
        erased: Reason.DELETED,
    }
    home.box.move(trashed, "inbox")
    assert home.read(cursor=after.cursor).ids == [trashed]


def test_a_message_that_is_erased_between_two_words_of_it_is_gone(home: Company) -> None:
    """It was moved, and found where it is; before the other folder was asked, it was erased."""
    id_ = home.box.deliver(mail(1))
    before = home.read()
    home.box.move(id_, "archive")
    pages = home.open().read(Slice(ILSE), before.cursor)
    assert [record.remote_id for record in next(pages).records] == [id_]
    home.box.delete(id_)
    assert [stone.remote_id for page in pages for stone in page.tombstones] == [id_]


def test_a_folder_that_is_made_later_is_read_from_its_beginning(home: Company) -> None:
    home.box.deliver(mail(1))
    before = home.read()
    inside = home.box.add_folder("Large", home.box.add_folder("Clients", home.box.known["inbox"]))
    new = [home.box.deliver(mail(number), inside) for number in range(2, 5)]
    after = home.read(cursor=before.cursor)
    assert after.ids == new
    assert not any(page.begins or page.complete for page in after.pages)
    assert after.records[0].body["_rest"]["labels"] == ["Inbox/Clients/Large"]


def test_a_message_in_a_folder_that_was_made_meanwhile_is_not_out_of_scope(home: Company) -> None:
    id_ = home.box.deliver(mail(1), "archive")
    before = home.read()
    pages = home.open().read(Slice(ILSE), before.cursor)
    assert not next(pages).records, "the inbox comes first"
    home.box.move(id_, home.box.add_folder("Clients"))
    rest = list(pages)
    assert not [stone for page in rest for stone in page.tombstones]
    assert [record.body["_rest"] for page in rest for record in page.records] == [{"labels": ["Clients"]}]


def test_a_folder_that_goes_before_it_is_asked_is_left_to_the_next_run(home: Company) -> None:
    missing = {"error": {"code": "ErrorItemNotFound", "message": ""}}
    home.server.faults.fail(404, body=missing, path=r"/messages/delta")
    with pytest.raises(TransientError, match="next run"):
        home.read()


def test_what_went_with_a_folder_is_found_out_by_reading_everything_again(home: Company) -> None:
    folder = home.box.add_folder("Clients")
    kept, lost = home.box.deliver(mail(1)), home.box.deliver(mail(2), folder)
    before = home.read()
    assert {*before.ids} == {kept, lost}
    home.box.remove_folder(folder)
    after = home.read(cursor=before.cursor)
    assert after.ids == [kept]
    assert [page.begins for page in after.pages] == [True, *[False] * (len(after.pages) - 1)]
    assert after.pages[-1].complete


def test_a_folder_that_goes_while_everything_is_read_lets_it_be_read_anew(home: Company) -> None:
    folder = home.box.add_folder("Clients")
    home.box.add_folder("Suppliers")
    home.box.deliver(mail(1), folder)
    pages = list(home.read().pages)
    assert not pages[-2].complete
    home.box.remove_folder(folder)
    with pytest.raises(CursorExpiredError):
        home.read(cursor=pages[-2].cursor)


def test_drafts_spam_and_trash_are_no_mail(home: Company) -> None:
    for number, folder in enumerate(("drafts", "deleteditems", "junkemail", "outbox", "conversationhistory")):
        home.box.deliver(mail(number), folder)
    home.box.deliver(mail(8, isDraft=True))
    home.box.deliver(mail(9), home.box.add_folder("Old", home.box.known["deleteditems"]))
    wanted = home.box.deliver(mail(10))
    assert home.read().ids == [wanted]
    assert home.box.folders[home.box.known["drafts"]].id not in str(home.read().cursor)


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"include": ["Inbox/Clients"]}, {2, 3}),
        ({"include": ["inbox"], "exclude": ["inbox/clients/large"]}, {1, 2}),
        ({"exclude": ["INBOX", "archive"]}, {4}),
        ({"include": ["sentitems", "archive"]}, {4, 5}),
    ],
)
def test_folders_are_named_by_their_path_or_by_what_everybody_calls_them(
    home: Company, config: dict[str, Any], expected: set[int]
) -> None:
    clients = home.box.add_folder("Clients", home.box.known["inbox"])
    large = home.box.add_folder("Large", clients)
    for number, folder in enumerate(("inbox", clients, large, "sentitems", "archive"), 1):
        home.box.deliver(mail(number), folder)
    assert {*home.read(**config).facts} == {f"mail:m{number}@plum.example" for number in expected}


def test_among_many_a_folder_that_somebody_lacks_means_nothing(firm: Company) -> None:
    mine = firm.box.deliver(mail(1), firm.box.add_folder("Clients"))
    firm.boxes[BAS].deliver(mail(2))
    wish: dict[str, Any] = {"users": [ILSE, BAS], "include": ["Clients"]}
    assert firm.read(**wish).ids == [mine]
    theirs = firm.read(slice_=BAS, **wish)
    assert not theirs.ids
    assert theirs.pages[-1].complete


def test_another_wish_reads_everything_again(home: Company) -> None:
    home.box.deliver(mail(1))
    before = home.read()
    with pytest.raises(CursorExpiredError):
        home.read(cursor=before.cursor, bodies=True)
    assert "text" not in before.records[0].body
    assert home.read(bodies=True).records[0].body["text"] == "Hello, this is number 1."


def test_only_mail_since_a_day_is_read(home: Company) -> None:
    old = home.box.deliver(mail(1), at=datetime(2025, 12, 31, 23, 59, tzinfo=UTC))
    new = home.box.deliver(mail(2), at=datetime(2026, 1, 1, tzinfo=UTC))
    before = home.read(since="2026-01-01")
    assert before.ids == [new]
    home.box.change(old, {"categories": ["x"]})
    assert not home.read(cursor=before.cursor, since="2026-01-01").ids


def test_a_change_that_is_told_in_part_is_asked_for(home: Company) -> None:
    id_ = home.box.deliver(mail(1))
    before = home.read()
    link = f"{home.server.url}/v1.0/me/x/delta?$deltatoken=abc"
    told = {"value": [{"id": id_, "isRead": True}], "@odata.deltaLink": link}
    home.server.faults.fail(200, body=told, path=r"/messages/delta")
    after = home.read(cursor=before.cursor)
    assert after.records[0].body == before.records[0].body


def test_a_message_that_is_told_twice_is_as_it_is(home: Company) -> None:
    id_ = home.box.deliver(mail(1))
    before = home.read()
    whole = {**home.box.messages[id_], "subject": "Older"}
    gone = {"id": id_, "@removed": {"reason": "changed"}}
    link = f"{home.server.url}/v1.0/me/x/delta?$deltatoken=abc"
    home.server.faults.fail(200, body={"value": [gone, whole], "@odata.deltaLink": link}, path=r"/messages/delta")
    after = home.read(cursor=before.cursor)
    assert after.records[0].body["Subject"] == "Question 1"
    assert not after.tombstones


def test_to_read_a_mail_is_no_change_of_it(home: Company) -> None:
    id_ = home.box.deliver(mail(1))
    before = home.read()
    home.box.change(id_, {"isRead": True})
    assert not home.read(cursor=before.cursor).ids


def test_an_idle_sync_asks_once_for_the_folders_and_once_in_each(home: Company) -> None:
    """Graph tracks changes by folder; there is no link for a whole mailbox."""
    before = home.read()
    home.clock.requests = 0
    home.read(cursor=before.cursor)
    read = len(home.box.folders) - 5
    assert home.clock.requests == 1 + 1 + read, "login, folders, and each folder that is read"


def test_what_was_removed_is_asked_for_twenty_at_a_time(home: Company) -> None:
    ids = [home.box.deliver(mail(number)) for number in range(41)]
    before = home.read()
    for id_ in ids:
        home.box.delete(id_)
    home.server.exchanges.clear()
    assert len(home.read(cursor=before.cursor).gone) == 41
    batches = [each for each in home.server.exchanges if each.template.endswith("$batch")]
    assert [len(each.request.json()["requests"]) for each in batches][1:] == [20, 20, 1]


def test_throttling_that_says_how_long_is_waited_out(home: Company) -> None:
    home.box.deliver(mail(1))
    refused = {"error": {"code": "ApplicationThrottled", "message": ""}}
    home.server.faults.fail(429, body=refused, retry_after=40, path=r"/messages/delta")
    assert home.read().ids
    assert home.clock.slept >= 40


def test_a_call_in_a_batch_that_is_throttled_is_sent_again_alone(home: Company) -> None:
    refused = {"error": {"code": "ApplicationThrottled", "message": ""}}
    home.server.faults.fail(429, body=refused, retry_after=25, path=r"/mailFolders/archive$")
    kept = home.box.deliver(mail(1), "archive")
    assert home.read().ids == [kept]
    batches = [each for each in home.server.exchanges if each.template.endswith("$batch")]
    assert [len(each.request.json()["requests"]) for each in batches][1:] == [1]
    assert home.clock.slept >= 25


def test_more_patience_than_we_have_is_left_to_the_engine(home: Company) -> None:
    refused = {"error": {"code": "ApplicationThrottled", "message": ""}}
    home.server.faults.fail(429, body=refused, retry_after=900, path=r"/messages/delta")
    with pytest.raises(RateLimitedError) as told:
        home.read()
    assert told.value.retry_after == 900


def test_a_quota_that_is_overrun_is_waited_out() -> None:
    company = Company(quota=30)
    try:
        ids = {company.box.deliver(mail(number)) for number in range(10)}
        reading = company.open(page_size=1)
        found: set[str] = set()
        cursor = None
        for _ in range(3):
            try:
                for page in reading.read(Slice(ILSE), cursor):
                    cursor, found = page.cursor, found | {str(each.remote_id) for each in page.records}
                break
            except RateLimitedError as told:
                company.clock.advance(told.retry_after or 60)
        assert found == ids
    finally:
        company.close()


def test_our_own_limit_holds_before_theirs(home: Company) -> None:
    for number in range(4):
        home.box.deliver(mail(number))
    home.read(requests_per_minute=20, page_size=1)
    assert home.clock.slept > 0


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (404, "MailboxNotEnabledForRESTAPI"),
        (404, "ErrorInvalidUser"),
        (404, "ResourceNotFound"),
        (403, "ErrorAccessDenied"),
    ],
)
def test_a_mailbox_that_cannot_be_read_says_why(firm: Company, status: int, code: str) -> None:
    body = {"error": {"code": code, "message": "secret words about bas@acme.example"}}
    firm.server.faults.fail(status, body=body, path=r"/mailFolders/delta")
    with pytest.raises(ForbiddenError, match=code) as told:
        firm.read(users=[ILSE, BAS])
    assert "secret words" not in str(told.value)
    assert ("no mailbox" in str(told.value)) == (status == 404)
    assert ("Mail.Read" in str(told.value)) == (status == 403)


def test_somebody_who_left_does_not_keep_the_others_from_being_listed(firm: Company) -> None:
    del firm.boxes[BAS], firm.server.boxes[BAS]
    firm.box.deliver(mail(1))
    stream = firm.open(users=[ILSE, BAS])
    assert [slice_.key for slice_ in stream.slices()] == [ILSE, BAS]
    assert list(stream.read(Slice(ILSE), None))
    with pytest.raises(ForbiddenError, match="no mailbox"):
        list(stream.read(Slice(BAS), None))


def test_a_mailbox_that_is_being_moved_comes_back(home: Company) -> None:
    kept = home.box.deliver(mail(1))
    body = {"error": {"code": "MailboxInfoStale", "message": ""}}
    home.server.faults.fail(404, body=body, times=2, path=r"/messages/delta")
    assert home.read().ids == [kept]


def test_a_window_is_of_what_was_received_in_it(home: Company) -> None:
    start = home.clock.now()
    ids = [home.box.deliver(mail(number), at=start + timedelta(hours=number)) for number in range(6)]
    home.box.move(ids[3], "deleteditems")
    stream = home.open(page_size=2)
    assert stream.window
    end = start + timedelta(hours=5)
    found = [
        str(r.remote_id)
        for page in stream.window(Slice(ILSE), start + timedelta(hours=1), end, None)
        for r in page.records
    ]
    assert found == [ids[1], ids[2], ids[4]]


def test_one_mail_in_two_mailboxes_is_one_fact(firm: Company) -> None:
    both = mail(1, toRecipients=[address(ILSE), address(BAS)], conversationId="AAQk-thread")
    firm.box.deliver(both)
    firm.boxes[BAS].deliver(both)
    ours, theirs = (firm.read(slice_=each, users=[ILSE, BAS]).facts for each in (ILSE, BAS))
    assert ours == theirs
    assert ours["mail:m1@plum.example"]["thread"] == "AAQk-thread"


def test_get_leaves_out_what_is_not_wanted(home: Company) -> None:
    ids = [RemoteId(home.box.deliver(mail(number))) for number in range(3)]
    home.box.move(ids[0], "junkemail")
    home.box.delete(ids[1])
    stream = home.open()
    assert stream.get
    assert [record.remote_id for record in stream.get(Slice(ILSE), [*ids, RemoteId("x/y=")])] == [ids[2]]
