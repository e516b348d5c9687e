"""What a fresh portal of the stand-in knows of its objects: their properties, and which values each type accepts.

The property names and types are those of the vendor's default objects (object guides, read 2026-11-23). A real portal
has some hundreds a contact; here are the ones that integrations touch.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

LONGEST_VALUE = 65_536
ENGAGEMENTS = ("emails", "meetings", "calls", "notes")
OBJECTS = ("contacts", "companies", "deals", "tickets", *ENGAGEMENTS)
STAGES = (
    "subscriber",
    "lead",
    "marketingqualifiedlead",
    "salesqualifiedlead",
    "opportunity",
    "customer",
    "evangelist",
    "other",
)
FIELD_TYPES = {"bool": "booleancheckbox", "enumeration": "select", "datetime": "date"}

_ADDRESS = "address city state zip country phone website hs_language"
_PROPERTIES = {
    "contacts": f"email firstname lastname {_ADDRESS} mobilephone company jobtitle salutation date_of_birth "
    "hs_additional_emails hubspot_owner_id message lastmodifieddate:datetime! createdate:datetime! "
    "hs_calculated_merged_vids! associatedcompanyid:number hs_email_optout:bool num_notes:number! "
    f"lifecyclestage={','.join(STAGES)} hs_lead_status=NEW,OPEN,IN_PROGRESS,UNQUALIFIED hs_analytics_source!",
    "companies": f"name domain {_ADDRESS} description hubspot_owner_id industry numberofemployees:number "
    f"annualrevenue:number lifecyclestage={','.join(STAGES)} createdate:datetime! hs_lastmodifieddate:datetime!",
    "deals": "dealname amount:number pipeline dealstage closedate:datetime deal_currency_code description "
    "hubspot_owner_id hs_is_closed_won:bool! createdate:datetime! hs_lastmodifieddate:datetime!",
    "tickets": "subject content hs_pipeline hs_pipeline_stage hs_ticket_priority=LOW,MEDIUM,HIGH,URGENT source_type "
    "closed_date:datetime hubspot_owner_id createdate:datetime! hs_lastmodifieddate:datetime!",
    "emails": "hs_timestamp:datetime* hs_email_direction=EMAIL,INCOMING_EMAIL,FORWARDED_EMAIL "
    "hs_email_status=BOUNCED,FAILED,SCHEDULED,SENDING,SENT hs_email_subject hs_email_text hs_email_html "
    "hs_email_headers hs_email_from_email! hs_email_to_email! hs_email_message_id hubspot_owner_id",
    "meetings": "hs_timestamp:datetime* hs_meeting_title hs_meeting_body hs_meeting_start_time:datetime "
    "hs_meeting_end_time:datetime hs_meeting_location hs_meeting_external_url hs_i_cal_uid hs_internal_meeting_notes "
    "hs_meeting_outcome=SCHEDULED,COMPLETED,RESCHEDULED,NO_SHOW,CANCELED hubspot_owner_id",
    "calls": "hs_timestamp:datetime* hs_call_title hs_call_body hs_call_direction=INBOUND,OUTBOUND "
    "hs_call_duration:number hs_call_status=BUSY,CALLING_CRM_USER,CANCELED,COMPLETED,CONNECTING,FAILED,IN_PROGRESS,"
    "NO_ANSWER,QUEUED,RINGING hs_call_from_number hs_call_to_number hs_call_disposition hubspot_owner_id",
    "notes": "hs_timestamp:datetime* hs_note_body hubspot_owner_id hs_attachment_ids",
}
_EVERYWHERE = "hs_object_id:number! hs_merged_object_ids!"
_ENGAGEMENT = "hs_createdate:datetime! hs_lastmodifieddate:datetime!"
_DEFAULTS = {
    "contacts": ("createdate", "email", "firstname", "hs_object_id", "lastmodifieddate", "lastname"),
    "companies": ("createdate", "domain", "hs_lastmodifieddate", "hs_object_id", "name"),
    "deals": (
        "amount",
        "closedate",
        "createdate",
        "dealname",
        "dealstage",
        "hs_lastmodifieddate",
        "hs_object_id",
        "pipeline",
    ),
    "tickets": (
        "content",
        "createdate",
        "hs_lastmodifieddate",
        "hs_object_id",
        "hs_pipeline",
        "hs_pipeline_stage",
        "hs_ticket_priority",
        "subject",
    ),
}


@dataclass(slots=True)
class Property:
    """One property of an object."""

    name: str
    type: str = "string"
    label: str = ""
    group: str = "information"
    options: tuple[str, ...] = ()
    read_only: bool = False
    required: bool = False
    unique: bool = False
    defined_by_vendor: bool = True

    def to_json(self) -> dict[str, Any]:
        """The property as the properties API shows it."""
        return {
            "name": self.name,
            "label": self.label or self.name,
            "type": self.type,
            "fieldType": FIELD_TYPES.get(self.type, "number" if self.type == "number" else "text"),
            "description": "",
            "groupName": self.group,
            "options": [{"label": each.title(), "value": each, "hidden": False} for each in self.options],
            "hasUniqueValue": self.unique,
            "hubspotDefined": self.defined_by_vendor,
            "calculated": False,
            "hidden": False,
            "formField": not self.read_only,
            "archived": False,
            "modificationMetadata": {
                "archivable": not self.defined_by_vendor,
                "readOnlyDefinition": self.defined_by_vendor,
                "readOnlyValue": self.read_only,
            },
        }


def _parse(text: str) -> Property:
    name, _, options = text.partition("=")
    name, _, kind = name.partition(":")
    marked = kind or name
    return Property(
        name=name.rstrip("!*"),
        type="enumeration" if options else kind.rstrip("!*") or "string",
        options=tuple(options.split(",")) if options else (),
        read_only=marked.endswith("!"),
        required=marked.endswith("*"),
    )


def default_properties(object_type: str) -> dict[str, Property]:
    """The properties of a fresh portal, by name."""
    words = f"{_PROPERTIES[object_type]} {_EVERYWHERE} {_ENGAGEMENT if object_type in ENGAGEMENTS else ''}"
    found = {each.name: each for each in map(_parse, words.split())}
    if object_type == "contacts":
        found["email"].unique = True
    return found


def shown_by_default(object_type: str) -> tuple[str, ...]:
    """The properties of an answer when the request names none."""
    return _DEFAULTS.get(object_type, ("hs_createdate", "hs_lastmodifieddate", "hs_object_id"))


def modified_property(object_type: str) -> str:
    """Where an object keeps its last change; contacts are the odd ones."""
    return "lastmodifieddate" if object_type == "contacts" else "hs_lastmodifieddate"


def created_property(object_type: str) -> str:
    """Where an object keeps its birth."""
    return "hs_createdate" if object_type in ENGAGEMENTS else "createdate"


def iso(moment: datetime) -> str:
    """An instant as the vendor writes it: UTC, milliseconds, Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def instant(text: str) -> datetime:
    """An instant from ISO 8601 or epoch milliseconds. Raises ValueError."""
    if re.fullmatch(r"-?\d+", text):
        return datetime.fromtimestamp(int(text) / 1000, UTC)
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


class InvalidValueError(ValueError):
    """A value that the vendor refuses, with its error code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def stored(prop: Property, value: Any) -> str:
    """The value as the portal keeps it ('' for none). Raises InvalidValueError."""
    text = "" if value is None else ("true" if value else "false") if isinstance(value, bool) else str(value)
    if not text:
        return ""
    if len(text) > LONGEST_VALUE:
        raise InvalidValueError("VALUE_TOO_LONG", f"{prop.name} was too long: {len(text)} of {LONGEST_VALUE}")
    try:
        return _typed(prop, text)
    except (ValueError, InvalidOperation, OverflowError) as wrong:
        if isinstance(wrong, InvalidValueError):
            raise
        code = {"number": "INVALID_INTEGER", "date": "INVALID_DATE"}.get(prop.type, "INVALID_LONG")
        raise InvalidValueError(code, f"{prop.name} was not a valid {prop.type}.") from wrong


def _typed(prop: Property, text: str) -> str:
    if prop.name == "email":
        if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s.]+", text):
            raise InvalidValueError("INVALID_EMAIL", "Email address is invalid")
        return text.lower()
    if prop.type == "number":
        number = Decimal(text)
        if not number.is_finite():
            raise InvalidOperation
        return text
    if prop.type == "datetime":
        return iso(instant(text))
    if prop.type == "date":
        return instant(text).date().isoformat()
    if prop.type == "bool" and text not in ("true", "false"):
        raise InvalidValueError("INVALID_OPTION", f"{text} was not one of the allowed options: [true, false]")
    if prop.type == "enumeration" and prop.options and not set(text.split(";")) <= set(prop.options):
        raise InvalidValueError("INVALID_OPTION", f"{prop.name}: not one of the allowed options {prop.options}")
    return text
