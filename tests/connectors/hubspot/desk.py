"""HubSpot's stand-in on a clock of its own, a connector in front of it, and the rig that the conformance kits drive."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any

import httpx

from connectors.core.protocols import Connector, Runtime, Stream, Writes
from connectors.hubspot.connector import VENDOR, HubSpotConfig
from connectors.hubspot.portal import Portal, Record
from connectors.hubspot.portal_schema import ENGAGEMENTS
from connectors.hubspot.sandbox import HubSpotSandbox
from mapping.contract import Cursor, Fields, RemoteId, Slice
from tests.connectors.haul import Haul
from tests.connectors.rig import Clock, Key, Lack, Tokens, stream_of

TOKEN, WRONG_TOKEN = "pat-eu1-3141592653", "pat-eu1-2718281828"
WHOLE = Slice()


class Desk:
    """A portal, its server and a clock; ``connector()`` gives a new connector on them."""

    def __init__(self, portal: Portal | None = None, clock: Clock | None = None, **options: Any) -> None:
        self.clock = clock or Clock()
        self.portal = portal or Portal(now=self.clock.now)
        self.server = HubSpotSandbox(self.portal, token=TOKEN, keep=2_000, **options)
        self.server.start()
        # One for all connectors: each would load the system's certificates anew, for a server that has none.
        self._transport = httpx.HTTPTransport(verify=False)

    def close(self) -> None:
        """Stops the server."""
        self._transport.close()
        self.server.stop()

    def runtime(self) -> Runtime:
        """The clock's runtime, on the desk's own connections."""
        return replace(self.clock.runtime(), transport=self._transport)

    def connector(self, token: str = TOKEN, **config: Any) -> Connector:
        """A new connector that knows nothing of earlier ones."""
        settings = {"access_token": token, "base_url": self.server.url, "archived_every_minutes": 0, **config}
        return VENDOR.build(HubSpotConfig(**settings), self.runtime(), Tokens())

    def open(self, name: str = "contacts", **config: Any) -> Stream:
        """One stream of a new connector."""
        return stream_of(self.connector(**config), name)

    def writes(self, target: str = "contacts", **config: Any) -> Writes:
        """The writes of a new connector, with the target provisioned."""
        writes = self.connector(**config).writes
        assert writes is not None
        writes.provision(target, False)
        return writes

    def read(self, stream: Stream, cursor: Cursor | None = None) -> Haul:
        """Everything that a stream gives from a cursor on."""
        return Haul(list(stream.read(WHOLE, cursor)))


def sample(object_type: str, number: int) -> dict[str, Any]:
    """Good values of a record, different for each number."""
    at = f"2026-04-{number % 28 + 1:02}T09:00:00.000Z"
    values: dict[str, dict[str, Any]] = {
        "contacts": {
            "email": f"Ada.{number}@Example.com",
            "firstname": "Ada",
            "lastname": f"Castro {number}",
            "phone": f"+44 20 7946 {number % 1000:04}",
            "city": "Leeds",
            "lifecyclestage": "lead",
        },
        "companies": {"name": f"Firm {number}", "domain": f"firm{number}.example.com", "numberofemployees": number + 1},
        "deals": {"dealname": f"Deal {number}", "amount": "49.90", "closedate": at, "dealstage": "won"},
        "tickets": {"subject": f"Ticket {number}", "hs_ticket_priority": "HIGH", "content": "It is broken"},
        "emails": {"hs_timestamp": at, "hs_email_subject": f"Mail {number}", "hs_email_text": "Hello"},
        "meetings": {"hs_timestamp": at, "hs_meeting_title": f"Meeting {number}", "hs_meeting_location": "Leeds"},
        "calls": {"hs_timestamp": at, "hs_call_title": f"Call {number}", "hs_call_direction": "OUTBOUND"},
        "notes": {"hs_timestamp": at, "hs_note_body": f"Note {number}"},
    }
    return values[object_type]


TEXTS = {
    "contacts": "jobtitle",
    "companies": "description",
    "deals": "description",
    "tickets": "content",
    "emails": "hs_email_text",
    "meetings": "hs_meeting_body",
    "calls": "hs_call_body",
    "notes": "hs_note_body",
}
CLEARABLE = {
    "contacts": "phone",
    "companies": "name",
    "emails": "hs_email_subject",
    "meetings": "hs_meeting_title",
    "calls": "hs_call_title",
    "notes": "hubspot_owner_id",
}


class HubSpotRig(Desk):
    """One object of the portal, as a stream and as a target."""

    page_size = 3
    envelope = ("id", "createdAt", "updatedAt", "associations")
    secrets = (TOKEN, WRONG_TOKEN)

    def __init__(self, object_type: str, lacks: Collection[Lack] = (), **options: Any) -> None:
        super().__init__(**options)
        self.stream = self.target = object_type
        self.lacks = {Lack.EXPIRY, *lacks}
        self.text_field, self.clearable = TEXTS[object_type], CLEARABLE.get(object_type, "")
        self.refused: Fields = {
            "contacts": {"email": "no address"},
            "companies": {"numberofemployees": "many"},
        }.get(object_type, {"hs_timestamp": "yesterday"})

    def connector(self, token: str = TOKEN, **config: Any) -> Connector:
        return super().connector(token, page_size=self.page_size, **config)

    def stranger(self) -> Connector:
        return self.connector(WRONG_TOKEN)

    def rate_limit(self, retry_after: float | None) -> None:
        self.server.faults.fail(429, retry_after=retry_after)

    def server_error(self) -> None:
        self.server.faults.fail(500)

    def put(self, number: int) -> Key:
        return "", RemoteId(self.portal.create(self.target, sample(self.target, number)).id)

    def change(self, key: Key) -> None:
        self.portal.update(self._record(key[1]), {self.text_field: f"changed at {self.clock.now()}"})

    def delete(self, key: Key) -> None:
        self.portal.archive(self.target, key[1])

    def put_bad(self) -> Key:
        key = self.put(9_999)
        self._record(key[1]).garbled = True
        return key

    def frozen(self) -> AbstractContextManager[object]:
        return nullcontext()

    def expire_cursors(self) -> None:
        raise AssertionError("HubSpot's cursors never expire")

    def truncate(self) -> None:
        self.server.faults.truncate()

    def values(self, number: int) -> Fields:
        extra = {"hubspot_owner_id": str(number)} if self.target in ENGAGEMENTS else {}
        return {**sample(self.target, number), **extra}

    def plant(self, values: Fields) -> RemoteId:
        return RemoteId(self.portal.create(self.target, values).id)

    def remote(self) -> Mapping[RemoteId, Fields]:
        return {RemoteId(each.id): each.properties for each in self.portal.live(self.target)}

    def touch(self, remote_id: RemoteId) -> None:
        self.portal.update(self._record(remote_id), {self.clearable: "touched"})

    def remove(self, remote_id: RemoteId) -> None:
        self.portal.archive(self.target, remote_id)

    def neighbour(self, role: str) -> str:
        kind = {"contact": "contacts", "company": "companies"}[role]
        return f"{kind}:{self.portal.create(kind, sample(kind, 7)).id}"

    def links(self, remote_id: RemoteId, role: str) -> Collection[str]:
        kind = {"contact": "contacts", "company": "companies"}[role]
        return [f"{kind}:{each}" for each in self.portal.linked(self.target, remote_id, kind)]

    def lose_answer(self) -> None:
        self.server.faults.drop_answer(path="batch/(upsert|update)")

    def _record(self, record_id: str) -> Record:
        record = self.portal.get(self.target, record_id)
        assert record is not None
        return record
