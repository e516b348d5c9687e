"""The online shop's two exports: customers and orders, as Shopify writes them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from admin.demo import mess
from admin.demo.ledger import Ledger, write_rows
from admin.demo.people import TODAY, TOLD, Home, Person
from admin.demo.shop_columns import CATALOGUE, CUSTOMER_COLUMNS, ORDER_COLUMNS

CUSTOMERS = "customers_export.csv"
ORDERS = "orders_export.csv"
FIRST_CUSTOMER = 7_204_611_000_000
FIRST_ORDER = 5_810_022_000_000
TAX = Decimal("21") / Decimal("121")
CENT = Decimal("0.01")
HERE = ZoneInfo("Europe/Amsterdam")


@dataclass(slots=True)
class Account:
    """One customer record in the shop, with what its orders added up to."""

    key: str
    person: Person
    opened: date
    email: str
    orders: int = 0
    spent: Decimal = Decimal(0)


def write_shop(folder: Path, rng: Random, people: Sequence[Person], ledger: Ledger) -> tuple[int, int]:
    """Writes both exports; returns how many customers and how many orders are in them."""
    accounts = list(_accounts(rng, people))
    guests = [person for person in people if person.traces.guest]
    orders = list(_orders(rng, accounts, guests))
    rows: list[dict[str, object]] = []
    for place, order in enumerate(orders):
        ledger.note(ORDERS, place, str(order[0]["Id"]), int(str(order[0].pop("_person"))))
        rows += order
        if rng.random() < 0.01:
            rows.append(dict(order[-1]))  # exact duplicate rows occur
    write_rows(folder / ORDERS, ORDER_COLUMNS, rows)
    customers = [_customer(rng, account) for account in accounts]
    for place, account in enumerate(accounts):
        ledger.note(CUSTOMERS, place, account.key, account.person.number)
    # A byte order mark, since the export is meant for Excel.
    write_rows(folder / CUSTOMERS, CUSTOMER_COLUMNS, customers, encoding="utf-8-sig")
    return len(accounts), len(orders)


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
            yield Account(str(key), person, min(opened, TODAY), email)


def _customer(rng: Random, account: Account) -> dict[str, object]:
    person = account.person
    # Most accounts stay as they were opened; the regular of the first story keeps hers up to date.
    on = TODAY if person.number == 0 else account.opened
    given, family = mess.name(rng, person, on)
    home = person.address(on)
    phone = mess.phone(rng, person) if rng.random() < 0.7 or not account.email else ""
    second = mess.phone(rng, person, person.home_phone) if person.home_phone and rng.random() < 0.5 else ""
    row: dict[str, object] = {
        "Customer ID": f"'{account.key}",
        "First Name": given if rng.random() > 0.03 else "",
        "Last Name": family,
        "Email": account.email,
        "Accepts Email Marketing": "yes" if person.traces.newsletter else "no",
        "Default Address Address1": home.street,
        "Default Address Address2": rng.choice(("", "", "", "achterom\nbij de buren")),  # quoted line breaks
        "Default Address City": home.town,
        "Default Address Country Code": person.country.code,
        "Default Address Zip": f"'{home.postal_code}",
        "Default Address Phone": f"'{second}" if second else "",
        "Phone": f"'{phone}" if phone else "",
        "Accepts SMS Marketing": rng.choice(("yes", "no", "no")),
        "Total Spent": f"{account.spent:.2f}",
        "Total Orders": str(account.orders),
        "Note": rng.choice(("", "", "", "", "belt liever 's avonds", 'wil "stille" naaf, geen terugtraprem')),
        "Tax Exempt": "no",
        "Tags": rng.choice(("", "", "werkplaats", "e-bike, werkplaats", "vip")),
    }
    if rng.random() < 0.25:
        row["Birth date (customer.metafields.facts.birth_date)"] = person.born.isoformat()
    return row


def _orders(rng: Random, accounts: Sequence[Account], guests: Sequence[Person]) -> Iterator[list[dict[str, object]]]:
    buyers: list[tuple[datetime, Account]] = []
    for account in [*accounts, *(Account("", person, person.since, mess.email(rng, person)) for person in guests)]:
        told = account.person.number < TOLD
        for _ in range(3 if told else rng.choices((0, 1, 2, 3, 6), (8, 55, 20, 12, 5))[0]):
            span = max((TODAY - account.opened).days, 1)
            day = account.opened + timedelta(days=rng.randrange(span))
            at = datetime.combine(day, time(rng.randint(7, 22), rng.randint(0, 59), rng.randint(0, 59)), tzinfo=UTC)
            buyers.append((at, account))
    for place, (at, account) in enumerate(sorted(buyers, key=lambda each: (each[0], each[1].key))):
        yield _order(rng, 1_001 + place, at, account)


def _order(rng: Random, number: int, at: datetime, account: Account) -> list[dict[str, object]]:
    person = account.person
    goods = rng.sample(CATALOGUE, k=rng.choices((1, 2, 3, 4), (50, 28, 15, 7))[0])
    lines: list[dict[str, object]] = []
    subtotal = Decimal(0)
    for title, sku, price in goods:
        quantity = rng.choice((1, 1, 1, 2)) if price < 100 else 1
        subtotal += price * quantity
        lines.append({
            "Lineitem quantity": quantity,
            "Lineitem name": title,
            "Lineitem price": f"{price:.2f}",
            "Lineitem sku": sku,
            "Lineitem requires shipping": "true",
            "Lineitem taxable": "true",
            "Lineitem fulfillment status": "fulfilled",
        })  # fmt: skip
    head = _head(rng, number, at, account, subtotal)
    if "Cancelled at" not in head:
        account.orders += 1
        account.spent += Decimal(str(head["Total"])) - Decimal(str(head["Refunded Amount"]))
    name = head["Name"]
    # Continuation lines repeat the order's name and email and say nothing else of the order.
    return [{**head, **lines[0], "_person": person.number}] + [
        {"Name": name, "Email": head["Email"], **line} for line in lines[1:]
    ]


def _head(rng: Random, number: int, at: datetime, account: Account, subtotal: Decimal) -> dict[str, object]:
    person = account.person
    discount = (subtotal * Decimal("0.10")).quantize(CENT) if rng.random() < 0.08 else Decimal(0)
    shipping = Decimal("0.00") if subtotal > 60 else Decimal("5.95")
    total = subtotal - discount + shipping
    status = rng.choices(("paid", "refunded", "partially_refunded", "voided", "pending"), (88, 3, 3, 4, 2))[0]
    refunded = {"refunded": total, "partially_refunded": (total / 2).quantize(CENT)}.get(status, Decimal(0))
    given, family = mess.name(rng, person, at.date())
    head: dict[str, object] = {
        "Name": f"#{number}",
        "Email": "" if rng.random() < 0.02 else account.email,
        "Financial Status": status,
        "Paid at": moment(at) if status not in {"voided", "pending"} else "",
        "Fulfillment Status": "unfulfilled" if status in {"voided", "pending"} else "fulfilled",
        "Fulfilled at": moment(at + timedelta(days=2)) if status == "paid" else "",
        "Accepts Marketing": "yes" if person.traces.newsletter else "no",
        "Currency": "EUR",
        "Subtotal": f"{subtotal - discount:.2f}",
        "Shipping": f"{shipping:.2f}",
        "Taxes": f"{total * TAX:.2f}",
        "Total": f"{total:.2f}",
        "Discount Code": "LENTE10" if discount else "",
        "Discount Amount": f"{discount:.2f}",
        "Shipping Method": "PostNL",
        "Created at": moment(at),
        "Payment Method": rng.choice(("iDEAL", "Bancontact", "Shopify Payments", "PayPal Express Checkout")),
        "Refunded Amount": f"{refunded:.2f}",
        "Vendor": "Kettingwerk",
        "Outstanding Balance": "0.00",
        "Id": FIRST_ORDER + number * 37,
        "Risk Level": "Low",
        "Source": "web",
        **_billing(person.address(at.date()), person, f"{given} {family}", mess.phone(rng, person)),
    }
    if status == "voided":
        head["Cancelled at"] = moment(at + timedelta(hours=20))
    return head


def _billing(home: Home, person: Person, name: str, phone: str) -> dict[str, object]:
    made: dict[str, object] = {}
    for kind in ("Billing", "Shipping"):
        made |= {
            f"{kind} Name": name,
            f"{kind} Street": home.street,
            f"{kind} Address1": home.street,
            f"{kind} City": home.town,
            f"{kind} Zip": f"'{home.postal_code}",
            f"{kind} Country": person.country.code,
            f"{kind} Phone": f"'{phone}",
        }
    return made


def moment(at: datetime) -> str:
    """The time as the shop writes it: local, with its offset."""
    return f"{at.astimezone(HERE):%Y-%m-%d %H:%M:%S %z}"
