"""Two colleagues' own calendars and a mailbox: Bas keeps his calendar in Google, Ilse hers in Microsoft 365.

Both advise customers who want to lease a bicycle, so these meetings stand in both calendars under one UID. Bas also has
the fittings of the last year as he once entered them, whatever the front desk has changed since; Ilse gets some of the
mail that the workshop and the shop have, and talks with her own customers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from email import message_from_string, policy
from email.message import EmailMessage
from email.utils import parseaddr
from random import Random
from typing import Any

from icalendar import Calendar

from admin.demo import mail
from admin.demo.ads import NOW
from admin.demo.meetings import COLLEAGUES, HERE
from admin.demo.people import TODAY, TOLD, Person
from admin.demo.standins import Part

BAS, ILSE = COLLEAGUES
TALKS, CALLS, LETTERS = 60, 100, 100
"""One for each so many people."""
SHARED = 0.15
"""The share of the workshop's talks by mail that reach Ilse, too."""
SUBJECTS = ("Leasefiets via mijn werkgever", "Offerte leasefiets", "Contract leasefiets")
WRAPPED = "040000008200E00074C5B7101A82E008" + "0" * 48 + "7643616C2D55696401000000"
"""What Exchange puts before a UID that is not of its own making ([MS-OXOCAL], PidLidGlobalObjectId)."""


@dataclass(frozen=True, slots=True)
class Meeting:
    """A meeting that Bas or Ilse has called. ``guests`` are name, address and answer in iCalendar's words."""

    uid: str
    title: str
    begin: datetime
    end: datetime
    host: tuple[str, str]
    guests: Sequence[tuple[str, str, str]]


def google(rng: Random, workshop: Calendar, people: Sequence[Person]) -> Part:
    """The calendar of Bas. ``rng`` is the same as Ilse's, so that they meet."""
    found = [*_talks(rng, people), *_fittings(workshop)]
    contents = {"now": lambda: NOW, "events": {BAS[1]: [_as_google(each) for each in found]}}
    return Part("a stand-in for Google Calendar, that of Bas", {"events": len(found)}, contents)


def microsoft(rng: Random, mine: Random, workshop: Sequence[tuple[datetime, str]], people: Sequence[Person]) -> Part:
    """The calendar and the mailbox of Ilse; ``mine`` is chance for what only she has."""
    meetings = [*_talks(rng, people), *_calls(mine, people)]
    letters = [*_shared(mine, workshop), *_questions(mine, people)]
    contents = {
        "now": lambda: NOW,
        "mail": {ILSE[1]: [_as_graph(at, text) for at, text in sorted(letters, key=lambda each: each[0])]},
        "events": {ILSE[1]: [_as_outlook(each) for each in meetings]},
    }
    records = {"messages": len(letters), "events": len(meetings)}
    what = "a stand-in for Microsoft 365, the mail and calendar of Ilse"
    return Part(what, records, contents, {"meetings_since": "2023-01-01"})


def _talks(rng: Random, people: Sequence[Person]) -> Iterator[Meeting]:
    """Advice on leasing, by Bas and Ilse together; the first customer of all gets some."""
    buyers = [person for person in people[TOLD:] if person.traces.buys]
    for person in [people[0], *rng.sample(buyers, k=min(3 + len(people) // TALKS, len(buyers)))]:
        begin = _moment(rng, person)
        guest = (f"{person.given} {person.family}" if rng.random() < 0.6 else "", person.emails[0], "ACCEPTED")
        uid = f"lease-{person.number:06d}@kettingwerk.example"
        yield Meeting(uid, "Advies leasefiets", begin, begin + timedelta(hours=1), BAS, [(*ILSE, "ACCEPTED"), guest])


def _calls(rng: Random, people: Sequence[Person]) -> Iterator[Meeting]:
    """What Ilse arranges with her own customers."""
    buyers = [person for person in people[TOLD:] if person.traces.buys]
    for person in rng.sample(buyers, k=min(3 + len(people) // CALLS, len(buyers))):
        begin, answer = _moment(rng, person), rng.choice(("ACCEPTED", "ACCEPTED", "NEEDS-ACTION"))
        uid = f"bel-{person.number:06d}@kettingwerk.example"
        guests = [(f"{person.given} {person.family}", person.emails[0], answer)]
        yield Meeting(uid, "Belafspraak leasecontract", begin, begin + timedelta(minutes=30), ILSE, guests)


def _fittings(workshop: Calendar) -> Iterator[Meeting]:
    """The workshop's fittings of the last year under their UIDs."""
    for event in workshop.events:
        begin = event.decoded("DTSTART")
        if (
            str(event["UID"]).startswith("fit-")
            and event["STATUS"] != "CANCELLED"
            and begin > NOW - timedelta(days=365)
        ):
            guest = event["ATTENDEE"]
            told = (str(guest.params.get("CN", "")), str(guest).removeprefix("mailto:"), str(guest.params["PARTSTAT"]))
            yield Meeting(str(event["UID"]), str(event["SUMMARY"]), begin, event.decoded("DTEND"), BAS, [told])


def _moment(rng: Random, person: Person) -> datetime:
    """A quarter of an hour in office hours, on a day since when the person is known."""
    day = person.since + timedelta(days=rng.randrange(max((TODAY - person.since).days, 1)))
    return datetime.combine(day, time(rng.randint(9, 16), rng.choice((0, 15, 30, 45))), tzinfo=HERE)


def _as_google(meeting: Meeting) -> dict[str, Any]:
    answers = {"ACCEPTED": "accepted", "DECLINED": "declined", "TENTATIVE": "tentative"}
    return {
        "iCalUID": meeting.uid,
        "summary": meeting.title,
        **{
            name: {"dateTime": at.isoformat(), "timeZone": str(HERE)}
            for name, at in (("start", meeting.begin), ("end", meeting.end))
        },
        "organizer": {"email": meeting.host[1], "displayName": meeting.host[0], "self": meeting.host == BAS},
        "attendees": [
            {
                "email": email,
                "responseStatus": answers.get(answer, "needsAction"),
                **({"displayName": name} if name else {}),
            }
            for name, email, answer in meeting.guests
        ],
    }


def _as_outlook(meeting: Meeting) -> dict[str, Any]:
    answers = {"ACCEPTED": "accepted", "DECLINED": "declined", "TENTATIVE": "tentativelyAccepted"}
    return {
        "iCalUId": f"{WRAPPED}{meeting.uid.encode().hex().upper()}00",
        "subject": meeting.title,
        **{
            name: {"dateTime": f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}", "timeZone": "UTC"}
            for name, at in (("start", meeting.begin), ("end", meeting.end))
        },
        "organizer": {"emailAddress": _recipient(*meeting.host)},
        "attendees": [
            {
                "type": "required",
                "status": {"response": answers.get(answer, "notResponded")},
                "emailAddress": _recipient(name, email),
            }
            for name, email, answer in meeting.guests
        ],
    }


def _shared(rng: Random, workshop: Sequence[tuple[datetime, str]]) -> Iterator[tuple[datetime, str]]:
    """Whole talks of the workshop, by the number of whoever began them; those of the first customer among them."""
    chosen: dict[str, bool] = {}
    for at, text in workshop:
        talk = text.partition("Message-ID: <")[2].partition(".")[0]
        if talk.isdigit() and chosen.setdefault(talk, rng.random() < SHARED or int(talk) == 0):
            yield at, text


def _questions(rng: Random, people: Sequence[Person]) -> Iterator[tuple[datetime, str]]:
    """What customers ask Ilse only, and her answers."""
    buyers = [person for person in people[TOLD:] if person.traces.buys]
    for person in rng.sample(buyers, k=min(3 + len(people) // LETTERS, len(buyers))):
        at = _moment(rng, person).astimezone(UTC)
        them, subject = (f"{person.given} {person.family_name(at.date())}", person.emails[0]), rng.choice(SUBJECTS)
        first = f"<lease.{person.number:05d}.a@{them[1].partition('@')[2]}>"
        yield at, mail.message(rng, at, first, them, ILSE, subject, label="Inbox")
        at += timedelta(hours=rng.randint(1, 20))
        answer = f"<lease.{person.number:05d}.b@kettingwerk.example>"
        yield at, mail.message(rng, at, answer, ILSE, them, f"Re: {subject}", label="Sent", reply_to=first)


def _as_graph(at: datetime, text: str) -> tuple[dict[str, Any], str, datetime]:
    """A message as Graph shows it, the folder that it lies in, and when it came."""
    takeout, _, rest = text.partition("\n")
    parsed = message_from_string(rest, _class=EmailMessage, policy=policy.default)
    sender = {"emailAddress": _recipient(*parseaddr(str(parsed["From"])))}
    given = {
        "internetMessageId": str(parsed["Message-ID"]),
        "subject": str(parsed["Subject"]),
        "sentDateTime": f"{at:%Y-%m-%dT%H:%M:%SZ}",
        "from": sender,
        "sender": sender,
        "toRecipients": [{"emailAddress": _recipient(*parseaddr(str(parsed["To"])))}],
        "body": {"contentType": "text", "content": parsed.get_content()},
    }
    return given, "sentitems" if ": Sent" in takeout else "inbox", at


def _recipient(name: str, email: str) -> dict[str, str]:
    return {"name": name or email, "address": email}
