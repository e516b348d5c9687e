"""Traits: made of the facts as they are, for whoever a change concerns, however and in whatever order it came."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mapping.errors import ConfigError
from state import schedules
from state import traits as stored
from state.schedules import JobKind, Wanted
from sync.reports import ResolveReport
from sync.schedule import WHEN_NEWS
from sync.traits import TraitKeeper
from tests.sync.books import Books, open_books, traits
from tests.sync.hubs import Stage, changes, new_values

ANN, BOB = "ann@home.example", "bob@home.example"
PUSH: dict[str, Any] = {"people": {"match_on": "email", "fields": {"lifetime_value": "traits.lifetime_value"}}}


@pytest.fixture
def desk(tmp_path: Path, database_url: str) -> Iterator[tuple[Stage, Books]]:
    """A hub and the books that it reads, on each database."""
    stage, books = open_books(tmp_path, database_url, push=PUSH)
    yield stage, books
    stage.close()


@pytest.fixture
def lite(tmp_path: Path, sqlite_template: Path) -> Iterator[tuple[Stage, Books]]:
    """The same on SQLite alone, for what no database can make different."""
    path = tmp_path / "concord.db"
    path.write_bytes(sqlite_template.read_bytes())
    stage, books = open_books(tmp_path, f"sqlite:///{path}", push=PUSH)
    yield stage, books
    stage.close()


def _value(stage: Stage, query: str) -> Any:
    return traits(stage, query).get("lifetime_value")


def test_a_charge_and_the_order_that_it_pays_count_once_whichever_comes_first(desk: tuple[Stage, Books]) -> None:
    stage, books = desk
    books.money("payment", "ch_1", "100", buyer=ANN, aliases=["payment_intent:pi_1"])
    books.person("ann", ANN)
    stage.sync()
    assert (_value(stage, ANN), traits(stage, ANN)["order_count"]) == ("100.00", 0), "a charge without a shop"
    books.money("order", "1", "100", buyer=ANN, payments=["payment_intent:pi_1"])
    stage.sync()
    assert (_value(stage, ANN), traits(stage, ANN)["order_count"]) == ("100.00", 1)
    books.money("payment", "ch_1", "100", buyer=ANN, aliases=["payment_intent:pi_1"], refunded="30")
    stage.sync()
    assert _value(stage, ANN) == "70.00", "the order's record has not changed, what it counts has"
    books.forget("order:1")
    stage.sync()
    assert (_value(stage, ANN), traits(stage, ANN)["order_count"]) == ("70.00", 0), "the charge stands alone again"
    books.forget("payment:ch_1")
    stage.sync()
    assert stage.customer(ANN).traits == (), "nothing is left of the facts"


def test_a_payer_who_is_not_the_buyer_brings_the_buyer_nothing_twice(lite: tuple[Stage, Books]) -> None:
    stage, books = lite
    books.person("ann", ANN)
    books.person("bob", BOB)
    books.money("payment", "1", "100", buyer=BOB)
    stage.sync()
    assert _value(stage, BOB) == "100.00"
    books.money("order", "1", "100", buyer=ANN, payments=["payment:1"])
    stage.sync()
    assert (_value(stage, ANN), _value(stage, BOB)) == ("100.00", "0.00")
    books.money("order", "1", "100", buyer=ANN, payments=[])
    stage.sync()
    assert (_value(stage, ANN), _value(stage, BOB)) == ("100.00", "100.00"), "the link was taken back"


def test_what_goes_back_of_a_payment_by_another_comes_off_the_order_however_far_away(lite: tuple[Stage, Books]) -> None:
    stage, books = lite
    books.person("ann", ANN)
    books.person("bob", BOB)
    books.money("order", "1", "100", buyer=ANN)
    books.money("invoice", "1", "100", bills=["order:1"], payments=["payment:1"])
    books.money("payment", "1", "100", buyer=BOB)
    stage.sync()
    assert (_value(stage, ANN), _value(stage, BOB)) == ("100.00", "0.00")
    books.money("payment", "1", "100", buyer=BOB, refunded="30")
    stage.sync()
    assert (_value(stage, ANN), _value(stage, BOB)) == ("70.00", "0.00")
    books.forget("invoice:1")
    stage.sync()
    assert (_value(stage, ANN), _value(stage, BOB)) == ("100.00", "70.00")


def test_a_guest_who_registers_later_keeps_what_the_guest_bought(lite: tuple[Stage, Books]) -> None:
    stage, books = lite
    books.money("order", "1", "40", buyer=ANN)
    stage.sync()
    assert _value(stage, ANN) == "40.00"
    books.person("ann", ANN)
    books.money("order", "2", "60", at="2026-05-03T10:00:00Z", buyers=[{"ids": ["books:customer:ann"]}])
    stage.sync()
    found = traits(stage, ANN)
    assert (found["order_count"], found["lifetime_value"], found["average_order"]) == (2, "100.00", "50.00")
    assert (found["first_order_at"], found["last_order_at"]) == ("2026-05-01T10:00:00Z", "2026-05-03T10:00:00Z")


def test_a_company_and_its_buyer_each_have_the_order_and_nobody_has_it_twice(lite: tuple[Stage, Books]) -> None:
    stage, books = lite
    books.person("ann", ANN)
    books.tell("acme", sort="organization", name="Acme", emails=["office@acme.example"], ids=["books:company:7"])
    books.tell("globex", sort="organization", name="Globex", emails=["pay@globex.example"], ids=["books:company:8"])
    buyers = [{"email": ANN}, {"ids": ["books:company:7"]}]
    books.money("order", "1", "90", buyers=buyers, payers=[{"ids": ["books:company:8"]}])
    stage.sync()
    assert (_value(stage, ANN), _value(stage, "Acme")) == ("90.00", "90.00")
    assert stage.customer("Globex").traits == (), "whoever pays for another company has bought nothing"


def test_an_order_follows_a_merge_and_a_split(desk: tuple[Stage, Books]) -> None:
    stage, books = desk
    books.money("order", "1", "40", buyers=[{"ids": ["books:customer:a"]}])
    books.money("order", "2", "60", buyers=[{"ids": ["books:customer:b"]}])
    books.person("a", ANN)
    books.person("b", BOB)
    stage.sync()
    assert (_value(stage, ANN), _value(stage, BOB)) == ("40.00", "60.00")
    books.person("b", BOB, ANN, name="A")
    stage.sync()
    assert _value(stage, BOB) == "100.00"
    assert len(stage.rows("trait")) == 1, "the one that was merged has no traits of its own"
    books.person("b", BOB)
    stage.sync()
    assert (_value(stage, ANN), _value(stage, BOB)) == ("40.00", "60.00")


def test_whose_order_it_is_may_hang_on_others(lite: tuple[Stage, Books]) -> None:
    """An address that three people share names nobody; once two of them give it up, it is the third one's."""
    stage, books = lite
    house = "house@home.example"
    for name in ("ann", "bob", "zoe"):
        books.person(name, f"{name}@home.example", house)
    books.money("order", "1", "45", buyer=house, at="2027-01-01T00:00:00Z")
    stage.sync()
    assert [stage.customer(one).traits for one in (ANN, BOB, "zoe@home.example")] == [(), (), ()]
    books.person("ann", ANN)
    books.person("bob", BOB)
    stage.sync()
    assert _value(stage, "zoe@home.example") == "45.00"
    assert [stage.customer(one).traits for one in (ANN, BOB)] == [(), ()]


def test_the_passing_of_time_alone_changes_a_trait(desk: tuple[Stage, Books]) -> None:
    stage, books = desk
    books.person("ann", ANN)
    told = {"sort": "activity", "guests": [{"email": ANN}]}
    books.tell("mail", key="mail:1", activity="email", direction="in", at="2026-05-20T08:00:00Z", **told)
    books.tell("m1", key="m:1", activity="meeting", at="2026-06-02T09:00:00Z", **told)
    books.tell("m2", key="m:2", activity="meeting", at="2026-06-03T09:00:00Z", status="cancelled", **told)
    books.tell("m3", key="m:3", activity="meeting", at="2026-06-04T09:00:00Z", **told)
    refused = [{"email": ANN, "answer": "declined"}]
    books.tell("m4", sort="activity", key="m:4", activity="meeting", at="2026-06-01T23:00:00Z", guests=refused)
    stage.sync()
    found = traits(stage, ANN)
    assert (found["last_contacted_at"], found["next_meeting_at"]) == ("2026-05-20T08:00:00Z", "2026-06-02T09:00:00Z")
    before = stage.dump()
    stage.sync()
    assert stage.dump() == before
    stage.clock.instant = datetime(2026, 6, 2, 10, tzinfo=UTC)
    stage.sync()
    found = traits(stage, ANN)
    assert (found["last_contacted_at"], found["next_meeting_at"]) == ("2026-06-02T09:00:00Z", "2026-06-04T09:00:00Z")
    with stage.hub.db.write() as c:
        schedules.follow(c, [Wanted(JobKind.PUSH, "crm", WHEN_NEWS, None)])
    stage.clock.instant = datetime(2026, 6, 5, tzinfo=UTC)
    stage.hub.resolve()
    assert "next_meeting_at" not in traits(stage, ANN)
    with stage.hub.db.read() as c:
        assert schedules.every(c)[0].due_at is not None, "the CRM is to hear of it"


def test_the_last_contact_is_found_behind_many_that_did_not_take_place(lite: tuple[Stage, Books]) -> None:
    stage, books = lite
    books.person("ann", ANN)
    for day in range(1, 29):
        status = "no_answer" if day > 2 else "completed"
        books.tell(f"c{day}", sort="activity", key=f"call:{day}", activity="call", status=status,
                   at=f"2026-05-{day:02}T08:00:00Z", guests=[{"email": ANN}])  # fmt: skip
    stage.sync()
    assert traits(stage, ANN)["last_contacted_at"] == "2026-05-02T08:00:00Z"


def test_an_amount_without_a_rate_is_left_out_and_said_so_until_the_rate_is_there(lite: tuple[Stage, Books]) -> None:
    stage, books = lite
    books.person("ann", ANN)
    books.money("order", "1", "100", buyer=ANN)
    books.money("order", "2", "50", currency="GBP", buyer=ANN)
    stage.sync()
    view = stage.customer(ANN)
    assert (_value(stage, ANN), view.left_out) == ("100.00", ["GBP"])
    assert "left out: GBP" in next(one.rule for one in view.traits if one.trait == "lifetime_value")
    assert traits(stage, ANN)["order_count"] == 2
    assert [line for line in stage.hub.status().advice if "rates.GBP" in line]
    stage.configure(rates={"GBP": {"2024-01-01": 1.25}})
    stage.sync()
    assert (_value(stage, ANN), stage.customer(ANN).left_out) == ("162.50", [])
    assert not [line for line in stage.hub.status().advice if "rates." in line]
    stage.configure(hub={"currency": "JPY"}, rates={"JPY": None, "EUR": {"2024-01-01": 160}, "USD": None, "KWD": None})
    stage.settings["rates"] = {"EUR": {"2024-01-01": 160}, "GBP": {"2024-01-01": "200"}}
    stage.configure(hub={"currency": "JPY"})
    stage.sync()
    assert _value(stage, ANN) == "26000", "the yen has no decimals"


def test_what_was_queued_is_made_though_the_process_ended_before(lite: tuple[Stage, Books]) -> None:
    stage, books = lite
    books.person("ann", ANN)
    books.money("order", "1", "100", buyer=ANN)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TraitKeeper, "run", lambda self: 0)
        stage.sync()
    assert stage.customer(ANN).traits == ()
    assert stage.rows("dirty_trait")
    assert stage.another().resolve().traits == 1
    assert (_value(stage, ANN), stage.rows("dirty_trait")) == ("100.00", [])


def test_contacts_without_facts_cost_no_row_and_no_question(lite: tuple[Stage, Books]) -> None:
    stage, books = lite
    for number in range(3):
        books.person(f"p{number}", f"p{number}@home.example")
    asked: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stored, "referred", lambda c, values: asked.append("referred"))
        patch.setattr(stored, "near", lambda c, ids, kinds: asked.append("near"))
        assert stage.sync().resolve.traits == 0
    assert (asked, stage.rows("trait"), stage.rows("dirty_trait")) == ([], [], [])


def test_only_whoever_a_change_concerns_is_made_anew(lite: tuple[Stage, Books]) -> None:
    stage, books = lite
    for number in range(5):
        books.person(f"p{number}", f"p{number}@home.example")
        books.money("order", str(number), "10", buyer=f"p{number}@home.example")
    assert stage.sync().resolve.traits == 5
    made: list[list[str]] = []
    with pytest.MonkeyPatch.context() as patch:
        whole = stored.load

        def load(c: Any, ids: Any) -> Any:
            made.append(list(ids))
            return whole(c, ids)

        patch.setattr(stored, "load", load)
        books.money("order", "3", "11", buyer="p3@home.example")
        assert stage.sync().resolve.traits == 1
    assert made == [[stage.customer("p3@home.example").id]]
    assert stage.sync().resolve == ResolveReport()


def test_a_trait_is_pushed_explained_and_makes_a_stale_plan_refused(lite: tuple[Stage, Books]) -> None:
    stage, books = lite
    books.person("ann", ANN)
    books.money("order", "1", "100", buyer=ANN)
    stage.sync()
    plan = stage.hub.plan()
    (change,) = changes(plan)
    assert new_values(change)["lifetime_value"] == "100.00"
    why = next(one.why for one in change.fields if one.field == "lifetime_value")
    assert why == "EUR of 1 order, from shop/books"
    books.money("order", "2", "11", buyer=ANN)
    stage.sync()
    with pytest.raises(Exception, match="1 of 1 record changed"):
        stage.hub.apply(plan.hash)
    stage.settle()
    assert [one["lifetime_value"] for one in stage.remotes().values()] == [111]
    assert stage.hub.plan().empty, "what was read back is our own word"
    books.money("order", "2", "11", buyer=ANN, cancelled_at="2026-05-02T10:00:00Z")
    stage.sync()
    assert new_values(changes(stage.hub.plan())[0]) == {"lifetime_value": "100.00"}


def test_a_trait_that_is_none_is_refused_with_the_nearest(lite: tuple[Stage, Books]) -> None:
    stage, _ = lite
    stage.configure("crm", push={"people": {"fields": {"lifetime_value": "traits.lifetime_valeu"}}})
    with pytest.raises(ConfigError, match=r"lifetime_valeu, which is none.*lifetime_value"):
        stage.sync()
