"""Signed: records over there with our id on them that this database does not know as ours.

What was written to a destination is known by its shadow. After a backup was put back, or where somebody deleted a
record over there and imported it again, there is a record and no shadow, and to a reader it would be anybody's: a
customer without an address that tells people apart would be written a second time, and a meeting would stand twice in
the timeline. The id that we left on it says whose it is.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field

from mapping.contract import RawRecord
from mapping.model import Kind
from state import customers, facts, identities, shadows
from state.database import Connection
from state.shadows import Shadow
from sync.desired import TargetRules, external_id
from sync.heirs import Heirs

Claim = tuple[str, str | None]
"""The id that a record carries, and the record's version."""
Owners = Callable[[Connection, Collection[str]], Mapping[str, str]]
"""Ids that records carry to the subjects of ours that they stand for; strange ones are left out."""


@dataclass(frozen=True, slots=True)
class Signature:
    """Where the records of a stream carry ids of ours: in the external-id property of what the ``rules`` write, which
    lies under a key of the body. ``owners`` tells what the ids stand for."""

    rules: TargetRules
    properties_at: str
    owners: Owners

    def claims(self, records: Iterable[RawRecord]) -> dict[str, Claim]:
        """Remote id to what the record carries; of those that carry something."""
        found = {}
        for record in records:
            properties = record.body.get(self.properties_at) if self.properties_at else record.body
            id_ = properties.get(self.rules.target.external_id) if isinstance(properties, Mapping) else None
            if isinstance(id_, str) and id_:
                found[str(record.remote_id)] = (id_, record.version)
        return found

    def recognised(self, c: Connection, claims: Mapping[str, Claim]) -> dict[str, Shadow]:
        """Shadows, yet to be stored, for those of the records that are ours, of records that have none: what they stand
        for is still there, and is not known to have a record over there.

        A second record with the same id is somebody's copy, and left to be read as what it says.
        """
        owners = self.owners(c, {id_ for id_, _ in claims.values()}) if claims else {}
        if not owners:
            return {}
        target, primaries = self.rules.target, Heirs.of(c, self.rules, list(owners.values())).primaries
        found = {}
        for remote_id in sorted(claims, key=lambda one: (len(one), one)):
            id_, version = claims[remote_id]
            if id_ in owners and primaries.setdefault(owners[id_], remote_id) == remote_id:
                found[remote_id] = Shadow(
                    self.rules.connection_id, target.object, remote_id, self.rules.subject_kind, owners[id_],
                    sent={target.external_id: id_}, remote_version=version,
                )  # fmt: skip
        return found

    def still(self, c: Connection, signed: Mapping[str, Shadow]) -> bool:
        """Whether these would be recognised again: customers may have been merged, and records written."""
        name = self.rules.target.external_id
        claims = {remote_id: (str(one.sent[name]), one.remote_version) for remote_id, one in signed.items()}
        stored = shadows.by_remote(c, self.rules.connection_id, self.rules.target.object, signed)
        return not stored and self.recognised(c, claims) == signed


def customers_of(kind: Kind) -> Owners:
    """Customers of that kind, by their ids or by those of customers that were merged into them."""

    def owners(c: Connection, ids: Collection[str]) -> dict[str, str]:
        heirs = identities.survivors(c, ids)
        living = customers.load(c, set(heirs.values()))
        return {id_: heir for id_, heir in heirs.items() if heir in living and living[heir].kind == kind}

    return owners


@dataclass(slots=True)
class Facts:
    """Facts, by the digests of their keys. All of them are read once, at the first question, which is seldom asked: a
    million take two seconds."""

    _rows: dict[int, int] = field(default_factory=dict)

    def __call__(self, c: Connection, ids: Collection[str]) -> dict[str, str]:
        """Those of the ids that stand for facts which are there."""
        if not self._rows:
            self._rows = {hash(external_id("fact", key)): number for number, key in facts.names(c)}
        rows = {self._rows[hash(id_)] for id_ in ids if hash(id_) in self._rows}
        keys = {external_id("fact", one.key): one.key for one in facts.by_id(c, rows).values()}
        return {id_: keys[id_] for id_ in ids if id_ in keys}
