"""Components of vCard and iCalendar files, cut out line by line so that one broken component costs only itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from connectors.files.formats.item import Place
from connectors.files.text import Lines

COMPONENT_CHARS = 4_194_304
"""Cards carry photos; what is longer than this is no contact and no meeting."""


@dataclass(frozen=True, slots=True)
class Component:
    """The text between BEGIN and END, both included, or the reason why it is not whole."""

    text: str
    line: int
    end: Place
    error: str = ""


def components(lines: Lines, *names: str) -> Iterator[Component]:
    """The components of the given names in their order; what is nested in them is part of their text."""
    wanted = {f"BEGIN:{name}" for name in names}
    text: list[str] = []
    size, begun, closing = 0, 0, ""
    end = before = Place(lines.end, lines.number)
    for line in lines:
        before, end = end, Place(lines.end, lines.number)
        mark = line.strip().upper() if line[:4].upper() in ("BEGI", "END:") else ""
        if mark in wanted and (not text or mark.replace("BEGIN", "END", 1) == closing):
            if text:
                yield Component("", begun, before, "it has no end")
            text, size, begun, closing = [], 0, lines.number, mark.replace("BEGIN", "END", 1)
        elif not closing:
            continue
        text.append(line)
        size += len(line)
        if mark == closing:
            error = "" if size <= COMPONENT_CHARS else "it is too large"
            yield Component("".join(text), begun, end, error)
            text, closing = [], ""
        elif size > COMPONENT_CHARS:
            text = text[:1]  # only its end is waited for
    if closing:
        yield Component("", begun, end, "it has no end")
