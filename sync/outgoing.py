"""Outgoing: plans made, kept, checked again and applied, destination by destination."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from connectors.core.protocols import Writes
from mapping.counts import many
from mapping.errors import AuthError, ConcordError, ForbiddenError, GuardError, LeaseLostError, StalePlanError
from state import dead_letters, outbox, plans
from state.audit import write_audit
from state.database import Database, stamp
from state.leases import Heartbeat, Leases, new_owner
from state.plans import StoredPlan
from state.runs import Runs, RunStatus
from sync import planfile
from sync.associations import Ends
from sync.connect import Connected, Switchboard
from sync.desired import TargetRules
from sync.employment import Workplaces
from sync.ending import failure
from sync.garbage import few_collections
from sync.intake import LEASE_SECONDS, lane
from sync.plan import Planner, TargetDraft, Write
from sync.planfile import PlanFile
from sync.properties import described
from sync.push import Pusher, Tally, still_not
from sync.reasons import naming
from sync.recover import recover
from sync.reports import ApplyReport, Observer, PlannedChange, PlanReport, TargetPlan

PLAN_THE_REST = "plan the rest with concord plan"
BROKEN_OFF = (RunStatus.FAILED, RunStatus.PAUSED, RunStatus.INTERRUPTED)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """Plans and applies."""

    db: Database
    folder: Path
    switchboard: Switchboard
    observer: Observer
    on_crash: Callable[[BaseException], None]
    owner: str = field(default_factory=new_owner)

    @few_collections()
    def plan(self, destinations: Sequence[Connected], *, live: bool = False, only: Sequence[str] = ()) -> PlanReport:
        """Writes a plan for these destinations; ``only`` narrows it to some targets by name.

        Raises ConfigError, before anything is planned, for properties that are not over there.
        """
        drafts: list[TargetDraft] = []
        accounts: dict[str, str] = {}
        workplaces = Workplaces(self.db)
        schemas = described(self.switchboard.settings, destinations)
        for one in destinations:
            if one.writes is None:
                continue
            accounts[one.row.id] = one.account.id
            planner = Planner(
                self.db, one.writes, schemas[one.name], one.connector.streams(), Ends(self.db, workplaces), live
            )
            for rules in one.targets():
                what = f"plan {_place(one, rules)}"
                self.observer.started(what, None)
                draft = planner.target(rules)
                steps = one.writes.provision(rules.target.object, True) if draft.writes else ()
                if any(not step.done for step in steps):
                    made = " and ".join(step.description for step in steps if not step.done)
                    draft.warnings.append(f"applying will first {made}")
                if not only or rules.name in only:
                    drafts.append(draft)
                else:
                    planner.ends.forget_created(rules.target.object)
                self.observer.finished(what, many(len(draft.writes), "change"))
        return self._keep(drafts, accounts)

    def _keep(self, drafts: Sequence[TargetDraft], accounts: Mapping[str, str]) -> PlanReport:
        now = self.db.now()
        writes = self._named([write for draft in drafts for write in draft.writes])
        plan = PlanFile(
            created_at=stamp(now),
            expires_at=stamp(now + timedelta(seconds=planfile.LIFETIME_SECONDS)),
            rules={f"{draft.rules.connection_id}/{draft.rules.name}": draft.rules.version for draft in drafts},
            accounts=accounts,
            targets=[draft.report() for draft in drafts],
            writes=writes,
            warnings=[f"{d.rules.connection}/{d.rules.target.object}: {w}" for d in drafts for w in d.warnings],
        )
        path = planfile.save(self.folder, plan)
        with self.db.write() as c:
            header = {"changes": len(writes)}  # no account: of a mailbox it is an address
            plans.save(c, StoredPlan(path.stem, plan.created_at, plan.expires_at, "open", header))
        return _report(plan, path)

    def _named(self, writes: Sequence[Write]) -> list[Write]:
        """The writes with the records that their values come from by name, instead of by row id or fact."""
        named = naming(self.db, [f.why for write in writes for f in write.shown.fields])
        return [
            replace(w, shown=replace(w.shown, fields=[replace(f, why=named(f.why)) for f in w.shown.fields]))
            for w in writes
        ]

    def read(self, prefix: str) -> PlanReport:
        """The plan of that hash. Raises StalePlanError when there is none or it cannot be read."""
        plan, path = self._load(prefix)
        return _report(plan, path)

    def _load(self, prefix: str) -> tuple[PlanFile, Path]:
        with self.db.read() as c:
            found = plans.find(c, prefix) if prefix else []
        if not found:
            raise StalePlanError(f"There is no plan {prefix!r}; concord plan makes one.")
        if len(found) > 1 and found[0].hash != prefix:
            raise StalePlanError(f"{len(found)} plans begin with {prefix!r}; give more of the hash.")
        path = self.folder / f"{found[0].hash}.json"
        return planfile.load(path), path

    @few_collections()
    def apply(self, prefix: str, open_: Callable[[str], Connected], *, skip_moved: bool = False) -> ApplyReport:
        """Applies a plan. Raises StalePlanError, having written nothing, when it no longer describes the world.

        ``open_`` gives the connection of an id. With ``skip_moved`` records that changed since are left out; changed
        rules or another account refuse the plan all the same.
        """
        plan, path = self._load(prefix)
        with self.db.read() as c:
            state = plans.find(c, path.stem)[0].state
        if state == "applied":
            raise StalePlanError("The plan was applied already.")
        if plan.expires_at < self.db.stamp():
            raise StalePlanError("The plan has expired.")
        work = self._still_valid(plan, open_)
        workplaces = Workplaces(self.db)
        moved = sum(len(still_not(self.db, rules, writes, workplaces)) for _, rules, writes in work)
        if moved and not skip_moved:
            raise StalePlanError(
                f"{moved:,} of {many(len(plan.writes), 'record')} changed since the plan was made. Apply the others"
                " with --skip-moved, or make a new plan with: concord plan"
            )
        report = self._carry_out(path.stem, work)
        if report.status in ("ok", "partial"):
            with self.db.write() as c:
                plans.set_state(c, path.stem, "applied")
                write_audit(c, self.db, "admin", "plan applied", {"plan": path.stem})
        return report

    def _still_valid(
        self, plan: PlanFile, open_: Callable[[str], Connected]
    ) -> list[tuple[Connected, TargetRules, list[Write]]]:
        work = []
        for connection_id, account in plan.accounts.items():
            one = open_(connection_id)
            if one.account.id != account:
                raise StalePlanError(f"{one.name} is bound to another account than when the plan was made.")
            rules = {rules.name: rules for rules in one.targets()}
            for place, version in plan.rules.items():
                owner, _, target = place.partition("/")
                if owner != connection_id:
                    continue
                if target not in rules or rules[target].version != version:
                    raise StalePlanError(f"The rules of {one.name}/{target} changed since the plan was made.")
                mine = [w for w in plan.writes if w.shown.connection == one.name and w.target == target]
                work.append((one, rules[target], mine))
        return work

    def _carry_out(self, hash_: str, work: Sequence[tuple[Connected, TargetRules, Sequence[Write]]]) -> ApplyReport:
        began = time.monotonic()
        tally = Tally()
        messages: list[str] = []
        status = RunStatus.OK
        stopped: set[str] = set()
        for one, rules, writes in work:
            if not writes or one.writes is None or one.name in stopped:
                continue
            ended, error = self._target(hash_, one, one.writes, rules, writes, tally)
            if error is None:
                continue
            messages.append(f"{one.name}/{rules.target.object}: {failure(error, PLAN_THE_REST)[1]}")
            if status is RunStatus.OK or ended is RunStatus.FAILED:
                status = ended
            if not isinstance(error, ForbiddenError):
                stopped.add(one.name)  # what a destination refuses altogether is refused for its next target too
        if status is RunStatus.OK and (tally.failed or tally.unknown or tally.parked or tally.moved):
            status = RunStatus.PARTIAL
        return ApplyReport(
            hash_, str(status.value), **asdict(tally), seconds=time.monotonic() - began, message="; ".join(messages)
        )

    def _target(
        self, hash_: str, one: Connected, writes: Writes, rules: TargetRules, planned: Sequence[Write], tally: Tally
    ) -> tuple[RunStatus, BaseException | None]:
        what = f"push {_place(one, rules)}"
        with ExitStack() as stack:
            held = Leases(self.db).acquire(lane(one.row.id, rules.target.object), self.owner, LEASE_SECONDS)
            if held is None:
                return RunStatus.FAILED, LeaseLostError(
                    "another process is writing to it; apply the plan again when it is done"
                )
            stack.callback(held.release)
            stack.enter_context(Heartbeat(held))
            runs = Runs(self.db)
            run = runs.start("push", held, one.row.id, rules.target.object)
            before = replace(tally)
            reached = 0

            def advanced(done: int) -> None:
                nonlocal reached
                reached = done
                self.observer.advanced(what, done)

            self.observer.started(what, len(planned))
            status, message = RunStatus.OK, ""
            error: BaseException | None = None
            try:
                recover(self.db, held, writes, rules, self.switchboard.runtime.sleep)
                writes.provision(rules.target.object, False)
                Pusher(self.db, held, writes, rules, hash_, tally, advanced, Workplaces(self.db)).push(planned)
                settled = recover(self.db, held, writes, rules, self.switchboard.runtime.sleep)
                tally.created += settled.created
                tally.updated += settled.updated
                tally.parked += settled.parked
                tally.unknown -= settled.created + settled.updated + settled.parked
            except ConcordError as known:
                error = known
                status, message = failure(known, PLAN_THE_REST)
                self.switchboard.asked_for_patience(one.name, known)
                if isinstance(known, AuthError):
                    self.switchboard.rejected(one, known)
            except Exception as unknown:  # noqa: BLE001  the outermost edge of a run: it is recorded as failed
                error = unknown
                status, message = failure(unknown)
                self.on_crash(unknown)
            except BaseException as stop:
                status, message = failure(stop, PLAN_THE_REST)
                runs.finish(run, status, _counts(tally, before), message, stop, one.purse.take())
                raise
            status = runs.finish(run, status, _counts(tally, before), message, error, one.purse.take())
        whole = reached == len(planned)
        self.observer.finished(
            what, f"{many(reached, 'change')} sent" if whole else f"stopped after {reached} of {len(planned)}"
        )
        return status, error

    def release(self, numbers: Sequence[int]) -> None:
        """Lets the writes of these dead letters be planned again, parked ones too."""
        for row in filter(None, (dead_letters.show(self.db, number) for number in numbers)):
            with self.db.write() as c:
                outbox.end(c, row.place.connection_id, row.place.stream, [row.remote_id])
                dead_letters.resolve(c, row.place, [row.remote_id])
                write_audit(c, self.db, "admin", "write released", {"dead_letter": row.id})

    def automatic(self, destinations: Sequence[Connected]) -> list[ApplyReport]:
        """Plans and applies the targets that need no approval. Raises nothing: a guard ends as a failed report."""
        reports = []
        for one in destinations:
            free: list[TargetRules] = []
            hash_ = ""
            try:
                free = [rules for rules in one.targets() if not rules.settings.approve]
                if not free:
                    continue
                plan = self.plan([one], only=[rules.name for rules in free])
                hash_ = plan.hash
                written = {write.object for write in plan.changes}
                self._mended(one, [rules for rules in free if rules.target.object not in written])
                if plan.empty:
                    continue
                self._guard(one, free, plan)
                reports.append(self.apply(plan.hash, {one.row.id: one}.__getitem__, skip_moved=True))
            except ConcordError as error:
                status, message = failure(error)
                self._refused(one, free, status, message, error)
                reports.append(ApplyReport(hash_, str(status.value), message=f"{one.name}: {message}"))
        return reports

    def leave_plan(self, one: Connected) -> PlanReport | None:
        """Plans what needs approval, for a person to look at; None, and no plan, where nothing is left to do.

        The plan takes the place of the one that was left before.
        """
        held = [rules.name for rules in one.targets() if rules.settings.approve]
        report = self.plan([one], only=held) if held else None
        left = report.hash if report is not None and not report.empty else ""
        with self.db.read() as c:
            stale = {*plans.left(c, one.row.id), *([report.hash] if report is not None else [])} - {left}
        with self.db.write() as c:
            for hash_ in sorted(stale):
                plans.set_state(c, hash_, "replaced")
            if left:
                plans.note_left(c, left, one.row.id)
        for hash_ in stale:
            (self.folder / f"{hash_}.json").unlink(missing_ok=True)
        return report if left else None

    def _guard(self, one: Connected, free: Sequence[TargetRules], plan: PlanReport) -> None:
        """Nothing is changed by itself beyond the share that the admin allows. A record that was there before us and
        is only given our key is not changed."""
        for rules in free:
            mine = [w for w in plan.changes if w.object == rules.target.object and w.action in ("update", "adopt")]
            with self.db.read() as c:
                there = outbox.held_count(c, one.row.id, rules.target.object)
            there += sum(write.action == "adopt" for write in mine)
            changed = sum(any(f.field != rules.target.external_id for f in write.fields) for write in mine)
            if there and changed > rules.settings.max_change_share * there:
                error = GuardError(
                    f"the plan would change {changed} of {there} {rules.target.object}, more than the configured share;"
                    f" look at it and run concord apply {plan.hash[:12]}"
                )
                self._note(one, rules.target.object, *failure(error), error)
                raise error

    def _refused(
        self, one: Connected, free: Sequence[TargetRules], status: RunStatus, message: str, error: ConcordError
    ) -> None:
        """Keeps that none of these targets was written, which the guard does by itself for the one that it stopped."""
        self.switchboard.asked_for_patience(one.name, error)
        if isinstance(error, AuthError):
            self.switchboard.rejected(one, error)
        for object_ in {rules.target.object for rules in free} if not isinstance(error, GuardError) else ():
            self._note(one, object_, status, message, error)

    def _mended(self, one: Connected, free: Sequence[TargetRules]) -> None:
        """Notes that nothing is left to write where the last push did not end well, so that nobody looks for it."""
        mine = ("push", one.row.id)
        last = {run.stream: run for run in Runs(self.db).newest() if (run.kind, run.connection_id) == mine}
        for object_ in {rules.target.object for rules in free}:
            if object_ in last and last[object_].status in BROKEN_OFF:
                self._note(one, object_, RunStatus.OK)

    def _note(
        self, one: Connected, object_: str, status: RunStatus, message: str = "", error: ConcordError | None = None
    ) -> None:
        place = ("push", one.row.id, object_)
        Runs(self.db).note(place, lane(one.row.id, object_), self.owner, status, message, error)


def _place(one: Connected, rules: TargetRules) -> str:
    """A target in words: ``crm/people``, and ``crm/notes (order)`` where an object is written from several kinds."""
    place = f"{one.name}/{rules.target.object}"
    several = [other for other in one.targets() if other.target.object == rules.target.object]
    return f"{place} ({rules.target.kind})" if len(several) > 1 else place


def _counts(now: Tally, before: Tally) -> dict[str, int]:
    return {name: value - getattr(before, name) for name, value in asdict(now).items()}


def _report(plan: PlanFile, path: Path) -> PlanReport:
    changes: list[PlannedChange] = [write.shown for write in plan.writes]
    targets: list[TargetPlan] = list(plan.targets)
    return PlanReport(path.stem, str(path), plan.created_at, plan.expires_at, targets, changes, list(plan.warnings))
