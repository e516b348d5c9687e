"""No place to write is overlooked: what the source shows to a reader, the scanner finds too."""

from __future__ import annotations

import re

from tests.checkout import ROOT
from tests.crashes.places import ROOMS, write_places

WRITES = re.compile(r"^\s*with .*\b(?:db|_db|_database|self)\.write\(")


def test_every_line_that_opens_a_write_transaction_is_a_place() -> None:
    lines = {
        (file.relative_to(ROOT).as_posix(), number)
        for room in ROOMS
        for file in (ROOT / room).rglob("*.py")
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if WRITES.match(line)
    }
    assert lines == set(write_places())


def test_every_place_has_a_name_of_its_own_and_tells_its_function() -> None:
    names = list(write_places().values())
    assert len(names) == len(set(names)) > 50
    assert {"sync.push.Pusher._begin", "state.vault.Vault.rotate#2", "state.database.Database.migrate"} <= set(names)
