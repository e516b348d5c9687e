"""The front desk's calendar "Balie": the workshop's fittings as the desk knows them, and appointments of its own.

Who calls the desk to move a fitting, or says at last whether they come, is entered here only. The workshop's export
still has it as it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from random import Random
from typing import cast

from icalendar import Calendar, Event, Timezone, vCalAddress, vText

from admin.demo.meetings import COLLEAGUES, HERE, STAMP, event, invite
from admin.demo.people import TODAY, TOLD, Person

NAME = "Balie"
APPOINTMENTS = 60
KNOWN = 0.5
"""The share of fittings that the desk has too."""
TOPICS = ("Ophalen e-bike", "Adviesgesprek leasefiets", "Schademelding bespreken")


def calendar(rng: Random, workshop: Calendar, people: Sequence[Person]) -> Calendar:
    """The desk's calendar beside the workshop's."""
    made = Calendar()
    made.add("prodid", "-//Kettingwerk//Balie//NL")
    made.add("version", "2.0")
    made.add("x-wr-calname", NAME)
    made.add_component(Timezone.from_tzinfo(HERE, first_date=date(2023, 1, 1), last_date=date(2027, 1, 1)))
    told = {person.emails[0] for person in people[:TOLD]}
    for each in [*_fittings(rng, workshop, told), *_appointments(rng, people)]:
        made.add_component(each)
    return made


def _fittings(rng: Random, workshop: Calendar, told: set[str]) -> Iterator[Event]:
    """Copies of the workshop's fittings under the same UID: as they are, moved, or answered since."""
    for original in workshop.events:
        if not str(original["UID"]).startswith("fit-"):
            continue
        chance, kind = rng.random(), rng.random()
        known = str(original["ATTENDEE"]).removeprefix("mailto:") in told
        if chance >= KNOWN and not known:
            continue
        copy = cast("Event", Event.from_ical(original.to_ical()))
        if (kind < 0.25 or known) and original["STATUS"] != "CANCELLED":
            _move(copy, timedelta(hours=rng.choice((-1, 1, 2))))
        elif kind < 0.5:
            _accept(copy)
            _revise(copy, timedelta(hours=2))
        yield copy


def _move(copy: Event, by: timedelta) -> None:
    """Another time is a new invitation: RFC 5546 2.1.4 has its SEQUENCE raised, and the answer asked for anew."""
    for name in ("DTSTART", "DTEND"):
        moment: datetime = copy.decoded(name)
        del copy[name]
        copy.add(name, moment + by)
    _accept(copy)
    copy.add("sequence", 1)
    _revise(copy, timedelta(hours=3))


def _accept(copy: Event) -> None:
    guest = cast("vCalAddress", copy["ATTENDEE"])
    guest.params["PARTSTAT"] = vText("ACCEPTED")


def _revise(copy: Event, later: timedelta) -> None:
    del copy["DTSTAMP"]
    copy.add("dtstamp", STAMP + later)
    copy.add("last-modified", STAMP + later)


def _appointments(rng: Random, people: Sequence[Person]) -> Iterator[Event]:
    """What only the desk arranges, with people who bought something."""
    buyers = [person for person in people[TOLD:] if person.traces.buys]
    for number, person in enumerate(rng.sample(buyers, k=min(APPOINTMENTS, len(buyers)))):
        day = person.since + timedelta(days=rng.randrange(max((TODAY - person.since).days, 1)))
        begin = datetime.combine(day, time(rng.randint(9, 17), rng.choice((0, 15, 30, 45))), tzinfo=HERE)
        title, end = rng.choice(TOPICS), begin + timedelta(minutes=30)
        made = event(f"balie-{number:05d}@kettingwerk.example", title, begin, end, host=COLLEAGUES[1])
        invite(made, person.emails[0], f"{person.given} {person.family}" if rng.random() < 0.7 else "", "ACCEPTED")
        yield made
