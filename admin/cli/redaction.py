"""Takes secrets and personal data out of texts that are kept or shown for diagnosis, and sets up logging."""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog

HIDDEN = "…"
JSON_LOGS = "CONCORD_JSON_LOGS"

_SECRET_NAME = re.compile(
    r"token|secret|passw|authorization|api_?key|credential|cookie|(^|_)(key|pat|dsn|url)$", re.IGNORECASE
)
_EMAIL = re.compile(r"[\w.%+'-]+@[\w-]+(\.[\w-]+)+")
_PHONE = re.compile(r"(?<![\w.:-])(?:\+|00)?\d(?:[\s/().-]{0,2}\d){7,14}(?![\w:])")
_LOGIN = re.compile(r"(\w+://)[^\s/@]+@")
_MINIMUM = 6


def redacted(text: str) -> str:
    """The text without secrets and personal data, as far as their form tells.

    Hidden are: values after ``Bearer`` or the name of a secret, what addresses carry, logins in addresses, the values
    of environment variables that are named like secrets, e-mail addresses, and runs of digits that could be a phone
    number. Names of people cannot be told from other words; that is why errors are written without record values.
    """
    from connectors.core.redact import text as without_secrets

    for name, value in os.environ.items():
        if len(value) >= _MINIMUM and _SECRET_NAME.search(name):
            text = text.replace(value, HIDDEN)
    text = _LOGIN.sub(rf"\1{HIDDEN}@", text)
    text = _EMAIL.sub(f"{HIDDEN}@{HIDDEN}", text)
    return without_secrets(_PHONE.sub(HIDDEN, text))


def redacted_event(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: secrets by the name of their key, everything else by its form."""
    for key, value in event.items():
        event[key] = HIDDEN if _SECRET_NAME.search(key) and value else _redacted_value(value)
    return event


def _redacted_value(value: Any) -> Any:
    if isinstance(value, str):
        return redacted(value)
    if isinstance(value, Mapping):
        return {key: HIDDEN if _SECRET_NAME.search(str(key)) else _redacted_value(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_redacted_value(each) for each in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return redacted(str(value))


def json_wanted() -> bool:
    """Whether the environment asks for JSON lines: CONCORD_JSON_LOGS is set to anything but 0."""
    return os.environ.get(JSON_LOGS, "0") not in {"", "0"}


def configure_logging(*, verbose: bool, as_json: bool) -> None:
    """Sends every log line, structlog's and the libraries', to stderr through the same redaction.

    Warnings and worse by default, everything of our own with ``verbose``. JSON lines with ``as_json`` or with the
    environment variable CONCORD_JSON_LOGS set to anything but 0.
    """
    as_json = as_json or json_wanted()
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        structlog.processors.format_exc_info,
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, redacted_event, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO if verbose else logging.WARNING)
    # A person sees in the answer how a run went; who gathers lines wants them all.
    logging.getLogger("concord.run").setLevel(logging.NOTSET if verbose or as_json else logging.CRITICAL)
    for noisy in ("httpx", "httpcore", "alembic", "apscheduler", "sqlalchemy"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
