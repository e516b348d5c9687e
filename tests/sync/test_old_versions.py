"""Databases of every version there ever was: brought up to date with all they hold, and synced from there.

For each version its own migrations make the database, and statements of that time fill it. A later migration joins by
being there; where it adds a table that a hub of that version would have filled, its rows are added to ``ROWS``.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from state.database import Connection, Database
from state.tables import metadata
from state.versions import HEAD, VERSION_TABLE, config, found_version, is_current, upgrade
from sync.opening import open_database
from tests.sync.hubs import Stage, person

ONCE = "2026-05-01T12:00:00.000000Z"
BODY = (
    '{"account":"memory-shop","created_at":"2026-05-01T12:00:00.000Z","id":"1","properties":{"display_name":"Ana Pine",'
    '"email":"ana@pine.example","family_name":"Pine","given_name":"Ana"},"refs":{},"team":"sales",'
    '"updated_at":"2026-05-01T12:00:00.000Z"}'
)
VALUES = '{"given_name":"Ana","family_name":"Pine","email":"ana@pine.example","name":"Ana Pine"}'
RUN = "kind, connection_id, stream, started_at, ended_at, status, error, counts, lease, fence"
RAW = "id, slice_id, remote_id, state, hash, version, changed_at, observed_at, generation, body"
ENTITY = 'id, raw_id, part, kind, founding, live, name_key, "values", since, echo, rules'
LETTER = "direction, connection_id, stream, slice, remote_id, reason, state, times, first_at, last_at"
SHADOW = (
    "connection_id, object, remote_id, subject_kind, subject_key, role, state, sent, observed, refs, version,"
    " updated_at"
)
ROWS: dict[str, tuple[str, ...]] = {
    "0001": (
        "INSERT INTO counter (name, next) VALUES ('raw_record', 5001), ('entity', 5001), ('fact', 5001)",
        "INSERT INTO connection (id, name, connector, account_id, account_name, created_at)"
        f" VALUES ('shop', 'shop', 'memory', 'memory-shop', 'shop', '{ONCE}')",
        "INSERT INTO slice (connection_id, stream, key, title, rules)"
        " VALUES ('shop', 'people', 'sales', 'Sales', 'of-long-ago')",
        f"INSERT INTO raw_record ({RAW})"
        f" VALUES (1, 1, '1', 'live', 'hash-of-long-ago', '1', '{ONCE}', '{ONCE}', 1, '{BODY}')",
        "INSERT INTO sighting (raw_id, slice_id, generation) VALUES (1, 1, 1)",
        f"INSERT INTO entity ({ENTITY}) VALUES (1, 1, 'person', 'person', true, true, 'ana pine', '{VALUES}',"
        f""" '{{"*":"{ONCE}"}}', '[]', 'of-long-ago')""",
        f"INSERT INTO identifier (entity_id, kind, value, since) VALUES (1, 'email', 'ana@pine.example', '{ONCE}')",
        f"INSERT INTO customer (id, kind, status, created_at) VALUES ('c_of_long_ago', 'person', 'live', '{ONCE}')",
        "INSERT INTO customer (id, kind, status, merged_into, created_at)"
        f" VALUES ('c_merged', 'person', 'merged', 'c_of_long_ago', '{ONCE}')",
        "INSERT INTO membership (entity_id, customer_id) VALUES (1, 'c_of_long_ago')",
        'INSERT INTO golden_record (customer_id, hash, "values", provenance)'
        f""" VALUES ('c_of_long_ago', 'x', '{VALUES}', '{{"*":[1,"only","{ONCE}"]}}')""",
        f"INSERT INTO run ({RUN}) VALUES ('pull', 'shop', 'people', '{ONCE}', '{ONCE}', 'ok', '',"
        """ '{"read":1,"new":1}', 'pull:shop:people', 1)""",
        f"INSERT INTO run ({RUN}) VALUES ('pull', 'shop', 'people', '{ONCE}', NULL, 'running', NULL,"
        " '{}', 'pull:shop:people', 2)",
        f"INSERT INTO lease (name, owner, fence, until) VALUES ('pull:shop:people', NULL, 2, '{ONCE}')",
        "INSERT INTO event (at, kind, actor, ids)"
        f""" VALUES ('{ONCE}', 'merged', 'resolve', '{{"customer":"c_merged"}}')""",
        "INSERT INTO audit (at, actor, action, ids)"
        f""" VALUES ('{ONCE}', 'admin', 'rebind', '{{"connection":"shop"}}')""",
        f"INSERT INTO dead_letter ({LETTER})"
        f" VALUES ('in', 'shop', 'people', 'sales', '9', 'it names nobody', 'resolved', 1, '{ONCE}', '{ONCE}')",
        f"INSERT INTO shadow ({SHADOW}) VALUES ('crm', 'people', '77', 'customer', 'c_of_long_ago', 'primary', 'live',"
        f" '{{}}', '{{}}', '{{}}', 1, '{ONCE}')",
        "INSERT INTO plan (hash, created_at, expires_at, state, header)"
        f" VALUES ('cafe', '{ONCE}', '{ONCE}', 'open', '{{}}')",
    ),
    "0002": (
        "INSERT INTO sweep (connection_id, stream, tried_at, completed_at)"
        f" VALUES ('shop', 'people', '{ONCE}', '{ONCE}')",
    ),
    "0003": ("UPDATE run SET part_of = 1 WHERE id = 2",),
    "0004": ("UPDATE connection SET system = 'memory'",),
    "0005": (
        "INSERT INTO schedule (job, kind, connection, spec, due_at, tries, status)"
        f" VALUES ('read:shop', 'read', 'shop', 'every 10 minutes', '{ONCE}', 0, 'ok')",
    ),
    "0006": (
        """INSERT INTO trait (customer_id, "values", provenance) VALUES ('c_of_long_ago', '{}', '{}')""",
        "INSERT INTO trait_rules (id, version) VALUES (1, 'of-long-ago')",
    ),
    "0007": (
        "INSERT INTO judgement (at, actor, note, taken_back_at, taken_back_by)"
        f" VALUES ('{ONCE}', 'admin', '', '{ONCE}', 'admin')",
    ),
}
VERSIONS = sorted(script.revision for script in ScriptDirectory.from_config(config()).walk_revisions())


def made(url: str, version: str) -> None:
    """A database as a hub of that version left it."""
    if url.startswith("sqlite"):
        Path(url.removeprefix("sqlite:///")).touch()
    db = Database(url)
    with db.write() as c:
        upgrade(c, version)
        for since, statements in ROWS.items():
            if since <= version:
                for statement in statements:
                    c.exec_driver_sql(statement.replace("%", "%%"))
        assert found_version(c) == version
    db.close()


def counted(c: Connection) -> dict[str, int]:
    """How many rows each table has."""
    names = [name for name in inspect(c).get_table_names() if name != VERSION_TABLE]
    return {name: c.exec_driver_sql(f'SELECT count(*) FROM "{name}"').scalar_one() for name in names}


def test_every_version_is_one_that_is_tried() -> None:
    assert VERSIONS[0] == "0001"
    assert VERSIONS[-1] == HEAD
    assert set(ROWS) <= set(VERSIONS)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_database_of_any_version_is_brought_up_to_date_and_synced(
    version: str, empty_database_url: str, tmp_path: Path
) -> None:
    made(empty_database_url, version)
    db = Database(empty_database_url)
    with db.read() as c:
        before = counted(c)
    db.migrate()
    with db.read() as c:
        assert is_current(c, "here")
        found = MigrationContext.configure(c, opts={"version_table": VERSION_TABLE, "compare_type": True})
        assert compare_metadata(found, metadata) == []
        after = counted(c)
    assert {name: after[name] for name in before} == before, "no row is lost, and none is made up"
    db.close()
    stage = Stage(tmp_path, empty_database_url)
    stage.shop.put("people", person("Ana Pine", email="ana@pine.example"))
    stage.shop.put("people", person("Bo Elm", email="bo@elm.example"))
    assert stage.sync("shop").ok
    assert {one.id for one in stage.customers("Ana")} == {"c_of_long_ago"}
    assert len(stage.customers()) == 2
    assert stage.hub.customer("c_merged").id == "c_of_long_ago"
    stage.hub.status()
    assert stage.hub.runs()
    assert stage.sync("shop").streams[0].changed == 0
    stage.close()


def test_a_hub_that_is_opened_brings_its_database_up_to_date(empty_database_url: str, tmp_path: Path) -> None:
    made(empty_database_url, "0004")
    stage = Stage(tmp_path, empty_database_url)
    db = open_database(stage.hub.settings.hub)
    with db.read() as c:
        assert is_current(c, "here")
    db.close()
    stage.close()
