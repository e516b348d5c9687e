"""A stand-in that begins with a past: what was told of it is what the connector reads."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.core.protocols import Runtime
from connectors.shopify.connector import VENDOR, ShopifyConfig
from connectors.shopify.sandbox import serve
from mapping.contract import RawRecord, Slice
from tests.connectors.rig import Tokens, stream_of

AT = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
NOW = AT + timedelta(days=20)
PAST = {
    "customers": [{"id": 7001, "at": AT, "first": "Ada", "last": "Castro", "email": "ada@plum.example"}],
    "orders": [
        {
            "id": 9001,
            "at": AT,
            "name": "#1001",
            "customer": 7001,
            "lines": [("Chair", 2, "50.00", "CH-1")],
            "discount": "10.00",
            "tax": "15.62",
            "tax_included": True,
            "sent_at": AT + timedelta(days=1),
            "refunds": [(AT + timedelta(days=3), "40.00", "scratched")],
        },
        {"id": 9002, "at": AT, "paid": False, "cancelled_at": AT + timedelta(hours=2)},
    ],
    "draft_orders": [{"id": 4001, "at": AT, "customer": 7001, "total": "80.00"}],
    "checkouts": [{"id": 3001, "at": AT, "customer": 7001, "total": "60.00"}],
}


@pytest.fixture(scope="module")
def read() -> dict[str, dict[str, RawRecord]]:
    with serve(past=PAST, plan="plus", now=lambda: NOW) as server:
        connector = VENDOR.build(ShopifyConfig.model_validate(server.settings), Runtime(), Tokens())
        return {
            name: {
                record.remote_id: record
                for page in stream_of(connector, name).read(Slice(), None)
                for record in page.records
            }
            for name in ("customers", "orders", "draft_orders", "abandoned_checkouts")
        }


def test_everything_has_the_number_and_the_time_that_were_told(read: Any) -> None:
    assert {name: [*records] for name, records in read.items()} == {
        "customers": ["7001"],
        "orders": ["9001", "9002"],
        "draft_orders": ["4001"],
        "abandoned_checkouts": ["3001"],
    }
    assert read["customers"]["7001"].changed_at == AT
    assert read["orders"]["9001"].changed_at == AT + timedelta(days=3)


def test_what_a_buyer_owed_has_the_tax_in_it_and_the_discount_off_it(read: Any) -> None:
    order = read["orders"]["9001"].body
    assert order["totalPriceSet"]["shopMoney"]["amount"] == "90.00"
    assert order["totalTaxSet"]["shopMoney"]["amount"] == "15.62"
    assert order["lineItems"][0]["sku"] == "CH-1"


def test_a_shipment_a_refund_and_a_cancellation_come_when_they_were(read: Any) -> None:
    sent, cancelled = read["orders"]["9001"].body, read["orders"]["9002"].body
    assert sent["_fulfilled_at"] == "2026-11-03T09:30:00Z"
    assert [(one["at"], one["amount"], one["reason"]) for one in sent["_refunds"]] == [
        ("2026-11-05T09:30:00Z", "40.00", "scratched")
    ]
    assert (cancelled["cancelledAt"], cancelled["displayFinancialStatus"]) == ("2026-11-02T11:30:00Z", "VOIDED")


def test_a_rate_can_be_given_in_place_of_a_plan() -> None:
    with serve(rate=10_000.0) as server:
        assert (server.points.rate, server.points.most) == (10_000.0, 200_000.0)
