"""A Google Ads lead becomes a person and an activity."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from connectors.google_ads_leads import mapping
from mapping.contract import Slice
from mapping.mapper import Mapper
from tests.connectors.google_ads_leads.agency import Agency


def mapped(agency: Agency) -> dict[str, dict[str, Any]]:
    """Values by entity, of the one lead there is."""
    (record,) = [record for page in agency.open().read(Slice(), None) for record in page.records]
    entities = Mapper(mapping.RULES, default_country="NL").map(record.body)
    return {entity.part: dict(entity.values) for entity in entities}


def test_google_s_own_questions_make_the_person_and_the_advertiser_s_stand_beside(agency: Agency) -> None:
    answers = {
        "FIRST_NAME": "Kim",
        "LAST_NAME": "Plum",
        "WORK_EMAIL": "kim@plum.example",
        "WORK_PHONE": "06 12345678",
        "COMPANY_NAME": "Plum",
        "JOB_TITLE": "Buyer",
        "POSTAL_CODE": "6711 AB",
        "COUNTRY": "NL",
        "PREFERRED_CONTACT_TIME": "Mornings",
    }
    lead = agency.submit(
        given=answers, custom={"What do you need?": "Shelves"}, at=datetime(2026, 5, 1, 8, tzinfo=UTC), gclid="Cj-1"
    )
    found = mapped(agency)
    person, told = found["person"], found["lead"]
    assert (person["given_name"], person["family_name"]) == ("Kim", "Plum")
    assert (person["email"], person["phone"]) == ("kim@plum.example", "+31612345678")
    assert (person["company"], person["job_title"], person["source"]) == ("Plum", "Buyer", "google")
    assert person["address"] == {"postal_code": "6711 AB", "country": "NL"}
    assert person["ids"] == [f"google_ads:lead:{lead.id}"]
    assert told["key"] == f"google_ads:lead:{lead.id}"
    assert (told["activity"], told["at"]) == ("lead", "2026-05-01T08:00:00Z")
    assert (told["title"], told["campaign"], told["channel"]) == ("Trial form", "Spring trial", "google")
    assert told["answers"] == {"preferred_contact_time": "Mornings", "What do you need?": "Shelves"}
    assert told["custom"]["gclid"] == "Cj-1"
    assert told["custom"]["adGroupName"] == "Brand"
    assert told["custom"]["campaign"].isdigit()
    assert told["custom"]["adGroupAd"].isdigit()


def test_a_lead_who_left_nothing_of_himself_is_an_activity_only(agency: Agency) -> None:
    agency.submit(given={}, custom={"What do you need?": "Shelves"})
    assert set(mapped(agency)) == {"lead"}


def test_a_row_without_a_time_is_reported_and_the_others_are_read(agency: Agency) -> None:
    row = {"leadFormSubmissionData": {"id": "1", "submissionDateTime": "soon"}}
    assert mapping.local_time(row) == ""
    assert mapping.instant(row) is None
    assert mapping.local_time({}) == mapping.lead_id({}) == ""
