"""What is loaded here is measured against a file that says who is who; a file that is wrong is refused by its lines."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from mapping.errors import ConfigError
from sync.figures import EvaluationReport
from tests.sync.hubs import Stage, person
from tests.sync.lists import Lists

HEAD = "connection,stream,slice,remote_id,part,entity"


def _loaded(stage: Stage) -> None:
    """Ann's two records are one by their email; Cy and Di share one and are two; Bob's two records share nothing."""
    for one in (
        person("Ann Lee", email="ann@home.example"),
        person("A Lee", email="ann@home.example"),
        person("Bob Ray", email="bob@home.example"),
        person("Robert Ray", email="rob@work.example"),
        person("Cy Orr", email="fam@orr.example"),
        person("C Orr", email="fam@orr.example"),
        person("Ed Moe", email="ed@moe.example"),
    ):
        stage.shop.put("people", one)
    stage.sync()


def _write(stage: Stage, rows: Sequence[str], head: str = HEAD, name: str = "truth.csv") -> Path:
    path = stage.folder / name
    path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return path


WHO = ("Ann", "Ann", "Bob", "Bob", "Cy", "Di")
ROWS = [f"shop,people,sales,{n},person,{who}" for n, who in enumerate(WHO, 1)]


def _evaluate(
    stage: Stage, rows: Sequence[str] = ROWS, head: str = HEAD, show_values: bool = False
) -> EvaluationReport:
    return stage.hub.identity.evaluate(_write(stage, rows, head), show_values=show_values)


def _refused(stage: Stage, rows: Sequence[str], head: str = HEAD) -> str:
    with pytest.raises(ConfigError) as caught:
        _evaluate(stage, rows, head)
    return str(caught.value)


def test_the_figures_are_those_of_the_records_that_both_know(stage: Stage) -> None:
    _loaded(stage)
    report = _evaluate(stage, [*ROWS, "shop,people,,99,,Zed"])
    assert (report.records, report.entities, report.unlisted, report.missing) == (6, 4, 1, 1)
    assert report.missing_sample == ["shop/people/99 (line 8)"]
    told = report.quality
    assert (told.precision, told.recall, told.clusters_exact) == (0.5, 0.5, 1)
    assert told.b3 == pytest.approx(5 / 6)


def test_slice_and_part_may_be_left_out_where_one_record_alone_can_be_meant(stage: Stage) -> None:
    _loaded(stage)
    whole = _evaluate(stage)
    for head, rows in (
        (HEAD, [f"shop,people,,{n},,{row.rpartition(',')[2]}" for n, row in enumerate(ROWS, 1)]),
        (
            "Entity;remote_id;stream;Connection",
            [f"{r.rpartition(',')[2]};{n};people;shop" for n, r in enumerate(ROWS, 1)],
        ),
    ):
        assert _evaluate(stage, rows, head) == whole


def test_a_record_that_could_be_several_is_told_and_not_guessed(stage: Stage) -> None:
    stage.connectors["shop"] = Lists(held={"north": {"1": "Ann Lee"}, "support": {"1": "Bo Orr"}})
    stage.sync("shop")
    report = _evaluate(stage, ["shop,people,,1,,Ann", "shop,people,support,1,,Bo"])
    assert (report.records, report.unclear, report.unclear_sample) == (1, 1, ["shop/people/1 (line 2)"])


def test_a_false_merge_is_told_with_the_link_and_a_miss_with_its_customers(stage: Stage) -> None:
    _loaded(stage)
    report = _evaluate(stage)
    (merged,) = report.false_merges
    assert [(part.of, part.records) for part in merged.parts] == [
        ("Cy", ["shop/people/sales/5"]),
        ("Di", ["shop/people/sales/6"]),
    ]
    (why,) = merged.why
    assert why.startswith("shop/people/sales/5 and shop/people/sales/6: same email")
    (missed,) = report.misses
    assert (missed.of, missed.pairs) == ("Bob", 1)
    assert sorted(record for part in missed.parts for record in part.records) == [
        "shop/people/sales/3",
        "shop/people/sales/4",
    ]
    assert stage.hub.customer(missed.parts[0].of).id == missed.parts[0].of


def test_names_and_values_are_shown_to_those_alone_who_ask_for_them(stage: Stage) -> None:
    _loaded(stage)
    assert "orr" not in str(_evaluate(stage)).casefold()
    shown = _evaluate(stage, show_values=True)
    assert [part.names for part in shown.false_merges[0].parts] == [["Cy Orr"], ["C Orr"]]
    assert shown.false_merges[0].why[0].endswith("fam@orr.example")


def test_a_record_of_nobodys_counts_by_itself(stage: Stage) -> None:
    stage.configure("shop", streams={"people": {"creates_customers": False}})
    _loaded(stage)
    report = _evaluate(stage)
    assert (report.records, report.nobodys, report.quality.clusters_found) == (6, 6, 6)


def test_a_file_that_is_no_table_with_these_columns_is_refused(stage: Stage, tmp_path: Path) -> None:
    _loaded(stage)
    assert "names no column stream, entity" in _refused(stage, ["shop,1"], "connection,remote_id")
    assert "column entity twice" in _refused(stage, ROWS, f"{HEAD},entity")
    assert "no row below" in _refused(stage, [])
    empty = tmp_path / "empty.csv"
    empty.write_bytes(b"")
    for data, said in (
        (b"", "it is empty"),
        ("\n".join([HEAD, *ROWS]).encode("utf-16"), "not in UTF-8"),
        (f'{HEAD}\nshop,people,,1,,"Ann'.encode(), "no table that can be read"),
    ):
        empty.write_bytes(data)
        with pytest.raises(ConfigError, match=said):
            stage.hub.identity.evaluate(empty)
    with pytest.raises(ConfigError, match="no such file"):
        stage.hub.identity.evaluate(tmp_path / "nowhere.csv")
    with pytest.raises(ConfigError, match="no such file"):
        stage.hub.identity.evaluate(tmp_path)


def test_every_wrong_row_is_told_by_its_line(stage: Stage) -> None:
    _loaded(stage)
    told = _refused(stage, [*ROWS, ROWS[0], ROWS[0].replace("Ann", "Bo"), "shop,people", "shop,people,,,,Ann"])
    assert "truth.csv:8: names the record of line 2 again, as the same" in told
    assert "truth.csv:9: names the record of line 2 again, as another entity" in told
    assert "truth.csv:10: has 2 columns; expected 6" in told
    assert "truth.csv:11: remote_id: is empty" in told
    assert "and 2 more mistakes" in _refused(stage, [*ROWS, *[ROWS[0]] * 12])


def test_a_connection_or_stream_that_is_not_here_is_told_with_the_nearest(stage: Stage) -> None:
    _loaded(stage)
    assert "did you mean 'shop'?" in _refused(stage, ["shopp,people,,1,,Ann"])
    assert "did you mean 'people'?" in _refused(stage, ["shop,peopl,,1,,Ann"])
    shifted = _refused(stage, ["ann@home.example,people,,1,,Ann"])
    assert "ann@home.example" not in shifted


def test_a_file_of_records_none_of_which_is_here_is_refused(stage: Stage) -> None:
    _loaded(stage)
    assert "none of its 1 records is here" in _refused(stage, ["shop,people,,no-1,,Ann"])


PAIRS = "a_connection,a_stream,a_slice,a_remote_id,a_part,b_connection,b_stream,b_slice,b_remote_id,b_part,verdict"


def _labels(stage: Stage, rows: Sequence[str], head: str = PAIRS) -> Path:
    return _write(stage, rows, head, "labels.csv")


def _pair(a: object, b: object, verdict: str) -> str:
    return f"shop,people,,{a},,shop,people,,{b},,{verdict}"


def _refused_labels(stage: Stage, rows: Sequence[str], head: str = PAIRS) -> str:
    with pytest.raises(ConfigError) as caught:
        stage.hub.identity.labelled(_labels(stage, rows, head))
    return str(caught.value)


def test_labelled_pairs_are_measured_by_whether_they_are_one_customer(stage: Stage) -> None:
    _loaded(stage)
    rows = [_pair(1, 2, "same"), _pair(3, 4, "Same"), _pair(5, 6, "different"), _pair(1, 7, "different")]
    report = stage.hub.identity.labelled(_labels(stage, [*rows, _pair(1, 99, "same")]))
    told = report.pairs
    assert (told.right, told.missed, told.wrong, told.apart) == (1, 1, 1, 1)
    assert (told.precision, told.recall) == (0.5, 0.5)
    assert report.missing == 1
    assert report.lesson is None
    assert "4 answers are too few" in report.why_not


def test_wrong_labels_are_told_by_their_lines(stage: Stage) -> None:
    _loaded(stage)
    told = _refused_labels(
        stage,
        [
            _pair(1, 2, "same"),
            _pair(2, 1, "different"),
            _pair(3, 3, "same"),
            _pair(4, 5, "perhaps"),
            _pair(4, "", "same"),
        ],
    )
    assert "labels.csv:3: names the pair of line 2 again" in told
    assert "labels.csv:4: names one record twice" in told
    assert "labels.csv:5: verdict: is no verdict; expected same or different" in told
    assert "labels.csv:6: b_remote_id: is empty" in told
    assert "names no column b_stream" in _refused_labels(stage, [], PAIRS.replace("b_stream", "stream"))
    assert "did you mean 'shop'?" in _refused_labels(stage, [_pair(1, 2, "same").replace("shop", "shopp")])


def _families(stage: Stage) -> tuple[list[str], list[str]]:
    """Twenty-four pairs under one email each, of one spelling of a name or of two people; labels of the first sixteen,
    and the truth of all."""
    stage.configure(identity={"compare": True, "merge_above": 0.6})
    labels, truth = [], []
    for place in range(24):
        same = place % 2 == 0
        a, b = f"a{place}", f"b{place}"
        stage.shop.put("people", person(f"Kate Hill{place}", email=f"m{place}@home.example"), id=a)
        other = f"Catherine Hill{place}" if same else f"Bob Hill{place}"
        stage.shop.put("people", person(other, email=f"m{place}@home.example"), id=b)
        if place < 20:
            labels.append(_pair(a, b, "same" if same else "different"))
        truth += [f"shop,people,,{a},,{place}", f"shop,people,,{b},,{place if same else f'{place}b'}"]
    stage.sync("shop")
    return labels, truth


def test_what_labels_teach_is_measured_on_entities_that_they_do_not_speak_of(stage: Stage) -> None:
    labels, truth = _families(stage)
    before = stage.dump()
    report = stage.hub.identity.evaluate(_write(stage, truth), _labels(stage, labels), limit=1)
    assert stage.dump() == before, "it was only tried"
    assert (report.records, report.entities, report.taught) == (8, 6, 30)
    assert report.labels is not None
    assert report.labels.lesson is not None
    assert (report.labels.lesson.answers.same, report.labels.lesson.answers.different) == (10, 10)
    assert report.trained is not None
    assert report.trained.f1 >= report.quality.f1
    assert report.labels.lesson.kept == ""


def test_what_labels_teach_is_kept_where_that_is_wished(stage: Stage) -> None:
    labels, truth = _families(stage)
    report = stage.hub.identity.evaluate(_write(stage, truth), _labels(stage, labels), keep=True)
    assert report.labels is not None
    assert report.labels.lesson is not None
    assert report.labels.lesson.kept == "person-1"
    assert report.trained is not None
    again = stage.hub.identity.evaluate(_write(stage, truth), _labels(stage, labels))
    assert again.quality == report.trained
    assert [one.version for one in stage.hub.identity.models() if one.used] == ["person-1", "organization-shipped"]


def test_labels_of_every_entity_leave_nothing_to_be_measured_by(stage: Stage) -> None:
    labels, truth = _families(stage)
    with pytest.raises(ConfigError, match="every entity whose records are here has labels"):
        stage.hub.identity.evaluate(_write(stage, truth[:4]), _labels(stage, labels))
