"""The settings that hold for all connections: who is who, which value survives, what is never stored, who is told."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field, RootModel, SecretStr, model_validator

from config import checks
from config import schedule as schedules
from config.block import Block
from mapping.alerts import AlertKind

GoldenField = Annotated[str, AfterValidator(checks.golden_field)]


class IdentitySettings(Block):
    """Who is who."""

    compare: bool = Field(
        True,
        description="Whether records that share no exact value are compared and scored. Otherwise ids, emails and "
        "phones alone decide.",
    )
    merge_above: float = Field(
        0.5,
        ge=0.5,
        le=1,
        description="Probability that the average score between two groups of records must exceed for them to be "
        "merged by machine. Exact values do not ask for it.",
    )
    review_above: float = Field(
        0.3, ge=0, le=1, description="Probability from which a scored pair is shown to a person; see `merge_above`."
    )
    max_emails: int = Field(
        5, ge=1, description="Emails beyond which no customer grows by machine; ids grow it further."
    )
    max_phones: int = Field(5, ge=1, description="The same for phone numbers.")
    max_component: int = Field(
        500,
        ge=2,
        description="Groups of records that scores connect, beyond which none of them is merged by score: a person has "
        "to look.",
    )
    max_shared_names: int = Field(
        2, ge=1, description="An identifier that carries more distinct names than this links nothing alone."
    )
    max_group: int = Field(
        500, ge=2, description="An email or phone number that more records than this carry links nothing at all."
    )
    block: tuple[Annotated[str, Field(min_length=1)], ...] = Field(
        (), description="Emails, phone numbers and ids (`system:value`) that never link anybody."
    )

    @model_validator(mode="after")
    def _review_below_merge(self) -> IdentitySettings:
        if self.review_above > self.merge_above:
            raise ValueError("review_above is higher than merge_above, so nothing would ever be reviewed")
        return self


class Survivorship(Block):
    """Which of several values survives. The criteria are applied in the order in which they stand here.

    It is that of mapping/golden.py.
    """

    prefer: tuple[str, ...] = Field((), description="Connections in order of preference; all others come after them.")
    most_frequent: bool = Field(False, description="Whether the value that most records agree on wins.")
    most_complete: bool = Field(False, description="Whether the value with the most parts wins.")
    longest: bool = Field(False, description="Whether the longest text wins.")
    newest: bool = Field(True, description="Whether the value that changed last wins.")


class GoldenSettings(RootModel[dict[GoldenField, Survivorship]]):
    """Survivorship by canonical field; ``default`` holds for the fields that are not named."""

    model_config = ConfigDict(frozen=True)

    root: dict[GoldenField, Survivorship] = {}

    def rule(self, name: str) -> Survivorship:
        """The rule of one canonical field: its own, or the default, or the newest value."""
        return self.root.get(name) or self.root.get("default") or Survivorship()

    def criteria(self) -> dict[str, dict[str, Any]]:
        """The criteria by field, as mapping/golden.py takes them, but with connections by name."""
        return {name: rule.model_dump() for name, rule in self.root.items()}


class PrivacySettings(Block):
    """What is never stored."""

    internal: tuple[Annotated[str, AfterValidator(checks.domain)], ...] = Field(
        (), description="The company's own domains. Colleagues never become customers; mail among them is not stored."
    )
    never_log: tuple[Annotated[str, AfterValidator(checks.pattern)], ...] = Field(
        (),
        description="Addresses and domains whose mail and meetings are dropped before storage; `*` is any text.",
    )


class AlertSettings(Block):
    """Who is told when something goes wrong while nobody looks."""

    to: tuple[Annotated[SecretStr, AfterValidator(checks.destination)], ...] = Field(
        (),
        description="Where alerts go, as addresses of Apprise: `mailto://…`, `slack://…`, `msteams://…` and a hundred "
        "more. They hold passwords, so write `!secret NAME` or `!env NAME`. Empty: alerts are lines in the log.",
    )
    on: tuple[AlertKind, ...] = Field(tuple(AlertKind), description="Which kinds of incident are told.")
    repeat: Annotated[str, AfterValidator(checks.interval)] = Field(
        "every 24 hours", description="How often an incident that lasts is told again: `every N …` or `never`."
    )

    def reminds_every(self) -> timedelta | None:
        """How long after it was told an incident is told again; None for never."""
        return schedules.interval(self.repeat)
