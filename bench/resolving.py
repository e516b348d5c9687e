"""The pure pipeline over everything in memory: what a rebuild does, without a store."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from bench.halves import Halves, unmoved
from mapping import blocking
from mapping.clustering import Edge, Rules, clusters
from mapping.comparison import Comparison, Origin, comparison
from mapping.features import Features, compare
from mapping.model import Kind
from mapping.scoring import Model, cautious
from mapping.statistics import Snapshot, snapshot

Array: TypeAlias = Any
"""An array of numpy's, which the environment of the checks need not have."""

HERE = Halves(alone=True)
"""All work in this process."""

BATCH = 20_000
"""Edges of components that are clustered at a time."""

SCORES = 200_000
"""Rows of features whose score is remembered, as the engine does."""


@dataclass(slots=True)
class Prepared:
    """Records made ready: comparisons, the snapshot of their statistics, and the candidate pairs (first < second)."""

    records: list[Comparison]
    counts: Snapshot
    first: Array
    second: Array
    oversized: int


def compared(rows: Iterable[tuple[str, dict[str, Any]]], kind: Kind = Kind.PERSON) -> list[Comparison]:
    """The comparisons of (source, canonical values)."""
    with unmoved():
        return [comparison(kind.value, values, origin=Origin(source)) for source, values in rows]


def prepare(records: list[Comparison], halves: Halves = HERE) -> Prepared:
    """Statistics and candidates of all records."""
    keys, owners = _keyed(records, halves)
    oversized = _oversized(keys)
    if len(oversized):
        keys, owners = _narrowed(records, keys, owners, oversized, halves)
    left = _oversized(keys)
    fits = ~np.isin(keys, left)
    keys, owners = keys[fits], owners[fits]
    counts, made = halves.both(lambda: snapshot(records), lambda: _pairs(keys, owners).tobytes())
    first, second = np.frombuffer(made, dtype=np.int32).reshape(2, -1)
    return Prepared(records, counts, first, second, len(left))


def _keyed(records: Sequence[Comparison], halves: Halves) -> tuple[Array, Array]:
    """All keys, and the places of the records that they are of."""
    return _keys(records, np.arange(len(records), dtype=np.int32), frozenset(), halves)


def _keys(
    records: Sequence[Comparison], places: Array, oversized: frozenset[int], halves: Halves
) -> tuple[Array, Array]:
    """The keys of the records at these places, and the places that they are of."""

    def keys_of(begin: int, end: int) -> bytes:
        keys, many = array("q"), array("q")
        for place in places[begin:end].tolist():
            found = blocking.keys(records[place], oversized)
            keys.extend(found)
            many.append(len(found))
        return many.tobytes() + keys.tobytes()

    keys: list[Array] = []
    owners: list[Array] = []
    middle, end = len(places) // 2, len(places)
    for (low, high), made in zip(((0, middle), (middle, end)), halves.run(keys_of, middle, end), strict=True):
        whole = np.frombuffer(made, dtype=np.int64)
        keys.append(whole[high - low :])
        owners.append(np.repeat(places[low:high], whole[: high - low]))
    return np.concatenate(keys), np.concatenate(owners)


def _narrowed(
    records: Sequence[Comparison], keys: Array, owners: Array, oversized: Array, halves: Halves
) -> tuple[Array, Array]:
    """The keys again, of those records only that have an oversized one; where it is coarse, it is only left out."""
    wide = np.isin(keys, oversized)
    touched = np.unique(owners[wide & (keys & 1 == 0)])
    kept = ~wide & ~np.isin(owners, touched)
    more, of = _keys(records, touched, frozenset(oversized.tolist()), halves)
    return np.concatenate([keys[kept], more]), np.concatenate([owners[kept], of])


def _oversized(keys: Array) -> Array:
    values, counts = np.unique(keys, return_counts=True)
    most = np.array([blocking.most(key) for key in range(blocking.FLAGS + 1)])[values & blocking.FLAGS]
    return values[counts > most]


def _pairs(keys: Array, owners: Array) -> Array:
    """Every two owners of one key, once, as two rows; of a key with two sides one of each."""
    by_name = blocking.NAMED_BIT
    order = np.lexsort((owners, keys & ~by_name))
    named, keys, owners = (keys[order] & by_name) != 0, keys[order] & ~by_name, owners[order]
    del order
    sided = (keys & blocking.SIDED_BIT) != 0
    starts = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1])))
    sizes = np.diff(np.concatenate((starts, [len(keys)])))
    found = []
    for size in range(2, 2 * blocking.LARGEST + 1):
        blocks = starts[sizes == size]
        if len(blocks):
            places = blocks[:, None] + np.arange(size)
            left, right = np.triu_indices(size, 1)
            one, other = owners[places[:, left]].astype(np.int64), owners[places[:, right]]
            one_side = sided[blocks, None] & (named[places[:, left]] == named[places[:, right]])
            compared = (one != other) & ~one_side
            found.append(np.unique(one[compared] << 32 | other[compared]))
    merged = np.unique(np.concatenate(found)) if found else np.empty(0, dtype=np.int64)
    return np.stack([(merged >> 32).astype(np.int32), (merged & 0xFFFFFFFF).astype(np.int32)])


def featured(ready: Prepared, chosen: Array | None = None) -> list[Features]:
    """The features of the candidate pairs, or of those at the chosen places."""
    first, second = (ready.first, ready.second) if chosen is None else (ready.first[chosen], ready.second[chosen])
    records, counts = ready.records, ready.counts
    return [compare(records[a], records[b], counts) for a, b in zip(first.tolist(), second.tolist(), strict=True)]


def scored(ready: Prepared, model: Model, halves: Halves = HERE) -> Array:
    """The log-odds of every candidate pair."""
    records, counts = ready.records, ready.counts

    def scores_of(begin: int, end: int) -> bytes:
        known: dict[Features, float] = {}
        found = array("d")
        for low in range(begin, end, BATCH):
            part = slice(low, min(end, low + BATCH))
            for a, b in zip(ready.first[part].tolist(), ready.second[part].tolist(), strict=True):
                features = compare(records[a], records[b], counts)
                value = known.get(features)
                if value is None:
                    if len(known) > SCORES:
                        known.clear()
                    value = known[features] = cautious(model, features, counts.records)
                found.append(value)
        return found.tobytes()

    count = len(ready.first)
    return np.frombuffer(b"".join(halves.run(scores_of, count // 2, count)), dtype=np.float64)


def partition(ready: Prepared, log_odds: Array, rules: Rules, halves: Halves = HERE) -> list[int]:
    """The cluster of every record: the place of its first record."""
    log_odds, count = np.asarray(log_odds), len(ready.records)
    joined = log_odds > rules.cut
    graph = coo_matrix(
        (np.ones(joined.sum(), dtype=bool), (ready.first[joined], ready.second[joined])), shape=(count, count)
    )
    part = connected_components(graph, directed=False)[1]
    inside = np.flatnonzero((part[ready.first] == part[ready.second]) & (log_odds > rules.absent))
    inside = inside[np.argsort(part[ready.first[inside]], kind="stable")]
    parts = part[ready.first[inside]]

    def clusters_of(begin: int, end: int) -> bytes:
        found = array("i", range(count))
        while begin < end:
            stop = int(np.searchsorted(parts, parts[min(begin + BATCH, end) - 1], side="right"))
            chosen = inside[begin:stop]
            triples = (ready.first[chosen].tolist(), ready.second[chosen].tolist(), log_odds[chosen].tolist())
            edges = [Edge(*one) for one in zip(*triples, strict=True)]
            members = {place for edge in edges for place in edge[:2]}
            for one in clusters({place: ready.records[place] for place in sorted(members)}, edges, rules):
                for member in one.members[1:]:
                    found[member] = one.members[0]
            begin = stop
        return found.tobytes()

    middle = int(np.searchsorted(parts, parts[len(parts) // 2])) if len(parts) else 0
    one, other = (np.frombuffer(made, dtype=np.int32) for made in halves.run(clusters_of, middle, len(parts)))
    return [int(place) for place in np.minimum(one, other)]


def resolve(ready: Prepared, model: Model, rules: Rules, halves: Halves = HERE) -> tuple[list[int], Array]:
    """The cluster of every record, and the log-odds of every candidate pair."""
    log_odds = scored(ready, model, halves)
    return partition(ready, log_odds, rules, halves), log_odds
