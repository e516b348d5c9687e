"""Tables in any encoding and dialect; a broken row costs itself only."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.files.text import Encoding, detect
from tests.connectors.files.support import Folder

NAMES = "Zoë,Müller\nJosé,Núñez\nBjörn,Ångström\n"


def linkedin(names: str, delimiter: str = ",") -> str:
    rows = [line.split(",") for line in names.strip().split("\n")]
    body = "".join(f"{first},{last},,Plum,07 Dec 2025\n" for first, last in rows)
    return f"First Name,Last Name,URL,Company,Connected On\n{body}".replace(",", delimiter)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize(
    "encoding",
    ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "latin-1", "mac_roman"],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_every_encoding_with_every_delimiter_reads_alike(
    folder: Folder, encoding: str, delimiter: str, newline: str
) -> None:
    folder.put("a.csv", linkedin(NAMES, delimiter).replace("\n", newline).encode(encoding))
    bodies = folder.read("linkedin_connections").bodies
    assert [(b["First Name"], b["Last Name"]) for b in bodies] == [
        ("Zoë", "Müller"),
        ("José", "Núñez"),
        ("Björn", "Ångström"),
    ]


@pytest.mark.parametrize(
    ("encoding", "names"),
    [
        ("cp1250", "Žofie,Dvořáková\nLukáš,Švec\n"),
        ("cp1251", "Иван,Петров\nАнна,Смирнова\n"),
        ("cp1253", "Γιώργος,Παπαδόπουλος\nΕλένη,Νικολάου\n"),
        ("cp1254", "Ayşe,Yıldız\nOğuz,Şahin\n"),
        ("cp932", "太郎,山田\n花子,佐藤\n健一,鈴木\n"),
        ("gb18030", "小明,王\n雷,李\n梅梅,韩\n"),
        ("utf-16-le", "太郎,山田\n花子,佐藤\n"),
    ],
)
def test_code_pages_of_other_scripts_are_told_apart(encoding: str, names: str) -> None:
    raw = linkedin(names).encode(encoding)
    assert detect(raw, whole=True).decode(raw) == linkedin(names)


@pytest.mark.parametrize(
    "said",
    ["Sean,O’Brien\n", "D’Angelo,Ravel’s\n", "“Ann”,Lee – “Bob”\n", "„Gut“,Lee\n", "Smith & Wesson™,…\n", "5,00 €\n",
     "Sean,O’Brien\nJörg,Höß\n", "James’ shop,it’s «open»\n"],
)  # fmt: skip
def test_quotes_dashes_and_the_euro_of_windows_are_no_letters_of_another_code_page(said: str) -> None:
    """Often they are all that is odd in a table; elsewhere their places are letters, or halves of a character."""
    raw = linkedin(said).encode("cp1252")
    assert detect(raw, whole=True).decode(raw) == linkedin(said)


@pytest.mark.parametrize("said", ["Jürgen,Höß\nÅsa,Ñandú\n", "José,Núñez\n", "García,Martín\n"])
@pytest.mark.parametrize("encoding", ["cp850", "mac_roman", "cp1252"])
def test_western_names_are_read_out_of_the_pages_of_dos_and_of_old_macs_too(encoding: str, said: str) -> None:
    raw = linkedin(said).encode(encoding)
    assert detect(raw, whole=True).decode(raw) == linkedin(said)


@pytest.mark.parametrize(
    ("encoding", "said"),
    [
        ("cp1252", "NESCAFÉ® Gold"),
        ("cp1252", "ANDRÉ–RENÉ…"),
        ("cp1250", "CAFÉ®"),
        ("mac_roman", "12 rue de l’Église"),
    ],
)
def test_letters_that_are_utf_8_by_chance_stay_what_the_page_says(encoding: str, said: str) -> None:
    line = said.encode(encoding)
    assert line.decode("utf-8"), "else it would prove nothing"
    assert Encoding(encoding).decode(line) == said


@pytest.mark.parametrize(
    ("encoding", "said"),
    [
        ("cp1250", "ŁUKASZ,ŻÓŁKIEWSKI\nŚWIĘTOSŁAW,JĘDRZEJCZYK\nSTANISŁAW,DĄBROWSKI\n"),
        ("mac_roman", "JÜRGEN,MÜLLER\nBJÖRN,SCHÄFER\n"),
        ("cp1252", "SØREN,ÆRØ\nÅSE,KØBENHAVN\n"),
    ],
)
def test_capitals_of_other_pages_are_no_small_letters_of_dos(encoding: str, said: str) -> None:
    raw = linkedin(said).encode(encoding)
    assert detect(raw, whole=True).codec != "cp850"


def test_a_line_of_utf_8_in_a_file_of_a_code_page_is_read_as_what_it_is(folder: Folder) -> None:
    early = linkedin("Jürgen,Höß\nAnn,Bêta\n").encode("cp1252")
    folder.put("a.csv", early + "Jörg,Ångström,,Plum,07 Dec 2025\n".encode())
    assert [one["First Name"] for one in folder.read("linkedin_connections").bodies] == ["Jürgen", "Ann", "Jörg"]


def test_the_admin_may_say_the_encoding_and_the_delimiter(folder: Folder) -> None:
    folder.config.update(encoding="cp850", delimiter=";")
    folder.put("a.csv", linkedin(NAMES, ";").encode("cp850"))
    assert folder.read("linkedin_connections").bodies[0]["Last Name"] == "Müller"


def test_a_late_byte_in_another_encoding_costs_nothing_else(folder: Folder) -> None:
    early = "".join(f"Ann{n},Bêta,,Plum,\n" for n in range(6_000))
    raw = f"First Name,Last Name,URL,Company,Connected On\n{early}".encode() + "Jo,Gruyère,,Plum,\n".encode("cp1252")
    folder.put("a.csv", raw)
    read = folder.read("linkedin_connections")
    assert (len(read.records), read.errors) == (6_001, [])
    assert read.bodies[-1]["Last Name"] == "Gruyère"


def test_broken_rows_cost_one_record_each_and_tell_no_values(folder: Folder) -> None:
    folder.put(
        "a.csv",
        "First Name,Last Name,URL,Company,Connected On\n"
        "Ann,One,,Plum,07 Dec 2025\n"
        "Bob,Secret,,Plum,07 Dec 2025,extra,cells\n"
        "Cyd,Few\n"
        'Dee,"Never closed,,Plum,07 Dec 2025\n'
        'Eve,"Two\nlines",,Plum,07 Dec 2025\n'
        'Fay,"Quoted"tail,,Plum,07 Dec 2025\n'
        "Gus,Nul\0byte,,Plum,07 Dec 2025\n"
        "\n"
        "Hal,Trailing,,Plum,07 Dec 2025,,,\n",
    )
    read = folder.read("linkedin_connections")
    assert read.errors == ["a.csv:3: more cells than columns", "a.csv:5: a quote is not closed"]
    assert [body["First Name"] for body in read.bodies] == ["Ann", "Cyd", "Eve", "Fay", "Gus", "Hal"]
    assert read.bodies[2]["Last Name"] == "Two\nlines"
    assert read.bodies[4]["Last Name"] == "Nulbyte"


def test_huge_cells_and_endless_lines_cost_one_record(folder: Folder) -> None:
    folder.put(
        "a.csv",
        "First Name,Last Name,URL,Company,Connected On\n"
        f"Ann,{'x' * 500_000},,Plum,\n"
        f"Bob,{'y' * 3_000_000},,Plum,\n"
        "Cyd,Three,,Plum,\n",
    )
    read = folder.read("linkedin_connections")
    assert [body["First Name"] for body in read.bodies] == ["Ann", "Cyd"]
    assert read.errors == ["a.csv:3: a line is too long"]


def test_notes_above_the_header_and_excels_separator_line_are_passed_over(folder: Folder) -> None:
    preamble = 'Notes:\n"When exporting your connection data, some emails, are missing.\nThat is so."\n\n'
    folder.put("a.csv", preamble + linkedin("Ann,Looper"))
    folder.put("b.csv", "sep=;\n" + linkedin("Bob,Byrne", ";"))
    assert [body["First Name"] for body in folder.read("linkedin_connections").bodies] == ["Ann", "Bob"]


def test_columns_in_another_order_and_case_are_the_same(folder: Folder) -> None:
    folder.put("a.csv", "connected on,LAST NAME,  First  Name ,URL,Brand new\n07 Dec 2025,Looper,Ann,,x\n")
    (body,) = folder.read("linkedin_connections").bodies
    assert (body["First Name"], body["Last Name"], body["Brand new"]) == ("Ann", "Looper", "x")


def test_a_stream_describes_its_columns_and_what_the_layout_makes_of_them(folder: Folder) -> None:
    folder.put("a.csv", linkedin("Ann,Looper"))
    fields = folder.stream("linkedin_connections").describe().fields
    columns = {name for name in fields if not name.startswith("_")}
    assert columns == {"First Name", "Last Name", "URL", "Company", "Connected On"}
    assert "_person" in fields


@settings(max_examples=60, deadline=None)
@given(raw=st.binary(max_size=400), codec=st.sampled_from(["", "utf-16", "cp1252", "utf-32-be"]))
def test_no_bytes_can_make_detection_fail(raw: bytes, codec: str) -> None:
    encoding = detect(raw, codec, whole=True)
    assert isinstance(encoding.decode(raw), str)
