"""Personal data: each column that holds any is known, and the journals hold none."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from state import audit
from state.database import Database
from state.tables import metadata, personal_columns

PERSONAL = {
    "connection.account_id": "of a mailbox, its address",
    "connection.account_name": "may be a person's name",
    "slice.key": "a mailbox or a calendar is an address",
    "slice.title": "the same for people",
    "raw_record.remote_id": "a row of a file may be keyed by its email",
    "raw_record.merged_into": "as remote_id",
    "raw_record.body": "everything the vendor knows",
    "entity.part": "a participant's part is an address",
    "entity.fact_key": "a Message-ID, or a part of it, may name its sender",
    "entity.name_key": "a name, folded",
    "entity.values": "everything we know",
    "identifier.value": "email, phone, id",
    "dirty_entity.fact_key": "as entity.fact_key",
    "edge.evidence": "the values that agreed",
    "comparison.body": "names, emails, addresses",
    "comparison.keys": "digests of names and values",
    "block_key.key": "a digest of names and values",
    "oversized_key.key": "as block_key.key",
    "value_count.digest": "a digest of a name or a value",
    "judgement.actor": "the login of a colleague",
    "judgement.note": "why somebody is somebody",
    "judgement.taken_back_by": "as actor",
    "review_later.actor": "as judgement.actor",
    "judgement_member.slice": "as slice.key",
    "judgement_member.remote_id": "as raw_record.remote_id",
    "judgement_member.part": "as entity.part",
    "golden_record.values": "everything we believe",
    "fact.key": "as entity.fact_key",
    "cursor.value": "the last remote id may stand in it",
    "partition.cursor": "as cursor.value",
    "fact.values": "what somebody wrote or bought",
    "fact_ref.value": "as identifier.value",
    "fact_name.value": "as entity.fact_key",
    "trait.values": "what somebody spent, and when they were met",
    "trait.provenance": "keys of facts",
    "dirty_trait.value": "an identifier or the key of a fact",
    "shadow.remote_id": "as raw_record.remote_id",
    "shadow.subject_key": "the key of a fact",
    "shadow.merged_into": "as remote_id",
    "shadow.sent": "what we wrote about somebody",
    "shadow.observed": "what is written about somebody",
    "shadow.refs": "remote ids",
    "outbox.change_key": "holds a subject key",
    "outbox.subject_key": "the key of a fact",
    "outbox.change": "what we write about somebody",
    "dead_letter.slice": "as slice.key",
    "dead_letter.remote_id": "as raw_record.remote_id",
    "dead_letter.body": "as raw_record.body",
    "stream_schema.shape": "a picklist may list people",
    "vault.secret": "encrypted, but a login is somebody's",
}
"""Reviewed by hand: the column, and whose data it may hold."""

NOT_PERSONAL = {
    "counter.name next",
    "connection.id name connector system paused pause_reason created_at",  # names and reasons are the admin's and ours
    "slice.id connection_id stream rules revision deduplicated",
    "raw_record.id slice_id state hash version changed_at observed_at generation",
    "sighting.raw_id slice_id generation",
    "entity.id raw_id kind founding live alias since echo rules",
    "identifier.entity_id kind since until",
    "dirty_entity.seq entity_id",
    "edge.a b rule",
    "comparison.entity_id version kind scored",
    "block_key.entity_id",
    "pair_score.a b log_odds model",
    "waiting_match.seq stage entities",
    "value_count.kind records names",
    "statistics.kind version at records held made_by",
    "scoring_model.version kind body trained_on at",  # weights
    "quarantine.entity_id component",
    "judgement.id at taken_back_at",
    "judgement_member.judgement_id connection_id stream group_number customer_id",
    "review_later.a b until at",
    "customer.id kind status merged_into created_at",
    "membership.entity_id customer_id",
    "golden_record.customer_id hash provenance",
    "golden_policy.id told",  # names of fields, ids of connections
    "fact.id kind activity at live",
    "fact_ref.fact_id participant kind role",
    "fact_name.fact_id own",
    "trait.customer_id missing due_at",  # currencies; when a meeting begins, and not with whom
    "dirty_trait.kind",
    "trait_rules.id version",
    "cursor.slice_id generation enumerating began_at pages updated_at",
    "backfill.id connection_id since until every workers state message created_at started_at ended_at again_at",
    "backfill.worked_ms",
    "partition.id backfill_id stream slice_id since until state counts tries error fence updated_at",
    "spending.connection_id day calls",
    "sweep.connection_id stream tried_at completed_at",
    "schedule.job kind connection spec due_at asked_at tries started_at ended_at status message",
    "run.id part_of kind connection_id stream started_at ended_at status error cause counts lease fence job costs",
    "run_log.id run_id at level event fields",  # sentences of ours; reasons as run.error
    "tally.kind connection_id stream name value",
    "body_words.id connection_id stream words",  # names of fields that many bodies share, never a value
    "shadow.id connection_id object subject_kind role state version remote_version updated_at",
    "outbox.id connection_id object subject_kind op plan_hash state attempts error sent_at settle_until",
    "dead_letter.id direction connection_id stream reason state times first_at last_at",
    "stream_schema.connection_id stream field type was state used_by met looked first_at last_at",  # a vendor's words
    "drift_event.id at connection_id stream field kind before after detail",
    "plan.hash created_at expires_at state header",
    "lease.name owner fence until",
    # Words of ours, with names of connections and destinations, and errors as runs keep them.
    "alert.kind connection message amount first_at last_at told_at told_amount recovered_at",
    "alert_delivery.id destination title body trouble created_at next_at tries problem",
    "vault.name revision updated_at",
    "event.id at kind actor ids",
    "audit.id at actor action ids",
}
"""Reviewed by hand: ids of ours, times, counts, states, words of ours. A new column must be put here or above."""


def test_every_column_was_judged_and_every_personal_one_is_marked() -> None:
    judged = {f"{line.split('.')[0]}.{name}" for line in NOT_PERSONAL for name in line.split(".")[1].split()}
    existing = {f"{table.name}.{column.name}" for table in metadata.tables.values() for column in table.columns}
    assert existing - judged - set(PERSONAL) == set(), "judge these columns: do they hold personal data?"
    assert (judged | set(PERSONAL)) - existing == set()
    assert personal_columns() == set(PERSONAL)


def test_the_journals_have_no_column_for_personal_data() -> None:
    assert not {name for name in personal_columns() if name.split(".")[0] in ("event", "audit")}


@pytest.mark.parametrize("value", ["jane@example.org", "Jane Doe", "+442079460018", "", "x" * 121, "<id@host>"])
def test_what_is_no_id_never_enters_a_journal(database: Database, value: str) -> None:
    for ids in ({"customer": value}, {"customers": ["c-1", value]}):
        with pytest.raises(ValueError, match="not an id") as caught, database.write() as c:
            audit.write_event(c, database, "merged", "resolve", ids)
        assert not value or value not in str(caught.value)
        with pytest.raises(ValueError, match="not an id"), database.write() as c:
            audit.write_audit(c, database, "cli", "unmerge", ids)
    assert audit.events(database) == audit.audits(database) == []


def test_the_journals_tell_who_did_what_to_which_newest_first(database_url: str) -> None:
    noon = datetime(2026, 11, 23, 12, tzinfo=UTC)
    db = Database(database_url, now=lambda: noon)
    with db.write() as c:
        audit.write_event(c, db, "merged", "resolve", {"customer": "c-1", "into": "c-2", "entities": [7, 8]})
        audit.write_event(c, db, "retired", "resolve", {"customer": "c-1"})
        audit.write_audit(c, db, "cli", "rebind", {"connection": "cafe-shop-2"})
    newest, oldest = audit.events(db)
    assert (newest.what, oldest.what) == ("retired", "merged")
    assert (oldest.at, oldest.actor) == (noon, "resolve")
    assert oldest.ids == {"customer": "c-1", "into": "c-2", "entities": [7, 8]}
    assert audit.events(db, before=newest.id) == [oldest]
    assert [entry.what for entry in audit.audits(db, limit=1)] == ["rebind"]
    db.close()
