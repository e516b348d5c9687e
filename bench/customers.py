"""Customers' records from several sources, with all that is wrong with such records, and who they are in truth.

Seeded: the same arguments give the same records. Each record is a profile's canonical values; phones and emails are
still as people write them and go through ``canonical``.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple

from bench import mess
from bench.people import Person, Population
from bench.slips import misdated, misdialled, typo, typos, written
from mapping.normalize import email, phone

PLACEHOLDERS = ("noemail@example.com", "none@none.com", "test@test.com", "noemail@noemail.com")


class Row(NamedTuple):
    """One record: who it is in truth, its source, its values, and what is wrong with it (of ``bench.mess.KINDS``)."""

    entity: int
    source: str
    values: dict[str, Any]
    mess: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Source:
    """What one tool holds. ``holds`` maps a field to how often it is filled; ``form`` is how names are written.

    ``share``: how many of the people are in it; ``again``: how many of those a second time; ``noise`` scales all slips.
    """

    name: str
    share: float
    holds: dict[str, float]
    form: str = "parts"
    again: float = 0.05
    noise: float = 1.0
    copies: int = 1


SOURCES = (
    Source("crm", 0.65, {"name": 1, "email": 0.85, "phone": 0.6, "company": 0.5, "city": 0.5, "title": 0.3,
                         "middle": 0.1}, again=0.1),
    Source("shop", 0.6, {"name": 1, "email": 0.97, "phone": 0.5, "address": 0.95, "birth": 0.1}, again=0.15),
    Source("erp", 0.4, {"name": 1, "email": 0.4, "phone": 0.7, "address": 0.9, "company": 0.4, "birth": 0.25},
           "last_first"),
    Source("helpdesk", 0.35, {"name": 0.9, "email": 0.95, "phone": 0.2}, "full"),
    Source("leads", 0.35, {"name": 1, "email": 0.9, "phone": 0.75, "city": 0.3}, "full", again=0.12, noise=1.5),
    Source("calendar", 0.3, {"name": 0.85, "email": 0.75}, "full"),
)  # fmt: skip
"""Six tools of one company: about 2.9 records a person."""

REGISTERS = (
    Source("register", 1.0, {"name": 0.98, "middle": 0.5, "birth": 0.96, "address": 0.97, "tax": 0.95}, again=0.0),
    Source("ledger", 0.9, {"name": 0.97, "middle": 0.4, "birth": 0.9, "address": 0.95, "tax": 0.9}, noise=3.0),
)
"""Two registers with a number for everybody, one of them badly kept."""

CENSUS = (
    Source("census", 0.95, {"name": 0.99, "middle": 0.98, "birth": 0.98, "address": 0.97}, again=0.01, noise=1.2),
    Source("payroll", 0.8, {"name": 0.99, "middle": 0.98, "tax": 0.95, "company": 0.97, "address": 0.97}, again=0.06),
    Source("benefit", 0.1, {"name": 0.99, "middle": 0.9, "birth": 0.97, "address": 0.97}, again=0.0),
)
"""Three offices that share names and addresses, and not much else."""

SCRAPS = (
    Source("scraps", 1.0, {"name": 0.93, "both": 0.8, "birth": 0.99, "email": 0.75, "city": 0.75}, noise=5.0, copies=6),
)
"""One badly typed list that names everybody several times."""

COPIES = (Source("copies", 1.0, {"name": 0.98, "birth": 0.95, "address": 0.96, "tax": 0.97}, noise=4.0, copies=5),)
"""One list of originals and their worse and worse copies."""


@dataclass(frozen=True, slots=True)
class World:
    """Sources, how many people, and how often something goes wrong."""

    people: int
    sources: Sequence[Source] = SOURCES
    seed: int = 0
    extra: dict[str, float] = field(default_factory=dict)


def records(world: World) -> Iterator[Row]:
    """The rows of a world, source by source in random order of people."""
    population = Population(world.seed, world.people)
    chance = random.Random(world.seed + 1)
    for source in world.sources:
        order = list(population.people)
        chance.shuffle(order)
        for who in order[: int(source.share * len(order))]:
            for _ in range(source.copies if source.copies == 1 else chance.randrange(1, source.copies + 1)):
                yield _Entry(who, source, chance).row(population)
            if chance.random() < source.again:
                yield _Entry(who, source, chance).row(population)


class _Entry:
    """One record of one person while it is written down, with note of what goes wrong."""

    def __init__(self, who: Person, source: Source, chance: random.Random) -> None:
        self.who, self.source, self.chance, self.noise = who, source, chance, source.noise
        self.mess: set[str] = {mess.TWIN} if who.twin else set()

    def row(self, population: Population) -> Row:
        """The record."""
        values = self._values(population)
        return Row(self.who.entity, self.source.name, values, frozenset(self.mess | mess.missing(values)))

    def _goes(self, often: float, kind: str) -> bool:
        """Whether that happens here; if so it is noted."""
        happens = self.chance.random() < often
        if happens:
            self.mess.add(kind)
        return happens

    def _values(self, population: Population) -> dict[str, Any]:
        chance, noise, who = self.chance, self.noise, self.who
        has = {name: chance.random() < often for name, often in self.source.holds.items()}
        values: dict[str, Any] = {}
        if has.get("email"):
            values["email"] = self._email()
        if has.get("phone"):
            values["phone"] = self._phone()
        if has.get("name") or not (values.get("email") or values.get("phone") or has.get("birth")):
            self._name(values, has)
        if has.get("birth"):
            born = who.birth
            if self._goes(0.01 * noise, mess.BIRTH):
                born = population.people[chance.choice(population.households[who.household])].birth
            values["birth_date"] = misdated(born, chance) if self._goes(0.06 * noise, mess.BIRTH) else born
        if has.get("tax"):
            values["tax_id"] = typos(who.tax, chance) if self._goes(0.05 * noise, mess.TAX) else who.tax
        if has.get("company") and who.company:
            wrong = chance.random() < 0.04 * noise
            values["company"] = typo(who.company, chance) if wrong else _legal(who.company, chance)
        if has.get("address"):
            values["address"] = self._address(street=True)
        elif has.get("city"):
            values["address"] = self._address(street=False)
        if has.get("title") and chance.random() < 0.8:
            values["honorific_prefix"] = "Mr" if who.sex == "m" else chance.choice(("Mrs", "Ms"))
        return values

    def _name(self, values: dict[str, Any], has: dict[str, bool]) -> None:
        who, source, chance, noise = self.who, self.source, self.chance, self.noise
        given, family = who.given, who.family
        if who.maiden and self._goes(0.5, mess.MARRIED):
            family = who.maiden if chance.random() < 0.6 else f"{family}-{who.maiden}"
        if chance.random() < 0.07 * min(noise, 1.5):
            given = chance.choice(_short_for(given) or (given,))
            self.mess |= {mess.NICKNAME} if given != who.given else set()
        if self._goes(0.03 * noise, mess.GIVEN_TYPO):
            given = typos(given, chance)
        if self._goes(0.03 * noise, mess.FAMILY_TYPO):
            family = typos(family, chance)
        if self._goes(0.02 * noise, mess.INITIAL):
            given = given[:1]
        if self._goes(0.01 * noise, mess.SWAPPED):
            given, family = family, given
        if self._goes(0.012 * noise, mess.HALF_NAME) or self._goes(1 - source.holds.get("both", 1), mess.HALF_NAME):
            given, family = chance.choice((("", family), (given, "")))
        elder = f" {who.generation}" if who.generation and chance.random() < 0.5 else ""
        self.mess |= {mess.GENERATION} if who.generation or who.has_namesake else set()
        middle = f" {who.middle}" if who.middle and has.get("middle") else ""
        if source.form == "parts":
            said = (("given_name", given), ("family_name", family + elder))
            values |= {name: value for name, value in said if value}
            if middle:
                values["additional_name"] = middle.strip()
        elif source.form == "last_first" and given and family:
            values["name"] = f"{family}{elder}, {given}{middle}"
            self.mess.add(mess.LAST_FIRST)
        else:
            values["name"] = f"{given}{middle} {family}{elder}".strip()
        if chance.random() < 0.03:
            for name in ("name", "given_name", "family_name"):
                if name in values:
                    values[name] = chance.choice((str.upper, str.lower))(values[name])

    def _email(self) -> str:
        who, chance = self.who, self.chance
        roll = chance.random()
        if roll < 0.02:
            self.mess.add(mess.PLACEHOLDER)
            return chance.choice(PLACEHOLDERS)
        if roll < 0.035 and who.domain:
            self.mess.add(mess.ROLE_MAILBOX)
            return f"{chance.choice(('info', 'office', 'sales', 'hello'))}@{who.domain}"
        address = who.emails[0] if chance.random() < 0.72 else chance.choice(who.emails)
        self.mess |= {mess.OTHER_EMAIL} if address != who.emails[0] else set()
        self.mess |= {mess.FAMILY_EMAIL} if address == who.family_email else set()
        local, _, host = address.partition("@")
        if self._goes(0.03, mess.TAGS):
            local += f"+{chance.choice(('shop', 'news', 'promo'))}"
        if host == "gmail.com" and self._goes(0.08, mess.TAGS) and len(local) > 4:
            at = chance.randrange(1, len(local) - 1)
            local = local[:at] + "." + local[at:] if "." not in local[at - 1 : at + 1] else local
        if self._goes(0.015 * self.noise, mess.EMAIL_TYPO):
            local = typo(local, chance).lower()
        return f"{local}@{host}" if chance.random() < 0.9 else f"{local}@{host}".upper()

    def _phone(self) -> str:
        who, chance = self.who, self.chance
        roll = chance.random()
        if roll < 0.015:
            self.mess.add(mess.PLACEHOLDER)
            return "0000000000"
        if roll < 0.08 and who.line:
            self.mess.add(mess.MAIN_LINE)
            return written(who.line, chance)
        number = who.phones[0] if chance.random() < 0.65 else chance.choice(who.phones)
        self.mess |= {mess.OTHER_PHONE} if number != who.phones[0] else set()
        self.mess |= {mess.FAMILY_PHONE} if number == who.family_phone else set()
        self.mess |= {mess.RECYCLED} if number == who.recycled else set()
        if self._goes(0.025 * self.noise, mess.WRONG_DIGIT):
            number = misdialled(number, chance)
        return written(number, chance)

    def _address(self, *, street: bool) -> dict[str, str]:
        chance, noise, homes = self.chance, self.noise, self.who.addresses
        home = homes[0] if chance.random() < 0.75 else chance.choice(homes)
        self.mess |= {mess.MOVED} if home != homes[0] else set()
        line, town, code, region = home
        if self._goes(0.03 * noise, mess.ADDRESS_TYPO):
            town = typos(town, chance)
        found = {"locality": town, "region": region}
        if not street:
            return found
        if self._goes(0.04 * noise, mess.ADDRESS_TYPO):
            line = typos(line, chance)
        if chance.random() < 0.25:
            for long, short in (("Street", "St."), ("Road", "Rd"), ("Avenue", "Ave"), ("Drive", "Dr."), ("Apt", "#")):
                line = line.replace(long, short)
        if self._goes(0.02 * noise, mess.ADDRESS_TYPO):
            code = typo(code, chance)
        return found | {"street": line, "postal_code": code}


@cache
def _short_for(given: str) -> tuple[str, ...]:
    from nicknames import NickNamer

    return tuple(sorted(name.title() for name in _namer(NickNamer).nicknames_of(given.lower())))


@cache
def _namer(kind: Any) -> Any:
    return kind()


def _legal(company: str, chance: random.Random) -> str:
    return company.rpartition(" ")[0] if chance.random() < 0.2 and company.count(" ") > 1 else company


def canonical(values: dict[str, Any]) -> dict[str, Any]:
    """The values as the hub's mapping would make them: email and phone in canonical form, or left out."""
    made = dict(values)
    for name, found in (("email", email(values.get("email") or "")), ("phone", phone(values.get("phone") or "", "US"))):
        if found:
            made[name] = found
        else:
            made.pop(name, None)
    return made
