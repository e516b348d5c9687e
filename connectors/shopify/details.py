"""The rest of an order that holds more lines, refunds or transactions than come along with it."""

from __future__ import annotations

from typing import Any

from connectors.core.paging import by_cursor
from connectors.shopify import queries
from connectors.shopify.graph import Graph, Json
from connectors.shopify.queries import PIECES_AT_ONCE
from mapping.errors import GoneError


def complete(graph: Graph, node: Json) -> Json | None:
    """The node with all its lines, refunds and transactions; one that holds them already costs no request.

    None where the order was deleted meanwhile, so that nothing is stored half.

    Lines are a connection that says whether more follows. Refunds and transactions are plain lists that are cut at what
    was asked for, so one that is as long may have been cut.
    """
    try:
        return _complete(graph, node)
    except GoneError:
        return None


def _complete(graph: Graph, node: Json) -> Json:
    whole: dict[str, Any] = dict(node)
    listing = node.get("lineItems")
    if isinstance(listing, dict) and (listing.get("pageInfo") or {}).get("hasNextPage"):
        start = listing["pageInfo"]["endCursor"]
        rest = by_cursor(lambda after: _order(graph, queries.LINES, node, after=after)["lineItems"], _next, start)
        whole["lineItems"] = {"nodes": [*listing["nodes"], *(line for leaf in rest for line in leaf.page["nodes"])]}
    for name, document in (("refunds", queries.ALL_REFUNDS), ("transactions", queries.ALL_TRANSACTIONS)):
        found = node.get(name)
        if isinstance(found, list) and len(found) == PIECES_AT_ONCE:
            whole[name] = _order(graph, document, node)[name]
    return whole


def _order(graph: Graph, document: str, node: Json, **more: Any) -> Json:
    order = graph.ask(document, id=node["id"], **more).data.get("order")
    if not isinstance(order, dict):
        raise GoneError("an order was deleted while the rest of it was asked for")
    return order


def _next(listing: Json) -> str | None:
    return listing["pageInfo"]["endCursor"] if listing["pageInfo"]["hasNextPage"] else None
