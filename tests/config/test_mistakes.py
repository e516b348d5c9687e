"""Whatever is wrong with the file is told in one clear line, all at once, and without a value of the file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.loader import load, load_hub
from mapping.errors import ConfigError
from tests.config.vendors import CATALOGUE, EXAMPLE, one_problem, problems, shop

GOOD = "{shop: a.example, access_token: !secret shop_token}"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", None, "is empty"),
        ("# only a comment\n", None, "is empty"),
        ("- hub\n", 1, "holds no keys"),
        ("hub: {name: Acme}\n---\nhub: {name: Acme}\n", 2, "a second document"),
        ("hub:\n\tname: Acme\n", 2, "a tab stands where only spaces may"),
        ("hub: {name: Acme\n\n", 1, "expected ',' or '}'"),
        ("hub:\n  name: Acme: Ltd\n", 2, "a colon stands where no key may"),
        ("hub:\n  name: *acme\n", 2, "an alias (*) is used that no anchor"),
        ("hub:\n  name: !x!acme y\n", 2, "a text begins with !"),
        ("hub:\n  name: 'Acme\n\n", 2, "unexpected end of stream"),
        ("hub:\n  name: \x01\n", 2, "a character that no text file holds"),
        ("hub: &a {name: Acme, more: *a}\n", 1, "stands inside the value it repeats"),
        ("hub: {name: !!python/object/apply:os.getcwd []}\n", 1, "has a tag (!) that is not known here"),
        ("hub: {name: !!int x}\n", 1, "has the wrong type"),
        ("hub: {name: Acme}\nhub: {name: Acme}\n", 2, "stands twice; the first is in line 1"),
        ("hub: " + "[" * 60 + "]" * 60, 1, "nested deeper"),
    ],
)
def test_a_text_that_is_no_configuration_is_told_in_one_line(text: str, line: int | None, words: str) -> None:
    problem = next(problem for problem in problems(text) if words in str(problem))
    assert problem.line == line
    assert "\n" not in str(problem)


def test_aliases_that_multiply_are_refused_before_they_fill_the_memory() -> None:
    text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    text += "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 12))
    assert "aliases counted each time" in one_problem(text).message


def test_a_huge_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "concord.yaml"
    path.write_text(EXAMPLE + "#" * 600_000)
    assert "is larger than 512 KiB" in _refusal(path)


def test_a_missing_file_a_folder_and_other_things_are_told_apart(tmp_path: Path) -> None:
    assert "there is no such file" in _refusal(tmp_path / "concord.yaml")
    assert "is a folder" in _refusal(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    assert "is no ordinary file" in _refusal(tmp_path / "pipe")


def test_a_file_that_is_not_utf8_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "concord.yaml"
    path.write_bytes("hub:\n  name: Café\n".encode("latin-1"))
    assert f"{path}:2: is not UTF-8 text" in _refusal(path)


def test_every_mistake_is_told_at_once_and_in_the_order_of_the_file() -> None:
    found = problems(
        """\
hubb: {}
hub: {name: 3, default_country: UK}
connections:
  one: {connector: shopfy, config: {anything: 1}}
  two:
    connector: shopify
    paused: maybe
    config:
      shop: a.example
      acces_token: x
      page_size: 1000
      retry: {atempts: 3}
    push: {contacts: {mode: upsrt, fields: {a: {from: email, mod: y}, b: 3, c: ""}}}
    streams: {orders: {since: yesterday}}
    schedule: whenever
golden: {fone: {newest: true}, phone: {prefer: [tow]}}
identity: {merge_above: 2}
privacy: {internal: [acme], never_log: ["*"]}
"""
    )
    assert [(problem.line, problem.key, problem.nearest) for problem in found] == [
        (1, "hubb", "hub"),
        (2, "hub.name", ""),
        (2, "hub.default_country", "GB"),
        (4, "connections.one.connector", "shopify"),
        (7, "connections.two.paused", ""),
        (8, "connections.two.config.access_token", ""),
        (10, "connections.two.config.acces_token", "access_token"),
        (11, "connections.two.config.page_size", ""),
        (12, "connections.two.config.retry.atempts", "attempts"),
        (13, "connections.two.push.contacts.mode", "upsert"),
        (13, "connections.two.push.contacts.fields.a.mod", "mode"),
        (13, "connections.two.push.contacts.fields.b", ""),
        (13, "connections.two.push.contacts.fields.c", ""),
        (14, "connections.two.streams.orders.since", ""),
        (15, "connections.two.schedule", ""),
        (16, "golden.fone", "phone"),
        (16, "golden.phone.prefer[0]", "two"),
        (17, "identity.merge_above", ""),
        (18, "privacy.internal[0]", ""),
        (18, "privacy.never_log[0]", ""),
    ]
    assert all(problem.message for problem in found)
    assert not any("\n" in str(problem) for problem in found)


def test_an_unknown_connector_lists_the_known_ones() -> None:
    assert one_problem(shop(GOOD).replace("shopify", "shopyfy")).expected == "one of shopify, hubspot"


def test_a_wrong_type_says_which_is_right() -> None:
    text = "hub: {name: Acme}\nconnections: {crm: {connector: hubspot, config: []}}\n"
    assert str(one_problem(text)).endswith("connections.crm.config: has the wrong type; expected keys with values")
    assert one_problem(shop(GOOD, "    trust: high\n")).expected == "a whole number"
    assert one_problem(shop(GOOD, "    trust: 101\n")).expected == "at most 100"
    assert one_problem(shop(GOOD, "    streams: [orders]\n")).expected == "keys with values"
    assert one_problem("hub: {name: Acme}\nconnections: [shop]\n").expected == "keys with values"


def test_an_address_is_told_in_words_and_not_as_a_pattern() -> None:
    found = one_problem(shop("{shop: a.example, access_token: !secret shop_token, address: shop.example}"))
    assert str(found).endswith("address: is no address; expected one that begins with https:// and has neither ? nor #")


def test_a_value_that_no_alternative_takes_names_them_all() -> None:
    text = shop("{shop: a.example, access_token: !secret shop_token, folders: {a: 1}}")
    assert one_problem(text).expected == "a list or text (put a number in quotes)"


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("identity: {merge_above: 0.6, review_above: 0.7}", "higher than merge_above"),
        ("golden: {phone: {prefer: [crm]}}", "no such connection"),
    ],
)
def test_settings_that_contradict_one_another_are_refused(more: str, words: str) -> None:
    problem = one_problem(f"hub: {{name: Acme}}\n{more}\n")
    assert problem.line == 2
    assert words in problem.message


@pytest.mark.parametrize(
    ("push", "words"),
    [
        ("timeline: {match_on: email}", "timeline.match_on means nothing for activities"),
        ("timeline: {fields: {a: title}}", "timeline.fields means nothing for activities"),
        ("timeline: {kinds: [person]}", "is no kind of fact"),
    ],
)
def test_a_key_that_would_mean_nothing_is_refused(push: str, words: str) -> None:
    assert words in one_problem(shop(GOOD, f"    push: {{{push}}}\n")).message


@pytest.mark.parametrize("rule", ["streams: {a: {fields: {b: {c: 'lowr(d)'}}}}", "push: {a: {fields: {c: 'lowr(d)'}}}"])
def test_an_expression_that_cannot_be_read_is_told_with_its_line(rule: str) -> None:
    problem = one_problem(shop(GOOD, f"    {rule}\n"))
    assert problem.line == 6
    assert "lower()" in problem.message


@pytest.mark.parametrize(
    ("hub", "words"),
    [
        ("database: mysql://x", "no database the hub can use"),
        ("currency: euro", "is no currency"),
        ("timezone: Europe/Londn", "is no time zone"),
        ("default_country: XX", "is no country"),
        ("name: ''", "is empty"),
    ],
)
def test_a_hub_setting_of_no_use_is_refused(hub: str, words: str) -> None:
    text = f"hub: {{name: Acme, {hub}}}" if not hub.startswith("name") else f"hub: {{{hub}}}"
    assert words in one_problem(text).message


def test_a_hub_without_a_name_is_missing_one() -> None:
    assert [(problem.key, problem.message) for problem in problems("connections: {}\n")] == [("hub", "is missing")]
    assert one_problem("hub: {}\n").key == "hub.name"


def test_the_hub_opens_although_a_connection_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "concord.yaml"
    path.write_text("hub: {name: Acme}\nconnections: {shop: {connector: none}, shop: {}}\n")
    assert load_hub(path).database == f"sqlite:///{tmp_path}/concord.db"
    path.write_text("hub: {nme: Acme}\n")
    with pytest.raises(ConfigError, match="did you mean 'name'"):
        load_hub(path)


@given(st.text(alphabet="ab: {}[]\n\t-&*!|>'\"#%@?,<0.~", max_size=60))
def test_no_text_whatever_brings_anything_but_settings_or_a_clear_error(text: str) -> None:
    assert all("\n" not in str(problem) for problem in problems(text))


def _refusal(path: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        load(path, CATALOGUE)
    return str(caught.value)
