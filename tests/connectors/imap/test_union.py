"""One mail in a mailbox over IMAP, in Gmail, in Microsoft 365 and in an mbox file is one fact in one timeline."""

from __future__ import annotations

import mailbox
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.connectors.gmail.office import Office
from tests.connectors.gmail.office import company as gmail_office
from tests.connectors.imap.post import Post
from tests.connectors.microsoft365.company import Company, address
from tests.connectors.rig import Clock
from tests.sync.hubs import Stage, person

ILSE, BAS, KIM = "ilse@acme.example", "bas@acme.example", "kim@plum.example"
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture
def gmail() -> Iterator[Office]:
    office = gmail_office(clock=Clock(NOW))
    yield office
    office.close()


@pytest.fixture
def microsoft() -> Iterator[Company]:
    company = Company((ILSE, BAS), clock=Clock(NOW))
    yield company
    company.close()


@pytest.fixture
def stage(tmp_path: Path, sqlite_template: Path, best: Post, gmail: Office, microsoft: Company) -> Iterator[Stage]:
    """A hub that reads all four, and a shop that knows Kim."""
    shutil.copy(sqlite_template, tmp_path / "concord.db")
    made = Stage(tmp_path, f"sqlite:///{tmp_path / 'concord.db'}", shop=("people",))
    account = gmail.server.grants.service_account
    assert account
    google = {"service_account_key": account.key_file(f"{gmail.server.url}/token"), "users": [ILSE]}
    graph = {name: value for name, value in microsoft.server.settings.items() if name != "refresh_token"}
    (tmp_path / "exports").mkdir()
    made.settings["connections"] |= {
        "imap": {"connector": "imap", "config": best.settings()},
        "google": {"connector": "gmail", "config": {**google, "base_url": gmail.server.url}},
        "graph": {
            "connector": "microsoft365",
            "config": {**graph, "tenant": "acme.example", "users": [BAS]},
            "streams": {"messages": {}},
        },
        "old": {"connector": "files", "config": {"path": str(tmp_path / "exports")}},
    }
    made.configure(privacy={"internal": ["acme.example"]})
    made.shop.put("people", person("Kim Plum", email=KIM))
    yield made
    made.close()


def test_one_mail_in_four_places_is_one_fact_in_one_timeline(
    stage: Stage, best: Post, gmail: Office, microsoft: Company, tmp_path: Path
) -> None:
    mail = EmailMessage()
    told = {"From": f"Kim Plum <{KIM}>", "To": f"{ILSE}, {best.user}", "Cc": BAS, "Subject": "An offer?"}
    for name, value in {**told, "Message-ID": "<one@plum.example>", "Date": "Fri, 01 May 2026 10:00:00 +0200"}.items():
        mail[name] = value
    mail.set_content("Hello\n")
    best.deliver(mail.as_bytes())
    gmail.box.deliver(mail)
    recipients = {"toRecipients": [address(ILSE), address(best.user)], "ccRecipients": [address(BAS)]}
    kept = {"subject": "An offer?", "internetMessageId": "<one@plum.example>", "sentDateTime": "2026-05-01T08:00:00Z"}
    microsoft.boxes[BAS].deliver({**kept, "from": address(KIM, "Kim Plum"), **recipients})
    box = mailbox.mbox(tmp_path / "exports" / "old.mbox")
    box.add(mail)
    box.close()
    assert stage.sync().ok
    (item,) = stage.hub.timeline(stage.customer(KIM).id)
    assert (item.key, str(item.at)[:16]) == ("mail:one@plum.example", "2026-05-01T08:00")
    assert len([row for row in stage.rows("fact") if row["live"]]) == 1
    assert len([row for row in stage.rows("raw_record") if row["state"] == "live"]) == 5, "Kim, and four sightings"
