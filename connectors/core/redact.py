"""Takes secrets and personal data out of addresses and texts before anybody can read them."""

from __future__ import annotations

import logging
import re

import httpx

HIDDEN = "…"

_ADDRESS = re.compile(r"https?://[^\s'\"<>]+")
_HOST = re.compile(r"[\w.-]*|[\da-f:.]+")
_SCHEME = re.compile(r"\b(bearer|basic|token|zoho-oauthtoken)\s+[\w\-.~+/=:]{6,}", re.IGNORECASE)
_NAMES = (
    r"[\w-]*(?:token|secret|password|passwd|assertion|verifier|signature|api[_-]?key|hapikey)[\w-]*"
    r"|sig|key|code|hmac|state"
)
_NAMED = re.compile(rf"(?P<name>\b(?:{_NAMES})[\"']?\s*[=:]\s*[\"']?)(?P<value>[^\s&\"',;}}]+)", re.IGNORECASE)


def address(url: httpx.URL | str) -> str:
    """The address without anything private: no user, no query value, no fragment, no segment that could be a secret.

    The names of query parameters stay, as do host and path, so that a reader can tell which call it was. A path segment
    is hidden when it holds an e-mail address, a phone number, or 20 characters or more with a digit among them: vendors
    put tokens there too (incoming webhooks, bot addresses).
    """
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        return HIDDEN
    path = "/".join(HIDDEN if _private(segment) else segment for segment in parsed.path.split("/"))
    query = "&".join(f"{name}={HIDDEN}" for name in dict.fromkeys(parsed.params.keys()))
    if not _HOST.fullmatch(parsed.host):
        return HIDDEN
    place = f"{parsed.scheme}://{parsed.netloc.decode('ascii', 'replace')}" if parsed.host else ""
    return f"{place}{path}" + (f"?{query}" if query else "")


def _private(segment: str) -> bool:
    return (
        "@" in segment
        or segment.startswith("+")
        or (len(segment) >= 20 and any(character.isdigit() for character in segment))
    )


def text(message: str) -> str:
    """The message with its addresses redacted, and without what follows ``Bearer`` or the name of a secret."""
    message = _ADDRESS.sub(lambda found: address(found.group()), message)
    message = _SCHEME.sub(lambda found: f"{found.group(1)} {HIDDEN}", message)
    return _NAMED.sub(lambda found: found["name"] + HIDDEN, message)


class RedactingFilter(logging.Filter):
    """Redacts a log record in place and lets it pass."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always True; the record's message has been redacted."""
        record.msg, record.args = text(record.getMessage()), ()
        return True


def quiet_http_logs() -> None:
    """Makes the logs of httpx safe to keep; idempotent.

    httpx logs every full address at INFO and httpcore every response header (cookies, redirects) at DEBUG, so the first
    is redacted and the second is held at WARNING even where the root logger is at DEBUG.
    """
    logger = logging.getLogger("httpx")
    if not any(isinstance(present, RedactingFilter) for present in logger.filters):
        logger.addFilter(RedactingFilter())
    for name in ("httpcore", "hpack"):
        logging.getLogger(name).setLevel(logging.WARNING)
