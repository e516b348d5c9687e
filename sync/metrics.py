"""Metrics for Prometheus, computed from the database at each scrape: jobs are processes, so no counter of one would do.

Names and units follow https://prometheus.io/docs/practices/naming/ (read 2026-11-29).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as Late
from contextlib import contextmanager
from wsgiref.simple_server import WSGIServer

import structlog
from prometheus_client import CollectorRegistry, ProcessCollector, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from mapping.errors import ConcordError, ConfigError
from state.database import Database, parse_stamp
from state.measures import Measures, measure
from state.runs import RunStatus
from state.tallies import ENDED, LAST_OK, WAITED

LONGEST = 5.0
"""Seconds that a scrape waits for the database; then it gets what was measured last."""
FRESH = 2.0
"""Seconds for which a measurement is good, so that many scrapers cost no more than one."""
RECORDS = ("read", "new", "changed", "unchanged", "gone", "failed", "dropped")
COSTS = {
    "calls": ("concord_requests", "Requests sent to the vendor."),
    "bytes": ("concord_received_bytes", "Bytes received from the vendor."),
    "retries": ("concord_retries", "Requests that were sent again."),
}

log = structlog.get_logger("concord.metrics")


class HubCollector(Collector):
    """Everything that is measured in one database. A scrape never waits longer than ``longest`` seconds."""

    def __init__(self, db: Database, registry: CollectorRegistry, *, longest: float = LONGEST) -> None:
        self._db, self._longest = db, longest
        self._worker = ThreadPoolExecutor(1, "metrics")
        self._lock = threading.Lock()
        self._pending: Future[Measures] | None = None
        self._last: Measures | None = None
        self._errors = 0
        registry.register(self)

    def describe(self) -> Iterator[Metric]:
        """Nothing, so that to be registered asks nothing of the database."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """The metrics of now, or of the last time where the database does not answer in time."""
        found = self._measures()
        yield CounterMetricFamily(
            "concord_scrape_errors", "Scrapes that found the database busy or away.", value=self._errors
        )
        if found is not None:
            yield GaugeMetricFamily("concord_measured_timestamp_seconds", "When this was measured.", value=found.at)
            yield from families(found)

    def close(self) -> None:
        """Lets go of the thread that measures; one that hangs is not waited for."""
        self._worker.shutdown(wait=False, cancel_futures=True)

    def _measures(self) -> Measures | None:
        with self._lock:
            if self._last is not None and abs(self._db.now().timestamp() - self._last.at) < FRESH:
                return self._last
            if self._pending is None:
                self._pending = self._worker.submit(measure, self._db)
            try:
                self._last = self._pending.result(self._longest)
                self._pending = None
            except Late:
                self._errors += 1  # the one look that is under way is asked again next time
            except (ConcordError, OSError) as error:
                self._pending = None
                self._errors += 1
                log.warning("the metrics could not be measured; the last ones are given", reason=str(error))
            return self._last


@contextmanager
def exposed(db: Database, host: str, port: int, *, longest: float = LONGEST) -> Iterator[int]:
    """Serves the metrics over HTTP while the block runs, at the port that is given; 0 takes a free one.

    Raises ConfigError where the port or the address cannot be had.
    """
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    collector = HubCollector(db, registry, longest=longest)
    try:
        server, thread = _listening(host, port, registry)
    except BaseException:
        collector.close()
        raise
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        collector.close()


def _listening(host: str, port: int, registry: CollectorRegistry) -> tuple[WSGIServer, threading.Thread]:
    try:
        return start_http_server(port, host, registry)
    except OSError as error:
        raise ConfigError(
            f"The metrics cannot be served at {host}:{port}: {error.strerror}. Give another with --metrics or"
            " --metrics-host."
        ) from None


def families(found: Measures) -> Iterator[Metric]:
    """One look as metric families."""
    names = {row.id: row.name for row in found.connections} | {"": ""}
    yield from _sums(found, names)
    yield from _queues(found, names)
    yield from _times(found, names)
    size = GaugeMetricFamily("concord_database_bytes", "Size of the database, by its parts.", labels=["part"])
    for part, count in found.sizes.items():
        size.add_metric([part], count)
    yield size


def _sums(found: Measures, names: dict[str, str]) -> Iterator[Metric]:
    runs = CounterMetricFamily(
        "concord_runs", "Runs that have ended, by how.", labels=["kind", "connection", "stream", "status"]
    )
    records = CounterMetricFamily(
        "concord_records", "Records by what became of them.", labels=["kind", "connection", "stream", "outcome"]
    )
    waits = CounterMetricFamily(
        "concord_wait_seconds", "Seconds waited for a vendor's sake.", labels=["connection", "reason"]
    )
    last = GaugeMetricFamily(
        "concord_last_success_timestamp_seconds", "When a run last ended well.", labels=["kind", "connection", "stream"]
    )
    costs = {name: CounterMetricFamily(*told, labels=["connection"]) for name, told in COSTS.items()}
    spent: dict[tuple[str, str], float] = {}
    for one in found.sums:
        connection = names.get(one.connection_id, one.connection_id)
        place = [one.kind, connection, one.stream]
        if one.name.startswith(ENDED):
            runs.add_metric([*place, one.name.removeprefix(ENDED)], one.value)
        elif one.name == LAST_OK:
            last.add_metric(place, one.value)
        elif one.name in COSTS or one.name.startswith(WAITED):
            spent[one.name, connection] = spent.get((one.name, connection), 0.0) + one.value
        elif one.name in RECORDS or one.kind in ("resolve", "push"):
            records.add_metric([*place, one.name], one.value)
    for (name, connection), value in spent.items():
        if name in costs:
            costs[name].add_metric([connection], value)
        else:
            waits.add_metric([connection, name.removeprefix(WAITED)], value)
    yield from (runs, records, waits, last, *costs.values())


def _queues(found: Measures, names: dict[str, str]) -> Iterator[Metric]:
    queue = GaugeMetricFamily("concord_queue_length", "How much waits to be worked off.", labels=["queue"])
    for name, length in found.queues.items():
        queue.add_metric([name.replace(" ", "_")], length)
    letters = GaugeMetricFamily(
        "concord_dead_letters_open", "Records that could not be taken or written.", labels=["connection", "direction"]
    )
    for (connection_id, direction), count in found.letters.items():
        letters.add_metric([names.get(connection_id, connection_id), direction], count)
    known = GaugeMetricFamily("concord_known", "Customers and facts that are known.", labels=["what"])
    known.add_metric(["customers"], found.customers)
    known.add_metric(["facts"], found.facts)
    paused = GaugeMetricFamily("concord_connection_paused", "Whether a connection rests.", labels=["connection"])
    for row in found.connections:
        paused.add_metric([row.name], float(row.paused is not None))
    yield from (queue, letters, known, paused)


def _times(found: Measures, names: dict[str, str]) -> Iterator[Metric]:
    late = GaugeMetricFamily("concord_schedule_overdue_seconds", "How long a job has been due.", labels=["job"])
    tries = GaugeMetricFamily("concord_schedule_tries", "Starts of a job since it last ended well.", labels=["job"])
    for job in found.jobs:
        since = job.asked_at or job.due_at
        late.add_metric([job.job], max(0.0, found.at - parse_stamp(since).timestamp()) if since else 0.0)
        tries.add_metric([job.job], job.tries)
    leases = GaugeMetricFamily(
        "concord_lease_expires_timestamp_seconds", "Until when a lease is held, unless renewed.", labels=["lease"]
    )
    for name, until in found.held.items():
        leases.add_metric([name], parse_stamp(until).timestamp())
    working = GaugeMetricFamily(
        "concord_run_started_timestamp_seconds",
        "When a run began that is at work.",
        labels=["kind", "connection", "stream"],
    )
    dead = 0
    for run in found.unended:
        if run.status is RunStatus.RUNNING:
            place = [run.kind, names.get(run.connection_id or "", run.connection_id or ""), run.stream or ""]
            working.add_metric(place, run.started_at.timestamp())
        dead += run.status is RunStatus.INTERRUPTED
    yield from (late, tries, leases, working)
    yield GaugeMetricFamily("concord_runs_dead", "Runs whose process died and that nobody has followed.", value=dead)
