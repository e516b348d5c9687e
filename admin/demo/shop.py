"""The online shop's two exports, customers and orders, as Shopify writes them: what was so on the day of the export."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from admin.demo import mess
from admin.demo.ledger import Ledger, write_rows
from admin.demo.people import TODAY, Home, Person
from admin.demo.shop_columns import CUSTOMER_COLUMNS, ORDER_COLUMNS
from admin.demo.trade import NOW, Account, Sale, Trade

CUSTOMERS = "customers_export.csv"
ORDERS = "orders_export.csv"
DAYS_AGO = 17
"""How long ago the shop was exported; what was sold since is in the shop alone."""
EXPORTED = NOW - timedelta(days=DAYS_AGO)
TAX = Decimal("21") / Decimal("121")
HERE = ZoneInfo("Europe/Amsterdam")
Row = dict[str, object]


def write_shop(folder: Path, rng: Random, trade: Trade, customers: Sequence[Row], ledger: Ledger) -> tuple[int, int]:
    """Writes both exports; returns how many customers and how many orders are in them.

    ``customers`` are the rows of all accounts; those who came later are left out.
    """
    sales = [sale for sale in trade.sales if sale.at <= EXPORTED]
    known = [
        (account, row)
        for account, row in zip(trade.accounts, customers, strict=True)
        if account.opened <= EXPORTED.date()
    ]
    rows: list[Row] = []
    for place, sale in enumerate(sales):
        ledger.note(ORDERS, place, str(sale.key), sale.account.person.number)
        rows += _order(sale)
        if rng.random() < 0.01:
            rows.append(dict(rows[-1]))  # exact duplicate rows occur
    write_rows(folder / ORDERS, ORDER_COLUMNS, rows)
    for place, (account, _) in enumerate(known):
        ledger.note(CUSTOMERS, place, account.key, account.person.number)
    # A byte order mark, since the export is meant for Excel.
    write_rows(folder / CUSTOMERS, CUSTOMER_COLUMNS, [row for _, row in known], encoding="utf-8-sig")
    return len(known), len(sales)


def customers(rng: Random, trade: Trade) -> list[Row]:
    """A row of the export for each account, with what it had bought on the day of the export."""
    bought: dict[str, list[Sale]] = {}
    for sale in trade.sales:
        if sale.at <= EXPORTED:
            bought.setdefault(sale.account.key, []).append(sale)
    return [_customer(rng, account, bought.get(account.key, ())) for account in trade.accounts]


def _customer(rng: Random, account: Account, sales: Sequence[Sale]) -> Row:
    person = account.person
    # Most accounts stay as they were opened; the regular of the first story keeps hers up to date.
    on = TODAY if person.number == 0 else account.opened
    given, family = account.signs(rng, on)
    home = person.address(on)
    phone = mess.phone(rng, person) if rng.random() < 0.7 or not account.email else ""
    second = mess.phone(rng, person, person.home_phone) if person.home_phone and rng.random() < 0.5 else ""
    kept = [sale for sale in sales if sale.state != "voided"]
    spent = sum((sale.total - sale.returned_by(EXPORTED) for sale in kept), Decimal(0))
    row: Row = {
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
        "Total Spent": f"{spent:.2f}",
        "Total Orders": str(len(kept)),
        "Note": rng.choice(("", "", "", "", "belt liever 's avonds", 'wil "stille" naaf, geen terugtraprem')),
        "Tax Exempt": "no",
        "Tags": rng.choice(("", "", "werkplaats", "e-bike, werkplaats", "vip")),
    }
    if rng.random() < 0.25:
        row["Birth date (customer.metafields.facts.birth_date)"] = person.born.isoformat()
    return row


def _order(sale: Sale) -> list[Row]:
    lines = [
        {
            "Lineitem quantity": count,
            "Lineitem name": title,
            "Lineitem price": f"{price:.2f}",
            "Lineitem sku": sku,
            "Lineitem requires shipping": "true",
            "Lineitem taxable": "true",
            "Lineitem fulfillment status": "fulfilled",
        }
        for title, sku, price, count in sale.lines
    ]
    head = _head(sale)
    # Continuation lines repeat the order's name and email and say nothing else of the order.
    return [head | lines[0], *({"Name": head["Name"], "Email": head["Email"]} | line for line in lines[1:])]


def status(sale: Sale, on: datetime) -> str:
    """The shop's word for how far the order was paid at that moment."""
    back = sale.returned_by(on)
    if sale.state != "paid" or not back:
        return sale.state
    return "refunded" if back == sale.total else "partially_refunded"


def _head(sale: Sale) -> Row:
    person, told, paid = sale.account.person, status(sale, EXPORTED), sale.state == "paid"
    head: Row = {
        "Name": f"#{sale.number}",
        "Email": sale.email,
        "Financial Status": told,
        "Paid at": moment(sale.at) if paid else "",
        "Fulfillment Status": "fulfilled" if paid else "unfulfilled",
        "Fulfilled at": moment(sale.at + timedelta(days=2)) if told == "paid" else "",
        "Accepts Marketing": "yes" if person.traces.newsletter else "no",
        "Currency": "EUR",
        "Subtotal": f"{sale.subtotal - sale.discount:.2f}",
        "Shipping": f"{sale.shipping:.2f}",
        "Taxes": f"{sale.total * TAX:.2f}",
        "Total": f"{sale.total:.2f}",
        "Discount Code": "LENTE10" if sale.discount else "",
        "Discount Amount": f"{sale.discount:.2f}",
        "Shipping Method": "PostNL",
        "Created at": moment(sale.at),
        "Payment Method": sale.method,
        "Payment Reference": sale.intent,
        "Refunded Amount": f"{sale.returned_by(EXPORTED):.2f}",
        "Vendor": "Kettingwerk",
        "Outstanding Balance": "0.00",
        "Id": sale.key,
        "Risk Level": "Low",
        "Source": "web",
        **_billing(person.address(sale.at.date()), person, sale.name, sale.phone),
    }
    if sale.state == "voided":
        head["Cancelled at"] = moment(sale.at + timedelta(hours=20))
    return head


def _billing(home: Home, person: Person, name: str, phone: str) -> Row:
    made: Row = {}
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
