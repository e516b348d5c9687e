"""The store's calls: only those with our own header are believed, and they lead to the record."""

from __future__ import annotations

import json
from typing import Any

import pytest

from connectors.bigcommerce.hooks import StoreHooks
from mapping.contract import RemoteId, Slice
from mapping.errors import AuthError, ContractError
from tests.connectors.bigcommerce.mall import SECRET, Mall
from tests.connectors.rig import stream_of

HOOKS = StoreHooks("abc123", "X-Concord-Key", SECRET)


def call(**more: Any) -> bytes:
    """A call about an order."""
    told = {"scope": "store/order/created", "producer": "stores/abc123", "data": {"type": "order", "id": 7}}
    return json.dumps({**told, **more}).encode()


@pytest.mark.parametrize("headers", [{}, {"X-Concord-Key": ""}, {"X-Concord-Key": "é"}, {"X-Other": SECRET}])
def test_a_call_without_our_secret_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(AuthError):
        HOOKS.verify(headers, call())
    with pytest.raises(AuthError):
        StoreHooks("abc123", "X-Concord-Key", "").verify({"X-Concord-Key": ""}, call())


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", call(data=[]), call(data={}), call(producer="stores/x")])
def test_a_body_that_the_store_does_not_send_is_no_call(body: bytes) -> None:
    with pytest.raises(ContractError):
        HOOKS.targets(body)


def test_a_call_about_something_else_names_nothing() -> None:
    assert HOOKS.targets(call(scope="store/product/updated", data={"type": "product", "id": 7})) == []


def test_what_happened_to_an_address_or_by_a_message_leads_to_whom_it_belongs() -> None:
    address = {"type": "customer", "id": 60, "address": {"customer_id": 32}}
    assert HOOKS.targets(call(scope="store/customer/address/created", data=address)) == [
        ("customers", Slice(), [RemoteId("32")])
    ]


@pytest.mark.parametrize("stream", ["orders", "customers"])
def test_a_call_leads_to_the_record_as_a_reading_gives_it(mall: Mall, stream: str) -> None:
    number = mall.buy() if stream == "orders" else mall.store.customer("ada@example.com")
    connector = mall.connector(webhook_secret=SECRET)
    assert connector.hooks
    made = mall.store.calls[-1]
    connector.hooks.verify({name.lower(): value for name, value in made.headers.items()}, made.body)
    assert connector.hooks.targets(made.body) == [(stream, Slice(), [RemoteId(str(number))])]
    get = stream_of(connector, stream).get
    assert get
    assert [one.body for one in get(Slice(), [RemoteId(str(number))])] == [mall.read(stream).records[0].body]


def test_without_a_secret_no_call_can_be_believed(mall: Mall) -> None:
    assert mall.connector().hooks is None
    assert SECRET not in repr(HOOKS)
