"""What a vendor's answer means, by its status, where the vendor says nothing better."""

from __future__ import annotations

import httpx

from connectors.core import redact
from mapping.errors import (
    AuthError,
    ConcordError,
    ConflictError,
    ContractError,
    ForbiddenError,
    GoneError,
    RateLimitedError,
    TransientError,
)

BY_STATUS: dict[int, type[ConcordError]] = {
    401: AuthError,
    403: ForbiddenError,
    404: GoneError,
    408: TransientError,
    409: ConflictError,
    410: GoneError,
    412: ConflictError,
    425: TransientError,
    429: RateLimitedError,
}


def classify(response: httpx.Response) -> ConcordError | None:
    """The error that an answer stands for, or None where it is what was asked for (2xx; 304 to a conditional request).

    A redirect is a ContractError: APIs do not move, so it is mostly a login page, and following it would carry the
    credentials along. The message never quotes the body, which may hold personal data.
    """
    status = response.status_code
    if response.is_success or status == 304:
        return None
    if response.is_redirect or 300 <= status < 400:
        return ContractError(
            f"{describe(response)}: a redirect to {redact.address(response.headers.get('location', ''))}"
        )
    fallback = TransientError if status >= 500 else ContractError
    return BY_STATUS.get(status, fallback)(describe(response))


def describe(response: httpx.Response) -> str:
    """``GET https://host/path answered 404 Not Found``, redacted; the words are ours, not the vendor's."""
    answered = f"{response.status_code} {httpx.codes.get_reason_phrase(response.status_code)}".strip()
    return f"{name(response.request)} answered {answered}"


def name(request: httpx.Request) -> str:
    """``GET https://host/path``, redacted."""
    return f"{request.method} {redact.address(request.url)}"
