"""Backups: whole or not there, taken while everything goes on, put back only where nobody is at work."""

from __future__ import annotations

import json
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mapping.errors import ConfigError, DatabaseVersionError, LeaseLostError, TransientError
from state import versions
from state.audit import last_audit
from state.database import Database
from state.leases import Leases
from state.vault import Vault
from state.versions import HEAD, VERSION_TABLE
from sync.safekeeping import BACKED_UP, backup, migrate, restore
from tests.checkout import ROOT
from tests.sync.end_state import EndState, State
from tests.sync.hub_process import DONE
from tests.sync.hubs import Row, Stage, person
from tests.sync.stage import Actor
from tests.sync.stage import Stage as Company
from tests.sync.theatre import MOST_ACTS, Theatre

CHANGES = frozenset({"audit", "lease"})
"""The tables that a backup and its return change by themselves."""


@pytest.fixture
def filled(stage: Stage) -> Stage:
    """A hub that has read and written two people."""
    stage.shop.put("people", person("Ana Pine", email="ana@pine.example"))
    stage.shop.put("people", person("Bo Elm", email="bo@elm.example", phone="+447700900123"))
    stage.settle()
    return stage


def configuration(stage: Stage) -> Path:
    """The file of a stage that nobody has open."""
    stage.configure()
    return stage.folder / "concord.yaml"


def elsewhere(stage: Stage, folder: Path, url: str) -> Stage:
    """The same configuration over another database, with the same worlds."""
    folder.mkdir()
    other = Stage(folder, url, clock=stage.clock)
    for name, one in other.settings["connections"].items():
        one["config"] = stage.settings["connections"][name]["config"]
    other.shop, other.crm = stage.shop, stage.crm
    other.another().close()
    return other


def rows(stage: Stage) -> dict[str, list[Row]]:
    found = stage.dump(CHANGES)
    stage.configure()
    return found


def test_a_backup_put_back_is_the_database_as_it_was(filled: Stage, tmp_path: Path) -> None:
    before = rows(filled)
    report = backup(configuration(filled), tmp_path / "saved.db")
    assert (report.version, report.bytes) == (HEAD, (tmp_path / "saved.db").stat().st_size)
    filled.shop.put("people", person("Cy Oak", email="cy@oak.example"))
    filled.settle()
    assert rows(filled) != before
    restored = restore(configuration(filled), tmp_path / "saved.db", force=True)
    assert rows(filled) == before
    assert Path(restored.kept).exists()
    filled.settle()
    assert len(filled.customers()) == 3
    assert len(filled.remotes()) == 3, "what was written after the backup is found over there, and not written twice"


def test_a_backup_of_either_database_fills_a_new_file(filled: Stage, tmp_path: Path) -> None:
    before = rows(filled)
    backup(configuration(filled), tmp_path / "saved.db")
    other = elsewhere(filled, tmp_path / "other", f"sqlite:///{tmp_path}/other.db")
    restore(configuration(other), tmp_path / "saved.db")
    assert rows(other) == before
    assert other.sync().ok
    other.close()


def test_a_backup_of_a_file_fills_either_database(
    tmp_path: Path, sqlite_template: Path, empty_database_url: str
) -> None:
    copy = tmp_path / "first.db"
    copy.write_bytes(sqlite_template.read_bytes())
    (tmp_path / "first").mkdir()
    first = Stage(tmp_path / "first", f"sqlite:///{copy}")
    first.shop.put("people", person("Ana Pine", email="ana@pine.example"))
    first.settle()
    before = rows(first)
    backup(configuration(first), tmp_path / "saved.db")
    other = elsewhere(first, tmp_path / "other", empty_database_url)
    restore(configuration(other), tmp_path / "saved.db")
    assert rows(other) == before
    first.shop.put("people", person("Bo Elm", email="bo@elm.example"))
    other.settle()
    assert len(other.customers()) == 2, "ids go on after those that were put back"
    other.close()
    first.close()


def test_a_backup_knows_when_the_last_one_was_made(filled: Stage, tmp_path: Path) -> None:
    backup(configuration(filled), tmp_path / "saved.db")
    assert last_audit(filled.hub.db, BACKED_UP) != ""
    assert filled.hub.care.stats().last_backup != ""


def test_a_backup_is_for_its_owner_only_and_takes_no_name_twice(filled: Stage, tmp_path: Path) -> None:
    place = tmp_path / "saved"
    place.mkdir()
    report = backup(configuration(filled), place)
    assert stat.S_IMODE(Path(report.path).stat().st_mode) == 0o600
    with pytest.raises(ConfigError, match="exists already"):
        backup(configuration(filled), Path(report.path))
    assert [one.name for one in place.iterdir()] == [Path(report.path).name]


def test_a_backup_where_nothing_can_be_written_is_refused(filled: Stage, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Nothing can be written"):
        backup(configuration(filled), tmp_path / "no" / "such" / "saved.db")


def test_there_is_no_backup_of_nothing(tmp_path: Path, empty_database_url: str) -> None:
    stage = Stage(tmp_path, empty_database_url)
    (tmp_path / "concord.yaml").write_text(json.dumps(stage.settings))
    with pytest.raises(ConfigError, match=r"holds nothing yet|There is no database"):
        backup(tmp_path / "concord.yaml", tmp_path / "saved.db")
    assert not (tmp_path / "saved.db").exists()
    stage.close()


def refuses(stage: Stage, path: Path, match: str, error: type[Exception] = ConfigError, **options: Any) -> None:
    """Holds that the file is refused, and that the database is as it was."""
    before = rows(stage)
    with pytest.raises(error, match=match):
        restore(configuration(stage), path, **options)
    assert rows(stage) == before
    assert not list(stage.folder.glob("*before-restore*")), "nothing was put aside either"
    assert not list(stage.folder.glob(".concord.partial*"))


def test_what_is_no_backup_is_refused(filled: Stage, tmp_path: Path) -> None:
    whole = tmp_path / "saved.db"
    backup(configuration(filled), whole)
    garbage = tmp_path / "garbage.db"
    garbage.write_bytes(b"Dear Sir or Madam, " * 400)
    refuses(filled, garbage, "not a backup of Concord", force=True)
    cut = tmp_path / "cut.db"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    refuses(filled, cut, "not a backup of Concord, or it is damaged", force=True)
    empty = tmp_path / "empty.db"
    empty.touch()
    refuses(filled, empty, "it has no version", force=True)
    refuses(filled, tmp_path / "nowhere.db", "There is no file", force=True)
    newer = tmp_path / "newer.db"
    newer.write_bytes(whole.read_bytes())
    with sqlite3.connect(newer) as later:
        later.execute(f"UPDATE {VERSION_TABLE} SET version_num = '9999'")
    later.close()
    refuses(filled, newer, "newer Concord", DatabaseVersionError, force=True)


def test_a_byte_that_fell_over_is_noticed(filled: Stage, tmp_path: Path) -> None:
    whole = tmp_path / "saved.db"
    backup(configuration(filled), whole)
    content = bytearray(whole.read_bytes())
    with sqlite3.connect(whole) as found:
        (page,) = found.execute("SELECT rootpage FROM sqlite_master WHERE name = 'raw_record'").fetchone()
        (size,) = found.execute("PRAGMA page_size").fetchone()
    found.close()
    content[(page - 1) * size : (page - 1) * size + 8] = b"\xff" * 8
    whole.write_bytes(content)
    refuses(filled, whole, "damaged", force=True)


def test_a_database_that_holds_anything_gives_way_only_when_told(filled: Stage, tmp_path: Path) -> None:
    backup(configuration(filled), tmp_path / "saved.db")
    refuses(filled, tmp_path / "saved.db", "--force")


def test_nothing_is_put_back_while_somebody_works(filled: Stage, tmp_path: Path) -> None:
    saved = tmp_path / "saved.db"
    backup(configuration(filled), saved)
    db = Database(filled.url)
    held = Leases(db).acquire("pull:shop:people", "elsewhere", 60)
    assert held is not None
    with pytest.raises(TransientError, match="in use"):
        restore(configuration(filled), saved, force=True)
    held.release()
    with pytest.raises(TransientError, match="in use"):  # a server that waits for its next job has it open
        restore(configuration(filled), saved, force=True)
    db.close()
    restore(configuration(filled), saved, force=True)


def test_the_database_is_no_backup_of_itself(filled: Stage) -> None:
    if filled.url.startswith("sqlite"):
        refuses(filled, Path(filled.url.removeprefix("sqlite:///")), "the database itself", force=True)


def test_who_held_a_lease_before_writes_nothing_after(filled: Stage, tmp_path: Path) -> None:
    db = Database(filled.url)
    zombie = Leases(db).acquire("pull:shop:people", "zombie", 0.001)
    db.close()
    assert zombie is not None
    backup(configuration(filled), tmp_path / "saved.db")
    restore(configuration(filled), tmp_path / "saved.db", force=True)
    with pytest.raises(LeaseLostError), filled.hub.db.write(zombie):
        pass
    assert Leases(filled.hub.db).acquire("pull:shop:people", "me", 60) is not None


def test_a_damaged_database_gives_way_to_its_backup(filled: Stage, tmp_path: Path) -> None:
    if not filled.url.startswith("sqlite"):
        pytest.skip("a server mends its own files")
    before = rows(filled)
    backup(configuration(filled), tmp_path / "saved.db")
    place = Path(filled.url.removeprefix("sqlite:///"))
    place.write_bytes(b"\x00" * 4096 + place.read_bytes()[4096:])
    path = filled.folder / "concord.yaml"
    with pytest.raises(ConfigError, match="--force"):
        restore(path, tmp_path / "saved.db")
    report = restore(path, tmp_path / "saved.db", force=True)
    assert rows(filled) == before
    assert Path(report.kept).read_bytes()[:16] == b"\x00" * 16


def test_what_a_lost_database_left_behind_is_not_read_into_its_backup(filled: Stage, tmp_path: Path) -> None:
    if not filled.url.startswith("sqlite"):
        pytest.skip("a server keeps its own log")
    before = rows(filled)
    backup(configuration(filled), tmp_path / "saved.db")
    place = Path(filled.url.removeprefix("sqlite:///"))
    place.unlink()
    place.with_name(f"{place.name}-wal").write_bytes(b"the log of another time")
    restore(filled.folder / "concord.yaml", tmp_path / "saved.db")
    assert rows(filled) == before
    assert [one.read_bytes() for one in place.parent.glob("*before-restore*-wal")] == [b"the log of another time"]


def test_secrets_come_back_with_their_key_and_not_without(filled: Stage, tmp_path: Path) -> None:
    Vault(filled.hub.db, filled.folder / "s").set("shop_token", "hunter2")
    bare = backup(configuration(filled), tmp_path / "bare.db")
    assert "vault.key" in bare.note
    assert bare.key == ""
    keyed = backup(configuration(filled), tmp_path / "keyed.db", with_key=True)
    assert stat.S_IMODE(Path(keyed.key).stat().st_mode) == 0o600
    assert b"hunter2" not in (tmp_path / "keyed.db").read_bytes()
    without = elsewhere(filled, tmp_path / "without", f"sqlite:///{tmp_path}/without.db")
    assert "key" in restore(configuration(without), tmp_path / "bare.db").note
    with_it = elsewhere(filled, tmp_path / "with", f"sqlite:///{tmp_path}/with.db")
    assert restore(configuration(with_it), tmp_path / "keyed.db").note == ""
    assert Vault(with_it.hub.db, with_it.folder / "s").get("shop_token") == "hunter2"
    for one in (without, with_it):
        one.close()


def test_another_key_is_never_overwritten(filled: Stage, tmp_path: Path) -> None:
    Vault(filled.hub.db, filled.folder / "s").set("shop_token", "hunter2")
    backup(configuration(filled), tmp_path / "keyed.db", with_key=True)
    other = elsewhere(filled, tmp_path / "other", f"sqlite:///{tmp_path}/other.db")
    (other.folder / "s").mkdir(exist_ok=True)
    other.hub.db.migrate()
    Vault(other.hub.db, other.folder / "s").set("mine", "own")
    mine = (other.folder / "s" / "vault.key").read_bytes()
    assert "another key" in restore(configuration(other), tmp_path / "keyed.db", force=True).note
    assert (other.folder / "s" / "vault.key").read_bytes() == mine
    other.close()


def old(url: str, version: str) -> None:
    if url.startswith("sqlite"):
        Path(url.removeprefix("sqlite:///")).touch()
    db = Database(url)
    with db.write() as c:
        versions.upgrade(c, version)
        c.exec_driver_sql(
            "INSERT INTO connection (id, name, connector, created_at) VALUES ('shop-1', 'shop', 'memory', '2026')"
        )
    db.close()


def test_an_old_database_is_saved_before_it_is_migrated(tmp_path: Path, empty_database_url: str) -> None:
    old(empty_database_url, "0005")
    stage = Stage(tmp_path, empty_database_url)
    path = tmp_path / "concord.yaml"
    path.write_text(json.dumps(stage.settings))
    report = migrate(path)
    assert (report.before, report.after) == ("0005", HEAD)
    with sqlite3.connect(report.backup) as saved:
        assert saved.execute(f"SELECT version_num FROM {VERSION_TABLE}").fetchall() == [("0005",)]
        assert saved.execute("SELECT name FROM connection").fetchall() == [("shop",)]
    saved.close()
    again = migrate(path)
    assert (again.before, again.after, again.backup) == (HEAD, HEAD, "")
    # What was saved may be put back, and is brought up to date again.
    assert restore(path, Path(report.backup), force=True).version == "0005"
    assert stage.rows("connection")[0]["name"] == "shop"
    stage.close()


def test_a_database_can_be_migrated_without_a_backup(tmp_path: Path, empty_database_url: str) -> None:
    old(empty_database_url, "0003")
    stage = Stage(tmp_path, empty_database_url)
    (tmp_path / "concord.yaml").write_text(json.dumps(stage.settings))
    assert migrate(tmp_path / "concord.yaml", with_backup=False).backup == ""
    assert not (tmp_path / "s" / "backups").exists()
    stage.close()


LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
from admin.cli.main import main
sys.argv[0] = "concord"
main()
"""
"""The command, on a disk that takes no file beyond 100 kB."""


def test_a_full_disk_leaves_no_half_backup(filled: Stage, tmp_path: Path) -> None:
    before, path = rows(filled), configuration(filled)
    place = tmp_path / "saved"
    place.mkdir()
    command = [sys.executable, "-c", LIMITED, "--config", str(path), "db", "backup", str(place / "saved.db")]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "the disk is full, or refuses to write" in " ".join(ended.stderr.split())
    assert "Traceback" not in ended.stderr
    assert list(place.iterdir()) == []
    assert rows(filled) == before


# A sync that is really at work


@pytest.fixture
def company(tmp_path: Path, database_url: str) -> Iterator[Theatre]:
    folder = tmp_path / "company"
    folder.mkdir()
    db = Database(database_url)
    with Company(folder, database_url) as stage:
        actor = Actor(stage.config)
        yield Theatre(stage, actor, db)
        actor.close()
    db.close()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> State:
    """Where a hub gets to whose database nobody ever lost."""
    folder = tmp_path_factory.mktemp("undisturbed")
    (folder / "concord.db").write_bytes(sqlite_template.read_bytes())
    db = Database(f"sqlite:///{folder}/concord.db")
    with Company(folder, f"sqlite:///{folder}/concord.db") as stage:
        actor = Actor(stage.config)
        calm = Theatre(stage, actor, db)
        calm.finish()
        end = calm.end.all()
        actor.close()
    db.close()
    return end


def strike(company: Theatre, saved: Path, table: str, number: int, written: int = 0) -> None:
    """Takes a backup of a hub at work as soon as a table has so many rows, and loses the machine when the hub has
    written so many records more, or when it is done."""

    def take(theatre: Theatre) -> None:
        def until(name: str, rows: int) -> None:
            while theatre.rows(name) < rows and not theatre.over.wait(0.001):
                pass

        def watch() -> None:
            until(table, number)
            assert not theatre.over.is_set(), "the hub was at work when the backup was taken"
            backup(theatre.stage.config, saved)
            until("shadow", theatre.rows("shadow") + written)
            theatre.actor.kill()

        theatre.watcher = watch

    company.act(take)
    assert saved.exists()


def test_a_backup_taken_while_a_sync_reads_goes_on_to_the_same_end(
    company: Theatre, undisturbed: State, tmp_path: Path
) -> None:
    strike(company, tmp_path / "saved.db", "raw", 30)
    compare(continued(company, tmp_path / "saved.db", tmp_path), undisturbed)


@pytest.mark.parametrize("written", [0, 40, 1000], ids=["at once", "in the middle", "when all was written"])
@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_what_was_written_after_the_backup_is_found_again_and_not_written_twice(
    company: Theatre, undisturbed: State, tmp_path: Path, written: int
) -> None:
    strike(company, tmp_path / "saved.db", "shadow", 1, written)
    found = continued(company, tmp_path / "saved.db", tmp_path)
    # What is found looks like the CRM's own word, so that its records differ; who is who and what was done do not.
    same = ("crm", "facts", "attachments", "traits", "dead letters", "left over")
    compare(found, {name: undisturbed[name] for name in same})


def continued(company: Theatre, saved: Path, folder: Path) -> State:
    """Where syncing gets to from the backup, over the same exports and the same CRM."""
    config = folder / "concord.yaml"
    text = company.stage.config.read_text().replace(company.stage.database, f"sqlite:///{folder}/restored.db")
    config.write_text(text)
    restore(config, saved)
    actor = Actor(config)
    assert DONE in [actor.run() for _ in range(MOST_ACTS)], (folder / "hubs.log").read_text()[-3000:]
    actor.close()
    db = Database(f"sqlite:///{folder}/restored.db")
    try:
        end = EndState(db, company.stage.crm.portal, company.stage.old_ids, company.began)
        assert end.strays() == []
        return end.all()
    finally:
        db.close()


def compare(found: State, expected: State) -> None:
    for section, there in expected.items():
        assert found[section] == there, section
