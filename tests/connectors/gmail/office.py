"""Gmail's stand-in on a clock of its own, connectors in front of it, and the rig that the reader's kit drives."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric import rsa

from connectors.core.google_grants import ServiceAccount
from connectors.core.google_sandbox import RefusalError
from connectors.core.mail import EMAIL
from connectors.core.protocols import Connector, Runtime, Stream
from connectors.gmail.connector import VENDOR, GmailConfig
from connectors.gmail.mailroom import Box
from connectors.gmail.sandbox import CLIENT, GmailSandbox
from mapping.contract import Cursor, RemoteId, Slice
from mapping.mapper import Entity, Mapper
from tests.connectors import haul
from tests.connectors.rig import Clock, Key, Lack, Tokens, stream_of

ILSE, BAS = "ilse@acme.example", "bas@acme.example"
WRONG = "refresh-2718281828"
SCOPE = "https://www.googleapis.com/auth/gmail.readonly"
KEY, OTHER_KEY = (rsa.generate_private_key(65_537, 2048) for _ in range(2))
"""The same for all tests: a key pair costs half a second."""


def mail(number: int = 1, **headers: str) -> EmailMessage:
    """A message from a customer to Ilse; ``headers`` (``_`` for ``-``) replace what it says."""
    message = EmailMessage()
    told = {
        "From": f"Kim Plum <kim.{number}@plum.example>",
        "To": ILSE,
        "Subject": f"Question {number}",
        "Message-ID": f"<m{number}@plum.example>",
        "Date": "Fri, 01 May 2026 10:00:00 +0200",
    }
    for name, value in {**told, **{name.replace("_", "-"): value for name, value in headers.items()}}.items():
        if value:
            message[name] = value
    message.set_content(f"Hello, this is number {number}.\n")
    return message


class Office:
    """Mailboxes, their server and a clock; ``connector()`` gives a new connector on them."""

    def __init__(self, people: Sequence[str] = (ILSE,), clock: Clock | None = None, **options: Any) -> None:
        self.clock = clock or Clock()
        self.boxes = {address: Box(address, self.clock.now) for address in people}
        self.server = GmailSandbox(self.boxes, now=self.clock.now, keep=2_000, **options)
        self.server.start()
        # One for all connectors: each would load the system's certificates anew, for a server that has none.
        self._transport = httpx.HTTPTransport(verify=False)

    def close(self) -> None:
        """Stops the server."""
        self._transport.close()
        self.server.stop()

    @property
    def box(self) -> Box:
        """Ilse's mailbox."""
        return self.boxes[ILSE]

    def runtime(self) -> Runtime:
        """The clock's runtime, on the office's own connections."""
        return replace(self.clock.runtime(), transport=self._transport)

    def connector(self, refresh: str = CLIENT[2], **config: Any) -> Connector:
        """A new connector that knows nothing of earlier ones: Ilse's, or everybody's where ``users`` are given."""
        account = self.server.grants.service_account
        if "users" in config and account is not None:
            login = {"service_account_key": account.key_file(f"{self.server.url}/token")}
        else:
            login = {"client_id": CLIENT[0], "client_secret": CLIENT[1], "refresh_token": refresh}
        fast = {"messages_per_minute": 100_000, "base_url": self.server.url, "token_url": f"{self.server.url}/token"}
        return VENDOR.build(GmailConfig.model_validate({**fast, **login, **config}), self.runtime(), Tokens())

    def open(self, **config: Any) -> Stream:
        """The stream of a new connector."""
        return stream_of(self.connector(**config), "messages")

    def read(self, cursor: Cursor | None = None, slice_: str = ILSE, **config: Any) -> Haul:
        """Everything that a new connector gives of a mailbox from a cursor on."""
        return Haul(list(self.open(**config).read(Slice(slice_), cursor)))


def company(**options: Any) -> Office:
    """An office of two people, with a service account that may read for both."""
    return Office((ILSE, BAS), service_account=ServiceAccount(frozenset({SCOPE}), key=KEY), **options)


class Haul(haul.Haul):
    """What a read brought."""

    def entities(self) -> list[Entity]:
        """What the default rules make of the records."""
        mapper = Mapper([EMAIL], default_country="NL")
        return [entity for record in self.records for entity in mapper.map(record.body)]


class GmailRig(Office):
    """The messages of one mailbox, or of two; a page of the listing has five ids, so that it and ours part ways."""

    stream = "messages"
    page_size = 3
    envelope = ("_key", "_thread", "_rest", "_direction", "_sent")
    lacks: Collection[Lack] = (Lack.IDS,)

    def __init__(self, people: Sequence[str] = (ILSE,), **config: Any) -> None:
        account = ServiceAccount(frozenset({SCOPE}), key=KEY) if len(people) > 1 else None
        super().__init__(people, service_account=account, most_listed=5)
        self._config = {**config, **({"users": people} if account else {})}

    @property
    def secrets(self) -> Collection[str]:
        account = self.server.grants.service_account
        key = account.key_file("").split("\\n")[1:5] if account else []
        return [CLIENT[1], CLIENT[2], WRONG, *key, "ya29.sandbox-1"]

    def connector(self, refresh: str = CLIENT[2], **config: Any) -> Connector:
        return super().connector(refresh, page_size=self.page_size, **self._config, **config)

    def stranger(self) -> Connector:
        if "users" not in self._config:
            return self.connector(WRONG)
        other = ServiceAccount(frozenset({SCOPE}), key=OTHER_KEY)
        return self.connector(service_account_key=other.key_file(f"{self.server.url}/token"))

    def rate_limit(self, retry_after: float | None) -> None:
        """With a time as Gmail tells it, in words; without one as the quotas of the project do."""
        if retry_after is None:
            refused = RefusalError(403, "rateLimitExceeded", "Quota exceeded for quota metric 'Queries'")
        else:
            moment = (self.clock.now() + timedelta(seconds=retry_after)).isoformat().replace("+00:00", "Z")
            refused = RefusalError(429, "userRateLimitExceeded", f"User-rate limit exceeded.  Retry after {moment}")
        self.server.faults.fail(refused.status, body=refused.reply().body, path="/gmail/")

    def server_error(self) -> None:
        self.server.faults.fail(503, body=RefusalError(503, "backendError", "Backend Error").reply().body)

    def put(self, number: int) -> Key:
        address = list(self.boxes)[number % len(self.boxes)]
        return address, RemoteId(self.boxes[address].deliver(mail(number)).id)

    def change(self, key: Key) -> None:
        box = self.boxes[key[0]]
        box.relabel(key[1], add=[box.label(f"changed at {self.clock.now()}")])

    def delete(self, key: Key) -> None:
        self.boxes[key[0]].delete(key[1])

    def put_bad(self) -> Key:
        key = self.put(9_999)
        self.boxes[key[0]].letters[key[1]].garbled = True
        return key

    def frozen(self) -> AbstractContextManager[object]:
        return nullcontext()

    def expire_cursors(self) -> None:
        for box in self.boxes.values():
            box.forget()

    def truncate(self) -> None:
        self.server.faults.truncate(path="/batch/")
