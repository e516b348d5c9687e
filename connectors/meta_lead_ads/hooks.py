"""Meta's calls to us: whether they are Meta's, and which leads they speak of.

"Webhooks: Get Started" and "Retrieving Leads", read 2026-11-23.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from connectors.core.signatures import is_signed
from mapping.contract import RemoteId, Slice
from mapping.errors import AuthError, ContractError


@dataclass(frozen=True, slots=True)
class LeadHooks:
    """Calls of one app, signed with its ``secret``; ``word`` is what Meta says when the address is set up."""

    secret: str = field(repr=False)
    word: str = field(default="", repr=False)

    def verify(self, headers: Mapping[str, str], body: bytes) -> None:
        """Raises AuthError unless the body is signed with the app's secret."""
        if not is_signed(headers, "X-Hub-Signature-256", self.secret, body, prefix="sha256="):
            raise AuthError("a call that Meta has not signed with the secret of our app")

    def challenge(self, query: Mapping[str, str]) -> str:
        """What to answer when Meta asks whether the address is ours (a GET). Raises AuthError where it is not Meta."""
        word = query.get("hub.verify_token", "")
        if not self.word or not hmac.compare_digest(self.word.encode(), word.encode()):
            raise AuthError("whoever set this address up for a webhook does not know the verify token")
        if query.get("hub.mode") != "subscribe":
            raise ContractError("a webhook is set up with another mode than subscribe")
        return query.get("hub.challenge", "")

    def targets(self, body: bytes) -> Sequence[tuple[str, Slice, Sequence[RemoteId]]]:
        """The leads by form. Raises ContractError for what is no call of Meta's; other fields' changes are let be."""
        try:
            told = orjson.loads(body)
        except orjson.JSONDecodeError:
            raise ContractError("a webhook's body is no JSON") from None
        found: dict[str, list[RemoteId]] = {}
        for form, lead in _leads(told):
            found.setdefault(form, []).append(lead)
        return [("leads", Slice(form), list(dict.fromkeys(leads))) for form, leads in found.items()]


def _leads(told: Any) -> Iterator[tuple[str, RemoteId]]:
    try:
        changes = [change for entry in told["entry"] for change in entry.get("changes", ())]
        for change in changes:
            if change["field"] == "leadgen":
                value = change["value"]
                yield str(value["form_id"]), RemoteId(str(value["leadgen_id"]))
    except (KeyError, TypeError, AttributeError):
        raise ContractError("a webhook's body is not what Meta sends") from None
