"""Schema drift: what a vendor's fields were, what they are, and what each difference means for the stream."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from hashlib import blake2b
from typing import Any

from mapping.contract import Schema, SchemaField
from mapping.counts import many

NAME_LIMIT = 200
"""Characters of a field's name as it is kept; a longer one ends in a hash of the whole."""
SAMPLES, SAMPLE_LENGTH = 3, 60
USUAL, ENOUGH = 0.5, 20
"""A field that so large a share of the records had, and none of so many, is no longer sent."""
RETYPED_FROM = 3
"""Values of another JSON type before a field counts as retyped: one alone is an odd record."""
NAMED = 5
"""Fields that a sentence names; the others are counted."""
COMPUTED = "values computed from it"
ANY = "*"


class Contract(StrEnum):
    """What a stream does when its vendor's fields change."""

    EVOLVE = "evolve"
    FREEZE = "freeze"
    STOP = "stop"


class State(StrEnum):
    """How a field stands. NEW, VANISHED and RETYPED wait for a person; DROPPED is gone and its values are let go."""

    KNOWN = "known"
    NEW = "new"
    VANISHED = "vanished"
    RETYPED = "retyped"
    DROPPED = "dropped"


PENDING = frozenset({State.NEW, State.VANISHED, State.RETYPED})


class Kind(StrEnum):
    """What happened to a field. CHANGED: its options, length or whether it is required."""

    NEW = "new"
    VANISHED = "vanished"
    RETYPED = "retyped"
    RETURNED = "returned"
    CHANGED = "changed"
    ACCEPTED = "accepted"


@dataclass(frozen=True, slots=True)
class KnownField:
    """One field of a stream as it was last met. ``name`` is as ``kept_name`` makes it.

    ``was`` is the type that was accepted; ``shape`` what the vendor said of it, None where it was only seen in records;
    ``used_by`` the rules that read it. ``met`` of ``looked`` records had it when it was first met.
    """

    name: str
    type: str
    was: str
    state: State = State.KNOWN
    shape: SchemaField | None = None
    used_by: str = ""
    met: int = 0
    looked: int = 0
    first_at: str = ""
    last_at: str = ""

    @property
    def described(self) -> bool:
        """Whether the vendor itself names it."""
        return self.shape is not None


@dataclass(frozen=True, slots=True)
class Drift:
    """One thing that happened to one field. ``detail`` tells no values: options are counted."""

    field: str
    kind: Kind
    before: str = ""
    after: str = ""
    detail: str = ""


def kept_name(name: str) -> str:
    """The name as every database and terminal takes it; nearly every name is that already."""
    if name.isprintable() and 0 < len(name) <= NAME_LIMIT:
        return name
    plain = name.encode("unicode_escape").decode() or '""'
    if len(plain) <= NAME_LIMIT:
        return plain
    return f"{plain[: NAME_LIMIT - 17]}#{blake2b(name.encode('utf-8', 'surrogatepass'), digest_size=8).hexdigest()}"


def is_field(name: str) -> bool:
    """Whether a key of a record is the name of a field: neither one that a connector computes (``_rest``), nor data
    that stands as a key, as in an object by ids or addresses."""
    return not name.startswith("_") and "@" not in name and not name.replace("-", "").isdigit()


def fields_of(schema: Schema) -> dict[str, SchemaField]:
    """The described fields that records may have, by their kept names, without those that a connector computes."""
    names = [name for name in schema.fields if not name.startswith("_") and name not in schema.absent]
    return {kept_name(name): schema.fields[name] for name in names}


def compare(known: Mapping[str, KnownField], described: Mapping[str, SchemaField]) -> list[Drift]:
    """What happened to the fields that the vendor describes, since they were last compared."""
    found: list[Drift] = []
    for name, now in described.items():
        old = known.get(name)
        if old is None:
            found.append(Drift(name, Kind.NEW, after=now.type))
        elif old.state in (State.VANISHED, State.DROPPED):
            found.append(Drift(name, Kind.RETURNED, after=now.type))
        elif old.shape is None:
            continue  # until now it was only seen in records: that it is described as well is no change
        elif old.type != now.type:
            kind = Kind.RETURNED if old.state is State.RETYPED and old.was == now.type else Kind.RETYPED
            found.append(Drift(name, kind, old.type, now.type))
        elif detail := _difference(old.shape, now):
            found.append(Drift(name, Kind.CHANGED, now.type, now.type, detail))
    there = (State.KNOWN, State.NEW, State.RETYPED)
    found += [
        Drift(name, Kind.VANISHED, before=old.type)
        for name, old in known.items()
        if old.described and name not in described and old.state in there
    ]
    return found


def _difference(old: SchemaField, now: SchemaField) -> str:
    told = []
    more, fewer = len(set(now.options) - set(old.options)), len(set(old.options) - set(now.options))
    if more:
        told.append(many(more, "more option"))
    if fewer:
        told.append(f"{many(fewer, 'option')} fewer")
    if now.required != old.required:
        told.append("required now" if now.required else "no longer required")
    if now.length != old.length:
        told.append(f"length {old.length or 'unlimited'} → {now.length or 'unlimited'}")
    return ", ".join(told)


def after(drift: Drift, old: State | None, contract: Contract, *, used: bool) -> State:
    """How the field stands after it. What no rule reads asks for a decision only where the stream shall stop."""
    asks = used or contract is Contract.STOP
    if drift.kind is Kind.NEW or (drift.kind is Kind.RETURNED and old is State.DROPPED):
        return State.KNOWN if contract is Contract.EVOLVE else State.NEW
    if drift.kind is Kind.VANISHED:
        return State.VANISHED if asks and old is not State.NEW else State.DROPPED
    if drift.kind is Kind.RETYPED:
        return old if old is State.NEW else State.RETYPED if asks else State.KNOWN
    return (old or State.KNOWN) if drift.kind is Kind.CHANGED else State.KNOWN


def settled(one: KnownField, contract: Contract, use: str) -> KnownField:
    """The field as it stands under the rules and the contract of now, which may ask for nothing any more."""
    state = one.state
    if state is State.NEW and contract is Contract.EVOLVE:
        state = State.KNOWN
    elif state in (State.VANISHED, State.RETYPED) and not use and contract is not Contract.STOP:
        state = State.DROPPED if state is State.VANISHED else State.KNOWN
    was = one.type if state is State.KNOWN else one.was
    return replace(one, used_by=use, state=state, was=was)


def accepted(one: KnownField) -> KnownField:
    """The field as a person took it: a vanished one is let go, a new or retyped one is what it is now."""
    gone = one.state in (State.VANISHED, State.DROPPED)
    return replace(one, state=State.DROPPED if gone else State.KNOWN, was=one.type)


def json_type(value: Any) -> str:
    """What JSON calls the value; empty for null."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return "text" if isinstance(value, str) else "object" if isinstance(value, Mapping) else "list"


@dataclass(slots=True)
class Sighting:
    """What a sample of records says of one field."""

    met: int = 0
    types: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    samples: dict[str, None] = field(default_factory=dict)


class Sample:
    """The fields of a few records: at the top of the body, or one level down where the properties lie. Values are kept
    only with ``samples``."""

    def __init__(self, at: str, *, samples: bool = False) -> None:
        self._at, self._samples = at, samples
        self.looked = 0
        self.fields: dict[str, Sighting] = {}

    def take(self, body: Mapping[str, Any]) -> None:
        """One more record."""
        inner = body.get(self._at) if self._at else body
        if not isinstance(inner, Mapping):
            return
        self.looked += 1
        for name, value in inner.items():
            if not isinstance(name, str) or not is_field(name):
                continue
            seen = self.fields.setdefault(kept_name(name), Sighting())
            seen.met += 1
            if kind := json_type(value):
                seen.types[kind] += 1
                if self._samples and len(seen.samples) < SAMPLES and value not in ("", [], {}):
                    seen.samples.setdefault(shown(value))

    def lacks(self, known: Iterable[KnownField]) -> list[KnownField]:
        """The fields, of those only ever seen in records, that were usual and that none of enough records has now."""
        if self.looked < ENOUGH:
            return []
        return [
            one
            for one in known
            if not one.described
            and one.state in (State.KNOWN, State.NEW)
            and one.looked >= ENOUGH
            and one.met >= USUAL * one.looked
            and one.name not in self.fields
        ]

    def retyped(self, known: Mapping[str, KnownField]) -> list[Drift]:
        """The fields, of those only ever seen in records, whose values are all of another JSON type now."""
        found = []
        for name, seen in self.fields.items():
            old = known.get(name)
            if old is None or old.described or old.state is State.DROPPED or not old.type or old.type in seen.types:
                continue
            if len(seen.types) == 1 and sum(seen.types.values()) >= RETYPED_FROM:
                (kind,) = seen.types
                back = old.state is State.RETYPED and old.was == kind
                found.append(Drift(name, Kind.RETURNED if back else Kind.RETYPED, old.type, kind))
        return found


def shown(value: Any) -> str:
    """A value as a short text on one line."""
    line = " ".join(str(value).split())
    return line if len(line) <= SAMPLE_LENGTH else f"{line[: SAMPLE_LENGTH - 1]}…"


def used_by(name: str, found: Mapping[str, Sequence[str]]) -> str:
    """The rules that read a field, for people; empty where none does.

    Where the rules read what a connector computes from a record (names with an underscore), any field may be in it.
    """
    if name in found or ANY in found:
        return ", ".join((*found.get(name, ()), *found.get(ANY, ())))
    return COMPUTED if any(one.startswith("_") for one in found) else ""


def sentence(drifts: Sequence[Drift], use: Mapping[str, str]) -> str:
    """What happened, for reports and logs: names of fields and rules, never values. Empty where nothing did."""
    told = []
    for kind in (Kind.VANISHED, Kind.RETYPED, Kind.NEW, Kind.RETURNED, Kind.CHANGED):
        mine = [one for one in drifts if one.kind is kind]
        if mine:
            # Those that rules read come first: they are what somebody has to look at.
            mine.sort(key=lambda one: not use.get(one.field))
            more = f" and {len(mine) - NAMED:,} more" if len(mine) > NAMED else ""
            told.append(f"{kind}: {', '.join(_told(one, use.get(one.field, '')) for one in mine[:NAMED])}{more}")
    return "; ".join(told)


def _told(one: Drift, use: str) -> str:
    name = one.field if len(one.field) <= SAMPLE_LENGTH else f"{one.field[: SAMPLE_LENGTH - 1]}…"
    parts = [one.detail or (f"{one.before} → {one.after}" if one.kind is Kind.RETYPED else "")]
    if use and one.kind is not Kind.NEW:
        parts.append(f"read by {use}" if use != COMPUTED else use)
    said = ", ".join(filter(None, parts))
    return f"{name} ({said})" if said else name
