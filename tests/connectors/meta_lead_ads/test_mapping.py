"""What a lead becomes: somebody, and that they wrote to us, with the advertisement that brought them."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.meta_lead_ads.mapping import Form, lead
from mapping.errors import RecordError
from tests.connectors.meta_lead_ads.desk import AD, Desk, answers, entities


def one(desk: Desk) -> dict[str, dict[str, Any]]:
    """What the newest lead becomes."""
    stream = desk.open()
    return entities(stream, desk.read()[0].records[0])


def test_a_test_lead_is_kept_and_is_nobody(desk: Desk) -> None:
    desk.business.try_out(desk.form)
    assert len(desk.read()[0].records) == 1
    assert one(desk) == {}


def test_a_lead_without_anybody_in_it_is_an_activity_only(desk: Desk) -> None:
    desk.business.submit(desk.form, {"which_wine_do_you_like?": "red"})
    assert set(one(desk)) == {"lead"}


def test_a_time_that_cannot_be_read_is_a_bad_record(desk: Desk) -> None:
    desk.submit()
    body = {**desk.read()[0].records[0].body, "created_time": "yesterday"}
    with pytest.raises(RecordError) as bad:
        lead(body, Form("1", "Tasting", "2"))
    assert bad.value.remote_id == body["id"]


def test_a_lead_is_a_person_and_an_activity_with_its_advertisement(desk: Desk) -> None:
    identity = desk.submit(3)
    found = one(desk)
    person, activity = found["person"], found["lead"]
    assert (person["name"], person["email"], person["phone"]) == ("Kim Dplum", "kim3@plum.example", "+31612340003")
    assert (person["stage"], person["source"], person["ids"]) == ("lead", "instagram", [f"meta:lead:{identity}"])
    assert person["custom"] == {"which_wine_do_you_like?": "red"}
    assert (activity["key"], activity["activity"], activity["direction"]) == (f"meta:lead:{identity}", "lead", "in")
    assert (activity["title"], activity["campaign"], activity["channel"]) == ("Tasting", "Spring", "instagram")
    assert activity["at"] == "2026-05-04T08:00:00Z"
    assert activity["answers"] == {"which_wine_do_you_like?": "red"}
    kept = {name: AD[name] for name in ("ad_id", "ad_name", "adset_id", "adset_name", "campaign_id")}
    assert activity["custom"] == {**kept, "form_id": desk.form.id, "is_organic": False}
    (who,) = activity["participants"]
    assert (who["role"], who["email"], who["ids"]) == ("lead", "kim3@plum.example", [f"meta:lead:{identity}"])


def test_an_organic_lead_has_no_campaign(desk: Desk) -> None:
    desk.business.submit(desk.form, answers())
    activity = one(desk)["lead"]
    assert "campaign" not in activity
    assert activity["custom"]["is_organic"] is True
    assert activity["channel"] == "facebook"


def test_questions_are_known_by_their_type_whatever_their_key(desk: Desk) -> None:
    form = desk.business.add_form(desk.page, "Long", "name")
    form.questions = {
        **form.questions, "q1": "FIRST_NAME", "q2": "LAST_NAME", "q3": "WORK_EMAIL", "q4": "POST_CODE", "q5": "CITY",
        "q6": "COMPANY_NAME", "q7": "JOB_TITLE", "q8": "DATE_OF_BIRTH", "q9": "GENDER", "tastes": "CUSTOM",
    }  # fmt: skip
    given = {
        "q1": "Kim", "q2": "Plum", "q3": "kim@firm.example", "q4": "6711 AA", "q5": "Ede", "q6": "Plum Ltd",
        "q7": "Buyer", "q8": "1990-02-03", "q9": "female", "name": "my dog is Rex", "tastes": ["red", "dry"],
    }  # fmt: skip
    desk.business.submit(form, given, custom_disclaimer_responses=[{"checkbox_key": "news", "is_checked": "1"}])
    stream = desk.open()
    found = entities(stream, desk.read(form=form)[0].records[0])
    person, activity = found["person"], found["lead"]
    assert (person["given_name"], person["family_name"], person["email"]) == ("Kim", "Plum", "kim@firm.example")
    assert (person["company"], person["job_title"], person["birth_date"]) == ("Plum Ltd", "Buyer", "1990-02-03")
    assert person["address"] == {"locality": "Ede", "postal_code": "6711 AA"}
    assert activity["answers"] == {"q9": "female", "name": "my dog is Rex", "tastes": "red, dry"}
    assert activity["custom"]["consents"] == {"news": True}
