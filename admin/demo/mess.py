"""How one true value comes to be written in many ways, and how one person comes to look like two."""

from __future__ import annotations

import unicodedata
from datetime import date
from random import Random

from admin.demo.people import TOLD, Person

ROLE_MAILBOXES = (
    "info@tandarts-limburg.example",
    "office@bau-keller.example",
    "receptie@hotel-wyck.example",
    "contact@velo-club-vise.example",
)
PLACEHOLDER_EMAILS = ("noemail@noemail.example", "geen@email.example", "test@test.example")
PLACEHOLDER_PHONE = "0000000000"

NICKNAMES = {
    "Marloes": "Loes",
    "Pieter": "Piet",
    "Maarten": "Mart",
    "Annemiek": "Miek",
    "Hanneke": "Han",
    "Jeroen": "Jer",
    "Matthias": "Matze",
    "Charlotte": "Lotte",
    "Andreas": "Andi",
    "Sabine": "Bine",
    "Benoît": "Ben",
    "Pascale": "Pasca",
    "Alasdair": "Al",
    "Harriet": "Hattie",
    "Tomasz": "Tomek",
    "Krzysztof": "Krzysiek",
    "Małgorzata": "Gosia",
    "Agnieszka": "Aga",
    "Joaquín": "Quim",
}


def email(rng: Random, person: Person) -> str:
    """One of the person's addresses as it gets typed: sometimes in capitals, tagged, or with other dots."""
    address = person.emails[0] if len(person.emails) == 1 or rng.random() < 0.75 else rng.choice(person.emails[1:])
    local, _, domain = address.partition("@")
    chance = rng.random()
    if chance < 0.06:
        return address.upper()
    if chance < 0.10:
        return f"{local[:1].upper()}{local[1:]}@{domain}"
    if chance < 0.14:
        return f"{local}+{rng.choice(('fiets', 'shop', 'bike', 'news'))}@{domain}"
    if domain == "gmail.com" and chance < 0.30:
        return f"{local.replace('.', '')}@{domain}"
    return address


def phone(rng: Random, person: Person, number: str = "") -> str:
    """A number, the mobile unless another is given, in one of the ways people write it."""
    number = number or person.mobile
    country = person.country
    national = number.removeprefix(f"+{country.calling}")
    groups = [national[:1], *(national[place : place + 2] for place in range(1, len(national), 2))]
    chance = rng.random()
    if chance < 0.3:
        return number
    if chance < 0.5:
        return f"+{country.calling} {' '.join(groups)}"
    if chance < 0.6:
        return f"00{country.calling}{national}"
    if chance < 0.7 and country.trunk:
        return f"+{country.calling} ({country.trunk}){national}"
    if country.code != "NL":
        return f"+{country.calling}-{national}"
    return f"{country.trunk}{national[:1]}-{national[1:]}" if chance < 0.85 else f"{country.trunk}{' '.join(groups)}"


def wrong_digit(rng: Random, number: str) -> str:
    """The number with one of its last digits wrong, as somebody mistyped it."""
    place = len(number) - rng.randint(1, 4)
    other = rng.choice([digit for digit in "0123456789" if digit != number[place]])
    return number[:place] + other + number[place + 1 :]


def name(rng: Random, person: Person, on: date) -> tuple[str, str]:
    """Given and family name as written on a day: nicknames, initials, lost accents, capitals, slips.

    Those whose stories are told are spelt right, so that a reader sees what changed: a marriage, a move.
    """
    given, family = person.given, person.family_name(on)
    if person.number < TOLD:
        return given, family
    chance = rng.random()
    if chance < 0.10:
        given = NICKNAMES.get(given, given)
    elif chance < 0.14:
        given = f"{given[0]}."
    elif chance < 0.20:
        given, family = without_accents(given), without_accents(family)
    elif chance < 0.24:
        given, family = given.upper(), family.upper()
    elif chance < 0.28:
        given, family = given.lower(), family.lower()
    elif chance < 0.30:
        given, family = family, given
    elif chance < 0.33:
        family = slip(rng, family)
    return given, family


def without_accents(text: str) -> str:
    """The text as somebody writes it whose keyboard has no accents."""
    plain = text.replace("ł", "l").replace("Ł", "L").replace("ß", "ss")
    return "".join(char for char in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(char))


def slip(rng: Random, word: str) -> str:
    """The word with two neighbouring letters swapped, or one left out; short words stay."""
    if len(word) < 5:
        return word
    place = rng.randint(1, len(word) - 3)
    if rng.random() < 0.5:
        return word[:place] + word[place + 1] + word[place] + word[place + 2 :]
    return word[:place] + word[place + 1 :]
