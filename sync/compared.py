"""What records are compared by, as resolving and matching need it: as stored where that is up to date, or made anew."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import orjson

from mapping.comparison import Comparison, load
from mapping.criteria import Criteria
from state import identities, matching
from state.database import Connection
from state.identities import Profile

Key = tuple[str, ...]


def version_of(one: Profile, key: Key, criteria: Criteria) -> str:
    """The version that the comparison of a record as it is now has."""
    return criteria.version(one.kind, one.text, one.echo, criteria.origin(key))


def made_of(one: Profile, key: Key, criteria: Criteria) -> Comparison:
    """The comparison of a record as it is now."""
    return criteria.comparison(one.kind, one.values, one.echo, criteria.origin(key))


def unfiled(c: Connection, profiles: Mapping[int, Profile], wanted: Iterable[int], criteria: Criteria) -> set[int]:
    """Those of the entities that are not filed as they are now: new, changed, gone, or made by other rules."""
    ids = list(wanted)
    stored = matching.versions(c, ids)
    live = [i for i in ids if i in stored and profiles[i].live]
    natural = identities.keys(c, live)
    return set(ids) - {i for i in live if stored[i] == version_of(profiles[i], natural[i], criteria)}


def comparisons(
    c: Connection, wanted: Iterable[int], profiles: Mapping[int, Profile], keys: Mapping[int, Key], criteria: Criteria
) -> dict[int, Comparison]:
    """What these entities are compared by; those that are no live profiles are left out."""
    live = [i for i in wanted if i in profiles and profiles[i].live and i in keys]
    stored = matching.versioned(c, live) if criteria.compare else {}
    found: dict[int, Comparison] = {}
    for i in live:
        one, key = profiles[i], keys[i]
        version, body = stored.get(i, ("", ""))
        if version and version == version_of(one, key, criteria):
            found[i] = load(orjson.loads(body))
        else:
            found[i] = made_of(one, key, criteria)
    return found
