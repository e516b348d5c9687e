"""A real Xandikos: calendars and address books in git repositories, without a login of its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from admin.demo.servers.environment import environment
from admin.demo.servers.process import WebServer

LOCK = Path(__file__).parent / "locks" / "xandikos.lock"


class Xandikos(WebServer):
    """One server whose only principal is ``/alice/``."""

    user = ""
    password = ""
    home = "/alice/calendars/"

    def command(self) -> Sequence[str]:
        """Xandikos out of its environment."""
        xandikos = environment("xandikos", LOCK) / "xandikos"
        data = self.folder / "collections"
        where = ["-d", str(data), "-l", "127.0.0.1", "-p", str(self.port), "--current-user-principal", "/alice/"]
        return [str(xandikos), "serve", "--defaults", *where]
