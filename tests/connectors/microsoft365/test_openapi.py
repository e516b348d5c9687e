"""What connector and stand-in say to each other fits Graph's OpenAPI document."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from connectors.core.auth import Bearer
from connectors.core.budget import Budget
from connectors.core.sandbox import Exchange
from connectors.microsoft365.graph import Graph
from mapping.contract import RemoteId, Slice
from mapping.errors import ConcordError
from tests.connectors.microsoft365.company import BAS, ILSE, Company, guests, mail, weekly

SHARED = Path(os.environ.get("CONCORD_SHARED") or Path(__file__).resolve().parents[3] / ".." / "shared")
DOCUMENT = SHARED / "specs" / "msgraph" / "graph-v1.0-mail-calendar.apisguru.json"
NOT_DESCRIBED = re.compile(r"/v1\.0/(\$batch|me|users/[^/]+)|/[^/]+/oauth2/.*")
"""The document has mail and calendars only."""
LATER = frozenset({"cancelledOccurrences", "exceptionOccurrences"})
"""Properties that came after the document, one of them to be expanded; Microsoft's client 1.65.0 knows them."""
TOKENS = frozenset({"$deltatoken", "$skiptoken"})

pytestmark = [
    pytest.mark.skipif(not DOCUMENT.is_file(), reason="the vendors' OpenAPI documents are not at hand"),
    pytest.mark.proof("contract", "Microsoft Graph's OpenAPI document, v1.0"),
]


@cache
def document() -> Mapping[str, Any]:
    found: Mapping[str, Any] = _plain(json.loads(DOCUMENT.read_text(encoding="utf-8")))
    return found


@cache
def operations() -> list[tuple[str, re.Pattern[str], Mapping[str, Any]]]:
    found = []
    for template, methods in document()["paths"].items():
        path = template.replace("/microsoft.graph.delta()", "/delta")
        pattern = re.compile(r"/v1\.0" + re.sub(r"\\\{[\w\\-]+\\\}", "[^/]+", re.escape(path)))
        for method, operation in methods.items():
            if isinstance(operation, dict):
                found.append((template.count("{"), method.upper(), pattern, operation))
    return [each[1:] for each in sorted(found, key=lambda each: each[0])]


def _plain(node: Any) -> Any:
    """OpenAPI 3.0 in JSON Schema's words; Graph leaves out the types that the document demands of every part."""
    if isinstance(node, list):
        return [_plain(each) for each in node]
    if not isinstance(node, dict):
        return node
    plain = {name: _plain(value) for name, value in node.items() if name not in ("discriminator", "pattern")}
    if plain.get("required") == ["@odata.type"]:
        del plain["required"]
    if plain.get("nullable") is True and isinstance(plain.get("type"), str):
        plain["type"] = [plain["type"], "null"]
    if plain.get("nullable") is True and "enum" in plain:
        plain["enum"] = [*plain["enum"], None]
    return plain


@cache
def properties(name: str) -> frozenset[str]:
    """All that a schema knows, with what it has of others."""
    schema = document()["components"]["schemas"][name]
    found = {*schema.get("properties", ())}
    for part in schema.get("allOf", ()):
        found |= {*part.get("properties", ())}
        if "$ref" in part:
            found |= properties(part["$ref"].rpartition("/")[2])
    return frozenset(found)


def problems(exchange: Exchange) -> Iterator[str]:
    """Where a request or its answer departs from the document."""
    request, reply = exchange.request, exchange.reply
    path = request.path
    found = [each for each in operations() if each[0] == request.method and each[1].fullmatch(path)]
    if not found:
        yield f"{request.method} {exchange.template} is no documented operation"
        return
    operation = found[0][2]
    asked = [_resolved(each) for each in operation.get("parameters", ())]
    known = {each["name"]: each for each in asked}
    span = {"startDateTime", "endDateTime"} if "calendarView" in path else set()
    span |= {"$expand"} if request.first("$expand") in LATER and exchange.template.endswith("/events/{id}") else set()
    yield from (f"{exchange.template}: parameter {name}" for name in {*request.query} - known.keys() - TOKENS - span)
    for name in ("$select", "$expand"):
        allowed = known.get(name, {}).get("schema", {}).get("items", {}).get("enum")
        for value in request.first(name).split(",") if name in request.query and allowed else ():
            if value not in allowed and value not in LATER:
                yield f"{exchange.template}: {name}={value}"
    kind = "2XX" if reply.status < 300 else "4XX" if reply.status < 500 else "5XX"
    answer = _resolved(operation["responses"].get(kind) or operation["responses"]["4XX"])
    if answer.get("content"):
        schema = next(iter(answer["content"].values()))["schema"]
        validator = Draft202012Validator({**schema, "components": document()["components"]})
        for error in validator.iter_errors(reply.body):
            yield f"{exchange.template}: {'.'.join(map(str, error.absolute_path))}: {error.message[:200]}"
    items = reply.body.get("value", [reply.body]) if isinstance(reply.body, dict) and reply.status < 300 else ()
    for item in items:
        kind_ = str(item.get("@odata.type", "")).lstrip("#")
        named = {name for name in item if not name.startswith("@")}
        if kind_:
            yield from (f"{kind_} has no {name}" for name in named - properties(kind_) - LATER)


def _resolved(node: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" not in node:
        return node
    _, *parts = node["$ref"].split("/")
    found: Any = document()
    for part in parts:
        found = found[part]
    resolved: Mapping[str, Any] = found
    return resolved


def exercise(company: Company, **config: Any) -> None:
    """Everything the connector ever asks: reads, increments, windows, single records, refusals."""
    company.connector(**config).check()
    company.diary.add(ILSE, "Team")
    ids = [company.box.deliver(mail(number)) for number in range(7)]
    company.box.deliver(mail(8), company.box.add_folder("Clients"))
    series = company.meet(attendees=guests((BAS, "accepted")), recurrence=weekly("monday", 6))
    company.diary.change(ILSE, f"{series.removesuffix('=')}_2026-05-11=", {"subject": "Moved"})
    company.diary.delete(ILSE, f"{series.removesuffix('=')}_2026-05-18=")
    single = company.meet("Team", calendar="Team")
    wish = {**config, "page_size": 3, "calendars": ["primary", "Team"]}
    for name, change in (("messages", company.box.delete), ("events", lambda id_: company.diary.delete(ILSE, id_))):
        stream = company.open(name, **wish)
        for slice_ in stream.slices():
            pages = list(stream.read(slice_, None))
            if slice_.key.startswith(ILSE):
                change(ids.pop() if name == "messages" else series if slice_.key == ILSE else single)
            assert list(stream.read(slice_, pages[-1].cursor))
            assert stream.window
            now = company.clock.now()
            list(stream.window(slice_, now - timedelta(days=9), now + timedelta(days=9), None))
        assert stream.get
        stream.get(Slice(ILSE), [RemoteId(id_) for id_ in (*ids, "AAMkx=")])
        company.server.forget()
        with pytest.raises(ConcordError):
            list(stream.read(slice_, pages[-1].cursor))


@pytest.mark.parametrize("config", [{}, {"bodies": True, "since": "2026-01-01"}, {"users": [ILSE, BAS]}])
def test_every_request_and_every_answer_fits_the_document(firm: Company, config: dict[str, Any]) -> None:
    exercise(firm, **config)
    described = [each for each in firm.server.exchanges if not NOT_DESCRIBED.fullmatch(each.request.path)]
    assert len(described) > 50
    assert {each.reply.status for each in described} >= {200, 404, 410}
    assert sorted({problem for each in described for problem in problems(each)}) == []


def test_what_does_not_fit_is_noticed(home: Company) -> None:
    home.box.deliver(mail(1, colour="red", isDraft="no"))
    home.read(bodies=True)
    told = [each for each in home.server.exchanges if each.template.endswith("/messages/delta")]
    assert "isDraft" in str([*problems(told[0])])
    home.server.exchanges.clear()
    graph = Graph(home.runtime(), home.server.url, Bearer(home.token()), page_size=3, budget=Budget())
    graph.get(graph.address("/mailFolders/inbox/messages/delta", {"$select": "subject,colour", "$nonsense": "1"}))
    found = str([*problems(home.server.exchanges[-1])])
    assert "$select=colour" in found
    assert "$nonsense" in found
