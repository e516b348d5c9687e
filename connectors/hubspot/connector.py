"""HubSpot: contacts, companies, deals, tickets and activities read; contacts, companies and activities written."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from connectors.core.auth import Auth, Bearer
from connectors.core.oauth import App, RefreshingToken, TokenEndpoint
from connectors.core.protocols import Runtime, Stream, TokenStore, Vendor
from connectors.hubspot import mapping
from connectors.hubspot.api import SEARCH_PAGE, Api
from connectors.hubspot.reads import Reader
from connectors.hubspot.writes import HubSpotWrites
from mapping.contract import Account, Deletes

BASE_URL = "https://api.hubapi.com"
LINKED = ("contacts", "companies")
STREAMS = (
    ("contacts", mapping.CONTACTS, (), "contacts"),
    ("companies", mapping.COMPANIES, (), "companies"),
    ("deals", mapping.DEALS, LINKED, ""),
    ("tickets", mapping.TICKETS, LINKED, ""),
    ("emails", mapping.EMAILS, LINKED, "emails"),
    ("meetings", mapping.MEETINGS, LINKED, "meetings"),
    ("calls", mapping.CALLS, LINKED, "calls"),
    ("notes", mapping.NOTES, LINKED, "notes"),
)


class HubSpotConfig(BaseModel):
    """How a connection logs in to HubSpot, and how it reads."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    access_token: SecretStr | None = Field(None, description="Access token of a private app.")
    client_id: str = Field("", description="OAuth client id, for a public app instead of a private one.")
    client_secret: SecretStr | None = Field(None, description="OAuth client secret.")
    base_url: str = Field(BASE_URL, description="Address of the API.")
    properties: tuple[str, ...] = Field(
        (), description="Properties to read beside all that HubSpot lists, such as sensitive ones."
    )
    page_size: int = Field(
        SEARCH_PAGE, ge=1, le=SEARCH_PAGE, description="Records asked for at a time; a full listing gives 100 at most."
    )
    lookback_minutes: float = Field(
        5, ge=0, description="How far an increment looks back for changes that the search index shows late."
    )
    archived_every_minutes: float = Field(
        60, ge=0, description="How often the archived records are gone through for deletions."
    )
    requests_per_ten_seconds: int = Field(100, ge=1, description="Requests the account allows in ten seconds.")
    searches_per_second: int = Field(4, ge=1, description="Searches the account allows in a second.")

    @model_validator(mode="after")
    def _logs_in_one_way(self) -> HubSpotConfig:
        oauth = bool(self.client_id and self.client_secret)
        if (self.access_token is not None) == oauth:
            raise ValueError("give either access_token, or client_id and client_secret")
        return self


class HubSpotConnector:
    """One connection to an account."""

    hooks = None

    def __init__(self, config: HubSpotConfig, runtime: Runtime, tokens: TokenStore) -> None:
        self._config = config
        self._api = Api(
            runtime,
            config.base_url,
            _auth(config, runtime, tokens),
            per_ten_seconds=config.requests_per_ten_seconds,
            per_second=config.searches_per_second,
        )
        self.writes: HubSpotWrites | None = HubSpotWrites(self._api)

    def check(self) -> Account:
        """The account the token belongs to. Raises AuthError or ForbiddenError."""
        return self._api.account()

    def streams(self) -> Sequence[Stream]:
        """What can be read."""
        found = []
        for name, rules, links, target in STREAMS:
            reader = Reader(
                self._api,
                name,
                links,
                self._config.properties,
                timedelta(minutes=self._config.lookback_minutes),
                timedelta(minutes=self._config.archived_every_minutes),
                self._config.page_size,
            )
            found.append(
                Stream(
                    name=name,
                    rules=(rules,),
                    read=reader.read,
                    describe=reader.describe,
                    window=reader.window,
                    ids=reader.ids,
                    get=reader.get,
                    deletes=Deletes.NATIVE,
                    parents=links,
                    target=target,
                    properties_at="properties",
                )
            )
        return found


def app(config: HubSpotConfig, redirect_uri: str = "", scopes: tuple[str, ...] = ()) -> App:
    """The public app as registered with HubSpot (OAuth guide: id and secret go in the form)."""
    return App(
        client_id=config.client_id,
        client_secret=config.client_secret.get_secret_value() if config.client_secret else "",
        token_url=f"{config.base_url}/oauth/v1/token",
        authorize_url="https://app.hubspot.com/oauth/authorize",
        redirect_uri=redirect_uri,
        scopes=scopes,
        basic=False,
    )


def _auth(config: HubSpotConfig, runtime: Runtime, tokens: TokenStore) -> Auth:
    if config.access_token is not None:
        return Bearer(config.access_token.get_secret_value())
    return RefreshingToken(runtime, tokens, TokenEndpoint(runtime, app(config)).refresh)


def build(config: HubSpotConfig, runtime: Runtime, tokens: TokenStore) -> HubSpotConnector:
    """The connector of one connection."""
    return HubSpotConnector(config, runtime, tokens)


VENDOR = Vendor(
    name="hubspot",
    title="HubSpot",
    config=HubSpotConfig,
    build=build,
    writes=True,
    streams=tuple(name for name, *_ in STREAMS),
    targets=mapping.TARGETS,
)
