"""A stand-in for TikTok's API for Business: an advertiser, its instant forms, and exports that take their time."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from connectors.core.exchange import Reply, Request, Route
from connectors.core.protocols import utc_now
from connectors.core.sandbox import SandboxServer

TOKEN = "a1b2c3-sandbox-tiktok-token"  # noqa: S105 - of the stand-in
SECRET = "sandbox-app-secret-1414"  # noqa: S105 - of the stand-in
ADVERTISER = "7012345678901234567"
FORM = "7100000000000000001"
ROOT = "/open_api/v1.3"
RETENTION = timedelta(days=90)
TAKES = timedelta(seconds=4)
LASTS = timedelta(minutes=10)
"""How long an export can be fetched."""
SYSTEM = (
    *("lead_id", "created_time", "ad_id", "ad_name", "adgroup_id", "adgroup_name", "campaign_id", "campaign_name"),
    *("page_id", "page_name", "is_test"),
)


class RefusedError(Exception):
    """The API refuses: code and message."""


@dataclass
class Lead:
    """What somebody answered. ``garbled`` lets it be exported with a time that nobody can read."""

    id: str
    at: datetime
    answers: Mapping[str, str]
    region: str = ""
    campaign: str = "Spring trial"
    test: bool = False
    garbled: bool = False


@dataclass
class Form:
    """An instant form and its leads by id. ``status`` is EDITED for a draft."""

    id: str
    title: str
    status: str = "PUBLISHED"
    now: Callable[[], datetime] = utc_now
    leads: dict[str, Lead] = field(default_factory=dict)
    _numbers: count[int] = field(default_factory=lambda: count(1))

    def submit(self, answers: Mapping[str, str], at: datetime | None = None, **more: Any) -> Lead:
        """A lead comes in."""
        number = f"{int(self.id) + next(self._numbers) * 11}"
        self.leads[number] = Lead(number, at or self.now(), answers, **more)
        return self.leads[number]

    def csv(self, region: str, oldest: datetime | None) -> bytes:
        """The leads of a region as the export has them: a byte order mark, and a column for each question."""
        kept = [one for one in self.leads.values() if one.region == region and (oldest is None or one.at >= oldest)]
        questions = list(dict.fromkeys(name for one in kept for name in one.answers))
        out = io.StringIO(newline="")
        writer = csv.writer(out)
        writer.writerow([*SYSTEM, *questions])
        for one in kept:
            at = "yesterday" if one.garbled else one.at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
            ad = ("'1809876543210987", "Video 1", "1809876543210000", "Lookalike", '="1809876543200000"', one.campaign)
            known = (f"'{one.id}", at, *ad, self.id, self.title, str(one.test).lower())
            writer.writerow([*known, *(one.answers.get(name, "") for name in questions)])
        return b"\xef\xbb\xbf" + out.getvalue().encode()


@dataclass(frozen=True, slots=True)
class Task:
    """An export under way, ready at a time."""

    id: str
    form: str
    region: str
    ready: datetime


class TikTokSandbox(SandboxServer):
    """The server. ``retention`` is for how long leads are exported, None for ever; an export ``takes`` its time, and
    one of more than ``zipped`` bytes comes as an archive."""

    def __init__(
        self,
        forms: Mapping[str, Form],
        *,
        now: Callable[[], datetime] = utc_now,
        retention: timedelta | None = RETENTION,
        zipped: int = 10 * 1024 * 1024,
        takes: timedelta = TAKES,
        port: int = 0,
        keep: int = 0,
    ) -> None:
        self.forms, self.now, self.retention, self.zipped = dict(forms), now, retention, zipped
        self.takes = takes
        self.listed = 100
        self._tasks: dict[str, Task] = {}
        self._numbers = count(1)
        routes = [
            Route("GET", f"{ROOT}/advertiser/info/", self._answering(self._info)),
            Route("GET", f"{ROOT}/page/get/", self._answering(self._pages)),
            Route("POST", f"{ROOT}/page/lead/task/", self._answering(self._task)),
            Route("GET", f"{ROOT}/page/lead/task/download/", self._answering(self._download)),
        ]
        super().__init__(routes, port=port, keep=keep, not_found=Reply(404, "Not Found"))

    @property
    def settings(self) -> Mapping[str, str]:
        """What a connection's ``config`` must say to talk to this server."""
        return {"base_url": self.url, "access_token": TOKEN, "advertiser_id": ADVERTISER}

    def refusal(self, code: int, message: str) -> dict[str, Any]:
        """The body of a refusal; its status is 200."""
        return {"code": code, "message": message, "request_id": f"2026{next(self._numbers):028}", "data": {}}

    def _answering(self, handler: Callable[[Request], Any]) -> Callable[[Request], Reply]:
        def handle(request: Request) -> Reply:
            try:
                if not request.headers.get("access-token"):
                    raise RefusedError(40104, "Access token is null")
                if request.headers["access-token"] != TOKEN:
                    raise RefusedError(40105, "Access token is incorrect or has been revoked.")
                found = handler(request)
            except RefusedError as refused:
                return Reply(200, self.refusal(*refused.args))
            if isinstance(found, bytes):
                return Reply(200, found, {"Content-Type": "text/csv"})
            return Reply(200, {**self.refusal(0, "OK"), "data": found})

        return handle

    def _advertiser(self, given: object) -> None:
        if str(given) != ADVERTISER:
            raise RefusedError(40001, "No permission to operate this advertiser")

    def _info(self, request: Request) -> Any:
        try:
            ids = json.loads(request.first("advertiser_ids", "[]"))
        except ValueError:
            raise RefusedError(40002, "advertiser_ids: not a valid list") from None
        for one in ids:
            self._advertiser(one)
        return {"list": [{"advertiser_id": one, "name": "Acme ads", "currency": "EUR"} for one in ids]}

    def _pages(self, request: Request) -> Any:
        self._advertiser(request.first("advertiser_id"))
        number, size = int(request.first("page", "1")), min(int(request.first("page_size", "10")), self.listed)
        if not 1 <= size <= 100:
            raise RefusedError(40002, "page_size: must be from 1 to 100")
        forms = list(self.forms.values())
        told = {"page": number, "page_size": size, "total_number": len(forms), "total_page": -(-len(forms) // size)}
        part = forms[(number - 1) * size : number * size]
        listed = [{"page_id": one.id, "title": one.title, "status": one.status} for one in part]
        return {"list": listed, "page_info": told}

    def _task(self, request: Request) -> Any:
        asked = request.json() or {}
        self._advertiser(asked.get("advertiser_id"))
        if "task_id" in asked:
            task = self._tasks.get(str(asked["task_id"]))
            if task is None:
                raise RefusedError(40002, "task_id: does not exist")
            return self._told(task)
        form = str(asked.get("page_id") or "")
        if form not in self.forms:
            raise RefusedError(40002, "page_id: does not exist")
        region = request.headers.get("x-lead-region", "")
        task = Task(f"{7_330_000_000_000_000_000 + next(self._numbers)}", form, region, self.now() + self.takes)
        self._tasks[task.id] = task
        return self._told(task)

    def _told(self, task: Task) -> dict[str, str]:
        return {"task_id": task.id, "status": "SUCCEED" if self.now() >= task.ready else "RUNNING"}

    def _download(self, request: Request) -> Any:
        self._advertiser(request.first("advertiser_id"))
        task = self._tasks.get(request.first("task_id"))
        if task is None:
            raise RefusedError(40905, "The file does not exist")
        if self.now() < task.ready:
            raise RefusedError(40201, "The task is not ready")
        if self.now() >= task.ready + LASTS:
            raise RefusedError(40910, "The file has expired")
        content = self.forms[task.form].csv(task.region, self.now() - self.retention if self.retention else None)
        if len(content) <= self.zipped:
            return content
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("leads.csv", content)
        return out.getvalue()


def serve(
    port: int = 0,
    *,
    title: str = "Trial form",
    leads: Sequence[tuple[Mapping[str, str], datetime, Mapping[str, Any]]] = (),
    **options: Any,
) -> AbstractContextManager[TikTokSandbox]:
    """A stand-in on a port of the loopback address (0: a free one) while the context lasts, with one form of that title
    unless ``forms`` are given. ``leads`` are answers, when they came, and what else is known of each (see Lead).
    ``options`` are those of TikTokSandbox.
    """
    now = options.get("now", utc_now)
    forms = options.pop("forms", None) or {FORM: Form(FORM, title, now=now)}
    for answers, at, more in leads:
        forms[FORM].submit(answers, at, **more)
    return TikTokSandbox(forms, port=port, **options)
