"""Kettingwerk, an invented bicycle workshop with an online store, as the export files that such a company has.

Everything follows from the seed: the same seed and size write the same bytes.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random

from admin.demo import contacts, mail, marketing, meetings, shop
from admin.demo.ledger import Ledger, Origin
from admin.demo.people import Person, populate

SEED = 7
CUSTOMERS = 3_000
COUNTRY = "NL"
INTERNAL = ("kettingwerk.example",)
NEVER_LOG = ("*@maasbank.example",)
TRUTH = "truth.csv"


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


def write_company(folder: Path, seed: int = SEED, customers: int = CUSTOMERS, *, truth: bool = False) -> Summary:
    """Writes the export files into the folder, which is made if need be, and returns what they hold.

    With ``truth`` the origins are also written, as ``truth.csv`` beside the folder and not in it, so that nobody reads
    them by accident as one more export.
    """
    folder.mkdir(parents=True, exist_ok=True)
    people = populate(Random(f"{seed} people"), customers)  # noqa: S311 - an invented company needs no secrecy
    ledger = Ledger()

    def dice(what: str) -> Random:
        # One for each file, so that a change to one leaves the others as they were.
        return Random(f"{seed} {what}")  # noqa: S311 - as above

    accounts, orders = shop.write_shop(folder, dice("shop"), people, ledger)
    files = {
        shop.CUSTOMERS: accounts,
        shop.ORDERS: orders,
        contacts.FILE: contacts.write_contacts(folder, dice("contacts"), people, ledger),
        marketing.LEADS: marketing.write_leads(folder, dice("leads"), people, ledger),
    }
    audience = marketing.write_audience(folder, dice("audience"), people, ledger)
    files |= {marketing.AUDIENCE[status]: count for status, count in audience.items()}
    files[meetings.FILE] = meetings.write_calendar(folder, dice("calendar"), people)
    files[mail.FILE] = mail.write_mail(folder, dice("mail"), people)
    if truth:
        _write_truth(folder.parent / TRUTH, ledger)
    return Summary(folder, tuple(people), files, tuple(ledger.origins))


def _write_truth(path: Path, ledger: Ledger) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("file", "row", "key", "person"))
        writer.writerows((each.file, each.row, each.key, each.person) for each in ledger.origins)
