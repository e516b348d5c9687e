"""The order of review: what is large and unsure comes first."""

from __future__ import annotations

import pytest

from mapping.review import Weight, doubt, rank, stake


def test_what_would_come_together_is_what_finds_company() -> None:
    assert stake(Weight(1), Weight(1)) == 1
    assert stake(Weight(10), Weight(10)) == 10
    assert stake(Weight(100), Weight(1)) == pytest.approx(1.98, abs=0.01)
    assert stake(Weight(1, orders=4), Weight(1, orders=4)) == 5
    assert stake(Weight(1, orders=4), Weight(1)) == 1


def test_the_machine_is_most_in_doubt_at_even_odds_and_never_surer_than_where_it_links_by_itself() -> None:
    assert doubt(0.0, 0.95) == 1
    assert doubt(0.0, 0.95) > doubt(1.0, 0.95) > doubt(2.5, 0.95)
    assert doubt(2.0, 0.95) == pytest.approx(doubt(-2.0, 0.95))
    assert doubt(50.0, 0.95) == doubt(3.0, 0.95) == pytest.approx(0.286, abs=0.001)
    assert doubt(5.0, 1.0) > 0


def test_size_and_doubt_weigh_against_one_another() -> None:
    small_unsure = rank(Weight(1), Weight(1), 0.0, 0.95)
    large_surer = rank(Weight(5), Weight(5), 2.0, 0.95)
    assert large_surer > small_unsure
    assert rank(Weight(1), Weight(1), 2.0, 0.95) < small_unsure
