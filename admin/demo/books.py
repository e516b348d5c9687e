"""The workshop's bookkeeping: who is billed on account, what was sold to them, what they owe and what they paid.

The bookkeeper enters everybody by hand, family name first, and knows businesses that never saw the shop.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from admin.demo.contacts import SUPPLIERS
from admin.demo.mess import ROLE_MAILBOXES
from admin.demo.people import TODAY, Home, Person

BUSINESSES = "Zakelijk"
"""The category of parties that are no people."""
EMPLOYMENT = "Werkt bij"
"""The relation that leads from a contact person to the business."""
PEOPLE = 14
STAFF = 2
FEES = (
    ("Onderhoud op rekening", Decimal("119.00")),
    ("Leasefiets, maandtermijn", Decimal("84.50")),
    ("Bedrijfsfitting", Decimal("149.00")),
    ("Reparatie e-bike, motor", Decimal("389.00")),
)
CLIENTS = (
    ("Tandartspraktijk Limburg BV", ROLE_MAILBOXES[0], "NL", Home("Wycker Brugstraat 31", "6221 EB", "Maastricht")),
    ("Keller Bau GmbH", ROLE_MAILBOXES[1], "DE", Home("Jülicher Straße 114", "52070", "Aachen")),
    ("Hotel Wyck BV", ROLE_MAILBOXES[2], "NL", Home("Stationsstraat 6", "6221 BP", "Maastricht")),
    ("Vélo-Club Visé ASBL", ROLE_MAILBOXES[3], "BE", Home("Rue de la Meuse 9", "4600", "Visé")),
)
Entry = dict[str, object]


@dataclass(frozen=True, slots=True)
class Books:
    """What is entered, plain enough for JSON; a sale and an invoice name their party by its place, a payment its
    invoice."""

    parties: tuple[Entry, ...]
    sales: tuple[Entry, ...]
    invoices: tuple[Entry, ...]
    payments: tuple[Entry, ...]
    people: tuple[int, ...]
    """Of each party, the number of the person it is; -1 for none. The books themselves do not know that."""

    def billed(self) -> Iterator[tuple[int, Decimal]]:
        """Of each bill for a person the number, and the amount."""
        for bill in (*self.sales, *self.invoices):
            number = self.people[int(str(bill["party"]))]
            if number >= 0:
                yield number, Decimal(str(bill["price"])) * int(str(bill["quantity"]))

    def json(self) -> str:
        """As ``servers/tryton_books.py`` enters it."""
        entered = {name: entries for name, entries in asdict(self).items() if name != "people"}
        return json.dumps({"business": BUSINESSES, "employment": EMPLOYMENT, **entered}, ensure_ascii=False)

    @property
    def records(self) -> dict[str, int]:
        """How many records each stream has, with the company's own party and the invoices that sales brought forth."""
        return {
            "parties": len(self.parties) + 1,
            "sales": len(self.sales),
            "invoices": len(self.invoices) + len(self.sales),
            "payments": len(self.payments),
        }


def keep_books(rng: Random, people: Sequence[Person]) -> Books:
    """Books of those who are billed on account: some buyers, four businesses with their contact persons, a supplier."""
    buyers = [person for person in people if person.traces.buys and not person.traces.guest]
    billed = [*buyers[:2], *rng.sample(buyers[2:], k=min(PEOPLE - 2, len(buyers[2:])))]
    taken = {person.number for person in billed}
    others = [person for person in people[3:] if person.number not in taken]
    staff = iter(rng.sample(others, k=min(STAFF * len(CLIENTS), len(others))))
    parties = [_person(rng, person) for person in billed]
    for client in CLIENTS:
        employer = len(parties)
        parties.append(_business(rng, *client))
        parties += [_person(rng, person, employer) for person, _ in zip(staff, range(STAFF), strict=False)]
    parties.append(_supplier(rng))
    payers = [place for place, party in enumerate(parties) if party["billed"]]
    sales = tuple(_bill(rng, place, parties[place]) for place in payers if place % 3 == 0)
    invoices = tuple(_bill(rng, place, parties[place]) for place in payers if place % 3)
    payments = tuple(_paid(rng, invoices))
    numbers = (*(person.number for person in billed), *(-1 for _ in parties[len(billed) :]))
    return Books(tuple(parties), sales, invoices, payments, numbers)


def _person(rng: Random, person: Person, employer: int | None = None) -> Entry:
    told = person.number == 0
    given = person.given if not told and rng.random() < 0.4 else f"{person.given[0]}."
    home = person.address(TODAY)
    return {
        "name": f"{person.family_name(person.since)}, {given}",
        "email": person.emails[0] if told or employer is not None or rng.random() < 0.85 else "",
        "phone": person.mobile if rng.random() < 0.6 else "",
        "street": home.street,
        "postal_code": home.postal_code,
        "city": home.town,
        "country": person.country.code,
        "business": False,
        "employer": employer,
        "billed": employer is None,
        "since": _entered(rng, person.since),
    }


def _business(rng: Random, name: str, email: str, country: str, home: Home) -> Entry:
    return {
        "name": name,
        "email": email,
        "phone": "",
        "street": home.street,
        "postal_code": home.postal_code,
        "city": home.town,
        "country": country,
        "business": True,
        "employer": None,
        "billed": True,
        "since": _entered(rng, date(2024, 4, 2)),
    }


def _supplier(rng: Random) -> Entry:
    name, email, phone = SUPPLIERS[0]
    supplier = _business(rng, name, email, "NL", Home("Dr. Nolenslaan 140", "6136 GV", "Sittard"))
    return supplier | {"phone": phone, "billed": False}


def _entered(rng: Random, since: date) -> str:
    """The day on which the party was entered: not before the books were opened, some time before today."""
    first = max(since, date(2025, 1, 2))
    return (first + timedelta(days=rng.randrange(max((TODAY - first).days // 3, 1)))).isoformat()


def _bill(rng: Random, place: int, party: Entry) -> Entry:
    day = date.fromisoformat(str(party["since"]))
    title, price = rng.choice(FEES)
    return {
        "party": place,
        "title": title,
        "quantity": rng.choice((1, 1, 1, 2, 4)),
        "price": str(price),
        "day": (day + timedelta(days=rng.randrange(max((TODAY - day).days - 20, 1)))).isoformat(),
    }


def _paid(rng: Random, invoices: Sequence[Entry]) -> Iterator[Entry]:
    """A bank transfer for a third of the invoices, some days later."""
    for place, invoice in list(enumerate(invoices))[::3]:
        day = date.fromisoformat(str(invoice["day"])) + timedelta(days=rng.randint(3, 16))
        amount = Decimal(str(invoice["price"])) * int(str(invoice["quantity"]))
        yield {"invoice": place, "amount": str(amount), "day": min(day, TODAY).isoformat()}
