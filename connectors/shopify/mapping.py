"""Shopify's records in canonical words: the default field rules.

Keys are those of the export files' layout (connectors/files/layouts/shopify.py), so that an order or a customer that
comes by both ways is one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from connectors.core.shop_rules import Billing
from mapping.model import Kind
from mapping.rules import EntityRules, ParticipantRules


def _lookup(value: str, table: Mapping[str, object]) -> str:
    return f"lookup({value}, `{json.dumps(table)}`)"


def _own(kind: str) -> str:
    """``shopify:order:5001``: the record's own key."""
    return f"join(':', ['shopify:{kind}', _id])"


def _named(kind: str, gid: str) -> str:
    """The key of another record, by its global id."""
    return f"join(':', ['shopify:{kind}', strip_prefix({gid}, 'gid://shopify/{kind.title()}/')])"


_HOME, _BILLING, _SHIPPING = (
    Billing(at, ("address1", "address2"), "city", "provinceCode", "zip", "countryCodeV2")
    for at in ("defaultAddress", "billingAddress", "shippingAddress")
)
_GRANTED = {"SUBSCRIBED": True, "UNSUBSCRIBED": False, "NOT_SUBSCRIBED": False, "NEVER_SUBSCRIBED": False}
"""States that say yes or no; PENDING waits for a confirmation, INVALID and REDACTED say nothing of anybody's will."""
_BY_MAIL, _BY_SMS = "defaultEmailAddress.marketingState", "defaultPhoneNumber.smsMarketingConsent.state"
_REACHED = f"defaultPhoneNumber.phoneNumber || {_HOME.phone}"


def _consent(purpose: str, state: str, since: str) -> EntityRules:
    granted = _lookup(state, _GRANTED)
    return EntityRules(
        name=purpose,
        kind=Kind.CONSENT,
        when=f"{granted} != `null`",
        fields={
            "key": f"join(':', [{_own('consent')}, '{purpose}'])",
            "at": f"date({since})",
            "purpose": f"'{purpose}'",
            "granted": granted,
            "source": "'shopify'",
        },
        participants=(
            ParticipantRules(
                "subject",
                email="defaultEmailAddress.emailAddress",
                phone=_REACHED,
                ids=(_own("customer"),),
            ),
        ),
    )


CUSTOMERS = (
    EntityRules(
        name="person",
        kind=Kind.PERSON,
        fields={
            "ids": f"[{_own('customer')}]",
            "given_name": "firstName",
            "family_name": "lastName",
            "email": "defaultEmailAddress.emailAddress",
            "phone": _REACHED,
            "phones": f"[{_HOME.phone}][?@]",
            "company": "defaultAddress.company",
            **_HOME.address,
            "language": "locale",
            "tags": "tags",
            "notes": "note",
            "stage": "(numberOfOrders && number(numberOfOrders) > `0`) && 'customer' || `null`",
            "email_consent": _lookup(_BY_MAIL, _GRANTED),
            "sms_consent": _lookup(_BY_SMS, _GRANTED),
            "source": "'shopify'",
            "created_at": "date(createdAt)",
            "updated_at": "date(updatedAt)",
        },
    ),
    _consent("marketing_email", _BY_MAIL, "defaultEmailAddress.marketingUpdatedAt"),
    _consent("marketing_sms", _BY_SMS, "defaultPhoneNumber.smsMarketingConsent.updatedAt"),
)

_NAME = "billingAddress.name || shippingAddress.name"
_PHONE = f"phone || {_BILLING.phone} || {_SHIPPING.phone}"
_OF_COMPANY = _named("company", "purchasingEntity.company.id")
_ALONE = f"(!customer && !email && !({_PHONE}) && ({_NAME})) && {_own('order')} || `null`"
"""A buyer who left nothing but a name is known by the order alone, as in the export."""
_BUYER = (
    ParticipantRules(
        "buyer",
        name=f"concat([customer.firstName, customer.lastName]) || {_NAME}",
        email="email || customer.defaultEmailAddress.emailAddress",
        phone=_PHONE,
        ids=(_named("customer", "customer.id"), _ALONE),
    ),
    ParticipantRules("company", name="purchasingEntity.company.name", ids=(_OF_COMPANY,)),
)
_COMPANY = EntityRules(
    name="company",
    kind=Kind.ORGANIZATION,
    when="purchasingEntity.company",
    fields={
        "ids": f"[{_OF_COMPANY}]",
        "name": "purchasingEntity.company.name",
        "tax_id": "purchasingEntity.location.taxSettings.taxRegistrationId",
        **_BILLING.address,
    },
)


def _amount(name: str) -> str:
    return f"{name}.shopMoney.amount"


_PAYMENT = ("key", "status", "currency", "total", "test", "failed", "method", "pays", "aliases", "refunded", "refunds")
ORDERS = (
    EntityRules(
        name="order",
        kind=Kind.ORDER,
        fields={
            "key": _own("order"),
            "number": "name",
            "at": "date(processedAt || createdAt)",
            "status": "lower(displayFinancialStatus)",
            "currency": "totalPriceSet.shopMoney.currencyCode",
            "total": "_total",
            "subtotal": _amount("subtotalPriceSet"),
            "tax": _amount("totalTaxSet"),
            "shipping": _amount("totalShippingPriceSet"),
            "discount": _amount("totalDiscountsSet"),
            "refunded": _amount("totalRefundedSet"),
            "refunds": "_refunds",
            "payments": "_paid_by",
            "paid_at": "date(_paid_at)",
            "fulfilled_at": "date(_fulfilled_at)",
            "cancelled_at": "date(cancelledAt)",
            "test": "test",
            "lines": (
                "lineItems[].{title: title, sku: sku, quantity: quantity, price: originalUnitPriceSet.shopMoney.amount}"
            ),
            "text": "note",
            "custom.source": "sourceName",
            "custom.tags": "tags",
            "custom.po_number": "poNumber",
            "custom.discount_codes": "discountCodes",
        },
        participants=_BUYER,
    ),
    EntityRules(
        name="payment",
        kind=Kind.PAYMENT,
        each="_payments",
        part="key",
        fields={"at": "date(at)", **{name: name for name in _PAYMENT}},
        participants=(
            ParticipantRules(
                "payer",
                email="_record.email || _record.customer.defaultEmailAddress.emailAddress",
                ids=(_named("customer", "_record.customer.id"),),
            ),
        ),
    ),
    EntityRules(
        name="buyer",
        kind=Kind.PERSON,
        when=f"!customer && (email || ({_PHONE}) || {_NAME})",
        fields={
            "ids": f"[{_ALONE}][?@]",
            "name": _NAME,
            "email": "email",
            "phone": _PHONE,
            "company": "billingAddress.company",
            **_BILLING.address,
            "stage": "'customer'",
            "source": "'shopify'",
        },
    ),
    _COMPANY,
)

_DEAL = {
    "number": "name",
    "at": "date(createdAt)",
    "currency": "totalPriceSet.shopMoney.currencyCode",
    "total": _amount("totalPriceSet"),
}
DRAFT_ORDERS = (
    EntityRules(
        name="draft_order",
        kind=Kind.DEAL,
        fields={
            **_DEAL,
            "key": _own("draft_order"),
            "title": "name",
            "status": "lower(status)",
            "stage": "lower(status)",
            "pipeline": "'draft orders'",
            "won": _lookup("status", {"COMPLETED": True}),
            "text": "note2",
            "custom.order": _named("order", "order.id"),
        },
        participants=_BUYER,
    ),
    _COMPANY,
)
CHECKOUTS = (
    EntityRules(
        name="checkout",
        kind=Kind.DEAL,
        fields={
            **_DEAL,
            "key": _own("checkout"),
            "title": "name",
            "stage": "completedAt && 'recovered' || 'abandoned'",
            "pipeline": "'abandoned checkouts'",
            "won": "completedAt && `true` || `null`",
            "text": "note",
        },
        participants=(
            ParticipantRules(
                "buyer",
                name=f"concat([customer.firstName, customer.lastName]) || {_NAME}",
                email="customer.defaultEmailAddress.emailAddress",
                phone=_PHONE.removeprefix("phone || "),
                ids=(_named("customer", "customer.id"),),
            ),
        ),
    ),
)
