"""TikTok's stand-in on a clock of its own, connectors in front of it, and the rig that the reader's kit drives."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx

from connectors.core.protocols import Connector, Runtime, Stream
from connectors.tiktok_leads.connector import VENDOR, TikTokLeadsConfig
from connectors.tiktok_leads.sandbox import RETENTION, SECRET, TOKEN, Form, Lead, TikTokSandbox
from mapping.contract import RemoteId
from tests.connectors.rig import Clock, Key, Lack, Tokens, stream_of

WRONG = "tiktok-token-2718281828"
TRIAL, DEMO = "7100000000000000001", "7200000000000000001"


def answers(number: int = 1) -> dict[str, str]:
    """What somebody answered; the second question is the advertiser's own."""
    return {
        "Name": f"Kim Plum {number}",
        "Email": f"kim.{number}@plum.example",
        "Phone number": f"+31612345{number % 1000:03}",
        "What is your budget?": "up to 1,000\nor so",
    }


class Studio:
    """Two forms, their server and a clock; ``connector()`` gives a new connector on them."""

    def __init__(
        self, clock: Clock | None = None, retention: timedelta | None = RETENTION, titles: Collection[str] = ("Trial",)
    ) -> None:
        self.clock = clock or Clock()
        named = dict(zip((TRIAL, DEMO), titles, strict=False))
        self.forms = {form: Form(form, title, now=self.clock.now) for form, title in named.items()}
        self.server = TikTokSandbox(self.forms, now=self.clock.now, retention=retention, keep=200)
        self.server.start()
        # One for all connectors: each would load the system's certificates anew, for a server that has none.
        self._transport = httpx.HTTPTransport(verify=False)

    def close(self) -> None:
        """Stops the server."""
        self._transport.close()
        self.server.stop()

    def runtime(self) -> Runtime:
        """The clock's runtime, on the studio's own connections."""
        return replace(self.clock.runtime(), transport=self._transport)

    def connector(self, **config: Any) -> Connector:
        """A new connector that knows nothing of earlier ones."""
        settings = {"regions": ("other",), **self.server.settings, **config}
        return VENDOR.build(TikTokLeadsConfig.model_validate(settings), self.runtime(), Tokens())

    def open(self, **config: Any) -> Stream:
        """The stream of a new connector."""
        return stream_of(self.connector(**config), "leads")

    def submit(self, number: int = 1, given: Mapping[str, str] | None = None, form: str = TRIAL, **more: Any) -> Lead:
        """A lead comes in."""
        return self.forms[form].submit(answers(number) if given is None else given, **more)


class TikTokRig(Studio):
    """The leads of two forms, exported for ever."""

    stream = "leads"
    page_size = 3
    envelope = ("_at", "_key", "_real", "_person", "_emails", "_phones", "_address", "_answers", "_channel", "_rest")
    lacks: Collection[Lack] = (Lack.CHANGES, Lack.EXPIRY, Lack.IDS)
    secrets = (TOKEN, SECRET, WRONG)

    def __init__(self) -> None:
        super().__init__(retention=None, titles=("Trial", "Demo"))

    def connector(self, **config: Any) -> Connector:
        return super().connector(**{"page_size": self.page_size, "app_secret": SECRET, **config})

    def stranger(self) -> Connector:
        return self.connector(access_token=WRONG)

    def rate_limit(self, retry_after: float | None) -> None:
        """TikTok refuses inside a 200 and names no time; a proxy before it may."""
        body = self.server.refusal(40100, "Too many requests. Please retry in some time.")
        self.server.faults.fail(200, body=body, retry_after=retry_after)

    def server_error(self) -> None:
        self.server.faults.fail(200, body=self.server.refusal(50000, "Internal error."))

    def put(self, number: int) -> Key:
        form = (TRIAL, DEMO)[number % 2]
        return form, RemoteId(self.submit(number, form=form).id)

    def change(self, key: Key) -> None:
        raise AssertionError("a lead never changes")

    def delete(self, key: Key) -> None:
        del self.forms[key[0]].leads[key[1]]

    def put_bad(self) -> Key:
        return TRIAL, RemoteId(self.submit(9_999, garbled=True).id)

    def frozen(self) -> AbstractContextManager[object]:
        return nullcontext()

    def expire_cursors(self) -> None:
        raise AssertionError("a cursor never expires")

    def truncate(self) -> None:
        self.server.faults.truncate(path="/download/")
