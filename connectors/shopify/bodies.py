"""What Shopify says of one record as a raw record: its own words, and beside them what has to be worked out.

Keys of ours begin with an underscore. An order's transactions become payments: what was taken (a sale or a capture),
the refunds that went back of it, and the keys by which a payment service knows it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson

from connectors.core import amounts
from connectors.core.payment_keys import stripe_charge, stripe_intent, stripe_refund
from mapping.contract import RawRecord, RemoteId
from mapping.errors import RecordError

Json = Mapping[str, Any]

TAKEN = frozenset({"SALE", "CAPTURE"})
BACK = frozenset({"REFUND", "CHANGE"})
FAILED = frozenset({"FAILURE", "ERROR"})
SETTLED = frozenset({"PAID", "PARTIALLY_REFUNDED", "REFUNDED"})


def number(gid: Any) -> str:
    """The number at the end of a global id (``gid://shopify/Order/5001?key=…``); empty where there is none."""
    found = re.fullmatch(r"gid://shopify/\w+/(\d+)(?:\?.*)?", gid) if isinstance(gid, str) else None
    return found[1] if found else ""


def record(node: Json) -> RawRecord:
    """The raw record. Raises RecordError for a record without an id or a readable time."""
    remote_id = RemoteId(number(node.get("id")))
    try:
        changed_at = datetime.fromisoformat(node["updatedAt"])
    except (KeyError, TypeError, ValueError):
        raise RecordError("a record without a readable updatedAt", remote_id=remote_id) from None
    if not remote_id or changed_at.tzinfo is None:
        raise RecordError("a record without an id, or with a time of no zone", remote_id=remote_id)
    body = {name: value["nodes"] if _is_listing(value) else value for name, value in node.items()}
    body["_id"] = str(remote_id)
    if "transactions" in body:
        try:
            body |= _money(body, f"shopify:order:{remote_id}")
        except (KeyError, TypeError, AttributeError, RecordError) as wrong:
            problem = f"an order whose payments cannot be read ({type(wrong).__name__})"
            raise RecordError(problem, remote_id=remote_id) from None
    return RawRecord(remote_id, body, changed_at=changed_at)


def _is_listing(value: Any) -> bool:
    return isinstance(value, Mapping) and "nodes" in value


def _money(order: Json, key: str) -> dict[str, Any]:
    moved = [one for one in order["transactions"] or () if isinstance(one, Mapping)]
    taken = [one for one in moved if one["kind"] in TAKEN and one["status"] == "SUCCESS"]
    back: dict[str, list[Json]] = {}
    for one in moved:
        if one["kind"] in BACK and one["status"] == "SUCCESS":
            back.setdefault(_taken_by(one, taken), []).append(one)
    failed = [one for one in moved if one["status"] in FAILED and one["kind"] not in BACK | {"VOID"}]
    paid = [_payment(one, back.get(one["id"], ()), moved, key) for one in taken]
    tried = [_payment(one, (), moved, key) for one in failed]
    return {
        "_paid_by": list(dict.fromkeys(name for payment in paid for name in payment["known_as"])),
        "_payments": [one for one in _merged([*paid, *tried]) if one["key"]],
        "_refunds": [
            {
                "key": f"shopify:refund:{number(refund['id'])}",
                "at": refund["createdAt"],
                "amount": refund["totalRefundedSet"]["shopMoney"]["amount"],
                "reason": refund["note"] or None,
            }
            for refund in order["refunds"] or ()
        ],
        "_paid_at": max((one["processedAt"] or one["createdAt"] for one in taken), default=None)
        if order["displayFinancialStatus"] in SETTLED
        else None,
        "_fulfilled_at": max((one["createdAt"] for one in order["fulfillments"] or ()), default=None)
        if order["displayFulfillmentStatus"] == "FULFILLED"
        else None,
        # Removed units stay in totalPriceSet though nobody owes them; what an edited order stands at counts them out.
        "_total": _text(_amount(order["currentTotalPriceSet"]) + _amount(order["totalRefundedSet"]))
        if order["edited"]
        else order["totalPriceSet"]["shopMoney"]["amount"],
    }


def _parent(one: Json) -> str:
    return str((one.get("parentTransaction") or {}).get("id") or "")


def _taken_by(back: Json, taken: Sequence[Json]) -> str:
    """The transaction that took what went back: the parent, or a capture of it; the only one where none is named."""
    parent = _parent(back)
    of_it = [one["id"] for one in taken if parent and parent in (one["id"], _parent(one))]
    return str(of_it[0]) if of_it else str(taken[0]["id"]) if len(taken) == 1 else ""


def _payment(one: Json, back: Sequence[Json], moved: Sequence[Json], order: str) -> dict[str, Any]:
    """A payment. Its key is empty where a service is known to hold it under a charge that we were not told."""
    charge, intent = _service(one, moved)
    own = f"shopify:transaction:{number(one['id'])}"
    given = [each for each in back if each["kind"] == "REFUND"]
    change = sum((_amount(each["amountSet"]) for each in back if each["kind"] == "CHANGE"), Decimal(0))
    return {
        "key": charge or ("" if intent else own),
        "known_as": [name for name in (charge, intent) if name] or [own],
        "aliases": [intent] if charge and intent else [],
        "at": one["processedAt"] or one["createdAt"],
        "status": str(one["status"]).lower(),
        "total": _text(_amount(one["amountSet"]) - change),
        "currency": one["amountSet"]["shopMoney"]["currencyCode"],
        "method": one["formattedGateway"] or one["gateway"],
        "test": one["test"],
        "failed": one["status"] in FAILED,
        "pays": [order],
        "refunded": _text(sum((_amount(each["amountSet"]) for each in given), Decimal(0))),
        "refunds": [
            {
                "key": _refunded_as(each),
                "at": each["processedAt"] or each["createdAt"],
                "amount": each["amountSet"]["shopMoney"]["amount"],
            }
            for each in given
        ],
    }


def _merged(payments: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Each payment once: a charge that was captured in parts is one charge, of their sum."""
    found: dict[str, dict[str, Any]] = {}
    for one in payments:
        known = found.get(one["key"])
        if known is None or known["failed"]:
            found[one["key"]] = one
        elif not one["failed"]:
            sums = {name: _text(Decimal(known[name]) + Decimal(one[name])) for name in ("total", "refunded")}
            found[one["key"]] = {**known, **sums, "refunds": [*known["refunds"], *one["refunds"]]}
    yield from found.values()


def _service(one: Json, moved: Sequence[Json]) -> tuple[str, str]:
    """The keys of charge and intent where Stripe took the money for the merchant's own account there.

    Shopify Payments runs on Stripe too, but in Shopify's account: its ids lead nowhere in the merchant's. A capture
    may say less than the authorization that it belongs to.
    """
    if "stripe" not in str(one.get("gateway") or "").lower():
        return "", ""
    parents = [each for each in moved if each["id"] == _parent(one)]
    told = [text for each in (one, *parents) for text in _texts(each)]
    return stripe_charge(told) or "", stripe_intent(told) or ""


def _refunded_as(one: Json) -> str:
    known = stripe_refund(_texts(one)) if "stripe" in str(one.get("gateway") or "").lower() else None
    return known or f"shopify:transaction:{number(one['id'])}"


def _texts(one: Json) -> Iterator[str]:
    """The texts of a transaction that may be a service's ids: its receipt, whose shape is the gateway's own."""
    yield str(one.get("paymentId") or "")
    receipt = one.get("receiptJson")
    if isinstance(receipt, str):
        try:
            receipt = orjson.loads(receipt)  # which refuses what is nested too deep to be read
        except orjson.JSONDecodeError:
            return
    yield from _within(receipt)


def _within(value: Any, depth: int = 6) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif depth and isinstance(value, Mapping | list):
        for each in value.values() if isinstance(value, Mapping) else value:
            yield from _within(each, depth - 1)


def _amount(bag: Json) -> Decimal:
    return amounts.decimal(str(bag["shopMoney"]["amount"]))


def _text(amount: Decimal) -> str:
    return format(amount, "f")
