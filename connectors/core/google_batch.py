"""Many requests in one, as Google takes them: multipart/mixed of application/http ("Batching requests", read
2026-11-23).
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from email.parser import BytesParser
from email.policy import compat32

import httpx

_NUMBER = re.compile(r"response-(\d+)>?$")
_STATUS = re.compile(rb"HTTP/\d(?:\.\d)? (\d{3})[^\r\n]*\r?\n")


def encode(calls: Mapping[int, str]) -> tuple[str, bytes]:
    """Content type and body of a batch of GETs; ``calls`` are path and query by the number they are known by."""
    boundary = f"batch_{secrets.token_hex(16)}"
    parts = [
        f"--{boundary}\r\nContent-Type: application/http\r\nContent-ID: <{number}>\r\n\r\nGET {call} HTTP/1.1\r\n\r\n"
        for number, call in calls.items()
    ]
    return f"multipart/mixed; boundary={boundary}", "".join([*parts, f"--{boundary}--\r\n"]).encode("ascii")


def decode(response: httpx.Response, calls: Mapping[int, str]) -> dict[int, httpx.Response]:
    """Each call's own answer by its number. Calls whose answer is missing or cut off are left out."""
    kind = response.headers.get("content-type", "").encode("latin-1")
    whole = BytesParser(policy=compat32).parsebytes(b"Content-Type: " + kind + b"\r\n\r\n" + response.content)
    found: dict[int, httpx.Response] = {}
    for part in whole.walk():
        number = _NUMBER.search(str(part.get("Content-ID", "")))
        answer = part.get_payload(decode=True)
        status = _STATUS.match(answer) if isinstance(answer, bytes) else None
        if number is None or status is None or not isinstance(answer, bytes) or int(number[1]) not in calls:
            continue
        head, body = _split(answer[status.end() :])
        request = httpx.Request("GET", response.request.url.join(calls[int(number[1])]))
        found[int(number[1])] = httpx.Response(int(status[1]), headers=head, content=body, request=request)
    return found


def _split(text: bytes) -> tuple[list[tuple[str, str]], bytes]:
    """Headers and body of an answer behind its status line."""
    head, _, body = text.replace(b"\r\n", b"\n").partition(b"\n\n")
    named = (line.partition(":") for line in head.decode("latin-1").splitlines())
    # What speaks of the bytes on the wire was true of the part before it was packed.
    wire = ("content-length", "content-encoding", "transfer-encoding")
    return [
        (name.strip(), value.strip()) for name, mark, value in named if mark and name.strip().lower() not in wire
    ], body
