"""Cards in canonical words, and people as cards: the default field rules, both ways, and the body they read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors.carddav.properties import ADDRESS_PARTS, KEY, KEY_LINE, PROPERTIES, is_ours, values
from connectors.core import vcards
from connectors.core.protocols import Target
from connectors.core.vcard_values import address_of, bulk_octets, name_of, number_of
from connectors.core.vcards import Card, Line
from mapping.contract import Uniqueness
from mapping.errors import RecordError
from mapping.model import Kind
from mapping.rules import EntityRules
from mapping.texts import TEXT_LIMIT

BATCH = 20
CONTACTS = "contacts"
ENVELOPE = ("kind", "emails", "phones", "addresses", "urls", "photo", "rev", "members", "other")
"""What a body holds beside its properties."""

_TOLD = frozenset(
    (
        *(one.line for one in PROPERTIES.values()),
        *("VERSION", "PRODID", "REV", "KIND", "MEMBER", "X-ADDRESSBOOKSERVER-KIND", "X-ADDRESSBOOKSERVER-MEMBER"),
        *("X-ABLABEL", "X-ABUID", "X-ABADR", "X-ABSHOWAS"),
    )
)

_ADDRESS = {f"address.{part}": f"properties.adr_{part}" for part in ADDRESS_PARTS}
_PROFILE = {
    **_ADDRESS,
    "email": "properties.email",
    # The first is the property; what Concord wrote says nothing new, wherever somebody has moved it to.
    "emails": "emails[1:] | [?!ours].value",
    "phone": "properties.tel",
    "phones": "phones[1:] | [?!ours].value",
    "website": "properties.url",
    "notes": "properties.note",
    "tags": "properties.categories",
    # RFC 6350 section 6.7.6: the UID belongs to whom the card is about, so copies in two books are one.
    "ids": "[join('', ['vcard:', properties.uid])][?@ != 'vcard:']",
    "updated_at": "date(rev)",
    "custom": "other",
}
RULES = (
    EntityRules(
        name="person",
        kind=Kind.PERSON,
        when="kind == 'individual'",
        fields={
            **_PROFILE,
            "name": "properties.fn",
            "given_name": "properties.n_given",
            "additional_name": "properties.n_additional",
            "family_name": "properties.n_family",
            "honorific_prefix": "properties.n_prefix",
            "honorific_suffix": "properties.n_suffix",
            "nickname": "properties.nickname",
            "birth_date": "properties.bday",
            "job_title": "properties.title || properties.role",
            "company": "properties.org",
            "department": "properties.org_unit",
        },
    ),
    EntityRules(
        name="organization",
        kind=Kind.ORGANIZATION,
        when="kind == 'org'",
        fields={**_PROFILE, "name": "properties.org || properties.fn"},
    ),
)

TARGET = Target(
    object=CONTACTS,
    kind=Kind.PERSON,
    batch_size=BATCH,
    uniqueness=Uniqueness.EXTERNAL_ID,
    external_id=KEY,
    match_on=("email", "tel"),
    fields={
        # A card must have a name. Whoever has none goes by what else is known, and that it is our word is known then.
        "fn": "name || concat([given_name, family_name]) || company || email || phone",
        "n_prefix": "honorific_prefix",
        "n_given": "given_name",
        "n_additional": "additional_name",
        "n_family": "family_name",
        "n_suffix": "honorific_suffix",
        "org": "company",
        "org_unit": "department",
        "title": "job_title",
        "email": "email",
        "tel": "phone",
        "url": "website",
        **{f"adr_{part}": f"address.{part}" for part in ADDRESS_PARTS},
    },
)


def body(text: str) -> Mapping[str, Any]:
    """A card as a record. Raises RecordError, which quotes nothing, for what is no card.

    ``properties`` are those that can be written; beside them stand all emails, numbers, addresses and sites with their
    types and labels, the size or the address of a photo, and the unknown properties.
    """
    try:
        card = vcards.read(text)
    except ValueError as wrong:
        raise RecordError(str(wrong)) from None
    found = {
        "kind": kind(card),
        "properties": values(card),
        "emails": [_one(card, line, line.text.strip()) for line in card.all("EMAIL")],
        "phones": [_one(card, line, number_of(line)) for line in card.all("TEL")],
        "addresses": [_one(card, line, dict(address_of(line))) for line in card.all("ADR")],
        "urls": [_one(card, line, line.text.strip()) for line in card.all("URL")],
        "photo": _photo(card),
        "rev": card.text("REV"),
        "members": [line.text for line in card.lines if line.name.endswith("MEMBER")],
        "other": _others(card),
    }
    return {name: value for name, value in found.items() if value}


def kind(card: Card) -> str:
    """``individual``, ``org``, ``group`` or another word of RFC 6350 section 6.1.4.

    Before 4.0 Apple's properties say it; and a card that is named like its organization, and no person, is that
    organization's.
    """
    said = (card.text("KIND") or card.text("X-ADDRESSBOOKSERVER-KIND")).casefold()
    organization = card.first("ORG")
    # Concord writes people only; one who has no name goes by that of a company at worst.
    named = bool(name_of(card)) or bool(card.text(KEY_LINE))
    if said in ("org", "organization") or card.text("X-ABSHOWAS").upper() == "COMPANY":
        return "org"
    if organization and not said and not named and card.text("FN") in ("", organization.parts[0].strip()):
        return "org"
    return said or "individual"


def _one(card: Card, line: Line, value: Any) -> dict[str, Any]:
    told = {
        "value": value,
        "types": sorted(line.types - {"pref", "internet"}),
        "label": card.label(line),
        "ours": is_ours(line),
    }
    return {name: said for name, said in told.items() if said}


def _photo(card: Card) -> dict[str, Any]:
    """What is known of a photo without it: its size in octets, or its address."""
    line = card.first("PHOTO")
    if line is None:
        return {}
    octets = bulk_octets(line)
    return {"octets": octets} if octets else {"url": line.text.strip()} if len(line.value) < 2_000 else {}


def _others(card: Card) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in card.lines:
        if line.name and line.name not in _TOLD | vcards.BINARY and not line.is_bulk:
            text = line.text.strip()[:TEXT_LIMIT]
            if text:
                found.setdefault(line.name, text)
    return found
