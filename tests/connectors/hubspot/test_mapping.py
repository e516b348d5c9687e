"""HubSpot's records in canonical words, and canonical ones in HubSpot's."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.hubspot.connector import VENDOR, HubSpotConfig
from connectors.hubspot.mapping import TARGETS
from mapping.contract import Change, Op, Status
from mapping.mapper import Mapper, Projection
from mapping.model import Kind
from tests.connectors.hubspot.desk import Desk


def mapped(desk: Desk, stream: str, **values: Any) -> tuple[Any, dict[str, Any]]:
    """What a record of the stream says, and its id."""
    record = desk.portal.create(stream, values)
    (raw,) = [each for each in desk.read(desk.open(stream)).records if each.remote_id == record.id]
    rules = desk.open(stream).rules
    (entity,) = Mapper(rules, default_country="GB").map(raw.body)
    return entity, {"id": record.id}


def test_an_opt_out_is_a_refusal_and_its_absence_no_consent(desk: Desk) -> None:
    out, _ = mapped(desk, "contacts", lastname="a", hs_email_optout=True)
    silent, _ = mapped(desk, "contacts", lastname="b", hs_email_optout=False)
    assert out.values["email_consent"] is False
    assert silent.values.get("email_consent") is None


def test_an_unknown_lifecycle_stage_is_left_open(desk: Desk) -> None:
    entity, _ = mapped(desk, "contacts", lastname="a", lifecyclestage="other")
    assert entity.values.get("stage") is None


def test_a_contact_is_a_person(desk: Desk) -> None:
    entity, known = mapped(
        desk,
        "contacts",
        email="Ada@Example.com",
        firstname="Ada",
        lastname="Castro",
        phone="020 7946 0001",
        mobilephone="+44 7700 900123",
        jobtitle="Engineer",
        city="Leeds",
        lifecyclestage="marketingqualifiedlead",
        hs_additional_emails="ada2@example.com;ada3@example.com",
    )
    assert entity.kind is Kind.PERSON
    held = entity.values
    assert held["ids"] == [f"hubspot:contact:{known['id']}"] or held["ids"] == (f"hubspot:contact:{known['id']}",)
    assert (held["given_name"], held["family_name"], held["job_title"]) == ("Ada", "Castro", "Engineer")
    assert (held["email"], held["phone"], held["stage"]) == ("ada@example.com", "+442079460001", "qualified")
    assert list(held["emails"]) == ["ada2@example.com", "ada3@example.com"]
    assert list(held["phones"]) == ["+447700900123"]
    assert held["address"]["locality"] == "Leeds"


def test_a_company_is_an_organization(desk: Desk) -> None:
    entity, _ = mapped(desk, "companies", name="Firm", domain="firm.example.com", numberofemployees=12)
    assert entity.kind is Kind.ORGANIZATION
    assert (entity.values["name"], entity.values["domain"], entity.values["employees"]) == (
        "Firm",
        "firm.example.com",
        12,
    )


def test_a_mail_and_a_meeting_keep_the_keys_they_have_everywhere(desk: Desk) -> None:
    at = "2026-05-04T08:00:00Z"
    mail, _ = mapped(desk, "emails", hs_timestamp=at, hs_email_message_id="<a@b.example>", hs_email_direction="EMAIL")
    meeting, _ = mapped(desk, "meetings", hs_timestamp=at, hs_i_cal_uid="uid-1", hs_meeting_title="Tea")
    assert (mail.values["key"], mail.values["direction"]) == ("mail:a@b.example", "out")
    assert meeting.values["key"] == "ical:uid-1"
    plain, known = mapped(desk, "notes", hs_timestamp=at, hs_note_body="Call her")
    assert plain.values["key"] == f"hubspot:note:{known['id']}"


def test_a_mail_that_was_written_shows_its_sender_and_recipients(desk: Desk) -> None:
    (target,) = [each for each in TARGETS if each.object == "emails"]
    people = [("from", "ada@example.com"), ("to", "bea@acme.com"), ("to", "cyn@acme.com"), ("cc", "")]
    participants = [{"role": role, **({"email": email} if email else {"name": "x"})} for role, email in people]
    fact = {
        "at": "2026-05-04T08:00:00Z",
        "title": "Tea",
        "text": "Tea?",
        "direction": "in",
        "participants": participants,
    }
    fields = {name: value for name, value in Projection(target.fields).project(fact).items() if value is not None}
    change = Change("m", Op.UPSERT, external_id="f_1", set=fields)
    (outcome,) = desk.writes("emails").write("emails", [change])
    assert outcome.status is Status.CREATED
    (raw,) = desk.read(desk.open("emails")).records
    (entity,) = Mapper(desk.open("emails").rules).map(raw.body)
    held = [(each["role"], each["email"]) for each in entity.values["participants"]]
    assert held == people[:3]
    assert (entity.values["direction"], entity.values["title"]) == ("in", "Tea")
    assert "hs_email_headers" not in Projection(target.fields).project(
        {"participants": [{"role": "to", "email": "a@b.co"}]}
    )


def test_a_deal_names_its_people(desk: Desk) -> None:
    person = desk.portal.contacts.create(lastname="Castro")
    deal = desk.portal.deals.create(dealname="Roof", amount="49.90", deal_currency_code="EUR")
    desk.portal.link("deals", deal.id, "contacts", person.id)
    (raw,) = desk.read(desk.open("deals")).records
    (entity,) = Mapper(desk.open("deals").rules).map(raw.body)
    assert (entity.values["key"], str(entity.values["total"]), entity.values["currency"]) == (
        f"hubspot:deal:{deal.id}",
        "49.90",
        "EUR",
    )
    (participant,) = entity.values["participants"]
    assert (participant["role"], list(participant["ids"])) == ("contact", [f"hubspot:contact:{person.id}"])


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: f"{target.object}-{target.kind}")
def test_every_target_asks_for_properties_that_hubspot_has(desk: Desk, target: Any) -> None:
    assert set(target.fields) <= set(desk.portal.drawer(target.object).properties)
    Projection(target.fields).project({"summary": "Order R1", "at": "2026-05-04T08:00:00Z"})


def test_a_golden_person_becomes_a_contact() -> None:
    (target,) = [each for each in TARGETS if each.object == "contacts"]
    golden = {
        "given_name": "Ada",
        "family_name": "Castro",
        "email": "ada@example.com",
        "stage": "qualified",
        "address": {"locality": "Leeds", "country": "GB"},
    }
    projected = Projection(target.fields).project(golden)
    assert {name: value for name, value in projected.items() if value is not None} == {
        "firstname": "Ada",
        "lastname": "Castro",
        "email": "ada@example.com",
        "lifecyclestage": "marketingqualifiedlead",
        "city": "Leeds",
        "country": "GB",
    }


def test_a_connection_logs_in_one_way() -> None:
    for config in ({}, {"access_token": "t", "client_id": "i", "client_secret": "s"}, {"client_id": "i"}):
        with pytest.raises(ValueError, match="access_token"):
            HubSpotConfig.model_validate(config)
    assert "t0p" not in repr(HubSpotConfig.model_validate({"access_token": "t0p"}))
    assert VENDOR.writes
