"""The people behind the invented company's records, and where each of them leaves traces."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random

from admin.demo.places import BY_CODE, COUNTRIES, Country, filled

TODAY = date(2026, 11, 20)
OPENED = date(2023, 3, 1)
TOLD = 3
"""How many of the first people are those whose stories the demo tells."""


@dataclass(frozen=True, slots=True)
class Home:
    """An address."""

    street: str
    postal_code: str
    town: str


@dataclass(frozen=True, slots=True)
class Traces:
    """Where a person turns up. ``guest`` buys without an account, ``twice`` has two accounts in the shop."""

    buys: bool = False
    guest: bool = False
    twice: bool = False
    lead: bool = False
    newsletter: bool = False
    noted: bool = False
    meets: bool = False
    writes: bool = False

    @property
    def founding(self) -> bool:
        """Whether any of them is a record that makes a customer by itself."""
        return self.buys or self.lead or self.newsletter or self.noted


@dataclass(frozen=True, slots=True)
class Person:
    """One human being: the truth that the records blur.

    ``emails`` has the usual one first; ``maiden`` is the family name until ``married``, ``former`` the home until
    ``moved``; ``home_phone`` and ``family_email`` are the household's.
    """

    number: int
    country: Country
    given: str
    family: str
    born: date
    emails: tuple[str, ...]
    mobile: str
    home_phone: str
    family_email: str
    home: Home
    former: Home | None
    moved: date
    maiden: str
    married: date
    since: date
    traces: Traces

    def family_name(self, on: date) -> str:
        """The family name on a day."""
        return self.maiden if self.maiden and on < self.married else self.family

    def address(self, on: date) -> Home:
        """The home on a day."""
        return self.former if self.former is not None and on < self.moved else self.home


def populate(rng: Random, count: int) -> list[Person]:
    """So many people, by households; the first three are the ones whose story the demo tells."""
    people: list[Person] = list(_told(rng))[:count]
    taken = {email for person in people for email in person.emails}
    weights = [country.weight for country in COUNTRIES]
    while len(people) < count:
        country = rng.choices(COUNTRIES, weights)[0]
        size = rng.choices((1, 2, 3), (80, 14, 6))[0]
        people += _household(rng, country, len(people), min(size, count - len(people)), taken)
    return people


def _household(rng: Random, country: Country, first: int, size: int, taken: set[str]) -> list[Person]:
    family, home = rng.choice(country.family), _home(rng, country)
    phone = filled(rng, country.landline) if size > 1 or rng.random() < 0.3 else ""
    shared = (
        _free(f"{ascii_only(family)}.thuis@{country.providers[0]}", taken) if size > 1 and rng.random() < 0.3 else ""
    )
    made: list[Person] = []
    for offset in range(size):
        person = _person(rng, country, first + offset, family, home, taken)
        if made and rng.random() < 0.05:
            # Father and son of one name: the birth date alone tells them apart.
            person = replace(person, given=made[0].given, born=made[0].born - timedelta(days=365 * 27))
        elif made and rng.random() < 0.05:
            person = replace(person, born=made[0].born)
        made.append(replace(person, home_phone=phone, family_email=shared))
    return made


def _person(rng: Random, country: Country, number: int, family: str, home: Home, taken: set[str]) -> Person:
    given = rng.choice(country.given)
    born = date(1948, 1, 1) + timedelta(days=rng.randrange(57 * 365))
    since = OPENED + timedelta(days=rng.randrange((TODAY - OPENED).days - 30))
    maiden = rng.choice(country.family) if rng.random() < 0.04 else ""
    emails = [_email(rng, country, given, maiden or family, born, taken)]
    if rng.random() < 0.15:
        emails.append(_email(rng, country, given, family, born, taken))
    return Person(
        number=number,
        country=country,
        given=given,
        family=family,
        born=born,
        emails=tuple(emails),
        mobile=filled(rng, country.mobile),
        home_phone="",
        family_email="",
        home=home,
        former=_home(rng, country) if rng.random() < 0.08 else None,
        moved=_between(rng, since),
        maiden=maiden if maiden != family else "",
        married=_between(rng, since),
        since=since,
        traces=_traces(rng),
    )


def _between(rng: Random, since: date) -> date:
    return since + timedelta(days=rng.randrange((TODAY - since).days))


def _traces(rng: Random) -> Traces:
    lead = rng.random() < 0.12
    buys = rng.random() < (0.45 if lead else 0.74)
    traces = Traces(
        buys=buys,
        guest=buys and rng.random() < 0.14,
        twice=buys and rng.random() < 0.04,
        lead=lead,
        newsletter=rng.random() < 0.42,
        noted=rng.random() < 0.18,
        meets=rng.random() < 0.12,
        writes=rng.random() < 0.2,
    )
    return traces if traces.founding else replace(traces, newsletter=True)


def _home(rng: Random, country: Country) -> Home:
    number, street = rng.randint(1, 180), rng.choice(country.streets)
    town, pattern = rng.choice(country.towns)
    line = f"{number} {street}" if country.number_first else f"{street} {number}"
    return Home(line, filled(rng, pattern), town)


def _email(rng: Random, country: Country, given: str, family: str, born: date, taken: set[str]) -> str:
    first, last = ascii_only(given), ascii_only(family)
    local = rng.choice(
        (f"{first}.{last}", f"{first[0]}.{last}", f"{first}{last}", f"{first}.{last}{born:%y}", f"{last}{born:%Y}")
    )
    if rng.random() < 0.35:
        # Four digits keep an invented address at a real provider from being somebody's.
        return _free(f"{first}.{last}.{rng.randint(4000, 4999)}@gmail.com", taken)
    return _free(f"{local}@{rng.choice(country.providers)}", taken)


def _free(email: str, taken: set[str]) -> str:
    local, _, domain = email.partition("@")
    place = 2
    while email in taken:
        email, place = f"{local}{place}@{domain}", place + 1
    taken.add(email)
    return email


def ascii_only(name: str) -> str:
    """The name as it stands in an address: lower case, a to z."""
    plain = name.lower().replace("ß", "ss").replace("ł", "l")
    decomposed = unicodedata.normalize("NFKD", plain)
    return "".join(char for char in decomposed if "a" <= char <= "z")


def _told(rng: Random) -> tuple[Person, ...]:
    """A regular who is in every system, a lead who became a buyer, and a guest at a meeting known by an email only."""
    nl, pl, gb = BY_CODE["NL"], BY_CODE["PL"], BY_CODE["GB"]
    regular = replace(
        _person(rng, nl, 0, "Hendriks", Home("Brusselsestraat 84", "6211 PH", "Maastricht"), set()),
        given="Marloes",
        born=date(1984, 3, 7),
        emails=("marloes.hendriks@postbus.example", "m.claessens@kabelnet.example"),
        mobile="+31612480935",
        home_phone="+31433251840",
        maiden="Claessens",
        married=date(2025, 6, 20),
        former=Home("Scharnerweg 12", "6224 JC", "Maastricht"),
        moved=date(2025, 9, 1),
        since=date(2023, 5, 6),
        traces=Traces(buys=True, newsletter=True, noted=True, meets=True, writes=True),
    )
    lead = replace(
        _person(rng, pl, 1, "Wójcik", Home("ulica Długa 17", "30-041", "Kraków"), set()),
        given="Tomasz",
        emails=("tomasz.wojcik@skrzynka.example",),
        mobile="+48501337204",
        maiden="",
        former=None,
        since=date(2026, 2, 11),
        traces=Traces(buys=True, lead=True),
    )
    guest = replace(
        _person(rng, gb, 2, "Whitaker", Home("14 Canal Street", "B17 4RE", "Birmingham"), set()),
        given="Imogen",
        emails=("i.whitaker@letterbox.example",),
        maiden="",
        former=None,
        since=date(2026, 8, 3),
        traces=Traces(newsletter=True, meets=True),
    )
    return regular, lead, guest
