"""A stand-in for LinkedIn's Lead Sync API: owners with their forms and responses, versions that end, one login."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from urllib.parse import parse_qs

from connectors.core.exchange import Reply, Request, Route
from connectors.core.protocols import utc_now
from connectors.core.sandbox import SandboxServer

CLIENT = ("86sandboxclient", "WPL_AP1.sandbox-client-secret", "AQX-sandbox-refresh-token-1618")
ACCOUNT = "urn:li:sponsoredAccount:507404993"
RETENTION = timedelta(days=365)
LIFE = timedelta(days=60)
MOST = 1_000
ALWAYS = ("owner", "submitter", "leadType", "leadMetadata", "versionedLeadGenFormUrn", "id", "submittedAt", "testLead")
STANDARD = ("FIRST_NAME", "LAST_NAME", "EMAIL", "PHONE_NUMBER", "COMPANY_NAME", "JOB_TITLE", "LINKEDIN_PROFILE_LINK")
_OWNER = re.compile(r"\((?P<kind>sponsoredAccount|organization):(?P<urn>urn:li:(?P=kind):\d+)\)")
_RANGE = re.compile(r"\(((start|end):\d+)?(,(start|end):\d+)?\)")
_KIND = re.compile(r"\(leadType:(\w+)\)")


class RefusedError(Exception):
    """The API refuses: status, code and message."""


@dataclass
class Owner:
    """An ad account or organization: its form, and the responses to it by id.

    ``choices`` are the advertiser's own questions where one of several may be chosen; other questions are free text.
    """

    urn: str
    name: str = "Acme ads"
    now: Callable[[], datetime] = utc_now
    choices: Mapping[str, Sequence[str]] = field(default_factory=lambda: {"Team size": ("1-10", "11-50", "over 50")})
    questions: Sequence[str] = ("What are you looking for?",)
    form_name: str = "Trial form"
    campaign: str = "Spring trial"
    responses: dict[str, dict[str, Any]] = field(default_factory=dict)
    _numbers: count[int] = field(default_factory=lambda: count(1))

    @property
    def kind(self) -> str:
        """``sponsoredAccount`` or ``organization``."""
        return self.urn.split(":")[2]

    def submit(
        self, answers: Mapping[str, str], at: datetime | None = None, kind: str = "SPONSORED", **more: Any
    ) -> str:
        """A response comes in; its id. ``answers`` by predefined field, or by the advertiser's own question."""
        number = next(self._numbers)
        identity = f"{uuid.UUID(int=number * 0x1234_5678_9ABC_DEF0_1234_5678)}-{number}"
        self.responses[identity] = {
            "owner": {self.kind: self.urn},
            "submitter": f"urn:li:person:Sb{number}",
            "leadType": kind,
            "versionedLeadGenFormUrn": "urn:li:versionedLeadGenForm:(urn:li:leadGenForm:7234246,1)",
            "id": identity,
            "submittedAt": round((at or self.now()).timestamp() * 1000),
            "testLead": False,
            "associatedEntity": {"associatedCreative": "urn:li:sponsoredCreative:241257736"},
            "formResponse": {
                "consentResponses": [{"accepted": True, "consentId": 0}],
                "answers": [self._answer(question, text) for question, text in answers.items()],
            },
            **more,
        }
        if kind == "SPONSORED":
            metadata = {"sponsoredLeadMetadata": {"campaign": "urn:li:sponsoredCampaign:198356826"}}
            self.responses[identity].setdefault("leadMetadata", metadata)
        return identity

    def form(self) -> dict[str, Any]:
        """The form as a response brings it along."""
        texts = [
            {"questionId": self._number(name), "name": name, "question": _said(name.replace("_", " ").capitalize())}
            | {"predefinedField": name}
            for name in STANDARD
        ]
        texts += [{"questionId": self._number(name), "name": name, "question": _said(name)} for name in self.questions]
        choices = [
            {
                "questionId": self._number(name),
                "name": name,
                "question": _said(name),
                "questionDetails": {
                    "multipleChoiceQuestionDetails": {
                        "options": [{"id": at, "text": _said(option)} for at, option in enumerate(options)]
                    }
                },
            }
            for name, options in self.choices.items()
        ]
        legal = {"consents": [{"consent": _said("News by email"), "checkRequired": False, "id": 0}]}
        return {
            "id": 7_234_246,
            "name": self.form_name,
            "creationLocale": {"country": "US", "language": "en"},
            "hiddenFields": [{"name": "utm_source", "value": "li"}],
            "content": {"questions": [*texts, *choices], "legalInfo": legal},
        }

    def _answer(self, question: str, text: str) -> dict[str, Any]:
        options = self.choices.get(question)
        details: dict[str, Any] = {"textQuestionAnswer": {"answer": text}}
        if options:
            details = {"multipleChoiceAnswer": {"options": [list(options).index(text)]}}
        return {"questionId": self._number(question), "answerDetails": details}

    def _number(self, question: str) -> int:
        return ([*STANDARD, *self.questions, *self.choices].index(question) + 1) * 1_000_000 + 34_246


class LinkedInSandbox(SandboxServer):
    """The server. ``owners`` by URN are those with whom the login has a role."""

    def __init__(
        self, owners: Mapping[str, Owner], *, now: Callable[[], datetime] = utc_now, port: int = 0, keep: int = 0
    ) -> None:
        self.owners, self.now, self.told_total = dict(owners), now, True
        self._tokens: dict[str, datetime] = {}
        self._numbers = count(1)
        routes = [
            Route("POST", "/oauth/v2/accessToken", self._give),
            Route("GET", "/rest/leadFormResponses", self._guarded(self._find)),
            Route("GET", "/rest/leadFormResponses/{id}", self._guarded(self._get)),
        ]
        super().__init__(routes, port=port, keep=keep)

    @property
    def settings(self) -> Mapping[str, str]:
        """What a connection's ``config`` must say to talk to this server as the first owner."""
        first = next(iter(self.owners.values()))
        name = "ad_account" if first.kind == "sponsoredAccount" else "organization"
        login = dict(zip(("client_id", "client_secret", "refresh_token"), CLIENT, strict=True))
        place = {"base_url": self.url, "token_url": f"{self.url}/oauth/v2/accessToken"}
        return {**place, **login, name: first.urn.rpartition(":")[2]}

    def revoke(self) -> None:
        """Makes every access token given out so far worthless."""
        self._tokens.clear()

    def token(self) -> str:
        """A fresh access token."""
        access = f"AQV-sandbox-access-{next(self._numbers)}"
        self._tokens[access] = self.now() + LIFE
        return access

    def _give(self, request: Request) -> Reply:
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        if (form.get("client_id"), form.get("client_secret")) != CLIENT[:2]:
            return Reply(401, {"error": "invalid_client", "error_description": "Client authentication failed"})
        if form.get("grant_type") != "refresh_token" or form.get("refresh_token") != CLIENT[2]:
            return Reply(400, {"error": "invalid_grant", "error_description": "The provided refresh token is invalid"})
        given = {"refresh_token": CLIENT[2], "refresh_token_expires_in": 31_536_000}
        return Reply(200, {"access_token": self.token(), "expires_in": int(LIFE.total_seconds()), **given})

    def _guarded(self, handler: Callable[[Request], Reply]) -> Callable[[Request], Reply]:
        def handle(request: Request) -> Reply:
            try:
                self._admit(request)
                return handler(request)
            except RefusedError as refused:
                status, code, message = refused.args
                return Reply(status, {"status": status, "code": code, "message": message})

        return handle

    def _admit(self, request: Request) -> None:
        access = request.headers.get("authorization", "").removeprefix("Bearer ")
        if self._tokens.get(access, self.now()) <= self.now():
            raise RefusedError(401, "INVALID_ACCESS_TOKEN", "Invalid access token")
        version = request.headers.get("linkedin-version", "")
        if not version:
            raise RefusedError(400, "VERSION_MISSING", "A version must be present.")
        if not re.fullmatch(r"20\d{4}(\.\d\d)?", version) or version[:6] < f"{self.now() - RETENTION:%Y%m}":
            raise RefusedError(426, "NONEXISTENT_VERSION", f"Requested version {version} is not active")
        if request.headers.get("x-restli-protocol-version") != "2.0.0":
            raise RefusedError(400, "ILLEGAL_ARGUMENT", "Protocol 2.0.0 is needed for unions")

    def _find(self, request: Request) -> Reply:
        owner = _OWNER.fullmatch(request.first("owner"))
        kind = _KIND.fullmatch(request.first("leadType"))
        span = _RANGE.fullmatch(request.first("submittedAtTimeRange", "()"))
        if request.first("q") != "owner" or owner is None or kind is None or span is None:
            raise RefusedError(400, "ILLEGAL_ARGUMENT", "Invalid query parameters passed to request")
        if (kind[1] == "SPONSORED") != (owner["kind"] == "sponsoredAccount"):
            raise RefusedError(400, "ILLEGAL_ARGUMENT", "The lead type does not go with the owner")
        start, size = int(request.first("start", "0")), int(request.first("count", "10"))
        if not 0 < size <= MOST:
            raise RefusedError(400, "ILLEGAL_ARGUMENT", f"count is from 1 to {MOST}")
        if owner["urn"] not in self.owners:
            raise RefusedError(403, "ACCESS_DENIED", "Not enough permissions to access: leadFormResponses.FINDER-owner")
        bounds = dict(re.findall(r"(start|end):(\d+)", span[0]))
        since, until = int(bounds.get("start", 0)), int(bounds.get("end", 1 << 60))
        found = [one for one in self._kept(self.owners[owner["urn"]]) if one["leadType"] == kind[1]]
        found = [one for one in found if since <= one["submittedAt"] < until]
        if request.first("limitedToTestLeads") == "true":
            found = [one for one in found if one["testLead"]]
        found.sort(key=lambda one: (one["submittedAt"], one["id"]), reverse=True)
        paging: dict[str, Any] = {"start": start, "count": size, "links": []}
        if self.told_total:
            paging["total"] = len(found)
        elements = [self._shown(one, request.first("fields")) for one in found[start : start + size]]
        return Reply(200, {"paging": paging, "elements": elements})

    def _get(self, request: Request) -> Reply:
        for owner in self.owners.values():
            for one in self._kept(owner):
                if one["id"] == request.params["id"]:
                    return Reply(200, self._shown(one, request.first("fields")))
        raise RefusedError(404, "NOT_FOUND", "Lead form response not found")

    def _kept(self, owner: Owner) -> Sequence[dict[str, Any]]:
        """Newest last; what is older than a year is gone."""
        oldest = (self.now() - RETENTION).timestamp() * 1000
        return [one for one in owner.responses.values() if one["submittedAt"] >= oldest]

    def _shown(self, one: Mapping[str, Any], fields: str) -> dict[str, Any]:
        wanted = set(re.findall(r"\w+", re.sub(r"\([^)]*\)", "", fields))) or {*ALWAYS, *one}
        owner = self.owners[next(iter(one["owner"].values()))]
        told = dict(one)
        told["form"] = owner.form()
        told["ownerInfo"] = {f"{owner.kind}Info": {"name": owner.name}}
        if "leadMetadata" in one:
            campaign = {"name": owner.campaign, "id": one["leadMetadata"]["sponsoredLeadMetadata"]["campaign"]}
            told["leadMetadataInfo"] = {"sponsoredLeadMetadataInfo": {"campaign": campaign}}
        return {name: value for name, value in told.items() if name in wanted}


def serve(
    port: int = 0,
    *,
    form: Mapping[str, Any] | None = None,
    leads: Sequence[tuple[Mapping[str, str], datetime]] = (),
    **options: Any,
) -> AbstractContextManager[LinkedInSandbox]:
    """A stand-in on a port of the loopback address (0: a free one) while the context lasts, with one ad account unless
    ``owners`` are given. ``form`` says what else is known of that account (see Owner), ``leads`` what was answered and
    when. ``options`` are those of LinkedInSandbox.
    """
    now = options.get("now", utc_now)
    owners = options.pop("owners", None) or {ACCOUNT: Owner(ACCOUNT, now=now, **(form or {}))}
    for answers, at in leads:
        owners[ACCOUNT].submit(answers, at)
    return LinkedInSandbox(owners, port=port, **options)


def _said(text: str) -> dict[str, Any]:
    return {"localized": {"en_US": text}}
