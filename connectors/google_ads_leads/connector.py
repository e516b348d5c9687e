"""Google Ads: the leads of one account's lead forms, by query (GAQL)."""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

import orjson
from pydantic import Field, SecretStr, field_validator, model_validator

from connectors.core import arrivals
from connectors.core.arrivals import Arrival
from connectors.core.google_login import GoogleConfig, Login
from connectors.core.protocols import Runtime, Stream, TokenStore, Vendor
from connectors.google_ads_leads import mapping
from connectors.google_ads_leads.queries import Ads, Json
from mapping.contract import Account, Cursor, Deletes, Page, RawRecord, RemoteId, Slice
from mapping.errors import AuthError, ContractError, ForbiddenError, RecordError

SCOPE = "https://www.googleapis.com/auth/adwords"
BATCH = 10_000
"""Rows asked for at a time; so many lie in the memory at once."""
AHEAD = timedelta(hours=14)
ZONES = timedelta(hours=26)
"""How far the clocks of two places may be apart."""
_ID = re.compile(r"[\w\-.=+/]{1,200}")


class GoogleAdsLeadsConfig(GoogleConfig):
    """How a connection logs in to Google Ads, and whose leads it reads."""

    developer_token: SecretStr = Field(description="Developer token, from the API Center of a manager account.")
    customer_id: str = Field(pattern=r"^\d{10}$", description="Number of the account with the lead forms.")
    login_customer_id: str = Field(
        "", pattern=r"^(\d{10})?$", description="Number of the manager account through which the login has access."
    )
    google_key: SecretStr | None = Field(None, description="Key that the lead forms send along with their webhooks.")
    page_size: int = Field(500, ge=1, le=1000, description="Leads stored at a time.")
    version: str = Field("v26", pattern=r"^v\d+$", description="Version of the API.")
    base_url: str = Field("https://googleads.googleapis.com", description="Address of the API.")

    @field_validator("customer_id", "login_customer_id", mode="before")
    @classmethod
    def _as_shown_in_google_ads(cls, given: object) -> object:
        """Google Ads shows numbers as 123-456-7890."""
        return str(given).replace("-", "").strip()

    @model_validator(mode="after")
    def _speaks_for_one(self) -> GoogleAdsLeadsConfig:
        if len(self.users) > 1:
            raise ValueError("users must name one person at most: the one that the service account speaks for")
        return self


class GoogleAdsHooks:
    """The webhooks of lead forms ("Implementation", Google Ads lead form webhooks, read 2026-11-23)."""

    def __init__(self, key: str) -> None:
        self._key = key.encode()

    def verify(self, headers: Mapping[str, str], body: bytes) -> None:
        """Raises AuthError unless the body holds the key that was agreed on, which is all the proof there is."""
        given = str(_told(body).get("google_key") or "")
        if not hmac.compare_digest(self._key, given.encode()):
            raise AuthError("the webhook does not hold the google_key of this connection")

    def targets(self, body: bytes) -> Sequence[tuple[str, Slice, Sequence[RemoteId]]]:
        """The one lead; nothing for a lead that only tries the webhook out."""
        told = _told(body)
        lead = str(told.get("lead_id") or "")
        return [("leads", Slice(), [RemoteId(lead)])] if lead and told.get("is_test") is not True else []


class GoogleAdsLeadsConnector:
    """One connection: the lead forms of one account."""

    writes = None

    def __init__(self, config: GoogleAdsLeadsConfig, runtime: Runtime, tokens: TokenStore) -> None:
        self._size, self._runtime = config.page_size, runtime
        login = Login(config, runtime, tokens, SCOPE)
        self._ads = Ads(
            runtime,
            config.base_url,
            login.auth(login.users[0]),
            version=config.version,
            customer=config.customer_id,
            manager=config.login_customer_id,
            developer_token=config.developer_token.get_secret_value(),
        )
        self.hooks = GoogleAdsHooks(config.google_key.get_secret_value()) if config.google_key else None

    def check(self) -> Account:
        """The account. Raises AuthError or ForbiddenError, the latter for a manager account too: it has no leads."""
        rows = list(self._ads.rows("SELECT customer.id, customer.descriptive_name, customer.manager FROM customer"))
        customer = rows[0].get("customer", {}) if rows else {}
        if customer.get("manager"):
            raise ForbiddenError("customer_id is a manager account's: name the account that has the lead forms")
        number = str(customer.get("id") or "")
        if not number:
            raise ForbiddenError("the account cannot be seen through this login")
        return Account(number, str(customer.get("descriptiveName") or number))

    def streams(self) -> Sequence[Stream]:
        """What can be read."""
        leads = Stream(
            name="leads",
            rules=mapping.RULES,
            read=lambda slice_, cursor: arrivals.pages(slice_, cursor, self._size, self._since, self._now()),
            describe=mapping.schema,
            window=self._window,
            get=self._get,
            deletes=Deletes.EXPIRY,
        )
        return [leads]

    def _window(self, slice_: Slice, start: datetime, end: datetime, cursor: Cursor | None) -> Iterator[Page]:
        """The API compares by the account's own clock, so more is asked for and the leads are told by their instant."""
        first, last = (arrivals.clock(each) for each in (start - ZONES, end + ZONES))

        def source(since: str) -> Iterator[Arrival]:
            for one in self._since(max(since, first), last):
                if one.instant and start <= one.instant < end:
                    yield one

        return arrivals.pages(slice_, cursor, self._size, source, self._now(), bounded=True)

    def _now(self) -> str:
        """The present by the clock that is furthest ahead."""
        return arrivals.clock(self._runtime.now() + AHEAD)

    def _get(self, slice_: Slice, ids: Sequence[RemoteId]) -> Sequence[RawRecord]:
        found: list[Arrival] = []
        good = [one for one in dict.fromkeys(ids) if _ID.fullmatch(one)]
        for at in range(0, len(good), self._size):
            wanted = ", ".join(f"'{one}'" for one in good[at : at + self._size])
            found += map(_arrival, self._ads.rows(_query(f"{mapping.RESOURCE}.id IN ({wanted})")))
        return arrivals.records(slice_, found)

    def _since(self, since: str, until: str = "") -> Iterator[Arrival]:
        """Sorted by the account's clock, BATCH rows at a time.

        The last second of a full batch is asked for again, since there may be more of it; where it is all there is,
        with a larger batch.
        """
        limit = BATCH
        while True:
            conditions = [f"{mapping.SUBMITTED} >= '{since}'"] if since else []
            conditions += [f"{mapping.SUBMITTED} <= '{until}'"] if until else []
            rows = list(self._ads.rows(f"{_query(*conditions)} ORDER BY {mapping.SUBMITTED} LIMIT {limit}"))
            border = max(map(mapping.local_time, rows)) if len(rows) >= limit else ""
            if len(rows) >= limit and not border:
                raise ContractError("the leads bear no time by which the next ones could be asked for")
            found = (_arrival(row) for row in rows)
            known = [one for one in found if not border or one.at != border]
            yield from sorted(known, key=lambda one: (not one.at, one.at, one.id))
            if not border:
                return
            limit = BATCH if known else limit * 2
            since = border


def _query(*conditions: str) -> str:
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    return f"SELECT {', '.join(mapping.SELECTED)} FROM {mapping.RESOURCE}{where}"  # noqa: S608 - GAQL reads only


def _arrival(row: Json) -> Arrival:
    at, lead = mapping.local_time(row), mapping.lead_id(row)
    try:
        if not lead or not at:
            raise RecordError("a lead without an id, or without a time", remote_id=lead)
        return Arrival(at, lead, mapping.body(row), mapping.instant(row))
    except RecordError as error:
        return Arrival(at, lead, error)


def _told(body: bytes) -> Json:
    """The webhook's JSON object. Raises AuthError for anything else: it is not Google that sent it."""
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise AuthError("the webhook's body is no JSON object")
    return found


VENDOR = Vendor(
    name="google_ads_leads",
    title="Google Ads lead forms",
    config=GoogleAdsLeadsConfig,
    build=GoogleAdsLeadsConnector,
    docs="docs/connectors/google_ads_leads.md",
)
