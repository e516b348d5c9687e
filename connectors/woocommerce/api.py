"""One WooCommerce shop by REST v3: its answers, the listing of rows, and what a refusal means.

"Introduction" and "Authentication" of the REST API reference (2024-03-15), and WooCommerce's own controllers
(``WC_REST_CRUD_Controller``, ``WC_REST_Authentication``), read 2026-11-29.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import httpx
import orjson

from connectors.core import answers
from connectors.core.by_id import Slip
from connectors.core.http import Http, Params
from connectors.core.vendor_clock import VendorClock
from mapping.errors import AuthError, ConcordError, ContractError

Json = Mapping[str, Any]

PLACE = "/wp-json/wc/v3"
_CODE = re.compile(r"[\w.-]{1,80}")
_STARTS = (b"[{", b"[]", b'{"')
ADVICE = {
    "rest_no_route": "WooCommerce is switched off there, or older than 3.5",
    "woocommerce_rest_cannot_view": "the key's user may not see this; where every request is refused although the key "
    "is right, the server drops the Authorization header: set login to signed",
    "woocommerce_rest_authentication_error": "the consumer key or secret is wrong, revoked, or may not read",
}


class Shop:
    """One shop. Every method raises the errors of ``Http``."""

    def __init__(self, http: Http, clock: VendorClock) -> None:
        self._http, self.clock = http, clock

    def rows(self, path: str, params: Params) -> Slip[Json]:
        """The rows of a listing as asked for, and how many the whole of it has. Raises ContractError for what is no
        listing of records with ids: a theme's page, say, or a notice of PHP before the JSON."""
        response = self._http.request("GET", PLACE + path, params=params, headers={"Accept": "application/json"})
        found, total = _parsed(response), response.headers.get("X-WP-Total", "")
        if not isinstance(found, list) or not all(isinstance(row, dict) and _number(row) for row in found):
            raise ContractError(f"{answers.describe(response)} with something that is no list of records with ids")
        if not total.isdigit():
            raise ContractError(f"{answers.describe(response)} without X-WP-Total: a proxy before the shop drops it")
        return Slip(found, int(total))


def classify(clock: VendorClock, response: httpx.Response) -> ConcordError | None:
    """What an answer stands for: by its status, with the code that WordPress gives and what may be done about it. Any
    answer tells the shop's time, a refusal too: it may be the reason for it."""
    clock.hear(response)
    usual = answers.classify(response)
    if usual is None:
        return None
    code, names = _refusal(response)
    advice = f"; {ADVICE[code]}" if code in ADVICE else ""
    said = f"{usual}: {code or 'no code'}{f' ({names})' if names else ''}{advice}"
    if response.status_code == 404 and not code:
        return ContractError(f"{said}; WordPress does not answer below /wp-json: see its permalinks, and url")
    if code == "rest_no_route":
        return ContractError(said)
    if code == "woocommerce_rest_authentication_error":
        return AuthError(said)
    return type(usual)(said)


def _refusal(response: httpx.Response) -> tuple[str, str]:
    """WordPress's code, and the parameters that it did not like; messages are not passed on, since they may quote."""
    try:
        told = orjson.loads(response.content)
        code, data = str(told["code"]), told.get("data") or {}
        names = data.get("params") if isinstance(data, dict) else None
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
        return "", ""
    listed = [name for name in map(str, names) if _CODE.fullmatch(name)] if isinstance(names, dict) else []
    return (code if _CODE.fullmatch(code) else ""), ", ".join(listed)


def _parsed(response: httpx.Response) -> Any:
    content = response.content.removeprefix(b"\xef\xbb\xbf")  # a byte order mark out of some theme's file
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        pass
    if any(start in content for start in _STARTS) and not content.lstrip().startswith(_STARTS):
        problem = "text before its JSON: PHP shows notices (WP_DEBUG_DISPLAY), or a plugin prints"
    elif "html" in response.headers.get("content-type", "").lower() or content.lstrip().startswith(b"<"):
        problem = "a page in HTML: something before WooCommerce answers (a login, a cache, a firewall, its theme)"
    else:
        problem = "no JSON"
    raise ContractError(f"{answers.describe(response)} with {len(content)} bytes that are {problem}")


def _number(row: Json) -> bool:
    identity = row.get("id")
    return isinstance(identity, int) and identity > 0
