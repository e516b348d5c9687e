"""How well and how fast records are told to be one customer, beside Splink and union-find on the same values.

Each contender runs in a process of its own. Half of the entities train (only ours uses them, and only as many answers
as the case says), the records of the other half are resolved by each, at its default threshold. What a data set needs
and what is missing is said, and the case left out.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import time
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from statistics import mean, pstdev
from typing import Any

from bench.customers import Row, World, canonical, records
from bench.known import Missing, fake_1000, febrl, pseudopeople
from bench.mess import costs
from mapping.comparison import Comparison
from mapping.quality import quality
from mapping.scoring import Model

SURE = 0.95
"""The probability from which on a single pair counts as sure (``auto_precision``, ``auto_recall``)."""
NEAR = 4.0
"""Log-odds within which a pair is worth a person's answer; two answers in three are taken from there."""

CHUNK = 5_000
"""Rows that are made at a time, so that no data set has to be held whole."""


@dataclass(frozen=True, slots=True)
class Case:
    """A data set, how many answers train, and over how many seeds. ``split``: half of the entities are kept apart."""

    name: str
    rows: Callable[[int], Iterable[Row]]
    answers: int = 0
    seeds: int = 5
    split: bool = True
    target: float = 0.0


def _synthetic(people: int) -> Callable[[int], Iterable[Row]]:
    return lambda seed: records(World(people, seed=7_000 + seed))


CASES = {
    case.name: case
    for case in (
        Case("febrl3", lambda seed: febrl(3), 300, target=0.9995),
        Case("febrl4", lambda seed: febrl(4), 300, target=0.9995),
        Case("fake_1000", lambda seed: fake_1000(), 300, target=0.93),
        Case("pseudopeople_300", lambda seed: pseudopeople(), 300, target=0.96),
        Case("pseudopeople_1000", lambda seed: pseudopeople(), 1000, target=0.985),
        Case("synthetic_30k", _synthetic(10_350), split=False, target=0.935),
        Case("synthetic_100k", _synthetic(34_500), split=False, target=0.935),
        Case("synthetic_1m", _synthetic(345_000), seeds=1, split=False, target=0.935),
    )
}


USUAL = [name for name in CASES if name != "synthetic_30k"]
"""What runs unless it is said otherwise; the small one is for trying things."""


class Shown:
    """The records of a case that are resolved, made ready one after the other; iterated once. Notes whose each is."""

    def __init__(self, rows: Iterable[Row], *, mess: bool) -> None:
        self.rows, self.truth = iter(rows), array("i")
        self.mess: list[frozenset[str]] | None = [] if mess else None
        self.seconds = self.cpu_seconds = 0.0

    def __iter__(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Source and canonical values of each. What making up the rows takes is kept apart in ``seconds``."""
        while True:
            began, cpu = time.monotonic(), time.process_time()
            chunk = list(islice(self.rows, CHUNK))
            self.seconds += time.monotonic() - began
            self.cpu_seconds += time.process_time() - cpu
            if not chunk:
                return
            for row in chunk:
                self.truth.append(row.entity)
                if self.mess is not None:
                    self.mess.append(row.mess)
                yield row.source, canonical(row.values)


def ours(case: Case, kept: list[Row], shown: Shown, seed: int) -> dict[str, Any]:
    """This resolver: trained on answers about the entities kept for it, then everything from the values on."""
    import numpy as np

    from bench.halves import Halves
    from bench.resolving import compared, prepare, resolve
    from mapping.clustering import Rules
    from mapping.scoring import default, log_odds

    model, spent = default(), 0.0
    if case.answers:
        model, spent = _trained(model, kept, case.answers, seed)
    halves = Halves(alone=case.split)
    began, cpu = time.monotonic(), time.process_time()
    ready = prepare(compared(shown), halves)
    found, scores = resolve(ready, model, Rules(), halves)
    forks = halves.spent()
    seconds = time.monotonic() - began - shown.seconds
    cpu = time.process_time() - cpu - shown.cpu_seconds + forks.cpu_seconds
    result = _result(found, shown, seconds, cpu, forks.peak_mb)
    truth = np.frombuffer(shown.truth, dtype=np.int32)
    same = truth[ready.first] == truth[ready.second]
    sure = scores >= log_odds(SURE)
    true_pairs = max(1, _true_pairs(shown.truth))
    return result | {
        "candidates": len(scores), "reached": float(same.sum()) / true_pairs, "train_seconds": spent,
        "auto_precision": float(same[sure].sum()) / max(1, int(sure.sum())),
        "auto_recall": float(same[sure].sum()) / true_pairs,
    }  # fmt: skip


def _trained(model: Model, kept: list[Row], answers: int, seed: int) -> tuple[Model, float]:
    """The model after so many answers about the rows kept for that, and the seconds that learning took."""
    from bench.resolving import compared, featured, prepare
    from mapping.training import train

    ready = prepare(compared((row.source, canonical(row.values)) for row in kept))
    levels = featured(ready)
    said = [kept[a].entity == kept[b].entity for a, b in zip(ready.first.tolist(), ready.second.tolist(), strict=True)]
    chosen = _worth_asking([model.log_odds(one) for one in levels], answers, seed)
    began = time.process_time()
    learned = train([(levels[place], said[place]) for place in chosen], model, "trained")
    return learned, time.process_time() - began


def _worth_asking(scores: list[float], answers: int, seed: int) -> list[int]:
    """Pairs to ask a person about: two thirds of those near even odds, the rest from all, as a review mixes them."""
    chance = random.Random(seed)
    near = [place for place, score in enumerate(scores) if abs(score) < NEAR]
    chosen = set(chance.sample(near, min(len(near), answers * 2 // 3)))
    others = [place for place in range(len(scores)) if place not in chosen]
    return sorted(chosen | set(chance.sample(others, min(len(others), answers - len(chosen)))))


def _true_pairs(truth: Sequence[int]) -> int:
    return sum(size * (size - 1) // 2 for size in Counter(truth).values())


def _result(found: list[int], shown: Shown, seconds: float, cpu: float, others_mb: float = 0.0) -> dict[str, Any]:
    result = asdict(quality(found, shown.truth)) | {
        "records": len(shown.truth), "seconds": seconds, "cpu_seconds": cpu,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 + others_mb,
    }  # fmt: skip
    return result | ({"mess": costs(found, shown.truth, shown.mess)} if shown.mess and any(shown.mess) else {})


def another(contender: str, shown: Shown) -> dict[str, Any]:
    """Splink or union-find; making the values canonical is not counted against them."""
    from bench import contenders
    from bench.resolving import compared

    made: list[Comparison] = compared(shown)
    began, cpu = time.monotonic(), time.process_time()
    found = getattr(contenders, contender)(made)
    return _result(found, shown, time.monotonic() - began, time.process_time() - cpu)


def run(case: Case, contender: str, seed: int, *, mess: bool = False) -> dict[str, Any]:
    """One contender on one case with one seed, in this process."""
    rows, kept = case.rows(seed), []
    if case.split:
        every = list(rows)
        entities = sorted({row.entity for row in every})
        training = set(random.Random(seed).sample(entities, len(entities) // 2))
        kept = [row for row in every if row.entity in training]
        rows = [row for row in every if row.entity not in training]
    shown = Shown(rows, mess=mess)
    return ours(case, kept, shown, seed) if contender == "ours" else another(contender, shown)


def apart(case: Case, contender: str, seed: int, *, mess: bool = False) -> dict[str, Any]:
    """The same in a process of its own, so that its peak of memory is its own."""
    command = [sys.executable, "-m", "bench.identity", "--child", case.name, contender, str(seed)]
    command += ["--mess"] if mess else []
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Missing(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"exit {done.returncode}")
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def _print(case: Case, contender: str, results: list[dict[str, Any]]) -> dict[str, float]:
    figures = {name: mean(one[name] for one in results) for name in results[0] if name != "mess"}
    spread = pstdev([one["f1"] for one in results])
    line = (
        f"{case.name:18} {contender:10} {figures['records']:9.0f} records  P {figures['precision']:.4f} "
        f"R {figures['recall']:.4f} F1 {figures['f1']:.4f} (+-{spread:.4f})  B3 {figures['b3']:.4f}  "
        f"{figures['seconds']:.1f} s ({figures['cpu_seconds']:.1f} of a core)  {figures['peak_mb']:.0f} MB"
    )
    if contender == "ours":
        line += (
            f"  reached {figures['reached']:.4f}  "
            f"pairs of p>=.95: P {figures['auto_precision']:.4f} R {figures['auto_recall']:.4f}"
        )
        if case.target:
            line += f"  target {case.target}: {'met' if figures['f1'] >= case.target else 'MISSED'}"
    print(line, flush=True)
    if "mess" in results[0]:
        _print_mess(results)
    return figures


def _print_mess(results: list[dict[str, Any]]) -> None:
    """What each kind of mess costs on the average of the seeds, the dearest first."""
    kinds = sorted({kind for one in results for kind in one["mess"]})
    means = {kind: [mean(part) for part in zip(*_of(kind, results), strict=True)] for kind in kinds}
    for kind in sorted(kinds, key=lambda kind: -(means[kind][3] + means[kind][4])):
        many, missed, mixed, share_missed, share_mixed = means[kind]
        print(
            f"    {kind:32} {many:8.0f} records  missed {missed:.3f} ({share_missed:.3f} of all)  "
            f"mixed {mixed:.4f} ({share_mixed:.3f} of all)",
            flush=True,
        )


def _of(kind: str, results: list[dict[str, Any]]) -> list[list[float]]:
    return [one["mess"][kind] for one in results if kind in one["mess"]]


def main() -> None:
    """Runs the cases and ends with one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", nargs="*", default=USUAL, choices=list(CASES))
    parser.add_argument("--contenders", nargs="*", default=["ours", "union_find", "splink"])
    parser.add_argument("--seeds", type=int, help="seeds for every case, instead of its own number")
    parser.add_argument("--mess", action="store_true", help="what each kind of mess costs, where records tell theirs")
    parser.add_argument("--child", nargs=3, metavar=("CASE", "CONTENDER", "SEED"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.child:
        print(json.dumps(run(CASES[asked.child[0]], asked.child[1], int(asked.child[2]), mess=asked.mess)))
        return
    figures: dict[str, dict[str, float]] = {}
    for name in asked.cases:
        case = CASES[name]
        for contender in asked.contenders:
            try:
                results = [apart(case, contender, seed, mess=asked.mess) for seed in range(asked.seeds or case.seeds)]
            except Missing as error:
                print(f"{name:18} {contender:10} left out: {error}", flush=True)
                continue
            figures[f"{name} {contender}"] = _print(case, contender, results)
    ratios = {
        f"{name} vs_{other}": figures[f"{name} ours"]["f1"] / figures[f"{name} {other}"]["f1"]
        for name in asked.cases
        for other in ("splink", "union_find")
        if f"{name} ours" in figures and figures.get(f"{name} {other}", {}).get("f1")
    }
    peak = max((one["peak_mb"] for name, one in figures.items() if name.endswith(" ours")), default=0.0)
    print(json.dumps({"bench": "identity", "figures": figures, "ratios": ratios, "peak_mb": peak}))


if __name__ == "__main__":
    main()
