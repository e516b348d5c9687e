"""The settings that hold for all connections: who is who, which value survives, what is never stored."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field, RootModel, model_validator

from config import checks
from config.block import Block

GoldenField = Annotated[str, AfterValidator(checks.golden_field)]


class IdentitySettings(Block):
    """Who is who."""

    merge_above: float = Field(
        0.95, ge=0.5, le=1, description="Probability from which two records are merged by themselves."
    )
    review_above: float = Field(0.50, ge=0, le=1, description="Probability from which a pair is shown to a person.")
    max_shared_names: int = Field(
        2, ge=1, description="An identifier that carries more distinct names than this links nothing alone."
    )
    max_group: int = Field(
        50, ge=2, description="A group of more records than this is never merged by itself but shown to a person."
    )
    block: tuple[Annotated[str, Field(min_length=1)], ...] = Field(
        (), description="Emails, domains, phone numbers and other identifiers that never link anybody."
    )

    @model_validator(mode="after")
    def _review_below_merge(self) -> IdentitySettings:
        if self.review_above > self.merge_above:
            raise ValueError("review_above is higher than merge_above, so nothing would ever be reviewed")
        return self


class Survivorship(Block):
    """Which of several values survives: first by ``prefer``, then by one of the others."""

    prefer: tuple[str, ...] = Field((), description="Connections in order of preference; all others come after them.")
    newest: bool = Field(False, description="The value that changed last wins. This is so where nothing else is said.")
    oldest: bool = Field(False, description="The value that has stood longest wins.")
    longest: bool = Field(False, description="The longest text wins.")
    most_common: bool = Field(False, description="The value that most records agree on wins.")

    @model_validator(mode="after")
    def _one_order(self) -> Survivorship:
        chosen = [name for name in ("newest", "oldest", "longest", "most_common") if getattr(self, name)]
        if len(chosen) > 1:
            raise ValueError(f"{' and '.join(chosen)} exclude one another; choose one")
        return self

    @property
    def order(self) -> str:
        """What decides among values that ``prefer`` does not tell apart: newest, oldest, longest or most_common."""
        return next((name for name in ("oldest", "longest", "most_common") if getattr(self, name)), "newest")


class GoldenSettings(RootModel[dict[GoldenField, Survivorship]]):
    """Survivorship by canonical field; ``default`` holds for the fields that are not named."""

    model_config = ConfigDict(frozen=True)

    root: dict[GoldenField, Survivorship] = {}

    def rule(self, name: str) -> Survivorship:
        """The rule of one canonical field: its own, or the default, or the newest value."""
        return self.root.get(name) or self.root.get("default") or Survivorship()


class PrivacySettings(Block):
    """What is never stored."""

    internal: tuple[Annotated[str, AfterValidator(checks.domain)], ...] = Field(
        (), description="The company's own domains. Colleagues never become customers; mail among them is not stored."
    )
    never_log: tuple[Annotated[str, AfterValidator(checks.pattern)], ...] = Field(
        (),
        description="Addresses and domains whose mail and meetings are dropped before storage; `*` is any text.",
    )
