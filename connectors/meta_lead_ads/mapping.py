"""Meta's leads and the daily figures of campaigns as raw records, and what they become."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from connectors.core import meta_leads
from connectors.core.lead_forms import Answer, home_of
from connectors.core.timestamps import instant
from mapping.contract import RawRecord, RemoteId, Schema, SchemaField
from mapping.errors import RecordError
from mapping.model import Kind
from mapping.rules import EntityRules

Json = Mapping[str, Any]

LEADS = meta_leads.RULES
LEAD_FIELDS = (
    *("id", "created_time", "ad_id", "ad_name", "adset_id", "adset_name", "campaign_id", "campaign_name", "form_id"),
    *("is_organic", "platform", "partner_name", "retailer_item_id", "field_data", "custom_disclaimer_responses"),
)
FORM_FIELDS = "id,name,status,questions{key,label,type}"
FIGURES = (
    *("account_id", "account_currency", "campaign_id", "campaign_name", "objective", "spend", "impressions", "reach"),
    *("clicks", "date_start", "date_stop"),
)
LEAD_SCHEMA = Schema(
    {
        name: SchemaField(name, "datetime" if name == "created_time" else "string", writable=False)
        for name in (*LEAD_FIELDS, "form_name", "lead_status", "inbox_url")
    }
)
CAMPAIGN_SCHEMA = Schema.read_only(*FIGURES)
CAMPAIGNS = (
    EntityRules(
        name="campaign",
        kind=Kind.CAMPAIGN,
        fields={
            "key": "join(':', ['meta', 'campaign', campaign_id, date_start])",
            "at": "date(date_start)",
            "title": "campaign_name",
            "channel": "'meta'",
            "currency": "account_currency",
            "spend": "spend",
            "impressions": "number(impressions)",
            "clicks": "number(clicks)",
            "custom.campaign_id": "campaign_id",
            "custom.account_id": "account_id",
            "custom.objective": "objective",
            "custom.reach": "number(reach)",
        },
    ),
)
"""What a campaign cost and brought on a day."""


@dataclass(frozen=True, slots=True)
class Form:
    """A lead form: the page it belongs to, and the type of each question by its key."""

    id: str
    name: str
    page: str
    types: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, found: Json, page: str) -> Form:
        """The form as the API gives it."""
        questions = found.get("questions") or ()
        types = {str(each.get("key", "")): str(each.get("type", "")) for each in questions}
        return cls(str(found["id"]), str(found.get("name") or ""), page, types)


def lead(found: Json, form: Form) -> RawRecord:
    """A lead of the form. Raises RecordError where it lacks its answers or its time."""
    identity = str(found.get("id") or "")
    if not identity or not isinstance(found.get("field_data"), list):
        raise RecordError("a lead without answers", remote_id=identity)
    at = instant(found, "created_time")
    told = meta_leads.told({**found, "form_name": form.name}, f"meta:lead:{identity}", list(_answers(found, form)))
    if consents := _consents(found):
        told["_rest"] = {**told.get("_rest", {}), "consents": consents}
    return RawRecord(RemoteId(identity), told, form.id, changed_at=at)


def figures(found: Json, account: str) -> RawRecord:
    """A campaign's day. Raises RecordError where it names neither campaign nor day.

    Meta gives these rows neither id nor version: a later look at the same day is another version.
    """
    campaign, day = str(found.get("campaign_id") or ""), str(found.get("date_start") or "")
    if not campaign or not day:
        raise RecordError("figures of no campaign", remote_id=f"{campaign}:{day}")
    told = {name: found[name] for name in FIGURES if name in found}
    digest = hashlib.sha256(orjson.dumps(told, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]
    return RawRecord(RemoteId(f"{campaign}:{day}"), told, account, version=digest)


def _answers(found: Json, form: Form) -> Iterator[Answer]:
    """Each answer with the field it fills: by the question's type, by its name where the form does not tell."""
    for each in found["field_data"]:
        key = str(each.get("name") or "")
        type_ = form.types.get(key, "")
        home = "" if type_ == "CUSTOM" else home_of(type_) or home_of(key)
        yield Answer(key.casefold().strip(), [str(value) for value in each.get("values") or ()], home)


def _consents(found: Json) -> dict[str, bool]:
    given = found.get("custom_disclaimer_responses") or ()
    return {
        str(each.get("checkbox_key")): str(each.get("is_checked")).lower() in ("1", "true")
        for each in given
        if each.get("checkbox_key")
    }
