"""Mailboxes in memory with Gmail's rules: labels, threads, and a history that forgets its beginning."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage, Message
from typing import Any
from zlib import crc32

from connectors.core.protocols import utc_now

SYSTEM = (
    *("INBOX", "SENT", "DRAFT", "SPAM", "TRASH", "UNREAD", "STARRED", "IMPORTANT", "CHAT"),
    *(f"CATEGORY_{name}" for name in ("PERSONAL", "SOCIAL", "PROMOTIONS", "UPDATES", "FORUMS")),
)
HIDDEN = frozenset({"SPAM", "TRASH"})
INLINE_BYTES = 8_192
"""A larger part is handed out by its attachment id only."""


@dataclass
class Letter:
    """One message. ``garbled`` lets the API hand it out without its payload."""

    id: str
    thread: str
    mime: Message
    labels: list[str]
    at: datetime
    history: int
    size: int
    garbled: bool = False

    @property
    def internal_date(self) -> int:
        """Milliseconds since 1970."""
        return int(self.at.timestamp() * 1000)


@dataclass(frozen=True, slots=True)
class Event:
    """One record of the history. ``kind`` is ``messagesAdded``, ``messagesDeleted``, ``labelsAdded`` or
    ``labelsRemoved``."""

    id: int
    kind: str
    message: str
    thread: str
    labels: tuple[str, ...]
    changed: tuple[str, ...] = ()


@dataclass
class Box:
    """The mailbox of one person."""

    address: str
    now: Callable[[], datetime] = utc_now
    letters: dict[str, Letter] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=lambda: {name: name for name in SYSTEM})
    events: list[Event] = field(default_factory=list)
    history: int = 1_000
    remembered: int = 1_000
    _made: int = 0
    _threads: dict[str, str] = field(default_factory=dict)

    def label(self, name: str) -> str:
        """The id of the label of that name, made where there is none."""
        known = next((id_ for id_, each in self.labels.items() if each.casefold() == name.casefold()), None)
        if known is None:
            known = f"Label_{len(self.labels) + 1}"
            self.labels[known] = name
        return known

    def deliver(
        self, mail: bytes | EmailMessage, labels: Sequence[str] = ("INBOX", "UNREAD"), at: datetime | None = None
    ) -> Letter:
        """A message that comes in, or that was sent or drafted from here, as its labels (ids) say."""
        raw = mail if isinstance(mail, bytes) else mail.as_bytes()
        mime = message_from_bytes(raw, policy=policy.compat32)
        self._made += 1
        identity = f"{0x18A0_0000_0000_0000 + crc32(self.address.encode()) * 0x100_0000 + self._made * 3:016x}"
        known = [self._threads[ref] for ref in self._references(mime) if ref in self._threads]
        thread = known[0] if known else identity
        self._threads[str(mime.get("Message-ID", identity)).strip()] = thread
        letter = Letter(identity, thread, mime, [*labels], at or self.now(), 0, len(raw))
        self.letters[identity] = letter
        self._record(letter, "messagesAdded")
        return letter

    def relabel(self, identity: str, add: Sequence[str] = (), remove: Sequence[str] = ()) -> Letter:
        """Puts labels (ids) on a message and takes others off; one record of the history for each way."""
        letter = self.letters[identity]
        added = [label for label in dict.fromkeys(add) if label not in letter.labels]
        removed = [label for label in dict.fromkeys(remove) if label in letter.labels]
        letter.labels = [label for label in letter.labels if label not in removed] + added
        for kind, changed in (("labelsAdded", added), ("labelsRemoved", removed)):
            if changed:
                self._record(letter, kind, tuple(changed))
        return letter

    def delete(self, identity: str) -> None:
        """Erases a message for good. Raises KeyError where there is none."""
        self._record(self.letters.pop(identity), "messagesDeleted")

    def forget(self) -> None:
        """Lets the history forget all that was, so that every history id given out so far is too old."""
        self.history += 7
        self.remembered = self.history
        self.events.clear()

    def listed(self, labels: Sequence[str], with_hidden: bool) -> Iterator[Letter]:
        """The messages that bear all of the labels, newest first."""
        shown = HIDDEN.isdisjoint(labels) and not with_hidden
        for letter in sorted(self.letters.values(), key=lambda each: (each.at, each.id), reverse=True):
            if set(labels) <= set(letter.labels) and not (shown and HIDDEN & set(letter.labels)):
                yield letter

    def since(self, history: int) -> list[Event] | None:
        """What happened after a history id; None where that is not known (any more)."""
        if not self.remembered <= history <= self.history:
            return None
        return [event for event in self.events if event.id > history]

    @staticmethod
    def _references(mime: Message) -> list[str]:
        return f"{mime.get('References', '')} {mime.get('In-Reply-To', '')}".split()

    def _record(self, letter: Letter, kind: str, changed: tuple[str, ...] = ()) -> None:
        self.history += 3  # ids grow, with gaps
        letter.history = self.history
        event = Event(self.history, kind, letter.id, letter.thread, tuple(letter.labels), changed)
        self.events.append(event)


def payload(part: Message, wanted: frozenset[str] | None = None, *, bodies: bool, number: str = "") -> dict[str, Any]:
    """A part as the API shows it; ``wanted`` (lower case) narrows its headers, without ``bodies`` there is no more."""
    named = [{"name": name, "value": " ".join(str(value).split())} for name, value in part.items()]
    headers = [each for each in named if wanted is None or each["name"].lower() in wanted]
    found: dict[str, Any] = {"mimeType": part.get_content_type(), "headers": headers}
    if not bodies:
        return found
    inner = part.get_payload()
    found |= {"partId": number, "filename": part.get_filename() or ""}
    if isinstance(inner, list):
        parts = [each for each in inner if isinstance(each, Message)]
        names = [f"{number}.{at}".lstrip(".") for at in range(len(parts))]
        shown = [payload(each, bodies=True, number=name) for each, name in zip(parts, names, strict=True)]
        return {**found, "body": {"size": 0}, "parts": shown}
    data = part.get_payload(decode=True)
    content = data if isinstance(data, bytes) else b""
    if part.get_filename() or len(content) > INLINE_BYTES:
        return {**found, "body": {"size": len(content), "attachmentId": f"ANGjdJ{number or 0}"}}
    return {**found, "body": {"size": len(content), "data": base64.urlsafe_b64encode(content).decode()}}
