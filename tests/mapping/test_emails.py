"""Email addresses: one form for every spelling, and what an address alone tells."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapping.normalize import domain, email, email_key, placeholder_email, role_mailbox


@pytest.mark.parametrize(
    "text",
    ["", "   ", "jane", "jane@", "@example.com", "jane@example", "a@b@example.com", "jane@exa mple.com", "jane@-x-.com",
     "jane..doe@example.com", "jane@example.com, joe@example.com", "x" * 65 + "@example.com", "<>", "mailto:",
     "a@b..com", "jane@" + "a" * 300 + ".com", "@" * 1000, "<" * 5000 + "@"],
)  # fmt: skip
def test_what_is_no_address_gives_none(text: str) -> None:
    assert email(text) is None


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        (" Jane.Doe@Example.COM ", "jane.doe@example.com"),
        ("mailto:jane@example.com?subject=Hi", "jane@example.com"),
        ("MAILTO:jane%2Btag@example.com", "jane+tag@example.com"),
        ("Jane Doe <jane@example.com>", "jane@example.com"),
        ("<jane@example.com>", "jane@example.com"),
        ("jane@example.com;", "jane@example.com"),
        ("'jane@example.com'", "jane@example.com"),
        ("jane@bücher.example", "jane@xn--bcher-kva.example"),
        ("jane@xn--bcher-kva.example", "jane@xn--bcher-kva.example"),
        ("JÜRGEN@example.com", "jürgen@example.com"),
        ("ju\u0308rgen@example.com", "jürgen@example.com"),
        ("o'brien+news@mail.example.co.uk", "o'brien+news@mail.example.co.uk"),
    ],
)
def test_spellings_of_one_address_share_one_form(text: str, canonical: str) -> None:
    assert email(text) == canonical


@given(st.text(max_size=60) | st.emails() | st.from_regex(r"[\w.+<>: -]{0,20}@[\w.-]{0,20}", fullmatch=True))
def test_the_canonical_form_is_its_own_canonical_form(text: str) -> None:
    found = email(text)
    if found is not None:
        assert email(found) == found
        assert email_key(email_key(found)) == email_key(found)
        assert domain(found) is not None


def test_mailboxes_are_one_only_where_their_provider_delivers_them_to_one() -> None:
    assert email_key("jane.doe@example.com") != email_key("janedoe@example.com")
    assert email_key("jane+shop@example.com", subaddress=False) != email_key("jane@example.com", subaddress=False)
    assert email_key("+@example.com") == "+@example.com"
    assert email_key("jane+shop@example.com") == email_key("jane@example.com")
    assert email_key("j.a.n.e.doe+x@googlemail.com") == "janedoe@gmail.com"


@pytest.mark.parametrize("text", ["", "jane", "jane doe", "http://", "localhost", "1.2.3.4", "//", "x" * 3000])
def test_what_names_no_host_has_no_domain(text: str) -> None:
    assert domain(text) is None


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("jane@Example.com", "example.com"),
        ("https://www.Example.com/path?q=1#x", "example.com"),
        ("http://user:pw@example.com:8080/", "example.com"),
        ("www.example.co.uk", "example.co.uk"),
        ("bücher.example", "xn--bcher-kva.example"),
    ],
)
def test_a_domain_is_found_in_addresses_of_both_kinds(text: str, host: str) -> None:
    assert domain(text) == host


def test_a_persons_mailbox_is_no_role() -> None:
    for address in ("jane@example.com", "infante@example.com", "salesman.joe@example.com", "testa@example.com"):
        assert not role_mailbox(address)


def test_mailboxes_of_functions_are_told_from_those_of_people() -> None:
    for local in ("info", "sales", "no-reply", "no_reply+123", "do-not-reply", "customer.service", "noreply-eu"):
        assert role_mailbox(f"{local}@example.com")


@pytest.mark.parametrize(
    "local",
    ["buero", "sekretariat", "rechnungen", "praxis", "empfang", "accueil", "comptabilité", "commandes",
     "administracion", "amministrazione", "ordini", "boekhouding", "biuro",
     "księgowość", "faktura", "kundeservice", "financeiro"],
)  # fmt: skip
def test_functions_have_their_names_in_many_languages(local: str) -> None:
    assert role_mailbox(f"{local}@example.com")


def test_real_addresses_are_no_placeholders() -> None:
    for address in ("jane@example.com", "test@acme.com", "nomaila@example.com", "a@acme.com", "noam@none.org"):
        assert not placeholder_email(address)


def test_addresses_typed_to_get_past_a_form_are_known() -> None:
    for address in ("noemail@acme.com", "no-email@gmail.com", "none@none.com", "test@test.com", "x@x.com"):
        assert placeholder_email(address)
