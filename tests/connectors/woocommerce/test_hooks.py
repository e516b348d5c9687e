"""The shop's calls: only signed ones are believed, and they lead to the record."""

from __future__ import annotations

import pytest

from connectors.woocommerce.hooks import ShopHooks
from connectors.woocommerce.sandbox import HOOK_SECRET
from mapping.contract import RemoteId, Slice
from mapping.errors import AuthError, ContractError
from tests.connectors.rig import stream_of
from tests.connectors.woocommerce.market import Market

HOOKS = ShopHooks(HOOK_SECRET)
TOPICS = ("order.created", "order.updated", "order.deleted", "customer.created", "customer.deleted")


def hooked(market: Market) -> None:
    """A shop that calls about everything."""
    for topic in TOPICS:
        market.shop.webhook(topic, "https://hub.example/hooks/shop", HOOK_SECRET)


def test_a_call_with_a_bad_signature_or_none_is_refused(market: Market) -> None:
    hooked(market)
    market.buy()
    call = market.shop.deliveries[-1]
    right = call.headers["X-WC-Webhook-Signature"]
    for headers in ({}, {"X-WC-Webhook-Signature": "é"}, {"X-WC-Webhook-Signature": right.swapcase()}):
        with pytest.raises(AuthError):
            HOOKS.verify(headers, call.body)
    with pytest.raises(AuthError):
        HOOKS.verify(call.headers, call.body + b" ")
    with pytest.raises(AuthError):
        ShopHooks("").verify(call.headers, call.body)
    with pytest.raises(AuthError):
        HOOKS.verify({}, b"webhook_id=1&x=1")


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{"])
def test_a_body_that_no_shop_sends_is_no_call(body: bytes) -> None:
    with pytest.raises(ContractError):
        HOOKS.targets(body)


def test_the_ping_of_a_new_webhook_passes_and_names_nothing(market: Market) -> None:
    hooked(market)
    assert len(market.shop.deliveries) == len(TOPICS)
    for ping in market.shop.deliveries:
        HOOKS.verify(ping.headers, ping.body)
        assert HOOKS.targets(ping.body) == []


def test_a_call_about_something_else_names_nothing() -> None:
    assert HOOKS.targets(b'{"id":7,"sku":"R-1","price":"9.00"}') == []
    assert HOOKS.targets(b'{"action":"woocommerce_add_to_cart","arg":"x"}') == []


@pytest.mark.parametrize("stream", ["orders", "customers"])
def test_a_call_leads_to_the_record_as_a_reading_gives_it(market: Market, stream: str) -> None:
    hooked(market)
    number = market.buy() if stream == "orders" else market.shop.customer("ada@example.com")
    connector = market.connector(webhook_secret=HOOK_SECRET)
    assert connector.hooks
    call = market.shop.deliveries[-1]
    connector.hooks.verify({name.lower(): value for name, value in call.headers.items()}, call.body)
    assert connector.hooks.targets(call.body) == [(stream, Slice(), [RemoteId(str(number))])]
    get = stream_of(connector, stream).get
    assert get
    assert [one.body for one in get(Slice(), [RemoteId(str(number))])] == [market.read(stream).records[0].body]


def test_of_what_was_deleted_only_a_number_is_known(market: Market) -> None:
    hooked(market)
    order = market.buy()
    market.shop.delete(order)
    named = [RemoteId(str(order))]
    call = market.shop.deliveries[-1]
    HOOKS.verify(call.headers, call.body)
    assert HOOKS.targets(call.body) == [("orders", Slice(), named), ("customers", Slice(), named)]


def test_without_a_secret_no_call_can_be_believed(market: Market) -> None:
    assert market.connector().hooks is None
    assert HOOK_SECRET not in repr(HOOKS)
