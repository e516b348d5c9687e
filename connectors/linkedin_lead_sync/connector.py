"""LinkedIn Lead Sync: the responses to the lead forms of an ad account, or of an organization's page."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from connectors.core.auth import Auth, Bearer, plain
from connectors.core.lead_hooks import LeadHooks
from connectors.core.oauth import App, RefreshingToken, TokenEndpoint
from connectors.core.protocols import Runtime, Stream, TokenStore, Vendor
from connectors.core.signatures import signature
from connectors.linkedin_lead_sync import mapping
from connectors.linkedin_lead_sync.reads import Responses
from mapping.contract import Account, Deletes, Slice
from mapping.errors import AuthError

SPONSORED = "SPONSORED"
ORGANIC = ("COMPANY", "EVENT", "ORGANIZATION_PRODUCT")
SCOPE = "r_marketing_leadgen_automation"
_CHALLENGE = re.compile(r"[\da-fA-F]{8}(-[\da-fA-F]{4}){3}-[\da-fA-F]{12}")


class LinkedInLeadSyncConfig(BaseModel):
    """How a connection logs in to LinkedIn, and whose leads it reads."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ad_account: str = Field("", pattern=r"^\d*$", description="Number of the ad account whose leads are read.")
    organization: str = Field(
        "", pattern=r"^\d*$", description="Number of the organization, for leads that its page and events bring."
    )
    lead_types: tuple[str, ...] = Field(ORGANIC, description="Kinds of leads of an organization to read.")
    access_token: SecretStr | None = Field(None, description="Access token; it lasts for two months.")
    client_id: str = Field("", description="Client id of the application, with client_secret and refresh_token.")
    client_secret: SecretStr | None = Field(
        None, description="Client secret of the application; webhooks are proven by it too."
    )
    refresh_token: SecretStr | None = Field(None, description="OAuth refresh token, got elsewhere; it lasts a year.")
    page_size: int = Field(100, ge=1, le=100, description="Leads asked for at a time.")
    version: str = Field("202607", pattern=r"^20\d{4}$", description="Version of the API; each is good for a year.")
    base_url: str = Field("https://api.linkedin.com", description="Address of the API.")
    token_url: str = Field(
        "https://www.linkedin.com/oauth/v2/accessToken", description="Address that gives access tokens."
    )

    @model_validator(mode="after")
    def _names_one_owner_and_one_login(self) -> LinkedInLeadSyncConfig:
        if bool(self.ad_account) == bool(self.organization):
            raise ValueError("give either ad_account or organization")
        if unknown := set(self.lead_types) - {*ORGANIC}:
            raise ValueError(f"lead_types are some of {', '.join(ORGANIC)}, not {min(unknown)}")
        if bool(self.access_token) == bool(self.client_id and self.refresh_token):
            raise ValueError("give either access_token, or client_id, client_secret and refresh_token")
        if self.client_id and not self.client_secret:
            raise ValueError("client_id needs a client_secret")
        return self

    @property
    def owner(self) -> tuple[str, str]:
        """Kind and number of whose forms they are, in LinkedIn's words."""
        return ("sponsoredAccount", self.ad_account) if self.ad_account else ("organization", self.organization)

    @property
    def kinds(self) -> Sequence[str]:
        """The kinds of leads to read: those of an ad account are of one kind."""
        return [SPONSORED] if self.ad_account else list(dict.fromkeys(self.lead_types))


class LinkedInHooks(LeadHooks):
    """Lead notifications ("Webhook validation" and "Lead notification subscriptions", read 2026-11-23)."""

    vendor, setting, header, prefix = "LinkedIn", "client_secret", "X-LI-Signature", "hmacsha256="

    def signed(self, body: bytes) -> Sequence[bytes]:
        """The body behind the prefix that the signature has too."""
        return [self.prefix.encode() + body]

    def leads(self, told: Any) -> Iterable[tuple[str, str]]:
        """The lead that came or was deleted: in either case it has to be asked for."""
        lead = str(told.get("leadGenFormResponse") or "").rpartition(":")[2]
        return [(str(told.get("leadType") or SPONSORED), lead)] if lead else []

    def challenge(self, query: Mapping[str, str]) -> str:
        """The JSON to answer LinkedIn's request with by which it sees that the webhook is ours.

        Raises AuthError for a code that is no UUID: signing anything else would let a stranger have a body signed.
        """
        code = query.get("challengeCode", "")
        if not _CHALLENGE.fullmatch(code):
            raise AuthError("the challenge is none of LinkedIn's")
        return orjson.dumps(
            {"challengeCode": code, "challengeResponse": signature(self.secret, code.encode())}
        ).decode()


class LinkedInLeadSyncConnector:
    """One connection: the lead forms of one owner."""

    writes = None

    def __init__(self, config: LinkedInLeadSyncConfig, runtime: Runtime, tokens: TokenStore) -> None:
        self._config = config
        self._responses = Responses(
            runtime,
            config.base_url,
            _auth(config, runtime, tokens),
            version=config.version,
            owner=config.owner,
            page_size=config.page_size,
        )
        self.hooks = LinkedInHooks(plain(config.client_secret)) if config.client_secret else None

    def check(self) -> Account:
        """Whose leads are read, once one of their lists was seen. Raises AuthError or ForbiddenError."""
        self._responses.first(self._config.kinds[0])
        kind, number = self._config.owner
        return Account(f"{kind}:{number}", f"{'ad account' if self._config.ad_account else kind} {number}")

    def streams(self) -> Sequence[Stream]:
        """What can be read."""
        leads = Stream(
            name="leads",
            rules=mapping.RULES,
            read=self._responses.read,
            describe=lambda: mapping.SCHEMA,
            slices=lambda: [Slice(kind, kind.replace("_", " ").lower()) for kind in self._config.kinds],
            window=self._responses.window,
            get=self._responses.get,
            deletes=Deletes.EXPIRY,
        )
        return [leads]


def _auth(config: LinkedInLeadSyncConfig, runtime: Runtime, tokens: TokenStore) -> Auth:
    if config.access_token:
        return Bearer(plain(config.access_token))
    secret = plain(config.client_secret)
    app = App(config.client_id, config.token_url, client_secret=secret, scopes=(SCOPE,), basic=False)
    return RefreshingToken(runtime, tokens, TokenEndpoint(runtime, app).refresh_given(plain(config.refresh_token)))


VENDOR = Vendor(
    name="linkedin_lead_sync",
    title="LinkedIn Lead Sync",
    config=LinkedInLeadSyncConfig,
    build=LinkedInLeadSyncConnector,
    streams=("leads",),
)
