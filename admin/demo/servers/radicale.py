"""A real Radicale: calendars and address books on this machine, for the demo and the tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from admin.demo.servers.environment import LOCKS, environment
from admin.demo.servers.process import WebServer

USER, PASSWORD = "alice", "alice-pw-31415"

CONFIGURATION = """\
[server]
hosts = 127.0.0.1:{port}
[auth]
type = htpasswd
htpasswd_filename = {folder}/users
htpasswd_encryption = plain
delay = 0
[storage]
filesystem_folder = {folder}/collections
[rights]
type = owner_only
[web]
type = none
"""


class Radicale(WebServer):
    """One server for one user."""

    password = PASSWORD

    def __init__(self, folder: Path, *, user: str = USER, port: int = 0, say: Callable[[str], None] = print) -> None:
        super().__init__(folder, port)
        self.user = user
        self._say = say

    @property
    def home(self) -> str:
        """The path below which the user's calendars and address books lie."""
        return f"/{self.user}/"

    def command(self) -> Sequence[str]:
        """Radicale as a module of its own environment's Python."""
        python = environment("radicale", LOCKS / "radicale.lock", self._say) / "python"
        users, settings = self.folder / "users", self.folder / "radicale.conf"
        users.write_text(f"{self.user}:{self.password}\n", encoding="utf-8")
        settings.write_text(CONFIGURATION.format(port=self.port, folder=self.folder), encoding="utf-8")
        return [str(python), "-m", "radicale", "--config", str(settings)]
