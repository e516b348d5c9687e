"""What a thousand new records cost in a base of so many profiles, end to end: filed, scored, clustered, golden records.

Each base is loaded through the engine, in a process of its own; then a batch of new records of the same world comes,
several times, each time to a copy of the base, and the best counts. The turn (compare and resolve) is timed apart from
reading. In the end everything is rebuilt with a fresh snapshot, and the quality of both partitions compared.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import select

from bench.customers import SOURCES, Row, World, records
from connectors.core.protocols import Hooks, Stream, Writes
from mapping.contract import Account, Cursor, Page, RawRecord, RemoteId, Slice
from mapping.model import Kind
from mapping.quality import quality
from mapping.rules import EntityRules
from state.database import Database
from state.tables import entity, membership, raw_record
from sync.hub import Hub
from sync.reports import Silent

SIZE, NEW, A_PERSON = 500, 1_000, 2.8
"""Records a page and a batch, and how many records a person has at least, on the average."""
FIELDS = ("given_name", "family_name", "name", "additional_name", "honorific_prefix", "email", "phone", "birth_date",
          "tax_id", "company")  # fmt: skip
PLACE = ("street", "locality", "postal_code", "region")
PERSON = EntityRules(
    name="person",
    kind=Kind.PERSON,
    fields={name: f"properties.{name}" for name in FIELDS}
    | {f"address.{name}": f"properties.address.{name}" for name in PLACE},
)


@dataclass(slots=True)
class Tools:
    """Six tools of one company as one connection, a stream each; ``rows`` are what they hold, and only grow."""

    rows: dict[str, list[tuple[int, dict[str, Any]]]] = field(
        default_factory=lambda: {source.name: [] for source in SOURCES}
    )
    writes: Writes | None = None
    hooks: Hooks | None = None

    def check(self) -> Account:
        """The one account."""
        return Account("bench")

    def streams(self) -> list[Stream]:
        """A stream for each tool."""
        return [Stream(name, (PERSON,), self._reader(name)) for name in self.rows]

    def _reader(self, name: str) -> Any:
        def read(slice_: Slice, cursor: Cursor | None) -> Iterator[Page]:
            held, start = self.rows[name], int(str(cursor)) if cursor else 0
            while True:
                some = held[start : start + SIZE]
                start += len(some)
                found = [RawRecord(RemoteId(str(number)), {"properties": values}) for number, values in some]
                yield Page(found, cursor=Cursor(str(start)), complete=start >= len(held))
                if start >= len(held):
                    return

        return read

    def add(self, rows: Sequence[tuple[int, Row]]) -> None:
        """So many more records, each with its number."""
        for number, row in rows:
            self.rows[row.source].append((number, row.values))


class Watch(Silent):
    """When the turn began and ended."""

    def __init__(self) -> None:
        self.began = self.cpu = self.seconds = self.cpu_seconds = 0.0

    def started(self, what: str, total: int | None) -> None:
        """Notes the beginning of the turn."""
        if what == "compare":
            self.began, self.cpu = time.perf_counter(), time.process_time()

    def finished(self, what: str, note: str) -> None:
        """Notes its end."""
        if what == "resolve":
            self.seconds, self.cpu_seconds = time.perf_counter() - self.began, time.process_time() - self.cpu


def measure(base: int, rounds: int, *, rebuild: bool) -> dict[str, float]:
    """The figures of one base, in this process."""
    rows = list(enumerate(records(World(round((base + NEW) / A_PERSON), seed=4_000))))
    random.Random(5).shuffle(rows)
    loaded, new = rows[:base], rows[base : base + NEW]
    assert len(new) == NEW, "a person has fewer records than A_PERSON says"
    truth = {number: row.entity for number, row in (*loaded, *new)}
    with tempfile.TemporaryDirectory() as folder:
        home, tools, watch = Path(folder) / "base", Tools(), Watch()
        home.mkdir()
        (home / "concord.yaml").write_text(
            "hub: {name: Bench, default_country: US}\nconnections: {tools: {connector: memory, config: {world: b}}}\n"
        )
        tools.add(loaded)
        began, cpu = time.perf_counter(), time.process_time()
        with Hub.open(home / "concord.yaml", connectors={"tools": tools}) as hub:
            assert hub.sync().ok
        load, load_cpu = time.perf_counter() - began, time.process_time() - cpu
        tools.add(new)
        spent: list[tuple[float, float]] = []
        for place in range(rounds):
            path = shutil.copytree(home, Path(folder) / f"round {place}") / "concord.yaml"
            with Hub.open(path, connectors={"tools": tools}, observer=watch) as hub:
                assert hub.sync().ok
            spent.append((watch.seconds, watch.cpu_seconds))
        with Hub.open(path, connectors={"tools": tools}) as hub:
            incremental = quality(*_partitions(hub.db, truth))
            figures = {
                "records": base, "load_seconds": load, "load_cpu_seconds": load_cpu,
                "seconds": min(spent)[0], "cpu_seconds": min(one for _, one in spent),
                "f1": incremental.f1, "precision": incremental.precision, "b3": incremental.b3,
            }  # fmt: skip
            if rebuild:
                hub.identity.rebuild()
                rebuilt = quality(*_partitions(hub.db, truth))
                figures |= {"rebuilt_f1": rebuilt.f1, "f1_difference": abs(rebuilt.f1 - incremental.f1)}
    return figures | {"peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def _partitions(db: Database, truth: dict[int, int]) -> tuple[list[str], list[int]]:
    """The customer of every record, by its number, and the person; a record without a customer stands alone."""
    found = {number: f"record {number}" for number in truth}
    statement = (
        select(raw_record.c.remote_id, membership.c.customer_id)
        .join(entity, entity.c.raw_id == raw_record.c.id)
        .join(membership, membership.c.entity_id == entity.c.id)
    )
    with db.read() as c:
        for number, customer in c.execute(statement):
            found[int(number)] = customer
    return list(found.values()), list(truth.values())


def main() -> None:
    """Prints a line for each base, and one line of JSON at the end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bases", type=int, nargs="*", default=[10_000, 100_000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--without-rebuild", action="store_true")
    parser.add_argument("--child", type=int, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.child:
        print(json.dumps(measure(asked.child, asked.rounds, rebuild=not asked.without_rebuild)))
        return
    found: dict[int, dict[str, float]] = {}
    for base in asked.bases:
        command = [sys.executable, "-m", "bench.incremental", "--child", str(base), "--rounds", str(asked.rounds)]
        command += ["--without-rebuild"] if asked.without_rebuild else []
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        found[base] = one = json.loads(done.stdout.splitlines()[-1])
        print(
            f"{one['records']:9.0f} records: loaded in {one['load_seconds']:.1f} s, {NEW} more in "
            f"{one['seconds']:.2f} s ({one['cpu_seconds']:.2f} of a core)  F1 {one['f1']:.4f}, "
            f"rebuilt {one.get('rebuilt_f1', 0):.4f}  {one['peak_mb']:.0f} MB",
            flush=True,
        )
    first = found[asked.bases[0]]
    ratios = {
        f"{base} vs_smallest_base": round(one["cpu_seconds"] / first["cpu_seconds"], 2) for base, one in found.items()
    }
    peak = max(one["peak_mb"] for one in found.values())
    print(json.dumps({"bench": "incremental", "figures": found, "ratios": ratios, "peak_mb": round(peak)}))


if __name__ == "__main__":
    main()
