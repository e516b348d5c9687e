"""Real servers that hold so many records, where they are installed already: the bench installs none."""

from __future__ import annotations

import json
import shutil
import tempfile
import threading
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, NoReturn, Self

from admin.demo.servers.process import Server
from admin.demo.servers.radicale import Radicale
from bench.filled import START, spread
from mapping.errors import ConcordError


class NotInstalledError(Exception):
    """The server is not installed on this machine."""


class Running:
    """A server in a folder of its own, both gone when the context ends."""

    def __init__(self, server: Server, folder: Path, settings: Mapping[str, Any]) -> None:
        self._server, self._folder, self.settings = server, folder, settings

    def __enter__(self) -> Self:
        try:
            self._server.start()
        except ConcordError as error:
            raise NotInstalledError(str(error)) from error
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def wait(self) -> None:
        """Blocks until the process is stopped."""
        threading.Event().wait()


def _radicale(tag: str, members: Mapping[str, str]) -> Running:
    """A Radicale with one collection, whose members are written where it keeps them before it is started."""
    folder = Path(tempfile.mkdtemp())
    server = Radicale(folder, say=refuse)
    collection = folder / "collections" / "collection-root" / server.user / "all"
    collection.mkdir(parents=True)
    (collection / ".Radicale.props").write_text(json.dumps({"tag": tag, "D:displayname": "All"}), encoding="utf-8")
    for name, text in members.items():
        (collection / name).write_text(text.replace("\n", "\r\n"), encoding="utf-8", newline="")
    reach = {"url": server.url, "username": server.user, "password": server.password}
    return Running(server, folder, reach)


def calendar(records: int) -> Running:
    """One calendar."""
    members = {}
    for number in range(records):
        start = START + timedelta(hours=number)
        members[f"{number}.ics"] = (
            "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//bench//EN\nBEGIN:VEVENT\n"
            f"UID:{number}@plum.example\nDTSTAMP:{spread(records, number):%Y%m%dT%H%M%SZ}\n"
            f"DTSTART:{start:%Y%m%dT%H%M%SZ}\nDTEND:{start + timedelta(hours=1):%Y%m%dT%H%M%SZ}\n"
            f"SUMMARY:Meeting {number}\nORGANIZER:mailto:ilse@acme.example\n"
            f"ATTENDEE;PARTSTAT=ACCEPTED:mailto:kim.{number}@plum.example\nEND:VEVENT\nEND:VCALENDAR\n"
        )
    return _radicale("VCALENDAR", members)


def address_book(records: int) -> Running:
    """One address book."""
    members = {
        f"{number}.vcf": (
            f"BEGIN:VCARD\nVERSION:3.0\nUID:{number}@plum.example\nFN:Kim Plum {number}\nN:Plum {number};Kim;;;\n"
            f"EMAIL:kim.{number}@plum.example\nEND:VCARD\n"
        )
        for number in range(records)
    }
    return _radicale("VADDRESSBOOK", members)


def refuse(said: str) -> NoReturn:
    """Installs nothing: raises NotInstalledError with what was about to be done."""
    raise NotInstalledError(said)
