"""What a shop's order says, whichever shop it is: rules for the order, who pays and how, and who buys.

A shop's mapping puts what has to be worked out beside the vendor's own words in a record's body, under the keys that
these rules read (``WORKED_OUT``); money in them is text, so that no amount was ever a binary fraction.

``_key`` names the order (``woocommerce:order:7``); ``_lines``, ``_refunds`` and ``_refunded`` are as in ``Order``, and
``_payments`` are the keys of all payments that are known. ``_payment`` is the key of the one that this record tells of
(empty: none); ``_aliases`` and ``_failed`` belong to it, as does ``_gave_back``: whether refunds went back through it.
``_name``, ``_company`` and ``_tax_number`` are the buyer's. ``_guest`` is there where the buyer has no account; its
``ids`` name the buyer by the order alone where neither an address nor a number is known. ``_rest`` stays as ``custom``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.core import amounts
from connectors.core.payment_keys import stripe_charge, stripe_intent
from connectors.core.shops import bare
from mapping.model import Kind
from mapping.rules import EntityRules, ParticipantRules

Json = Mapping[str, Any]

WORKED_OUT = (
    *("_key", "_test", "_lines", "_refunds", "_refunded", "_payments", "_payment", "_aliases", "_failed", "_gave_back"),
    *("_name", "_company", "_tax_number", "_guest", "_rest"),
)


@dataclass(frozen=True, slots=True)
class Billing:
    """Where a billing address and its parts lie."""

    at: str
    street: tuple[str, str]
    locality: str
    region: str
    postal_code: str
    country: str

    def __getitem__(self, part: str) -> str:
        """The path of one part."""
        return f"{self.at}.{part}" if self.at else part

    @property
    def phone(self) -> str:
        """An expression for the number, dialled where the buyer lives."""
        return f"phone({self['phone']}, {self[self.country]})"

    @property
    def address(self) -> dict[str, str]:
        """Rules for the address of a profile."""
        return {
            "address.street": f"join(', ', [{', '.join(map(self.__getitem__, self.street))}][?@])",
            "address.locality": self[self.locality],
            "address.region": self[self.region],
            "address.postal_code": self[self.postal_code],
            "address.country": self[self.country],
        }


def person(shop: str, address: Billing) -> dict[str, str]:
    """Rules for what a customer's own record says in the same way whichever shop it is of.

    Where the account itself says nothing, its address does.
    """
    worked_out = {"ids": "[_key]", "company": "_company", "source": f"'{shop}'"}
    names = {"given_name": "first_name", "family_name": "last_name", "email": "email"}
    own = {field: f"{name} || {address[name]}" for field, name in names.items()}
    return {**worked_out, **own, "phone": address.phone, **address.address}


def company(billing: Billing, when: str = "_company") -> EntityRules:
    """The company that somebody buys for."""
    fields = {"name": "_company", "tax_id": "_tax_number", "phone": billing.phone, **billing.address}
    return EntityRules(name="company", kind=Kind.ORGANIZATION, when=when, fields=fields)


def order_rules(
    shop: str, billing: Billing, order: Mapping[str, str], *, draft: str, paid: str, method: str
) -> tuple[EntityRules, ...]:
    """An order, or a checkout that never became one; its payment; and a buyer and a company that have no account.

    ``order`` are rules for what every shop says in words of its own, ``currency``, ``total``, ``number``, ``at`` and
    ``status`` among them. ``draft`` is true of a checkout, ``paid`` and ``method`` are when and how it was paid.
    """
    sum_ = {"currency": order["currency"], "total": order["total"], "test": "_test"}
    email = billing["email"]
    account = f"(customer_id > `0` && join(':', ['{shop}:customer', customer_id])) || `null`"
    buyer = ParticipantRules("buyer", name="_name", email=email, phone=billing.phone, ids=(account, "_guest.ids"))
    worked_out = {one: f"_{one}" for one in ("refunded", "refunds", "payments", "lines")}
    checkout = {one: order[one] for one in ("number", "at", "status")}
    return (
        EntityRules(
            name="order",
            kind=Kind.ORDER,
            when=f"!({draft})",
            fields={**sum_, **order, **worked_out, "key": "_key", "custom": "_rest"},
            participants=(buyer,),
        ),
        EntityRules(
            name="checkout",
            kind=Kind.DEAL,
            when=draft,
            fields={
                **sum_,
                **checkout,
                "key": f"join(':', ['{shop}:checkout', id])",
                "stage": order["status"],
                "custom": "_rest",
            },
            participants=(buyer,),
        ),
        EntityRules(
            name="payment",
            kind=Kind.PAYMENT,
            when=f"_payment && !({draft})",
            fields={
                **sum_,
                "key": "_payment",
                "at": f"{paid} || {order['at']}",
                "method": method,
                "failed": "_failed",
                "pays": "[_key]",
                "aliases": "_aliases",
                "refunded": "(_gave_back && _refunded) || `null`",
                "refunds": "(_gave_back && _refunds) || `null`",
            },
            participants=(buyer,),
        ),
        EntityRules(
            name="buyer",
            kind=Kind.PERSON,
            when="_guest",
            fields={
                "ids": "_guest.ids",
                "given_name": billing["first_name"],
                "family_name": billing["last_name"],
                "email": email,
                "phone": billing.phone,
                "company": "_company",
                **billing.address,
                "stage": f"(!({draft}) && 'customer') || `null`",
                "source": f"'{shop}'",
            },
        ),
        company(billing, "_guest && _company"),
    )


def refunds(shop: str, told: Iterable[tuple[Any, str | None, Any, str | None]]) -> dict[str, Any]:
    """``_refunds`` and ``_refunded``, by the id, time, amount and reason of each refund."""
    back = [
        {
            "key": f"{shop}:refund:{id_}",
            "at": at,
            "amount": amounts.written(amounts.decimal(amount)),
            "reason": reason or None,
        }
        for id_, at, amount, reason in told
    ]
    return {"_refunds": back, "_refunded": amounts.total(one["amount"] for one in back)}


def paid_by(shop: str, order: Json, told: Sequence[Any], total: Any, *, paid: bool, failed: bool) -> dict[str, Any]:
    """What paid an order, or failed to: ``_payments``, and the rest of ``_payment`` where this record tells of one.

    ``told`` may be ids of Stripe's; the key is one of our own where no service is known that has one.
    """
    charge, intent = stripe_charge(told), stripe_intent(told)
    own = f"{shop}:transaction:{order['id']}"
    is_one = (paid or failed) and amounts.decimal(total) > 0 and (charge or not intent)
    keys = [each for each in (charge, intent) if each] or ([own] if is_one else [])
    if not is_one:
        return {"_payments": keys}
    # What Stripe gave back is Stripe's to say; a refund by hand never passed through it.
    one = {"_payment": charge or own, "_failed": failed and not paid, "_gave_back": not charge}
    return {"_payments": keys, **one, "_aliases": [each for each in keys if each != one["_payment"]]}


def guest(order: Json, key: str, billing: Json) -> dict[str, Any]:
    """``_guest``, where somebody without an account is told of."""
    reached = billing.get("email") or billing.get("phone")
    is_told = reached or any(billing.get(name) for name in ("first_name", "last_name", "company"))
    return {"_guest": {"ids": [] if reached else [key]}} if is_told and not order.get("customer_id") else {}


def buyer(address: Json, tax_numbers: Iterable[Any] = ()) -> dict[str, Any]:
    """``_name``, ``_company`` and ``_tax_number``, as far as an address and the first number that is one tell them."""
    number = next((str(each) for each in tax_numbers if each), "")
    return bare({"_name": full_name(address), "_company": address.get("company"), "_tax_number": number})


def full_name(person: Json) -> str:
    """The first and last name that are told."""
    return " ".join(part for part in (person.get("first_name"), person.get("last_name")) if part)
