"""The settings of one connection: what is read from it, and what is written to it."""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    SerializeAsAny,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from config import checks
from config import schedule as schedules
from config.block import Block
from config.retention import StreamRetention
from mapping.drift import Contract

Expression = Annotated[str, Field(min_length=1), AfterValidator(checks.expression)]
Interval = Annotated[str, AfterValidator(checks.interval)]
TIMELINE = "timeline"
"""The key of ``push`` that stands for all the activities a destination can hold, rather than for one object."""


class PushMode(StrEnum):
    """What a push may do to a destination's records."""

    UPSERT = "upsert"
    UPDATE_ONLY = "update_only"
    CREATE_ONLY = "create_only"


class FieldMode(StrEnum):
    """What a push may do to one property."""

    ALWAYS = "always"
    FILL_ONLY = "fill_only"
    NEVER_CLEAR = "never_clear"


class StreamSettings(Block):
    """One stream that is read from a connection."""

    enabled: bool = Field(True, description="Whether the stream is read.")
    since: date | None = Field(
        None,
        description="Records that changed before this day are not read; those that are stored already (a backfill "
        "brought them) stay.",
    )
    creates_customers: bool | None = Field(
        None,
        description="Whether a record may bring a customer into being, or only enriches one that exists. Unset: the "
        "connector's own choice.",
    )
    fields: dict[str, dict[str, Expression | None]] = Field(
        {},
        description="Field rules over the connector's own: rule name, then canonical field, then expression. An "
        "empty expression drops the connector's rule.",
    )
    deduplicated: bool | None = Field(
        None,
        description="Whether the stream holds nobody twice: two of its records are then never merged by machine. "
        "Unset: the connector's own word.",
    )
    unique: tuple[Annotated[str, Field(min_length=1)], ...] = Field(
        (),
        description="What names one person and no other here, so that two values of it keep records apart: systems of "
        "ids (`loyalty` for `loyalty:123`), `tax`, and `birth_date`.",
    )
    max_vanished_share: float = Field(
        0.5,
        ge=0,
        le=1,
        description="Largest share of the known records that one complete reading may miss and still be believed; "
        "beyond it nothing is taken for deleted until a person allows it.",
    )
    contract: Contract = Field(
        Contract.EVOLVE,
        alias="schema",
        description="What happens when the vendor's fields change: `evolve` takes new ones along, `freeze` maps only "
        "those accepted so far, `stop` reads nothing more until a person accepts them.",
    )
    retention: StreamRetention = Field(StreamRetention(), description="How long things of this stream are kept.")
    sweep: Interval | None = Field(
        None, description="How often this stream is searched for what is gone. Unset: as often as the connection's."
    )

    @property
    def overrides(self) -> dict[str, dict[str, str]]:
        """The field rules, an empty expression where the connector's rule is dropped."""
        return {rule: {target: text or "" for target, text in fields.items()} for rule, fields in self.fields.items()}


class FieldPush(BaseModel):
    """How one property of a destination is filled; a bare text stands for ``{from: text}``."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    expression: Annotated[Expression, AfterValidator(checks.rule_that_writes)] = Field(
        alias="from",
        description="Expression over the golden record and `traits`, or over the fact for a target of facts.",
    )
    mode: FieldMode = Field(
        FieldMode.ALWAYS,
        description="`always` keeps the property equal to ours, `fill_only` writes only where it is empty, "
        "`never_clear` writes values but never empties it.",
    )

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, data: Any) -> Any:
        if isinstance(data, str):
            return {"from": data}
        if not isinstance(data, dict):
            raise checks.refuse("has the wrong type", "an expression, or keys from: and mode:")
        return data

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        schema = handler.resolve_ref_schema(handler(core))
        whole = dict(schema)
        schema.clear()
        schema["anyOf"] = [{"type": "string", "minLength": 1, "description": whole.get("description", "")}, whole]
        return schema


class TargetSettings(Block):
    """One object that is written at a destination, or its timeline."""

    enabled: bool = Field(True, description="Whether the target is written.")
    mode: PushMode = Field(
        PushMode.UPSERT,
        description="`upsert` creates and updates, `update_only` never creates, `create_only` never updates.",
    )
    approve: bool = Field(
        True, description="Whether a person must apply each plan; otherwise the scheduler applies it by itself."
    )
    match_on: str | None = Field(
        None,
        min_length=1,
        description="Property by which a record that is already there is found before one is created.",
    )
    fields: dict[str, FieldPush | None] = Field(
        {},
        description="Property to expression, or to `from` and `mode`, over the connector's own rules. An empty value "
        "leaves the property alone.",
    )
    kinds: tuple[Annotated[str, AfterValidator(checks.timeline_kind)], ...] = Field(
        (),
        description="For `timeline` and for objects of facts: the kinds of fact that go out. Empty: all it can hold.",
    )
    max_change_share: float = Field(
        0.25,
        ge=0,
        le=1,
        description="Largest share of the records already there that one plan may change or archive before a person "
        "must allow it.",
    )


class Use(StrEnum):
    """What a connection's calls are made for."""

    BACKGROUND = "background"
    BACKFILL = "backfill"
    HOOKS = "hooks"


Share = Annotated[float, Field(gt=0, le=1)]


class BudgetSettings(Block):
    """How much of the vendor's quota the hub uses, and for what."""

    background: Share | None = Field(
        None,
        description="Share of the vendor's rate limits for syncs, sweeps and pushes: `0.6`. Unset: what the shares "
        "that are set leave.",
    )
    backfill: Share | None = Field(None, description="Share for backfills. Unset: as above.")
    hooks: Share | None = Field(None, description="Share for what webhooks ask for. Unset: as above.")
    calls_a_day: int | None = Field(
        None,
        ge=1,
        description="Most calls a day of `hub.timezone`, whatever for and whichever process makes them. Then the "
        "connection rests until midnight. Unset: no cap of ours.",
    )

    @model_validator(mode="after")
    def _no_more_than_all(self) -> BudgetSettings:
        given = [one for one in (self.background, self.backfill, self.hooks) if one is not None]
        if sum(given) > 1 + 1e-9:
            raise checks.refuse(f"gives out {sum(given):g} of the vendor's limits", "shares that come to 1 at most")
        if len(given) < 3 and sum(given) > 1 - 1e-9:
            raise checks.refuse("leaves nothing for the uses without a share", "a share for each use, or a smaller sum")
        return self

    def share(self, use: Use) -> float:
        """The share of a use, above 0 and up to 1."""
        shares = {Use.BACKGROUND: self.background, Use.BACKFILL: self.backfill, Use.HOOKS: self.hooks}
        found = shares[use]
        return found if found is not None else 1 - sum(one for one in shares.values() if one is not None)


class NoConfig(BaseModel):
    """The ``config`` of a connector that needs none, or of one that is wrong and about to be told so."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ConnectionSettings(Block):
    """One account at one vendor. Its name is the key; what the hub knows of it hangs on an id in the database."""

    connector: str = Field(min_length=1, description="Which connector speaks to the vendor.")
    config: SerializeAsAny[BaseModel] = Field(
        NoConfig(),
        repr=False,
        description="The connector's own settings, see its page. Any value may be a reference: `!secret name` or "
        "`!env NAME`.",
    )
    paused: bool = Field(False, description="Whether the scheduler leaves the connection alone.")
    schedule: Annotated[str, AfterValidator(checks.schedule)] | None = Field(
        None,
        description="When it runs: `every 10 minutes`, or a cron line of five fields. Unset: only when a person asks.",
    )
    sweep: Interval = Field(
        "every 7 days",
        description="How often streams that tell of no deletions are searched for what is gone: `every 7 days`, or "
        "`never`. Under `concord serve` by a job of its own; a sync by hand sweeps what it finds due.",
    )
    budget: BudgetSettings = Field(
        BudgetSettings(), description="How much of the vendor's quota the hub uses, and for what."
    )
    default_country: Annotated[str, AfterValidator(checks.country)] | None = Field(
        None, description="Country for this connection's phone numbers and addresses, instead of the hub's."
    )
    trust: int = Field(
        50,
        ge=0,
        le=100,
        description="How far its values are believed where `golden` prefers no connection: the higher wins.",
    )
    streams: dict[str, StreamSettings] = Field(
        {}, description="What is read, by the vendor's word for it. Unset: every stream; otherwise only those named."
    )
    push: dict[str, TargetSettings] = Field(
        {},
        description="What is written, by the vendor's word for the object, and `timeline` for activities. Nothing else "
        "is written.",
    )

    def reads_anything(self) -> bool:
        """Whether any stream is to be read."""
        return not self.streams or any(one.enabled for one in self.streams.values())

    def reads(self, stream: str) -> StreamSettings | None:
        """The settings of a stream that is to be read, or None when it is not."""
        if not self.streams:
            return StreamSettings()
        found = self.streams.get(stream)
        return found if found and found.enabled else None

    def sweeps_every(self, stream: str) -> timedelta | None:
        """How often a stream is to be swept; None for never."""
        mine = self.streams.get(stream)
        return schedules.interval((mine.sweep if mine else None) or self.sweep)

    def sweeps(self) -> str | None:
        """The shortest interval at which any stream is to be swept, as written; None for never."""
        named = [one.sweep or self.sweep for one in self.streams.values() if one.enabled]
        spans = {text: span for text in (named if self.streams else [self.sweep]) if (span := schedules.interval(text))}
        return min(spans, key=lambda text: spans[text]) if spans else None

    @field_validator("push")
    @classmethod
    def _push_needs_bodies(cls, value: dict[str, TargetSettings], info: ValidationInfo) -> dict[str, TargetSettings]:
        streams: dict[str, StreamSettings] = info.data.get("streams", {})
        named = [name for name, one in streams.items() if one.retention.bodies]
        if value and named:
            raise checks.refuse(
                f"compares with bodies that the retention of {', '.join(named)} lets expire",
                "no retention of bodies on a connection that is written to",
            )
        return value

    @field_validator("push")
    @classmethod
    def _timeline_is_no_object(cls, value: dict[str, TargetSettings]) -> dict[str, TargetSettings]:
        if TIMELINE in value:
            checks.timeline(value[TIMELINE].model_fields_set)
        return value
