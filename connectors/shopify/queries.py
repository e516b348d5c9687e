"""What is asked of Shopify: the streams, the fields of each, and the documents that ask for them.

Field names, arguments and sort keys are those of the Admin GraphQL schema 2026-10.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from connectors.shopify import mapping
from mapping.contract import Deletes, Schema, SchemaField
from mapping.rules import EntityRules

MOST = 250
"""Records that a page may hold at most ("Shopify API limits", read 2026-11-29)."""

_MONEY = "{ shopMoney { amount currencyCode } }"
_AMOUNT = "{ shopMoney { amount } }"
_ADDRESS = "{ name company address1 address2 city provinceCode zip countryCodeV2 phone }"
_BUYER = "{ id firstName lastName defaultEmailAddress { emailAddress } }"
_COMPANY = """{
    __typename
    ... on PurchasingCompany {
      company { id name externalId } location { id name taxSettings { taxRegistrationId } }
    }
  }"""
LINE = f"id title sku quantity currentQuantity originalUnitPriceSet {_AMOUNT}"
REFUND = f"id createdAt note totalRefundedSet {_AMOUNT}"
TRANSACTION = (
    "id kind status gateway formattedGateway paymentId receiptJson test createdAt processedAt"
    f" parentTransaction {{ id }} amountSet {_MONEY}"
)

_CUSTOMER = f"""
  id firstName lastName note tags locale state numberOfOrders createdAt updatedAt
  defaultEmailAddress {{ emailAddress marketingState marketingUpdatedAt }}
  defaultPhoneNumber {{ phoneNumber smsMarketingConsent {{ state updatedAt }} }}
  defaultAddress {_ADDRESS}
"""
_ORDER = f"""
  id name createdAt processedAt updatedAt cancelledAt cancelReason closedAt test edited email phone note tags sourceName
  poNumber discountCodes displayFinancialStatus displayFulfillmentStatus currencyCode presentmentCurrencyCode
  totalPriceSet {_MONEY} currentTotalPriceSet {_AMOUNT} subtotalPriceSet {_AMOUNT} totalTaxSet {_AMOUNT}
  totalShippingPriceSet {_AMOUNT} totalDiscountsSet {_AMOUNT} totalRefundedSet {_AMOUNT}
  customer {_BUYER} billingAddress {_ADDRESS} shippingAddress {_ADDRESS} purchasingEntity {_COMPANY}
"""
_DRAFT = f"""
  id name status createdAt updatedAt completedAt invoiceSentAt email phone note2 tags poNumber currencyCode
  totalPriceSet {_MONEY} customer {_BUYER} billingAddress {_ADDRESS} shippingAddress {_ADDRESS}
  purchasingEntity {_COMPANY} order {{ id }}
"""
_CHECKOUT = f"""
  id name createdAt updatedAt completedAt note discountCodes
  totalPriceSet {_MONEY} customer {_BUYER} billingAddress {_ADDRESS} shippingAddress {_ADDRESS}
"""

LINES_AT_ONCE, PIECES_AT_ONCE = 10, 5
"""Lines, and refunds and transactions each, that come along with an order; what has more is asked for the rest."""
_PIECES = f"fulfillments(first: 3) {{ id createdAt }} refunds(%s) {{ {REFUND} }} transactions(%s) {{ {TRANSACTION} }}"


@dataclass(frozen=True, slots=True)
class Source:
    """One stream: the connection it is read from, and the type of what lies there.

    ``nested`` goes with ``fields`` in pages, ``whole`` in bulk operations, where everything comes at once. ``first`` is
    the size of a page whose cost stays under what a query may cost by the dearest reading of Shopify's rule.
    ``by_time`` says whether the connection can be sorted by the last change, ``deletes`` what it means that a record is
    no longer listed.
    """

    stream: str
    connection: str
    type: str
    fields: str
    first: int
    rules: tuple[EntityRules, ...]
    nested: str = ""
    whole: str = ""
    by_time: bool = True
    deletes: Deletes = Deletes.SWEEP
    lists: tuple[str, ...] = ()

    @property
    def sort_keys(self) -> str:
        """The enumeration that names what the connection can be sorted by."""
        return f"{self.type}SortKeys"

    def page(self, *, counted: bool = False) -> str:
        """Variables ``first, after, query, sort``; with ``counted`` the number of records too, up to ``limit``."""
        count = f" {self.connection}Count(query: $query, limit: $limit) {{ count }}" if counted else ""
        return (
            f"query($first: Int!, $after: String, $query: String, $sort: {self.sort_keys}!"
            f"{', $limit: Int' if counted else ''}) {{ {self.connection}(first: $first, after: $after, query: $query,"
            f" sortKey: $sort) {{ nodes {{ {self.fields} {self.nested} }} pageInfo {{ hasNextPage endCursor }} }}"
            f"{count} }}"
        )

    def ids(self) -> str:
        """Variables ``first, query``: ids in their own order."""
        return (
            f"query($first: Int!, $query: String) {{ {self.connection}(first: $first, query: $query, sortKey: ID)"
            " { nodes { id } pageInfo { hasNextPage } } }"
        )

    def nodes(self) -> str:
        """Variable ``ids``: the records of these ids, null for what is not there."""
        return f"query($ids: [ID!]!) {{ nodes(ids: $ids) {{ ... on {self.type} {{ {self.fields} {self.nested} }} }} }}"

    def bulk(self, query: str) -> str:
        """The document of a bulk operation over everything that a search text finds."""
        return (
            f'{{ {self.connection}(query: "{query}", sortKey: ID)'
            f" {{ edges {{ node {{ {self.fields} {self.whole} }} }} }} }}"
        )

    def schema(self) -> Schema:
        """The fields that are asked for."""
        text = f"{self.fields} {self.nested}"
        while (flat := re.sub(r"\([^()]*\)|\{[^{}]*\}", "", text)) != text:
            text = flat
        return Schema({name: SchemaField(name, _type(name), writable=False) for name in text.split()})


def _type(name: str) -> str:
    return "datetime" if name.endswith("At") else "boolean" if name in ("test", "edited") else "string"


SHOP = "{ shop { id name myshopifyDomain } currentAppInstallation { accessScopes { handle } } }"
LINES = (
    "query($id: ID!, $after: String) { order(id: $id) { lineItems(first: 200, after: $after)"
    f" {{ nodes {{ {LINE} }} pageInfo {{ hasNextPage endCursor }} }} }} }}"
)
ALL_REFUNDS = f"query($id: ID!) {{ order(id: $id) {{ refunds {{ {REFUND} }} }} }}"
ALL_TRANSACTIONS = f"query($id: ID!) {{ order(id: $id) {{ transactions {{ {TRANSACTION} }} }} }}"
BULK_RUN = """mutation($query: String!, $grouped: Boolean!) {
  bulkOperationRunQuery(query: $query, groupObjects: $grouped) {
    bulkOperation { id status } userErrors { code field message }
  }
}"""
BULK_STATE = "query($id: ID!) { bulkOperation(id: $id) { id status errorCode fileSize url } }"

SOURCES = (
    Source("customers", "customers", "Customer", _CUSTOMER, 190, mapping.CUSTOMERS),
    Source(
        "orders",
        "orders",
        "Order",
        _ORDER,
        10,
        mapping.ORDERS,
        nested=f"lineItems(first: {LINES_AT_ONCE}) {{ nodes {{ {LINE} }} pageInfo {{ hasNextPage endCursor }} }} "
        + _PIECES % (f"first: {PIECES_AT_ONCE}", f"first: {PIECES_AT_ONCE}"),
        whole=f"lineItems {{ edges {{ node {{ {LINE} }} }} }} " + (_PIECES % ("", "")).replace("()", ""),
        lists=("lineItems",),
        deletes=Deletes.EXPIRY,
    ),
    Source("draft_orders", "draftOrders", "DraftOrder", _DRAFT, 80, mapping.DRAFT_ORDERS),
    Source(
        "abandoned_checkouts",
        "abandonedCheckouts",
        "AbandonedCheckout",
        _CHECKOUT,
        120,
        mapping.CHECKOUTS,
        by_time=False,
        deletes=Deletes.EXPIRY,
    ),
)
BY_STREAM: Mapping[str, Source] = {source.stream: source for source in SOURCES}
