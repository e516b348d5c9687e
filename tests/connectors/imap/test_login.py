"""The way in: encrypted and checked unless told otherwise, and a refusal says what it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.core.exchange import Reply, Request
from connectors.core.protocols import Token
from connectors.core.sandbox import SandboxServer
from connectors.imap.connector import VENDOR
from connectors.imap.login import ImapConfig
from mapping.errors import AuthError, ConfigError, ForbiddenError, RateLimitedError, TransientError
from tests.connectors.contract import Clock, Tokens
from tests.connectors.imap.certificates import Authority
from tests.connectors.imap.post import Post, letter
from tests.connectors.imap.test_reads import INBOX, ids
from tests.servers.dovecot import Dovecot

USER = "ada@acme.example"
ROOM = {"client_id": "hub", "client_secret": "cs-14142", "refresh_token": "rt-1"}

pytestmark = pytest.mark.proof("real server", "Dovecot 2.3 of Debian 12")


@dataclass
class Keys:
    """Gives tokens as a provider does, and tells the mail server whose they are."""

    good: str = "at-1"
    given: int = 0

    def answer(self, request: Request) -> Reply:
        if request.path == "/token":
            self.given += 1
            self.good = f"at-{self.given}"
            return Reply(200, {"access_token": self.good, "expires_in": 3600})
        good = request.first("token") == self.good
        return Reply(200, {"user": USER, "active": "yes" if good else "no"})


@dataclass
class Sealed:
    """A Dovecot that speaks TLS under the name localhost, and takes tokens."""

    server: Dovecot
    authority: Authority
    keys: Keys
    url: str


@pytest.fixture(scope="session")
def sealed(dovecots: dict[str, Dovecot], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sealed]:
    folder = tmp_path_factory.mktemp("sealed")
    authority, keys = Authority(folder, "authority"), Keys()
    authority.sign("localhost", folder)
    with (
        SandboxServer([], guard=keys.answer) as provider,
        Dovecot(folder, introspection=f"{provider.url}/introspect?token=") as server,
    ):
        yield Sealed(server, authority, keys, provider.url)


def reach(sealed: Sealed, tokens: Tokens | None = None, **config: Any) -> Any:
    """A connector for the sealed server, by TLS unless told otherwise."""
    login = {} if "client_id" in config else {"password": sealed.server.password}
    whole = {
        "host": "localhost",
        "port": sealed.server.tls_port,
        "ca_file": str(sealed.authority.file),
        "username": USER,
        **login,
        **config,
    }
    return VENDOR.build(ImapConfig.model_validate(whole), Clock().runtime(), tokens or Tokens())


def test_a_certificate_of_nobody_we_know_is_refused_with_advice(sealed: Sealed, tmp_path: Path) -> None:
    stranger = Authority(tmp_path, "stranger")
    for wrong in (None, str(stranger.file)):
        with pytest.raises(ConfigError, match=r"^localhost: .*; if it is signed by .* ca_file$"):
            reach(sealed, ca_file=wrong).check()


def test_a_certificate_for_another_host_is_refused(sealed: Sealed) -> None:
    with pytest.raises(ConfigError, match=r"^127.0.0.1: IP address mismatch"):
        reach(sealed, host="127.0.0.1").check()


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_an_encrypted_mailbox_is_read(sealed: Sealed, security: str) -> None:
    port = sealed.server.tls_port if security == "tls" else sealed.server.port
    connector = reach(sealed, security=security, port=port)
    assert connector.check().id == f"localhost/{USER}"
    (stream,) = connector.streams()
    assert [page.complete for page in stream.read(INBOX, None)] == [True]


def test_a_bad_certificate_is_found_out_behind_starttls_too(sealed: Sealed, tmp_path: Path) -> None:
    wrong = str(Authority(tmp_path, "stranger").file)
    with pytest.raises(ConfigError, match="ca_file"):
        reach(sealed, security="starttls", port=sealed.server.port, ca_file=wrong).check()


def test_a_server_without_encryption_never_hears_the_password(best: Post) -> None:
    with pytest.raises(TransientError, match="it speaks no TLS that we know"):
        best.built(security="tls").check()
    with pytest.raises(ConfigError, match="offers no STARTTLS on port"):
        best.built(security="starttls").check()
    assert not {"LOGIN", "AUTHENTICATE"} & set(best.proxy.commands)


def test_a_file_of_the_authority_that_is_not_there_is_named(sealed: Sealed) -> None:
    with pytest.raises(ConfigError, match=r"ca_file .*missing.pem cannot be read: No such file"):
        reach(sealed, ca_file="/nowhere/missing.pem").check()


def test_a_token_is_got_and_one_that_is_refused_is_renewed_once(sealed: Sealed) -> None:
    config = {**ROOM, "token_url": f"{sealed.url}/token"}
    tokens = Tokens()
    assert reach(sealed, tokens, **config).check().name == f"{USER} at localhost"
    sealed.keys.good = "revoked meanwhile"
    given = sealed.keys.given
    assert reach(sealed, tokens, **config).check()
    assert sealed.keys.given == given + 1
    assert tokens.token
    assert tokens.token.access == sealed.keys.good


def test_a_token_for_somebody_else_is_an_auth_error(sealed: Sealed) -> None:
    config = {**ROOM, "token_url": f"{sealed.url}/token", "username": "bo@acme.example"}
    with pytest.raises(AuthError, match="refused LOGIN"):
        reach(sealed, Tokens(Token("at-x", "rt-1")), **config).check()


def test_a_wrong_password_is_told_from_a_server_that_is_busy(best: Post) -> None:
    with pytest.raises(AuthError, match=r"refused LOGIN \[AUTHENTICATIONFAILED\]"):
        best.stranger().check()
    refusals = {
        "[UNAVAILABLE] store": TransientError,
        "[LIMIT] connections": RateLimitedError,
        "Too many simultaneous connections": RateLimitedError,
        "[CONTACTADMIN] no": AuthError,
        "[NOPERM] not by IMAP": ForbiddenError,
        "no": AuthError,
    }
    for words, error in refusals.items():
        best.proxy.refuse(words, "AUTHENTICATE|LOGIN")
        with pytest.raises(error) as told:
            best.built().check()
        assert type(told.value) is error


def test_a_server_that_takes_no_sasl_gets_login(best: Post) -> None:
    id_ = best.deliver(letter(1))
    best.proxy.answer("CAPABILITY", "* CAPABILITY IMAP4rev1\r\n{tag} OK done\r\n")
    with pytest.raises(ConfigError, match="printable ASCII only"):
        best.built().check()
    best.proxy.answer("CAPABILITY", "* CAPABILITY IMAP4rev1\r\n{tag} OK done\r\n")
    best.proxy.answer("LOGIN", "{tag} NO [AUTHENTICATIONFAILED] no\r\n")
    with pytest.raises(AuthError):
        best.built(password='with "quotes" and \\').check()
    (stream,) = best.connector().streams()
    assert ids(list(stream.read(INBOX, None))) == [id_]


def test_a_port_where_nobody_listens_is_for_later(best: Post) -> None:
    best.proxy.stop()
    with pytest.raises(TransientError, match="was lost during LOGIN: nobody listens there"):
        best.built().check()


def test_a_host_of_no_such_name_is_for_later(best: Post) -> None:
    with pytest.raises(TransientError, match="no server of that name is known"):
        best.built(host="mail.nowhere.example").check()


@pytest.mark.parametrize("login", [{}, {"client_id": "hub"}, {"password": "x", "client_id": "hub", "token_url": "u"}])
def test_one_way_to_log_in_has_to_be_given(login: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="either password, or client_id and token_url"):
        ImapConfig.model_validate({"host": "x", "username": "y", **login})
