"""Contact exports of CRMs: HubSpot, Salesforce, Zoho and Freshsales, with the labels of the account's language.

The ids are the records' ids over there: references, and evidence.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from connectors.files.layouts.crm_labels import LABELS, STAGES, YES
from connectors.files.layouts.layout import (
    Cells,
    FileFacts,
    Layout,
    Shaped,
    first,
    instant,
    required,
    rest,
    split_list,
)
from connectors.files.layouts.person import CONTACT_RULES, birth_date, contact, filled
from mapping.errors import RecordError


def _columns(*ids: str) -> dict[str, tuple[str, ...]]:
    return {ids[0]: ids[1:], **LABELS}


def _body(cells: dict[str, Any], columns: Mapping[str, Any], ids: list[str], **more: Any) -> dict[str, Any]:
    """What every CRM's contact says; ``more`` are ``source``, a ``stage`` and whether it is an ``account``."""
    leftover = rest(cells, columns)
    if cells.get("Deleted", "").casefold() in YES:
        # A full Salesforce export carries its recycle bin along: the row stays, nobody comes of it.
        return {**cells, "_rest": leftover}
    account = bool(more.get("account"))
    person = {} if account else _person(cells)
    if cells.get("Birthday") and "birth_date" not in person:
        leftover["Birthday"] = cells["Birthday"]
    stage = STAGES.get(cells.get("Lifecycle Stage", "").casefold()) or more.get("stage")
    if cells.get("Lifecycle Stage") and not stage:
        leftover["Lifecycle Stage"] = cells["Lifecycle Stage"]
    emails = split_list(cells.get("Email", "")) + split_list(cells.get("Additional Emails", ""))
    body = contact(
        cells,
        person,
        filled(
            name=cells.get("Company") or (cells.get("Name") if account else None),
            industry=cells.get("Industry"),
        ),
        emails,
        [cells[name] for name in ("Phone", "Mobile", "Home Phone", "Other Phone") if cells.get(name)],
        known_person=bool(emails) and not account,  # a CRM's contact is somebody, also without a name
        address=_address(cells),
        website=cells.get("Website"),
        ids=ids,
        tags=split_list(cells.get("Tags", "")),
        stage=stage,
        owner=cells.get("Owner") or cells.get("Sales owner"),
        notes=cells.get("Description"),
        source=more.get("source"),
        rest=leftover,
        created_at=cells.get("Created"),
        updated_at=cells.get("Modified"),
    )
    if cells.get("Opted Out", "").casefold() in YES:
        # The opposite says nothing: who has not objected has not agreed either.
        body["_email_consent"] = False
    return body


def _person(cells: dict[str, Any]) -> dict[str, Any]:
    given, family = cells.get("First Name"), cells.get("Last Name")
    return filled(
        name=cells.get("Name") if not (given or family) else None,
        given_name=given,
        family_name=family,
        honorific_prefix=cells.get("Salutation"),
        birth_date=birth_date(cells.get("Birthday", "")),
        job_title=cells.get("Job Title"),
        department=cells.get("Department"),
    )


def _address(cells: dict[str, Any]) -> dict[str, Any]:
    return filled(
        street=cells.get("Street"),
        locality=cells.get("City"),
        region=cells.get("State"),
        postal_code=cells.get("Postal Code"),
        country=cells.get("Country"),
    )


def _shaped(identity: str, cells: dict[str, Any], body: dict[str, Any]) -> Shaped:
    return Shaped(identity, body, instant(cells.get("Modified", "")))


_NAMED = frozenset(("Name", "First Name", "Last Name", "Email"))


def _people(header: frozenset[str], identity: str) -> bool:
    return identity in header and bool(header & {"First Name", "Last Name", "Email"})


_HUBSPOT = _columns(
    "Record ID",
    "Record ID - Contact",
    "Contact ID",
    "Datensatz-ID",
    "ID de registro",
    "ID de fiche",
    "ID d'enregistrement",
)


def _hubspot(cells: dict[str, Any], facts: FileFacts) -> Shaped:
    identity = required(cells, "Record ID")
    ids = [facts.reference("hubspot", "contact", identity)]
    return _shaped(identity, cells, _body(cells, _HUBSPOT, ids, source="hubspot"))


_ZOHO = _columns("Record Id")


def _zoho(cells: dict[str, Any], facts: FileFacts) -> Shaped:
    identity = required(cells, "Record Id").removeprefix("zcrm_")
    lead = "Lead Status" in cells
    ids = [facts.reference("zoho", "lead" if lead else "contact", identity)]
    return _shaped(identity, cells, _body(cells, _ZOHO, ids, source="zoho", stage="lead" if lead else None))


_SALESFORCE = _columns("Id", "Contact ID", "Contact Id", "Lead ID", "Lead Id", "Account ID")
_SALESFORCE_ID = re.compile(r"[A-Za-z0-9]{15}([A-Z0-5]{3})?")
_OBJECTS = {"003": "contact", "00Q": "lead", "001": "account"}
_SUFFIX = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


def eighteen(identity: str) -> str:
    """The 18-character form of a Salesforce id: the 15 characters, and three that spell which of them are capitals.

    Raises RecordError for a text that is no id.
    """
    if not _SALESFORCE_ID.fullmatch(identity):
        raise RecordError("the id is not one of Salesforce's, which have 15 or 18 characters")
    short = identity[:15]
    blocks = (short[start : start + 5] for start in (0, 5, 10))
    marks = (
        sum(1 << place for place, char in enumerate(block) if char.isascii() and char.isupper()) for block in blocks
    )
    return short + "".join(_SUFFIX[mark] for mark in marks)


def _salesforce(cells: dict[str, Any], facts: FileFacts) -> Shaped:
    identity = eighteen(required(cells, "Id"))
    kind = _OBJECTS.get(identity[:3])
    if kind is None:
        raise RecordError("the id is not that of a contact, a lead or an account")
    body = _body(
        cells,
        _SALESFORCE,
        [facts.reference("salesforce", kind, identity)],
        source="salesforce",
        stage="lead" if kind == "lead" else None,
        account=kind == "account" and not cells.get("Last Name"),
    )
    return _shaped(identity, cells, body)


def _is_salesforce(header: frozenset[str], rows: Sequence[Cells]) -> bool:
    ids = [row.get("Id", "") for row in rows if row.get("Id")]
    known = [one for one in ids if _SALESFORCE_ID.fullmatch(one) and one[:3] in _OBJECTS]
    return bool(header & _NAMED) and bool(ids) and len(known) == len(ids)


_FRESHSALES = _columns("Id", "Contact id") | {"Sales owner": ()}


def _freshsales(cells: dict[str, Any], facts: FileFacts) -> Shaped:
    identity = required(cells, "Id")
    ids = [facts.reference("freshsales", "contact", identity)]
    return _shaped(identity, cells, _body(cells, _FRESHSALES, ids, source="freshsales"))


def _is_zoho(header: frozenset[str], rows: Sequence[Cells]) -> bool:
    return _people(header, "Record Id") and bool(first(rows[0] if rows else {}, ("Record Id",)).startswith("zcrm_"))


def _is_freshsales(header: frozenset[str], rows: Sequence[Cells]) -> bool:
    # "Sales owner" is the vendor's own word; the ids are plain numbers.
    ids = [row["Id"] for row in rows if row.get("Id")]
    numbers = bool(ids) and all(one.isdigit() for one in ids)
    return _people(header, "Id") and "Sales owner" in header and numbers


def _is_hubspot(header: frozenset[str], rows: Sequence[Cells]) -> bool:
    return _people(header, "Record ID") and all(row.get("Record ID", "0").isdigit() for row in rows)


ZOHO_CONTACTS = Layout("zoho_contacts", "Zoho CRM contacts", CONTACT_RULES, _zoho, columns=_ZOHO, recognises=_is_zoho)
SALESFORCE_CONTACTS = Layout(
    "salesforce_contacts",
    "Salesforce contacts, leads and accounts",
    CONTACT_RULES,
    _salesforce,
    columns=_SALESFORCE,
    recognises=_is_salesforce,
)
FRESHSALES_CONTACTS = Layout(
    "freshsales_contacts",
    "Freshsales contacts",
    CONTACT_RULES,
    _freshsales,
    columns=_FRESHSALES,
    recognises=_is_freshsales,
)
HUBSPOT_CONTACTS = Layout(
    "hubspot_contacts", "HubSpot contacts", CONTACT_RULES, _hubspot, columns=_HUBSPOT, recognises=_is_hubspot
)
