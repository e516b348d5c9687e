"""Setting a hub up: init, configuration, secrets, doctor, names."""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from admin.cli import doctor, doors
from mapping.errors import ConfigError, Problem
from tests.admin.conftest import Concord
from tests.admin.fake_hub import FakeHub, FakeVault


def finding(findings: list[dict[str, object]], what: str) -> dict[str, object]:
    return next(each for each in findings if each["what"] == what)


def test_init_leaves_an_existing_file_alone(concord: Concord, tmp_path: Path) -> None:
    (tmp_path / "concord.yaml").write_text("mine")
    result = concord("init")
    assert result.exit_code == 2
    assert "already there" in result.stderr
    assert (tmp_path / "concord.yaml").read_text() == "mine"


def test_init_needs_a_folder(concord: Concord) -> None:
    result = concord("init", "-c", "nowhere/concord.yaml")
    assert result.exit_code == 2
    assert "make it first" in result.stderr


def test_init_writes_the_commented_starter(concord: Concord, tmp_path: Path) -> None:
    result = concord("init")
    assert result.exit_code == 0
    assert (tmp_path / "concord.yaml").read_text() == doors.starter()
    assert "concord config check" in result.stdout


def test_config_check_lists_every_problem(concord: Concord, monkeypatch: pytest.MonkeyPatch) -> None:
    problems = tuple(Problem("concord.yaml", line, "hub", "wrong") for line in (3, 4, 5))

    def refuse(path: Path, *, with_secrets: bool) -> None:
        raise ConfigError(problems=problems)

    monkeypatch.setattr(doors, "check_config", refuse)
    result = concord("config", "check")
    assert result.exit_code == 2
    assert len(result.stderr.strip().splitlines()) == 3


def test_the_schema_is_printed_as_json(concord: Concord) -> None:
    answer = json.loads(concord("config", "schema").stdout)
    assert "connections" in answer["properties"]


def test_a_secret_is_never_taken_from_the_command_line(concord: Concord, vault: FakeVault) -> None:
    for words in (("hunter2hunter2",), ("--value", "hunter2hunter2"), ("--value=hunter2hunter2",)):
        result = concord("secrets", "set", "shop_token", *words)
        assert result.exit_code == 2
        assert "never taken from the command line" in result.stderr
        assert "hunter2" not in result.output
    assert vault.kept == {}


def test_an_empty_secret_is_refused(concord: Concord, vault: FakeVault) -> None:
    assert concord("secrets", "set", "shop_token", typed="\n").exit_code == 2
    assert vault.kept == {}


def test_a_secret_comes_from_a_pipe_without_its_line_end(concord: Concord, vault: FakeVault) -> None:
    result = concord("secrets", "set", "shop_token", typed=" s3cret \n")
    assert vault.kept == {"shop_token": " s3cret "}
    assert "!secret shop_token" in result.stdout
    assert "s3cret" not in result.output


def test_a_person_is_asked_for_a_secret_without_echo(
    concord: Concord, vault: FakeVault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("admin.cli.session.Session.interactive", True)
    result = concord("secrets", "set", "shop_token", typed="s3cret\n")
    assert vault.kept == {"shop_token": "s3cret"}
    assert "s3cret" not in result.output


def test_secrets_are_listed_by_name_only_and_removed_by_name(concord: Concord, vault: FakeVault) -> None:
    vault.kept = {"shop_token": "s3cret", "crm_token": "other"}
    listed = concord("secrets", "list", "--json")
    assert json.loads(listed.stdout) == ["crm_token", "shop_token"]
    wrong = concord("secrets", "remove", "shop_tokn")
    assert wrong.exit_code == 2
    assert "did you mean 'shop_token'?" in wrong.stderr
    assert concord("secrets", "remove", "shop_token").exit_code == 0
    assert vault.kept == {"crm_token": "other"}


def test_rebind_tells_the_account(concord: Concord, hub: FakeHub) -> None:
    assert "acct_2" in concord("rebind", "shop").stdout


def test_rename_changes_the_file_with_its_comments_and_what_the_hub_keeps(concord: Concord, tmp_path: Path) -> None:
    exports = tmp_path / "exports"
    exports.mkdir()
    (exports / "contacts.csv").write_text(
        "First Name,Last Name,Labels,E-mail 1 - Value\nAda,Example,* myContacts,ada@post.example\n"
    )
    text = "hub: {name: Acme}\nconnections:\n  shop: # ours\n    connector: files\n    config: {path: exports}\n"
    (tmp_path / "concord.yaml").write_text(text)
    assert concord("rename", "shop", "store").exit_code == 0
    assert concord("rename", "store", "shop").exit_code == 0
    assert concord("sync").exit_code == 0
    assert concord("rename", "shop", "store").exit_code == 0
    assert (tmp_path / "concord.yaml").read_text() == text.replace("shop:", "store:")
    again = json.loads(concord("sync", "--json").stdout)
    assert {each["connection"] for each in again["streams"]} == {"store"}
    assert sum(each["new"] for each in again["streams"]) == 0


def test_doctor_without_a_configuration_says_how_to_write_one(concord: Concord) -> None:
    result = concord("doctor", "--json")
    found = finding(json.loads(result.stdout), "configuration")
    assert result.exit_code == 1
    assert found["ok"] is False
    assert "concord init" in str(found["remedy"])


def test_doctor_finds_a_healthy_hub_healthy(concord: Concord) -> None:
    concord("init")
    result = concord("doctor", "--json")
    findings = json.loads(result.stdout)
    wrong = [each for each in findings if not each["ok"]]
    assert wrong == []
    assert result.exit_code == 0
    assert "the first command makes it" in str(finding(findings, "database")["found"])


def test_doctor_never_touches_a_database_it_looks_at(concord: Concord, tmp_path: Path) -> None:
    concord("init")
    (tmp_path / "concord.db").write_bytes(b"this is no database at all, whatever its name" * 40)
    before = (tmp_path / "concord.db").read_bytes()
    result = concord("doctor", "--json")
    assert finding(json.loads(result.stdout), "database")["ok"] is False
    assert result.exit_code == 1
    assert (tmp_path / "concord.db").read_bytes() == before


@pytest.mark.skipif(os.name == "nt", reason="file modes mean something else there")
def test_a_key_that_others_can_read_is_found(tmp_path: Path) -> None:
    key = tmp_path / "vault.key"
    key.write_text("k")
    key.chmod(0o644)
    found = doctor.vault_key(tmp_path)
    assert not found.ok
    assert found.remedy == f"run: chmod 600 {key}"
    key.chmod(0o600)
    assert doctor.vault_key(tmp_path).ok


def test_another_distribution_with_one_of_our_package_names_is_found() -> None:
    owners = {"config": ["concord-hub", "config"], "mapping": ["concord-hub"]}
    owned, *_ = doctor.names(lambda: owners)
    assert not owned.ok
    assert "config (by config)" in owned.found
    assert "environment of its own" in owned.remedy


def test_packages_imported_from_elsewhere_are_found(tmp_path: Path) -> None:
    _, imported = doctor.names(dict, root=tmp_path)
    assert not imported.ok
    assert "mapping from" in imported.found


def test_a_missing_library_is_named() -> None:
    found = doctor.dependencies(("json", "no_such_library", "no.such.library"))
    assert found.found == "missing: no_such_library, no.such.library"
    assert not found.ok


def test_a_clock_from_the_past_is_found() -> None:
    found = doctor.clock(lambda: datetime(2001, 1, 1, tzinfo=UTC))
    assert not found.ok
    assert "NTP" in found.remedy


def test_a_disk_without_room_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "ROOM_BYTES", sys.maxsize)
    assert not doctor.disk(tmp_path / "not" / "there" / "yet").ok
