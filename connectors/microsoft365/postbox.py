"""Mail in memory with Exchange's rules: folders, ids that outlive a move, and what each folder remembers of changes."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zlib import crc32

from connectors.core.protocols import utc_now

Json = dict[str, Any]

WELL_KNOWN = {
    "inbox": "Inbox",
    "sentitems": "Sent Items",
    "drafts": "Drafts",
    "deleteditems": "Deleted Items",
    "junkemail": "Junk Email",
    "outbox": "Outbox",
    "archive": "Archive",
    "conversationhistory": "Conversation History",
}
ROOT = "AQMkAHJvb3QAAA=="


@dataclass
class Folder:
    """One folder. ``changes`` is when (by number) each message was last of any concern to it, ``left`` when each last
    left it, ``read`` when each was last marked as read or unread."""

    id: str
    name: str
    parent: str = ROOT
    changes: dict[str, int] = field(default_factory=dict)
    left: dict[str, int] = field(default_factory=dict)
    read: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Change:
    """What a folder tells of one message: ``kind`` is ``whole``, ``read`` or ``removed``."""

    number: int
    id: str
    kind: str


@dataclass
class Postbox:
    """The mail of one person. Messages are as Graph shows them, under their immutable ids."""

    address: str
    now: Callable[[], datetime] = utc_now
    folders: dict[str, Folder] = field(default_factory=dict)
    messages: dict[str, Json] = field(default_factory=dict)
    known: dict[str, str] = field(default_factory=dict)
    number: int = 0

    def __post_init__(self) -> None:
        for name, title in WELL_KNOWN.items():
            self.known[name] = self.add_folder(title)

    def add_folder(self, name: str, parent: str = ROOT) -> str:
        """A new folder inside another; its id."""
        self.number += 1
        id_ = f"AQMkAD{crc32(self.address.encode()):08x}{self.number:06d}AuAAA="
        self.folders[id_] = Folder(id_, name, parent)
        return id_

    def remove_folder(self, id_: str) -> None:
        """Erases a folder with all that is in it, without a word to anybody but the list of folders."""
        for message in [each for each in self.messages.values() if each["parentFolderId"] == id_]:
            del self.messages[message["id"]]
        del self.folders[id_]

    def folder(self, name: str) -> Folder:
        """The folder of that id or well-known name. Raises KeyError."""
        return self.folders[self.known.get(name.lower(), name)]

    def deliver(self, given: Mapping[str, Any], folder: str = "inbox", at: datetime | None = None) -> str:
        """A new message; its id."""
        self.number += 1
        stamp = _stamp(at or self.now())
        id_ = f"AAkALgAAAAAAHYQDEapmEc2byACqAC/{crc32(self.address.encode()):08x}A{self.number:06d}AA="
        defaults: Json = {
            "subject": "",
            "internetMessageId": f"<{self.number}@{self.address.partition('@')[2]}>",
            "conversationId": f"AAQkAD{self.number:06d}=",
            "sentDateTime": stamp,
            "receivedDateTime": stamp,
            "createdDateTime": stamp,
            "isRead": False,
            "isDraft": False,
            "categories": [],
            "body": {"contentType": "text", "content": ""},
            "from": None,
            "sender": None,
            "replyTo": [],
            **{name: [] for name in ("toRecipients", "ccRecipients", "bccRecipients")},
        }
        where = self.folder(folder)
        self.messages[id_] = {**defaults, **copy.deepcopy(dict(given)), "id": id_, "parentFolderId": where.id}
        self._changed(id_, where)
        return id_

    def change(self, id_: str, changes: Mapping[str, Any]) -> None:
        """Changes what a message says. To mark it as read is a change of its own kind. Raises KeyError."""
        message = self.messages[id_]
        message |= copy.deepcopy(dict(changes))
        where = self.folders[message["parentFolderId"]]
        if changes.keys() <= {"isRead"}:
            self.number += 1
            where.read[id_] = self.number
        else:
            self._changed(id_, where)

    def move(self, id_: str, folder: str) -> None:
        """Moves a message to another folder; its id stays. Raises KeyError."""
        message, target = self.messages[id_], self.folder(folder)
        self._leaves(id_, self.folders[message["parentFolderId"]])
        message["parentFolderId"] = target.id
        self._changed(id_, target)

    def delete(self, id_: str) -> None:
        """Erases a message for good. Raises KeyError."""
        self._leaves(id_, self.folders[self.messages.pop(id_)["parentFolderId"]])

    def listed(self, folder: Folder) -> Iterator[Change]:
        """Every message of a folder, in an order that no change disturbs."""
        for message in self.messages.values():
            if message["parentFolderId"] == folder.id:
                yield Change(int(message["id"][-9:-3]), message["id"], "whole")

    def changes(self, folder: Folder, since: int, *, immutable: bool) -> Iterator[Change]:
        """What is told of a folder after a number, the oldest change first.

        Under immutable ids a message that left and came back is told as removed, as Exchange does.
        """
        for id_ in {**folder.changes, **folder.left, **folder.read}:
            here = self.messages.get(id_, {}).get("parentFolderId") == folder.id
            left, changed = folder.left.get(id_, 0), folder.changes.get(id_, 0)
            if left > since and (immutable or not here):
                yield Change(left, id_, "removed")
            elif here and changed > since:
                yield Change(changed, id_, "whole")
            elif here and folder.read.get(id_, 0) > since:
                yield Change(folder.read[id_], id_, "read")

    def _changed(self, id_: str, where: Folder) -> None:
        self.number += 1
        where.changes[id_] = self.number
        message = self.messages[id_]
        message["changeKey"] = f"CQAAABYAAAC{self.number:07d}"
        message["lastModifiedDateTime"] = _stamp(self.now())

    def _leaves(self, id_: str, where: Folder) -> None:
        self.number += 1
        where.left[id_] = self.number


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
