"""The memory vendor's API over a world: what a client may call, and the rules it is held to."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from connectors.memory.faults import Fault
from connectors.memory.mapping import FIELDS
from connectors.memory.rows import Grave, Place, Row, Table
from connectors.memory.sandbox import World
from connectors.memory.values import accept, stamp
from mapping.contract import RemoteId, SchemaField
from mapping.errors import AuthError, ConflictError, GoneError, RecordError


class Api:
    """Calls on one world. Rows that are handed out are copies."""

    def __init__(self, world: World) -> None:
        self.world = world

    def request(self, door: str, api_key: str) -> Fault | None:
        """Counts one API call. Raises AuthError for a wrong key, or the fault on order; returns one about answers."""
        with self.world.lock:
            self.world.requests[door] += 1
            fault = self.world.faults.strike(door)
        if not hmac.compare_digest(api_key.encode(), self.world.api_key.encode()):
            raise AuthError("the memory world refused the API key")
        if fault is not None and fault.error is not None and not fault.lost:
            raise fault.error
        return fault

    def fields(self, object_name: str) -> Mapping[str, SchemaField]:
        """The fields of an object now, those of the customer's own among them."""
        with self.world.holdings(change=False) as holdings:
            table = holdings.table(object_name)
            known = {**FIELDS[object_name], **table.extra_fields}
            return {name: field for name, field in known.items() if name not in table.dropped_fields}

    def dropped(self, object_name: str) -> frozenset[str]:
        """The fields of an object that were taken away."""
        with self.world.holdings(change=False) as holdings:
            return frozenset(holdings.table(object_name).dropped_fields)

    def feed(self, object_name: str, team: str, after: Place, limit: int) -> Sequence[Row | Grave]:
        """Copies of up to ``limit`` entries of a team that changed after a place, in the order of change."""
        with self.world.holdings(change=False) as holdings:
            entries = holdings.table(object_name).feed(team, after, limit)
            return [entry.model_copy(deep=True) for entry in entries]

    def ids(self, object_name: str, team: str) -> Sequence[RemoteId]:
        """The ids that a team sees, in order."""
        with self.world.holdings(change=False) as holdings:
            return [RemoteId(row.id) for row in holdings.table(object_name).visible(team)]

    def rows(self, object_name: str, ids: Sequence[str]) -> Mapping[RemoteId, Row]:
        """Copies of those of the records that exist, archived ones too."""
        with self.world.holdings(change=False) as holdings:
            rows = holdings.table(object_name).rows
            return {RemoteId(id_): rows[id_].model_copy(deep=True) for id_ in ids if id_ in rows}

    def holder(self, object_name: str, field: str, value: str) -> RemoteId | None:
        """Who has a value of a unique field, to the letter and without the lag of the search index."""
        with self.world.holdings(change=False) as holdings:
            return _holder(holdings.table(object_name), field, value)

    def search(self, object_name: str, field: str, value: str) -> Sequence[Row]:
        """The records with a value whatever its case, oldest first, as far as the search index has come."""
        until = stamp(self.world.now() - timedelta(seconds=self.world.index_lag))
        with self.world.holdings(change=False) as holdings:
            rows = holdings.table(object_name).having(field, value)
            return [row.model_copy(deep=True) for row in rows if row.updated_at <= until]

    def create(self, object_name: str, values: Mapping[str, Any]) -> Row:
        """Creates a record by the vendor's rules. Raises RecordError."""
        with self.world.holdings() as holdings:
            table = holdings.table(object_name)
            fields = {**FIELDS[object_name], **table.extra_fields}
            missing = [name for name, field in fields.items() if field.required and not values.get(name)]
            if missing:
                raise RecordError(f"field {missing[0]!r} must not be empty")
            taken = accept(fields, values)
            _check_unique(table, fields, taken, "")
            team = next(iter(holdings.teams)) if object_name == "people" else ""
            given = {name: value for name, value in taken.items() if value is not None}
            id_ = self.world.put(object_name, given, team=team)
            self.world.written += 1
            return table.rows[id_].model_copy(deep=True)

    def update(self, object_name: str, id: str, values: Mapping[str, Any], expect: str | None) -> tuple[Row, bool]:
        """The record after an update by the vendor's rules, and whether anything changed.

        Raises GoneError, ConflictError when ``expect`` is not its revision, RecordError for a bad value.
        """
        with self.world.holdings() as holdings:
            row = self.world.row(holdings, object_name, id)
            if row.archived:
                raise GoneError("the record is archived")
            if expect is not None and expect != str(row.revision):
                raise ConflictError("the record changed since it was read")
            table = holdings.table(object_name)
            fields = {**FIELDS[object_name], **table.extra_fields}
            taken = accept(fields, values)
            _check_unique(table, fields, taken, id)
            changed = {name: value for name, value in taken.items() if row.values.get(name) != value}
            if changed:
                self.world.change(object_name, id, changed)
                self.world.written += 1
            return row.model_copy(deep=True), bool(changed)

    def require(self, refs: Mapping[str, Sequence[str]]) -> None:
        """Raises GoneError when a record that is pointed at (``object:id``) is missing."""
        with self.world.holdings(change=False) as holdings:
            for end in (end for ends in refs.values() for end in ends):
                object_name, _, id_ = end.partition(":")
                self.world.row(holdings, object_name, id_)

    def link(self, object_name: str, id: str, refs: Mapping[str, Sequence[str]], *, add: bool) -> bool:
        """Adds or removes associations; whether anything changed. Raises GoneError when the record is missing."""
        with self.world.holdings() as holdings:
            row = self.world.row(holdings, object_name, id)
            changed = False
            for role, ends in refs.items():
                have = row.refs.get(role, [])
                want = [*have, *(end for end in ends if end not in have)] if add else [e for e in have if e not in ends]
                changed = changed or want != have
                row.refs[role] = want
            if changed:
                row.revision += 1
                self.world.written += 1
                holdings.table(object_name).save(row, stamp(self.world.now()), ())
            return changed


def _holder(table: Table, field: str, value: Any) -> RemoteId | None:
    rows = table.having(field, value)
    return next((RemoteId(row.id) for row in rows if row.values[field] == value and not row.archived), None)


def _check_unique(table: Table, fields: Mapping[str, SchemaField], taken: Mapping[str, Any], id: str) -> None:
    for name, value in taken.items():
        if value is not None and fields[name].unique and _holder(table, name, value) not in (None, id):
            raise RecordError(f"another record has this value in the unique field {name!r}")
