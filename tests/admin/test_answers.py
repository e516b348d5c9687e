"""What commands answer: tables for people, one JSON document for machines, and what they asked the hub for."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from sync.reports import ApplyReport, FieldChange
from tests.admin import fake_hub as answers
from tests.admin import fake_identity as identity
from tests.admin.conftest import Concord
from tests.admin.fake_hub import FakeHub, fields

JSON_ANSWERS: list[tuple[str, Any]] = [
    ("check", [answers.CHECK]),
    ("sync", answers.SYNC),
    ("sweep", answers.SWEEP),
    ("plan", answers.PLAN),
    ("apply 3f9a", answers.APPLY),
    ("status", answers.STATUS),
    ("runs", [answers.RUN]),
    ("runs list", [answers.RUN]),
    ("runs show 4", answers.RUN),
    ("customers find ada", [answers.SUMMARY]),
    ("customers show cus_1", answers.CUSTOMER),
    ("customers timeline cus_1", [answers.ITEM]),
    ("customers explain cus_1", answers.EXPLAINED),
    ("customers why-not cus_1 cus_2", answers.WHY_NOT),
    ("merge cus_1 cus_2", answers.JUDGED),
    ("unmerge cus_1 --record crm/contacts/501", answers.JUDGED),
    ("judgements", [answers.JUDGEMENT]),
    ("judgements list", [answers.JUDGEMENT]),
    ("judgements take-back 5", answers.JUDGED),
    ("alerts", {"open": [answers.INCIDENT], "undelivered": []}),
    ("alerts list", {"open": [answers.INCIDENT], "undelivered": []}),
    ("alerts send", {"open": [answers.INCIDENT], "undelivered": []}),
    ("alerts test", [answers.SENT]),
    ("review", identity.REVIEW),
    ("review list", identity.REVIEW),
    ("review show 7f0934f9", identity.SHOWN),
    ("review accept 7f0934f9", identity.JUDGED),
    ("review reject cus_1 cus_2", identity.JUDGED),
    ("review later 7f0934f9", identity.LATER),
    ("identity evaluate --truth truth.csv", identity.EVALUATION),
    ("identity evaluate --labels labels.csv", identity.LABELS),
    ("identity what-if", identity.WHAT_IF),
    ("identity train", identity.TRAINED),
    ("identity models", identity.MODELS),
    ("identity use person-shipped", identity.MODELS[1]),
    ("dead-letters", [answers.LETTER]),
    ("dead-letters list", [answers.LETTER]),
    ("dead-letters show 3", answers.LETTER),
    ("dead-letters list --group", [answers.GROUP]),
    ("dead-letters try 3", answers.TRIED),
    ("dead-letters replay 3", answers.SYNC),
    ("schema show shop", [answers.SCHEMA]),
    ("schema drift", [answers.DRIFT]),
    ("schema accept shop customers born", answers.ACCEPTED),
    ("replay --dry-run", answers.PREVIEW),
    ("replay --yes", answers.REPLAY),
]


@pytest.mark.parametrize(("line", "report"), JSON_ANSWERS, ids=[line for line, _ in JSON_ANSWERS])
def test_json_is_one_document_with_the_reports_own_fields(
    concord: Concord, hub: FakeHub, line: str, report: Any
) -> None:
    result = concord(*line.split(), "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout) == fields(report)


@pytest.mark.parametrize(
    "words",
    [
        ("--json", "sync", "shop"),
        ("sync", "--json", "shop"),
        ("sync", "shop", "--json"),
        ("sync", "shop", "--json", "--config=concord.yaml"),
        ("sync", "-c", "other.yaml", "shop", "--json"),
    ],
)
def test_global_options_may_stand_anywhere(concord: Concord, hub: FakeHub, words: tuple[str, ...]) -> None:
    result = concord(*words)
    assert json.loads(result.stdout) == fields(answers.SYNC)
    assert hub.asked[0][1] == (("shop",),)


def test_what_follows_two_dashes_is_no_option(concord: Concord, hub: FakeHub) -> None:
    concord("customers", "find", "--", "--json")
    assert hub.asked == [("find_customers", ("--json", 20), {})]


def test_a_check_shows_of_many_streams_only_those_in_use(concord: Concord, hub: FakeHub) -> None:
    reads = [f"layout_{number}" for number in range(16)]
    hub.answers["check"] = [replace(answers.CHECK, reads=reads, holding=["layout_3", "layout_5"])]
    shown = " ".join(concord("check").stdout.split())
    assert "layout_3, layout_5, and 14 others without records" in shown
    assert "layout_4" not in shown
    hub.answers["check"] = [replace(answers.CHECK, reads=reads)]
    assert "16 streams, none of them read yet" in " ".join(concord("check").stdout.split())


def test_sync_hands_its_options_on(concord: Concord, hub: FakeHub) -> None:
    concord("sync", "shop", "--stream", "orders", "-s", "customers", "--full", "--allow-deletes")
    options = {"streams": ("orders", "customers"), "full": True, "allow_deletes": True}
    assert hub.asked == [("sync", (("shop",),), options)]


def test_sync_shows_what_was_read_and_who_turned_out_to_be_who(concord: Concord, hub: FakeHub) -> None:
    shown = concord("sync").stdout
    assert "customers" in shown
    assert "1,200" in shown
    assert "1,100 customers new, 12 merged" in shown


def test_sweep_hands_its_options_on(concord: Concord, hub: FakeHub) -> None:
    concord("sweep", "shop", "--stream", "meetings", "--dry-run", "--allow-deletes")
    options = {"streams": ("meetings",), "dry_run": True, "allow_deletes": True}
    assert hub.asked == [("sweep", (("shop",),), options)]


def test_a_sweep_shows_what_is_gone_and_some_of_it(concord: Concord, hub: FakeHub) -> None:
    shown = concord("sweep").stdout
    assert "Gone from shop/meetings: m7, m8 and 10 more" in shown
    assert "Resolved:" in shown


def test_a_dry_run_says_what_would_go_and_that_nothing_was_written(concord: Concord, hub: FakeHub) -> None:
    hub.answers["sweep"] = replace(answers.SWEEP, dry_run=True)
    shown = concord("sweep", "--dry-run").stdout
    assert "would go" in shown
    assert "Nothing was written." in shown


def test_a_sync_shows_the_sweeps_that_were_due(concord: Concord, hub: FakeHub) -> None:
    assert "swept" not in concord("sync").stdout
    hub.answers["sync"] = replace(answers.SYNC, sweeps=(answers.SWEPT,))
    assert "meetings" in concord("sync").stdout


def test_where_nothing_needs_a_sweep_it_says_so(concord: Concord, hub: FakeHub) -> None:
    hub.answers["sweep"] = replace(answers.SWEEP, streams=())
    assert "tells of its deletions itself" in concord("sweep").stdout


def test_a_plan_shows_old_new_why_the_hash_and_the_command_that_applies_it(concord: Concord, hub: FakeHub) -> None:
    shown = concord("plan").stdout
    assert "+31 6 1 → +31612345678" in shown
    assert "newest, from shop/customers/7" in shown
    assert "3 duplicates over there" in shown
    assert answers.PLAN.hash in shown
    assert "concord apply 3f9a7c51d2e8" in shown


def test_the_command_that_applies_names_the_configuration_that_was_used(concord: Concord, hub: FakeHub) -> None:
    assert "concord --config acme/hub.yaml apply 3f9a7c51d2e8" in concord("plan", "-c", "acme/hub.yaml").stdout


def test_a_plan_shows_samples_and_with_all_everything(concord: Concord, hub: FakeHub) -> None:
    changes = tuple(replace(answers.CHANGE, key=f"c{place}", title=f"Person {place}") for place in range(9))
    hub.answers["plan"] = replace(answers.PLAN, changes=changes)
    assert "3 of 9 changes" in concord("plan").stdout
    assert "Person 8" not in concord("plan").stdout
    assert "Person 8" in concord("plan", "--all").stdout


def test_a_plan_names_the_company_that_a_person_is_associated_with(concord: Concord, hub: FakeHub) -> None:
    words = {"c_7": "Bolt GmbH (email at bolt.de)"}
    change = replace(answers.CHANGE, action="associate", fields=(), refs={"company": ("c_7",)}, words=words)
    hub.answers["plan"] = replace(answers.PLAN, changes=(change,))
    assert "company record: Bolt GmbH (email at bolt.de)" in concord("plan").stdout


def test_an_empty_plan_says_that_nothing_is_left(concord: Concord, hub: FakeHub) -> None:
    hub.answers["plan"] = replace(answers.PLAN, changes=())
    shown = concord("plan").stdout
    assert "Nothing to do" in shown
    assert "apply" not in shown


def test_a_plan_names_the_command_that_shows_all_of_it(concord: Concord, hub: FakeHub) -> None:
    hub.answers["plan"] = replace(answers.PLAN, changes=(answers.CHANGE,) * 4)
    assert "concord plan --show 3f9a7c51d2e8 --all" in concord("plan").stdout


def test_a_hub_without_connections_or_targets_says_so(concord: Concord, hub: FakeHub) -> None:
    hub.answers["status"] = replace(answers.STATUS, connections=())
    hub.answers["sync"] = replace(answers.SYNC, streams=())
    hub.answers["plan"] = replace(answers.PLAN, targets=(), changes=())
    hub.answers["replay_letters"] = replace(answers.SYNC, streams=())
    assert "No connection is configured yet" in concord("status").stdout
    assert "nothing to read" in concord("sync").stdout
    assert "push:" in concord("plan").stdout
    assert "No dead letters" in concord("dead-letters", "replay").stdout
    assert "next plan" in concord("dead-letters", "replay", "3").stdout


def test_a_plan_made_before_can_be_shown(concord: Concord, hub: FakeHub) -> None:
    concord("plan", "--show", "3f9a")
    assert hub.asked == [("read_plan", ("3f9a",), {})]


def test_apply_takes_the_whole_hash_and_asks_nobody_off_a_terminal(concord: Concord, hub: FakeHub) -> None:
    concord("apply", "3f9a", "--skip-moved")
    assert hub.asked == [("read_plan", ("3f9a",), {}), ("apply", (answers.PLAN.hash,), {"skip_moved": True})]


@pytest.mark.parametrize(("typed", "code", "asked"), [("n\n", 130, 1), ("y\n", 0, 2), ("", 130, 1)])
def test_apply_asks_a_person(
    concord: Concord, hub: FakeHub, monkeypatch: pytest.MonkeyPatch, typed: str, code: int, asked: int
) -> None:
    monkeypatch.setattr("admin.cli.session.Session.interactive", True)
    result = concord("apply", "3f9a", typed=typed)
    assert result.exit_code == code
    assert len(hub.asked) == asked
    assert "Send 1 change?" in result.stderr


def test_apply_asks_nobody_with_yes(concord: Concord, hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("admin.cli.session.Session.interactive", True)
    assert concord("apply", "3f9a", "--yes").exit_code == 0


def test_a_customer_is_shown_with_where_each_value_came_from(concord: Concord, hub: FakeHub) -> None:
    shown = concord("customers", "show", "cus_0").stdout
    for expected in ("cus_0 is this customer now", "shop/customers/7", "same email", "crm/contacts 501", "primary"):
        assert expected in shown


def test_a_customer_is_explained_as_a_tree_from_its_strongest_links(concord: Concord, hub: FakeHub) -> None:
    shown = concord("customers", "explain", "cus_0").stdout
    for expected in ("cus_0 is this customer now", "└── shop/customers/7", "same email ada@post.example"):
        assert expected in shown
    assert "1 weaker link" in shown
    assert "cus_9) is not this customer" in shown


def test_why_two_customers_are_not_one_is_told_in_sentences(concord: Concord, hub: FakeHub) -> None:
    shown = concord("customers", "why-not", "cus_1", "cus_2").stdout
    assert "cus_1 and cus_2 are two customers:" in shown
    assert "they share no email" in shown


def test_a_merge_tells_what_it_changed_and_how_to_take_it_back(concord: Concord, hub: FakeHub) -> None:
    shown = concord("merge", "cus_1", "cus_2", "--note", "her married name").stdout
    for expected in ("→ cus_1", "+31612345678", "Order #1", "crm/contacts 501", "duplicate", "judgements take-back 5"):
        assert expected in shown
    ((_, arguments, options),) = hub.asked
    assert arguments == (("cus_1", "cus_2"),)
    assert (options["note"], options["dry_run"]) == ("her married name", False)
    assert options["actor"]


def test_an_unmerge_passes_on_what_was_named_and_a_dry_run_keeps_nothing(concord: Concord, hub: FakeHub) -> None:
    hub.answers["unmerge"] = replace(answers.JUDGED, judgement=0, dry_run=True)
    shown = concord("unmerge", "cus_1", "-r", "crm/contacts/501", "--connection", "ads", "--dry-run").stdout
    assert "Nothing was kept." in shown
    assert "take-back" not in shown
    ((_, arguments, options),) = hub.asked
    assert arguments == ("cus_1", ("crm/contacts/501",))
    assert (options["connections"], options["dry_run"]) == (("ads",), True)


def test_judgements_are_listed_with_who_said_what_and_whether_it_holds(concord: Concord, hub: FakeHub) -> None:
    back = replace(answers.JUDGEMENT, groups=(("a/b/1",), ("a/b/2",)), taken_back_at="2026-11-24T09:00:00Z")
    hub.answers["judgements"] = [answers.JUDGEMENT, replace(back, taken_back_by="boss")]
    shown = " ".join(concord("judgements").stdout.split())
    for expected in ("ops", "one customer: shop/customers/7", "not one: a/b/1 | a/b/2", "taken back by boss", "holds"):
        assert expected in shown
    hub.answers["judgements"] = []
    assert "Nobody has judged anything" in concord("judgements").stdout


def test_what_customers_wrote_is_never_obeyed_by_the_terminal(concord: Concord, hub: FakeHub) -> None:
    hub.answers["timeline"] = [replace(answers.ITEM, line="[red]\x1b[2J\x1b]0;owned\x07 \u202egnp")]
    shown = concord("customers", "timeline", "cus_1").stdout
    assert "[red]·[2J" in shown
    assert not {"\x1b", "\x07", "\u202e"} & set(shown)


def test_a_planned_value_is_never_obeyed_by_the_terminal(concord: Concord, hub: FakeHub) -> None:
    evil = replace(answers.CHANGE, title="[b]\x1b[1m", fields=(FieldChange("note", "\x1b[0m", "[i]\x1b[2J", "x"),))
    hub.answers["plan"] = replace(answers.PLAN, changes=(evil,))
    assert "\x1b" not in concord("plan").stdout


def test_nothing_is_coloured_off_a_terminal(concord: Concord, hub: FakeHub) -> None:
    assert "\x1b" not in concord("status").output


@pytest.mark.parametrize("columns", ["30", "60"])
def test_narrow_terminals_get_lists_that_can_be_read(
    concord: Concord, hub: FakeHub, monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    for line in ("runs", "runs show 4", "customers find ada", "customers show cus_1", "status", "check"):
        shown = concord(*line.split()).stdout
        assert max(map(len, shown.splitlines())) <= int(columns)
    assert "ada@post.example" in concord("customers", "find", "ada").stdout


def test_no_answer_says_so(concord: Concord, hub: FakeHub) -> None:
    for name in ("runs", "find_customers", "timeline", "letters"):
        hub.answers[name] = []
    for words, said in (
        ("runs", "no run yet"),
        ("customers find x", "No customer matches"),
        ("customers timeline x", "Nothing on the timeline"),
        ("dead-letters", "No dead letters"),
    ):
        assert said in concord(*words.split()).stdout


def test_the_version_needs_no_configuration(concord: Concord) -> None:
    result = concord("--version")
    assert result.exit_code == 0
    assert result.stdout.startswith("concord ")


def test_the_configuration_may_come_from_the_environment(
    concord: Concord, hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONCORD_CONFIG", "elsewhere.yaml")
    assert "--config elsewhere.yaml" in concord("plan").stdout


@pytest.mark.parametrize(
    ("push", "line"),
    [
        (ApplyReport("3f9a1122334455", "failed", message="too large"), "Nothing was sent of plan 3f9a11223344: failed"),
        (ApplyReport("", "failed", message="too large"), "Nothing was sent: failed"),
        (ApplyReport("3f9a1122334455", "ok"), "Applied 3f9a11223344: ok; nothing to write (0.0 s)"),
        (ApplyReport("3f9a1122334455", "failed", created=3), "Applied 3f9a11223344: failed; 3 created (0.0 s)"),
    ],
)
def test_a_push_that_was_refused_is_not_told_as_one_that_had_nothing_to_write(
    concord: Concord, hub: FakeHub, push: ApplyReport, line: str
) -> None:
    hub.answers["sync"] = replace(answers.SYNC, pushes=[push])
    assert line in concord("sync").stdout.splitlines()


def test_the_list_of_runs_says_why_one_did_not_end_well(
    concord: Concord, hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert "why" not in concord("runs").stdout
    hub.answers["runs"] = [answers.RUN, replace(answers.RUN, id=9, status="paused", error="crm: the login is refused.")]
    assert "crm: the login is refused." in concord("runs").stdout
