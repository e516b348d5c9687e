"""How a connection reaches its IMAP server: encryption, and the proof of who we are.

RFC 3501 (IMAP), 8314 (TLS for mail), 4616 (PLAIN), and Google's page on XOAUTH2, read 2026-11-23. Nothing is logged:
imaplib's own log would hold passwords, and stays off.
"""

from __future__ import annotations

import imaplib
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from connectors.core.oauth import App, RefreshingToken, TokenEndpoint
from connectors.core.protocols import Runtime, TokenStore
from mapping.errors import ConfigError

SECONDS = 60.0
"""How long a server may be silent."""
PORTS = {"tls": 993, "starttls": 143, "none": 143}


class ImapConfig(BaseModel):
    """How a connection logs in to a mailbox, and what it reads of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = Field(min_length=1, description="Name of the IMAP server.")
    port: int = Field(0, ge=0, le=65535, description="Its port; 0 is the usual one, 993 with `tls` and 143 otherwise.")
    security: Literal["tls", "starttls", "none"] = Field(
        "tls", description="How the connection is encrypted; `none` is for a server on the same machine."
    )
    ca_file: Path | None = Field(None, description="PEM file of the authority that signed the server's certificate.")
    username: str = Field(min_length=1, description="User name, mostly the mail address.")
    password: SecretStr | None = Field(None, description="Password, best one made for this application alone.")
    client_id: str = Field("", description="OAuth client id, where the server wants XOAUTH2 instead of a password.")
    client_secret: SecretStr | None = Field(None, description="OAuth client secret, if the client has one.")
    refresh_token: SecretStr | None = Field(None, description="OAuth refresh token, got elsewhere.")
    token_url: str = Field("", description="Address that gives access tokens to the OAuth client.")
    scopes: tuple[str, ...] = Field((), description="OAuth scopes to ask for, where the server needs them named.")
    email: str = Field("", description="Address of whose mail this is; without it, the user name.")
    include: tuple[str, ...] = Field(
        (), description="Folders to read, by name, `*` for anything, or by use (`\\Sent`); without any, all mail."
    )
    exclude: tuple[str, ...] = Field((), description="Folders not to read; they win over the others.")
    since: date | None = Field(None, description="The day from which on received messages are read.")
    bodies: bool = Field(False, description="Whether to take the first 2,000 characters of each message's text along.")
    attachments: bool = Field(
        False, description="Whether to take the names of attachments along, never their contents."
    )
    page_size: int = Field(200, ge=1, le=1000, description="Messages asked for at a time.")

    @model_validator(mode="after")
    def _logs_in_one_way(self) -> ImapConfig:
        if (self.password is None) == (not (self.client_id and self.token_url)):
            raise ValueError("give either password, or client_id and token_url")
        return self

    @property
    def address(self) -> str:
        """Whose mail it is; '' where nobody said."""
        given = self.email or self.username
        return given if "@" in given else ""


def token(config: ImapConfig, runtime: Runtime, tokens: TokenStore) -> RefreshingToken | None:
    """The OAuth token of the connection, None where it has a password."""
    if config.password is not None:
        return None
    secret, refresh = config.client_secret, config.refresh_token
    app = App(
        client_id=config.client_id,
        client_secret=secret.get_secret_value() if secret else "",
        token_url=config.token_url,
        scopes=config.scopes,
        basic=False,
    )
    renew = TokenEndpoint(runtime, app).refresh_given(refresh.get_secret_value() if refresh else "")
    return RefreshingToken(runtime, tokens, renew)


def connect(config: ImapConfig) -> imaplib.IMAP4:
    """A connection that is encrypted as configured. Raises OSError, imaplib's errors, and ConfigError for a ca_file
    that cannot be read."""
    server = _connect(config)
    # imaplib sends the end of a line by itself, which waits 40 ms for the beginning to be acknowledged.
    server.socket().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return server


def _connect(config: ImapConfig) -> imaplib.IMAP4:
    port = config.port or PORTS[config.security]
    if config.security == "none":
        return imaplib.IMAP4(config.host, port, timeout=SECONDS)
    try:
        context = ssl.create_default_context(cafile=config.ca_file)
    except OSError as error:
        raise ConfigError(
            f"ca_file {config.ca_file} cannot be read: {error.strerror or type(error).__name__}"
        ) from None
    if config.security == "tls":
        return imaplib.IMAP4_SSL(config.host, port, ssl_context=context, timeout=SECONDS)
    plain = imaplib.IMAP4(config.host, port, timeout=SECONDS)
    try:
        if "STARTTLS" not in plain.capabilities:
            raise ConfigError(f"{config.host} offers no STARTTLS on port {port}")
        plain.starttls(ssl_context=context)
    except BaseException:
        hang_up(plain)
        raise
    return plain


def hang_up(server: imaplib.IMAP4) -> None:
    """Ends the connection, whatever is left of it."""
    with suppress(OSError):
        server.shutdown()


def log_in(server: imaplib.IMAP4, config: ImapConfig, access: str) -> None:
    """Proves who we are, by the OAuth token ``access`` or the password. Raises imaplib's errors where that is refused.

    PLAIN where the server has it: it takes any character. LOGIN takes printable ASCII.
    """
    if config.password is None:
        server.authenticate("XOAUTH2", _answers(f"user={config.username}\1auth=Bearer {access}\1\1"))
        return
    password = config.password.get_secret_value()
    if "AUTH=PLAIN" in server.capabilities:
        server.authenticate("PLAIN", _answers(f"\0{config.username}\0{password}"))
        return
    if not (config.username + password).isascii() or not (config.username + password).isprintable():
        raise ConfigError(f"{config.host} takes user names and passwords of printable ASCII only")
    server.login(quoted(config.username), password)


def _answers(first: str) -> Callable[[bytes], bytes]:
    """What we say to the server's challenges: all at once, then nothing. XOAUTH2 tells of a refusal by a second one."""
    left = [first.encode()]
    return lambda _: left.pop() if left else b""


def quoted(text: str) -> str:
    """The text as IMAP's quoted string."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
