"""What each connector makes of its vendor: records a second against the stand-in, and requests beside the fewest."""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.stand_ins import SUBJECTS, Subject
from connectors.core.protocols import Runtime, Stream
from connectors.core.registry import catalogue, stand_ins
from mapping.contract import Cursor, Token

ROOT = Path(__file__).resolve().parent.parent
AIM = 0.95
"""The share of the fewest requests that a full read must not fall below."""
LATER = 1_200.0
"""Seconds between two runs without news."""


@dataclass
class Meter:
    """Counts requests. What a connector means to sleep passes at once: a vendor's limit costs the bench no time."""

    requests: int = 0
    slept: float = 0.0

    def request(self, url: str) -> None:
        """One more."""
        self.requests += 1

    def received(self, size: int) -> None:
        """Counts nothing."""

    def waited(self, seconds: float, why: str) -> None:
        """Counts nothing; ``sleep`` does."""

    def sleep(self, seconds: float) -> None:
        """Lets the connector's time pass."""
        self.slept += seconds

    def runtime(self) -> Runtime:
        """The present, and what was slept."""
        return Runtime(
            now=lambda: datetime.now(UTC) + timedelta(seconds=self.slept),
            monotonic=lambda: time.monotonic() + self.slept,
            sleep=self.sleep,
            meter=self,
            default_country="GB",
        )


@dataclass
class Tokens:
    """A token store in memory."""

    token: Token | None = None

    def load(self) -> Token | None:
        """The token, if any."""
        return self.token

    def swap(self, old: Token | None, new: Token) -> bool:
        """Always: nobody else is here."""
        self.token = new
        return True

    def lock(self, seconds: float) -> bool:
        """Always granted."""
        return True

    def unlock(self) -> None:
        """Nothing to give back."""


@contextmanager
def served(name: str, records: int) -> Iterator[dict[str, Any]]:
    """The config of a connection to the stand-in, which runs in a process of its own."""
    command = [sys.executable, "-m", "bench.stand_ins", name, str(records)]
    server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        yield json.loads(server.stdout.readline())
    finally:
        server.terminate()
        server.wait()


@dataclass
class Connection:
    """One connection to a stand-in, over several runs."""

    subject: Subject
    config: Mapping[str, Any]
    meter: Meter = field(default_factory=Meter)
    tokens: Tokens = field(default_factory=Tokens)
    cursors: dict[str, Cursor | None] = field(default_factory=dict)

    def run(self) -> tuple[int, int, float]:
        """Reads on where it stands: the records, the requests and the seconds of the reading itself.

        Logging in, and finding out which slices there are, is done before and not counted.
        """
        stream = self._stream()
        slices = list(stream.slices())
        self.meter.requests, records = 0, 0
        began = time.perf_counter()
        for slice_ in slices:
            for page in stream.read(slice_, self.cursors.get(slice_.key)):
                records += len(page.records)
                self.cursors[slice_.key] = page.cursor
        return records, self.meter.requests, time.perf_counter() - began

    def _stream(self) -> Stream:
        vendor = catalogue()[self.subject.connector]
        connector = vendor.build(vendor.config.model_validate(self.config), self.meter.runtime(), self.tokens)
        connector.check()
        return next(stream for stream in connector.streams() if stream.name == self.subject.stream)


def measure(name: str, subject: Subject, most: int) -> dict[str, float]:
    """The figures of one subject, printed as well; none where its server is not installed."""
    records = min(most, subject.most)
    with served(name, records) as config:
        if "absent" in config:
            print(f"{name:28}  not installed")
            return {}
        connection = Connection(subject, config)
        read, requests, seconds = connection.run()
        assert read == records, f"{name}: {read} of {records} records came"
        for _ in range(2):
            connection.meter.slept += LATER
            _, idle, _ = connection.run()
    fewest = subject.fewest(records)
    figures = {
        "per_s": round(records / seconds),
        "requests_per_thousand": round(requests * 1_000 / records, 2),
        "fewest_per_thousand": round(fewest * 1_000 / records, 2),
        "vs_fewest_requests": round(fewest / requests, 2),
        "idle_requests": idle,
        "idle_forced": len(connection.cursors) + sum(subject.idle.values()),
    }
    print(f"{name:28}" + "".join(f"{value:10}" for value in figures.values()), flush=True)
    return figures


def explain(chosen: Mapping[str, Subject]) -> None:
    """Prints what the fewest requests are counted from."""
    for name, subject in chosen.items():
        pages = ", ".join(f"{most:,} {what}" for what, most in subject.pages.items())
        print(f"{name}: {pages} a request ({subject.source})")
        for kind, reasons in (("besides", subject.forced), ("without news, beyond one a slice", subject.idle)):
            for reason, count in reasons.items():
                print(f"    {kind}: {count} for {reason}")


def main() -> None:
    """Prints one line of JSON at the end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=3_000)
    parser.add_argument("--subject", action="append", choices=sorted(SUBJECTS))
    options = parser.parse_args()
    began = datetime.now().astimezone()
    chosen = {name: SUBJECTS[name] for name in options.subject or sorted(SUBJECTS)}
    explain(chosen)
    heads = ("records/s", "req/1000", "fewest", "ratio", "idle", "forced")
    print(f"{'':28}" + "".join(f"{head:>10}" for head in heads), flush=True)
    measured = {name: measure(name, subject, options.records) for name, subject in chosen.items()}
    found = {name: figures for name, figures in measured.items() if figures}
    unmeasured = sorted({*stand_ins()} - {subject.connector for subject in SUBJECTS.values()})
    unmeasured += [name for name in measured if name not in found]
    missed = [name for name, figures in found.items() if figures["vs_fewest_requests"] < AIM]
    chatty = [name for name, figures in found.items() if figures["idle_requests"] > figures["idle_forced"]]
    result = {
        "bench": "connectors",
        "figures": {
            **{f"{name.replace(' ', '_')}_{key}": value for name, each in found.items() for key, value in each.items()},
            "records": options.records,
            "missed": missed,
            "chatty": chatty,
            "unmeasured": unmeasured,
            "at": began.isoformat(timespec="seconds"),
        },
        "ratios": {
            "vs_fewest_requests": min(each["vs_fewest_requests"] for each in found.values()),
        },
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
