"""Tryton's records in canonical words, as either release gives them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.tryton.connector import TrytonConfig
from connectors.tryton.parties import Telling, employer, sort
from mapping.contract import RemoteId, Slice
from mapping.mapper import Entity, Mapper
from mapping.model import Kind
from tests.connectors.rig import stream_of
from tests.connectors.tryton.backdoor import day, decimal
from tests.connectors.tryton.works import Works


def mapped(works: Works, stream_name: str, number: int, **config: Any) -> list[Entity]:
    """What one record says."""
    stream = stream_of(works.connector(**config), stream_name)
    assert stream.get is not None
    (record,) = stream.get(Slice(), [RemoteId(str(number))])
    return list(Mapper(stream.rules, default_country="GB").map(record.body))


def party(works: Works, name: str, **values: Any) -> int:
    """A new party; its id."""
    return works.backdoor.make("party.party", {"name": name, **values})


def reached(*ways: tuple[str, str]) -> list[Any]:
    """Contact mechanisms to create with a party."""
    return [["create", [{"type": kind, "value": value} for kind, value in ways]]]


def test_a_party_is_a_person_with_all_ways_to_reach_her(works: Works) -> None:
    (country,) = works.backdoor.call("country.country", "search", [["code", "=", "GB"]])
    (english,) = works.backdoor.call("ir.lang", "search", [["code", "=", "en"]])
    address = {"street": "3 High Street\nFlat 2", "city": "Leeds", "postal_code": "LS1 1AA", "country": country}
    ways = reached(("phone", "+442079460001"), ("email", "Ada@Example.com"), ("email", "ada2@example.com"))
    number = party(
        works,
        "Ada Castro",
        lang=english,
        addresses=[["create", [address]]],
        contact_mechanisms=[*ways, *reached(("mobile", "+447700900123"), ("fax", "+442079460002"))],
        categories=[["create", [{"name": "Regulars"}]]],
    )
    (entity,) = mapped(works, "parties", number)
    held = entity.values
    assert (entity.kind, list(held["ids"])) == (Kind.PERSON, [f"tryton:party:{number}"])
    assert (held["name"], held["given_name"], held["family_name"]) == ("Ada Castro", "Ada", "Castro")
    assert (held["email"], list(held["emails"])) == ("ada@example.com", ["ada2@example.com"])
    assert (held["phone"], list(held["phones"])) == ("+442079460001", ["+447700900123"])
    assert held["address"]["street"].replace("\n", ", ") == "3 High Street, Flat 2"
    assert (held["address"]["locality"], held["address"]["country"]) == ("Leeds", "GB")
    assert (held["language"], list(held["tags"])) == ("en", ["Regulars"])


def test_what_is_inactive_of_a_party_is_no_way_to_reach_her(works: Works) -> None:
    ways = reached(("email", "old@example.com"), ("email", "new@example.com"))
    number = party(works, "Ada Castro", contact_mechanisms=ways, addresses=[["create", [{"city": "Hull"}]]])
    (held,) = works.backdoor.call("party.party", "read", [number], ["contact_mechanisms", "addresses"])
    works.backdoor.call("party.contact_mechanism", "write", held["contact_mechanisms"][:1], {"active": False})
    works.backdoor.call("party.address", "write", held["addresses"], {"active": False})
    works.backdoor.make("party.address", {"party": number, "city": "Leeds"})
    (entity,) = mapped(works, "parties", number)
    assert (entity.values["email"], entity.values.get("emails")) == ("new@example.com", None)
    assert entity.values["address"]["locality"] == "Leeds"


def test_a_company_has_its_tax_number(works: Works) -> None:
    numbers = [["create", [{"type": "eu_vat", "code": "BE0897290877"}]]]
    (entity,) = mapped(works, "parties", party(works, "Michel Blum", identifiers=numbers))
    assert entity.kind is Kind.ORGANIZATION
    assert (entity.values["name"], entity.values["tax_id"]) == ("Michel Blum", "BE0897290877")


def test_an_employee_of_another_company_is_a_person_who_works_there(works: Works) -> None:
    employee_of = works.backdoor.make("party.relation.type", {"name": "Employee of"})
    firm = party(works, "Firm GmbH")
    ada = party(works, "A. C. Holding")
    relations = [["create", [{"to": firm, "type": employee_of}]]]
    works.backdoor.call("party.party", "write", [ada], {"relations": relations})
    (entity,) = mapped(works, "parties", ada)
    assert (entity.kind, entity.values["company"]) == (Kind.PERSON, "Firm GmbH")
    assert mapped(works, "parties", firm)[0].kind is Kind.ORGANIZATION


def test_our_own_company_becomes_nobody(works: Works) -> None:
    (own,) = works.backdoor.call("company.company", "read", [works.backdoor.company], ["party"])
    assert mapped(works, "parties", own["party"]) == []


TELLING = Telling(frozenset({"works for"}), frozenset({"private"}), frozenset({"firms"}), "person")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"name": "Ada Castro"}, "person"),
        ({"name": "Castro Ltd."}, "organization"),
        ({"name": "Castro GmbH & Co. KG"}, "organization"),
        ({"name": "Castro S.A."}, "organization"),
        ({"name": "Limited Editions"}, "person"),
        ({"name": "Co"}, "person"),
        ({}, "person"),
        ({"name": "Castro Ltd", "categories": [{"rec_name": "Customers / Private"}]}, "person"),
        ({"name": "Castro", "categories": [{"rec_name": "Firms"}]}, "organization"),
        ({"name": "Castro", "identifiers": [{"type": "fr_siren"}]}, "organization"),
        ({"name": "Castro", "identifiers": [{"type": "gb_vat"}]}, "organization"),
        ({"name": "Castro", "identifiers": [{"type": "de_idnr"}]}, "person"),
        ({"name": "Castro", "identifiers": [{"code": "1"}]}, "person"),
        ({"name": "X SA", "relations": [{"type": {"name": "Works For"}, "to": {"name": "Firm"}}]}, "person"),
        ({"name": "X SA", "relations": [{"type": {"name": "Neighbour"}}]}, "organization"),
        ({"id": 7, "name": "Castro AG"}, "person"),
    ],
)
def test_a_person_is_told_from_an_organization(body: dict[str, Any], expected: str) -> None:
    assert sort(body, TELLING, employees=[7]) == expected


def test_what_stays_unclear_is_taken_for_what_the_admin_says(works: Works) -> None:
    number = party(works, "Northern Lights")
    assert mapped(works, "parties", number)[0].kind is Kind.PERSON
    assert mapped(works, "parties", number, unclear_parties="organization")[0].kind is Kind.ORGANIZATION
    assert employer({"relations": [{"type": None, "to": None}]}, TELLING) is None
    assert TrytonConfig(url="http://x", database="d", user="u", password="p").unclear_parties == "person"


def customer(works: Works) -> list[dict[str, Any]]:
    """How a fact names the customer."""
    ids = [f"tryton:party:{works.backdoor.customer}"]
    return [{"role": "customer", "name": "Bea Ito", "email": "bea@example.com", "ids": ids}]


def participants(entity: Entity) -> list[dict[str, Any]]:
    """Those of a fact, without what is empty."""
    return [
        {name: list(value) if isinstance(value, tuple) else value for name, value in one.items() if value}
        for one in entity.values["participants"]
    ]


def test_a_quotation_is_a_deal_and_a_confirmed_sale_an_order(works: Works) -> None:
    door = works.backdoor
    (address,) = door.call("party.address", "search", [["party", "=", door.customer]])
    addresses = {"invoice_address": address, "shipment_address": address}
    sale = door.sale(door.customer, reference="PO 7", sale_date=day(2026, 5, 4), **addresses)
    (deal,) = mapped(works, "sales", sale)
    assert (deal.kind, deal.values["key"], deal.values["status"]) == (Kind.DEAL, f"tryton:quotation:{sale}", "draft")
    assert (str(deal.values["total"]), deal.values["currency"]) == ("49.00", "GBP")
    for step in ("quote", "confirm"):
        door.call("sale.sale", step, [sale])
    (order,) = mapped(works, "sales", sale)
    held = order.values
    assert (order.kind, held["key"], held["status"]) == (Kind.ORDER, f"tryton:sale:{sale}", "processing")
    assert (str(held["total"]), str(held["subtotal"]), held["currency"]) == ("49.00", "49.00", "GBP")
    assert held["number"]
    assert (str(held["at"])[:10], held["title"]) == ("2026-05-04", "PO 7")
    (line,) = held["lines"]
    assert (line["title"], line["sku"], str(line["price"])) == ("[KETTLE-1] Kettle", "KETTLE-1", "24.5000")
    assert participants(order) == customer(works)


def test_a_cancelled_sale_says_when(works: Works) -> None:
    door = works.backdoor
    sale = door.sale(door.customer)
    door.call("sale.sale", "cancel", [sale])
    (order,) = mapped(works, "sales", sale)
    assert (order.kind, order.values["status"]) == (Kind.ORDER, "cancelled")
    assert order.values["cancelled_at"]


def test_an_invoice_goes_to_a_customer_and_a_bill_comes_from_a_supplier(works: Works) -> None:
    door = works.backdoor
    number = door.invoice(door.customer, description="Repair of May")
    (invoice,) = mapped(works, "invoices", number)
    held = invoice.values
    assert (invoice.kind, held["key"], held["status"]) == (Kind.INVOICE, f"tryton:invoice:{number}", "draft")
    assert (str(held["total"]), held["currency"], held["title"]) == ("100.00", "GBP", "Repair of May")
    assert participants(invoice) == customer(works)
    (bill,) = mapped(works, "invoices", door.invoice(door.customer, kind="in"))
    assert bill.part.startswith("bill")
    assert [one["role"] for one in participants(bill)] == ["supplier"]


def test_a_posted_invoice_has_its_number_and_the_day_it_is_due(works: Works) -> None:
    door = works.backdoor
    term = door.call("account.invoice.payment_term", "search", [])[0]
    today = datetime.now(UTC)  # of Tryton, which asks a person before it lets an invoice be due in the past
    number = door.invoice(door.customer, payment_term=term, invoice_date=day(today.year, today.month, today.day))
    door.call("account.invoice", "post", [number])
    (invoice,) = mapped(works, "invoices", number)
    held = invoice.values
    assert held["number"]
    assert (held["status"], str(held["due_on"])) == ("posted", today.date().isoformat())


def test_a_payment_received_is_a_payment_and_one_made_is_nothing(works: Works) -> None:
    door = works.backdoor
    number = door.payment(door.customer, amount=decimal("12.50"))
    (payment,) = mapped(works, "payments", number)
    held = payment.values
    assert (payment.kind, held["key"], held["status"]) == (Kind.PAYMENT, f"tryton:payment:{number}", "draft")
    assert (str(held["total"]), held["currency"], held["method"]) == ("12.50", "GBP", "Bank")
    assert [(one["role"], one["email"]) for one in participants(payment)] == [("payer", "bea@example.com")]
    assert mapped(works, "payments", door.payment(door.customer, kind="payable")) == []


def test_an_invoice_names_the_sale_that_it_bills_and_a_payment_the_invoice(works: Works) -> None:
    door = works.backdoor
    (address,) = door.call("party.address", "search", [["party", "=", door.customer]])
    sale = door.sale(door.customer, invoice_address=address, shipment_address=address)
    for step in ("quote", "confirm"):
        door.call("sale.sale", step, [sale])
    ((told,), today) = door.call("sale.sale", "read", [sale], ["invoices"]), datetime.now(UTC)
    (number,) = told["invoices"]
    (invoice,) = mapped(works, "invoices", number)
    assert invoice.values["bills"] == [f"tryton:sale:{sale}"]
    term = door.call("account.invoice.payment_term", "search", [])[0]
    dated = {"payment_term": term, "invoice_date": day(today.year, today.month, today.day)}
    door.call("account.invoice", "write", [number], dated)
    door.call("account.invoice", "post", [number])
    (told,) = door.call("account.invoice", "read", [number], ["lines_to_pay"])
    paid = door.payment(door.customer, line=told["lines_to_pay"][0], amount=decimal("49.00"))
    (payment,) = mapped(works, "payments", paid)
    assert payment.values["pays"] == [f"tryton:invoice:{number}"]
