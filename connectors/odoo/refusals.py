"""Odoo's refusals: what they mean for the engine, told without the values they quote.

Both dialects carry the same serialised exception, ``{name, message, arguments, context, debug}``: JSON-2 as the body of
a 4xx or 5xx (external API reference, "Response"), JSON-RPC as ``error.data`` of an answer with status 200
(``JsonRPCDispatcher.handle_error``). Messages quote what was sent, so only the exception's name is passed on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import httpx
import orjson

from connectors.core import answers
from mapping.errors import (
    AuthError,
    ConcordError,
    ContractError,
    ForbiddenError,
    RateLimitedError,
    TransientError,
)

BY_NAME: dict[str, type[ConcordError]] = {
    "AccessDenied": AuthError,
    "Unauthorized": AuthError,
    "SessionExpiredException": AuthError,
    "AccessError": ForbiddenError,
    "Forbidden": ForbiddenError,
    "TooManyRequests": RateLimitedError,
    # The rest passes: a row that went or was locked while it was read, a database that was busy or restarted.
    "MissingError": TransientError,
    "LockError": TransientError,
    "ConcurrencyError": TransientError,
    "OperationalError": TransientError,
    "InterfaceError": TransientError,
    "PoolError": TransientError,
    "SerializationFailure": TransientError,
    "DeadlockDetected": TransientError,
    "LockNotAvailable": TransientError,
    "QueryCanceled": TransientError,
    "AdminShutdown": TransientError,
}
MODEL_UNKNOWN = frozenset({"UserError", "KeyError", "NotFound"})
"""How the releases say that no installed app brings a model: 15 and later, before, and JSON-2."""
_NAME = re.compile(r"[\w.]{1,120}")


def refusal(told: Any, where: str, model: str = "", database: str = "") -> ConcordError:
    """The error that a serialised exception stands for; ``where`` names the call, such as ``res.partner.search``."""
    said = told if isinstance(told, Mapping) else {}
    full = str(said.get("name") or "")
    name = (full if _NAME.fullmatch(full) else "an error without a name").rpartition(".")[2]
    message = str(said.get("message") or "")
    if name in MODEL_UNKNOWN and model and model in message:
        return ForbiddenError(f"{where}: Odoo has no {model} here: its app is not installed")
    if name == "OperationalError" and "does not exist" in message:
        return AuthError(f"{where}: the server has no database {database!r}")
    problem = f"{where}: Odoo refused with {name}"
    return BY_NAME.get(name, ContractError)(problem)


def classify(response: httpx.Response) -> ConcordError | None:
    """The error that an answer of JSON-2 stands for, or None."""
    usual = answers.classify(response)
    if usual is None:
        return None
    told, where = _told(response), answers.describe(response)
    if told is None:
        # Without a database (or with one of another name), or before release 19, nothing answers at this path.
        absent = response.status_code == 404
        return AuthError(f"{where}: no such database there, or an Odoo before 19") if absent else usual
    model = response.request.url.path.rpartition("/json/2/")[2].partition("/")[0]
    found = refusal(told, where, model)
    # An exception that says nothing special (a UserError, a ValueError) is no reason to believe that it will pass.
    return found if type(found) is not ContractError or response.status_code not in (429, 502, 503, 504) else usual


def _told(response: httpx.Response) -> Mapping[str, Any] | None:
    try:
        body = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        return None
    return body if isinstance(body, dict) and body.get("name") else None
