"""Graph's messages and events in the form of every mail and of every calendar, so that their facts are the same."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from connectors.core import icalendar, mail, meetings
from connectors.core.mail_text import beginning
from connectors.core.timestamps import instant
from connectors.core.timezones import find
from connectors.microsoft365 import recurrence
from mapping.contract import Schema
from mapping.errors import RecordError
from mapping.recurrence import compact, iso

Json = Mapping[str, Any]

MESSAGES = mail.EMAIL
EVENTS = meetings.meeting("events")
HEADERS = ("internetMessageId", "subject", "sentDateTime", "from", "sender", "toRecipients", "ccRecipients", "replyTo")
MESSAGE = (*HEADERS, "receivedDateTime", "conversationId", "parentFolderId", "isDraft", "categories", "changeKey")
EVENT = (
    *("iCalUId", "type", "seriesMasterId", "changeKey", "createdDateTime", "lastModifiedDateTime", "subject", "body"),
    *("start", "end", "isAllDay", "originalStart", "originalStartTimeZone", "recurrence", "isCancelled", "sensitivity"),
    *("organizer", "isOrganizer", "attendees", "location", "onlineMeeting", "onlineMeetingUrl", "categories"),
    *("showAs", "importance", "webLink"),
)
KEPT = ("showAs", "importance", "webLink")
"""What has no place in iCalendar and may still be of use in an admin's own rule."""
ANSWERS = {"tentativelyAccepted": "tentative", "notResponded": "needs-action", "none": "", "organizer": "accepted"}
CLASSES = {"private": "PRIVATE", "personal": "PRIVATE", "confidential": "CONFIDENTIAL"}
TEXT_CHARS = 16_384
_FOREIGN = re.compile(r"(?i)040000008200E00074C5B7101A82E008.{48}7643616C2D55696401000000((?:[0-9A-F]{2})+)00")
"""A UID of iCalendar's (``vCal-Uid``) inside a global object id ([MS-OXOCAL], PidLidGlobalObjectId)."""
MESSAGE_SCHEMA = Schema.read_only("id", "conversationId", "receivedDateTime", *mail.READ, "text", "attachments")
"""What a record of a message holds; the headers are those of RFC 5322, read and decoded."""


def message(found: Json, mailbox: str, folder: str, sent_from_here: bool) -> dict[str, Any]:
    """The record of a message that lies in ``folder``. Raises RecordError where it lacks its date."""
    instant(found, "receivedDateTime")
    subject = " ".join(str(found.get("subject") or "").split())
    date_ = str(found.get("sentDateTime") or found["receivedDateTime"])
    headers: dict[str, Any] = {
        "Message-ID": mail.message_id(str(found.get("internetMessageId") or "")),
        "Subject": subject,
        "Date": date_,
        "From": _people([found.get("from") or found.get("sender")]),
        "To": _people(found.get("toRecipients")),
        "Cc": _people(found.get("ccRecipients")),
        "Reply-To": _people(found.get("replyTo")),
        "text": _text(found.get("body")),
    }
    if not headers["Message-ID"]:
        headers["digest"] = mail.digest(str(headers["From"]), str(headers["To"]), date_, subject)
    told = mail.told(
        {name: value for name, value in headers.items() if value},
        sent=True,
        labels=[folder, *(found.get("categories") or ())],
        direction=mail.direction(headers, mailbox, sent_from_here),
        thread=str(found.get("conversationId") or ""),
    )
    return {**{name: found[name] for name in ("id", "conversationId", "receivedDateTime") if found.get(name)}, **told}


def event(found: Json, owner: str) -> dict[str, Any]:
    """The record of a meeting, or of a series with its exceptions, in the calendar of ``owner``.

    Raises RecordError for what lacks UID or times. An occurrence that was cancelled is left out of its series.
    """
    uid = _uid(found)
    gone = sorted(str(each).rpartition(".")[2].replace("-", "") for each in found.get("cancelledOccurrences") or ())
    whole = _event(found, uid, owner)
    if "series" in whole:
        whole["series"]["except"] = gone
    return {"events": [whole, *(_event(each, uid, owner) for each in found.get("exceptionOccurrences") or ())]}


def _uid(found: Json) -> str:
    """The UID of iCalendar: what Exchange made, or what it wrapped because somebody else made it."""
    uid = str(found.get("iCalUId") or "")
    wrapped = _FOREIGN.fullmatch(uid)
    if wrapped:
        uid = bytes.fromhex(wrapped[1]).decode("utf-8", "replace")
    if not uid:
        raise RecordError("an event without an iCalUId", remote_id=str(found.get("id") or ""))
    return uid


def _event(found: Json, uid: str, owner: str) -> dict[str, Any]:
    days = found.get("isAllDay") is True
    begins, ends = _moment(found, "start", days), _moment(found, "end", days)
    planned = _planned(found, days) if found.get("type") == "exception" else ""
    repeats = _rule(found) if found.get("recurrence") else ""
    people = [each for each in found.get("attendees") or () if isinstance(each, Mapping)]
    organizer = _person(found.get("organizer") or {}, owner)
    told = {
        "series": icalendar.series([f"RRULE:{repeats}"], _placed(begins, found)) if repeats else None,
        "SUMMARY": str(found.get("subject") or "").strip(),
        "DESCRIPTION": _text(found.get("body"), TEXT_CHARS),
        "LOCATION": str((found.get("location") or {}).get("displayName") or "").strip(),
        "CLASS": CLASSES.get(str(found.get("sensitivity"))),
        "RRULE": repeats,
        "organizer": {**organizer, "own": True} if found.get("isOrganizer") and organizer else organizer,
        "people": [one for each in people if each.get("type") != "resource" and (one := _person(each, owner))],
        "resources": [name for each in people if each.get("type") == "resource" and (name := _name(each))],
        # Graph tells no SEQUENCE; to say 0 would let every other calendar's copy count for more than this one.
        "status": "cancelled" if found.get("isCancelled") else "confirmed",
        "revised_at": iso(instant(found, "lastModifiedDateTime")),
        "created_at": found.get("createdDateTime"),
        "link": (found.get("onlineMeeting") or {}).get("joinUrl") or found.get("onlineMeetingUrl"),
        "categories": list(found.get("categories") or ()),
        **{name: found.get(name) for name in KEPT},
    }
    return meetings.event(uid, planned, begins, ends, told)


def _moment(found: Json, name: str, days: bool) -> datetime | date:
    """A time in UTC, or the date of an all-day event."""
    told = found.get(name)
    try:
        if not isinstance(told, Mapping):
            raise ValueError
        moment = datetime.fromisoformat(told["dateTime"])
    except (ValueError, KeyError, TypeError):
        raise RecordError(f"an event without a readable {name}", remote_id=str(found.get("id") or "")) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=find(str(told.get("timeZone") or "")) or UTC)
    return _day(moment, found) if days else moment


def _planned(found: Json, days: bool) -> str:
    """The recurrence id of an exception: when this occurrence was to be."""
    planned = instant(found, "originalStart")
    return compact(_day(planned, found) if days else planned)


def _day(moment: datetime, found: Json) -> date:
    """The date of an all-day event, which is told as midnight; where it is none, it is midnight in its own zone."""
    return moment.date() if moment.time() == datetime.min.time() else _placed(moment, found).date()


def _placed(moment: Any, found: Json) -> Any:
    """A time in the zone in which its series is planned; a date as it is."""
    span = (found.get("recurrence") or {}).get("range") or {}
    names = (span.get("recurrenceTimeZone"), found.get("originalStartTimeZone"))
    zone = next((zone for name in names if name and (zone := find(str(name)))), UTC)
    return moment.astimezone(zone) if isinstance(moment, datetime) else moment


def _rule(found: Json) -> str:
    try:
        return recurrence.rule(found["recurrence"])
    except (KeyError, ValueError, TypeError):
        raise RecordError("a series that repeats in an unknown way", remote_id=str(found.get("id") or "")) from None


def _people(found: Sequence[Any] | None) -> list[dict[str, str]]:
    """``{email, name}`` of each; what is not in the directory as an SMTP address is left out."""
    given = [(each or {}).get("emailAddress") or {} for each in found or ()]
    told = [(str(one.get("address") or "").strip(), str(one.get("name") or "").strip()) for one in given]
    named = [(email, "" if name.casefold() == email.casefold() else name) for email, name in told if "@" in email]
    return [{"email": email, **({"name": name} if name else {})} for email, name in named]


def _person(found: Json, owner: str) -> dict[str, Any]:
    known = next(iter(_people([found])), {})
    answer = str((found.get("status") or {}).get("response") or "")
    told = {
        **known,
        "answer": ANSWERS.get(answer, answer),
        "role": "opt-participant" if found.get("type") == "optional" else "",
        "own": known.get("email", "").casefold() == owner.casefold(),
    }
    return meetings.filled(told) if known else {}


def _name(found: Json) -> str:
    given = found.get("emailAddress") or {}
    return str(given.get("name") or given.get("address") or "")


def _text(body: Any, most: int = 0) -> str:
    """A body as text; its beginning only where no length is given."""
    content = str((body or {}).get("content") or "")
    if (body or {}).get("contentType") == "html":
        return beginning("", content)
    return content.replace("\0", "").strip()[:most] if most else beginning(content)
