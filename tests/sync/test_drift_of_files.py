"""Schema drift of exports: the columns of the files are their fields."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from state.schedules import JobKind
from sync import job
from sync.reports import StreamReport
from tests.sync.hubs import Stage, stream, values

OWN: dict[str, Any] = {
    "match": "till*.csv",
    "stream": "till",
    "id": "No",
    "entities": [
        {"kind": "person", "fields": {"name": "Name", "email": "Mail", "phone": "Phone", "custom.shop": "Shop"}}
    ],
}
BEFORE = "No,Name,Mail,Phone,Shop\n1,Ann Lee,ann@x.example,020 7946 0958,North\n2,Bo Ray,bo@x.example,,South\n"
AFTER = "No,Name,Mail,Shop,Colour\n1,Ann Leigh,ann@x.example,,teal\n2,Bo Ray,bo@x.example,South,\n"
GOOGLE = "First Name,Last Name,Labels,E-mail 1 - Label,E-mail 1 - Value,Phone 1 - Value,Organization Name,Hobby\n"
ROW = "Ann,Lee,,,ann@x.example,{phone}Firm,{hobby}\n"


@pytest.fixture
def exports(stage: Stage) -> Stage:
    """A stage that reads a folder of exports."""
    (stage.folder / "exports").mkdir()
    config = {"path": str(stage.folder / "exports"), "layouts": {"own": OWN}}
    stage.settings["connections"] = {"exports": {"connector": "files", "config": config}}
    stage.configure()
    return stage


def _put(stage: Stage, name: str, text: str) -> None:
    (stage.folder / "exports" / name).write_text(text, encoding="utf-8")


def _read(stage: Stage, name: str) -> StreamReport:
    return stream(stage.sync(allow_deletes=True), f"exports/{name}")


def _ann(stage: Stage) -> dict[str, Any]:
    return values(stage.customer("ann@x.example"))


def test_a_column_that_is_gone_empties_nobody_and_the_rest_of_the_file_is_read(exports: Stage) -> None:
    _put(exports, "till.csv", BEFORE)
    _read(exports, "till")
    _put(exports, "till.csv", AFTER)
    told = _read(exports, "till")
    assert "vanished: Phone (read by person.phone)" in told.message
    assert "new: Colour" in told.message
    assert (told.status, told.changed) == ("ok", 1), "only the record that changed otherwise"
    assert (_ann(exports)["phone"], _ann(exports)["name"]) == ("+442079460958", "Ann Leigh")
    assert "custom.shop" not in _ann(exports), "a cell that was emptied is empty"
    exports.hub.mending.accept("exports", "till", ["Phone"])
    assert "phone" not in _ann(exports)


@pytest.mark.parametrize("contract", ["evolve", "stop"])
def test_a_folder_that_was_emptied_is_told_as_that_and_not_as_fields_that_vanished(
    exports: Stage, contract: str
) -> None:
    exports.configure("exports", streams={"till": {"schema": contract}, "google_contacts": {}})
    _put(exports, "till.csv", BEFORE)
    _put(exports, "contacts.csv", GOOGLE + ROW.format(phone="020 7946 0958,", hobby="Chess"))
    exports.sync()
    for name in ("till.csv", "contacts.csv"):
        (exports.folder / "exports" / name).unlink()
    for told in exports.hub.sync().streams:
        assert told.status == "failed"
        assert "known records are no longer there" in told.message
        assert "fields" not in told.message
    _put(exports, "till.csv", BEFORE)
    _put(exports, "contacts.csv", GOOGLE + ROW.format(phone="020 7946 0958,", hobby="Chess"))
    assert [one.message for one in exports.sync().streams] == ["", ""]


def test_a_built_in_layout_keeps_what_it_made_of_a_column_that_is_gone(exports: Stage) -> None:
    _put(exports, "contacts.csv", GOOGLE + ROW.format(phone="020 7946 0958,", hobby="Chess"))
    _read(exports, "google_contacts")
    assert _ann(exports)["phone"] == "+442079460958"
    fewer = GOOGLE.replace("Phone 1 - Value,", "")
    _put(exports, "contacts.csv", fewer + ROW.format(phone="", hobby="Go"))
    told = _read(exports, "google_contacts")
    assert "vanished: Phone 1 - Value (values computed from it)" in told.message
    assert (_ann(exports)["phone"], _ann(exports)["custom.Hobby"]) == ("+442079460958", "Go")
    report = exports.hub.mending.accept("exports", "google_contacts")
    assert "--full" in report.message
    exports.sync("exports", full=True)
    assert "phone" not in _ann(exports)


def test_a_frozen_layout_shows_a_new_column_to_no_rule(exports: Stage) -> None:
    _put(exports, "contacts.csv", GOOGLE + ROW.format(phone=",", hobby="Chess"))
    _read(exports, "google_contacts")
    exports.configure("exports", streams={"google_contacts": {"schema": "freeze"}})
    _put(exports, "contacts.csv", GOOGLE.replace("\n", ",Colour\n") + ROW.format(phone=",", hobby="Go,teal"))
    assert "new: Colour" in _read(exports, "google_contacts").message
    assert (_ann(exports)["custom.Hobby"], _ann(exports).get("custom.Colour")) == ("Go", None)
    exports.hub.mending.accept("exports", "google_contacts")
    assert _ann(exports)["custom.Colour"] == "teal"


def test_a_stream_that_was_stopped_is_told_by_the_job_that_reads_it(exports: Stage) -> None:
    _put(exports, "till.csv", BEFORE)
    _read(exports, "till")
    exports.configure("exports", streams={"till": {"schema": "stop"}, "google_contacts": {}})
    _put(exports, "till.csv", AFTER)
    path: Path = exports.folder / "concord.yaml"
    assert exports.hub.settings.connections.keys() == {"exports"}
    for _ in range(2):
        result = job.run(job.Task(path, path.read_text(encoding="utf-8"), JobKind.READ, "exports"))
        assert result.status == "failed"
        assert "concord schema accept exports till" in result.message
        assert not result.crashes
