"""Facts on their way to a timeline: what may not be stored, who began, which days, and one line for people to read."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Literal
from zoneinfo import ZoneInfo

from mapping.mapper import Entity
from mapping.model import ActivityKind, Direction, Kind

_GUARDED = frozenset({ActivityKind.EMAIL, ActivityKind.MEETING, ActivityKind.MESSAGE, ActivityKind.CALL})
_SENDERS = frozenset({"from", "sender", "organizer", "organiser", "host", "caller", "author"})

Side = Literal["us", "them"]


class Privacy:
    """The admin's promises about mail and meetings, kept before anything is stored.

    ``internal``: domains (their subdomains too) and single addresses of colleagues. ``never_log``: addresses, domains
    and patterns (``*@bank.example``, ``bank.example``, ``jane@bank.example``) that no correspondence is kept with.
    """

    def __init__(self, internal: Iterable[str] = (), never_log: Iterable[str] = ()) -> None:
        listed = [_canonical(one) for one in internal if one.strip()]
        self._addresses = frozenset(one for one in listed if "@" in one)
        self._domains = frozenset(one for one in listed if "@" not in one)
        patterns = [_canonical(one) for one in never_log if one.strip()]
        whole = [one if "@" in one else f"*@{one}" for one in patterns]
        self._never = re.compile("|".join(map(fnmatch.translate, whole))) if whole else None
        self.asks_for_nothing = self._never is None and not listed
        """Whether every entity is admitted as it is."""

    def is_internal(self, email: str) -> bool:
        """Whether the address is a colleague's: then it never makes a customer."""
        if not self._domains and not self._addresses:
            return False
        address = email.lower()
        if address in self._addresses:
            return True
        labels = address.rpartition("@")[2].split(".")
        return any(".".join(labels[start:]) in self._domains for start in range(len(labels)))

    def never_logs(self, email: str) -> bool:
        """Whether no correspondence with the address may be kept."""
        return self._never is not None and self._never.match(email.lower()) is not None

    def side(self, participant: Mapping[str, Any]) -> Side:
        """Ours for a colleague, theirs for everybody else."""
        email = participant.get("email")
        return "us" if email and self.is_internal(email) else "them"

    def admits(self, entity: Entity) -> bool:
        """False for what must not be stored: correspondence with a never-log address, or among colleagues only.

        Speaks of emails, meetings, messages and calls; everything else is admitted. Where internal domains are named,
        an entry without any participant that could be a customer (a private appointment) is among colleagues too: a
        bare name identifies nobody.
        """
        if entity.kind != Kind.ACTIVITY or entity.values.get("activity") not in _GUARDED:
            return True
        participants = entity.values.get("participants", ())
        if self._never is not None and any(self.never_logs(p["email"]) for p in participants if "email" in p):
            return False
        if not self._domains and not self._addresses:
            return True
        return any(self.side(p) == "them" and ("email" in p or "phone" in p or "ids" in p) for p in participants)

    def enrich(self, entity: Entity) -> Entity:
        """The entity with the direction that its sender tells, where the source named none: out for a colleague."""
        values = entity.values
        if entity.kind != Kind.ACTIVITY or "direction" in values or values.get("activity") not in _GUARDED:
            return entity
        if not self._domains and not self._addresses:
            return entity
        sender = next((p for p in values.get("participants", ()) if p["role"] in _SENDERS and "email" in p), None)
        if sender is None:
            return entity
        direction = Direction.OUT if self.side(sender) == "us" else Direction.IN
        return entity._replace(values={**values, "direction": direction.value})


def _canonical(text: str) -> str:
    return text.strip().lower().removeprefix("@")


CANCELLED = frozenset({"cancelled", "canceled"})
"""What calendars and CRMs call a meeting that will not take place."""


def days(values: Mapping[str, Any]) -> tuple[date, date] | None:
    """The first and the last day of an all-day activity; None for any other.

    Its ``at`` is the first day and its ``ends_at`` the day after the last, each as midnight UTC: dates in the clothes
    of instants, which no zone may be laid over.
    """
    if not values.get("all_day") or not values.get("at"):
        return None
    first = date.fromisoformat(values["at"][:10])
    ends = date.fromisoformat(values["ends_at"][:10]) if values.get("ends_at") else first
    return first, max(first, ends - timedelta(days=1))


def placed(values: Mapping[str, Any], timezone: str) -> dict[str, Any]:
    """The fact for a destination that knows instants only: whole days stand at noon in that zone, so that they fall on
    the same date for everybody within eleven hours of it; one day has no end. The dates are there as ``first_day`` and
    ``last_day``. Any other fact is as it was."""
    found = days(values)
    if found is None:
        return dict(values)
    noons = [
        datetime.combine(day, time(12), ZoneInfo(timezone)).astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"
        for day in found
    ]
    moved = {name: value for name, value in values.items() if name != "ends_at"} | {"at": noons[0]}
    if found[1] > found[0]:
        moved["ends_at"] = noons[1]
    return moved | {"first_day": found[0].isoformat(), "last_day": found[1].isoformat()}


_LABELS = {
    "email": "Email",
    "call": "Call",
    "meeting": "Meeting",
    "message": "Message",
    "form": "Form",
    "lead": "Lead",
    "visit": "Visit",
    "note": "Note",
    "task": "Task",
    "other": "Activity",
}


def describe(values: Mapping[str, Any], kind: Kind | str = "") -> str:
    """One line for a timeline: ``Order #1001, 49.90 EUR, paid``. At most 200 characters, no line breaks.

    Without ``kind`` the line begins with what the values themselves tell (an activity, a consent, a survey), else with
    the title.
    """
    if "activity" in values:
        head = _LABELS.get(values["activity"], "Activity")
        if values.get("direction"):
            head += " from them" if values["direction"] == Direction.IN else " from us"
        pieces = [values.get("title") or _first_line(values.get("text")), _whole_days(values), values.get("status")]
    elif "purpose" in values:
        head = "Consent given" if values.get("granted") else "Consent withdrawn"
        pieces = [str(values["purpose"]).replace("_", " "), values.get("source")]
    elif "survey" in values:
        head, pieces = str(values["survey"]), [_score(values.get("score")), _first_line(values.get("text"))]
    else:
        head = str(kind).capitalize()
        if values.get("number"):
            head = f"{head} #{str(values['number']).lstrip('#')}".strip()
        pieces = [values.get("title"), _money(values), _standing(values)]
    line = ", ".join(" ".join(str(piece).split()) for piece in [head, *pieces] if piece)
    return line if len(line) <= 200 else line[:199] + "…"


def _whole_days(values: Mapping[str, Any]) -> str:
    found = days(values)
    if found is None:
        return ""
    return "all day" if found[0] == found[1] else f"all day until {found[1].isoformat()}"


def _first_line(text: Any) -> str:
    return next((line.strip() for line in str(text or "").splitlines() if line.strip()), "")[:200]


def _score(score: Any) -> str:
    return "" if score is None else f"score {score}"


def _money(values: Mapping[str, Any]) -> str:
    amount = values.get("total", values.get("spend"))
    if amount is None:
        return ""
    try:
        exact = Decimal(str(amount))
        text = f"{exact:.2f}" if exact == round(exact, 2) else f"{exact:f}"
    except (InvalidOperation, ValueError):
        return ""
    return f"{text} {values.get('currency', '')}".strip()


def _standing(values: Mapping[str, Any]) -> str:
    """How a fact stands: cancelled and refunded before paid, then the vendor's own word."""
    if values.get("cancelled_at"):
        return "cancelled"
    status = str(values.get("status") or values.get("stage") or "").replace("_", " ").lower()
    if status:
        return status
    if values.get("won") is not None:
        return "won" if values["won"] else "lost"
    return "paid" if values.get("paid_at") else "closed" if values.get("closed_at") else ""
