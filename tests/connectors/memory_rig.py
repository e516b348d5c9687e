"""The memory vendor's rig: a world of its own for each test, on the rig's clock."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager
from itertools import count
from typing import Any

from pydantic import SecretStr

from connectors.core.protocols import Connector
from connectors.memory.connector import VENDOR, MemoryConfig
from connectors.memory.sandbox import forget_world, open_world
from mapping.contract import Fields, RemoteId
from mapping.errors import RateLimitedError, TransientError
from tests.connectors.contract import Clock, Key, Lack, Tokens

NUMBERS = count()
KEY, WRONG_KEY, HOOK_SECRET = "key-2718281828", "key-1414213562", "hook-1618033988"


def sample(object_name: str, number: int) -> dict[str, Any]:
    """Good values of an object's record, different for each number."""
    at = f"2026-04-{number % 28 + 1:02}T09:00:00.000Z"
    person = {
        "email": f"Ada.{number}@Example.com",
        "phone": f"+44 20 7946 {number % 1000:04}",
    }
    values: dict[str, dict[str, Any]] = {
        "people": {
            **person,
            "given_name": f"Ada {number}",
            "family_name": "Castro",
            "city": "Leeds",
            "country": "GB",
            "birth_date": "1990-02-28",
            "stage": "lead",
            "newsletter": number % 2 == 0,
            "lifetime_value": number + 0.126,
        },
        "companies": {
            "domain": f"firm{number}.example.com",
            "name": f"Firm {number}",
            "employees": number + 1,
            "city": f"Leeds {number}",
            "email": f"HELLO@firm{number}.example.com",
        },
        "meetings": {
            "uid": f"uid-{number}",
            "title": f"Meeting {number}",
            "starts_at": at,
            "attendees": [
                {"name": "Ada", "email": f"Ada{number}@example.com", "answer": "accepted"},
                {"name": "Bo", "email": "bo@example.com"},
            ],
        },
        "orders": {
            **person,
            "number": f"R{number}",
            "placed_at": at,
            "status": "paid",
            "currency": "EUR",
            "total": 49.9,
            "name": "Ada Castro",
            "lines": [{"title": "Tea", "sku": "T1", "quantity": 2, "price": 24.95}],
        },
        "activities": {
            "kind": "call",
            "title": f"Call {number}",
            "at": at,
            "direction": "out",
            "status": f"done {number}",
        },
        "notes": {"title": f"Order R{number}", "text": f"paid {number}", "at": at},
    }
    return values[object_name]


class MemoryRig:
    """One object of a world, as a stream and, where it is one, as a target."""

    page_size = 3
    envelope = ()
    secrets = (KEY, WRONG_KEY, HOOK_SECRET)

    def __init__(
        self, object_name: str, lacks: Collection[Lack] = (), clearable: str = "", text_field: str = ""
    ) -> None:
        self.stream = self.target = object_name
        self.lacks = lacks
        self.clearable, self.text_field = clearable, text_field
        self.refused: Fields = (
            {"at": "yesterday"} if object_name in ("activities", "notes") else {"email": "no address"}
        )
        self.clock = Clock()
        self.world = open_world(f"rig-{next(NUMBERS)}")
        self.world.clock = self.clock.now
        self.world.api_key = KEY

    def connector(self, key: str = KEY) -> Connector:
        config = MemoryConfig(
            world=self.world.name,
            api_key=SecretStr(key),
            page_size=self.page_size,
            webhook_secret=SecretStr(HOOK_SECRET),
        )
        return VENDOR.build(config, self.clock.runtime(), Tokens())

    def stranger(self) -> Connector:
        return self.connector(WRONG_KEY)

    def close(self) -> None:
        """Lets the world go."""
        forget_world(self.world.name)

    def rate_limit(self, retry_after: float | None) -> None:
        self.world.fail(RateLimitedError("too many calls", retry_after=retry_after), on="*")

    def server_error(self) -> None:
        self.world.fail(TransientError("the world is out of order"), on="*")

    def put(self, number: int) -> Key:
        teams = ("sales", "support") if self.stream == "people" else ("",)
        team = teams[number % len(teams)]
        return team, self.world.put(self.stream, sample(self.stream, number), team=team)

    def change(self, key: Key) -> None:
        field = "name" if self.stream in ("companies", "orders") else "notes" if self.stream == "people" else "title"
        self.world.change(self.stream, key[1], {field: f"changed at {self.clock.now()}"})

    def delete(self, key: Key) -> None:
        self.world.delete(self.stream, key[1])

    def put_bad(self) -> Key:
        team = "sales" if self.stream == "people" else ""
        return team, self.world.put(self.stream, sample(self.stream, 99), team=team, broken=True)

    def frozen(self) -> AbstractContextManager[object]:
        return self.world.frozen()

    def expire_cursors(self) -> None:
        self.world.expire_cursors()

    def truncate(self) -> None:
        self.world.fail(TransientError("the answer broke off"), after=1)

    def values(self, number: int) -> Fields:
        return sample(self.target, number)

    def plant(self, values: Fields) -> RemoteId:
        return self.world.put(self.target, values)

    def remote(self) -> Mapping[RemoteId, Fields]:
        return {id_: row.values for id_, row in self.world.records(self.target).items() if not row.archived}

    def touch(self, remote_id: RemoteId) -> None:
        self.world.change(self.target, remote_id, {self.clearable: "touched"})

    def remove(self, remote_id: RemoteId) -> None:
        self.world.delete(self.target, remote_id)

    def neighbour(self, role: str) -> str:
        object_name = {"person": "people", "company": "companies"}[role]
        return f"{object_name}:{self.world.put(object_name, sample(object_name, 7))}"

    def links(self, remote_id: RemoteId, role: str) -> Collection[str]:
        return self.world.records(self.target)[remote_id].refs.get(role, [])

    def lose_answer(self) -> None:
        self.world.lose_answer()
