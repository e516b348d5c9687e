"""How a meeting of Graph's repeats, in the words of iCalendar.

``recurrencePattern`` and ``recurrenceRange`` of Microsoft Graph; days that a month lacks fall on its last, as Outlook
tells whoever picks one; read 2026-11-23.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Json = Mapping[str, Any]

FREQUENCIES = {
    "daily": "DAILY",
    "weekly": "WEEKLY",
    "absoluteMonthly": "MONTHLY",
    "relativeMonthly": "MONTHLY",
    "absoluteYearly": "YEARLY",
    "relativeYearly": "YEARLY",
}
POSITIONS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "last": -1}
SHORTEST_MONTH = 28


def rule(recurrence: Json) -> str:
    """The value of RRULE. Raises KeyError, ValueError or TypeError for what is no recurrence."""
    pattern, span = recurrence["pattern"], recurrence["range"]
    kind = str(pattern["type"])
    parts = {"FREQ": FREQUENCIES[kind], "INTERVAL": str(int(pattern.get("interval") or 1))}
    days = ",".join(str(day)[:2].upper() for day in pattern.get("daysOfWeek") or ())
    if kind == "weekly":
        # The week begins on Sunday where Graph does not say; it tells the weeks of an interval apart.
        parts |= {"BYDAY": days, "WKST": str(pattern.get("firstDayOfWeek") or "sunday")[:2].upper()}
    if kind.endswith("Yearly"):
        parts["BYMONTH"] = str(int(pattern["month"]))
    if kind.startswith("relative"):
        parts |= {"BYDAY": days, "BYSETPOS": str(POSITIONS[pattern.get("index") or "first"])}
    if kind.startswith("absolute"):
        parts |= _day_of_month(int(pattern["dayOfMonth"]))
    if span["type"] == "endDate":
        parts["UNTIL"] = str(span["endDate"]).replace("-", "")
    if span["type"] == "numbered":
        parts["COUNT"] = str(int(span["numberOfOccurrences"]))
    return ";".join(f"{name}={value}" for name, value in parts.items() if value)


def _day_of_month(day: int) -> dict[str, str]:
    """A day that a month lacks falls on its last, where RRULE alone would leave the month out."""
    if day <= SHORTEST_MONTH:
        return {"BYMONTHDAY": str(day)}
    return {"BYMONTHDAY": ",".join(map(str, range(SHORTEST_MONTH, day + 1))), "BYSETPOS": "-1"}
