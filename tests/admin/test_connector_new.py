"""``concord connector new`` writes a connector that works, and never over anything."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.admin.conftest import Concord
from tests.checkout import ROOT


def test_a_name_that_is_none_is_refused_with_the_rule(concord: Concord, tmp_path: Path) -> None:
    for name in ("Acme", "9lives", "a-b", "a__b", "../x", "", "class", "x" * 25):
        done = concord("connector", "new", name)
        assert done.exit_code == 2, name
        assert "connector's name" in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_name_that_a_connector_has_is_refused(concord: Concord, tmp_path: Path) -> None:
    done = concord("connector", "new", "hubspot")
    assert done.exit_code == 2
    assert "there is a connector 'hubspot' already" in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_there_is_left_as_it_is(concord: Concord, tmp_path: Path) -> None:
    kept = tmp_path / "concord-acme" / "mine.txt"
    kept.parent.mkdir()
    kept.write_text("mine")
    done = concord("connector", "new", "acme")
    assert done.exit_code == 2
    assert "is there already" in done.stderr
    assert list(kept.parent.iterdir()) == [kept]


def test_a_folder_that_cannot_be_made_is_said_in_one_line(concord: Concord) -> None:
    done = concord("connector", "new", "acme", "--folder", "nowhere/at/all")
    assert done.exit_code == 2
    assert "cannot be made" in done.stderr


def test_the_answer_says_what_was_written_and_what_to_do_next(concord: Concord, tmp_path: Path) -> None:
    told = json.loads(concord("--json", "connector", "new", "acme", "--folder", str(tmp_path)).stdout)
    place = tmp_path / "concord-acme"
    assert told["folder"] == str(place)
    assert sorted(told["files"]) == sorted(str(file.relative_to(place)) for file in place.rglob("*") if file.is_file())
    assert told["next"]["install"].endswith(str(place))


@pytest.mark.parametrize("name", ["x", "acme_crm", "a_vendor_of_many_letters"])
def test_what_is_written_for_another_name_is_clean_and_speaks_of_no_other(
    concord: Concord, tmp_path: Path, name: str
) -> None:
    assert concord("connector", "new", name).exit_code == 0
    (place,) = tmp_path.iterdir()
    assert not [file for file in place.rglob("*") if file.is_file() and "undial" in file.read_text() + file.name]
    run(place, "ruff", "check", "--no-cache", ".")


def test_what_is_written_for_another_name_keeps_the_promises(concord: Concord, tmp_path: Path) -> None:
    assert concord("connector", "new", "acme_crm").exit_code == 0
    run(tmp_path / "concord-acme-crm", "pytest", "-x", "-k", "echo or complete or stale")


def run(place: Path, *words: str) -> None:
    """Runs a module of this Python there, with the checkout in reach; fails with it."""
    surroundings = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", *words]
    done = subprocess.run(command, cwd=place, env=surroundings, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
