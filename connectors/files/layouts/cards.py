"""vCards: iCloud, Google, phones and everybody else who exchanges contacts."""

from __future__ import annotations

from typing import Any

from connectors.files.layouts.layout import FileFacts, Layout, Shaped, identity_of, instant
from connectors.files.layouts.person import CONTACT_RULES, birth_date, contact, filled


def _card(value: dict[str, Any], facts: FileFacts) -> Shaped:
    if value.get("KIND", value.get("X-ADDRESSBOOKSERVER-KIND", "")).casefold() == "group":
        # A list of other cards: kept as it is, nobody comes of it.
        return Shaped(value.get("UID") or identity_of(value, "FN"), dict(value))
    name, organization = value.get("N", {}), value.get("ORG", [])
    company = value.get("KIND", "").casefold() in ("org", "organization") or value.get("X-ABSHOWAS", "") == "COMPANY"
    formatted = value.get("FN", "")
    if formatted and organization and not any(name.values()) and formatted == organization[0]:
        company = True  # a card named like its organisation is the organisation's
    person = _person(value, organization)
    told = next(iter(organization), "") or (formatted if company else "")
    leftover = dict(value.get("OTHER", {}))
    if value.get("BDAY") and "birth_date" not in person:
        leftover["BDAY"] = value["BDAY"]
    leftover.update(filled(other_addresses=value.get("ADR", [])[1:], other_websites=value.get("URL", [])[1:]))
    emails, phones = value.get("EMAIL", []), value.get("TEL", [])
    body = contact(
        {key: cell for key, cell in value.items() if key != "OTHER"},
        {} if company else person,
        filled(name=told),
        emails,
        phones,
        address=next(iter(value.get("ADR", [])), {}),
        website=next(iter(value.get("URL", [])), ""),
        tags=value.get("CATEGORIES", []),
        notes=value.get("NOTE"),
        rest=leftover,
    )
    identity = value.get("UID") or identity_of({"fn": formatted, "at": next(iter(emails + phones), "")}, "fn", "at")
    return Shaped(identity, body, instant(value.get("REV", "")))


def _person(value: dict[str, Any], organization: list[str]) -> dict[str, Any]:
    name = value.get("N", {})
    return filled(
        name=value.get("FN"),
        given_name=name.get("given"),
        additional_name=name.get("additional"),
        family_name=name.get("family"),
        honorific_prefix=name.get("prefix"),
        honorific_suffix=name.get("suffix"),
        nickname=value.get("NICKNAME"),
        birth_date=birth_date(value.get("BDAY", "")),
        job_title=value.get("TITLE") or value.get("ROLE"),
        department=", ".join(organization[1:]),
    )


CARDS = Layout(
    stream="cards",
    title="vCards",
    format="vcard",
    shape=_card,
    opens=lambda text, name: text[:32].upper().startswith("BEGIN:VCARD"),
    rules=CONTACT_RULES,
)
