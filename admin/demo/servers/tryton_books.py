"""Enters the books of a company into its Tryton database: parties, sales, posted invoices, payments.

Run with the Python of Tryton's environment, ``python tryton_books.py SETTINGS DATABASE BOOKS FINISHED``; never imported
by Concord. ``BOOKS`` is a JSON file as ``admin/demo/books.py`` describes it. The official client library works on the
database without a server. Tryton dates rows by the clock, and these books are older than that: at the end each record
is dated by the day it says.
"""

from __future__ import annotations

import json
import sqlite3
import sys
from contextlib import closing
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from proteus import Model, config
from trytond.exceptions import UserWarning

OWNERS = {
    "party_address": ("party", "party_party"),
    "party_contact_mechanism": ("party", "party_party"),
    "party_relation": ("from_", "party_party"),
    "sale_line": ("sale", "sale_sale"),
    "account_invoice_line": ("invoice", "account_invoice"),
}
"""Tables whose rows carry the date of the record that they belong to: the column that names it, and its table."""
Entry = dict[str, Any]


def main(settings: str, database: str, books: str, finished: str) -> None:
    """Everything, then the dates, then a copy of the database in one file."""
    config.set_trytond(f"sqlite:///{database}", config_file=settings)
    told = json.loads(Path(books).read_text(encoding="utf-8"))
    (company,) = Model.get("company.company").find([])
    for sequence in Model.get("ir.sequence.strict").find([("sequence_type.name", "=", "Invoice")]):
        sequence.prefix = f"{sequence.name}-"
        sequence.save()
    parties = _parties(told["parties"], told["business"], told["employment"])
    days = {("party_party", party.id): entry["since"] for party, entry in zip(parties, told["parties"], strict=True)}
    days[("party_party", company.party.id)] = "2025-01-01"
    sold = [(entry, _sale) for entry in told["sales"]] + [(entry, _invoice) for entry in told["invoices"]]
    billed: dict[int, Any] = {}
    for entry, enter in sorted(sold, key=lambda each: str(each[0]["day"])):  # invoices are numbered as they are posted
        record = enter(parties[entry["party"]], entry)
        days[record.__class__.__name__.replace(".", "_"), record.id] = entry["day"]
        for invoice in record.invoices if enter is _sale else [record]:
            invoice.description, invoice.invoice_date = entry["title"], date.fromisoformat(entry["day"])
            _post(invoice)
            days["account_invoice", invoice.id] = entry["day"]
            billed[id(entry)] = invoice
    for entry in told["payments"]:
        invoice = billed[id(told["invoices"][entry["invoice"]])]
        days[("account_payment", _payment(company, invoice, entry).id)] = entry["day"]
    place = Path(settings).with_name(f"{database}.sqlite")
    _date(place, days)
    with closing(sqlite3.connect(place)) as source, closing(sqlite3.connect(finished)) as target:
        source.backup(target)


def _parties(entries: list[Entry], business: str, employed: str) -> list[Any]:
    category = Model.get("party.category")(name=business)
    category.save()
    employment = Model.get("party.relation.type")(name=employed)
    employment.save()
    countries = {country.code: country for country in Model.get("country.country").find([])}
    made: list[Any] = []
    for entry in entries:
        party = Model.get("party.party")(name=entry["name"])
        (address,) = party.addresses
        address.street, address.city, address.postal_code = entry["street"], entry["city"], entry["postal_code"]
        address.country = countries[entry["country"]]
        for kind in ("email", "phone"):
            if entry[kind]:
                party.contact_mechanisms.new(type=kind, value=entry[kind])
        if entry["business"]:
            party.categories.append(Model.get("party.category")(category.id))
        if entry["employer"] is not None:
            party.relations.new(type=employment, to=made[entry["employer"]])
        party.save()
        made.append(party)
    return made


def _sale(party: Any, entry: Entry) -> Any:
    sale = Model.get("sale.sale")(party=party, description=entry["title"], sale_date=date.fromisoformat(entry["day"]))
    sale.payment_term = _only("account.invoice.payment_term")
    line = sale.lines.new(product=_only("product.product"), quantity=entry["quantity"])
    line.unit_price, line.description = Decimal(entry["price"]), entry["title"]
    for step in ("quote", "confirm"):
        sale.click(step)
    if sale.state == "confirmed":
        sale.click("process")
    return sale


def _invoice(party: Any, entry: Entry) -> Any:
    invoice = Model.get("account.invoice")(party=party, type="out", description=entry["title"])
    invoice.payment_term = _only("account.invoice.payment_term")
    line = invoice.lines.new(product=_only("product.product"), quantity=entry["quantity"])
    line.unit_price, line.description = Decimal(entry["price"]), entry["title"]
    invoice.save()
    return invoice


def _post(invoice: Any) -> None:
    while True:
        try:
            invoice.click("post")
            return
        except UserWarning as warning:  # due in the past: yes, these books are old
            (user,) = Model.get("res.user").find([("login", "=", "admin")])
            Model.get("res.user.warning")(user=user, name=warning.name).save()


def _payment(company: Any, invoice: Any, entry: Entry) -> Any:
    """A payment of the one line that the invoice asks to be paid."""
    payment = Model.get("account.payment")(kind="receivable", company=company, party=invoice.party)
    payment.journal = _only("account.payment.journal")
    (payment.line,) = invoice.lines_to_pay
    payment.amount, payment.date = Decimal(entry["amount"]), date.fromisoformat(entry["day"])
    payment.save()
    for step in ("submit", "process_wizard", "succeed"):
        payment.click(step)
    return payment


def _only(model: str) -> Any:
    (found,) = Model.get(model).find([])
    return found


def _date(place: Path, days: dict[tuple[str, int], str]) -> None:
    with closing(sqlite3.connect(place)) as database, database:
        for (table, number), day in days.items():
            stamp = f"{day} 09:00:00.000000"
            of_record = [
                (table, "id"),
                *((child, column) for child, (column, owner) in OWNERS.items() if owner == table),
            ]
            for name, column in of_record:
                order = f"UPDATE {name} SET create_date = ?, write_date = NULL WHERE {column} = ?"  # noqa: S608 - ours
                database.execute(order, [stamp, number])


if __name__ == "__main__":
    main(*sys.argv[1:5])
