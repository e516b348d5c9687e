"""The shop itself, at Shopify: who has an account, what was bought of late, what is being bought and what was left.

An app that was not let see all orders sees those of the last sixty days. Some of them are in the shop's export too, as
they were on that day; what was bought or given back since is here alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from decimal import Decimal
from random import Random

from admin.demo import shop
from admin.demo.people import TOLD
from admin.demo.shop_columns import CATALOGUE
from admin.demo.standins import Part, going_on
from admin.demo.trade import NOW, STRIPE, Account, Sale, Trade

SHOWN = timedelta(days=59)
RATE = 10_000.0
"""Points a second, ten times those of the dearest plan: to wait for them, as for a real shop, would show nothing."""
DRAFTS, CHECKOUTS = 4, 6
FIRST_DRAFT, FIRST_CHECKOUT = 1_204_880_000_000, 38_760_110_000_000
GATEWAYS = {STRIPE: "stripe", "PayPal Express Checkout": "paypal"}
Entry = dict[str, object]


def part(rng: Random, customers: Sequence[Mapping[str, object]], trade: Trade) -> Part:
    """The shop; ``customers`` are the rows of its export."""
    accounts = [_customer(*each) for each in zip(trade.accounts, customers, strict=True)]
    orders = [_order(sale) for sale in trade.sales if sale.at > NOW - SHOWN]
    mailed = [account for account in trade.accounts if account.email and account.person.number >= TOLD]
    drafts = [_draft(rng, place, who) for place, who in enumerate(rng.sample(mailed, k=min(DRAFTS, len(mailed))))]
    left = [_checkout(rng, place, who) for place, who in enumerate(rng.sample(mailed, k=min(CHECKOUTS, len(mailed))))]
    past = {"customers": accounts, "orders": orders, "draft_orders": drafts, "checkouts": left}
    names = ("customers", "orders", "draft_orders", "abandoned_checkouts")
    records = dict(zip(names, (len(found) for found in past.values()), strict=True))
    contents = {"now": going_on(NOW), "past": past, "rate": RATE, "bulk_seconds": 0.0}
    return Part("a stand-in for Shopify, the shop: orders of the last 60 days", records, contents)


def _customer(account: Account, row: Mapping[str, object]) -> Entry:
    """The account as the API has it: no apostrophes, and a number as the world writes it."""
    home = {name: str(row[f"Default Address {name}"]) for name in ("Address1", "Address2", "City", "Zip", "Phone")}
    return {
        "id": int(account.key),
        "at": _opened(account),
        "first": str(row["First Name"]),
        "last": str(row["Last Name"]),
        "email": account.email,
        "phone": account.person.mobile if row["Phone"] else "",
        "subscribed": row["Accepts Email Marketing"] == "yes",
        "texted": row["Accepts SMS Marketing"] == "yes",
        "note": row["Note"] or None,
        "tags": [tag for tag in str(row["Tags"]).split(", ") if tag],
        "locale": account.person.country.language,
        "numberOfOrders": row["Total Orders"],
        "address": {
            "address1": home["Address1"],
            "address2": home["Address2"] or None,
            "city": home["City"],
            "zip": home["Zip"].removeprefix("'"),
            "countryCodeV2": account.person.country.code,
            "phone": home["Phone"].removeprefix("'") or None,
        },
    }


def _opened(account: Account) -> datetime:
    return min(datetime.combine(account.opened, time(6), tzinfo=NOW.tzinfo), NOW)


def _order(sale: Sale) -> Entry:
    home = sale.account.person.address(sale.at.date())
    paid, back = sale.state == "paid", sale.returned_by(NOW)
    return {
        "id": sale.key,
        "at": sale.at,
        "name": f"#{sale.number}",
        **({"customer": int(sale.account.key)} if sale.account.key else {}),
        "email": sale.email or None,
        "lines": [(title, count, f"{price:.2f}", sku) for title, sku, price, count in sale.lines],
        "discount": f"{sale.discount:.2f}",
        "shipping": f"{sale.shipping:.2f}",
        "tax": f"{sale.total * shop.TAX:.2f}",
        "tax_included": True,
        "discountCodes": ["LENTE10"] if sale.discount else [],
        "paid": paid,
        "gateway": GATEWAYS.get(sale.method, "shopify_payments"),
        "receipt": {"id": sale.charge, "payment_intent": sale.intent} if sale.charge else {},
        "address": {
            "name": sale.name,
            "address1": home.street,
            "city": home.town,
            "zip": home.postal_code,
            "countryCodeV2": sale.account.person.country.code,
            "phone": sale.phone,
        },
        "sent_at": sale.at + timedelta(days=2) if paid and sale.at < NOW - timedelta(days=2) else None,
        "cancelled_at": min(sale.at + timedelta(hours=20), NOW) if sale.state == "voided" else None,
        "refunds": [(sale.returned_at, f"{back:.2f}", "retour")] if back else [],
    }


def _draft(rng: Random, place: int, account: Account) -> Entry:
    """An offer that the counter made and that waits for a yes."""
    at, price = NOW - timedelta(days=rng.randint(2, 30), minutes=rng.randint(0, 600)), Decimal("2499.00")
    made = {"id": FIRST_DRAFT + place * 37, "name": f"#D{41 + place}", "at": at, "customer": int(account.key)}
    return {**made, "total": f"{price + 100 * place:.2f}", "status": rng.choice(("OPEN", "INVOICE_SENT"))}


def _checkout(rng: Random, place: int, account: Account) -> Entry:
    """A basket that somebody left at the till."""
    at, (_, _, price) = NOW - timedelta(days=rng.randint(1, 40), minutes=rng.randint(0, 600)), rng.choice(CATALOGUE)
    made = {"id": FIRST_CHECKOUT + place * 37, "at": at, "customer": int(account.key)}
    return {**made, "name": f"#{made['id']}", "total": f"{price:.2f}"}
