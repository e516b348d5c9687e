"""The counter's address book, exported from Google Contacts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from random import Random

from admin.demo import mess
from admin.demo.ledger import Ledger, write_rows
from admin.demo.people import TODAY, TOLD, Person

FILE = "contacts.csv"
COLUMNS = (
    "First Name",
    "Middle Name",
    "Last Name",
    "Phonetic First Name",
    "Phonetic Middle Name",
    "Phonetic Last Name",
    "Name Prefix",
    "Name Suffix",
    "Nickname",
    "File As",
    "Organization Name",
    "Organization Title",
    "Organization Department",
    "Birthday",
    "Notes",
    "Photo",
    "Labels",
    "E-mail 1 - Label",
    "E-mail 1 - Value",
    "E-mail 2 - Label",
    "E-mail 2 - Value",
    "Phone 1 - Label",
    "Phone 1 - Value",
    "Phone 2 - Label",
    "Phone 2 - Value",
    "Address 1 - Label",
    "Address 1 - Formatted",
    "Address 1 - Street",
    "Address 1 - City",
    "Address 1 - PO Box",
    "Address 1 - Region",
    "Address 1 - Postal Code",
    "Address 1 - Country",
    "Address 1 - Extended Address",
)
SUPPLIERS = (
    ("Cortina Onderdelen BV", "verkoop@cortina-onderdelen.example", "+31402134455"),
    ("Velo Import Liège", "commandes@veloimport.example", "+3242556677"),
    ("Brügelmann Großhandel", "service@bruegel-grosshandel.example", "+49221998877"),
)


def write_contacts(folder: Path, rng: Random, people: Sequence[Person], ledger: Ledger) -> int:
    """Writes the export and returns how many cards it holds: customers, suppliers, and one made as a test."""
    rows: list[dict[str, object]] = []
    for person in people:
        if person.traces.noted:
            ledger.note(FILE, len(rows), "", person.number)
            rows.append(_card(rng, person))
    for name, address, number in SUPPLIERS:
        rows.append(_supplier(name, address, number))
    rows.append(
        {
            "First Name": "Test",
            "Last Name": "Test",
            "Labels": "* myContacts",
            "E-mail 1 - Label": "* ",
            "E-mail 1 - Value": mess.PLACEHOLDER_EMAILS[1],
            "Phone 1 - Label": "Mobile",
            "Phone 1 - Value": mess.PLACEHOLDER_PHONE,
        }
    )
    write_rows(folder / FILE, COLUMNS, rows)
    return len(rows)


def _card(rng: Random, person: Person) -> dict[str, object]:
    given, family = mess.name(rng, person, person.since)
    if rng.random() < 0.08 and person.number >= TOLD:
        given, family = "", f"{family}, {given}"
    row: dict[str, object] = {"First Name": given, "Last Name": family, "Labels": "* myContacts"}
    told = person.number == 0
    if told or rng.random() < 0.7:
        row |= {"Phone 1 - Label": "* Mobile", "Phone 1 - Value": mess.phone(rng, person)}
        if person.home_phone and rng.random() < 0.5:
            # Two numbers under one label stand in one cell.
            row["Phone 1 - Value"] = f"{row['Phone 1 - Value']} ::: {mess.phone(rng, person, person.home_phone)}"
    if told or rng.random() < 0.6 or "Phone 1 - Value" not in row:
        row |= {"E-mail 1 - Label": "* Home", "E-mail 1 - Value": person.emails[0] if told else mess.email(rng, person)}
        if len(person.emails) > 1 and (told or rng.random() < 0.5):
            row |= {"E-mail 2 - Label": "Work", "E-mail 2 - Value": person.emails[1]}
    if rng.random() < 0.3:
        row["Labels"] = f"* myContacts ::: {rng.choice(('Werkplaats', 'Leasefiets', 'Club'))}"
    if rng.random() < 0.2:
        row["Birthday"] = f"--{person.born:%m-%d}" if rng.random() < 0.5 else person.born.isoformat()
    if rng.random() < 0.25:
        row["Notes"] = rng.choice(("Gazelle, sleutel 4471", "belt altijd voor 9 uur", "e-bike\nmotor 2x vervangen"))
    if rng.random() < 0.35:
        home = person.address(person.since if rng.random() < 0.6 else TODAY)
        row |= {
            "Address 1 - Label": "* Home",
            "Address 1 - Formatted": f"{home.street}\n{home.postal_code} {home.town}\n{person.country.code}",
            "Address 1 - Street": home.street,
            "Address 1 - City": home.town,
            "Address 1 - Postal Code": home.postal_code,
            "Address 1 - Country": person.country.code,
        }
    return row


def _supplier(name: str, address: str, number: str) -> dict[str, object]:
    return {
        "Organization Name": name,
        "Labels": "* myContacts ::: Leveranciers",
        "E-mail 1 - Label": "* Work",
        "E-mail 1 - Value": address,
        "Phone 1 - Label": "Work",
        "Phone 1 - Value": number,
    }
