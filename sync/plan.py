"""Plan: what each destination should hold, against what it holds, as changes that a person can read and approve.

For each target, in the order in which targets are written:

1. Know what is there: the shadows of the target, and the records pulled from it that belong to a customer.
2. For each subject find its remote record: its primary shadow, else a pulled record of the same customer, else a record
   over there with the same match value (asked for in batches). More than one: the oldest is the primary, the others are
   noted as duplicates and never written.
3. Diff field by field (sync/diff.py). Subjects without a remote record are created, unless the target only updates.
4. A property that the vendor keeps unique goes to one subject only: to who holds it already, else the first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from connectors.core.protocols import Stream, Writes
from mapping.contract import Remote, RemoteId, Schema
from mapping.counts import many
from mapping.model import Kind
from state import customers, dead_letters, facts, outbox, shadows
from state.database import Database
from state.dead_letters import Letters, Place
from state.shadows import Shadow
from sync.associations import Ends
from sync.desired import Desired, TargetRules, abandoned, everything
from sync.diff import Difference, Held, demanded, difference, held_fields
from sync.properties import Schemas
from sync.reasons import why
from sync.reports import FieldChange, PlannedChange, TargetPlan
from sync.taken import Taken, folded

UNANSWERED = "an earlier write of it waits for its answer, or for a person"
WORDLESS = "nothing is known of it that could be written"
CANCELLED = "a meeting that is cancelled and was never there"
OWNERLESS = "it concerns nobody who is over there"
NOT_THERE = "it is not over there, and mode update_only creates nothing"


@dataclass(frozen=True, slots=True)
class Write:
    """One planned write: what a person sees of it, and what is sent. ``refs``: role to subjects' keys, ``unrefs``: role
    to the associations of ours that hold no more, as ``object:remote_id``."""

    shown: PlannedChange
    target: str
    external_id: str
    set: Mapping[str, Any]
    clear: tuple[str, ...]
    match: tuple[str, str] | None
    refs: Mapping[str, Sequence[str]]
    desired: str
    shadow_version: int
    expect: str | None = None
    unrefs: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(slots=True)
class TargetDraft:
    """The plan of one target while it is made."""

    rules: TargetRules
    writes: list[Write] = field(default_factory=list)
    unchanged: int = 0
    skipped: int = 0
    duplicates: int = 0
    asked: int = 0
    warnings: list[str] = field(default_factory=list)
    reasons: Counter[str] = field(default_factory=Counter)
    failed: frozenset[str] = frozenset()
    healed: list[str] = field(default_factory=list)

    def keep(self, key: str) -> None:
        """Leaves a subject as it is over there. A write of it that failed once has nothing left to say then."""
        self.unchanged += 1
        if key in self.failed:
            self.healed.append(key)

    def skip(self, why: str) -> None:
        """Leaves a subject out, for a reason that is told with how many it holds for."""
        self.skipped += 1
        self.reasons[why] += 1

    def lack(self, key: str, properties: Sequence[str]) -> None:
        """Leaves out a subject that no record can be made of, since nothing is known for these properties. To try it
        again would end as it did before."""
        self.skip(f"nothing is known for {' and '.join(properties)}, without which {self.rules.connection} takes none")
        if key in self.failed:
            self.healed.append(key)

    def report(self) -> TargetPlan:
        """The counts."""
        actions = [write.shown.action for write in self.writes]
        size = max(1, self.rules.target.batch_size)
        calls = -(-sum(a != "associate" for a in actions) // size)
        looks = 2 if self.rules.employers else 1  # before people are associated, it is asked what is there
        calls += -(-sum(bool(write.refs) for write in self.writes) // size) * looks
        calls += -(-sum(bool(write.unrefs) for write in self.writes) // size)
        return TargetPlan(
            connection=self.rules.connection,
            object=self.rules.target.object,
            create=actions.count("create"),
            update=actions.count("update"),
            adopt=actions.count("adopt"),
            associate=actions.count("associate"),
            unchanged=self.unchanged,
            duplicates=self.duplicates,
            skipped=self.skipped,
            calls=calls,
            message="; ".join(self.warnings),
        )


@dataclass(frozen=True, slots=True)
class Pulled:
    """A record as it was pulled: its properties, when it was seen so, the vendor's version."""

    properties: Mapping[str, Any]
    seen: str
    version: str | None


@dataclass(slots=True)
class Known:
    """What is known to be over there. ``pulled``: customer to the remote ids of its records there, oldest first.

    ``elsewhere``: customers whose record over there belongs to another customer: it was merged into that one's.
    """

    by_subject: dict[str, list[Shadow]] = field(default_factory=dict)
    owned: dict[str, Shadow] = field(default_factory=dict)
    pulled: dict[str, list[str]] = field(default_factory=dict)
    bodies: dict[str, Pulled] = field(default_factory=dict)
    waiting: set[str] = field(default_factory=set)
    elsewhere: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Planner:
    """Makes the plan of one connection's targets, in order. ``ends`` grows with what earlier targets know."""

    db: Database
    writes: Writes
    schemas: Schemas
    streams: Sequence[Stream]
    ends: Ends
    live: bool = False

    def target(self, rules: TargetRules) -> TargetDraft:
        """The plan of one target."""
        place = Place(Letters.OUT, rules.connection_id, rules.target.object)
        with self.db.read() as c:
            draft = TargetDraft(rules, failed=dead_letters.open_at(c, place))
        schema = self.schemas[rules.target.object]
        known = self._known(rules)
        homeless: list[Desired] = []
        found: list[tuple[Desired, Held]] = []
        for batch in everything(self.db, rules, self.ends.workplaces):
            for desired in batch:
                if desired.problem or not desired.fields or desired.key in known.waiting:
                    if desired.problem:
                        draft.skipped += 1
                        draft.warnings.append(f"{desired.external_id}: {desired.problem}")
                    else:
                        draft.skip(UNANSWERED if desired.key in known.waiting else WORDLESS)
                    continue
                held = _held(rules, known, desired)
                if held is None and not desired.news:
                    draft.skip(CANCELLED)
                elif held is None:
                    homeless.append(desired)
                else:
                    found.append((desired, held))
        if rules.subject_kind == "fact":
            met = {one.key for one, _ in found} | known.waiting
            for desired in abandoned(self.db, rules, sorted(known.by_subject.keys() - met)):
                held = _held(rules, known, desired)
                if held is not None and not desired.problem:
                    found.append((desired, held))
        homeless = self._unknown_there(draft, _merged_away(draft, known, homeless))
        unique = {name for name, about in schema.fields.items() if about.unique} | ({rules.match_on} - {""})
        ranks = self._ranks(unique, [one for one, _ in found] + homeless)
        found.sort(key=lambda pair: ranks.get(pair[0].key, len(ranks)))
        homeless.sort(key=lambda one: ranks.get(one.key, len(ranks)))
        if rules.subject_kind == "customer" and rules.match_on:
            homeless = self._adopt(rules, draft, known, homeless, found)
        if self.live:
            found, homeless = self._look(rules, found, homeless)
        taken = Taken(unique, found)
        for desired, held in found:
            self._update(draft, schema, known, taken, desired, held)
        demands = demanded(rules, schema)
        for desired in homeless:
            self._create(draft, demands, taken, desired)
        draft.duplicates += sum(one.role == "duplicate" for held in known.by_subject.values() for one in held)
        draft.warnings.extend(taken.warnings())
        draft.warnings.extend(f"{count:,} skipped: {reason}" for reason, count in draft.reasons.items())
        if draft.healed:
            with self.db.write() as c:
                dead_letters.resolve(c, place, draft.healed)
        return draft

    def _known(self, rules: TargetRules) -> Known:
        known = Known()
        object_ = rules.target.object
        sources = [stream for stream in self.streams if stream.target == object_]
        at = {stream.name: stream.properties_at for stream in sources}
        with self.db.read() as c:
            held = [
                one
                for one in shadows.of_target(c, rules.connection_id, object_)
                if one.subject_kind == rules.subject_kind
            ]
            if rules.target.kind == Kind.ORGANIZATION:
                self.ends.hold(object_, held)
            lost = {one.remote_id for one in held if one.state != "live"}
            if rules.subject_kind == "customer":
                # A record of a customer that is no more belongs to nobody: whoever matches it may have it.
                living = customers.living(c, {one.subject_key for one in held})
                held = [one for one in held if one.subject_key in living]
            for one in held:
                if one.state == "live":
                    known.by_subject.setdefault(one.subject_key, []).append(one)
                    known.owned[one.remote_id] = one
            known.elsewhere = {one.subject_key for one in held if one.merged_into in known.owned}
            known.waiting = {one.subject_key for one in outbox.pending(c, rules.connection_id, object_)}
            if rules.subject_kind == "customer" and sources:
                for row in customers.remotes(c, rules.connection_id, list(at)):
                    if row.remote_id in lost:
                        continue  # the pull has not been told yet, but we were: it is no longer there
                    body = orjson.loads(row.body)
                    properties = next((body[key] for key in at.values() if key and key in body), body)
                    known.bodies[row.remote_id] = Pulled(properties, row.observed_at, row.version)
                    known.pulled.setdefault(row.customer_id, []).append(row.remote_id)
        for customer, ids in known.pulled.items():
            ids.sort(key=lambda one: (len(one), one))
            if all(one in known.owned and known.owned[one].subject_key != customer for one in ids):
                known.elsewhere.add(customer)
        return known

    def _adopt(
        self,
        rules: TargetRules,
        draft: TargetDraft,
        known: Known,
        homeless: list[Desired],
        found: list[tuple[Desired, Held]],
    ) -> list[Desired]:
        """Looks for records over there by the match property; returns the subjects that have none."""
        values = sorted({str(one.fields[rules.match_on]) for one in homeless if rules.match_on in one.fields})
        if not values:
            return homeless
        size = max(1, rules.target.batch_size)
        remotes: dict[str, Sequence[Remote]] = {}
        for start in range(0, len(values), size):
            remotes.update(self.writes.find(rules.target.object, rules.match_on, values[start : start + size]))
            draft.asked += 1
        still: list[Desired] = []
        claimed = {held.remote_id for _, held in found} | known.owned.keys() | known.bodies.keys()
        for one in homeless:
            value = str(one.fields.get(rules.match_on, ""))
            free = [r for r in remotes.get(value, ()) if r.remote_id not in claimed and not r.archived]
            if not value or not free:
                still.append(one)
                continue
            claimed.update(remote.remote_id for remote in free)
            draft.duplicates += len(free) - 1
            found.append((one, Held(free[0].remote_id, free[0].fields, None, free[0].version)))
        return still

    def _unknown_there(self, draft: TargetDraft, homeless: list[Desired]) -> list[Desired]:
        """The subjects that the destination does not have in its own words: a call noted there is not told back."""
        if draft.rules.subject_kind == "customer" or not homeless:
            return homeless
        with self.db.read() as c:
            told = facts.told_by(c, draft.rules.connection_id, [one.key for one in homeless])
        draft.unchanged += len(told)
        return [one for one in homeless if one.key not in told]

    def _look(
        self, rules: TargetRules, found: list[tuple[Desired, Held]], homeless: list[Desired]
    ) -> tuple[list[tuple[Desired, Held]], list[Desired]]:
        """Live values for everything that is believed to be there; what is gone must be created."""
        live: dict[RemoteId, Remote] = {}
        ids = [RemoteId(held.remote_id) for _, held in found]
        size = max(1, rules.target.batch_size)
        for start in range(0, len(ids), size):
            live.update(self.writes.fetch(rules.target.object, ids[start : start + size]))
        there: list[tuple[Desired, Held]] = []
        lost: list[tuple[Shadow, str]] = []
        for desired, held in found:
            remote = live.get(RemoteId(held.remote_id))
            if remote is None or remote.archived:
                homeless.append(desired)
                if held.shadow is not None:
                    lost.append((held.shadow, "gone" if remote is None else "archived"))
            else:
                there.append((desired, Held(held.remote_id, remote.fields, held.shadow, remote.version)))
        if lost:
            self._forget(lost)
        return there, homeless

    def _forget(self, lost: Sequence[tuple[Shadow, str]]) -> None:
        """What was seen to be gone is no longer believed to be there, unless it was written again meanwhile."""
        now = self.db.stamp()
        with self.db.write() as c:
            for one, state in lost:
                stored = shadows.by_remote(c, one.connection_id, one.object, [one.remote_id]).get(one.remote_id)
                if stored is not None and stored.version == one.version:
                    shadows.lose(c, stored, state, now)
                    self.ends.owners.pop(f"{one.object}:{one.remote_id}", None)

    def _ranks(self, unique: set[str], subjects: Sequence[Desired]) -> dict[str, int]:
        """The order of precedence among subjects that claim one unique value: by the natural keys of their records,
        since ids depend on the order of arrival."""
        claims = [[(name, folded(value)) for name, value in one.fields.items() if name in unique] for one in subjects]
        count = Counter(claim for mine in claims for claim in mine)
        rivals = [
            one.key
            for one, mine in zip(subjects, claims, strict=True)
            if one.kind == "customer" and any(count[claim] > 1 for claim in mine)
        ]
        if not rivals:
            return {}
        oldest: dict[str, tuple[str, ...]] = {}
        with self.db.read() as c:
            for row in customers.members(c, rivals):  # in the order of their natural keys
                oldest.setdefault(row.customer_id, (row.connection_id, row.stream, row.slice, row.remote_id, row.part))
        ordered = sorted(rivals, key=lambda key: oldest.get(key, ()))
        return {key: rank for rank, key in enumerate(ordered)}

    def _update(
        self, draft: TargetDraft, schema: Schema, known: Known, taken: Taken, desired: Desired, held: Held
    ) -> None:
        rules = draft.rules
        if rules.subject_kind == "customer":
            self.ends.meet(rules, desired.key, held)
        others = [one for one in known.pulled.get(desired.key, ()) if one != held.remote_id and one not in known.owned]
        draft.duplicates += len(others)
        change = difference(rules, schema, desired, held)
        change = replace(change, set=taken.allowed(desired, change.set, held.remote_id))
        adopting = held.shadow is None
        if adopting and rules.target.external_id and held.fields.get(rules.target.external_id) != desired.external_id:
            change = replace(change, set={**change.set, rules.target.external_id: desired.external_id})
        refs = self.ends.missing(rules, desired, held.shadow)
        unrefs = self.ends.obsolete(rules, desired, held.shadow)
        if not rules.updates() or (not change and not refs and not unrefs and not adopting):
            draft.keep(_key(rules, desired))
            return
        action = "adopt" if adopting else "update" if change or unrefs else "associate"
        write = _write(rules, desired, action, change, refs, held, None)
        shown = replace(write.shown, fields=[*write.shown.fields, *self.ends.told(desired, unrefs)])
        draft.writes.append(replace(write, shown=shown, unrefs=unrefs))

    def _create(self, draft: TargetDraft, demands: AbstractSet[str], taken: Taken, desired: Desired) -> None:
        rules = draft.rules
        refs = self.ends.missing(rules, desired, None)
        if not rules.creates() or (rules.subject_kind == "fact" and rules.target.refs and not refs):
            draft.skip(OWNERLESS if rules.creates() else NOT_THERE)
            return
        change = Difference(taken.allowed(desired, desired.fields, ""))
        if lacking := sorted(demands - change.set.keys() - {rules.target.external_id}):
            draft.lack(_key(rules, desired), lacking)
            return
        match = None
        if rules.match_on and rules.match_on in change.set:
            match = (rules.match_on, str(change.set[rules.match_on]))
        if rules.subject_kind == "customer":
            self.ends.creating.add((rules.target.object, desired.key))
        draft.writes.append(_write(rules, desired, "create", change, refs, None, match))


def _merged_away(draft: TargetDraft, known: Known, homeless: list[Desired]) -> list[Desired]:
    """The subjects that may be created: not those whose record was merged over there into another customer's."""
    gone = [one for one in homeless if one.key in known.elsewhere]
    if gone:
        draft.skipped += len(gone)
        who = many(len(gone), "customer has", "customers have")
        draft.warnings.append(f"{who} no record of their own over there: another customer owns it")
    return [one for one in homeless if one.key not in known.elsewhere]


def _held(rules: TargetRules, known: Known, desired: Desired) -> Held | None:
    """The remote record of a subject as far as the database knows: its primary shadow, else a pulled record."""
    for one in known.by_subject.get(desired.key, ()):
        if one.role == "primary":
            pulled = known.bodies.get(one.remote_id)
            if pulled is None:
                # Without having read it we cannot know its version now: demanding the one of our last write would
                # refuse every later write once somebody has touched the record over there.
                return Held(one.remote_id, held_fields(one, {}, pulled_since=False), one)
            since = pulled.seen > one.updated_at
            version = pulled.version if since else one.remote_version
            return Held(one.remote_id, held_fields(one, pulled.properties, pulled_since=since), one, version)
    for remote_id in known.pulled.get(desired.key, ()):
        if remote_id not in known.owned:
            return Held(remote_id, known.bodies[remote_id].properties, None, known.bodies[remote_id].version)
    return None


def _key(rules: TargetRules, desired: Desired) -> str:
    return f"{rules.name}:{desired.external_id}"


def _write(
    rules: TargetRules,
    desired: Desired,
    action: str,
    change: Difference,
    refs: Mapping[str, Sequence[str]],
    held: Held | None,
    match: tuple[str, str] | None,
) -> Write:
    fields = [FieldChange(n, change.old.get(n), v, why(rules, desired, n)) for n, v in change.set.items()]
    fields += [FieldChange(n, change.old.get(n), None, "no source says it any more") for n in change.clear]
    shown = PlannedChange(
        key=_key(rules, desired),
        connection=rules.connection,
        object=rules.target.object,
        action=action,
        subject_kind=desired.kind,
        subject_key=desired.key,
        title=desired.title,
        remote_id=held.remote_id if held else "",
        fields=fields,
        refs=dict(refs),
        words=desired.words if refs else {},
    )
    version = held.shadow.version if held and held.shadow else 0
    expect = held.version if held else None
    return Write(
        shown,
        rules.name,
        desired.external_id,
        dict(change.set),
        change.clear,
        match,
        dict(refs),
        desired.hash,
        version,
        expect,
    )
