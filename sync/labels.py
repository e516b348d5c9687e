"""Files of labels: pairs of records with a verdict, read, checked, and found again among the records of this hub."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mapping.answers import together
from mapping.quality import Verdicts, verdicts
from state import belonging
from state.database import Connection
from sync.train import Verdict
from sync.truth import NEEDED, RECORD, Mistakes, Wanted, rows

SAME, DIFFERENT = "same", "different"
COLUMNS = tuple(f"{side}_{name}" for side in "ab" for name in RECORD)
_NEEDED = tuple(f"{side}_{name}" for side in "ab" for name in NEEDED)


@dataclass(slots=True)
class Labels:
    """What a file of labels says: two places of ``wanted`` and a verdict for each pair."""

    file: str
    wanted: Wanted
    first: array[int]
    second: array[int]
    same: array[int]

    def search(self, c: Connection) -> list[Verdict]:
        """The pairs both of whose records are here. Raises ConfigError for connections and streams that are not."""
        mistakes = Mistakes(self.file)
        self.wanted.check(belonging.streams(c), mistakes)
        mistakes.stop()
        self.wanted.search(belonging.placed(c))
        found = []
        for a, b, same in zip(self.first, self.second, self.same, strict=True):
            one, other = self.wanted.found(a), self.wanted.found(b)
            if one is not None and other is not None and one.entity_id != other.entity_id:
                found.append((min(one.entity_id, other.entity_id), max(one.entity_id, other.entity_id), bool(same)))
        # What is said to be the same hangs together, and is about one subject.
        about = together((a, b if same else a) for a, b, same in found)
        return [Verdict(a, b, same, about[a]) for a, b, same in found]

    def measured(self, found: list[Verdict]) -> Verdicts:
        """How the pairs are decided now."""
        owners = {one.entity_id: one.customer_id for one in self.wanted.everybody()}
        return verdicts((owners[one.a] is not None and owners[one.a] == owners[one.b], one.same) for one in found)


def read_labels(path: Path, ids: Mapping[str, str]) -> Labels:
    """The file with columns a_connection, a_stream, a_slice, a_remote_id, a_part, the same with b, and verdict (same or
    different). Slices and parts may be empty or not there. Raises ConfigError with the lines of what is wrong: a pair
    that is named twice, too."""
    mistakes = Mistakes(path.name)
    labels = Labels(path.name, Wanted(ids), array("q"), array("q"), array("b"))
    known: dict[tuple[int, int], int] = {}
    for line in rows(path, (*_NEEDED, "verdict"), (*COLUMNS, "verdict"), mistakes):
        said = line.cells["verdict"].casefold()
        if said not in (SAME, DIFFERENT):
            mistakes.add(line.number, "verdict", "is no verdict", expected=f"{SAME} or {DIFFERENT}")
            continue
        a, b = (labels.wanted.add(line.named(f"{side}_"), line.number) for side in "ab")
        pair = (min(a, b), max(a, b))
        if a == b:
            mistakes.add(line.number, "", "names one record twice")
        elif pair in known:
            mistakes.add(line.number, "", f"names the pair of line {known[pair]} again")
        else:
            known[pair] = line.number
            labels.first.append(a)
            labels.second.append(b)
            labels.same.append(said == SAME)
    mistakes.stop()
    return labels
