"""Facts made anew out of all their sightings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import orjson

from mapping.identity import references
from mapping.money import names
from mapping.sightings import Sighting, merge
from state import facts, identities
from state.database import Connection
from state.facts import FactRow
from state.identities import Profile, Queued


def facts_anew(c: Connection, batch: Sequence[Queued], waiting: Mapping[int, Profile]) -> list[FactRow]:
    """Every fact that a waiting entity speaks of, or spoke of, as its sightings say it now, where that is news."""
    keys = {one.fact_key for one in batch if one.fact_key}
    keys |= {one.fact_key for one in waiting.values() if one.fact_key}
    if not keys:
        return []
    stored = facts.load(c, keys)
    speakers = identities.speakers(c, keys)
    places = identities.keys(c, [one.id for many in speakers.values() if len(many) > 1 for one in many])
    rows = []
    for key in sorted(keys):
        row = _fact_row(key, speakers.get(key, []), stored.get(key), places)
        if row is not None:
            rows.append(row)
    return rows


def _fact_row(
    key: str, speakers: Sequence[Profile], stored: facts.StoredFact | None, places: Mapping[int, tuple[str, ...]]
) -> FactRow | None:
    """The fact as its sightings say it now; None where nothing changes. What we wrote ourselves says nothing."""
    speakers = [one for one in speakers if one.alias is None]
    if not speakers:
        if stored is None or not stored.live:
            return None
        return FactRow(stored.id, key, stored.kind, stored.activity, stored.at, False, "{}", (), before=stored.values)
    kind, values = merge(
        [Sighting(p.id, places.get(p.id, ()), p.kind, p.values, max(p.since.values())) for p in speakers]
    )
    values["key"] = key
    if stored is not None and stored.live and stored.values == values and stored.kind == kind:
        return None
    return FactRow(
        stored.id if stored else None, key, kind, values.get("activity"), _instant(values.get("at")), True,
        orjson.dumps(values).decode(), references(values), names(values), stored.values if stored else {},
    )  # fmt: skip


def _instant(text: str | None) -> str | None:
    """A canonical instant in the fixed width of the database."""
    if text is None:
        return None
    whole, _, fraction = text.rstrip("Z").partition(".")
    return f"{whole}.{fraction.ljust(6, '0')}Z"
