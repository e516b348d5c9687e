"""A reader that stops after any page and goes on later ends up with what the world holds, whatever happened."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from connectors.memory.connector import VENDOR, MemoryConfig
from connectors.memory.sandbox import forget_world, open_world
from mapping.contract import Coverage, Cursor, Page, RawRecord, Reason, RemoteId, Slice
from mapping.errors import CursorExpiredError
from tests.connectors.rig import Clock, Tokens, stream_of

TEAMS = ("sales", "support")
PICK = st.integers(min_value=0, max_value=10_000)


class FollowsAWorld(RuleBasedStateMachine):
    """A mirror of people (by team) and companies (by patches), kept by reading one page now and then."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        forget_world("feed")
        self.world = open_world("feed")
        self.world.clock = self.clock.now
        self.slices = [("people", Slice(team)) for team in TEAMS] + [("companies", Slice())]
        self.cursors: dict[tuple[str, str], Cursor | None] = {}
        self.mirror: dict[tuple[str, str], dict[str, Mapping[str, Any]]] = {
            (name, slice_.key): {} for name, slice_ in self.slices
        }
        self.enumerated: dict[tuple[str, str], set[str]] = {}
        self.numbers = 0

    def _pick(self, name: str, pick: int) -> RemoteId:
        ids = sorted(self.world.records(name))
        return ids[pick % len(ids)]

    @rule(seconds=st.sampled_from([0.0, 0.001, 1.0]))
    def time_passes(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule(team=st.sampled_from(TEAMS))
    def a_person_turns_up(self, team: str) -> None:
        self.numbers += 1
        self.world.put("people", {"city": f"City {self.numbers}"}, team=team)

    @rule()
    def a_company_turns_up(self) -> None:
        self.numbers += 1
        self.world.put("companies", {"name": f"Firm {self.numbers}", "city": "Leeds"})

    @precondition(lambda self: self.world.records("people"))
    @rule(pick=PICK, deed=st.sampled_from(["change", "delete", "archive", "restore", "move"]))
    def something_happens_to_a_person(self, pick: int, deed: str) -> None:
        id_ = self._pick("people", pick)
        self.numbers += 1
        if deed == "move":
            row = self.world.records("people")[id_]
            if not row.archived:
                self.world.move(id_, TEAMS[1 - TEAMS.index(row.team)])
        elif deed == "change":
            if not self.world.records("people")[id_].archived:
                self.world.change("people", id_, {"city": f"City {self.numbers}"})
        else:
            getattr(self.world, deed)("people", id_)

    @precondition(lambda self: len(self.world.records("people")) > 1)
    @rule(pick=PICK)
    def two_people_prove_to_be_one(self, pick: int) -> None:
        loser, winner = self._pick("people", pick), self._pick("people", pick + 1)
        if not any(row.archived for id_, row in self.world.records("people").items() if id_ in (loser, winner)):
            self.world.merge("people", loser, winner)

    @precondition(lambda self: self.world.records("companies"))
    @rule(pick=PICK, values=st.dictionaries(st.sampled_from(["city", "industry"]), st.sampled_from(["a", "b", None])))
    def a_company_changes(self, pick: int, values: dict[str, str | None]) -> None:
        self.world.change("companies", self._pick("companies", pick), values)

    @rule()
    def cursors_expire(self) -> None:
        self.world.expire_cursors()

    @rule(pick=PICK)
    def one_page_is_read(self, pick: int) -> None:
        self._read(*self.slices[pick % len(self.slices)], pages=1)

    def _read(self, name: str, slice_: Slice, pages: int | None = None) -> None:
        """Takes pages over into the mirror as the engine would, to the end or until it has so many."""
        place = (name, slice_.key)
        config = MemoryConfig(world="feed", page_size=2)
        stream = stream_of(VENDOR.build(config, self.clock.runtime(), Tokens()), name)
        try:
            for page in islice(stream.read(slice_, self.cursors.get(place)), pages):
                self._take(place, page)
        except CursorExpiredError:
            self.cursors[place] = None
            self._read(name, slice_, pages)

    def _take(self, place: tuple[str, str], page: Page) -> None:
        mirror = self.mirror[place]
        if self.cursors.get(place) is None:
            self.enumerated[place] = set()
        for record in page.records:
            mirror[record.remote_id] = _merged(mirror.get(record.remote_id), record)
            self.enumerated[place].add(record.remote_id)
        for stone in page.tombstones:
            assert stone.reason is not Reason.MERGED or stone.merged_into
            mirror.pop(stone.remote_id, None)
        if page.complete:
            for gone in set(mirror) - self.enumerated[place]:
                del mirror[gone]
        self.cursors[place] = page.cursor

    @invariant()
    def a_reader_who_catches_up_has_it_all(self) -> None:
        kept = (
            dict(self.cursors),
            {place: dict(rows) for place, rows in self.mirror.items()},
            {place: set(ids) for place, ids in self.enumerated.items()},
        )
        for name, slice_ in self.slices:
            self._read(name, slice_)
            rows = self.world.records(name)
            held = {id_: row.values for id_, row in rows.items() if row.team == slice_.key and not row.archived}
            assert self.mirror[name, slice_.key] == held
        self.cursors, self.mirror, self.enumerated = kept

    def teardown(self) -> None:
        forget_world("feed")


def _merged(held: Mapping[str, Any] | None, record: RawRecord) -> Mapping[str, Any]:
    told = dict(record.body["properties"])
    if record.coverage is Coverage.PATCH:
        assert held is not None, "a patch is only given to who was given the record"
        told = {**held, **told}
    return {name: value for name, value in told.items() if value is not None}


TestFollowsAWorld = FollowsAWorld.TestCase
TestFollowsAWorld.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
