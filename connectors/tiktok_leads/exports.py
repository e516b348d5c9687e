"""TikTok's API for Business: exports of a form's leads, and what a refusal inside an answer of 200 means.

Codes are those of TikTok's own SDK (tiktok-business-api-sdk-official 1.1.3). It knows no leads: paths and parameters of
exports are those that published programs use and quote (see README.md), read 2026-11-23.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Unpack

import httpx
import orjson

from connectors.core import answers
from connectors.core.http import Http, Options, Params, Retry
from connectors.core.paging import by_number
from connectors.core.protocols import Runtime
from connectors.tiktok_leads import mapping
from mapping.errors import (
    AuthError,
    ConcordError,
    ContractError,
    ForbiddenError,
    RateLimitedError,
    TransientError,
    UnknownOutcomeError,
)

Json = Mapping[str, Any]
Row = Mapping[str, str]

ROOT = "/open_api/v1.3"
LISTED = 100
LARGEST = 256 * 1024 * 1024
"""Bytes that an export may unpack to."""
WAITS = (1.0, 2.0, 3.0, 5.0, *(10.0 for _ in range(30)))
"""Seconds between two looks at whether an export is ready."""
PATIENT = Retry(attempts=6, first=1.0, longest=30.0, patience=150.0)
LOGIN = frozenset({40102, 40104, 40105, 40106, 40114, 40309})
FORBIDDEN = frozenset({40001, 40003, 40113, 40117, 40118, 40124, 40125, 40130, 40131, 40300, 40301})
SLOWER = frozenset({40100, 40132})
LATER = frozenset({40200, 40201, 40905, 40910})
"""An export that failed, is not ready, or is no longer there: another will do."""
FAULTS = 50_000
"""From here on codes stand for faults of TikTok's own."""


@dataclass(frozen=True, slots=True)
class Export:
    """An export that was begun: its number, what was said of it then, and the headers to ask for it with."""

    task: str
    status: str
    headers: Mapping[str, str]


class TikTok:
    """One advertiser. Every method raises the errors of ``Http``; a lost answer is a TransientError."""

    def __init__(self, runtime: Runtime, base_url: str, access_token: str, advertiser: str) -> None:
        self._runtime, self._advertiser = runtime, advertiser
        headers = {"Access-Token": access_token.strip()}
        self._http = Http(runtime, base_url, classify=classify, headers=headers, retry=PATIENT)

    def name(self) -> str:
        """What the advertiser is called. Raises ForbiddenError where the token sees no such advertiser."""
        asked = {"advertiser_ids": f'["{self._advertiser}"]', "fields": '["advertiser_id","name"]'}
        listed = self._data("GET", "/advertiser/info/", params=asked).get("list") or ()
        if not listed:
            raise ForbiddenError("the token may not see this advertiser")
        return str(listed[0].get("name") or self._advertiser)

    def forms(self) -> Iterator[tuple[str, str]]:
        """Id and title of each lead form (instant page) that is no draft."""

        def fetch(number: int) -> Json:
            asked: Params = {
                "advertiser_id": self._advertiser,
                "business_type": "LEAD_GEN",
                "page_size": LISTED,
                "page": number,
            }
            return self._data("GET", "/page/get/", params=asked)

        def more(page: Json) -> bool:
            told = page.get("page_info") or {}
            return int(told.get("page") or 1) < int(told.get("total_page") or 1)

        for leaf in by_number(fetch, lambda page: page.get("list") or (), more):
            for form in leaf.page.get("list") or ():
                if form.get("status") != "EDITED":
                    yield str(form["page_id"]), str(form.get("title") or form["page_id"])

    def begin(self, form: str, region: str) -> Export:
        """An export of every lead of a form that is kept in a region ('': in none of those with a name of its own)."""
        headers = {"x-lead-region": region} if region else {}
        asked = {"advertiser_id": self._advertiser, "page_id": form}
        started = self._data("POST", "/page/lead/task/", json=asked, headers=headers)
        if not started.get("task_id"):
            raise ContractError("TikTok began an export without naming it")
        return Export(str(started["task_id"]), str(started.get("status") or ""), headers)

    def rows(self, export: Export) -> Iterator[Row]:
        """The rows of an export, once it is ready."""
        asked = {"advertiser_id": self._advertiser, "task_id": export.task}
        self._await(asked, export.status, export.headers)
        return _rows(self._sent("GET", "/page/lead/task/download/", params=asked, headers=export.headers).content)

    def _await(self, asked: Json, status: str, headers: Mapping[str, str]) -> None:
        for seconds in WAITS:
            if status.upper().startswith("SUCC"):
                return
            if "FAIL" in status.upper():
                raise TransientError("TikTok could not export the leads this time")
            self._runtime.meter.waited(seconds, "export of leads")
            self._runtime.sleep(seconds)
            status = str(self._data("POST", "/page/lead/task/", json=asked, headers=headers).get("status") or "")
        raise TransientError("TikTok does not come to an end with the export of leads")

    def _data(self, method: str, path: str, **options: Unpack[Options]) -> Json:
        response = self._sent(method, path, **options)
        try:
            found = orjson.loads(response.content)
        except orjson.JSONDecodeError:
            found = None
        data = found.get("data") if isinstance(found, dict) else None
        if not isinstance(data, dict):
            raise ContractError(f"{answers.describe(response)} with a body that holds no data")
        return data

    def _sent(self, method: str, path: str, **options: Unpack[Options]) -> httpx.Response:
        options.setdefault("repeatable", True)
        try:
            return self._http.request(method, ROOT + path, **options)
        except UnknownOutcomeError as lost:
            # To begin an export twice does no harm: nothing has to be looked for before it is asked again.
            problem = str(lost)
        raise TransientError(problem)


def classify(response: httpx.Response) -> ConcordError | None:
    """What an answer stands for: by its status, and within 200 by the ``code`` of its body, where 0 is a yes.

    An export is no JSON. The message is not quoted: it may repeat what was sent.
    """
    usual = answers.classify(response)
    if usual is not None or response.content.lstrip()[:1] != b"{":
        return usual
    try:
        code = orjson.loads(response.content).get("code")
    except orjson.JSONDecodeError:
        return ContractError(f"{answers.describe(response)} with a body that is cut off, or no JSON")
    if code == 0:
        return None
    said = f"{answers.describe(response)} with code {code if isinstance(code, int) else 'unknown'}"
    if code in SLOWER:
        return RateLimitedError(said)
    if code in LOGIN:
        return AuthError(f"{said}: the access token is not valid (any more)")
    if code in FORBIDDEN:
        return ForbiddenError(f"{said}: the token lacks a permission, or its owner is no admin of the advertiser")
    if isinstance(code, int) and (code in LATER or code >= FAULTS):
        return TransientError(said)
    return ContractError(said)


def _rows(content: bytes) -> Iterator[Row]:
    """The rows of an export: a CSV file, or an archive of such where it is large."""
    for text in _texts(content):
        reader = csv.reader(io.StringIO(text, newline=""))
        header = [mapping.column(each) for each in next(reader, [])]
        if header and "lead_id" not in header:
            raise ContractError("TikTok's export has no column for the lead's id")
        for cells in reader:
            if any(cells):
                yield dict(zip(header, cells, strict=False))


def _texts(content: bytes) -> Sequence[str]:
    try:
        if not content.startswith(b"PK"):
            return [content.decode("utf-8-sig")]
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(each.file_size for each in archive.infolist()) > LARGEST:
                raise ContractError("TikTok's export is larger than anything that was expected")
            return [archive.read(name).decode("utf-8-sig") for name in sorted(archive.namelist())]
    except (zipfile.BadZipFile, UnicodeDecodeError):
        raise ContractError("TikTok's export cannot be read") from None
