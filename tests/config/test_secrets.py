"""Secrets are references: told when they are missing, and part of nothing that is shown."""

from __future__ import annotations

import pytest

from config.loader import loads
from mapping.errors import ConfigError
from tests.config.vendors import CATALOGUE, ENVIRON, EXAMPLE, FILE, VAULT, HubspotConfig, problems, settings, shop

MISSING = "the vault holds no secret shop_token; run: concord secrets set shop_token"
LITERAL = "{shop: a.example, access_token: hunter2-hunter2, retry: {client_secret: abc}}"


def test_a_reference_without_a_value_says_where_it_stands_and_what_to_do() -> None:
    with pytest.raises(ConfigError) as caught:
        loads(EXAMPLE, FILE, CATALOGUE, environ={})
    assert str(caught.value).splitlines() == [
        f"{FILE}:5: connections.shop.config.access_token: the vault holds no secret shop_token; "
        "run: concord secrets set shop_token",
        f"{FILE}:10: connections.crm.config.access_token: the environment variable HUBSPOT_TOKEN is not set",
    ]


def test_an_empty_variable_is_a_missing_one() -> None:
    with pytest.raises(ConfigError, match="HUBSPOT_TOKEN is not set"):
        loads(EXAMPLE, FILE, CATALOGUE, VAULT.get, environ={"HUBSPOT_TOKEN": ""})


def test_a_missing_secret_hides_no_other_mistake() -> None:
    with pytest.raises(ConfigError) as caught:
        loads(shop("{shp: a.example, access_token: !secret shop_token}"), FILE, CATALOGUE)
    assert {problem.key.rpartition(".")[2] for problem in caught.value.problems} == {"shop", "shp", "access_token"}


@pytest.mark.parametrize("placeholders", [True, False])
def test_a_key_that_is_not_known_is_told_although_its_secret_is_missing(placeholders: bool) -> None:
    text = shop("{shop: a.example, acces_token: !secret shop_token}")
    with pytest.raises(ConfigError) as caught:
        loads(text, FILE, CATALOGUE, environ={}, placeholders=placeholders)
    found = {(problem.key.rpartition(".")[2], problem.message, problem.nearest) for problem in caught.value.problems}
    assert found == {
        ("acces_token", "is no known key", "access_token"),
        ("access_token", "is missing", ""),
        *([] if placeholders else [("acces_token", MISSING, "")]),
    }


@pytest.mark.parametrize(
    "config",
    [
        "{shop: hunter2-hunter2, access_token: !secret shop_token}",
        "{shop: a.example, access_token: public-hunter2}",
        "{shop: a.example, access_token: *hunter2}",
        "{shop: a.example, access_token: !hunter2}",
        "{shop: a.example, access_token: !hunter2!x y}",
        "{shop: a.example, access_token: !secret hunter2$}",
        "{shop: a.example, access_token: [hunter2]}",
        "{shop: a.example, access_token: !secret shop_token, page_size: hunter2}",
        "{shop: a.example, access_token: !secret shop_token, region: hunter2}",
        "{shop: a.example, access_token: 'hunter2}",
        "{shop: a.example, access_token: hunter2: x}",
        "{shop: a.example, access_token: @hunter2}",
        "{shop: a.example, access_token: !secret shop_token, retry: hunter2}",
    ],
)
def test_no_message_repeats_a_value_of_a_connectors_settings(config: str) -> None:
    found = problems(shop(config))
    assert found
    assert not any("hunter2" in str(problem) for problem in found)
    assert {problem.line for problem in found} <= {5, 6}


def test_a_resolved_secret_is_in_no_message() -> None:
    with pytest.raises(ConfigError) as caught:
        loads(shop("{shop: a.example, access_token: !env T}"), FILE, CATALOGUE, environ={"T": "public\n'key'"})
    assert "key" not in str(caught.value)
    assert "*** is a public token" in str(caught.value)


def test_a_reference_stands_only_where_secrets_are_needed() -> None:
    (problem,) = problems("hub: {name: !env COMPANY}\n")
    assert (problem.line, problem.key, problem.message) == (1, "hub.name", "no reference may stand here")


def test_the_database_may_come_from_the_environment_but_not_from_the_vault_in_it() -> None:
    text = "hub: {name: Acme, database: !env DATABASE_URL}\n"
    url = "postgresql://hub:hunter2@db/concord"
    found = loads(text, FILE, CATALOGUE, environ={"DATABASE_URL": url})
    assert found.hub.database == url
    assert "hunter2" not in f"{found!r}{found.public()}"
    (problem,) = problems(text.replace("!env", "!secret"))
    assert "the vault lies in the database" in problem.message


def test_a_file_is_checked_without_its_secrets() -> None:
    found = loads(EXAMPLE, FILE, CATALOGUE, environ={}, placeholders=True)
    assert [str(reference) for reference in found.references] == ["!secret shop_token", "!env HUBSPOT_TOKEN"]
    number = shop("{shop: a.example, access_token: !secret x, page_size: !env SIZE, region: !env REGION}")
    loads(number, FILE, CATALOGUE, environ={}, placeholders=True)
    with pytest.raises(ConfigError, match="page_size: is out of range"):
        loads(number, FILE, CATALOGUE, environ={"SIZE": "0"}, placeholders=True)


def test_resolved_secrets_reach_the_connector_and_nothing_that_is_shown() -> None:
    found = settings()
    config = found.connections["crm"].config
    assert isinstance(config, HubspotConfig)
    assert config.access_token.get_secret_value() == ENVIRON["HUBSPOT_TOKEN"]
    shown = f"{found!r}{found}{found.public()}{found.references}"
    assert not any(secret in shown for secret in (*VAULT.values(), *ENVIRON.values()))
    assert found.public()["connections"]["crm"]["config"] == {"access_token": "!env HUBSPOT_TOKEN"}


def test_a_literal_secret_is_a_warning_with_its_line_and_is_masked() -> None:
    found = settings(shop(LITERAL))
    assert [(warning.line, warning.key) for warning in found.warnings] == [
        (5, "connections.shop.config.access_token"),
        (5, "connections.shop.config.retry.client_secret"),
    ]
    assert "concord secrets set shop_access_token" in str(found.warnings[0])
    assert "hunter2" not in f"{found!r}{found.public()}{found.warnings}"
    assert settings().warnings == ()


def test_a_password_in_an_address_is_masked() -> None:
    text = shop("{shop: a.example, access_token: !secret shop_token, proxy: 'socks://me:hunter2@proxy:1'}")
    assert "hunter2" not in str(settings(text).public())
    written = settings("hub: {name: Acme, database: 'postgresql://hub:hunter2@db/x'}\n")
    assert "a password is written into the file" in str(written.warnings[0])
    assert "hunter2" not in f"{written!r}{written.public()}{written.warnings}"


def test_the_public_dump_changes_with_no_secret_and_with_every_rule() -> None:
    changed = loads(EXAMPLE, FILE, CATALOGUE, {"shop_token": "another"}.get, environ=ENVIRON)
    assert changed.public() == settings().public()
    assert settings(EXAMPLE.replace("match_on: email", "match_on: phone")).public() != settings().public()


ALERTS = "hub: {name: Acme}\nalerts: {to: [!secret slack_url, 'mailto://ops:hunter2@acme.example']}\n"


def test_the_addresses_of_alerts_may_be_references_and_are_shown_nowhere() -> None:
    url = "slack://T0000/B0000/hunter2hunter2"
    found = loads(ALERTS, FILE, CATALOGUE, {"slack_url": url}.get, environ={})
    assert found.destinations() == {"!secret slack_url": url, "alerts.to[1]": "mailto://ops:hunter2@acme.example"}
    assert found.public()["alerts"]["to"] == ["!secret slack_url", "***"]
    assert [(one.line, one.key) for one in found.warnings] == [(2, "alerts.to[1]")]
    assert "hunter2" not in f"{found!r}{found}{found.public()}{found.warnings}"


def test_alerts_can_be_checked_where_their_secrets_are_not() -> None:
    found = loads(ALERTS, FILE, CATALOGUE, environ={}, placeholders=True)
    assert len(found.alerts.to) == 2
    (problem,) = problems(ALERTS)
    assert (problem.key, problem.line) == ("alerts.to[0]", 2)
    assert "concord secrets set slack_url" in problem.message


@pytest.mark.parametrize(
    ("alerts", "key", "words"),
    [
        ("{to: [hunter2]}", "alerts.to[0]", "is no address that alerts can go to"),
        ("{to: hunter2}", "alerts.to", "has the wrong type"),
        ("{to: [5]}", "alerts.to[0]", "has the wrong type"),
        ("{on: [failed_runs]}", "alerts.on[0]", "did you mean 'failed_run'?"),
        ("{repeat: daily}", "alerts.repeat", "is no interval"),
        ("{too: []}", "alerts.too", "did you mean 'to'?"),
    ],
)
def test_mistakes_under_alerts_are_told_with_their_place_and_without_what_was_written(
    alerts: str, key: str, words: str
) -> None:
    (problem,) = problems(f"hub: {{name: Acme}}\nalerts: {alerts}\n")
    assert (problem.key, problem.line) == (key, 2)
    assert words in str(problem)
    assert "hunter2" not in str(problem)
