"""When a connection runs: ``every 10 minutes`` or a cron line, read once and checked before anything is scheduled."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

from apscheduler.triggers.cron import CronTrigger

EXPECTED = "'every N seconds|minutes|hours|days|weeks' or a cron line of five fields such as '0 6 * * mon-fri'"

EXPECTED_INTERVAL = "'every N seconds|minutes|hours|days|weeks' or 'never'"

_EVERY = re.compile(r"every\s+(?:(\d{1,9})\s+)?(second|minute|hour|day|week)s?", re.IGNORECASE)
_LONGEST = timedelta(days=366)
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Schedule:
    """Either ``every`` (a pause between two starts) or ``cron`` (five fields, weekdays by name) is set."""

    every: timedelta | None = None
    cron: str = ""


def parse(text: str) -> Schedule:
    """The schedule a text stands for. Raises ValueError for any other text.

    The weekdays of a cron line come back as names: cron counts them from Sunday, APScheduler 3 from Monday (its
    ``CronTrigger.from_crontab`` documents the mismatch), and names mean the same to both.
    """
    words = text.strip()
    if match := _EVERY.fullmatch(words):
        every = timedelta(**{f"{match[2].lower()}s": int(match[1] or 1)})
        if not timedelta(seconds=1) <= every <= _LONGEST:
            raise ValueError("must be between one second and 366 days")
        return Schedule(every=every)
    fields = words.lower().split()
    if len(fields) != 5:
        raise ValueError("is no schedule")
    fields[4] = _named_weekdays(fields[4])
    line = " ".join(fields)
    try:
        CronTrigger.from_crontab(line, timezone="UTC")
    except ValueError as error:
        raise ValueError(f"is no cron line ({error})") from None
    return Schedule(cron=line)


def interval(text: str) -> timedelta | None:
    """How long ``every N …`` is; None for ``never``. Raises ValueError for any other text."""
    if text.strip().lower() == "never":
        return None
    every = parse(text).every if _EVERY.fullmatch(text.strip()) else None
    if every is None:
        raise ValueError("is no interval")
    return every


def _named_weekdays(field: str) -> str:
    return ",".join(_named_item(item) for item in field.split(","))


def _named_item(item: str) -> str:
    days, _, step = item.partition("/")
    if days == "*" and not step:
        return item
    first, _, last = days.partition("-")
    if days == "*":
        first, last = "0", "6"
    numbers = [
        _WEEKDAYS.index(day) if day in _WEEKDAYS else int(day) if day in "01234567" else -1
        for day in (first, last or first)
    ]
    if min(numbers) < 0:
        raise ValueError(f"is no cron line (weekday {item!r})")
    start, end = numbers
    if step and not last:
        end = 6
    if end < start:
        end += 7
    if step and (not step.isdigit() or step == "0"):
        raise ValueError(f"is no cron line (weekday {item!r})")
    # A range may run over the week's end, which APScheduler refuses (sat-mon), so each day is named.
    return ",".join(dict.fromkeys(_WEEKDAYS[number % 7] for number in range(start, end + 1, int(step or 1))))
