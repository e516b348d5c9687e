"""A row of TikTok's lead export as a raw record: what is known of its columns, and everything else as an answer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from connectors.core import lead_forms
from connectors.core.lead_forms import Answer
from mapping import moments
from mapping.contract import Schema
from mapping.errors import RecordError

SYSTEM = (
    *("lead_id", "created_time", "ad_id", "ad_name", "adgroup_id", "adgroup_name", "campaign_id", "campaign_name"),
    *("page_id", "page_name", "form_id", "form_name", "advertiser_id", "advertiser_name", "is_test", "lead_source"),
    *("lead_status", "library_id"),
)
_CALLED = {"id": "lead_id", "create_time": "created_time", "creation_time": "created_time"}
_ATTRIBUTION = ("ad_id", "ad_name", "adgroup_id", "adgroup_name", "campaign_id", "page_id", "lead_source")
RULES = lead_forms.rules(at="_at", form="form_name || page_name", campaign="campaign_name", status="lead_status")
_GAP = re.compile(r"[\s\-]+")
_GUARDED = re.compile(r"(?:'|=?\")?(.*?)\"?", re.DOTALL)
SCHEMA = Schema.read_only(*SYSTEM, "answers")
"""What a record holds: the columns that TikTok fills in; the answers lie under their questions beside them."""


def column(header: str) -> str:
    """What a column is called here: ``Ad group ID`` and ``adgroup_id`` are one; a question stays as it is."""
    text = header.strip().lstrip("\ufeff")
    name = _GAP.sub("_", text.casefold()).replace("ad_group", "adgroup")
    name = _CALLED.get(name, name)
    return name if name in SYSTEM else text


def lead_id(row: Mapping[str, str]) -> str:
    """The lead's id, '' where the row has none."""
    return _bare(row.get("lead_id", ""))


def created(row: Mapping[str, str]) -> datetime | None:
    """When the lead came: TikTok writes UTC, as a date and time or in seconds since 1970."""
    told = _bare(row.get("created_time", ""))
    found = moments.moment(float(told) if told.isdigit() else told)
    return found.astimezone(UTC) if isinstance(found, datetime) else None


def body(row: Mapping[str, str], form: str) -> dict[str, Any]:
    """The record of a row, of the form of that name where the row names none. Raises RecordError for a row without an
    id, or without a time that can be read."""
    at, lead = created(row), lead_id(row)
    if not lead or at is None:
        raise RecordError("a lead without an id, or without a time", remote_id=lead)
    kept: dict[str, Any] = {name: _bare(row[name]) for name in SYSTEM if _bare(row.get(name, ""))}
    if "form_name" not in kept and "page_name" not in kept:
        kept["page_name"] = form
    given = {question: text.strip() for question, text in row.items() if question not in SYSTEM and text.strip()}
    told = lead_forms.told(
        f"tiktok:lead:{lead}",
        [Answer(question, [text], lead_forms.home_of(question)) for question, text in given.items()],
        channel="tiktok",
        real=kept.get("is_test", "").casefold() not in ("true", "1", "yes"),
        rest={name: kept[name] for name in _ATTRIBUTION if name in kept},
    )
    return {**kept, "answers": given, "_at": moments.instant(at), **told}


def _bare(cell: str) -> str:
    """The value without what keeps spreadsheets from reading a long number: ``'18098``, ``="18098"``; '' for ``--``."""
    found = _GUARDED.fullmatch(cell.strip())
    text = found[1].strip() if found else cell.strip()
    return "" if text == "--" else text
