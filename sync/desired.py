"""What each destination should hold: the target's rules over golden records and facts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b, sha256
from typing import Any

import orjson

from config.settings import TIMELINE, ConnectionSettings, FieldMode, PushMode, TargetSettings
from connectors.core.protocols import Target
from mapping.errors import RecordError
from mapping.mapper import Projection
from mapping.model import PROFILES, ActivityKind, Kind
from mapping.timeline import CANCELLED, describe, placed
from state import customers, facts, traits
from state.database import Connection, Database
from state.facts import StoredFact
from state.traits import StoredTraits
from sync.employment import Workplace, Workplaces

MEETING = ActivityKind.MEETING.value
TRAITS = "traits"
"""What expressions call a customer's traits: ``traits.lifetime_value``."""


@dataclass(frozen=True, slots=True)
class TargetRules:
    """One target of one connection with the rules in force. ``version`` changes when any of them does.

    ``employers``: the roles of a person's target that lead to an object of organizations written there, too.
    """

    connection_id: str
    connection: str
    target: Target
    settings: TargetSettings
    projection: Projection
    expressions: Mapping[str, str]
    modes: Mapping[str, FieldMode]
    match_on: str
    version: str
    timezone: str = "UTC"
    employers: tuple[str, ...] = ()

    @property
    def traits(self) -> bool:
        """Whether any of its expressions may ask for the customer's traits."""
        return any(TRAITS in expression for expression in self.expressions.values())

    @property
    def name(self) -> str:
        """What tells two targets of one object apart: ``notes`` may be written from activities and from orders."""
        return f"{self.target.object}:{self.target.kind}"

    @property
    def subject_kind(self) -> str:
        """``customer`` or ``fact``."""
        return "customer" if self.target.kind in PROFILES else "fact"

    def creates(self) -> bool:
        """Whether records may be created over there."""
        return self.settings.mode is not PushMode.UPDATE_ONLY

    def updates(self) -> bool:
        """Whether records that are there may be changed."""
        return self.settings.mode is not PushMode.CREATE_ONLY


def target_rules(
    connection_id: str,
    name: str,
    settings: ConnectionSettings,
    targets: Sequence[Target],
    timezone: str = "UTC",
    *,
    associations: bool = False,
) -> list[TargetRules]:
    """The targets that are switched on, in the order in which they are written. Raises ConfigError for bad rules.

    ``timezone`` is where whole days are placed, for destinations that know only times. ``associations``: whether the
    connector tells what records are associated with.
    """
    found = []
    on = [(target, mine) for target in targets if (mine := _switched_on(settings, target)) is not None]
    organizations = {target.object for target, _ in on if target.kind == Kind.ORGANIZATION and associations}
    for target, mine in on:
        expressions = dict(target.fields)
        modes: dict[str, FieldMode] = {}
        for property_, push in mine.fields.items():
            if push is None:
                expressions.pop(property_, None)
            else:
                expressions[property_] = push.expression
                modes[property_] = push.mode
        match_on = mine.match_on or (target.match_on[0] if target.match_on else "")
        person = target.kind == Kind.PERSON
        employers = tuple(role for role, object_ in target.refs.items() if person and object_ in organizations)
        said = [target.object, str(target.kind), expressions, modes, match_on, str(mine.mode), list(mine.kinds)]
        told = orjson.dumps([*said, timezone, *([employers] if employers else [])], option=orjson.OPT_SORT_KEYS)
        version = blake2b(told, digest_size=16).hexdigest()
        compiled = Projection(expressions)
        found.append(
            TargetRules(
                connection_id, name, target, mine, compiled, expressions, modes, match_on, version, timezone, employers
            )
        )
    return found


def _switched_on(settings: ConnectionSettings, target: Target) -> TargetSettings | None:
    profile = target.kind in PROFILES
    mine = settings.push.get(target.object) or (None if profile else settings.push.get(TIMELINE))
    return mine if mine is not None and mine.enabled else None


@dataclass(frozen=True, slots=True)
class Desired:
    """What one subject should look like over there. ``hash`` changes when that does.

    ``roles`` maps a role to the customers in it: of a fact whom it concerns, of a person the employer, whom ``words``
    calls by name. ``sources`` maps a golden field, or a trait as ``traits.x``,
    to its provenance. ``news`` is False for what is not worth creating: a meeting that was cancelled. ``partial`` says
    that the other fields are to be left as they are.
    """

    kind: str
    key: str
    title: str
    external_id: str
    fields: Mapping[str, Any]
    roles: Mapping[str, Sequence[str]]
    sources: Mapping[str, Any]
    hash: str
    problem: str = ""
    news: bool = True
    partial: bool = False
    words: Mapping[str, str] = field(default_factory=dict)


def external_id(kind: str, key: str) -> str:
    """What the target's external-id field holds: the customer's id, or a digest of the fact's key alone."""
    return key if kind == "customer" else "f_" + blake2b(key.encode(), digest_size=16).hexdigest()


def of_customer(
    rules: TargetRules,
    golden: customers.Golden,
    told: StoredTraits | None = None,
    works: Workplace | None = None,
) -> Desired:
    """What a customer should look like at the target. ``works``: a person's employer, who is in every such role."""
    values = golden.values
    title = values.get("name") or values.get("email") or values.get("phone") or golden.customer_id
    document = {**values, "id": golden.customer_id}
    sources = golden.provenance
    if told is not None:
        document[TRAITS] = told.values
        sources = {**sources, **{f"{TRAITS}.{name}": whence for name, whence in told.provenance.items()}}
    roles = dict.fromkeys(rules.employers, (works.organization,)) if works is not None else {}
    found = _desired(rules, "customer", golden.customer_id, str(title), document, roles, sources)
    return found if works is None else replace(found, words={works.organization: works.words})


def of_fact(rules: TargetRules, fact: StoredFact, attached: Mapping[tuple[int, str], str]) -> Desired:
    """What a fact should look like at the target. Every role of the target's refs takes whoever is attached."""
    who = tuple(sorted(set(attached.values())))
    roles = dict.fromkeys(rules.target.refs, who) if who else {}
    summary = describe(fact.values, fact.kind)
    document = {**placed(fact.values, rules.timezone), "kind": fact.kind, "summary": summary}
    found = _desired(rules, "fact", fact.key, summary, document, roles, {})
    return replace(found, news=not (fact.activity == MEETING and fact.values.get("status") in CANCELLED))


def of_withdrawn(rules: TargetRules, fact: StoredFact) -> Desired:
    """A meeting to come that no calendar has any more: it is cancelled over there, and everything else is left alone.

    What it was is forgotten here; so only those fields are told that a cancellation changes.
    """
    known = {"key": fact.key, "kind": fact.kind, "activity": fact.activity}
    told = []
    for values in (known, {**known, "status": "cancelled"}):
        document = {**values, "summary": describe(values, fact.kind)}
        told.append(_desired(rules, "fact", fact.key, document["summary"] or "", document, {}, {}))
    before, after = told
    fields = {name: value for name, value in after.fields.items() if before.fields.get(name) != value}
    return replace(after, fields=fields, news=False, partial=True)


def _desired(
    rules: TargetRules,
    kind: str,
    key: str,
    title: str,
    document: Mapping[str, Any],
    roles: Mapping[str, Sequence[str]],
    sources: Mapping[str, Any],
) -> Desired:
    problem = ""
    fields: Mapping[str, Any] = {}
    try:
        fields = rules.projection.project(document)
    except RecordError as error:
        problem = str(error)
    told = orjson.dumps([fields, dict(roles)], option=orjson.OPT_SORT_KEYS)
    return Desired(kind, key, title, external_id(kind, key), fields, roles, sources, sha256(told).hexdigest(), problem)


def wanted(rules: TargetRules, fact: StoredFact) -> bool:
    """Whether a fact is of the kind that the target takes and the admin wants."""
    return fact.live and _taken(rules, fact)


def withdrawn(rules: TargetRules, fact: StoredFact, now: str) -> bool:
    """Whether a fact is a meeting that was still to come when the last calendar lost it. What is over took place."""
    return not fact.live and fact.activity == MEETING and (fact.at or "") > now and _taken(rules, fact)


def _taken(rules: TargetRules, fact: StoredFact) -> bool:
    if fact.kind != rules.target.kind:
        return False
    if rules.target.activities and fact.activity not in rules.target.activities:
        return False
    kinds = rules.settings.kinds
    return not kinds or fact.kind in kinds or (fact.activity or "") in kinds


def everything(db: Database, rules: TargetRules, workplaces: Workplaces) -> Iterator[list[Desired]]:
    """What the target should hold, in batches, in a fixed order. Facts that concern no customer are left out."""
    if rules.subject_kind == "customer":
        for batch in customers.every(db, rules.target.kind):
            with db.read() as c:
                told = _traits(c, rules, [golden.customer_id for golden in batch])
            yield [_of_golden(rules, golden, told, workplaces) for golden in batch]
    else:
        for some in facts.every(db, rules.target.kind, rules.target.activities):
            yield [of_fact(rules, fact, who) for fact, who in some if who and wanted(rules, fact)]


def _of_golden(
    rules: TargetRules, golden: customers.Golden, told: Mapping[str, StoredTraits], workplaces: Workplaces
) -> Desired:
    works = workplaces.of(golden.values) if rules.employers else None
    return of_customer(rules, golden, told.get(golden.customer_id), works)


def _traits(c: Connection, rules: TargetRules, ids: Sequence[str]) -> dict[str, StoredTraits]:
    """The traits of some customers, where the target asks for any."""
    return traits.load(c, ids) if rules.traits else {}


def abandoned(db: Database, rules: TargetRules, keys: Sequence[str]) -> list[Desired]:
    """What is over there of facts that concern nobody any more: as they are now, or a meeting to come that is lost."""
    now = db.stamp()
    with db.read() as c:
        stored = facts.load(c, keys)
    found = [of_fact(rules, stored[key], {}) for key in sorted(stored) if wanted(rules, stored[key])]
    return found + [of_withdrawn(rules, stored[key]) for key in sorted(stored) if withdrawn(rules, stored[key], now)]


def again(c: Connection, rules: TargetRules, keys: Sequence[str], now: str, workplaces: Workplaces) -> dict[str, str]:
    """Subject key to the hash of what it should look like now; subjects that are no more are left out."""
    if rules.subject_kind == "customer":
        told = _traits(c, rules, keys)
        golden = customers.load(c, keys)
        return {key: _of_golden(rules, one, told, workplaces).hash for key, one in golden.items()}
    loaded = facts.load(c, keys)
    stored = {key: fact for key, fact in loaded.items() if wanted(rules, fact)}
    attached = facts.attachments(c, {fact.id: fact.at for fact in stored.values()})
    found = {key: of_fact(rules, fact, attached.get(fact.id, {})).hash for key, fact in stored.items()}
    return found | {key: of_withdrawn(rules, one).hash for key, one in loaded.items() if withdrawn(rules, one, now)}
