"""The pure pipeline over everything in memory: what a rebuild does, without a store."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from mapping import blocking
from mapping.clustering import Edge, Rules, clusters
from mapping.comparison import Comparison, Origin, comparison
from mapping.features import Features, compare
from mapping.model import Kind
from mapping.scoring import Model
from mapping.statistics import Snapshot, snapshot

Ints: TypeAlias = Any
"""An array of whole numbers of numpy's, which the environment of the checks need not have."""


@dataclass(slots=True)
class Prepared:
    """Records made ready: comparisons, the snapshot of their statistics, and the candidate pairs (first < second)."""

    records: list[Comparison]
    counts: Snapshot
    first: Ints
    second: Ints
    oversized: int


def compared(rows: Iterable[tuple[str, dict[str, Any]]], kind: Kind = Kind.PERSON) -> list[Comparison]:
    """The comparisons of (source, canonical values)."""
    return [comparison(kind.value, values, origin=Origin(source)) for source, values in rows]


def prepare(records: list[Comparison]) -> Prepared:
    """Statistics and candidates of all records."""
    keys, owners = _keyed(records, frozenset())
    oversized = frozenset(_oversized(keys))
    if oversized:
        keys, owners = _narrowed(records, keys, owners, oversized)
    left = _oversized(keys)
    wide = np.isin(keys, np.array(left, dtype=np.int64))
    first, second = _pairs(keys[~wide], owners[~wide])
    return Prepared(records, snapshot(records), first, second, len(left))


def _keyed(records: Sequence[Comparison], oversized: frozenset[int]) -> tuple[Ints, Ints]:
    keys, owners = array("q"), array("q")
    for number, one in enumerate(records):
        found = blocking.keys(one, oversized)
        keys.extend(found)
        owners.extend([number] * len(found))
    return np.frombuffer(keys, dtype=np.int64), np.frombuffer(owners, dtype=np.int64)


def _narrowed(records: Sequence[Comparison], keys: Ints, owners: Ints, oversized: frozenset[int]) -> tuple[Ints, Ints]:
    """The keys again, of those records only that have an oversized one; where it is coarse, it is only left out."""
    wide = np.isin(keys, np.fromiter(oversized, dtype=np.int64, count=len(oversized)))
    touched = np.unique(owners[wide & (keys & 1 == 0)])
    kept = ~wide & ~np.isin(owners, touched)
    new_keys, new_owners = array("q"), array("q")
    for number in touched.tolist():
        found = blocking.keys(records[number], oversized)
        new_keys.extend(found)
        new_owners.extend([number] * len(found))
    return (
        np.concatenate([keys[kept], np.frombuffer(new_keys, dtype=np.int64)]),
        np.concatenate([owners[kept], np.frombuffer(new_owners, dtype=np.int64)]),
    )


def _oversized(keys: Ints) -> list[int]:
    values, counts = np.unique(keys, return_counts=True)
    most = np.where(values & 1, blocking.LARGEST_COARSE, blocking.LARGEST)
    return [int(value) for value in values[counts > most]]


def _pairs(keys: Ints, owners: Ints) -> tuple[Ints, Ints]:
    """Every two owners of one key, once."""
    order = np.lexsort((owners, keys))
    keys, owners = keys[order], owners[order]
    starts = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1])))
    sizes = np.diff(np.concatenate((starts, [len(keys)])))
    found = []
    for size in range(2, blocking.LARGEST + 1):
        blocks = starts[sizes == size]
        if len(blocks):
            members = owners[blocks[:, None] + np.arange(size)]
            left, right = np.triu_indices(size, 1)
            found.append(np.unique((members[:, left] << 32 | members[:, right]).ravel()))
    merged = np.unique(np.concatenate(found)) if found else np.empty(0, dtype=np.int64)
    return merged >> 32, merged & 0xFFFFFFFF


def featured(ready: Prepared, chosen: Ints | None = None) -> list[Features]:
    """The features of the candidate pairs, or of those at the chosen places."""
    first, second = (ready.first, ready.second) if chosen is None else (ready.first[chosen], ready.second[chosen])
    records, counts = ready.records, ready.counts
    return [compare(records[a], records[b], counts) for a, b in zip(first.tolist(), second.tolist(), strict=True)]


def partition(ready: Prepared, log_odds: Sequence[float], rules: Rules) -> list[int]:
    """The cluster of every record, as a number."""
    records = dict(enumerate(ready.records))
    edges = (
        Edge(a, b, value)
        for a, b, value in zip(ready.first.tolist(), ready.second.tolist(), log_odds, strict=True)
        if value > rules.absent
    )
    found = [0] * len(ready.records)
    for number, one in enumerate(clusters(records, edges, rules)):
        for member in one.members:
            found[member] = number
    return found


def resolve(ready: Prepared, model: Model, rules: Rules) -> tuple[list[int], list[float]]:
    """The cluster of every record, and the log-odds of every candidate pair."""
    known: dict[Features, float] = {}
    log_odds = []
    records, counts = ready.records, ready.counts
    for a, b in zip(ready.first.tolist(), ready.second.tolist(), strict=True):
        features = compare(records[a], records[b], counts)
        value = known.get(features)
        if value is None:
            value = known[features] = model.log_odds(features)
        log_odds.append(value)
    return partition(ready, log_odds, rules), log_odds
