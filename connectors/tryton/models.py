"""What is read of Tryton, stream by stream: the model, the fields of related records, and what they become."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from connectors.tryton import mapping
from connectors.tryton.wire import Json
from mapping.contract import Schema, SchemaField
from mapping.rules import EntityRules

STAMPS = ("create_date", "write_date")
UNREAD = frozenset({"distance", "rec_name", "xml_id"})
"""Fields that are stored by name only: what they give depends on the question, or says what others say."""
UNSHOWN = frozenset({"binary", "one2many", "many2many", "one2one"})
TYPES = {
    "boolean": "boolean",
    "date": "date",
    "datetime": "datetime",
    "timestamp": "datetime",
    "integer": "integer",
    "float": "number",
    "numeric": "number",
    "timedelta": "number",
    "selection": "enum",
    "multiselection": "enum",
    "many2one": "reference",
    "reference": "reference",
    "one2many": "reference",
    "many2many": "reference",
}


@dataclass(frozen=True, slots=True)
class Model:
    """One stream. ``related`` are the fields asked of related records, ``computed`` the computed ones that the rules
    need, ``children`` the related records whose own change is a change of this one (they carry their own dates)."""

    stream: str
    name: str
    rules: tuple[EntityRules, ...]
    related: Mapping[str, tuple[str, ...]]
    computed: tuple[str, ...] = ()
    children: tuple[str, ...] = ()
    parents: tuple[str, ...] = ()


_PARTY = ("name", "email", "phone", "mobile")
_CURRENCY = ("code",)

PARTIES = Model(
    stream="parties",
    name="party.party",
    rules=mapping.PARTIES,
    related={
        "addresses": (
            *STAMPS, "active", "party_name", "street", "postal_code", "city", "country.code", "subdivision.name",
        ),
        "contact_mechanisms": (*STAMPS, "active", "type", "value", "name", "comment"),
        "identifiers": (*STAMPS, "active", "type", "code"),
        "categories": ("rec_name",),
        "lang": ("code",),
        "tax_identifier": ("code",),
        "relations": (*STAMPS, "type.name", "to.name", "start_date", "end_date"),
    },
    children=("addresses", "contact_mechanisms", "identifiers", "relations"),
)  # fmt: skip
SALES = Model(
    stream="sales",
    name="sale.sale",
    rules=mapping.SALES,
    related={
        "party": _PARTY,
        "invoice_party": _PARTY,
        "shipment_party": _PARTY,
        "contact": ("type", "value", "name"),
        "currency": _CURRENCY,
        "lines": (*STAMPS, "type", "quantity", "unit_price", "description", "product.code", "product.rec_name"),
    },
    computed=("untaxed_amount", "tax_amount", "total_amount"),
    children=("lines",),
    parents=("parties",),
)
INVOICES = Model(
    stream="invoices",
    name="account.invoice",
    rules=mapping.INVOICES,
    related={
        "party": _PARTY,
        "currency": _CURRENCY,
        "lines": (*STAMPS, "type", "quantity", "unit_price", "description", "product.code", "product.rec_name"),
        "lines_to_pay": ("maturity_date",),
        "sales": ("number",),
    },
    computed=("untaxed_amount", "tax_amount", "total_amount", "reconciled"),
    children=("lines",),
    parents=("parties",),
)
PAYMENTS = Model(
    stream="payments",
    name="account.payment",
    rules=mapping.PAYMENTS,
    related={"party": _PARTY, "currency": _CURRENCY, "journal": ("name",), "line": ("move_origin",)},
    parents=("parties",),
)
MODELS = (PARTIES, SALES, INVOICES, PAYMENTS)


def names(model: Model, fields: Mapping[str, Json]) -> list[str]:
    """The names to ask ``read`` for: what the model stores, and of the rest what the rules need, as far as it is there
    and may be read. A field that cannot be sorted by is computed (trytond/model/fields/function.py)."""
    found = [name for name, field in fields.items() if _stored(name, field) or name in model.computed]
    for relation, wanted in model.related.items():
        if relation in fields:
            found += [relation, *(f"{relation}.{each}" for each in wanted)]
    return list(dict.fromkeys(found))


def schema(model: Model, fields: Mapping[str, Json]) -> Schema:
    """What Tryton says of the fields that are asked for."""
    asked = [name for name in names(model, fields) if "." not in name]
    return Schema({name: _field(name, fields[name]) for name in asked})


def _stored(name: str, field: Json) -> bool:
    return bool(field.get("sortable")) and name not in UNREAD and field.get("type") not in UNSHOWN


def _field(name: str, field: Json) -> SchemaField:
    computed = not field.get("sortable") and field.get("type") not in UNSHOWN
    return SchemaField(
        name=name,
        type=TYPES.get(str(field.get("type")), "string"),
        label=str(field.get("string") or ""),
        options=tuple(_options(field.get("selection"))),
        required=bool(field.get("required")),
        writable=False,
        computed=computed,
    )


def _options(selection: object) -> Sequence[str]:
    """A selection is a list of values and labels, or the name of a method that gives one."""
    if not isinstance(selection, list):
        return ()
    return [f"{value}={label}" for value, label in selection if value is not None]
