"""Push: planned writes to a destination, each batch persisted before it is sent and kept until it is acknowledged.

For each batch: check again that every write still holds (what the subject should look like, the shadow's version); note
the attempts; send; keep each outcome as shadow, dead letter or unknown. What a dead process left behind, and what the
vendor did not answer, is found out (sync/recover.py) before anything else is read from or written to that destination.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from connectors.core.protocols import Associations, Writes
from mapping.contract import Change, Match, Op, Outcome, RemoteId, SchemaField, Status
from mapping.errors import ConcordError, UnknownOutcomeError
from state import dead_letters, outbox, shadows
from state.database import Connection, Database, stamp
from state.dead_letters import Letter, Letters, Place
from state.leases import Lease
from state.outbox import Attempt
from state.shadows import Shadow
from sync import desired as desires
from sync.associations import Refs, doubted, noted, refused, tied, untied
from sync.desired import TargetRules
from sync.employment import Workplaces
from sync.heirs import Heirs
from sync.plan import Write


@dataclass(slots=True)
class Tally:
    """What became of the writes so far."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    associated: int = 0
    failed: int = 0
    unknown: int = 0
    parked: int = 0
    moved: int = 0


@dataclass(frozen=True, slots=True)
class Pusher:
    """Writes to one target under its lease."""

    db: Database
    lease: Lease
    writes: Writes
    rules: TargetRules
    plan_hash: str
    tally: Tally
    advanced: Callable[[int], None]
    workplaces: Workplaces
    schema: Mapping[str, SchemaField] = field(default_factory=dict)

    def push(self, planned: Sequence[Write]) -> None:
        """Sends the writes in batches. Raises when the destination refuses all; what was acknowledged stays so."""
        size = max(1, self.rules.target.batch_size)
        done = 0
        for start in range(0, len(planned), size):
            batch = self._still(planned[start : start + size])
            theirs = self._theirs(batch)
            batch = self._concerning(batch, theirs)
            self._send([w for w in batch if w.set or w.clear or w.shown.action in ("create", "adopt")])
            self._associate([(w, self._refs(w, theirs)) for w in batch if w.refs], Op.ASSOCIATE)
            self._associate([(w, w.unrefs) for w in batch if w.unrefs], Op.DISSOCIATE)
            done += len(planned[start : start + size])
            self.advanced(done)

    def _still(self, batch: Sequence[Write]) -> list[Write]:
        """The writes whose preconditions hold; the others are counted as moved."""
        moved = still_not(self.db, self.rules, batch, self.workplaces)
        self.tally.moved += len(moved)
        return [write for write in batch if write.shown.key not in moved]

    def _send(self, batch: Sequence[Write]) -> None:
        if not batch:
            return
        changes = {write.shown.key: _change(write) for write in batch}
        by_key = {write.shown.key: write for write in batch}
        self._begin(by_key, changes)
        outcomes = self._ask(list(changes.values()))
        now = self.db.stamp()
        target = self.rules.target
        settle = stamp(self.db.now() + timedelta(seconds=target.settle_seconds))
        letters: list[Letter] = []
        with self.db.write(self.lease) as c:
            owned = shadows.by_remote(c, self.rules.connection_id, target.object, _ids(outcomes))
            heirs = Heirs.of(c, self.rules, [write.shown.subject_key for write in batch])
            ended: list[str] = []
            for outcome in outcomes:
                write = by_key[outcome.key]
                if outcome.status is Status.UNKNOWN:
                    attempt = self._attempt(write, changes[outcome.key])
                    outbox.mark(c, attempt, "unknown", outcome.error or "the answer was lost", settle)
                    self.tally.unknown += 1
                    continue
                ended.append(outcome.key)
                if outcome.status is Status.FAILED or outcome.remote_id is None:
                    letters.append(Letter(outcome.key, outcome.error or "the vendor gave no reason"))
                    self.tally.failed += 1
                else:
                    held = self._acknowledge(write, outcome, owned.get(outcome.remote_id))
                    shadows.save(c, heirs.rightful(held), now)
                    self._count(outcome.status)
            outbox.end(c, self.rules.connection_id, target.object, ended)
            place = Place(Letters.OUT, self.rules.connection_id, target.object)
            dead_letters.put(c, self.db, place, letters)
            dead_letters.resolve(c, place, [key for key in ended if key not in {one.remote_id for one in letters}])
        failed = [by_key[one.key].shown.remote_id for one in outcomes if one.status is Status.FAILED]
        self._drop_missing([RemoteId(one) for one in failed if one])

    def _drop_missing(self, asked: Sequence[RemoteId]) -> None:
        """The link to records that could not be updated because they are no longer there is dropped, so that the next
        plan finds or creates others."""
        if not asked:
            return
        object_ = self.rules.target.object
        live = self.writes.fetch(object_, asked)
        missing = [one for one in asked if one not in live or live[one].archived]
        now = self.db.stamp()
        with self.db.write(self.lease) as c:
            for one in shadows.by_remote(c, self.rules.connection_id, object_, missing).values():
                shadows.lose(c, one, "archived" if one.remote_id in live else "gone", now)

    def _begin(self, by_key: Mapping[str, Write], changes: Mapping[str, Change]) -> None:
        with self.db.write(self.lease) as c:
            outbox.begin(c, [self._attempt(write, changes[key]) for key, write in by_key.items()])

    def _attempt(self, write: Write, change: Change) -> Attempt:
        told = {
            "set": dict(change.set), "clear": list(change.clear), "remote_id": change.remote_id,
            "external_id": change.external_id,
            "match": [change.match.field, change.match.value] if change.match else None,
        }  # fmt: skip
        return Attempt(
            self.rules.connection_id, self.rules.target.object, change.key, write.shown.subject_kind,
            write.shown.subject_key, str(change.op), told, self.plan_hash, sent_at=self.db.stamp(),
        )  # fmt: skip

    def _ask(self, changes: Sequence[Change]) -> list[Outcome]:
        """The vendor's outcomes, one a change. Where nothing was sent the attempts are withdrawn and it raises."""
        object_ = self.rules.target.object
        try:
            outcomes = {one.key: one for one in self.writes.write(object_, changes)}
        except UnknownOutcomeError as error:
            outcomes = {one.key: Outcome(one.key, Status.UNKNOWN, error=str(error)) for one in changes}
        except ConcordError:
            with self.db.write(self.lease) as c:
                outbox.end(c, self.rules.connection_id, object_, [one.key for one in changes])
            raise
        missing = "the connector gave no outcome for this record"
        return [outcomes.get(one.key, Outcome(one.key, Status.UNKNOWN, error=missing)) for one in changes]

    def _acknowledge(self, write: Write, outcome: Outcome, stored: Shadow | None) -> Shadow:
        """The shadow after an acknowledged write."""
        assert outcome.remote_id is not None
        one = stored or Shadow(
            self.rules.connection_id, self.rules.target.object, outcome.remote_id, write.shown.subject_kind,
            write.shown.subject_key, version=0,
        )  # fmt: skip
        sent = {**one.sent, **write.set}
        if write.shown.action == "create" and self.rules.target.external_id:
            sent[self.rules.target.external_id] = write.external_id
        observed = {**one.observed, **{name: value for name, value in outcome.acknowledged.items() if name in sent}}
        for name in write.clear:
            sent.pop(name, None)
            observed.pop(name, None)
        return replace(
            one, subject_kind=write.shown.subject_kind, subject_key=write.shown.subject_key, role="primary",
            state="live", merged_into=None, sent=sent, observed=observed, version=one.version + 1,
            remote_version=outcome.version,
        )  # fmt: skip

    def _count(self, status: Status) -> None:
        if status is Status.CREATED:
            self.tally.created += 1
        elif status is Status.UPDATED:
            self.tally.updated += 1
        else:
            self.tally.unchanged += 1

    def _theirs(self, batch: Sequence[Write]) -> Mapping[tuple[str, str], str]:
        """(object, customer) to the primary record there, of every customer that the writes refer to."""
        keys = sorted({key for write in batch for who in write.refs.values() for key in who})
        if not keys:
            return {}
        with self.db.read() as c:
            found = shadows.of_subject(c, "customer", keys)
        return {(one.object, one.subject_key): one.remote_id for one in found if self._here(one)}

    def _concerning(self, batch: Sequence[Write], theirs: Mapping[tuple[str, str], str]) -> list[Write]:
        """The writes without new facts of which no customer has a record there: nobody would find them. They count as
        moved: what they refer to was to be created before them, and was not."""
        if self.rules.subject_kind == "customer":
            return list(batch)
        kept = [w for w in batch if w.shown.action != "create" or not w.refs or self._refs(w, theirs)]
        self.tally.moved += len(batch) - len(kept)
        return kept

    def _associate(self, asked: Sequence[tuple[Write, Mapping[str, Sequence[str]]]], op: Op) -> None:
        """Ties what was written to the records of the customers it concerns, where both are there, or unties it."""
        if not asked:
            return
        with self.db.read() as c:
            subjects = [write.shown.subject_key for write, _ in asked]
            mine = {
                one.subject_key: one
                for one in shadows.of_subject(c, self.rules.subject_kind, subjects)
                if self._here(one) and one.object == self.rules.target.object
            }
        ties: dict[str, tuple[Shadow, Change]] = {}
        for write, refs in asked:
            one = mine.get(write.shown.subject_key)
            if one is not None and refs:
                change = Change(write.shown.key, op, write.external_id, RemoteId(one.remote_id), refs=refs)
                ties[write.shown.key] = (one, change)
        if ties and self.rules.subject_kind == "customer":
            ties = self._noted(ties, op)
        if not ties:
            return
        outcomes = self.writes.write(self.rules.target.object, [change for _, change in ties.values()])
        now = self.db.stamp()
        letters = []
        with self.db.write(self.lease) as c:
            # Read anew: while the vendor was asked, resolving may have given the record to another customer.
            ids = [one.remote_id for one, _ in ties.values()]
            stored = shadows.by_remote(c, self.rules.connection_id, self.rules.target.object, ids)
            for outcome in outcomes:
                one, change = ties[outcome.key]
                one = stored.get(one.remote_id, one)
                if outcome.status in (Status.FAILED, Status.UNKNOWN):
                    # To associate twice does no harm: what stays open is planned again.
                    letters.append(Letter(outcome.key, outcome.error or "the association was not confirmed"))
                    self.tally.failed += 1
                    if outcome.status is Status.FAILED and op is Op.ASSOCIATE:
                        _keep(c, one, refused(one.refs, change.refs), None, now)
                    continue
                known = tied(one.refs, change.refs) if op is Op.ASSOCIATE else untied(one.refs, change.refs)
                _keep(c, one, known, outcome.version, now)
                self.tally.associated += 1
            place = Place(Letters.OUT, self.rules.connection_id, self.rules.target.object)
            dead_letters.put(c, self.db, place, letters)

    def _noted(self, ties: Mapping[str, tuple[Shadow, Change]], op: Op) -> dict[str, tuple[Shadow, Change]]:
        """The associations of people that are still to be made, or taken back. What is there already is not ours to
        make, and what is asked for is noted before it is: so a lost answer leaves no doubt whose an association is."""
        ids = [RemoteId(one.remote_id) for one, _ in ties.values()]
        told = self._associated(ids) if op is Op.ASSOCIATE else {}
        open_: dict[str, tuple[Shadow, Change]] = {}
        now = self.db.stamp()
        with self.db.write(self.lease) as c:
            stored = shadows.by_remote(c, self.rules.connection_id, self.rules.target.object, ids)
            for key, (one, change) in ties.items():
                one = stored.get(one.remote_id, one)
                if op is Op.ASSOCIATE:
                    there = {role: found.get(RemoteId(one.remote_id), ()) for role, found in told.items()}
                    refs, rest = noted(one.refs, change.refs, there)
                else:
                    refs, rest = doubted(one.refs, change.refs), change.refs
                _keep(c, one, refs, None, now)
                if rest:
                    open_[key] = (one, replace(change, refs=rest))
                else:
                    self.tally.unchanged += 1
        return open_

    def _associated(self, ids: Sequence[RemoteId]) -> Mapping[str, Mapping[RemoteId, Sequence[str]]]:
        """Role to what people are associated with over there."""
        assert isinstance(self.writes, Associations)  # otherwise people have no roles
        return {role: self.writes.associated(self.rules.target.object, role, ids) for role in self.rules.employers}

    def _here(self, one: Shadow) -> bool:
        return one.connection_id == self.rules.connection_id and one.role == "primary" and one.state == "live"

    def _refs(self, write: Write, theirs: Mapping[tuple[str, str], str]) -> dict[str, Sequence[str]]:
        refs: dict[str, Sequence[str]] = {}
        for role, who in write.refs.items():
            object_ = self.rules.target.refs[role]
            ids = [f"{object_}:{theirs[(object_, key)]}" for key in who if (object_, key) in theirs]
            if ids:
                refs[role] = ids
        return refs


def _keep(c: Connection, one: Shadow, refs: Refs, version: str | None, now: str) -> None:
    """Keeps what is known of a record's associations. It says nothing of the record's fields: unless the vendor counts
    it as a new version, what was pulled since the last write stays the later word on them."""
    if refs == one.refs and not version:
        return
    kept = replace(one, refs=refs, version=one.version + 1, remote_version=version or one.remote_version)
    shadows.save(c, kept, now if version or not one.updated_at else one.updated_at)


def _ids(outcomes: Sequence[Outcome]) -> list[str]:
    return [str(one.remote_id) for one in outcomes if one.remote_id is not None]


def _change(write: Write) -> Change:
    remote_id = RemoteId(write.shown.remote_id) if write.shown.remote_id else None
    match = Match(*write.match) if write.match else None
    op = Op.UPDATE if remote_id else Op.UPSERT
    return Change(write.shown.key, op, write.external_id, remote_id, match, write.set, write.clear, expect=write.expect)


def still_not(db: Database, rules: TargetRules, batch: Sequence[Write], workplaces: Workplaces) -> set[str]:
    """Keys of the writes whose world has moved since they were planned, or whose subject has a write without an answer:
    what became of that must be known before anything is repeated."""
    keys = [write.shown.subject_key for write in batch]
    if rules.employers and batch:
        workplaces.ready()
    with db.read() as c:
        open_ = {one.subject_key for one in outbox.pending(c, rules.connection_id, rules.target.object)}
        now = desires.again(c, rules, keys, db.stamp(), workplaces)
        held = {
            (one.subject_key, one.remote_id): one.version
            for one in shadows.of_subject(c, rules.subject_kind, keys)
            if one.connection_id == rules.connection_id and one.object == rules.target.object and one.state == "live"
        }
        primaries = {key for (key, _), _ in held.items()}
    moved = set()
    for write in batch:
        subject = write.shown.subject_key
        if write.shown.remote_id:
            same_shadow = held.get((subject, write.shown.remote_id), 0) == write.shadow_version
        else:
            same_shadow = subject not in primaries
        if now.get(subject) != write.desired or not same_shadow or subject in open_:
            moved.add(write.shown.key)
    return moved
