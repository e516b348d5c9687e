"""What a connector does not offer is told when the file is read, with its line and the nearest right name."""

from __future__ import annotations

import pytest

from config.loader import loads
from config.offers import Offer, Writable
from mapping.errors import ConfigError, Problem
from mapping.model import Kind
from tests.config.vendors import CATALOGUE, FILE, shop

GOOD = "{shop: a.example, access_token: !secret shop_token}"
PEOPLE = Writable(frozenset({Kind.PERSON}), frozenset({"email", "firstname"}))
NOTES = Writable(frozenset({Kind.ACTIVITY, Kind.ORDER}), frozenset({"body"}))
OFFER = Offer(("customers", "orders"), {"contacts": PEOPLE, "notes": NOTES})


def told(more: str, config: str = GOOD, offer: Offer = OFFER) -> list[Problem]:
    """The problems of a shop with this in line 6, when its connector offers that."""
    try:
        loads(shop(config, more), FILE, CATALOGUE, {"shop_token": "shpat_1"}.get, offers={"shopify": offer}.get)
    except ConfigError as error:
        return list(error.problems)
    return []


@pytest.mark.parametrize(
    ("rule", "words", "nearest"),
    [
        ("given_nam", "names the field given_nam, which is none", "given_name"),
        ("lower(emial)", "names the field emial, which is none", "email"),
        ("trait.lifetime_value", "names the field trait, which is none", "traits"),
        ("traits.lifetime_valeu", "names the trait lifetime_valeu, which is none", "lifetime_value"),
        ("address.localty", "names the field address.localty, which is none", "address.locality"),
        ("name || nickname || nicname", "names the field nicname, which is none", "nickname"),
        ("employees", "names the field employees, which is none", ""),
        ("total", "names the field total, which is none", ""),
    ],
)
@pytest.mark.parametrize("form", ["{rule}", "{{from: {rule}, mode: fill_only}}"])
def test_a_rule_that_names_nothing_of_a_golden_record_is_refused(
    form: str, rule: str, words: str, nearest: str
) -> None:
    written = form.format(rule=f"'{rule}'")
    (problem,) = told(f"    push: {{contacts: {{fields: {{firstname: {written}}}}}}}\n")
    assert (problem.line, problem.message, problem.nearest) == (6, words, nearest)
    assert problem.key.removesuffix(".from") == "connections.shop.push.contacts.fields.firstname"
    assert problem.expected.startswith("one of ")


@pytest.mark.parametrize(
    ("target", "rule"),
    [
        ("contacts", "id"),
        ("contacts", "join(',', ids)"),
        ("contacts", 'custom.shoe_size || custom."Shoe size"'),
        ("contacts", "traits.lifetime_value"),
        ("contacts", "to_string({city: address.locality, of: company})"),
        ("notes", "concat([summary || title, kind, first_day, last_day, total])"),
        ("notes", "participants[?role=='from'].{email: email} | [0]"),
        ("notes", "sort_by(lines, &price)[0].title"),
        ("notes", "'a text alone'"),
    ],
)
def test_whatever_a_record_may_have_is_taken(target: str, rule: str) -> None:
    quoted = rule.replace("'", "''")
    assert told(f"    push: {{{target}: {{fields: {{a: '{quoted}'}}}}}}\n") == []


def test_every_name_in_a_rule_that_is_none_is_told() -> None:
    found = told("    push: {contacts: {fields: {firstname: given_nam || nicname}}}\n")
    assert [problem.nearest for problem in found] == ["given_name", "nickname"]


@pytest.mark.parametrize("rule", ["given_name", "traits.order_count", "id", "stage"])
def test_a_fact_has_what_the_kinds_of_its_target_have_and_nothing_of_a_customer(rule: str) -> None:
    (problem,) = told(f"    push: {{notes: {{fields: {{a: {rule}}}}}}}\n")
    assert problem.message == f"names the field {rule.partition('.')[0]}, which is none"


def test_where_nobody_knows_the_kinds_a_rule_may_name_what_any_record_has() -> None:
    rules = "{a: employees, b: given_nam, c: total}"
    (problem,) = told(f"    push: {{things: {{fields: {rules}}}}}\n", offer=Offer())
    assert (problem.key, problem.nearest) == ("connections.shop.push.things.fields.b", "given_name")


@pytest.mark.parametrize(
    ("target", "nearest", "expected"),
    [
        ("{match_on: emial}", "email", "one of email, firstname"),
        ("{match_on: number, fields: {numbr: custom.number}}", "numbr", "one of email, firstname, numbr"),
        ("{match_on: email, fields: {email: }}", "", "one of firstname"),
    ],
)
def test_people_are_found_by_a_property_that_is_written_or_the_file_is_refused(
    target: str, nearest: str, expected: str
) -> None:
    (problem,) = told(f"    push: {{contacts: {target}}}\n")
    assert (problem.line, problem.key) == (6, "connections.shop.push.contacts.match_on")
    assert (problem.nearest, problem.expected) == (nearest, expected)


@pytest.mark.parametrize("target", ["{match_on: email}", "{match_on: number, fields: {number: custom.number}}"])
def test_what_is_written_may_be_matched_on(target: str) -> None:
    assert told(f"    push: {{contacts: {target}}}\n") == []


def test_a_stream_and_a_target_that_are_not_offered_are_told() -> None:
    found = told("    streams: {peple: {}, order: {}}\n    push: {contcts: {}, timeline: {}, note: {}}\n")
    assert [(one.line, one.key.rpartition(".")[2], one.nearest) for one in found] == [
        (6, "peple", ""),
        (6, "order", "orders"),
        (7, "contcts", "contacts"),
        (7, "note", "notes"),
    ]
    assert found[-1].expected == "one of contacts, notes, timeline"


def test_what_only_the_account_can_tell_is_not_refused() -> None:
    assert told("    streams: {anything: {}}\n    push: {contcts: {match_on: emial}}\n", offer=Offer()) == []


def test_names_and_all_other_mistakes_are_told_at_once_and_once() -> None:
    found = told(
        "    streams:\n      order: {since: yesterday}\n    push:\n      contacts:\n        mode: upsrt\n"
        "        match_on: emial\n        fields: {a: given_nam, b: lowr(email), c: {from: emial, mod: x}}\n",
        "{shop: a.example, acces_token: !secret none}",
    )
    assert [(one.line, one.key.removeprefix("connections.shop.")) for one in found] == [
        (5, "config.acces_token"),
        (5, "config.access_token"),
        (5, "config.acces_token"),
        (7, "streams.order"),
        (7, "streams.order.since"),
        (10, "push.contacts.mode"),
        (11, "push.contacts.match_on"),
        (12, "push.contacts.fields.a"),
        (12, "push.contacts.fields.c.from"),
        (12, "push.contacts.fields.b"),
        (12, "push.contacts.fields.c.mod"),
    ]


def test_what_never_writes_is_told_once_whatever_it_shall_write() -> None:
    (problem,) = told("    push: {contcts: {match_on: emial}}\n", offer=Offer(writes=False))
    assert (problem.key, problem.expected) == ("connections.shop.push", "no push:")
