"""Meta's lead exports: Facebook and Instagram lead ads."""

from __future__ import annotations

import re
from typing import Any

from connectors.files.layouts.layout import FileFacts, Layout, Shaped, folded, required
from connectors.files.layouts.person import filled
from mapping.model import Kind
from mapping.rules import EntityRules, ParticipantRules

# Every id, phone and zip says what it is in front, so that spreadsheets leave it alone.
_PREFIXES = {"id": "l:", "ad_id": "ag:", "adset_id": "as:", "campaign_id": "c:", "form_id": "f:"}
_PHONE = re.compile(r"p:\s*(\+?[\d(].*)", re.DOTALL)
_ZIP = re.compile(r"z:\s*(\S.*)", re.DOTALL)
_TEST = "<test lead:"
_CHANNELS = {"fb": "facebook", "ig": "instagram", "msg": "messenger", "wa": "whatsapp", "an": "audience network"}

_SYSTEM = frozenset(
    (
        *("id", "created_time", "ad_id", "ad_name", "adset_id", "adset_name", "campaign_id", "campaign_name"),
        *("form_id", "form_name", "is_organic", "platform", "inbox_url", "lead_status", "retailer_item_id", "vehicle"),
    )
)

# The standard questions, in the languages whose exports call them by a name of their own.
_STANDARD = {
    "name": ("full_name", "nombre_completo", "vollständiger_name", "nom_complet", "nome_completo", "volledige_naam"),
    "given_name": ("first_name", "vorname", "prénom", "nombre", "nome", "voornaam"),
    "family_name": ("last_name", "nachname", "nom_de_famille", "apellidos", "apellido", "sobrenome", "cognome"),
    "email": (
        *("email", "e-mail", "e-mail-adresse", "adresse_e-mail", "correo_electrónico", "correo_electronico"),
        *("e-mailadres", "indirizzo_e-mail", "work_email"),
    ),
    "phone": (
        *("phone_number", "telefonnummer", "numéro_de_téléphone", "número_de_teléfono", "numero_di_telefono"),
        *("número_de_telefone", "telefoonnummer", "work_phone_number", "whatsapp_number"),
    ),
    "company": ("company_name", "name_des_unternehmens", "nom_de_l’entreprise", "nombre_de_la_empresa"),
    "job_title": ("job_title",),
    "street": ("street_address",),
    "locality": ("city", "ort", "ville", "ciudad", "cidade", "città"),
    "region": ("state", "province"),
    "postal_code": ("zip_code", "post_code", "postleitzahl", "code_postal", "código_postal"),
    "country": ("country", "land", "pays", "país"),
    "birth_date": ("date_of_birth",),
}
_HOME = {name: field for field, names in _STANDARD.items() for name in names}


def _bare(name: str, cell: str) -> str:
    prefix = _PREFIXES.get(name)
    if prefix:
        return cell.removeprefix(prefix)
    if name in _SYSTEM:
        return cell
    found = _PHONE.fullmatch(cell) or _ZIP.fullmatch(cell)
    return found.group(1) if found else cell


def _lead(raw: dict[str, Any], facts: FileFacts) -> Shaped:
    required(raw, "id")
    named = {folded(name): cell for name, cell in raw.items()}
    cells = {name: _bare(name, cell) for name, cell in named.items()}
    person: dict[str, str] = {}
    answers: dict[str, str] = {}
    for name, cell in cells.items():
        home = _HOME.get(name) or _kind_of(named[name]) if name not in _SYSTEM else ""
        if home and home not in person:
            person[home] = cell
        elif name not in _SYSTEM:
            answers[name] = cell
    places = ("street", "locality", "region", "postal_code", "country")
    body: dict[str, Any] = dict(cells)
    body.update(
        filled(
            _person={key: value for key, value in person.items() if key not in places},
            _address={key: value for key, value in person.items() if key in places},
            _answers=answers,
            _channel=_CHANNELS.get(cells.get("platform", ""), cells.get("platform", "")),
            _rest={name: cells[name] for name in sorted(_SYSTEM & cells.keys()) if name not in _MAPPED},
        )
    )
    body["_key"] = facts.reference("meta", "lead", cells["id"])
    body["_real"] = not any(_TEST in cell.casefold() for cell in cells.values())
    return Shaped(cells["id"], body)


_MAPPED = ("id", "created_time", "campaign_name", "form_name", "platform")


def _kind_of(cell: str) -> str:
    """A question in an unknown language still shows by its answer that it asked for a number or an address."""
    if _PHONE.fullmatch(cell):
        return "phone"
    return "email" if re.fullmatch(r"[^@\s<>]+@[^@\s<>]+\.[^@\s<>]+", cell) else ""


META_LEADS = Layout(
    stream="meta_leads",
    title="Meta lead ads",
    telling=tuple(sorted(_SYSTEM)),
    recognises=lambda header, rows: (
        {"id", "created_time"} <= header and len(header & {"form_id", "ad_id", "campaign_id", "is_organic"}) > 1
    ),
    shape=_lead,
    rules=(
        EntityRules(
            name="person",
            kind=Kind.PERSON,
            # Meta marks the leads that an advertiser makes to try a form out; they are stored, and are nobody.
            when="_real && _person",
            fields={
                **{name: f"_person.{name}" for name in ("name", "given_name", "family_name", "email", "phone")},
                **{name: f"_person.{name}" for name in ("company", "job_title", "birth_date")},
                "address": "_address",
                "ids": "_key",
                "stage": "'lead'",
                "source": "_channel",
                "created_at": "date(created_time)",
            },
        ),
        EntityRules(
            name="lead",
            kind=Kind.ACTIVITY,
            when="_real",
            fields={
                "key": "_key",
                "activity": "'lead'",
                "direction": "'in'",
                "at": "date(created_time)",
                "title": "form_name",
                "campaign": "campaign_name",
                "channel": "_channel",
                "status": "lead_status",
                "url": "inbox_url",
                "answers": "_answers",
                "custom": "_rest",
            },
            participants=(
                ParticipantRules(
                    "lead", name="_person.name", email="_person.email", phone="_person.phone", ids=("_key",)
                ),
            ),
        ),
    ),
)
