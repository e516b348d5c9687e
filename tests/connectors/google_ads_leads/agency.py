"""Google Ads' stand-in on a clock of its own, connectors in front of it, and the rig that the reader's kit drives."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Any

import httpx

from connectors.core.protocols import Connector, Runtime, Stream
from connectors.google_ads_leads.account import AdsAccount, Submission
from connectors.google_ads_leads.connector import VENDOR, GoogleAdsLeadsConfig
from connectors.google_ads_leads.sandbox import CLIENT, CUSTOMER, DEVELOPER_TOKEN, AdsRefusalError, AdsSandbox
from mapping.contract import RemoteId
from tests.connectors.rig import Clock, Key, Lack, Tokens, stream_of

WRONG = "developer-token-2718281828"


def answers(number: int = 1) -> dict[str, str]:
    """What somebody answered to Google's own questions."""
    return {
        "FULL_NAME": f"Kim Plum {number}",
        "EMAIL": f"kim.{number}@plum.example",
        "PHONE_NUMBER": f"+31612345{number % 1000:03}",
        "CITY": "Ede",
    }


class Agency:
    """An account, its server and a clock; ``connector()`` gives a new connector on them."""

    def __init__(self, clock: Clock | None = None, **options: Any) -> None:
        self.clock = clock or Clock()
        self.account = AdsAccount(CUSTOMER, now=self.clock.now, **options)
        self.server = AdsSandbox(self.account, now=self.clock.now, keep=200, batch=3)
        self.server.start()
        # One for all connectors: each would load the system's certificates anew, for a server that has none.
        self._transport = httpx.HTTPTransport(verify=False)

    def close(self) -> None:
        """Stops the server."""
        self._transport.close()
        self.server.stop()

    def runtime(self) -> Runtime:
        """The clock's runtime, on the agency's own connections."""
        return replace(self.clock.runtime(), transport=self._transport)

    def connector(self, **config: Any) -> Connector:
        """A new connector that knows nothing of earlier ones."""
        settings = {**self.server.settings, **config}
        return VENDOR.build(GoogleAdsLeadsConfig.model_validate(settings), self.runtime(), Tokens())

    def open(self, **config: Any) -> Stream:
        """The stream of a new connector."""
        return stream_of(self.connector(**config), "leads")

    def submit(self, number: int = 1, given: Mapping[str, str] | None = None, **more: Any) -> Submission:
        """A lead comes in."""
        return self.account.submit(answers(number) if given is None else given, **more)


class AdsRig(Agency):
    """The leads of one account, handed out for ever."""

    stream = "leads"
    page_size = 3
    envelope = ("_key", "_real", "_person", "_emails", "_phones", "_address", "_answers", "_channel", "_rest")
    lacks: Collection[Lack] = (Lack.CHANGES, Lack.EXPIRY, Lack.IDS)
    secrets = (CLIENT[1], CLIENT[2], DEVELOPER_TOKEN, WRONG, "ya29.sandbox-1")

    def __init__(self) -> None:
        super().__init__(retention=None)

    def connector(self, **config: Any) -> Connector:
        return super().connector(page_size=self.page_size, **config)

    def stranger(self) -> Connector:
        return self.connector(developer_token=WRONG)

    def rate_limit(self, retry_after: float | None) -> None:
        """With a time as the API tells it, among the details; without one as an answer of 429 may be."""
        delay = {"retryDelay": f"{retry_after}s"} if retry_after else {}
        quota = {"rateScope": "DEVELOPER", "rateName": "Requests per project", **delay}
        refused = AdsRefusalError(429, "quotaError", "RESOURCE_EXHAUSTED", "Too many.", quotaErrorDetails=quota)
        self.server.faults.fail(429, body=refused.reply().body, path="/customers/")

    def server_error(self) -> None:
        self.server.faults.fail(503, path="/customers/")

    def put(self, number: int) -> Key:
        return "", RemoteId(self.submit(number).id)

    def change(self, key: Key) -> None:
        raise AssertionError("a lead never changes")

    def delete(self, key: Key) -> None:
        del self.account.submissions[key[1]]

    def put_bad(self) -> Key:
        return "", RemoteId(self.submit(9_999, garbled=True).id)

    def frozen(self) -> AbstractContextManager[object]:
        return nullcontext()

    def expire_cursors(self) -> None:
        raise AssertionError("a cursor never expires")

    def truncate(self) -> None:
        self.server.faults.truncate(path="/customers/")
