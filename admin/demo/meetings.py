"""The workshop's calendar, as Google exports it: fittings, courses, one weekly round, and cancelled ones among them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, Timezone, vCalAddress, vText

from admin.demo.people import TODAY, TOLD, Person

FILE = "calendar.ics"
HERE = ZoneInfo("Europe/Amsterdam")
COLLEAGUES = (("Bas Kuijpers", "bas@kettingwerk.example"), ("Ilse Moonen", "ilse@kettingwerk.example"))
ANSWERS = ("ACCEPTED", "ACCEPTED", "ACCEPTED", "TENTATIVE", "NEEDS-ACTION", "DECLINED")
STAMP = datetime(TODAY.year, TODAY.month, TODAY.day, 8, tzinfo=UTC)


def write_calendar(folder: Path, rng: Random, people: Sequence[Person]) -> int:
    """Writes the calendar and returns how many events it holds."""
    calendar = Calendar()
    calendar.add("prodid", "-//Kettingwerk//Werkplaats//NL")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", "Werkplaats")
    calendar.add_component(Timezone.from_tzinfo(HERE, first_date=date(2023, 1, 1), last_date=date(2027, 1, 1)))
    events = [*_fittings(rng, people), *_courses(rng, people), *_round()]
    for each in events:
        calendar.add_component(each)
    (folder / FILE).write_bytes(calendar.to_ical())
    return len(events)


def _fittings(rng: Random, people: Sequence[Person]) -> Iterator[Event]:
    """One fitting for each who meets. Guests are often known to the calendar by an address only."""
    for person in people:
        if not person.traces.meets:
            continue
        day = person.since + timedelta(days=rng.randrange(max((TODAY - person.since).days, 1)))
        begin = datetime.combine(day, time(rng.randint(9, 16), rng.choice((0, 30))), tzinfo=HERE)
        topic = rng.choice(("Bikefitting", "Ophalen e-bike", "Proefrit bakfiets", "Afstellen versnelling"))
        fitting = event(f"fit-{person.number:06d}@kettingwerk.example", topic, begin, begin + timedelta(minutes=90))
        fitting.add("location", "Werkplaats, Sint Annalaan 5, Maastricht")
        named = person.number != 2 and rng.random() < 0.6
        invite(fitting, person.emails[0], f"{person.given} {person.family}" if named else "", rng.choice(ANSWERS))
        if rng.random() < 0.06 and person.number >= TOLD:
            fitting["status"] = vText("CANCELLED")
        yield fitting


def _courses(rng: Random, people: Sequence[Person]) -> Iterator[Event]:
    """An evening course each month for several guests; some are told by name only."""
    writers = [person for person in people if person.traces.writes or person.traces.meets]
    for month in range(24):
        day = date(2024 + month // 12, month % 12 + 1, 14)
        begin = datetime.combine(day, time(19), tzinfo=HERE)
        title, end = "Cursus: zelf je fiets onderhouden", begin + timedelta(hours=2)
        course = event(f"cursus-{month:03d}@kettingwerk.example", title, begin, end)
        for guest in rng.sample(writers, k=min(len(writers), 6)):
            invite(course, guest.emails[0], f"{guest.given} {guest.family}", rng.choice(ANSWERS))
        yield course


def _round() -> Iterator[Event]:
    """A weekly meeting among colleagues, with one occurrence moved: nothing a customer should ever hear of."""
    begin = datetime(2026, 1, 5, 8, 30, tzinfo=HERE)
    series = event("ronde@kettingwerk.example", "Weekronde werkplaats", begin, begin + timedelta(minutes=20))
    series.add("rrule", {"freq": "weekly", "byday": "MO"})
    planned = begin + timedelta(weeks=3)
    moved = planned.replace(hour=11)
    title = "Weekronde werkplaats (later)"
    exception = event("ronde@kettingwerk.example", title, moved, moved + timedelta(minutes=20))
    exception.add("recurrence-id", planned)
    for each in (series, exception):
        invite(each, COLLEAGUES[1][1], COLLEAGUES[1][0], "ACCEPTED")
        yield each


def event(uid: str, title: str, begin: datetime, end: datetime, *, host: tuple[str, str] = COLLEAGUES[0]) -> Event:
    """A confirmed event without guests; ``host`` is the organiser's name and address."""
    made = Event()
    made.add("uid", uid)
    made.add("dtstamp", STAMP)
    made.add("summary", title)
    made.add("dtstart", begin)
    made.add("dtend", end)
    made.add("status", "CONFIRMED")
    organizer = vCalAddress(f"mailto:{host[1]}")
    organizer.params["CN"] = vText(host[0])
    made["organizer"] = organizer
    return made


def invite(meeting: Event, email: str, name: str, answer: str) -> None:
    """Adds a guest with the answer that was given."""
    guest = vCalAddress(f"mailto:{email}")
    if name:
        guest.params["CN"] = vText(name)
    guest.params["PARTSTAT"] = vText(answer)
    guest.params["ROLE"] = vText("REQ-PARTICIPANT")
    meeting.add("attendee", guest, encode=False)
