"""What connector, client and stand-in say to each other fits the vendor's OpenAPI documents."""

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
from mapping.contract import Change, Op, RemoteId
from tests.connectors.hubspot.desk import Desk, sample

SHARED = Path(os.environ.get("CONCORD_SHARED") or Path(__file__).resolve().parents[3] / ".." / "shared")
DOCUMENTS = SHARED / "specs" / "hubspot"
KINDS = "Contacts Companies Deals Tickets Emails Meetings Calls Notes Associations Properties Objects"

pytestmark = [
    pytest.mark.skipif(not DOCUMENTS.is_dir(), reason="the vendors' OpenAPI documents are not at hand"),
    pytest.mark.proof("contract", "HubSpot's OpenAPI documents"),
]


@cache
def operations() -> list[tuple[str, re.Pattern[str], Mapping[str, Any], Mapping[str, Any]]]:
    """Method, path pattern, operation and document of every operation, the least general first."""
    found = []
    for kind in KINDS.split():
        for path in DOCUMENTS.glob(f"CRM__{kind}__*__v[34].json"):
            document = _plain(json.loads(path.read_text(encoding="utf-8")))
            for template, methods in document["paths"].items():
                pattern = re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template)))
                for method, operation in methods.items():
                    found.append((template.count("{"), method.upper(), pattern, operation, document))
    return [each[1:] for each in sorted(found, key=lambda each: each[0])]


def _plain(node: Any) -> Any:
    """OpenAPI 3.0 in JSON Schema's words, but for two points in which the documents are behind the vendor's own guides
    and clients: an empty property is null, and a sort may be an object of property and direction (search guide).
    """
    if isinstance(node, list):
        return [_plain(each) for each in node]
    if not isinstance(node, dict):
        return node
    plain = {name: _plain(value) for name, value in node.items()}
    free = plain.get("additionalProperties")
    if isinstance(free, dict) and free.get("type") == "string":
        plain["additionalProperties"] = {"type": ["string", "null"]}
    if isinstance(plain.get("sorts"), dict):
        plain["sorts"] = {"type": "array", "items": {"type": ["string", "object"]}}
    return plain


def problems(exchange: Exchange) -> Iterator[str]:
    """Where a request or its answer departs from the documents."""
    request, reply = exchange.request, exchange.reply
    found = [each for each in operations() if each[0] == request.method and each[1].fullmatch(request.path)]
    if not found:
        yield f"{request.method} {request.path} is no documented operation"
        return
    _, _, operation, document = found[0]
    documented = {each["name"] for each in operation.get("parameters", ())}
    yield from (f"{request.path}: parameter {name}" for name in set(request.query) - documented)
    if "requestBody" in operation:
        yield from _departures(operation["requestBody"], request.json(), document, f"{request.path} asked")
    answer = operation["responses"].get(str(reply.status))
    if answer is None:
        answer = operation["responses"]["default"]
        assert reply.status >= 400, f"{request.path}: status {reply.status} is not documented"
        yield from _departures(
            {"content": {"": {"schema": {"$ref": "#/components/schemas/Error"}}}}, reply.body, document, request.path
        )
    elif answer.get("content"):
        yield from _departures(answer, reply.body, document, f"{request.path} answered")


def _departures(part: Mapping[str, Any], body: Any, document: Mapping[str, Any], where: str) -> Iterator[str]:
    schema = next(iter(part["content"].values()))["schema"]
    validator = Draft202012Validator({**schema, "components": document["components"]})
    for error in validator.iter_errors(body):
        yield f"{where}: {'.'.join(map(str, error.absolute_path))}: {error.message[:200]}"


def exercise(desk: Desk) -> None:
    """Everything the connector ever asks: reads, increments, merges, archives, writes, refusals, associations."""
    desk.connector().check()
    cursors = {}
    for kind in ("contacts", "companies", "deals", "tickets", "emails", "meetings", "calls", "notes"):
        made = [desk.portal.create(kind, sample(kind, number)) for number in range(3)]
        stream = desk.open(kind)
        cursors[kind] = desk.read(stream).cursor
        desk.clock.advance(600)
        desk.portal.archive(kind, made[0].id)
        desk.portal.merge(kind, made[1].id, made[2].id)
        desk.clock.advance(600)
        assert desk.read(desk.open(kind), cursors[kind]).tombstones
        assert stream.ids
        list(stream.ids(stream.slices()[0]))
    person = desk.portal.contacts.all()[0]
    for kind in ("contacts", "companies", "emails", "meetings", "calls", "notes"):
        writes = desk.writes(kind)
        new = [
            Change(f"n{number}", Op.UPSERT, external_id=f"x{number}", set=sample(kind, 50 + number))
            for number in range(3)
        ]
        made_up = Change(
            "bad",
            Op.UPSERT,
            external_id="x9",
            set={"hubspot_owner_id": "1"} | ({"email": "bad"} if kind == "contacts" else {}),
        )
        outcomes = writes.write(kind, [*new, made_up])
        first = outcomes[0].remote_id
        assert first
        writes.fetch(kind, [first, RemoteId("999")])
        writes.find(kind, "hubspot_owner_id", ["1"])
        if kind not in ("contacts", "companies"):
            refs = {"contact": [f"contacts:{person.id}"], "company": ["companies:999"]}
            for op in (Op.ASSOCIATE, Op.DISSOCIATE):
                writes.write(kind, [Change("link", op, remote_id=first, refs=refs)])
        writes.write(kind, [Change("gone", Op.UPDATE, remote_id=RemoteId("999"), clear=("hubspot_owner_id",))])
        writes.write(kind, [Change("away", Op.ARCHIVE, remote_id=first)])


@pytest.mark.parametrize("verbs", [frozenset({"create", "update", "upsert"}), frozenset[str]()])
def test_every_request_and_every_answer_fits_the_documents(verbs: frozenset[str]) -> None:
    desk = Desk(multi_status=verbs)
    try:
        exercise(desk)
        undocumented = {"/account-info/v3/details"}
        exchanges = [each for each in desk.server.exchanges if each.request.path not in undocumented]
        assert len(exchanges) > 100
        assert {200, 201, 204, 207} <= {each.reply.status for each in exchanges}
        found = sorted({problem for each in exchanges for problem in problems(each)})
        assert not found, "\n".join(found)
    finally:
        desk.close()
