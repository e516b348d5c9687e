"""A listing that can be sorted by id but not be asked for what lies beyond one: read by its rows' numbers all the same.

Rows that come or go while a listing is read shift the others, and a read that counts pages then loses some. So each
request begins with the row that was taken last: where another row stands in its place, rows before it have gone, and
the read steps back until it meets rows that it has. Rows that were added before it are told by their ids.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Generic, TypeVar

from connectors.core.paging import Leaf
from mapping.errors import ContractError

R = TypeVar("R")


@dataclass(frozen=True)
class Slip(Generic[R]):
    """The rows of one answer, and how many the whole listing has."""

    rows: Sequence[R]
    total: int


@dataclass(frozen=True, slots=True)
class Rank:
    """How far a read has come: the id taken last, and how many rows of the listing lay before the next one."""

    last: int = 0
    offset: int = 0


def by_id(
    fetch: Callable[[int], Slip[R]], id_of: Callable[[R], int], size: int, start: Rank | None = None
) -> Iterator[Leaf[list[R], Rank]]:
    """The rows with higher ids than ``start``'s, ascending, in pages of up to ``size`` (at least 2); one page at least.

    ``fetch`` takes the number of rows to skip and gives up to ``size`` rows, sorted by id. Fewer than asked for end
    nothing, since a vendor may hide single rows; the total does. ``next`` is where to resume, also on the last page: a
    later read goes on there with what has been added since.

    No row that is there throughout is missed, whatever else comes or goes. A row that is hidden looks at first like one
    that has gone: where nothing is found further back, and the total is what it was, it is passed over. Raises
    ContractError where the rows are not sorted, as they are where a vendor ignores what it was asked.
    """
    here, before, doubted = start or Rank(), -1, set[int]()
    while True:
        skipped = max(here.offset - 1, 0)
        slip = fetch(skipped)
        ids = [id_of(row) for row in slip.rows]
        if any(after <= before for before, after in pairwise(ids)):
            raise ContractError("the listing is not sorted by id, so rows could be lost")
        moved, before = slip.total != before, slip.total
        if skipped and (not ids or ids[0] > here.last) and (moved or skipped not in doubted):
            doubted.add(skipped)
            here = Rank(here.last, max(min(skipped, slip.total) - size // 2, 0))
            continue
        fresh = [row for row, each in zip(slip.rows, ids, strict=True) if each > here.last]
        reached = skipped + size
        more = reached < slip.total
        here = Rank(max([here.last, *ids]), reached if more else skipped + len(ids))
        if fresh or not more:
            doubted.clear()
            yield Leaf(fresh, here)
        if not more:
            return
