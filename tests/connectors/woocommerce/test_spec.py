"""Requests and answers held to WooCommerce's published reference of its REST API v3: parameters, attributes, types."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from mapping.contract import RemoteId, Slice
from tests.connectors.woocommerce.market import BILLING, Market, line

SHARED = Path(os.environ.get("CONCORD_SHARED") or Path(__file__).resolve().parents[3] / ".." / "shared")
SPECS = SHARED / "specs" / "woocommerce"
OF_WORDPRESS = {"_fields"}  # a parameter of every listing in WordPress's own REST API
TYPES: Mapping[str, tuple[type, ...]] = {
    "integer": (int,),
    "string": (str,),
    "boolean": (bool,),
    "bool": (bool,),
    "array": (list,),
    "object": (dict,),
    "date-time": (str, type(None)),
}

pytestmark = [
    pytest.mark.skipif(not SPECS.is_dir(), reason="the shared folder with WooCommerce's reference is not here"),
    pytest.mark.proof("contract", "WooCommerce's REST API reference (v3)"),
]


@cache
def section(name: str, title: str) -> dict[str, str]:
    """The names and types of the first table under a heading."""
    text = (SPECS / f"_{name}.md").read_text(encoding="utf-8").split(f"# {title} #", 1)[1]
    table = text[text.index("\n|") :].split("\n\n", 1)[0]
    return {found[1]: found[2] for found in re.finditer(r"^\|\s*`(\w+)`\s*\|\s*([\w-]+)\s*\|", table, re.M)}


@cache
def parameters(name: str) -> set[str]:
    """What a listing may be asked for."""
    text = (SPECS / f"_{name}.md").read_text(encoding="utf-8")
    return set(re.findall(r"^\| `(\w+)`", text.split("## List all")[1].split("\n## ")[0], re.M))


def fits(row: Mapping[str, Any], attributes: Mapping[str, str], *, written: set[str]) -> None:
    """Whether a row has every attribute that the reference says is answered, of the type that it says."""
    assert len(attributes) > 2
    for name, kind in attributes.items():
        if name not in written:
            assert isinstance(row[name], TYPES[kind]), (name, kind)


def busy(market: Market) -> int:
    """A shop with everything that is read, and read by every way; the number of an order."""
    ada = market.shop.customer("ada@example.com", billing=BILLING)
    order = market.buy(
        customer_id=ada,
        line_items=[line("9.00", subtotal="10.00")],
        shipping_lines=[{"method_title": "Post", "total": "4.95"}],
        fee_lines=[{"name": "Gift wrap", "total": "1.20"}],
        coupon_lines=[{"code": "spring", "discount": "1.00"}],
    )
    market.shop.refund(order, "1.00", "late")
    for name in ("orders", "customers"):
        stream = market.open(name)
        cursor = market.read(name).cursor
        market.clock.advance(86_400)
        market.read(name, cursor)
        assert stream.get
        assert stream.ids
        assert len(stream.get(Slice(), [RemoteId(str(order)), RemoteId(str(ada))])) == 1
        assert sum(map(len, stream.ids(Slice()))) == 1
        if stream.window:
            list(stream.window(Slice(), market.clock.now(), market.clock.now(), None))
    return order


def test_no_listing_is_asked_for_what_the_reference_does_not_have(market: Market) -> None:
    busy(market)
    assert {"modified_after", "dates_are_gmt"} <= parameters("orders")
    for exchange in market.server.exchanges:
        plain = {name for name in exchange.request.query if not name.startswith("oauth_")}
        name = exchange.template.rsplit("/", 1)[1]
        page = "order-refunds" if name == "refunds" else name
        assert plain <= parameters(page) | OF_WORDPRESS
        assert exchange.reply.status == 200


def test_answers_have_the_attributes_that_the_reference_has(market: Market) -> None:
    order = busy(market)
    whole = {
        exchange.template.rsplit("/", 1)[1]: exchange.reply.body[0]
        for exchange in market.server.exchanges
        if exchange.reply.body and "_fields" not in exchange.request.query
    }
    fits(whole["orders"], section("orders", "Order properties"), written={"set_paid", "payment_method_title"})
    for title, part in (
        ("Order - Billing properties", whole["orders"]["billing"]),
        ("Order - Line items properties", whole["orders"]["line_items"][0]),
        ("Order - Shipping lines properties", whole["orders"]["shipping_lines"][0]),
        ("Order - Fee lines properties", whole["orders"]["fee_lines"][0]),
        ("Order - Coupon lines properties", whole["orders"]["coupon_lines"][0]),
        ("Order - Refunds properties", whole["orders"]["refunds"][0]),
    ):
        # The reference calls the price of one a text; its own examples, and WooCommerce, have a number.
        fits(part, section("orders", title), written={"price"})
    fits(whole["customers"], section("customers", "Customer properties"), written={"password"})
    refund = market.shop.refunds[order]
    fits(
        next(iter(refund.values())),
        section("order-refunds", "Order refund properties"),
        written={"api_refund", "api_restock"},
    )
    assert whole["refunds"]["amount"] == "1.00"


def test_a_webhook_has_the_attributes_that_the_reference_has(market: Market) -> None:
    number = market.shop.webhook("order.updated", "https://hub.example/hook", "s")
    fits(market.shop.webhooks[number], section("webhooks", "Webhook properties"), written={"secret"})
