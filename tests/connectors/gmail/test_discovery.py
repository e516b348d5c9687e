"""What connector and stand-in say to each other fits Google's discovery document of Gmail."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from connectors.gmail.sandbox import METADATA
from mapping.contract import RemoteId, Slice
from mapping.errors import ConcordError, ContractError
from tests.connectors.discovery import Discovery
from tests.connectors.gmail.office import ILSE, Office, mail

GMAIL = Discovery("gmail", "v1")

pytestmark = pytest.mark.proof("contract", "Google's discovery document of Gmail v1")


@pytest.mark.parametrize("config", [{}, {"bodies": True, "attachments": True}, {"include": ["Sales", "SENT"]}])
def test_every_request_and_every_answer_fits_the_document(config: dict[str, Any]) -> None:
    office = Office(most_listed=4)
    try:
        letters = [office.box.deliver(mail(number), [office.box.label("Sales")]) for number in range(9)]
        before = office.read(page_size=3, since="2026-05-01", **config)
        office.box.relabel(letters[0].id, add=[office.box.label("Won")])
        office.box.relabel(letters[1].id, add=["TRASH"])
        office.box.delete(letters[2].id)
        assert office.read(before.cursor, page_size=2, since="2026-05-01", **config).tombstones
        stream, mine = office.open(**config), Slice(ILSE)
        assert stream.window
        assert stream.get
        assert list(stream.window(mine, office.clock.now() - timedelta(days=1), office.clock.now(), None)) is not None
        assert len(stream.get(mine, [RemoteId(letters[0].id), RemoteId("18a0")])) == 1
        office.box.forget()
        with pytest.raises(ConcordError):
            office.read(before.cursor, since="2026-05-01", **config)
        found = office.server.exchanges
        assert {each.reply.status for each in found} >= {200, 404}
        assert GMAIL.problems(found) == []
    finally:
        office.close()


def test_a_refusal_fits_it_too() -> None:
    office = Office(scopes=frozenset({METADATA}))
    try:
        office.box.deliver(mail(1))
        with pytest.raises(ConcordError):
            office.read(bodies=True)
        assert office.read(metadata_scope=True).ids
        assert GMAIL.problems(office.server.exchanges) == []
    finally:
        office.close()


def test_what_does_not_fit_is_noticed() -> None:
    office = Office()
    try:
        office.box.deliver(mail(1))
        stream = office.open()
        office.server.faults.fail(200, body={"historyId": 7, "emailAdress": ILSE}, path="/profile")
        with pytest.raises(ContractError):
            stream.slices()
        assert len(GMAIL.problems(office.server.exchanges)) == 2
    finally:
        office.close()
