"""Requests and answers held to BigCommerce's OpenAPI documents."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from connectors.core.sandbox import Exchange
from mapping.contract import RemoteId, Slice
from tests.connectors.bigcommerce.mall import BILLING, Mall, line

SHARED = Path(os.environ.get("CONCORD_SHARED") or Path(__file__).resolve().parents[3] / ".." / "shared")
DOCUMENTS = SHARED / "specs" / "bigcommerce"
FILES = {"v2/store": "store_information.v2", "v2/orders": "orders.v2.oas2", "v3/customers": "customers.v3"}

pytestmark = [
    pytest.mark.skipif(not DOCUMENTS.is_dir(), reason="BigCommerce's OpenAPI documents are not at hand"),
    pytest.mark.proof("contract", "BigCommerce's OpenAPI documents"),
]


@cache
def document(name: str) -> Any:
    """One document, in JSON Schema's words."""
    return _plain(YAML(typ="safe").load((DOCUMENTS / f"{name}.yml").read_text(encoding="utf-8")))


def _plain(node: Any) -> Any:
    """OpenAPI 3.0's ``nullable`` as a further type, without examples and without formats that JSON Schema lacks.

    The document says that a text stands where the API answers, in its own example, with null or a number: a part whose
    ``oneOf`` has texts and numbers alike may be any of them.
    """
    if isinstance(node, list):
        return [_plain(each) for each in node]
    if not isinstance(node, dict):
        return node
    plain = {str(name): _plain(value) for name, value in node.items() if name not in ("example", "examples", "format")}
    if plain.pop("nullable", False) and isinstance(plain.get("type"), str):
        plain["type"] = [plain["type"], "null"]
    if "oneOf" in plain:
        plain["anyOf"] = plain.pop("oneOf")
    return plain


def resolved(node: Any, whole: Any) -> Any:
    """What a reference stands for."""
    while isinstance(node, dict) and "$ref" in node:
        found = whole
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part.replace("~1", "/")]
        node = found
    return node


def problems(exchange: Exchange) -> Iterator[str]:
    """Where a request or its answer departs from the documents."""
    path = exchange.request.path.split("/", 3)[3]
    name = "orders.v3" if path.startswith("v3/orders") else FILES[path]
    whole = document(name)
    template = next(each for each in whole["paths"] if re.fullmatch(re.sub(r"\{\w+\}", r"\\d+", each), path[2:]))
    item = whole["paths"][template]
    operation = item["get"]
    given = [resolved(each, whole) for each in (*item.get("parameters", ()), *operation.get("parameters", ()))]
    asked = set(exchange.request.query)
    yield from (f"{path}: parameter {each}" for each in asked - {each["name"] for each in given})
    for each in given:
        choices = (each["schema"].get("items") or {}).get("enum") if each["name"] == "include" else None
        told = exchange.request.first(each["name"])
        if choices and told:
            yield from (f"{path}: include {one}" for one in told.split(",") if one not in choices)
    if exchange.reply.status == 204 and name == "orders.v2.oas2":
        return  # an empty page: in the guide on errors of v2, and not in the document
    schema = resolved(operation["responses"][str(exchange.reply.status)], whole)["content"]["application/json"][
        "schema"
    ]
    rooted = {**whole, "$schema": "https://json-schema.org/draft/2020-12/schema", **resolved(schema, whole)}
    for error in Draft202012Validator(rooted).iter_errors(exchange.reply.body):
        yield f"{path}: {error.json_path}: {error.message[:120]}"


def test_every_request_and_every_answer_fits_the_documents(mall: Mall) -> None:
    name = {"first_name": "Ada", "last_name": "Castro"}
    address = {**name, "address1": "Dam 1", "city": "Amsterdam", "country_code": "NL", "country": "Netherlands"}
    ada = mall.store.customer("ada@example.com", **name, addresses=[address])
    fee = {"id": 1, "type": "custom_fee", "display_name_customer": "Gift wrap", "cost_ex_tax": "1.20"}
    order = mall.buy(lines=[line(quantity=2)], customer_id=ada, billing=BILLING, fees=(fee,))
    mall.store.refund(order, "1.00", "late")
    for each in ("orders", "customers"):
        stream = mall.open(each)
        cursor = mall.read(each).cursor
        mall.clock.advance(86_400)
        mall.read(each, cursor)
        assert stream.get
        assert stream.ids
        assert len(stream.get(Slice(), [RemoteId(str(order)), RemoteId(str(ada))])) == 1
        assert sum(map(len, stream.ids(Slice()))) == 1
        if stream.window:
            list(stream.window(Slice(), mall.clock.now(), mall.clock.now(), None))
    mall.connector().check()
    seen = {exchange.request.path.rsplit("/", 1)[1] for exchange in mall.server.exchanges}
    assert seen == {"orders", "customers", "refunds", "store"}
    found = [one for exchange in mall.server.exchanges for one in problems(exchange)]
    assert not found, "\n".join(found)


def test_an_answer_that_does_not_fit_is_found_out(mall: Mall) -> None:
    mall.buy(status_id=11, items_total="two")
    mall.read()
    assert any("items_total" in each for each in problems(mall.server.exchanges[0]))
