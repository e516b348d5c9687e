"""The commands around the database, over a real one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from state.database import Database
from state.versions import HEAD, upgrade
from tests.admin.conftest import Concord

CARD = "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:{n}\r\nFN:Ana{n} Pine\r\nEMAIL:ana{n}@pine.example\r\nEND:VCARD\r\n"


@pytest.fixture
def read(concord: Concord, tmp_path: Path, sqlite_template: Path) -> Path:
    """A hub that has read three people; its database."""
    (tmp_path / "exports").mkdir()
    (tmp_path / "exports" / "people.vcf").write_text("".join(CARD.format(n=n) for n in range(3)))
    connections = {"exports": {"connector": "files", "config": {"path": "exports"}}}
    (tmp_path / "concord.yaml").write_text(json.dumps({"hub": {"name": "Acme"}, "connections": connections}))
    place = tmp_path / "concord.db"
    place.write_bytes(sqlite_template.read_bytes())
    assert concord("sync").exit_code == 0
    return place


def test_stats_tell_people_and_machines_the_same(concord: Concord, read: Path) -> None:
    told = concord("db", "stats").stdout
    assert "exports/vcards" in told or "exports/" in told
    assert "bytes a record" in told
    answer = json.loads(concord("db", "stats", "--json").stdout)
    assert answer["version"] == HEAD
    assert {one["table"]: one["rows"] for one in answer["tables"]}["raw_record"] == 3
    assert answer["records"] == sum(one["records"] for one in answer["streams"]) == 3


def test_a_backup_is_made_lost_and_put_back(concord: Concord, read: Path, tmp_path: Path) -> None:
    assert concord("secrets", "set", "shop_token", typed="hunter2\n").exit_code == 0
    made = concord("db", "backup", "saved.db", "--with-key")
    assert made.exit_code == 0
    assert "whole and checked" in made.stdout
    assert "saved.db.key: the vault's key" in made.stdout
    assert "keep them apart" in made.stdout
    assert "last backup today" in concord("status").stdout
    again = concord("db", "backup", "saved.db")
    assert (again.exit_code, "exists already" in again.stderr) == (2, True)
    full = concord("db", "restore", "saved.db")
    assert (full.exit_code, "--force" in full.stderr) == (2, True)
    read.unlink()
    restored = concord("db", "restore", "saved.db")
    assert restored.exit_code == 0
    assert json.loads(concord("customers", "find", "ana1", "--json").stdout)[0]["name"] == "Ana1 Pine"
    forced = concord("db", "restore", "saved.db", "--force", "--json")
    assert Path(json.loads(forced.stdout)["kept"]).exists()


def test_a_vacuum_tells_what_it_did(concord: Concord, read: Path) -> None:
    told = concord("db", "vacuum")
    assert told.exit_code == 0
    assert "Expired and gone: nothing." in told.stdout
    assert json.loads(concord("db", "vacuum", "--json").stdout)["tidied"]["bodies"] == 0


def test_a_database_in_use_is_not_replaced(concord: Concord, read: Path) -> None:
    concord("db", "backup", "saved.db")
    db = Database(f"sqlite:///{read}")
    with db.read() as c:
        c.exec_driver_sql("SELECT 1").all()
    refused = concord("db", "restore", "saved.db", "--force")
    assert refused.exit_code == 1
    assert "stop concord serve and every other command first. Nothing was touched." in refused.stderr
    db.close()


def test_a_migration_tells_both_versions_and_where_the_backup_is(concord: Concord, tmp_path: Path) -> None:
    (tmp_path / "concord.yaml").write_text("hub: {name: Acme}\n")
    (tmp_path / "concord.db").touch()
    db = Database(f"sqlite:///{tmp_path}/concord.db")
    with db.write() as c:
        upgrade(c, "0006")
    db.close()
    told = concord("db", "migrate")
    assert told.exit_code == 0
    assert f"version 0006 became {HEAD}" in told.stdout
    assert ".concord/backups/before-" in told.stdout.replace("\n", "")
    assert f"up to date: version {HEAD}" in concord("db", "migrate").stdout


def test_a_hub_without_a_database_has_nothing_to_save(concord: Concord, tmp_path: Path) -> None:
    (tmp_path / "concord.yaml").write_text("hub: {name: Acme}\n")
    refused = concord("db", "backup", "saved.db")
    assert refused.exit_code == 2
    assert "There is no database" in refused.stderr
    assert not (tmp_path / "saved.db").exists()
    assert not (tmp_path / "concord.db").exists()
