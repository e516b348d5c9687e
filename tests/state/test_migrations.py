"""Versions of a database: made new, brought up to date, or left alone."""

from __future__ import annotations

import os
import sqlite3
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import event, inspect, text

from mapping.errors import ConfigError, DatabaseVersionError
from state.database import Database
from state.tables import metadata
from state.versions import HEAD, VERSION_TABLE, config, is_current, upgrade


@pytest.fixture
def empty(empty_database_url: str) -> Iterator[Database]:
    opened = Database(empty_database_url)
    yield opened
    opened.close()


def run(db: Database, *statements: str) -> None:
    with db.write() as c:
        for statement in statements:
            c.execute(text(statement))


def content(path: Path) -> bytes:
    return path.read_bytes()


def sqlite_file(url: str) -> Path | None:
    return Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite") else None


def test_a_database_of_a_newer_program_is_left_untouched(database: Database, database_url: str) -> None:
    run(database, f"UPDATE {VERSION_TABLE} SET version_num = '9999'")
    database.close()
    path = sqlite_file(database_url)
    before = content(path) if path else b""
    again = Database(database_url)
    with pytest.raises(DatabaseVersionError, match="newer Concord"):
        again.migrate()
    again.close()
    assert path is None or content(path) == before


def test_a_database_of_something_else_is_refused_untouched(empty_database_url: str) -> None:
    path = sqlite_file(empty_database_url)
    if path:
        path.touch()
    theirs = Database(empty_database_url)
    run(theirs, "CREATE TABLE ledger (id INTEGER)")
    theirs.close()
    before = content(path) if path else b""
    ours = Database(empty_database_url)
    with pytest.raises(ConfigError, match="one of its own"):
        ours.migrate()
    with ours.read() as c:
        assert inspect(c).get_table_names() == ["ledger"]
    ours.close()
    assert path is None or content(path) == before


def test_a_database_without_our_tables_says_so_when_it_is_used(empty: Database, empty_database_url: str) -> None:
    path = sqlite_file(empty_database_url)
    if path:
        path.touch()
    with pytest.raises(ConfigError, match="not a database that Concord has set up"), empty.write() as c:
        empty.allocate(c, "entity", 1)


def test_a_migration_that_is_cut_off_leaves_nothing_behind(empty: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    class Cut(BaseException):
        pass

    def cut(*_: object) -> None:
        raise Cut

    event.listen(empty._writer.engine, "commit", cut)
    with pytest.raises(Cut):
        empty.migrate()
    event.remove(empty._writer.engine, "commit", cut)
    with empty.read() as c:
        assert inspect(c).get_table_names() == []
    empty.migrate()


def test_two_processes_may_create_one_database_at_once(empty_database_url: str) -> None:
    start, failed = threading.Barrier(2), []

    def migrate() -> None:
        db = Database(empty_database_url)
        start.wait()
        try:
            db.migrate()
        except BaseException as error:
            failed.append(error)
            raise
        finally:
            db.close()

    threads = [threading.Thread(target=migrate) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


def migrated(db: Database, url: str) -> Database:
    """The database with every migration run, one after the other, as one of the first release would have them."""
    path = sqlite_file(url)
    if path:
        path.touch()
    with db.write() as c:
        upgrade(c)
    return db


def test_a_new_database_is_made_as_all_migrations_would_leave_it(empty: Database, empty_database_url: str) -> None:
    migrated(empty, empty_database_url)
    with empty.read() as c:
        assert is_current(c, "here")
        context = MigrationContext.configure(c, opts={"version_table": VERSION_TABLE, "compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_a_database_made_new_needs_no_migration(empty: Database) -> None:
    empty.migrate()
    with empty.write() as c:
        upgrade(c)
    with empty.read() as c:
        assert is_current(c, "here")
        context = MigrationContext.configure(c, opts={"version_table": VERSION_TABLE, "compare_type": True})
        context = MigrationContext.configure(c, opts={"version_table": VERSION_TABLE, "compare_type": True})
        assert compare_metadata(context, metadata) == []


INDEX = {
    "sqlite": "SELECT sql FROM sqlite_master WHERE name = 'ix_customer_merged_into'",
    "postgresql": "SELECT indexdef FROM pg_indexes WHERE indexname = 'ix_customer_merged_into'",
}


@pytest.mark.parametrize("new", [True, False], ids=["made", "migrated"])
def test_an_index_of_some_rows_is_one_on_both_databases(empty: Database, empty_database_url: str, new: bool) -> None:
    """What alembic's comparison does not see."""
    if new:
        empty.migrate()
    else:
        migrated(empty, empty_database_url)
    with empty.read() as c:
        told = str(c.execute(text(INDEX[empty.dialect])).scalar_one())
    assert "WHERE merged_into IS NOT NULL" in told.replace("(", "").replace(")", "")


def test_sqlite_tables_are_laid_out_as_declared(tmp_path: Path) -> None:
    """What alembic's comparison does not see: tables without row ids, partial indexes, own counters."""
    old, new = (Database(f"sqlite:///{tmp_path}/{name}.db") for name in ("old", "new"))
    migrated(old, f"sqlite:///{tmp_path}/old.db")
    new.migrate()
    assert layout(old) == layout(new)


def layout(db: Database) -> set[str]:
    query = text("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")
    with db.read() as c:
        found = c.execute(query).scalars().all()
    db.close()
    return {" ".join(sorted(statement.replace(",", " ").replace(", ", " ").split())) for statement in found}


def test_the_newest_migration_is_the_one_the_program_expects() -> None:
    assert ScriptDirectory.from_config(config()).get_current_head() == HEAD


def test_an_up_to_date_database_is_only_read(database: Database) -> None:
    seen: list[str] = []
    for engine in (database._reader.engine, database._writer.engine):
        event.listen(engine, "before_cursor_execute", lambda *call: seen.append(call[2]))
    database.migrate()
    words = {statement.split()[0] for statement in seen}
    assert words <= {"BEGIN", "SELECT", "PRAGMA"}
    assert len(seen) <= 4


def test_a_new_database_is_made_quickly(empty_database_url: str) -> None:
    took = []
    first = Database(empty_database_url)
    began = time.perf_counter()
    first.migrate()
    took.append(time.perf_counter() - began)
    first.close()
    assert took[0] < 1.0  # 20 to 60 ms on an idle machine; the bound only catches a fault, not a busy neighbour


def test_a_new_sqlite_file_is_for_its_owner_only(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        db = Database(f"sqlite:///{tmp_path}/concord.db")
        db.migrate()
        with db.write() as c:
            db.allocate(c, "entity", 1)
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
        db.close()
    finally:
        os.umask(old)
    assert set(modes.values()) == {0o600}
    assert "concord.db-wal" in modes


def test_a_file_restored_from_a_backup_lets_readers_and_the_writer_pass_again(
    tmp_path: Path, sqlite_template: Path
) -> None:
    path = tmp_path / "restored.db"
    with sqlite3.connect(sqlite_template) as source:
        source.execute("VACUUM INTO ?", (str(path),))
    db = Database(f"sqlite:///{path}", patience=0.2)
    db.migrate()
    with db.read() as reader:
        reader.execute(text("SELECT * FROM counter")).all()
        with db.write() as writer:
            db.allocate(writer, "entity", 1)
    db.close()
