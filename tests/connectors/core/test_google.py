"""What Google's connectors and stand-ins share: partial answers, batches, refusals."""

from __future__ import annotations

import httpx
import pytest

from connectors.core import google_batch, google_fields
from tests.connectors.gmail.office import Office, mail

BODY = {"id": "1", "parts": [{"a": 1, "b": {"c": 2, "d": 3}}, {"b": {"c": 4}}], "list": [1, 2]}


@pytest.mark.parametrize("wanted", ["", ",", "a,", "a(b", "a)b", "a/", "/a", "a b", "a()", "(a)", "a((b))"])
def test_what_is_no_selection_is_refused(wanted: str) -> None:
    with pytest.raises(ValueError, match="invalid field selection"):
        google_fields.part(BODY, wanted)


@pytest.mark.parametrize(
    ("wanted", "left"),
    [
        ("id", {"id": "1"}),
        ("list,missing", {"list": [1, 2]}),
        ("parts/b/c", {"parts": [{"b": {"c": 2}}, {"b": {"c": 4}}]}),
        ("parts(a,b/d),id", {"id": "1", "parts": [{"a": 1, "b": {"d": 3}}, {"b": {}}]}),
        ("parts/*/c", {"parts": [{"a": 1, "b": {"c": 2}}, {"b": {"c": 4}}]}),
    ],
)
def test_a_selection_leaves_what_it_names(wanted: str, left: object) -> None:
    assert google_fields.part(BODY, wanted) == left


def answer(*parts: str) -> httpx.Response:
    text = "".join(f"--b\r\nContent-Type: application/http\r\n{part}\r\n" for part in parts) + "--b--\r\n"
    request = httpx.Request("POST", "http://127.0.0.1/batch")
    return httpx.Response(200, headers={"Content-Type": 'multipart/mixed; boundary="b"'}, text=text, request=request)


def test_of_a_batch_that_came_back_odd_only_what_can_be_told_apart_is_taken() -> None:
    good = 'Content-ID: <response-1>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{"a": 1}'
    found = google_batch.decode(
        answer(good, "Content-ID: <response-9>\r\n\r\nHTTP/1.1 200 OK\r\n\r\n{}", "\r\nHTTP/1.1 200 OK\r\n\r\n{}",
               "Content-ID: <response-2>\r\n\r\nno answer"),
        {1: "/one", 2: "/two"},
    )  # fmt: skip
    assert {number: each.json() for number, each in found.items()} == {1: {"a": 1}}
    assert str(found[1].request.url) == "http://127.0.0.1/one"
    assert google_batch.decode(httpx.Response(200, html="<p>log in", request=found[1].request), {1: "/one"}) == {}


def test_a_batch_that_leaves_calls_out_is_asked_for_them_again() -> None:
    office = Office()
    try:
        for number in range(3):
            office.box.deliver(mail(number))
        office.server.faults.fail(200, body={"odd": True}, path="/batch", times=2)
        assert len(office.read().ids) == 3
        assert office.server.calls("POST", "batch") == 3
    finally:
        office.close()
