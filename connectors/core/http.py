"""One vendor's HTTP: authentication, budget, retries of one request, size caps, and no secret in any message."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from http.client import HTTPResponse
from http.cookiejar import CookieJar
from importlib.metadata import PackageNotFoundError, version
from typing import Any, TypedDict, TypeVar, Unpack
from urllib.request import Request

import httpx
import orjson
from pydantic import BaseModel, ValidationError
from tenacity import RetryCallState, Retrying, retry_if_result

from connectors.core import answers, redact
from connectors.core.answers import classify
from connectors.core.auth import Auth, Bearer
from connectors.core.budget import Budget, Limit
from connectors.core.protocols import Runtime
from connectors.core.retry import USUAL, Retry, retry_after
from connectors.core.wire import TooLargeError, Wire
from mapping.errors import (
    AuthError,
    ConcordError,
    ContractError,
    RateLimitedError,
    RecordError,
    TransientError,
    UnknownOutcomeError,
)

__all__ = ["Auth", "Bearer", "Budget", "Http", "Limit", "Retry", "classify"]

redact.quiet_http_logs()

M = TypeVar("M", bound=BaseModel)
Scalar = str | int | float | bool
Params = Mapping[str, Scalar | Sequence[Scalar] | None]

READING = frozenset({"GET", "HEAD", "OPTIONS", "PROPFIND", "REPORT"})
REPEATABLE = READING | {"PUT", "DELETE"}
NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
MEGABYTE = 1024 * 1024
ADDRESS = r"^https?://[^\s/?#@]+(/[^\s?#]*)?$"
"""What the address of a server looks like in a configuration: no login, no query."""
PATHS = 64
"""Paths whose addresses are remembered: a listing asks for one path page after page."""


class Options(TypedDict, total=False):
    """What a request may carry besides its method and path."""

    params: Params | None
    json: Any
    content: bytes | str | None
    headers: Mapping[str, str] | None
    repeatable: bool | None


@dataclass(slots=True)
class _Call:
    """One request as asked for. ``lost``: some attempt was sent and its answer is missing."""

    method: str
    url: httpx.URL
    headers: Mapping[str, str]
    content: bytes | str | None
    repeatable: bool
    renewed: bool = False
    lost: bool = False


@dataclass(frozen=True, slots=True)
class _Answer:
    """What one attempt brought, whether the request may be sent again, and the seconds the vendor asked to wait."""

    result: httpx.Response | ConcordError
    again: bool = False
    asked: float | None = None


class Http:
    """A client for one vendor's API at one origin; safe to share among threads.

    Errors come out of the tree in mapping/errors.py only, and hold neither httpx's exceptions nor their addresses.
    ``largest`` caps a decoded body in bytes, ``slowest`` the seconds until its last byte. ``sign`` gives the address
    that a request is sent to, anew for every attempt, where a login is a signature in it.
    """

    def __init__(
        self,
        runtime: Runtime,
        base_url: str,
        *,
        budget: Budget | None = None,
        auth: Auth | None = None,
        sign: Callable[[str, httpx.URL], httpx.URL] | None = None,
        classify: Callable[[httpx.Response], ConcordError | None] = classify,
        headers: Mapping[str, str] | None = None,
        timeout: float = 30.0,
        retry: Retry = USUAL,
        largest: int = 64 * MEGABYTE,
        slowest: float = 600.0,
    ) -> None:
        self._runtime, self._budget, self._auth, self._classify = runtime, budget, auth, classify
        self._sign = sign
        self._retry, self._headers = retry, {"User-Agent": user_agent(), **(headers or {})}
        self._base = httpx.URL(base_url)
        self._client = httpx.Client(
            base_url=self._base,
            timeout=httpx.Timeout(timeout, connect=min(timeout, 10.0)),
            transport=runtime.transport,
            verify=_trusted(),
            follow_redirects=False,
            cookies=_NoCookies(),
        )
        self._wire = Wire(self._client, runtime, largest, slowest)
        self._place = lru_cache(maxsize=PATHS)(self._absolute)

    def request(self, method: str, path: str, **options: Unpack[Options]) -> httpx.Response:
        """The vendor's answer, read whole, after as many attempts as the retry policy and ``repeatable`` allow.

        ``path`` is relative to the base address, or an absolute address of the same origin (a next link); anything else
        is a ContractError, so that no credential goes astray. Parameters that are None are left out.

        ``repeatable`` says that sending twice does no harm; POST and PATCH are taken to do harm unless told. What may
        not be repeated raises UnknownOutcomeError as soon as an answer is lost after sending (timeout, disconnect, 5xx)
        but is sent again where it surely was not carried out: no connection, 429, 503 with ``Retry-After``. Any write
        whose attempts all failed raises UnknownOutcomeError if one of them may have been carried out. Otherwise: the
        error of ``classify``, TransientError past the retries, RateLimitedError where the vendor asks for more patience
        than we have.
        """
        call = self._prepare(method, path, options)
        answer = self._insist(call)
        error = answer.result
        if isinstance(error, httpx.Response):
            return error
        if isinstance(error, TransientError) and call.lost and call.method not in READING:
            error = error if isinstance(error, UnknownOutcomeError) else UnknownOutcomeError(str(error))
        elif type(error) is TransientError and answer.asked is not None:
            error = RateLimitedError(str(error), retry_after=answer.asked)
        raise error

    def json(self, method: str, path: str, **options: Unpack[Options]) -> Any:
        """The parsed body of ``request``; None for 204 and 205.

        A body that is HTML, cut off or otherwise no JSON is a ContractError; after a request that may not be repeated
        it is an UnknownOutcomeError, for the vendor said yes and only its words are lost.
        """
        options["headers"] = {"Accept": "application/json", **(options.get("headers") or {})}
        response = self.request(method, path, **options)
        if response.status_code in (204, 205):
            return None
        try:
            return orjson.loads(response.content)
        except orjson.JSONDecodeError:
            kind = "HTML" if "html" in response.headers.get("content-type", "").lower() else "no JSON"
        problem = f"{answers.describe(response)} with {len(response.content)} bytes that are {kind}"
        raise _unreadable(problem, _repeatable(method, options))

    def shaped(self, shape: type[M], method: str, path: str, **options: Unpack[Options]) -> M:
        """The body of ``json`` as the vendor's contract has it; one of another shape is an error as ``json`` has it.

        The error names places and what is wrong with them, never values.
        """
        body = self.json(method, path, **options)
        try:
            return shape.model_validate(body)
        except ValidationError as wrong:
            errors = wrong.errors(include_input=False)[:3]
        places = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['type']}" for each in errors)
        problem = f"{method} {redact.address(path)}: the answer is of another shape ({places})"
        raise _unreadable(problem, _repeatable(method, options))

    def address(self, path: str, params: Params | None = None) -> str:
        """The absolute address a request would go to; for ``paging.by_link``. Raises ContractError as ``request``."""
        return str(self._resolve(path, params))

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()

    def _prepare(self, method: str, path: str, options: Options) -> _Call:
        headers, content, body = dict(options.get("headers") or {}), options.get("content"), options.get("json")
        if body is not None:
            try:
                content = orjson.dumps(body)
            except TypeError as error:
                raise RecordError(f"{method} {redact.address(path)}: the body is no JSON: {error}") from None
            headers.setdefault("Content-Type", "application/json")
        url = self._resolve(path, options.get("params"))
        return _Call(method.upper(), url, headers, content, _repeatable(method, options))

    def _resolve(self, path: str, params: Params | None) -> httpx.URL:
        url = self._place(path)
        given = {name: value for name, value in (params or {}).items() if value is not None}
        return url.copy_merge_params(given) if given else url

    def _absolute(self, path: str) -> httpx.URL:
        try:
            url = self._client.build_request("GET", path).url
        except httpx.InvalidURL:
            url = httpx.URL()
        if (url.scheme, url.host, url.port) != (self._base.scheme, self._base.host, self._base.port):
            raise ContractError(f"{redact.address(path)} is no address at {redact.address(self._base)}")
        return url

    def _insist(self, call: _Call) -> _Answer:
        """The last answer after all attempts. Retries go by answers, so an error of auth, budget or meter ends them."""
        started = self._runtime.monotonic()
        try:
            first = self._attempt(call)
            # Nearly every request needs one attempt, and no more of the machinery for others than this question.
            return self._again(call, first, started) if first.again else first
        except TransientError as error:
            if not call.lost:
                raise
            return _Answer(error)

    def _again(self, call: _Call, first: _Answer, started: float) -> _Answer:
        made = iter((first,))

        def attempt() -> _Answer:
            return next(made, None) or self._attempt(call)

        def brought(state: RetryCallState) -> _Answer:
            answer = state.outcome and state.outcome.result()
            return answer if isinstance(answer, _Answer) else _Answer(TransientError())

        def stop(state: RetryCallState) -> bool:
            spent = max(self._runtime.monotonic() - started, state.idle_for)
            return state.attempt_number >= self._retry.attempts or spent + state.upcoming_sleep > self._retry.patience

        retrying = Retrying(
            retry=retry_if_result(lambda answer: answer.again),
            wait=lambda state: self._retry.delay(state.attempt_number, brought(state).asked),
            stop=stop,
            sleep=self._pause,
            retry_error_callback=brought,
        )
        return retrying(attempt)

    def _pause(self, seconds: float) -> None:
        self._runtime.meter.waited(seconds, "retry")
        self._runtime.sleep(seconds)

    def _attempt(self, call: _Call) -> _Answer:
        answer = self._send(call)
        if isinstance(answer.result, AuthError) and self._auth and not call.renewed:
            call.renewed = True
            if self._auth.refresh():
                return self._send(call)
        return answer

    def _send(self, call: _Call) -> _Answer:
        if self._budget:
            self._budget.take(self._runtime, call.method, call.url.path)
        credentials = self._auth.headers() if self._auth else {}
        request = self._build(call, credentials)
        self._runtime.meter.request(redact.address(request.url))
        try:
            response = self._wire.send(request)
        except httpx.TransportError as error:
            failure = error
        except TooLargeError as error:
            return self._too_large(call, error.response)
        else:
            return self._judge(call, response)
        return self._failed(call, request, failure)

    def _build(self, call: _Call, credentials: Mapping[str, str]) -> httpx.Request:
        headers = httpx.Headers()
        for given in (self._headers, call.headers, credentials):
            if not all(value.isascii() and value.isprintable() for value in given.values()):
                # A token pasted with a line break or a curly quote; httpx and h11 would quote it in their exceptions.
                place = f"{call.method} {redact.address(call.url)}"
                raise AuthError(f"{place}: a header holds a character that cannot be sent")
            headers.update(given)
        url = self._sign(call.method, call.url) if self._sign else call.url
        return self._client.build_request(call.method, url, headers=headers, content=call.content)

    def _judge(self, call: _Call, response: httpx.Response) -> _Answer:
        if self._budget:
            self._budget.heed(self._runtime, call.method, call.url.path, response.headers)
        error = self._classify(response)
        if error is None:
            return _Answer(response)
        asked = retry_after(response.headers, self._runtime.now())
        if response.status_code == 503 and type(error) is TransientError and asked is not None:
            error = RateLimitedError(str(error))
        if isinstance(error, RateLimitedError):
            asked = error.retry_after = asked if error.retry_after is None else error.retry_after
            if self._budget and asked:
                self._budget.close(self._runtime, asked)
            return _Answer(error, again=True, asked=asked)
        lost = isinstance(error, UnknownOutcomeError) or (
            isinstance(error, TransientError) and response.status_code >= 500
        )
        call.lost = call.lost or lost
        again = isinstance(error, TransientError) and (call.repeatable or not lost)
        return _Answer(error, again=again, asked=asked)

    def _too_large(self, call: _Call, response: httpx.Response) -> _Answer:
        problem = f"{answers.describe(response)} with more than {self._wire.largest} bytes"
        return _Answer(_unreadable(problem, call.repeatable or not response.is_success))

    def _failed(self, call: _Call, request: httpx.Request, failure: httpx.TransportError) -> _Answer:
        what = answers.name(request)
        if isinstance(failure, httpx.LocalProtocolError | httpx.UnsupportedProtocol):
            return _Answer(ContractError(f"{what}: the request cannot be sent ({type(failure).__name__})"))
        if isinstance(failure, NEVER_SENT):
            problem = f"{what}: no connection ({type(failure).__name__}: {redact.text(str(failure))})"
            return _Answer(TransientError(problem), again=True)
        call.lost = True
        problem = f"{what}: the answer was lost ({type(failure).__name__})"
        return _Answer(TransientError(problem), again=call.repeatable)


class _NoCookies(CookieJar):
    """Keeps none: an API answers to its token alone, and a session cookie would let one request depend on another."""

    def extract_cookies(self, response: HTTPResponse, request: Request) -> None:
        """Takes nothing from any answer."""


@cache
def user_agent() -> str:
    """``concord/<version>``; ``concord/source`` when it runs from a tree that was never installed.

    To look for it takes 2 ms, so it is done once and not for each client.
    """
    try:
        return f"concord/{version('concord-hub')}"
    except PackageNotFoundError:
        return "concord/source"


@cache
def _trusted() -> ssl.SSLContext:
    """Whom every client trusts. To load the authorities takes 40 ms, so it is done once and not for each vendor."""
    return httpx.create_ssl_context()


def _repeatable(method: str, options: Options) -> bool:
    given = options.get("repeatable")
    return method.upper() in REPEATABLE if given is None else given


def _unreadable(problem: str, repeatable: bool) -> ConcordError:
    return ContractError(problem) if repeatable else UnknownOutcomeError(problem)
