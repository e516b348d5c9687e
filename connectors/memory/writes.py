"""Writing to a world: changes in, one outcome each, in an order that nobody may rely on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from connectors.core.protocols import Target
from connectors.memory.api import Api
from connectors.memory.faults import Fault
from connectors.memory.mapping import EXTERNAL_ID, targets
from connectors.memory.rows import Row
from connectors.memory.sandbox import World
from mapping.contract import (
    Change,
    Fields,
    Op,
    Outcome,
    Remote,
    RemoteId,
    Schema,
    SchemaField,
    Status,
    Step,
    Uniqueness,
)
from mapping.errors import ConcordError, ConfigError, ConflictError, ContractError, GoneError, RecordError


class Writer:
    """The capability of being written to. ``call`` makes one API call at a door, or waits, or raises."""

    def __init__(self, world: World, call: Callable[[str, str], Fault | None], settle_seconds: float) -> None:
        self._world = world
        self._api = Api(world)
        self._call = call
        self._targets = {target.object: target for target in targets(settle_seconds)}

    def targets(self) -> Sequence[Target]:
        """Companies before people before what points at them."""
        return tuple(self._targets.values())

    def describe(self, target: str) -> Schema:
        """The fields of one target as the world has them now."""
        self._call("describe", self._target(target).object)
        return Schema(self._api.fields(target))

    def provision(self, target: str, dry_run: bool) -> Sequence[Step]:
        """The unique field for our key where the target is written by it; nothing to do elsewhere, or twice."""
        wanted = self._target(target)
        self._call("provision", target)
        if wanted.uniqueness is not Uniqueness.EXTERNAL_ID or EXTERNAL_ID in self._api.fields(target):
            return ()
        if not dry_run:
            self._world.add_field(target, SchemaField(EXTERNAL_ID, label="Concord id", unique=True, length=400))
        return (Step(f"create the unique field {EXTERNAL_ID!r} in {target}", done=not dry_run),)

    def find(self, target: str, field: str, values: Sequence[str]) -> Mapping[str, Sequence[Remote]]:
        """Records by value as given, without regard to case; oldest first, archived ones last."""
        self._call("find", self._target(target).object)
        found = {value: [_remote(row) for row in self._api.search(target, field, value)] for value in values}
        return {value: sorted(remotes, key=lambda r: r.archived) for value, remotes in found.items() if remotes}

    def fetch(self, target: str, ids: Sequence[RemoteId]) -> Mapping[RemoteId, Remote]:
        """Live values of the records that still exist, archived ones among them."""
        self._call("fetch", self._target(target).object)
        return {id_: _remote(row) for id_, row in self._api.rows(target, ids).items()}

    def associated(self, target: str, role: str, ids: Sequence[RemoteId]) -> Mapping[RemoteId, Sequence[str]]:
        """What the records are associated with now."""
        self._call("associated", self._target(target).object)
        return {id_: row.refs[role] for id_, row in self._api.rows(target, ids).items() if row.refs.get(role)}

    def write(self, target: str, batch: Sequence[Change]) -> Sequence[Outcome]:
        """One outcome a change, last change first: this vendor answers out of order, as several real ones do."""
        wanted = self._target(target)
        if len(batch) > wanted.batch_size:
            raise ContractError(f"{target} takes {wanted.batch_size} records a batch")
        fault = self._call("write", target) or Fault("write")
        if fault.lost and not fault.committed:
            outcomes: list[Outcome] = []
        else:
            with self._world.holdings():
                outcomes = [self._write_one(wanted, change, _refused(fault, n)) for n, change in enumerate(batch, 1)]
        if fault.lost:
            if fault.error is not None:
                raise fault.error
            return [Outcome(change.key, Status.UNKNOWN, error="the answer was lost") for change in batch]
        return outcomes[::-1]

    def _target(self, name: str) -> Target:
        if name not in self._targets:
            raise ConfigError(f"memory has no target {name!r}; it has {', '.join(self._targets)}")
        return self._targets[name]

    def _write_one(self, target: Target, change: Change, refused: bool) -> Outcome:
        try:
            if refused:
                raise RecordError("the vendor refused this record")
            unknown = [role for role in change.refs if role not in target.refs]
            if unknown:
                raise RecordError(f"unknown role {unknown[0]!r}")
            return self._do(target, change)
        except (RecordError, ConflictError, GoneError) as error:
            return Outcome(change.key, Status.FAILED, change.remote_id, error=_reason(error))

    def _do(self, target: Target, change: Change) -> Outcome:
        if change.op is Op.UPSERT:
            return self._upsert(target, change)
        if change.remote_id is None:
            raise RecordError(f"{change.op} needs a remote id")
        if change.op is Op.UPDATE:
            return self._update(target, change, change.remote_id)
        if change.op is Op.ARCHIVE:
            return self._archive(target, change, change.remote_id)
        if change.op is Op.ASSOCIATE:
            self._api.require(change.refs)
        changed = self._api.link(target.object, change.remote_id, change.refs, add=change.op is Op.ASSOCIATE)
        return self._done(target, change, change.remote_id, Status.UPDATED if changed else Status.UNCHANGED)

    def _upsert(self, target: Target, change: Change) -> Outcome:
        known = change.remote_id or self._existing(target, change)
        if known is not None:
            return self._update(target, change, known)
        self._api.require(change.refs)
        row = self._api.create(target.object, self._values(target, change))
        self._api.link(target.object, row.id, change.refs, add=True)
        return self._done(target, change, RemoteId(row.id), Status.CREATED)

    def _existing(self, target: Target, change: Change) -> RemoteId | None:
        if target.external_id and change.external_id:
            holder = self._api.holder(target.object, EXTERNAL_ID, change.external_id)
            if holder is not None:
                return holder
        if change.match is not None:
            rows = self._api.search(target.object, change.match.field, change.match.value)
            return next((RemoteId(row.id) for row in rows if not row.archived), None)
        return None

    def _update(self, target: Target, change: Change, id_: RemoteId) -> Outcome:
        self._api.require(change.refs)
        _, changed = self._api.update(target.object, id_, self._values(target, change), change.expect)
        linked = self._api.link(target.object, id_, change.refs, add=True)
        return self._done(target, change, id_, Status.UPDATED if changed or linked else Status.UNCHANGED)

    def _archive(self, target: Target, change: Change, id_: RemoteId) -> Outcome:
        row = self._api.rows(target.object, [id_]).get(id_)
        if row is None:
            raise GoneError(f"there is no such record in {target.object}")
        if change.expect is not None and change.expect != str(row.revision):
            raise ConflictError("the record changed since it was read")
        if not row.archived:
            self._world.archive(target.object, id_)
            self._world.written += 1
        return self._done(target, change, id_, Status.UNCHANGED if row.archived else Status.UPDATED)

    def _values(self, target: Target, change: Change) -> Fields:
        own = {target.external_id: change.external_id} if target.external_id and change.external_id else {}
        return {**change.set, **dict.fromkeys(change.clear), **own}

    def _done(self, target: Target, change: Change, id_: RemoteId, status: Status) -> Outcome:
        row = self._api.rows(target.object, [id_])[id_]
        acknowledged = {name: row.values.get(name) for name in (*change.set, *change.clear)}
        return Outcome(change.key, status, id_, acknowledged, str(row.revision))


def _refused(fault: Fault, number: int) -> bool:
    return fault.refuse_every > 0 and number % fault.refuse_every == 0


def _reason(error: ConcordError) -> str:
    kinds = {ConflictError: "conflict: ", GoneError: "gone: "}
    return kinds.get(type(error), "") + str(error)


def _remote(row: Row) -> Remote:
    return Remote(RemoteId(row.id), row.values, str(row.revision), row.archived)
