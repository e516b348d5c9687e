"""The lead forms on Google, TikTok and LinkedIn, filled in by some who went on to buy and by some who had before.

Google hands leads out for sixty days and TikTok for ninety, counted from the day on which the company is seen. LinkedIn
counts its year from the day on which it is asked, so those who answer there have done so in the last days.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from random import Random

from admin.demo import mess
from admin.demo.ads import NOW
from admin.demo.people import TODAY, TOLD, Person
from admin.demo.standins import Part

GOOGLE_DAYS, TIKTOK_DAYS = 58, 88
BECAME, RETURNED = 12, 6
QUESTION = "Waar bent u naar op zoek?"
WISHES = ("e-bike", "bakfiets", "racefiets", "onderhoud")
FLEET, FLEETS = "Hoeveel leasefietsen?", ("1-5", "6-20", "meer dan 20")
EMPLOYERS = ("Metaalwerken Geul BV", "Huisartsen Heuvelland", "Drukkerij Het Spoor BV")


@dataclass(frozen=True, slots=True)
class Lead:
    """Somebody who fills a form in."""

    given: str
    family: str
    email: str
    phone: str
    at: datetime
    wish: str


def became_buyers(people: Sequence[Person], days: int) -> list[Person]:
    """Those who were first heard of by a form within so many days, and bought since."""
    found = [person for person in people[TOLD:] if person.traces.buys and not person.traces.lead]
    return [person for person in found if (TODAY - person.since).days < days]


def google(rng: Random, people: Sequence[Person]) -> Part:
    """The form in Google Ads."""
    advertised = {"campaign": "Winterbeurt", "ad_group": "Merk", "form": "Plan uw winterbeurt"}
    leads = [
        (
            {"FULL_NAME": f"{one.given} {one.family}", "EMAIL": one.email, "PHONE_NUMBER": one.phone},
            one.at,
            {"custom": {QUESTION: one.wish}, **advertised},
        )
        for one in _leads(rng, became_buyers(people, GOOGLE_DAYS)[:BECAME], people)
    ]
    contents = {"now": lambda: NOW, "leads": leads}
    return Part("a stand-in for Google Ads, a lead form", {"leads": len(leads)}, contents)


def tiktok(rng: Random, people: Sequence[Person]) -> Part:
    """The form on TikTok, which those have filled in who are too long known for Google's."""
    late = became_buyers(people, GOOGLE_DAYS)
    young = [each for each in became_buyers(people, TIKTOK_DAYS) if each not in late]
    leads = [
        (
            {
                "Full name": f"{one.given} {one.family}",
                "Email": one.email,
                "Phone number": one.phone,
                QUESTION: one.wish,
            },
            one.at,
            {"region": rng.choice(("eu", "eu", "us")), "campaign": "Gravel najaar"},
        )
        for one in _leads(rng, young[:BECAME], people)
    ]
    contents = {"now": lambda: NOW, "takes": timedelta(0), "title": "Gravelfiets proefrit", "leads": leads}
    return Part("a stand-in for TikTok, an instant form", {"leads": len(leads)}, contents)


def linkedin(rng: Random, people: Sequence[Person], now: datetime) -> Part:
    """The form on LinkedIn, where customers ask for bicycles for their employer."""
    leads = [
        (_at_work(rng, one), now - timedelta(days=rng.randint(1, 20), minutes=rng.randint(0, 600)))
        for one in _leads(rng, [], people)
    ]
    form = {"form_name": "Leasefietsen voor uw team", "campaign": "Leasefiets zakelijk", "choices": {FLEET: FLEETS}}
    return Part("a stand-in for LinkedIn, a lead form", {"leads": len(leads)}, {"form": form, "leads": leads})


def _at_work(rng: Random, lead: Lead) -> Mapping[str, str]:
    return {
        "FIRST_NAME": lead.given,
        "LAST_NAME": lead.family,
        "EMAIL": lead.email,
        "PHONE_NUMBER": lead.phone,
        "COMPANY_NAME": rng.choice(EMPLOYERS),
        FLEET: rng.choice(FLEETS),
    }


def _leads(rng: Random, young: Sequence[Person], people: Sequence[Person]) -> Iterator[Lead]:
    """The young on the day since when they are known, and some who have long been customers, in the last days."""
    buyers = [person for person in people[TOLD:] if person.traces.buys and person not in young]
    returned = rng.sample(buyers, k=min(RETURNED, len(buyers)))
    for person in [*young, *returned]:
        day = person.since if person in young else TODAY - timedelta(days=rng.randint(1, 9))
        at = datetime.combine(day, time(rng.randint(6, 21), rng.randint(0, 59), rng.randint(0, 59)), tzinfo=UTC)
        given, family = mess.name(rng, person, day)
        yield Lead(given, family, mess.email(rng, person), person.mobile, at, rng.choice(WISHES))
