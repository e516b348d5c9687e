"""Company names without their legal form, and whose a domain is."""

from __future__ import annotations

import pytest

from mapping.companies import company, disposable, free_provider, own_domain, registrable


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Smith & Sons Ltd.", "SMITH AND SONS LIMITED"),
        ("Müller GmbH", "Muller G.m.b.H."),
        ("Acme, Inc.", "Acme Incorporated"),
        ("The Acme Group", "ACME"),
        ("Dupont S.A.", "Dupont"),
    ],
)
def test_legal_forms_make_no_difference(one: str, other: str) -> None:
    assert company(one) == company(other)


@pytest.mark.parametrize("name", ["Group", "Ltd", "The Holding"])
def test_a_name_of_nothing_else_stays(name: str) -> None:
    assert company(name)


def test_two_companies_stay_two() -> None:
    assert company("Acme Foods Ltd") != company("Acme Tools Ltd")


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("mail.acme.co.uk", "acme.co.uk"),
        ("acme.com", "acme.com"),
        ("acme.myshopify.com", "acme.myshopify.com"),
        ("co.uk", ""),
        ("", ""),
    ],
)
def test_what_was_registered_is_found_by_the_public_suffix_list(host: str, domain: str) -> None:
    assert registrable(host) == domain


def test_a_free_mailbox_tells_no_company() -> None:
    assert free_provider("gmail.com")
    assert own_domain("gmail.com") == ""
    assert own_domain("mail.acme.co.uk") == "acme.co.uk"


def test_a_mailbox_that_is_thrown_away_tells_nothing() -> None:
    assert disposable("mailinator.com")
    assert not disposable("acme.com")
