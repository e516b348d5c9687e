"""Going over a list by ascending id where the vendor can only skip and count.

``skip`` counts rows, and one that is removed before the place moves all that follow. So the last row of a page is asked
for again with the next, and where it does not come, the listing goes back until a row shows up that was met. A row that
is put in before the place is no loss: it was changed after the round began, and is met in the next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from connectors.core.rounds import Batch, Row
from mapping.errors import ContractError

Fetch = Callable[[int, int], tuple[Sequence[Row], int]]
"""The rows after so many, so many at most, and how many there are in all."""


def by_skipping(fetch: Fetch, at: str, skip: int, size: int) -> Iterator[Batch]:
    """The rows after the place, ``size`` at a time. ``at`` is the id of the last row met, ``skip`` the number of rows
    up to it. Rows may come twice where others were removed; none is left out. Asks for one row more than ``size``.

    Raises ContractError where a page is empty though more should follow.
    """
    known = {at} - {""}
    while True:
        again = 1 if known and skip else 0
        start = skip - again
        rows, total = fetch(start, size + again)
        met = max((number for number, row in enumerate(rows) if row["id"] in known), default=-1)
        if start and known and met < 0:
            skip = max(0, start - size)
            continue
        if not rows and start < total:
            raise ContractError("the listing ends before the number of its rows is reached")
        skip = start + len(rows)
        if rows:
            at, known = str(rows[-1]["id"]), {row["id"] for row in rows}
        yield Batch(rows[met + 1 :], at, skip, last=skip >= total)
        if skip >= total:
            return
