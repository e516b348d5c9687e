"""The terminal on fields that changed, dead letters and replays."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from mapping.errors import ConfigError
from sync.replayed import ReplayReport
from sync.reports import ResolveReport, StreamReport
from tests.admin import fake_hub as answers
from tests.admin.conftest import Concord
from tests.admin.fake_hub import FakeHub

NOTHING = ReplayReport((replace(answers.REPLAYED, changed=0, dies=0, dropped=0, calls=0, fields=()),), ResolveReport())


def test_a_replay_off_a_terminal_needs_a_yes_and_says_so(concord: Concord, hub: FakeHub) -> None:
    result = concord("replay")
    assert result.exit_code == 2
    assert "--yes" in result.stderr
    assert hub.asked == []
    assert concord("replay", "shop", "--yes", "--stream", "customers", "--since", "2026-01-31").exit_code == 0
    assert hub.asked == [("replay", (("shop",),), {"streams": ("customers",), "since": date(2026, 1, 31)})]


@pytest.mark.parametrize(("typed", "code", "asked"), [("n\n", 130, 1), ("y\n", 0, 2), ("", 130, 1)])
def test_a_replay_shows_a_person_what_would_change_before_it_is_done(
    concord: Concord, hub: FakeHub, monkeypatch: pytest.MonkeyPatch, typed: str, code: int, asked: int
) -> None:
    monkeypatch.setattr("admin.cli.session.Session.interactive", True)
    result = concord("replay", typed=typed)
    assert result.exit_code == code
    assert len(hub.asked) == asked
    assert "ada@home.example" in result.stderr
    assert "customers may merge or split" in " ".join(result.stderr.split())


def test_a_replay_with_nothing_to_do_asks_nobody(
    concord: Concord, hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("admin.cli.session.Session.interactive", True)
    hub.answers["replay_preview"] = replace(NOTHING, dry_run=True)
    result = concord("replay")
    assert (result.exit_code, len(hub.asked)) == (0, 1)
    assert "Nothing would change" in result.stdout
    hub.answers["replay_preview"] = ReplayReport((), ResolveReport(), dry_run=True)
    assert "Nothing is stored" in concord("replay", "--dry-run").stdout


def test_a_dry_run_tells_what_is_lost_and_what_costs_calls(concord: Concord, hub: FakeHub) -> None:
    said = " ".join(concord("replay", "--dry-run").stdout.split())
    assert "about 1 call" in said
    assert "1 record may no longer be kept" in said
    assert "Nothing was written." in said
    kept = replace(answers.REPLAYED, calls=0)
    hub.answers["replay_preview"] = replace(answers.PREVIEW, streams=(kept,))
    assert "they stay as they are" in " ".join(concord("replay", "--dry-run").stdout.split())


def test_a_replay_that_failed_somewhere_is_no_success(concord: Concord, hub: FakeHub) -> None:
    bad = (replace(answers.REPLAYED, status="failed", message="no key"),)
    hub.answers["replay"] = replace(answers.REPLAY, streams=bad)
    hub.answers["replay_preview"] = replace(answers.PREVIEW, streams=bad)
    assert concord("replay", "--yes").exit_code == 1
    assert concord("replay", "--dry-run").exit_code == 1


def test_letters_are_chosen_by_number_or_by_what_they_have_in_common(concord: Concord, hub: FakeHub) -> None:
    assert concord("dead-letters", "replay", "3", "--reason", "x").exit_code == 2
    assert hub.asked == []
    concord("dead-letters", "replay", "--connection", "shop", "--stream", "customers", "--reason", "no such")
    assert hub.asked == [("replay_letters", ((),), {"connection": "shop", "stream": "customers", "reason": "no such"})]
    hub.answers["replay_letters"] = replace(
        answers.SYNC, streams=(StreamReport("shop", "customers", "partial", dead=1),)
    )
    assert concord("dead-letters", "replay").exit_code == 1


def test_a_letter_shows_what_it_failed_at(concord: Concord, hub: FakeHub) -> None:
    said = concord("dead-letters", "show", "3").stdout
    assert "birth_date" in said
    assert "text: yesterday" in said
    hub.answers["letter"] = replace(answers.LETTER, failed=None, whole=False, body="\x1b[31m")
    said = concord("dead-letters", "show", "3").stdout
    assert "is cut" in said
    assert "\x1b" not in said


def test_a_rule_that_was_tried_is_told_as_it_has_to_stand_in_the_configuration(concord: Concord, hub: FakeHub) -> None:
    said = concord("dead-letters", "try", "3", "--rule", "name=concat(['it', 's'])").stdout
    assert hub.asked == [("try_letter", (3, ("name=concat(['it', 's'])",)), {})]
    assert "name: 'concat([''it'', ''s''])'" in said
    assert "concord dead-letters replay 3" in said
    hub.answers["try_letter"] = replace(answers.TRIED, ok=False, reason="no date", entities=())
    result = concord("dead-letters", "try", "3")
    assert (result.exit_code, "It still fails: no date" in result.stdout) == (1, True)
    hub.answers["try_letter"] = ConfigError("no rule")
    assert concord("dead-letters", "try", "3").exit_code == 2


def test_what_happened_to_fields_is_shown_with_samples_and_without_control_characters(
    concord: Concord, hub: FakeHub
) -> None:
    odd = replace(answers.FIELD, field="a\x1b[2Jb", samples=("x\x07",))
    hub.answers["fields"] = [replace(answers.SCHEMA, fields=(answers.FIELD, odd))]
    said = concord("schema", "show", "shop").stdout
    assert "date → string" in said
    assert "in spring" in said
    assert "\x1b" not in said
    assert "\x07" not in said
    assert "date → string" in concord("schema", "drift").stdout
    hub.answers["drift"], hub.answers["fields"] = [], []
    assert "No field has changed" in concord("schema", "drift").stdout
    assert "Nothing is known" in concord("schema", "show", "shop").stdout


def test_accepting_tells_what_was_accepted(concord: Concord, hub: FakeHub) -> None:
    assert "Accepted 1 field: born" in concord("schema", "accept", "shop", "customers", "born").stdout
    hub.answers["accept"] = replace(answers.ACCEPTED, fields=(), replay=ReplayReport((), ResolveReport()))
    assert "No field waits" in concord("schema", "accept", "shop", "customers").stdout
    bad = replace(answers.REPLAY, streams=(replace(answers.REPLAYED, status="partial"),))
    hub.answers["accept"] = replace(answers.ACCEPTED, replay=bad)
    assert concord("schema", "accept", "shop", "customers").exit_code == 1
