"""The hub: where the rooms meet. Everything that people or a scheduler ask for goes through here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

from config import loader
from config.settings import Settings
from connectors.core.protocols import Connector, Runtime
from connectors.core.registry import catalogue
from mapping.contract import Account
from mapping.criteria import Criteria
from mapping.currencies import Rates
from mapping.errors import AuthError, ConcordError, ConfigError
from mapping.phones import phone
from mapping.policy import Policy
from mapping.timeline import Privacy
from state import sweeps
from state.connections import Connections, Pause
from state.database import Database
from state.runs import together
from state.vault import Vault
from sync import schedule
from sync.alert import Alerts
from sync.backfills import Backfills
from sync.beside import Beside
from sync.care import Care
from sync.connect import Connected, Switchboard
from sync.crashes import told
from sync.ending import failure
from sync.explain import Explaining
from sync.garbage import few_collections
from sync.history import History
from sync.identity import Identity
from sync.intake import Intake
from sync.judge import judging, listed
from sync.judged import ExplainView, JudgementReport, JudgementView, WhyNotView
from sync.mending import Mending
from sync.offered import offered
from sync.opening import hub_of, models, open_database
from sync.outgoing import Outgoing
from sync.reports import (
    ApplyReport,
    CheckReport,
    CustomerSummary,
    CustomerView,
    DeadLetterView,
    JobView,
    Observer,
    PlanReport,
    ResolveReport,
    RunView,
    Silent,
    StatusReport,
    StreamSweep,
    SweepReport,
    SyncReport,
    TimelineItem,
)
from sync.rules import criteria_of, protection_of
from sync.sound import check_sound, check_streams
from sync.sweeper import Sweeper
from sync.turn import NOTHING_YET, Turn
from sync.views import Views


class Hub:
    """One hub over one configuration and one database."""

    def __init__(
        self,
        settings: Settings,
        db: Database,
        vault: Vault,
        *,
        observer: Observer | None = None,
        runtime: Runtime | None = None,
        connectors: Mapping[str, Connector] | None = None,
    ) -> None:
        self.settings = settings
        self.db = db
        self.vault = vault
        self.observer: Observer = observer or Silent()
        self._switchboard = Switchboard(db, settings, catalogue(), vault, runtime or Runtime(), connectors or {})
        self._protection = protection_of(settings)
        self._turn = Turn(
            db, self._criteria, lambda: Policy(self._survivorship()), Rates(settings.hub.currency, settings.rates),
            self.observer, self._switchboard.runtime.sleep,
        )  # fmt: skip
        privacy = Privacy(settings.privacy.internal, settings.privacy.never_log)
        self._beside: Beside | None = None
        self._intake = Intake(
            db, settings, self._switchboard, self.observer, self._protection, privacy, self._crashed, self._stored
        )
        folder = settings.hub.state_dir / "plans"
        self._outgoing = Outgoing(db, folder, self._switchboard, self.observer, self._crashed)
        self._sweeper = Sweeper(db, self._intake)
        self._views = Views(db)
        self._history = History(db)
        self._judging = partial(judging, self._turn, self._views.names)
        self.crashes: list[str] = []

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        observer: Observer | None = None,
        runtime: Runtime | None = None,
        connectors: Mapping[str, Connector] | None = None,
        text: str | None = None,
    ) -> Hub:
        """The hub behind a configuration. Raises ConfigError, DatabaseVersionError; then nothing was touched.

        With ``text`` that is the configuration, whatever stands in the file at ``path``.
        """
        configs = models(catalogue())
        text = loader.read(path) if text is None else text
        hub = hub_of(path, configs, text)
        db = open_database(hub)
        try:
            vault = Vault(db, hub.state_dir)
            offers = loader.untold if connectors else offered(catalogue())
            settings = loader.loads(text, path, configs, vault.get, offers=offers)
            # Logins keep their tokens in the vault, whose key is made here if nobody has kept a secret before.
            hub.state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            return cls(settings, db, vault, observer=observer, runtime=runtime, connectors=connectors)
        except BaseException:
            db.close()
            raise

    def close(self) -> None:
        """Lets go of the database."""
        self.db.close()

    def __enter__(self) -> Hub:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def check(self, names: Sequence[str] = ()) -> list[CheckReport]:
        """Who we are at each connection, and what can be read and written there. A login that works again resumes
        it."""
        self._switchboard.follow_renames()
        return [self._check(name) for name in self._wanted(names)]

    def _check(self, name: str) -> CheckReport:
        connector = self.settings.connections[name].connector
        try:
            one = self._switchboard.open(name)
            check_sound(self._intake, [one])
            reads = [stream.name for stream in one.streams()]
            writes = [rules.target.object for rules in one.targets()]
        except ConcordError as error:
            message = failure(error)[1] if isinstance(error, AuthError) else str(error)
            return CheckReport(name, connector, False, message=message)
        with self.db.read() as c:
            known = {*sweeps.holding(c, one.row.id), *one.settings.streams}
        return CheckReport(
            name, connector, True, one.account.name or one.account.id, reads, list(dict.fromkeys(writes)),
            holding=[stream for stream in reads if stream in known],
        )  # fmt: skip

    def sync(
        self,
        names: Sequence[str] = (),
        *,
        streams: Sequence[str] = (),
        full: bool = False,
        allow_deletes: bool = False,
        push: bool = True,
        sweep: bool = True,
    ) -> SyncReport:
        """Reads what changed, with ``sweep`` what is due to be searched for what is gone, resolves it, and with
        ``push`` writes to the targets that need no approval.

        A connection that cannot be read is reported and stops no other. Raises ConfigError, before anything is read,
        for a stream that no connection has.
        """
        with few_collections(), together():
            return self._sync(names, streams, full, allow_deletes, push, sweep)

    def _sync(
        self, names: Sequence[str], streams: Sequence[str], full: bool, allow_deletes: bool, push: bool, sweep: bool
    ) -> SyncReport:
        notes = list(self._switchboard.follow_renames())
        opened, errors = self._opened(names, streams)
        reports = [self._intake.not_read(name, error) for name, error in errors.items()]
        swept: list[StreamSweep] = []
        with Beside(self.settings.hub.database, self._criteria, self._survivorship) as self._beside:
            for one in opened:
                try:
                    pulled = self._intake.connection(one, streams=streams, full=full, allow_deletes=allow_deletes)
                    reports += pulled
                    swept += self._sweeper.due(one, pulled, allow_deletes=allow_deletes) if sweep else []
                except ConcordError as error:
                    reports.append(self._intake.not_read(one.name, error))
            beside = self._beside.finish(meanwhile=self.db.carry_over)
        if beside.crash:
            self.crashes.append(beside.crash)
        resolved = self._resolved(beside.report)
        pushes: Sequence[ApplyReport] = ()
        if resolved is None or any(one.status == "skipped" for one in reports):
            # What is half read or half resolved would be written as it is not, and stay so over there.
            self.observer.finished("push", "left to the process that is at work, or to the next sync")
        elif push:
            pushes = self._outgoing.automatic([one for one in opened if one.writes is not None])
        for note in notes:
            self.observer.finished("connections", note)
        return SyncReport(reports, resolved or ResolveReport(), pushes, swept)

    def _opened(self, names: Sequence[str], streams: Sequence[str]) -> tuple[list[Connected], dict[str, ConcordError]]:
        """The connections that could be opened, and why the others could not. Raises ConfigError for a wrong name."""
        opened: list[Connected] = []
        errors: dict[str, ConcordError] = {}
        for name in self._wanted(names):
            try:
                opened.append(self._switchboard.open(name))
            except ConcordError as error:
                errors[name] = error
        check_sound(self._intake, opened)
        if not errors:
            check_streams(opened, streams)
        return opened, errors

    def sweep(
        self,
        names: Sequence[str] = (),
        *,
        streams: Sequence[str] = (),
        dry_run: bool = False,
        allow_deletes: bool = False,
    ) -> SweepReport:
        """Asks for everything that is there, takes back what is gone, and resolves it; with ``dry_run`` only counts.

        A connection that cannot be reached is reported and stops no other. Raises ConfigError, before anything is
        asked, for a stream that no connection has.
        """
        with together():
            opened, errors = self._opened(names, streams)
            reports = self._sweeper.several(opened, errors, streams, dry_run=dry_run, allow_deletes=allow_deletes)
            return SweepReport(reports, ResolveReport() if dry_run else self.resolve(), dry_run)

    def sweep_due(self, name: str) -> tuple[SweepReport, datetime | None]:
        """Sweeps those streams of a connection that are due, and tells when one is next, as far as is known."""
        with together():
            self._wanted([name])
            one = self._switchboard.open(name)
            report = SweepReport(self._sweeper.due(one), self.resolve())
            return report, self._sweeper.next_due(one)

    def rests_until(self, name: str) -> str:
        """Until when a connection was asked for patience while this hub worked: a stamp, or empty."""
        return self._switchboard.rests.get(name, "")

    def resolve(self) -> ResolveReport:
        """Works out who is who for everything that waits. Another process that is at it resolves what this one has
        read too: it is waited for, though not longer than a minute."""
        return self._resolved() or ResolveReport()

    def _resolved(self, done: ResolveReport = NOTHING_YET) -> ResolveReport | None:
        """``resolve``, with what was ``done`` already; None when another process was at it all the time."""
        with self._turn.taken() as resolver:
            return None if resolver is None else self._turn.run(resolver, done)

    def _stored(self, records: int) -> None:
        if self._beside is not None:
            self._beside.stored(records)

    def _criteria(self) -> Criteria:
        return criteria_of(self.settings, self.db)

    def _survivorship(self) -> dict[str, dict[str, Any]]:
        """What ``Policy`` takes, with connections by their immutable ids."""
        ids = {row.name: row.id for row in Connections(self.db).all()}
        trust = {ids[name]: -one.trust for name, one in self.settings.connections.items() if name in ids}
        trusted = trust if len(set(trust.values())) > 1 else {}
        wishes: dict[str, dict[str, Any]] = {"default": {"prefer": trusted}}
        for field, rule in self.settings.golden.root.items():
            prefer = [ids.get(name, name) for name in rule.prefer] or trusted
            wishes[field] = {**rule.model_dump(exclude_unset=True), "prefer": prefer}
        return wishes

    def plan(self, names: Sequence[str] = (), *, live: bool = False) -> PlanReport:
        """What each destination should hold and does not. Writes nothing anywhere but the plan."""
        destinations = [self._switchboard.open(name) for name in self._wanted(names) if self._pushes(name, names)]
        check_sound(self._intake, destinations)
        for one in destinations:
            self._intake.recover(one)
        return self._outgoing.plan(destinations, live=live)

    def deliver(self, names: Sequence[str] = ()) -> Sequence[ApplyReport]:
        """Writes to the targets that need no approval what they lack, and leaves a plan for those that do.

        A plan that was left so before gives way to the new one; where nothing is left to do there is none.
        """
        reports: list[ApplyReport] = []
        with together():
            for name in self._wanted(names):
                one = self._switchboard.open(name)
                check_sound(self._intake, [one])
                self._intake.recover(one)
                reports += self._outgoing.automatic([one])
                self._outgoing.leave_plan(one)
        return reports

    def _pushes(self, name: str, asked: Sequence[str]) -> bool:
        return bool(self.settings.connections[name].push) or name in asked

    def read_plan(self, hash_prefix: str) -> PlanReport:
        """A plan made before, by the beginning of its hash."""
        return self._outgoing.read(hash_prefix)

    def apply(self, hash_prefix: str, *, skip_moved: bool = False) -> ApplyReport:
        """Carries out a plan. Raises StalePlanError, having written nothing, when the world moved since."""
        with together():
            return self._outgoing.apply(hash_prefix, self._by_id, skip_moved=skip_moved)

    @property
    def backfills(self) -> Backfills:
        """Reading the past, beside the increments."""
        beside = partial(Beside, self.settings.hub.database, self._criteria, self._survivorship)
        args = (self._switchboard, self._intake, self.observer, beside, self._resolved, self._wanted, self.crashes)
        return Backfills(self.db, *args)

    def _by_id(self, connection_id: str) -> Connected:
        for row in Connections(self.db).all():
            if row.id == connection_id and row.name in self.settings.connections:
                return self._switchboard.open(row.name)
        raise ConfigError("The plan is for a connection that is no longer configured.")

    @property
    def care(self) -> Care:
        """Keeps the database small."""
        return Care(self.db, self.settings, self.observer)

    def status(self) -> StatusReport:
        """Is all well, and if not, what to do."""
        connections = self.settings.connections
        resting = {name for name, one in connections.items() if one.paused or not one.reads_anything()}
        found = self._views.status(self.settings.hub.name, list(connections), resting, self._resting())
        return replace(found, advice=[*found.advice, *self.mending.waiting()])

    def _resting(self) -> set[str]:
        """The connections that the scheduler leaves alone."""
        paused = {row.name for row in Connections(self.db).all() if row.paused is not None}
        return paused | {name for name, one in self.settings.connections.items() if one.paused}

    @property
    def alerts(self) -> Alerts:
        """What is wrong, and who is told."""
        return Alerts(self.db, lambda: self.settings)

    def jobs(self) -> Sequence[JobView]:
        """What ``concord serve`` does here, and when; nothing where it never ran."""
        return schedule.views(self.db, self._resting())

    def ask(self, name: str) -> Sequence[str]:
        """Asks whoever serves to run the jobs of a connection now; returns which. Raises ConfigError for one that a
        person paused, since nobody would run them."""
        self._wanted([name])
        row = Connections(self.db).get(name)
        if row is not None and row.paused is Pause.ADMIN:
            raise ConfigError(f"{name} is paused; let it go on first, with: concord resume {name}")
        return schedule.ask(self.db, name)

    def pause(self, name: str) -> None:
        """Lets a connection rest, whoever serves or syncs, until ``resume``."""
        self._wanted([name])
        Connections(self.db).pause(self._switchboard.row(name).id, Pause.ADMIN, "It was paused by a person.")

    def resume(self, name: str) -> Account:
        """Lets a connection go on. Raises AuthError where its login is still wrong: then it rests on."""
        self._wanted([name])
        row = self._switchboard.row(name)
        if row.paused is Pause.ADMIN:
            Connections(self.db).resume(row.id)
        return self._switchboard.open(name).account

    def runs(self, limit: int = 20, *, each: bool = False) -> Sequence[RunView]:
        """The newest commands, a run each; with ``each`` every run by itself."""
        return self._history.runs(limit, each=each)

    def run(self, number: int) -> RunView:
        """One run, with its parts where it is the first of a command."""
        return self._history.run(number)

    def find_customers(self, query: str, limit: int = 20) -> Sequence[CustomerSummary]:
        """Customers by id, email, phone (dialled as at home, too) or name; all of them for an empty query."""
        return self._views.find(query, limit, phone(query, self.settings.hub.default_country))

    def customer(self, asked: str) -> CustomerView:
        """One customer with where each value came from. Raises GoneError when there is none."""
        return self._views.customer(asked)

    def explain(self, asked: str) -> ExplainView:
        """Why the records of a customer are one. Raises GoneError when there is none."""
        return Explaining(self.db, self._criteria(), self._views.names()).explain(asked)

    def why_not(self, first: str, second: str) -> WhyNotView:
        """Why two customers are not one. Raises GoneError when there is none."""
        return Explaining(self.db, self._criteria(), self._views.names()).why_not(first, second)

    def merge(
        self, ids: Sequence[str], *, note: str = "", actor: str = "admin", dry_run: bool = False
    ) -> JudgementReport:
        """Says that customers are one; with ``dry_run`` only tells what that would change."""
        with self._judging(actor, note) as judge:
            return judge.merge(ids, dry_run=dry_run)

    def unmerge(
        self,
        id_: str,
        records: Sequence[str] = (),
        *,
        connections: Sequence[str] = (),
        note: str = "",
        actor: str = "admin",
        dry_run: bool = False,
    ) -> JudgementReport:
        """Says that some records of a customer are another: those named as ``shop/people/7``, and all that come from
        ``connections``."""
        with self._judging(actor, note) as judge:
            return judge.unmerge(id_, records, connections, dry_run=dry_run)

    def take_back(self, number: int, *, actor: str = "admin", dry_run: bool = False) -> JudgementReport:
        """Lets a judgement hold no longer."""
        with self._judging(actor, "") as judge:
            return judge.take_back(number, dry_run=dry_run)

    def judgements(self, limit: int = 20) -> Sequence[JudgementView]:
        """What people said of who is who, the newest first."""
        with self.db.read() as c:
            return listed(c, self._views.names(), limit)

    @property
    def identity(self) -> Identity:
        """Whether who is who is right, what another rule would do, and what a person should look at."""
        return Identity(self, self._turn, self._views.names, self._judging)

    def timeline(self, asked: str, limit: int = 50) -> Sequence[TimelineItem]:
        """What happened with a customer, newest first."""
        return self._views.timeline(asked, limit)

    @property
    def mending(self) -> Mending:
        """What is done about fields that changed, dead letters, and rules that were changed."""
        return Mending(
            self.db, self.settings, self._switchboard, self._intake, self._outgoing, self.resolve, self._wanted
        )

    def dead_letters(self, connection: str = "", limit: int = 50) -> Sequence[DeadLetterView]:
        """The open dead letters, of one connection or all."""
        return self.mending.letters(connection, limit=limit)

    def dead_letter(self, number: int) -> DeadLetterView:
        """One dead letter with its record."""
        return self.mending.letter(number)

    def replay_dead_letters(self, numbers: Sequence[int] = ()) -> SyncReport:
        """Tries the records of dead letters again; without numbers, all that were to be read."""
        return self.mending.replay_letters(numbers)

    def rebind(self, name: str) -> Account:
        """Binds a connection to the account that its login leads to now."""
        self._wanted([name])
        account = self._switchboard.build(name).check()
        Connections(self.db).rebind(self._switchboard.row(name).id, account, "admin")
        return account

    def rename(self, old: str, new: str) -> None:
        """Gives a connection another name in the database; the configuration is the caller's to edit."""
        Connections(self.db).rename(old, new)

    def _wanted(self, names: Sequence[str]) -> list[str]:
        known = list(self.settings.connections)
        for name in names:
            if name not in known:
                near = get_close_matches(name, known, 1)
                hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known) or 'none'}"
                raise ConfigError(f"There is no connection {name!r}; {hint}")
        return [name for name in known if (name in names if names else not self.settings.connections[name].paused)]

    def _crashed(self, error: BaseException) -> None:
        self.crashes.append(told(error))
