"""How a request proves who we are."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from pydantic import SecretStr, model_validator


class Auth(Protocol):
    """What proves who we are."""

    def headers(self) -> Mapping[str, str]:
        """The headers to send, read anew for every attempt. Raises AuthError when there is no login."""
        ...

    def refresh(self) -> bool:
        """Called once when the vendor refuses the login; True when it is worth trying again."""
        ...


def plain(secret: SecretStr | None) -> str:
    """The secret itself, '' for none."""
    return secret.get_secret_value() if secret else ""


def one_login(*ways: tuple[str, ...]) -> Any:
    """A validator of a configuration: of several ways to log in, each the names of its fields, exactly one is given."""

    def check(config: Any) -> Any:
        if sum(all(getattr(config, name) for name in way) for way in ways) != 1:
            raise ValueError(f"give either {', or '.join(' and '.join(way) for way in ways)}")
        return config

    return model_validator(mode="after")(check)


@dataclass(frozen=True, slots=True)
class Bearer:
    """A token that does not change, sent as ``Authorization: Bearer``."""

    token: str = field(repr=False)

    def headers(self) -> Mapping[str, str]:
        """The one header."""
        return {"Authorization": f"Bearer {self.token.strip()}"}

    def refresh(self) -> bool:
        """False: another try would send the same token."""
        return False


@dataclass(frozen=True, slots=True)
class HeaderToken:
    """A token that does not change, sent in a header of the vendor's own."""

    header: str
    token: str = field(repr=False)

    def headers(self) -> Mapping[str, str]:
        """The one header."""
        return {self.header: self.token}

    def refresh(self) -> bool:
        """False: another try would send the same token."""
        return False


@dataclass(frozen=True, slots=True)
class Basic:
    """A user and a password, sent as ``Authorization: Basic`` in UTF-8 (RFC 7617)."""

    user: str
    password: str = field(repr=False)

    def headers(self) -> Mapping[str, str]:
        """The one header."""
        return {"Authorization": f"Basic {b64encode(f'{self.user}:{self.password}'.encode()).decode()}"}

    def refresh(self) -> bool:
        """False: another try would send the same password."""
        return False
