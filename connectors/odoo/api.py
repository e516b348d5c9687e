"""One way to call a model's methods, over the dialect that the server speaks.

JSON-2 came with release 19 (external API reference, read 2026-11-23). JSON-RPC is older and announced to go: the
notice in the sources of 19 says with release 20, later ones say 22.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from connectors.core.auth import Bearer
from connectors.core.http import Budget, Http
from connectors.core.protocols import Runtime
from connectors.odoo import refusals
from mapping.errors import AuthError, ConfigError, ContractError, GoneError, TransientError, UnknownOutcomeError

Json = Mapping[str, Any]
Domain = Sequence[Any]

JSON2_SINCE = 19
OLDEST = 14
"""The first release with ``account.move.move_type``."""
CONTEXT = {"lang": "en_US", "active_test": False}
"""Names in the one language that every database has, and archived records too: the domains say which are wanted."""
_DIGITS = re.compile(r"\d+")


class Dialect(Protocol):
    """A way to call a method of a model. Raises the errors of ``Http`` and of refusals.py; a lost answer is a
    TransientError, for nothing here writes."""

    def call(self, model: str, method: str, params: Json) -> Any:
        """What the method returns for named parameters."""
        ...

    def login(self) -> None:
        """Returns when the login is good."""
        ...


class JsonRpc:
    """``/jsonrpc``: every call carries database, user and password (or an API key in its place)."""

    def __init__(self, http: Http, database: str, user: str, secret: str) -> None:
        if not database or not user:
            raise ConfigError("Odoo before 19, or over JSON-RPC, needs database and user beside api_key")
        self._http, self._database, self._user, self._secret = http, database, user, secret
        self._uid = 0

    def login(self) -> None:
        """Finds out the user's id."""
        found = service(self._http, "common", "authenticate", [self._database, self._user, self._secret, {}])
        if not isinstance(found, int) or not found:
            raise AuthError(f"Odoo does not know the user and password in database {self._database!r}")
        self._uid = found

    def call(self, model: str, method: str, params: Json) -> Any:
        """By ``execute_kw``; errors come inside an answer with status 200."""
        if not self._uid:
            self.login()
        args = [self._database, self._uid, self._secret, model, method, [], {**params, "context": CONTEXT}]
        return service(self._http, "object", "execute_kw", args, model)


class Json2:
    """``/json/2/<model>/<method>`` with a bearer key."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def login(self) -> None:
        """Asks for something that every user may see."""
        self.call("res.users", "context_get", {})

    def call(self, model: str, method: str, params: Json) -> Any:
        """By one POST; errors have a status of their own."""
        return ask(self._http, "POST", f"/json/2/{model}/{method}", {**params, "context": CONTEXT})


class Api:
    """The server, whose release decides on the dialect with the first call."""

    def __init__(
        self, runtime: Runtime, url: str, *, database: str, user: str, secret: str, dialect: str, budget: Budget
    ) -> None:
        self.runtime = runtime
        self._url, self._database, self._user, self._secret = url.rstrip("/"), database, user, secret
        self._budget, self._wanted = budget, dialect
        self._open = Http(runtime, self._url, budget=budget)
        self._dialect: Dialect | None = None
        self._release = ""

    def release(self) -> str:
        """The server's release, such as ``18.0``. Raises ContractError where no Odoo answers, or one too old."""
        if not self._release:
            said = self._version()
            release, info = said.get("server_version") or said.get("version"), said.get("server_version_info")
            digits = _DIGITS.search(str((info or said.get("version_info") or [release])[0]))
            if not release or not digits:
                raise ContractError(f"{self._url} does not say which Odoo it is")
            if int(digits.group()) < OLDEST:
                raise ContractError(f"Odoo {release} is older than {OLDEST}, the oldest that can be read")
            self._release = str(release)
            self._dialect = self._chosen(int(digits.group()))
        return self._release

    def login(self) -> None:
        """Returns when the login is good. Raises AuthError."""
        self._speaker().login()

    def fields(self, model: str, attributes: Sequence[str]) -> Mapping[str, Json]:
        """The definitions of the fields that the user may reach."""
        found = self.call(model, "fields_get", {"attributes": list(attributes)})
        if not isinstance(found, dict):
            raise ContractError(f"{model}: fields_get gave no object")
        return found

    def rows(
        self, model: str, domain: Domain, fields: Sequence[str], limit: int | None = None, order: str = "id"
    ) -> Sequence[Json]:
        """The records that fit, archived ones too."""
        params = {"domain": list(domain), "fields": list(fields), "limit": limit, "order": order}
        found = self.call(model, "search_read", params)
        if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
            raise ContractError(f"{model}: search_read gave no list of records")
        return found

    def ids(self, model: str, domain: Domain, limit: int) -> Sequence[int]:
        """The ids that fit, in order."""
        found = self.call(model, "search", {"domain": list(domain), "limit": limit, "order": "id"})
        if not isinstance(found, list) or not all(isinstance(each, int) for each in found):
            raise ContractError(f"{model}: search gave no list of ids")
        return found

    def call(self, model: str, method: str, params: Json) -> Any:
        """What the method returns, over whatever dialect it is."""
        return self._speaker().call(model, method, params)

    def _speaker(self) -> Dialect:
        if self._dialect is None:
            self.release()
        assert self._dialect is not None
        return self._dialect

    def _chosen(self, major: int) -> Dialect:
        if self._wanted == "jsonrpc" or (self._wanted == "auto" and major < JSON2_SINCE):
            return JsonRpc(self._open, self._database, self._user, self._secret)
        headers = {"X-Odoo-Database": self._database} if self._database else {}
        auth = Bearer(self._secret)
        http = Http(
            self.runtime, self._url, budget=self._budget, auth=auth, classify=refusals.classify, headers=headers
        )
        return Json2(http)

    def _version(self) -> Json:
        """What the server says of itself: over JSON-RPC, and where that is gone at ``/web/version`` (since 19)."""
        try:
            said = service(self._open, "common", "version", [])
        except GoneError:
            said = ask(self._open, "GET", "/web/version")
        if not isinstance(said, dict):
            raise ContractError(f"{self._url} does not say which Odoo it is")
        return said


def service(http: Http, name: str, method: str, args: Sequence[Any], model: str = "") -> Any:
    """The result of a JSON-RPC call; an error inside the answer is raised, so it is never taken for data."""
    params = {"service": name, "method": method, "args": list(args)}
    body = ask(http, "POST", "/jsonrpc", {"jsonrpc": "2.0", "method": "call", "id": 1, "params": params})
    if not isinstance(body, dict) or not ("result" in body or "error" in body):
        raise ContractError("Odoo answered with something that is no JSON-RPC")
    error = body.get("error")
    if error is None:
        return body["result"]
    where = f"{model}.{args[4]}" if model else f"{name}.{method}"
    told = error.get("data") if isinstance(error, dict) else None
    raise refusals.refusal(told, f"POST /jsonrpc ({where})", model, str(args[0]) if args else "")


def ask(http: Http, method: str, path: str, body: Json | None = None) -> Any:
    """The answer to a question; asking twice does no harm, whatever the method."""
    try:
        return http.json(method, path, json=body, repeatable=True)
    except UnknownOutcomeError as lost:
        # A search is a POST, but no write: nothing has to be looked for before it is asked again.
        problem = str(lost)
    raise TransientError(problem)
