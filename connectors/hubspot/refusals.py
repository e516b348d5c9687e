"""HubSpot's error bodies: what they mean for the engine, told without the values they quote.

The body is ``{status, category, message, correlationId, errors[{code, context}]}`` (OpenAPI documents); every part but
the category may be missing (error-handling page, read 2026-11-23). Messages quote what was sent, so none is passed on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import httpx
import orjson

from connectors.core import answers
from mapping.errors import ConcordError, ContractError, ForbiddenError, RateLimitedError, TransientError

BUSY = frozenset({423, 477})
"""Locked by a bulk job, and an account that is being moved to another data centre; both ask for a later try."""
DAILY_WAIT = 3600.0
REFUSED = frozenset({400, 404, 409, 413, 414, 415, 422})
_EMBEDDED = re.compile(r'"error"\s*:\s*"(\w+)"[^}]*?"name"\s*:\s*"(\w+)"')
_EXISTING = re.compile(r"Existing ID: (\d+)")
_CODE = re.compile(r"[\w.-]{1,80}")


class RefusedError(ContractError):
    """HubSpot refused a request for what is in it; a batch is split, anything else stops the stream.

    ``reason`` names codes and properties, ``existing`` the record that is in the way of a create, if one was named.
    """

    def __init__(self, message: str, reason: str, existing: str = "") -> None:
        super().__init__(message)
        self.reason = reason
        self.existing = existing


def classify(response: httpx.Response) -> ConcordError | None:
    """The error an answer stands for, or None; HubSpot's categories refine what the status says."""
    status, usual = response.status_code, answers.classify(response)
    if usual is None:
        return None
    body = _object(response)
    said = f"{answers.describe(response)}: {reason(body)}"
    if status in REFUSED:
        return RefusedError(said, reason(body), existing(body))
    if status == 403:
        return ForbiddenError(f"{said}{_scopes(body)}")
    if status == 429 and body.get("policyName") == "DAILY":
        # The day's quota is spent and no Retry-After says when it comes back: ask again in an hour, not in a second.
        return RateLimitedError(said, retry_after=DAILY_WAIT)
    if status in BUSY:
        return TransientError(said)
    return usual


def reason(body: Mapping[str, Any]) -> str:
    """What was wrong as codes and property names: ``VALIDATION_ERROR (INVALID_EMAIL: email)``."""
    category = _code(body.get("category")) or "no category"
    found = dict.fromkeys(f"{code}: {name}" if name else code for code, name in _problems(body))
    return f"{category} ({', '.join(found)})" if found else category


def existing(body: Mapping[str, Any]) -> str:
    """The id of the record that already holds a unique value, '' where the message names none."""
    found = _EXISTING.search(str(body.get("message") or ""))
    return found[1] if found else ""


def _problems(body: Mapping[str, Any]) -> list[tuple[str, str]]:
    details = [each for each in body.get("errors") or () if isinstance(each, Mapping)]
    found = []
    for each in details:
        context = each.get("context")
        named = (context.get("propertyName") or context.get("name") or [""]) if isinstance(context, Mapping) else [""]
        name = _code(named[0] if isinstance(named, list) else named) or _code(each.get("in"))
        code = _code(each.get("code")) or _code(each.get("subCategory"))
        if code or name:
            found.append((code or "INVALID", name))
    return found or _EMBEDDED.findall(str(body.get("message") or ""))


def _scopes(body: Mapping[str, Any]) -> str:
    contexts = [
        body.get("context"),
        *(each.get("context") for each in body.get("errors") or () if isinstance(each, Mapping)),
    ]
    for context in contexts:
        if isinstance(context, Mapping):
            for key in ("requiredGranularScopes", "requiredScopes", "missingScopes"):
                named = [_code(each) for each in context.get(key) or () if _code(each)]
                if named:
                    return f"; it needs the scope {' or '.join(named)}"
    return ""


def _code(value: Any) -> str:
    return value if isinstance(value, str) and _CODE.fullmatch(value) else ""


def _object(response: httpx.Response) -> Mapping[str, Any]:
    try:
        body = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        return {}
    return body if isinstance(body, dict) else {}
