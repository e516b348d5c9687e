"""No secret reaches a message, a log or a traceback, whatever fails."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from connectors.core import redact
from connectors.core.http import Bearer, Http, Retry
from connectors.core.oauth import App, TokenEndpoint
from connectors.core.protocols import Token
from mapping.errors import ConcordError
from tests.connectors.core.stand import HANG, World, raw_server, timeout_for

SECRET = "s3cr3tvalue"
WHERE = f"/hooks/T0000000000000000{SECRET}/send"
QUERY = dict.fromkeys(("access_token", "key", "sig", "token", "hapikey", "code", "client_secret", "email"), SECRET)


@dataclass(frozen=True)
class Header:
    """An Auth with a header of its own."""

    value: str

    def headers(self) -> dict[str, str]:
        """The secret, as some vendors want it."""
        return {"X-Api-Key": self.value}

    def refresh(self) -> bool:
        """There is nothing to renew."""
        return False


def telling(status: int, *, location: str = "") -> bytes:
    """An answer that repeats the secret in its headers and its body."""
    extra = f"Location: {location}\r\n" if location else ""
    body = f'{{"message":"token {SECRET} is bad"'
    head = f"HTTP/1.1 {status} Because\r\nSet-Cookie: session={SECRET}\r\n{extra}Content-Length: {len(body)}\r\n\r\n"
    return (head + body).encode()


FAILURES = [
    pytest.param(telling(status), id=str(status))
    for status in (200, 400, 401, 403, 404, 409, 412, 418, 429, 500, 502, 503)
] + [
    pytest.param(telling(302, location=f"https://user:{SECRET}@login.example/{WHERE}?next={SECRET}"), id="redirect"),
    pytest.param(telling(302, location=f"http://[{SECRET}"), id="redirect to no address"),
    pytest.param(f"HTTP/1.1 200 OK\r\nbroken {SECRET}\r\n\r\n".encode(), id="header that is none"),
    pytest.param(f"{SECRET} is not HTTP\r\n\r\n".encode(), id="no HTTP"),
    pytest.param(telling(200)[:-5], id="cut short"),
    pytest.param(b"", id="closed"),
    pytest.param(HANG, id="timeout"),
    pytest.param(telling(200).replace(b"{", b"" * 3 + b"{") + b"." * 3, id="more than announced"),
]


def everything_said(error: BaseException, log: str) -> str:
    """All that a person or a log collector could come to see of an error."""
    said = [log, *traceback.format_exception(error)]
    chained: BaseException | None = error
    while chained is not None:
        said += [str(chained), repr(chained), repr(chained.args)]
        chained = chained.__cause__ or chained.__context__
    return "\n".join(said)


def failing(action: Callable[[], object]) -> ConcordError:
    """The error an action ends in."""
    with pytest.raises(ConcordError) as raised:
        action()
    return raised.value


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("answer", FAILURES)
def test_no_failure_tells_a_secret(method: str, answer: bytes, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    world = World()
    with raw_server(answer) as (base, received):
        for auth in (Bearer(SECRET), Header(SECRET)):
            http = Http(world.runtime, base, auth=auth, retry=Retry(attempts=2), timeout=timeout_for(answer))
            error = failing(lambda http=http: http.json(method, WHERE, params=QUERY, headers={"X-Other": SECRET}))  # type: ignore[misc]
            assert SECRET not in everything_said(error, caplog.text)
        assert SECRET.encode() in received[0]
    assert SECRET not in repr(world.ledger)


def test_no_failure_before_anything_is_sent_tells_a_secret(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with raw_server(b"") as (base, _):
        pass
    runtime, once = World().runtime, Retry(attempts=1)
    failures = [
        failing(lambda: Http(runtime, base, retry=once).request("GET", WHERE, params=QUERY)),
        failing(lambda: Http(runtime, base).request("GET", f"https://elsewhere.example{WHERE}?key={SECRET}")),
        failing(lambda: Http(runtime, base).request("GET", f"http://[{SECRET}")),
        failing(lambda: Http(runtime, base, auth=Bearer(f"{SECRET}\nx")).request("GET", WHERE)),
        failing(lambda: Http(runtime, base, headers={"X-Key": f"{SECRET}’"}).request("GET", WHERE)),
        failing(lambda: Http(runtime, base).request("POST", WHERE, json={"token": SECRET, "bad": {1, 2}})),
        failing(lambda: Http(runtime, f"gopher://host/?key={SECRET}").request("GET", WHERE)),
    ]
    for error in failures:
        assert SECRET not in everything_said(error, caplog.text)


@pytest.mark.parametrize("basic", [True, False])
@pytest.mark.parametrize("answer", FAILURES)
def test_no_failure_of_a_login_tells_a_secret(answer: bytes, basic: bool, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with raw_server(answer) as (base, received):
        app = App("hub", f"{base}/token", client_secret=SECRET, redirect_uri="http://127.0.0.1/", basic=basic)
        endpoint = TokenEndpoint(World().runtime, app, timeout=timeout_for(answer))
        error = failing(lambda: endpoint.refresh(Token("old", refresh=SECRET)))
        assert SECRET not in everything_said(error, caplog.text)
        assert SECRET.encode() in received[0]
    assert SECRET not in repr(app)


def test_what_httpx_logs_of_a_success_is_redacted_too(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="httpx")  # which the command line hushes, and so tests of it before this one
    fine = telling(200) + b"}"
    fine = fine.replace(b"Content-Length: 39", b"Content-Length: 40")
    with raw_server(fine) as (base, _):
        Http(World().runtime, base, auth=Bearer(SECRET)).request("GET", WHERE, params=QUERY)
    assert "HTTP Request: GET" in caplog.text
    assert SECRET not in caplog.text


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://user:pass@host.example:8443/a?b=c&b=d#e", "https://host.example:8443/a?b=…"),
        ("https://host.example/contacts/ada@lovelace.example", "https://host.example/contacts/…"),
        ("https://host.example/contacts/ada%40lovelace.example", "https://host.example/contacts/…"),
        ("https://host.example/lookup/+442071838750", "https://host.example/lookup/…"),
        ("https://host.example/bot110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw/getMe", "https://host.example/…/getMe"),
        ("https://host.example/crm/v3/objects/contacts/512", "https://host.example/crm/v3/objects/contacts/512"),
        ("/crm/v3/objects?after=1", "/crm/v3/objects?after=…"),
        ("http://[broken", "…"),
    ],
)
def test_an_address_shows_where_it_leads_and_nothing_private(address: str, shown: str) -> None:
    assert redact.address(address) == shown


@pytest.mark.parametrize(
    "message",
    [
        f"could not fetch https://host.example/a?sig={SECRET}, giving up",
        f"Authorization: Bearer {SECRET}",
        f"sent Basic {SECRET}==",
        f'{{"client_secret": "{SECRET}"}}',
        f"refresh_token={SECRET}&grant_type=refresh_token",
        f"X-Shopify-Access-Token: {SECRET}",
    ],
)
def test_a_text_loses_its_secrets_and_keeps_the_rest(message: str) -> None:
    shown = redact.text(message)
    assert SECRET not in shown
    assert redact.HIDDEN in shown
    assert redact.text("three contacts were read") == "three contacts were read"
