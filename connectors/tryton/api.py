"""Tryton's JSON-RPC: where it is found, how it is asked, and what its answers hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from urllib.parse import quote

import httpx

from connectors.core.http import Http
from connectors.core.protocols import Runtime, TokenStore
from connectors.core.vendor_clock import VendorClock
from connectors.tryton import refusals
from connectors.tryton.login import Session
from connectors.tryton.refusals import UserRefusalError
from connectors.tryton.wire import Json, decode
from mapping.contract import Account
from mapping.errors import ConcordError, ConfigError, ContractError, ForbiddenError, TransientError, UnknownOutcomeError

Domain = Sequence[Any]
BY_ID = [["id", "ASC"]]


@dataclass(frozen=True, slots=True)
class _Door:
    """Where a release takes calls: of the server at ``root``, of the database at ``path``; ``/<db>/``, from 8.2 on
    ``/<db>/rpc/`` (trytond/protocols/dispatcher.py)."""

    version: str
    root: str
    path: str


class Api:
    """One database of one Tryton server, as one user. Every method raises the errors of ``Http`` and of refusals.py.

    Inactive records are part of every answer unless a domain says otherwise, for Tryton hides them by default.
    """

    def __init__(self, runtime: Runtime, tokens: TokenStore, url: str, database: str, user: str, password: str) -> None:
        self._database, self._user = database, user
        self._clock = VendorClock(runtime)
        self._host = httpx.URL(url).netloc.decode("ascii", "replace")
        base = url.rstrip("/")
        self._open = Http(runtime, base, classify=refusals.classify)
        self._door = Http(runtime, base, classify=refusals.classify_login)
        place = f"{base}/{database}"
        session = Session(runtime, tokens, self._log_in, place, user, password)
        self._http = Http(runtime, base, auth=session, classify=self._classify)
        self._fields: dict[str, Mapping[str, Json]] = {}

    def now(self) -> datetime:
        """The server's present, by the ``Date`` of its last answer; ours before the first."""
        return self._clock.now()

    def account(self, wanted: Sequence[str]) -> Account:
        """Who we are there, with a word on the modules that are missing of those that bring the models ``wanted``."""
        absent = [refusals.MODULES[model] for model in wanted if model not in self.models]
        name = f"{self._database} at {self._host} (Tryton {self.version}) as {self._user}"
        return Account(
            id=f"{self._host}/{self._database}",
            name=name + (f"; modules not activated: {', '.join(absent)}" if absent else ""),
        )

    @cached_property
    def version(self) -> str:
        """The release, such as ``7.0.59`` or, from 8.2 on, the series alone."""
        return self._door_at.version

    @cached_property
    def context(self) -> Json:
        """The user's preferences that every call carries, as the official clients do: company, language, groups."""
        preferences = self._call("model.res.user.get_preferences", [True, {}])
        if not isinstance(preferences, dict):
            raise ContractError("Tryton gave no preferences of the user")
        return {**preferences, "active_test": False}

    @cached_property
    def models(self) -> frozenset[str]:
        """The names of the models that the activated modules bring."""
        return frozenset(str(each) for each in self._rows(self._call("model.ir.model.list_models", [self.context])))

    def fields(self, model: str) -> Mapping[str, Json]:
        """The definitions of the model's fields, those alone that the user may read."""
        if model not in self._fields:
            found = self.ask(model, "fields_get", [])
            if not isinstance(found, dict):
                raise ContractError(f"Tryton gave no definitions of the fields of {model}")
            self._fields[model] = found
        return self._fields[model]

    def page(self, model: str, domain: Domain, limit: int, names: Sequence[str]) -> Sequence[Json]:
        """The first records of the domain by ascending id."""
        return self._rows(self.ask(model, "search_read", [domain, 0, limit, BY_ID, [*names]]))

    def search(self, model: str, domain: Domain, limit: int) -> Sequence[int]:
        """The first ids of the domain in ascending order."""
        return self._rows(self.ask(model, "search", [domain, 0, limit, BY_ID]))

    def count(self, model: str, domain: Domain) -> int:
        """How many records the domain has."""
        found = self.ask(model, "search_count", [domain])
        if not isinstance(found, int):
            raise ContractError(f"Tryton gave no count of {model}")
        return found

    def ask(self, model: str, method: str, arguments: Sequence[Any]) -> Any:
        """The decoded answer of a model's method. Raises ForbiddenError where the user may not read the model."""
        try:
            return self._call(f"model.{model}.{method}", [*arguments, self.context], model)
        except UserRefusalError:
            if self._may_read(model):
                raise
        raise ForbiddenError(f"the user {self._user} may not read {model}: it needs a group with that right")

    def _may_read(self, model: str) -> bool:
        rights = self._call("model.ir.model.access.get_access", [[model], self.context])
        return bool(rights.get(model, {}).get("read")) if isinstance(rights, dict) else False

    def _call(self, method: str, params: Sequence[Any], model: str = "") -> Any:
        return self._post(self._http, self._door_at.path, method, params, model)

    def _log_in(self, params: list[Any]) -> Any:
        self._must_exist()
        return self._post(self._door, self._door_at.path, "common.db.login", params)

    def _must_exist(self) -> None:
        """Raises ConfigError where the server lists its databases and ours is not among them: asked to log in to one
        that is not there, releases answer with 200, 404 or 503."""
        door = self._door_at
        try:
            names = self._post(self._open, door.root, "common.db.list", [])
        except ConcordError:
            return  # most public servers do not list them, which is no reason not to log in
        if isinstance(names, list) and self._database not in names:
            raise ConfigError(f"there is no database {self._database!r} at {self._host} (Tryton {door.version})")

    @cached_property
    def _door_at(self) -> _Door:
        """Asked for at the old place first: there 8.2 answers 405, whereas 7.0 takes ``/rpc/`` for a database."""
        here = quote(self._database, safe="")
        problem: ConcordError = ContractError("the server names no version of Tryton")
        for root, path in (("/", f"/{here}/"), ("/rpc/", f"/{here}/rpc/")):
            try:
                version = self._post(self._open, root, "common.server.version", [])
            except ContractError as error:
                problem = error
            else:
                if isinstance(version, str):
                    return _Door(version, root, path)
        raise problem

    def _post(self, http: Http, path: str, method: str, params: Sequence[Any], model: str = "") -> Any:
        wanted = {"id": 0, "method": method, "params": params}
        try:
            # Nothing that is asked here changes anything, so a lost answer may be asked for again.
            body = http.json("POST", path, json=wanted, repeatable=True)
        except UnknownOutcomeError as lost:
            problem = str(lost)
        else:
            return self._result(body, method, model)
        raise TransientError(problem)

    def _result(self, body: Any, method: str, model: str) -> Any:
        if not isinstance(body, dict) or not body.keys() & {"result", "error"}:
            raise ContractError(f"Tryton answered {method} with neither a result nor an error")
        if "error" not in body:
            return decode(body["result"])
        raise refusals.refusal(body["error"], model)

    def _classify(self, response: httpx.Response) -> ConcordError | None:
        """Every answer also tells the server's time, against which its timestamps have to be read."""
        self._clock.hear(response)
        return refusals.classify(response)

    def _rows(self, answer: Any) -> Sequence[Any]:
        if not isinstance(answer, list):
            raise ContractError("Tryton answered with something that is no list")
        return answer
