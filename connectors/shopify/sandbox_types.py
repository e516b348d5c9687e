"""The types that the stand-in knows: a part of the Admin GraphQL schema 2026-10, held to the whole by a test.

A field is its name, then the type of what it leads to: ``lineItems:LineItem+`` is a connection, ``refunds:Refund*`` a
list, ``name`` a scalar or enumeration. ``!`` stands behind what is never null.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldType:
    """What a field leads to: ``type`` is empty for a value that has no fields."""

    type: str = ""
    connection: bool = False
    many: bool = False
    required: bool = False


_TYPES = {
    "AppInstallation": "id! accessScopes:AccessScope*!",
    "AccessScope": "handle! description!",
    "Shop": "id! name! email! myshopifyDomain! currencyCode! ianaTimezone! createdAt!",
    "Customer": """
        id! legacyResourceId! firstName lastName displayName! email phone note tags*! locale! state!
        numberOfOrders! taxExempt! verifiedEmail! createdAt! updatedAt! defaultEmailAddress:CustomerEmailAddress
        defaultPhoneNumber:CustomerPhoneNumber defaultAddress:MailingAddress amountSpent:MoneyV2!
    """,
    "CustomerEmailAddress": "emailAddress! marketingState! marketingOptInLevel marketingUpdatedAt validFormat!",
    "CustomerPhoneNumber": "phoneNumber! smsMarketingConsent:CustomerSmsMarketingConsent!",
    "CustomerSmsMarketingConsent": "state! optInLevel updatedAt",
    "MailingAddress": """
        id! name firstName lastName company address1 address2 city province provinceCode zip country
        countryCodeV2 phone
    """,
    "MoneyBag": "shopMoney:MoneyV2! presentmentMoney:MoneyV2!",
    "MoneyV2": "amount! currencyCode!",
    "Order": """
        id! legacyResourceId! name! number! createdAt! processedAt! updatedAt! cancelledAt cancelReason closedAt
        test! edited! email phone note tags*! sourceName poNumber discountCodes*! displayFinancialStatus
        displayFulfillmentStatus! currencyCode! presentmentCurrencyCode! totalPriceSet:MoneyBag!
        currentTotalPriceSet:MoneyBag! originalTotalPriceSet:MoneyBag! subtotalPriceSet:MoneyBag
        totalTaxSet:MoneyBag totalShippingPriceSet:MoneyBag! totalDiscountsSet:MoneyBag
        totalRefundedSet:MoneyBag! totalReceivedSet:MoneyBag! customer:Customer billingAddress:MailingAddress
        shippingAddress:MailingAddress purchasingEntity:PurchasingEntity lineItems:LineItem+!
        fulfillments:Fulfillment*! refunds:Refund*! transactions:OrderTransaction*!
    """,
    "PurchasingCompany": "company:Company! location:CompanyLocation! contact:CompanyContact",
    "Company": "id! name! externalId",
    "CompanyContact": "id! title customer:Customer!",
    "CompanyLocation": "id! name! externalId taxSettings:CompanyLocationTaxSettings!",
    "CompanyLocationTaxSettings": "taxRegistrationId taxExempt!",
    "LineItem": "id! title! name! sku quantity! currentQuantity! originalUnitPriceSet:MoneyBag!",
    "Fulfillment": "id! createdAt! status!",
    "Refund": "id! createdAt note totalRefundedSet:MoneyBag!",
    "OrderTransaction": """
        id! kind! status! gateway formattedGateway paymentId authorizationCode receiptJson test! createdAt!
        processedAt parentTransaction:OrderTransaction amountSet:MoneyBag!
    """,
    "DraftOrder": """
        id! legacyResourceId! name! status! createdAt! updatedAt! completedAt invoiceSentAt email phone note2
        tags*! poNumber currencyCode! totalPriceSet:MoneyBag! customer:Customer billingAddress:MailingAddress
        shippingAddress:MailingAddress purchasingEntity:PurchasingEntity order:Order
    """,
    "AbandonedCheckout": """
        id! name! createdAt! updatedAt! completedAt note! discountCodes*! abandonedCheckoutUrl!
        totalPriceSet:MoneyBag! customer:Customer billingAddress:MailingAddress shippingAddress:MailingAddress
    """,
    "Count": "count! precision!",
    "PageInfo": "hasNextPage! hasPreviousPage! startCursor endCursor",
    "BulkOperation": """
        id! type! status! errorCode createdAt! completedAt objectCount! rootObjectCount! fileSize url
        partialDataUrl query!
    """,
    "BulkOperationUserError": "code field* message!",
    "BulkOperationRunQueryPayload": "bulkOperation:BulkOperation userErrors:BulkOperationUserError*!",
    "QueryRoot": """
        shop:Shop! currentAppInstallation:AppInstallation! customers:Customer+! orders:Order+! draftOrders:DraftOrder+!
        abandonedCheckouts:AbandonedCheckout+! customersCount:Count ordersCount:Count draftOrdersCount:Count
        abandonedCheckoutsCount:Count customer:Customer order:Order draftOrder:DraftOrder node:Node nodes:Node*!
        bulkOperation:BulkOperation bulkOperations:BulkOperation+!
    """,
    "Mutation": "bulkOperationRunQuery:BulkOperationRunQueryPayload",
}
UNIONS = {"PurchasingEntity": ("Customer", "PurchasingCompany")}
NODES = ("Customer", "Order", "DraftOrder", "AbandonedCheckout")
"""The implementations of ``Node`` that are found by their ids."""


def _field(text: str) -> tuple[str, FieldType]:
    found = re.fullmatch(r"(\w+)(?::(\w+))?([+*]?)(!?)", text)
    if found is None:
        raise ValueError(f"no field: {text}")
    return found[1], FieldType(found[2] or "", found[3] == "+", found[3] == "*", bool(found[4]))


TYPES: Mapping[str, Mapping[str, FieldType]] = {
    name: dict(map(_field, text.split())) for name, text in _TYPES.items()
} | {"Node": {"id": FieldType(required=True)}}


def possible(name: str) -> tuple[str, ...]:
    """The types of object that a field of that type may give."""
    return NODES if name == "Node" else UNIONS.get(name, (name,))
