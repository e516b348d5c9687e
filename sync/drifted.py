"""What people ask of a stream's fields: how they stand, what happened to them, and that a change is all right."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from config.settings import Settings
from mapping.counts import many
from mapping.drift import PENDING, Contract, Drift, Kind, KnownField, Sample, State, accepted, kept_name
from mapping.errors import ConfigError, TransientError
from state import records, schemas
from state.connections import Connections
from state.database import Connection, Database
from state.leases import Leases
from sync.intake import LEASE_SECONDS
from sync.page import parse
from sync.replayed import ReplayReport

WORDS = {
    State.NEW: "new, kept and not mapped",
    State.VANISHED: "vanished, and read by a rule",
    State.RETYPED: "of another type, and read by a rule",
}
LOOK, SLICES = 200, 20
"""Records that samples are taken from, and slices of a stream."""
Samples = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class FieldView:
    """One field of a stream. ``state``: known | new | vanished | retyped | dropped. ``samples`` are personal data.

    ``described`` is False where the vendor does not name the field and it was only seen in records; ``was`` is the type
    that was accepted, and ``used_by`` the rules that read it.
    """

    field: str
    type: str
    was: str
    state: str
    described: bool
    detail: str
    used_by: str
    samples: Sequence[str]
    first_at: str
    last_at: str


@dataclass(frozen=True, slots=True)
class SchemaView:
    """The fields of one stream, those that wait for a decision first."""

    connection: str
    stream: str
    contract: str
    fields: Sequence[FieldView]


@dataclass(frozen=True, slots=True)
class DriftView:
    """One thing that happened to one field; ``state`` is how the field stands now."""

    at: str
    connection: str
    stream: str
    field: str
    kind: str
    before: str
    after: str
    detail: str
    state: str
    used_by: str
    samples: Sequence[str]


@dataclass(frozen=True, slots=True)
class AcceptReport:
    """What was accepted, and what mapping the stored records again then changed."""

    connection: str
    stream: str
    fields: Sequence[str]
    replay: ReplayReport
    message: str = ""

    @property
    def ok(self) -> bool:
        """Whether mapping again went well."""
        return self.replay.ok


@dataclass(frozen=True, slots=True)
class Drifted:
    """The fields of one hub's streams. ``at`` tells the key under which the properties of a connection's stream lie."""

    db: Database
    settings: Settings
    at: Callable[[str, str], str]

    def shown(self, name: str, stream: str = "") -> list[SchemaView]:
        """The fields of a connection's streams. Raises ConfigError for a stream whose fields were never looked at."""
        id_ = self._id(name)
        with self.db.read() as c:
            known = schemas.streams(c, id_)
            if stream and stream not in known:
                raise ConfigError(_unknown("stream", stream, known))
            return [
                self._view(name, one, schemas.load(c, id_, one), self._samples(c, id_, one, self.at(name, one)))
                for one in known
                if stream in ("", one)
            ]

    def drift(self, name: str = "", stream: str = "", limit: int = 50) -> list[DriftView]:
        """What happened to fields, the newest first."""
        id_ = self._id(name) if name else None
        names = {row.id: row.name for row in Connections(self.db).all()}
        with self.db.read() as c:
            found = schemas.events(c, id_, stream or None, limit)
            places = {(one.connection_id, one.stream) for one in found}
            fields = {place: schemas.load(c, *place) for place in places}
            samples = {place: self._samples(c, *place, self.at(names.get(place[0], ""), place[1])) for place in places}
        return [
            _event(one, names, fields[one.connection_id, one.stream], samples[one.connection_id, one.stream])
            for one in found
        ]  # fmt: skip

    def waiting(self) -> list[str]:
        """What to do about fields that wait for a person, a line for each stream."""
        names = {row.id: row.name for row in Connections(self.db).all()}
        with self.db.read() as c:
            pending = schemas.pending(c)
        told = []
        for (id_, stream), counts in pending.items():
            name = names.get(id_, id_)
            if name in self.settings.connections:
                said = ", ".join(f"{count} {WORDS[state]}" for state, count in counts.items())
                told.append(
                    f"fields of {name}/{stream} changed over there ({said}): see concord schema drift {name}, then"
                    f" concord schema accept {name} {stream}"
                )
        return told

    def accept(self, name: str, stream: str, fields: Sequence[str], owner: str) -> list[KnownField]:
        """Takes what happened to these fields, or to all that wait, and returns them as they stand now.

        Raises ConfigError for a field that the stream never had, TransientError while the stream is being read.
        """
        id_ = self._id(name)
        lease = Leases(self.db).acquire(f"pull:{id_}:{stream}", owner, LEASE_SECONDS)
        if lease is None:
            raise TransientError(f"{name}/{stream} is being read just now; nothing was accepted. Try again later.")
        try:
            with self.db.read() as c:
                known = schemas.load(c, id_, stream)
            if not known:
                raise ConfigError(f"{_unknown('stream', stream, self._streams(id_))} Its fields were never looked at.")
            for each in fields:
                if kept_name(each) not in known:
                    raise ConfigError(_unknown("field", each, known))
            asked = {kept_name(each) for each in fields} or known.keys()
            taken = [accepted(one) for name_, one in known.items() if name_ in asked and one.state in PENDING]
            drifts = [Drift(one.name, Kind.ACCEPTED, known[one.name].was, one.type) for one in taken]
            with self.db.write(lease) as c:
                schemas.save(c, id_, stream, taken)
                schemas.note(c, id_, stream, drifts, self.db.stamp())
        finally:
            lease.release()
        return taken

    def _streams(self, id_: str) -> list[str]:
        with self.db.read() as c:
            return schemas.streams(c, id_)

    def _id(self, name: str) -> str:
        row = Connections(self.db).get(name)
        if row is None:
            raise ConfigError(f"{name!r} was never read, so that nothing is known of its fields.")
        return row.id

    def _samples(self, c: Connection, id_: str, stream: str, at: str) -> Samples:
        """Values of each field, from the records that were read last; nothing else keeps any."""
        slices = [number for number, of, _ in records.slices_of(c, id_) if of == stream]
        found = Sample(at, samples=True)
        for number in slices[:SLICES]:
            for text in records.newest_bodies(c, number, LOOK):
                found.take(parse(text))
        return {name: tuple(seen.samples) for name, seen in found.fields.items()}

    def _view(self, name: str, stream: str, known: Mapping[str, KnownField], samples: Samples) -> SchemaView:
        connection = self.settings.connections.get(name)
        mine = connection.reads(stream) if connection else None
        contract = mine.contract if mine else Contract.EVOLVE
        fields = sorted(known.values(), key=lambda one: (one.state not in PENDING, one.name))
        return SchemaView(name, stream, contract.value, [_field(one, samples) for one in fields])


def _field(one: KnownField, samples: Samples) -> FieldView:
    detail = []
    if one.shape is not None:
        detail += ["required"] if one.shape.required else []
        detail += [many(len(one.shape.options), "option")] if one.shape.options else []
        detail += [f"at most {many(one.shape.length, 'character')}"] if one.shape.length else []
    return FieldView(
        one.name, one.type, one.was, one.state.value, one.described, ", ".join(detail), one.used_by,
        samples.get(one.name, ()),
        one.first_at, one.last_at,
    )  # fmt: skip


def _event(
    row: schemas.EventRow, names: Mapping[str, str], known: Mapping[str, KnownField], samples: Samples
) -> DriftView:
    drift, one = row.drift, known.get(row.drift.field)
    return DriftView(
        row.at, names.get(row.connection_id, row.connection_id), row.stream, drift.field, str(drift.kind), drift.before,
        drift.after, drift.detail, one.state.value if one else "", one.used_by if one else "",
        samples.get(drift.field, ()),
    )  # fmt: skip


def _unknown(what: str, name: str, known: Iterable[str]) -> str:
    near = get_close_matches(name, list(known), 1)
    return f"There is no {what} {name!r}" + (f"; did you mean {near[0]!r}?" if near else ".")
