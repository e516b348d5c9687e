"""A right file becomes settings, with defaults, places and warnings."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from config import schedule
from config.keys import KeyPath, read, show
from config.loader import load
from config.names import check_names
from config.offers import Offer, Writable
from config.settings import FieldMode, PushMode
from mapping.errors import ConfigError
from mapping.model import Kind
from tests.config.vendors import CATALOGUE, EXAMPLE, ShopifyConfig, problems, settings, shop

GOOD = "{shop: a.example, access_token: !secret shop_token}"


@pytest.mark.parametrize(
    "text", ["", "every 0 days", "every 400 days", "every month", "1 2 3", "0 25 * * *", "0 0 * * 8"]
)
def test_a_text_that_is_no_schedule_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"must|no schedule|no cron"):
        schedule.parse(text)


PEOPLE = Writable(frozenset({Kind.PERSON}), frozenset({"email", "firstname"}))


def test_unknown_streams_and_targets_are_told_with_their_lines() -> None:
    text = EXAMPLE.replace("orders: {since", "order: {since").replace("contacts:", "contact:")
    store = Offer(("customers", "orders"), writes=False)
    crm = Offer(objects={"contacts": PEOPLE})
    found = check_names(settings(text), {"shop": store, "crm": crm})
    assert [(problem.line, problem.key, problem.nearest) for problem in found] == [
        (7, "connections.shop.streams.order", "orders"),
        (11, "connections.crm.push.contact", "contacts"),
    ]
    assert not [*check_names(settings(), {"shop": store, "crm": crm})]
    (problem,) = check_names(settings(), {"crm": Offer(objects={"emails": PEOPLE})})
    assert problem.expected == "one of emails, timeline"
    (problem,) = check_names(settings(), {"crm": Offer(writes=False)})
    assert problem.expected == "no push:"


def test_the_example_of_the_design_becomes_settings() -> None:
    found = settings()
    assert (found.hub.name, found.hub.default_country) == ("Acme", "GB")
    orders = found.connections["shop"].streams["orders"]
    assert (orders.since, orders.enabled) == (date(2024, 1, 1), True)
    contacts = found.connections["crm"].push["contacts"]
    assert (contacts.mode, contacts.approve, contacts.match_on) == (PushMode.UPSERT, True, "email")
    assert found.connections["crm"].push["timeline"].kinds == ("email", "meeting", "order")
    assert found.golden.rule("phone").prefer == ("crm", "shop")
    assert found.golden.rule("email").newest
    assert found.golden.criteria()["phone"]["prefer"] == ("crm", "shop")
    assert found.privacy.never_log == ("*@bank.example",)
    config = found.connections["shop"].config
    assert isinstance(config, ShopifyConfig)
    assert config.shop == "acme.myshopify.com"


def test_a_relative_database_lies_beside_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    path = tmp_path / "here" / "concord.yaml"
    path.write_text("hub: {name: Acme, database: 'sqlite:///data/hub.db?timeout=5'}\n")
    monkeypatch.chdir(tmp_path)
    for given in (path, Path("here/concord.yaml")):
        hub = load(given, CATALOGUE).hub
        assert hub.database == f"sqlite:///{tmp_path}/here/data/hub.db?timeout=5"
        assert hub.state_dir == tmp_path / "here" / ".concord"


@pytest.mark.parametrize("url", ["sqlite:////var/hub.db", "sqlite:///:memory:", "sqlite://", "postgresql://hub@db/x"])
def test_a_database_that_is_not_relative_stays_as_it_is(url: str) -> None:
    assert settings(f"hub: {{name: Acme, database: '{url}'}}\n").hub.database == url


def test_a_key_without_a_value_stands_for_its_default() -> None:
    text = shop(GOOD, "    streams:\n      orders:\n    push:\nidentity:\ngolden:\n  default:\nprivacy:\n  internal:\n")
    found = settings(text)
    assert found.connections["shop"].streams["orders"].enabled
    assert found.privacy.internal == ()


def test_a_field_rule_without_a_value_drops_the_connectors_own() -> None:
    found = settings(
        shop(
            GOOD,
            "    streams: {customers: {fields: {person: {nickname: , email: mail}}}}\n"
            "    push: {contacts: {fields: {fax: , phone: {from: phone, mode: fill_only}, mail: email}}}\n",
        )
    ).connections["shop"]
    assert found.streams["customers"].fields == {"person": {"nickname": None, "email": "mail"}}
    fields = found.push["contacts"].fields
    assert fields["fax"] is None
    assert fields["phone"] is not None
    assert (fields["phone"].expression, fields["phone"].mode) == ("phone", FieldMode.FILL_ONLY)
    assert fields["mail"] is not None
    assert fields["mail"].expression == "email"


def test_without_streams_all_are_read_and_otherwise_those_named() -> None:
    everything = settings(shop(GOOD)).connections["shop"]
    assert everything.reads("orders") is not None
    some = settings(shop(GOOD, "    streams: {customers: {}, orders: {enabled: false}}\n")).connections["shop"]
    assert some.reads("customers") is not None
    assert some.reads("orders") is None
    assert some.reads("products") is None


def test_words_of_yaml_1_1_are_text_and_dates_and_octals_are_what_they_look_like() -> None:
    found = settings("hub: {name: 'no', default_country: NO}\n")
    assert (found.hub.name, found.hub.default_country) == ("no", "NO")
    assert settings("%YAML 1.2\n---\nhub:\n  name: on\n").hub.name == "on"


def test_aliases_and_merges_spare_repetition() -> None:
    text = """\
hub: {name: Acme}
connections:
  one: &shop
    connector: shopify
    config: &config {shop: a.example, access_token: !secret shop_token}
    schedule: every day
  two:
    <<: *shop
    config: {<<: *config, shop: b.example, page_size: 5}
    schedule: every hour
"""
    found = settings(text).connections
    one, two = found["one"], found["two"]
    assert (one.schedule, two.schedule, two.connector) == ("every day", "every hour", "shopify")
    assert isinstance(two.config, ShopifyConfig)
    assert (two.config.shop, two.config.page_size) == ("b.example", 5)
    (problem,) = problems(text.replace("page_size: 5", "page_size: 0"))
    assert (problem.line, problem.key) == (9, "connections.two.config.page_size")


def test_a_problem_found_later_still_has_its_line() -> None:
    problem = settings().problem(("connections", "crm", "push", "contacts", "fields", "lifetime_value"), "is wrong")
    assert problem.line == 11
    assert settings().problem(("connections", "crm", "trust"), "is wrong").line == 8


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("0 6 * * 1-5", "0 6 * * mon,tue,wed,thu,fri"),
        ("0 6 * * 0", "0 6 * * sun"),
        ("0 6 * * 7", "0 6 * * sun"),
        ("0 6 * * 6-1", "0 6 * * sat,sun,mon"),
        ("0 6 * * */2", "0 6 * * sun,tue,thu,sat"),
        ("0 6 * * MON-fri", "0 6 * * mon,tue,wed,thu,fri"),
        ("*/5 * * * *", "*/5 * * * *"),
    ],
)
def test_weekdays_count_from_sunday_as_in_cron(text: str, line: str) -> None:
    assert schedule.parse(text).cron == line


def test_an_interval_is_read_in_words() -> None:
    assert schedule.parse("every 10 minutes").every == timedelta(minutes=10)
    assert schedule.parse("Every hour").every == timedelta(hours=1)


@pytest.mark.parametrize("path", [("a",), ("a", "b", 0, "c"), ("fields", "First Name"), ("a", "x.y", 2)])
def test_a_key_path_reads_back_as_it_is_shown(path: KeyPath) -> None:
    assert read(show(path)) == path


@pytest.mark.parametrize("text", ["", "a..b", ".a", "a.", "[0]", "a b"])
def test_a_text_that_names_no_key_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="names no place"):
        read(text)


def test_an_error_is_one_of_the_tree_and_lists_its_problems() -> None:
    with pytest.raises(ConfigError) as caught:
        settings("hub: {}\n")
    assert caught.value.problems[0].key == "hub.name"
