"""Staying logged in at a real OpenID provider that rotates refresh tokens and punishes the reuse of an old one."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from connectors.core.http import Http
from connectors.core.oauth import App, RefreshingToken, TokenEndpoint, authorization, check_state
from connectors.core.protocols import Runtime, Token
from mapping.errors import AuthError
from tests.connectors.core.stand import Clock, MemoryStore, Vault

VERSION = "8.8.1"
CACHE = Path(__file__).resolve().parents[3] / ".cache" / "oidc" / VERSION
PROVIDER = Path(__file__).with_name("provider.mjs")


def installed() -> Path:
    """The folder that holds the provider's node_modules; installed once, moved into place whole."""
    npm = shutil.which("npm")
    if not npm or not shutil.which("node"):
        pytest.skip("needs node and npm on the path")
    if not CACHE.exists():
        CACHE.parent.mkdir(parents=True, exist_ok=True)
        workshop = Path(tempfile.mkdtemp(prefix="installing-", dir=CACHE.parent))
        manifest = {"name": "oidc", "version": "1.0.0", "private": True, "dependencies": {"oidc-provider": VERSION}}
        (workshop / "package.json").write_text(json.dumps(manifest))
        quiet = ["--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
        done = subprocess.run(
            [npm, "install", "--before=2026-09-01", *quiet], cwd=workshop, capture_output=True, text=True, timeout=180
        )
        if done.returncode:
            shutil.rmtree(workshop)
            pytest.skip(f"npm could not install oidc-provider {VERSION}: {done.stderr.strip()[-300:]}")
        try:
            workshop.rename(CACHE)
        except OSError:  # another test process was quicker
            shutil.rmtree(workshop)
    return CACHE


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    """The address of a running provider."""
    command = ["node", str(PROVIDER), str(installed())]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=os.environ
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.startswith("listening at "), f"the provider did not start: {line!r}"
            yield line.split()[-1]
        finally:
            process.terminate()


def app(issuer: str, method: str = "client_secret_basic") -> App:
    """The application as the provider knows it."""
    return App(
        method,
        f"{issuer}/token",
        authorize_url=f"{issuer}/auth",
        client_secret="secret/with+odd:signs%",
        redirect_uri="http://127.0.0.1:9/back",
        scopes=("openid", "offline_access"),
        basic=method == "client_secret_basic",
        extra={"prompt": "consent"},
    )


def walk_to_code(url: str) -> dict[str, str]:
    """What a person's browser brings back after the forms for login and consent: code and state."""
    with httpx.Client(follow_redirects=False) as browser:
        answer = browser.get(url)
        for _ in range(12):
            if answer.is_redirect:
                target = answer.next_request.url if answer.next_request else httpx.URL()
                if target.path == "/back":
                    return dict(target.params)
                answer = browser.get(target)
                continue
            action = re.search(r'action="([^"]+)"', answer.text)
            prompt = re.search(r'name="prompt" value="(\w+)"', answer.text)
            assert action is not None
            assert prompt is not None
            answer = browser.post(
                answer.url.join(action.group(1)),
                data={"prompt": prompt.group(1), "login": "ada", "password": "any"},
            )
    raise AssertionError("the login did not end")


def logged_in(issuer: str, runtime: Runtime, method: str = "client_secret_basic") -> Token:
    """The first token of a family of its own."""
    asked = authorization(app(issuer, method))
    brought = walk_to_code(asked.url)
    check_state(asked.state, brought["state"])
    return TokenEndpoint(runtime, app(issuer, method)).exchange(brought["code"], asked.verifier)


def who(issuer: str, access: str) -> int:
    """The status with which the provider answers the question who we are: 200 while the family lives."""
    return httpx.get(f"{issuer}/me", headers={"Authorization": f"Bearer {access}"}).status_code


def moving(clock: Clock) -> Runtime:
    """A runtime on the calendar of a clock."""
    return Runtime(now=clock.now, monotonic=clock.monotonic)


def test_a_used_refresh_token_that_comes_back_ends_the_login(issuer: str) -> None:
    runtime = Runtime()
    endpoint, first = TokenEndpoint(runtime, app(issuer)), logged_in(issuer, runtime)
    second = endpoint.refresh(first)
    assert second.refresh not in {"", first.refresh}
    with pytest.raises(AuthError, match="invalid_grant"):
        endpoint.refresh(first)
    with pytest.raises(AuthError, match="invalid_grant"):
        RefreshingToken(
            runtime, MemoryStore(Vault(replace(second, expires_at=runtime.now()))), endpoint.refresh
        ).token()


def test_a_code_is_of_no_use_without_its_verifier(issuer: str) -> None:
    asked = authorization(app(issuer))
    brought = walk_to_code(asked.url)
    with pytest.raises(AuthError, match="invalid_grant"):
        TokenEndpoint(Runtime(), app(issuer)).exchange(brought["code"], authorization(app(issuer)).verifier)


def test_a_wrong_secret_is_a_login_problem(issuer: str) -> None:
    with pytest.raises(AuthError, match="invalid_client"):
        TokenEndpoint(Runtime(), replace(app(issuer), client_secret="wrong")).client_credentials()


def test_many_workers_refresh_through_one_store_and_the_family_lives_on(issuer: str) -> None:
    clock = Clock()
    vault = Vault(logged_in(issuer, moving(clock)))
    for generation in range(1, 4):
        clock.seconds += 3590
        statuses, start = list[int](), threading.Barrier(6)

        def work(start: threading.Barrier = start, statuses: list[int] = statuses) -> None:
            runtime = Runtime(now=clock.now, sleep=vault.until_free)
            auth = RefreshingToken(runtime, MemoryStore(vault), TokenEndpoint(runtime, app(issuer)).refresh)
            start.wait(20)
            statuses.append(who(issuer, auth.token().access))

        threads = [threading.Thread(target=work) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert statuses == [200] * 6
        assert len(vault.history) == generation


def test_a_token_that_the_provider_refuses_is_renewed_within_the_request(issuer: str) -> None:
    vault = Vault(replace(logged_in(issuer, Runtime()), access="forgotten"))
    auth = RefreshingToken(Runtime(), MemoryStore(vault), TokenEndpoint(Runtime(), app(issuer)).refresh)
    assert Http(Runtime(), issuer, auth=auth).json("GET", "/me") == {"sub": "ada"}


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_both_ways_of_naming_the_application_are_understood(issuer: str, method: str) -> None:
    endpoint = TokenEndpoint(Runtime(), app(issuer, method))
    assert endpoint.client_credentials().access
    assert endpoint.refresh(logged_in(issuer, Runtime(), method)).access
