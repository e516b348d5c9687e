"""Where an unexpected error happened, without what it said: that may quote a record."""

from __future__ import annotations

import traceback


def told(error: BaseException) -> str:
    """The error's type and the lines that led to it, one a line."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [f"  {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames]
    return "\n".join([type(error).__name__, *lines])
