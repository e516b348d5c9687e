"""What decides who is who in one hub: protection, limits, what streams vouch for; settings made into one value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b

from mapping import blocking, comparison, scoring
from mapping.clustering import Rules
from mapping.comparison import NOWHERE, Comparison, Origin
from mapping.identity import Protection
from mapping.scoring import log_odds

MADE_BY = f"{comparison.VERSION}/{blocking.VERSION}/{scoring.VERSION}"
"""What comparisons, keys and scores are made by: what another version made has to be made anew before two records are
compared, of which one is filed as it was and the other as it is."""

SURE = 1e9
"""Log-odds that no score reaches."""


@dataclass(frozen=True, slots=True)
class Criteria:
    """``origins``: what streams say of their records, by ``CONNECTION/STREAM`` (the connection's immutable id); others
    say nothing. ``compare``: whether records without an exact value in common are compared at all."""

    protection: Protection = field(default_factory=Protection)
    rules: Rules = field(default_factory=Rules)
    origins: Mapping[str, Origin] = field(default_factory=dict)
    compare: bool = True

    def origin(self, key: tuple[str, ...]) -> Origin:
        """What the stream of a record says; ``key`` is the record's natural key."""
        source = f"{key[0]}/{key[1]}"
        return self.origins.get(source) or Origin(source)

    def version(self, kind: str, text: str, echo: frozenset[str], origin: Origin = NOWHERE) -> str:
        """Names all that a comparison is made from: two of one version are equal. ``text``: the values as stored."""
        protection = self.protection
        parts = (
            comparison.VERSION, blocking.VERSION, kind, origin.source, str(origin.deduplicated), *sorted(origin.unique),
            "echo", *sorted(echo), "block", *sorted(protection.blocked), "internal", *sorted(protection.internal), text,
            "",
        )  # fmt: skip
        return blake2b("\0".join(parts).encode(), digest_size=8).hexdigest()

    def comparison(self, kind: str, values: Mapping[str, object], echo: frozenset[str], origin: Origin) -> Comparison:
        """What a profile is compared by."""
        return comparison.comparison(kind, values, echo, self.protection, origin)


def least(share: float) -> float:
    """The log-odds of a probability that a setting names; 1 is reached by none."""
    return SURE if share >= 1 else log_odds(share)
