"""Calls to us that say which leads came: proven by a signature and told apart in one way for every vendor."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import orjson

from connectors.core.signatures import is_signed
from mapping.contract import RemoteId, Slice
from mapping.errors import AuthError, ContractError

STREAM = "leads"


@dataclass(frozen=True, slots=True)
class LeadHooks(ABC):
    """Calls that are signed with ``secret``. A vendor says who it is and what the secret is called in its settings,
    which header holds the signature behind which prefix, what is signed, and which leads a call speaks of."""

    vendor: ClassVar[str]
    setting: ClassVar[str]
    header: ClassVar[str]
    prefix: ClassVar[str] = ""

    secret: str = field(repr=False)

    def verify(self, headers: Mapping[str, str], body: bytes) -> None:
        """Raises AuthError unless the call bears the vendor's signature."""
        if not is_signed(headers, self.header, self.secret, *self.signed(body), prefix=self.prefix):
            raise AuthError(f"a call that {self.vendor} has not signed with the {self.setting} of this connection")

    def targets(self, body: bytes) -> Sequence[tuple[str, Slice, Sequence[RemoteId]]]:
        """The leads by slice, each once. Raises ContractError for what is no call of the vendor's."""
        found: dict[str, dict[RemoteId, None]] = {}
        try:
            for slice_, lead in self.leads(orjson.loads(body)):
                found.setdefault(slice_, {})[RemoteId(lead)] = None
        except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
            raise ContractError(f"a call's body is not what {self.vendor} sends") from None
        return [(STREAM, Slice(slice_), list(leads)) for slice_, leads in found.items()]

    def signed(self, body: bytes) -> Sequence[bytes]:
        """What may have been signed: the body."""
        return [body]

    @abstractmethod
    def leads(self, told: Any) -> Iterable[tuple[str, str]]:
        """The slice and the id of each lead that a call, as parsed JSON, speaks of.

        May raise KeyError, TypeError or AttributeError for anything else.
        """
