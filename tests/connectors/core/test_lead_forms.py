"""What a lead form says becomes a person and an activity, in one way for all vendors."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.core import lead_forms
from connectors.core.lead_forms import Answer
from mapping.mapper import Mapper

MAPPER = Mapper(lead_forms.rules(at="date(sent)", form="form", campaign="campaign"), default_country="NL")
SENT = {"sent": "2026-05-01T10:00:00+0200", "form": "Trial", "campaign": "Spring"}


def mapped(*answers: Answer, **more: Any) -> dict[str, dict[str, Any]]:
    """Values by entity."""
    entities = MAPPER.map({**SENT, **lead_forms.told("meta:lead:7", answers, **more)})
    return {entity.part: dict(entity.values) for entity in entities}


@pytest.mark.parametrize(
    ("question", "home"),
    [
        ("FULL_NAME", "name"),
        ("Work Email", "email"),
        ("e-mail-adresse", "email"),
        ("WORK_PHONE", "phone"),
        ("ZIP", "postal_code"),
        ("what is your budget?", ""),
        ("", ""),
    ],
)
def test_a_standard_question_is_known_by_its_name(question: str, home: str) -> None:
    assert lead_forms.home_of(question) == home


def test_answers_that_fill_no_field_of_a_person_stand_on_both() -> None:
    found = mapped(
        Answer("full_name", ["Kim Plum"], "name"),
        Answer("email", ["kim@plum.example"], "email"),
        Answer("work_email", ["k@firm.example"], "email"),
        Answer("phone_number", ["06 12345678"], "phone"),
        Answer("city", ["Ede"], "locality"),
        Answer("budget", ["much", " more "]),
        Answer("empty", [" "]),
        channel="facebook",
        rest={"ad_id": "1"},
    )
    person, lead = found["person"], found["lead"]
    assert (person["name"], person["email"], person["phone"]) == ("Kim Plum", "kim@plum.example", "+31612345678")
    assert person["emails"] == ["k@firm.example"]
    assert (person["address"], person["custom"]) == ({"locality": "Ede"}, {"budget": "much, more"})
    assert (person["ids"], person["stage"], person["source"]) == (["meta:lead:7"], "lead", "facebook")
    assert (lead["key"], lead["activity"], lead["at"]) == ("meta:lead:7", "lead", "2026-05-01T08:00:00Z")
    assert (lead["title"], lead["campaign"], lead["custom"]) == ("Trial", "Spring", {"ad_id": "1"})
    assert lead["answers"] == {"budget": "much, more"}
    assert lead["participants"][0]["ids"] == ["meta:lead:7"]


def test_a_second_answer_for_one_field_is_not_lost() -> None:
    found = mapped(
        Answer("city", ["Ede"], "locality"), Answer("ville", ["Lyon"], "locality"), Answer("n", ["K"], "name")
    )
    assert found["lead"]["answers"] == {"ville": "Lyon"}


def test_a_lead_without_a_person_is_an_activity_only() -> None:
    assert set(mapped(Answer("budget", ["much"]))) == {"lead"}


def test_a_lead_that_only_tries_a_form_out_is_nobody() -> None:
    assert mapped(Answer("full_name", ["Kim"], "name"), real=False) == {}
