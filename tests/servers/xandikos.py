"""A real Xandikos: calendars and address books in git repositories, without a login of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from admin.demo.servers.environment import environment
from admin.demo.servers.process import Process, free_port

LOCK = Path(__file__).parent / "locks" / "xandikos.lock"


class Xandikos:
    """One server whose only principal is ``/alice/``. Use it with ``with``."""

    user = ""
    password = ""
    home = "/alice/calendars/"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
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

    def start(self) -> None:
        """Installs the server where that was never done, and starts it."""
        xandikos = environment("xandikos", LOCK) / "xandikos"
        self.folder.mkdir(parents=True, exist_ok=True)
        data = self.folder / "collections"
        where = ["-d", str(data), "-l", "127.0.0.1", "-p", str(self.port), "--current-user-principal", "/alice/"]
        command = [str(xandikos), "serve", "--defaults", *where]
        self._process = Process("Xandikos", command, self.port, self.folder / "xandikos.log")

    def stop(self) -> None:
        """Ends the server, if it runs."""
        if self._process is not None:
            self._process.stop()
            self._process = None
