"""Meta's stand-in on a clock of its own, connectors in front of it, and the rigs of the reader's kit."""

from __future__ import annotations

import json
from collections.abc import Collection
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx

from connectors.core.protocols import Connector, Runtime, Stream
from connectors.meta_lead_ads.business import Business, Form, example
from connectors.meta_lead_ads.connector import VENDOR, MetaLeadAdsConfig
from connectors.meta_lead_ads.sandbox import SECRET, TOKEN, MetaSandbox, error
from mapping.contract import Cursor, Page, RawRecord, RemoteId, Slice
from mapping.mapper import Mapper
from tests.connectors.rig import Clock, Key, Lack, Tokens, stream_of

KEPT = 3_650
"""Days that Meta hands a lead out in the kit."""
WRONG = "EAAG-nobody-knows-this-one"
AD: dict[str, str] = dict(  # noqa: C408 - shorter than with quotes
    ad_id="61", ad_name="Glass", adset_id="62", adset_name="Lovers", campaign_id="63", campaign_name="Spring",
    platform="ig",
)  # fmt: skip
"""The advertisement that brought a lead."""


def answers(number: int = 0, **more: str) -> dict[str, str]:
    """What somebody fills in."""
    usual = {
        "full_name": f"Kim {chr(65 + number % 26)}plum",
        "email": f"kim{number}@plum.example",
        "phone_number": f"+3161234{number:04}",
        "which_wine_do_you_like?": "red",
    }
    return {**usual, **more}


class Desk:
    """A business at Meta with one page and one form, the server and a clock."""

    def __init__(self, clock: Clock | None = None, **options: Any) -> None:
        self.clock = clock or Clock()
        self.business: Business = example(self.clock.now)
        self.server = MetaSandbox(self.business, keep=5_000, **options)
        self.server.start()
        # One for all connectors: each would load the system's certificates anew, for a server that has none.
        self._transport = httpx.HTTPTransport(verify=False)

    def close(self) -> None:
        """Stops the server."""
        self._transport.close()
        self.server.stop()

    @property
    def page(self) -> str:
        """The first page."""
        return next(iter(self.business.pages))

    @property
    def form(self) -> Form:
        """The first form."""
        return next(iter(self.business.forms.values()))

    def submit(self, number: int = 0, form: Form | None = None, **more: Any) -> str:
        """Somebody sends the form, at the clock's present; the lead's id."""
        return self.business.submit(form or self.form, answers(number), **{**AD, **more})

    def runtime(self) -> Runtime:
        """The clock's runtime, on the desk's own connections."""
        return replace(self.clock.runtime(), transport=self._transport)

    def connector(self, token: str = TOKEN, **config: Any) -> Connector:
        """A new connector that knows nothing of earlier ones."""
        login = {"access_token": token, "app_secret": SECRET, "base_url": self.server.url, "lookback_minutes": 0}
        settings = MetaLeadAdsConfig.model_validate({**login, **config})
        return VENDOR.build(settings, self.runtime(), Tokens())

    def open(self, stream: str = "leads", **config: Any) -> Stream:
        """A stream of a new connector."""
        return stream_of(self.connector(**config), stream)

    def read(self, cursor: Cursor | None = None, form: Form | None = None, **config: Any) -> list[Page]:
        """All that a new connector gives of a form from a cursor on."""
        return list(self.open(**config).read(Slice((form or self.form).id), cursor))


def records(pages: list[Page]) -> dict[str, RawRecord]:
    """The records by id."""
    return {str(record.remote_id): record for page in pages for record in page.records}


def entities(stream: Stream, record: RawRecord) -> dict[str, dict[str, Any]]:
    """What the default rules make of a record, by part."""
    return {each.part: dict(each.values) for each in Mapper(stream.rules, default_country="NL").map(record.body)}


class _Rig(Desk):
    """What both streams' rigs share."""

    page_size = 3
    envelope: Collection[str] = ()
    secrets: Collection[str] = (TOKEN, WRONG, SECRET, "EAAG-page")

    def connector(self, token: str = TOKEN, **config: Any) -> Connector:
        return super().connector(token, **{"page_size": self.page_size, **config})

    def stranger(self) -> Connector:
        return self.connector(WRONG)

    def rate_limit(self, retry_after: float | None) -> None:
        """Meta tells the time in minutes, in a header; without it, nothing is told."""
        told = (
            None if retry_after is None else [{"type": "leadgen", "estimated_time_to_regain_access": retry_after / 60}]
        )
        usage = {"X-Business-Use-Case-Usage": json.dumps({"9": told})} if told else {}
        self.server.faults.answer(error(80_005, "There have been too many leadgen api calls", headers=usage))

    def server_error(self) -> None:
        self.server.faults.fail(500, body=error(2, "An unexpected error has occurred.", status=500).body)

    def frozen(self) -> AbstractContextManager[object]:
        return nullcontext()

    def truncate(self) -> None:
        self.server.faults.truncate()


class LeadsRig(_Rig):
    """The leads of two pages with a form each, through a system user, or of one page through its own token."""

    stream = "leads"
    envelope = frozenset(
        f"_{name}" for name in ("key", "real", "person", "emails", "phones", "address", "answers", "channel", "rest")
    )
    lacks: Collection[Lack] = (Lack.CHANGES, Lack.IDS)

    def expire_cursors(self) -> None:
        """So long ago that leads may have come and gone."""
        self.clock.advance((KEPT + 2) * 86_400)

    def __init__(self, *, own_token: bool = False) -> None:
        super().__init__()
        self.business.retention = timedelta(days=KEPT * 10)  # the kit lets years go by
        if not own_token:
            self.business.add_form(self.business.add_page("Plum Events"), "Party", "how_many?")
        self._token = self.business.token_of(self.page) if own_token else TOKEN

    def connector(self, token: str = "", **config: Any) -> Connector:
        return super().connector(token or self._token, **{"kept_days": KEPT, **config})

    def put(self, number: int) -> Key:
        forms = list(self.business.forms.values())
        form = forms[number % len(forms)]
        return form.id, RemoteId(self.submit(number, form))

    def change(self, key: Key) -> None:
        raise AssertionError("a lead never changes")

    def delete(self, key: Key) -> None:
        del self.business.leads[key[1]]

    def put_bad(self) -> Key:
        key = self.put(9_998)
        del self.business.leads[key[1]]["field_data"]
        return key


class CampaignsRig(_Rig):
    """The daily figures of an ad account: each campaign has one day."""

    stream = "campaigns"
    lacks: Collection[Lack] = (Lack.EXPIRY, Lack.IDS, Lack.GET)

    def connector(self, token: str = TOKEN, **config: Any) -> Connector:
        return super().connector(token, **{"ad_accounts": [self.business.account], **config})

    def expire_cursors(self) -> None:
        raise AssertionError("cursors never expire")

    def put(self, number: int) -> Key:
        campaign, day = str(630_000 + number), self.clock.now().date().isoformat()
        self.business.spend(campaign, f"Campaign {number}", day, "12.50", 1000 + number, 30)
        return self.business.account, RemoteId(f"{campaign}:{day}")

    def change(self, key: Key) -> None:
        campaign, day = key[1].split(":")
        row = self.business.figures[campaign, day]
        row["clicks"] = str(int(row["clicks"]) + 1)

    def delete(self, key: Key) -> None:
        campaign, day = key[1].split(":")
        del self.business.figures[campaign, day]

    def put_bad(self) -> Key:
        key = self.put(9_998)
        campaign, day = key[1].split(":")
        self.business.figures[campaign, day]["spend"] = {"amount": "12.50"}
        return key
