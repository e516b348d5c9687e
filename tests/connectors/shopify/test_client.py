"""The stand-in is honest: Shopify's own client (ShopifyAPI), unchanged, works against it and meets its errors."""

from __future__ import annotations

import json
import urllib.error
from collections.abc import Iterator
from typing import Any

import pytest
import shopify

from connectors.shopify import queries
from connectors.shopify.sandbox import TOKEN
from tests.connectors.shopify.market import Market

VERSION = "2026-10"

pytestmark = pytest.mark.proof("official client", "shopifyapi")

ORDERS = """
query Orders($first: Int = 2, $after: String) {
  orders(first: $first, after: $after, sortKey: UPDATED_AT, reverse: false) { ...Page }
}
fragment Page on OrderConnection {
  edges { cursor node { id title: name totalPriceSet { shopMoney { ...Money } } lineItems(first: 1) {
    edges { node { title quantity } } pageInfo { hasNextPage } } } }
  pageInfo { hasNextPage endCursor }  # on it goes
}
fragment Money on MoneyV2 { amount, currencyCode }
"""


def activate(market: Market, token: str) -> None:
    shopify.ApiVersion.define_version(shopify.Release(VERSION))
    shopify.Session.protocol = "http"
    session = shopify.Session("acme.myshopify.com", VERSION, token)
    session.url = market.server.url.removeprefix("http://")
    shopify.ShopifyResource.activate_session(session)


@pytest.fixture
def client(market: Market) -> Iterator[Any]:
    activate(market, TOKEN)
    yield shopify.GraphQL()
    shopify.ShopifyResource.clear_session()
    shopify.ApiVersion.clear_defined_versions()
    shopify.ApiVersion.define_known_versions()
    shopify.Session.protocol = "https"


def told(client: Any, document: str, name: str | None = None, **variables: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(client.execute(document, variables, name))
    return found


def test_the_client_reads_a_shop_page_by_page(market: Market, client: Any) -> None:
    made = [market.shop.order([("Chair", 2, "10.5"), ("Desk", 1, "99.0")]).values["id"] for _ in range(5)]
    found, after = list[dict[str, Any]](), None
    while True:
        page = told(client, ORDERS, "Orders", first=2, after=after)["data"]["orders"]
        found += [edge["node"] for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert [order["id"] for order in found] == made
    assert found[0]["totalPriceSet"]["shopMoney"] == {"amount": "120.0", "currencyCode": "EUR"}
    assert found[0]["title"].startswith("#")
    assert found[0]["lineItems"]["pageInfo"]["hasNextPage"] is True


def test_the_client_searches_and_reads_by_id(market: Market, client: Any) -> None:
    kim = market.shop.customer("Kim", "Plum", email="kim@plum.example")
    market.shop.customer("Ada", "Castro", email="ada@example.com")
    query = '{ customers(first: 5, query: "email:\\"kim@plum.example\\"") { nodes { id displayName } } }'
    assert told(client, query)["data"]["customers"]["nodes"] == [{"id": kim.values["id"], "displayName": "Kim Plum"}]
    by_id = "query($id: ID!) { node(id: $id) { __typename id ... on Customer { firstName } } }"
    node = {"__typename": "Customer", "id": kim.values["id"], "firstName": "Kim"}
    assert told(client, by_id, id=kim.values["id"])["data"]["node"] == node
    assert told(client, by_id, id="gid://shopify/Customer/1")["data"]["node"] is None


def test_the_client_runs_a_bulk_operation(market: Market, client: Any) -> None:
    market.shop.order([("Chair", 1, "1.0"), ("Desk", 1, "1.0")])
    query = "{ orders { edges { node { id lineItems { edges { node { id title } } } } } } }"
    run = told(client, queries.BULK_RUN, query=query, grouped=True)["data"]["bulkOperationRunQuery"]
    assert run["userErrors"] == []
    state = told(client, queries.BULK_STATE, id=run["bulkOperation"]["id"])["data"]["bulkOperation"]
    assert (state["status"], state["url"]) == ("RUNNING", None)
    market.clock.advance(60)
    state = told(client, queries.BULK_STATE, id=run["bulkOperation"]["id"])["data"]["bulkOperation"]
    assert (state["status"], state["url"].startswith(market.server.url)) == ("COMPLETED", True)


def test_the_client_sees_what_a_query_cost(market: Market, client: Any) -> None:
    cost = told(client, "{ orders(first: 10) { nodes { id customer { id } } } }")["extensions"]["cost"]
    assert (cost["requestedQueryCost"], cost["actualQueryCost"]) == (22, 2)
    assert set(cost["throttleStatus"]) == {"maximumAvailable", "currentlyAvailable", "restoreRate"}


def test_the_client_is_throttled_inside_200(market: Market, client: Any) -> None:
    market.server.points.fill(market.clock.now())
    market.server.points.left = 10
    refused = told(client, "{ orders(first: 10) { nodes { id } } }")
    assert refused["errors"][0]["extensions"]["code"] == "THROTTLED"
    assert "data" not in refused
    market.clock.advance(1)
    assert "errors" not in told(client, "{ orders(first: 10) { nodes { id } } }")


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("{ orders(first: 250) { nodes { id customer { id } totalPriceSet { shopMoney { amount } } } } }", "max cost"),
        ("{ orders(first: 1) { nodes { colour } } }", "Field 'colour' doesn't exist on type 'Order'"),
        ("{ orders { nodes { id } } }", "you must provide one of first or last"),
        ("{ orders(first: 251) { nodes { id } } }", "between 0 and 250"),
        ("{ orders(first: 1) { nodes } }", "must have selections"),
        ("{ orders(first: 1) { rows { id } } }", "OrderConnection"),
        ("{ shop { name { first } } }", "must not have selections"),
        ("{ shop { ...Missing } }", "was used, but not defined"),
        ("{ shop { name }", "unexpected end of file"),
        ("{ shop { name } } ?", "syntax error"),
        ("query A { shop { id } } query B { shop { id } }", "operation name is required"),
        ("", "No operation"),
    ],
)
def test_the_client_is_told_what_is_wrong_with_a_document(
    market: Market, client: Any, document: str, message: str
) -> None:
    (error,) = told(client, document)["errors"]
    assert message in error["message"]


def test_a_cursor_of_another_listing_is_refused(market: Market, client: Any) -> None:
    refused = told(client, "query($after: String) { orders(first: 1, after: $after) { nodes { id } } }", after="odd")
    assert refused["data"] is None
    assert "Invalid cursor" in refused["errors"][0]["message"]


def test_what_the_stand_in_does_not_know_is_refused_and_not_passed_over(market: Market, client: Any) -> None:
    refused = told(client, "{ orders(last: 1) { nodes { id } } }")
    assert "does not know last" in refused["errors"][0]["message"]
    backwards = told(client, "{ orders(first: 1, reverse: true) { nodes { id } } }")
    assert "does not know reverse" in backwards["errors"][0]["message"]


def test_a_wrong_token_is_a_401(market: Market, client: Any) -> None:
    activate(market, "wrong")
    with pytest.raises(urllib.error.HTTPError) as refused:
        shopify.GraphQL().execute("{ shop { id } }")
    assert refused.value.code == 401
