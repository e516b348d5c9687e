"""Counts in words."""

from __future__ import annotations


def many(count: int, noun: str, plural: str = "") -> str:
    """A count with its noun, in the plural where it is not one; ``plural`` where an s does not make it, or where a verb
    belongs to it: ``many(2, "record is", "records are")``."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {plural or noun + 's'}"
