"""What a message says, as plain text, and what its attachments are called."""

from __future__ import annotations

from email.message import Message
from html.parser import HTMLParser

TEXT_CHARS = 2_000
_PARTS = 100


class _Words(HTMLParser):
    """Collects the visible words of a page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._hidden += tag in ("script", "style", "head")

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in ("script", "style", "head") and self._hidden > 0

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.words.extend(data.split())


def readable_text(message: Message) -> str:
    """The beginning of the message's plain text, or of its HTML's words where it has no plain text."""
    plain, page = "", ""
    for part in _parts(message):
        if part.get_filename():
            continue
        if part.get_content_type() == "text/plain" and not plain:
            plain = _text(part)
        elif part.get_content_type() == "text/html" and not page:
            page = _text(part)
    return beginning(plain, page)


def beginning(plain: str, page: str = "") -> str:
    """The first characters of a plain text, or of the words of an HTML page where there is none."""
    if not plain and page:
        words = _Words()
        words.feed(page[: TEXT_CHARS * 50])
        plain = " ".join(words.words)
    return plain.replace("\0", "").strip()[:TEXT_CHARS]


def attachment_names(message: Message) -> list[str]:
    """The file names of the parts that have one."""
    return [name for part in _parts(message) if (name := part.get_filename())]


def _parts(message: Message) -> list[Message]:
    """The leaves of the message, the first hundred at most: nesting has no limit by itself."""
    waiting: list[Message] = [message]
    found: list[Message] = []
    while waiting and len(found) < _PARTS:
        part = waiting.pop(0)
        payload = part.get_payload()
        if isinstance(payload, list):
            waiting.extend(one for one in payload[:_PARTS] if isinstance(one, Message))
        else:
            found.append(part)
    return found


def _text(part: Message) -> str:
    raw = part.get_payload(decode=True)
    if not isinstance(raw, bytes):
        return ""
    try:
        return raw.decode(part.get_content_charset() or "utf-8", "replace")
    except (LookupError, ValueError):
        return raw.decode("utf-8", "replace")
