"""The HTTP doors of a database in memory: a stand-in for Odoo, for demos and tests.

Two dialects lead to the same records: JSON-RPC at ``/jsonrpc`` (all releases here) and JSON-2 at ``/json/2`` (from 19).
Paths, envelopes and errors follow Odoo's sources; see this folder's README.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

from connectors.core.exchange import Reply, Request, Route
from connectors.core.protocols import utc_now
from connectors.core.sandbox import SandboxServer
from connectors.odoo import database_methods, sandbox_page
from connectors.odoo.database import ADMIN, Database
from connectors.odoo.database_errors import OdooError, access_denied, http_error, user_error
from connectors.odoo.database_methods import Records
from connectors.odoo.database_models import MODULES

JSON2_SINCE = 19
CODE_ZERO_SINCE = 19
NOT_FOUND = "<!doctype html><html lang=en><title>404 Not Found</title><h1>Not Found</h1></html>"

__all__ = ["Database", "OdooSandbox", "serve"]


class OdooSandbox(SandboxServer):
    """The server over a database. ``user`` may log in with ``password`` or ``api_key``; JSON-2 takes the key only.

    ``deprecated_services`` False shuts ``/jsonrpc`` for everything but the version, as later releases do.
    """

    def __init__(
        self,
        database: Database | None = None,
        *,
        port: int = 0,
        user: str = "admin",
        password: str = "sandbox-password",  # noqa: S107 - lets clients into the stand-in, and nowhere else
        api_key: str = "sandbox-key",
        deprecated_services: bool = True,
        keep: int = 0,
    ) -> None:
        self.database = database or Database()
        self.user = user
        self.password = password
        self.api_key = api_key
        self._deprecated_services = deprecated_services
        super().__init__(self._table(), port=port, not_found=Reply(404, NOT_FOUND), keep=keep)

    @property
    def settings(self) -> Mapping[str, str]:
        """Where the database is, and a login that it knows."""
        return {"url": self.url, "database": self.database.name, "user": self.user, "api_key": self.api_key}

    def _table(self) -> list[Route]:
        table = [
            Route("GET", "/", lambda _: Reply(200, sandbox_page.render(self.database))),
            Route("POST", "/jsonrpc", self._rpc),
            Route("POST", "/web/webclient/version_info", lambda request: self._enveloped(request, self._version)),
        ]
        if self.database.version >= JSON2_SINCE:
            table += [
                Route("GET", "/web/version", self._web_version),
                Route("GET", "/doc-bearer/{document}", self._doc),
                Route("POST", "/json/2/{model}/{method}", self._json2),
            ]
        return table

    def _version(self) -> dict[str, Any]:
        major = self.database.version
        return {
            "server_version": f"{major}.0",
            "server_version_info": [major, 0, 0, "final", 0, ""],
            "server_serie": f"{major}.0",
            "protocol_version": 1,
        }

    def _web_version(self, _: Request) -> Reply:
        said = self._version()
        return Reply(200, {"version_info": said["server_version_info"], "version": said["server_version"]})

    def _rpc(self, request: Request) -> Reply:
        def act() -> Any:
            asked = request.json()["params"]
            return self._service(asked["service"], asked["method"], asked["args"])

        return self._enveloped(request, act)

    def _enveloped(self, request: Request, act: Callable[[], Any]) -> Reply:
        """The result of a JSON-RPC call, or its error: both in an answer with status 200 (``JsonRPCDispatcher``)."""
        try:
            number = request.json().get("id")
        except (ValueError, AttributeError):
            return Reply(400, "Invalid JSON-RPC data")
        body: dict[str, Any] = {"jsonrpc": "2.0", "id": number}
        try:
            body["result"] = act()
        except OdooError as refusal:
            code = 0 if self.database.version >= CODE_ZERO_SINCE else 200
            missing = refusal.name.endswith("NotFound")
            message = "404: Not Found" if missing else "Odoo Server Error"
            body["error"] = {"code": 404 if missing else code, "message": message, "data": refusal.told()}
        except (KeyError, TypeError, ValueError) as wrong:
            told = OdooError(f"builtins.{type(wrong).__name__}", str(wrong)).told()
            body["error"] = {"code": 200, "message": "Odoo Server Error", "data": told}
        return Reply(200, body)

    def _service(self, service: str, method: str, args: list[Any]) -> Any:
        if (service, method) == ("common", "version"):
            return self._version()
        if not self._deprecated_services:
            raise http_error("NotFound", "The requested URL was not found on the server.", 404)
        if service == "common" and method in ("login", "authenticate"):
            self._known(args[0])
            return ADMIN if self._admits(args[1], args[2]) else False
        if service == "db" and method == "list":
            return [self.database.name]
        if service == "object" and method in ("execute", "execute_kw"):
            database, user, secret, model, name, *rest = args
            self._known(database)
            if user != ADMIN or not self._admits(self.user, secret):
                raise access_denied()
            given, named = (rest[0], rest[1] if len(rest) > 1 else {}) if method == "execute_kw" else (rest, {})
            return self._execute(model, name, list(given), dict(named or {}))
        raise OdooError("builtins.KeyError", repr(service), arguments=(service,))

    def _known(self, database: str) -> None:
        if database != self.database.name:
            message = f'connection to server failed: FATAL:  database "{database}" does not exist\n'
            raise OdooError("psycopg2.OperationalError", message)

    def _admits(self, user: str, secret: str) -> bool:
        return user == self.user and secret in (self.password, self.api_key)

    def _execute(self, model: str, name: str, args: list[Any], named: dict[str, Any]) -> Any:
        """A call with the ids as the first argument, where the method takes any (``api.call_kw``)."""
        if not self.database.knows(model):
            raise user_error(f"Object {model} doesn't exist")
        context = named.pop("context", None) or {}
        ids: Any = [] if name in database_methods.API_MODEL or not args else args.pop(0)
        records = Records(self.database, model, [ids] if isinstance(ids, int) else ids, context)
        one = name == "create" and isinstance((args or list(named.values()))[0], Mapping)
        result = self._called(database_methods.method(records, model, name), args, named)
        return result[0] if one else result

    def _called(self, call: Callable[..., Any], args: list[Any], named: dict[str, Any]) -> Any:
        try:
            inspect.signature(call).bind(*args, **named)
        except TypeError as wrong:
            raise OdooError("builtins.TypeError", str(wrong)) from None
        return call(*args, **named)

    def _json2(self, request: Request) -> Reply:
        named = request.headers.get("x-odoo-database", self.database.name)
        if named != self.database.name:
            return Reply(404, NOT_FOUND)
        try:
            self._bear(request)
            return Reply(200, self._json2_called(request))
        except OdooError as refusal:
            headers = {"WWW-Authenticate": "bearer"} if refusal.status == 401 else {}
            return Reply(refusal.status, refusal.told(), headers)

    def _bear(self, request: Request) -> None:
        kind, _, key = request.headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or key.strip() != self.api_key:
            raise http_error("Unauthorized", "Invalid apikey", 401)

    def _json2_called(self, request: Request) -> Any:
        try:
            body = request.json()
        except ValueError as wrong:
            raise http_error("BadRequest", f"could not parse the body as json: {wrong}", 400) from None
        named = dict(body) if isinstance(body, dict) else {}
        ids, context = named.pop("ids", ()), named.pop("context", None) or {}
        model, name = request.params["model"], request.params["method"]
        if not self.database.knows(model):
            raise http_error("NotFound", f"the model {model!r} does not exist", 404)
        records = Records(self.database, model, ids, context)
        try:
            call = database_methods.method(records, model, name)
        except OdooError as refusal:
            if refusal.name.endswith("AttributeError"):
                raise http_error("NotFound", refusal.message, 404) from None
            raise
        if name in database_methods.API_MODEL and ids:
            raise http_error("UnprocessableEntity", f"cannot call {model}.{name} with ids", 422)
        try:
            inspect.signature(call).bind(**named)
        except TypeError as wrong:
            raise http_error("UnprocessableEntity", str(wrong), 422) from None
        return call(**named)

    def _doc(self, request: Request) -> Reply:
        try:
            self._bear(request)
        except OdooError as refusal:
            return Reply(refusal.status, refusal.told())
        model = request.params["document"].removesuffix(".json")
        return Reply(200, database_methods.described(model)) if self.database.knows(model) else Reply(404, NOT_FOUND)


def serve(port: int = 0, **options: Any) -> AbstractContextManager[OdooSandbox]:
    """A stand-in on a port of the loopback address (0: a free one) while the context lasts.

    ``options`` are those of OdooSandbox; ``version``, ``modules``, ``now`` and ``name`` go to its database.
    """
    now: Callable[[], datetime] = options.pop("now", utc_now)
    modules: Iterable[str] = options.pop("modules", MODULES)
    version, name = int(options.pop("version", 19)), str(options.pop("name", "acme"))
    database = options.pop("database", None) or Database(name=name, version=version, now=now, modules=modules)
    return OdooSandbox(database, port=port, **options)
