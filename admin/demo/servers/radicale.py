"""A real Radicale: calendars and address books on this machine, for the demo and the tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Self

from admin.demo.servers.environment import LOCKS, environment
from admin.demo.servers.process import Process, free_port, uninterrupted

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


class Radicale:
    """One server for one user; what it holds lies in ``folder`` and outlives it.

    Use it with ``with``, or call ``start`` and ``stop``; ``url`` is there once it has started.
    """

    password = PASSWORD

    def __init__(self, folder: Path, *, user: str = USER, port: int = 0, say: Callable[[str], None] = print) -> None:
        self.folder = folder
        self.user = user
        self.port = port
        self._say = say
        self._process: Process | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The address of the server, with a slash at its end."""
        return f"http://127.0.0.1:{self.port}/"

    @property
    def home(self) -> str:
        """The path below which the user's calendars and address books lie."""
        return f"/{self.user}/"

    def start(self) -> None:
        """Installs the server where that was never done, and starts it. Raises ConcordError when it does not start."""
        self.begin()
        self.ready()

    def begin(self) -> None:
        """Starts the server without waiting until it is ``ready``."""
        python = environment("radicale", LOCKS / "radicale.lock", self._say) / "python"
        self.port = self.port or free_port()
        self.folder.mkdir(parents=True, exist_ok=True)
        users, settings = self.folder / "users", self.folder / "radicale.conf"
        users.write_text(f"{self.user}:{self.password}\n", encoding="utf-8")
        settings.write_text(CONFIGURATION.format(port=self.port, folder=self.folder), encoding="utf-8")
        command = [str(python), "-m", "radicale", "--config", str(settings)]
        with uninterrupted():
            self._process = Process("Radicale", command, self.port, self.folder / "radicale.log", wait=False)

    def ready(self) -> None:
        """Waits until it answers. Raises ConcordError when it does not."""
        if self._process is not None:
            self._process.ready()

    def stop(self) -> None:
        """Ends the server, if it runs."""
        if self._process is not None:
            self._process.stop()
            self._process = None
