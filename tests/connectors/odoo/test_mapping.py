"""Odoo's records in canonical words."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from mapping.mapper import Entity
from mapping.model import Kind
from mapping.timeline import days
from tests.connectors.odoo.desk import Desk


def only(entities: list[Entity]) -> dict[str, Any]:
    (entity,) = entities
    return {"kind": entity.kind, "founding": entity.founding, **entity.values}


def test_a_company_is_an_organization(desk: Desk) -> None:
    tag = desk.database.create("res.partner.category", name="VIP")
    held = only(
        desk.mapped(
            "partners",
            desk.database.create(
                "res.partner",
                name="Firm",
                is_company=True,
                vat="BE0477472701",
                email="Office@Firm.example.com; sales@firm.example.com",
                phone="02 290 34 90",
                website="https://firm.example.com",
                street="Chaussée 1",
                street2="Floor 2",
                city="Namur",
                zip="5000",
                country_id=1,
                category_id=[(4, tag.id)],
                customer_rank=2,
            ),
        )
    )
    assert (held["kind"], held["name"], held["tax_id"], held["stage"]) == (
        Kind.ORGANIZATION,
        "Firm",
        "BE0477472701",
        "customer",
    )
    assert (held["email"], list(held["emails"])) == ("office@firm.example.com", ["sales@firm.example.com"])
    assert held["phone"] == "+3222903490", "dialled as in Belgium, where the company is"
    assert held["address"] == {
        "street": "Chaussée 1, Floor 2",
        "locality": "Namur",
        "postal_code": "5000",
        "country": "BE",
    }
    assert list(held["tags"]) == ["VIP"]


def test_a_contact_is_a_person_of_a_company_without_its_tax_number(desk: Desk) -> None:
    firm = desk.database.create("res.partner", name="Firm", is_company=True, vat="BE0477472701")
    row = desk.database.create(
        "res.partner", name="Ada Castro", parent_id=firm.id, function="CTO", email="Ada <Ada@Firm.example.com>"
    )
    assert row.values["vat"] == "BE0477472701", "Odoo copies it"
    held = only(desk.mapped("partners", row))
    assert (held["kind"], held["name"], held["company"], held["job_title"]) == (
        Kind.PERSON,
        "Ada Castro",
        "Firm",
        "CTO",
    )
    assert (held["email"], held.get("tax_id"), held["founding"]) == ("ada@firm.example.com", None, True)
    alone = only(desk.mapped("partners", desk.database.create("res.partner", name="Bea", vat="GB1")))
    assert alone["tax_id"] == "GB1"
    none = only(desk.mapped("partners", desk.database.create("res.partner", name="Cyn", vat="/")))
    assert none.get("tax_id") is None


@pytest.mark.parametrize("type_", ["invoice", "delivery", "other", "private"])
def test_an_address_brings_nobody_into_being(desk: Desk, type_: str) -> None:
    firm = desk.database.create("res.partner", name="Firm", is_company=True)
    row = desk.database.create("res.partner", parent_id=firm.id, type=type_, email="bills@firm.example.com", city="Ulm")
    (entity,) = desk.mapped("partners", row)
    assert (entity.part, entity.founding, entity.values["email"]) == ("address", False, "bills@firm.example.com")


def test_a_colleague_becomes_no_customer(desk: Desk) -> None:
    row = desk.database.create("res.partner", name="Mitchell", email="mitchell@acme.com")
    row.values["partner_share"] = False
    (entity,) = desk.mapped("partners", row)
    assert (entity.part, entity.founding) == ("colleague", False)


def test_a_state_goes_by_its_name(desk: Desk) -> None:
    row = desk.database.create("res.partner", name="Ada", country_id=5, state_id=1)
    held = only(desk.mapped("partners", row))
    assert held["address"] == {"region": "California", "country": "US"}


def test_a_quotation_is_a_deal_until_it_is_an_order(desk: Desk) -> None:
    partner = desk.database.create("res.partner", name="Ada")
    product = desk.database.create("product.product", name="Chair", default_code="CH-1")
    lines = [
        (0, 0, {"name": "Seats", "display_type": "line_section", "product_uom_qty": 0}),
        (0, 0, {"name": "Chair, red", "product_id": product.id, "product_uom_qty": 3, "price_unit": 9.5}),
    ]
    row = desk.database.create("sale.order", partner_id=partner.id, order_line=lines, validity_date="2026-06-01")
    offered = only(desk.mapped("orders", row))
    assert (offered["kind"], offered["key"], offered["closes_on"]) == (
        Kind.DEAL,
        f"odoo:quotation:{row.id}",
        "2026-06-01",
    )
    desk.database.write("sale.order", [row.id], state="sale")
    ordered = only(desk.mapped("orders", row))
    assert (ordered["kind"], ordered["key"], ordered["number"]) == (Kind.ORDER, f"odoo:order:{row.id}", "S00001")
    assert (ordered["total"], ordered["currency"], ordered.get("cancelled_at")) == ("28.5", "EUR", None)
    assert ordered["lines"] == [{"title": "Chair, red", "sku": "CH-1", "quantity": "3.0", "price": "9.5"}]
    assert [each["ids"] for each in ordered["participants"]] == [[f"odoo:partner:{partner.id}"]]
    desk.database.write("sale.order", [row.id], state="cancel")
    assert only(desk.mapped("orders", row))["cancelled_at"]


def test_a_credit_note_takes_away_and_a_draft_is_no_bill(desk: Desk) -> None:
    partner = desk.database.create("res.partner", name="Ada")
    values = {"partner_id": partner.id, "amount_total": 120.0, "invoice_date": "2026-05-04"}
    bill = desk.database.create("account.move", move_type="out_invoice", invoice_date_due="2026-06-03", **values)
    assert desk.mapped("invoices", bill) == []
    desk.database.write("account.move", [bill.id], state="posted")
    held = only(desk.mapped("invoices", bill))
    assert (held["number"], held["total"], held["status"]) == ("INV/2026/00001", "120.0", "not_paid")
    assert (held["at"], held["due_on"], held["currency"]) == ("2026-05-04T00:00:00Z", "2026-06-03", "EUR")
    assert [each["role"] for each in held["participants"]] == ["buyer"]
    desk.database.write("account.move", [bill.id], payment_state="paid")
    assert only(desk.mapped("invoices", bill))["status"] == "paid"
    back = desk.database.create("account.move", move_type="out_refund", state="posted", **values)
    assert only(desk.mapped("invoices", back))["total"] == "-120.0"


def test_a_bill_names_its_orders_and_a_credit_note_what_it_takes_back(desk: Desk) -> None:
    partner, company = desk.database.create("res.partner", name="Ada"), desk.database.create("res.company", name="We")
    values = {"partner_id": partner.id, "company_id": company.id}
    row = desk.database.create("sale.order", date_order="2026-05-01 10:00:00", state="sale", **values)
    ordered = only(desk.mapped("orders", row))
    assert ordered["aliases"] == [f"odoo:order-name:{company.id}:S00001"]
    told = {"move_type": "out_invoice", "state": "posted", "invoice_origin": "S00001, S00002"}
    bill = desk.database.create("account.move", **told, **values)
    assert only(desk.mapped("invoices", bill))["bills"] == [*ordered["aliases"], f"odoo:order-name:{company.id}:S00002"]
    back = desk.database.create(
        "account.move", move_type="out_refund", state="posted", reversed_entry_id=bill.id, **values
    )
    assert only(desk.mapped("invoices", back))["bills"] == [f"odoo:invoice:{bill.id}"]
    desk.database.write("account.move", [back.id], state="cancel")
    assert only(desk.mapped("invoices", back))["cancelled_at"]


def test_a_lead_is_an_activity_and_a_person(desk: Desk) -> None:
    source = desk.database.create("utm.source", name="Fair")
    row = desk.database.create(
        "crm.lead",
        name="Wants a roof",
        type="lead",
        contact_name="Zoe Ray",
        partner_name="Ray Ltd",
        email_from="Zoe@Ray.example.com",
        phone="020 7946 0001",
        country_id=4,
        source_id=source.id,
    )
    lead, person = desk.mapped("leads", row)
    assert (lead.kind, lead.values["activity"], lead.values["channel"]) == (Kind.ACTIVITY, "lead", "Fair")
    (participant,) = lead.values["participants"]
    assert participant["ids"] == [f"odoo:lead:{row.id}"]
    assert (participant["email"], participant["phone"]) == ("zoe@ray.example.com", "+442079460001")
    assert (person.values["name"], person.values["company"], person.values["stage"]) == ("Zoe Ray", "Ray Ltd", "lead")


def test_a_lead_with_a_partner_leaves_the_person_to_the_partner(desk: Desk) -> None:
    partner = desk.database.create("res.partner", name="Zoe")
    row = desk.database.create("crm.lead", name="Roof", email_from="zoe@ray.example.com", partner_id=partner.id)
    (deal,) = desk.mapped("leads", row)
    (participant,) = deal.values["participants"]
    assert participant["ids"] == [f"odoo:partner:{partner.id}"]


def test_an_opportunity_is_won_or_lost_or_neither(desk: Desk) -> None:
    row = desk.database.create("crm.lead", name="Roof", expected_revenue=900, date_deadline="2026-07-01", stage_id=2)
    held = only(desk.mapped("leads", row))
    assert (held["kind"], held["key"], held["stage"], held.get("won")) == (
        Kind.DEAL,
        f"odoo:opportunity:{row.id}",
        "Qualified",
        None,
    )
    assert (held["total"], held["currency"], held["closes_on"]) == ("900.0", "EUR", "2026-07-01")
    desk.database.write("crm.lead", [row.id], probability=100, stage_id=4)
    assert only(desk.mapped("leads", row))["won"] is True
    desk.database.write("crm.lead", [row.id], probability=0, active=False)
    assert only(desk.mapped("leads", row))["won"] is False


def test_before_won_status_the_probability_tells(desk: Desk) -> None:
    old = Desk(17)
    try:
        row = old.database.create("crm.lead", name="Roof", probability=100)
        assert "won_status" not in row.values
        assert only(old.mapped("leads", row))["won"] is True
        old.database.write("crm.lead", [row.id], probability=0, active=False)
        assert only(old.mapped("leads", row))["won"] is False
    finally:
        old.close()


def test_a_meeting_names_who_comes(desk: Desk) -> None:
    ada = desk.database.create("res.partner", name="Ada", email="ada@example.com")
    row = desk.database.create(
        "calendar.event",
        name="Tea",
        start="2026-05-04 08:00:00",
        stop="2026-05-04 09:30:00",
        location="Leeds",
        videocall_location="https://meet.example.com/1",
        partner_ids=[(6, 0, [ada.id])],
    )
    desk.database.write("calendar.attendee", [1], state="tentative")
    held = only(desk.mapped("events", row))
    assert (held["kind"], held["key"], held["activity"]) == (Kind.ACTIVITY, f"odoo:event:{row.id}", "meeting")
    assert (held["at"], held["ends_at"]) == ("2026-05-04T08:00:00Z", "2026-05-04T09:30:00Z")
    assert (held["location"], held["url"], held["all_day"]) == ("Leeds", "https://meet.example.com/1", False)
    organizer, attendee = held["participants"]
    assert (organizer["role"], organizer["name"]) == ("organizer", "Mitchell Admin")
    assert (attendee["email"], attendee["answer"], attendee["ids"]) == (
        "ada@example.com",
        "tentative",
        [f"odoo:partner:{ada.id}"],
    )


def test_a_meeting_out_of_outlook_keeps_its_key_unless_it_repeats(desk: Desk) -> None:
    times = {"start": "2026-05-04 08:00:00", "stop": "2026-05-04 09:00:00", "ms_universal_event_id": "uid-1"}
    once = desk.database.create("calendar.event", name="Tea", **times)
    weekly = desk.database.create("calendar.event", name="Tea", recurrency=True, **times)
    assert only(desk.mapped("events", once))["key"] == "ical:uid-1"
    assert only(desk.mapped("events", weekly))["key"] == f"odoo:event:{weekly.id}"


def test_whole_days_are_dates_and_end_with_the_last(desk: Desk) -> None:
    row = desk.database.create(
        "calendar.event",
        name="Fair",
        allday=True,
        start="2026-05-04 08:00:00",
        stop="2026-05-05 18:00:00",
        start_date="2026-05-04",
        stop_date="2026-05-05",
    )
    held = only(desk.mapped("events", row))
    assert (held["at"], held["ends_at"], held["all_day"]) == ("2026-05-04T00:00:00Z", "2026-05-06T00:00:00Z", True)
    assert days(held) == (date(2026, 5, 4), date(2026, 5, 5))
