"""Judge: people say who is who, and customers are made anew by it at once.

1. What is asked is looked at in one transaction that is rolled back: nonsense is refused, and what would change is seen
   by doing it. A dry run ends here.
2. The judgement and the records that it names, which wait to be resolved again, are kept in one transaction. A process
   that is killed from here on has said its word: whoever resolves next does the rest.
3. What waits is resolved.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial

from mapping.errors import ConfigError, GoneError, TransientError
from state import audit, customers, identities, judgements, records
from state.customers import MemberRow
from state.database import Connection
from state.identities import Profile
from state.judgements import Member
from sync.judged import JudgementReport, JudgementView
from sync.picture import Picture, customer_changes, fact_moves, label_of, place, remote_moves, value_changes
from sync.resolve import Resolver, put
from sync.turn import Turn

TELLING = 8
"""How many records of a customer an error names."""


BUSY = "Another process is working out who is who; nothing was judged. Try again later."


class _Rehearsed(Exception):
    """What was tried is rolled back."""


Act = Callable[[Connection], tuple[int, Collection[int]]]
"""Says something in the caller's transaction. Returns the judgement's number and the entities that it concerns."""


@dataclass(frozen=True, slots=True)
class Judge:
    """Judges for one person, under the lease of the ``resolver``; ``resolve`` resolves what waits.

    ``names``: connection id to its name.
    """

    resolver: Resolver
    resolve: Callable[[], object]
    names: Mapping[str, str]
    actor: str
    note: str = ""

    def merge(self, asked: Sequence[str], *, dry_run: bool = False) -> JudgementReport:
        """These customers are one. Raises GoneError for one that is not there, ConfigError for what makes no sense."""

        def act(c: Connection) -> tuple[int, Collection[int]]:
            ids = self._several(c, asked)
            rows = customers.members(c, ids)
            number = self._put(c, [Member(_key(row), 1, row.customer_id) for row in rows])
            return number, {row.entity_id for row in rows}

        return self._carry_out("merge", act, dry_run=dry_run)

    def part(self, asked: Sequence[str], *, dry_run: bool = False) -> JudgementReport:
        """These customers are not one. Raises as ``merge`` does."""

        def act(c: Connection) -> tuple[int, Collection[int]]:
            groups = {id_: number for number, id_ in enumerate(self._several(c, asked), 1)}
            rows = customers.members(c, list(groups))
            members = [Member(_key(row), groups[row.customer_id], row.customer_id) for row in rows]
            return self._put(c, members), {row.entity_id for row in rows}

        return self._carry_out("part", act, dry_run=dry_run)

    def unmerge(
        self, asked: str, said: Sequence[str], connections: Sequence[str] = (), *, dry_run: bool = False
    ) -> JudgementReport:
        """These records of a customer are a customer of their own, and so are the others. ``said`` names records as
        ``shop/people/7``, ``connections`` all the records from there. Raises as ``merge`` does."""

        def act(c: Connection) -> tuple[int, Collection[int]]:
            id_ = self._one(c, asked)
            rows = customers.members(c, [id_])
            chosen = self._chosen(c, id_, rows, said, connections)
            members = [Member(_key(row), 1 if row.entity_id in chosen else 2, id_) for row in rows]
            return self._put(c, members), {row.entity_id for row in rows}

        return self._carry_out("unmerge", act, dry_run=dry_run)

    def take_back(self, number: int, *, dry_run: bool = False) -> JudgementReport:
        """A judgement holds no longer. Raises GoneError where there is none, ConfigError where that was done before."""

        def act(c: Connection) -> tuple[int, Collection[int]]:
            row = judgements.load(c, [number]).get(number)
            if row is None:
                raise GoneError(f"There is no judgement {number}; concord judgements list shows them.")
            if row.taken_back_at:
                raise ConfigError(f"Judgement {number} was taken back already, at {row.taken_back_at}.")
            judgements.take_back(c, number, self.resolver.db.stamp(), self.actor)
            return number, {one.entity_id for one in judgements.named(c, [number])}

        return self._carry_out("take-back", act, dry_run=dry_run)

    def _carry_out(self, action: str, act: Act, *, dry_run: bool) -> JudgementReport:
        resolver = self.resolver
        seen = JudgementReport(0, action, dry_run)
        try:
            with resolver.db.write(resolver.lease) as c:
                _, touched = act(c)
                seen = self._seen(c, action, touched)
                raise _Rehearsed
        except _Rehearsed:
            pass
        if dry_run:
            return seen
        with resolver.db.write(resolver.lease) as c:
            number, touched = act(c)
            judgements.queue_again(c, touched)
            audit.write_audit(c, resolver.db, "admin", action, {"judgement": number})
        self.resolve()
        return JudgementReport(number, action, False, seen.customers, seen.values, seen.facts, seen.remotes)

    def _seen(self, c: Connection, action: str, touched: Collection[int]) -> JudgementReport:
        """Does what was said, in a transaction that will be rolled back, and tells what is different then."""
        near, changes = self.resolver.decide(c, sorted(touched))
        members = near.memberships
        ids = {members[i] for i in [*touched, *(i for i, _ in changes.moved), *changes.left] if i in members}
        ids |= {row[0] for row in changes.golden} | {into for _, into in changes.merged}
        before = Picture.of(c, ids, self.names)
        put(c, changes, self.resolver.db.stamp())
        after = Picture.of(c, ids | {new for new, _ in changes.created}, self.names)
        return JudgementReport(
            0, action, True, customer_changes(before, after, changes), list(value_changes(before, after)),
            fact_moves(before, after), remote_moves(before, after, self.names),
        )  # fmt: skip

    def _put(self, c: Connection, members: Sequence[Member]) -> int:
        return judgements.put(c, self.resolver.db.stamp(), self.actor, self.note, members)

    def _several(self, c: Connection, asked: Sequence[str]) -> list[str]:
        """The customers behind several ids, which must be two at least, and of one kind."""
        if len(asked) < 2:
            raise ConfigError("It takes two customers or more.")
        found: dict[str, str] = {}
        for one in asked:
            id_ = self._one(c, one)
            if id_ in found:
                was = "named twice" if found[id_] == one else f"the same customer as {found[id_]} already"
                raise ConfigError(f"{one} is {was}.")
            found[id_] = one
        kinds = {found[id_]: golden.kind for id_, golden in customers.load(c, found).items()}
        if len(set(kinds.values())) > 1:
            told = ", ".join(f"{one} is of kind {kind}" for one, kind in sorted(kinds.items()))
            raise ConfigError(f"Customers of different kinds are never one: {told}.")
        return list(found)

    def _one(self, c: Connection, asked: str) -> str:
        """The customer behind an id. Raises GoneError with the nearest ids where there is none."""
        found = identities.survivors(c, [asked]).get(asked)
        if found is None:
            near = get_close_matches(asked, customers.ids_near(c, asked), 1, 0.8)
            hint = f"Did you mean {near[0]}?" if near else "concord customers find looks by name, email or phone."
            raise GoneError(f"There is no customer {asked!r}. {hint}")
        return found

    def _chosen(
        self, c: Connection, id_: str, rows: Sequence[MemberRow], said: Sequence[str], connections: Sequence[str]
    ) -> set[int]:
        """The entities to split off: those that are named, and what we wrote into destinations of those alone."""
        if not said and not connections:
            raise ConfigError(
                "Say which records: --record CONNECTION/STREAM/ID, or --connection NAME for all from there."
            )
        chosen = {i for one in said for i in self._named(c, id_, rows, one)}
        for name in connections:
            mine = {row.entity_id for row in rows if self.names.get(row.connection_id) == name}
            if not mine:
                raise ConfigError(f"{id_} has no record from {name!r}; {self._its_records(rows)}.")
            chosen |= mine
        profiles = identities.profiles(c, [row.entity_id for row in rows])
        chosen |= _copies(c, rows, chosen, profiles)
        if len(chosen) == len(rows):
            raise ConfigError(f"Those are all the records of {id_}: nothing would be left of it.")
        for group, what in ((chosen, "what is split off"), (profiles.keys() - chosen, "what would be left")):
            if not any(profiles[i].founding and profiles[i].live for i in group):
                raise ConfigError(f"Of {id_}, {what} makes no customer by itself; {self._its_records(rows)}.")
        return chosen

    def _named(self, c: Connection, id_: str, rows: Sequence[MemberRow], said: str) -> set[int]:
        """The entities of the record that was named, by its connection, stream, slice (where it has one) and id."""
        found: dict[tuple[str, ...], set[int]] = {}
        for row in rows:
            name = self.names.get(row.connection_id, row.connection_id)
            if said in (f"{name}/{row.stream}/{row.remote_id}", place(row, self.names)):
                found.setdefault(_key(row)[:4], set()).add(row.entity_id)
        if len(found) > 1:
            raise ConfigError(f"{said} is several records of {id_}: put the slice before the id.")
        if not found:
            raise ConfigError(f"{self._elsewhere(c, said)}; {self._its_records(rows)}.")
        return next(iter(found.values()))

    def _elsewhere(self, c: Connection, said: str) -> str:
        """Where a record belongs that is none of the customer's, in words."""
        name, _, rest = said.partition("/")
        stream, _, remote_id = rest.partition("/")
        connection_id = next((i for i, one in self.names.items() if one == name), "")
        owners = records.owners(c, connection_id, stream, remote_id) if connection_id and remote_id else []
        if owners:
            return f"{said} is a record of {owners[0]}"
        return f"There is no record {said}"

    def _its_records(self, rows: Sequence[MemberRow]) -> str:
        told = list(dict.fromkeys(place(row, self.names) for row in rows))
        more = f" and {len(told) - TELLING} more" if len(told) > TELLING else ""
        return f"its records are {', '.join(told[:TELLING])}{more}"


def _copies(
    c: Connection, rows: Sequence[MemberRow], chosen: Collection[int], profiles: Mapping[int, Profile]
) -> set[int]:
    """Records that we wrote for a customer that was merged by a person and whose records are all split off now."""
    once: dict[str, set[int]] = {}
    for one in judgements.named(c, judgements.naming(c, [row.entity_id for row in rows])):
        if one.entity_id in profiles and not profiles[one.entity_id].alias:
            once.setdefault(one.customer_id, set()).add(one.entity_id)
    return {
        i
        for i, profile in profiles.items()
        if profile.alias and not profile.founding and (theirs := once.get(profile.alias)) and theirs <= set(chosen)
    }


def _key(row: MemberRow) -> tuple[str, ...]:
    return (row.connection_id, row.stream, row.slice, row.remote_id, row.part)


@contextmanager
def judging(turn: Turn, names: Callable[[], Mapping[str, str]], actor: str, note: str) -> Iterator[Judge]:
    """Who judges, after everything that waits was resolved: people judge what they see. Raises TransientError when
    another process is at it all the time."""
    with turn.taken() as resolver:
        if resolver is None:
            raise TransientError(BUSY)
        turn.run(resolver)
        yield Judge(resolver, partial(turn.run, resolver), names(), actor, note)


def listed(c: Connection, names: Mapping[str, str], limit: int) -> list[JudgementView]:
    """The newest judgements, the newest first."""
    rows = judgements.listed(c, limit)
    members = judgements.members(c, [row.id for row in rows])
    found = []
    for row in rows:
        groups: dict[int, list[str]] = {}
        for one in members.get(row.id, []):
            said = label_of(one.key, names)
            if said not in groups.setdefault(one.group, []):
                groups[one.group].append(said)
        found.append(
            JudgementView(
                row.id, row.at, row.actor, row.note, list(groups.values()), row.taken_back_at or "",
                row.taken_back_by or "",
            )
        )  # fmt: skip
    return found
