"""Links in words, for those who see records of several sides and wonder what joins them."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass

from mapping.counts import many
from mapping.decision import SCORED
from mapping.judgements import OURS, SAME
from state import identities
from state.database import Connection
from sync.picture import label_of

SHOWN = 4
"""How many links are told."""

SAID = {
    SAME: "somebody said that they are one",
    OURS: "one of them was written by us for that customer",
    "same_id": "same id",
    "same_email": "same email",
    "same_phone_and_name": "same phone, and names that agree",
    SCORED: "alike, at",
}
"""Each rule in words, without the value that it goes by."""


@dataclass(frozen=True, slots=True)
class Crossing:
    """Links between sides. Values are named only with ``show_values``; ``names`` are those of connections by their
    ids."""

    c: Connection
    names: Mapping[str, str]
    show_values: bool = False

    def told(self, members: Iterable[int], side: Mapping[int, Hashable]) -> list[str]:
        """The links among these entities that lead from one side to another, the first of them in words."""
        crossing = [
            (a, b, rule, evidence)
            for a, b, rule, evidence in identities.links_of(self.c, [*members])
            if a in side and b in side and side[a] != side[b]
        ]
        keys = identities.keys(self.c, {end for link in crossing[:SHOWN] for end in link[:2]})
        told = [
            f"{label_of(keys[a], self.names)} and {label_of(keys[b], self.names)}: {self._words(rule, evidence)}"
            for a, b, rule, evidence in crossing[:SHOWN]
        ]
        if len(crossing) > SHOWN:
            told.append(f"and {many(len(crossing) - SHOWN, 'more such link')}")
        return told

    def _words(self, rule: str, evidence: Iterable[str]) -> str:
        shown = rule == SCORED or (self.show_values and rule not in (SAME, OURS))
        value = ", ".join(evidence) if shown else ""
        return f"{SAID.get(rule, rule)} {value}".rstrip()
