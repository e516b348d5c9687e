"""Kettingwerk, an invented bicycle workshop with an online store, as the export files that such a company has.

Everything follows from the seed: the same seed and size write the same bytes, with the same times.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from random import Random

from admin.demo import contacts, mail, marketing, meetings, shop
from admin.demo.ledger import Ledger, Origin
from admin.demo.people import TODAY, Person, populate
from admin.demo.trade import trade

SEED = 7
CUSTOMERS = 3_000
COUNTRY = "NL"
CURRENCY = "EUR"
INTERNAL = ("kettingwerk.example",)
NEVER_LOG = ("*@maasbank.example",)
TRUTH = "truth.csv"
EXPORTED_DAYS_AGO = {
    shop.CUSTOMERS: shop.DAYS_AGO,
    shop.ORDERS: shop.DAYS_AGO,
    contacts.FILE: 51,
    marketing.LEADS: 10,
    **dict.fromkeys(marketing.AUDIENCE.values(), 18),
}


@dataclass(frozen=True, slots=True)
class Summary:
    """What was written: records by file name, and the truth behind them.

    ``people`` are all who exist; ``origins`` says for each record of a person which of them it comes from. Mail and
    meetings name people by address only and have no origin of their own.
    """

    folder: Path
    people: tuple[Person, ...]
    files: Mapping[str, int]
    origins: tuple[Origin, ...]

    @property
    def records(self) -> int:
        """How many records there are in all files."""
        return sum(self.files.values())


def dice(seed: int, what: str) -> Random:
    """Chance for one file or server alone, so that a change to one leaves the others as they were."""
    return Random(f"{seed} {what}")  # noqa: S311 - an invented company needs no secrecy


def write_company(folder: Path, seed: int = SEED, customers: int = CUSTOMERS, *, truth: bool = False) -> Summary:
    """Writes the export files into the folder, which is made if need be, and returns what they hold.

    With ``truth`` the origins are also written, as ``truth.csv`` beside the folder and not in it, so that nobody reads
    them by accident as one more export.
    """
    folder.mkdir(parents=True, exist_ok=True)
    people = populate(dice(seed, "people"), customers)
    ledger = Ledger()
    sold = trade(dice(seed, "trade"), people)
    customers_of_shop = shop.customers(dice(seed, "shop customers"), sold)
    accounts, orders = shop.write_shop(folder, dice(seed, "shop"), sold, customers_of_shop, ledger)
    files = {
        shop.CUSTOMERS: accounts,
        shop.ORDERS: orders,
        contacts.FILE: contacts.write_contacts(folder, dice(seed, "contacts"), people, ledger),
        marketing.LEADS: marketing.write_leads(folder, dice(seed, "leads"), people, ledger),
    }
    audience = marketing.write_audience(folder, dice(seed, "audience"), people, ledger)
    files |= {marketing.AUDIENCE[status]: count for status, count in audience.items()}
    files[meetings.FILE] = meetings.write_calendar(folder, dice(seed, "calendar"), people)
    files[mail.FILE] = mail.write_mail(folder, dice(seed, "mail"), people)
    _date(folder, files)
    if truth:
        _write_truth(folder.parent / TRUTH, ledger)
    return Summary(folder, tuple(people), files, tuple(ledger.origins))


def _date(folder: Path, files: Iterable[str]) -> None:
    """Gives each file the time at which it was exported: where a record has none of its own, that is how old it is."""
    for name in files:
        at = datetime.combine(TODAY - timedelta(days=EXPORTED_DAYS_AGO.get(name, 0)), time(8), tzinfo=UTC)
        if name == shop.CUSTOMERS:
            at += timedelta(minutes=5)
        os.utime(folder / name, (at.timestamp(), at.timestamp()))


def _write_truth(path: Path, ledger: Ledger) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("file", "row", "key", "person"))
        writer.writerows((each.file, each.row, each.key, each.person) for each in ledger.origins)
