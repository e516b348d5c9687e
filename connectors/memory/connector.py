"""The memory connector: a vendor inside the process, for trying things out and for testing the hub without one."""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from connectors.core.protocols import Runtime, Stream, TokenStore, Vendor
from connectors.memory.api import Api
from connectors.memory.example import populate
from connectors.memory.faults import Fault
from connectors.memory.mapping import SHAPES, targets
from connectors.memory.reads import Reader
from connectors.memory.sandbox import DEFAULT_KEY, World, open_world, signature
from connectors.memory.writes import Writer
from mapping.contract import Account, RemoteId, Slice
from mapping.errors import AuthError, ContractError, RateLimitedError

FIRST_WAIT = 1.0


class MemoryConfig(BaseModel):
    """Which world a connection speaks with, and how."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    world: str = Field(min_length=1, description="Name of the world; connections that name the same one share it.")
    path: Path | None = Field(
        None, description="A JSON file that keeps the world from one process to the next; without it, it is forgotten."
    )
    api_key: SecretStr = Field(SecretStr(DEFAULT_KEY), description="Key of the world; a new world has a default one.")
    page_size: int = Field(100, ge=1, le=1000, description="Records asked for at a time.")
    lookback_seconds: float = Field(
        0, ge=0, description="How far an increment looks back for records that turn up late."
    )
    settle_seconds: float = Field(0, ge=0, description="How long a search may lag behind a write.")
    patience_seconds: float = Field(
        30, ge=0, description="How long one request may wait in all when the world asks for patience."
    )
    read_only: bool = Field(False, description="Whether the connection may only read.")
    webhook_secret: SecretStr | None = Field(
        None, description="Secret that signs webhook calls; without it the connection takes none."
    )
    people: int = Field(0, ge=0, le=100_000, description="How many made-up people a world without any begins with.")


class MemoryHooks:
    """Webhook calls, signed with HMAC-SHA256 of the body in ``X-Memory-Signature``."""

    def __init__(self, secret: SecretStr) -> None:
        self._secret = secret

    def verify(self, headers: Mapping[str, str], body: bytes) -> None:
        """Raises AuthError for a missing or wrong signature."""
        given = {name.lower(): value for name, value in headers.items()}.get("x-memory-signature", "")
        if not hmac.compare_digest(given.encode(), signature(self._secret.get_secret_value(), body).encode()):
            raise AuthError("the webhook call is not signed with this connection's secret")

    def targets(self, body: bytes) -> Sequence[tuple[str, Slice, Sequence[RemoteId]]]:
        """The records the call speaks of, by stream and team. Raises ContractError for a body of another form."""
        found: dict[tuple[str, str], list[RemoteId]] = {}
        try:
            for event in json.loads(body)["events"]:
                found.setdefault((event["stream"], event["team"]), []).append(RemoteId(event["id"]))
        except (ValueError, KeyError, TypeError):
            raise ContractError("the webhook call has not the form of the memory vendor's") from None
        return [(stream, Slice(team), ids) for (stream, team), ids in found.items()]


class MemoryConnector:
    """One connection to a world."""

    def __init__(self, config: MemoryConfig, runtime: Runtime, world: World) -> None:
        self._config = config
        self._runtime = runtime
        self._world = world
        self._api = Api(world)
        self._reader = Reader(world, self._call, runtime.now, config.page_size, config.lookback_seconds)
        self._writer = None if config.read_only else Writer(world, self._call, config.settle_seconds)
        self._hooks = MemoryHooks(config.webhook_secret) if config.webhook_secret else None

    @property
    def writes(self) -> Writer | None:
        """None for a connection that may only read."""
        return self._writer

    @property
    def hooks(self) -> MemoryHooks | None:
        """None without a webhook secret."""
        return self._hooks

    def check(self) -> Account:
        """The account of the world. Raises AuthError for a wrong key."""
        self._call("check", "account")
        return Account(self._world.account, self._world.name)

    def streams(self) -> Sequence[Stream]:
        """People by team, companies, meetings, orders, activities and notes."""
        return tuple(self._reader.stream(shape) for shape in SHAPES)

    def _call(self, door: str, object_name: str) -> Fault | None:
        """One API call; waits as told, or longer each time, while patience lasts, then raises RateLimitedError."""
        waited, next_wait = 0.0, FIRST_WAIT
        while True:
            self._runtime.meter.request(f"memory://{self._world.name}/{object_name}")
            try:
                return self._api.request(door, self._config.api_key.get_secret_value())
            except RateLimitedError as error:
                wait = next_wait if error.retry_after is None else error.retry_after
                if waited + wait > self._config.patience_seconds:
                    raise
                self._runtime.meter.waited(wait, "the memory world asked for patience")
                self._runtime.sleep(wait)
                waited, next_wait = waited + wait, next_wait * 2


def build(config: MemoryConfig, runtime: Runtime, tokens: TokenStore) -> MemoryConnector:
    """A connection to the world that the configuration names. It needs no token: the key is in the configuration."""
    world = open_world(config.world, config.path)
    populate(world, config.people)
    return MemoryConnector(config, runtime, world)


VENDOR = Vendor(
    name="memory",
    title="Memory (a vendor inside the process)",
    config=MemoryConfig,
    build=build,
    writes=True,
    streams=tuple(shape.name for shape in SHAPES),
    targets=targets(settle_seconds=0),
)
