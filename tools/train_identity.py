"""Makes the scoring model that ships: fits the weights on invented worlds and writes them into mapping/models.

Usage, with the bench libraries installed: python -m tools.train_identity [--kind organization] [--seed 1]
Nothing of a known data set goes into it; those are for measuring only. The same seed gives the same model.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import block_diag, csr_matrix, diags, identity, kron
from sklearn.linear_model import LogisticRegression

from bench.customers import CENSUS, COPIES, REGISTERS, SCRAPS, SOURCES, Row, World, canonical, records
from bench.firms import firms
from bench.resolving import compared, featured, prepare
from mapping.features.levels import POSITIONS, SIZES
from mapping.model import Kind
from mapping.scoring import Model, Together, dump

WORLDS = (
    (30_000, SOURCES, 60_000), (6_000, SOURCES, 60_000), (1_500, SOURCES, 60_000), (300, SOURCES, 60_000),
    (300_000, SOURCES, 400_000), (100_000, SOURCES, 250_000),
    (3_000, REGISTERS, 60_000), (20_000, REGISTERS, 100_000), (5_000, CENSUS, 60_000), (20_000, CENSUS, 100_000),
    (500, SCRAPS, 60_000), (2_000, SCRAPS, 60_000), (6_000, SCRAPS, 100_000), (1_500, COPIES, 60_000),
    (8_000, COPIES, 100_000),
)  # fmt: skip
"""People and sources of each world, and how many pairs are taken of it. The two large ones teach how little a name says
where many share it; the others keep what is learned from being about them alone."""

FIRMS = (1_000, 10_000)
"""Companies of each world of organizations."""

OF_FIRMS = 60_000
"""Pairs taken of one of those."""

FREEDOM = {Kind.PERSON: 0.1, Kind.ORGANIZATION: 0.3}
"""The inverse of the strength of the prior on weights (scikit-learn's C)."""

_NAME, _WHOLE, _COMMON = "given name", "name as a whole", "how common the full name is"
_ONES = ("birth date", "email", "phone", "street")
PAIRS = (
    *((_NAME, other) for other in ("family name", *_ONES, "middle name")),
    *(("family name", other) for other in _ONES),
    *((_WHOLE, other) for other in (*_ONES, "postal code", "tax number", "generation", _COMMON, "source")),
    *((_WHOLE, other) for other in ("what agrees", "what disagrees", "name in the other's email")),
    *((_WHOLE, other) for other in ("how many share the email or phone", "how many share the address")),
    *((_COMMON, other) for other in (*_ONES, "postal code", "city", "middle name", "company")),
    *((_COMMON, other) for other in ("what agrees", "what disagrees", "name in the other's email")),
    *(("birth date", other) for other in ("email", "street", "postal code", "city", "tax number")),
    *(("how common the family name is", other) for other in ("street", "birth date", _NAME)),
    ("how common the given name is", _NAME), ("how common the family name is", "family name"),
    *((other, "company's domain") for other in (_WHOLE, _COMMON, "email", "phone")),
    *((other, "name in the other's email") for other in ("how common the family name is", "city", "company's domain")),
    *((other, "name in the other's email") for other in (_NAME, "family name")),
    *((_WHOLE, other) for other in ("city", "middle name")), (_NAME, "city"),
    *(("how common the family name is", other) for other in (_COMMON, "how common the given name is", "city", "email")),
    *(("how many share the email or phone", other) for other in ("how common the family name is", "city")),
    ("email", "phone"), ("email", "name in the other's email"), ("phone", "street"), ("street", "postal code"),
    ("what agrees", "what disagrees"),
)  # fmt: skip
"""Features that are weighed together too."""

_TOGETHER = [(POSITIONS[one], POSITIONS[other]) for one, other in PAIRS]
_STARTS = np.concatenate(([0], np.cumsum([*SIZES, *(SIZES[one] * SIZES[other] for one, other in _TOGETHER)])))


def worlds(kind: Kind, seed: int) -> Iterator[tuple[list[Row], int]]:
    """The rows of each invented world, and how many pairs are taken of it."""
    if kind == Kind.ORGANIZATION:
        for number, count in enumerate(FIRMS):
            yield list(firms(seed * 1000 + number, count)), OF_FIRMS
        return
    for number, (people, sources, most) in enumerate(WORLDS):
        yield list(records(World(people, sources, seed * 1000 + number))), most


def examples(kind: Kind, seed: int) -> tuple[Any, Any]:
    """The levels of candidate pairs of all worlds, and whether each pair is one subject."""
    levels, same = [], []
    for rows, most in worlds(kind, seed):
        ready = prepare(compared(((row.source, canonical(row.values)) for row in rows), kind))
        places = np.random.default_rng(seed).permutation(len(ready.first))[:most]
        truth = np.array([row.entity for row in rows])
        levels.append(np.array(featured(ready, places), dtype=np.int64))
        same.append(truth[ready.first[places]] == truth[ready.second[places]])
        print(f"{len(rows)} records, {len(ready.first)} pairs, {len(places)} taken", flush=True)
    return np.concatenate(levels), np.concatenate(same)


def fitted(levels: Any, same: Any, version: str, trained_on: str, freedom: float) -> Model:
    """The model with the greatest posterior probability, weights of two features held twice as tightly.

    Of features that count, what is held tightly is the step from one level to the next, so that a level which hardly
    occurs (a name held by thousands) weighs what its neighbour does and not nothing.
    """
    columns = [_STARTS[place] + levels[:, place] for place in range(len(SIZES))]
    for place, (one, other) in enumerate(_TOGETHER, len(SIZES)):
        columns.append(_STARTS[place] + levels[:, one] * SIZES[other] + levels[:, other])
    used = np.stack(columns, axis=1)
    rows, width = used.shape
    single = csr_matrix((np.ones(used.size), used.ravel(), np.arange(0, rows * width + 1, width)), (rows, _STARTS[-1]))
    scale = np.where(np.arange(_STARTS[-1]) < _STARTS[len(SIZES)], 1.0, 0.5)
    steps = (_steps() @ diags(scale)).tocsr()
    learned = LogisticRegression(C=freedom, max_iter=400).fit((single @ steps).tocsr(), same)
    weights = np.round(steps @ learned.coef_[0], 2)
    parts = [tuple(float(w) for w in weights[a:b]) for a, b in pairwise(_STARTS)]
    together = [Together(*pair, part) for pair, part in zip(_TOGETHER, parts[len(SIZES) :], strict=True)]
    return Model(
        version, round(float(learned.intercept_[0]), 2), tuple(parts[: len(SIZES)]), tuple(together), trained_on
    )


def _steps() -> Any:
    """Which steps each weight is the sum of: itself alone, or, of what counts, all from level 1 to its own."""
    counting = [name.startswith(("how common", "how many", "what ")) for name in POSITIONS]
    alone = [
        block_diag([[[1]], np.tril(np.ones((size - 1, size - 1)))]) if counts else identity(size)
        for size, counts in zip(SIZES, counting, strict=True)
    ]
    return block_diag([*alone, *(kron(alone[one], alone[other]) for one, other in _TOGETHER)], format="csr")


def main() -> None:
    """Trains and writes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--version", default="default-3")
    parser.add_argument("--kind", type=Kind, default=Kind.PERSON, choices=(Kind.PERSON, Kind.ORGANIZATION))
    asked = parser.parse_args()
    levels, same = examples(asked.kind, asked.seed)
    count = len(WORLDS if asked.kind == Kind.PERSON else FIRMS)
    origin = f"{len(levels)} candidate pairs of {count} invented worlds, seed {asked.seed}"
    model = fitted(levels, same, asked.version, origin, FREEDOM[asked.kind])
    path = Path("mapping/models") / f"{asked.kind.value}.json"
    path.write_text(json.dumps(dump(model), separators=(",", ":")) + "\n", encoding="utf-8")
    print(f"{path}: {path.stat().st_size} bytes; {same.mean():.3f} of the pairs are the same subject")


if __name__ == "__main__":
    main()
