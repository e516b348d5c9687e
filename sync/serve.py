"""Serve: starts every job when it is due, in a process of its own, and nothing twice, however many hubs serve.

Once a second: take over an edited configuration, note how jobs ended, start those that are due. What is due stands in
the database; who runs a job holds its lease, which a second server on the same database finds taken. A job is due again
some minutes after its start until somebody notes how it ended, so that one whose server died is made up for.

A push waits while anything is read, so that nobody is written as half of who they are; but not longer than
``LONGEST_WAIT`` after it was due.
"""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from apscheduler.schedulers.background import BackgroundScheduler

from config import loader
from config.settings import Settings
from connectors.core.registry import catalogue
from mapping.errors import ConcordError, ConfigError, TransientError
from state import schedules
from state.connections import Connections
from state.database import Database, parse_stamp, stamp
from state.leases import Heartbeat, Lease, Leases, new_owner
from state.runs import RunStatus
from state.schedules import Job, JobKind
from state.vault import Vault
from sync import job as jobs
from sync.alert import Alerts, Watch
from sync.offered import offered
from sync.opening import hub_of, models, open_database
from sync.schedule import lease_of, next_due, retry_at, wanted

LEASE_SECONDS = 30.0
TICK_SECONDS = 1.0
LONGEST_WAIT = timedelta(minutes=15)
PATIENCE = 20.0
"""Seconds that running jobs may take to stop; then they are killed, which loses nothing that was committed."""
COMMAND = (sys.executable, "-P", "-m", "sync.job")

log = structlog.get_logger("concord.serve")


@dataclass(frozen=True, slots=True)
class Running:
    """A job at work: its process, the lease it is done under, and when it is due again if it is never heard of.

    ``held`` keeps the lease alive, and gives it back when it is closed.
    """

    job: Job
    child: subprocess.Popen[bytes]
    lease: Lease
    held: ExitStack
    again_at: str


@dataclass(frozen=True, slots=True)
class InForce:
    """The configuration that is served: its text, what it says, and the mark of the file it was read from."""

    text: str
    settings: Settings
    mark: tuple[int, int]


class Server:
    """Serves one configuration until it is stopped. ``most`` jobs run at once, each as ``command`` (see sync/job.py).

    Raises ConfigError and DatabaseVersionError when it cannot begin; an edit that is wrong later is told in the log,
    and what was in force stays so.
    """

    def __init__(
        self, path: Path, *, most: int = 2, command: Sequence[str] = COMMAND, db: Database | None = None
    ) -> None:
        self._path, self._most, self._command = path, most, command
        configs = models(catalogue())
        text = loader.read(path)
        hub = hub_of(path, configs, text)
        hub.state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.db = db or open_database(hub)
        self._vault = Vault(self.db, hub.state_dir)
        self._owner = new_owner()
        self.working: dict[str, Running] = {}
        """The jobs at work, by their names."""
        self.watch = Watch(Alerts(self.db, lambda: self._now.settings))
        """Who is told of what goes wrong."""
        self._stopping = threading.Event()
        self._refused: tuple[int, int] | None = None
        try:
            self._now = self._load(text, self._mark())
            self._follow()
        except BaseException:
            self.db.close()
            raise

    def run(self, *, every: float = TICK_SECONDS, until: Callable[[], bool] = lambda: False) -> None:
        """Serves until ``stop``, SIGTERM or SIGINT. Running jobs are stopped at what they have committed."""
        before = {number: signal.signal(number, self._heard) for number in (signal.SIGTERM, signal.SIGINT)}
        logging.getLogger("apscheduler").setLevel(logging.ERROR)  # it would tell each tick that waits for the database
        ticker = BackgroundScheduler(timezone="UTC")
        ticker.add_job(self.tick, "interval", seconds=every, max_instances=1, coalesce=True, misfire_grace_time=None)
        log.info("serving", config=str(self._path), scheduled=len(self.jobs()), at_once=self._most)
        ticker.start()
        try:
            while not self._stopping.wait(0.5) and not until():
                pass
        finally:
            ticker.shutdown(wait=True)
            self.close()
            for number, handler in before.items():
                signal.signal(number, handler)

    def stop(self) -> None:
        """Lets ``run`` come to its end."""
        self._stopping.set()

    def _heard(self, number: int, _: object) -> None:
        self._stopping.set()

    def tick(self) -> None:
        """One look at everything. A database that is busy or away is looked at again at the next tick."""
        try:
            self._reload()
            self._reap()
            self._start_due()
            self.watch.tick()
        except TransientError as error:
            log.warning("the database could not be asked; it is tried again", reason=str(error))
        except ConcordError as error:
            log.error("a look at the schedules failed; the next one comes", reason=str(error))

    def jobs(self) -> list[Job]:
        """Every job as it stands in the database."""
        with self.db.read() as c:
            return schedules.every(c)

    def close(self) -> None:
        """Stops the jobs at work and lets go of the database."""
        for one in self.working.values():
            one.child.terminate()
        for one in self.working.values():
            try:
                one.child.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                one.child.kill()
                one.child.wait()
        with suppress(ConcordError):  # what cannot be noted now is due again by itself
            self._reap(stopped=True)
        self.watch.close()
        self.db.close()

    # The configuration

    def _mark(self) -> tuple[int, int]:
        try:
            found = self._path.stat()
        except OSError:
            return (0, 0)
        return (found.st_mtime_ns, found.st_size)

    def _load(self, text: str, mark: tuple[int, int]) -> InForce:
        settings = loader.loads(text, self._path, models(catalogue()), self._vault.get, offers=offered(catalogue()))
        return InForce(text, settings, mark)

    def _reload(self) -> None:
        mark = self._mark()
        if mark in (self._now.mark, self._refused):
            return
        try:
            fresh = self._load(loader.read(self._path), mark)
            if fresh.settings.hub.database != self._now.settings.hub.database:
                raise ConfigError("hub.database is another one: stop serving and start again to change it")
        except ConfigError as error:
            self._refused = mark
            for problem in error.problems or [error]:
                self.complain(str(problem))
            return
        if fresh.text != self._now.text or self._refused:
            log.info("the edited configuration is in force")
        self._now, self._refused = fresh, None
        self._follow(edited=True)

    def complain(self, problem: str) -> None:
        """Tells what is wrong with an edited configuration."""
        log.error("the edited configuration is not taken over; the last good one stays", problem=problem)

    def _follow(self, *, edited: bool = False) -> None:
        """Brings the jobs in line with the configuration; an edit may change what a destination should hold."""
        now = self.db.now()
        with self.db.write() as c:
            schedules.follow(c, wanted(self._now.settings, now))
            if edited:
                schedules.wake(c, stamp(now))

    # Jobs

    def _start_due(self) -> None:
        now = self.db.now()
        for job in self.jobs():
            if len(self.working) >= self._most:
                return
            if job.job in self.working or not job.is_due(stamp(now)) or self._rests(job) or self._waits(job, now):
                continue
            self._claim(job)

    def _rests(self, job: Job) -> bool:
        """Whether the admin lets the connection rest, or its login must be mended first. What a person asks for now is
        tried all the same, unless they paused it."""
        if job.kind is JobKind.CARE:
            return False
        settings = self._now.settings.connections.get(job.connection)
        row = Connections(self.db).get(job.connection)
        if settings is None or (settings.paused and job.asked_at is None):
            return True
        return row is not None and row.paused is not None and (job.asked_at is None or row.paused.value == "admin")

    def _waits(self, job: Job, now: datetime) -> bool:
        """Whether a push waits for what is being read, or a sweep, which would skip the streams at work, for its own
        connection to have been read."""
        leases = Leases(self.db)
        if job.kind is JobKind.SWEEP:
            return leases.held(lease_of(f"{JobKind.READ}:{job.connection}")) is not None
        patient = job.asked_at is None and parse_stamp(job.due_at or stamp(now)) + LONGEST_WAIT >= now
        if job.kind is JobKind.READ or not patient:
            return False
        return any(one.kind is JobKind.READ and leases.held(lease_of(one.job)) for one in self.jobs())

    def _claim(self, job: Job) -> None:
        """Starts the job, unless another server is at it, or was, since we looked."""
        lease = Leases(self.db).acquire(lease_of(job.job), self._owner, LEASE_SECONDS)
        if lease is None:
            return
        with ExitStack() as held:
            held.callback(lease.release)
            now = self.db.now()
            again_at = stamp(retry_at(job.tries + 1, now))
            with self.db.write(lease) as c:
                found = schedules.find(c, job.job)
                if found is None or not found.is_due(stamp(now)):
                    return
                schedules.begin(c, job.job, stamp(now), again_at)
            child = self._started(found)
            held.enter_context(Heartbeat(lease))
            self.working[job.job] = Running(found, child, lease, held.pop_all(), again_at)
        log.info("job started", job=job.job, tries=found.tries + 1)

    def _started(self, job: Job) -> subprocess.Popen[bytes]:
        pipe = subprocess.PIPE
        child = subprocess.Popen(self._command, stdin=pipe, stdout=pipe)  # noqa: S603  our own module
        assert child.stdin is not None
        task = jobs.Task(self._path, self._now.text, job.kind, job.connection)
        with suppress(BrokenPipeError):  # it ended just now: how, its exit code tells
            child.stdin.write(jobs.TASK.dump_json(task) + b"\n")
            child.stdin.flush()
        return child

    def _reap(self, *, stopped: bool = False) -> None:
        for name, one in list(self.working.items()):
            if one.child.poll() is not None:
                del self.working[name]
                with one.held:
                    self._ended(one, stopped=stopped)

    def _ended(self, one: Running, *, stopped: bool) -> None:
        """Notes how a job ended. One that was stopped with its server is due at once.

        What a record alone failed at is not mended by trying again: that job ended well, as far as its times go.
        """
        with one.child as child:
            said = child.stdout.read() if child.stdout else b""
        result = jobs.RESULT.validate_json(said) if said.strip() else _silent(child.returncode, stopped=stopped)
        well = result.status in (RunStatus.OK.value, RunStatus.PARTIAL.value)
        now = self.db.now()
        regular = next_due(one.job.spec, self._now.settings.hub.timezone, now, one.job.job)
        due = regular if well else now if stopped else min(filter(None, (regular, retry_at(one.job.tries + 1, now))))
        if result.again_at:  # the work knows better: a budget is spent, or the next sweep is due earlier or later
            due = parse_stamp(result.again_at)
        due_at = stamp(due) if due else None
        with self.db.write(one.lease) as c:
            schedules.end(
                c, one.job.job, stamp(now), result.status, result.message, well=well, since=one.again_at, due_at=due_at
            )
        self.watch.soon()
        tell = log.info if stopped or result.status == RunStatus.OK.value else log.error
        more = {"message": result.message, "due_at": due_at}
        tell("job ended", job=one.job.job, status=result.status, **{name: said for name, said in more.items() if said})
        for crash in result.crashes:
            log.error("something unexpected happened in a job", job=one.job.job, trace=crash)


def _silent(code: int, *, stopped: bool) -> jobs.Result:
    """What became of a job that did not answer. One that is stopped before it listens for it ends by the signal."""
    if code == 1 or (stopped and code == -signal.SIGTERM):
        return jobs.Result(RunStatus.INTERRUPTED.value, "it was stopped; the next run goes on from there")
    how = f"by signal {-code}" if code < 0 else f"with exit code {code}"
    return jobs.Result(RunStatus.INTERRUPTED.value, f"its process ended {how}; the next run goes on from there")
