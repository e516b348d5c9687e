"""Meta's calls to us: whether they are Meta's, and which leads they speak of.

"Webhooks: Get Started" and "Retrieving Leads", read 2026-11-23.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors.core.lead_hooks import LeadHooks
from mapping.errors import AuthError, ContractError


@dataclass(frozen=True, slots=True)
class MetaHooks(LeadHooks):
    """Calls of one app, signed with its secret; ``word`` is what Meta says when the address is set up."""

    vendor, setting, header, prefix = "Meta", "app_secret", "X-Hub-Signature-256", "sha256="

    word: str = field(default="", repr=False)

    def challenge(self, query: Mapping[str, str]) -> str:
        """What to answer when Meta asks whether the address is ours (a GET). Raises AuthError where it is not Meta."""
        word = query.get("hub.verify_token", "")
        if not self.word or not hmac.compare_digest(self.word.encode(), word.encode()):
            raise AuthError("whoever set this address up for a webhook does not know the verify token")
        if query.get("hub.mode") != "subscribe":
            raise ContractError("a webhook is set up with another mode than subscribe")
        return query.get("hub.challenge", "")

    def leads(self, told: Any) -> Iterator[tuple[str, str]]:
        """The leads by form; changes to other fields are let be."""
        for entry in told["entry"]:
            for change in entry.get("changes", ()):
                if change["field"] == "leadgen":
                    yield str(change["value"]["form_id"]), str(change["value"]["leadgen_id"])
