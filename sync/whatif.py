"""What if: how many customers another configuration would split and merge, before anything changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from config import loader
from config.settings import Settings
from connectors.core.registry import catalogue
from mapping.quality import Drift
from state import customers, identities
from state.database import Connection
from sync.figures import MergeView, Side, SplitView, WhatIfReport
from sync.links import Crossing
from sync.offered import offered
from sync.opening import models
from sync.picture import label_of, name_of_customer
from sync.rehearsal import Rehearsed, rehearsed

if TYPE_CHECKING:
    from sync.hub import Hub

SHOWN = 5
"""How many records of a side are named."""
SIDES = 6
"""How many customers of one merge or split are told."""
APART = frozenset({"deduplicated", "unique"})
"""Settings of a stream that decide who is who."""


@dataclass(frozen=True, slots=True)
class WhatIf:
    """Tries other configurations on a copy. ``names``: connection id to its name."""

    hub: Hub
    names: Mapping[str, str]

    def tried(self, path: Path, *, limit: int) -> WhatIfReport:
        """What the configuration at ``path`` would change, with ``limit`` samples of merges and of splits.

        Raises ConfigError for a configuration that is not right; its secrets need no values.
        """
        settings = loader.load(path, models(catalogue()), offers=offered(catalogue()), placeholders=True)
        began = monotonic()
        differs = list(differences(self.hub.settings, settings))
        with self.hub.db.read() as c:
            waiting = identities.queue_length(c)
        with rehearsed(self.hub, settings) as trial, self.hub.db.read() as c, trial.db.read() as copied:
            drift = trial.drift()
            drawn = _Drawn(c, copied, self.names, trial)
            return WhatIfReport(
                file=path.name,
                differs=[key for key in differs if is_identity(key)],
                ignored=[key for key in differs if not is_identity(key)],
                records=len(trial.after),
                before=drift.before,
                after=drift.after,
                merged=sum(len(several) for several in drift.merged.values()),
                split=len(drift.split),
                moved=drift.moved,
                merges=drawn.merges(drift, limit),
                splits=drawn.splits(drift, limit),
                waiting=waiting,
                seconds=monotonic() - began,
            )


def differences(one: Settings, other: Settings) -> Iterator[str]:
    """The keys by which two configurations differ, as ``identity.block``."""
    first, second = (dict(_flat(settings.public())) for settings in (one, other))
    for key in sorted(first.keys() | second.keys()):
        if first.get(key) != second.get(key):
            yield ".".join(key)


def _flat(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(value, Mapping) and value:
        for key, each in value.items():
            yield from _flat(each, (*path, key))
    else:
        yield path, value


def is_identity(key: str) -> bool:
    """Whether the setting decides who is who."""
    parts = key.split(".")
    stream = parts[0] == "connections" and "streams" in parts and parts[-1] in APART
    return parts[0] == "identity" or parts[:2] == ["privacy", "internal"] or stream


@dataclass(frozen=True, slots=True)
class _Drawn:
    """Samples: customers by what they are called here, records and links from the copy."""

    c: Connection
    copied: Connection
    names: Mapping[str, str]
    trial: Rehearsed

    def merges(self, drift: Drift, limit: int) -> list[MergeView]:
        """The customers that would come together, those with the most records first."""
        sizes = self._sizes(self.trial.before)
        ranked = sorted(drift.merged.items(), key=lambda item: (-sum(sizes[old] for old in item[1]), item[0]))
        return [self._merge(several, sizes) for _, several in ranked[:limit]]

    def splits(self, drift: Drift, limit: int) -> list[SplitView]:
        """The customers that would come apart, those with the most records first."""
        sizes = self._sizes(self.trial.before)
        ranked = sorted(drift.split.items(), key=lambda item: (-sizes[item[0]], item[0]))
        return [self._split(old, several) for old, several in ranked[:limit]]

    @staticmethod
    def _sizes(home: Mapping[int, str]) -> dict[str, int]:
        sizes: dict[str, int] = {}
        for customer in home.values():
            sizes[customer] = sizes.get(customer, 0) + 1
        return sizes

    def _merge(self, several: Sequence[str], sizes: Mapping[str, int]) -> MergeView:
        members = identities.members(self.c, several)
        called = self._called(several)
        ordered = sorted(several, key=lambda one: (-sizes[one], one))
        sides = [
            Side(one, called.get(one, ""), sizes[one], self._records(i for i, owner in members.items() if owner == one))
            for one in ordered[:SIDES]
        ]
        return MergeView(sides, len(several), Crossing(self.copied, self.names).told([*members], members))

    def _split(self, old: str, several: Sequence[str]) -> SplitView:
        members = sorted(i for i in identities.members(self.c, [old]) if i in self.trial.after)
        parts: dict[str, list[int]] = {one: [] for one in several}
        for i in members:
            parts[self.trial.after[i]].append(i)
        ordered = sorted(parts.values(), key=lambda part: (-len(part), part))
        side = {i: number for number, part in enumerate(ordered) for i in part}
        shown = [self._records(part) for part in ordered[:SIDES]]
        name = self._called([old]).get(old, "")
        return SplitView(old, name, len(members), shown, Crossing(self.c, self.names).told(members, side))

    def _called(self, ids: Iterable[str]) -> dict[str, str]:
        return {one.customer_id: name_of_customer(one.values) for one in customers.load(self.c, ids).values()}

    def _records(self, ids: Iterable[int]) -> list[str]:
        chosen = sorted(ids)[:SHOWN]
        keys = identities.keys(self.c, chosen)
        return [label_of(keys[i], self.names) for i in chosen if i in keys]
