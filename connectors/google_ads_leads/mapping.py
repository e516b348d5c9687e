"""A lead of a Google Ads lead form as a raw record, and what GAQL has to select for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from connectors.core import lead_forms
from connectors.core.lead_forms import Answer
from mapping import moments
from mapping.contract import Schema
from mapping.errors import RecordError

Json = Mapping[str, Any]

RESOURCE = "lead_form_submission_data"
SUBMITTED = f"{RESOURCE}.submission_date_time"
_OF_THE_LEAD = (
    *("id", "asset", "campaign", "ad_group", "ad_group_ad", "gclid", "submission_date_time"),
    *("lead_form_submission_fields", "custom_lead_form_submission_fields"),
)
SELECTED = (*(f"{RESOURCE}.{name}" for name in _OF_THE_LEAD), "asset.name", "campaign.name", "ad_group.name")
RULES = lead_forms.rules(at="date(submissionDateTime)", form="formName", campaign="campaignName")
FIELDS = (
    *("id", "asset", "campaign", "adGroup", "adGroupAd", "gclid", "submissionDateTime"),
    *("leadFormSubmissionFields", "customLeadFormSubmissionFields", "formName", "campaignName", "adGroupName"),
)
"""What a record holds: the lead's own fields, in the API's spelling, and three names beside its ids."""
SCHEMA = Schema.read_only(*FIELDS)


def local_time(row: Json) -> str:
    """When the lead came by the account's own clock (``2026-05-01 10:00:00``), '' where that cannot be read."""
    told = str(_lead(row).get("submissionDateTime") or "")[:19]
    return told if moments.moment(told) else ""


def instant(row: Json) -> datetime | None:
    """When the lead came."""
    found = moments.moment(_lead(row).get("submissionDateTime"))
    return found if isinstance(found, datetime) else None


def lead_id(row: Json) -> str:
    """The lead's id, '' where the row has none."""
    return str(_lead(row).get("id") or "")


def body(row: Json) -> dict[str, Any]:
    """The record of one row of the answer. Raises RecordError where its answers cannot be read."""
    lead = _lead(row)
    names = {"formName": "asset", "campaignName": "campaign", "adGroupName": "adGroup"}
    kept: dict[str, Any] = {name: lead[name] for name in FIELDS if lead.get(name) not in (None, "")}
    kept.update({ours: row[part]["name"] for ours, part in names.items() if (row.get(part) or {}).get("name")})
    try:
        answers = list(_answers(lead))
    except (TypeError, KeyError, AttributeError):
        raise RecordError("the answers of the lead cannot be read", remote_id=lead_id(row)) from None
    rest = {name: _number(lead[name]) for name in ("asset", "campaign", "adGroup", "adGroupAd") if lead.get(name)}
    rest.update({name: str(kept[name]) for name in ("gclid", "adGroupName") if name in kept})
    return {**kept, **lead_forms.told(f"google_ads:lead:{lead_id(row)}", answers, channel="google", rest=rest)}


def _answers(lead: Json) -> Iterator[Answer]:
    """Google's own questions by their type (FULL_NAME), the advertiser's by their text."""
    for field in lead.get("leadFormSubmissionFields") or ():
        kind = str(field["fieldType"])
        yield Answer(kind.lower(), [str(field.get("fieldValue") or "")], lead_forms.home_of(kind))
    for field in lead.get("customLeadFormSubmissionFields") or ():
        yield Answer(str(field["questionText"]), [str(field.get("fieldValue") or "")])


def _number(resource: str) -> str:
    """The id at the end of a resource name: 42 of ``customers/1/campaigns/42``, 9 of ``…/adGroupAds/7~9``."""
    return str(resource).rpartition("/")[2].rpartition("~")[2]


def _lead(row: Json) -> Json:
    found = row.get("leadFormSubmissionData")
    return found if isinstance(found, Mapping) else {}
