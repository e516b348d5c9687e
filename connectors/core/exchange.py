"""What passes between a client and a stand-in: a request, a reply, and the route that leads from one to the other."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asked. Header names are lower case; ``params`` are the named parts of the matching route."""

    method: str
    path: str
    query: Mapping[str, Sequence[str]]
    headers: Mapping[str, str]
    body: bytes
    params: Mapping[str, str] = field(default_factory=dict)

    def json(self) -> Any:
        """The parsed body. Raises ValueError where it is no JSON."""
        return json.loads(self.body or b"null")

    def first(self, name: str, default: str = "") -> str:
        """The first value of a query parameter."""
        return self.query.get(name, (default,))[0]


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered: ``body`` as JSON unless it is text (sent as HTML), bytes, or None (sent empty)."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def encoded(self) -> tuple[str, bytes]:
        """Media type and bytes."""
        if self.body is None:
            return "", b""
        if isinstance(self.body, bytes):
            return "application/octet-stream", self.body
        if isinstance(self.body, str):
            return "text/html; charset=utf-8", self.body.encode()
        return "application/json;charset=utf-8", json.dumps(self.body, ensure_ascii=False).encode()


Handler = Callable[[Request], Reply]


@dataclass(frozen=True, slots=True)
class Route:
    """A method and a path such as ``/things/{id}``, where a name in braces stands for one segment."""

    method: str
    template: str
    handler: Handler

    def pattern(self) -> re.Pattern[str]:
        """The template as a regular expression."""
        parts = re.split(r"\{(\w+)\}", self.template)
        text = "".join(re.escape(part) if i % 2 == 0 else f"(?P<{part}>[^/]+)" for i, part in enumerate(parts))
        return re.compile(text)
