"""What is special about reading Gmail: the history, labels, batches that are refused in part, and searches."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from connectors.core.google import PATIENT
from connectors.core.google_sandbox import RefusalError
from connectors.gmail.sandbox import METADATA
from mapping.contract import Reason, Slice
from mapping.errors import ConfigError, CursorExpiredError, ForbiddenError, RateLimitedError
from tests.connectors.gmail.office import ILSE, Office, mail

MESSAGE = r"/messages/\w+$"
BUSY = RefusalError(429, "rateLimitExceeded", "Too many concurrent requests for user").reply().body


def test_only_the_refused_calls_of_a_batch_are_sent_again(office: Office) -> None:
    for number in range(10):
        office.box.deliver(mail(number))
    office.server.faults.fail(429, body=BUSY, path=MESSAGE, times=3, skip=2)
    assert len(office.read().ids) == 10
    assert office.server.calls("GET", "messages/.id") == 13
    assert office.server.calls("POST", "batch") == 2
    assert office.clock.slept > 0


def test_a_batch_that_stays_refused_gives_up_in_time(office: Office) -> None:
    office.box.deliver(mail(1))
    office.server.faults.fail(429, body=BUSY, path=MESSAGE, times=100)
    with pytest.raises(RateLimitedError):
        office.read()
    assert office.server.calls("POST", "batch") < 10
    assert office.clock.slept < 200


def test_a_token_that_is_revoked_is_renewed_also_for_the_calls_in_a_batch(office: Office) -> None:
    office.box.deliver(mail(1))
    refused = RefusalError(401, "authError", "Invalid Credentials", "Authorization").reply()
    office.server.faults.fail(401, body=refused.body, path=MESSAGE)
    assert len(office.read().ids) == 1
    assert office.server.calls("POST", "/token") == 2


def test_a_message_without_a_scope_pauses_the_stream(office: Office) -> None:
    office.box.deliver(mail(1))
    refused = RefusalError(403, "insufficientPermissions", "Request had insufficient authentication scopes.").reply()
    office.server.faults.fail(403, body=refused.body, path=MESSAGE)
    with pytest.raises(ForbiddenError, match="lacks the scope"):
        office.read()


def test_a_message_that_goes_between_listing_and_fetching_is_left_out(office: Office) -> None:
    kept, gone = (office.box.deliver(mail(number)) for number in range(2))
    office.server.faults.fail(404, body=RefusalError(404, "notFound", "").reply().body, path=f"/messages/{gone.id}")
    haul = office.read()
    assert (haul.ids, haul.tombstones) == ([kept.id], [])


def test_what_is_put_away_is_taken_back_and_comes_again(office: Office) -> None:
    spam, trash, private = (office.box.deliver(mail(number)) for number in range(3))
    away = office.box.label("Private")
    before = office.read(exclude=["private"])
    assert len(before.ids) == 3
    office.box.relabel(spam.id, ["SPAM"], ["INBOX"])
    office.box.relabel(trash.id, ["TRASH"], ["INBOX"])
    office.box.relabel(private.id, [away])
    after = office.read(before.cursor, exclude=["private"])
    assert not after.ids
    assert {stone.remote_id: stone.reason for stone in after.tombstones} == dict.fromkeys(
        (spam.id, trash.id, private.id), Reason.OUT_OF_SCOPE
    )
    for letter, label in ((spam, "SPAM"), (trash, "TRASH"), (private, away)):
        office.box.relabel(letter.id, ["INBOX"], [label])
    assert set(office.read(after.cursor, exclude=["private"]).ids) == {spam.id, trash.id, private.id}


def test_drafts_chats_spam_and_trash_are_no_mail(office: Office) -> None:
    for number, label in enumerate(("DRAFT", "CHAT", "SPAM", "TRASH")):
        office.box.deliver(mail(number), [label])
    sent = office.box.deliver(mail(9), ["SENT"])
    assert office.read().ids == [sent.id]


def test_reading_a_mail_or_saving_a_draft_costs_no_request(office: Office) -> None:
    letter = office.box.deliver(mail(1))
    before = office.read()
    office.box.relabel(letter.id, ["STARRED", "IMPORTANT"], ["UNREAD"])
    office.box.deliver(mail(2), ["DRAFT"])
    office.server.forget()
    after = office.read(before.cursor)
    assert (after.ids, after.tombstones) == ([], [])
    assert office.server.calls(path="gmail") == 1


def test_an_idle_run_asks_once(office: Office) -> None:
    office.box.deliver(mail(1))
    cursor = office.read().cursor
    office.server.forget()
    for _ in range(2):
        cursor = office.read(cursor).cursor
    assert office.server.calls(path="gmail") == 2


def test_included_labels_are_read_one_after_another_and_resumed_anywhere() -> None:
    office = Office(most_listed=4)
    try:
        sales, press = office.box.label("Sales"), office.box.label("Press/Radio")
        letters = [office.box.deliver(mail(n), [(sales, press, "INBOX")[n % 3]]) for n in range(18)]
        office.box.relabel(letters[0].id, [press])
        wanted = {letter.id for n, letter in enumerate(letters) if n % 3 < 2}
        config: dict[str, Any] = {"include": ["press/radio", "Sales"], "page_size": 3}
        whole = office.read(**config)
        assert set(whole.ids) == wanted
        for number, page in enumerate(whole.pages[:-1], 1):
            rest = office.read(page.cursor, **config)
            seen = {record.remote_id for each in whole.pages[:number] for record in each.records}
            assert seen | set(rest.ids) == wanted
            assert rest.pages[-1].complete
    finally:
        office.close()


def test_a_label_that_is_not_there_is_a_mistake_for_one_and_none_for_many(office: Office, firm: Office) -> None:
    office.box.deliver(mail(1))
    with pytest.raises(ConfigError, match="'Sales'"):
        office.read(include=["Sales"])
    people = list(firm.boxes)
    firm.boxes[people[1]].deliver(mail(1), [firm.boxes[people[1]].label("Sales")])
    firm.boxes[people[0]].deliver(mail(2))
    assert [len(firm.read(slice_=one, users=people, include=["Sales"]).ids) for one in people] == [0, 1]


def test_other_wishes_read_everything_again(office: Office) -> None:
    office.box.deliver(mail(1))
    before = office.read()
    with pytest.raises(CursorExpiredError):
        office.read(before.cursor, bodies=True)
    assert office.read(before.cursor, page_size=7).records == []


def test_a_listing_whose_token_is_forgotten_begins_anew() -> None:
    office = Office(most_listed=2)
    try:
        for number in range(6):
            office.box.deliver(mail(number))
        pages = office.read(page_size=2).pages
        refused = RefusalError(400, "invalidArgument", "Invalid pageToken").reply()
        office.server.faults.fail(400, body=refused.body, path="/messages$")
        with pytest.raises(CursorExpiredError):
            office.read(pages[1].cursor, page_size=2)
    finally:
        office.close()


def test_history_is_read_on_from_the_last_page_that_was_kept(office: Office) -> None:
    before = office.read()
    letters = [office.box.deliver(mail(number)) for number in range(7)]
    pages = office.read(before.cursor, page_size=2).pages
    assert [len(page.records) for page in pages] == [2, 2, 2, 1]
    assert office.read(pages[1].cursor, page_size=2).ids == [letter.id for letter in letters[4:]]


def test_a_message_that_came_and_went_leaves_no_more_than_a_tombstone(office: Office) -> None:
    before = office.read()
    letter = office.box.deliver(mail(1))
    office.box.relabel(letter.id, [office.box.label("Sales")])
    office.box.delete(letter.id)
    after = office.read(before.cursor)
    assert (after.ids, [stone.reason for stone in after.tombstones]) == ([], [Reason.DELETED])


def test_since_holds_for_the_listing_and_for_the_history(office: Office) -> None:
    old = office.box.deliver(mail(1), at=office.clock.now() - timedelta(days=400))
    new = office.box.deliver(mail(2))
    before = office.read(since="2026-01-01")
    assert before.ids == [new.id]
    assert office.server.calls("GET", "messages/.id") == 1
    office.box.relabel(old.id, [office.box.label("Sales")])
    assert office.read(before.cursor, since="2026-01-01").ids == []


def test_with_the_narrow_scope_headers_are_read_and_nothing_is_searched() -> None:
    office = Office(scopes=frozenset({METADATA}))
    try:
        office.box.deliver(mail(1))
        assert len(office.read(metadata_scope=True).ids) == 1
        assert office.open(metadata_scope=True).window is None
        window = office.open().window
        assert window
        with pytest.raises(ForbiddenError):
            list(window(Slice(ILSE), office.clock.now() - timedelta(days=1), office.clock.now(), None))
    finally:
        office.close()


def test_the_quota_is_kept_so_that_google_has_nothing_to_refuse() -> None:
    office = Office(quota=6_000)
    try:
        for number in range(700):
            office.box.deliver(mail(number))
        assert len(office.read(messages_per_minute=280).ids) == 700
        assert {each.reply.status for each in office.server.exchanges} == {200}
        assert 60 < office.clock.slept < 200
    finally:
        office.close()


def test_a_quota_that_is_overrun_is_waited_out() -> None:
    office = Office(quota=1_000)
    try:
        for number in range(60):
            office.box.deliver(mail(number))
        assert len(office.read(messages_per_minute=10_000).ids) == 60
        assert 403 in {each.reply.status for each in office.server.exchanges}
    finally:
        office.close()


def test_waits_that_chance_makes_short_outlast_a_minute_all_the_same() -> None:
    shortest, longest = replace(PATIENT, chance=lambda: 0.0), replace(PATIENT, chance=lambda: 1.0)
    waits = [(shortest.delay(each, None), longest.delay(each, None)) for each in range(1, PATIENT.attempts)]
    assert sum(short for short, _ in waits) > 60
    assert sum(long for _, long in waits) <= PATIENT.patience


def test_the_time_to_wait_stands_in_the_message(office: Office) -> None:
    refused = RefusalError(
        429, "userRateLimitExceeded", "User-rate limit exceeded.  Retry after 2026-05-04T09:00:00.000Z"
    )
    office.server.faults.fail(429, body=refused.reply().body, path="/profile")
    with pytest.raises(RateLimitedError) as asked:
        office.read()
    assert asked.value.retry_after == 3_600


def test_an_account_without_gmail_says_so(office: Office) -> None:
    refused = RefusalError(400, "failedPrecondition", "Mail service not enabled")
    office.server.faults.fail(400, body=refused.reply().body, path="/gmail/")
    with pytest.raises(ForbiddenError, match="does not have the service"):
        office.read()
