"""Meta Lead Ads: the leads of Facebook's and Instagram's forms, and what the campaigns cost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from connectors.core.auth import plain
from connectors.core.http import Http
from connectors.core.protocols import Runtime, Stream, TokenStore, Vendor
from connectors.core.streams import sliced
from connectors.meta_lead_ads import mapping
from connectors.meta_lead_ads.graph import Graph, RefusedError, Usage, classify, need, proof, rows
from connectors.meta_lead_ads.hooks import MetaHooks
from connectors.meta_lead_ads.mapping import Form
from connectors.meta_lead_ads.reads import Figures, Leads
from mapping.contract import Account, Deletes, Slice
from mapping.errors import ConfigError, ForbiddenError, GoneError

LISTED = 100
"""Pages and forms asked for at a time."""


class MetaLeadAdsConfig(BaseModel):
    """How a connection logs in to Meta, and what it reads."""

    # Ids are numbers, and written as such in YAML more often than not.
    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)

    access_token: SecretStr = Field(description="Token of a system user, a person or a page.")
    app_secret: SecretStr | None = Field(None, description="The app's secret: signs our calls and checks Meta's.")
    verify_token: SecretStr | None = Field(None, description="The word that you give Meta for the webhook.")
    pages: tuple[str, ...] = Field((), description="Ids of the pages to read; without any, all that the token may.")
    forms: tuple[str, ...] = Field((), description="Forms to read, by id or name; without any, all.")
    ad_accounts: tuple[str, ...] = Field((), description="Ad accounts whose campaigns' cost is read, by id.")
    cost_days: int = Field(90, ge=1, le=1100, description="How many days back the cost is read at first.")
    lookback_minutes: int = Field(10, ge=0, description="How late a lead may show up and still be met.")
    kept_days: int = Field(90, ge=1, description="How many days Meta hands a lead out.")
    page_size: int = Field(100, ge=1, le=500, description="Leads, or campaigns' days, asked for at a time.")
    api_version: str = Field("v26.0", pattern=r"^v\d+\.\d+$", description="Version of the Graph API.")
    base_url: str = Field("https://graph.facebook.com", description="Address of the API.")

    @field_validator("ad_accounts")
    @classmethod
    def _prefixed(cls, accounts: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(f"act_{each.removeprefix('act_')}" for each in accounts)


class MetaLeadAdsConnector:
    """One connection: the pages and ad accounts that a token may read."""

    writes = None

    def __init__(self, config: MetaLeadAdsConfig, runtime: Runtime, tokens: TokenStore) -> None:
        self._config, self._runtime = config, runtime
        self._secret = plain(config.app_secret)
        self._http = Http(runtime, config.base_url, classify=classify, budget=Usage())
        self._own = self._graph(plain(config.access_token))
        self._pages: dict[str, Graph] = {}
        self._forms: dict[str, Form] = {}
        self._closed: dict[str, ForbiddenError] = {}
        self._listed: Sequence[Slice] = ()
        self.hooks = MetaHooks(self._secret, plain(config.verify_token)) if self._secret else None

    def check(self) -> Account:
        """Whose token it is: a system user, a person or a page.

        Raises AuthError or ForbiddenError, and ConfigError where a page, form or ad account that is named is not there.
        """
        me = self._own.get("me", {"fields": "id,name"})
        if self._config.pages or self._config.forms:
            self._listed = self._list()
        for account in self._config.ad_accounts:
            try:
                self._own.get(account, {"fields": "id"})
            except (GoneError, RefusedError):
                raise ConfigError(f"there is no ad account {account!r} that the token may read") from None
        return Account(need(me, "id"), str(me.get("name") or ""))

    def streams(self) -> Sequence[Stream]:
        """What can be read: leads, and the cost of campaigns where ad accounts are named."""
        leads = sliced("leads", mapping.LEADS, mapping.LEAD_SCHEMA, self._slices, self._leads, Deletes.EXPIRY)
        campaigns = Stream(
            name="campaigns",
            rules=mapping.CAMPAIGNS,
            read=lambda slice_, cursor: self._figures(slice_).read(cursor),
            describe=lambda: mapping.CAMPAIGN_SCHEMA,
            slices=lambda: [Slice(account, account) for account in self._config.ad_accounts],
            window=lambda slice_, start, end, cursor: self._figures(slice_).window(start, end, cursor),
            deletes=Deletes.EXPIRY,
        )
        return [leads, campaigns] if self._config.ad_accounts else [leads]

    def _slices(self) -> Sequence[Slice]:
        """What the check has just found, once, so that a sync does not ask for it twice; else what there is now."""
        listed, self._listed = self._listed or self._list(), ()
        return listed

    def _list(self) -> Sequence[Slice]:
        """Each form that may hold leads. A page whose forms are closed to us stands here itself, so that reading it
        says so and the others are read all the same."""
        self._pages, self._forms, self._closed = dict(self._find_pages()), {}, {}
        slices = list[Slice]()
        for page, graph in self._pages.items():
            try:
                forms = list(self._find_forms(page, graph))
            except ForbiddenError as error:
                self._closed[page] = error
                slices.append(Slice(page, page))
                continue
            self._forms.update((form.id, form) for form in forms)
            slices += [Slice(form.id, form.name) for form in forms]
        known = {name for form in self._forms.values() for name in (form.id, form.name)}
        missing = [name for name in self._config.forms if name not in known]
        if missing and not self._closed:
            raise ConfigError(f"there is no form {missing[0]!r} on the pages that are read")
        return slices

    def _find_pages(self) -> Iterator[tuple[str, Graph]]:
        """Each page and the API as its own token sees it: forms are told to pages only."""
        asked = {"fields": "id,access_token"}
        for page in self._config.pages:
            try:
                yield page, self._graph(need(self._own.get(page, asked), "access_token"))
            except GoneError:
                raise ConfigError(f"there is no page {page!r} that the token may read") from None
        if self._config.pages:
            return
        try:
            for leaf in self._own.pages("me/accounts", asked, LISTED):
                for found in rows(leaf.page):
                    yield need(found, "id"), self._graph(need(found, "access_token"))
        except RefusedError:
            # Only people and system users have pages; the token is a page's own.
            yield need(self._own.get("me", {"fields": "id"}), "id"), self._own

    def _find_forms(self, page: str, graph: Graph) -> Iterator[Form]:
        for leaf in graph.pages(f"{page}/leadgen_forms", {"fields": mapping.FORM_FIELDS}, LISTED):
            for found in rows(leaf.page):
                form = Form.of({**found, "id": need(found, "id")}, page)
                if found.get("status") != "DRAFT" and (
                    not self._config.forms or {form.id, form.name} & {*self._config.forms}
                ):
                    yield form

    def _leads(self, slice_: Slice) -> Leads:
        if slice_.key not in self._forms and slice_.key not in self._closed:
            self._list()
        if slice_.key in self._closed:
            raise self._closed[slice_.key]
        if slice_.key not in self._forms:
            raise GoneError("the form is no longer there, or is not to be read")
        form = self._forms[slice_.key]
        config, kept = self._config, timedelta(days=self._config.kept_days)
        graph, lookback = self._pages[form.page], config.lookback_minutes * 60
        return Leads(graph, form, self._runtime, config.page_size, lookback, kept)

    def _figures(self, slice_: Slice) -> Figures:
        return Figures(self._own, slice_.key, self._runtime, self._config.page_size, self._config.cost_days)

    def _graph(self, token: str) -> Graph:
        token = token.strip()
        return Graph(self._http, self._config.api_version, token, proof(token, self._secret))


VENDOR = Vendor(
    name="meta_lead_ads",
    title="Meta Lead Ads",
    config=MetaLeadAdsConfig,
    build=MetaLeadAdsConnector,
    streams=("leads", "campaigns"),
)
