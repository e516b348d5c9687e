"""Mailchimp's audience exports; the file's name says whether its people are subscribed."""

from __future__ import annotations

import csv
import re
from typing import Any

from connectors.files.layouts.layout import FileFacts, Layout, Shaped, instant, required, rest
from connectors.files.layouts.person import filled
from mapping.model import Kind
from mapping.rules import EntityRules, ParticipantRules

_COLUMNS: dict[str, tuple[str, ...]] = {
    "Email Address": ("Email",),
    "First Name": ("FNAME",),
    "Last Name": ("LNAME",),
    "Phone Number": ("Phone", "PHONE"),
    "Address": ("ADDRESS",),
    "Birthday": ("BIRTHDAY",),
    "OPTIN_TIME": (),
    "CONFIRM_TIME": (),
    "LAST_CHANGED": (),
    "UNSUB_TIME": (),
    "UNSUB_REASON": (),
    "CLEAN_TIME": (),
    "CC": (),
    "REGION": (),
    "LEID": (),
    "EUID": (),
    "NOTES": (),
    "TAGS": (),
}

# "unsubscribed" holds "subscribed", so the longer words come first.
_STATUS = re.compile(r"(unsubscribed|nonsubscribed|non[-_ ]subscribed|transactional|cleaned|subscribed)", re.IGNORECASE)


def _status(cells: dict[str, Any], file_name: str) -> str:
    if found := _STATUS.search(file_name):
        word = re.sub("[-_ ]", "", found.group(1).casefold())
        return "nonsubscribed" if word == "transactional" else word
    if cells.get("UNSUB_TIME"):
        return "unsubscribed"
    return "cleaned" if cells.get("CLEAN_TIME") else ""


def _tags(text: str) -> list[str]:
    """``"VIP","Blog"``: a quoted list inside a quoted cell. A line break in it is a space."""
    line = " ".join(text.split())
    pieces = next(csv.reader([line], skipinitialspace=True), [])
    return [piece.strip() for piece in pieces if piece.strip()]


def _birthday(text: str) -> str:
    found = re.fullmatch(r"(\d\d)/(\d\d)", text)
    return f"--{found.group(1)}-{found.group(2)}" if found else ""


def _member(cells: dict[str, Any], facts: FileFacts) -> Shaped:
    email = required(cells, "Email Address")
    identity = cells.get("EUID") or cells.get("LEID") or email.casefold()
    status = _status(cells, facts.name)
    times = {"unsubscribed": "UNSUB_TIME", "cleaned": "CLEAN_TIME"}
    at = cells.get(times.get(status, "CONFIRM_TIME")) or cells.get("OPTIN_TIME") or cells.get("LAST_CHANGED")
    body: dict[str, Any] = dict(cells)
    body.update(
        filled(
            _status=status,
            _at=at,
            _ids=[facts.reference("mailchimp", "member", cells["EUID"])] if cells.get("EUID") else [],
            _tags=_tags(cells.get("TAGS", "")),
            _birth_date=_birthday(cells.get("Birthday", "")),
            _stage="subscriber" if status == "subscribed" else "",
            _rest={**rest(cells, _COLUMNS), **filled(mailchimp_status=status, address_as_given=cells.get("Address"))},
        )
    )
    if status in ("subscribed", "unsubscribed", "cleaned"):
        body["_granted"] = status == "subscribed"
        body["_consent"] = facts.reference("mailchimp", "consent", identity)
    return Shaped(identity, body, instant(cells.get("LAST_CHANGED", "")))


MAILCHIMP_AUDIENCE = Layout(
    stream="mailchimp_audience",
    title="Mailchimp audience",
    columns=_COLUMNS,
    telling=("MEMBER_RATING",),
    recognises=lambda header, rows: (
        "Email Address" in header and "LAST_CHANGED" in header and bool(header & {"LEID", "EUID", "MEMBER_RATING"})
    ),
    shape=_member,
    rules=(
        EntityRules(
            name="person",
            kind=Kind.PERSON,
            fields={
                "given_name": '"First Name"',
                "family_name": '"Last Name"',
                "email": '"Email Address"',
                "phone": '"Phone Number"',
                "address.region": "REGION",
                "address.country": "CC",
                "birth_date": "_birth_date",
                "ids": "_ids",
                "tags": "_tags",
                "notes": "NOTES",
                "stage": "_stage",
                "email_consent": "_granted",
                "created_at": "date(OPTIN_TIME)",
                "updated_at": "date(LAST_CHANGED)",
                "source": "'mailchimp'",
                "custom": "_rest",
            },
        ),
        EntityRules(
            name="consent",
            kind=Kind.CONSENT,
            when="_consent",
            fields={
                "key": "_consent",
                "purpose": "'marketing_email'",
                "granted": "_granted",
                "status": "_status",
                "at": "date(_at)",
                "text": "UNSUB_REASON",
                "source": "'mailchimp'",
            },
            participants=(ParticipantRules("subject", email='"Email Address"', ids=("_ids",)),),
        ),
    ),
)
