"""What the bench of connectors reads: for each a server that holds so many records, and what its vendor allows.

``python -m bench.stand_ins SUBJECT RECORDS`` fills one and serves it until it is killed; it prints the ``config`` of a
connection to it. A further connector is one function in filled.py and one entry of SUBJECTS.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import ceil
from typing import Any, Protocol, Self

from bench import filled, mail_and_books, real


class Served(Protocol):
    """A server that runs while its context lasts."""

    @property
    def settings(self) -> Mapping[str, Any]:
        """What the ``config`` of a connection to it says."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def wait(self) -> None:
        """Blocks until it is stopped."""
        ...


@dataclass(frozen=True, slots=True)
class Subject:
    """One stream of one connector.

    ``pages`` are the records that one request may bring at most, by what it asks for; every record is met in each.
    ``source`` is where that is documented. ``forced`` are requests that a read of everything takes besides, and
    ``idle`` those that a read without news takes for a slice beyond one, both by their reason. ``most`` records are
    enough for a server that is slow to fill.
    """

    connector: str
    stream: str
    fill: Callable[[int], Served]
    source: str
    pages: Mapping[str, int]
    forced: Mapping[str, int] = field(default_factory=dict)
    idle: Mapping[str, int] = field(default_factory=dict)
    most: int = 1_000_000

    def fewest(self, records: int) -> int:
        """The least requests that a read of so many records takes."""
        return sum(ceil(records / most) for most in self.pages.values()) + sum(self.forced.values())


SUBJECTS: Mapping[str, Subject] = {
    f"{one.connector} {one.stream}": one
    for one in (
        Subject(
            "bigcommerce",
            "customers",
            filled.bigcommerce,
            "API v3, pagination: limit up to 250",
            pages={"customers": 250},
            forced={"an empty page is the only end": 1},
            most=10_000,
        ),
        Subject(
            "bigcommerce",
            "orders",
            filled.bigcommerce,
            "API v2, pagination: limit up to 250",
            pages={"orders": 250},
            forced={"an empty page is the only end": 1},
            most=10_000,
        ),
        Subject(
            "caldav",
            "events",
            real.calendar,
            "a report names whatever has changed; the connector fetches so many objects at a time",
            pages={"objects": 100},
            forced={"the report of what there is": 1},
            most=1_000,
        ),
        Subject(
            "carddav",
            "contacts",
            real.address_book,
            "a report names whatever has changed; the connector fetches so many objects at a time",
            pages={"cards": 100},
            forced={"the report of what there is": 1},
            most=1_000,
        ),
        Subject(
            "gmail",
            "messages",
            filled.gmail,
            "Gmail reference, messages.list: maxResults up to 500; batching guide: more than 50 are advised against",
            pages={"ids": 500, "messages in a batch": 50},
            forced={"the history id to go on from": 1},
        ),
        Subject(
            "google_ads_leads",
            "leads",
            filled.google_ads_leads,
            "searchStream brings all that a query asks for in one answer; the connector asks for so many rows at once",
            pages={"rows": 10_000},
        ),
        Subject(
            "google_calendar",
            "events",
            filled.google_calendar,
            "Calendar reference, events.list: maxResults up to 2500",
            pages={"events": 2_500},
        ),
        Subject(
            "hubspot",
            "contacts",
            filled.hubspot,
            "CRM objects v3, list: limit up to 100",
            pages={"contacts": 100},
            forced={"the names of the properties, which a listing has to be told": 1},
            idle={"the names of the properties, which a search has to be told": 1},
        ),
        Subject(
            "hubspot",
            "deals",
            filled.hubspot,
            "CRM objects v3, list: limit up to 100, and associations along with the records where asked",
            pages={"deals": 100},
            forced={"the names of the properties, which a listing has to be told": 1},
            idle={"the names of the properties, which a search has to be told": 1},
        ),
        Subject(
            "imap",
            "messages",
            mail_and_books.mailbox,
            "IMAP has no largest page: the connector's own",
            pages={"messages": 200},
            forced={"to open the folder": 1, "the UIDs that there are": 1},
        ),
        Subject(
            "linkedin_lead_sync",
            "leads",
            filled.linkedin_lead_sync,
            "no largest page is documented: the connector's own",
            pages={"responses": 100},
            most=2_000,  # so that the last day, which every read begins with, fits into a page
        ),
        Subject(
            "magento",
            "orders",
            filled.magento,
            "Adobe Commerce, input limiting: at most 300 records a page",
            pages={"orders": 300},
            most=20_000,
        ),
        Subject(
            "medusa",
            "orders",
            filled.medusa,
            "Medusa has no largest page: the connector's own",
            pages={"orders": 100},
        ),
        Subject(
            "meta_lead_ads",
            "leads",
            filled.meta_lead_ads,
            "no largest page of leads is documented: the connector's own",
            pages={"leads": 100},
        ),
        Subject(
            "microsoft365",
            "events",
            filled.microsoft365,
            "Graph, event: delta documents odata.maxpagesize without a largest one: the connector's own",
            pages={"events": 250},
            forced={"a span of at most 1,825 days each: one more than the one that holds them": 1},
            idle={"the other span of at most 1,825 days": 1},
        ),
        Subject(
            "microsoft365",
            "messages",
            filled.microsoft365,
            "Graph, message: delta documents odata.maxpagesize without a largest one (a plain list: 1,000): our own",
            pages={"messages": 250},
            forced={"which folders there are": 1, "each folder is tracked by itself: two more, empty": 2},
            idle={"which folders there are": 1, "each folder is tracked by itself: two more": 2},
        ),
        Subject(
            "odoo",
            "partners",
            filled.odoo,
            "Odoo has no largest page: the connector's own",
            pages={"partners": 200},
            forced={"definitions of the fields": 1, "the newest date": 1, "an empty page is the only end": 1},
            idle={"definitions of the fields": 1, "the newest date, since two clocks need not agree": 1},
        ),
        Subject(
            "shopify",
            "customers",
            filled.shopify,
            "a query may cost 1,000 points: of customers so many by the dearest reading of the rule, 250 at most",
            pages={"customers": 190},
            most=2_000,  # what is more takes four requests however much it is: a bulk operation
        ),
        Subject(
            "shopify",
            "orders",
            filled.shopify,
            "a query may cost 1,000 points: of orders with what hangs on them so many, dearly reckoned",
            pages={"orders": 10},
            most=2_000,  # what is more takes four requests however much it is: a bulk operation
        ),
        Subject(
            "stripe",
            "charges",
            filled.stripe,
            "API reference, list all charges: limit up to 100",
            pages={"charges": 100},
        ),
        Subject(
            "tiktok_leads",
            "leads",
            filled.tiktok_leads,
            "no contract could be read (its README): an export has all of a form",
            pages={"leads": 1_000_000},
            forced={"to begin, await and fetch it, in each of three regions": 8},
            idle={"a form is exported whole or not at all": 8},
        ),
        Subject(
            "tryton",
            "parties",
            mail_and_books.parties,
            "Tryton has no largest page: the connector's own",
            pages={"parties": 200},
            forced={
                "definitions of the fields": 1,
                "who works for the company, and which companies there are": 2,
                "a last page that is full ends nothing, and that of a thousand is": 1,
            },
            idle={"definitions of the fields": 1},
            most=1_000,
        ),
        Subject(
            "vendure",
            "orders",
            filled.vendure,
            "Vendure, adminListQueryLimit: up to 1,000; the connector's own, for all that hangs on an order",
            pages={"orders": 100},
        ),
        Subject(
            "woocommerce",
            "customers",
            filled.woocommerce,
            "REST API v3, Pagination, and WC_REST_Controller: per_page up to 100",
            pages={"customers": 100},
            most=10_000,
        ),
        Subject(
            "woocommerce",
            "orders",
            filled.woocommerce,
            "REST API v3, Pagination, and WC_REST_Controller: per_page up to 100",
            pages={"orders": 100},
            idle={"orders in the trash, which stand in no other listing": 1},
            most=10_000,
        ),
    )
}


def main() -> None:
    """Serves until killed; prints one line of JSON first."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("subject", choices=SUBJECTS)
    parser.add_argument("records", type=int)
    options = parser.parse_args()
    # What stops us must stop a server that is a process of its own as well.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    try:
        with SUBJECTS[options.subject].fill(options.records) as server:
            print(json.dumps(dict(server.settings)), flush=True)
            server.wait()
    except real.NotInstalledError as absent:
        print(json.dumps({"absent": str(absent)}), flush=True)


if __name__ == "__main__":
    main()
