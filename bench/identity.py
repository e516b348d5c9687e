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
from collections.abc import Callable
from dataclasses import dataclass
from statistics import mean, pstdev
from typing import Any

from bench.customers import Row, World, canonical, records
from bench.known import Missing, fake_1000, febrl, pseudopeople
from bench.quality import quality
from mapping.comparison import Comparison

NEAR = 4.0
"""Log-odds within which a pair is worth a person's answer; two answers in three are taken from there."""


@dataclass(frozen=True, slots=True)
class Case:
    """A data set, how many answers train, and over how many seeds. ``split``: half of the entities are kept apart."""

    name: str
    rows: Callable[[int], list[Row]]
    answers: int = 0
    seeds: int = 5
    split: bool = True
    target: float = 0.0


def _synthetic(people: int) -> Callable[[int], list[Row]]:
    return lambda seed: list(records(World(people, seed=7_000 + seed)))


CASES = {
    case.name: case
    for case in (
        Case("febrl3", lambda seed: febrl(3), 300, target=0.9995),
        Case("febrl4", lambda seed: febrl(4), 300, target=0.9995),
        Case("fake_1000", lambda seed: fake_1000(), 300, target=0.93),
        Case("pseudopeople_300", lambda seed: pseudopeople(), 300, target=0.96),
        Case("pseudopeople_1000", lambda seed: pseudopeople(), 1000, target=0.985),
        Case("synthetic_100k", _synthetic(34_500), split=False, target=0.935),
        Case("synthetic_1m", _synthetic(345_000), seeds=1, split=False, target=0.935),
    )
}


def ours(rows: list[Row], tested: list[bool], answers: int, seed: int) -> dict[str, Any]:
    """This resolver: trained on answers about the entities kept for it, then everything from the values on."""
    from bench.resolving import compared, featured, prepare, resolve
    from mapping.clustering import Rules
    from mapping.scoring import MERGE_ABOVE, default, log_odds
    from mapping.training import train

    model, spent = default(), 0.0
    if answers:
        kept = [row for row, test in zip(rows, tested, strict=True) if not test]
        ready = prepare(compared((row.source, canonical(row.values)) for row in kept))
        levels = featured(ready)
        said = [
            kept[a].entity == kept[b].entity for a, b in zip(ready.first.tolist(), ready.second.tolist(), strict=True)
        ]
        chosen = _worth_asking([model.log_odds(one) for one in levels], answers, seed)
        began = time.process_time()
        model = train([(levels[place], said[place]) for place in chosen], model, "trained")
        spent = time.process_time() - began
    shown = [row for row, test in zip(rows, tested, strict=True) if test]
    began, cpu = time.monotonic(), time.process_time()
    ready = prepare(compared((row.source, canonical(row.values)) for row in shown))
    found, scores = resolve(ready, model, Rules())
    seconds, cpu = time.monotonic() - began, time.process_time() - cpu
    truth = [row.entity for row in shown]
    pairs = list(zip(ready.first.tolist(), ready.second.tolist(), strict=True))
    right = sum(truth[a] == truth[b] for a, b in pairs)
    sure = [truth[a] == truth[b] for (a, b), score in zip(pairs, scores, strict=True) if score >= log_odds(MERGE_ABOVE)]
    result = _result(found, truth, seconds, cpu)
    careful = _resolved_again(ready, scores, log_odds(MERGE_ABOVE))
    strict = quality(careful, truth)
    return result | {
        "candidates": len(pairs), "reached": right / max(1, _true_pairs(truth)),
        "auto_precision": sum(sure) / max(1, len(sure)), "auto_recall": sum(sure) / max(1, _true_pairs(truth)),
        "strict_f1": strict.f1, "strict_precision": strict.precision, "strict_b3": strict.b3, "train_seconds": spent,
    }  # fmt: skip


def _resolved_again(ready: Any, scores: list[float], cut: float) -> list[int]:
    """The partition when clusters are cut at the merging threshold instead of at even odds."""
    from bench.resolving import partition
    from mapping.clustering import Rules

    return partition(ready, scores, Rules(cut=cut))


def _worth_asking(scores: list[float], answers: int, seed: int) -> list[int]:
    """Pairs to ask a person about: two thirds of those near even odds, the rest from all, as a review mixes them."""
    chance = random.Random(seed)
    near = [place for place, score in enumerate(scores) if abs(score) < NEAR]
    chosen = set(chance.sample(near, min(len(near), answers * 2 // 3)))
    others = [place for place in range(len(scores)) if place not in chosen]
    return sorted(chosen | set(chance.sample(others, min(len(others), answers - len(chosen)))))


def _true_pairs(truth: list[int]) -> int:
    sizes: dict[int, int] = {}
    for entity in truth:
        sizes[entity] = sizes.get(entity, 0) + 1
    return sum(size * (size - 1) // 2 for size in sizes.values())


def _result(found: list[int], truth: list[int], seconds: float, cpu: float) -> dict[str, Any]:
    return quality(found, truth)._asdict() | {
        "records": len(truth), "seconds": seconds, "cpu_seconds": cpu,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }  # fmt: skip


def another(contender: str, rows: list[Row], tested: list[bool]) -> dict[str, Any]:
    """Splink or union-find; making the values canonical is not counted against them."""
    from bench import contenders
    from bench.resolving import compared

    shown = [row for row, test in zip(rows, tested, strict=True) if test]
    made: list[Comparison] = compared((row.source, canonical(row.values)) for row in shown)
    truth = [row.entity for row in shown]
    del shown, rows
    began, cpu = time.monotonic(), time.process_time()
    found = getattr(contenders, contender)(made)
    return _result(found, truth, time.monotonic() - began, time.process_time() - cpu)


def run(case: Case, contender: str, seed: int) -> dict[str, Any]:
    """One contender on one case with one seed, in this process."""
    rows = case.rows(seed)
    tested = [True] * len(rows)
    if case.split:
        entities = sorted({row.entity for row in rows})
        kept = set(random.Random(seed).sample(entities, len(entities) // 2))
        tested = [row.entity not in kept for row in rows]
    return ours(rows, tested, case.answers, seed) if contender == "ours" else another(contender, rows, tested)


def apart(case: Case, contender: str, seed: int) -> dict[str, Any]:
    """The same in a process of its own, so that its peak of memory is its own."""
    command = [sys.executable, "-m", "bench.identity", "--child", case.name, contender, str(seed)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Missing(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"exit {done.returncode}")
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def _print(case: Case, contender: str, results: list[dict[str, Any]]) -> dict[str, float]:
    figures = {name: mean(one[name] for one in results) for name in results[0]}
    spread = pstdev([one["f1"] for one in results])
    line = (
        f"{case.name:18} {contender:10} {figures['records']:9.0f} records  P {figures['precision']:.4f} "
        f"R {figures['recall']:.4f} F1 {figures['f1']:.4f} (+-{spread:.4f})  B3 {figures['b3']:.4f}  "
        f"{figures['seconds']:.1f} s ({figures['cpu_seconds']:.1f} of a core)  {figures['peak_mb']:.0f} MB"
    )
    if contender == "ours":
        line += (
            f"  reached {figures['reached']:.4f}  "
            f"p>=.95: P {figures['auto_precision']:.4f} R {figures['auto_recall']:.4f}; cut there: "
            f"F1 {figures['strict_f1']:.4f} P {figures['strict_precision']:.4f} B3 {figures['strict_b3']:.4f}"
        )
        if case.target:
            line += f"  target {case.target}: {'met' if figures['f1'] >= case.target else 'MISSED'}"
    print(line, flush=True)
    return figures


def main() -> None:
    """Runs the cases and ends with one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", nargs="*", default=list(CASES), choices=list(CASES))
    parser.add_argument("--contenders", nargs="*", default=["ours", "union_find", "splink"])
    parser.add_argument("--seeds", type=int, help="seeds for every case, instead of its own number")
    parser.add_argument("--child", nargs=3, metavar=("CASE", "CONTENDER", "SEED"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.child:
        print(json.dumps(run(CASES[asked.child[0]], asked.child[1], int(asked.child[2]))))
        return
    figures: dict[str, dict[str, float]] = {}
    for name in asked.cases:
        case = CASES[name]
        for contender in asked.contenders:
            try:
                results = [apart(case, contender, seed) for seed in range(asked.seeds or case.seeds)]
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
