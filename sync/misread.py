"""Misread: what the admin's own rules read and no record of the stream has, which is a typo more often than not."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from config.checks import nearest
from mapping.drift import kept_name
from mapping.expressions import Path


@dataclass(slots=True)
class Misread:
    """Looks for the places that are ``wanted`` in every record of one pull. ``at``: where the properties lie."""

    at: str
    wanted: dict[Path, tuple[str, ...]]
    read: bool = False

    def forget(self, known: Collection[str]) -> None:
        """Looks no more for fields that were met before, or that the vendor names."""
        for place in [one for one in self.wanted if (len(one) > 1 or not self.at) and kept_name(one[-1]) in known]:
            del self.wanted[place]

    def take(self, bodies: Iterable[Mapping[str, Any]]) -> None:
        """Some more records."""
        for body in bodies:
            self.read = True
            if not self.wanted:
                return
            for place in [one for one in self.wanted if _has(body, one)]:
                del self.wanted[place]

    def told(self, stream: str, known: Collection[str]) -> Iterator[str]:
        """A sentence for each canonical field whose rule reads what no record had; none where no record came."""
        for place, targets in self.wanted.items() if self.read else ():
            near = nearest(place[-1], known)
            hint = f"; did you mean {'.'.join(filter(None, (self.at, near)))}?" if near else ""
            name = ".".join(map(kept_name, place))
            yield from (f"streams.{stream}: the field {one} reads {name}, which no record has{hint}" for one in targets)


def _has(body: Mapping[str, Any], place: Path) -> bool:
    inner = body.get(place[0]) if len(place) > 1 else body
    return isinstance(inner, Mapping) and place[-1] in inner
