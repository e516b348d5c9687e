"""Key paths: how a place in the file is named for people, and read back."""

from __future__ import annotations

import re
from collections.abc import Sequence

KeyPath = tuple[str | int, ...]

_PLAIN = re.compile(r"[^\s.\[\]\"]+")
_WORD = r'(?:"[^"]+"|[^\s.\[\]"]+)'
_WHOLE = re.compile(rf"{_WORD}(?:\.{_WORD}|\[\d+\])*")
_STEP = re.compile(rf"\[(?P<index>\d+)\]|(?P<word>{_WORD})")


def show(path: Sequence[str | int]) -> str:
    """The path as text: ``connections.shop.streams.orders``, ``privacy.internal[0]``, ``fields."First Name"``."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
            continue
        word = step if _PLAIN.fullmatch(step) else f'"{step}"'
        text += f".{word}" if text else word
    return text


def read(text: str) -> KeyPath:
    """The path a text names, as ``show`` writes it. Raises ValueError for a text that names none."""
    if not _WHOLE.fullmatch(text):
        raise ValueError(f"{text!r} names no place in the file; expected words joined by dots")
    return tuple(int(match["index"]) if match["index"] else match["word"].strip('"') for match in _STEP.finditer(text))
