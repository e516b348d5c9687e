"""Google Contacts, the layout of 2024 and the one before."""

from __future__ import annotations

import re
from typing import Any

from connectors.files.layouts.layout import FileFacts, Layout, Shaped, first, identity_of
from connectors.files.layouts.person import CONTACT_RULES, birth_date, contact, filled

_JOIN = " ::: "
_NUMBERED = re.compile(r"^(E-mail|Phone|Address|Website) (\d+) - (.+)$")
_SYSTEM_GROUP = "myContacts"  # Google's own group of everybody who was ever saved: says nothing

_COLUMNS: dict[str, tuple[str, ...]] = {
    "First Name": ("Given Name",),
    "Middle Name": ("Additional Name",),
    "Last Name": ("Family Name",),
    "Name": (),
    "Name Prefix": (),
    "Name Suffix": (),
    "Nickname": (),
    "File As": (),
    "Organization Name": ("Organization 1 - Name",),
    "Organization Title": ("Organization 1 - Title",),
    "Organization Department": ("Organization 1 - Department",),
    "Birthday": (),
    "Notes": (),
    "Photo": (),
    "Labels": ("Group Membership",),
}


def _numbered(cells: dict[str, Any], what: str) -> list[dict[str, str]]:
    """The entries ``what 1``, ``what 2`` … with their fields, the starred (primary) one first."""
    entries: dict[int, dict[str, str]] = {}
    for name, cell in cells.items():
        if (found := _NUMBERED.match(name)) and found.group(1) == what:
            entries.setdefault(int(found.group(2)), {})[found.group(3)] = cell
    ordered = [entries[number] for number in sorted(entries)]
    return sorted(ordered, key=lambda entry: not entry.get("Label", entry.get("Type", "")).startswith("*"))


def _values(cells: dict[str, Any], what: str) -> list[str]:
    found = (entry.get("Value", "").split(_JOIN) for entry in _numbered(cells, what))
    return [value.strip() for values in found for value in values if value.strip()]


def _address(entry: dict[str, str]) -> dict[str, Any]:
    one = {name: cell.split(_JOIN)[0].strip() for name, cell in entry.items()}
    street = "\n".join(line for line in (one.get("Street", ""), one.get("Extended Address", "")) if line)
    parts = filled(
        street=street or one.get("PO Box"),
        locality=one.get("City"),
        region=one.get("Region"),
        postal_code=one.get("Postal Code"),
        country=one.get("Country"),
    )
    return parts or filled(street=one.get("Formatted"))


def _labels(text: str) -> list[str]:
    found = (label.strip().removeprefix("*").strip() for label in text.split(_JOIN.strip()))
    return [label for label in found if label and label != _SYSTEM_GROUP]


def _contact(cells: dict[str, Any], facts: FileFacts) -> Shaped:
    emails, phones = _values(cells, "E-mail"), _values(cells, "Phone")
    born = birth_date(cells.get("Birthday", ""))
    given, family = cells.get("First Name"), cells.get("Last Name")
    person = filled(
        name=cells.get("Name") if not (given or family) else None,
        given_name=given,
        additional_name=cells.get("Middle Name"),
        family_name=family,
        honorific_prefix=cells.get("Name Prefix"),
        honorific_suffix=cells.get("Name Suffix"),
        nickname=cells.get("Nickname"),
        birth_date=born,
        job_title=cells.get("Organization Title"),
        department=cells.get("Organization Department"),
    )
    addresses = [found for entry in _numbered(cells, "Address") if (found := _address(entry))]
    websites = _values(cells, "Website")
    rest: dict[str, Any] = {
        name: cell for name, cell in cells.items() if name not in _COLUMNS and not _NUMBERED.match(name)
    }
    if cells.get("Birthday") and not born:
        rest["Birthday"] = cells["Birthday"]
    rest.update(filled(other_addresses=addresses[1:], other_websites=websites[1:]))
    body = contact(
        {name: cell.split(_JOIN) if _JOIN in cell else cell for name, cell in cells.items()},
        person,
        filled(name=cells.get("Organization Name")),
        emails,
        phones,
        address=next(iter(addresses), {}),
        website=next(iter(websites), ""),
        tags=_labels(cells.get("Labels", "")),
        notes=cells.get("Notes"),
        rest=rest,
    )
    return Shaped(_identity(cells, emails, phones), body)


def _identity(cells: dict[str, Any], emails: list[str], phones: list[str]) -> str:
    """Google's export has no id: name, organisation and first address (or number) stand in for one."""
    name = first(cells, ("Name",)) or f"{cells.get('First Name', '')} {cells.get('Last Name', '')}".strip()
    told = {"name": name, "organization": cells.get("Organization Name", ""), "at": next(iter(emails + phones), "")}
    return identity_of(told if any(told.values()) else cells, *told)


GOOGLE_CONTACTS = Layout(
    stream="google_contacts",
    title="Google Contacts",
    columns=_COLUMNS,
    recognises=lambda header, rows: (
        {"First Name", "Last Name", "Labels"} <= header
        and any(name.startswith(("E-mail 1 - ", "Phone 1 - ", "Organization ")) for name in header)
    ),
    shape=_contact,
    rules=CONTACT_RULES,
)
