"""Odoo's refusals: the same exception in both dialects is the same error, and never data."""

from __future__ import annotations

from typing import Any

import pytest

from mapping.errors import (
    AuthError,
    ConcordError,
    ContractError,
    ForbiddenError,
    RateLimitedError,
    TransientError,
)
from tests.connectors.odoo.desk import JSON2, JSONRPC, KEY, Desk

SECRET = "ada@example.com"
CASES = [
    ("odoo.exceptions.AccessDenied", 403, AuthError),
    ("odoo.http.SessionExpiredException", 403, AuthError),
    ("odoo.exceptions.AccessError", 403, ForbiddenError),
    ("odoo.exceptions.MissingError", 404, TransientError),
    ("odoo.exceptions.LockError", 409, TransientError),
    ("psycopg2.errors.SerializationFailure", 500, TransientError),
    ("psycopg2.OperationalError", 500, TransientError),
    ("odoo.exceptions.UserError", 422, ContractError),
    ("odoo.exceptions.ValidationError", 422, ContractError),
    ("builtins.ValueError", 500, ContractError),
    ("<b>x</b>", 500, ContractError),
]


def told(name: str, message: str = f"wrong value {SECRET}") -> dict[str, Any]:
    return {"name": name, "message": message, "arguments": [message], "context": {}, "debug": f"Traceback {message}"}


def refuse(desk: Desk, name: str, status: int) -> None:
    """Has every search refused."""
    if desk.database.version == JSON2:
        desk.server.faults.fail(status, body=told(name), times=50, path="search_read")
        return
    error = {"code": 200, "message": "Odoo Server Error", "data": told(name)}
    # The release, the login and the fields go through.
    desk.server.faults.fail(200, body={"jsonrpc": "2.0", "id": 1, "error": error}, times=50, skip=3)


@pytest.mark.parametrize(("name", "status", "expected"), CASES)
def test_an_exception_is_taken_for_what_it_means(
    desk: Desk, name: str, status: int, expected: type[ConcordError]
) -> None:
    desk.database.create("res.partner", name="Ada", email=SECRET)
    refuse(desk, name, status)
    with pytest.raises(expected) as refused:
        desk.read("partners")
    assert type(refused.value) is expected
    assert SECRET not in str(refused.value)
    assert KEY not in str(refused.value)


def test_a_login_that_is_refused_names_the_database_and_no_secret(desk: Desk) -> None:
    for config in ({"api_key": "wrong-one"}, {"database": "nowhere"}):
        with pytest.raises(AuthError) as refused:
            desk.connector(**config).check()
        assert "wrong-one" not in str(refused.value)
    with pytest.raises(AuthError, match="database"):
        desk.connector(database="nowhere").check()


@pytest.mark.parametrize("version", [JSONRPC, JSON2])
def test_an_app_that_is_not_installed_pauses_its_stream_alone(version: int) -> None:
    desk = Desk(version, modules=("sale", "account", "calendar"))
    try:
        desk.database.create("res.partner", name="Ada")
        with pytest.raises(ForbiddenError, match=r"crm\.lead"):
            desk.read("leads")
        assert len(desk.read("partners").records) == 1
        assert desk.read("orders").records == []
    finally:
        desk.close()


def test_a_model_that_is_closed_to_the_user_pauses_its_stream_alone(desk: Desk) -> None:
    desk.database.forbidden.add("account.move")
    with pytest.raises(ForbiddenError, match="AccessError"):
        desk.read("invoices")
    assert desk.read("partners").records == []


def test_a_login_page_is_no_answer(desk: Desk) -> None:
    desk.server.faults.login_page(times=50)
    with pytest.raises(ContractError):
        desk.connector().check()


def test_a_throttled_server_is_given_the_time_it_asks_for(desk: Desk) -> None:
    desk.server.faults.fail(429, retry_after=100_000)
    with pytest.raises(RateLimitedError) as refused:
        desk.connector().check()
    assert refused.value.retry_after == 100_000


@pytest.mark.parametrize("body", [[1], {"jsonrpc": "2.0", "id": 1}, "text", 7])
def test_what_is_no_json_rpc_is_no_data(body: Any) -> None:
    desk = Desk(JSONRPC)
    try:
        desk.server.faults.fail(200, body=body, skip=2, times=50)
        with pytest.raises(ContractError):
            desk.read("partners")
    finally:
        desk.close()


@pytest.mark.parametrize("result", [None, {}, [1, 2], "text"])
def test_what_is_no_list_of_records_is_no_data(result: Any) -> None:
    desk = Desk(JSON2)
    try:
        desk.server.faults.fail(200, body=b"null" if result is None else result, times=50, path="search_read")
        with pytest.raises((ContractError, TransientError)):
            desk.read("partners")
    finally:
        desk.close()
