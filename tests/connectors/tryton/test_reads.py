"""What the conformance kit cannot ask: children, inactive and merged parties, late commits, unreadable records."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from connectors.core.protocols import Stream
from mapping.contract import Cursor, Page, RemoteId, Slice
from mapping.errors import CursorExpiredError
from tests.connectors.rig import stream_of
from tests.connectors.tryton.works import PARTY, Works

WHOLE = Slice()


class Shelf:
    """A stream read again and again."""

    def __init__(self, works: Works, name: str) -> None:
        self._works, self._name = works, name
        self.cursor: Cursor | None = None

    @property
    def stream(self) -> Stream:
        """Of a new connector."""
        return stream_of(self._works.connector(), self._name)

    def read(self) -> Sequence[Page]:
        """What came since the last time, half an hour later."""
        self._works.way.clock.advance(1800)
        pages = list(self.stream.read(WHOLE, self.cursor))
        self.cursor = pages[-1].cursor
        return pages

    def bodies(self) -> dict[int, dict[str, Any]]:
        """The bodies of the next read by id."""
        return {int(one.remote_id): dict(one.body) for page in self.read() for one in page.records}


@pytest.fixture
def shelf(works: Works) -> Shelf:
    works.way.clock.advance(86_400)
    return Shelf(works, "parties")


def test_a_party_that_was_never_updated_is_dated_by_its_creation(works: Works, shelf: Shelf) -> None:
    made = works.backdoor.make("party.party", PARTY, works.way.clock.now())
    with works.backdoor.sql() as database:
        database.execute("UPDATE party_party SET write_date = NULL WHERE id = ?", [made])
    shelf.read()
    (record,) = shelf.stream.get(WHOLE, [RemoteId(str(made))]) if shelf.stream.get else ()
    assert "write_date" not in record.body
    assert record.changed_at == works.way.clock.now() - timedelta(seconds=1800)


@pytest.mark.parametrize(
    ("model", "children", "field", "value"),
    [
        ("party.address", "addresses", "city", "Hull"),
        ("party.contact_mechanism", "contact_mechanisms", "comment", "calls only"),
    ],
)
def test_a_change_of_a_child_alone_brings_its_party(
    works: Works, shelf: Shelf, model: str, children: str, field: str, value: str
) -> None:
    made = works.backdoor.make("party.party", PARTY, works.way.clock.now())
    before = shelf.bodies()[made]
    assert made not in shelf.bodies()
    works.backdoor.call(model, "write", [before[children][0]["id"]], {field: value}, at=works.way.clock.now())
    after = shelf.bodies()
    assert set(after) == {made}
    assert after[made][children][0][field] == value
    assert after[made].get("write_date") == before.get("write_date"), "the party itself was not touched"


def test_a_child_that_is_added_or_taken_away_through_its_party_is_seen(works: Works, shelf: Shelf) -> None:
    made = works.backdoor.make("party.party", PARTY, works.way.clock.now())
    held = shelf.bodies()[made]["contact_mechanisms"]
    gone = [["delete", [held[0]["id"]]]]
    works.backdoor.call("party.party", "write", [made], {"contact_mechanisms": gone}, at=works.way.clock.now())
    assert [one["type"] for one in shelf.bodies()[made]["contact_mechanisms"]] == ["phone"]
    email = {"party": made, "type": "email", "value": "new@example.com"}
    works.backdoor.make("party.contact_mechanism", email, works.way.clock.now())
    assert [one["value"] for one in shelf.bodies()[made]["contact_mechanisms"] if one["type"] == "email"] == [
        "new@example.com"
    ]


def test_a_line_that_changes_brings_its_sale(works: Works, shelf: Shelf) -> None:
    shelf = Shelf(works, "sales")
    sale = works.backdoor.sale(works.backdoor.customer, works.way.clock.now())
    line = shelf.bodies()[sale]["lines"][0]["id"]
    works.backdoor.call("sale.line", "write", [line], {"quantity": 5.0}, at=works.way.clock.now())
    assert shelf.bodies()[sale]["lines"][0]["quantity"] == 5.0


def test_an_inactive_party_is_archived_and_comes_back(works: Works, shelf: Shelf) -> None:
    made = works.backdoor.make("party.party", PARTY, works.way.clock.now())
    assert made in shelf.bodies()
    works.backdoor.call("party.party", "write", [made], {"active": False}, at=works.way.clock.now())
    (stone,) = [stone for page in shelf.read() for stone in page.tombstones]
    assert (stone.remote_id, stone.reason) == (str(made), "archived")
    ids, get = shelf.stream.ids, shelf.stream.get
    assert ids is not None
    assert get is not None
    assert str(made) not in [one for some in ids(WHOLE) for one in some]
    assert not get(WHOLE, [RemoteId(str(made))])
    works.backdoor.call("party.party", "write", [made], {"active": True}, at=works.way.clock.now())
    assert made in shelf.bodies()


def test_a_party_that_was_replaced_is_merged_into_its_successor(works: Works, shelf: Shelf) -> None:
    old, new = (works.backdoor.make("party.party", PARTY, works.way.clock.now()) for _ in range(2))
    shelf.read()
    works.backdoor.replace(old, new, works.way.clock.now())
    (stone,) = [stone for page in shelf.read() for stone in page.tombstones]
    assert (stone.remote_id, stone.reason, stone.merged_into) == (str(old), "merged", str(new))


def test_a_transaction_that_committed_late_is_found_within_the_lookback(works: Works, shelf: Shelf) -> None:
    shelf.read()
    began = works.way.clock.now() - timedelta(seconds=240)
    late = works.backdoor.make("party.party", PARTY, began)
    assert late in shelf.bodies()


def test_bad_records_side_by_side_cost_themselves_alone(works: Works, shelf: Shelf) -> None:
    made = [works.backdoor.make("party.party", PARTY, works.way.clock.now()) for _ in range(5)]
    bad = made[1:4]
    with works.backdoor.sql() as database:
        for each in bad:
            database.execute("UPDATE party_address SET create_date = 'no date' WHERE party = ?", [each])
    stream = stream_of(works.connector(page_size=2), "parties")
    pages = list(stream.read(WHOLE, None))
    assert {int(one.remote_id) for page in pages for one in page.errors} == set(bad)
    assert {made[0], made[4]} <= {int(one.remote_id) for page in pages for one in page.records}
    assert stream.get is not None
    assert [one.remote_id for one in stream.get(WHOLE, [RemoteId(str(each)) for each in made])] == [
        str(made[0]),
        str(made[4]),
    ]


@pytest.mark.parametrize("cursor", ["nonsense", '{"phase": "full", "v": 99}', '{"phase": "other", "v": 1}', "[]"])
def test_a_cursor_of_another_make_has_expired(works: Works, cursor: str) -> None:
    stream = stream_of(works.connector(), "parties")
    with pytest.raises(CursorExpiredError):
        list(stream.read(WHOLE, Cursor(cursor)))


def test_ids_that_are_none_of_trytons_are_not_there(works: Works) -> None:
    get = stream_of(works.connector(), "parties").get
    assert get is not None
    assert not get(WHOLE, [RemoteId("x"), RemoteId("-1"), RemoteId("2147483000"), RemoteId("")])
