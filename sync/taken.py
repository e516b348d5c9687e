"""Values that a vendor keeps unique: each goes to one subject only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mapping.counts import many
from sync.desired import Desired
from sync.diff import Held


class Taken:
    """Which subject has which value of the properties that the vendor keeps unique."""

    def __init__(self, unique: set[str], found: Sequence[tuple[Desired, Held]]) -> None:
        self._unique = unique
        self._holder: dict[tuple[str, str], str] = {}
        self._refused: dict[str, int] = {}
        for desired, held in found:
            for name in self._unique & held.fields.keys():
                # What its holder is about to give up is free for another only once it is given up.
                if held.fields[name] not in (None, ""):
                    self._holder.setdefault((name, folded(held.fields[name])), desired.key)

    def allowed(self, desired: Desired, fields: Mapping[str, Any], remote_id: str) -> dict[str, Any]:
        """The fields without the values that another subject has."""
        kept = {}
        for name, value in fields.items():
            if name in self._unique:
                holder = self._holder.setdefault((name, folded(value)), desired.key)
                if holder != desired.key:
                    self._refused[name] = self._refused.get(name, 0) + 1
                    continue
            kept[name] = value
        return kept

    def warnings(self) -> list[str]:
        """What was left out, in words."""
        return [
            f"{many(count, 'customer shares', 'customers share')} {name} with another, which alone keeps it (it is"
            " unique over there)"
            for name, count in sorted(self._refused.items())
        ]


def folded(value: Any) -> str:
    """A value as a vendor compares it that keeps it unique: without case and outer blanks."""
    return str(value).strip().casefold()
