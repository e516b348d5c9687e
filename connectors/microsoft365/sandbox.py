"""The HTTP door of mail and calendars in memory: a stand-in for Microsoft Graph, for demos and tests.

Paths, parameters and bodies follow Graph's OpenAPI document (v1.0); what delta queries allow, tell and forget follows
the guides as read on 2026-11-23, and where they are silent what users of the API report (README.md beside this file).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

from connectors.core.entra_grants import Application, Grants
from connectors.core.exchange import Reply
from connectors.core.protocols import utc_now
from connectors.microsoft365.diary import Diary
from connectors.microsoft365.postbox import ROOT, Folder, Json, Postbox
from connectors.microsoft365.sandbox_door import Asked, GraphDoor, RefusalError, link, opened, sealed, select
from connectors.microsoft365.sandbox_events import EventRoutes

__all__ = ["Application", "Diary", "MicrosoftSandbox", "Postbox", "serve"]

PERMISSIONS = frozenset({"User.Read", "Mail.ReadWrite", "Calendars.ReadWrite"})
_DELTAS = ("delta", "delta()", "microsoft.graph.delta()")


class MicrosoftSandbox(GraphDoor):
    """The server over the mail and the calendars of a company. The first of ``boxes`` is the person who logged in.

    ``forget`` lets every link given out so far be too old.
    """

    def __init__(
        self,
        boxes: Mapping[str, Postbox],
        diary: Diary,
        *,
        application: Application | None = None,
        permissions: frozenset[str] = PERMISSIONS,
        now: Callable[[], datetime] = utc_now,
        quota: int | None = None,
        port: int = 0,
        keep: int = 0,
    ) -> None:
        self.boxes, self.diary, self.generation = dict(boxes), diary, 1
        mail, folder = "Mail.Read", "/mailFolders/{folder}"
        routes: list[tuple[str, str, str, Callable[[Asked], Reply]]] = [
            ("GET", "User.Read", "", self._person),
            ("GET", mail, "/mailFolders", self._list_folders),
            ("GET", mail, folder, lambda asked: Reply(200, asked.selected(self._folder_shown(asked)))),
            ("GET", mail, "/messages", self._list_messages),
            ("GET", mail, "/messages/{id}", lambda asked: Reply(200, self._shown(asked, self._message(asked)))),
            ("PATCH", mail, "/messages/{id}", self._change),
            ("DELETE", mail, "/messages/{id}", self._delete),
            ("POST", mail, "/messages/{id}/move", self._move),
            ("POST", mail, f"{folder}/messages", self._create),
            *(("GET", mail, f"/mailFolders/{each}", self._list_folders) for each in _DELTAS),
            *(("GET", mail, f"{folder}/messages/{each}", self._track) for each in _DELTAS),
            *EventRoutes(self).routes(_DELTAS),
        ]
        # What is told first is taken first, and a folder might be called delta.
        routes.sort(key=lambda route: route[2].count("{"))
        held = {each.replace("ReadWrite", "Read") for each in permissions}
        super().__init__(
            routes,
            Grants(now, application or Application()),
            people=lambda: [*self.boxes],
            permissions=frozenset(held),
            quota=quota,
            port=port,
            keep=keep,
        )

    def forget(self) -> None:
        """Lets every link given out so far be too old."""
        self.generation += 1

    def state(self, asked: Asked, kind: str) -> Sequence[Any] | None:
        """What the link says that is followed, apart from its kind and age; None where it is a first request."""
        token = asked.request.first("$deltatoken") or asked.request.first("$skiptoken")
        if not token:
            return None
        found, generation, *told = opened(token)
        if found != kind or generation != self.generation:
            newest = self.generation
            message = f"The sync state generation is not found; generation={generation};[highest={newest}]."
            raise RefusalError(410, "SyncStateNotFound", message)
        return told

    def page(self, asked: Asked, items: Sequence[Json], kind: str, more: Sequence[Any] | None, since: Any) -> Reply:
        """A page of a tracked listing: with the place of the next one, or with that of the next round."""
        body: Json = {"@odata.context": f"{self.url}/v1.0/$metadata#Collection({kind})", "value": [*items]}
        if more is not None:
            body["@odata.nextLink"] = link(asked.request, self.url, skiptoken=sealed(kind, self.generation, *more))
        else:
            body["@odata.deltaLink"] = link(asked.request, self.url, deltatoken=sealed(kind, self.generation, *since))
        return Reply(200, body)

    def _box(self, asked: Asked) -> Postbox:
        if asked.user not in self.boxes:
            raise RefusalError(
                404, "MailboxNotEnabledForRESTAPI", "The mailbox is either inactive or hosted on-premise."
            )
        return self.boxes[asked.user]

    def _person(self, asked: Asked) -> Reply:
        told = {
            "id": f"8f3c-{[*self.boxes].index(asked.user):04d}",
            "displayName": asked.user.partition("@")[0].title(),
        }
        return Reply(200, asked.selected({**told, "mail": asked.user, "userPrincipalName": asked.user}))

    def _folder(self, asked: Asked) -> Folder:
        try:
            return self._box(asked).folder(asked.request.params["folder"])
        except KeyError:
            raise RefusalError(404, "ErrorItemNotFound", "The specified object was not found in the store.") from None

    def _folder_shown(self, asked: Asked, folder: Folder | None = None) -> Json:
        box, folder = self._box(asked), folder or self._folder(asked)
        inside = [each for each in box.messages.values() if each["parentFolderId"] == folder.id]
        return {
            "@odata.type": "#microsoft.graph.mailFolder",
            "id": folder.id,
            "displayName": folder.name,
            "parentFolderId": folder.parent,
            "childFolderCount": sum(each.parent == folder.id for each in box.folders.values()),
            "totalItemCount": len(inside),
            "unreadItemCount": sum(not each["isRead"] for each in inside),
            "isHidden": False,
        }

    def _list_folders(self, asked: Asked) -> Reply:
        """All folders, at any depth where changes are tracked; of changes themselves the stand-in tells none."""
        tracked = "delta" in asked.request.path
        told = (self.state(asked, "mailFolder") if tracked else None) or [0, asked.request.first("$select")]
        at, size = int(told[0]), asked.size()
        box = self._box(asked)
        folders = [each for each in box.folders.values() if tracked or each.parent == ROOT]
        items = [select(self._folder_shown(asked, each), told[1]) for each in folders[at : at + size]]
        if not tracked:
            return Reply(200, {"value": items})
        more = [at + size, told[1]] if at + size < len(folders) else None
        return self.page(asked, items, "mailFolder", more, [len(folders), told[1]])

    def _message(self, asked: Asked) -> Json:
        box, id_ = self._box(asked), asked.request.params["id"]
        found = next((each for each in box.messages.values() if id_ in (each["id"], _mutable(box, each))), None)
        if found is None:
            raise RefusalError(404, "ErrorItemNotFound", "The specified object was not found in the store.")
        return found

    def _shown(self, asked: Asked, message: Json, selection: str | None = None) -> Json:
        id_ = message["id"] if asked.immutable else _mutable(self._box(asked), message)
        etag = f'W/"{message["changeKey"]}"'
        told = {"@odata.type": "#microsoft.graph.message", "@odata.etag": etag, **message, "id": id_}
        return select(told, asked.request.first("$select") if selection is None else selection)

    def _list_messages(self, asked: Asked) -> Reply:
        """Every message, or those received between two instants (``ge`` and ``lt`` or ``le``)."""
        request, size = asked.request, asked.size()
        found = sorted(self._box(asked).messages.values(), key=lambda each: (each["receivedDateTime"], each["id"]))
        for bound in filter(None, request.first("$filter").split(" and ")):
            name, how, value = bound.split(" ")
            fits = {"ge": value.__le__, "gt": value.__lt__, "le": value.__ge__, "lt": value.__gt__}[how]
            found = [each for each in found if fits(each[name])]
        at = int(request.first("$skip", "0"))
        body: Json = {"value": [self._shown(asked, each) for each in found[at : at + size]]}
        if at + size < len(found):
            kept = {name: values[0] for name, values in request.query.items()} | {"$skip": str(at + size)}
            body["@odata.nextLink"] = f"{self.url}{request.path}?" + "&".join(f"{n}={v}" for n, v in kept.items())
        return Reply(200, body)

    def _track(self, asked: Asked) -> Reply:
        folder, box, size = self._folder(asked), self._box(asked), asked.size()
        told = self.state(asked, "message")
        # A place: which round it is (0: all there is), up to where it goes, the last number told, what is selected.
        since, until, last, selection = told or [0, box.number, 0, asked.request.first("$select")]
        if told is not None and asked.request.first("$deltatoken"):
            until, last = box.number, 0
        changes = box.changes(folder, since, immutable=asked.immutable) if since else box.listed(folder)
        due = sorted((each for each in changes if last < each.number <= until), key=lambda each: each.number)
        items = []
        for each in due[:size]:
            if each.kind == "removed":
                gone = {"@odata.type": "#microsoft.graph.message", "id": each.id if asked.immutable else f"~{each.id}"}
                items.append({**gone, "@removed": {"reason": "deleted"}})
            elif each.kind == "whole":
                items.append(self._shown(asked, box.messages[each.id], selection))
            elif not selection or "isRead" in selection.split(","):
                items.append(self._shown(asked, box.messages[each.id], "isRead,parentFolderId"))
        more = [since, until, due[size - 1].number, selection] if len(due) > size else None
        return self.page(asked, items, "message", more, [until, until, 0, selection])

    def _create(self, asked: Asked) -> Reply:
        folder = self._folder(asked)
        id_ = self._box(asked).deliver(asked.request.json(), folder.id)
        return Reply(201, self._shown(asked, self._box(asked).messages[id_]))

    def _change(self, asked: Asked) -> Reply:
        message = self._message(asked)
        self._box(asked).change(message["id"], asked.request.json())
        return Reply(200, self._shown(asked, message))

    def _move(self, asked: Asked) -> Reply:
        message = self._message(asked)
        self._box(asked).move(message["id"], asked.request.json()["destinationId"])
        return Reply(201, self._shown(asked, message))

    def _delete(self, asked: Asked) -> Reply:
        self._box(asked).delete(self._message(asked)["id"])
        return Reply(204)


def serve(
    port: int = 0,
    *,
    mail: Mapping[str, Iterable[tuple[Json, str, datetime]]] | None = None,
    events: Mapping[str, Iterable[Json]] | None = None,
    **options: Any,
) -> AbstractContextManager[MicrosoftSandbox]:
    """A stand-in on a port of the loopback address (0: a free one) while the context lasts, with the empty mailbox and
    calendar of one person unless ``boxes`` are given, or ``mail`` by address: each message, its folder, and when it
    came. ``events`` are put into the calendars of those people. ``options`` are those of MicrosoftSandbox.
    """
    now = options.get("now", utc_now)
    given = mail or {"ilse@acme.example": ()}
    boxes = options.pop("boxes", None) or {address: Postbox(address, now) for address in given}
    diary = options.pop("diary", None) or Diary(tuple(boxes), now)
    for address, messages in (mail or {}).items():
        for message, folder, at in messages:
            boxes[address].deliver(message, folder, at)
    for address, meetings in (events or {}).items():
        for each in meetings:
            diary.insert(address, each)
    return MicrosoftSandbox(boxes, diary, port=port, **options)


def _mutable(box: Postbox, message: Json) -> str:
    """The id that a message has without the preference for immutable ones: another in each folder."""
    return f"AAMkAGI{[*box.folders].index(message['parentFolderId']):03d}{message['id'][-9:]}"
