"""A portal in memory: records, unique values, merges and associations, kept by the vendor's rules.

It has two doors: this Python one, for tests and demos, and the HTTP one of sandbox.py. Time is injected; nothing here
sleeps or logs. Which rules are documented by the vendor and which inferred stands in this folder's README.
"""

from __future__ import annotations

import bisect
import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.hubspot.portal_schema import (
    OBJECTS,
    STAGES,
    InvalidValueError,
    Property,
    created_property,
    default_properties,
    iso,
    modified_property,
    stored,
)

ErrorDetail = dict[str, Any]


class PortalError(Exception):
    """A refusal: an HTTP status and the parts of the vendor's error body."""

    def __init__(
        self,
        status: int,
        category: str,
        message: str,
        *,
        errors: list[ErrorDetail] | None = None,
        context: Mapping[str, list[str]] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.category = category
        self.message = message
        self.errors = errors or []
        self.context = dict(context or {})


@dataclass(slots=True)
class Record:
    """One record. ``indexed`` is what the search index still shows while it lags behind; a ``garbled`` one is shown
    without a readable time, as no client can take it."""

    id: str
    object: str
    properties: dict[str, str]
    created: datetime
    updated: datetime
    archived_at: datetime | None = None
    merged_into: str = ""
    indexed: tuple[datetime, dict[str, str]] | None = None
    garbled: bool = False

    @property
    def live(self) -> bool:
        """Neither archived nor merged away."""
        return self.archived_at is None and not self.merged_into


@dataclass(slots=True)
class Drawer:
    """The records of one object, by id, with its properties and its unique values."""

    properties: dict[str, Property]
    records: dict[str, Record] = field(default_factory=dict)
    order: list[int] = field(default_factory=list)
    taken: dict[tuple[str, str], str] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=lambda: {"information": "Information"})


class Portal:
    """One account. ``index_lag`` is how long the search index stays behind a write; ids are shared by all objects."""

    def __init__(
        self,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        account: int = 2_468_135,
        index_lag: timedelta = timedelta(0),
        merge_keeps_primary: bool = False,
    ) -> None:
        self.now = now
        self.account = account
        self.index_lag = index_lag
        self.merge_keeps_primary = merge_keeps_primary
        self._ids = itertools.count(101)
        self._drawers = {name: Drawer(default_properties(name)) for name in OBJECTS}
        self._links: dict[tuple[str, str, str], dict[str, None]] = {}

    def __getattr__(self, name: str) -> Shelf:
        if name in OBJECTS:
            return Shelf(self, name)
        raise AttributeError(name)

    def drawer(self, object_type: str) -> Drawer:
        """The drawer of an object. Raises PortalError for one that does not exist."""
        if object_type not in self._drawers:
            raise PortalError(400, "VALIDATION_ERROR", f"Unable to infer object type from: {object_type}")
        return self._drawers[object_type]

    def get(self, object_type: str, value: str, id_property: str = "") -> Record | None:
        """The record of an id or a unique value, following merges; archived ones included."""
        drawer = self.drawer(object_type)
        if id_property and id_property != "hs_object_id":
            prop = drawer.properties.get(id_property)
            if prop is None or not prop.unique:
                message = f"Unable to perform update/upsert by non-unique {object_type} property {id_property}"
                raise PortalError(400, "VALIDATION_ERROR", message)
            value = drawer.taken.get((id_property, value.lower() if id_property == "email" else value), "")
        record = drawer.records.get(value)
        while record is not None and record.merged_into:
            record = drawer.records.get(record.merged_into)
        return record

    def validated(self, object_type: str, record: Record | None, values: Mapping[str, Any]) -> dict[str, str]:
        """What would be stored. Raises PortalError: 400 for bad values, 409 for an email that is taken."""
        drawer, result, wrong = self.drawer(object_type), dict[str, str](), list[tuple[str, str, str]]()
        for name, value in values.items():
            prop = drawer.properties.get(name)
            if prop is None:
                wrong.append((name, "PROPERTY_DOESNT_EXIST", f'Property "{name}" does not exist'))
            elif prop.read_only:
                wrong.append((name, "READ_ONLY_VALUE", f'"{name}" is a read only property'))
            else:
                try:
                    result[name] = stored(prop, value)
                except InvalidValueError as bad:
                    wrong.append((name, bad.code, str(bad)))
        if record is None:
            missing = [p.name for p in drawer.properties.values() if p.required and not result.get(p.name)]
            wrong += [(name, "MISSING_REQUIRED_PROPERTY", f"{name} is required") for name in missing]
        if wrong:
            raise _bad_values(wrong)
        self._refuse_taken(drawer, record, result)
        return result

    def _refuse_taken(self, drawer: Drawer, record: Record | None, values: Mapping[str, str]) -> None:
        for name, value in values.items():
            owner = drawer.taken.get((name, value)) if value and drawer.properties[name].unique else None
            if owner and (record is None or owner != record.id):
                if name == "email":
                    raise PortalError(409, "CONFLICT", f"Contact already exists. Existing ID: {owner}")
                raise _bad_values([(name, "CONFLICTING_UNIQUE_VALUE", f"{owner} already has that value for {name}.")])

    def create(self, object_type: str, values: Mapping[str, Any]) -> Record:
        """A new record. Raises PortalError."""
        checked = self.validated(object_type, None, values)
        drawer, number, now = self.drawer(object_type), next(self._ids), self.now()
        record = Record(str(number), object_type, {}, now, now)
        drawer.records[record.id] = record
        drawer.order.append(number)
        record.properties["hs_object_id"] = record.id
        record.properties[created_property(object_type)] = iso(now)
        self._store(drawer, record, checked)
        return record

    def update(self, record: Record, values: Mapping[str, Any]) -> Record:
        """The record with new values; '' clears one. Raises PortalError."""
        checked = self.validated(record.object, record, values)
        self._keep_index(record)
        self._store(self.drawer(record.object), record, checked)
        return record

    def _store(self, drawer: Drawer, record: Record, values: Mapping[str, str]) -> None:
        stage, old = values.get("lifecyclestage"), record.properties.get("lifecyclestage")
        if stage and old and STAGES.index(stage) < STAGES.index(old):
            # The vendor moves a lifecycle stage forward only; going back needs it cleared first (knowledge base).
            values = {name: value for name, value in values.items() if name != "lifecyclestage"}
        for name, value in values.items():
            if drawer.properties[name].unique:
                drawer.taken.pop((name, record.properties.get(name, "")), None)
                if value:
                    drawer.taken[name, value] = record.id
            if value:
                record.properties[name] = value
            else:
                record.properties.pop(name, None)
        if "hs_email_headers" in values:
            _show_addresses(record.properties)
        record.updated = self.now()
        record.properties[modified_property(record.object)] = iso(record.updated)

    def _keep_index(self, record: Record) -> None:
        if self.index_lag and record.updated <= self.now() - self.index_lag:
            record.indexed = (record.updated, dict(record.properties))

    def archive(self, object_type: str, record_id: str) -> None:
        """Archives a record; one that is not there is no error."""
        record = self.drawer(object_type).records.get(record_id)
        if record is not None and record.live:
            record.archived_at = self.now()
            self._release(record)

    def _release(self, record: Record) -> None:
        drawer = self.drawer(record.object)
        for name, value in record.properties.items():
            if drawer.taken.get((name, value)) == record.id:
                del drawer.taken[name, value]

    def merge(self, object_type: str, primary_id: str, other_id: str) -> Record:
        """The record both become: a new one with a new id (vendor changelog on merges), or the primary of old.

        The primary's values win; the other's fill gaps, its email becomes an additional one.
        """
        primary, other = self.get(object_type, primary_id), self.get(object_type, other_id)
        if primary is None or other is None or primary is other or not (primary.live and other.live):
            raise PortalError(400, "VALIDATION_ERROR", "The records cannot be merged")
        for each in (primary, other):
            self._release(each)
        drawer, now = self.drawer(object_type), self.now()
        if self.merge_keeps_primary:
            winner = primary
        else:
            winner = Record(str(number := next(self._ids)), object_type, {}, min(primary.created, other.created), now)
            drawer.records[winner.id] = winner
            drawer.order.append(number)
        winner.properties = self._merged_values(winner, primary, other)
        winner.updated = now
        for name, value in winner.properties.items():
            if drawer.properties[name].unique:
                drawer.taken[name, value] = winner.id
        for each in (primary, other):
            if each is not winner:
                each.merged_into = winner.id
                self._move_links(each, winner)
        return winner

    def _merged_values(self, winner: Record, primary: Record, other: Record) -> dict[str, str]:
        values = other.properties | primary.properties
        emails = {other.properties.get("email", ""), *other.properties.get("hs_additional_emails", "").split(";")}
        emails |= {*primary.properties.get("hs_additional_emails", "").split(";")}
        emails -= {"", values.get("email", "")}
        merged = [each for each in (primary.id, other.id) if each != winner.id]
        for each in (primary, other):
            merged += each.properties.get("hs_merged_object_ids", "").split(";")
        merged = sorted({each for each in merged if each}, key=int)
        values |= {"hs_object_id": winner.id, "hs_merged_object_ids": ";".join(merged)}
        values[modified_property(winner.object)] = iso(self.now())
        if winner.object == "contacts":
            at = int(self.now().timestamp() * 1000)
            values["hs_calculated_merged_vids"] = ";".join(f"{each}:{at}" for each in merged)
            if emails:
                values["hs_additional_emails"] = ";".join(sorted(emails))
        return values

    def page(self, object_type: str, after: str, limit: int, archived: bool) -> tuple[list[Record], str]:
        """Records in order of id from ``after`` on, and the next ``after`` ('' at the end)."""
        drawer, found = self.drawer(object_type), list[Record]()
        for number in itertools.islice(drawer.order, bisect.bisect_left(drawer.order, int(after or 0)), None):
            record = drawer.records[str(number)]
            if record.merged_into or (record.archived_at is not None) != archived:
                continue
            if len(found) == limit:
                return found, record.id
            found.append(record)
        return found, ""

    def live(self, object_type: str) -> Iterator[Record]:
        """Every live record, by id."""
        return (each for each in self.drawer(object_type).records.values() if each.live)

    def link(self, from_type: str, from_id: str, to_type: str, to_id: str) -> bool:
        """Associates two live records both ways; False where one of them is not there."""
        here, there = self.get(from_type, from_id), self.get(to_type, to_id)
        if here is None or there is None or not (here.live and there.live):
            return False
        self._links.setdefault((from_type, here.id, to_type), {})[there.id] = None
        self._links.setdefault((to_type, there.id, from_type), {})[here.id] = None
        return True

    def unlink(self, from_type: str, from_id: str, to_type: str, to_id: str) -> None:
        """Takes an association away, both ways; one that is not there is no error."""
        self._links.get((from_type, from_id, to_type), {}).pop(to_id, None)
        self._links.get((to_type, to_id, from_type), {}).pop(from_id, None)

    def linked(self, from_type: str, from_id: str, to_type: str) -> list[str]:
        """The ids a record is associated with, in the order in which they were linked."""
        known = self.drawer(to_type).records
        return [each for each in self._links.get((from_type, from_id, to_type), {}) if known[each].live]

    def _move_links(self, old: Record, new: Record) -> None:
        for (kind, record_id, to_type), linked in list(self._links.items()):
            if kind == old.object and record_id == old.id:
                for to_id in list(linked):
                    self.unlink(kind, old.id, to_type, to_id)
                    self.link(kind, new.id, to_type, to_id)


class Shelf:
    """One object of the portal as tests like to hold it: ``portal.contacts.create(email=...)``."""

    def __init__(self, portal: Portal, object_type: str) -> None:
        self._portal = portal
        self.object = object_type

    def create(self, **values: Any) -> Record:
        """A new record."""
        return self._portal.create(self.object, values)

    def update(self, record_id: str, **values: Any) -> Record:
        """The record with new values. Raises KeyError where it is not there."""
        return self._portal.update(self.get(record_id), values)

    def get(self, record_id: str) -> Record:
        """The record, merges followed. Raises KeyError where it is not there."""
        record = self._portal.get(self.object, record_id)
        if record is None:
            raise KeyError(record_id)
        return record

    def archive(self, record_id: str) -> None:
        """Archives the record."""
        self._portal.archive(self.object, record_id)

    def merge(self, primary_id: str, other_id: str) -> Record:
        """What both become."""
        return self._portal.merge(self.object, primary_id, other_id)

    def all(self) -> list[Record]:
        """Every live record, by id."""
        return list(self._portal.live(self.object))

    def define(self, name: str, type: str = "string", **more: Any) -> None:
        """Adds a property."""
        drawer = self._portal.drawer(self.object)
        drawer.properties[name] = Property(name, type, defined_by_vendor=False, **more)


def _show_addresses(values: dict[str, str]) -> None:
    """Fills the read-only sender and recipients of an email from its headers, as the emails guide tells."""
    try:
        headers = json.loads(values.get("hs_email_headers") or "{}")
        values["hs_email_from_email"] = str((headers.get("from") or {}).get("email") or "")
        values["hs_email_to_email"] = ";".join(str(each["email"]) for each in headers.get("to") or ())
    except (ValueError, KeyError, TypeError, AttributeError):
        values.pop("hs_email_from_email", None)


def _bad_values(wrong: list[tuple[str, str, str]]) -> PortalError:
    listed = ", ".join(
        f'{{"isValid":false,"message":"{text}","error":"{code}","name":"{name}"}}' for name, code, text in wrong
    )
    details = [{"message": text, "code": code, "context": {"propertyName": [name]}} for name, code, text in wrong]
    return PortalError(400, "VALIDATION_ERROR", f"Property values were not valid: [{listed}]", errors=details)
