"""Tryton, the ERP: parties, sales, invoices and payments read over JSON-RPC, of 7.0 LTS and 8.2."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import cached_property
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from connectors.core.http import ADDRESS
from connectors.core.protocols import Runtime, Stream, TokenStore, Vendor
from connectors.tryton import parties
from connectors.tryton.api import Api
from connectors.tryton.models import MODELS, PARTIES, Model
from connectors.tryton.parties import Telling
from connectors.tryton.reads import Reader
from mapping.contract import Account, Deletes
from mapping.errors import ForbiddenError

PAGE = 200
MOST_OURS = 100_000
"""Employees of a company that are known; more than any has."""


class TrytonConfig(BaseModel):
    """How a connection logs in to Tryton, and how it reads."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = Field(pattern=ADDRESS, description="Address of the server.")
    database: str = Field(min_length=1, description="Name of the database.")
    user: str = Field(min_length=1, description="Login name of a user that may read what shall be read.")
    password: SecretStr = Field(description="The user's password.")
    page_size: int = Field(PAGE, ge=1, le=1000, description="Records asked for at a time.")
    lookback_minutes: float = Field(
        5, ge=0, description="How far an increment looks back for transactions that committed late."
    )
    unclear_parties: Literal["person", "organization"] = Field(
        "person", description="What a party is taken for when nothing tells."
    )
    person_categories: tuple[str, ...] = Field((), description="Categories whose parties are people.")
    organization_categories: tuple[str, ...] = Field((), description="Categories whose parties are organizations.")
    employment_relations: tuple[str, ...] = Field(
        ("Employee of", "Works for"), description="Types of relation that lead from a person to the employer."
    )


class TrytonConnector:
    """One connection to a database. It is read from only."""

    writes = None
    hooks = None

    def __init__(self, config: TrytonConfig, runtime: Runtime, tokens: TokenStore) -> None:
        self._config = config
        secret = config.password.get_secret_value()
        self._api = Api(runtime, tokens, config.url, config.database, config.user, secret)
        self._absent: frozenset[str] = frozenset()

    def check(self) -> Account:
        """The database and the user, with a word on modules that are not activated; their streams are left out from
        then on. Raises AuthError, ConfigError where there is no such database."""
        account = self._api.account([model.name for model in MODELS])
        self._absent = frozenset(model.name for model in MODELS) - self._api.models
        return account

    def streams(self) -> Sequence[Stream]:
        """What can be read; before ``check``, all that Tryton could have."""
        return [self._stream(model) for model in MODELS if model.name not in self._absent]

    def _stream(self, model: Model) -> Stream:
        lookback = timedelta(minutes=self._config.lookback_minutes)
        complete = self._told if model is PARTIES else dict[str, Any]
        reader = Reader(self._api, model, lookback, self._config.page_size, complete)
        return Stream(
            name=model.stream,
            rules=model.rules,
            read=reader.read,
            describe=reader.describe,
            window=reader.window,
            ids=reader.ids,
            get=reader.get,
            deletes=Deletes.SWEEP,
            parents=model.parents,
        )

    def _told(self, body: dict[str, Any]) -> Mapping[str, Any]:
        """A party with what Tryton does not say of it: ``_sort``, ``_employer``, and ``_ours`` for our own companies
        and employees."""
        told = {
            "_sort": parties.sort(body, self._telling, self._employees),
            "_employer": parties.employer(body, self._telling),
            "_ours": body.get("id") in self._ours,
        }
        return body | {name: value for name, value in told.items() if value}

    @cached_property
    def _telling(self) -> Telling:
        config = self._config
        return Telling(
            employment=_folded(config.employment_relations),
            persons=_folded(config.person_categories),
            organizations=_folded(config.organization_categories),
            otherwise=config.unclear_parties,
        )

    @cached_property
    def _employees(self) -> frozenset[int]:
        return self._parties_of("company.employee")

    @cached_property
    def _ours(self) -> frozenset[int]:
        return self._employees | self._parties_of("company.company")

    def _parties_of(self, model: str) -> frozenset[int]:
        """The parties that records of the model stand for; none where the module is absent or may not be read."""
        if model not in self._api.models:
            return frozenset()
        try:
            return frozenset(row["party"] for row in self._api.page(model, [], MOST_OURS, ["party"]))
        except ForbiddenError:
            return frozenset()


def _folded(texts: Sequence[str]) -> frozenset[str]:
    return frozenset(text.strip().casefold() for text in texts)


def build(config: TrytonConfig, runtime: Runtime, tokens: TokenStore) -> TrytonConnector:
    """The connector of one connection."""
    return TrytonConnector(config, runtime, tokens)


VENDOR = Vendor(
    name="tryton",
    title="Tryton",
    config=TrytonConfig,
    build=build,
    streams=tuple(model.stream for model in MODELS),
)
