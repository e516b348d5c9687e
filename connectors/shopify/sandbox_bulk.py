"""Bulk operations of the stand-in: a query is run over everything, and its result lies in a file of JSON lines."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from connectors.core.exchange import Reply, Request
from connectors.shopify.sandbox_answers import Listing, Reading, Resolve
from connectors.shopify.sandbox_documents import DocumentError, Field, Fragment, Operation, parse
from connectors.shopify.sandbox_types import TYPES

AT_ONCE = 5
"""Operations of an app that may run at a time (2026-01 and later)."""
KEPT = timedelta(days=7)


@dataclass(slots=True)
class Bulk:
    """One operation. It is done ``done`` at, unless ``failed``."""

    id: str
    query: str
    began: datetime
    done: datetime
    rows: Sequence[str]
    roots: int
    failed: str = ""

    def status(self, now: datetime) -> str:
        """The state it is in."""
        if now >= self.began + KEPT:
            return "EXPIRED"
        return "RUNNING" if now < self.done else "FAILED" if self.failed else "COMPLETED"

    def file(self) -> bytes:
        """The result."""
        return "".join(f"{row}\n" for row in self.rows).encode()


@dataclass(slots=True)
class Bulks:
    """The operations of a shop. ``seconds`` is how long one runs; ``fails`` is what the next ones come to, if set."""

    resolve: Resolve
    now: Callable[[], datetime]
    seconds: float = 20.0
    fails: str = ""
    running: dict[str, Bulk] = field(default_factory=dict)

    def run(self, query: str, grouped: bool) -> Mapping[str, Any]:
        """The payload of ``bulkOperationRunQuery``."""
        now = self.now()
        if sum(one.status(now) == "RUNNING" for one in self.running.values()) >= AT_ONCE:
            return _refused("LIMIT_REACHED", "Too many bulk operations are running")
        try:
            rows, roots = self._rows(parse(query), grouped)
        except DocumentError as wrong:
            return _refused("INVALID", f"Invalid bulk query: {wrong}")
        id_ = f"gid://shopify/BulkOperation/{len(self.running) + 1}"
        self.running[id_] = Bulk(id_, query, now, now + timedelta(seconds=self.seconds), rows, roots, self.fails)
        return {"bulkOperation": self.told(id_, ""), "userErrors": []}

    def told(self, id_: str, address: str) -> dict[str, Any] | None:
        """An operation as the API shows it; its file lies under ``address``."""
        one = self.running.get(id_)
        if one is None:
            return None
        status = one.status(self.now())
        there = status == "COMPLETED" and bool(one.rows)
        return {
            "id": one.id,
            "type": "QUERY",
            "status": status,
            "errorCode": one.failed or None if status == "FAILED" else None,
            "createdAt": one.began.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "completedAt": one.done.strftime("%Y-%m-%dT%H:%M:%SZ") if status == "COMPLETED" else None,
            "objectCount": str(len(one.rows)),
            "rootObjectCount": str(one.roots),
            "fileSize": str(len(one.file())) if there else None,
            "url": f"{address}/bulk/{id_.rpartition('/')[2]}.jsonl?signature=sandbox-signature" if there else None,
            "partialDataUrl": None,
            "query": one.query,
        }

    def fetch(self, request: Request) -> Reply:
        """The file, or the part of it that is asked for by ``Range``."""
        one = self.running.get(f"gid://shopify/BulkOperation/{request.params['number']}")
        if one is None or one.status(self.now()) != "COMPLETED" or request.first("signature") != "sandbox-signature":
            return Reply(403, b"<Error><Code>ExpiredToken</Code></Error>")
        file, asked = one.file(), request.headers.get("range", "")
        if not asked:
            return Reply(200, file)
        first, last = (int(each) for each in asked.removeprefix("bytes=").split("-"))
        span = f"bytes {first}-{min(last, len(file) - 1)}/{len(file)}"
        return Reply(206, file[first : last + 1], {"Content-Range": span})

    def _rows(self, operation: Operation, grouped: bool) -> tuple[list[str], int]:
        """Each record as a line, and what hangs on it as lines behind it, or behind all records where not grouped."""
        (root,) = operation.selection if len(operation.selection) == 1 else (None,)
        known = TYPES["QueryRoot"].get(root.name) if isinstance(root, Field) else None
        if not isinstance(root, Field) or known is None or not known.connection:
            raise DocumentError("a bulk query has one connection at its top")
        reading = Reading(Operation("query", "", (_everything(root, known.type),)), {}, self.resolve)
        reading.price()
        data = reading.run()
        if data is None:
            raise DocumentError("access denied")
        nodes = [edge["node"] for edge in data[root.key]["edges"]]
        parents, children = list[str](), list[str]()
        for node in nodes:
            plain = {name: value for name, value in node.items() if not _is_connection(value)}
            below = [
                json.dumps({**edge["node"], "__parentId": node["id"]})
                for value in node.values()
                if _is_connection(value)
                for edge in value["edges"]
            ]
            parents.append(json.dumps(plain))
            (parents if grouped else children).extend(below)
        return [*parents, *children], len(nodes)


def _is_connection(value: Any) -> bool:
    return isinstance(value, Mapping) and "edges" in value


def _everything(asked: Field, type_: str) -> Field:
    """The field with every connection in it unbounded: a bulk query passes over ``first``."""
    selection = tuple(_unbounded(part, type_) for part in asked.selection)
    return Field(asked.name, asked.key, {**asked.arguments, "first": 0, "bulk": True}, selection)


def _unbounded(part: Field | Fragment, type_: str) -> Field | Fragment:
    if isinstance(part, Fragment):
        return Fragment(part.on, tuple(_unbounded(each, part.on or type_) for each in part.selection))
    if part.name in ("edges", "node", "nodes"):
        return Field(part.name, part.key, part.arguments, tuple(_unbounded(each, type_) for each in part.selection))
    known = TYPES.get(type_, {}).get(part.name)
    return _everything(part, known.type) if known is not None and known.connection else part


def _refused(code: str, message: str) -> dict[str, Any]:
    return {"bulkOperation": None, "userErrors": [{"code": code, "field": None, "message": message}]}


def whole(rows: Sequence[Mapping[str, Any]]) -> Listing:
    """All of a connection at once, as only bulk operations get it."""
    return Listing(rows, [""] * len(rows))


def lines(file: bytes) -> Iterator[Any]:
    """The rows of a result."""
    return (json.loads(line) for line in file.splitlines())
