"""How long things are kept."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, Field

from config.block import Block
from config.checks import refuse

EXPECTED = "'N days|weeks|months|years' or 'never'"
_AGE = re.compile(r"(\d{1,4})\s+(day|week|month|year)s?", re.IGNORECASE)
_DAYS = {"day": 1, "week": 7, "month": 30, "year": 365}


def age(text: str) -> timedelta | None:
    """How long ``90 days`` is (a month counts 30, a year 365); None for ``never``. Raises ValueError for any other
    text."""
    if text.strip().lower() == "never":
        return None
    found = _AGE.fullmatch(text.strip())
    if found is None or not int(found[1]):
        raise ValueError("is no age")
    return timedelta(days=int(found[1]) * _DAYS[found[2].lower()])


def _age(value: str) -> str:
    try:
        age(value)
    except ValueError as error:
        raise refuse(str(error), EXPECTED) from None
    return value.strip()


Age = Annotated[str, AfterValidator(_age)]


class StreamRetention(Block):
    """How long things of one stream are kept."""

    bodies: Age | None = Field(
        None, description="Age at which the bodies of its raw records expire. Unset: `retention.bodies`."
    )


class RetentionSettings(Block):
    """How long things are kept: `90 days`, `6 months`, `2 years`, or `never`, which lets nothing expire."""

    bodies: Age = Field(
        "never",
        description="Age at which the bodies of raw records expire. What was made of them stays; other field rules "
        "reach such a record only once it was read again. Those of a connection that is written to never expire.",
    )
    runs: Age = Field("90 days", description="Age at which runs and their logs are forgotten, but for the last ones.")
    dead_letters: Age = Field("180 days", description="Age at which dead letters that were resolved are forgotten.")
    events: Age = Field("never", description="Age at which it is forgotten that customers were merged or split.")
