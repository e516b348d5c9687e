"""Bulk operations: Shopify writes what a query finds into a file of JSON lines, which is fetched piece by piece.

"Perform bulk operations with the GraphQL Admin API" (read 2026-11-29): results are kept for seven days; up to five
operations of an app may run in a shop at a time (2026-01 and later). What hangs on a record stands on lines of its own
with ``__parentId``; with ``groupObjects`` they follow the record at once, so that only one has to be held at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import orjson

from connectors.core import answers
from connectors.core.http import Http
from connectors.shopify import queries
from connectors.shopify.graph import Graph, Json
from mapping.errors import ConcordError, ContractError, CursorExpiredError, GoneError, RateLimitedError, TransientError

PIECE = 8 * 1024 * 1024
"""Bytes of a result fetched at a time."""
BUSY = frozenset({"LIMIT_REACHED", "OPERATION_IN_PROGRESS"})
POLLS = (1.0, 2.0, 4.0, 8.0, 15.0, *(30.0,) * 18)
"""Seconds between two looks at an operation: ten minutes in all, after which the run comes back to it later."""
LATER = 120.0


@dataclass(frozen=True, slots=True)
class Result:
    """A finished file: its address, empty where nothing was found, and its size in bytes."""

    url: str
    size: int


def start(graph: Graph, query: str, *, grouped: bool) -> str:
    """The id of a new operation. Raises RateLimitedError where too many of ours run already."""
    told = graph.ask(queries.BULK_RUN, repeatable=False, query=query, grouped=grouped).data.get("bulkOperationRunQuery")
    errors = (told or {}).get("userErrors") or ()
    codes = {str(error.get("code")) for error in errors}
    if codes & BUSY:
        raise RateLimitedError("other bulk operations of this app are still running", retry_after=LATER)
    operation = (told or {}).get("bulkOperation")
    if errors or not operation:
        raise ContractError(f"Shopify refused the bulk operation: {', '.join(sorted(codes)) or 'no reason'}")
    return str(operation["id"])


def await_result(graph: Graph, operation: str) -> Result | None:
    """The result once it is there; None where the operation failed or was canceled.

    Raises RateLimitedError where it takes longer than a run waits, CursorExpiredError where Shopify no longer has it.
    """
    for seconds in (*POLLS, 0.0):
        told = graph.ask(queries.BULK_STATE, id=operation).data.get("bulkOperation")
        if told is None or told["status"] == "EXPIRED":
            raise CursorExpiredError("Shopify no longer has the result of this bulk operation")
        if told["status"] == "COMPLETED":
            return Result(told["url"] or "", int(told["fileSize"] or 0))
        if told["status"] in ("FAILED", "CANCELED"):
            return None
        if seconds:
            graph.runtime.meter.waited(seconds, "bulk operation")
            graph.runtime.sleep(seconds)
    raise RateLimitedError("the bulk operation is still running", retry_after=LATER)


def nodes(graph: Graph, result: Result, offset: int, lists: Sequence[str]) -> Iterator[tuple[Json, int]]:
    """Each record from a byte on, whole, and the byte where the one after it begins.

    ``lists`` names the only connection that may hang on a record; its rows become ``{"nodes": [...]}``.
    """
    held: dict[str, Any] | None = None
    begins = offset
    for line, after in _lines(graph, result, offset):
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError:
            raise ContractError("a line of a bulk operation's result is no JSON") from None
        parent = row.pop("__parentId", None)
        if parent is None:
            if held is not None:
                yield held, begins
            held = {**row, **{name: {"nodes": []} for name in lists}}
        elif held is None or parent != held["id"] or not lists:
            raise ContractError("a line of a bulk operation's result belongs to no record before it")
        else:
            held[lists[0]]["nodes"].append(row)
        begins = after
    if held is not None:
        yield held, begins


def _lines(graph: Graph, result: Result, offset: int) -> Iterator[tuple[bytes, int]]:
    """Each line that is not empty, and the byte after it."""
    if not result.url:
        return
    rest, at = b"", offset
    for piece in _pieces(graph, result, offset):
        *whole, rest = (rest + piece).split(b"\n")
        for line in whole:
            at += len(line) + 1
            if line.strip():
                yield line, at
    if rest.strip():
        yield rest, at + len(rest)


def _pieces(graph: Graph, result: Result, offset: int) -> Iterator[bytes]:
    url = httpx.URL(result.url)
    if url.scheme != "https" and url.scheme != httpx.URL(graph.base_url).scheme:
        raise ContractError("the result of a bulk operation lies at an address that is not encrypted")
    # Another place than the shop's, so a client of its own that carries no credentials there.
    http = Http(graph.runtime, str(url.copy_with(raw_path=b"/")), classify=_meaning)
    try:
        while offset < result.size:
            last = min(offset + PIECE, result.size) - 1
            # Not compressed: a range counts the bytes that are sent.
            headers = {"Range": f"bytes={offset}-{last}", "Accept-Encoding": "identity"}
            response = http.request("GET", result.url, headers=headers)
            piece = response.content if response.status_code == 206 else response.content[offset:]
            if not piece:
                raise TransientError("the result of a bulk operation broke off")
            yield piece
            offset += len(piece)
    finally:
        http.close()


def _meaning(response: httpx.Response) -> ConcordError | None:
    error = answers.classify(response)
    if isinstance(error, GoneError) or response.status_code in (400, 401, 403):
        return CursorExpiredError("the result of a bulk operation can no longer be fetched")
    return error
