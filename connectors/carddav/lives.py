"""Cards as they lie there now, and those that Concord makes: what they are called and what they begin with."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID, uuid5

from connectors.carddav.properties import values
from connectors.core import vcards
from connectors.core.dav import Resource
from connectors.core.vcards import Card, Line
from mapping.contract import Remote, RemoteId

OF_OURS = UUID("7c1b3c1e-5f0a-5a53-9d0b-0a3a5d0f6c11")
"""The namespace of the UIDs of cards that Concord creates."""


@dataclass(frozen=True, slots=True)
class Live:
    """A card as it lies there. ``card`` is None where it cannot be read."""

    id: str
    etag: str
    card: Card | None

    @classmethod
    def of(cls, id_: str, resource: Resource | None) -> Live:
        """What was fetched under that id."""
        try:
            return cls(id_, resource.etag if resource else "", vcards.read(resource.data) if resource else None)
        except ValueError:
            return cls(id_, resource.etag if resource else "", None)

    def remote(self) -> Remote:
        """What is told of it; one that cannot be read has no values."""
        return Remote(RemoteId(self.id), values(self.card) if self.card else {}, self.etag or None)


def uid_of(external_id: str) -> str:
    """The UID of the card that Concord creates for a key of its own; its address ends in it, too."""
    return str(uuid5(OF_OURS, external_id))


def new(external_id: str) -> Card:
    """A card without values. 3.0 is the version that every server takes (RFC 6352 section 5.1), and it wants an N."""
    return Card((Line("VERSION", "3.0"), Line("UID", uid_of(external_id)), Line("N", ";;;;"), Line("FN", "")))
