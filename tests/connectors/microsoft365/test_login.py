"""Both ways into Microsoft 365, and what refusals tell."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from connectors.microsoft365.connector import Microsoft365Config
from mapping.errors import AuthError, ForbiddenError
from tests.connectors.microsoft365.company import BAS, ILSE, WRONG, Company, mail


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ({}, "client_id"),
        ({"client_id": "a", "users": [ILSE]}, "client_secret"),
        ({"client_id": "a", "client_secret": "s", "users": [ILSE]}, "tenant"),
        (
            {"client_id": "a", "client_secret": "s", "tenant": "t", "users": [ILSE], "refresh_token": "r"},
            "refresh_token",
        ),
        ({"client_id": "a", "calendars": []}, "calendars"),
        ({"client_id": "a", "page_size": 1001}, "page_size"),
        ({"client_id": "a", "mailboxes": [ILSE]}, "mailboxes"),
    ],
)
def test_a_configuration_that_cannot_work_says_what_is_wrong(config: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        Microsoft365Config.model_validate(config)


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ({"client_secret": WRONG}, "AADSTS7000215: the client secret is wrong"),
        ({"client_id": "0000"}, "AADSTS700016: the tenant has no such application"),
        ({"tenant": "nobody.example"}, "AADSTS90002: there is no such tenant"),
        ({"refresh_token": "old"}, "AADSTS70000"),
    ],
)
@pytest.mark.parametrize("users", [[], [ILSE]])
def test_a_refused_login_says_why(home: Company, config: dict[str, Any], told: str, users: list[str]) -> None:
    if users and "refresh_token" in config:
        return
    with pytest.raises(AuthError, match=told) as refused:
        home.connector(**({"users": users} if users else {}), **config).check()
    assert WRONG not in str(refused.value)


def test_nobody_has_logged_in_yet(home: Company) -> None:
    with pytest.raises(AuthError, match="log in"):
        home.connector(refresh_token=None).check()


def test_a_token_that_has_expired_is_renewed(home: Company) -> None:
    ids = [home.box.deliver(mail(number)) for number in range(4)]
    pages = home.open(page_size=1).read(home.open().slices()[0], None)
    found = [record.remote_id for _, page in zip(range(2), pages, strict=False) for record in page.records]
    home.server.grants.revoke()
    assert [*found, *(record.remote_id for page in pages for record in page.records)] == ids


def test_a_login_that_is_refused_in_the_middle_of_a_batch_is_renewed_once(home: Company) -> None:
    refused = {"error": {"code": "InvalidAuthenticationToken", "message": ""}}
    home.server.faults.fail(401, body=refused, path=r"/mailFolders/archive$")
    kept = home.box.deliver(mail(1))
    assert home.read().ids == [kept]
    home.server.faults.fail(401, body=refused, times=9, path=r"/mailFolders/archive$")
    with pytest.raises(AuthError):
        home.read()


def test_the_account_of_a_person_is_theirs_and_of_a_company_the_application(firm: Company) -> None:
    person, company = firm.connector().check(), firm.connector(users=[ILSE, BAS]).check()
    assert (person.id, person.name) == ("8f3c-0000", ILSE)
    application = firm.server.grants.application
    assert (company.id, company.name) == (f"acme.example/{application.client_id}", "2 people of acme.example")


def test_one_who_left_does_not_keep_the_company_from_being_seen(firm: Company) -> None:
    assert firm.connector(users=["gone@acme.example", BAS]).check()
    with pytest.raises(ForbiddenError, match="no mailbox"):
        firm.connector(users=["gone@acme.example"]).check()


def test_a_company_that_lets_calendars_be_read_only_can_be_seen() -> None:
    company = Company((ILSE, BAS), permissions=frozenset({"Calendars.Read"}))
    try:
        assert company.connector(users=[ILSE]).check()
        company.server.permissions = frozenset()
        with pytest.raises(ForbiddenError, match="permission"):
            company.connector(users=[ILSE]).check()
    finally:
        company.close()
