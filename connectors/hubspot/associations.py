"""Associating records by HubSpot's default type of the two objects (associations v4), and taking associations away."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from connectors.hubspot.api import MOST_INPUTS, Api, chunks
from connectors.hubspot.batches import halved
from connectors.hubspot.refusals import reason
from mapping.contract import Outcome, Status
from mapping.errors import ConcordError


@dataclass(frozen=True, slots=True)
class Link:
    """One association wanted: ``key`` of the change that wants it, the record, and the other object's record."""

    key: str
    id: str
    to: str
    to_id: str


def links(key: str, record_id: str, refs: Mapping[str, Sequence[str]]) -> Sequence[Link]:
    """The associations that a change's references ask for. Raises ValueError for one that is no ``object:id``."""
    found = []
    for role, targets in refs.items():
        for target in targets:
            to, _, to_id = target.rpartition(":")
            if not to or not to_id:
                raise ValueError(f"the reference {role} is no object:id")
            found.append(Link(key, record_id, to, to_id))
    return found


def link(api: Api, kind: str, wanted: Sequence[Link], *, remove: bool = False) -> Mapping[str, Outcome]:
    """By key of the change: the worst outcome of its associations. Making one that exists, or removing one that does
    not, is no error over there."""
    worst: dict[str, Outcome] = {}
    rank = {Status.UPDATED: 0, Status.UNKNOWN: 1, Status.FAILED: 2}
    for to in dict.fromkeys(each.to for each in wanted):
        for some in chunks([each for each in wanted if each.to == to], MOST_INPUTS):
            for outcome in _unlinked(api, kind, to, some) if remove else _linked(api, kind, to, some):
                known = worst.get(outcome.key)
                if known is None or rank[outcome.status] > rank[known.status]:
                    worst[outcome.key] = outcome
    return worst


def _linked(api: Api, kind: str, to: str, wanted: Sequence[Link]) -> Iterator[Outcome]:
    def post(some: Sequence[Link]) -> Iterator[Outcome]:
        inputs = [{"from": {"id": each.id}, "to": {"id": each.to_id}} for each in some]
        answer = api.write(f"/crm/v4/associations/{kind}/{to}/batch/associate/default", {"inputs": inputs})
        made = {(str(each["from"]["id"]), str(each["to"]["id"])) for each in answer.get("results") or ()}
        why = "; ".join(dict.fromkeys(reason(each) for each in answer.get("errors") or ())) or "not confirmed"
        return iter([_done(each) if (each.id, each.to_id) in made else _failed(each, why) for each in some])

    return halved(wanted, post, lambda each, refused: _failed(each, refused.reason), _unknown)


def _unlinked(api: Api, kind: str, to: str, wanted: Sequence[Link]) -> Iterator[Outcome]:
    def post(some: Sequence[Link]) -> Iterator[Outcome]:
        inputs = [{"from": {"id": each.id}, "to": [{"id": each.to_id}]} for each in some]
        api.write(f"/crm/v4/associations/{kind}/{to}/batch/archive", {"inputs": inputs})
        return map(_done, some)

    return halved(wanted, post, lambda each, refused: _failed(each, refused.reason), _unknown)


def _done(each: Link) -> Outcome:
    return Outcome(each.key, Status.UPDATED)


def _failed(each: Link, why: str) -> Outcome:
    return Outcome(each.key, Status.FAILED, error=f"not associated with {each.to} {each.to_id}: {why}")


def _unknown(each: Link, lost: ConcordError) -> Outcome:
    return Outcome(each.key, Status.UNKNOWN, error=str(lost))
