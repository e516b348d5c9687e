"""What was typed only to get past a form wins against no real value, and an address of nobody is written nowhere."""

from __future__ import annotations

from tests.sync.hubs import Stage, changes, new_values, person, values

NOBODY, PHONE = "noemail@noemail.com", "+442079460958"


def test_an_address_of_nobody_takes_nobodys_place_and_reaches_no_crm(stage: Stage) -> None:
    forms = stage.connect("forms")
    for name, email, phone in (
        ("Ana Real", "ana@home.example", PHONE),
        ("Ben Hall", "ben@home.example", "020 7946 0111"),
    ):
        stage.shop.put("people", person(name, email=email, phone=phone))
        forms.put("people", person(name, email=NOBODY, phone=phone))
    forms.put("people", person("Cleo Nobody", email=NOBODY, phone="020 7946 0222"))
    stage.sync()
    found = {values(one)["name"]: values(one) for one in stage.customers()}
    assert found["Ana Real"]["email"] == "ana@home.example"
    assert found["Ana Real"]["custom.email_as_given"] == NOBODY, "it is kept as what somebody typed"
    assert all(NOBODY not in one.get("emails", ()) for one in found.values())
    written = {new_values(one)["family_name"]: new_values(one) for one in changes(stage.hub.plan())}
    assert written.keys() == {"Real", "Hall", "Nobody"}
    assert {one.get("email") for one in written.values()} == {"ana@home.example", "ben@home.example", None}
    stage.settle()
    assert stage.hub.plan().empty


def test_a_phone_of_nobody_gives_way_to_a_real_one_however_new_it_is(stage: Stage) -> None:
    stage.shop.put("people", person("Ana Real", email="ana@home.example", phone=PHONE))
    stage.connect("forms").put("people", person("Ana Real", email="ana@home.example", phone="07000000000"))
    stage.sync()
    assert values(stage.customer("ana@home.example"))["phone"] == PHONE
