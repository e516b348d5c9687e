"""Which version of a server its lock file pins, for those who say what something was tested against."""

from __future__ import annotations

import re
from pathlib import Path


def pinned(package: str, lock: Path) -> str:
    """The package and its version, as ``Radicale 3.9.0``."""
    found = re.search(rf"^{re.escape(package)}==(\S+)", lock.read_text(encoding="utf-8"), re.MULTILINE)
    assert found, f"{lock.name} pins no {package}"
    return f"{package.capitalize()} {found.group(1)}"
