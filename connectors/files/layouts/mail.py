"""Emails out of mbox files: Gmail's Takeout, Thunderbird, Apple Mail."""

from __future__ import annotations

import re
from typing import Any

from connectors.core.mail import EMAIL, told
from connectors.files.layouts.layout import FileFacts, Layout, Shaped

# What was never sent, nobody wants, or is a chat line: Takeout writes them into the same file.
_NOT_MAIL = frozenset(("drafts", "spam", "trash", "chat"))


def _message(value: dict[str, Any], facts: FileFacts) -> Shaped:
    labels = value.get("X-Gmail-Labels", [])
    sent = not any(label.casefold() in _NOT_MAIL for label in labels)
    return Shaped(value.get("Message-ID") or value["digest"], told(value, sent=sent, labels=labels))


def _opens(text: str, name: str) -> bool:
    lines = text.lstrip("\ufeff").split("\n", 2)
    if lines[0].startswith("From "):
        return len(lines) > 1 and bool(re.match(r">?From |[!-9;-~]+[ \t]*:", lines[1]))
    return name.casefold().endswith((".eml", ".mbox")) and bool(re.match(r"[!-9;-~]+:", lines[0]))


MAIL = Layout(
    stream="mail",
    title="Emails",
    format="mbox",
    shape=_message,
    opens=_opens,
    rules=(EMAIL,),
)
