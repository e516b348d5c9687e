"""Recover: what became of writes that were noted but have no answer, because the answer or the whole process was lost.

It runs under the lease of the destination's object, before that object is read or written, so that our own words are
known as such when they are met.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from connectors.core.protocols import Writes
from mapping.compare import same
from mapping.contract import Op, Remote, RemoteId, SchemaField, Uniqueness
from state import dead_letters, outbox, shadows
from state.database import Connection, Database, parse_stamp, stamp
from state.dead_letters import Letter, Letters, Place
from state.leases import Lease
from state.outbox import Attempt
from state.shadows import Shadow
from sync.desired import TargetRules
from sync.heirs import Heirs
from sync.push import Tally

LOST = "a create was never confirmed and cannot be found; look before it is repeated"


def recover(db: Database, lease: Lease, writes: Writes, rules: TargetRules, sleep: Callable[[float], None]) -> Tally:
    """Finds out what became of the attempts without an answer, by external id, remote id or match value.

    Found as sent: acknowledged, and counted. Found otherwise: what is there with our key on it is ours, and the next
    plan writes the rest. Not found: forgotten where the vendor's unique key makes a repetition harmless, parked for a
    person elsewhere. Where something is not to be seen yet, waits once until the target has settled: its index may lag,
    and a request whose sender died may still be under way.
    """
    with db.read() as c:
        pending = outbox.pending(c, rules.connection_id, rules.target.object)
    open_ = [one for one in pending if one.state != "parked"]
    if not open_:
        return Tally()
    schema = writes.describe(rules.target.object).fields
    found = _look_up(writes, rules, open_)
    unseen = [one for one in open_ if one.change_key not in found or not _as_sent(schema, one, found[one.change_key])]
    waiting = max((_settled_at(one, rules) for one in unseen), default="")
    seconds = (parse_stamp(waiting) - db.now()).total_seconds() if waiting else 0
    if seconds > 0:
        sleep(seconds)
        found |= _look_up(writes, rules, unseen)
    with db.write(lease) as c:
        return _Finding(db, c, rules, schema, found).settle(open_)


def _settled_at(one: Attempt, rules: TargetRules) -> str:
    if one.settle_until:
        return one.settle_until
    return stamp(parse_stamp(one.sent_at) + timedelta(seconds=rules.target.settle_seconds))


@dataclass(frozen=True, slots=True)
class _Finding:
    """What was found, about to be stored in one transaction."""

    db: Database
    c: Connection
    rules: TargetRules
    schema: Mapping[str, SchemaField]
    found: Mapping[str, Remote]

    def settle(self, open_: Sequence[Attempt]) -> Tally:
        """Ends the attempts, or parks them; returns what became of them."""
        tally = Tally()
        target, now = self.rules.target, self.db.stamp()
        stored = shadows.by_remote(
            self.c, self.rules.connection_id, target.object, [one.remote_id for one in self.found.values()]
        )
        heirs = Heirs.of(self.c, self.rules, [one.subject_key for one in open_])
        ended: list[str] = []
        parked: list[Letter] = []
        for one in open_:
            remote = self.found.get(one.change_key)
            if remote is not None:
                self._keep(one, remote, stored.get(remote.remote_id), heirs, tally, now)
            elif one.op == Op.UPSERT and target.uniqueness is not Uniqueness.EXTERNAL_ID:
                outbox.mark(self.c, one, "parked", LOST)
                parked.append(Letter(one.change_key, LOST))
                continue
            ended.append(one.change_key)
        place = Place(Letters.OUT, self.rules.connection_id, target.object)
        dead_letters.put(self.c, self.db, place, parked)
        tally.parked = len(parked)
        outbox.end(self.c, self.rules.connection_id, target.object, ended)
        return tally

    def _keep(self, one: Attempt, remote: Remote, stored: Shadow | None, heirs: Heirs, tally: Tally, now: str) -> None:
        """Keeps what was found as a shadow, if it is what was sent, or new to us and with our key on it."""
        whole = _as_sent(self.schema, one, remote)
        if not whole and (stored is not None or not self._carries_our_key(one, remote)):
            return
        shadows.save(self.c, heirs.rightful(self._shadow(one, remote, stored, whole)), now)
        if whole and one.change.get("remote_id"):
            tally.updated += 1
        elif whole:
            tally.created += 1

    def _shadow(self, one: Attempt, remote: Remote, stored: Shadow | None, whole: bool) -> Shadow:
        base = stored or Shadow(
            self.rules.connection_id, self.rules.target.object, remote.remote_id, one.subject_kind, one.subject_key,
            version=0,
        )  # fmt: skip
        arrived = {name: value for name, value in one.change["set"].items() if self._shows(name, value, remote)}
        sent = {**base.sent, **arrived}
        observed = {**base.observed, **{name: remote.fields[name] for name in arrived if name in remote.fields}}
        if self.rules.target.external_id and not one.change.get("remote_id"):
            sent[self.rules.target.external_id] = one.change["external_id"]
        for name in one.change["clear"] if whole else ():
            sent.pop(name, None)
            observed.pop(name, None)
        return replace(
            base, sent=sent, observed=observed, state="live", version=base.version + 1, remote_version=remote.version
        )

    def _shows(self, name: str, value: object, remote: Remote) -> bool:
        return same(self.schema.get(name) or SchemaField(name), value, remote.fields.get(name))

    def _carries_our_key(self, one: Attempt, remote: Remote) -> bool:
        name = self.rules.target.external_id
        return bool(name) and remote.fields.get(name) == one.change["external_id"]


def _look_up(writes: Writes, rules: TargetRules, open_: Sequence[Attempt]) -> dict[str, Remote]:
    target = rules.target
    found: dict[str, Remote] = {}
    by_id = {str(one.change["remote_id"]): one for one in open_ if one.change.get("remote_id")}
    for remote_id, remote in writes.fetch(target.object, [RemoteId(i) for i in by_id]).items() if by_id else ():
        found[by_id[remote_id].change_key] = remote
    rest = [one for one in open_ if one.change_key not in found and not one.change.get("remote_id")]
    if target.external_id and target.uniqueness is Uniqueness.EXTERNAL_ID:
        field, keys = target.external_id, {str(one.change["external_id"]): one for one in rest}
        for value, remotes in (writes.find(target.object, field, sorted(keys)) if keys else {}).items():
            if remotes:
                found[keys[value].change_key] = remotes[0]
        return found
    for one in rest:
        match = one.change.get("match")
        remotes = writes.find(target.object, match[0], [match[1]]).get(match[1], ()) if match else ()
        if remotes:
            found[one.change_key] = remotes[0]
    return found


def _as_sent(schema: Mapping[str, SchemaField], one: Attempt, remote: Remote) -> bool:
    """Whether the record shows what the attempt wrote, and no longer what it cleared."""
    return all(
        same(schema.get(name) or SchemaField(name), value, remote.fields.get(name))
        for name, value in one.change["set"].items()
    ) and all(remote.fields.get(name) in (None, "", [], {}) for name in one.change["clear"])
