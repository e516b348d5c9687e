"""Pictures of some customers, taken before and after, and what is different between two of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mapping.timeline import describe
from state import customers, facts, shadows
from state.customers import MemberRow
from state.database import Connection
from state.identities import Changes
from state.shadows import Shadow
from sync.judged import CustomerChange, FactMove, RemoteMove, ValueChange


@dataclass(slots=True)
class Picture:
    """Customers as they are at one moment. ``facts``: key to the customers that it concerns."""

    golden: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    records: dict[str, list[str]] = field(default_factory=dict)
    facts: dict[str, set[str]] = field(default_factory=dict)
    lines: dict[str, str] = field(default_factory=dict)
    remotes: dict[tuple[str, str, str], Shadow] = field(default_factory=dict)

    @classmethod
    def of(cls, c: Connection, ids: Collection[str], names: Mapping[str, str]) -> Picture:
        """These customers now."""
        ordered = sorted(ids)
        found = cls()
        found.golden = {one.customer_id: one.values for one in customers.load(c, ordered).values()}
        for row in customers.members(c, ordered):
            mine = found.records.setdefault(row.customer_id, [])
            if (said := place(row, names)) not in mine:
                mine.append(said)
        for customer in ordered:
            for fact, _ in facts.concerning(c, customer):
                found.facts.setdefault(fact.key, set()).add(customer)
                found.lines[fact.key] = describe(fact.values, fact.kind)
        for one in shadows.of_subject(c, "customer", ordered):
            found.remotes[(one.connection_id, one.object, one.remote_id)] = one
        return found


def place(row: MemberRow, names: Mapping[str, str]) -> str:
    """Where a record is from, as people write it: ``shop/people/7``, with the slice where it has one."""
    return label_of((row.connection_id, row.stream, row.slice, row.remote_id), names)


def label_of(key: Sequence[str], names: Mapping[str, str]) -> str:
    """The same of a natural key; its part is left out."""
    connection_id, stream, slice_, remote_id = key[:4]
    return "/".join(part for part in (names.get(connection_id, connection_id), stream, slice_, remote_id) if part)


def name_said(values: Mapping[str, Any]) -> str:
    """The name that canonical values say, as it is written there; empty where there is none."""
    parts = (values.get("given_name"), values.get("family_name"))
    return str(values.get("name") or " ".join(one for one in parts if one))


def customer_changes(before: Picture, after: Picture, changes: Changes) -> list[CustomerChange]:
    """The customers whose records are others than before."""
    merged = dict(changes.merged)
    found = []
    for customer in sorted(before.records.keys() | after.records.keys()):
        old, new = before.records.get(customer, []), after.records.get(customer, [])
        if old == new:
            continue
        became = merged.get(customer, "retired") if not new else "stays" if old else "new"
        values = after.golden.get(customer) or before.golden.get(customer, {})
        found.append(CustomerChange(customer, name_of_customer(values), became, old, new))
    return found


def value_changes(before: Picture, after: Picture) -> Iterator[ValueChange]:
    """The golden values that are others than before, of customers that are still there."""
    for customer, values in sorted(after.golden.items()):
        old = before.golden.get(customer, {})
        for name in sorted(old.keys() | values.keys()):
            if old.get(name) != values.get(name):
                yield ValueChange(customer, name, old.get(name), values.get(name))


def fact_moves(before: Picture, after: Picture) -> list[FactMove]:
    """The facts that concern others than before."""
    lines = {**before.lines, **after.lines}
    return [
        FactMove(key, lines[key], sorted(old), sorted(new))
        for key in sorted(lines)
        if (old := before.facts.get(key, set())) != (new := after.facts.get(key, set()))
    ]


def remote_moves(before: Picture, after: Picture, names: Mapping[str, str]) -> list[RemoteMove]:
    """The records at destinations that belong to others than before, or in another role."""
    found = []
    for key, new in sorted(after.remotes.items()):
        old = before.remotes.get(key)
        if old is not None and (old.subject_key, old.role) != (new.subject_key, new.role):
            where = names.get(new.connection_id, new.connection_id)
            found.append(RemoteMove(where, new.object, new.remote_id, old.subject_key, new.subject_key, new.role))
    return found


def name_of_customer(values: Mapping[str, Any]) -> str:
    """What a golden record is called by: its name, or else how it is reached."""
    return str(values.get("name") or values.get("email") or values.get("phone") or "")
