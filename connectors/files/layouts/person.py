"""The rules that every export of contacts shares: a person, or an organisation where a card names no person."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from mapping.model import Kind
from mapping.rules import EntityRules

CONTACT_RULES = (
    EntityRules(
        name="person",
        kind=Kind.PERSON,
        when="_person",
        fields={
            "name": "_person.name",
            "given_name": "_person.given_name",
            "additional_name": "_person.additional_name",
            "family_name": "_person.family_name",
            "honorific_prefix": "_person.honorific_prefix",
            "honorific_suffix": "_person.honorific_suffix",
            "nickname": "_person.nickname",
            "birth_date": "_person.birth_date",
            "job_title": "_person.job_title",
            "department": "_person.department",
            "company": "_organization.name",
            "email": "_emails[0]",
            "emails": "_emails",
            "phone": "_phones[0]",
            "phones": "_phones",
            "address": "_address",
            "website": "_website",
            "ids": "_ids",
            "tags": "_tags",
            "stage": "_stage",
            "owner": "_owner",
            "notes": "_notes",
            "email_consent": "_email_consent",
            "created_at": "date(_created_at)",
            "updated_at": "date(_updated_at)",
            "source": "_source",
            "custom": "_rest",
        },
    ),
    EntityRules(
        name="organization",
        kind=Kind.ORGANIZATION,
        when="!_person && _organization.name",
        fields={
            "name": "_organization.name",
            "industry": "_organization.industry",
            "email": "_emails[0]",
            "emails": "_emails",
            "phone": "_phones[0]",
            "phones": "_phones",
            "address": "_address",
            "website": "_website",
            "ids": "_ids",
            "tags": "_tags",
            "owner": "_owner",
            "notes": "_notes",
            "created_at": "date(_created_at)",
            "updated_at": "date(_updated_at)",
            "custom": "_rest",
        },
    ),
)


def filled(**values: Any) -> dict[str, Any]:
    """The values that say something."""
    return {name: value for name, value in values.items() if value not in (None, "", [], {})}


def contact(
    cells: dict[str, Any],
    person: dict[str, Any],
    organization: dict[str, Any],
    emails: Sequence[str],
    phones: Sequence[str],
    *,
    known_person: bool = False,
    **more: Any,
) -> dict[str, Any]:
    """A body that CONTACT_RULES read: the record's own fields, and what they mean under names with an underscore.

    Somebody is a person where a name is given, or an address or number and no organisation (or the layout knows better:
    ``known_person``); ``more`` are the other
    underscored values, empty ones left out. What looks like no email address goes to the rest.
    """
    addresses = [email for email in dict.fromkeys(emails) if "@" in email]
    odd = [email for email in emails if "@" not in email]
    leftover = dict(more.pop("rest", {}))
    if odd:
        leftover["email_as_given"] = odd
    numbers = list(dict.fromkeys(phones))
    named = any(person.get(part) for part in ("name", "given_name", "family_name", "nickname"))
    is_person = named or known_person or (bool(addresses or numbers) and not organization.get("name"))
    if is_person and not any(person.values()):
        person = {"named": False}
    body = dict(cells)
    body.update(
        filled(
            _person=person if is_person else None,
            _organization=organization,
            _emails=addresses,
            _phones=numbers,
            _rest=leftover,
            **{f"_{name}": value for name, value in more.items()},
        )
    )
    return body


_ISO_DAY = re.compile(r"\s*(\d{4})-?(\d\d)-?(\d\d)(T.*)?\s*", re.DOTALL)
_DAY_OF_ANY_YEAR = re.compile(r"\s*--(\d\d)-?(\d\d)\s*")


def birth_date(text: str) -> str:
    """``YYYY-MM-DD``, or ``--MM-DD`` where the year is not given; empty for anything that could be read two ways.

    1604 is what Apple's address book stores for an unknown year.
    """
    if found := _ISO_DAY.fullmatch(text):
        year, month, day = found.group(1), found.group(2), found.group(3)
        return f"--{month}-{day}" if year in ("1604", "0000") else f"{year}-{month}-{day}"
    if found := _DAY_OF_ANY_YEAR.fullmatch(text):
        return f"--{found.group(1)}-{found.group(2)}"
    return ""
