"""Whatever happens over there between, and in the midst of, reads: what was read in the end equals what is there."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from connectors.hubspot.portal import Portal
from mapping.contract import Cursor, Page, Reason
from mapping.errors import TransientError
from tests.connectors.hubspot.desk import WHOLE, Desk
from tests.connectors.rig import Clock

LAG = timedelta(seconds=60)
DEEDS = st.lists(
    st.tuples(
        st.sampled_from(["create", "update", "archive", "merge", "read", "cut", "drop", "wait", "wait long"]),
        st.integers(0, 99),
    ),
    max_size=40,
)


class Mirror:
    """What a reader knows, kept as the engine keeps it: page by page, cursor included."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.cursor: Cursor | None = None
        self.known: dict[str, str] = {}
        self.merged: dict[str, str] = {}

    def read(self, pages: int = 10_000) -> None:
        """Reads so many pages, or until the connection breaks."""
        stream = self.desk.open(page_size=2)
        try:
            for number, page in enumerate(stream.read(WHOLE, self.cursor), 1):
                self._take(page)
                if number == pages:
                    return
        except TransientError:
            return

    def _take(self, page: Page) -> None:
        for record in page.records:
            self.known[record.remote_id] = record.body["properties"].get("firstname", "")
        for stone in page.tombstones:
            self.known.pop(stone.remote_id, None)
            if stone.reason is Reason.MERGED and stone.merged_into:
                self.merged[stone.remote_id] = stone.merged_into
        self.cursor = page.cursor


def act(desk: Desk, mirror: Mirror, deed: str, number: int) -> None:
    """One thing that happens."""
    shelf = desk.portal.contacts
    live = shelf.all()
    one, other = (live[number % len(live)], live[(number + 1) % len(live)]) if live else (None, None)
    if deed == "create":
        shelf.create(firstname=f"new {number}", email=f"a{len(desk.portal.drawer('contacts').records)}@example.com")
    elif deed == "update" and one:
        shelf.update(one.id, firstname=f"changed {number}")
    elif deed == "archive" and one:
        shelf.archive(one.id)
    elif deed == "merge" and one and other and one is not other:
        shelf.merge(one.id, other.id)
    elif deed == "read":
        mirror.read()
    elif deed == "cut":
        mirror.read(pages=number % 4 + 1)
    elif deed == "drop":
        desk.server.faults.drop_answer(times=99, skip=number % 6)
        mirror.read()
        desk.server.faults.clear()
    elif deed.startswith("wait"):
        desk.clock.advance(number if deed == "wait" else 60 * number)


@given(DEEDS)
def test_what_was_read_in_the_end_is_what_is_there(deeds: list[tuple[str, int]]) -> None:
    clock = Clock()
    with closing(Desk(Portal(now=clock.now, index_lag=LAG), clock)) as desk:
        mirror = Mirror(desk)
        for deed, number in deeds:
            act(desk, mirror, deed, number)
        clock.advance(LAG.total_seconds() + 1)
        # An increment that was cut off began before the lag had passed; the round after it has seen everything.
        mirror.read()
        mirror.read()
        live = {each.id: each.properties.get("firstname", "") for each in desk.portal.contacts.all()}
        assert mirror.known == live
        for gone, into in mirror.merged.items():
            found = desk.portal.get("contacts", gone)
            assert found is not None
            assert found is desk.portal.get("contacts", into)
