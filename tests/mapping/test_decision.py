"""What people said stands above what records share, however the records are numbered and the links are ordered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from time import process_time

from hypothesis import given, settings
from hypothesis import strategies as st

from mapping.clustering import Edge, Rules
from mapping.comparison import Comparison
from mapping.decision import Alike, Records, decide, strengths
from mapping.identity import Link, agree, components
from mapping.judgements import SAME, Judged
from mapping.vetoes import veto

RULES = ("same_id", "same_email", "same_phone_and_name", "written_by_us")
NAMES = ("ann lee", "a lee", "bob ray", "")


@dataclass(frozen=True)
class World:
    """Records 0 to ``size`` - 1, what they share, and what was said of them: a group for each record, or None."""

    size: int
    links: Sequence[Link]
    said: Sequence[Sequence[int | None]]
    names: Sequence[str]

    def judged(self, number: Sequence[int]) -> Judged:
        """What was said, with records numbered otherwise."""
        found = Judged()
        for judgement, groups in enumerate(self.said, 1):
            for record, group in enumerate(groups):
                if group is not None:
                    found.add(judgement, group, number[record])
        return found

    def outcome(self, number: Sequence[int] | None = None, links: Sequence[Link] | None = None) -> set[frozenset[int]]:
        """The partition, in the records' own numbers."""
        number = number or range(self.size)
        back = {new: old for old, new in enumerate(number)}
        told = [Link(number[one.a], number[one.b], one.rule, one.value) for one in links or self.links]
        keys = {new: (f"k{old}",) for new, old in back.items()}
        names = {new: self.names[old] for new, old in back.items()}
        found = decide(sorted(back), told, (), self.judged(number), Records(keys, names), Rules())
        return {frozenset(back[member] for member in group) for group in found.groups}

    def agrees(self, group: Sequence[int]) -> bool:
        """Whether all names of these records can be one person's."""
        return all(
            agree(self.names[a], self.names[b]) for a, b in combinations(group, 2) if self.names[a] and self.names[b]
        )


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """A few records with all that may be said and shared."""
    size = draw(st.integers(2, 7))
    records = st.integers(0, size - 1)
    pairs = draw(st.lists(st.tuples(records, records, st.sampled_from(RULES), st.sampled_from("xyz")), max_size=9))
    # A value links all its holders to the first of them, as mapping/identity.py does it.
    links = [Link(min(a, b), max(a, b), rule, value) for a, b, rule, value in pairs if a != b]
    groups = st.lists(st.sampled_from((None, None, 1, 2, 3)), min_size=size, max_size=size)
    return World(
        size, links, draw(st.lists(groups, max_size=4)), [draw(st.sampled_from(NAMES)) for _ in range(size)]
    )  # fmt: skip


@given(world=worlds())
@settings(max_examples=80)
def test_what_was_said_last_is_wholly_obeyed_and_no_different_is_ever_together(world: World) -> None:
    found, judged = world.outcome(), world.judged(range(world.size))
    home = {member: group for group in found for member in group}
    assert sorted(home) == list(range(world.size))
    assert sum(map(len, found)) == world.size
    for a, b in combinations(range(world.size), 2):
        verdict = judged.verdict(a, b)
        if verdict < 0:
            assert home[a] is not home[b]
        if verdict > 0 and verdict == len(world.said):
            assert home[a] is home[b]


@given(world=worlds(), data=st.data())
@settings(max_examples=50)
def test_neither_the_numbers_of_records_nor_the_order_of_links_change_anything(
    world: World, data: st.DataObject
) -> None:
    number, links = data.draw(st.permutations(range(world.size))), data.draw(st.permutations(world.links))
    # The first holder of a value is the one with the first key, whatever its number: links keep their direction.
    assert world.outcome(number, links) == world.outcome()


@given(world=worlds())
@settings(max_examples=50)
def test_what_nobody_told_apart_stays_together(world: World) -> None:
    judged = world.judged(range(world.size))
    said = [Link(one.a, one.b, SAME, "") for one in judged.same(range(world.size), {i: (f"k{i}",) for i in range(9)})]
    found = world.outcome()
    for group in components(range(world.size), [*world.links, *said]):
        if all(judged.verdict(a, b) >= 0 for a, b in combinations(group, 2)) and world.agrees(group):
            assert frozenset(group) in found


@given(world=worlds())
@settings(max_examples=20)
def test_without_a_judgement_the_components_are_the_customers(world: World) -> None:
    silent = World(world.size, world.links, (), world.names)
    connected = [frozenset(group) for group in components(range(world.size), world.links)]
    assert {group for group in connected if world.agrees(sorted(group))} <= silent.outcome()
    assert all(any(group <= one for one in connected) for group in silent.outcome())


def test_a_newer_word_on_a_pair_stands_above_an_older_one_both_ways() -> None:
    judged = Judged()
    for judgement, groups in ((1, (1, 1)), (2, (1, 2)), (5, (3, 3))):
        for record, group in enumerate(groups):
            judged.add(judgement, group, record)
    assert judged.verdict(0, 1) == judged.verdict(1, 0) == 5
    judged.add(6, 1, 0)
    judged.add(6, 2, 1)
    assert judged.verdict(0, 1) == -6
    assert judged.verdict(0, 2) == 0


def test_different_stands_above_what_follows_from_two_sames() -> None:
    world = World(3, (), ((1, None, 2), (1, 1, None), (None, 1, 1)), ("", "", ""))
    assert world.outcome() == {frozenset({1, 2}), frozenset({0})}, "the newest same is done, the older left undone"


def test_a_third_record_goes_to_the_side_with_which_it_shares_more() -> None:
    both = [Link(0, 1, "same_email", "x"), Link(0, 2, "same_email", "x"), Link(1, 2, "same_phone_and_name", "y")]
    assert World(3, both, ((1, 2, None),), ("", "", "")).outcome() == {frozenset({0}), frozenset({1, 2})}
    only = both[:2]
    assert World(3, only, ((1, 2, None),), ("bob ray", "ann lee", "a lee")).outcome() == {
        frozenset({0}),
        frozenset({1, 2}),
    }


def test_every_two_holders_of_a_value_count_and_not_the_first_alone() -> None:
    x, y = (0, "same_email", "x"), (1, "same_id", "y")
    alike = [
        Alike([0], frozenset({x}), ""),
        Alike([1, 3], frozenset({x, y}), "ann lee"),
        Alike([2], frozenset({x, y}), "a lee"),
    ]
    assert strengths(alike) == {(0, 1): 3 * 2, (0, 2): 3, (1, 2): (3 + 4 + 1) * 2}


def test_a_guest_who_ordered_five_hundred_times_is_split_in_no_time() -> None:
    size = 500
    links = [Link(0, i, rule, "x") for i in range(1, size) for rule in ("same_email", "same_phone_and_name")]
    world = World(size, links, ([1 if i == 3 else 2 if i == 4 else None for i in range(size)],), ["ann lee"] * size)
    began = process_time()
    assert world.outcome() == {frozenset({4}), frozenset(range(size)) - {4}}
    assert process_time() - began < 0.5


def _decided(
    records: Sequence[Comparison], links: Sequence[Link], rules: Rules, scores: Sequence[Edge[int]] = ()
) -> set[frozenset[int]]:
    """The partition of records with the links given, nobody having said anything; names from what is compared."""
    names = {number: f"{one.given} {one.family}".strip() for number, one in enumerate(records)}
    told = Records({number: (f"k{number}",) for number in names}, names, dict(enumerate(records)))
    return {frozenset(group) for group in decide(names, links, scores, Judged(), told, rules).groups}


def _all_linked(count: int, rule: str = "same_email") -> list[Link]:
    return [Link(0, number, rule, "x") for number in range(1, count)]


def test_hard_evidence_stands_against_an_email_and_not_against_an_id() -> None:
    walsh = [Comparison(given="henry", family="walsh", generation=one) for one in ("sr", "jr")]
    assert _decided(walsh, _all_linked(2), Rules()) == {frozenset({0}), frozenset({1})}
    assert _decided(walsh, _all_linked(2, "same_id"), Rules()) == {frozenset({0, 1})}


def test_a_record_between_two_that_evidence_parts_goes_to_the_one_it_shares_more_with() -> None:
    walsh = [Comparison(given="henry", family="walsh", generation=one) for one in ("sr", "jr", "")]
    links = [*_all_linked(3), Link(1, 2, "same_phone_and_name", "y")]
    assert _decided(walsh, links, Rules()) == {frozenset({0}), frozenset({1, 2})}


def test_a_name_between_two_others_joins_one_of_them_and_bridges_none() -> None:
    people = [Comparison(given=one, family="lee") for one in ("ann", "adam", "a")]
    found = _decided(people, _all_linked(3), Rules())
    assert len(found) == 2
    assert frozenset({0, 1}) not in found


def test_scores_join_what_links_made_and_evidence_of_all_its_records_counts() -> None:
    people = [
        Comparison(given="ann", family="lee", unique=("tax:1",)),
        Comparison(given="ann", family="lee"),
        Comparison(given="ann", family="lee"),
        Comparison(given="ann", family="lee", unique=("tax:2",)),
    ]
    links = [Link(0, 1, "same_email", "x"), Link(2, 3, "same_email", "y")]
    sure = [Edge(a, b, 8.0) for a in (0, 1) for b in (2, 3)]
    assert _decided(people[:3], links[:1], Rules(), sure) == {frozenset({0, 1, 2})}
    assert _decided(people, links, Rules(), sure) == {frozenset({0, 1}), frozenset({2, 3})}


def test_clusters_merge_only_where_the_average_score_is_high_enough() -> None:
    people = [Comparison(given="ann", family="lee")] * 3
    for cut, expected in ((1.9, 1), (2.1, 2), (3.1, 3)):
        scores = [Edge(0, 1, 3.0), Edge(0, 2, 3.0), Edge(1, 2, 1.0)]
        assert len(_decided(people, (), Rules(cut=cut), scores)) == expected


def test_who_disagrees_by_name_with_one_of_a_group_stays_out_of_it_whatever_the_order() -> None:
    """Record 1 shares its id with 3, of another name, and its email with 2."""
    names = ["ann lee", "ann lee", "ann lee", "bob ray"]
    links = [Link(1, 2, "same_email", "x"), Link(1, 3, "same_id", "x")]
    world = World(4, links, (), names)
    assert world.outcome() == world.outcome([0, 2, 1, 3]) == {frozenset({0}), frozenset({2}), frozenset({1, 3})}


EVIDENCE = st.builds(
    lambda given, generation, tax, number, emails, held: Comparison(
        given=given, family="lee", generation=generation, unique=(f"tax:{tax}",) if tax else (),
        phones=(f"+{number}",) if number else (), emails=tuple(sorted(emails)), source="crm" if held else "shop",
        deduplicated=held,
    ),
    st.sampled_from(("ann", "a", "adam", "")),
    st.sampled_from(("", "", "jr", "sr")),
    st.sampled_from(("", "", "1", "2")),
    st.sampled_from(("", "1", "2", "3")),
    st.sets(st.sampled_from("abcd"), max_size=2),
    st.booleans(),
)  # fmt: skip
PLACES, RULES_OF = st.integers(0, 6), st.sampled_from(("same_email", "same_phone_and_name"))
TIES = st.lists(st.tuples(PLACES, PLACES, RULES_OF, st.sampled_from("xyz")), max_size=9)
SCORES = st.dictionaries(
    st.tuples(st.integers(0, 6), st.integers(0, 6)).filter(lambda one: one[0] < one[1]), st.integers(-2, 8), max_size=12
)


@given(records=st.lists(EVIDENCE, min_size=7, max_size=7), ties=TIES, scores=SCORES, data=st.data())
@settings(max_examples=150)
def test_limits_and_evidence_hold_whatever_links_and_scores_say(
    records: list[Comparison],
    ties: list[tuple[int, int, str, str]],
    scores: dict[tuple[int, int], int],
    data: st.DataObject,
) -> None:
    rules = Rules(emails=3, phones=2)
    links = [Link(min(a, b), max(a, b), rule, value) for a, b, rule, value in ties if a != b]
    edges = [Edge(a, b, float(value)) for (a, b), value in scores.items()]
    found = _decided(records, links, rules, edges)
    assert sorted(member for group in found for member in group) == list(range(7))
    for group in found:
        held = [records[member] for member in sorted(group)]
        if len(held) > 1:
            assert len({email for one in held for email in one.emails}) <= 3
            assert len({phone for one in held for phone in one.phones}) <= 2
            assert all(veto(a, b, rules) == "" for a, b in combinations(held, 2))
    assert _decided(records, data.draw(st.permutations(links)), rules, data.draw(st.permutations(edges))) == found
