"""Associations: which ones of a planned record are missing over there, which of ours hold no more, and whose each is.

A shadow's ``refs`` hold, as ``object:remote_id``, under a role what we associated and was acknowledged. Of people they
hold under ``role:found`` what was associated before we came, and under ``role:asked`` what we are about to associate
and was seen not to be there, or are about to take back: should it be there later, it is ours, whatever became of the
answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from state import shadows
from state.database import Database
from state.shadows import Shadow
from sync.desired import Desired, TargetRules
from sync.diff import Held
from sync.employment import Workplaces
from sync.reports import FieldChange

FOUND, ASKED = ":found", ":asked"
LEFT, DUPLICATE = "no longer works there", "it is a duplicate of the employer's record"

Refs = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Ends:
    """The records of customers over there that others can be associated with, as far as a plan has come.

    ``remotes``: (object, customer) to the primary's remote id. ``creating``: (object, customer) that the plan creates,
    or takes over from among what is there.
    ``owners``: what organizations are held as, ``object:remote_id`` of live records to the customer.
    """

    db: Database
    workplaces: Workplaces
    remotes: dict[tuple[str, str], str] = field(default_factory=dict)
    creating: set[tuple[str, str]] = field(default_factory=set)
    owners: dict[str, str] = field(default_factory=dict)

    def forget_created(self, object_: str) -> None:
        """What the plan of this object would create will not be created: no later target may count on it."""
        self.creating.difference_update([one for one in self.creating if one[0] == object_])

    def meet(self, rules: TargetRules, customer: str, held: Held) -> None:
        """A customer has a record there. One that nothing is held for counts only if this plan takes it over: when the
        plan is applied, others are associated with what is held."""
        if held.shadow is not None:
            self.remotes[(rules.target.object, customer)] = held.remote_id
        elif rules.updates():
            self.creating.add((rules.target.object, customer))

    def hold(self, object_: str, held: Iterable[Shadow]) -> None:
        """Remembers whose the live records of an object are."""
        self.owners.update({f"{object_}:{one.remote_id}": one.subject_key for one in held if one.state == "live"})

    def missing(self, rules: TargetRules, desired: Desired, shadow: Shadow | None) -> Refs:
        """Role to the customers that are not yet associated; those without a record over there are left out."""
        wanted: dict[str, Sequence[str]] = {}
        for role, who in desired.roles.items():
            object_ = rules.target.refs[role]
            there = {*shadow.refs.get(role, ()), *shadow.refs.get(role + FOUND, ())} if shadow else set()
            missing = [
                key
                for key in who
                if (object_, key) in self.creating
                or ((object_, key) in self.remotes and f"{object_}:{self.remotes[(object_, key)]}" not in there)
            ]
            if missing:
                wanted[role] = missing
        return wanted

    def obsolete(self, rules: TargetRules, desired: Desired, shadow: Shadow | None) -> Refs:
        """Role to what we associated and holds no more. What others associated is not ours to take away."""
        if shadow is None or desired.partial:
            return {}
        if rules.subject_kind == "customer":
            left = {role: self._former(rules, role, desired, shadow) for role in rules.employers}
        else:
            left = {role: self._unconcerned(rules, role, desired, ends) for role, ends in shadow.refs.items()}
        return {role: sorted(ends) for role, ends in left.items() if ends}

    def told(self, desired: Desired, unrefs: Refs) -> list[FieldChange]:
        """What is taken back, for people to read."""
        if desired.kind != "customer":
            return [FieldChange(role, ends, None, "no longer concerned") for role, ends in unrefs.items()]
        found = []
        for role, end in ((role, end) for role, ends in unrefs.items() for end in ends):
            owner = self.owners[end]
            why = DUPLICATE if owner in desired.roles.get(role, ()) else LEFT
            found.append(FieldChange(f"{role} record", f"{self.workplaces.name(owner)} ({end})", None, why))
        return found

    def _records(self, rules: TargetRules, role: str, desired: Desired) -> set[str]:
        """The primary records of those who have the role, as far as they have one."""
        object_ = rules.target.refs.get(role, "")
        found = (self.remotes.get((object_, key)) for key in desired.roles.get(role, ()))
        return {f"{object_}:{one}" for one in found if one is not None}

    def _former(self, rules: TargetRules, role: str, desired: Desired, shadow: Shadow) -> list[str]:
        """The live records of organizations that are not the employer's primary one. While that one is unknown, none
        of the employer's is let go."""
        there, who = self._records(rules, role, desired), desired.roles.get(role, ())
        ours = {*shadow.refs.get(role, ()), *shadow.refs.get(role + ASKED, ())} - there
        return [end for end in ours if end in self.owners and (there or self.owners[end] not in who)]

    def _unconcerned(self, rules: TargetRules, role: str, desired: Desired, ends: Sequence[str]) -> list[str]:
        """The live records of customers who have nothing to do with the fact any more: somebody who is no longer
        invited, or was split off."""
        object_, who = rules.target.refs.get(role, ""), desired.roles.get(role, ())
        there = self._records(rules, role, desired)
        strange = {end.removeprefix(f"{object_}:"): end for end in ends if end not in there}
        if not strange:
            return []
        with self.db.read() as c:
            owners = shadows.by_remote(c, rules.connection_id, object_, strange)
        return [strange[i] for i, one in owners.items() if one.state == "live" and one.subject_key not in who]


def noted(refs: Refs, wanted: Refs, there: Refs) -> tuple[Refs, Refs]:
    """A person's refs before ``wanted`` is asked for, where ``there`` is associated; and what is left to ask for."""
    rest: dict[str, Sequence[str]] = {}
    for role, ends in wanted.items():
        ours, found, asked = (set(refs.get(role + what, ())) for what in ("", FOUND, ASKED))
        present = set(ends) & set(there.get(role, ()))
        found |= present - asked - ours
        ours |= present & asked
        left = [end for end in ends if end not in present]
        refs = _with(refs, {role: ours, role + FOUND: found, role + ASKED: asked - present | {*left}})
        if left:
            rest[role] = left
    return refs, rest


def tied(refs: Refs, ends: Refs) -> Refs:
    """The refs once these ends are associated."""
    for role, ids in ends.items():
        asked = {*refs.get(role + ASKED, ())} - {*ids}
        refs = _with(refs, {role: {*refs.get(role, ()), *ids}, role + ASKED: asked})
    return refs


def doubted(refs: Refs, ends: Refs) -> Refs:
    """A person's refs before it is asked that these ends of ours be associated no more."""
    for role, ids in ends.items():
        kept, asked = {*refs.get(role, ())} - {*ids}, {*refs.get(role + ASKED, ()), *ids}
        refs = _with(refs, {role: kept, role + ASKED: asked})
    return refs


def refused(refs: Refs, ends: Refs) -> Refs:
    """The refs once it is known that these ends were not associated."""
    for role, ids in ends.items():
        refs = _with(refs, {role + ASKED: {*refs.get(role + ASKED, ())} - {*ids}})
    return refs


def untied(refs: Refs, ends: Refs) -> Refs:
    """The refs once these ends are associated no more."""
    for role, ids in ends.items():
        left = {what: {*refs.get(role + what, ())} - {*ids} for what in ("", ASKED)}
        refs = _with(refs, {role + what: some for what, some in left.items()})
    return refs


def _with(refs: Refs, changed: Mapping[str, set[str]]) -> Refs:
    """The refs with these roles changed; a role of nothing is left out."""
    kept = {role: ids for role, ids in refs.items() if role not in changed}
    return kept | {role: sorted(ids) for role, ids in changed.items() if ids}
