"""Instants and dates out of the many ways in which they are written."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

_LONGEST = 64

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january januar janvier enero gennaio januari",
            "feb february februar février fevrier febrero febbraio februari",
            "mar march märz marz mars marzo maart mrt",
            "apr april avril abril aprile",
            "may mai mayo maggio mei",
            "jun june juni juin junio giugno",
            "jul july juli juillet julio luglio",
            "aug august août aout agosto augustus",
            "sep sept september septembre septiembre settembre",
            "oct october okt oktober octobre octubre ottobre",
            "nov november novembre noviembre",
            "dec december dez dezember décembre decembre diciembre dicembre",
        ),
        start=1,
    )
    for name in names.split()
}

_CLOCK = (
    r"(?:[ T,]+(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?"
    r"\s?(?P<half>[AaPp]\.?[Mm]\.?)?\s?(?P<zone>Z|UTC|GMT|(?:UTC|GMT)?[+-]\d{2}:?\d{2})?(?: \([A-Za-z ]{1,20}\))?)?"
)
_NUMERIC = re.compile(r"(?P<a>\d{1,4})(?P<mark>[./-])(?P<b>\d{1,2})(?P=mark)(?P<c>\d{1,4})" + _CLOCK)
_DAY_FIRST = re.compile(
    r"(?:[^\W\d]{2,10}\.?,? )?(?P<day>\d{1,2})\.?[ -](?P<month>[^\W\d]{3,10})\.?[ -](?P<year>\d{4})" + _CLOCK
)
_MONTH_FIRST = re.compile(
    r"(?:[^\W\d]{2,10}, )?(?P<month>[^\W\d]{3,10})\.? (?P<day>\d{1,2})(?:st|nd|rd|th)?,? (?P<year>\d{4})" + _CLOCK
)
_EPOCH = re.compile(r"-?\d{9,16}(?:\.\d{1,9})?")
_DIGIT = re.compile("[0-9]")
_YEARLESS = re.compile(r"--(\d{2})-?(\d{2})")
_ISO_ENDING = re.compile(r"\s?(?:UTC|GMT)$")

Moment = datetime | date
"""An aware datetime, or a date when the text named no time of day."""


def to_utc(value: datetime) -> datetime:
    """The same instant in UTC; a time without a zone is taken for UTC."""
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def write(value: datetime) -> str:
    """An instant as ``2026-05-01T08:00:00Z``, with microseconds only where they are not zero."""
    return to_utc(value).replace(tzinfo=None).isoformat() + "Z"


def moment(value: Any, form: str = "") -> Moment | None:
    """What the value says, or None when it says nothing or could mean two different days.

    Takes ISO 8601, epoch seconds, milliseconds or microseconds (by magnitude), RFC 5322, month names in several
    languages, ``31.12.2025``, and ``12/31/2025`` where only one reading gives a date. ``form`` (a strptime pattern)
    replaces all that. A time without a zone is UTC.
    """
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _from_epoch(float(value))
    if not isinstance(value, str):
        return None
    text = value.strip()
    if not text or len(text) > _LONGEST or not _DIGIT.search(text):
        return None
    try:
        return _from_form(text, form) if form else _from_text(text)
    except (ValueError, OverflowError):
        return None


def instant(value: Any, form: str = "") -> str | None:
    """The instant in canonical form; a date alone is midnight UTC."""
    if type(value) is str and value[10:11] == "T" and value[4:5] == "-" and not form and value.isascii():
        try:
            exact = datetime.fromisoformat(value)
            return value if len(value) == 20 and value[19] == "Z" else write(exact)
        except (ValueError, OverflowError):
            pass
    found = moment(value, form)
    if found is None:
        return None
    if not isinstance(found, datetime):
        return found.isoformat() + "T00:00:00Z"
    try:
        return write(found)
    except OverflowError:
        return None


def day(value: Any, form: str = "") -> str | None:
    """The date as ``2026-05-01``; of an instant the date at its own place, not the one in UTC."""
    found = moment(value, form)
    if found is None:
        return None
    return (found.date() if isinstance(found, datetime) else found).isoformat()


def birthday(value: Any) -> str | None:
    """A date, or ``--MM-DD`` without a year. The year 1604 is how Apple's address book writes "no year"."""
    if isinstance(value, str) and (match := _YEARLESS.fullmatch(value.strip())):
        try:
            found = date(1604, int(match[1]), int(match[2])).isoformat()
        except ValueError:
            return None
    else:
        written = day(value)
        if written is None:
            return None
        found = written
    return "-" + found[4:] if found.startswith("1604-") else found


def either(value: Any, form: str = "") -> str | None:
    """A date where the value names no time of day, otherwise the instant; both in canonical form."""
    found = moment(value, form)
    if found is None:
        return None
    return instant(found) if isinstance(found, datetime) else found.isoformat()


def _from_epoch(number: float) -> datetime | None:
    size = abs(number)
    if size >= 1e14:
        number /= 1e6
    elif size >= 1e11:
        number /= 1e3
    try:
        # Rounded to microseconds by integer arithmetic: a float of seconds alone would lose milliseconds.
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=round(number * 1e6))
    except (OverflowError, ValueError):
        return None


def _from_form(text: str, form: str) -> Moment:
    found = datetime.strptime(text, form)  # noqa: DTZ007 - the zone is set on the next line, UTC where none is named
    aware = found if found.tzinfo else found.replace(tzinfo=UTC)
    return aware if any(mark in form for mark in ("%H", "%I", "%c", "%X", "%s")) else aware.date()


def _from_text(text: str) -> Moment | None:
    if _EPOCH.fullmatch(text):
        return _from_epoch(float(text))
    iso = _ISO_ENDING.sub("Z", text) if len(text) > 10 else text
    if text[:4].isdigit() and text.isascii():
        try:
            if len(iso) in (8, 10) and ":" not in iso:
                return date.fromisoformat(iso)
            found = datetime.fromisoformat(iso)
        except ValueError:
            pass
        else:
            return found if found.tzinfo else found.replace(tzinfo=UTC)
    return _from_numbers(text) or _from_words(text)


def _from_numbers(text: str) -> Moment | None:
    match = _NUMERIC.fullmatch(text)
    if match is None:
        return None
    a, b, c = match["a"], int(match["b"]), match["c"]
    if len(a) == 4 and len(c) <= 2:
        return _at(int(a), b, int(c), match)
    if len(a) > 2 or len(c) != 4:
        return None
    first, year = int(a), int(c)
    if match["mark"] == "." or first > 12 or first == b:
        return _at(year, b, first, match)
    # With slashes or dashes the order of day and month is only known where one of the two cannot be a month.
    return _at(year, first, b, match) if b > 12 else None


def _from_words(text: str) -> Moment | None:
    match = _DAY_FIRST.fullmatch(text) or _MONTH_FIRST.fullmatch(text)
    month = _MONTHS.get(match["month"].lower()) if match else None
    if match is None or month is None:
        return None
    return _at(int(match["year"]), month, int(match["day"]), match)


def _at(year: int, month: int, number: int, match: re.Match[str]) -> Moment:
    if match["hour"] is None:
        return date(year, month, number)
    hour, half = int(match["hour"]), (match["half"] or "").lower()
    if half:
        if not 1 <= hour <= 12:
            raise ValueError("no such hour")
        hour = hour % 12 + (12 if half.startswith("p") else 0)
    fraction = int((match["fraction"] or "0")[:6].ljust(6, "0"))
    second = min(int(match["second"] or 0), 59)  # a leap second has no datetime
    return datetime(year, month, number, hour, int(match["minute"]), second, fraction, tzinfo=_zone(match["zone"]))


def _zone(text: str | None) -> timezone:
    digits = (text or "").lstrip("UTCGMZ").replace(":", "")
    if not digits:
        return UTC
    offset = timedelta(hours=int(digits[1:3]), minutes=int(digits[3:5]))
    return timezone(-offset if digits[0] == "-" else offset)
