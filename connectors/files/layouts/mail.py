"""Emails out of mbox files: Gmail's Takeout, Thunderbird, Apple Mail."""

from __future__ import annotations

import re
from typing import Any

from connectors.files.layouts.layout import FileFacts, Layout, Shaped
from connectors.files.layouts.person import filled
from mapping.model import Kind
from mapping.rules import EntityRules, ParticipantRules

# What was never sent, nobody wants, or is a chat line: Takeout writes them into the same file.
_NOT_MAIL = frozenset(("drafts", "spam", "trash", "chat"))


def _message(value: dict[str, Any], facts: FileFacts) -> Shaped:
    identity = value.get("Message-ID") or value["digest"]
    labels = value.get("X-Gmail-Labels", [])
    body = dict(value)
    body.update(
        filled(
            _key=f"mail:{identity}",
            _thread=next(iter(value.get("References", []) + value.get("In-Reply-To", [])), identity),
            _rest=filled(
                labels=labels,
                attachments=value.get("attachments"),
                list_id=value.get("List-Id"),
                auto_submitted=value.get("Auto-Submitted"),
            ),
        )
    )
    body["_sent"] = not any(label.casefold() in _NOT_MAIL for label in labels)
    return Shaped(identity, body)


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
    rules=(
        EntityRules(
            name="email",
            kind=Kind.ACTIVITY,
            when="_sent",
            founding=False,
            fields={
                "key": "_key",
                "activity": "'email'",
                "at": "Date",
                "title": "Subject",
                "text": "text",
                "thread": "_thread",
                "custom": "_rest",
            },
            participants=tuple(
                ParticipantRules(role, each=header, name="name", email="email")
                for role, header in (("from", "From"), ("to", "To"), ("cc", "Cc"))
            ),
        ),
    ),
)
