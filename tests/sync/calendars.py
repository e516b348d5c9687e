"""Calendars as export files, and a hub that reads two of them beside a shop and a CRM."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.sync.hubs import PUSH_ALL, Stage, person

NOOR, KIM = "noor@us.example", "kim@us.example"
ANN, BOB = "ann@home.example", "bob@home.example"


@dataclass
class Calendar:
    """One person's calendar, written anew as a whole whenever it changes. ``events``: anything that tells them apart to
    the lines of a VEVENT."""

    path: Path
    owner: str
    events: dict[str, str] = field(default_factory=dict)
    written: int = 0

    def put(self, name: str, **lines: Any) -> None:
        """Adds or replaces an event; ``people`` are addresses to answers, other names are properties."""
        people: Mapping[str, str] = lines.pop("people", {})
        told = [
            f"{key.replace('_', '-')}{'' if str(value).startswith(';') else ':'}{value}" for key, value in lines.items()
        ]
        told += [f"ATTENDEE;PARTSTAT={answer.upper() or 'NEEDS-ACTION'}:mailto:{one}" for one, answer in people.items()]
        self.events[name] = "\r\n".join(["BEGIN:VEVENT", *told, "END:VEVENT", ""])
        self.write()

    def drop(self, name: str) -> None:
        """Deletes an event without a word."""
        self.events.pop(name, None)
        self.write()

    def write(self) -> None:
        """Writes the file, a second later than the last time."""
        self.written += 1
        head = f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Test//EN\r\nX-WR-CALNAME:{self.owner}\r\n"
        text = head + "".join(self.events.values()) + "END:VCALENDAR\r\n"
        file = self.path / "calendar.ics"
        file.write_bytes(text.encode())
        os.utime(file, (1_780_000_000 + self.written, 1_780_000_000 + self.written))


def calendar(stage: Stage, name: str, owner: str) -> Calendar:
    """A calendar, and the connection over it."""
    folder = stage.folder / name
    folder.mkdir(parents=True, exist_ok=True)
    stage.settings["connections"][name] = {
        "connector": "files", "config": {"path": str(folder)}, "streams": {"events": {"max_vanished_share": 1.0}},
    }  # fmt: skip
    stage.configure()
    found = Calendar(folder, owner)
    found.write()
    return found


def office(folder: Path, url: str, customers: Iterable[str] = (ANN, BOB)) -> Stage:
    """A hub with some customers, whose timelines go into the CRM."""
    folder.mkdir(exist_ok=True)
    stage = Stage(folder, url, push=PUSH_ALL, crm=("people", "activities"))
    for email in customers:
        stage.shop.put("people", person(f"{email[:3].title()} Lee", email=email))
    return stage
