"""A stand-in that begins with a past: charges and refunds at the times that were told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from connectors.core.protocols import Runtime
from connectors.stripe.connector import VENDOR, StripeConfig
from connectors.stripe.sandbox import serve
from mapping.contract import Slice
from tests.connectors.rig import Tokens, stream_of


def test_a_stand_in_begins_with_the_charges_and_refunds_it_is_told() -> None:
    at = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
    told = [
        {"id": "ch_later", "at": at + timedelta(days=1), "amount": 500},
        {"id": "ch_first", "at": at, "amount": 900, "refunds": [(at + timedelta(days=2), 400, "duplicate")]},
    ]
    with serve(now=lambda: at + timedelta(days=9), charges=told) as server:
        connector = VENDOR.build(StripeConfig.model_validate(server.settings), Runtime(), Tokens())
        found = [one for page in stream_of(connector, "charges").read(Slice(), None) for one in page.records]
    assert [one.remote_id for one in found] == ["ch_later", "ch_first"]
    first = found[1].body
    assert (first["_at"], first["_refunded"]) == ("2026-11-02T09:30:00+00:00", "4.00")
    assert [one["at"] for one in first["_refunds"]] == ["2026-11-04T09:30:00+00:00"]
