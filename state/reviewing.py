"""What a review reads: scored pairs that are two customers, what these bring, and which of them were put off."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import orjson
from sqlalchemy import Connection, bindparam, func, select

from mapping.review import Weight
from state.batches import Prepared, among
from state.database import insert_or_update
from state.records import chunks
from state.tables import judgement, judgement_member, membership, pair_score, review_later, trait

AT_ONCE = 5_000

Pair = tuple[str, str]
"""Two customers, the smaller id first."""


class Best(NamedTuple):
    """The pair of records that speaks most for two customers being one: log-odds, and the two entities, that of the
    first customer first."""

    log_odds: float
    one: int
    other: int


_ONE, _OTHER = membership.alias("one"), membership.alias("other")
_APART = (
    select(pair_score.c.a, pair_score.c.b, pair_score.c.log_odds, _ONE.c.customer_id, _OTHER.c.customer_id)
    .join(_ONE, _ONE.c.entity_id == pair_score.c.a)
    .join(_OTHER, _OTHER.c.entity_id == pair_score.c.b)
    .where(pair_score.c.log_odds >= bindparam("least"), _ONE.c.customer_id != _OTHER.c.customer_id)
)
_OF = _APART.where(among(_ONE.c.customer_id, "ones"), among(_OTHER.c.customer_id, "others"))


def apart(c: Connection, least: float) -> dict[Pair, Best]:
    """Every two customers between which some pair scores at least so high, with the best of those pairs; of equals the
    one with the oldest records."""
    return _best(c.execute(_APART.execution_options(yield_per=AT_ONCE), {"least": least}))


def between(c: Connection, one: str, other: str) -> Best | None:
    """The best pair between two customers; None where they were not compared, or hopeless."""
    both = [one, other]
    found = _best(c.execute(_OF, {"least": -1e9, "ones": both, "others": both}))
    return found.get((min(both), max(both)))


def _best(rows: Iterable[tuple[int, int, float, str, str]]) -> dict[Pair, Best]:
    found: dict[Pair, Best] = {}
    for a, b, log_odds, mine, others in rows:
        pair, best = ((mine, others), Best(log_odds, a, b)) if mine < others else ((others, mine), Best(log_odds, b, a))
        known = found.get(pair)
        if known is None or (-best.log_odds, *best[1:]) < (-known.log_odds, *known[1:]):
            found[pair] = best
    return found


_SIZES = Prepared(
    select(membership.c.customer_id, func.count())
    .where(among(membership.c.customer_id, "ids"))
    .group_by(membership.c.customer_id)
)
_TRAITS = Prepared(select(trait.c.customer_id, trait.c["values"]).where(among(trait.c.customer_id, "ids")))


def weights(c: Connection, customers: Iterable[str]) -> dict[str, Weight]:
    """What each of these customers brings."""
    found: dict[str, Weight] = {}
    for some in chunks(customers):
        found.update({row[0]: Weight(row[1]) for row in _SIZES.rows(c, {"ids": some})})
        for id_, values in _TRAITS.rows(c, {"ids": some}):
            told = orjson.loads(values)
            orders, value = int(told.get("order_count") or 0), float(told.get("lifetime_value") or 0)
            if id_ in found and (orders or value):
                found[id_] = Weight(found[id_].records, orders, value)
    return found


def in_force(c: Connection) -> list[int]:
    """The judgements that hold and tell records apart."""
    groups = (
        select(judgement_member.c.judgement_id)
        .join(judgement, judgement.c.id == judgement_member.c.judgement_id)
        .where(judgement.c.taken_back_at.is_(None))
        .group_by(judgement_member.c.judgement_id)
        .having(func.count(judgement_member.c.group_number.distinct()) > 1)
    )
    return list(c.execute(groups.order_by(judgement_member.c.judgement_id)).scalars())


def put_off(c: Connection, pair: Pair, until: str, at: str, actor: str) -> None:
    """Shows two customers no more until then."""
    row = {"a": pair[0], "b": pair[1], "until": until, "at": at, "actor": actor}
    insert_or_update(c, review_later, [row], ["a", "b"], ["until", "at", "actor"])


def off(c: Connection, now: str) -> set[Pair]:
    """The pairs of customers that were put off until after now."""
    rows = c.execute(select(review_later.c.a, review_later.c.b).where(review_later.c.until > now))
    return {(row[0], row[1]) for row in rows}
