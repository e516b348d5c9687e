"""Scoring models made by training: kept for ever, so that one can go back; the one put in force last is used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection, insert, select, update

from state.tables import scoring_model


class ModelRow(NamedTuple):
    """One model. ``at`` is when it was last put in force."""

    version: str
    kind: str
    trained_on: str
    at: str


_ROW = select(scoring_model.c.version, scoring_model.c.kind, scoring_model.c.trained_on, scoring_model.c.at)


def listed(c: Connection) -> list[ModelRow]:
    """Every model, by its kind, the one in force first."""
    ordered = _ROW.order_by(scoring_model.c.kind.desc(), scoring_model.c.at.desc(), scoring_model.c.version.desc())
    return [ModelRow._make(row) for row in c.execute(ordered)]


def put(c: Connection, row: ModelRow, body: Mapping[str, Any]) -> None:
    """Keeps one more model, which is in force from now on."""
    c.execute(insert(scoring_model).values(**row._asdict(), body=body))


def use(c: Connection, version: str, at: str) -> None:
    """Puts a model in force again."""
    c.execute(update(scoring_model).where(scoring_model.c.version == version).values(at=at))
