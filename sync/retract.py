"""Retraction: taking back what records said, by the vendor's word or by a complete enumeration's."""

from __future__ import annotations

from dataclasses import dataclass

from mapping.contract import Reason, Tombstone
from mapping.errors import GuardError
from state import judgements, records, shadows
from state.database import Connection, Database
from state.records import EntityRow, RawRow
from sync.page import Reading, retraction, tied

STATES = {
    Reason.DELETED: "deleted",
    Reason.ARCHIVED: "archived",
    Reason.MERGED: "merged",
    Reason.OUT_OF_SCOPE: "out_of_scope",
}
SHADOW_STATES = {Reason.ARCHIVED: "archived", Reason.MERGED: "merged_into"}


def guard(lost: int, known: int, share: float, advice: str, *, allowed: bool) -> None:
    """Raises GuardError when more than this share of the known records would go, or all of them, unless ``allowed``.

    ``advice`` tells a person how to allow it.
    """
    if not allowed and lost and (lost == known or lost > share * known):
        raise GuardError(f"{lost} of {known} known records are no longer there; nothing was deleted. {advice}")


@dataclass(frozen=True, slots=True)
class Retraction:
    """Takes back records of one slice, in the caller's transaction."""

    db: Database
    connection_id: str
    reading: Reading
    slice_id: int

    def apply(self, c: Connection, tombstones: list[Tombstone], now: str) -> int:
        """Takes back what the records said, by the vendor's word or a complete enumeration's. Returns how many."""
        if not tombstones:
            return 0
        words = {str(one.remote_id): one for one in tombstones}
        stored = {k: raw for k, raw in records.load_raws(c, self.slice_id, words).items() if raw.state == "live"}
        entities = records.load_entities(c, [raw.id for raw in stored.values()])
        raws: list[RawRow] = []
        retracted: list[EntityRow] = []
        for remote_id, raw in stored.items():
            word = words[remote_id]
            at = raw.changed_at
            raws.append(
                RawRow(raw.id, remote_id, STATES[word.reason], word.merged_into, raw.hash, raw.version, at, None)
            )
            retracted.extend(
                retraction(self.reading, old, remote_id, now) for old in entities.get(raw.id, {}).values() if old.live
            )
        if raws:
            generation = max(raw.generation for raw in stored.values())
            records.write_raws(self.db, c, self.slice_id, generation, now, raws)
            records.write_entities(self.db, c, retracted, {})
        self._move_shadows(c, words, now)
        merged = {one: str(word.merged_into) for one, word in words.items() if word.merged_into is not None}
        if merged:
            place = (self.connection_id, self.reading.stream.name, records.slice_key(c, self.slice_id))
            judgements.carry(c, *place, merged)
        return len(raws)

    def _move_shadows(self, c: Connection, words: dict[str, Tombstone], now: str) -> None:
        """What a destination no longer holds is no longer believed to be there."""
        target = self.reading.stream.target
        if not target:
            return
        moved = [one for one, word in words.items() if word.reason is Reason.OUT_OF_SCOPE]
        elsewhere = records.live_elsewhere(c, self.slice_id, moved) if moved else set()
        for remote_id, held in shadows.by_remote(c, self.connection_id, target, words).items():
            word = words[remote_id]
            state = SHADOW_STATES.get(word.reason, "gone")
            if held.state == state or remote_id in elsewhere:
                continue
            if word.reason is Reason.MERGED and word.merged_into is not None:
                if shadows.move_remote(c, held, word.merged_into, now) and held.subject_kind == "customer":
                    self._tie(c, word.merged_into, held.subject_key)
            else:
                shadows.lose(c, held, state, now)

    def _tie(self, c: Connection, remote_id: str, customer: str) -> None:
        """The record that another was merged into is that customer's from now on."""
        stored = records.load_raws(c, self.slice_id, [remote_id])
        for entities in records.load_entities(c, [raw.id for raw in stored.values()]).values():
            rows = [tied(one, remote_id, customer) for one in entities.values() if one.fact_key is None]
            records.write_entities(self.db, c, rows, {})
