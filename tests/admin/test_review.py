"""Review and measures in the terminal: what is shown, what is asked of the hub, and how it ends."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from admin.cli.session import Session
from mapping.errors import GoneError
from sync.reviewed import ReviewReport
from tests.admin import fake_identity as answers
from tests.admin.conftest import Concord
from tests.admin.fake_hub import FakeHub


@pytest.fixture
def person(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody sits at the terminal."""
    monkeypatch.setattr(Session, "interactive", property(lambda self: True))


def _asked(hub: FakeHub) -> list[tuple[str, tuple[object, ...]]]:
    return [(name, args) for name, args, _ in hub.asked]


def test_the_list_shows_codes_what_would_come_together_and_what_forbids_it(concord: Concord, hub: FakeHub) -> None:
    shown = concord("review", "-n", "7").stdout
    for word in ("7f0934f9", "74.3 %", "Ada Example", "cus_2", "3 + 1", "2 + 0", "Junior and Senior"):
        assert word in shown
    assert "and 11 more" in shown
    assert "2 pairs put off for now" in shown
    assert _asked(hub) == [("identity.review", (7,))]


def test_an_empty_list_says_so(concord: Concord, hub: FakeHub) -> None:
    hub.answers["identity.review"] = ReviewReport(0, 0, ())
    assert concord("review").stdout == "Nothing is left to answer.\n"


def test_a_pair_is_shown_with_its_score_as_a_waterfall(concord: Concord, hub: FakeHub) -> None:
    shown = concord("review", "show", "7f0934f9").stdout
    assert "ada@post.example" in shown
    assert "+1.24" in shown
    assert "|████████" in shown
    assert "███|" in shown
    assert "nothing to compare" in shown
    assert "74.3 % by default-1" in shown
    assert "Not joined by machine: Junior and Senior" in shown


def test_answers_go_to_the_hub_with_who_gave_them(
    concord: Concord, hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "ops")
    assert "judgements take-back 5" in concord("review", "accept", "cus_1", "cus_2", "--note", "seen").stdout
    concord("review", "reject", "7f09", "--dry-run")
    assert "Asked again after 2026-12-23" in concord("review", "later", "7f09", "--days", "3").stdout
    assert hub.asked == [
        ("identity.accept", (("cus_1", "cus_2"),), {"note": "seen", "actor": "ops", "dry_run": False}),
        ("identity.reject", (("7f09",),), {"note": "", "actor": "ops", "dry_run": True}),
        ("identity.later", (("7f09",),), {"days": 3, "actor": "ops"}),
    ]


def test_three_names_are_no_pair_and_one_that_is_gone_ends_with_one(concord: Concord, hub: FakeHub) -> None:
    assert concord("review", "accept", "a", "b", "c").exit_code == 2
    assert hub.asked == []
    hub.answers["identity.show"] = GoneError("it was answered")
    assert concord("review", "show", "7f0934f9").exit_code == 1


def test_one_after_another_is_asked_of_a_person_only(concord: Concord, hub: FakeHub) -> None:
    result = concord("review", "next")
    assert result.exit_code == 2
    assert "review list" in result.stderr
    assert hub.asked == []


@pytest.mark.usefixtures("person")
@pytest.mark.parametrize(
    ("typed", "asked", "said"),
    [
        ("y\n", ["accept"], "1 one customer"),
        ("n\n", ["reject"], "1 two customers"),
        ("l\n", ["later"], "1 put off"),
        ("s\n", [], "1 skipped"),
        ("\n", [], "1 skipped"),
        ("what?\nq\n", [], "Nothing was answered"),
    ],
)
def test_every_answer_does_what_it_says(
    concord: Concord, hub: FakeHub, typed: str, asked: list[str], said: str
) -> None:
    result = concord("review", "next", typed=typed)
    assert result.exit_code == 0
    told = [name for name, _ in _asked(hub) if name not in ("identity.review", "identity.show")]
    assert told == [f"identity.{name}" for name in asked]
    assert said in result.stderr


@pytest.mark.usefixtures("person")
def test_each_pair_is_asked_once_and_one_that_was_settled_meanwhile_is_passed_over(
    concord: Concord, hub: FakeHub
) -> None:
    items = [replace(answers.ITEM, code=code) for code in ("aaaa", "bbbb")]
    hub.answers["identity.review"] = ReviewReport(2, 0, items)
    hub.answers["identity.show"] = GoneError("settled")
    result = concord("review", "next")
    assert [args for name, args in _asked(hub) if name == "identity.show"] == [(("aaaa",),), (("bbbb",),)]
    assert "Nothing is left to answer." in result.stderr


@pytest.mark.usefixtures("person")
def test_the_end_of_what_is_typed_stops_it_without_an_answer(concord: Concord, hub: FakeHub) -> None:
    assert concord("review", "next", typed="").exit_code == 130
    assert [name for name, _ in _asked(hub)] == ["identity.review", "identity.show"]


def test_an_evaluation_shows_figures_what_was_not_found_and_the_worst(concord: Concord, hub: FakeHub) -> None:
    shown = concord("identity", "evaluate", "--truth", "truth.csv", "--show-values", "-n", "3").stdout
    for word in (
        "0.7500",
        "0.8471",
        "5 customers for 4 true ones, 2 (50.0%)",
        "shop/people/99 (line 8)",
        "Cy Orr",
        "same email",
        "and 6 more",
        "False merges: 1 pair",
        "Misses: 2 pairs",
        "run concord sync first",
    ):
        assert word in shown, word
    assert hub.asked == [
        (
            "identity.evaluate",
            (Path("truth.csv"), None),
            {"kind": "person", "keep": False, "limit": 3, "show_values": True},
        )
    ]


def test_an_evaluation_below_what_was_asked_for_fails(concord: Concord, hub: FakeHub) -> None:
    assert concord("identity", "evaluate", "--truth", "truth.csv", "--at-least", "0.66").exit_code == 0
    result = concord("identity", "evaluate", "--truth", "truth.csv", "--at-least", "0.7")
    assert result.exit_code == 1
    assert "0.6667, below 0.7" in result.stderr


def test_an_evaluation_needs_a_file_and_keeps_nothing_without_labels(concord: Concord, hub: FakeHub) -> None:
    assert concord("identity", "evaluate").exit_code == 2
    assert concord("identity", "evaluate", "--truth", "truth.csv", "--keep").exit_code == 2
    assert hub.asked == []


def test_with_labels_the_figures_of_before_and_after_stand_together(concord: Concord, hub: FakeHub) -> None:
    trained = replace(answers.QUALITY, f1=0.9)
    hub.answers["identity.evaluate"] = replace(answers.EVALUATION, trained=trained, labels=answers.LABELS, taught=7)
    shown = concord("identity", "evaluate", "--truth", "t.csv", "--labels", "l.csv").stdout
    assert "pairs of records, having learned" in shown
    assert "log loss 0.4100 → 0.2200" in shown
    assert "3 pairs of the file not both here" in shown
    alone = concord("identity", "evaluate", "--labels", "l.csv").stdout
    assert "1 rightly joined, 2 rightly apart, 0 wrongly joined, 1 missed" in alone


def test_what_if_takes_the_configuration_in_force_from_against(
    concord: Concord, hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Path] = []

    def open_hub(path: Path, observer: object) -> FakeHub:
        opened.append(path)
        return hub

    monkeypatch.setattr("admin.cli.doors.open_hub", open_hub)
    shown = concord("identity", "what-if", "--config", "new.yaml").stdout
    concord("identity", "what-if", "--config", "new.yaml", "--against", "old.yaml", "-n", "1")
    assert opened == [Path("concord.yaml"), Path("old.yaml")]
    assert hub.asked[0] == ("identity.what_if", (Path("new.yaml"),), {"limit": 5})
    for word in ("identity.merge_above", "golden.phone", "Ada Example", "Bo Poe", "same email", "Nothing was changed"):
        assert word in shown


def test_training_that_kept_nothing_fails_unless_it_was_only_tried(concord: Concord, hub: FakeHub) -> None:
    assert "Records are scored by person-1 from now on." in concord("identity", "train").stdout
    hub.answers["identity.train"] = replace(answers.TRAINED, kept="", why_not="it was only tried")
    assert concord("identity", "train", "--dry-run").exit_code == 0
    hub.answers["identity.train"] = replace(answers.TRAINED, kept="", why_not="no better")
    result = concord("identity", "train", "--kind", "organization")
    assert result.exit_code == 1
    assert "Not kept: no better." in result.stdout


def test_models_tell_what_they_learned_from_and_which_is_used(concord: Concord, hub: FakeHub) -> None:
    shown = concord("identity", "models").stdout
    assert "35 pairs of 30 judgements" in shown
    assert "in use" in shown
    concord("identity", "use", "person-shipped")
    assert hub.asked[-1][1] == ("person-shipped",)
