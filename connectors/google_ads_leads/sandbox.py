"""A stand-in for the Google Ads API: one account, and a manager account above it, behind searchStream."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

from connectors.core.exchange import Reply, Request
from connectors.core.google_grants import Grants, ServiceAccount
from connectors.core.google_sandbox import GoogleSandbox, RefusalError
from connectors.core.protocols import utc_now
from connectors.google_ads_leads.account import AdsAccount, QueryError

SCOPE = "https://www.googleapis.com/auth/adwords"
CLIENT = ("4242-ads.apps.googleusercontent.com", "GOCSPX-sandbox-ads-secret", "1//sandbox-ads-refresh")
DEVELOPER_TOKEN = "sandbox-developer-token-1a2b"  # noqa: S105 - of the stand-in
CUSTOMER, MANAGER = "1234567890", "9876543210"
VERSION = "v26"
_STATUS = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 429: "RESOURCE_EXHAUSTED"}


class AdsRefusalError(RefusalError):
    """The API refuses; ``kind`` is the name of the enumeration that has the code (``queryError``)."""

    def __init__(self, status: int, kind: str, code: str, message: str, **details: Any) -> None:
        super().__init__(status, code, message)
        self.kind, self.details = kind, details

    def reply(self) -> Reply:
        """As a stream of one batch, which holds nothing but the error."""
        one: dict[str, Any] = {"errorCode": {self.kind: self.reason}, "message": self.message}
        if self.details:
            one["details"] = self.details
        failure = {
            "@type": f"type.googleapis.com/google.ads.googleads.{VERSION}.errors.GoogleAdsFailure",
            "errors": [one],
            "requestId": secrets.token_urlsafe(12),
        }
        error = {"code": self.status, "message": self.message, "status": _STATUS.get(self.status, "UNKNOWN")}
        return Reply(self.status, [{"error": {**error, "details": [failure]}}])


class AdsSandbox(GoogleSandbox):
    """The server. ``account`` is what can be read; ``batch`` is how many rows come in one batch of a stream."""

    def __init__(
        self,
        account: AdsAccount,
        *,
        now: Callable[[], datetime] = utc_now,
        service_account: ServiceAccount | None = None,
        port: int = 0,
        keep: int = 0,
        batch: int = 1_000,
    ) -> None:
        self.account, self._batch_size = account, batch
        self.manager = AdsAccount(MANAGER, "Agency", manager=True, now=now)
        user = "ilse@acme.example"
        grants = Grants(now, frozenset({SCOPE}), {CLIENT: user}, frozenset({user}), service_account)
        path = f"/{VERSION}/customers/{{customer}}/googleAds:searchStream"
        routes = [("POST", path, self._search)]
        super().__init__(routes, grants, batch_path="/batch", scopes=(SCOPE,), port=port, keep=keep)

    @property
    def settings(self) -> Mapping[str, str]:
        """What a connection's ``config`` must say to talk to this server."""
        return {**super().settings, "developer_token": DEVELOPER_TOKEN, "customer_id": self.account.id}

    def _admitted(self, request: Request) -> str:
        try:
            user = super()._admitted(request)
        except RefusalError as refused:
            if refused.status == 401:
                raise AdsRefusalError(401, "authenticationError", "OAUTH_TOKEN_INVALID", refused.message) from None
            raise AdsRefusalError(403, "authorizationError", "USER_PERMISSION_DENIED", refused.message) from None
        given = request.headers.get("developer-token", "")
        if not given:
            raise AdsRefusalError(400, "requestError", "DEVELOPER_TOKEN_PARAMETER_MISSING", "No developer token.")
        if given != DEVELOPER_TOKEN:
            raise AdsRefusalError(401, "authenticationError", "DEVELOPER_TOKEN_INVALID", "The token is not valid.")
        return user

    def _search(self, request: Request, user: str) -> Reply:
        accounts = {each.id: each for each in (self.account, self.manager)}
        account = accounts.get(request.params["customer"])
        through = request.headers.get("login-customer-id", "")
        if account is None or through not in ("", account.id, MANAGER):
            message = "User doesn't have permission to access customer."
            raise AdsRefusalError(403, "authorizationError", "USER_PERMISSION_DENIED", message)
        try:
            rows = account.query(str(request.json()["query"]))
        except QueryError as refused:
            raise AdsRefusalError(400, "queryError", str(refused), "Error in query.") from None
        size = self._batch_size
        batches = [rows[at : at + size] for at in range(0, len(rows), size)]
        return Reply(200, [{"results": each, "requestId": secrets.token_urlsafe(12)} for each in batches])


def serve(
    port: int = 0, *, leads: Sequence[tuple[Mapping[str, str], datetime, Mapping[str, Any]]] = (), **options: Any
) -> AbstractContextManager[AdsSandbox]:
    """A stand-in on a port of the loopback address (0: a free one) while the context lasts, with one account unless an
    ``account`` is given. ``leads`` are answers, when they came, and what else is known of each (see Submission).
    ``options`` are those of AdsSandbox.
    """
    account = options.pop("account", None) or AdsAccount(CUSTOMER, now=options.get("now", utc_now))
    for answers, at, more in leads:
        account.submit(answers, at, **more)
    return AdsSandbox(account, port=port, **options)
