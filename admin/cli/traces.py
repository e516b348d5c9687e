"""Files in which the traces of unexpected errors are kept."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path


def keep(config: Path, text: str) -> Path | None:
    """Writes the text to a new file that only its owner can read, beside the configuration's working files.

    The default working folder is used and not the configured one: the configuration itself may be what broke.
    """
    folder = config.absolute().parent / ".concord"
    name = f"error-{datetime.now(UTC):%Y%m%d-%H%M%S-%f}.log"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        place = folder / name
        place.touch(mode=0o600)
        place.write_text(text, encoding="utf-8")
    except OSError:
        return None
    return place


def kept_at(place: Path | None) -> str:
    """Where a trace is, as the end of a sentence."""
    return f"the traceback is in {place}" if place else "the traceback could not be written anywhere"
