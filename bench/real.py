"""Real servers that hold so many records, where they are installed already: the bench installs none."""

from __future__ import annotations

import json
import shutil
import tempfile
import threading
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import NoReturn, Self

from admin.demo.servers.radicale import Radicale
from bench.filled import START, spread


class NotInstalledError(Exception):
    """The server is not installed on this machine."""


class FilledRadicale:
    """A Radicale with one collection, whose members were written where it keeps them before it was started."""

    def __init__(self, tag: str, members: Mapping[str, str]) -> None:
        self._folder = Path(tempfile.mkdtemp())
        self._server = Radicale(self._folder, say=refuse)
        collection = self._folder / "collections" / "collection-root" / self._server.user / "all"
        collection.mkdir(parents=True)
        (collection / ".Radicale.props").write_text(json.dumps({"tag": tag, "D:displayname": "All"}), encoding="utf-8")
        for name, text in members.items():
            (collection / name).write_text(text.replace("\n", "\r\n"), encoding="utf-8", newline="")

    @property
    def settings(self) -> Mapping[str, str]:
        """What the ``config`` of a connection to it says."""
        return {"url": self._server.url, "username": self._server.user, "password": self._server.password}

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def wait(self) -> None:
        """Blocks until the process is stopped."""
        threading.Event().wait()


def calendar(records: int) -> FilledRadicale:
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
    return FilledRadicale("VCALENDAR", members)


def address_book(records: int) -> FilledRadicale:
    """One address book."""
    members = {
        f"{number}.vcf": (
            f"BEGIN:VCARD\nVERSION:3.0\nUID:{number}@plum.example\nFN:Kim Plum {number}\nN:Plum {number};Kim;;;\n"
            f"EMAIL:kim.{number}@plum.example\nEND:VCARD\n"
        )
        for number in range(records)
    }
    return FilledRadicale("VADDRESSBOOK", members)


def refuse(said: str) -> NoReturn:
    """Installs nothing: raises NotInstalledError with what was about to be done."""
    raise NotInstalledError(said)
