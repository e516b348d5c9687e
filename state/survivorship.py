"""By which policy golden records are made, and whose have to be made by another one."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, exists, func, insert, select

from state.database import insert_or_update
from state.tables import dirty_entity, entity, golden_policy, membership, raw_record, slice_


def policy(c: Connection) -> str:
    """What the policy told by which all golden records were made, or wait to be; empty before the first."""
    return c.execute(select(golden_policy.c.told)).scalar_one_or_none() or ""


def follow(c: Connection, told: str, connections: Collection[str] | None) -> int:
    """From now on golden records are made by that policy. Whoever has several records, one of them of these connections
    (None: of any), waits to be resolved again; returns how many that are."""
    one_each = select(func.min(membership.c.entity_id)).group_by(membership.c.customer_id).having(func.count() > 1)
    if connections is not None:
        others = membership.alias()
        theirs = (
            select(others.c.entity_id)
            .join(entity, entity.c.id == others.c.entity_id)
            .join(raw_record, raw_record.c.id == entity.c.raw_id)
            .join(slice_, slice_.c.id == raw_record.c.slice_id)
            .where(others.c.customer_id == membership.c.customer_id, slice_.c.connection_id.in_(sorted(connections)))
        )
        one_each = one_each.where(exists(theirs))
    anew = insert(dirty_entity).from_select(["entity_id"], one_each)
    queued = c.execute(anew, execution_options={"preserve_rowcount": True}).rowcount
    insert_or_update(c, golden_policy, [{"id": 1, "told": told}], ["id"], ["told"])
    return queued
