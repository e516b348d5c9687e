"""References to secrets: ``!secret name`` (kept in the vault) and ``!env NAME`` (kept in the environment)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from config.keys import KeyPath

SecretLookup = Callable[[str], str | None]

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,127}")


class Origin(StrEnum):
    """Where the value of a reference is kept."""

    VAULT = "secret"
    ENV = "env"


TAGS = {f"!{origin}": origin for origin in Origin}


@dataclass(frozen=True, slots=True)
class Reference:
    """One reference in the file. Its text is what may be shown of it; the value is never part of it."""

    origin: Origin
    name: str
    path: KeyPath = ()

    def __str__(self) -> str:
        return f"!{self.origin} {self.name}"

    def missing(self) -> str:
        """What to say when the reference has no value: what is missing, and what to do about it."""
        if self.origin is Origin.ENV:
            return f"the environment variable {self.name} is not set"
        return f"the vault holds no secret {self.name}; run: concord secrets set {self.name}"


def from_text(text: str) -> Reference | str:
    """The reference that the text writes out (``!secret name``), or the text itself."""
    tag, _, name = text.partition(" ")
    return Reference(TAGS[tag], name) if tag in TAGS and NAME.fullmatch(name) else text
