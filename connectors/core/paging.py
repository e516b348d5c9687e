"""The few shapes in which vendors hand out a list, as generators that go forward or stop with an error."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

import httpx

from connectors.core import redact
from mapping.errors import ContractError

P = TypeVar("P")
R = TypeVar("R")
N = TypeVar("N")
K = TypeVar("K", int, str, datetime)


# Not slotted: calling Leaf[...](...) sets an attribute, which a frozen slotted class refuses with a TypeError (3.11).
@dataclass(frozen=True)
class Leaf(Generic[P, N]):
    """One page as fetched, and where the one after it begins: None after the last."""

    page: P
    next: N | None


def by_cursor(
    fetch: Callable[[str | None], P], next_of: Callable[[P], str | None], start: str | None = None
) -> Iterator[Leaf[P, str]]:
    """Every page from ``start`` (None: the first) until one names no next cursor; an empty name counts as none.

    Raises ContractError when the vendor hands out a cursor for the second time. Of each cursor only its hash is kept:
    under a megabyte for ten thousand pages.
    """
    seen = {hash(start)}
    cursor = start
    while True:
        page = fetch(cursor)
        following = next_of(page) or None
        if following is not None and hash(following) in seen:
            raise ContractError("the listing goes in circles: the vendor handed out the same cursor twice")
        yield Leaf(page, following)
        if following is None:
            return
        seen.add(hash(following))
        cursor = following


def by_link(fetch: Callable[[str], P], next_of: Callable[[P], str | None], start: str) -> Iterator[Leaf[P, str]]:
    """Every page from the absolute address ``start`` on (see ``Http.address``), following the links of ``next_of``.

    Relative links are resolved against the page they stand on. Raises ContractError for a link that leads to another
    scheme, host or port, and for one that was followed before.
    """
    here = httpx.URL(start)

    def follow(address: str | None) -> P:
        nonlocal here
        here = httpx.URL(address or start)
        return fetch(str(here))

    def onward(page: P) -> str | None:
        link = next_of(page)
        return _same_place(here, link) if link else None

    return by_cursor(follow, onward, str(here))


def link_header(response: httpx.Response) -> str | None:
    """The ``rel="next"`` target of a ``Link`` header (RFC 8288), as the vendor wrote it."""
    return response.links.get("next", {}).get("url")


def _same_place(here: httpx.URL, link: str) -> str:
    try:
        target = here.join(link)
    except httpx.InvalidURL:
        raise ContractError("the link to the next page is no address") from None
    if (here.scheme, here.host, here.port) != (target.scheme, target.host, target.port):
        raise ContractError(f"the link to the next page leads away, to {redact.address(target)}")
    return str(target)


def by_offset(
    fetch: Callable[[int], P],
    rows_of: Callable[[P], Sequence[Any]],
    more_of: Callable[[P], bool] | None = None,
    start: int = 0,
) -> Iterator[Leaf[P, int]]:
    """Every page, each beginning as many rows on as the one before had.

    Where the vendor says whether more follows, ``more_of`` reads it; else the listing ends at the first empty page. A
    short page ends nothing, for vendors cap a page below what was asked without a word. Raises ContractError when a
    page repeats the one before, or is empty though more is said to follow.
    """
    return _counted(fetch, rows_of, more_of, start, lambda offset, rows: offset + len(rows))


def by_number(
    fetch: Callable[[int], P],
    rows_of: Callable[[P], Sequence[Any]],
    more_of: Callable[[P], bool] | None = None,
    start: int = 1,
) -> Iterator[Leaf[P, int]]:
    """Every page by its number; ends and raises as ``by_offset`` does."""
    return _counted(fetch, rows_of, more_of, start, lambda number, rows: number + 1)


def _counted(
    fetch: Callable[[int], P],
    rows_of: Callable[[P], Sequence[Any]],
    more_of: Callable[[P], bool] | None,
    place: int,
    advance: Callable[[int, Sequence[Any]], int],
) -> Iterator[Leaf[P, int]]:
    before: Sequence[Any] = ()
    while True:
        page = fetch(place)
        rows = rows_of(page)
        if rows and rows == before:
            raise ContractError(f"the listing does not move on: the page at {place} repeats the one before")
        more = more_of(page) if more_of else bool(rows)
        if more and not rows:
            raise ContractError(f"the listing does not move on: the page at {place} is empty, yet more should follow")
        place = advance(place, rows)
        yield Leaf(page, place if more else None)
        if not more:
            return
        before = rows


@dataclass(frozen=True)
class Border(Generic[K, R]):
    """How far a read by (timestamp, id) has come: the last timestamp, the last id, and the rows at that timestamp.

    A stored cursor needs ``at`` and ``id`` only: resumed without ``seen``, the rows at the border are read once more,
    which is what finds a record that changed again within the same tick of the vendor's clock.
    """

    at: K
    id: str
    seen: Mapping[str, R] = field(default_factory=dict)


def by_keyset(
    fetch: Callable[[Border[K, R] | None], P],
    rows_of: Callable[[P], Sequence[R]],
    key_of: Callable[[R], tuple[K, str]],
    more_of: Callable[[P], bool],
    start: Border[K, R] | None = None,
) -> Iterator[Leaf[list[R], Border[K, R]]]:
    """The rows from the border on, page by page in the order of their timestamps; equal rows at the border once.

    ``fetch`` asks for the rows at or after ``border.at`` (or strictly after ``(border.at, border.id)`` where the vendor
    can compare pairs), sorted by timestamp, ties in any order. ``next`` is where to resume, on the last page too.

    Raises ContractError when timestamps fall, and when a page brings no new row though more should follow: then more
    rows share one timestamp than a page holds, and going on would lose them.
    """
    border = start
    while True:
        page = fetch(border)
        fresh, reached = _beyond(border, rows_of(page), key_of)
        more = more_of(page)
        if more and _standing(border, reached):
            raise ContractError("the listing does not move on: more rows share one timestamp than a page holds")
        border = reached
        if fresh:
            yield Leaf(fresh, border)
        if not more:
            return


def _beyond(
    border: Border[K, R] | None, rows: Sequence[R], key_of: Callable[[R], tuple[K, str]]
) -> tuple[list[R], Border[K, R] | None]:
    """The rows that are not yet taken as they are, and the border after them."""
    fresh: list[R] = []
    seen = dict(border.seen) if border else {}
    for row in rows:
        at, key = key_of(row)
        if border is not None and at < border.at:
            raise ContractError("the listing is not sorted by its timestamp, so rows could be lost")
        if border is None or at > border.at:
            seen = {}
        elif key in seen and seen[key] == row:
            continue
        seen[key] = row
        border = Border(at, key, seen)
        fresh.append(row)
    return fresh, border


def _standing(before: Border[K, R] | None, after: Border[K, R] | None) -> bool:
    """Whether no key lies beyond those already seen; a changed row under a known key is news, but no progress."""
    if before is None or after is None:
        return after is None
    return after.at == before.at and after.seen.keys() <= before.seen.keys()
