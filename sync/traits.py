"""Traits kept up to date: made anew for the customers that a change may concern, and for nobody else.

What may have changed is written into a queue with the change itself, in the same transaction (``affected``): a fact by
its key, with all keys that it names or named; an identifier that a waiting record holds or held and by which facts name
somebody; a customer that lost a record. Once resolving is done, under its lease (``TraitKeeper``):

1. All is queued where the rules or rates are others than before, and whoever had a meeting that has begun since.
2. What is queued leads to customers: facts with all that they are linked with, to whoever may be named in them.
3. The traits of each such customer are made from its facts as they are now, and written where they are others.

Every step takes what it has done out of the queue in the transaction that writes it, so a process may end at any point.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from mapping.currencies import Rates
from mapping.identity import Identifier, references
from mapping.model import Kind
from mapping.money import MONEY, Counted, Entry, names, settle
from mapping.traits import (
    CONTACT,
    TOUCH,
    TRAITS,
    VERSION,
    Happened,
    Trait,
    of_contact,
    of_meeting,
    of_money,
    of_tickets,
    of_touches,
    owners,
)
from state import facts, identifiers, schedules, traits
from state.database import Connection, Database
from state.facts import FactRow, StoredFact
from state.identities import Changes
from state.leases import Lease
from state.traits import CUSTOMER, FACT, Near, StoredTraits, Waiting

LEADS, CUSTOMERS = 1000, 200
"""How many of the queue are worked at in one go."""
FIRST_LOOK = 8
"""How many of a customer's contacts are looked at before more are; nearly always the last one counts."""
KINDS = frozenset({*MONEY, Kind.TICKET, *CONTACT, *TOUCH})


def affected(
    c: Connection,
    rows: Sequence[FactRow],
    held: Collection[Identifier],
    waiting: Collection[int],
    before: Mapping[int, str],
    changes: Changes,
) -> list[Waiting]:
    """What to queue with a batch. ``held``: the identifiers that the ``waiting`` entities hold or held, ``before``
    entity to the customer that it belonged to. Nothing, and no question a record, where there are no facts."""
    found: list[Waiting] = []
    for row in rows:
        found += [(FACT, row.key), *((FACT, name) for name, _ in (*row.names, *names(row.before)))]
        found += [(kind, value) for _, _, kind, value in references(row.before)]
    if not traits.are_facts(c):
        return found
    lost = {i for i, _ in changes.moved} | set(changes.left)
    others = (lost | {i for i, _ in changes.joined}).difference(waiting)
    values = {*held, *(one for many in identifiers.held(c, others).values() for one in many)}
    return [*found, *traits.referred(c, values), *((CUSTOMER, before[i]) for i in lost if i in before)]


@dataclass(frozen=True, slots=True)
class TraitKeeper:
    """Makes traits, under the lease that resolving holds."""

    db: Database
    lease: Lease
    rates: Rates

    @property
    def version(self) -> str:
        """Changes with the rules and rates."""
        return f"{VERSION}.{self.rates.version}"

    def waiting(self) -> bool:
        """Whether there is anything to do."""
        with self.db.read() as c:
            if traits.is_anything_due(c, self.db.stamp()):
                return True
            return traits.version(c) != self.version and traits.could_be(c)

    def run(self) -> int:
        """Makes all that is due, and returns of how many customers the traits changed."""
        self._begin()
        self._lead()
        changed = 0
        while True:
            with self.db.read() as c:
                ids = traits.customers(c, CUSTOMERS)
                if not ids:
                    return changed
                now = self.db.stamp()
                made = {one.customer_id: one for one in _Making(c, self.rates, now).of(ids)}
                stored = traits.load(c, ids)
            fresh = [one for i, one in made.items() if one != stored.get(i)]
            gone = [i for i in stored if i not in made]
            with self.db.write(self.lease) as c:
                traits.write(c, fresh, gone)
                traits.forget(c, [(CUSTOMER, i) for i in ids])
                if fresh or gone:
                    schedules.wake(c, now)
            changed += len(fresh) + len(gone)

    def _begin(self) -> None:
        with self.db.read() as c:
            current = traits.version(c) == self.version
            overdue = traits.overdue(c, self.db.stamp())
        if not current:
            with self.db.write(self.lease) as c:
                traits.enqueue_everything(c, self.version)
        elif overdue:
            with self.db.write(self.lease) as c:
                traits.enqueue(c, overdue)

    def _lead(self) -> None:
        """Puts the customers into the queue to whom all else in it leads."""
        while True:
            with self.db.read() as c:
                batch = traits.leads(c, LEADS)
                if not batch:
                    return
                linked = traits.related(c, [value for kind, value in batch if kind == FACT])
                found = traits.named_by(c, [one.id for one in linked.values()])
                found |= traits.holding(c, [one for one in batch if one[0] != FACT])
            with self.db.write(self.lease) as c:
                traits.enqueue(c, [(CUSTOMER, i) for i in found])
                traits.forget(c, batch)


@dataclass(frozen=True, slots=True)
class _Making:
    """Traits as the facts are at one moment."""

    c: Connection
    rates: Rates
    now: str

    def of(self, ids: Sequence[str]) -> list[StoredTraits]:
        """The traits of these customers; of those that are no more, or have none, nothing."""
        alive = sorted(traits.kinds_of(self.c, ids))
        near: dict[str, list[Near]] = {i: [] for i in alive}
        for one in traits.near(self.c, alive, KINDS):
            near[one.customer_id].append(one)
        every = [one for many in near.values() for one in many]
        money = self._money([one for one in every if one.activity in MONEY])
        past = {i: [one for one in many if self._is_past(one)] for i, many in near.items()}
        told = self._happened(one for one in every if one.activity not in MONEY and not self._is_past(one))
        last = self._last_contacts(past)
        made = [self._stored(i, money.get(i, []), told.get(i, {}), last.get(i)) for i in alive]
        return [one for one in made if one is not None]

    def _is_past(self, one: Near) -> bool:
        """Whether it may be the last contact: of those one counts, and the others need not be read."""
        return one.activity in CONTACT and one.at is not None and one.at <= self.now

    def _stored(
        self, customer: str, money: Sequence[Counted | None], told: Mapping[int, Happened], last: Happened | None
    ) -> StoredTraits | None:
        found, missing = of_money([one for one in money if one is not None], len(money), self.rates)
        found |= of_tickets([one for one in told.values() if one.kind == Kind.TICKET])
        found |= of_touches(one for one in told.values() if one.kind in TOUCH)
        found |= of_contact(last) if last else {}
        coming = [one for one in told.values() if one.kind in CONTACT and one.is_contact and one.at]
        coming.sort(key=lambda one: (one.at or "", one.key))
        meeting = next((one for one in coming if one.kind == "meeting"), None)
        found |= of_meeting(meeting) if meeting else {}
        due = coming[0].at if coming else None
        return _packed(customer, found, missing, due) if found or due else None

    def _money(self, near: Sequence[Near]) -> dict[str, list[Counted | None]]:
        """Customer to what each order, invoice and payment of its own adds; None for what does not count by itself."""
        if not near:
            return {}
        linked = traits.related(self.c, {one.key for one in near})
        entries = [Entry(key, one.kind, one.at, one.values) for key, one in linked.items() if one.kind in MONEY]
        counted = settle(entries, self.rates)
        attached = facts.attachments(self.c, {one.fact_id: one.at for one in near})
        kinds = traits.kinds_of(self.c, {who for roles in attached.values() for who in roles.values()})
        found: dict[str, list[Counted | None]] = {}
        for one in near:
            if one.customer_id in owners(attached.get(one.fact_id, {}), kinds):
                found.setdefault(one.customer_id, []).append(counted.get(one.key))
        return found

    def _happened(self, near: Iterable[Near]) -> dict[str, dict[int, Happened]]:
        """Customer to fact to what happened, where it really concerns that customer."""
        asked = list(near)
        if not asked:
            return {}
        attached = facts.attachments(self.c, {one.fact_id: one.at for one in asked})
        stored = facts.by_id(self.c, attached)
        found: dict[str, dict[int, Happened]] = {}
        for one in asked:
            mine = [place for place, who in attached.get(one.fact_id, {}).items() if who == one.customer_id]
            if mine and one.fact_id in stored:
                fact = stored[one.fact_id]
                happened = Happened(fact.key, one.activity, fact.at, fact.values, _answer(fact, mine))
                found.setdefault(one.customer_id, {})[one.fact_id] = happened
        return found

    def _last_contacts(self, past: Mapping[str, list[Near]]) -> dict[str, Happened]:
        """Customer to the newest contact that took place, found by looking at the newest first."""
        found: dict[str, Happened] = {}
        left = {
            i: sorted(many, key=lambda one: (one.at or "", one.key), reverse=True) for i, many in past.items() if many
        }
        size = FIRST_LOOK
        while left:
            looked = self._happened(one for many in left.values() for one in many[:size])
            for i, many in left.items():
                mine = looked.get(i, {})
                hit = (mine[one.fact_id] for one in many[:size] if one.fact_id in mine)
                last = next((one for one in hit if one.is_contact), None)
                if last is not None:
                    found[i] = last
            left = {i: many[size:] for i, many in left.items() if i not in found and len(many) > size}
            size *= 4
        return found


def _answer(fact: StoredFact, places: Sequence[tuple[int, str]]) -> str:
    """What one customer answered, who may stand in an invitation twice: the first that is no refusal."""
    participants = fact.values.get("participants", ())
    answers = [str(participants[ordinal].get("answer") or "") for ordinal, _ in sorted(places)]
    return next((one for one in answers if one != "declined"), answers[0])


def _packed(customer: str, found: Mapping[str, Trait], missing: Collection[str], due: str | None) -> StoredTraits:
    ordered = {name: found[name] for name in TRAITS if name in found}
    return StoredTraits(
        customer,
        {name: one.value for name, one in ordered.items()},
        {name: [one.rule, one.since, one.count, list(one.facts)] for name, one in ordered.items()},
        sorted(missing),
        due,
    )
