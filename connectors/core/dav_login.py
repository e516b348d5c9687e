"""How a connection logs in to a WebDAV server: the settings that calendars and address books share."""

from __future__ import annotations

from typing import Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from connectors.core.auth import Auth, Basic, Bearer


class DavLogin(BaseModel):
    """Address and credentials; either a user with a password, or a token, or neither."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = Field(description="Address of the server, of the account's folder there, or of one collection.")
    username: str = Field("", description="User name.")
    password: SecretStr | None = Field(None, description="Password, best one made for this application alone.")
    access_token: SecretStr | None = Field(None, description="Bearer token, for a server that wants one instead.")

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("an address that begins with https://")
        if parts.username or parts.password:
            raise ValueError("no user or password in the address: they have settings of their own")
        return value

    @model_validator(mode="after")
    def _one_login(self) -> Self:
        if self.access_token is not None and (self.username or self.password is not None):
            raise ValueError("give either username and password, or access_token")
        if bool(self.username) != (self.password is not None):
            raise ValueError("username and password go together")
        return self

    def auth(self) -> Auth | None:
        """What every request carries."""
        if self.access_token is not None:
            return Bearer(self.access_token.get_secret_value())
        return Basic(self.username, self.password.get_secret_value()) if self.password is not None else None
