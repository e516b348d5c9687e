"""People belong to organizations by what is the organization's alone."""

from __future__ import annotations

from typing import Any

from mapping.employment import Employer, Employers

ACME = ("c_acme", {"name": "Acme Ltd.", "domain": "acme.example.com", "email": "info@acme-mail.com"})
BOLT = ("c_bolt", {"name": "Bolt", "legal_name": "Bolt GmbH", "website": "https://www.bolt.de/start"})


def _employer(values: dict[str, Any], *organizations: tuple[str, dict[str, Any]]) -> Employer | None:
    return Employers.of(organizations or (ACME, BOLT)).employer(values)


def test_a_work_email_tells_by_its_domain() -> None:
    assert _employer({"email": "Ann@mail.bolt.de"}) == ("c_bolt", "email at mail.bolt.de")
    assert _employer({"email": "ann@acme-mail.com"}) == ("c_acme", "email at acme-mail.com")


def test_a_free_mailbox_tells_nothing_even_where_a_company_has_one() -> None:
    shop = ("c_shop", {"name": "Corner Shop", "email": "cornershop@gmail.com", "domain": "gmail.com"})
    assert _employer({"email": "ann@gmail.com"}, shop) is None


def test_a_company_is_known_by_its_name_without_its_legal_form() -> None:
    assert _employer({"company": "ACME Limited"}) == ("c_acme", "company ACME Limited")
    assert _employer({"company": "Bolt"}) == ("c_bolt", "company Bolt")
    assert _employer({"company": "Nut & Co"}) is None


def test_the_primary_email_comes_before_the_company_and_that_before_other_emails() -> None:
    both = {"email": "ann@bolt.de", "company": "Acme Ltd"}
    assert _employer(both) == ("c_bolt", "email at bolt.de")
    former = {"email": "ann@gmail.com", "emails": ["ann@bolt.de"], "company": "Acme"}
    assert _employer(former) == ("c_acme", "company Acme")
    assert _employer({"email": "ann@gmail.com", "emails": ["ann@bolt.de"]}) == ("c_bolt", "email at bolt.de")


def test_what_two_organizations_claim_links_nobody() -> None:
    twin = ("c_twin", {"name": "Bolt AG", "domain": "bolt.de"})
    assert _employer({"email": "ann@bolt.de", "company": "Bolt"}, BOLT, twin) is None
    assert _employer({"email": "ann@bolt.de"}, BOLT, BOLT) == ("c_bolt", "email at bolt.de")


def test_nothing_said_links_nobody() -> None:
    assert _employer({}) is None
    assert _employer({"email": "", "emails": [], "company": ""}) is None
    assert _employer({"email": "ann@bolt.de"}, ("c_none", {})) is None
