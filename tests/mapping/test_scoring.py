"""The scoring model: its parts add up, and it learns from answers."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mapping.comparison import comparison
from mapping.errors import ConfigError
from mapping.features import Features, compare
from mapping.features.levels import POSITIONS, SIZES
from mapping.model import Kind
from mapping.scoring import (
    DOUBT,
    KNOWN,
    MERGE_ABOVE,
    REVIEW_ABOVE,
    cautious,
    default,
    dump,
    load,
    log_odds,
    probability,
    shipped,
)
from mapping.statistics import EMPTY, Count, Snapshot
from mapping.training import train

ROWS = st.tuples(*(st.integers(0, size - 1) for size in SIZES))


def levels(one: dict[str, Any], other: dict[str, Any], counts: Snapshot = EMPTY) -> Features:
    return compare(comparison("person", one), comparison("person", other), counts)


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"format": "additive-0"},
        {**dump(default()), "alone": {}},
        {**dump(default()), "constant": "much"},
        {**dump(default()), "alone": {**dump(default())["alone"], "email": [1.0]}},
        {**dump(default()), "together": [{"features": ["email", "shoe size"], "weights": []}]},
        {**dump(default()), "together": [{"features": ["email", "phone"], "weights": [[9999, 1.0]]}]},
    ],
)
def test_a_model_that_does_not_fit_is_refused(broken: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        load(broken)


def test_a_model_is_kept_as_json() -> None:
    assert load(json.loads(json.dumps(dump(default())))) == default()


@settings(max_examples=50)
@given(ROWS)
def test_the_parts_add_up_to_the_score(row: Features) -> None:
    parts = default().explain(row)
    assert sum(part.weight for part in parts) == pytest.approx(default().log_odds(row))
    assert default().score(row) == pytest.approx(probability(default().log_odds(row)))


@settings(max_examples=50)
@given(ROWS)
def test_every_weight_counts_once(row: Features) -> None:
    model = default()
    pairs = [weights[row[first] * SIZES[second] + row[second]] for first, second, weights in model.together]
    alone = [weights[level] for weights, level in zip(model.alone, row, strict=True)]
    assert model.log_odds(row) == pytest.approx(model.constant + sum(alone) + sum(pairs))


def test_an_explanation_names_what_weighs_most_in_words() -> None:
    row = levels({"name": "Ann Quill", "email": "a.quill@acme.com"}, {"name": "Ann Quill", "email": "a.quill@acme.com"})
    said = {part.feature: part.says for part in default().explain(row)}
    assert said["email"] == "same, held under one name"
    assert said["name as a whole"] == "same"


ANN = {"given_name": "Ann", "family_name": "Quill"}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({**ANN, "email": "ann.quill@web.de"}, {**ANN, "email": "ann.quill@web.de"}),
        ({**ANN, "phone": "+12025550143"}, {**ANN, "phone": "+12025550143"}),
        ({**ANN, "email": "annq@web.de"}, {"name": "Quill, Annie", "email": "annq@web.de"}),
    ],
)
def test_the_default_links_what_is_surely_one_person(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert default().score(levels(one, other)) >= MERGE_ABOVE


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"name": "Ann Quill"}, {"name": "Igor Petrov"}),
        (
            {**ANN, "birth_date": "1980-03-04"},
            {"given_name": "Tom", "family_name": "Quill", "birth_date": "1950-11-23"},
        ),
        ({"name": "Ann Quill", "phone": "+12025550143"}, {"name": "Igor Petrov", "phone": "+12025550143"}),
        ({"name": "Anna Koch", "email": "ak@firm.de"}, {"name": "Anna Mann", "email": "am@firm.de"}),  # colleagues
        ({"name": "Anna Koch", "email": "anna@firm.de"}, {"name": "Anna Mann", "email": "anna2@firm.de"}),
    ],
)
def test_the_default_keeps_apart_what_is_surely_two(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert default().score(levels(one, other)) < REVIEW_ABOVE


def test_a_common_name_alone_links_nobody() -> None:
    many = {("name", "ann smith"): Count(500), ("family", "smith"): Count(5000), ("given", "ann"): Count(4000)}
    assert default().score(levels({"name": "Ann Smith"}, {"name": "Ann Smith"}, Snapshot(many))) < REVIEW_ABOVE


SURE = replace(default(), constant=default().constant + 9)
LEEDS, BATH = ({"address": {"locality": name}} for name in ("Leeds", "Bath"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"email": "ann@web.de"}, {"email": "quill@acme.com"}),
        ({"phone": "+12025550143"}, {"phone": "+13105559876"}),
        ({"email": "ann@web.de", **LEEDS}, {"email": "quill@acme.com", **BATH}),
    ],
)
def test_namesakes_are_doubtful_until_it_is_known_how_rare_their_name_is(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    found = levels({"name": "Ann Quillfeather", **one}, {"name": "Ann Quillfeather", **other})
    assert probability(cautious(SURE, found, KNOWN - 1)) == pytest.approx(DOUBT)
    assert cautious(SURE, found, KNOWN) == SURE.log_odds(found)
    assert cautious(replace(SURE, learned=True), found) == SURE.log_odds(found)


def test_a_mailbox_that_tells_the_family_name_tells_colleagues_apart() -> None:
    firm = {"company": "Firm GmbH"}
    found = levels({"given_name": "Peter", "email": "p.koch@firm.de", **firm}, {"name": "Peter Koch", **firm})
    assert probability(cautious(default(), found, 10 * KNOWN)) > MERGE_ABOVE


HOUSE = {"phone": "+12025550143", "address": {"street": "12 High Street", "locality": "Leeds"}}


def test_a_family_is_doubtful_in_every_hub() -> None:
    found = levels({"name": "Ann Quill", **HOUSE}, {"name": "Zoe Quill", **HOUSE})
    assert probability(cautious(SURE, found, KNOWN)) == pytest.approx(DOUBT)


FIRM = {"company": "Firm GmbH", "phone": "+493029384756"}
KOCH, MANN = ({"given_name": "Peter", "family_name": name, **FIRM} for name in ("Koch", "Mann"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (KOCH, MANN),
        ({**KOCH, "email": "peter.koch@firm.de"}, {**MANN, "email": "peter.mann@firm.de"}),
        ({"name": "Peter Koch", "email": "peter.koch@firm.de"}, {**MANN, "email": "office@firm.de"}),
        ({"given_name": "Peter", "company": "Firm GmbH"}, {"name": "Peter Koch", "company": "Firm GmbH"}),
    ],
)
@pytest.mark.parametrize("counted", [0, 10 * KNOWN])
def test_colleagues_who_share_a_given_name_are_doubtful_in_every_hub(
    one: dict[str, Any], other: dict[str, Any], counted: int
) -> None:
    """Two of a company share its line, its house and its domain; it takes a person to say that one of them married."""
    assert probability(cautious(default(), levels(one, other), counted)) <= DOUBT


@pytest.mark.parametrize(
    "same", [{"birth_date": "1980-03-04"}, {"tax_id": "12345678903"}, {"email": "peter@mann.example"}, {"ids": ["a:1"]}]
)
def test_what_is_one_persons_makes_colleagues_one(same: dict[str, Any]) -> None:
    assert probability(cautious(default(), levels({**KOCH, **same}, {**MANN, **same}), 10 * KNOWN)) > MERGE_ABOVE


HOUSE = {"address": {"street": "Hauptstr. 1", "locality": "Köln", "postal_code": "50667"}}


def firms(one: dict[str, Any], other: dict[str, Any]) -> float:
    features = compare(comparison("organization", one), comparison("organization", other), EMPTY)
    return probability(cautious(shipped(Kind.ORGANIZATION), features, 10 * KNOWN))


@pytest.mark.parametrize("same", [HOUSE, {"phone": "+493029384756"}, {**HOUSE, "phone": "+493029384756"}])
@pytest.mark.parametrize("own", [("", ""), ("koch.example", "mann.example")])
def test_firms_of_other_names_are_not_one_for_their_house_or_line(same: dict[str, Any], own: tuple[str, str]) -> None:
    """Of an office block it would make one customer."""
    koch, mann = {"name": "Koch Bau", "domain": own[0], **same}, {"name": "Mann Dach", "domain": own[1], **same}
    assert firms(koch, mann) <= DOUBT


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Koch Bau GmbH", "Koch Bau"),
        ("Sunny", "Sunny Betriebs GmbH"),
        ("Koch Bau", "Bau Koch"),
        ("Dr. Weber Zahnarztpraxis", "Zahnarztpraxis Weber"),
    ],
)
def test_firms_of_one_house_are_one_where_one_has_all_the_words_of_the_other(one: str, other: str) -> None:
    assert firms({"name": one, **HOUSE}, {"name": other, **HOUSE}) > MERGE_ABOVE


def test_somebody_without_a_name_who_changed_firms_is_no_neighbour() -> None:
    phone = {"phone": "+491709876501"}
    lead = {"email": "peter.koch@neu.example", "company": "Neu AG", **phone}
    found = levels(lead, {"name": "Peter Koch", "company": "Alt GmbH", **phone})
    assert probability(cautious(default(), found, 10 * KNOWN)) > MERGE_ABOVE


def test_firms_of_one_house_and_one_domain_are_one() -> None:
    firm = {"domain": "ibm.example", **HOUSE}
    assert firms({"name": "IBM", **firm}, {"name": "International Business Machines", **firm}) > MERGE_ABOVE


def test_given_names_that_resemble_each_other_are_a_familys_in_a_small_hub() -> None:
    found = levels({"name": "Daniel Quill", **HOUSE}, {"name": "David Quill", **HOUSE})
    assert found[POSITIONS["given name"]] == 2
    assert probability(cautious(SURE, found, KNOWN - 1)) == pytest.approx(DOUBT)
    assert cautious(SURE, found, KNOWN) == SURE.log_odds(found)


def test_odds_and_probability_are_each_others_inverse() -> None:
    assert probability(log_odds(0.95)) == pytest.approx(0.95)
    assert probability(-1000) == 0
    assert probability(1000) == 1


def test_without_answers_the_model_stays_as_it_was() -> None:
    trained = train([], default(), "v2")
    assert trained.version == "v2"
    assert (trained.constant, trained.alone, trained.together) == (
        default().constant,
        default().alone,
        default().together,
    )


def test_answers_move_the_score_their_way_and_leave_the_rest() -> None:
    doubtful = levels({"name": "Ann Quill"}, {"name": "Ann Quill"})
    stranger = levels({"tax_id": "12345"}, {"tax_id": "12345"})
    yes = train([(doubtful, True)] * 20, default(), "yes")
    no = train([(doubtful, False)] * 20, default(), "no")
    assert yes.score(doubtful) > default().score(doubtful) > no.score(doubtful)
    assert yes.alone[10][1:] == default().alone[10][1:]
    assert abs(yes.score(stranger) - default().score(stranger)) < 0.2


def test_the_order_of_answers_makes_no_difference() -> None:
    answers = [
        (levels({"name": "Ann Quill"}, {"name": "Ann Quill"}), True),
        (levels({"name": "Ann Quill"}, {"name": "Anna Quill"}), True),
        (levels({"name": "Ann Quill"}, {"name": "Tom Quill"}), False),
    ]
    assert train(answers, default(), "v") == train(answers[::-1], default(), "v")
