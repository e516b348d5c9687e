"""Survivorship: who wins each field, why, and that nothing else than the records decides it."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapping.errors import ConfigError
from mapping.golden import Golden, Member, survive
from mapping.model import MODELS, Kind, Stage
from mapping.policy import Policy

OLD, MID, NEW = ("2026-01-01T00:00:00.000000Z", "2026-02-01T00:00:00.000000Z", "2026-03-01T00:00:00.000000Z")


def member(number: int, values: Mapping[str, Any], since: str = OLD, connection: str = "", **more: Any) -> Member:
    source = connection or f"source{number}"
    return Member(
        number, (source, "contacts", "", str(number), "contact"), source, Kind.PERSON, values, {"*": since}, **more
    )


def winner(field: str, *members: Member, policy: Mapping[str, Any] | None = None) -> tuple[Any, str]:
    golden = survive(members, Policy(policy))
    return golden.values[field], golden.provenance[field][1]


def test_nobody_makes_no_golden_record() -> None:
    with pytest.raises(ValueError, match="at least one"):
        survive([])


def test_a_criterion_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"golden\.email.*'oldest'"):
        Policy({"email": {"oldest": True}})


def test_our_own_words_come_back_win_nothing() -> None:
    ours = member(1, {"email": "old@example.com", "job_title": "Boss"}, NEW, echo=frozenset({"email", "job_title"}))
    theirs = member(2, {"email": "new@example.com"}, OLD)
    golden = survive([ours, theirs])
    assert golden.values == {"email": "new@example.com"}
    assert survive([ours]).values == {}


def test_the_newest_value_survives_field_by_field() -> None:
    one = Member(1, ("a",), "a", Kind.PERSON, {"email": "a@x.co", "job_title": "A"}, {"*": OLD, "job_title": NEW})
    two = Member(2, ("b",), "b", Kind.PERSON, {"email": "b@x.co", "job_title": "B"}, {"*": MID})
    golden = survive([one, two])
    assert golden.values == {"email": "b@x.co", "job_title": "A", "emails": ["a@x.co"]}
    assert golden.provenance["job_title"] == (1, "newest", NEW)
    assert golden.provenance["email"] == (2, "newest", MID)


def test_a_placeholder_phone_survives_only_where_there_is_no_other() -> None:
    real, typed = member(1, {"phone": "+442079460958"}, OLD), member(2, {"phone": "+447000000000"}, NEW)
    for wishes in (None, {"phone": {"prefer": ["source2"]}}, {"default": {"longest": True, "newest": False}}):
        assert winner("phone", real, typed, policy=wishes) == ("+442079460958", "real")
    assert winner("phone", typed, member(3, {"phone": "+440000000000"}, MID))[0] == "+447000000000"
    assert survive([typed]).values["phone"] == "+447000000000"


def test_fractions_of_a_second_count() -> None:
    early, late = (
        member(1, {"source": "a"}, "2026-01-01T00:00:00Z"),
        member(2, {"source": "b"}, "2026-01-01T00:00:00.5Z"),
    )
    assert winner("source", early, late) == ("b", "newest")


def test_a_tie_falls_to_the_natural_key_and_never_to_the_row_id() -> None:
    one, two = member(9, {"source": "x"}, connection="a"), member(1, {"source": "y"}, connection="b")
    assert winner("source", one, two) == winner("source", two, one) == ("x", "key")


def test_records_that_agree_are_said_to() -> None:
    assert winner("source", member(1, {"source": "x"}, OLD), member(2, {"source": "x"}, NEW)) == ("x", "agreed")


def test_the_admin_may_prefer_a_source_or_another_criterion() -> None:
    people = [
        member(1, {"source": "crm value"}, OLD, "crm"),
        member(2, {"source": "shop"}, MID, "shop"),
        member(3, {"source": "shop"}, MID, "shop2"),
        member(4, {"source": "x"}, NEW, "list"),
    ]
    assert winner("source", *people) == ("x", "newest")
    assert winner("source", *people, policy={"source": {"prefer": ["crm", "shop"]}}) == ("crm value", "prefer")
    assert winner("source", *people, policy={"default": {"prefer": ["shop"]}}) == ("shop", "prefer")
    assert winner("source", *people, policy={"source": {"most_frequent": True}}) == ("shop", "most_frequent")
    assert winner("source", *people, policy={"source": {"longest": True}}) == ("crm value", "longest")
    assert winner("source", *people, policy={"source": {"most_complete": True}}) == ("crm value", "most_complete")
    assert winner("source", *people, policy={"source": {"newest": False}}) == ("crm value", "key")


def test_no_name_is_put_together_from_two_people() -> None:
    full = {"name": "Jane Doe", "given_name": "Jane", "family_name": "Doe"}
    married = {"name": "J. Smith", "given_name": "J.", "family_name": "Smith", "honorific_prefix": "Dr"}
    golden = survive([member(1, full, OLD), member(2, married, NEW)])
    assert {part: golden.values.get(part) for part in (*full, "honorific_prefix")} == {**full, "honorific_prefix": None}
    assert golden.provenance["name"][1] == "complete"
    preferred = survive([member(1, full, OLD), member(2, married, NEW, "crm")], Policy({"name": {"prefer": ["crm"]}}))
    assert preferred.values["family_name"] == "Smith"


def test_an_address_survives_whole_and_one_with_a_street_before_a_mere_country() -> None:
    home, country = {"street": "1 High St", "country": "GB"}, {"country": "FR", "region": "IDF"}
    assert winner("address", member(1, {"address": home}), member(2, {"address": country}, NEW)) == (home, "complete")
    moved = {"street": "2 Low St"}
    assert winner("address", member(1, {"address": home}), member(2, {"address": moved}, NEW)) == (moved, "newest")


def test_lists_unite_and_leave_out_the_primary() -> None:
    golden = survive(
        [
            member(1, {"email": "a@x.co", "emails": ["b@x.co"], "tags": ["t1"], "ids": ["s:1"], "phone": "+1"}, OLD),
            member(
                2, {"email": "b@x.co", "emails": ["c@x.co"], "tags": ["t2", "t1"], "ids": ["s:2"], "phone": "+1"}, NEW
            ),
        ]
    )
    assert golden.values == {
        "email": "b@x.co",
        "emails": ["c@x.co", "a@x.co"],
        "phone": "+1",
        "tags": ["t2", "t1"],
        "ids": ["s:2", "s:1"],
    }
    assert golden.provenance["tags"] == (2, "union", NEW)


def test_custom_survives_key_by_key() -> None:
    golden = survive([member(1, {"custom": {"a": 1, "b": 1}}, OLD), member(2, {"custom": {"b": 2}}, NEW)])
    assert golden.values == {"custom": {"a": 1, "b": 2}}
    assert golden.provenance["custom.b"] == (2, "newest", NEW)
    assert survive([member(1, {"custom": {"a": 1}})]).provenance == {"custom.a": (1, "only", OLD)}


def test_a_customer_stands_at_the_furthest_stage_and_was_made_at_the_earliest_time() -> None:
    one = member(
        1, {"stage": "customer", "created_at": "2026-01-01T00:00:00.5Z", "updated_at": "2026-01-01T00:00:00.5Z"}, OLD
    )
    two = member(2, {"stage": "lead", "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z"}, NEW)
    golden = survive([one, two])
    assert golden.values == {
        "stage": "customer",
        "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-01T00:00:00.5Z",
    }


def test_a_consent_is_the_newest_word_whatever_is_preferred_and_a_tie_is_a_refusal() -> None:
    yes, no = member(1, {"email_consent": True}, OLD, "crm"), member(2, {"email_consent": False}, NEW)
    assert winner("email_consent", yes, no, policy={"email_consent": {"prefer": ["crm"]}}) == (False, "newest")
    tie = member(3, {"email_consent": True}, NEW, "a")
    assert winner("email_consent", tie, no) == (False, "refusal")


TEXTS = st.sampled_from(["a", "b", "Jane", "Jane Doe"])
VALUES = st.fixed_dictionaries(
    {},
    optional={
        "name": TEXTS,
        "given_name": TEXTS,
        "family_name": TEXTS,
        "email": st.sampled_from(["a@x.co", "b@x.co", "c@x.co"]),
        "emails": st.lists(st.sampled_from(["a@x.co", "b@x.co", "d@x.co"]), min_size=1, unique=True),
        "phone": st.sampled_from(["+1", "+2"]),
        "tags": st.lists(TEXTS, min_size=1, unique=True),
        "stage": st.sampled_from([stage.value for stage in Stage]),
        "email_consent": st.booleans(),
        "address": st.sampled_from([{"street": "s"}, {"country": "GB"}, {"street": "t", "country": "GB"}]),
        "custom": st.dictionaries(st.sampled_from(["x", "y"]), st.integers(0, 2), min_size=1),
        "created_at": st.sampled_from(["2026-01-01T00:00:00Z", "2026-01-01T00:00:00.5Z"]),
    },
)
FLAGS = {name: st.booleans() for name in ("newest", "longest", "most_frequent", "most_complete")}
WISHES = st.fixed_dictionaries({}, optional={"prefer": st.lists(st.sampled_from(["source1", "source2"])), **FLAGS})
POLICIES = st.dictionaries(st.sampled_from(["default", "name", "email", "address", "stage", "custom", "tags"]), WISHES)


@st.composite
def groups(draw: st.DrawFn) -> list[Member]:
    size = draw(st.integers(1, 5))
    return [
        member(
            number, draw(VALUES), draw(st.sampled_from([OLD, MID, NEW, ""])),
            echo=draw(st.frozensets(st.sampled_from(["email", "name", "tags", "custom"]), max_size=2)),
        )
        for number in range(size)
    ]  # fmt: skip


def by_key(golden: Golden, members: list[Member]) -> dict[str, Any]:
    keys = {one.entity_id: one.key for one in members}
    return {name: (keys[entity], rule, since) for name, (entity, rule, since) in golden.provenance.items()}


@given(groups(), POLICIES, st.randoms())
def test_neither_order_nor_row_ids_decide_anything(
    members: list[Member], settings: dict[str, Any], chance: random.Random
) -> None:
    policy = Policy(settings)
    before = survive(members, policy)
    ids = [one.entity_id for one in members]
    chance.shuffle(ids)
    renumbered = [
        Member(number, one.key, one.connection, one.kind, one.values, one.since, one.echo)
        for number, one in zip(ids, members, strict=True)
    ]
    chance.shuffle(renumbered)
    after = survive(renumbered, policy)
    assert after.values == before.values
    assert list(after.values) == list(before.values)
    assert by_key(after, renumbered) == by_key(before, members)


@given(groups(), POLICIES)
def test_a_golden_record_says_only_what_a_record_said_and_the_model_takes_it(
    members: list[Member], settings: dict[str, Any]
) -> None:
    golden = survive(members, Policy(settings))
    MODELS[Kind.PERSON].model_validate(golden.values)
    said = {one.entity_id: one for one in members}
    for name, (entity, _, _) in golden.provenance.items():
        root = name.partition(".")[0]
        assert root not in said[entity].echo or root in ("emails", "phones")
        if root not in ("emails", "phones", "ids", "tags", "custom"):
            assert golden.values[name] == said[entity].values[name]
    names = {name for name in golden.values if name != "custom"} | {
        f"custom.{key}" for key in golden.values.get("custom", ())
    }
    assert names == golden.provenance.keys()


@given(VALUES)
def test_one_record_alone_is_its_own_golden_record(values: dict[str, Any]) -> None:
    golden = survive([member(1, values)])
    assert golden.values == values
    assert {rule for _, rule, _ in golden.provenance.values()} <= {"only"}
