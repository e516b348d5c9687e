"""Everything that a hub and its CRM hold in the end, in words that do not depend on the way that led there.

Row ids, customer ids and the ids that the CRM gave to records of ours depend on the order of events: they are replaced
by what they stand for. Instants at which something was observed are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from hashlib import blake2b
from typing import Any, Protocol

import orjson
from sqlalchemy import Table, select

from state import facts
from state.database import Database
from state.tables import (
    cursor,
    customer,
    dead_letter,
    dirty_entity,
    dirty_trait,
    entity,
    fact,
    fact_ref,
    golden_record,
    identifier,
    membership,
    outbox,
    raw_record,
    shadow,
    slice_,
    trait,
)
from sync.page import OUR_FACT

OBJECTS = ("companies", "contacts", "notes", "meetings")
PLURAL = {"company": "companies"}
OWN_ID = re.compile(r"hubspot:(contact|company|note|meeting):(\d+)")
CUSTOMER_ID = re.compile(r"c_[0-9a-f]{20,}")
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z~?")
VOLATILE = frozenset({"id", "createdAt", "updatedAt", "hs_object_id"})

State = dict[str, Any]


class Remotes(Protocol):
    """What a CRM holds: HubSpot's portal, or whatever answers like it."""

    def live(self, object_: str, /) -> Iterable[Any]:
        """The records that are there, each with ``id`` and ``properties``."""
        ...

    def linked(self, object_: str, id_: str, to: str, /) -> Iterable[str]:
        """The ids of the records of another object that one is tied to."""
        ...


class EndState:
    """Reads both once. ``old_ids`` is the last id that the CRM gave before the hub, which was started at ``began``."""

    objects: tuple[str, ...] = OBJECTS
    own_id = OWN_ID

    def __init__(self, db: Database, portal: Remotes, old_ids: int, began: datetime) -> None:
        self._db = db
        self._portal = portal
        self._old_ids = old_ids
        self._window = (_stamp(began), _stamp(datetime.now(UTC)))

    def all(self) -> State:
        """Every section by its name."""
        return {
            "raw records": self._raws(), "entities": self._entities(), "identifiers": self._identifiers(),
            "customers": self._customers(), "facts": self._facts(), "attachments": self._attachments(),
            "traits": self._traits(), "shadows": self._shadows(), "dead letters": self._dead_letters(),
            "pages": self._pages(), "left over": self._left_over(), "crm": self._crm(),
        }  # fmt: skip

    def strays(self) -> list[str]:
        """Records in the CRM that are neither its own of before nor known to be ours."""
        live = [(name, one.id) for name in self.objects for one in self._portal.live(name)]
        return [f"{name}/{number}" for name, number in live if "stray" in self._remote(name, number)]

    def _table(self, table: Table) -> list[dict[str, Any]]:
        with self._db.read() as c:
            return [dict(row) for row in c.execute(select(table)).mappings()]

    @cached_property
    def _slices(self) -> dict[int, tuple[str, str]]:
        return {row["id"]: (row["connection_id"], row["stream"]) for row in self._table(slice_)}

    @cached_property
    def _keys(self) -> dict[int, str]:
        """Entity to its natural key."""
        raws = {row["id"]: row for row in self._table(raw_record)}
        return {row["id"]: f"{self._raw(raws[row['raw_id']])}#{row['part']}" for row in self._table(entity)}

    @cached_property
    def _people(self) -> dict[str, str]:
        """Customer to a digest of the records that it was found in; those that we wrote for it say nothing."""
        found: dict[str, list[str]] = {}
        raws = {row["id"]: row for row in self._table(raw_record)}
        natural = {
            row["id"]: f"{raws[row['raw_id']]['slice_id']}/{raws[row['raw_id']]['remote_id']}#{row['part']}"
            for row in self._table(entity)
            if not self._ours(raws[row["raw_id"]])
        }
        slices = {number: f"{of}/{stream}" for number, (of, stream) in self._slices.items()}
        for row in self._table(membership):
            if row["entity_id"] in natural:
                number, _, rest = natural[row["entity_id"]].partition("/")
                found.setdefault(row["customer_id"], []).append(f"{slices[int(number)]}/{rest}")
        return {
            one: "who:" + blake2b("\n".join(sorted(keys)).encode(), digest_size=8).hexdigest()
            for one, keys in found.items()
        }

    def _ours(self, raw: Mapping[str, Any]) -> bool:
        connection_id, stream = self._slices[raw["slice_id"]]
        return connection_id.startswith("crm") and stream in self.objects and int(raw["remote_id"]) > self._old_ids

    def _raw(self, raw: Mapping[str, Any]) -> str:
        connection_id, stream = self._slices[raw["slice_id"]]
        inside = connection_id.startswith("crm") and stream in self.objects
        return self._remote(stream, raw["remote_id"]) if inside else f"{connection_id}/{stream}/{raw['remote_id']}"

    @cached_property
    def _subjects(self) -> dict[tuple[str, str], str]:
        return {
            (row["object"], row["remote_id"]): self._subject(row["subject_kind"], row["subject_key"])
            for row in self._table(shadow)
        }

    def _subject(self, kind: str, key: str) -> str:
        return self._people.get(key, "nobody") if kind == "customer" else key

    def _remote(self, object_: str, remote_id: str) -> str:
        if int(remote_id) <= self._old_ids:
            return f"{object_}/{remote_id}"
        return f"{object_}/of {self._subjects.get((object_, remote_id), 'stray')}"

    def _said(self, text: str) -> str:
        """The text without ids that others would have got, and without the time of the test itself."""
        text = CUSTOMER_ID.sub(lambda found: self._people.get(found[0], "nobody"), text)
        text = self.own_id.sub(lambda found: self._remote(self._plural(found[1]), found[2]), text)
        first, last = self._window
        return INSTANT.sub(lambda found: "<then>" if first <= found[0][:19] <= last else found[0], text)

    def _plural(self, word: str) -> str:
        return PLURAL.get(word, f"{word}s")

    def _value(self, value: Any) -> str:
        return self._said(orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode())

    def _raws(self) -> list[Any]:
        return sorted((self._raw(row), row["state"], self._body(row)) for row in self._table(raw_record))

    def _body(self, row: Mapping[str, Any]) -> str:
        body = orjson.loads(row["body"] or "null")
        if self._slices[row["slice_id"]][0].startswith("crm"):
            body = {name: value for name, value in body.items() if name not in VOLATILE}
            body["properties"] = {name: v for name, v in body["properties"].items() if name not in VOLATILE}
            links = body.get("associations", {})
            body["associations"] = (
                {}
                if self._ours(row)
                else {to: sorted(self._remote(to, one) for one in ids) for to, ids in links.items()}
            )
        return self._value(body)

    def _entities(self) -> list[Any]:
        return sorted(
            (
                self._keys[row["id"]], row["kind"], row["founding"], row["live"], self._said(row["fact_key"] or ""),
                self._said(row["alias"] or ""), self._values(row),
                self._values({**row, "values": row["since"]}), row["echo"],
            )
            for row in self._table(entity)
        )  # fmt: skip

    def _values(self, row: Mapping[str, Any]) -> str:
        values = orjson.loads(row["values"])
        return self._value({k: v for k, v in values.items() if k != "participants" or row["alias"] != OUR_FACT})

    def _identifiers(self) -> list[Any]:
        return sorted(
            (self._keys[row["entity_id"]], row["kind"], self._said(row["value"]), row["until"] is None)
            for row in self._table(identifier)
        )

    def _customers(self) -> list[Any]:
        members: dict[str, list[str]] = {}
        for row in self._table(membership):
            members.setdefault(row["customer_id"], []).append(self._keys[row["entity_id"]])
        kinds = {row["id"]: row["kind"] for row in self._table(customer) if row["status"] == "live"}
        golden = {row["customer_id"]: row for row in self._table(golden_record)}
        return sorted(
            (
                self._people.get(one, "nobody"), kind, sorted(members.get(one, [])),
                self._value(orjson.loads(golden[one]["values"])),
                self._provenance(orjson.loads(golden[one]["provenance"])),
            )
            for one, kind in kinds.items()
        )  # fmt: skip

    def _provenance(self, found: Any) -> str:
        def named(one: Any) -> Any:
            if isinstance(one, list) and one and isinstance(one[0], int):
                return [self._keys[one[0]], *one[1:]]
            return [named(each) for each in one] if isinstance(one, list) else one

        return self._value({name: named(one) for name, one in found.items()})

    def _facts(self) -> list[Any]:
        refs: dict[int, list[Any]] = {}
        for row in self._table(fact_ref):
            refs.setdefault(row["fact_id"], []).append((row["role"], row["kind"], self._said(row["value"])))
        return sorted(
            (
                self._said(row["key"]), row["kind"], row["live"], self._value(orjson.loads(row["values"])),
                sorted(refs.get(row["id"], [])),
            )
            for row in self._table(fact)
        )  # fmt: skip

    def _attachments(self) -> list[Any]:
        known = {row["id"]: row for row in self._table(fact) if row["live"]}
        with self._db.read() as c:
            attached = facts.attachments(c, {number: row["at"] for number, row in known.items()})
        named = {
            number: sorted((role, self._people.get(who, "nobody")) for (_, role), who in found.items())
            for number, found in attached.items()
        }
        return sorted((self._said(known[number]["key"]), found) for number, found in named.items())

    def _traits(self) -> list[Any]:
        return sorted(
            (self._people.get(row["customer_id"], "nobody"), self._said(row["values"]), self._said(row["provenance"]))
            for row in self._table(trait)
        )

    def _shadows(self) -> list[Any]:
        return sorted(
            (
                row["object"], self._remote(row["object"], row["remote_id"]),
                self._subject(row["subject_kind"], row["subject_key"]), row["role"], row["state"],
                self._value(row["sent"]), self._value(row["observed"]), self._links(row["refs"]),
            )
            for row in self._table(shadow)
        )  # fmt: skip

    def _links(self, refs: Mapping[str, Sequence[str]]) -> list[str]:
        found = [(role, *one.split(":")) for role, ids in refs.items() for one in ids]
        return sorted(f"{role} {self._remote(object_, remote_id)}" for role, object_, remote_id in found)

    def _dead_letters(self) -> list[Any]:
        return sorted(
            (row["direction"], row["stream"], self._said(row["remote_id"]), self._said(row["reason"]), row["state"])
            for row in self._table(dead_letter)
        )

    def _pages(self) -> list[Any]:
        """How many pages of each stream of exports were stored: none is stored twice."""
        return sorted(
            (stream, row["pages"])
            for row in self._table(cursor)
            for connection_id, stream in [self._slices[row["slice_id"]]]
            if not connection_id.startswith("crm")
        )

    def _left_over(self) -> dict[str, int]:
        waiting = {table.name: len(self._table(table)) for table in (outbox, dirty_entity, dirty_trait)}
        return {**waiting, "enumerations": sum(row["enumerating"] for row in self._table(cursor))}

    def _crm(self) -> list[Any]:
        return sorted(
            (
                self._remote(name, one.id),
                self._value({key: value for key, value in one.properties.items() if key not in VOLATILE}),
                sorted(
                    self._remote(to, other) for to in self.objects for other in self._portal.linked(name, one.id, to)
                ),
            )
            for name in self.objects
            for one in self._portal.live(name)
        )  # fmt: skip


def _stamp(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat()[:19]
