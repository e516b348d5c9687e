"""Invented people who live in households and work at companies. Names are Faker's, weighted, and made-up rare ones."""

from __future__ import annotations

import random
from bisect import bisect
from dataclasses import dataclass, field
from itertools import accumulate

FREE = ("gmail.com",) * 9 + ("yahoo.com", "hotmail.com", "outlook.com", "icloud.com", "web.de", "gmx.net", "aol.com")
_STREETS = ("High Street", "Church Road", "Main Street", "Station Road", "Park Avenue", "Mill Lane", "Oak Drive")
_KINDS = ("Street", "Road", "Avenue", "Lane", "Drive", "Court", "Place", "Close", "Crescent", "Way", "Terrace")
_SYLLABLES = """
Bar Bel Cor Dar El Fen Gar Hal Ker Lan Mar Nor Or Per Quin Ros Sel Tar Ul Ver Wes Yar Zel Bry Chal Dun
a an ber del en er i in ka la len mo na o or ri ta ten u
by den ell er field ford ham ic ini ka land ley man mont ner ov sen sky son stein ton vic well wick
"""
_STARTS, _MIDDLES, _ENDS = (line.split() for line in _SYLLABLES.strip().splitlines())
_LEGAL = ("Ltd", "Inc.", "GmbH", "LLC", "Group", "& Sons", "")


@dataclass(slots=True)
class Person:
    """One human being as the truth knows them."""

    entity: int
    given: str
    family: str
    middle: str
    sex: str
    birth: str
    generation: str
    household: int
    maiden: str = ""
    emails: list[str] = field(default_factory=list)
    phones: list[str] = field(default_factory=list)
    addresses: list[tuple[str, str, str, str]] = field(default_factory=list)
    company: str = ""
    domain: str = ""
    line: str = ""
    tax: str = ""
    family_email: str = ""
    family_phone: str = ""
    recycled: str = ""
    has_namesake: bool = False
    twin: bool = False


class Names:
    """Names to draw from, as common as they are."""

    def __init__(self, chance: random.Random) -> None:
        from faker.providers.person import de_DE, en_GB, en_US, es_ES, fr_FR, it_IT

        others = (en_GB, de_DE, fr_FR, es_ES, it_IT)
        us = en_US.Provider
        self.given: dict[str, _Drawn] = {}
        for sex, listed in (("m", "first_names_male"), ("f", "first_names_female")):
            weighted = dict(getattr(us, listed))
            share = sum(weighted.values())
            for provider in others:
                found = list(getattr(provider.Provider, listed))[:300]
                for rank, name in enumerate(found):
                    weighted[name] = weighted.get(name, 0) + share * 0.07 / (len(found) * (0.3 + rank / len(found)))
            self.given[sex] = _Drawn(weighted)
        families = dict(us.last_names)
        share = sum(families.values())
        for provider in others:
            found = list(provider.Provider.last_names)
            for name in found:
                families[name] = families.get(name, 0) + share * 0.1 / len(found)
        rare = {_invented(chance) for _ in range(20_000)}
        families.update(dict.fromkeys(sorted(rare), share * 0.5 / len(rare)))
        self.family = _Drawn(families)


class _Drawn:
    def __init__(self, weighted: dict[str, float]) -> None:
        self.names = list(weighted)
        self.sums = list(accumulate(weighted.values()))

    def one(self, chance: random.Random) -> str:
        return self.names[bisect(self.sums, chance.random() * self.sums[-1])]


def _invented(chance: random.Random) -> str:
    middle = chance.choice(_MIDDLES) if chance.random() < 0.6 else ""
    return chance.choice(_STARTS) + middle + chance.choice(_ENDS)


class Population:
    """People, drawn in households: couples, children (a son with his father's name, twins), people alone."""

    def __init__(self, seed: int, people: int) -> None:
        self.chance = random.Random(seed)
        self.names = Names(self.chance)
        self._taken: set[str] = set()  # mailboxes and domains that have an owner
        self.towns = [(_invented(self.chance), f"{self.chance.randrange(10_000, 99_999)}") for _ in range(400)]
        self.companies = [self._company() for _ in range(max(5, people // 60))]
        self.people: list[Person] = []
        self.households: list[list[int]] = []
        while len(self.people) < people:
            self._household()
        del self.people[people:]
        self.households = [[one for one in home if one < people] for home in self.households]
        self._recycle_phones()

    def _company(self) -> tuple[str, str, str]:
        name = self.names.family.one(self.chance) + self.chance.choice((" Logistics", " Foods", " Tools", " & Co", ""))
        host = "".join(letter for letter in name.lower() if letter.isascii() and letter.isalnum())
        legal = self.chance.choice(_LEGAL)
        domain = self._free(host, f".{self.chance.choice(('com', 'co.uk', 'de', 'net'))}")
        return f"{name} {legal}".strip(), domain, self._phone()

    def _mailbox(self, local: str, host: str) -> str:
        """An address of one's own: whoever comes later to a name that is taken adds a number, as providers demand."""
        return self._free(local, f"@{host}")

    def _free(self, name: str, rest: str) -> str:
        """The name with the rest, as it is or with a number. Dots before the sign make no other address."""
        free = name
        while (plain := free.replace(".", "") + rest) in self._taken:
            free = f"{name}{self.chance.randrange(2, 10_000)}"
        self._taken.add(plain)
        return free + rest

    def _phone(self) -> str:
        return f"+1{self.chance.randrange(201, 989)}{self.chance.randrange(2_000_000, 9_999_999)}"

    def _address(self) -> tuple[str, str, str, str]:
        chance = self.chance
        town, code = chance.choice(self.towns)
        name = chance.choice(_STREETS) if chance.random() < 0.15 else f"{_invented(chance)} {chance.choice(_KINDS)}"
        unit = f"Apt {chance.randrange(1, 60)}" if chance.random() < 0.12 else ""
        return f"{chance.randrange(1, 400)} {name} {unit}".strip(), town, code, f"R{int(code) % 50}"

    def _birth(self, low: int, high: int) -> str:
        day = self.chance.randrange(1, 29) if self.chance.random() < 0.97 else 1
        return f"{self.chance.randrange(low, high):04d}-{self.chance.randrange(1, 13):02d}-{day:02d}"

    def _household(self) -> None:
        chance = self.chance
        size = chance.choices((1, 2, 3, 4, 5), (45, 28, 13, 10, 4))[0]
        family, home, address = self.names.family.one(chance), len(self.households), self._address()
        line, shared = self._phone(), ""
        together = chance.random() < 0.3  # one phone and one mailbox for all of them
        members: list[int] = []
        adults: list[Person] = []
        for place in range(size):
            child = place >= 2
            sex = (
                ("m" if adults[0].sex == "f" else "f") if place == 1 and chance.random() < 0.9 else chance.choice("mf")
            )
            birth = self._birth(1980, 2012) if child else self._birth(1930, 1990)
            name = family if child or place == 0 or chance.random() < 0.75 else self.names.family.one(chance)
            given, generation = self.names.given[sex].one(chance), ""
            father = next((one for one in adults if one.sex == "m"), None)
            if child and sex == "m" and father and chance.random() < 0.12:
                given, generation, father.has_namesake = father.given, "Jr", True
                father.generation = "Sr" if chance.random() < 0.5 else ""
            twin = child and place > 2 and chance.random() < 0.12
            if twin:
                birth, self.people[-1].twin = self.people[-1].birth, True
            person = self._person(given, name, sex, birth, generation, home)
            person.twin = twin
            if place == 1 and name == family and sex == "f" and chance.random() < 0.3:
                person.maiden = self.names.family.one(chance)
            person.addresses = [address]
            if chance.random() < (0.7 if together else 0.15):
                person.phones.insert(0 if together else 1, line)
                person.family_phone = line
            if chance.random() < (0.6 if together else 0.05):
                shared = shared or self._mailbox(f"{_plain(family)}.family", chance.choice(FREE))
                person.emails.insert(0 if together else 1, shared)
                person.family_email = shared
            if chance.random() < 0.12:
                person.addresses.append(self._address())
            if not child:
                adults.append(person)
            members.append(person.entity)
            self.people.append(person)
        self.households.append(members)

    def _person(self, given: str, family: str, sex: str, birth: str, generation: str, home: int) -> Person:
        chance = self.chance
        middle = chance.choice("ABCDEFGHJKLMNPRSTW") if chance.random() < 0.6 else ""
        person = Person(len(self.people), given, family, middle, sex, birth, generation, home)
        person.tax = f"{chance.randrange(100_000_000, 999_999_999)}"
        person.emails = [self._email(person) for _ in range(1 + (chance.random() < 0.3))]
        person.phones = [self._phone() for _ in range(1 + (chance.random() < 0.2))]
        if chance.random() < 0.45:
            person.company, person.domain, person.line = chance.choice(self.companies)
            if chance.random() < 0.6:
                person.emails.insert(0, self._mailbox(f"{_plain(given)}.{_plain(family)}", person.domain))
        return person

    def _email(self, who: Person) -> str:
        chance = self.chance
        given, family, year = _plain(who.given), _plain(who.family), who.birth[2:4]
        local = chance.choice(
            (f"{given}.{family}", f"{given}{family}", f"{given[:1]}{family}", f"{family}.{given}", f"{given}{year}",
             f"{given}.{family}{year}", f"{family}{chance.randrange(100)}", _nonsense(chance))
        )  # fmt: skip
        if chance.random() < 0.45:
            local += str(chance.randrange(10, 999))
        return self._mailbox(local, chance.choice(FREE))

    def _recycle_phones(self) -> None:
        """Numbers that were given up and belong to somebody else now."""
        for person in self.people:
            if self.chance.random() < 0.015:
                person.recycled = self.chance.choice(self.people).phones[0]
                person.phones.append(person.recycled)


def _plain(text: str) -> str:
    from mapping.spellings import letters

    return letters(text).replace(" ", "")


def _nonsense(chance: random.Random) -> str:
    return "".join(chance.choice("abcdefghijklmnoprstuvwxyz") for _ in range(chance.randrange(6, 10)))
