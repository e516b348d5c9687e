"""A row of an export becomes a person and an activity."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.tiktok_leads import mapping
from mapping.contract import Slice
from mapping.mapper import Mapper
from tests.connectors.tiktok_leads.studio import TRIAL, Studio


def mapped(body: Any) -> dict[str, dict[str, Any]]:
    """Values by entity."""
    return {one.part: dict(one.values) for one in Mapper(mapping.RULES, default_country="NL").map(body)}


def test_what_is_known_of_people_makes_the_person_and_other_questions_stand_beside(studio: Studio) -> None:
    lead = studio.submit(at=datetime(2026, 5, 1, 8, tzinfo=UTC))
    (record,) = [one for page in studio.open().read(Slice(TRIAL), None) for one in page.records]
    found = mapped(record.body)
    person, told = found["person"], found["lead"]
    assert (person["name"], person["email"]) == ("Kim Plum 1", "kim.1@plum.example")
    assert (person["phone"], person["source"]) == ("+31612345001", "tiktok")
    assert person["ids"] == [f"tiktok:lead:{lead.id}"]
    assert (told["key"], told["at"]) == (f"tiktok:lead:{lead.id}", "2026-05-01T08:00:00Z")
    assert (told["title"], told["campaign"], told["channel"]) == ("Trial", "Spring trial", "tiktok")
    assert told["answers"] == {"What is your budget?": "up to 1,000\nor so"}
    assert told["custom"] == {
        "ad_id": "1809876543210987",
        "ad_name": "Video 1",
        "adgroup_id": "1809876543210000",
        "adgroup_name": "Lookalike",
        "campaign_id": "1809876543200000",
        "page_id": TRIAL,
    }


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("\ufefflead_id", "lead_id"),
        ("Lead ID", "lead_id"),
        ("Ad Group ID", "adgroup_id"),
        ("create_time", "created_time"),
        ("What is your budget?", "What is your budget?"),
    ],
)
def test_columns_are_known_by_each_of_their_names(header: str, name: str) -> None:
    assert mapping.column(header) == name


@pytest.mark.parametrize(
    "told", ["2026-09-20 14:03:11", "1789912991", "1789912991000", "2026-09-20T09:03:11-05:00", "'2026-09-20 14:03:11"]
)
def test_times_are_read_in_each_of_their_forms(told: str) -> None:
    assert mapping.created({"created_time": told}) == datetime(2026, 9, 20, 14, 3, 11, tzinfo=UTC)


@pytest.mark.parametrize("told", ["", "--", "yesterday", "2026-09-20"])
def test_what_is_no_time_is_none(told: str) -> None:
    assert mapping.created({"created_time": told}) is None


@pytest.mark.parametrize("told", ["true", "TRUE", "1"])
def test_a_test_lead_is_nobody(told: str) -> None:
    row = {"lead_id": "1", "created_time": "2026-05-01 10:00:00", "Name": "Kim", "is_test": told}
    assert mapped(mapping.body(row, "Trial")) == {}
