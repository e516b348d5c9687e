"""Whatever happens to meetings in two calendars, and whenever they are read: the hub equals a model of what counts."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from tests.sync.calendars import ANN, BOB, KIM, NOOR, Calendar, calendar, office
from tests.sync.hubs import Stage

UIDS = ("m0", "m1")
CUSTOMERS = (ANN, BOB)
OWNERS = (("noor", NOOR), ("kim", KIM))
NEVER = "needs-action"

_numbers = count()


@dataclass(frozen=True)
class Copy:
    """What one calendar has of a meeting. ``answer`` is Kim's as this calendar knows it."""

    sequence: int
    day: int
    customers: frozenset[str]
    answer: str = NEVER
    cancelled: bool = False
    revised: int = 0
    room: str = "Cellar"

    def lines(self, uid: str) -> dict[str, object]:
        """The copy as a VEVENT."""
        people = {KIM: self.answer} | dict.fromkeys(sorted(self.customers), NEVER)
        found: dict[str, object] = {
            "UID": uid, "SUMMARY": uid, "DTSTART": f"202607{self.day:02}T100000Z", "SEQUENCE": self.sequence,
            "LAST_MODIFIED": f"20260501T00{self.revised // 60:02}{self.revised % 60:02}Z",
            "ORGANIZER": f"mailto:{NOOR}", "LOCATION": self.room, "people": people,
        }  # fmt: skip
        return {**found, "STATUS": "CANCELLED"} if self.cancelled else found


@dataclass
class Office:
    """The model: whose calendar holds which copy. Only Noor changes a meeting; Kim hears of it, and answers.

    ``owned``: whether the calendars say whose they are.
    """

    noor: dict[str, Copy] = field(default_factory=dict)
    kim: dict[str, Copy] = field(default_factory=dict)
    ticks: int = 0
    owned: bool = True

    def do(self, action: str, uid: str, day: int, customers: frozenset[str], answer: str) -> None:
        """One thing that somebody does; what makes no sense now does nothing."""
        self.ticks += 1
        mine, theirs = self.noor.get(uid), self.kim.get(uid)
        if action == "create" and not mine and not theirs:
            self.noor[uid] = Copy(0, day, customers, revised=self.ticks)
        elif mine and action in ("move", "invite", "cancel"):
            changed = replace(mine, sequence=mine.sequence + 1, answer=NEVER, revised=self.ticks)
            what = {"move": {"day": day}, "invite": {"customers": customers}, "cancel": {"cancelled": True}}[action]
            self.noor[uid] = replace(changed, **what)  # type: ignore[arg-type]  # each a field of Copy
        elif mine and action == "furnish":  # a small matter, for which nobody is asked again
            self.noor[uid] = replace(mine, room=f"Room {self.ticks}", revised=self.ticks)
        elif mine and action == "deliver":
            known = theirs.answer if theirs and theirs.sequence == mine.sequence else NEVER
            self.kim[uid] = replace(mine, answer=known, revised=self.ticks)
        elif theirs and action == "answer":
            self.kim[uid] = replace(theirs, answer=answer, revised=self.ticks)
        elif mine and theirs and action == "hear" and mine.sequence == theirs.sequence:
            self.noor[uid] = replace(mine, answer=theirs.answer, revised=self.ticks)
        elif action in ("lose", "forget"):
            (self.noor if action == "lose" else self.kim).pop(uid, None)

    def truth(self, uid: str) -> Copy | None:
        """The meeting as everybody should see it: the organiser's word of the newest revision, and Kim's own answer.
        Where nobody knows whose copy is whose, the last that was touched."""
        copies = [one for one in (self.noor.get(uid), self.kim.get(uid)) if one is not None]
        if not copies:
            return None
        highest = max(one.sequence for one in copies)
        current = [one for one in copies if one.sequence == highest]
        if not self.owned:
            current.sort(key=lambda one: one.revised)
            current = [current[-1], *current]
        given = [one.answer for one in reversed(current) if one.answer != NEVER]
        return replace(current[0], answer=given[0] if given else NEVER)


def _show(model: dict[str, Copy], shown: Calendar) -> None:
    shown.events.clear()
    for uid, copy in model.items():
        shown.put(uid, **copy.lines(uid))
    shown.write()


def _compare(stage: Stage, office_: Office) -> None:
    facts = {row["key"]: row for row in stage.rows("fact") if row["live"]}
    truth = {f"ical:{uid}": one for uid in UIDS if (one := office_.truth(uid)) is not None}
    assert facts.keys() == truth.keys()
    for customer in CUSTOMERS:
        items = stage.hub.timeline(stage.customer(customer).id)
        mine = {key: one for key, one in truth.items() if customer in one.customers}
        assert {(item.key, item.at[:10], item.line.endswith(", cancelled")) for item in items} == {
            (key, f"2026-07-{one.day:02}", one.cancelled) for key, one in mine.items()
        }
    for key, one in truth.items():
        assert f'"email":"{KIM}","answer":"{one.answer}"' in facts[key]["values"]
        assert f'"location":"{one.room}"' in facts[key]["values"]


def _compare_crm(stage: Stage, office_: Office) -> None:
    """The CRM holds each meeting as it is, those that are lost as cancelled, and none of a customer's who is out."""
    names = {f"people:{i}": row["email"] for i, row in stage.remotes().items()}
    there = {row.values["title"]: row for row in stage.crm.records("activities").values() if not row.archived}
    for uid in UIDS:
        one, row = office_.truth(uid), there.get(uid)
        if row is None:
            assert one is None or one.cancelled or not one.customers
        elif one is None:
            assert row.values["status"] == "cancelled"
        else:
            assert row.values["at"][:10] == f"2026-07-{one.day:02}"
            assert (row.values.get("status") == "cancelled") == one.cancelled
            assert {names[end] for end in row.refs.get("person", ())} == one.customers
    assert stage.hub.plan().changes == []


_ACTIONS = ("create", "move", "invite", "cancel", "furnish", "deliver", "deliver", "answer", "hear", "lose", "forget")
_step = st.tuples(
    st.sampled_from(_ACTIONS),
    st.sampled_from(UIDS),
    st.integers(1, 9),
    st.frozensets(st.sampled_from(CUSTOMERS)),
    st.sampled_from(("accepted", "declined", "tentative")),
    st.sampled_from(("", "", "noor", "kim", "both", "push")),
)


def _played(*actions: str) -> list[tuple[str, str, int, frozenset[str], str, str]]:
    """Steps of the first meeting: an action, and with which answer or on which day."""
    told = [action.partition(" ")[::2] for action in actions]
    return [(what, "m0", int(how) if how.isdigit() else 1, frozenset({BOB}), how, "") for what, how in told]


STALE = _played("deliver", "move 5", "answer accepted")
FURNISHED = _played("deliver", "furnish", "answer accepted")
ANSWERED_AGAIN = _played("deliver", "answer accepted", "hear", "answer declined", "furnish")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the hubs of all examples are made."""
    return tmp_path_factory.mktemp("copies")


@example(steps=STALE, owned=False)
@example(steps=FURNISHED, owned=True)
@example(steps=ANSWERED_AGAIN, owned=True)
@given(steps=st.lists(_step, min_size=1, max_size=14), owned=st.booleans())
@settings(
    suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate], max_examples=10, deadline=None
)
def test_two_calendars_read_in_any_pieces_equal_the_model(
    folder: Path, sqlite_template: Path, steps: list[tuple[str, str, int, frozenset[str], str, str]], owned: bool
) -> None:
    path = folder / f"hub{next(_numbers)}"
    path.mkdir()
    shutil.copy(sqlite_template, path / "concord.db")
    stage = office(path, f"sqlite:///{path / 'concord.db'}")
    try:
        calendars = {name: calendar(stage, name, email if owned else name) for name, email in OWNERS}
        model = Office(owned=owned)
        for action, uid, day, customers, answer, then in [("create", "m0", 1, frozenset({ANN}), "", ""), *steps]:
            model.do(action, uid, day, customers, answer)
            _show(model.noor, calendars["noor"])
            _show(model.kim, calendars["kim"])
            if then in calendars:
                assert stage.sync(then, allow_deletes=True).ok
            elif then:
                assert stage.sync(allow_deletes=True).ok
                _compare(stage, model)
            if then == "push":
                stage.push()
        assert stage.sync(allow_deletes=True).ok
        _compare(stage, model)
        stage.push()
        assert stage.sync(allow_deletes=True).ok
        _compare_crm(stage, model)
    finally:
        stage.close()
