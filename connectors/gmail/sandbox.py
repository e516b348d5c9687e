"""The HTTP door of mailboxes in memory: a stand-in for the Gmail API, for demos and tests.

Paths, parameters and bodies follow Google's discovery document of Gmail v1; rules that it does not tell (which history
ids are refused, what the scope gmail.metadata allows) follow the reference as read on 2026-11-23.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

from connectors.core.exchange import Reply, Request
from connectors.core.google_grants import Grants, ServiceAccount
from connectors.core.google_sandbox import GoogleSandbox, RefusalError
from connectors.core.protocols import utc_now
from connectors.gmail.mailroom import Box, Event, Letter, payload

__all__ = ["Box", "GmailSandbox", "Letter", "serve"]

AUTH = "https://www.googleapis.com/auth/"
FULL, MODIFY, READONLY, METADATA = (
    "https://mail.google.com/",
    *(f"{AUTH}gmail.{name}" for name in ("modify", "readonly", "metadata")),
)
SCOPES = (FULL, MODIFY, READONLY, METADATA)
COSTS = ((r"/messages/[^/]+$", 20), (r"/messages$", 5), (r"/history$", 2))
"""Quota units a method takes (usage limits page)."""
MOST = 500
CLIENT = ("sandbox-client", "sandbox-secret", "sandbox-refresh")
_TERM = re.compile(r"(after|before):(\d+)")
_CHANGES = {"messagesAdded": "messageAdded", "messagesDeleted": "messageDeleted"}
_KINDS = {"messagesAdded", "messagesDeleted", "labelsAdded", "labelsRemoved"}


class GmailSandbox(GoogleSandbox):
    """The server over ``boxes``, by address. The first person has an OAuth client; the service account, if there is
    one, may read for all. ``most_listed`` caps the ids of a page below what Google does.
    """

    def __init__(
        self,
        boxes: Mapping[str, Box],
        *,
        service_account: ServiceAccount | None = None,
        scopes: frozenset[str] = frozenset({FULL}),
        now: Callable[[], datetime] = utc_now,
        quota: int | None = None,
        most_listed: int = MOST,
        port: int = 0,
        keep: int = 0,
    ) -> None:
        self.boxes, self.most_listed = boxes, most_listed
        clients = {CLIENT: next(iter(boxes))}
        grants = Grants(now, scopes, clients, frozenset(boxes), service_account)
        root = "/gmail/v1/users/{userId}"
        routes = [
            ("GET", f"{root}/profile", self._profile),
            ("GET", f"{root}/labels", self._labels),
            ("POST", f"{root}/labels", self._create_label),
            ("GET", f"{root}/messages", self._list),
            ("POST", f"{root}/messages", self._insert),
            ("GET", f"{root}/messages/{{id}}", self._get),
            ("DELETE", f"{root}/messages/{{id}}", self._delete),
            ("POST", f"{root}/messages/{{id}}/modify", self._modify),
            (
                "POST",
                f"{root}/messages/{{id}}/trash",
                lambda asked, user: self._move(asked, user, ["TRASH"], ["INBOX"]),
            ),
            ("POST", f"{root}/messages/{{id}}/untrash", lambda asked, user: self._move(asked, user, [], ["TRASH"])),
            ("GET", f"{root}/history", self._history),
        ]
        super().__init__(
            routes, grants, batch_path="/batch/gmail/v1", scopes=SCOPES, costs=COSTS, quota=quota, port=port, keep=keep
        )

    def _box(self, request: Request, user: str) -> Box:
        if request.params["userId"] not in ("me", user):
            raise RefusalError(403, "forbidden", f"Delegation denied for {user}")
        if user not in self.boxes:
            raise RefusalError(400, "failedPrecondition", "Mail service not enabled")
        return self.boxes[user]

    def _letter(self, request: Request, user: str) -> Letter:
        letter = self._box(request, user).letters.get(request.params["id"])
        if letter is None:
            raise RefusalError(404, "notFound", "Requested entity was not found.")
        return letter

    def _profile(self, request: Request, user: str) -> Reply:
        box = self._box(request, user)
        threads = {letter.thread for letter in box.letters.values()}
        told = {"emailAddress": box.address, "messagesTotal": len(box.letters), "threadsTotal": len(threads)}
        return Reply(200, {**told, "historyId": str(box.history)})

    def _labels(self, request: Request, user: str) -> Reply:
        labels = self._box(request, user).labels
        shown = [{"id": id_, "name": name, "type": "system" if id_ == name else "user"} for id_, name in labels.items()]
        return Reply(200, {"labels": shown})

    def _create_label(self, request: Request, user: str) -> Reply:
        name = str(request.json()["name"])
        return Reply(200, {"id": self._box(request, user).label(name), "name": name, "type": "user"})

    def _list(self, request: Request, user: str) -> Reply:
        box, query = self._box(request, user), request.first("q")
        if query and self._metadata_only(request):
            raise RefusalError(403, "forbidden", "Metadata scope does not support 'q' parameter")
        if _TERM.sub("", query).strip():
            raise ValueError("the stand-in's search knows after and before only")
        bounds = {word: int(number) for word, number in _TERM.findall(query)}
        hidden = request.first("includeSpamTrash") == "true"
        found = [
            letter
            for letter in box.listed([*request.query.get("labelIds", ())], hidden)
            if bounds.get("after", 0) <= letter.internal_date // 1000 < bounds.get("before", 1 << 40)
        ]
        if token := request.first("pageToken"):
            at, _, identity = _opened(token).partition(":")
            found = [each for each in found if (each.internal_date, each.id) < (int(at), identity)]
        limit = min(_limit(request), self.most_listed)
        body: dict[str, Any] = {"resultSizeEstimate": len(found)}
        if found:
            body["messages"] = [{"id": each.id, "threadId": each.thread} for each in found[:limit]]
        if len(found) > limit:
            body["nextPageToken"] = _token(f"{found[limit - 1].internal_date}:{found[limit - 1].id}")
        return Reply(200, body)

    def _get(self, request: Request, user: str) -> Reply:
        form, letter = request.first("format", "full").lower(), self._letter(request, user)
        if form not in ("minimal", "full", "raw", "metadata"):
            raise RefusalError(400, "invalidArgument", "Invalid value at 'format'")
        if form in ("full", "raw") and self._metadata_only(request):
            raise RefusalError(403, "forbidden", f"Metadata scope doesn't allow format {form.upper()}")
        body = _shown(letter)
        if form == "raw":
            body["raw"] = base64.urlsafe_b64encode(letter.mime.as_bytes()).decode()
        elif form != "minimal" and not letter.garbled:
            named = request.query.get("metadataHeaders")
            wanted = frozenset(name.lower() for name in named) if named and form == "metadata" else None
            body["payload"] = payload(letter.mime, wanted, bodies=form == "full")
        return Reply(200, body)

    def _insert(self, request: Request, user: str) -> Reply:
        box, given = self._writable(request, user), request.json()
        letter = box.deliver(base64.urlsafe_b64decode(given["raw"]), given.get("labelIds") or [])
        return Reply(200, {"id": letter.id, "threadId": letter.thread, "labelIds": letter.labels})

    def _modify(self, request: Request, user: str) -> Reply:
        given = request.json()
        return self._move(request, user, given.get("addLabelIds") or [], given.get("removeLabelIds") or [])

    def _move(self, request: Request, user: str, add: list[str], remove: list[str]) -> Reply:
        box, letter = self._writable(request, user), self._letter(request, user)
        if unknown := {*add, *remove} - box.labels.keys():
            raise RefusalError(400, "invalidArgument", f"Invalid label: {min(unknown)}")
        box.relabel(letter.id, add, remove)
        return Reply(200, {"id": letter.id, "threadId": letter.thread, "labelIds": letter.labels})

    def _delete(self, request: Request, user: str) -> Reply:
        self._writable(request, user).delete(self._letter(request, user).id)
        return Reply(204)

    def _writable(self, request: Request, user: str) -> Box:
        if not self._scopes_of(request) & {FULL, MODIFY}:
            raise RefusalError(403, "insufficientPermissions", "Request had insufficient authentication scopes.")
        return self._box(request, user)

    def _history(self, request: Request, user: str) -> Reply:
        box, start = self._box(request, user), request.first("startHistoryId")
        if not start.isdigit():
            raise RefusalError(400, "invalidArgument", "Missing or invalid startHistoryId")
        events = box.since(int(start))
        if events is None:
            raise RefusalError(404, "notFound", "Requested entity was not found.")
        if token := request.first("pageToken"):
            events = [event for event in events if event.id > int(_opened(token))]
        types = set(request.query.get("historyTypes", ()))
        kinds = {kind for kind in _KINDS if not types or _CHANGES.get(kind, kind.replace("labels", "label")) in types}
        label, limit = request.first("labelId"), _limit(request)
        events = [each for each in events if each.kind in kinds and (not label or label in each.labels)]
        body: dict[str, Any] = {"historyId": str(box.history)}
        if events:
            body["history"] = [_record(event) for event in events[:limit]]
        if len(events) > limit:
            body["nextPageToken"] = _token(str(events[limit - 1].id))
        return Reply(200, body)

    def _scopes_of(self, request: Request) -> frozenset[str]:
        held = self.grants.holder(request.headers.get("authorization", "").removeprefix("Bearer "))
        return held[1] if held else frozenset()

    def _metadata_only(self, request: Request) -> bool:
        """The narrow scope narrows a token that has wider ones beside it, too."""
        return METADATA in self._scopes_of(request)


def serve(
    port: int = 0,
    *,
    mail: Mapping[str, Iterable[tuple[bytes, Sequence[str], datetime]]] | None = None,
    **options: Any,
) -> AbstractContextManager[GmailSandbox]:
    """A stand-in on a port of the loopback address (0: a free one) while the context lasts, with one empty mailbox
    unless ``boxes`` are given, or ``mail`` by address: each message, the ids of its labels, and when it came.
    ``options`` are those of GmailSandbox.
    """
    now = options.get("now", utc_now)
    given = mail or {"ilse@acme.example": ()}
    boxes = options.pop("boxes", None) or {address: Box(address, now) for address in given}
    for address, letters in (mail or {}).items():
        for message, labels, at in letters:
            boxes[address].deliver(message, labels, at)
    return GmailSandbox(boxes, port=port, **options)


def _shown(letter: Letter) -> dict[str, Any]:
    told = {"id": letter.id, "threadId": letter.thread, "labelIds": letter.labels, "historyId": str(letter.history)}
    words = str(letter.mime.get("Subject", ""))[:100]
    return {**told, "internalDate": str(letter.internal_date), "sizeEstimate": letter.size, "snippet": words}


def _record(event: Event) -> dict[str, Any]:
    named = {"id": event.message, "threadId": event.thread}
    change: dict[str, Any] = {"message": {**named, "labelIds": [*event.labels]}}
    if event.changed:
        change["labelIds"] = [*event.changed]
    return {"id": str(event.id), "messages": [named], event.kind: [change]}


def _limit(request: Request) -> int:
    limit = int(request.first("maxResults", "100"))
    if not 0 < limit <= MOST:
        raise RefusalError(400, "invalidArgument", f"Invalid maxResults {limit}: it is from 1 to {MOST}")
    return limit


def _token(place: str) -> str:
    return base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")


def _opened(token: str) -> str:
    try:
        return base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode("ascii")
    except ValueError:
        raise RefusalError(400, "invalidArgument", "Invalid pageToken") from None
