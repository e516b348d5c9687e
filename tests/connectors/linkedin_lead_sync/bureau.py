"""LinkedIn's stand-in on a clock of its own, connectors in front of it, and the rig that the reader's kit drives."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any

import httpx

from connectors.core.protocols import Connector, Runtime, Stream
from connectors.linkedin_lead_sync.connector import VENDOR, LinkedInLeadSyncConfig
from connectors.linkedin_lead_sync.sandbox import ACCOUNT, CLIENT, LinkedInSandbox, Owner
from mapping.contract import RemoteId
from tests.connectors.rig import Clock, Key, Lack, Tokens, stream_of

PAGE = "urn:li:organization:11223344"
WRONG = "AQX-wrong-2718281828"


def answers(number: int = 1) -> dict[str, str]:
    """What a member answered."""
    return {
        "FIRST_NAME": "Kim",
        "LAST_NAME": f"Plum{number}",
        "EMAIL": f"kim.{number}@plum.example",
        "PHONE_NUMBER": f"+31612345{number % 1000:03}",
        "COMPANY_NAME": "Plum",
        "JOB_TITLE": "Buyer",
        "Team size": "11-50",
        "What are you looking for?": "A trial",
    }


class Bureau:
    """An owner, its server and a clock; ``connector()`` gives a new connector on them."""

    def __init__(self, urn: str = ACCOUNT, clock: Clock | None = None) -> None:
        self.clock = clock or Clock()
        self.owner = Owner(urn, now=self.clock.now)
        self.server = LinkedInSandbox({urn: self.owner}, now=self.clock.now, keep=200)
        self.server.start()
        # One for all connectors: each would load the system's certificates anew, for a server that has none.
        self._transport = httpx.HTTPTransport(verify=False)

    def close(self) -> None:
        """Stops the server."""
        self._transport.close()
        self.server.stop()

    def runtime(self) -> Runtime:
        """The clock's runtime, on the bureau's own connections."""
        return replace(self.clock.runtime(), transport=self._transport)

    def connector(self, **config: Any) -> Connector:
        """A new connector that knows nothing of earlier ones."""
        settings = {name: value for name, value in {**self.server.settings, **config}.items() if value}
        return VENDOR.build(LinkedInLeadSyncConfig.model_validate(settings), self.runtime(), Tokens())

    def open(self, **config: Any) -> Stream:
        """The stream of a new connector."""
        return stream_of(self.connector(**config), "leads")

    def submit(self, number: int = 1, given: Mapping[str, str] | None = None, **more: Any) -> str:
        """A response comes in."""
        return self.owner.submit(answers(number) if given is None else given, **more)


class LinkedInRig(Bureau):
    """The leads of one ad account, or of an organization, in a slice for each kind."""

    stream = "leads"
    page_size = 3
    envelope = (
        "_campaign",
        "_profile",
        "_key",
        "_real",
        "_person",
        "_emails",
        "_phones",
        "_answers",
        "_channel",
        "_rest",
        "_address",
    )
    lacks: Collection[Lack] = (Lack.CHANGES, Lack.EXPIRY, Lack.IDS)
    secrets = (CLIENT[1], CLIENT[2], WRONG, "AQV-sandbox-access-1")

    def connector(self, **config: Any) -> Connector:
        return super().connector(page_size=self.page_size, **config)

    def stranger(self) -> Connector:
        return self.connector(refresh_token=WRONG)

    def rate_limit(self, retry_after: float | None) -> None:
        """LinkedIn names no time; a proxy before it may."""
        body = {"status": 429, "code": "TOO_MANY_REQUESTS", "message": "Resource level throttle MEMBER DAY limit"}
        self.server.faults.fail(429, body=body, retry_after=retry_after, path="/rest/")

    def server_error(self) -> None:
        self.server.faults.fail(503, path="/rest/")

    def put(self, number: int) -> Key:
        kinds = [each.key for each in self.open().slices()]
        kind = kinds[number % len(kinds)]
        return kind, RemoteId(self.submit(number, kind=kind))

    def change(self, key: Key) -> None:
        raise AssertionError("a response never changes")

    def delete(self, key: Key) -> None:
        del self.owner.responses[key[1]]

    def put_bad(self) -> Key:
        key = self.put(9_999)
        self.owner.responses[key[1]]["formResponse"]["answers"] = [{"questionId": 1}]
        return key

    def frozen(self) -> AbstractContextManager[object]:
        return nullcontext()

    def expire_cursors(self) -> None:
        raise AssertionError("a cursor never expires")

    def truncate(self) -> None:
        self.server.faults.truncate(path="/rest/")
