"""Outlook's contact export, with English or German column names."""

from __future__ import annotations

from typing import Any

from connectors.files.layouts.layout import FileFacts, Layout, Shaped, first, identity_of, rest, split_list
from connectors.files.layouts.person import CONTACT_RULES, birth_date, contact, filled

_COLUMNS: dict[str, tuple[str, ...]] = {
    "Title": ("Anrede",),
    "First Name": ("Vorname",),
    "Middle Name": ("Weitere Vornamen",),
    "Last Name": ("Nachname",),
    "Suffix": (),
    "Nickname": ("Spitzname",),
    "Company": ("Firma",),
    "Department": ("Abteilung",),
    "Job Title": ("Position",),
    "Birthday": ("Geburtstag",),
    "Categories": ("Kategorien",),
    "Notes": ("Notizen",),
    "Web Page": ("Webseite",),
    "E-mail Address": ("E-Mail-Adresse",),
    "E-mail 2 Address": ("E-Mail 2: Adresse",),
    "E-mail 3 Address": ("E-Mail 3: Adresse",),
    "E-mail Type": ("E-Mail-Typ",),
    "E-mail Display Name": ("E-Mail: Angezeigter Name",),
    "E-mail 2 Type": ("E-Mail 2: Typ",),
    "E-mail 2 Display Name": ("E-Mail 2: Angezeigter Name",),
    "E-mail 3 Type": ("E-Mail 3: Typ",),
    "E-mail 3 Display Name": ("E-Mail 3: Angezeigter Name",),
    "Mobile Phone": ("Mobiltelefon",),
    "Business Phone": ("Telefon geschäftlich",),
    "Business Phone 2": ("Telefon geschäftlich 2",),
    "Home Phone": ("Telefon privat", "Telefon (privat)"),
    "Home Phone 2": ("Telefon privat 2",),
    "Company Main Phone": ("Telefon Firma",),
    "Primary Phone": ("Haupttelefon",),
    "Other Phone": ("Weiteres Telefon",),
    **{
        f"{english} {part}": (f"{german_part} {german}",)
        for english, german in (("Business", "geschäftlich"), ("Home", "privat"))
        for part, german_part in (
            ("Street", "Straße"),
            ("City", "Ort"),
            ("State", "Region"),
            ("Postal Code", "Postleitzahl"),
            ("Country/Region", "Land/Region"),
        )
    },
    "Business Country": (),
    "Home Country": (),
}

_ADDRESSES = frozenset(
    f"{kind} {part}"
    for kind in ("Business", "Home")
    for part in ("Street", "City", "State", "Postal Code", "Country/Region", "Country")
)
_EMAILS = ("E-mail Address", "E-mail 2 Address", "E-mail 3 Address")
_PHONES = (
    "Mobile Phone",
    "Business Phone",
    "Home Phone",
    "Primary Phone",
    "Business Phone 2",
    "Home Phone 2",
    "Other Phone",
)


def _address(cells: dict[str, Any]) -> dict[str, Any]:
    for kind in ("Business", "Home"):
        parts = filled(
            street=cells.get(f"{kind} Street"),
            locality=cells.get(f"{kind} City"),
            region=cells.get(f"{kind} State"),
            postal_code=cells.get(f"{kind} Postal Code"),
            country=first(cells, (f"{kind} Country/Region", f"{kind} Country")),
        )
        if parts:
            return parts
    return {}


def _leftover(cells: dict[str, Any], *, named: bool, born: str) -> dict[str, Any]:
    found = rest(cells, _COLUMNS)
    if named and cells.get("Company Main Phone"):
        # The switchboard is the company's number, not the person's.
        found["Company Main Phone"] = cells["Company Main Phone"]
    if any(name.startswith("Business ") and name in _ADDRESSES for name in cells):
        found.update({name: cell for name, cell in cells.items() if name.startswith("Home ") and name in _ADDRESSES})
    # 0/0/00 is how Outlook writes that there is no birthday; other forms depend on the machine's settings.
    if cells.get("Birthday") and not born and not cells["Birthday"].startswith("0/0/0"):
        found["Birthday"] = cells["Birthday"]
    return found


def _contact(cells: dict[str, Any], facts: FileFacts) -> Shaped:
    emails = [cells[name] for name in _EMAILS if cells.get(name)]
    phones = [cells[name] for name in _PHONES if cells.get(name)]
    born = birth_date(cells.get("Birthday", ""))
    person = filled(
        given_name=cells.get("First Name"),
        additional_name=cells.get("Middle Name"),
        family_name=cells.get("Last Name"),
        honorific_prefix=cells.get("Title"),
        honorific_suffix=cells.get("Suffix"),
        nickname=cells.get("Nickname"),
        birth_date=born,
        job_title=cells.get("Job Title"),
        department=cells.get("Department"),
    )
    named = any(person.get(part) for part in ("given_name", "family_name", "nickname"))
    if cells.get("Company Main Phone") and not named:
        phones.append(cells["Company Main Phone"])
    body = contact(
        cells,
        person,
        filled(name=cells.get("Company")),
        emails,
        phones,
        address=_address(cells),
        website=cells.get("Web Page"),
        tags=split_list(cells.get("Categories", "")),
        notes=cells.get("Notes"),
        rest=_leftover(cells, named=named, born=born),
    )
    told = ("First Name", "Last Name", "Company", "_at")
    return Shaped(identity_of({**cells, "_at": next(iter(emails + phones), "")}, *told), body)


OUTLOOK_CONTACTS = Layout(
    stream="outlook_contacts",
    title="Outlook contacts",
    columns=_COLUMNS,
    recognises=lambda header, rows: (
        {"First Name", "Last Name", "E-mail Address"} <= header
        and bool(header & {"Business Phone", "Mobile Phone", "Home Phone", "Business Street"})
    ),
    shape=_contact,
    rules=CONTACT_RULES,
)
