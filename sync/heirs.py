"""Heirs: who the subjects of writes have become by the time that the destination answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from state import identities, shadows
from state.database import Connection
from state.shadows import Shadow
from sync.desired import TargetRules


@dataclass(frozen=True, slots=True)
class Heirs:
    """Who the subjects of some writes are by now, and which record is the primary of each. Read in the transaction that
    stores what became of the writes: while the vendor was asked, customers may have been merged."""

    survivors: Mapping[str, str]
    primaries: dict[str, str]

    @classmethod
    def of(cls, c: Connection, rules: TargetRules, subjects: Sequence[str]) -> Heirs:
        """Each subject to what it is now, and the primary records of those."""
        survivors = identities.survivors(c, subjects) if rules.subject_kind == "customer" else {}
        keys = sorted({survivors.get(key, key) for key in subjects})
        primaries = {
            one.subject_key: one.remote_id
            for one in shadows.of_subject(c, rules.subject_kind, keys)
            if (one.connection_id, one.object) == (rules.connection_id, rules.target.object)
            and (one.role, one.state) == ("primary", "live")
        }
        return cls(survivors, primaries)

    def rightful(self, one: Shadow) -> Shadow:
        """The shadow for who its subject is now; a second record of one subject is its duplicate."""
        key = self.survivors.get(one.subject_key, one.subject_key)
        if one.role == "primary" and self.primaries.setdefault(key, one.remote_id) != one.remote_id:
            return replace(one, subject_key=key, role="duplicate")
        return replace(one, subject_key=key)
