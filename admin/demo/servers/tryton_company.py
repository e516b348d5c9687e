"""Makes a company in an empty Tryton database, with all that a sale, an invoice and a payment need.

Run with the Python of Tryton's environment, ``python tryton_company.py SETTINGS DATABASE PASSWORD FINISHED NAME
CURRENCY YEAR``; never imported by Concord. It talks to the database through the official client library, without a
server. The vendor's own test tools bridge what its releases do differently. Modules that are not activated are left
out.
"""

from __future__ import annotations

import datetime
import decimal
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

from proteus import Model, config

YEARS = range(-2, 2)
"""The years that can be booked in, counted from the given one."""
COUNTRIES = (
    *(("GB", "United Kingdom"), ("DE", "Germany"), ("FR", "France"), ("NL", "Netherlands"), ("BE", "Belgium")),
    *(("PL", "Poland"), ("ES", "Spain")),
)
CLERK = "clerk"
"""A second user, without any group: may read parties, but neither sales nor invoices nor payments."""


def main(settings: str, database: str, password: str, finished: str, name: str, currency: str, year: str) -> None:
    """Everything, in the order in which one thing needs another; then a copy of the database in one file."""
    config.set_trytond(f"sqlite:///{database}", config_file=settings)
    active = {each.name for each in Model.get("ir.module").find([("state", "=", "activated")])}
    country = Model.get("country.country")
    for code, called in COUNTRIES:
        country(name=called, code=code).save()
    if "account_invoice" in active:
        _company(active, name, currency, int(year))
    _rights(password)
    with (
        closing(sqlite3.connect(Path(settings).with_name(f"{database}.sqlite"))) as source,
        closing(sqlite3.connect(finished)) as target,
    ):
        source.backup(target)
        # 8.2 does so itself. Without it a read that failed half-way in 7.0 keeps everybody else from writing.
        target.execute("PRAGMA journal_mode = WAL")


def _company(active: set[str], name: str, currency: str, year: int) -> None:
    from trytond.modules.account.tests.tools import create_chart, get_accounts
    from trytond.modules.account_invoice.tests.tools import create_payment_term
    from trytond.modules.company.tests.tools import create_company, get_company
    from trytond.modules.currency.tests.tools import get_currency

    money = get_currency(currency)
    party = Model.get("party.party")(name=name)
    party.save()
    create_company(party, money)
    company = get_company()
    create_chart(company)
    for offset in YEARS:
        _fiscal_year(company, year + offset)
    create_payment_term().save()
    _product(get_accounts(company), salable="sale" in active)
    if "account_payment" in active:
        journal = Model.get("account.payment.journal")(name="Bank", process_method="manual")
        journal.currency = money
        journal.save()


def _fiscal_year(company: object, year: int) -> None:
    from trytond.modules.account.tests.tools import create_fiscalyear
    from trytond.modules.account_invoice.tests.tools import set_fiscalyear_invoice_sequences

    days = (datetime.date(year, 1, 1), datetime.date(year, 12, 31))
    set_fiscalyear_invoice_sequences(create_fiscalyear(company, days)).click("create_period")


def _product(accounts: dict[str, object], salable: bool) -> None:
    category = Model.get("product.category")(name="Goods", accounting=True)
    category.account_expense, category.account_revenue = accounts["expense"], accounts["revenue"]
    category.save()
    (unit,) = Model.get("product.uom").find([("name", "=", "Unit")], limit=1)
    template = Model.get("product.template")(
        name="Kettle", type="goods", default_uom=unit, list_price=decimal.Decimal(25)
    )
    if salable:
        template.salable = True
    template.account_category = category
    template.save()
    (product,) = template.products
    product.suffix_code = "KETTLE-1"
    product.save()


def _rights(password: str) -> None:
    user = Model.get("res.user")
    (admin,) = user.find([("login", "=", "admin")])
    admin.groups.extend(group for group in Model.get("res.group").find([]) if group not in admin.groups)
    admin.save()
    user(name="Clerk", login=CLERK, password=password).save()


if __name__ == "__main__":
    main(*sys.argv[1:8])
