"""The models that the stand-in knows, by the module that brings them; names and types as in Odoo's own sources.

Only what this connector and the usual clients touch is here; a real database has several times as many fields.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from connectors.odoo.database_fields import LOGGED, Field, Model, amounts, links, texts

ACTIVE = Field("active", "boolean", default=True)
TOKEN = Field("access_token", string="Security Token")


def _model(name: str, module: str, *groups: Iterable[Field] | Field, title: str = "name", order: str = "id") -> Model:
    given = [each for group in groups for each in ([group] if isinstance(group, Field) else group)]
    return Model(name, module, {each.name: each for each in (*LOGGED, *given)}, title, order)


def _choice(name: str, *selection: str, default: str | None = None) -> Field:
    return Field(name, "selection", selection=selection, default=default)


PARTNER = _model(
    "res.partner",
    "base",
    texts("name", "email", "phone", "website", "function", "street", "street2", "city", "zip", "ref", "vat"),
    texts("company_name", "x_favourite_colour"),
    Field("mobile", versions=(0, 18)),
    Field("title", "many2one", relation="res.partner.title", versions=(0, 18)),
    Field("email_normalized", readonly=True),
    Field("commercial_company_name", readonly=True),
    Field("commercial_partner_id", "many2one", relation="res.partner", readonly=True),
    Field("comment", "html", "Notes"),
    Field("is_company", "boolean"),
    Field("partner_share", "boolean", "Share Partner", readonly=True, default=True),
    Field("customer_rank", "integer", default=0),
    ACTIVE,
    _choice("type", "contact", "invoice", "delivery", "private", "other", default="contact"),
    _choice("lang", "en_US", "de_DE", "fr_FR", default="en_US"),
    links(parent_id="res.partner", country_id="res.country", state_id="res.country.state", user_id="res.users"),
    Field("child_ids", "one2many", relation="res.partner", inverse="parent_id"),
    Field("category_id", "many2many", "Tags", "res.partner.category"),
    Field("image_1920", "binary", "Image"),
    Field("signup_token", string="Signup Token"),
    Field("contact_address", readonly=True, store=False),
)
BASE = (
    PARTNER,
    _model("res.partner.category", "base", texts("name"), ACTIVE),
    _model("res.partner.title", "base", texts("name", "shortcut")),
    _model("res.country", "base", texts("name", "code")),
    _model("res.country.state", "base", texts("name", "code"), links(country_id="res.country")),
    _model("res.currency", "base", texts("name", "symbol"), ACTIVE),
    _model("res.company", "base", texts("name"), links(partner_id="res.partner", currency_id="res.currency")),
    _model(
        "res.users",
        "base",
        texts("name", "login"),
        links(partner_id="res.partner", company_id="res.company"),
        ACTIVE,
    ),
    _model("ir.model", "base", texts("name", "model")),
)
SALE = (
    _model("product.product", "sale", texts("name", "default_code", "barcode"), ACTIVE),
    _model(
        "sale.order",
        "sale",
        Field("name", default="New", string="Order Reference"),
        texts("client_order_ref", "origin"),
        _choice("state", "draft", "sent", "sale", "done", "cancel", default="draft"),
        _choice("invoice_status", "upselling", "invoiced", "to invoice", "no", default="no"),
        Field("date_order", "datetime", required=True),
        Field("validity_date", "date"),
        links(currency_id="res.currency", user_id="res.users", company_id="res.company"),
        Field("partner_id", "many2one", "Customer", "res.partner", required=True),
        links(partner_invoice_id="res.partner", partner_shipping_id="res.partner"),
        Field("order_line", "one2many", "Order Lines", "sale.order.line", "order_id"),
        amounts("amount_untaxed", "amount_tax", "amount_total"),
        Field("note", "html"),
        TOKEN,
    ),
    _model(
        "sale.order.line",
        "sale",
        Field("name", "text", "Description"),
        Field("order_id", "many2one", relation="sale.order", required=True),
        links(product_id="product.product"),
        Field("product_uom_qty", "float", "Quantity", default=1.0),
        Field("price_unit", "float"),
        _choice("display_type", "line_section", "line_note"),
        amounts("price_subtotal"),
    ),
)
ACCOUNT = (
    _model(
        "account.move",
        "account",
        Field("name", string="Number", default="/"),
        texts("ref", "payment_reference", "invoice_origin"),
        _choice("move_type", "entry", "out_invoice", "out_refund", "in_invoice", "in_refund", default="entry"),
        _choice("state", "draft", "posted", "cancel", default="draft"),
        _choice("payment_state", "not_paid", "in_payment", "paid", "partial", "reversed", default="not_paid"),
        Field("date", "date"),
        Field("invoice_date", "date"),
        Field("invoice_date_due", "date"),
        links(partner_id="res.partner", commercial_partner_id="res.partner", currency_id="res.currency"),
        links(company_id="res.company", reversed_entry_id="account.move"),
        amounts("amount_untaxed", "amount_tax", "amount_total", "amount_residual", "amount_total_in_currency_signed"),
        TOKEN,
    ),
)
CRM = (
    _model("crm.stage", "crm", texts("name"), Field("is_won", "boolean")),
    _model("crm.tag", "crm", texts("name")),
    _model(
        "crm.lead",
        "crm",
        texts("name", "contact_name", "partner_name", "email_from", "phone", "website", "function"),
        texts("street", "street2", "city", "zip"),
        Field("mobile", versions=(0, 18)),
        Field("email_normalized", readonly=True),
        Field("description", "html"),
        ACTIVE,
        _choice("type", "lead", "opportunity", default="opportunity"),
        Field("won_status", "selection", selection=("won", "lost", "pending"), readonly=True, versions=(18, 99)),
        Field("probability", "float"),
        amounts("expected_revenue"),
        Field("date_deadline", "date"),
        Field("date_closed", "datetime"),
        links(partner_id="res.partner", user_id="res.users", stage_id="crm.stage", team_id="crm.team"),
        links(country_id="res.country", state_id="res.country.state", company_currency="res.currency"),
        links(source_id="utm.source", medium_id="utm.medium", campaign_id="utm.campaign"),
        Field("tag_ids", "many2many", "Tags", "crm.tag"),
    ),
    *(_model(name, "crm", texts("name")) for name in ("crm.team", "utm.source", "utm.medium", "utm.campaign")),
)
CALENDAR = (
    _model(
        "calendar.event",
        "calendar",
        Field("name", required=True, string="Meeting Subject"),
        texts("location", "videocall_location", "ms_universal_event_id"),
        Field("description", "html"),
        Field("start", "datetime", required=True),
        Field("stop", "datetime", required=True),
        Field("start_date", "date"),
        Field("stop_date", "date"),
        Field("allday", "boolean"),
        Field("recurrency", "boolean", "Recurrent"),
        ACTIVE,
        _choice("privacy", "public", "private", "confidential", default="public"),
        _choice("show_as", "free", "busy", default="busy"),
        links(user_id="res.users", recurrence_id="calendar.recurrence"),
        Field("partner_id", "many2one", "Scheduled by", "res.partner", readonly=True, store=False),
        Field("partner_ids", "many2many", "Attendees", "res.partner"),
        Field("attendee_ids", "one2many", "Participant", "calendar.attendee", "event_id"),
        TOKEN,
    ),
    _model(
        "calendar.attendee",
        "calendar",
        Field("event_id", "many2one", relation="calendar.event", required=True),
        Field("partner_id", "many2one", relation="res.partner", required=True),
        texts("common_name"),
        Field("email", readonly=True, store=False),
        _choice("state", "needsAction", "tentative", "declined", "accepted", default="needsAction"),
        TOKEN,
        title="common_name",
    ),
    _model("calendar.recurrence", "calendar", texts("name", "rrule")),
)
MODULES = ("base", "sale", "account", "crm", "calendar")
MODELS: Sequence[Model] = (*BASE, *SALE, *ACCOUNT, *CRM, *CALENDAR)


def models(modules: Iterable[str], version: int) -> dict[str, Model]:
    """The models of the modules as a release has them."""
    chosen = {"base", *modules}
    found = {}
    for each in MODELS:
        if each.module in chosen:
            held = {name: one for name, one in each.fields.items() if one.versions[0] <= version <= one.versions[1]}
            found[each.name] = Model(each.name, each.module, held, each.title, each.order)
    return found
