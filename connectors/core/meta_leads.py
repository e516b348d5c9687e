"""A lead of Meta's ads, the same fact whether it comes in an export or over the API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.core import lead_forms
from connectors.core.lead_forms import Answer

CHANNELS = {"fb": "facebook", "ig": "instagram", "msg": "messenger", "wa": "whatsapp", "an": "audience network"}
ATTRIBUTION = (
    *("ad_id", "ad_name", "adset_id", "adset_name", "campaign_id", "form_id", "is_organic"),
    *("partner_name", "retailer_item_id", "vehicle"),
)
"""What Meta says of the advertisement that brought a lead, in the words of exports and API alike."""
RULES = lead_forms.rules(
    at="date(created_time)", form="form_name", campaign="campaign_name", status="lead_status", url="inbox_url"
)
_TEST = "<test lead:"


def told(lead: Mapping[str, Any], key: str, answers: Sequence[Answer]) -> dict[str, Any]:
    """The lead with what RULES read of it; its columns are those of Meta's exports without their prefixes.

    Meta marks the answers of leads that an advertiser makes to try a form out; those are no real leads.
    """
    platform = str(lead.get("platform") or "")
    rest = {name: lead[name] for name in ATTRIBUTION if lead.get(name) not in (None, "")}
    if str(rest.get("is_organic")).lower() in ("true", "false", "1", "0"):
        rest["is_organic"] = str(rest["is_organic"]).lower() in ("true", "1")
    real = not any(_TEST in value.casefold() for answer in answers for value in answer.values)
    return {
        **lead,
        **lead_forms.told(key, answers, channel=CHANNELS.get(platform, platform), real=real, rest=rest),
    }
