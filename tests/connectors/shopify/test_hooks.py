"""Shopify's calls: whether they are Shopify's, and which records they speak of."""

from __future__ import annotations

import json
from typing import Any

import pytest

from connectors.core.signatures import is_signed_base64
from connectors.shopify.hooks import ShopifyHooks
from connectors.shopify.sandbox import SECRET
from mapping.errors import AuthError, ContractError
from tests.connectors.shopify.market import WHOLE, Market

HOOKS = ShopifyHooks(SECRET)


def gid(type_: str) -> dict[str, Any]:
    return {"id": 17, "admin_graphql_api_id": f"gid://shopify/{type_}/17"}


def test_a_call_of_shopify_s_own_is_taken_whatever_the_case_of_its_headers(market: Market) -> None:
    headers, body = market.server.delivery(gid("Order"), "orders/updated")
    hooks = market.connector(client_secret=SECRET).hooks
    assert hooks
    hooks.verify({name.lower(): value for name, value in headers.items()}, body)
    assert hooks.targets(body) == [("orders", WHOLE, ["17"])]


@pytest.mark.parametrize("header", ["", "AAAA", "not base64 at all", "ünsafe"])
def test_a_wrong_signature_is_refused(market: Market, header: str) -> None:
    _, body = market.server.delivery(gid("Order"), "orders/updated")
    with pytest.raises(AuthError):
        HOOKS.verify({"X-Shopify-Hmac-Sha256": header}, body)


def test_a_call_that_was_changed_or_signed_by_another_app_is_refused(market: Market) -> None:
    headers, body = market.server.delivery(gid("Order"), "orders/updated")
    for wrong_headers, wrong_body in [(headers, body + b" "), ({}, body)]:
        with pytest.raises(AuthError):
            HOOKS.verify(wrong_headers, wrong_body)
    strange, body = market.server.delivery(gid("Order"), "orders/updated", secret="other")
    with pytest.raises(AuthError):
        HOOKS.verify(strange, body)


def test_without_a_secret_nothing_is_signed(market: Market) -> None:
    headers, body = market.server.delivery(gid("Order"), "orders/updated", secret="")
    assert not is_signed_base64(headers, "X-Shopify-Hmac-Sha256", "", body)
    assert market.connector().hooks is None


@pytest.mark.parametrize(
    ("body", "targets"),
    [
        (gid("Customer"), [("customers", WHOLE, ["17"])]),
        (gid("DraftOrder"), [("draft_orders", WHOLE, ["17"])]),
        ({**gid("Refund"), "order_id": 5001}, [("orders", WHOLE, ["5001"])]),
        ({**gid("OrderTransaction"), "order_id": 5001}, [("orders", WHOLE, ["5001"])]),
        ({"id": 9, "order_id": 5001}, [("orders", WHOLE, ["5001"])]),
        ({"id": 9, "abandoned_checkout_url": "https://acme.example/9"}, [("abandoned_checkouts", WHOLE, ["9"])]),
        ({"id": 9}, [("orders", WHOLE, ["9"]), ("draft_orders", WHOLE, ["9"])]),
        (gid("Product"), []),
        ({**gid("Product"), "order_id": 5001}, []),
        ({"shop_id": 4001, "customer": {"id": 9}}, []),
        ({"id": 9, "title": "A theme"}, []),
    ],
)
def test_a_call_names_its_record_by_what_stands_in_it(body: dict[str, Any], targets: list[Any]) -> None:
    assert HOOKS.targets(json.dumps(body).encode()) == targets


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"id": "x y"}', b'{"order_id": "x", "id": 1}'])
def test_what_is_no_call_of_shopify_s_is_not_guessed_at(body: bytes) -> None:
    with pytest.raises(ContractError):
        HOOKS.targets(body)


def test_what_a_call_names_can_be_read(market: Market) -> None:
    order = market.shop.order()
    _, body = market.server.delivery({"id": order.number, "admin_graphql_api_id": order.values["id"]}, "orders/create")
    ((name, slice_, ids),) = HOOKS.targets(body)
    get = market.open(name).get
    assert get
    assert [record.remote_id for record in get(slice_, ids)] == [str(order.number)]
    market.shop.delete("Order", order.number)
    _, body = market.server.delivery({"id": order.number}, "orders/delete")
    for name, slice_, ids in HOOKS.targets(body):
        get = market.open(name).get
        assert get
        assert get(slice_, ids) == []
