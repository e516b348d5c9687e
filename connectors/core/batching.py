"""Many reads in one request: those that are refused for the moment are asked for again, the others are kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

import httpx

from connectors.core.auth import Auth
from connectors.core.protocols import Runtime
from connectors.core.retry import Retry, retry_after
from mapping.errors import AuthError, ConcordError, GoneError, RateLimitedError, TransientError

C = TypeVar("C")

Send = Callable[[Mapping[int, C]], Mapping[int, httpx.Response]]
Classify = Callable[[httpx.Response], ConcordError | None]


def insist(
    calls: Mapping[int, C], send: Send[C], classify: Classify, *, runtime: Runtime, auth: Auth, retry: Retry
) -> dict[int, httpx.Response | None]:
    """The answer to each call by its number; None for what is not there (404).

    ``send`` brings the answers that came, each with the status of its own. A call that is refused for the moment, or
    whose answer is missing, is sent again with others like it after a wait; a refusal for good raises, and so does the
    last refusal when ``retry`` is used up. A login that is refused is renewed once.
    """
    waiting = dict(calls)
    found: dict[int, httpx.Response | None] = {}
    renewed = False
    for attempt in range(1, retry.attempts + 1):
        refused: ConcordError | None = None
        for number, response in send(waiting).items():
            error = classify(response)
            if error is None or isinstance(error, GoneError):
                found[number] = None if error else response
            elif isinstance(error, TransientError) or (isinstance(error, AuthError) and not renewed):
                if isinstance(error, RateLimitedError) and error.retry_after is None:
                    error.retry_after = retry_after(response.headers, runtime.now())
                refused = error
            else:
                raise error
        waiting = {number: call for number, call in waiting.items() if number not in found}
        if not waiting:
            break
        refused = refused or TransientError("a batch came back with answers missing")
        if attempt == retry.attempts:
            raise refused
        if isinstance(refused, AuthError):
            renewed = True
            if not auth.refresh():
                raise refused
        else:
            _pause(runtime, retry, attempt, refused)
    return found


def _pause(runtime: Runtime, retry: Retry, attempt: int, refused: ConcordError) -> None:
    seconds = retry.delay(attempt, refused.retry_after if isinstance(refused, RateLimitedError) else None)
    if seconds > retry.patience:
        raise refused
    runtime.meter.waited(seconds, "retry")
    runtime.sleep(seconds)
