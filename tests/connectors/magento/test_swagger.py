"""What connector and stand-in say to each other fits Adobe's published Swagger document."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator
from ruamel.yaml import YAML

from connectors.core.sandbox import Exchange
from mapping.contract import RemoteId, Slice
from mapping.errors import ForbiddenError
from tests.connectors.magento.counter import Counter

SHARED = Path(os.environ.get("CONCORD_SHARED") or Path(__file__).resolve().parents[3] / ".." / "shared")
DOCUMENT = SHARED / "specs" / "adobe-commerce" / "admin-schema-2.4.9.yaml"
ANY_PLACE = re.compile(r"\[\d+\]")

pytestmark = [
    pytest.mark.skipif(not DOCUMENT.is_file(), reason="the shared folder with Adobe's Swagger document is not here"),
    pytest.mark.proof("contract", "Adobe Commerce's Swagger document 2.4.9 (admin)"),
]


@cache
def pieces() -> Mapping[str, str]:
    """The text of every path and definition by its name: to read a megabyte of YAML whole would take five seconds."""
    text = DOCUMENT.read_text(encoding="utf-8")
    parts = re.split(r"^  \"?([/\w{}.-]+)\"?:\n", text[text.index("\npaths:") :], flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@cache
def piece(name: str) -> Any:
    """A path or a definition, its references leading to places in ``schemas``."""
    return _plain(YAML(typ="safe").load(pieces()[name].partition("\nx-tagGroups")[0].partition("\ndefinitions:")[0]))


def _plain(node: Any) -> Any:
    """Definitions as JSON Schema. What is not required may be null: Magento tells most of what is empty as null, which
    the document, like all of Swagger 2.0, has no word for."""
    if isinstance(node, list):
        return [_plain(one) for one in node]
    if not isinstance(node, dict):
        return node
    plain = {name: _plain(value) for name, value in node.items()}
    if isinstance(plain.get("properties"), dict):
        optional = plain["properties"].keys() - set(plain.get("required", ()))
        nullable = {name: {"anyOf": [plain["properties"][name], {"type": "null"}]} for name in optional}
        plain["properties"] = {**plain["properties"], **nullable}
    return plain


@cache
def schemas(name: str) -> Mapping[str, Any]:
    """The definition of that name and all that it leads to, by name."""
    found: dict[str, Any] = {}
    waiting = [name]
    while waiting:
        one = waiting.pop()
        if one not in found:
            found[one] = piece(one)
            waiting += re.findall(r"#/definitions/([\w.-]+)", pieces()[one])
    return found


def problems(exchange: Exchange) -> Iterator[str]:
    """Where a request or its answer departs from the document."""
    request, reply = exchange.request, exchange.reply
    path = "/" + request.path.split("/", 3)[3]
    if path not in pieces():
        yield f"{path} is no documented path"
        return
    operation = piece(path)[request.method.lower()]
    documented = {ANY_PLACE.sub("[]", one["name"]): one for one in operation["parameters"]}
    for name, (value, *_) in request.query.items():
        if name == "fields":  # every search takes it ("Retrieve filtered responses for REST APIs")
            continue
        parameter = documented.get(ANY_PLACE.sub("[]", name))
        if parameter is None:
            yield f"{path} takes no {name}"
        elif parameter["type"] == "integer" and not value.isdigit():
            yield f"{path} {name} is a number"
    answer = operation["responses"].get(str(reply.status)) or operation["responses"]["default"]
    body = reply.body
    if "parameters" in body:  # a list in the document, an object on the wire wherever one was seen
        body = {**body, "parameters": [body["parameters"]]}
    yield from _departures(_plain(answer["schema"]), body, path, partial="fields" in request.query)


def _departures(schema: Mapping[str, Any], body: Any, where: str, *, partial: bool) -> Iterator[str]:
    (reference,) = re.findall(r"#/definitions/([\w.-]+)", str(schema))
    whole = {**schema, "definitions": schemas(reference)}
    for error in Draft4Validator(whole).iter_errors(body):
        if not (partial and error.validator == "required"):
            yield f"{where}: {'.'.join(map(str, error.absolute_path))}: {error.message[:200]}"


def test_every_request_and_every_answer_fits_the_document(counter: Counter) -> None:
    shop = counter.shop
    who = shop.customer("kim@plum.example", company="Plum BV", vat_id="NL123456789B01")
    order = shop.order("59.99", who, billing={"company": "Plum BV"})
    shop.invoice(order, "ch_1Abc")
    shop.ship(order)
    shop.refund(order, "9.99")
    shop.cancel(shop.order())
    shop.cart(["1.50", "2"], who)
    shop.cart(["1.50"], email="ann@plum.example")
    connector = counter.connector(page_size=2)
    connector.check()
    for stream in connector.streams():
        assert stream.window
        assert stream.get
        assert stream.ids
        cursor = list(stream.read(Slice(), None))[-1].cursor
        list(stream.read(Slice(), cursor))
        list(stream.window(Slice(), counter.clock.now().replace(year=2020), counter.clock.now(), None))
        assert list(stream.ids(Slice()))
        stream.get(Slice(), [RemoteId("1"), RemoteId("999")])
    counter.server.tokens["little"] = frozenset({"Magento_Sales::actions_view"})
    with pytest.raises(ForbiddenError):
        counter.read(access_token="little")
    exchanges = list(counter.server.exchanges)
    assert {one.reply.status for one in exchanges} == {200, 401}
    found = sorted({problem for one in exchanges for problem in problems(one)})
    assert not found, "\n".join(found)
