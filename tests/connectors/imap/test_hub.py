"""A hub that reads a real mailbox: one mail is one fact wherever it lies, and folders made anew double nothing."""

from __future__ import annotations

import mailbox
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.connectors.imap.post import Post, letter
from tests.connectors.rig import Clock
from tests.servers.dovecot import QRESYNC
from tests.sync.hubs import Stage, person, stream

ALREADY = datetime(2026, 6, 1, 12, tzinfo=UTC)

pytestmark = pytest.mark.proof("real server", "Dovecot 2.3 of Debian 12")


@pytest.fixture
def stage(tmp_path: Path, post: Post, sqlite_template: Path) -> Iterator[Stage]:
    """A hub that reads the mailbox, and a shop that knows Kim."""
    post.clock = Clock(ALREADY)
    shutil.copy(sqlite_template, tmp_path / "concord.db")
    made = Stage(tmp_path, f"sqlite:///{tmp_path / 'concord.db'}", shop=("people",))
    made.settings["connections"]["mail"] = {"connector": "imap", "config": post.settings()}
    made.configure(privacy={"internal": ["acme.example"], "never_log": ["*@bank.example"]})
    made.shop.put("people", person("Kim Plum", email="kim@plum.example"))
    yield made
    made.close()


def keys(stage: Stage) -> list[str]:
    return sorted(item.key for item in stage.hub.timeline(stage.customer("kim@plum.example").id))


def test_one_mail_in_two_folders_and_an_mbox_file_is_one_fact_until_all_have_lost_it(
    stage: Stage, post: Post, tmp_path: Path
) -> None:
    post.make("Work")
    first, second = post.deliver(letter(1)), post.deliver(letter(1), "Work")
    post.deliver(letter(2, From="teller@bank.example", To="ada@acme.example, kim@plum.example"))
    post.deliver(letter(3, From="Bo <bo@acme.example>"))
    exports = tmp_path / "exports"
    exports.mkdir()
    box = mailbox.mbox(exports / "old.mbox")
    box.add(letter(1).replace("\r\n", "\n").encode())
    box.close()
    stage.settings["connections"]["old"] = {"connector": "files", "config": {"path": str(exports)}}
    stage.configure()
    assert stage.sync().ok
    assert keys(stage) == ["mail:m1@plum.example"]
    assert [row["key"] for row in stage.rows("fact") if row["live"]] == ["mail:m1@plum.example"]
    post.expunge(first)
    post.expunge(second, "Work")
    assert stage.sync().ok
    stage.hub.sweep()
    assert keys(stage) == ["mail:m1@plum.example"], "the file still has it"
    (exports / "old.mbox").unlink()
    stage.sync(allow_deletes=True)
    stage.hub.sweep(allow_deletes=True)
    assert keys(stage) == []


def test_a_folder_made_anew_doubles_nothing_and_takes_back_what_is_gone(stage: Stage, post: Post) -> None:
    post.make("Work")
    for number in range(5):
        post.deliver(letter(number), "Work")
    assert stage.sync().ok
    post.remove("Work")
    post.make("Work")
    for number in range(1, 5):
        post.deliver(letter(number), "Work")
    report = stream(stage.sync(), "mail/messages")
    assert (report.status, report.new, report.gone) == ("ok", 4, 5)
    assert keys(stage) == [f"mail:m{number}@plum.example" for number in range(1, 5)]
    before = stage.dump()
    assert stage.sync().ok
    assert stage.dump() == before


def test_a_folder_made_anew_that_is_suddenly_empty_stops_at_the_guard(stage: Stage, post: Post) -> None:
    post.make("Work")
    for number in range(5):
        post.deliver(letter(number), "Work")
    assert stage.sync().ok
    post.remove("Work")
    post.make("Work")
    report = stream(stage.sync(), "mail/messages")
    assert report.status == "failed"
    assert "5 of 5 known records are no longer there; nothing was deleted" in report.message
    assert len(keys(stage)) == 5
    assert stage.sync(allow_deletes=True).ok
    assert keys(stage) == []


def test_indexes_that_were_lost_are_made_up_for_by_a_full_reading(stage: Stage, post: Post) -> None:
    ids = [post.deliver(letter(number)) for number in range(5)]
    assert stage.sync().ok
    post.expunge(ids[0])
    post.server.forget(post.user)
    report = stream(stage.sync(), "mail/messages")
    if "CONDSTORE" in post.server.capability or post.server.capability == QRESYNC:
        assert "forgot our place" in report.message
    else:
        assert stage.hub.sweep().ok
    assert keys(stage) == [f"mail:m{number}@plum.example" for number in range(1, 5)]


def test_a_renamed_folder_doubles_nothing(stage: Stage, post: Post) -> None:
    post.make("Work")
    for number in range(3):
        post.deliver(letter(number), "Work")
    post.deliver(letter(7))
    assert stage.sync().ok
    post.mail.rename("Work", "Done")
    assert stage.sync().ok
    assert len(keys(stage)) == 4
    assert stage.hub.sweep().ok
    assert len(keys(stage)) == 4
    live = [row for row in stage.rows("raw_record") if row["state"] == "live"]
    assert len(live) == 5, "Kim in the shop, and each mail once"


def test_what_is_gone_is_gone_with_the_next_sync_or_the_next_sweep(stage: Stage, post: Post) -> None:
    ids = [post.deliver(letter(number)) for number in range(4)]
    assert stage.sync().ok
    post.expunge(ids[1])
    post.store(ids[2], "\\Deleted")
    assert stage.sync().ok
    assert stage.hub.sweep().ok
    assert keys(stage) == ["mail:m0@plum.example", "mail:m3@plum.example"]


def test_a_mailbox_that_was_only_read_by_its_owner_writes_no_row(stage: Stage, post: Post) -> None:
    id_ = post.deliver(letter(1))
    assert stage.sync().ok
    before = stage.dump()
    post.store(id_, "\\Seen \\Flagged")
    assert stage.sync().ok
    assert stage.dump() == before
    assert stage.sync(full=True).ok
    assert stage.dump() == before
