"""Queries, answers and refusals held to the field lists of Google's own client library (google-ads, v26)."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from connectors.google_ads_leads.sandbox import AdsRefusalError
from mapping.contract import Slice
from tests.connectors.google_ads_leads.agency import Agency

SHARED = Path(os.environ.get("CONCORD_SHARED") or Path(__file__).resolve().parents[3] / ".." / "shared")
SPECS = SHARED / "specs" / "google-ads"

pytestmark = [
    pytest.mark.skipif(not SPECS.is_dir(), reason="the shared folder with Google Ads' field lists is not here"),
    pytest.mark.proof("contract", "the Google Ads API's field lists (v26)"),
]


@cache
def messages(name: str) -> Mapping[str, Mapping[str, Any]]:
    """The messages of one module, each with its fields."""
    found: Mapping[str, Mapping[str, Any]] = json.loads((SPECS / f"v26.{name}.json").read_text(encoding="utf-8"))
    return found


def fields(module: str, message: str) -> set[str]:
    """The fields of a message, as JSON spells them."""
    return {camel(name) for name in messages(module)[message]}


def camel(name: str) -> str:
    return re.sub(r"_(\w)", lambda found: found[1].upper(), name)


LEAD = "resources.types.lead_form_submission_data"
SERVICE = "services.types.google_ads_service"
ERRORS = "errors.types.errors"


def test_a_query_selects_fields_that_are_there_and_an_answer_has_no_others(agency: Agency) -> None:
    for number in range(4):
        agency.submit(number, custom={"What do you need?": "Shelves"})
    records = [record for page in agency.open().read(Slice(), None) for record in page.records]
    assert len(records) == 4
    asked = [each for each in agency.server.exchanges if each.request.path.endswith("searchStream")]
    for exchange in asked:
        body = exchange.request.json()
        assert set(body) <= fields(SERVICE, "SearchGoogleAdsStreamRequest")
        for name in re.findall(r"lead_form_submission_data\.(\w+)", body["query"]):
            assert name in messages(LEAD)["LeadFormSubmissionData"]
        for batch in exchange.reply.body:
            assert set(batch) <= fields(SERVICE, "SearchGoogleAdsStreamResponse")
            for row in batch["results"]:
                assert set(row) <= fields(SERVICE, "GoogleAdsRow")
                lead = row["leadFormSubmissionData"]
                assert set(lead) <= fields(LEAD, "LeadFormSubmissionData")
                for field in lead["leadFormSubmissionFields"]:
                    assert set(field) == fields(LEAD, "LeadFormSubmissionField")
                for field in lead["customLeadFormSubmissionFields"]:
                    assert set(field) == fields(LEAD, "CustomLeadFormSubmissionField")


@pytest.mark.parametrize("kind", ["quotaError", "authenticationError", "authorizationError", "queryError"])
def test_a_refusal_is_written_as_google_writes_it(agency: Agency, kind: str) -> None:
    details = {"quotaErrorDetails": {"rateName": "Requests", "retryDelay": "5s"}} if kind == "quotaError" else {}
    (part,) = AdsRefusalError(400, kind, "SOMETHING", "No", **details).reply().body
    (failure,) = part["error"]["details"]
    assert set(failure) - {"@type"} <= fields(ERRORS, "GoogleAdsFailure")
    for error in failure["errors"]:
        assert set(error) <= fields(ERRORS, "GoogleAdsError")
        assert set(error["errorCode"]) <= fields(ERRORS, "ErrorCode")
        assert set(error.get("details", {})) <= fields(ERRORS, "ErrorDetails")
        assert set(error.get("details", {}).get("quotaErrorDetails", {})) <= fields(ERRORS, "QuotaErrorDetails")
