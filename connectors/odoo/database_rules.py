"""What the apps do on their own: names, totals, attendees, numbers, and what they will not have."""

from __future__ import annotations

from collections.abc import Sequence
from email.utils import getaddresses
from typing import TYPE_CHECKING, Any

from connectors.odoo.database_errors import user_error, validation_error
from connectors.odoo.database_fields import SHOWN, Model, Row

if TYPE_CHECKING:
    from connectors.odoo.database import Database

COUNTRIES = (
    ("Belgium", "BE"),
    ("France", "FR"),
    ("Germany", "DE"),
    ("United Kingdom", "GB"),
    ("United States", "US"),
)
CURRENCIES = (("EUR", "€"), ("USD", "$"), ("GBP", "£"))
CASCADES = {
    "sale.order": [("sale.order.line", "order_id")],
    "calendar.event": [("calendar.attendee", "event_id")],
    "res.partner": [("calendar.attendee", "partner_id")],
}
REFUNDS = frozenset({"out_refund", "in_invoice"})
"""Documents whose signed total is negative: money that leaves."""


def populate(database: Database) -> None:
    """What is there before anybody has worked: the main company, its user, countries, currencies and stages."""
    with database.transaction():
        for name, code in COUNTRIES:
            database.create("res.country", name=name, code=code)
        database.create("res.country.state", name="California", code="CA", country_id=5)
        for name, symbol in CURRENCIES:
            database.create("res.currency", name=name, symbol=symbol)
        own = database.create("res.partner", name="My Company", is_company=True, country_id=4)
        company = database.create("res.company", name="My Company", partner_id=own.id, currency_id=1)
        for name, login in (("OdooBot", "__system__"), ("Mitchell Admin", "admin")):
            partner = database.create("res.partner", name=name, email=f"{login}@example.com", parent_id=own.id)
            partner.values["partner_share"] = False
            database.create("res.users", name=name, login=login, partner_id=partner.id, company_id=company.id)
        if database.knows("crm.lead"):
            for name in ("New", "Qualified", "Proposition", "Won"):
                database.create("crm.stage", name=name, is_won=name == "Won")


def computed(database: Database, model: Model, row: Row, name: str) -> Any:
    """A field that is computed whenever it is read, None for empty."""
    values = row.values
    if name == "display_name":
        return _display_name(database, model, row)
    if name == "contact_address":
        return "\n".join(str(values[each]) for each in ("street", "zip", "city") if values.get(each)) or None
    if model.name == "calendar.event" and name == "partner_id":
        user = database.row("res.users", values.get("user_id") or 0)
        return user.values.get("partner_id") if user else None
    partner = database.row("res.partner", values.get("partner_id") or 0)
    return partner.values.get(name) if partner else None


def _display_name(database: Database, model: Model, row: Row) -> str | None:
    name = row.values.get(model.title)
    parent = row.values.get("parent_id")
    if model.name == "res.partner" and parent and not row.values.get("is_company"):
        return f"{database.title('res.partner', parent)}, {name or row.values.get('type', '').capitalize()}"
    if model.name == "product.product" and row.values.get("default_code"):
        return f"[{row.values['default_code']}] {name}"
    if model.name == "res.country.state":
        country = database.row("res.country", row.values.get("country_id") or 0)
        return f"{name} ({country.values['code']})" if country else name
    return name


def defaults(database: Database, model: str, values: dict[str, Any]) -> dict[str, Any]:
    """Values that a new record has although nobody gave them, where they are not the same for all."""
    with database.transaction() as stamp:
        if model == "sale.order":
            number = f"S{len(database.rows(model)):05}"
            held = {"name": number, "date_order": stamp.strftime(SHOWN), "currency_id": 1, "user_id": 2}
            return held | {each: values.get("partner_id") for each in ("partner_invoice_id", "partner_shipping_id")}
        if model == "account.move":
            return {"currency_id": 1, "date": stamp.date().isoformat()}
        if model == "crm.lead":
            return {"stage_id": 1, "user_id": 2, "company_currency": 1, "probability": 10.0}
        if model == "calendar.event":
            return {"user_id": 2}
    return {}


def settle(database: Database, model: Model, row: Row, changed: set[str]) -> None:
    """Computes the stored fields that hang on what changed; in other records that counts as a write."""
    if model.name == "res.partner":
        _partner(database, row)
    elif model.name == "sale.order.line":
        values = row.values
        values["price_subtotal"] = (values.get("product_uom_qty") or 0.0) * (values.get("price_unit") or 0.0)
        _order(database, values["order_id"])
    elif model.name == "account.move":
        _move(database, row, changed)
    elif model.name == "crm.lead":
        _lead(model, row)
    elif model.name == "calendar.event" and "partner_ids" in changed:
        _attendees(database, row)
    elif model.name == "calendar.attendee" and not row.values.get("common_name"):
        partner = database.row("res.partner", row.values.get("partner_id") or 0)
        row.values["common_name"] = partner.values.get("name") if partner else None


def _partner(database: Database, row: Row) -> None:
    values = row.values
    values["email_normalized"] = _normalized(values.get("email"))
    above = database.row("res.partner", values.get("parent_id") or 0)
    head = above if above and not values.get("is_company") else row
    values["commercial_partner_id"] = head.id
    values["commercial_company_name"] = (
        head.values.get("name") if head.values.get("is_company") else values.get("company_name")
    )
    if above and not values.get("is_company"):
        # Commercial fields belong to the company and are copied to everybody in it (res.partner, _commercial_fields).
        values["vat"] = above.values.get("vat")


def _normalized(email: str | None) -> str | None:
    """The one address in a text; None for several, as ``email_normalize`` has it when it is strict."""
    found = [address for _, address in getaddresses([email or ""]) if "@" in address]
    return found[0].lower() if len(found) == 1 else None


def _order(database: Database, order_id: int) -> None:
    order = database.row("sale.order", order_id)
    if order is None:
        return
    total = sum(
        each.values.get("price_subtotal") or 0.0
        for each in database.rows("sale.order.line")
        if each.values.get("order_id") == order_id
    )
    if order.values.get("amount_total") != total:
        order.values |= {"amount_untaxed": total, "amount_tax": 0.0, "amount_total": total}
        database.touch(order)


def _move(database: Database, row: Row, changed: set[str]) -> None:
    values = row.values
    if values.get("state") == "posted" and values.get("name") == "/":
        sort = {"out_invoice": "INV", "out_refund": "RINV", "in_invoice": "BILL", "in_refund": "RBILL"}
        values["name"] = f"{sort.get(values['move_type'], 'MISC')}/{row.created.year}/{row.id:05}"
    total = values.get("amount_total") or 0.0
    values["amount_total_in_currency_signed"] = -total if values.get("move_type") in REFUNDS else total
    partner = database.row("res.partner", values.get("partner_id") or 0)
    values["commercial_partner_id"] = partner.values.get("commercial_partner_id") if partner else None
    if "payment_state" in changed:
        values["amount_residual"] = 0.0 if values.get("payment_state") == "paid" else total


def _lead(model: Model, row: Row) -> None:
    values = row.values
    values["email_normalized"] = _normalized(values.get("email_from"))
    if "won_status" in model.fields:
        lost = not values.get("active") and not values.get("probability")
        won = values.get("active") and values.get("probability") == 100
        values["won_status"] = "won" if won else "lost" if lost else "pending"


def _attendees(database: Database, row: Row) -> None:
    wanted = row.values.get("partner_ids") or []
    present = {
        each.values["partner_id"]: each
        for each in database.rows("calendar.attendee")
        if each.values.get("event_id") == row.id
    }
    database.unlink("calendar.attendee", [each.id for partner, each in present.items() if partner not in wanted])
    for partner in wanted:
        if partner not in present:
            database.create("calendar.attendee", event_id=row.id, partner_id=partner)


def check(model: Model, row: Row) -> None:
    """Raises OdooError for a record that its app will not have."""
    absent = [each.name for each in model.fields.values() if each.required and row.values.get(each.name) is None]
    if absent:
        raise validation_error(f"A mandatory field is not set.\n\nModel: {model.name}\nField: {absent[0]}")
    if model.name == "res.partner" and row.values.get("type") == "contact" and not row.values.get("name"):
        raise validation_error("A contact needs a name.")


def check_unlink(database: Database, model: str, row: Row) -> None:
    """Raises OdooError for a record that may not be deleted."""
    for other, field in database.links_to(model):
        needed = field.required and (other, field.name) not in cascades(model)
        if needed and any(each.values.get(field.name) == row.id for each in database.rows(other)):
            raise validation_error(f"Another model requires the record.\n\nModel: {other}\nField: {field.name}")
    if model == "account.move" and row.values.get("state") == "posted":
        raise user_error("The entry has been posted and can no longer be deleted.")
    if model == "sale.order" and row.values.get("state") in ("sale", "done"):
        raise user_error("The order has been confirmed; cancel it before it is deleted.")


def cascades(model: str) -> Sequence[tuple[str, str]]:
    """The models, and their field, whose records go when one of this model goes."""
    return CASCADES.get(model, ())
