"""Logging in and staying logged in, against token endpoints that answer in order."""

from __future__ import annotations

import base64
import hashlib
import threading
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs

import httpx
import pytest

from connectors.core.http import Http
from connectors.core.oauth import App, RefreshingToken, TokenEndpoint, authorization, check_state
from connectors.core.protocols import Token
from mapping.errors import (
    AuthError,
    ConcordError,
    ContractError,
    RateLimitedError,
    TransientError,
    UnknownOutcomeError,
)
from tests.connectors.core.stand import START, MemoryStore, Vault, World

APP = App(
    "hub",
    "https://login.vendor.example/token",
    authorize_url="https://login.vendor.example/authorize?tenant=7",
    client_secret="hush",
    redirect_uri="https://hub.example/back",
    scopes=("contacts", "deals"),
    extra={"access_type": "offline"},
)
OLD = Token("old-access", "old-refresh", START - timedelta(seconds=1), revision=4, extra={"instance_url": "https://eu"})


def granted(number: int, **more: object) -> httpx.Response:
    """A good answer of a token endpoint."""
    body = {"access_token": f"access-{number}", "refresh_token": f"refresh-{number}", "expires_in": 3600, **more}
    return httpx.Response(200, json=body)


def form(request: httpx.Request) -> dict[str, str]:
    """What a request sent as a form."""
    return {name: values[0] for name, values in parse_qs(request.content.decode()).items()}


def refreshing(world: World, vault: Vault) -> RefreshingToken:
    """What a process would hold."""
    runtime = world.runtime
    return RefreshingToken(runtime, MemoryStore(vault), TokenEndpoint(runtime, APP).refresh)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx.Response(400, json={"error": "invalid_grant", "error_description": "ada@x.example left"}), AuthError),
        (httpx.Response(401, json={"error": "invalid_client"}), AuthError),
        (httpx.Response(200, json={"error": "bad_verification_code"}), AuthError),
        (httpx.Response(400, json={"error": "invalid_scope"}), ContractError),
        (httpx.Response(400, json={"error": {"message": "ada@x.example"}}), ContractError),
        (httpx.Response(200, json={"token": "misnamed"}), ContractError),
        (httpx.Response(200, content=b"<html>log in</html>"), ContractError),
        (httpx.Response(200, json=["access_token"]), ContractError),
        (httpx.Response(400, json={"error": "temporarily_unavailable"}), TransientError),
        (httpx.Response(500, json={"error": "server_error"}), TransientError),
        (httpx.ReadTimeout("slow"), TransientError),
        (httpx.ConnectError("refused"), TransientError),
        (httpx.Response(429, headers={"Retry-After": "900"}), RateLimitedError),
    ],
)
def test_a_refusal_of_the_token_endpoint_says_what_to_do_next(
    answer: httpx.Response | Exception, error: type[ConcordError]
) -> None:
    world, vault = World([answer]), Vault(OLD)
    with pytest.raises(ConcordError) as raised:
        refreshing(world, vault).headers()
    assert type(raised.value) is error
    assert "ada@x.example" not in str(raised.value)
    assert vault.token == OLD
    assert not vault.lease.locked()


def test_without_a_login_there_is_nothing_to_send() -> None:
    for token in (None, replace(OLD, refresh="")):
        with pytest.raises(AuthError, match="log in again"):
            refreshing(World([granted(1)]), Vault(token)).headers()


def test_a_lost_refresh_does_not_look_like_a_lost_write_and_is_tried_again_with_the_old_token() -> None:
    world, vault = World([httpx.ReadTimeout("slow"), granted(1)]), Vault(OLD)
    auth = refreshing(world, vault)
    with pytest.raises(TransientError) as raised:
        Http(world.runtime, "https://api.vendor.example", auth=auth).request("POST", "/contacts", json={})
    assert not isinstance(raised.value, UnknownOutcomeError)
    assert auth.headers() == {"Authorization": "Bearer access-1"}
    assert [form(request)["refresh_token"] for request in world.asked] == ["old-refresh", "old-refresh"]


def test_a_new_token_that_could_not_be_stored_is_stored_before_another_is_asked_for() -> None:
    world, vault = World([granted(1), granted(2)]), Vault(OLD, broken_swaps=1)
    auth = refreshing(world, vault)
    with pytest.raises(OSError, match="disk"):
        auth.headers()
    assert auth.headers() == {"Authorization": "Bearer access-1"}
    assert len(world.asked) == 1
    assert vault.token is not None
    assert vault.token.refresh == "refresh-1"


def test_a_refresh_elsewhere_that_never_ends_is_not_waited_for_for_ever() -> None:
    world, vault = World([granted(1)]), Vault(OLD)
    vault.lease.acquire()
    with pytest.raises(TransientError, match="another process"):
        refreshing(world, vault).headers()
    assert world.clock.seconds == 60
    assert world.asked == []


def test_a_person_who_logs_in_during_a_failed_refresh_is_heard() -> None:
    vault = Vault(OLD)
    anew = Token("anew", "anew-refresh", START + timedelta(hours=1), revision=5)

    def refused(request: httpx.Request) -> httpx.Response:
        vault.token = anew
        return httpx.Response(400, json={"error": "invalid_grant"})

    assert refreshing(World([refused]), vault).headers() == {"Authorization": "Bearer anew"}


def test_a_person_who_logs_in_during_a_refresh_wins_over_it() -> None:
    vault = Vault(OLD)
    anew = Token("anew", "anew-refresh", START + timedelta(hours=1), revision=5)

    def overtaken(request: httpx.Request) -> httpx.Response:
        vault.token = anew
        return granted(1)

    assert refreshing(World([lambda request: streamed_again(overtaken(request))]), vault).token() == anew
    assert vault.token == anew


def streamed_again(response: httpx.Response) -> httpx.Response:
    """The response as from a socket."""
    return httpx.Response(response.status_code, stream=httpx.ByteStream(response.content))


@pytest.mark.parametrize(("expected", "given"), [("a", "b"), ("", ""), ("a", ""), ("é", "e")])
def test_a_login_that_comes_back_with_another_state_is_refused(expected: str, given: str) -> None:
    with pytest.raises(AuthError, match="state"):
        check_state(expected, given)


def test_the_authorization_address_carries_a_fresh_state_and_an_s256_challenge() -> None:
    first, second = authorization(APP), authorization(APP)
    check_state(first.state, first.state)
    url = httpx.URL(first.url)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(first.verifier.encode()).digest()).decode().rstrip("=")
    assert dict(url.params) == {
        "tenant": "7",
        "response_type": "code",
        "client_id": "hub",
        "redirect_uri": "https://hub.example/back",
        "scope": "contacts deals",
        "state": first.state,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
        "access_type": "offline",
    }
    assert 43 <= len(first.verifier) <= 128
    assert {first.state, first.verifier}.isdisjoint({second.state, second.verifier})
    assert first.verifier not in first.url + repr(first)


def test_a_code_is_traded_for_a_token_with_the_verifier() -> None:
    world = World(
        [granted(1, instance_url="https://eu7", id_token="personal", authed={"nested": 1}, expires_in="7200")]
    )
    token = TokenEndpoint(world.runtime, APP).exchange("the-code", "the-verifier")
    assert form(world.asked[0]) == {
        "grant_type": "authorization_code",
        "code": "the-code",
        "redirect_uri": "https://hub.example/back",
        "code_verifier": "the-verifier",
    }
    assert world.asked[0].headers["Authorization"] == "Basic " + base64.b64encode(b"hub:hush").decode()
    assert token == Token(
        "access-1",
        "refresh-1",
        START + timedelta(hours=2),
        revision=1,
        extra={"expires_in": "7200", "instance_url": "https://eu7"},
    )


def test_id_and_secret_go_into_the_form_where_the_vendor_wants_them_there() -> None:
    world = World([granted(1)])
    TokenEndpoint(world.runtime, replace(APP, basic=False)).client_credentials()
    assert form(world.asked[0]) == {
        "grant_type": "client_credentials",
        "scope": "contacts deals",
        "client_id": "hub",
        "client_secret": "hush",
    }
    assert "Authorization" not in world.asked[0].headers


def test_an_application_logs_itself_in_when_there_is_no_token_yet() -> None:
    world, vault = World([granted(1)]), Vault()
    auth = RefreshingToken(world.runtime, MemoryStore(vault), TokenEndpoint(world.runtime, APP).client_credentials)
    assert auth.headers() == auth.headers() == {"Authorization": "Bearer access-1"}
    assert len(world.asked) == 1


def test_a_refresh_keeps_what_the_vendor_does_not_say_again() -> None:
    world = World([httpx.Response(200, json={"access_token": "new"})])
    token = TokenEndpoint(world.runtime, APP).refresh(OLD)
    assert token == Token("new", "old-refresh", None, revision=5, extra={"instance_url": "https://eu"})


@pytest.mark.parametrize(("left", "renewed"), [(3600, False), (61, False), (60, True), (0, True), (-5, True)])
def test_a_token_is_renewed_shortly_before_it_expires(left: int, renewed: bool) -> None:
    world, vault = World([granted(1)]), Vault(replace(OLD, expires_at=START + timedelta(seconds=left)))
    access = "access-1" if renewed else "old-access"
    assert refreshing(world, vault).headers() == {"Authorization": f"Bearer {access}"}


def test_a_token_that_lives_but_a_minute_is_not_renewed_at_every_use() -> None:
    world, vault = World([granted(1, expires_in=60), granted(2, expires_in=60)]), Vault(OLD)
    auth = refreshing(world, vault)
    for _ in range(5):
        auth.headers()
    assert len(world.asked) == 1
    world.clock.seconds += 54
    assert auth.headers() == {"Authorization": "Bearer access-2"}


def test_a_new_token_is_stored_before_it_is_used() -> None:
    vault, stored_at_use = Vault(OLD), list[str]()

    def api(request: httpx.Request) -> httpx.Response:
        assert vault.token is not None
        stored_at_use.append(vault.token.refresh)
        return httpx.Response(200, json={})

    world = World([granted(1), api])
    http = Http(world.runtime, "https://api.vendor.example", auth=refreshing(world, vault))
    http.request("GET", "/contacts")
    assert world.asked[1].headers["Authorization"] == "Bearer access-1"
    assert stored_at_use == ["refresh-1"]


def test_a_token_revoked_early_is_renewed_when_the_vendor_refuses_it() -> None:
    vault = Vault(replace(OLD, expires_at=START + timedelta(hours=1)))
    world = World([httpx.Response(401), granted(1), httpx.Response(200, json={"fine": True})])
    http = Http(world.runtime, "https://api.vendor.example", auth=refreshing(world, vault))
    assert http.json("GET", "/contacts") == {"fine": True}


def test_many_threads_refused_at_once_renew_once() -> None:
    vault = Vault(replace(OLD, expires_at=START + timedelta(hours=1)))
    renewals, barrier, results = list[str](), threading.Barrier(8), list[int]()

    def vendor(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/token":
            renewals.append(form(request)["refresh_token"])
            return streamed_again(granted(len(renewals)))
        good = request.headers["Authorization"] == "Bearer access-1"
        if not good:
            barrier.wait(20)
        return httpx.Response(200 if good else 401)

    runtime = replace(World([vendor]).runtime, sleep=vault.until_free)

    def process() -> RefreshingToken:
        return RefreshingToken(runtime, MemoryStore(vault), TokenEndpoint(runtime, APP).refresh)

    shared = process()
    auths = [shared] * 4 + [process() for _ in range(4)]

    def work(auth: RefreshingToken) -> None:
        http = Http(runtime, "https://login.vendor.example", auth=auth)
        results.append(http.request("GET", "/contacts").status_code)

    threads = [threading.Thread(target=work, args=(auth,)) for auth in auths]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert results == [200] * 8
    assert renewals == ["old-refresh"]
