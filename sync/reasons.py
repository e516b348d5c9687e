"""Reasons: where each value of a planned write comes from, in words."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from functools import lru_cache

import orjson

from mapping.expressions import paths
from state import facts
from state.connections import Connections
from state.customers import entity_places
from state.database import Database
from sync.desired import TRAITS, Desired, TargetRules

FROM_FACTS = "\x1f"
"""Stands before the keys, as JSON, of the facts that a trait was made of, until they are named by their places."""
_TRAIT = re.compile(rf"\b{TRAITS}\.\w+")


def why(rules: TargetRules, desired: Desired, name: str) -> str:
    """Where a value comes from: the record and the rule of a golden field, the facts of a trait, the names of what a
    longer expression reads. Ids are named by ``naming``."""
    expression = rules.expressions.get(name, "")
    trait = _TRAIT.search(expression)
    if trait is not None and trait[0] in desired.sources:
        rule, _, _, keys = desired.sources[trait[0]]
        return f"{rule}{FROM_FACTS}{orjson.dumps(list(keys)).decode()}"
    if name == rules.target.external_id and not expression:
        return "our key for this customer"
    source = desired.sources.get(expression.split(".")[0])
    if source and not isinstance(source[0], list | tuple):
        return f"@{source[0]} {source[1]}"
    return _read_by(expression) if expression else ""


@lru_cache(maxsize=1024)
def _read_by(expression: str) -> str:
    """The names of the fields that an expression reads; a plain path, and one that reads none, as it stands."""
    names = sorted({".".join(str(step) for step in path) for path in paths(expression)})
    return f"from {', '.join(names)}" if names and expression not in names else expression


def naming(db: Database, told: Collection[str]) -> Callable[[str], str]:
    """Gives reasons such as those ``told`` with the records that values come from by name, instead of by row id or
    fact."""
    ids = {int(reason[1:].split()[0]) for reason in told if reason.startswith("@")}
    keys = {key for reason in told if FROM_FACTS in reason for key in orjson.loads(reason.partition(FROM_FACTS)[2])}
    names = {row.id: row.name for row in Connections(db).all()}
    with db.read() as c:
        places = entity_places(c, sorted(ids))
        seen = facts.sources(c, sorted(keys))

    def named(reason: str) -> str:
        if FROM_FACTS in reason:
            rule, _, of = reason.partition(FROM_FACTS)
            where = {f"{names.get(i, i)}/{stream}" for key in orjson.loads(of) for i, stream in seen.get(key, ())}
            return f"{rule}, from {', '.join(sorted(where))}" if where else rule
        if not reason.startswith("@"):
            return reason
        number, _, rule = reason[1:].partition(" ")
        return f"{rule}, from {places.get(int(number), 'a record that is gone')}"

    return named
