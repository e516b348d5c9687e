"""Reading a folder: resumable anywhere, silent where nothing changed, and never more than a page in memory."""

from __future__ import annotations

import itertools
import os
import tracemalloc
from pathlib import Path

import pytest

from mapping.contract import Cursor
from mapping.errors import ConfigError, CursorExpiredError, ForbiddenError, TransientError
from tests.connectors.files.support import MORNING, Folder, Read

HEADER = "First Name,Last Name,URL,Email Address,Company,Position,Connected On\n"


def people(numbers: range, company: str = "Plum") -> str:
    rows = (f"Ann{n},Example,https://www.linkedin.com/in/ann{n},,{company},Buyer,07 Dec 2025\n" for n in numbers)
    return HEADER + "".join(rows)


def test_a_missing_path_is_a_mistake_in_the_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no file or folder"):
        Folder(tmp_path / "nowhere").connector().check()


def refused(*_: object, **__: object) -> None:
    raise PermissionError(13, "Permission denied")


def test_an_unreadable_file_is_a_missing_permission(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.put("a.csv", people(range(1)))
    # Root, as which tests often run, may read everything: the refusal is played.
    monkeypatch.setattr(Path, "open", refused)
    with pytest.raises(ForbiddenError, match=r"a\.csv"):
        folder.connector().check()


def test_an_unreadable_folder_is_not_an_empty_one(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.put("deep/a.csv", people(range(1)))
    monkeypatch.setattr(os, "scandir", refused)
    with pytest.raises(ForbiddenError):
        folder.read("linkedin_connections")


def test_a_file_that_vanishes_while_it_is_read_is_read_again_later(folder: Folder) -> None:
    path = folder.put("a.csv", people(range(1_200)))
    pages = folder.pages("linkedin_connections")
    next(pages)
    path.unlink()
    with pytest.raises(TransientError, match=r"a\.csv"):
        list(pages)


def test_a_file_that_is_written_to_while_it_is_read_ends_the_reading(folder: Folder) -> None:
    path = folder.put("a.csv", people(range(1_200)))
    pages = folder.pages("linkedin_connections")
    next(pages)
    with path.open("a") as handle:
        handle.write("Eve,Late,,,,,\n")
    with pytest.raises(TransientError, match="written to"):
        list(pages)


def test_a_cursor_inside_a_file_that_changed_is_expired(folder: Folder) -> None:
    folder.put("a.csv", people(range(1_200)))
    first = next(folder.pages("linkedin_connections"))
    folder.put("a.csv", people(range(1_201)))
    with pytest.raises(CursorExpiredError):
        folder.read("linkedin_connections", first.cursor)


@pytest.mark.parametrize("cursor", ["", "[]", "{}", '{"mark": 1, "at": [1]}', "not json", "null"])
def test_a_foreign_cursor_is_expired(folder: Folder, cursor: str) -> None:
    folder.put("a.csv", people(range(3)))
    if cursor:
        with pytest.raises(CursorExpiredError):
            folder.read("linkedin_connections", Cursor(cursor))


def test_nothing_is_read_again_while_no_file_changes(folder: Folder) -> None:
    folder.put("a.csv", people(range(3)))
    done = folder.read("linkedin_connections").cursor
    again = folder.read("linkedin_connections", done)
    assert [(page.records, page.complete, page.cursor) for page in again.pages] == [((), False, done)]


def test_a_changed_file_is_read_anew_and_says_so(folder: Folder) -> None:
    folder.put("a.csv", people(range(3)))
    done = folder.read("linkedin_connections").cursor
    folder.put("a.csv", people(range(1, 4)), MORNING + 60)
    again = folder.read("linkedin_connections", done)
    assert again.pages[0].begins
    assert again.pages[-1].complete
    assert [record.remote_id[-4:] for record in again.records] == ["ann1", "ann2", "ann3"]


def test_a_replaced_file_under_another_name_makes_no_second_copies(folder: Folder) -> None:
    folder.put("connections.csv", people(range(3)))
    before = folder.read("linkedin_connections")
    (folder.path / "connections.csv").unlink()
    folder.put("connections (1).csv", people(range(3), "Pear"), MORNING + 60)
    after = folder.read("linkedin_connections", before.cursor)
    assert set(after.latest) == set(before.latest)
    assert {body["Company"] for body in after.bodies} == {"Pear"}


def test_an_older_file_never_overrides_a_newer_one(folder: Folder) -> None:
    folder.put("a-new.csv", people(range(2), "New"), MORNING + 3600)
    folder.put("z-old.csv", people(range(3), "Old"), MORNING)
    latest = folder.read("linkedin_connections").latest
    assert [record.body["Company"] for record in latest.values()] == ["New", "New", "Old"]


def test_files_that_are_gone_leave_an_empty_complete_enumeration(folder: Folder) -> None:
    path = folder.put("a.csv", people(range(3)))
    done = folder.read("linkedin_connections").cursor
    path.unlink()
    (page,) = folder.read("linkedin_connections", done).pages
    assert (page.records, page.complete, page.begins) == ((), True, True)


def test_resuming_behind_any_page_gives_the_same_records(folder: Folder) -> None:
    folder.put("a.csv", people(range(1_700)))
    folder.put("b.csv", people(range(1_700, 2_000)), MORNING + 1)
    whole = folder.read("linkedin_connections")
    assert [len(page.records) for page in whole.pages] == [500, 500, 500, 500, 0]
    for stop in range(1, len(whole.pages)):
        begun = list(itertools.islice(folder.pages("linkedin_connections"), stop))
        resumed = folder.read("linkedin_connections", begun[-1].cursor)
        assert Read(begun + resumed.pages).records == whole.records
        assert not resumed.pages[0].begins
        assert resumed.pages[-1].complete


def test_a_changed_setting_is_a_reason_to_read_again(folder: Folder) -> None:
    folder.put("a.csv", people(range(3)))
    done = folder.read("linkedin_connections").cursor
    folder.config["system"] = "north"
    assert len(folder.read("linkedin_connections", done).records) == 3


@pytest.mark.parametrize("shape", ["{0}/a.csv", "{0}", "{0}/*.csv", "{0}/../*/a.csv"])
def test_a_file_a_folder_and_a_glob_lead_to_the_same(folder: Folder, shape: str) -> None:
    folder.put("a.csv", people(range(3)))
    found = Folder(folder.path, path=shape.format(folder.path)).read("linkedin_connections")
    assert len(found.records) == 3


def test_leftovers_of_systems_and_editors_are_passed_over(folder: Folder) -> None:
    folder.put(".DS_Store", b"\0\0")
    folder.put("~$book.xlsx", b"PK\x03\x04")
    folder.put("deep/er/a.csv", people(range(2)))
    assert folder.read("unrecognised").errors == []
    assert len(folder.read("linkedin_connections").records) == 2


def test_the_account_is_the_place_unless_the_admin_names_the_system(folder: Folder, tmp_path: Path) -> None:
    folder.put("a.csv", people(range(1)))
    account = folder.connector().check()
    assert account.id.startswith("files:")
    assert "linkedin_connections: a.csv" in account.name
    (tmp_path / "link").symlink_to(folder.path)
    assert Folder(tmp_path / "link").connector().check().id == account.id
    folder.config["system"] = "north"
    assert folder.connector().check().id == "files:north"


def test_the_name_of_the_account_is_short_however_many_files_there_are(folder: Folder) -> None:
    folder.put("a.csv", people(range(1)))
    id_ = folder.connector().check().id
    for number in range(40):
        folder.put(f"{'long' * 20}{number}.csv", people(range(1)))
        folder.put(f"{number}.txt", "nobody's")
        folder.put(f"{number}.eml", "From: ann@x.example\n\nHello\n")
    account = folder.connector().check()
    assert account.id == id_
    assert len(account.name) < 200
    assert account.name.endswith("and 118 more files)")


def test_a_large_file_is_read_with_flat_memory(folder: Folder) -> None:
    filler = "x" * 950
    path = folder.path / "big.csv"
    with path.open("w") as handle:
        handle.write(HEADER)
        for n in range(20_000):
            handle.write(f"Ann{n},Example,https://www.linkedin.com/in/ann{n},,Plum,{filler},07 Dec 2025\n")
    assert path.stat().st_size > 20_000_000
    pages = folder.pages("linkedin_connections")
    next(pages)
    tracemalloc.start()
    try:
        assert sum(len(page.records) for page in pages) == 19_500
        assert tracemalloc.get_traced_memory()[1] < 6_000_000
    finally:
        tracemalloc.stop()
