"""Dead letters in people's hands: what each failed at, what other rules would make of it, and trying again."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson

from config.settings import Settings, StreamSettings
from connectors.core.protocols import Stream
from mapping.contract import Page, RemoteId, Slice
from mapping.drift import json_type, shown
from mapping.errors import ConcordError, ConfigError, GoneError, RecordError
from mapping.expressions import compile_expression
from mapping.rules import EntityRules
from state import dead_letters, records
from state.connections import Connections
from state.database import Database
from state.dead_letters import LetterRow, Letters
from state.leases import Lease
from sync.connect import Connected, Switchboard
from sync.intake import Intake
from sync.page import entity_rows
from sync.pull import SlicePull
from sync.replay import StreamWork, differences, flat
from sync.replayed import LetterGroup, TriedEntity, TryReport
from sync.reports import DeadLetterView, Diagnosis, StreamReport
from sync.views import letter_view

AT_ONCE = 1000
FAILED_AT = re.compile(r"rule '(?P<rule>[^']*)', (?:field '(?P<field>[^']*)'|(?P<part>each|part|when))")
NOT_FROM_HERE = (
    "{count} were never stored whole and cannot be asked for one by one: they come with concord sync {name} --stream"
    " {stream} --full"
)
GIVEN = re.compile(r"(?:(?P<rule>[\w-]+):)?(?P<field>[^=]+)=(?P<text>.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which open letters are meant: by connection and stream, and by a part of the reason."""

    connection: str = ""
    stream: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class LetterDesk:
    """The dead letters of one hub."""

    db: Database
    settings: Settings
    switchboard: Switchboard
    intake: Intake

    def listed(self, wanted: Wanted, limit: int) -> list[DeadLetterView]:
        """The open letters, oldest first. Raises ConfigError for a connection that does not exist."""
        names = self._names()
        found = []
        for row in self.rows(wanted):
            found.append(letter_view(row, names))
            if len(found) == limit:
                break
        return found

    def groups(self, wanted: Wanted) -> list[LetterGroup]:
        """The open letters by place and reason, the largest groups first."""
        names = self._names()
        rows = dead_letters.groups(
            self.db, connection_id=self._id(wanted.connection), stream=wanted.stream or None, reason=wanted.reason
        )
        return [
            LetterGroup(
                str(row.place.direction), names.get(row.place.connection_id, row.place.connection_id), row.place.stream,
                row.reason, row.letters, row.times, row.first_at, row.last_at, row.newest,
            )
            for row in rows
        ]  # fmt: skip

    def shown(self, number: int) -> DeadLetterView:
        """One letter with its record and what it failed at. Raises GoneError when there is none."""
        row = self._row(number)
        view = replace(letter_view(row, self._names(), body=True), whole=row.whole)
        body = self._body(row)
        if row.place.direction is Letters.OUT:
            return view
        try:
            _, stream, mine = self._place(row)
        except ConcordError:
            return view  # its connection is gone, or cannot be built just now: the letter itself is there all the same
        return replace(view, failed=diagnosis(row.reason, stream.rules, mine.overrides, body or {}))

    def tried(self, number: int, given: Sequence[str] = ()) -> TryReport:
        """What the record of a letter says by the rules of this configuration, with those ``given`` over them
        (``field=expression``, or ``rule:field=expression``). Stores nothing.

        Raises GoneError where there is no such letter, or its record is not kept; ConfigError for a rule that is wrong.
        """
        row = self._row(number)
        if row.place.direction is Letters.OUT:
            raise ConfigError(f"Letter {number} is of a record that was to be written; no rule of a stream made it.")
        body = self._body(row)
        if body is None:
            raise GoneError(f"The record of letter {number} is not kept whole; concord dead-letters replay {number}")
        one, stream, mine = self._place(row)
        fields = _given(given, row.reason, stream.rules)
        merged = {rule: {**mine.fields.get(rule, {}), **fields.get(rule, {})} for rule in {*mine.fields, *fields}}
        settings = one.settings.model_copy(
            update={"streams": {**one.settings.streams, stream.name: mine.model_copy(update={"fields": merged})}}
        )
        reading = self.intake.reading(replace(one, settings=settings), stream)
        name = self._names().get(row.place.connection_id, "")
        try:
            entities = reading.entities(body)
        except RecordError as error:
            return TryReport(number, name, stream.name, False, str(error), (), fields)
        before = self._stored(row)
        made = entity_rows(reading, body, row.remote_id, entities, before, None, None, self.db.stamp())
        changes = {
            each.part: {n: (old, new) for n, old, new in differences(before.get(each.part), each)} for each in made
        }
        tried = [
            TriedEntity(each.part, str(each.kind), flat(each.values), changes.get(each.part, {})) for each in entities
        ]
        return TryReport(number, name, stream.name, True, "", tried, fields)

    def replayed(self, numbers: Sequence[int], wanted: Wanted) -> list[StreamReport]:
        """Tries the records of these letters again, or of all that are wanted; those that were to be read."""
        rows = [self._row(number) for number in numbers] or list(self.rows(wanted))
        places: dict[tuple[str, str], dict[str, list[str]]] = {}
        for row in rows:
            if row.place.direction is Letters.IN:
                at = places.setdefault((row.place.connection_id, row.place.stream), {})
                at.setdefault(row.place.slice, []).append(row.remote_id)
        names = self._names()
        return [
            self._again(names[id_], id_, stream, only)
            for (id_, stream), only in sorted(places.items())
            if names.get(id_) in self.settings.connections
        ]

    def rows(self, wanted: Wanted) -> Iterator[LetterRow]:
        """The open letters that are wanted, by their numbers."""
        last, id_ = 0, self._id(wanted.connection)
        while True:
            found = dead_letters.listed(
                self.db,
                connection_id=id_,
                stream=wanted.stream or None,
                reason=wanted.reason,
                after=last,
                limit=AT_ONCE,
            )
            yield from found
            if len(found) < AT_ONCE:
                return
            last = found[-1].id

    def _again(self, name: str, id_: str, stream_name: str, only: Mapping[str, Sequence[str]]) -> StreamReport:
        one = self.switchboard.stored(name)
        stream = next((stream for stream in one.streams() if stream.name == stream_name), None)
        if stream is None:
            return StreamReport(name, stream_name, "skipped", message="the stream is not read any more")
        work = LetterWork(self.db, self.intake, one, stream, only=only)
        done = work.run()
        with self.db.read() as c:
            left = sum(
                len(dead_letters.open_reasons(c, dead_letters.Place(Letters.IN, id_, stream_name, key), ids))
                for key, ids in only.items()
            )
        status = "partial" if left and done.status == "ok" else done.status
        return StreamReport(
            name, stream_name, status, changed=work.counts.changed + done.changed + work.counts.new, dead=left,
            seconds=done.seconds, message=done.message,
        )  # fmt: skip

    def _row(self, number: int) -> LetterRow:
        row = dead_letters.show(self.db, number)
        if row is None:
            raise GoneError(f"There is no dead letter {number}; concord dead-letters list shows them.")
        return row

    def _id(self, connection: str) -> str | None:
        if not connection:
            return None
        row = Connections(self.db).get(connection)
        return row.id if row else ""  # one that was never read has no letters

    def _names(self) -> dict[str, str]:
        return {row.id: row.name for row in Connections(self.db).all()}

    def _place(self, row: LetterRow) -> tuple[Connected, Stream, StreamSettings]:
        name = self._names().get(row.place.connection_id, "")
        if name not in self.settings.connections:
            raise ConfigError(f"The connection of letter {row.id} is not in this configuration.")
        one = self.switchboard.stored(name)
        stream = next((each for each in one.streams() if each.name == row.place.stream), None)
        if stream is None:
            raise ConfigError(f"{name} has no stream {row.place.stream!r} that is read.")
        return one, stream, one.settings.reads(stream.name) or StreamSettings()

    def _slice(self, row: LetterRow) -> int | None:
        with self.db.read() as c:
            slices = records.slices_of(c, row.place.connection_id)
        return next((n for n, stream, key in slices if (stream, key) == (row.place.stream, row.place.slice)), None)

    def _body(self, row: LetterRow) -> dict[str, Any] | None:
        """The record as it is stored, else as it lies in the letter; None where neither is whole."""
        number = self._slice(row)
        text = row.body if row.whole else None
        if number is not None:
            with self.db.read() as c:
                raw = records.load_raws(c, number, [row.remote_id], body=True).get(row.remote_id)
            if raw is not None and raw.state == "live" and raw.body is not None:
                text = raw.body
        try:
            found = orjson.loads(text or "null")
        except orjson.JSONDecodeError:
            return None
        return found if isinstance(found, dict) else None

    def _stored(self, row: LetterRow) -> Mapping[str, records.StoredEntity]:
        number = self._slice(row)
        if number is None:
            return {}
        with self.db.read() as c:
            raw = records.load_raws(c, number, [row.remote_id]).get(row.remote_id)
            return records.load_entities(c, [raw.id]).get(raw.id, {}) if raw else {}


@dataclass(slots=True)
class LetterWork(StreamWork):
    """The replay of the records of some letters: what is not stored is asked for where the vendor gives one by one."""

    def _again(self, held: Lease) -> None:
        StreamWork._again(self, held)  # super() finds no class here: slots make it anew
        reading = self.reading()
        left = 0
        for key, ids in (self.only or {}).items():
            number = records.slice_id(self.db, self.one.row.id, self.stream.name, key)
            with self.db.read() as c:
                there = {one for one, raw in records.load_raws(c, number, ids).items() if raw.state == "live"}
            missing = [RemoteId(one) for one in ids if one not in there]
            if not missing:
                continue
            if self.stream.get is None:
                left += len(missing)
                continue
            found = self.stream.get(Slice(key), missing)
            pull = SlicePull(
                self.db, held, self.one.row.id, reading, Slice(key), number, self.counts, lambda done: None
            )
            pull.take(Page(records=found))
            left += len(missing) - len(found)
        if left:
            self.counts.dead += left
            self.counts.notes.append(NOT_FROM_HERE.format(count=left, name=self.one.name, stream=self.stream.name))


def diagnosis(
    reason: str, rules: Sequence[EntityRules], overrides: Mapping[str, Mapping[str, str]], body: Mapping[str, Any]
) -> Diagnosis | None:
    """What a record failed at by the rules in force; None where its reason names no rule that there is."""
    found = FAILED_AT.search(reason)
    rule = next((one for one in rules if found and one.name == found["rule"]), None)
    if found is None or rule is None:
        return None
    target = found["field"] or found["part"]
    text = _expression(rule, overrides.get(rule.name, {}), target)
    values = list(_values(rule, text, body)) if text and body else []
    kinds = dict.fromkeys(json_type(value) or "nothing" for value in values)
    return Diagnosis(rule.name, target, text, ", ".join(kinds), ", ".join(dict.fromkeys(map(shown, values))))


def _expression(rule: EntityRules, override: Mapping[str, str], target: str) -> str:
    parts = {"each": rule.each, "part": rule.part, "when": rule.when}
    fields = {**parts, **rule.defaults, **rule.fields, **override}
    if target in fields:
        return fields[target]
    return next((text for name, text in fields.items() if name.startswith(f"{target}.")), "")


def _values(rule: EntityRules, text: str, body: Mapping[str, Any]) -> Iterator[Any]:
    """What the expression gives, once, or for each item of the rule."""
    try:
        scopes: list[Mapping[str, Any]] = [body]
        if rule.each and text != rule.each:
            items = compile_expression(rule.each)(body)
            listed = items if isinstance(items, list) else [] if items is None else [items]
            scopes = [{**(one if isinstance(one, Mapping) else {"value": one}), "_record": body} for one in listed]
        get = compile_expression(text)
        for scope in scopes:
            yield get(scope)
    except (RecordError, ConfigError):
        return


def _given(given: Sequence[str], reason: str, rules: Sequence[EntityRules]) -> dict[str, dict[str, str]]:
    """Rule to field to expression. A field without its rule is of the one that failed, or of the only one."""
    failed = FAILED_AT.search(reason)
    default = failed["rule"] if failed else rules[0].name if len(rules) == 1 else ""
    found: dict[str, dict[str, str]] = {}
    for each in given:
        parts = GIVEN.fullmatch(each)
        if parts is None:
            raise ConfigError(f"{each!r} is no rule; expected field=expression, or rule:field=expression")
        rule = parts["rule"] or default
        if not rule:
            names = ", ".join(one.name for one in rules)
            raise ConfigError(f"{each!r} does not say of which rule: write rule:field=expression (known: {names})")
        found.setdefault(rule, {})[parts["field"].strip()] = parts["text"].strip()
    return found
