"""An answer of another shape than the contract's is told by its places, never by its values."""

from __future__ import annotations

import httpx
import pytest
from pydantic import BaseModel

from connectors.core.http import Http
from connectors.core.protocols import Runtime
from mapping.errors import ContractError, UnknownOutcomeError


class Person(BaseModel):
    id: str
    age: int


def http(body: object) -> Http:
    """A client of a vendor that always answers so."""
    answer = httpx.MockTransport(lambda request: httpx.Response(200, json=body))
    return Http(Runtime(transport=answer), "https://vendor.example")


def test_an_answer_of_the_shape_is_given_and_what_is_not_relied_on_is_let_be() -> None:
    assert http({"id": "1", "age": 7, "more": True}).shaped(Person, "GET", "/me") == Person(id="1", age=7)


@pytest.mark.parametrize("body", [{"id": "1", "age": "hidden-value"}, {"age": 7}, ["hidden-value"], "hidden-value"])
def test_an_answer_of_another_shape_breaks_the_contract_and_quotes_nothing(body: object) -> None:
    with pytest.raises(ContractError, match="another shape") as wrong:
        http(body).shaped(Person, "GET", "/me")
    assert "hidden-value" not in str(wrong.value)


def test_the_place_of_what_is_wrong_is_named() -> None:
    with pytest.raises(ContractError, match="age: int_parsing"):
        http({"id": "1", "age": "old"}).shaped(Person, "GET", "/me")


def test_an_unreadable_answer_to_a_write_leaves_its_outcome_open() -> None:
    with pytest.raises(UnknownOutcomeError):
        http({}).shaped(Person, "POST", "/people", json={"id": "1"})
    with pytest.raises(ContractError):
        http({}).shaped(Person, "POST", "/search", json={"id": "1"}, repeatable=True)
