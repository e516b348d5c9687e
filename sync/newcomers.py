"""Newcomers: new records that are customers of their own, since nobody shares what they are recognised by.

On a first load nearly every record is one. Nothing has to be compared for them: no neighbours are gathered, no links
drawn, no values weighed. What comes out is what the long way (sync/resolve.py) would make of them.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from itertools import islice

from mapping.identity import Identifier
from state import identities
from state.database import Connection
from state.identities import Changes, Profile

ALL = frozenset({"*"})
PART = 800
"""Customers a transaction, which takes 3 to 4 ms."""


@dataclass(slots=True)
class Names:
    """New ids for the customers of one batch, made at the instant ``now``.

    They sort by time, so that an index grows at its end, and no other hub gives the same to anybody else: a destination
    may know customers by the ids of a former database.
    """

    now: datetime
    prefix: str = ""
    given: int = 0

    def more(self, c: Connection, oldest: int, count: int) -> list[str]:
        """So many ids; ``oldest`` is an entity of the batch, by which two batches of one instant differ."""
        moment, attempt = int(self.now.timestamp() * 1000), 0
        while not self.prefix or (not self.given and identities.is_taken(c, self.prefix)):
            mark = blake2b(f"{oldest} {attempt}".encode(), digest_size=4).hexdigest()
            self.prefix, attempt = f"c_{moment:011x}{mark}", attempt + 1
        first, self.given = self.given, self.given + count
        return [f"{self.prefix}{place:04x}" for place in range(first, self.given)]


def may_be_alone(one: Profile) -> bool:
    """Whether the record makes a customer by itself if nobody shares its identifiers: it founds one, we never wrote
    it, and all that it says has one date."""
    return (
        one.founding and one.live and one.alias is None and not one.echo and one.since.keys() == ALL and bool(one.text)
    )


def alone(
    found: Iterable[tuple[Profile, Collection[Identifier]]], shared: Mapping[Identifier, int], placed: Container[int]
) -> list[Profile]:
    """Those of the records (with their identifiers) that share none and are not ``placed`` already."""
    nobodys = shared.keys().isdisjoint
    return [one for one, held in found if nobodys(held) and one.id not in placed and one.values]


def settle(c: Connection, newcomers: Sequence[Profile], names: Names) -> Iterator[Changes]:
    """A customer for each, whose golden record is what its one record says; in parts, since they are strangers to one
    another and a pull beside shall not wait long for its turn to write."""
    if not newcomers:
        return
    ordered = iter(zip(names.more(c, min(one.id for one in newcomers), len(newcomers)), sorted(newcomers), strict=True))
    while part := list(islice(ordered, PART)):
        changes = Changes.none()
        for customer, one in part:
            provenance = f'{{"*":[{one.id},"only","{one.since["*"]}"]}}'
            digest = blake2b((one.text + provenance).encode(), digest_size=16).hexdigest()
            changes.created.append((customer, one.kind))
            changes.joined.append((one.id, customer))
            changes.new_golden.append((customer, digest, one.text, provenance))
        yield changes
