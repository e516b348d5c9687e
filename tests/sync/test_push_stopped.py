"""A push that stops on the way says how far it came and how to go on."""

from __future__ import annotations

from mapping.errors import TransientError
from sync.reports import Silent
from tests.sync.hubs import Stage, person


class Notes(Silent):
    """Keeps what is said at the end of each piece of work."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def finished(self, what: str, note: str) -> None:
        """Keeps it."""
        self.said.append(f"{what}: {note}")


def test_a_push_that_stops_early_tells_how_many_were_sent(stage: Stage) -> None:
    for number in range(120):
        stage.shop.put(
            "people", person(f"Ann {chr(65 + number // 26) + chr(97 + number % 26)}", email=f"a{number}@x.co")
        )
    stage.sync()
    notes = Notes()
    stage.watch(notes)
    stage.crm.fail(TransientError("the line is dead"), on="write", after=1)
    report = stage.push()
    assert (report.status, report.created) == ("failed", 100)
    assert "push crm/people: stopped after 100 of 120" in notes.said
    assert "Nothing is lost: plan the rest with concord plan." in report.message
    assert stage.push().created == 20
    assert "push crm/people: 20 changes sent" in notes.said


def test_each_target_is_told_once_and_one_change_is_no_changes(timeline: Stage) -> None:
    timeline.shop.put("people", person("Ann Lee", email="ann@home.example"))
    timeline.sync()
    notes = Notes()
    timeline.watch(notes)
    timeline.push()
    assert "plan crm/people: 1 change" in notes.said
    assert "push crm/people: 1 change sent" in notes.said
    planned = [line.partition(":")[0] for line in notes.said if line.startswith("plan ")]
    assert len(planned) == len(set(planned)) > 2
