"""How the stand-in searches: filter groups, one sort, 200 a page, 10,000 in all, and an index that may lag.

Rules from the vendor's search guide and changelog, read 2026-11-23: one sort, lower-case values for IN on text, no
archived records, a 400 for paging past 10,000. Of the published filter limits the strictest are kept: five groups, six
filters a group, eighteen in all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from connectors.hubspot.portal import Portal, PortalError, Record
from connectors.hubspot.portal_schema import instant, modified_property

MOST_RESULTS = 10_000
LARGEST_PAGE = 200
MOST_GROUPS, MOST_FILTERS, MOST_IN_GROUP = 5, 18, 6

Comparable = Any
Getter = Callable[[Record, Mapping[str, str]], Comparable]
Test = Callable[[Record, Mapping[str, str]], bool]


def search(portal: Portal, object_type: str, wanted: Mapping[str, Any]) -> tuple[list[Record], int, str]:
    """The page of matches, how many there are in all, and the next ``after`` ('' at the end). Raises PortalError."""
    limit, after = int(wanted.get("limit") or 10), int(wanted.get("after") or 0)
    if limit > LARGEST_PAGE:
        raise PortalError(400, "VALIDATION_ERROR", f"limit {limit} is more than the {LARGEST_PAGE} allowed")
    if after + limit > MOST_RESULTS:
        raise PortalError(400, "VALIDATION_ERROR", f"Paging past {MOST_RESULTS} results is not supported: {after}")
    groups = _groups(portal, object_type, wanted.get("filterGroups") or [])
    getter, descending = _sort(portal, object_type, wanted.get("sorts") or [])
    seen = portal.now() - portal.index_lag
    found: list[tuple[Comparable, Record]] = []
    for record in portal.live(object_type):
        values = _indexed(record, seen)
        if values is not None and (not groups or any(all(test(record, values) for test in group) for group in groups)):
            found.append((getter(record, values), record))
    found.sort(key=lambda pair: (pair[0] is not None, pair[0]), reverse=descending)
    end = after + limit
    return [record for _, record in found[after:end]], len(found), str(end) if end < len(found) else ""


def _indexed(record: Record, seen: datetime) -> Mapping[str, str] | None:
    if record.updated <= seen:
        return record.properties
    return record.indexed[1] if record.indexed else None


def _groups(portal: Portal, object_type: str, groups: Sequence[Mapping[str, Any]]) -> list[list[Test]]:
    sizes = [len(group["filters"]) for group in groups]
    if len(sizes) > MOST_GROUPS or sum(sizes) > MOST_FILTERS or any(size > MOST_IN_GROUP for size in sizes):
        raise PortalError(400, "VALIDATION_ERROR", "There are too many filter groups or filters")
    return [[_test(portal, object_type, each) for each in group["filters"]] for group in groups]


def _sort(portal: Portal, object_type: str, sorts: Sequence[Any]) -> tuple[Getter, bool]:
    if len(sorts) > 1:
        raise PortalError(400, "VALIDATION_ERROR", "Only one sort is allowed")
    if not sorts:
        return (lambda record, _: int(record.id)), False
    sort = sorts[0] if isinstance(sorts[0], dict) else {"propertyName": str(sorts[0]).lstrip("-")}
    descending = sort.get("direction") == "DESCENDING" or str(sorts[0]).startswith("-")
    return _getter(portal, object_type, sort["propertyName"])[0], descending


def _getter(portal: Portal, object_type: str, name: str) -> tuple[Getter, Callable[[str], Comparable], str]:
    prop = portal.drawer(object_type).properties.get(name)
    if prop is None:
        message = f"There was a problem with the request: unknown property {name}"
        raise PortalError(400, "VALIDATION_ERROR", message, context={"propertyName": [name]})
    if name == "hs_object_id":
        return (lambda record, _: int(record.id)), int, "number"
    parsers: dict[str, Callable[[str], Comparable]] = {"number": Decimal, "datetime": instant, "date": instant}
    parse = parsers.get(prop.type, str.lower)
    if name == modified_property(object_type):
        return _modified, instant, "datetime"

    def get(_: Record, values: Mapping[str, str]) -> Comparable:
        text = values.get(name)
        return None if text is None else parse(text)

    return get, parse, prop.type


def _modified(record: Record, values: Mapping[str, str]) -> datetime:
    return record.updated if values is record.properties else instant(values[modified_property(record.object)])


def _test(portal: Portal, object_type: str, wanted: Mapping[str, Any]) -> Test:
    get, parse, kind = _getter(portal, object_type, wanted["propertyName"])
    operator = wanted["operator"]
    if operator == "HAS_PROPERTY":
        return lambda record, values: get(record, values) is not None
    if operator == "NOT_HAS_PROPERTY":
        return lambda record, values: get(record, values) is None
    try:
        if operator in ("IN", "NOT_IN"):
            # String values are compared as given: an upper-case letter among them finds nothing.
            some = {value if kind == "string" else parse(value) for value in wanted["values"]}
            return (lambda r, v: get(r, v) in some) if operator == "IN" else (lambda r, v: get(r, v) not in some)
        low = parse(str(wanted["value"]))
        high = parse(str(wanted["highValue"])) if operator == "BETWEEN" else None
    except (KeyError, ValueError, InvalidOperation) as wrong:
        raise PortalError(400, "VALIDATION_ERROR", f"Invalid filter on {wanted['propertyName']}") from wrong
    return _comparison(operator, get, low, high)


def _comparison(operator: str, get: Getter, low: Comparable, high: Comparable) -> Test:
    compare: dict[str, Callable[[Comparable], bool]] = {
        "EQ": lambda value: value == low,
        "NEQ": lambda value: value != low,
        "GT": lambda value: value > low,
        "GTE": lambda value: value >= low,
        "LT": lambda value: value < low,
        "LTE": lambda value: value <= low,
        "BETWEEN": lambda value: low <= value <= high,
        "CONTAINS_TOKEN": lambda value: str(low).strip("*") in value,
        "NOT_CONTAINS_TOKEN": lambda value: str(low).strip("*") not in value,
    }
    if operator not in compare:
        raise PortalError(400, "VALIDATION_ERROR", f"Unknown operator {operator}")
    holds = compare[operator]
    return lambda record, values: (value := get(record, values)) is not None and holds(value)
