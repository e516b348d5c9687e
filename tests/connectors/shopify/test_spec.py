"""Questions and answers held to Shopify's published schema (Admin GraphQL 2026-10), webhooks to theirs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from typing import Any

import graphql
import jsonschema
import pytest
from graphql.execution.values import get_variable_values

from connectors.shopify import queries
from connectors.shopify.sandbox_types import TYPES
from mapping.contract import RemoteId
from tests.connectors.shopify.market import WHOLE, Market
from tests.connectors.shopify.schema import SPECS, schema

pytestmark = [
    pytest.mark.skipif(not SPECS.is_dir(), reason="the shared folder with Shopify's schema is not here"),
    pytest.mark.proof("contract", "Shopify's Admin GraphQL schema (2026-10)"),
]


def fill(market: Market) -> dict[str, str]:
    """A shop with something of everything; the id of one record by stream."""
    shop = market.shop
    home = {"name": "Kim Plum", "address1": "Road 1", "city": "Ede", "countryCodeV2": "NL", "zip": "6711 AB"}
    kim = shop.customer("Kim", "Plum", email="kim@plum.example", phone="+31612345678", subscribed=True, address=home)
    order = shop.order([("Chair", 1, "10.0")] * 12, customer=kim, address=home, purchasingEntity=shop.company("Plum"))
    for _ in range(6):
        shop.refund(order, "1.0", note="Scratched")
    shop.order(purchasingEntity=None)
    draft = shop.draft_order(customer=kim, purchasingEntity=shop.company("Plum", "NL001"), order=order.values)
    checkout = shop.checkout(customer=kim, billingAddress=shop.address(**home))
    held = {"customers": kim, "orders": order, "draft_orders": draft, "abandoned_checkouts": checkout}
    for _ in range(2):
        shop.customer("Ada", email="ada@example.com")
        shop.order()
        shop.draft_order()
        shop.checkout()
    return {stream: str(one.number) for stream, one in held.items()}


def exercise(market: Market) -> None:
    """Asks for everything in every way that the connector knows."""
    ids = fill(market)
    market.connector().check()
    for name, id_ in ids.items():
        stream = market.open(name, page_size=2, bulk_above=None)
        cursor = list(stream.read(WHOLE, None))[-1].cursor
        list(stream.read(WHOLE, cursor))
        assert stream.window
        assert stream.ids
        assert stream.get
        now = market.clock.now()
        list(stream.window(WHOLE, now - timedelta(days=1), now + timedelta(days=1), None))
        list(stream.ids(WHOLE))
        assert stream.get(WHOLE, [RemoteId(id_), RemoteId("1")])
        market.read(name, page_size=2, bulk_above=0)


@cache
def parsed(document: str) -> graphql.DocumentNode:
    """A document that is valid and asks for nothing deprecated."""
    found = graphql.parse(document, no_location=True)
    assert graphql.validate(schema(), found, [*graphql.specified_rules, graphql.NoDeprecatedCustomRule]) == []
    return found


def told_again(document: graphql.DocumentNode, data: Mapping[str, Any]) -> graphql.ExecutionResult:
    """The answer as a server over the published schema gives it on from the data: what is missing, null or of another
    kind than the schema has it becomes an error."""
    kinds = {"PurchasingCompany": "PurchasingCompany", "Customer": "Customer"}

    def type_of(value: Any, *_: Any) -> str:
        return kinds.get(value.get("__typename"), "") or str(value["id"]).split("/")[3]

    def field_of(value: Any, info: graphql.GraphQLResolveInfo[Any], **_: Any) -> Any:
        return value.get(info.path.key)

    result = graphql.execute(
        schema(),
        document,
        root_value=data,
        field_resolver=field_of,
        type_resolver=type_of,
        variable_values=ANY_VARIABLES,
    )
    assert isinstance(result, graphql.ExecutionResult)
    return result


ANY_VARIABLES = {
    "first": 1, "sort": "ID", "id": "gid://shopify/Order/1", "ids": [], "query": "", "grouped": True, "limit": 1,
}  # fmt: skip


def test_every_question_is_valid_and_every_answer_is_one_to_it(market: Market) -> None:
    exercise(market)
    asked = [one for one in market.server.exchanges if one.request.path.endswith("graphql.json")]
    assert len({one.request.json()["query"] for one in asked}) == len(documents())
    for exchange in asked:
        body = exchange.request.json()
        document = parsed(body["query"])
        (operation,) = document.definitions
        assert isinstance(operation, graphql.OperationDefinitionNode)
        variables = get_variable_values(schema(), operation.variable_definitions or (), body["variables"])
        assert not isinstance(variables, list), variables
        again = told_again(document, exchange.reply.body["data"])
        assert (again.errors, again.data) == (None, exchange.reply.body["data"])


def documents() -> list[str]:
    """Every document of the connector."""
    found = [queries.SHOP, queries.LINES, queries.ALL_REFUNDS, queries.ALL_TRANSACTIONS]
    found += [queries.BULK_RUN, queries.BULK_STATE]
    for source in queries.SOURCES:
        found += [source.page(), source.page(counted=True), source.ids(), source.nodes()]
    return found


@pytest.mark.parametrize("document", [*documents(), *(one.bulk("id:>5") for one in queries.SOURCES)])
def test_a_document_is_valid_without_anything_deprecated(document: str) -> None:
    assert parsed(document)


@pytest.mark.parametrize("type_", TYPES)
def test_the_stand_in_knows_a_type_as_it_is_published(type_: str) -> None:
    published = schema().type_map[type_]
    assert isinstance(published, graphql.GraphQLObjectType | graphql.GraphQLInterfaceType)
    for name, known in TYPES[type_].items():
        kind = published.fields[name].type
        bare = graphql.get_named_type(kind)
        assert known.required == graphql.is_non_null_type(kind), name
        assert known.many == graphql.is_list_type(graphql.get_nullable_type(kind)), name
        assert known.connection == bare.name.endswith("Connection"), name
        leads_on = graphql.is_composite_type(bare)
        assert known.type == (bare.name.removesuffix("Connection") if leads_on else ""), name


@pytest.mark.parametrize("topic", ["orders/create", "orders/updated", "customers/create", "customers/update"])
def test_a_webhook_names_its_record_by_the_global_id_that_is_read_out_of_it(topic: str) -> None:
    published = json.loads((SPECS / "webhooks-2026-07" / f"{topic}.json").read_text(encoding="utf-8"))
    assert {"admin_graphql_api_id", "id"} <= set(published["required"])
    assert published["properties"]["admin_graphql_api_id"]["type"] == "string"


@pytest.mark.parametrize(("topic", "body"), [
    ("orders/delete", {"id": 5001}),
    ("customers/delete", {"id": 5001, "admin_graphql_api_id": "gid://shopify/Customer/5001", "tax_exemptions": []}),
])  # fmt: skip
def test_a_deletion_says_no_more_than_is_read_out_of_it(topic: str, body: Mapping[str, Any]) -> None:
    published = json.loads((SPECS / "webhooks-2026-07" / f"{topic}.json").read_text(encoding="utf-8"))
    jsonschema.validate(body, published)
    assert set(published["properties"]) == set(body)
