"""What a filled-in lead form says, whichever vendor it came through: who answered, what, and the rules for both.

A vendor says which question asked for what (``Answer``), and ``told`` makes of it the keys that ``rules`` read, beside
the vendor's own words in a record's body. So one lead that comes in an export and over an interface is one fact, and
leads of all vendors look alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mapping.model import Kind
from mapping.rules import EntityRules, ParticipantRules

PERSON = ("name", "given_name", "family_name", "company", "job_title", "birth_date")
PLACE = ("street", "locality", "region", "postal_code", "country")
REPEATED = ("email", "phone")

# What advertisers' standard questions are called: in interfaces, and in exports that translate them.
_CALLED = {
    "name": (
        *("name", "full_name", "nombre_completo", "vollständiger_name", "nom_complet", "nome_completo"),
        *("volledige_naam",),
    ),
    "given_name": ("first_name", "given_name", "vorname", "prénom", "nombre", "nome", "voornaam"),
    "family_name": (
        *("last_name", "family_name", "nachname", "nom_de_famille", "apellidos", "apellido", "sobrenome", "cognome"),
    ),
    "email": (
        *("email", "e_mail", "email_address", "e_mail_adresse", "adresse_e_mail", "correo_electrónico"),
        *("correo_electronico", "e_mailadres", "indirizzo_e_mail", "work_email", "email_alias"),
    ),
    "phone": (
        *("phone", "phone_number", "telefonnummer", "numéro_de_téléphone", "número_de_teléfono", "numero_di_telefono"),
        *("número_de_telefone", "telefoonnummer", "work_phone", "work_phone_number", "whatsapp_number"),
        *("phone_otp", "user_provided_phone_number"),
    ),
    "company": (*("company", "company_name", "name_des_unternehmens", "nom_de_l’entreprise", "nombre_de_la_empresa"),),
    "job_title": ("job_title",),
    "street": ("street_address",),
    "locality": ("city", "ort", "ville", "ciudad", "cidade", "città"),
    "region": ("state", "province", "region"),
    "postal_code": ("zip", "zip_code", "post_code", "postal_code", "postleitzahl", "code_postal", "código_postal"),
    "country": ("country", "land", "pays", "país"),
    "birth_date": ("date_of_birth", "dob"),
}
_HOME = {name: home for home, names in _CALLED.items() for name in names}
_GAP = re.compile(r"[\s\-]+")


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered to one question: several values where several could be chosen.

    ``home`` is the field it fills: one of PERSON, PLACE or REPEATED; empty for a question of the advertiser's own.
    """

    question: str
    values: Sequence[str]
    home: str = ""


def home_of(question: str) -> str:
    """The field that a standard question fills, by its name in any case (``WORK_EMAIL``, ``Job title``); else ''."""
    return _HOME.get(_GAP.sub("_", question.strip().casefold()), "")


def told(
    key: str, answers: Iterable[Answer], *, channel: str = "", real: bool = True, rest: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The keys of a body that ``rules`` read, what is empty left out.

    ``key`` is the lead's natural key (``meta:lead:42``), ``channel`` where it came from, ``rest`` what else the vendor
    says of the advertisement that brought it. A lead that is not ``real`` was made to try a form out: it is kept, and
    is nobody. A second answer for a home that holds one value is kept among the advertiser's own.
    """
    found: dict[str, str] = {}
    many: dict[str, list[str]] = {home: [] for home in REPEATED}
    own: dict[str, str] = {}
    for answer in answers:
        values = [value.strip() for value in answer.values if value.strip()]
        text = ", ".join(values)
        if not text:
            continue
        if answer.home in many:
            many[answer.home] += [value for value in values if value not in many[answer.home]]
        elif answer.home and answer.home not in found:
            found[answer.home] = text
        else:
            own[answer.question] = text
    person: dict[str, Any] = {home: value for home, value in found.items() if home not in PLACE}
    person.update({home: values[0] for home, values in many.items() if values})
    body = {
        "_key": key,
        "_real": real,
        "_person": person,
        "_emails": many["email"],
        "_phones": many["phone"],
        "_address": {home: value for home, value in found.items() if home in PLACE},
        "_answers": own,
        "_channel": channel,
        "_rest": dict(rest or {}),
    }
    return {name: value for name, value in body.items() if value not in ("", [], {})}


def rules(*, at: str, form: str = "", campaign: str = "", status: str = "", url: str = "") -> tuple[EntityRules, ...]:
    """A person and an activity ``lead`` of one record; the arguments are where in the body the vendor says so.

    ``at`` is an expression for when the form was sent, ``form`` and ``campaign`` are for names. The answers to the
    advertiser's own questions stand on the activity, and on the person under ``custom``.
    """
    person = EntityRules(
        name="person",
        kind=Kind.PERSON,
        when="_real && _person",
        fields={
            **{name: f"_person.{name}" for name in (*PERSON, *REPEATED)},
            "emails": "_emails",
            "phones": "_phones",
            "address": "_address",
            "ids": "_key",
            "stage": "'lead'",
            "source": "_channel",
            "created_at": at,
            "custom": "_answers",
        },
    )
    said = {"title": form, "campaign": campaign, "status": status, "url": url}
    lead = EntityRules(
        name="lead",
        kind=Kind.ACTIVITY,
        when="_real",
        fields={
            "key": "_key",
            "activity": "'lead'",
            "direction": "'in'",
            "at": at,
            "channel": "_channel",
            "answers": "_answers",
            "custom": "_rest",
            **{name: expression for name, expression in said.items() if expression},
        },
        participants=(
            ParticipantRules("lead", name="_person.name", email="_person.email", phone="_person.phone", ids=("_key",)),
        ),
    )
    return person, lead
