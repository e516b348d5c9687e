"""A response becomes a person and an activity, by the questions of its form."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.linkedin_lead_sync import mapping
from mapping.contract import Slice
from mapping.mapper import Mapper
from tests.connectors.linkedin_lead_sync.bureau import Bureau

# As in LinkedIn's Postman collection ("Fetch full lead data after a lead notification is received"), without its form.
BARE = {
    "owner": {"sponsoredAccount": "urn:li:sponsoredAccount:1234567"},
    "leadType": "SPONSORED",
    "leadMetadata": {"sponsoredLeadMetadata": {"campaign": "urn:li:sponsoredCampaign:198356826"}},
    "versionedLeadGenFormUrn": "urn:li:versionedLeadGenForm:(urn:li:leadGenForm:7234246,1)",
    "id": "249592fc-d272-44ba-a7db-c2bdce579507-6",
    "submittedAt": 1_689_894_599_288,
    "testLead": False,
    "associatedEntity": {"associatedCreative": "urn:li:sponsoredCreative:241257736"},
    "formResponse": {
        "consentResponses": [{"accepted": True, "consentId": 0}],
        "answers": [
            {"answerDetails": {"textQuestionAnswer": {"answer": "kim@plum.example"}}, "questionId": 307_234_246},
            {"answerDetails": {"multipleChoiceAnswer": {"options": [0]}}, "questionId": 707_234_246},
        ],
    },
}


def mapped(body: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Values by entity."""
    return {one.part: dict(one.values) for one in Mapper(mapping.RULES, default_country="NL").map(body)}


def only(bureau: Bureau) -> dict[str, Any]:
    """The body of the one response there is."""
    (record,) = [record for page in bureau.open().read(Slice("SPONSORED"), None) for record in page.records]
    return dict(record.body)


def test_a_member_s_own_fields_make_the_person_and_the_advertiser_s_questions_stand_beside(bureau: Bureau) -> None:
    lead = bureau.submit(at=datetime(2026, 5, 1, 8, tzinfo=UTC))
    found = mapped(only(bureau))
    person, told = found["person"], found["lead"]
    assert (person["given_name"], person["family_name"]) == ("Kim", "Plum1")
    assert (person["email"], person["phone"]) == ("kim.1@plum.example", "+31612345001")
    assert (person["company"], person["job_title"], person["source"]) == ("Plum", "Buyer", "linkedin")
    assert person["ids"] == [f"linkedin:lead:{lead}"]
    assert (told["key"], told["activity"]) == (f"linkedin:lead:{lead}", "lead")
    assert (told["at"], told["title"], told["campaign"]) == ("2026-05-01T08:00:00Z", "Trial form", "Spring trial")
    assert told["answers"] == {"Team size": "11-50", "What are you looking for?": "A trial"}
    assert told["custom"] == {
        "lead_type": "SPONSORED",
        "form_id": "7234246",
        "campaign_id": "198356826",
        "associatedCreative": "241257736",
        "hidden_fields": {"utm_source": "li"},
        "consents": {"News by email": True},
    }


@pytest.mark.parametrize(
    ("link", "profile"),
    [
        ("https://www.linkedin.com/in/Kim-Plum/", ["linkedin:profile:kim-plum"]),
        ("linkedin.com/in/kim-plum?trk=x", ["linkedin:profile:kim-plum"]),
        ("I have none", []),
    ],
)
def test_a_member_is_known_by_the_profile_as_in_a_list_of_connections(
    bureau: Bureau, link: str, profile: list[str]
) -> None:
    lead = bureau.submit(given={"EMAIL": "kim@plum.example", "LINKEDIN_PROFILE_LINK": link})
    person = mapped(only(bureau))["person"]
    assert person["ids"] == [f"linkedin:lead:{lead}", *profile]


def test_the_form_s_questions_are_not_kept_with_every_lead(bureau: Bureau) -> None:
    bureau.submit()
    assert set(only(bureau)["form"]) == {"id", "name", "hiddenFields"}


def test_a_response_whose_form_does_not_come_along_keeps_its_answers_by_number() -> None:
    found = mapped(mapping.body(BARE))
    assert set(found) == {"lead"}
    assert found["lead"]["answers"] == {"307234246": "kim@plum.example", "707234246": "0"}
    assert found["lead"]["at"] == "2023-07-20T23:09:59.288000Z"


def test_a_test_lead_is_nobody(bureau: Bureau) -> None:
    bureau.submit(testLead=True)
    assert mapped(only(bureau)) == {}
