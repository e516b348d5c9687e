"""The admin's wishes of survivorship, field by field, and whom it concerns when they become others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import orjson

from mapping.errors import ConfigError

VERSION = "1"
"""Of survivorship itself (mapping/golden.py): another one where the same records and wishes make another record. It
reaches customers of several records; of one there is nothing to decide."""
WISHES = ("prefer", "newest", "longest", "most_frequent", "most_complete")


@dataclass(frozen=True, slots=True)
class Criteria:
    """What decides a field. ``prefer``: connection ids to ranks, of which the lowest wins; others come after them."""

    prefer: Mapping[str, int] = field(default_factory=dict)
    newest: bool = True
    longest: bool = False
    most_frequent: bool = False
    most_complete: bool = False


class Policy:
    """The admin's wishes, field by field; ``default`` stands for the fields not named.

    ``prefer`` is a list of connection ids, or a mapping of them to ranks, of which the lowest wins.
    Takes ``{field: {"prefer": [connection ids], "newest": bool, "longest": bool, "most_frequent": bool,
    "most_complete": bool}}``. Raises ConfigError for a criterion that does not exist.
    """

    def __init__(self, settings: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        self._by_field: dict[str, Criteria] = {}
        for name, wishes in (settings or {}).items():
            unknown = sorted(wish for wish in wishes if wish not in WISHES)
            if unknown:
                raise ConfigError(f"golden.{name}: there is no criterion {unknown[0]!r}; known are {', '.join(WISHES)}")
            asked = wishes.get("prefer") or ()
            ranked = asked.items() if isinstance(asked, Mapping) else ((one, rank) for rank, one in enumerate(asked))
            prefer = dict(ranked)
            flags = {wish: bool(wishes[wish]) for wish in wishes if wish != "prefer" and wishes[wish] is not None}
            self._by_field[name] = Criteria(prefer, **flags)
        self._default = self._by_field.pop("default", Criteria())

    def named(self, name: str) -> bool:
        """Whether the admin said something of this very field."""
        return name in self._by_field

    def criteria(self, name: str) -> Criteria:
        """What decides this field."""
        return self._by_field.get(name, self._default)

    def told(self) -> str:
        """All that decides, as JSON text in canonical form: two policies that say the same are equal."""
        fields = {name: asdict(one) for name, one in [("default", self._default), *self._by_field.items()]}
        return orjson.dumps({"version": VERSION, "fields": fields}, option=orjson.OPT_SORT_KEYS).decode()


def concerned(before: str, after: str) -> frozenset[str] | None:
    """Of two policies, as ``told``: the connections whose records may win or lose now where they did not before; None
    where any record may.

    A connection that is ranked for the first time, or no longer, concerns only whoever has a record of it.
    """
    old, new = orjson.loads(before), orjson.loads(after)
    if old["version"] != new["version"] or old["fields"].keys() != new["fields"].keys():
        return None
    found: set[str] = set()
    for name, wishes in new["fields"].items():
        one, other = Criteria(**old["fields"][name]), Criteria(**wishes)
        both = one.prefer.keys() & other.prefer.keys()
        if replace(one, prefer=_order(one, both)) != replace(other, prefer=_order(other, both)):
            return None
        found |= one.prefer.keys() ^ other.prefer.keys()
    return frozenset(found)


def _order(criteria: Criteria, names: Iterable[str]) -> dict[str, int]:
    """The names in their order, whatever stands between them."""
    ranks = {name: criteria.prefer[name] for name in names}
    places = {rank: place for place, rank in enumerate(sorted(set(ranks.values())))}
    return {name: places[rank] for name, rank in ranks.items()}
