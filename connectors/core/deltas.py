"""Change tracking as OData has it: a listing ends in a link by which to ask for what has changed since.

"Requesting changes" (OData 4.01 Protocol, section 11.3) and "Use delta query to track changes" (Microsoft Graph), read
2026-11-23: every answer has either ``@odata.nextLink`` or ``@odata.deltaLink``; both are opaque and hold all the
parameters of the first request. What belongs to one slice may be tracked in several parts (the folders of a mailbox),
each by links of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from connectors.core import places
from connectors.core.paging import by_link
from mapping.contract import Cursor
from mapping.errors import ContractError, CursorExpiredError

Json = Mapping[str, Any]

REMOVED = "@removed"


@dataclass(frozen=True, slots=True)
class Place:
    """Where reading goes on: each part by its link, or from its beginning; ``done`` are those of this round.

    ``whole`` is true while an enumeration is under way. Places of another ``mark`` are of no use any more.
    """

    links: dict[str, str] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)
    whole: bool = False
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One answer: ``items`` of ``part`` as they came, and what the page that is made of them has to say."""

    part: str
    items: Sequence[Json]
    cursor: Cursor
    whole: bool
    begins: bool = False
    complete: bool = False


def walk(
    fetch: Callable[[str], Json], parts: Mapping[str, str], cursor: Cursor | None, mark: str = ""
) -> Iterator[Step]:
    """All parts, each from its first address on where the cursor knows no link of it, else what has changed in it.

    ``parts`` holds the first address of each part there is. A part that is new is read from its beginning. Of one that
    is gone nobody tells what went with it, so everything is enumerated anew; where that happens in the middle of an
    enumeration, which cannot begin again by itself, CursorExpiredError is raised, as it is for another mark.
    """
    here, begins = _resumed(parts, cursor, mark)
    whole = here.whole
    todo = [part for part in parts if part not in here.done]
    if not todo:
        nothing = Place(here.links, mark=mark)
        yield Step("", (), places.dump(nothing), whole, begins, complete=whole)
    for part in todo:
        for leaf in by_link(fetch, next_link, here.links.get(part) or parts[part]):
            links = {**here.links, part: leaf.next or _delta_link(leaf.page)}
            done = here.done if leaf.next else [*here.done, part]
            last = not leaf.next and part == todo[-1]
            here = Place(links, [] if last else done, whole and not last, mark)
            items = leaf.page.get("value", ())
            yield Step(part, items, places.dump(here), whole, begins, complete=whole and last)
            begins = False


def next_link(page: Json) -> str | None:
    """Where the listing goes on."""
    return page.get("@odata.nextLink")


def _resumed(parts: Mapping[str, str], cursor: Cursor | None, mark: str) -> tuple[Place, bool]:
    """The place to go on from, and whether an enumeration begins there although there was one."""
    here = places.load(Place, cursor)
    if here is None:
        return Place(whole=True, mark=mark), False
    if here.mark != mark:
        raise CursorExpiredError("other records, or other parts of them, are wanted than before")
    if here.links.keys() <= parts.keys():
        return here, False
    if here.whole:
        raise CursorExpiredError("a part of what was being read is gone")
    return Place(whole=True, mark=mark), True


def _delta_link(page: Json) -> str:
    link = page.get("@odata.deltaLink")
    if not isinstance(link, str) or not link:
        raise ContractError("a listing ended without a link by which to ask for changes")
    return link
