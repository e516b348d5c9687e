"""What bench.connectors reads: for each connector a stand-in that holds so many records, and what its vendor allows.

``python -m bench.stand_ins SUBJECT RECORDS`` fills one and serves it until it is killed; it prints the ``config`` of a
connection to it. A further connector is one function that fills its stand-in, and one entry of SUBJECTS.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from itertools import count
from math import ceil
from typing import Any

from connectors.core.sandbox import SandboxServer

NOW = datetime.now(UTC)
START = NOW - timedelta(days=40)
WHO = "ilse@acme.example"


@dataclass(frozen=True, slots=True)
class Subject:
    """One stream of one connector.

    ``pages`` are the records that one request may bring at most, by what it asks for; every record is met in each.
    ``source`` is where that is documented. ``forced`` are requests that a read of everything takes besides, and
    ``idle`` those that a read without news takes for a slice beyond one, both by their reason. ``largest`` are settings
    for the vendor's largest pages, where a connector asks for smaller ones by itself.
    """

    connector: str
    stream: str
    fill: Callable[[int], SandboxServer]
    source: str
    pages: Mapping[str, int]
    forced: Mapping[str, int] = field(default_factory=dict)
    idle: Mapping[str, int] = field(default_factory=dict)
    largest: Mapping[str, Any] = field(default_factory=dict)

    def fewest(self, records: int) -> int:
        """The least requests that a read of so many records takes."""
        return sum(ceil(records / most) for most in self.pages.values()) + sum(self.forced.values())


def spread(records: int, number: int) -> datetime:
    """The instant of a record: they came over a month, which ended ten days ago."""
    return START + timedelta(days=30) * number / records


@dataclass(slots=True)
class Filling:
    """The clock of a stand-in while it is filled; afterwards it shows the present, as ``at`` is None."""

    at: datetime | None = START

    def now(self) -> datetime:
        """The instant."""
        return self.at or datetime.now(UTC)


def hubspot(records: int) -> SandboxServer:
    """A portal with contacts and deals, each deal of one contact."""
    from connectors.hubspot.portal import Portal
    from connectors.hubspot.sandbox import HubSpotSandbox

    filling = Filling()
    portal = Portal(now=filling.now)
    for number in range(records):
        name = {"firstname": "Ada", "lastname": f"Castro {number}"}
        contact = portal.create("contacts", {"email": f"ada.{number}@example.com", **name})
        deal = portal.create("deals", {"dealname": f"Roof {number}", "amount": str(number)})
        portal.link("deals", deal.id, "contacts", contact.id)
    filling.at = None
    return HubSpotSandbox(portal)


def gmail(records: int) -> SandboxServer:
    """One mailbox."""
    from connectors.gmail.sandbox import Box, GmailSandbox

    box = Box(WHO)
    for number in range(records):
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = f"kim.{number}@plum.example", WHO, f"Question {number}"
        mail["Message-ID"] = f"<m{number}@plum.example>"
        mail.set_content("Hello.")
        box.deliver(mail, at=spread(records, number))
    return GmailSandbox({WHO: box})


def google_calendar(records: int) -> SandboxServer:
    """One calendar."""
    from connectors.google_calendar.agenda import Agenda
    from connectors.google_calendar.sandbox import GoogleCalendarSandbox

    agenda = Agenda((WHO,))
    for number in range(records):
        start = START + timedelta(hours=number)
        guests = [{"email": f"kim.{number}@plum.example", "responseStatus": "accepted"}]
        times = {
            "start": {"dateTime": start.isoformat()},
            "end": {"dateTime": (start + timedelta(hours=1)).isoformat()},
        }
        agenda.insert(WHO, {"summary": f"Meeting {number}", "attendees": guests, **times})
    return GoogleCalendarSandbox(agenda)


def microsoft365(records: int) -> SandboxServer:
    """One mailbox with everything in its inbox, and one calendar."""
    from connectors.microsoft365.sandbox import Diary, MicrosoftSandbox, Postbox

    box, diary = Postbox(WHO), Diary((WHO,))
    for number in range(records):
        person = {"emailAddress": {"address": f"kim.{number}@plum.example", "name": "Kim"}}
        mail = {"subject": f"Question {number}", "internetMessageId": f"<m{number}@plum.example>", "from": person}
        box.deliver({**mail, "toRecipients": [{"emailAddress": {"address": WHO, "name": "Ilse"}}]}, "inbox")
        start = START + timedelta(hours=number % 1_000)
        times = {"start": start, "end": start + timedelta(hours=1)}
        planned = {name: {"dateTime": at.isoformat(), "timeZone": "UTC"} for name, at in times.items()}
        guest = {**person, "type": "required", "status": {"response": "accepted"}}
        diary.insert(WHO, {"subject": f"Meeting {number}", "attendees": [guest], **planned}, "")
    return MicrosoftSandbox({WHO: box}, diary)


def odoo(records: int) -> SandboxServer:
    """One database with partners."""
    from connectors.odoo.database import Database
    from connectors.odoo.sandbox import OdooSandbox

    filling = Filling()
    database = Database(now=filling.now)
    database.unlink("res.partner", [row.id for row in database.rows("res.partner")])
    for number in range(records):
        filling.at = spread(records, number)
        database.create("res.partner", name=f"Ada {number}", email=f"ada.{number}@example.com")
    filling.at = None
    return OdooSandbox(database)


def meta_lead_ads(records: int) -> SandboxServer:
    """One form."""
    from connectors.meta_lead_ads.business import example
    from connectors.meta_lead_ads.sandbox import MetaSandbox

    filling = Filling()
    business = example(filling.now)
    form = next(iter(business.forms.values()))
    for number in range(records):
        filling.at = spread(records, number)
        business.submit(form, {"full_name": "Kim Plum", "email": f"kim.{number}@plum.example"})
    filling.at = None
    return MetaSandbox(business)


def linkedin_lead_sync(records: int) -> SandboxServer:
    """One ad account."""
    from connectors.linkedin_lead_sync.sandbox import ACCOUNT, LinkedInSandbox, Owner

    owner = Owner(ACCOUNT)
    for number in range(records):
        answers = {"FIRST_NAME": "Kim", "EMAIL": f"kim.{number}@plum.example"}
        owner.submit(answers, spread(records, number))
    return LinkedInSandbox({ACCOUNT: owner})


def google_ads_leads(records: int) -> SandboxServer:
    """One account."""
    from connectors.google_ads_leads.account import AdsAccount
    from connectors.google_ads_leads.sandbox import CUSTOMER, AdsSandbox

    account = AdsAccount(CUSTOMER)
    for number in range(records):
        account.submit({"EMAIL": f"kim.{number}@plum.example"}, spread(records, number))
    return AdsSandbox(account)


def tiktok_leads(records: int) -> SandboxServer:
    """One form."""
    from connectors.tiktok_leads.sandbox import Form, TikTokSandbox

    form = Form("7100000000000000001", "Trial form")
    for number in range(records):
        form.submit({"Email": f"kim.{number}@plum.example"}, spread(records, number))
    # An export takes a while over there; here a minute goes by whenever anybody asks.
    minutes = count()
    return TikTokSandbox({form.id: form}, now=lambda: NOW + timedelta(minutes=next(minutes)))


SUBJECTS: Mapping[str, Subject] = {
    f"{one.connector} {one.stream}": one
    for one in (
        Subject(
            "gmail",
            "messages",
            gmail,
            "Gmail reference, messages.list: maxResults up to 500; 'Batching requests': more than 50 are advised against",
            pages={"ids": 500, "messages in a batch": 50},
            forced={"the history id to go on from": 1},
        ),
        Subject(
            "google_ads_leads",
            "leads",
            google_ads_leads,
            "searchStream brings whatever a query asks for in one answer; the connector asks for so many rows at a time",
            pages={"rows": 10_000},
        ),
        Subject(
            "google_calendar",
            "events",
            google_calendar,
            "Calendar reference, events.list: maxResults up to 2500",
            pages={"events": 2_500},
            largest={"page_size": 2_500},
        ),
        Subject(
            "hubspot",
            "contacts",
            hubspot,
            "CRM objects v3, list: limit up to 100",
            pages={"contacts": 100},
            forced={"the names of the properties, which a listing has to be told": 1},
            idle={"the names of the properties, which a search has to be told": 1},
        ),
        Subject(
            "hubspot",
            "deals",
            hubspot,
            "CRM objects v3, list: limit up to 100, and associations along with the records where asked",
            pages={"deals": 100},
            forced={"the names of the properties, which a listing has to be told": 1},
            idle={"the names of the properties, which a search has to be told": 1},
        ),
        Subject(
            "linkedin_lead_sync",
            "leads",
            linkedin_lead_sync,
            "no largest page is documented: the connector's own",
            pages={"responses": 100},
        ),
        Subject(
            "meta_lead_ads",
            "leads",
            meta_lead_ads,
            "no largest page of leads is documented: the connector's own",
            pages={"leads": 100},
        ),
        Subject(
            "microsoft365",
            "events",
            microsoft365,
            "Graph, event: delta documents odata.maxpagesize without a largest one: the connector's own",
            pages={"events": 250},
            forced={"a span of at most 1,825 days each: one more than the one that holds them": 1},
            idle={"the other span of at most 1,825 days": 1},
        ),
        Subject(
            "microsoft365",
            "messages",
            microsoft365,
            "Graph, message: delta documents odata.maxpagesize without a largest one (a plain list: 1,000): our own",
            pages={"messages": 250},
            forced={"which folders there are": 1, "each folder is tracked by itself: two more, empty": 2},
            idle={"which folders there are": 1, "each folder is tracked by itself: two more": 2},
        ),
        Subject(
            "odoo",
            "partners",
            odoo,
            "Odoo has no largest page: the connector's own",
            pages={"partners": 200},
            forced={"definitions of the fields": 1, "the newest date": 1, "an empty page is the only end": 1},
            idle={"definitions of the fields": 1, "the newest date, since two clocks need not agree": 1},
        ),
        Subject(
            "tiktok_leads",
            "leads",
            tiktok_leads,
            "no contract could be read (its README): an export has all of a form",
            pages={"leads": 1_000_000},
            forced={"to begin, await and fetch it, in each of three regions": 8},
            idle={"a form is exported whole or not at all": 8},
        ),
    )
}


def main() -> None:
    """Serves until killed; prints one line of JSON first."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("subject", choices=SUBJECTS)
    parser.add_argument("records", type=int)
    options = parser.parse_args()
    with SUBJECTS[options.subject].fill(options.records) as server:
        print(json.dumps(dict(server.settings)), flush=True)
        server.wait()


if __name__ == "__main__":
    main()
