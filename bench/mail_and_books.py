"""A real Dovecot and a real Tryton that hold so many records, where they are installed already."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any, Self

from admin.demo.servers.environment import cache
from admin.demo.servers.tryton import PASSWORD, USER, Tryton
from bench.filled import WHO, spread
from bench.real import Running, refuse
from tests.connectors.tryton.backdoor import Backdoor
from tests.servers.dovecot import Dovecot

AT_ONCE = 100


def mailbox(records: int) -> Running:
    """One mailbox with everything in its INBOX, written where the server keeps it before it is started."""
    if not (cache() / "dovecot-debian" / "complete").exists():
        refuse("Dovecot is not unpacked on this machine")
    folder = Path(tempfile.mkdtemp())
    server = Dovecot(folder)
    inbox = folder / "mail" / WHO / "new"
    for name in ("cur", "new", "tmp"):
        (inbox.parent / name).mkdir(parents=True)
    for number in range(records):
        at = spread(records, number)
        head = f"From: kim.{number}@plum.example\r\nTo: {WHO}\r\nSubject: Question {number}\r\n"
        letter = inbox / f"{at.timestamp():.0f}.{number:07d}.bench"
        sent = f"Date: {at:%d %b %Y %H:%M:%S} +0000\r\n"
        letter.write_text(f"{head}{sent}Message-ID: <m{number}@plum.example>\r\n\r\nHello.\r\n", newline="")
        os.utime(letter, (at.timestamp(), at.timestamp()))
    reach = {"host": "127.0.0.1", "port": server.port, "security": "none"}
    return Running(server, folder, {**reach, "username": WHO, "password": server.password, "include": ["INBOX"]})


class Books(Running):
    """A Tryton whose parties are entered once it runs; those that it has from the beginning count too."""

    def __init__(self, server: Tryton, folder: Path, records: int) -> None:
        reach = {"url": server.url, "database": server.database, "user": USER, "password": PASSWORD}
        super().__init__(server, folder, reach)
        self._tryton, self._records = server, records

    def __enter__(self) -> Self:
        super().__enter__()
        door = Backdoor(self._tryton)
        there = len(door.call("party.party", "search", [], 0, None, None))
        for first in range(there, self._records, AT_ONCE):
            numbers = range(first, min(first + AT_ONCE, self._records))
            door.call("party.party", "create", [_party(number) for number in numbers], at=spread(self._records, first))
        door.close()
        return self


def parties(records: int) -> Books:
    """The parties of a company."""
    folder = Path(tempfile.mkdtemp())
    return Books(Tryton(folder, say=refuse), folder, records)


def _party(number: int) -> dict[str, Any]:
    email = {"type": "email", "value": f"kim.{number}@plum.example"}
    return {"name": f"Kim Plum {number}", "contact_mechanisms": [["create", [email]]]}
