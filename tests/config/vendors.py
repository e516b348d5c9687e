"""Two made-up connectors' settings, and the doors through which the tests look at a file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from config.loader import loads
from config.settings import Settings
from mapping.errors import ConfigError, Problem

FILE = Path("/srv/acme/concord.yaml")

EXAMPLE = """\
hub: {name: Acme, default_country: GB, database: sqlite:///concord.db}
connections:
  shop:
    connector: shopify
    config: {shop: acme.myshopify.com, access_token: !secret shop_token}
    schedule: every 10 minutes          # or a cron line; jitter and no overlap by default
    streams: {customers: {}, orders: {since: 2024-01-01}}
  crm:
    connector: hubspot
    config: {access_token: !env HUBSPOT_TOKEN}
    push: {contacts: {mode: upsert, approve: true, match_on: email, fields: {lifetime_value: traits.lifetime_value}},
      timeline: {kinds: [email, meeting, order]}}
identity: {merge_above: 0.95, review_above: 0.50}
golden: {phone: {prefer: [crm, shop]}, default: {newest: true}}
privacy: {internal: [acme.com], never_log: ["*@bank.example"]}
"""


class Retry(BaseModel):
    """A block inside a connector's settings."""

    model_config = ConfigDict(extra="forbid")

    attempts: int = 3
    client_secret: SecretStr | None = None


class ShopifyConfig(BaseModel):
    """Settings with a secret, limits, choices, a block and validators that repeat what they were given."""

    model_config = ConfigDict(extra="forbid")

    shop: str = Field(description="The shop's host name.")
    access_token: SecretStr
    page_size: Annotated[int, Field(ge=1, le=250, description="Records a request.")] = 100
    region: Literal["eu", "us"] = "eu"
    retry: Retry = Retry()
    folders: list[str] | str = ""
    address: str = Field("https://a.example", pattern=r"^https?://[^\s/?#@]+(/[^\s?#]*)?$")
    proxy: str = ""

    @field_validator("shop")
    @classmethod
    def _host(cls, value: str) -> str:
        if "." not in value:
            raise ValueError(f"{value!r} is no host name")
        return value

    @model_validator(mode="after")
    def _token(self) -> ShopifyConfig:
        if self.access_token.get_secret_value().startswith("public"):
            raise ValueError(f"{self.access_token.get_secret_value()} is a public token")
        return self


class HubspotConfig(BaseModel):
    """Settings with nothing but a secret."""

    model_config = ConfigDict(extra="forbid")

    access_token: SecretStr


CATALOGUE: Mapping[str, type[BaseModel]] = {"shopify": ShopifyConfig, "hubspot": HubspotConfig}
VAULT = {"shop_token": "shpat_1234567890"}
ENVIRON = {"HUBSPOT_TOKEN": "pat-eu1-abcdef"}


def settings(text: str = EXAMPLE) -> Settings:
    """The settings of a text whose references all have values."""
    return loads(text, FILE, CATALOGUE, VAULT.get, environ=ENVIRON)


def problems(text: str) -> tuple[Problem, ...]:
    """The problems of a text, none if it is fine."""
    try:
        settings(text)
    except ConfigError as error:
        return error.problems
    return ()


def one_problem(text: str) -> Problem:
    """The only problem of a text."""
    found = problems(text)
    assert len(found) == 1, [str(problem) for problem in found]
    return found[0]


def shop(config: str, more: str = "") -> str:
    """A file with one shop, whose ``config`` begins in line 5."""
    return f"hub: {{name: Acme}}\nconnections:\n  shop:\n    connector: shopify\n    config: {config}\n{more}"
