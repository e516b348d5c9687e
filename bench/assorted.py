"""Sources drawn at random: what they hold, how well they are kept, how often they hold somebody twice.

Worlds of such sources keep a model from learning the habits of the few that were thought up.
"""

from __future__ import annotations

import random

from bench.customers import Source

_FIELDS = ("email", "phone", "birth", "tax", "company", "middle", "title")
_FORMS = ("parts", "parts", "last_first", "full")


def assorted(seed: int) -> tuple[Source, ...]:
    """One to four sources; the same seed gives the same."""
    chance = random.Random(seed)
    fields = [name for name in _FIELDS if chance.random() < 0.6]
    place = chance.choice(("address", "address", "city", ""))
    return tuple(_source(number, fields, place, chance) for number in range(chance.choice((1, 2, 2, 3, 4))))


def _source(number: int, fields: list[str], place: str, chance: random.Random) -> Source:
    holds = {name: chance.uniform(0.2, 1) for name in fields if chance.random() < 0.8}
    if place and chance.random() < 0.85:
        holds[place] = chance.uniform(0.5, 1)
    holds |= {"name": chance.uniform(0.88, 1), "both": chance.choice((1.0, 1.0, 0.85))}
    return Source(
        f"source {number}",
        share=chance.uniform(0.4, 1),
        holds=holds,
        form=chance.choice(_FORMS),
        again=chance.choice((0.0, 0.05, 0.2)),
        noise=chance.choice((0.7, 1.0, 2.0, 3.0, 5.0)),
        copies=chance.choice((1, 1, 1, 3, 5)),
    )
