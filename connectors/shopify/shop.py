"""A shop in memory: its customers, orders, draft orders and checkouts, and what people do with them.

Records are kept as the Admin API shows them. A listing is answered by an index, which learns of a change ``lag`` later,
as Shopify's does; reading by id is not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from connectors.core.protocols import utc_now

ADDRESS = ("name", "firstName", "lastName", "company", "address1", "address2", "city", "province", "provinceCode")
_TERM = re.compile(r"(\w+):(>=|<=|>|<|)(?:'([^']*)'|\"([^\"]*)\"|(\S+))")
_COMPARED: Mapping[str, Callable[[Any, Any], bool]] = {
    ">=": lambda left, right: left >= right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    "<": lambda left, right: left < right,
    "": lambda left, right: left == right,
}


@dataclass(slots=True)
class Held:
    """One record, and the instants at which it changed. ``values`` are what the API shows."""

    number: int
    values: dict[str, Any]
    changed: list[datetime] = field(default_factory=list)

    def indexed(self, until: datetime) -> datetime | None:
        """The last change that the index knows of, None where it does not yet know the record."""
        return next((at for at in reversed(self.changed) if at <= until), None)


@dataclass
class Shop:
    """``taxes`` and the like are as given; totals of an order are worked out of its lines unless they are given."""

    name: str = "Acme"
    handle: str = "acme"
    currency: str = "EUR"
    now: Callable[[], datetime] = utc_now
    lag: timedelta = timedelta(0)
    records: dict[str, dict[int, Held]] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=lambda: count(5_001))

    def customer(self, first: str = "", last: str = "", *, email: str = "", phone: str = "", **values: Any) -> Held:
        """A new customer; ``subscribed`` is their word on e-mails, ``texted`` on text messages, ``address`` as the API
        shows it. ``id`` is the record's number, where it is to be a certain one; so it is of all that follows."""
        number, subscribed = values.pop("id", None) or self._number(), values.pop("subscribed", False)
        address = values.pop("address", None)
        state = "SUBSCRIBED" if values.pop("texted", False) else "NEVER_SUBSCRIBED"
        consent = {"state": state, "optInLevel": "SINGLE_OPT_IN", "updatedAt": None}
        mail = {
            "emailAddress": email,
            "marketingState": "SUBSCRIBED" if subscribed else "NOT_SUBSCRIBED",
            "marketingOptInLevel": "SINGLE_OPT_IN",
            "marketingUpdatedAt": self._stamp() if subscribed else None,
            "validFormat": True,
        }
        made: dict[str, Any] = {
            "firstName": first or None,
            "lastName": last or None,
            "displayName": " ".join(filter(None, (first, last))) or email or phone,
            "email": email or None,
            "phone": phone or None,
            "note": None,
            "tags": [],
            "locale": "en",
            "state": "DISABLED",
            "numberOfOrders": "0",
            "taxExempt": False,
            "verifiedEmail": True,
            "defaultEmailAddress": mail if email else None,
            "defaultPhoneNumber": {"phoneNumber": phone, "smsMarketingConsent": consent} if phone else None,
            "defaultAddress": self.address(**address) if address else None,
            "amountSpent": {"amount": "0.0", "currencyCode": self.currency},
        }
        return self._add("Customer", number, {**made, **values})

    def order(
        self,
        lines: Sequence[tuple[str, int, str] | tuple[str, int, str, str]] = (("Chair", 1, "100.0"),),
        *,
        customer: Held | None = None,
        paid: bool = True,
        **values: Any,
    ) -> Held:
        """A new order of ``(title, quantity, price)``, and the stock number if need be, paid at once by ``gateway``
        unless told. ``tax`` is added, unless the shop's prices have it in them (``tax_included``)."""
        number, at = values.pop("id", None) or self._number(), self._stamp()
        gateway, discount = values.pop("gateway", "manual"), Decimal(values.pop("discount", "0.0"))
        receipt, address = values.pop("receipt", {}), values.pop("address", None)
        subtotal = sum((Decimal(line[2]) * line[1] for line in lines), Decimal(0)) - discount
        tax, shipping = Decimal(values.pop("tax", "0.0")), Decimal(values.pop("shipping", "0.0"))
        total = subtotal + shipping + (0 if values.pop("tax_included", False) else tax)
        made: dict[str, Any] = {
            "name": f"#{number}",
            "number": number,
            "processedAt": at,
            **dict.fromkeys(("cancelledAt", "cancelReason", "closedAt", "phone", "note", "poNumber")),
            **dict.fromkeys(("billingAddress", "shippingAddress", "purchasingEntity")),
            "email": customer.values["email"] if customer else None,
            "test": False,
            "edited": False,
            "tags": [],
            "discountCodes": [],
            "sourceName": "web",
            "displayFinancialStatus": "PAID" if paid else "PENDING",
            "displayFulfillmentStatus": "UNFULFILLED",
            "currencyCode": self.currency,
            "presentmentCurrencyCode": self.currency,
            **dict.fromkeys(("totalPriceSet", "currentTotalPriceSet", "originalTotalPriceSet"), self.money(total)),
            "subtotalPriceSet": self.money(subtotal),
            "totalTaxSet": self.money(tax),
            "totalShippingPriceSet": self.money(shipping),
            "totalDiscountsSet": self.money(discount),
            "totalRefundedSet": self.money(0),
            "totalReceivedSet": self.money(total if paid else 0),
            "customer": customer.values if customer else None,
            "billingAddress": self.address(**address) if address else None,
            "lineItems": [self._line(*line) for line in lines],
            "fulfillments": [],
            "refunds": [],
            "transactions": [],
        }
        held = self._add("Order", number, {**made, **values})
        if paid:
            self.pay(held, str(total), gateway=gateway, receiptJson=receipt)
        return held

    def pay(self, order: Held, amount: str, *, kind: str = "SALE", status: str = "SUCCESS", **values: Any) -> str:
        """A transaction of an order; its id. ``parent`` is the id of the one that it belongs to."""
        gateway, parent = values.pop("gateway", "manual"), values.pop("parent", None)
        made: dict[str, Any] = {
            "__typename": "OrderTransaction",
            "id": f"gid://shopify/OrderTransaction/{self._number()}",
            "kind": kind,
            "status": status,
            "gateway": gateway,
            "formattedGateway": gateway.replace("_", " ").title(),
            **dict.fromkeys(("paymentId", "authorizationCode")),
            "receiptJson": {},
            "test": order.values["test"],
            "createdAt": self._stamp(),
            "processedAt": self._stamp(),
            "parentTransaction": next((one for one in order.values["transactions"] if one["id"] == parent), None),
            "amountSet": self.money(amount),
        }
        order.values["transactions"] = [*order.values["transactions"], {**made, **values}]
        return str(made["id"])

    def refund(self, order: Held, amount: str, *, note: str | None = None, **values: Any) -> None:
        """Money goes back for an order, through the transaction that took it."""
        taken = [one for one in order.values["transactions"] if one["kind"] in ("SALE", "CAPTURE")]
        made: dict[str, Any] = {
            "id": f"gid://shopify/Refund/{self._number()}",
            "createdAt": self._stamp(),
            "note": note,
        }
        if taken:
            parent, gateway = taken[0]["id"], taken[0]["gateway"]
            self.pay(order, amount, kind="REFUND", gateway=gateway, parent=parent, **values)
        refunds = [*order.values["refunds"], {**made, "totalRefundedSet": self.money(amount)}]
        back = sum((_amount(one["totalRefundedSet"]) for one in refunds), Decimal(0))
        total = _amount(order.values["totalPriceSet"])
        self.change(
            "Order",
            order.number,
            refunds=refunds,
            totalRefundedSet=self.money(back),
            currentTotalPriceSet=self.money(total - back),
            displayFinancialStatus="REFUNDED" if back >= total else "PARTIALLY_REFUNDED",
        )

    def draft_order(self, total: str = "80.0", *, customer: Held | None = None, **values: Any) -> Held:
        """A new draft order."""
        number = values.pop("id", None) or self._number()
        made: dict[str, Any] = {
            "name": f"#D{number}",
            "status": "OPEN",
            **dict.fromkeys(("completedAt", "invoiceSentAt", "phone", "note2", "poNumber", "order")),
            **dict.fromkeys(("billingAddress", "shippingAddress", "purchasingEntity")),
            "email": customer.values["email"] if customer else None,
            "tags": [],
            "currencyCode": self.currency,
            "totalPriceSet": self.money(total),
            "customer": customer.values if customer else None,
        }
        return self._add("DraftOrder", number, {**made, **values})

    def checkout(self, total: str = "60.0", *, customer: Held | None = None, **values: Any) -> Held:
        """A checkout that somebody left."""
        number = values.pop("id", None) or self._number()
        made: dict[str, Any] = {
            "name": f"#{number}",
            "completedAt": None,
            "note": "",
            "discountCodes": [],
            "abandonedCheckoutUrl": f"https://{self.handle}.myshopify.com/checkouts/{number}/recover",
            "totalPriceSet": self.money(total),
            "customer": customer.values if customer else None,
            **dict.fromkeys(("billingAddress", "shippingAddress")),
        }
        return self._add("AbandonedCheckout", number, {**made, **values})

    def company(self, name: str, tax_number: str | None = None) -> dict[str, Any]:
        """A company as an order's ``purchasingEntity``."""
        number = self._number()
        settings = {"taxRegistrationId": tax_number, "taxExempt": False}
        place = {"id": f"gid://shopify/CompanyLocation/{number}", "name": "Head office", "externalId": None}
        return {
            "__typename": "PurchasingCompany",
            "company": {"id": f"gid://shopify/Company/{number}", "name": name, "externalId": None},
            "location": {**place, "taxSettings": settings},
            "contact": None,
        }

    def change(self, type_: str, number: int, **values: Any) -> None:
        """A record is changed now."""
        held = self.records[type_][number]
        at = self.now().replace(microsecond=0)
        held.values |= {**values, "updatedAt": _written(at)}
        held.changed.append(at)

    def delete(self, type_: str, number: int) -> None:
        """A record goes, and nothing tells of it but a webhook."""
        del self.records[type_][number]

    def find(self, gid: Any) -> dict[str, Any] | None:
        """A record by its global id."""
        found = re.fullmatch(r"gid://shopify/(\w+)/(\d+)", str(gid))
        held = self.records.get(found[1], {}).get(int(found[2])) if found else None
        return held.values if held else None

    def search(self, type_: str, query: str | None, sort: str) -> list[tuple[str, Held]]:
        """The records that the index finds, with the value that they are sorted by, in its order and then by id."""
        until = self.now() - self.lag
        known = [(held, held.indexed(until)) for held in self.records.get(type_, {}).values()]
        terms = [(name, sign, next(filter(None, texts), "")) for name, sign, *texts in _TERM.findall(query or "")]
        rows = [
            (_written(at) if sort == "UPDATED_AT" else "", held)
            for held, at in known
            if at is not None and all(_holds(held, at, *term) for term in terms)
        ]
        return sorted(rows, key=lambda row: (row[0], row[1].number))

    def money(self, amount: Decimal | str | float) -> dict[str, Any]:
        """An amount as the API shows it, in the shop's currency."""
        text = format(Decimal(str(amount)), "f")
        one = {"amount": text if "." in text else f"{text}.0", "currencyCode": self.currency}
        return {"shopMoney": one, "presentmentMoney": one}

    def address(self, **values: Any) -> dict[str, Any]:
        """An address as the API shows it."""
        made = {**dict.fromkeys((*ADDRESS, "zip", "country", "countryCodeV2", "phone")), **values}
        return {"id": f"gid://shopify/MailingAddress/{self._number()}", **made}

    def _line(self, title: str, quantity: int, price: str, sku: str = "") -> dict[str, Any]:
        return {
            "id": f"gid://shopify/LineItem/{self._number()}",
            "title": title,
            "name": title,
            "sku": sku or f"{title[:3].upper()}-1",
            "quantity": quantity,
            "currentQuantity": quantity,
            "originalUnitPriceSet": self.money(price),
        }

    def _add(self, type_: str, number: int, values: dict[str, Any]) -> Held:
        at = self.now().replace(microsecond=0)
        ids = {"__typename": type_, "id": f"gid://shopify/{type_}/{number}", "legacyResourceId": str(number)}
        held = Held(number, {**ids, "createdAt": _written(at), "updatedAt": _written(at), **values}, [at])
        self.records.setdefault(type_, {})[number] = held
        return held

    def _number(self) -> int:
        return next(self._numbers)

    def _stamp(self) -> str:
        return _written(self.now().replace(microsecond=0))


def changed(rows: Iterable[tuple[str, Held]]) -> list[dict[str, Any]]:
    """The values of what a search found."""
    return [held.values for _, held in rows]


def _holds(held: Held, at: datetime, name: str, sign: str, given: str) -> bool:
    """Whether a term holds. Shopify passes over terms that it does not understand, and so does this."""
    if name == "id":
        return _COMPARED[sign](held.number, int(given) if given.isdigit() else 0)
    if name in ("updated_at", "created_at"):
        value = at if name == "updated_at" else held.changed[0]
        try:
            moment = datetime.fromisoformat(given)
        except ValueError:
            return True
        return _COMPARED[sign](value, moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    if name in ("email", "name", "status"):
        return str(held.values.get(name) or "").casefold() == given.casefold()
    return True


def _amount(bag: Mapping[str, Any]) -> Decimal:
    return Decimal(bag["shopMoney"]["amount"])


def _written(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
