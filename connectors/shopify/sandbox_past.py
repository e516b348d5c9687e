"""What happened in a shop before the stand-in opens its door, in plain words: who came, who bought, what went back.

Each entry is what a method of ``Shop`` takes, and ``at``, the instant at which it happened.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from connectors.shopify.shop import Held, Shop

Entry = Mapping[str, Any]
Past = Mapping[str, Sequence[Entry]]
"""``customers``, ``orders``, ``draft_orders`` and ``checkouts``, each of them with an ``id``.

What is not a customer may name one by that id (``customer``). An order may tell when it was sent (``sent_at``) or
cancelled (``cancelled_at``), and of ``refunds``: (when, amount, note).
"""


def relive(shop: Shop, past: Past) -> None:
    """Lets it all happen in the shop, at the times that are told; afterwards its clock goes on as it did."""
    clock = shop.now
    try:
        known = {each["id"]: _happen(shop, shop.customer, each, {}) for each in past.get("customers", ())}
        for each in past.get("draft_orders", ()):
            _happen(shop, shop.draft_order, each, known)
        for each in past.get("checkouts", ()):
            _happen(shop, shop.checkout, each, known)
        for each in past.get("orders", ()):
            _order(shop, each, known)
    finally:
        shop.now = clock


def _happen(shop: Shop, act: Any, told: Entry, known: Mapping[Any, Held]) -> Held:
    values = {name: value for name, value in told.items() if name != "at"}
    if "customer" in values:
        values["customer"] = known[values["customer"]]
    _turn(shop, told["at"])
    held: Held = act(**values)
    return held


def _order(shop: Shop, told: Entry, known: Mapping[Any, Held]) -> None:
    later = {name: told[name] for name in ("sent_at", "cancelled_at", "refunds") if told.get(name)}
    order = _happen(shop, shop.order, {name: value for name, value in told.items() if name not in later}, known)
    if "sent_at" in later:
        sent = _turn(shop, later["sent_at"])
        shipment = {"id": f"gid://shopify/Fulfillment/{order.number}", "createdAt": sent, "status": "SUCCESS"}
        shop.change("Order", order.number, fulfillments=[shipment], displayFulfillmentStatus="FULFILLED")
    if "cancelled_at" in later:
        cancelled = _turn(shop, later["cancelled_at"])
        status = "PAID" if order.values["transactions"] else "VOIDED"
        shop.change("Order", order.number, cancelledAt=cancelled, displayFinancialStatus=status)
    for at, amount, note in later.get("refunds", ()):
        _turn(shop, at)
        shop.refund(order, amount, note=note)


def _turn(shop: Shop, at: datetime) -> str:
    """Sets the shop's clock, and tells the instant as the API does."""
    shop.now = lambda: at
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
