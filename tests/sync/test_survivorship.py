"""Another ``golden`` or ``trust`` is followed by everybody whom it concerns, and by nobody twice."""

from __future__ import annotations

import pytest

from state.tables import golden_policy
from sync.turn import Turn
from tests.sync.hubs import BOOKKEEPING, Stage, changes, new_values, person, values
from tests.sync.lookalikes import crowd

MAIL = "ann@home.example"
MAY_CHANGE = BOOKKEEPING | {"golden_record", "golden_policy", "connection", "slice"}


def two_words(stage: Stage) -> None:
    """A customer of whom shop and CRM say different things, the CRM last, and others who stand alone."""
    crowd(stage, 3)
    stage.shop.put("people", person("Ann Lee", email=MAIL, job_title="Buyer"))
    stage.crm.put("people", person("Ann Lee", email=MAIL, job_title="CTO"))
    stage.sync()
    assert values(stage.customer(MAIL))["job_title"] == "CTO"


def resolved(stage: Stage) -> int:
    """How many records a sync resolves in which no vendor brings anything."""
    before = stage.dump(MAY_CHANGE)
    report = stage.sync()
    assert stage.dump(MAY_CHANGE) == before
    return report.resolve.entities


def test_what_golden_says_now_is_followed_without_a_new_record(stage: Stage) -> None:
    two_words(stage)
    stage.configure(golden={"job_title": {"prefer": ["shop"]}})
    assert resolved(stage) == 1, "one record of the one customer who has several"
    assert values(stage.customer(MAIL))["job_title"] == "Buyer"
    (change,) = [one for one in changes(stage.hub.plan()) if "job_title" in new_values(one)]
    assert new_values(change)["job_title"] == "Buyer"
    (told,) = [row["event"] for row in stage.rows("run_log") if "survivorship" in row["event"]]
    assert told == "the rules of survivorship are others now, so golden records are made anew"
    whole = stage.dump()
    stage.sync()
    assert stage.dump() == whole


def test_trust_is_followed_too_and_taken_back(stage: Stage) -> None:
    two_words(stage)
    for trust, word in ((60, "Buyer"), (50, "CTO"), (40, "CTO"), (51, "Buyer")):
        stage.configure("shop", trust=trust)
        stage.sync()
        assert values(stage.customer(MAIL))["job_title"] == word


def test_one_more_connection_lets_nobody_wait_who_has_no_record_of_it(stage: Stage) -> None:
    two_words(stage)
    stage.configure("shop", trust=60)
    stage.sync()
    more = stage.connect("mail")
    assert resolved(stage) == 0
    more.put("people", person("Ann Lee", email=MAIL, job_title="Boss"))
    stage.configure("mail", trust=70)
    stage.sync()
    assert values(stage.customer(MAIL))["job_title"] == "Boss"
    stage.configure("mail", trust=60)
    assert resolved(stage) == 1


def test_a_database_that_does_not_tell_its_policy_follows_once(stage: Stage) -> None:
    """As after an update, where some may have followed another ``golden`` and others not."""
    two_words(stage)
    with stage.hub.db.write() as c:
        c.execute(golden_policy.delete())
    assert resolved(stage) == 1
    assert resolved(stage) == 0


def test_what_is_resolved_beside_a_first_load_is_not_made_again(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second process resolves as it is done here, outside the turn that comes after it."""
    with monkeypatch.context() as patched:
        patched.setattr(Turn, "run", lambda turn, resolver, done: resolver.run())
        two_words(stage)
    assert resolved(stage) == 0
