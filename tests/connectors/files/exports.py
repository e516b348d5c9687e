"""A rig over a folder with one export in it, of each kind of file; every change writes the file anew."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from connectors.files import reading
from connectors.files.config import FilesConfig
from connectors.files.connector import FilesConnector
from mapping.contract import RemoteId
from tests.connectors.contract import Clock, Key, Lack

LACKS = (
    Lack.CREDENTIALS,
    Lack.NETWORK,
    Lack.EXPIRY,
    Lack.IDS,
    Lack.GET,
    Lack.WINDOW,
    Lack.PLACE,
)
PAGE_SIZE = 3

Render = Callable[[int, int], str]
"""One record of that number in its so-manieth form, as it stands in the file."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of export: how it begins and ends, one record of it and its id, and a record that cannot be read."""

    stream: str
    file: str
    record: Render
    id: str
    bad: str
    head: str = ""
    tail: str = ""
    line_end: str = "\n"
    layouts: Sequence[tuple[str, dict[str, Any]]] = ()


def _customer(number: int, form: int) -> str:
    address = f",Laan {number},Ede,NL,'6711 AA,,+3161234{number:04}"
    return f"'{number},Ann,Lee {form},ann{number}@x.example,yes,{address},no,9.50,1,,\n"


def _line(number: int, form: int) -> str:
    return f'{{"no": "{number}", "name": "Ann {form}", "mail": "ann{number}@x.example"}}\n'


def _card(number: int, form: int) -> str:
    name = f"FN:Ann Lee {form}\nN:Lee;Ann;;;\nEMAIL:ann{number}@x.example"
    return f"BEGIN:VCARD\nVERSION:3.0\nUID:{number}\n{name}\nEND:VCARD\n"


def _event(number: int, form: int) -> str:
    at = f"202605{number % 28 + 1:02}T080000Z"
    people = f"ORGANIZER:mailto:noor@us.example\nATTENDEE;PARTSTAT=ACCEPTED:mailto:ann{number}@x.example"
    return f"BEGIN:VEVENT\nUID:{number}\nDTSTART:{at}\nSUMMARY:Talk {form}\n{people}\nEND:VEVENT\n"


def _mail(number: int, form: int) -> str:
    day = number % 28 + 1
    head = f"Message-ID: <{number}@x.example>\nDate: {day} May 2026 10:00:00 +0000\nSubject: Tea {form}"
    return f"From - Fri May 01 08:00:00 2026\n{head}\nFrom: ann{number}@x.example\nTo: noor@us.example\n\nHello\n\n"


KINDS = {
    "csv": Kind(
        "shopify_customers",
        "customers.csv",
        _customer,
        "{}",
        '9,"Ann,Lee,a quote that nobody closes\n',
        head="Customer ID,First Name,Last Name,Email,Accepts Email Marketing,Default Address Company,"
        "Default Address Address1,Default Address City,Default Address Country Code,Default Address Zip,"
        "Default Address Phone,Phone,Accepts SMS Marketing,Total Spent,Total Orders,Note,Tags\n",
    ),
    "jsonl": Kind(
        "till",
        "till.jsonl",
        _line,
        "{}",
        '{"no": "7", "name":\n',
        layouts=(
            (
                "till",
                {
                    "match": "till*.jsonl",
                    "format": "jsonl",
                    "id": "no",
                    "entities": [{"kind": "person", "fields": {"name": "name", "email": "mail"}}],
                },
            ),
        ),
    ),
    "vcard": Kind("cards", "cards.vcf", _card, "{}", "BEGIN:VCARD\nVERSION:3.0\nUID:cut\n", line_end="\r\n"),
    "ics": Kind(
        "events",
        "events.ics",
        _event,
        "{}",
        "BEGIN:VEVENT\nSUMMARY:nameless\nDTSTART:20260501T080000Z\nEND:VEVENT\n",
        head="BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//Test//EN\n",
        tail="END:VCALENDAR\n",
        line_end="\r\n",
    ),
    "mbox": Kind(
        "mail",
        "all.mbox",
        _mail,
        "{}@x.example",
        "From - Fri May 01 08:00:00 2026\nX-Junk: " + "y" * 300_000 + "\n\nHello\n\n",
    ),
}


class FilesRig:
    """One folder. The file's time is the clock's whenever anything is put, changed or deleted."""

    page_size = PAGE_SIZE
    envelope = ()
    secrets = ()
    lacks: Collection[Lack] = LACKS

    def __init__(self, name: str, folder: Path) -> None:
        self.kind = KINDS[name]
        self.stream = self.kind.stream
        self.clock = Clock()
        self._folder = folder
        self._records: dict[str, tuple[int, int]] = {}
        self._bad: list[int] = []
        self._before = reading.PAGE_RECORDS
        reading.PAGE_RECORDS = PAGE_SIZE

    def close(self) -> None:
        """Lets the pages be as large as they were."""
        reading.PAGE_RECORDS = self._before

    def connector(self) -> FilesConnector:
        return FilesConnector(FilesConfig(path=str(self._folder), layouts=dict(self.kind.layouts)))

    def stranger(self) -> FilesConnector:
        raise AssertionError("there is no login")

    def rate_limit(self, retry_after: float | None) -> None:
        raise AssertionError("there are no requests")

    def server_error(self) -> None:
        raise AssertionError("there are no requests")

    def truncate(self) -> None:
        raise AssertionError("there are no answers")

    def expire_cursors(self) -> None:
        raise AssertionError("cursors do not expire")

    def frozen(self) -> AbstractContextManager[object]:
        return nullcontext()  # the clock stands still by itself

    def put(self, number: int) -> Key:
        id_ = self.kind.id.format(number)
        self._records[id_] = (number, 0)
        self._write()
        return "", RemoteId(id_)

    def change(self, key: Key) -> None:
        number, form = self._records[key[1]]
        self._records[key[1]] = (number, form + 1)
        self._write()

    def delete(self, key: Key) -> None:
        del self._records[key[1]]
        self._write()

    def put_bad(self) -> Key:
        text = self._text()
        self._bad.append(len(self._records))
        self._write()
        lines = text.removesuffix(self.kind.tail).count("\n")
        return "", RemoteId(f"{self.kind.file}:{lines + 1}")

    def _text(self) -> str:
        parts = [self.kind.head]
        for place, (number, form) in enumerate([*self._records.values(), (0, -1)]):
            parts += [self.kind.bad] * self._bad.count(place)
            if form >= 0:
                parts.append(self.kind.record(number, form))
        return "".join([*parts, self.kind.tail])

    def _write(self) -> None:
        path = self._folder / self.kind.file
        path.write_text(self._text(), newline=self.kind.line_end)
        at = self.clock.now().timestamp()
        os.utime(path, (at, at))
