"""Policies: which say the same, and whose golden records another one may change."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mapping import policy
from mapping.golden import Member, survive
from mapping.model import Kind
from mapping.policy import Policy, concerned

SOURCES = ("crm", "mail", "shop")
FIELDS = ("job_title", "stage", "family_name")

ranks = st.one_of(st.permutations(SOURCES).flatmap(lambda names: st.sampled_from([names[:n] for n in range(4)])),
                   st.dictionaries(st.sampled_from(SOURCES), st.integers(-2, 2)))  # fmt: skip
wish = st.fixed_dictionaries({"prefer": ranks}, optional={"newest": st.booleans(), "longest": st.booleans()})
wishes = st.dictionaries(st.sampled_from(("default", *FIELDS)), wish, max_size=2)
records = st.lists(
    st.tuples(
        st.sampled_from(SOURCES),
        st.fixed_dictionaries({}, optional=dict.fromkeys(("job_title", "family_name"), st.sampled_from(("Li", "Lee")))),
        st.sampled_from(("2026-01-01T00:00:00.000000Z", "2026-02-01T00:00:00.000000Z")),
    ),
    min_size=1,
    max_size=4,
)


def between(before: dict[str, Any], after: dict[str, Any]) -> frozenset[str] | None:
    return concerned(Policy(before).told(), Policy(after).told())


def test_policies_that_say_the_same_are_told_alike() -> None:
    assert Policy({}).told() == Policy({"default": {}}).told() == Policy({"default": {"prefer": []}}).told()
    assert (
        Policy({"email": {"prefer": ["crm", "shop"]}}).told()
        == Policy({"email": {"prefer": {"shop": 1, "crm": 0}}}).told()
    )
    assert Policy({"email": {"newest": False}}).told() != Policy({}).told()


def test_another_wish_concerns_everybody() -> None:
    assert between({}, {"email": {}}) is None, "of a field that is named nothing goes without saying"
    assert between({"email": {"longest": True}}, {"email": {}}) is None
    assert between({"email": {"prefer": ["crm", "shop"]}}, {"email": {"prefer": ["shop", "crm"]}}) is None
    assert (
        between({"default": {"prefer": {"crm": -60, "shop": -50}}}, {"default": {"prefer": {"crm": -50, "shop": -50}}})
        is None
    )


def test_a_connection_that_comes_or_goes_concerns_whoever_has_a_record_of_it() -> None:
    def preferred(*names: str) -> dict[str, Any]:
        return {"email": {"prefer": list(names)}}

    assert between(preferred("crm", "mail"), preferred("shop", "crm", "mail")) == frozenset({"shop"})
    assert between(preferred("crm", "mail", "shop"), preferred("crm", "shop")) == frozenset({"mail"})
    assert between({}, {"default": {"prefer": {"crm": -60, "shop": -50}}}) == frozenset({"crm", "shop"})
    assert between({}, {"default": {"newest": True}}) == frozenset()


def test_another_survivorship_concerns_everybody(monkeypatch: Any) -> None:
    before = Policy({}).told()
    monkeypatch.setattr(policy, "VERSION", "of tomorrow")
    assert concerned(before, Policy({}).told()) is None


@given(wishes, wishes, records)
def test_whom_it_does_not_concern_keeps_the_golden_record(before: Any, after: Any, said: Any) -> None:
    members = [
        Member(number, (source, "people", "", str(number), "person"), source, Kind.PERSON, values, {"*": since})
        for number, (source, values, since) in enumerate(said)
    ]
    whom = between(before, after)
    if whom is not None and (len(members) == 1 or whom.isdisjoint(one.connection for one in members)):
        assert survive(members, Policy(before)) == survive(members, Policy(after))
