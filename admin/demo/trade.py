"""What the workshop's shop has sold: accounts and sales, the truth behind its exports, the shop and its payments."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from random import Random

from admin.demo import mess
from admin.demo.people import TODAY, TOLD, Person
from admin.demo.shop_columns import CATALOGUE

FIRST_CUSTOMER = 7_204_611_000_000
FIRST_ORDER = 5_810_022_000_000
CENT = Decimal("0.01")
STRIPE, STRIPE_SINCE = "Stripe", date(2026, 7, 1)
METHODS = ("iDEAL", "Bancontact", "Shopify Payments", "PayPal Express Checkout")
NOW = datetime.combine(TODAY, time(8), tzinfo=UTC)
REGULARS = (timedelta(days=600), timedelta(days=33), timedelta(days=4))
"""How long ago the regular of the first story bought: long ago, shortly before the shop was exported, and since."""


@dataclass(slots=True)
class Account:
    """One customer record in the shop; without a ``key`` a guest, who has none and types everything anew each time.

    ``name`` is how it was typed when the account was opened: given and family name.
    """

    key: str
    person: Person
    opened: date
    email: str
    name: tuple[str, str]

    def signs(self, rng: Random, on: date) -> tuple[str, str]:
        """The name on an order of that day. Accounts stay as they were opened, those whose stories are told apart."""
        told = self.person.number < TOLD
        return self.name if self.key and not told else mess.name(rng, self.person, on)


@dataclass(frozen=True, slots=True)
class Sale:
    """One order. ``lines`` are title, sku, price and quantity.

    ``returned`` went back through the shop, ``returned_quietly`` at Stripe alone, so that the shop never heard of it.
    """

    number: int
    at: datetime
    account: Account
    name: str
    phone: str
    email: str
    lines: Sequence[tuple[str, str, Decimal, int]]
    discount: Decimal
    state: str
    method: str
    returned: Decimal = Decimal(0)
    returned_at: datetime = NOW
    returned_quietly: Decimal = Decimal(0)

    @property
    def subtotal(self) -> Decimal:
        """What the goods cost."""
        return sum((price * count for _, _, price, count in self.lines), Decimal(0))

    @property
    def key(self) -> int:
        """The shop's number for it."""
        return FIRST_ORDER + self.number * 37

    @property
    def shipping(self) -> Decimal:
        """What sending it costs: nothing above sixty euro."""
        return Decimal("0.00") if self.subtotal > 60 else Decimal("5.95")

    @property
    def total(self) -> Decimal:
        """What the buyer owed, tax included."""
        return self.subtotal - self.discount + self.shipping

    @property
    def worth(self) -> Decimal:
        """What the company has of it today."""
        return Decimal(0) if self.state == "voided" else self.total - self.returned - self.returned_quietly

    @property
    def charge(self) -> str:
        """Stripe's id of the charge that paid it, empty where none did."""
        return f"ch_3Kw{self.number:018d}" if self.method == STRIPE and self.state == "paid" else ""

    @property
    def intent(self) -> str:
        """Stripe's id of the intent behind that charge."""
        return self.charge.replace("ch_", "pi_")

    def returned_by(self, moment: datetime) -> Decimal:
        """What had gone back through the shop at that moment."""
        return self.returned if self.returned_at <= moment else Decimal(0)


@dataclass(frozen=True, slots=True)
class Trade:
    """All accounts, by opening, and all sales, the oldest first."""

    accounts: Sequence[Account]
    sales: Sequence[Sale]


def trade(rng: Random, people: Sequence[Person]) -> Trade:
    """What happened in the shop."""
    accounts = list(_accounts(rng, people))
    guests = [Account("", each, each.since, mess.email(rng, each), ("", "")) for each in people if each.traces.guest]
    buys: list[tuple[datetime, Account]] = []
    for account in (*accounts, *guests):
        buys += ((at, account) for at in _moments(rng, account))
    buys.sort(key=lambda each: (each[0], each[1].key, each[1].person.number))
    return Trade(accounts, [_sale(rng, 1_001 + place, at, who) for place, (at, who) in enumerate(buys)])


def _accounts(rng: Random, people: Sequence[Person]) -> Iterator[Account]:
    key = FIRST_CUSTOMER
    used: set[str] = set()
    for person in people:
        traces = person.traces
        if not traces.buys or traces.guest:
            continue
        for copy in range(2 if traces.twice else 1):
            key += rng.randint(1, 4_000)
            opened = person.since + timedelta(days=copy * rng.randint(20, 200))
            known = person.family_email if person.family_email and rng.random() < 0.3 else mess.email(rng, person)
            # A second account is opened because the first was forgotten: with another address, or only a phone.
            email = known if not copy else rng.choice((person.emails[-1], ""))
            if email.casefold() in used:
                email = ""  # the shop takes an address once
            used.add(email.casefold())
            opened = min(opened, TODAY)
            yield Account(str(key), person, opened, email, mess.name(rng, person, opened))


def _moments(rng: Random, account: Account) -> Iterator[datetime]:
    """When somebody bought."""
    if account.person.number == 0:
        yield from (NOW - ago for ago in REGULARS)
        return
    for _ in range(3 if account.person.number < TOLD else rng.choices((0, 1, 2, 3, 6), (8, 55, 20, 12, 5))[0]):
        day = account.opened + timedelta(days=rng.randrange(max((TODAY - account.opened).days, 1)))
        at = datetime.combine(day, time(rng.randint(7, 22), rng.randint(0, 59), rng.randint(0, 59)), tzinfo=UTC)
        if at < NOW:
            yield at


def _sale(rng: Random, number: int, at: datetime, account: Account) -> Sale:
    person = account.person
    goods = rng.sample(CATALOGUE, k=rng.choices((1, 2, 3, 4), (50, 28, 15, 7))[0])
    lines = [(title, sku, price, rng.choice((1, 1, 1, 2)) if price < 100 else 1) for title, sku, price in goods]
    goods_cost = sum((price * count for _, _, price, count in lines), Decimal(0))
    discount = (goods_cost * Decimal("0.10")).quantize(CENT) if rng.random() < 0.08 else Decimal(0)
    state = rng.choices(("paid", "voided", "pending"), (94, 4, 2))[0]
    given, family = account.signs(rng, at.date())
    method = rng.choice((STRIPE, STRIPE, *METHODS) if at.date() >= STRIPE_SINCE else METHODS)
    if person.number == 0:
        state, discount = "paid", Decimal(0)
        method = STRIPE if at.date() >= STRIPE_SINCE else method
    email = "" if rng.random() < 0.02 and person.number >= TOLD else account.email
    sold = Sale(
        number, at, account, f"{given} {family}", mess.phone(rng, person), email, lines, discount, state, method
    )
    return _returned(rng, sold)


def _returned(rng: Random, sale: Sale) -> Sale:
    """The sale with what went back of it: all or half through the shop, or half at Stripe alone, some days later."""
    half, chance = (sale.total / 2).quantize(CENT), rng.random()
    at = sale.at + timedelta(days=rng.randint(2, 24), minutes=rng.randint(0, 600))
    if sale.state != "paid" or at > NOW:
        return sale
    if sale.account.person.number == 0:
        return replace(sale, returned_quietly=half, returned_at=at) if sale.at > NOW - timedelta(days=60) else sale
    if chance < 0.06:
        return replace(sale, returned=sale.total if chance < 0.03 else half, returned_at=at)
    if chance < 0.10 and sale.charge:
        return replace(sale, returned_quietly=half, returned_at=at)
    return sale
