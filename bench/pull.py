"""How fast contact records are pulled, mapped and resolved into SQLite, beside two baselines in the same run.

``floor`` is httpx, orjson and ``executemany`` and nothing else; ``dlt`` is its ``rest_api`` source into SQLite. Neither
maps nor resolves. Each contender runs in a process of its own against one server. The median of the rounds counts: of a
short contender the best would be one that found a calm moment, of a long one hardly ever.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from importlib import import_module
from pathlib import Path
from statistics import median

from bench.baselines import Work, floor, peak_mb, with_dlt

ROOT = Path(__file__).resolve().parent.parent
SIZE = 100
"""Records a page, as most vendors hand them out."""


def concord(url: str, folder: Path) -> Work:
    """The hub with the bench's own vendor: pull, map, resolve by exact values, golden records. What it costs to compare
    records that share none is measured by bench/incremental.py."""
    from bench.vendor import connector
    from sync.hub import Hub

    import_module("connectors.memory.connector")  # named in the configuration: a library too, loaded beforehand
    path = folder / "concord.yaml"
    path.write_text(
        "hub: {name: Bench, default_country: GB}\nidentity: {compare: false}\n"
        "connections: {crm: {connector: memory, config: {world: b}}}\n"
    )

    def work() -> int:
        with Hub.open(path, connectors={"crm": connector(url)}) as hub:
            report = hub.sync()
            assert report.ok, report
            return report.resolve.entities

    return work


CONTENDERS: dict[str, Callable[[str, Path], Work]] = {"floor": floor, "dlt": with_dlt, "concord": concord}


def measure(name: str, url: str) -> dict[str, float]:
    """Seconds and peak memory of one contender in this process; to load its libraries is left out of the time."""
    with tempfile.TemporaryDirectory() as folder:
        work = CONTENDERS[name](url, Path(folder))
        began = time.perf_counter()
        count = work()
        seconds = time.perf_counter() - began
    return {"records": count, "seconds": seconds, "peak_mb": peak_mb()}


def served(records: int) -> Iterator[str]:
    """A server of so many records, until the iterator is closed."""
    arguments = [sys.executable, "-m", "bench.crm_server", "--records", str(records), "--size", str(SIZE)]
    server = subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        yield server.stdout.readline().strip()
    finally:
        server.kill()
        server.wait()


def run(name: str, url: str) -> dict[str, float]:
    """One contender in a process of its own."""
    arguments = [sys.executable, "-m", "bench.pull", "--contender", name, "--url", url]
    done = subprocess.run(arguments, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def main() -> None:
    """Prints one line of JSON at the end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--contender", choices=sorted(CONTENDERS))
    parser.add_argument("--url")
    options = parser.parse_args()
    if options.contender:
        print(json.dumps(measure(options.contender, options.url)))
        return
    began = datetime.now().astimezone()
    rounds: dict[str, list[dict[str, float]]] = {name: [] for name in CONTENDERS}
    for url in served(options.records):
        for _ in range(options.rounds):
            for name in CONTENDERS:
                figures = run(name, url)
                rounds[name].append(figures)
                rate = figures["records"] / figures["seconds"]
                print(
                    f"{name:8} {figures['seconds']:7.2f} s {rate:9.0f} records/s {figures['peak_mb']:6.0f} MB",
                    flush=True,
                )
    for url in served(options.records // 10):
        small = run("concord", url)
    rates = {name: median(one["records"] / one["seconds"] for one in found) for name, found in rounds.items()}
    best = {name: max(one["records"] / one["seconds"] for one in found) for name, found in rounds.items()}
    peak = max(one["peak_mb"] for one in rounds["concord"])
    result = {
        "bench": "pull",
        "figures": {
            **{f"{name}_per_s": round(rate) for name, rate in rates.items()},
            "records": options.records,
            "vs_floor_of_best_rounds": round(best["concord"] / best["floor"], 3),
            "concord_peak_mb_tenth": round(small["peak_mb"]),
            "at": began.isoformat(timespec="seconds"),
        },
        "ratios": {
            "vs_dlt": round(rates["concord"] / rates["dlt"], 2),
            "vs_floor": round(rates["concord"] / rates["floor"], 3),
            "memory_vs_tenth": round(small["peak_mb"] / peak, 2),
        },
        "peak_mb": round(peak),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
