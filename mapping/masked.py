"""A stream's rules as they are held while its vendor's fields change: some not read, some not believed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from mapping.compiled import Entity
from mapping.drift import kept_name
from mapping.errors import RecordError
from mapping.mapper import Mapper


@dataclass(slots=True)
class Mask:
    """What the rules do not read (``hidden``), and which targets they do not fill with what cannot be read.

    ``guarded`` maps the last part of a target (``birth_date``) to the field behind it that was retyped. It may grow
    while a page is at hand.
    """

    at: str
    hidden: set[str] = field(default_factory=set)
    guarded: dict[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.hidden or self.guarded)

    def shown(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """The body without what is hidden: also in what a connector computed from it (``_rest``)."""
        if not self.hidden:
            return body
        if self.at:
            inner = body.get(self.at)
            return {**body, self.at: self._without(inner)} if isinstance(inner, Mapping) else body
        return {
            name: self._without(value) if name.startswith("_") and isinstance(value, Mapping) else value
            for name, value in self._without(body).items()
        }

    def _without(self, found: Mapping[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in found.items() if kept_name(name) not in self.hidden}


class Masked(Mapper):
    """A mapper that sees records through a mask. Its version tells of the mask that it was made with."""

    def __init__(self, plain: Mapper, mask: Mask) -> None:
        vars(self).update(vars(plain))
        self.mask = mask
        if mask.hidden:  # what is guarded changes nothing that is stored
            told = repr((plain.version, sorted(mask.hidden)))
            self.version = blake2b(told.encode(), digest_size=8).hexdigest()

    def map(self, body: Mapping[str, Any]) -> tuple[Entity, ...]:
        """As ``Mapper.map``; raises RecordError, too, where a retyped field brings what its rule cannot read."""
        if not self.mask:
            return super().map(body)
        entities = super().map(self.mask.shown(body))
        for entity in entities:
            for target, name in self.mask.guarded.items():
                if f"{target}_as_given" in entity.values.get("custom", {}):
                    raise RecordError(
                        f"rule '{entity.part.partition(':')[0]}', field '{target}': the vendor changed the type of"
                        f" {name}, and the rule cannot read what it holds now"
                    )
        return entities


def carried(
    body: Mapping[str, Any], stored: Mapping[str, Any], at: str, names: Collection[str], *, computed: bool
) -> Mapping[str, Any]:
    """The body with what was stored of the fields ``names``, where it lacks them.

    With ``computed`` also what a connector computed from such a field and no longer can: nobody knows which of its
    values came from which column, so any that is missing is kept.
    """
    here, before = (body.get(at), stored.get(at)) if at else (body, stored)
    if not isinstance(here, Mapping) or not isinstance(before, Mapping):
        return body
    lost = {name: value for name, value in before.items() if name not in here and kept_name(name) in names}
    if computed and not at:
        for name, value in before.items():
            if name.startswith("_"):
                now = here.get(name)
                if now is None:
                    lost[name] = value
                elif isinstance(now, Mapping) and isinstance(value, Mapping):
                    lost[name] = {**value, **now}
    if not lost:
        return body
    return {**body, at: {**here, **lost}} if at else {**body, **lost}
