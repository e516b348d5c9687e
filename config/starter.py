"""The file that ``concord init`` writes."""

from __future__ import annotations

from importlib.resources import files


def text() -> str:
    """A commented ``concord.yaml`` that is valid as it stands and reads nothing until a connection is added."""
    return files("config").joinpath("starter.yaml").read_text(encoding="utf-8")
