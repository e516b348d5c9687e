"""Records that share no exact value: who is found, who is merged by a score, and what forbids it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import product
from pathlib import Path
from random import Random
from time import process_time
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from mapping import blocking
from mapping.clustering import Rules
from mapping.comparison import load
from mapping.criteria import MADE_BY
from mapping.features.texts import DIFFERENT, alike
from mapping.scoring import REVIEW_ABOVE, probability
from state import judgements, matching
from state.matching import unpack
from state.tables import comparison, entity, pair_score, statistics
from sync import resolve
from sync.rules import criteria_of
from sync.scored import Scores
from tests.sync.cut import Cut, cut_after
from tests.sync.hubs import BOOKKEEPING, Stage, members, person
from tests.sync.lookalikes import ALSO_BOB, BOB, BORN, CROWD, MAYBE_BOB, crowd, ids_of, put


@pytest.fixture
def stage(stage: Stage) -> Stage:
    """A stage where records are compared."""
    stage.configure(identity={"compare": True})
    return stage


def _sizes(stage: Stage) -> list[int]:
    return sorted(len(one.members) for one in stage.customers())


def _again(stage: Stage) -> None:
    """Everything waits to be resolved again."""
    with stage.hub.db.write() as c:
        judgements.queue_again(c, c.execute(select(entity.c.id)).scalars().all())
    stage.hub.resolve()


def test_what_shares_no_exact_value_is_one_customer_where_it_is_much_alike(stage: Stage) -> None:
    put(stage, BOB, ALSO_BOB)
    crowd(stage, 3)
    stage.sync()
    assert _sizes(stage) == [1, 1, 1, 2]
    (bob,) = [one for one in stage.customers() if len(one.members) == 2]
    assert all("alike by score as" in member.why for member in bob.members)
    (link,) = stage.hub.explain(bob.id).links
    assert link.rule == "scored"
    assert " % alike (" in link.words
    assert "family name: same" in link.words


def test_what_is_only_somewhat_alike_stays_apart_and_why_is_told(stage: Stage) -> None:
    put(stage, BOB, MAYBE_BOB)
    stage.sync()
    assert _sizes(stage) == [1, 1]
    assert [row["log_odds"] > -2 for row in stage.rows("pair_score")] == [True]
    a, b = stage.customers()
    reasons = " ".join(stage.hub.why_not(a.id, b.id).reasons)
    assert "no more than the 50 % of identity.merge_above" in reasons
    stage.configure(identity={"merge_above": 0.5, "compare": True})


def test_a_score_does_not_depend_on_which_of_the_two_came_last(stage: Stage) -> None:
    """Of two spellings of a name the rarer counts, also where it is the one that was there before."""
    given = [name.split()[0] for name in CROWD]
    put(stage, *(person(f"{name} Fairweather") for name in given))
    put(stage, *(person(f"{name} Fairwether") for name in given[:4]), person("Bob Fairwether"))
    stage.sync()
    put(stage, person("Bob Fairweather"), {"email": "bob.fairwether@work.example"})
    stage.sync()
    with stage.hub.db.read() as c:
        compared = {row["entity_id"]: load(orjson.loads(row["body"])) for row in stage.rows("comparison")}
        scores = Scores(c, "person", compared)
    found = {(row["a"], row["b"]): row["log_odds"] for row in stage.rows("pair_score")}
    late = {pair: probability(value) for pair, value in found.items() if pair[1] > len(compared) - 2}
    assert set(late) == {(17, 18), (17, 19)}
    assert late == pytest.approx({pair: scores.probability(*pair) for pair in late})


def test_what_is_decided_by_default_is_what_the_benches_measure(stage: Stage) -> None:
    assert criteria_of(stage.hub.settings, stage.hub.db).rules == Rules()
    assert stage.hub.settings.identity.review_above == REVIEW_ABOVE


def test_our_own_copies_read_back_change_nobody(stage: Stage) -> None:
    """A nameless subscriber is alike to a named customer; the copy in the CRM says nothing of either."""
    crowd(stage)
    put(stage, person("Amelie Mertens", phone="+32471388325"), {"email": "a.mertens@kabelnet.example"})
    stage.sync()
    before = {tuple(members(one)) for one in stage.customers()}
    assert any(len(one) == 2 for one in before)
    stage.push()
    for _ in range(2):
        stage.sync()
        ours = {tuple(m for m in members(one) if m.startswith("shop/")) for one in stage.customers()}
        assert ours == before
        assert stage.hub.plan().empty


def test_without_comparing_exact_values_alone_decide(stage: Stage) -> None:
    stage.configure(identity={"compare": False})
    put(stage, BOB, ALSO_BOB)
    stage.sync()
    assert _sizes(stage) == [1, 1]
    for table in ("comparison", "block_key", "pair_score", "value_count", "statistics", "waiting_match"):
        assert stage.rows(table) == [], table


def test_a_record_that_comes_late_joins_and_one_that_changes_leaves_again(stage: Stage) -> None:
    crowd(stage)
    put(stage, BOB)
    stage.sync()
    bob = ids_of(stage)["shop/people 1"]
    put(stage, ALSO_BOB)
    report = stage.sync()
    assert ids_of(stage)["shop/people 2"] == bob
    assert report.resolve.created == report.resolve.merged == 0, "it is decided once, with its scores"
    stage.shop.change("people", "2", {"birth_date": "1951-11-23", "given_name": "Igor"})
    stage.sync()
    assert ids_of(stage)["shop/people 1"] == bob
    assert ids_of(stage)["shop/people 2"] != bob


def test_a_record_that_goes_is_compared_with_nobody_and_one_that_comes_back_is(stage: Stage) -> None:
    put(stage, BOB, ALSO_BOB)
    stage.sync()
    stage.shop.archive("people", "2")
    stage.sync()
    assert len(stage.rows("comparison")) == 1
    assert stage.rows("pair_score") == []
    (left,) = stage.rows("comparison")
    assert {row["key"] for row in stage.rows("block_key")} == set(unpack(left["keys"]))
    stage.shop.restore("people", "2")
    stage.sync()
    assert _sizes(stage) == [2]


def test_resolving_everything_again_changes_nothing(stage: Stage) -> None:
    crowd(stage)
    put(stage, BOB, ALSO_BOB, MAYBE_BOB)
    stage.sync()
    before = stage.dump()
    _again(stage)
    assert stage.dump() == before


def test_a_database_from_before_is_compared_as_soon_as_it_is_synced(stage: Stage) -> None:
    stage.configure(identity={"compare": False})
    put(stage, BOB, ALSO_BOB)
    stage.sync()
    stage.configure(identity={"compare": True})
    stage.sync()
    assert _sizes(stage) == [2]


def test_what_is_resolved_while_nothing_is_compared_is_made_up_for(stage: Stage) -> None:
    put(stage, BOB)
    stage.sync()
    stage.configure(identity={"compare": False})
    put(stage, ALSO_BOB)
    stage.sync()
    assert _sizes(stage) == [1, 1]
    stage.configure(identity={"compare": True})
    stage.sync()
    assert _sizes(stage) == [2]


@pytest.mark.parametrize(("unique", "field"), [(["birth_date"], "birth_date"), (["loyalty"], "ids")])
def test_what_a_stream_vouches_for_keeps_records_apart_that_share_email_and_name(
    stage: Stage, unique: list[str], field: str
) -> None:
    ids = {"ids": "[join(':', ['memory', account, 'people', id]), join(':', ['loyalty', properties.notes])]"}
    rules = {"fields": {"person": ids if field == "ids" else {}}}
    stage.configure("shop", streams={"people": rules})
    one, other = (
        {"email": "lee@home.example", "notes": number, "birth_date": born}
        for number, born in (("17", "1980-03-04"), ("18", "1951-11-23"))
    )
    put(stage, person("Ann Lee", **one), person("Ann Lee", **other))
    stage.sync()
    assert _sizes(stage) == [2], "until the stream says so, nothing stands against it"
    stage.configure("shop", streams={"people": {**rules, "unique": unique}})
    stage.sync()
    assert _sizes(stage) == [1, 1]
    a, b = stage.customers()
    reasons = stage.hub.why_not(a.id, b.id).reasons
    assert any("hard evidence stands against it" in one for one in reasons)
    assert not any("wait to be resolved" in one for one in reasons)


def test_a_stream_that_holds_nobody_twice_has_each_of_its_records_alone(stage: Stage) -> None:
    stage.configure("shop", streams={"people": {"deduplicated": True}})
    put(stage, person("Ann Lee", email="lee@home.example"), person("Ann Lee", email="lee@home.example"))
    stage.crm.put("people", person("Ann Lee", email="lee@home.example"))
    stage.sync()
    assert _sizes(stage) == [1, 2]


def test_father_and_son_of_one_name_and_mailbox_stay_two(stage: Stage) -> None:
    for name in ("Henry Walsh Sr", "Henry Walsh Jr", "Henry Walsh Sr"):
        given_name, family_name = name.split(" ", 1)
        put(stage, {"given_name": given_name, "family_name": family_name, "email": "walsh@home.example"})
    stage.sync()
    assert stage.groups() == {frozenset({"shop/people 1", "shop/people 3"}), frozenset({"shop/people 2"})}


def test_a_couple_with_one_mailbox_and_one_line_stays_two(stage: Stage) -> None:
    shared = {"email": "fam@home.example", "phone": "020 7946 0958", "city": "Ely"}
    put(stage, person("Ann Lee", **shared), person("Bob Lee", **shared), person("A Lee", email="fam@home.example"))
    stage.sync()
    assert _sizes(stage) == [1, 2]
    a, b = stage.customers()
    assert "50 % alike" in " ".join(stage.hub.why_not(a.id, b.id).reasons)


def test_namesakes_whose_emails_and_phones_differ_stay_two(stage: Stage) -> None:
    put(
        stage,
        person("Felix Winkler", email="felix.winkler89@mail.example", phone="020 7946 0958"),
        person("Felix Winkler", email="felix.winkler56@mail.example", phone="020 7946 0123"),
    )
    stage.sync()
    assert _sizes(stage) == [1, 1]


def test_no_customer_grows_beyond_the_emails_allowed(stage: Stage) -> None:
    stage.configure(identity={"max_emails": 2})
    put(stage, *(person("Ann Lee", email=f"ann{n}@home.example", phone="020 7946 0958") for n in range(4)))
    stage.sync()
    assert max(_sizes(stage)) <= 2
    stage.configure(identity={"max_emails": 5})
    _again(stage)
    assert _sizes(stage) == [4]


def test_what_a_person_said_stands_above_every_score(stage: Stage) -> None:
    put(stage, BOB, ALSO_BOB, person("Chioma Obi", email="obi@x.example"))
    stage.sync()
    ids = ids_of(stage)
    stage.hub.unmerge(ids["shop/people 1"], ["shop/people/2"])
    ids = ids_of(stage)
    stage.hub.merge([ids["shop/people 1"], ids["shop/people 3"]])
    kept = stage.groups()
    assert kept == {frozenset({"shop/people 1", "shop/people 3"}), frozenset({"shop/people 2"})}
    for number in range(3):
        _again(stage)
        stage.shop.change("people", "2", {"city": f"Ely {number}"})
        stage.sync(full=True)
        assert stage.groups() == kept


def test_a_component_too_large_for_scores_is_put_aside_and_comes_back(stage: Stage) -> None:
    stage.configure(identity={"max_component": 2})
    put(stage, BOB, ALSO_BOB, person("Rob Thornbury", phone="020 7946 0999", birth_date=BORN))
    stage.sync()
    assert _sizes(stage) == [1, 1, 1]
    assert len(stage.rows("quarantine")) == 3
    with stage.hub.db.read() as c:
        assert list(matching.quarantine_sizes(c).values()) == [3]
    assert any("3 records hang together by scores" in one for one in stage.hub.status().advice)
    stage.shop.delete("people", "3")
    stage.sync()
    assert _sizes(stage) == [2]
    assert stage.rows("quarantine") == []


def test_a_key_that_too_many_share_is_narrowed_for_all_whatever_the_batches(stage: Stage) -> None:
    """What is filed is a function of the records: all at once, or one by one."""
    people = [person(f"Maud {name.split()[1]}", birth_date=BORN) for name in CROWD * 2][: blocking.LARGEST_COARSE + 2]
    put(stage, *people)
    stage.sync()
    at_once = [(row["key"], row["entity_id"]) for row in stage.rows("block_key")]
    wide = {row["key"] for row in stage.rows("oversized_key")}
    assert wide
    assert wide.isdisjoint(key for key, _ in at_once)
    with stage.hub.db.write() as c:
        for table in ("comparison", "block_key", "oversized_key", "pair_score", "value_count", "statistics"):
            c.exec_driver_sql(f"DELETE FROM {table}")
        ids = list(c.execute(select(entity.c.id)).scalars())
        blank = {"version": "", "at": "", "records": 0, "held": 0, "made_by": MADE_BY}
        c.execute(statistics.insert(), [{"kind": kind, **blank} for kind in ("person", "organization")])
        for number in ids:
            matching.enqueue(c, matching.FILE, [number])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(matching.waiting, "__defaults__", (1,))
        stage.hub.resolve()
    assert [(row["key"], row["entity_id"]) for row in stage.rows("block_key")] == at_once
    assert {row["key"] for row in stage.rows("oversized_key")} == wide


@pytest.mark.parametrize("town", [{}, {"city": "Leeds"}], ids=["at once", "key after key"])
def test_a_low_score_that_narrowing_drops_is_weighed_no_more(stage: Stage, town: dict[str, str]) -> None:
    """Two who are much alike to a third, and to one another a little, as long as they are compared. Where they share
    their town, too, it is given up first what people of one name in one town are filed under."""
    line, born = {"phone": "+442079460958"}, {"birth_date": BORN}
    zoe_kim = person("Zoe Jones", **line, **town), person("Kim Jones", **born, **town)
    put(stage, zoe_kim[0], person("Ann Jones", **line, **born), zoe_kim[1])
    for number in range(40):  # so many that what comes does not make the snapshot due
        stage.shop.put("people", {"email": f"q{number}@plain{number}.example"}, id=f"n{number}")
    stage.sync()
    zoe, ann, kim = (row["id"] for row in stage.rows("entity")[:3])
    with stage.hub.db.write() as c:
        c.execute(delete(pair_score))
        scores = {(zoe, ann): 3.0, (ann, kim): 0.4, (zoe, kim): 0.0}
        c.execute(
            pair_score.insert(), [{"a": a, "b": b, "log_odds": odds, "model": ""} for (a, b), odds in scores.items()]
        )
    _again(stage)
    assert _sizes(stage)[-1] == 3
    for name in ("Bo", "Ida", "Olek", "Pru", "Sven", "Tariq", "Una"):
        stage.shop.put("people", person(f"{name} Jones", **town))
    stage.sync()
    assert len(stage.rows("oversized_key")) == len(town)
    assert (zoe, kim) in {(row["a"], row["b"]) for row in stage.rows("pair_score")}
    for name in ("Wim", "Xu", "Yuri"):
        stage.shop.put("people", person(f"{name} Jones"))
    stage.sync()
    assert (zoe, kim) not in {(row["a"], row["b"]) for row in stage.rows("pair_score")}
    left = ids_of(stage)
    assert left["shop/people 1"] == left["shop/people 2"] != left["shop/people 3"]
    before = stage.groups()
    _again(stage)
    assert stage.groups() == before


def test_a_kill_at_any_commit_costs_nothing(stage: Stage) -> None:
    crowd(stage, 3)
    put(stage, BOB)
    stage.sync()
    uncut = 0
    for number in range(0, 90, 4):
        (fresh,) = put(stage, person("Bob Thornbury", email=f"bob{number}@work.example", birth_date=BORN))
        with suppress(Cut), cut_after(number):
            stage.hub.sync()
            uncut += 1
        stage.clock.sleep(600)  # until the leases of the dead have run out
        stage.sync()
        with stage.hub.db.read() as c:
            assert not matching.anything_waits(c)
            assert c.execute(select(comparison.c.entity_id).where(comparison.c.scored.is_(None))).all() == []
        assert frozenset({"shop/people 1", f"shop/people {fresh}"}) in stage.groups()
        stage.shop.delete("people", fresh)
        stage.sync()
        if uncut:
            break
    assert uncut, "in the end nothing was cut"
    assert number > 8, "it was cut in every stage"


NAMES = ("Robert Thornbury", "Bob Thornbury", "Maud Fenwick", "Maud Fenwik", "Fenwick Maud")
EMAILS = ("rob.thornbury@mail.example", "bob@work.example", "maud@x.example", "fenwick@x.example")


@st.composite
def _people(draw: st.DrawFn) -> list[dict[str, Any]]:
    """People who resemble one another in every way."""
    found = []
    for _ in range(draw(st.integers(2, 5))):
        born = draw(st.sampled_from((BORN, "1980-04-03", "1951-11-23", "")))
        values = {"email": draw(st.sampled_from(EMAILS)), **({"birth_date": born} if born else {})}
        found.append(person(draw(st.sampled_from(NAMES)), **values))
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where each example gets a folder of its own."""
    return tmp_path_factory.mktemp("matched")


@contextmanager
def _stage(folder: Path, template: Path) -> Iterator[Stage]:
    own = folder / f"e{len(list(folder.iterdir()))}"
    own.mkdir()
    path = own / "concord.db"
    path.write_bytes(template.read_bytes())
    made = Stage(own, f"sqlite:///{path}", compare=True)
    try:
        yield made
    finally:
        made.close()


@given(data=st.data(), people=_people())
@settings(suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate], max_examples=3)
def test_within_one_snapshot_neither_order_nor_batches_decide_who_is_one(
    folder: Path, sqlite_template: Path, data: st.DataObject, people: list[dict[str, Any]]
) -> None:
    with _stage(folder, sqlite_template) as whole, _stage(folder, sqlite_template) as pieces:
        for stage in (whole, pieces):
            crowd(stage)
            for number in range(24):  # so many that what comes does not make the snapshot due
                stage.shop.put("people", {"email": f"q{number}@plain{number}.example"}, id=f"n{number}")
            stage.sync()
        counted = [stage.rows("statistics")[1]["version"] for stage in (whole, pieces)]
        for number, one in enumerate(people):
            whole.shop.put("people", one, id=f"p{number}")
        whole.sync()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(resolve, "BATCH", data.draw(st.sampled_from((1, 2, 4000))))
            for number in data.draw(st.permutations(range(len(people)))):
                pieces.shop.put("people", people[number], id=f"p{number}")
                pieces.sync()
        assert [stage.rows("statistics")[1]["version"] for stage in (whole, pieces)] == counted
        assert whole.groups() == pieces.groups()
        before = pieces.dump(leave_out={*BOOKKEEPING, "event"})
        _again(pieces)
        assert pieces.dump(leave_out={*BOOKKEEPING, "event"}) == before


def _unlike(count: int) -> list[str]:
    """So many names of which no two could be slips of one another."""
    chance, found = Random(7), list[str]()
    while len(found) < count:
        name = "".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=7))
        if all(alike(name, other) == DIFFERENT for other in found):
            found.append(name)
    return found


def test_ten_thousand_who_share_a_mailbox_and_a_line_are_merged_with_nobody(
    tmp_path: Path, sqlite_template: Path
) -> None:
    names = _unlike(200)
    with _stage(tmp_path, sqlite_template) as stage:
        for number, (one, other) in enumerate(product(names[:100], names[100:])):
            mailbox = "info@example.com" if number % 2 else "family@x.example"
            stage.shop.put("people", person(f"{one} {other}", email=mailbox, phone="+442079460958"))
        began = process_time()
        stage.sync()
        assert process_time() - began < 30
        assert len(stage.rows("customer")) == 10_000
        assert {row["status"] for row in stage.rows("customer")} == {"live"}
