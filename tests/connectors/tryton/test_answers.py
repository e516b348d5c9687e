"""What Tryton's answers mean: its JSON types, its errors inside status 200, and answers that are none."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
import respx

from connectors.core.protocols import Connector
from connectors.tryton.connector import TrytonConfig, build
from connectors.tryton.refusals import FailedError, UserRefusalError, refusal
from connectors.tryton.wire import decode, encode, record
from mapping.contract import Slice
from mapping.errors import (
    AuthError,
    ConcordError,
    ConflictError,
    ContractError,
    ForbiddenError,
    RateLimitedError,
    TransientError,
)
from mapping.moments import to_utc
from tests.connectors.rig import Clock, Tokens, stream_of

MOMENT = {"year": 2026, "month": 5, "day": 4, "hour": 8, "minute": 1, "second": 2, "microsecond": 3}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"__class__": "datetime", **MOMENT}, "2026-05-04T08:01:02.000003Z"),
        ({"__class__": "date", "year": 2026, "month": 5, "day": 4}, "2026-05-04"),
        ({"__class__": "time", "hour": 8, "minute": 1, "second": 2, "microsecond": 0}, "08:01:02"),
        ({"__class__": "timedelta", "seconds": 90}, 90.0),
        ({"__class__": "Decimal", "decimal": "0.10"}, "0.10"),
        ({"__class__": "Decimal", "decimal": "123456789012345678901.23"}, "123456789012345678901.23"),
        ({"__class__": "bytes", "base64": "aGVsbG8=\n"}, "aGVsbG8="),
        ([{"a": {"__class__": "Decimal", "decimal": "1"}}, None, True, 1.5], [{"a": "1"}, None, True, 1.5]),
    ],
)
def test_a_value_of_trytons_own_types_is_plain_json(value: Any, expected: Any) -> None:
    assert decode(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        {"__class__": "Money", "amount": 1},
        {"__class__": "date", "year": 2026},
        {"__class__": "date", "year": 2026, "month": 13, "day": 1},
        {"__class__": ["date"]},
    ],
)
def test_a_value_of_an_unknown_or_broken_type_is_told(value: Any) -> None:
    with pytest.raises(ContractError, match="cannot be read"):
        decode([value])


def test_an_instant_is_sent_in_the_servers_own_time() -> None:
    assert encode(to_utc(Clock().now()))["hour"] == 8


def test_related_records_stand_in_the_place_of_their_ids() -> None:
    row = {
        "party": 7,
        "party.": {"id": 7, "lang": None, "lang.": None},
        "lines": [1],
        "lines.": [{"id": 1, "active": 1}],
    }
    assert record(row) == {"party": {"id": 7}, "lines": [{"id": 1, "active": True}]}


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (["UserError", ["Ada Castro is wrong", "", None]], UserRefusalError),
        (["UserWarning", ["name", "Ada Castro?", ""]], ContractError),
        (["ConcurrencyException", "Ada Castro"], ConflictError),
        (["LoginException", ["device", "Ada Castro", "char"]], AuthError),
        (["RateLimitException", []], RateLimitedError),
        (["'sale.sale'", ""], ContractError),
        (["database is locked", "Ada Castro"], TransientError),
        (["could not serialize access due to concurrent update\n", ""], TransientError),
        (["Ada Castro is no number", ""], FailedError),
        ([], FailedError),
        ("Ada Castro", FailedError),
        (None, FailedError),
    ],
)
def test_an_error_is_named_by_what_to_do_next_and_quotes_nobody(error: Any, expected: type[ConcordError]) -> None:
    found = refusal(error, "sale.sale")
    assert type(found) is expected
    assert "Ada Castro" not in str(found)


def connector(**config: Any) -> Connector:
    """One whose server is the router."""
    settings = {"url": "https://erp.example.com", "database": "acme", "user": "concord", "password": "pw-1", **config}
    return build(TrytonConfig(**settings), Clock().runtime(), Tokens())


@pytest.fixture
def router() -> respx.MockRouter:
    """A server of 7.0 that lets us in."""
    return respx.MockRouter(base_url="https://erp.example.com", assert_all_called=False)


def answering(answers: dict[str, Any]) -> Any:
    """A server that answers methods by name: with a result, or with an error where it is a tuple."""
    known = {
        "common.server.version": "7.0.59",
        "common.db.list": ["acme"],
        "common.db.login": [1, "session"],
        "model.res.user.get_preferences": {},
        **answers,
    }

    def answer(request: httpx.Request) -> httpx.Response:
        method = httpx.Response(200, content=request.content).json()["method"]
        found = known[method]
        if isinstance(found, httpx.Response):
            return found
        return httpx.Response(200, json={"id": 0, "error" if isinstance(found, tuple) else "result": found})

    return answer


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({"common.db.login": None}, ContractError),
        ({"common.db.login": ("LoginException", ["device", "Code?", "char"])}, AuthError),
        ({"model.res.user.get_preferences": []}, ContractError),
        ({"model.ir.model.list_models": {}}, ContractError),
        ({"model.ir.model.list_models": httpx.Response(200, json=[1])}, ContractError),
        ({"model.ir.model.list_models": httpx.Response(200, text="<html>Log in</html>")}, ContractError),
        ({"model.ir.model.list_models": httpx.Response(403)}, ForbiddenError),
        ({"model.ir.model.list_models": ("database is locked", "")}, TransientError),
        ({"common.server.version": None}, ContractError),
    ],
)
def test_an_answer_that_is_none_is_told(
    router: respx.MockRouter, answers: dict[str, Any], expected: type[ConcordError]
) -> None:
    router.post(url__regex=".*").mock(side_effect=answering(answers))
    with router, pytest.raises(expected) as refused:
        connector().check()
    assert type(refused.value) is expected or isinstance(refused.value, expected)
    assert "pw-1" not in str(refused.value)


def test_a_server_that_does_not_list_its_databases_is_logged_in_to_all_the_same(router: respx.MockRouter) -> None:
    models = ["party.party", "sale.sale", "account.invoice", "account.payment"]
    answers = {"common.db.list": httpx.Response(403), "model.ir.model.list_models": models}
    router.post(url__regex=".*").mock(side_effect=answering(answers))
    with router:
        assert connector().check().id == "erp.example.com/acme"


def test_a_model_at_which_everything_fails_stops_its_stream(router: respx.MockRouter) -> None:
    numbers = iter(range(1, 1000))
    sale = "model.sale.sale"
    answers = {
        f"{sale}.fields_get": {"id": {"type": "integer", "sortable": True}},
        f"{sale}.search_read": ("broken", ""),
    }
    answer = answering(answers)

    def counting(request: httpx.Request) -> httpx.Response:
        return (
            httpx.Response(200, json={"id": 0, "result": next(numbers)})
            if b"search_count" in request.content
            else answer(request)
        )

    router.post(url__regex=".*").mock(side_effect=counting)
    with router, pytest.raises(ContractError, match="50 records one after another"):
        list(stream_of(connector(page_size=1), "sales").read(Slice(), None))


def test_a_listing_that_does_not_move_on_is_stopped(router: respx.MockRouter) -> None:
    sale = "model.sale.sale"
    fields = {"id": {"type": "integer", "sortable": True}}
    answers = {f"{sale}.fields_get": fields, f"{sale}.search_read": [{"id": 1}]}
    router.post(url__regex=".*").mock(side_effect=answering(answers))
    with router, pytest.raises(ContractError, match="does not move past id 1"):
        list(stream_of(connector(page_size=1), "sales").read(Slice(), None))
