"""A stand-in that begins with a past: customers, orders and refunds at the times that were told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from connectors.core.protocols import Runtime
from connectors.woocommerce.connector import VENDOR, WooCommerceConfig
from connectors.woocommerce.sandbox import serve
from mapping.contract import Slice
from tests.connectors.rig import Tokens, stream_of


def test_a_stand_in_begins_with_the_customers_orders_and_refunds_it_is_told() -> None:
    at = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
    customers = [{"email": "ada@plum.example", "at": at, "first_name": "Ada"}]
    orders = [
        {
            "at": at,
            "customer": "ada@plum.example",
            "status": "completed",
            "line_items": [{"name": "Chair", "total": "90.00"}],
            "refunds": [(at + timedelta(days=2), "40.00", "scratched")],
        }
    ]
    with serve(currency="GBP", now=lambda: at + timedelta(days=9), customers=customers, orders=orders) as server:
        connector = VENDOR.build(WooCommerceConfig.model_validate(server.settings), Runtime(), Tokens())
        (order,) = [one for page in stream_of(connector, "orders").read(Slice(), None) for one in page.records]
        (customer,) = [one for page in stream_of(connector, "customers").read(Slice(), None) for one in page.records]
    body = order.body
    assert (body["currency"], body["total"], body["date_paid_gmt"]) == ("GBP", "90.00", "2026-11-02T09:30:00")
    assert [(one["at"], one["amount"]) for one in body["_refunds"]] == [("2026-11-04T09:30:00Z", "40.00")]
    assert (str(body["customer_id"]), customer.body["email"]) == (customer.remote_id, "ada@plum.example")
