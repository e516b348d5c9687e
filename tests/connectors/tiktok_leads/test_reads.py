"""What is special to TikTok: exports that take their time, regions, refusals inside a 200, notifications."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from connectors.tiktok_leads.connector import TikTokLeadsConfig
from connectors.tiktok_leads.sandbox import ADVERTISER, SECRET, Form
from mapping.contract import Cursor, Page, RemoteId, Slice
from mapping.errors import AuthError, ConcordError, ContractError, ForbiddenError, RateLimitedError, TransientError
from tests.connectors.tiktok_leads.studio import DEMO, TRIAL, Studio

FORM = Slice(TRIAL, "Trial")


def pages(studio: Studio, cursor: Cursor | None = None, **config: Any) -> list[Page]:
    return list(studio.open(**config).read(FORM, cursor))


def ids(found: list[Page]) -> list[str]:
    return [str(record.remote_id) for page in found for record in page.records]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (40105, AuthError),
        (40001, ForbiddenError),
        (40100, RateLimitedError),
        (40910, TransientError),
        (50002, TransientError),
        (40002, ContractError),
        (None, ContractError),
    ],
)
def test_a_refusal_inside_a_200_is_told_by_its_code(
    studio: Studio, code: int | None, expected: type[Exception]
) -> None:
    body: dict[str, Any] = {"code": code, "message": "says kim@plum.example", "data": {}}
    studio.server.faults.fail(200, body=body, times=9)
    with pytest.raises(ConcordError) as refused:
        studio.connector().check()
    assert type(refused.value) is expected
    assert "kim@plum.example" not in str(refused.value)


def test_another_advertiser_is_forbidden(studio: Studio) -> None:
    with pytest.raises(ForbiddenError):
        studio.connector(advertiser_id="7012345678901234568").check()


def test_forms_are_listed_page_by_page_and_drafts_are_none(studio: Studio) -> None:
    for number in range(5):
        studio.server.forms[f"{number}"] = Form(f"{number}", f"Form {number}", "EDITED" if number == 3 else "PUBLISHED")
    studio.server.listed = 2
    titles = [each.title for each in studio.open().slices()]
    assert titles == ["Trial", "Form 0", "Form 1", "Form 2", "Form 4"]
    assert [each.key for each in studio.open(forms=[DEMO, TRIAL]).slices()] == [DEMO, TRIAL]


def test_leads_of_all_regions_are_read_together(studio: Studio) -> None:
    made = []
    for number, region in enumerate(("eu", "us", "", "eu")):
        made.append(studio.submit(number, region=region).id)
        studio.clock.advance(1)
    assert ids(pages(studio, regions=("eu", "us", "other"))) == made
    assert ids(pages(studio, regions=("eu",))) == [made[0], made[3]]
    assert ids(pages(studio)) == [made[2]]


def test_all_regions_are_exported_at_the_same_time(studio: Studio) -> None:
    pages(studio, regions=("eu", "us", "other"))
    assert studio.clock.slept < 2 * 6, "not as long as one after the other"


def test_a_large_export_comes_as_an_archive(studio: Studio) -> None:
    studio.server.zipped = 0
    made = [studio.submit(number).id for number in range(3)]
    assert ids(pages(studio)) == made


def test_a_form_without_leads_is_read_all_the_same(studio: Studio) -> None:
    (page,) = pages(studio)
    assert (page.records, page.complete) == ([], True)


def test_an_export_that_does_not_end_is_left_for_later(studio: Studio) -> None:
    studio.server.takes = timedelta(days=1)
    with pytest.raises(TransientError, match="come to an end"):
        pages(studio)
    assert studio.clock.slept < 600


def test_an_export_that_fails_is_tried_again_with_the_next_run(studio: Studio) -> None:
    lead = studio.submit()
    failed = {"code": 0, "message": "OK", "data": {"task_id": "1", "status": "FAILED"}}
    studio.server.faults.fail(200, body=failed, path="/task/")
    with pytest.raises(TransientError):
        pages(studio)
    assert ids(pages(studio)) == [lead.id]


@pytest.mark.parametrize("body", ["<html>", {"code": 0}, {"code": 0, "data": []}, b"PK\x03\x04broken", b"\xff\xfe,"])
def test_an_answer_that_is_none_is_a_matter_for_a_person(studio: Studio, body: Any) -> None:
    path = "/download/" if isinstance(body, bytes) else "/task/"
    studio.server.faults.fail(200, body=body, path=path, times=9)
    with pytest.raises(ContractError):
        pages(studio)


def test_an_export_without_ids_stops_the_stream(studio: Studio) -> None:
    studio.server.faults.fail(200, body=b"Name,Email\r\nKim,kim@plum.example\r\n", path="/download/")
    with pytest.raises(ContractError, match="column for the lead's id"):
        pages(studio)


def test_a_lead_that_shows_up_late_is_met(studio: Studio) -> None:
    studio.submit(1)
    cursor = pages(studio)[-1].cursor
    late = studio.submit(2, at=studio.clock.now() - timedelta(hours=20))
    old = studio.submit(3, at=studio.clock.now() - timedelta(hours=30))
    found = ids(pages(studio, cursor))
    assert late.id in found
    assert old.id not in found


def test_what_tiktok_no_longer_keeps_is_no_longer_exported(studio: Studio) -> None:
    studio.submit(1, at=studio.clock.now() - timedelta(days=91))
    kept = studio.submit(2)
    assert ids(pages(studio)) == [kept.id]


def notification(name: str) -> bytes:
    """As TikTok's guide shows it, with numbers that are not quoted."""
    entry = {
        "id": 7126711421177430274,
        "page_id": int(TRIAL),
        "create_time": 1614239152,
        "changes": [{"field": "name", "value": name}],
        "advertiser_id": int(ADVERTISER),
    }
    return json.dumps({"object": 1, "entry": [entry], "time": 1614334356}, ensure_ascii=False).encode()


@pytest.mark.parametrize("name", ["Jane", "Zoë 😀"])
def test_a_notification_is_tiktok_s_where_it_is_signed_in_either_form(studio: Studio, name: str) -> None:
    hooks = studio.connector(app_secret=SECRET).hooks
    assert hooks is not None
    body = notification(name)
    escaped = json.dumps(json.loads(body)).encode()
    for form in (body, escaped):
        hooks.verify({"X-Open-Signature": hmac.new(SECRET.encode(), form, hashlib.sha256).hexdigest()}, body)
    for wrong in ("", "é", hmac.new(b"other", body, hashlib.sha256).hexdigest()):
        with pytest.raises(AuthError):
            hooks.verify({"x-open-signature": wrong}, body)
    assert hooks.targets(body) == [("leads", Slice(TRIAL), [RemoteId("7126711421177430274")])]


@pytest.mark.parametrize(("body", "found"), [(b'{"object": 2, "entry": [{}]}', []), (b"[]", None), (b"{", None)])
def test_other_notifications_are_let_be(studio: Studio, body: bytes, found: list[Any] | None) -> None:
    hooks = studio.connector(app_secret=SECRET).hooks
    assert hooks is not None
    if found is None:
        with pytest.raises(ContractError):
            hooks.targets(body)
    else:
        assert hooks.targets(body) == found
    assert studio.connector().hooks is None


@pytest.mark.parametrize(
    ("wrong", "told"),
    [({"advertiser_id": "act_1"}, "advertiser_id"), ({"regions": ["asia"]}, "regions"), ({"pages": ["1"]}, "pages")],
)
def test_a_wrong_configuration_says_where(studio: Studio, wrong: Mapping[str, Any], told: str) -> None:
    with pytest.raises(ValidationError) as refused:
        TikTokLeadsConfig.model_validate({**studio.server.settings, **wrong})
    assert told in str(refused.value)
