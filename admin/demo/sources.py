"""What the demo's hub reads from: one connection each, and how it stands in ``concord.yaml``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Source:
    """A place that the hub reads, under the name of a connection. ``records`` are counted by stream or by file.

    ``secrets`` are the part of the configuration that belongs in the vault.
    """

    name: str
    connector: str
    what: str
    records: Mapping[str, int]
    config: Mapping[str, object] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """How many records there are."""
        return sum(self.records.values())

    def secret(self, key: str) -> str:
        """The name in the vault of one of its secrets."""
        return f"demo_{self.name}_{key}"

    def yaml(self) -> str:
        """The connection, as an entry of ``connections``. JSON is YAML, so any value stands as it is."""
        return "\n".join(self._lines()) + "\n"

    def _lines(self) -> Iterator[str]:
        yield f"  # {self.what}"
        yield f"  {self.name}:"
        yield f"    connector: {self.connector}"
        yield "    config:"
        for key, value in self.config.items():
            yield f"      {key}: {json.dumps(value, ensure_ascii=False)}"
        for key in self.secrets:
            yield f"      {key}: !secret {self.secret(key)}"
