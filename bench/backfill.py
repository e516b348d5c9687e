"""How fast the past is read, partition by partition, into SQLite; how much memory and disk that takes; and what is read
again after a kill. Beside it dlt reads the same records from the same server, whole and without windows.

Concord maps and resolves, dlt does neither. Each contender runs in a process of its own. The kill is a SIGKILL of the
process once half of the records are stored; a second process goes on from there.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from urllib.request import urlopen

from bench.baselines import Work, floor, peak_mb, with_dlt
from bench.past_server import BEGINNING, END

ROOT = Path(__file__).resolve().parent.parent
SIZE = 100
"""Records a page, as most vendors hand them out."""
EVERY = "1w"
WORKERS = int(os.environ.get("BENCH_WORKERS", "2"))
"""Handed on to the processes that are measured."""
LOOK = 0.02
CONFIG = (
    "hub: {name: Bench, default_country: GB}\nidentity: {compare: false}\n"
    "connections: {crm: {connector: memory, config: {world: b}}}\n"
)


def concord(url: str, folder: Path) -> Work:
    """The hub with the bench's own vendor: a backfill that is begun, or one that was cut off and is resumed."""
    from bench.vendor import connector
    from sync.backfilled import Asked
    from sync.hub import Hub

    path = folder / "concord.yaml"
    path.write_text(CONFIG)

    def work() -> int:
        with Hub.open(path, connectors={"crm": connector(url, windowed=True)}) as hub:
            backfills = hub.backfills
            begun = backfills.ledger.recent(1)
            asked = Asked(BEGINNING, END, EVERY, workers=WORKERS)
            number = begun[0].id if begun else backfills.add(backfills.draft("crm", asked))
            print("working", flush=True)
            report = backfills.run(number)
            assert report.ok, report
            return report.streams[0].read

    return work


CONTENDERS = {"floor": floor, "dlt": with_dlt, "concord": concord}


def measure(name: str, url: str, folder: Path) -> dict[str, float]:
    """Seconds and peak memory of one contender in this process; to load its libraries is left out of the time."""
    work = CONTENDERS[name](url, folder)
    began = time.perf_counter()
    count = work()
    seconds = time.perf_counter() - began
    size = sum(place.stat().st_size for place in folder.glob("concord.db*"))
    return {"records": count, "seconds": seconds, "peak_mb": peak_mb(), "bytes": size}


@contextmanager
def served(records: int) -> Iterator[str]:
    """A server of so many records in a process of its own."""
    arguments = [sys.executable, "-m", "bench.past_server", "--records", str(records), "--size", str(SIZE)]
    with subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            yield server.stdout.readline().strip()
        finally:
            server.kill()


def started(name: str, url: str, folder: Path) -> subprocess.Popen[str]:
    """One contender in a process of its own."""
    arguments = [sys.executable, "-m", "bench.backfill", "--contender", name, "--url", url, "--folder", str(folder)]
    return subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def run(name: str, url: str) -> dict[str, float]:
    """What one contender measured."""
    with tempfile.TemporaryDirectory() as folder, started(name, url, Path(folder)) as process:
        said, _ = process.communicate()
        assert process.returncode == 0
        figures: dict[str, float] = json.loads(said.splitlines()[-1])
    return figures


def pages(url: str) -> int:
    """How many pages of windows the server was asked for."""
    with urlopen(f"{url}/pages") as answer:
        return int(answer.read())


def stored(folder: Path) -> int:
    """How many records are in the database by now."""
    try:
        with sqlite3.connect(f"file:{folder / 'concord.db'}?mode=ro", uri=True) as db:
            return int(db.execute("SELECT count(*) FROM raw_record").fetchone()[0])
    except sqlite3.OperationalError:
        return 0


def killed(url: str, records: int, undisturbed: int) -> dict[str, float]:
    """What a kill at half of the records costs: records asked for again, and seconds until a new one is stored."""
    before = pages(url)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with started("concord", url, folder) as first:
            while stored(folder) < records // 2:
                assert first.poll() is None, "it was over before it could be killed"
                time.sleep(LOOK)
            os.kill(first.pid, signal.SIGKILL)
        half, began = stored(folder), time.perf_counter()
        with started("concord", url, folder) as second:
            while stored(folder) == half:
                assert second.poll() is None
                time.sleep(LOOK)
            again = time.perf_counter() - began
            second.communicate()
            assert second.returncode == 0
        assert stored(folder) == records
    return {"records": (pages(url) - before - undisturbed) * SIZE, "seconds": again}


def main() -> None:
    """Prints one line of JSON at the end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--workers", type=int, default=WORKERS)
    parser.add_argument("--contender", choices=sorted(CONTENDERS))
    parser.add_argument("--url")
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    if options.contender:
        print(json.dumps(measure(options.contender, options.url, options.folder)))
        return
    os.environ["BENCH_WORKERS"] = str(options.workers)
    began = datetime.now().astimezone()
    found: dict[str, dict[str, float]] = {}
    with served(options.records) as url:
        for name in CONTENDERS:
            before = pages(url)
            found[name] = figures = run(name, url)
            asked = pages(url) - before
            rate = figures["records"] / figures["seconds"]
            print(
                f"{name:8} {figures['seconds']:7.2f} s {rate:9.0f} records/s {figures['peak_mb']:6.0f} MB", flush=True
            )
        restart = killed(url, options.records, asked)
        print(f"killed at half: {restart['records']:.0f} records again, {restart['seconds']:.2f} s", flush=True)
    with served(options.records // 10) as url:
        small = run("concord", url)
    rates = {name: figures["records"] / figures["seconds"] for name, figures in found.items()}
    ours = found["concord"]
    result = {
        "bench": "backfill",
        "figures": {
            **{f"{name}_per_s": round(rate) for name, rate in rates.items()},
            "records": options.records,
            "workers": options.workers,
            "concord_peak_mb_tenth": round(small["peak_mb"]),
            "bytes_a_record": round(ours["bytes"] / ours["records"]),
            "again_after_kill": round(restart["records"]),
            "restart_s": round(restart["seconds"], 2),
            "at": began.isoformat(timespec="seconds"),
        },
        "ratios": {
            "vs_dlt": round(rates["concord"] / rates["dlt"], 2),
            "vs_floor": round(rates["concord"] / rates["floor"], 3),
            "memory_vs_tenth": round(small["peak_mb"] / ours["peak_mb"], 2),
        },
        "peak_mb": round(ours["peak_mb"]),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
