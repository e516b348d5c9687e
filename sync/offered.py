"""What connectors offer, in the words in which the configuration is checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from config.offers import Offer, Offers, Writable
from connectors.core.protocols import Target, Vendor
from sync.connect import Connected


def offered(vendors: Mapping[str, Vendor]) -> Offers:
    """What each vendor offers whatever the account; none is loaded before it is asked for."""

    def by_name(name: str) -> Offer | None:
        if name not in vendors:
            return None
        vendor = vendors[name]
        return Offer(vendor.streams or None, _objects(vendor.targets) if vendor.targets else None, vendor.writes)

    return by_name


def offer_of(one: Connected) -> Offer:
    """What a connection offers that was opened."""
    objects = _objects(one.writes.targets()) if one.writes is not None else None
    return Offer([stream.name for stream in one.connector.streams()], objects, one.writes is not None)


def _objects(targets: Sequence[Target]) -> dict[str, Writable]:
    """By the object's name: one may be written from several kinds of record, each by rules of its own."""
    found: dict[str, Writable] = {}
    for target in targets:
        before = found.get(target.object, Writable(frozenset(), frozenset()))
        found[target.object] = Writable(before.kinds | {target.kind}, before.properties.union(target.fields))
    return found
