"""What the bench of identity resolution measures with, and on."""

from __future__ import annotations

from array import array

import pytest

from bench.halves import Halves
from bench.mess import CLEAN, KINDS, MARRIED, NAME_ONLY, NAMELESS, NICKNAME, NO_CONTACT, TAX, costs, missing
from mapping.quality import quality


def test_what_a_kind_of_mess_costs_is_counted_by_its_records() -> None:
    """Found {1,2}, {3,4}; true {1,2,3}, {4}: the nickname's record is missed, and mixed with a stranger."""
    nickname, married = frozenset({NICKNAME}), frozenset({NICKNAME, MARRIED})
    found = costs([0, 0, 1, 1], ["a", "a", "a", "b"], [frozenset(), frozenset(), nickname, married])
    assert (found[CLEAN].records, found[NICKNAME].records, found[MARRIED].records) == (2, 2, 1)
    assert found[CLEAN].missed == pytest.approx(1 / 3)
    assert found[CLEAN].mixed == 0
    assert found[NICKNAME].missed == pytest.approx((2 / 3 + 0) / 2)
    assert found[NICKNAME].mixed == pytest.approx(1 / 2)
    assert found[NICKNAME].share_mixed == pytest.approx(1)
    assert found[MARRIED].share_missed == 0


def test_nothing_lost_costs_nothing() -> None:
    (only,) = costs([0, 0], ["a", "a"], [frozenset(), frozenset()]).values()
    assert only == (2, 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("values", "lacks"),
    [
        ({"name": "Ann Quill"}, {NAME_ONLY}),
        ({"given_name": "Ann", "birth_date": "1980-03-04"}, {NO_CONTACT}),
        ({"email": "ann@web.de"}, {NAMELESS}),
        ({"birth_date": "1980-03-04"}, {NAMELESS, NO_CONTACT}),
        ({"name": "Ann Quill", "phone": "+12025550143"}, set()),
    ],
)
def test_what_a_record_lacks_is_seen(values: dict[str, str], lacks: set[str]) -> None:
    assert missing(values) == lacks


@pytest.mark.parametrize("alone", [True, False])
def test_both_halves_are_done_each_once(alone: bool) -> None:
    numbers = array("q", range(100_000))
    halves = Halves(alone=alone)
    one, other = halves.run(lambda begin, end: numbers[begin:end].tobytes(), 40_000, len(numbers))
    assert one + other == numbers.tobytes()
    assert (halves.spent().peak_mb > 0) is not alone


def test_a_half_that_fails_fails_the_whole(capfd: pytest.CaptureFixture[str]) -> None:
    def work(begin: int, end: int) -> bytes:
        if begin:
            raise ValueError("broken")
        return b""

    with pytest.raises(RuntimeError, match="second half"):
        Halves().run(work, 1, 2)
    assert "broken" in capfd.readouterr().err


def test_the_same_seed_gives_the_same_customers_with_their_mess() -> None:
    pytest.importorskip("faker", reason="the generator needs the bench libraries (pip install concord-hub[bench])")
    from bench.customers import PLACEHOLDERS, World, records

    rows = list(records(World(400, seed=5)))
    assert rows == list(records(World(400, seed=5)))
    assert rows != list(records(World(400, seed=6)))
    assert {row.source for row in rows} == {"crm", "shop", "erp", "helpdesk", "leads", "calendar"}
    emails = [row.values.get("email", "") for row in rows]
    assert any(email in PLACEHOLDERS for email in emails)
    assert any(email.startswith(("info@", "office@", "sales@", "hello@")) for email in emails)
    assert any("," in row.values.get("name", "") for row in rows)
    assert any(row.values.get("phone") == "0000000000" for row in rows)
    assert any(not row.values.get("email") and not row.values.get("phone") for row in rows)


def test_every_kind_of_mess_occurs() -> None:
    pytest.importorskip("faker", reason="the generator needs the bench libraries (pip install concord-hub[bench])")
    from bench.customers import REGISTERS, World, records

    occurs = {kind for row in records(World(2_000, seed=5)) for kind in row.mess}
    assert occurs == set(KINDS) - {TAX}
    assert TAX in {kind for row in records(World(200, REGISTERS, seed=5)) for kind in row.mess}


def test_an_address_has_one_owner_or_one_household() -> None:
    pytest.importorskip("faker", reason="the generator needs the bench libraries (pip install concord-hub[bench])")
    from bench.people import Population

    invented = Population(5, 3_000)
    homes: dict[str, set[int]] = {}
    for who in invented.people:
        for email in who.emails:
            local, _, host = email.partition("@")
            homes.setdefault(f"{local.replace('.', '')}@{host}", set()).add(who.household)
    assert all(len(of) == 1 for of in homes.values())
    assert len({domain for _, domain, _ in invented.companies}) == len(invented.companies)
    assert any(who.family_email for who in invented.people)


def test_invented_customers_are_found_again() -> None:
    pytest.importorskip("faker", reason="the generator needs the bench libraries (pip install concord-hub[bench])")
    pytest.importorskip("scipy", reason="the bench needs numpy and scipy (pip install concord-hub[bench])")
    from bench.contenders import union_find
    from bench.customers import World, canonical, records
    from bench.resolving import compared, prepare, resolve
    from mapping.clustering import Rules
    from mapping.scoring import default

    rows = list(records(World(300, seed=9)))
    made = compared((row.source, canonical(row.values)) for row in rows)
    ready, halved = prepare(made), prepare(made, Halves())
    assert (ready.first.tolist(), ready.second.tolist()) == (halved.first.tolist(), halved.second.tolist())
    truth = [row.entity for row in rows]
    found = quality(resolve(ready, default(), Rules())[0], truth)
    assert found.f1 > 0.9
    assert found.f1 > quality(union_find(ready.records), truth).f1
    model, rules = default(), Rules()
    alone, together = resolve(ready, model, rules), resolve(ready, model, rules, Halves())
    assert alone[0] == together[0]
    assert alone[1].tolist() == together[1].tolist()


@pytest.mark.parametrize("answers", [0, 20])
def test_a_case_is_measured_with_and_without_answers(answers: int) -> None:
    """With answers half of the entities train and the other half is resolved; what is made up is made up once."""
    pytest.importorskip("faker", reason="the generator needs the bench libraries (pip install concord-hub[bench])")
    pytest.importorskip("scipy", reason="the bench needs numpy and scipy (pip install concord-hub[bench])")
    from bench.customers import World, records
    from bench.identity import Case, run

    case = Case("small", lambda seed: records(World(120, seed=seed)), answers, split=bool(answers))
    found = run(case, "ours", 3, mess=True)
    every = len(list(records(World(120, seed=3))))
    assert 0.3 * every < found["records"] < 0.7 * every if answers else found["records"] == every
    assert 0.8 < found["f1"] <= 1
    assert found["auto_precision"] > 0.9
    assert found["reached"] > 0.9
    assert NICKNAME in found["mess"]
    assert run(case, "union_find", 3)["records"] == found["records"]
