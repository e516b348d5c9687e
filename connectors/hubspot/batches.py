"""Sending a batch so that each change has its own outcome, whatever HubSpot does with the whole.

With an ``objectWriteTraceId`` on every input HubSpot reports bad inputs one by one (207, documented for creates). Where
it refuses the whole batch for one of them (a 409 for a taken email, reported by integrators), the batch is halved until
the bad ones stand alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from connectors.hubspot.api import MOST_INPUTS, Api, Json
from connectors.hubspot.refusals import RefusedError, existing, reason
from mapping.contract import Change, Outcome, RemoteId, Status
from mapping.errors import AuthError, ConcordError, ForbiddenError, TransientError, UnknownOutcomeError

T = TypeVar("T")

STOPPED = (AuthError, ForbiddenError, TransientError)
"""What stops every request, not only this one."""


@dataclass(frozen=True, slots=True)
class Item:
    """A change made ready: the id to address it by, of which property ('' for the record id), and the texts to set."""

    change: Change
    id: str
    key: str
    values: Mapping[str, str]


def rounds(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    """The items in runs of at most a hundred, none of which holds an id twice: HubSpot refuses such a batch."""
    left = list(items)
    while left:
        run: dict[tuple[str, str], Item] = {}
        later: list[Item] = []
        for item in left:
            full = len(run) == MOST_INPUTS or (item.key, item.id) in run
            if full:
                later.append(item)
            else:
                run[item.key, item.id] = item
        yield list(run.values())
        left = later


def send(api: Api, kind: str, verb: str, items: Sequence[Item]) -> Iterator[Outcome]:
    """One outcome an item of ``batch/update`` or ``batch/upsert``, in any order.

    A lost answer makes the outcomes UNKNOWN. Raises what stops every request: login, scope, rate, connection.
    """
    inputs = [
        {"id": item.id, "properties": item.values, "objectWriteTraceId": str(number)}
        | ({"idProperty": item.key} if item.key else {})
        for number, item in enumerate(items)
    ]
    path = f"/crm/v3/objects/{kind}/batch/{verb}"

    def post(some: Sequence[int]) -> Iterator[Outcome]:
        answer = api.write(path, {"inputs": [inputs[number] for number in some]})
        return _outcomes({number: items[number] for number in some}, answer)

    def fail(number: int, why: RefusedError) -> Outcome:
        found = RemoteId(why.existing) if why.existing else None
        return Outcome(items[number].change.key, Status.FAILED, found, error=why.reason)

    def unknown(number: int, why: ConcordError) -> Outcome:
        return Outcome(items[number].change.key, Status.UNKNOWN, items[number].change.remote_id, error=str(why))

    return halved(range(len(items)), post, fail, unknown)


def halved(
    items: Sequence[T],
    post: Callable[[Sequence[T]], Iterator[Outcome]],
    fail: Callable[[T, RefusedError], Outcome],
    unknown: Callable[[T, ConcordError], Outcome],
) -> Iterator[Outcome]:
    """The outcomes of ``post``; a run that is refused is halved until what is refused is a single item."""
    try:
        outcomes = post(items)
    except UnknownOutcomeError as lost:
        outcomes = iter([unknown(item, lost) for item in items])
    except RefusedError as refused:
        outcomes = iter([fail(items[0], refused)]) if len(items) == 1 else _two_halves(items, post, fail, unknown)
    yield from outcomes


def _two_halves(
    items: Sequence[T],
    post: Callable[[Sequence[T]], Iterator[Outcome]],
    fail: Callable[[T, RefusedError], Outcome],
    unknown: Callable[[T, ConcordError], Outcome],
) -> Iterator[Outcome]:
    """Where the second half is stopped after some of the first was committed, it is unknown instead of an error: to
    raise would say that nothing was committed."""
    middle = len(items) // 2
    first = list(halved(items[:middle], post, fail, unknown))
    try:
        second = list(halved(items[middle:], post, fail, unknown))
    except STOPPED as stopped:
        if not any(map(committed, first)):
            raise
        second = [unknown(item, stopped) for item in items[middle:]]
    return iter([*first, *second])


def committed(outcome: Outcome) -> bool:
    """Whether something may have been written."""
    return outcome.status in (Status.CREATED, Status.UPDATED, Status.UNKNOWN)


def _outcomes(items: Mapping[int, Item], answer: Json) -> Iterator[Outcome]:
    left = dict(items)
    for result in _objects(answer.get("results")):
        number = _number_of(result, left)
        if number is not None:
            yield _done(left.pop(number), result)
    unnamed: list[str] = []
    for error in _objects(answer.get("errors")):
        numbers = _numbers_named(error, left)
        if not numbers:
            unnamed.append(reason(error))
        for number in numbers:
            found = RemoteId(existing(error)) if existing(error) else left[number].change.remote_id
            yield Outcome(left.pop(number).change.key, Status.FAILED, found, error=reason(error))
    for item in left.values():
        # Neither confirmed nor refused by name: an unnamed refusal explains it, else it is looked for like a lost one.
        status = Status.FAILED if unnamed else Status.UNKNOWN
        why = "; ".join(unnamed) or "HubSpot's answer does not mention it"
        yield Outcome(item.change.key, status, item.change.remote_id, error=why)


def _done(item: Item, result: Json) -> Outcome:
    given = result.get("properties") or {}
    return Outcome(
        item.change.key,
        Status.CREATED if result.get("new") else Status.UPDATED,
        RemoteId(str(result["id"])),
        {name: given[name] or "" for name in (*item.change.set, *item.change.clear) if name in given},
        str(result.get("updatedAt") or "") or None,
    )


def _number_of(result: Json, items: Mapping[int, Item]) -> int | None:
    """Which item a result answers: by its trace id, else by its record id, else by the value of the unique property."""
    trace, given = str(result.get("objectWriteTraceId") or ""), result.get("properties") or {}
    if trace.isdecimal():
        return int(trace) if int(trace) in items else None
    for number, item in items.items():
        held = given.get(item.key) if item.key else result.get("id")
        if held is not None and str(held).casefold() == item.id.casefold():
            return number
    return None


def _numbers_named(error: Json, items: Mapping[int, Item]) -> list[int]:
    context = error.get("context")
    named = {
        str(each) for values in (context or {}).values() for each in (values if isinstance(values, list) else [values])
    }
    traces = {str(each) for each in (context or {}).get("objectWriteTraceId") or ()}
    if traces:
        return [number for number in items if str(number) in traces]
    return [number for number, item in items.items() if item.id in named or error.get("id") == item.id]


def _objects(found: Any) -> Sequence[Json]:
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []
