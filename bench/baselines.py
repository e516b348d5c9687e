"""The baselines that reading is measured beside: the least that it could cost, and dlt."""

from __future__ import annotations

import os
import resource
import sqlite3
from collections.abc import Callable
from pathlib import Path

Work = Callable[[], int]
"""A contender, its libraries loaded; returns how many records it has stored."""


def floor(url: str, folder: Path) -> Work:
    """Pages into one table, as JSON text under the id."""
    import httpx
    import orjson

    def work() -> int:
        db = sqlite3.connect(folder / "floor.db")
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=NORMAL")
        db.execute("CREATE TABLE contact (id TEXT PRIMARY KEY, body TEXT NOT NULL)")
        count = 0
        with httpx.Client(base_url=url) as client:
            cursor: str | None = "0"
            while cursor is not None:
                page = orjson.loads(client.get("/contacts", params={"cursor": cursor}).content)
                rows = [(row["id"], orjson.dumps(row).decode()) for row in page["results"]]
                db.executemany("INSERT INTO contact VALUES (?, ?)", rows)
                db.commit()
                count += len(rows)
                cursor = page["next"]
        return count

    return work


def with_dlt(url: str, folder: Path) -> Work:
    """dlt's REST source into SQLite, as its documentation shows it."""
    os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
    os.environ["DLT_DATA_DIR"] = str(folder / "dlt")
    import dlt
    from dlt.sources.rest_api import rest_api_source

    def work() -> int:
        source = rest_api_source({
            "client": {"base_url": url},
            "resources": [{
                "name": "contacts",
                "primary_key": "id",
                "endpoint": {
                    "path": "contacts",
                    "data_selector": "results",
                    "paginator": {"type": "cursor", "cursor_path": "next", "cursor_param": "cursor"},
                },
            }],
        })  # fmt: skip
        destination = dlt.destinations.sqlalchemy(f"sqlite:///{folder / 'dlt.db'}")
        pipeline = dlt.pipeline("bench", destination=destination, dataset_name="bench", pipelines_dir=str(folder))
        pipeline.run(source, loader_file_format="typed-jsonl")
        with pipeline.sql_client() as client:
            rows = client.execute_sql("SELECT count(*) FROM contacts")
        assert rows is not None
        return int(rows[0][0])

    return work


def peak_mb() -> float:
    """The most memory of this process so far; one that works in two processes pays for both."""
    return sum(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 1024
