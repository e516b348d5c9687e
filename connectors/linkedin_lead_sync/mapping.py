"""A response to a LinkedIn lead form as a raw record: the answers by the questions of the form that comes with it.

"Lead Sync schema" (LinkedIn Marketing, version 2026-05) and LinkedIn's own Postman collection, read 2026-11-23.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from connectors.core import lead_forms
from connectors.core.lead_forms import Answer
from mapping.contract import Schema
from mapping.errors import RecordError

Json = Mapping[str, Any]

FIELDS = (
    *("id", "submittedAt", "leadType", "testLead", "owner", "ownerInfo", "versionedLeadGenFormUrn", "formResponse"),
    *("leadMetadata", "leadMetadataInfo", "associatedEntity", "associatedEntityInfo", "form"),
)
PROJECTION = f"{','.join(FIELDS[:-1])},form:(hiddenFields,creationLocale,name,id,content)"
"""What is asked for: the form's questions come along, so that no second request has to tell what was answered."""
PERSON, LEAD = lead_forms.rules(at="date(submittedAt)", form="form.name", campaign="_campaign")
# A member is known by the profile too, as in LinkedIn's list of connections.
RULES = (replace(PERSON, fields={**PERSON.fields, "ids": "[_key, _profile]"}), LEAD)
_PROFILE = re.compile(r"linkedin\.com/in/([^/?#\s]+)", re.IGNORECASE)
# LinkedIn's names of fields that its members' profiles fill in, where no other vendor calls them so.
_HOMES = {
    "EMAIL_ADDRESS": "email",
    "MOBILE_PHONE_NUMBER": "phone",
    "CITY_NAME": "locality",
    "STATE_OR_PROVINCE": "region",
    "COUNTRY_OR_REGION": "country",
    "TITLE": "job_title",
}
SCHEMA = Schema.read_only(*FIELDS)
"""What a record holds: the response as it comes, of its form only what names it."""


def submitted(found: Json) -> datetime | None:
    """When the form was sent."""
    told = found.get("submittedAt")
    return datetime.fromtimestamp(told / 1000, UTC) if isinstance(told, int) else None


def lead_id(found: Json) -> str:
    """The id of the response, '' where it has none."""
    return str(found.get("id") or "")


def body(found: Json) -> dict[str, Any]:
    """The record of a response. Raises RecordError where it has no id or no time, or cannot be read."""
    if not lead_id(found) or submitted(found) is None:
        raise RecordError("a response without an id, or without a time", remote_id=lead_id(found))
    form = found.get("form") or {}
    try:
        answers = list(_answers(found["formResponse"], form.get("content") or {}))
        rest, profile = _rest(found, form), _profile(found["formResponse"], form.get("content") or {})
    except (TypeError, KeyError, AttributeError):
        raise RecordError("the answers of the response cannot be read", remote_id=lead_id(found)) from None
    kept = {name: found[name] for name in FIELDS if found.get(name) is not None}
    if form:
        kept["form"] = {name: form[name] for name in ("id", "name", "hiddenFields") if name in form}
    name = ((found.get("leadMetadataInfo") or {}).get("sponsoredLeadMetadataInfo") or {}).get("campaign") or {}
    told = lead_forms.told(
        f"linkedin:lead:{lead_id(found)}",
        answers,
        channel="linkedin",
        real=found.get("testLead") is not True,
        rest=rest,
    )
    ours = {"_campaign": name.get("name"), "_profile": profile}
    return {**kept, **{key: value for key, value in ours.items() if value}, **told}


def _answers(response: Json, content: Json) -> Iterator[Answer]:
    """What was answered, by question: choices by their words, what the form no longer knows by its number."""
    questions = {each.get("questionId"): each for each in content.get("questions") or ()}
    for each in response.get("answers") or ():
        number, details = each["questionId"], each["answerDetails"]
        question = questions.get(number, {})
        kind = _kind(question)
        label = _words(question.get("question")) or str(question.get("name") or each.get("name") or number)
        home = _HOMES.get(kind) or lead_forms.home_of(kind)
        yield Answer(label, _values(details, question), home)


def _profile(response: Json, content: Json) -> str:
    """The member's public profile as the id that other sources call it by, '' where the form does not ask for it."""
    asked = {one.get("questionId") for one in content.get("questions") or () if "PROFILE" in _kind(one)}
    for each in response.get("answers") or ():
        text = (each["answerDetails"].get("textQuestionAnswer") or {}).get("answer") or ""
        if each["questionId"] in asked and (found := _PROFILE.search(text)):
            return f"linkedin:profile:{found[1].casefold()}"
    return ""


def _kind(question: Json) -> str:
    return str(question.get("predefinedField") or "")


def _values(details: Json, question: Json) -> list[str]:
    text = details.get("textQuestionAnswer")
    if text is not None:
        return [str(text["answer"])]
    chosen = (details.get("multipleChoiceAnswer") or {}).get("options") or ()
    offered = (question.get("questionDetails") or {}).get("multipleChoiceQuestionDetails") or {}
    words = {each.get("id"): _words(each.get("text")) for each in offered.get("options") or ()}
    return [words.get(one) or str(one) for one in chosen]


def _rest(found: Json, form: Json) -> dict[str, Any]:
    """What brought the lead: numbers of campaign and creative, hidden fields, and the boxes that were ticked."""
    sponsored = (found.get("leadMetadata") or {}).get("sponsoredLeadMetadata") or {}
    entities = {name: _number(urn) for name, urn in (found.get("associatedEntity") or {}).items()}
    legal = (form.get("content") or {}).get("legalInfo") or {}
    boxes = {each.get("id"): _words(each.get("consent")) for each in legal.get("consents") or ()}
    told = {
        "lead_type": found.get("leadType"),
        "form_id": str(form["id"]) if form.get("id") else None,
        "campaign_id": _number(sponsored.get("campaign")),
        **entities,
        "hidden_fields": {each["name"]: each.get("value") for each in form.get("hiddenFields") or ()},
        "consents": {
            boxes.get(each["consentId"]) or str(each["consentId"]): bool(each["accepted"])
            for each in found["formResponse"].get("consentResponses") or ()
        },
    }
    return {name: value for name, value in told.items() if value}


def _words(localized: Any) -> str:
    """A text in the first language that it has: a form has one."""
    texts = (localized or {}).get("localized") or {}
    return str(next(iter(texts.values()), ""))


def _number(urn: Any) -> str:
    """The id at the end of a URN: 42 of ``urn:li:sponsoredCampaign:42``."""
    return str(urn or "").rpartition(":")[2].rstrip(")")
