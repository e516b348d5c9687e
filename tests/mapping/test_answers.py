"""What people's answers teach, and how it is measured on answers that were held out."""

from __future__ import annotations

import math

import pytest

from mapping.answers import MOST, Answer, Said, lacking, lesson, log_loss, pairs, together, wrong
from mapping.comparison import Comparison
from mapping.features import compare
from mapping.scoring import default
from mapping.statistics import EMPTY

ANN = Comparison(given="ann", family="lee", emails=("ann@home.example",))


def _answers(same: bool, count: int, other: Comparison) -> list[Answer]:
    features = compare(ANN, other, EMPTY)
    return [Answer(features, same, (same, number)) for number in range(count)]


def test_a_merge_says_one_of_records_that_were_several_customers() -> None:
    said = [Said(3, 1, "b"), Said(1, 1, "a"), Said(2, 1, "a")]
    assert pairs(said) == (True, [(1, 3), (2, 3)])
    assert pairs([Said(1, 1, "a"), Said(2, 1, "a")]) == (True, [])
    assert pairs([]) == (True, [])


def test_a_split_says_not_one_of_records_on_either_side() -> None:
    said = [Said(3, 2, "a"), Said(1, 1, "a"), Said(2, 2, "a")]
    assert pairs(said) == (False, [(1, 2), (1, 3)])


def test_a_judgement_on_many_records_gives_some_of_its_pairs() -> None:
    said = [Said(number, number % 2, "a") for number in range(2_000)]
    same, found = pairs(said)
    assert not same
    assert len(found) == len(set(found)) == MOST


def test_the_log_loss_is_what_its_definition_says() -> None:
    assert log_loss([0.0, 0.0], [True, False]) == pytest.approx(math.log(2))
    assert log_loss([2.0], [True]) == pytest.approx(-math.log(1 / (1 + math.exp(-2))))
    assert log_loss([1_000.0], [False]) == pytest.approx(1_000)
    assert log_loss([], []) == 0
    assert wrong([1.0, 1.0, -1.0], [True, False, True]) == 2


def test_answers_that_contradict_the_model_teach_it() -> None:
    """A company whose families share mailboxes: the same email under another given name is another person."""
    base = default()
    sister = ANN._replace(given="zoe")
    answers = _answers(False, 20, sister) + _answers(True, 20, ANN)
    told = lesson(answers, base, "t1")
    assert told.after < told.before
    assert told.wrong_after <= told.wrong_before
    features = compare(ANN, sister, EMPTY)
    assert told.model.log_odds(features) < base.log_odds(features)
    assert told.model.version == "t1"


def test_what_is_about_the_same_is_never_learned_from_and_tested_on() -> None:
    """Answers that are all about one customer fall into one part, so that nothing is left to learn from."""
    answers = [replaced._replace(about="one") for replaced in _answers(False, 30, ANN._replace(given="zoe"))]
    told = lesson(answers, default(), "t1")
    assert told.after == told.before


def test_the_order_of_answers_teaches_nothing() -> None:
    answers = _answers(False, 7, ANN._replace(given="zoe")) + _answers(True, 9, ANN)
    assert lesson(answers, default(), "t").model == lesson(answers[::-1], default(), "t").model


def test_what_hangs_together_is_one_group() -> None:
    groups = together([("a", "b"), ("c", "d"), ("b", "c"), ("x", "y")])
    assert len({groups[one] for one in "abcd"}) == 1
    assert groups["x"] == groups["y"] != groups["a"]


def test_too_few_answers_are_told_with_the_number_needed() -> None:
    assert "20 are needed" in lacking(10, 2)
    assert "5 of each kind" in lacking(30, 2)
    assert "5 of each kind" in lacking(2, 30)
    assert lacking(15, 5) == ""
