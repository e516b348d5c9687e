"""The promises of a target, as tests that every vendor's connector is held to."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Sequence
from functools import partial

import pytest

from connectors.core.protocols import Associations, Target, Writes
from mapping.compare import same
from mapping.contract import Change, Fields, Match, Op, Outcome, RemoteId, Status, Uniqueness
from mapping.errors import AuthError, ConcordError, RateLimitedError, TransientError
from tests.connectors.rig import Key, Lack, WriterRig, target_of
from tests.faults import fault
from tests.proofs import tell

PATIENCE = 4
DONE = (Status.CREATED, Status.UPDATED, Status.UNCHANGED)
UNICODE = "Zoë Ångström-Łukasiewicz 山田 👩‍🚀 \u202bשלום\u202c “quoted” <b>&amp;"


def ready(rig: WriterRig) -> tuple[Writes, Target]:
    """The writes of a new connector, provisioned, and the target."""
    writes = rig.connector().writes
    assert writes is not None
    writes.provision(rig.target, False)
    return writes, target_of(writes, rig.target)


def upsert(rig: WriterRig, number: int, target: Target | None = None, **more: object) -> Change:
    """A change that brings record ``number`` into being, found again in whatever way the target has."""
    target = target or target_of(rig_writes(rig), rig.target)
    values = {**rig.values(number), **more}
    match = Match(target.match_on[0], str(values[target.match_on[0]])) if target.match_on else None
    by_id = target.uniqueness is Uniqueness.EXTERNAL_ID
    return Change(
        key=f"change-{number}",
        op=Op.UPSERT,
        external_id=f"subject-{number}" if by_id else "",
        match=None if by_id else match,
        set=values,
    )


def update(remote_id: RemoteId | None, key: str = "update", expect: str | None = None, **values: object) -> Change:
    """A change of a record that is known."""
    return Change(key=key, op=Op.UPDATE, remote_id=remote_id, set=values, expect=expect)


def write_patiently(rig: WriterRig, batch: Sequence[Change]) -> tuple[dict[str, Outcome], list[ConcordError]]:
    """The outcome of each change, sent again after each failure that promises that nothing was committed."""
    failures: list[ConcordError] = []
    for _ in range(PATIENCE):
        try:
            return {outcome.key: outcome for outcome in rig_writes(rig).write(rig.target, batch)}, failures
        except TransientError as error:
            failures.append(error)
            rig.clock.advance((error.retry_after if isinstance(error, RateLimitedError) else None) or 60.0)
    pytest.fail(f"the batch could not be written in {PATIENCE} attempts: {failures[-1]!r}")


def create(rig: WriterRig, number: int) -> Outcome:
    """Writes one new record; its outcome."""
    writes, target = ready(rig)
    (outcome,) = writes.write(target.object, [upsert(rig, number)])
    assert outcome.status is Status.CREATED, outcome
    assert outcome.remote_id is not None
    rig.clock.advance(target.settle_seconds + 1)
    return outcome


class WriterContract:
    """Subclass with a fixture ``rig`` that gives a WriterRig."""

    def test_a_bad_login_writes_nothing(self, rig: WriterRig) -> None:
        if Lack.CREDENTIALS in rig.lacks:
            assert not rig.secrets, "a vendor without a login has no secrets"
            return
        ready(rig)
        writes = rig.stranger().writes
        assert writes is not None
        with pytest.raises(AuthError):
            writes.write(rig.target, [upsert(rig, 1)])
        assert not rig.remote()

    def test_provisioning_dry_does_nothing(self, rig: WriterRig) -> None:
        writes = rig.connector().writes
        assert writes is not None
        before = writes.describe(rig.target)
        told = writes.provision(rig.target, True)
        assert not any(step.done for step in told)
        assert all(step.description for step in told)
        assert writes.describe(rig.target) == before
        assert [step.description for step in writes.provision(rig.target, True)] == [s.description for s in told]

    def test_provisioning_twice_does_the_work_once(self, rig: WriterRig) -> None:
        writes = rig.connector().writes
        assert writes is not None
        target = target_of(writes, rig.target)
        expected = len(writes.provision(rig.target, True))
        assert [step.done for step in writes.provision(rig.target, False)] == [True] * expected
        after = writes.describe(rig.target)
        assert not writes.provision(rig.target, False)
        assert writes.describe(rig.target) == after
        assert not target.external_id or after.fields[target.external_id].unique

    @fault("lost answer", "Every connector that writes leaves exactly one record once it is made right.")
    def test_a_lost_answer_leaves_exactly_one_record_once_it_is_made_right(self, rig: WriterRig) -> None:
        writes, target = ready(rig)
        rig.lose_answer()
        (outcome,) = writes.write(target.object, [upsert(rig, 1)])
        assert outcome.status in (Status.UNKNOWN, *DONE)
        assert len(rig.remote()) == 1, "the connector itself repeats no create that may have been carried out"
        if outcome.status is not Status.UNKNOWN:
            return
        rig.clock.advance(target.settle_seconds + 1)
        if target.uniqueness is not Uniqueness.NONE:
            (again,) = rig_writes(rig).write(target.object, [upsert(rig, 1)])
            assert again.status in DONE
            assert {again.remote_id} == set(rig.remote())

    def test_a_lost_answer_to_an_update_is_unknown_or_made_right(self, rig: WriterRig) -> None:
        created = create(rig, 1)
        rig.lose_answer()
        change = update(created.remote_id, **{rig.text_field: "after"})
        (outcome,) = rig_writes(rig).write(rig.target, [change])
        assert outcome.status in (Status.UNKNOWN, Status.UPDATED, Status.UNCHANGED)
        (again,) = rig_writes(rig).write(rig.target, [change])
        assert again.status in (Status.UPDATED, Status.UNCHANGED)
        assert [fields[rig.text_field] for fields in rig.remote().values()] == ["after"]

    def test_a_rate_limit_loses_no_change_and_repeats_none(self, rig: WriterRig) -> None:
        if Lack.NETWORK in rig.lacks:
            ready(rig)
            assert rig.clock.requests == 0
            return
        ready(rig)
        batch = [upsert(rig, number) for number in range(3)]
        for wait in (20.0, None):
            rig.rate_limit(wait)
            slept = rig.clock.monotonic()
            outcomes, failures = write_patiently(rig, batch)
            assert all(isinstance(error, RateLimitedError) for error in failures)
            assert rig.clock.monotonic() - slept >= (wait or 0.001)
            assert {outcome.status for outcome in outcomes.values()} <= set(DONE)
        expected = 3 if target_of(rig_writes(rig), rig.target).uniqueness is not Uniqueness.NONE else 6
        assert len(rig.remote()) == expected

    def test_a_server_error_before_anything_is_done_loses_nothing(self, rig: WriterRig) -> None:
        if Lack.NETWORK in rig.lacks:
            ready(rig)
            assert rig.clock.requests == 0
            return
        ready(rig)
        batch = [upsert(rig, number) for number in range(3)]
        rig.server_error()
        outcomes, _ = write_patiently(rig, batch)
        unknown = [change for change in batch if outcomes[change.key].status is Status.UNKNOWN]
        if unknown and target_of(rig_writes(rig), rig.target).uniqueness is not Uniqueness.NONE:
            rig.clock.advance(target_of(rig_writes(rig), rig.target).settle_seconds + 1)
            outcomes, _ = write_patiently(rig, batch)
            assert {outcome.status for outcome in outcomes.values()} <= set(DONE)
            assert len(rig.remote()) == 3

    def test_bad_records_of_a_batch_fail_alone(self, rig: WriterRig) -> None:
        writes, target = ready(rig)
        count = min(target.batch_size, 8)
        good = [upsert(rig, number) for number in range(0, count, 2)]
        bad = [upsert(rig, number, **rig.refused) for number in range(1, count, 2)]
        batch = [change for pair in zip(good, bad, strict=True) for change in pair]
        outcomes = writes.write(target.object, batch)
        assert sorted(outcome.key for outcome in outcomes) == sorted(change.key for change in batch)
        told = {outcome.key: outcome for outcome in outcomes}
        assert {told[change.key].status for change in good} == {Status.CREATED}
        assert {told[change.key].status for change in bad} == {Status.FAILED}
        assert all(told[change.key].error for change in bad)
        remote = rig.remote()
        assert len(remote) == len(good)
        for change in good:
            key = told[change.key].remote_id
            assert key is not None
            assert same_text(remote[key][rig.clearable], change.set[rig.clearable]), "each outcome has its own record"

    def test_an_unknown_field_fails_by_its_name(self, rig: WriterRig) -> None:
        writes, target = ready(rig)
        outcomes = writes.write(target.object, [upsert(rig, 1, no_such_field="x"), upsert(rig, 2)])
        told = {outcome.key: outcome for outcome in outcomes}
        assert told["change-1"].status is Status.FAILED
        assert "no_such_field" in told["change-1"].error
        assert told["change-2"].status is Status.CREATED
        assert len(rig.remote()) == 1

    def test_a_record_that_is_gone_fails_alone(self, rig: WriterRig) -> None:
        gone, kept = create(rig, 1), create(rig, 2)
        assert gone.remote_id is not None
        rig.remove(gone.remote_id)
        changes = [update(each.remote_id, each.key, **{rig.text_field: "after"}) for each in (gone, kept)]
        told = {outcome.key: outcome for outcome in rig_writes(rig).write(rig.target, changes)}
        assert told[gone.key].status is Status.FAILED
        assert told[kept.key].status is Status.UPDATED
        assert set(rig_writes(rig).fetch(rig.target, [gone.remote_id, _id(kept)])) >= {_id(kept)}
        assert gone.remote_id not in rig.remote()

    def test_a_stale_version_is_refused_where_the_vendor_can(self, rig: WriterRig) -> None:
        created = create(rig, 1)
        before = rig_writes(rig).fetch(rig.target, [_id(created)])[_id(created)]
        rig.clock.advance(60)
        rig.touch(_id(created))
        rig.clock.advance(1)
        stale = update(created.remote_id, expect=before.version or "none", **{rig.text_field: "ours"})
        (outcome,) = rig_writes(rig).write(rig.target, [stale])
        if Lack.EXPECT in rig.lacks:
            assert outcome.status is Status.UPDATED, "without a check the write goes through"
            return
        assert outcome.status is Status.FAILED
        assert rig.remote()[_id(created)].get(rig.text_field) != "ours"
        live = rig_writes(rig).fetch(rig.target, [_id(created)])[_id(created)]
        fresh = update(created.remote_id, expect=live.version, **{rig.text_field: "ours"})
        assert rig_writes(rig).write(rig.target, [fresh])[0].status is Status.UPDATED

    def test_nothing_secret_shows(self, rig: WriterRig, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        writes, target = ready(rig)
        shown = [repr(writes), repr(writes.targets())]
        if Lack.CREDENTIALS not in rig.lacks:
            stranger = rig.stranger().writes
            assert stranger is not None
            with pytest.raises(AuthError) as refused:
                stranger.write(target.object, [upsert(rig, 1)])
            shown.append("".join(traceback.format_exception(refused.value)))
        if Lack.NETWORK not in rig.lacks:
            mishaps: list[Callable[[], None]] = [partial(rig.rate_limit, 100_000), rig.server_error, rig.lose_answer]
            for mishap in mishaps:
                mishap()
                outcomes, failures = write_patiently(rig, [upsert(rig, 2), upsert(rig, 3, **rig.refused)])
                shown += [repr(outcomes), *("".join(traceback.format_exception(error)) for error in failures)]
        for secret in rig.secrets:
            assert not [text for text in [*shown, caplog.text] if secret in text]

    def test_sending_a_change_again_creates_nothing(self, rig: WriterRig) -> None:
        created = create(rig, 1)
        change = upsert(rig, 1)
        if target_of(rig_writes(rig), rig.target).uniqueness is Uniqueness.NONE:
            change = update(created.remote_id, change.key, **change.set)
        (again,) = rig_writes(rig).write(rig.target, [change])
        assert again.status in (Status.UPDATED, Status.UNCHANGED)
        assert again.remote_id == created.remote_id
        assert set(rig.remote()) == {created.remote_id}

    def test_a_full_batch_gives_one_outcome_a_change(self, rig: WriterRig) -> None:
        writes, target = ready(rig)
        batch = [upsert(rig, number, target) for number in range(target.batch_size)]
        outcomes = writes.write(target.object, batch)
        assert len(outcomes) == len(batch)
        assert {outcome.key for outcome in outcomes} == {change.key for change in batch}
        assert len({outcome.remote_id for outcome in outcomes}) == len(batch) == len(rig.remote())

    def test_an_empty_batch_is_nothing(self, rig: WriterRig) -> None:
        writes, target = ready(rig)
        assert list(writes.write(target.object, [])) == []

    def test_to_clear_and_to_leave_alone_are_different_things(self, rig: WriterRig) -> None:
        created = create(rig, 1)
        before = rig.remote()[_id(created)]
        untouched = update(created.remote_id, **{rig.text_field: "after"})
        assert rig_writes(rig).write(rig.target, [untouched])[0].status is Status.UPDATED
        assert rig.remote()[_id(created)][rig.clearable] == before[rig.clearable]
        emptied = Change(key="clear", op=Op.UPDATE, remote_id=created.remote_id, clear=(rig.clearable,))
        (outcome,) = rig_writes(rig).write(rig.target, [emptied])
        assert outcome.status is Status.UPDATED
        assert rig.remote()[_id(created)].get(rig.clearable) in (None, "")
        assert rig.remote()[_id(created)][rig.text_field] == "after"

    def test_what_was_acknowledged_is_what_the_vendor_holds(self, rig: WriterRig) -> None:
        created = create(rig, 1)
        change = upsert(rig, 1)
        schema = rig_writes(rig).describe(rig.target).fields
        live = rig_writes(rig).fetch(rig.target, [_id(created)])[_id(created)]
        assert live.remote_id == created.remote_id
        assert set(created.acknowledged) >= set(change.set)
        for name, sent in change.set.items():
            assert same(schema[name], sent, created.acknowledged[name]), name
            assert same(schema[name], created.acknowledged[name], live.fields.get(name)), name

    def test_what_was_written_comes_back_as_an_echo(self, rig: WriterRig) -> None:
        created = create(rig, 1)
        connector = rig.connector()
        streams = [stream for stream in connector.streams() if stream.target == rig.target]
        assert (not streams) == (Lack.ECHO in rig.lacks)
        schema = rig_writes(rig).describe(rig.target).fields
        for stream in streams:
            found: dict[Key, Fields] = {}
            for slice_ in stream.slices():
                for page in stream.read(slice_, None):
                    for record in page.records:
                        at = stream.properties_at
                        found[slice_.key, record.remote_id] = record.body[at] if at else record.body
            (back,) = [fields for (_, id_), fields in found.items() if id_ == created.remote_id]
            for name, value in created.acknowledged.items():
                assert same(schema[name], value, back.get(name)), name

    def test_unicode_survives(self, rig: WriterRig) -> None:
        created = create(rig, 1)
        change = update(created.remote_id, **{rig.text_field: UNICODE})
        (outcome,) = rig_writes(rig).write(rig.target, [change])
        assert outcome.status is Status.UPDATED
        assert rig.remote()[_id(created)][rig.text_field] == UNICODE

    def test_a_text_of_the_greatest_length_is_kept_and_a_longer_one_is_not_cut_in_silence(self, rig: WriterRig) -> None:
        created = create(rig, 1)
        limit = rig_writes(rig).describe(rig.target).fields[rig.text_field].length
        assert (limit is None) == (Lack.LENGTH in rig.lacks)
        if limit is None:
            return
        longest = update(created.remote_id, **{rig.text_field: "x" * limit})
        assert rig_writes(rig).write(rig.target, [longest])[0].status is Status.UPDATED
        longer = update(created.remote_id, **{rig.text_field: "y" * (limit + 1)})
        (outcome,) = rig_writes(rig).write(rig.target, [longer])
        held = rig.remote()[_id(created)][rig.text_field]
        if outcome.status is Status.FAILED:
            assert rig.text_field in outcome.error
            assert held == "x" * limit
        else:
            assert outcome.acknowledged[rig.text_field] == held == "y" * limit

    def test_find_gives_every_match_oldest_first(self, rig: WriterRig) -> None:
        writes, target = ready(rig)
        if not target.match_on:
            assert target.uniqueness is not Uniqueness.MATCH_ONLY
            return
        field = target.match_on[0]
        planted = [rig.plant(rig.values(1))]
        rig.clock.advance(10)
        other = rig.plant(rig.values(2))
        rig.clock.advance(10)
        if Lack.DUPLICATES not in rig.lacks:
            planted.append(rig.plant(rig.values(1)))
        rig.clock.advance(target.settle_seconds + 1)
        one, two, none = (str(rig.values(number)[field]) for number in (1, 2, 3))
        found = writes.find(target.object, field, [one, two, none])
        assert [remote.remote_id for remote in found[one]] == planted
        assert [remote.remote_id for remote in found[two]] == [other]
        assert none not in found

    def test_find_by_the_external_id_finds_what_was_written(self, rig: WriterRig) -> None:
        _, target = ready(rig)
        created = create(rig, 1)
        if target.external_id:
            found = rig_writes(rig).find(target.object, target.external_id, ["subject-1", "subject-2"])
            assert {value: [r.remote_id for r in remotes] for value, remotes in found.items()} == {
                "subject-1": [created.remote_id]
            }
        else:
            assert target.uniqueness is not Uniqueness.EXTERNAL_ID

    def test_an_existing_record_that_matches_is_taken_over(self, rig: WriterRig) -> None:
        writes, target = ready(rig)
        if target.uniqueness is not Uniqueness.MATCH_ONLY:
            assert target.external_id or not target.match_on
            return
        planted = rig.plant(rig.values(1))
        rig.clock.advance(target.settle_seconds + 1)
        (outcome,) = writes.write(target.object, [upsert(rig, 1)])
        assert outcome.status in (Status.UPDATED, Status.UNCHANGED)
        assert outcome.remote_id == planted
        assert set(rig.remote()) == {planted}

    def test_fetch_gives_live_values_and_leaves_out_what_is_gone(self, rig: WriterRig) -> None:
        one, two = create(rig, 1), create(rig, 2)
        rig.touch(_id(one))
        rig.remove(_id(two))
        live = rig_writes(rig).fetch(rig.target, [_id(one), _id(two)])
        assert [id_ for id_, remote in live.items() if not remote.archived] == [_id(one)]
        held = rig.remote()[_id(one)]
        assert all(same_text(held.get(name), value) for name, value in live[_id(one)].fields.items() if name in held)

    def test_archiving_twice_is_archiving_once(self, rig: WriterRig) -> None:
        created, kept = create(rig, 1), create(rig, 2)
        change = Change(key="archive", op=Op.ARCHIVE, remote_id=created.remote_id)
        (outcome,) = rig_writes(rig).write(rig.target, [change])
        if Lack.ARCHIVE in rig.lacks:
            assert outcome.status is Status.FAILED
            return
        assert outcome.status is Status.UPDATED
        assert set(rig.remote()) == {kept.remote_id}
        assert rig_writes(rig).write(rig.target, [change])[0].status in (*DONE, Status.FAILED)
        assert set(rig.remote()) == {kept.remote_id}

    def test_records_are_linked_and_unlinked(self, rig: WriterRig) -> None:
        created = create(rig, 1)
        for role in target_of(rig_writes(rig), rig.target).refs:
            end = rig.neighbour(role)
            change = Change(key="link", op=Op.ASSOCIATE, remote_id=created.remote_id, refs={role: [end]})
            assert not _told(rig, created, role)
            for _ in range(2):
                assert rig_writes(rig).write(rig.target, [change])[0].status in DONE
                assert list(rig.links(_id(created), role)) == [end]
                assert _told(rig, created, role) in ([end], None)
            change = Change(key="unlink", op=Op.DISSOCIATE, remote_id=created.remote_id, refs={role: [end]})
            for _ in range(2):
                assert rig_writes(rig).write(rig.target, [change])[0].status in DONE
                assert list(rig.links(_id(created), role)) == []
                assert not _told(rig, created, role)

    def test_a_new_record_comes_with_its_links(self, rig: WriterRig) -> None:
        writes, target = ready(rig)
        refs = {role: [rig.neighbour(role)] for role in target.refs}
        change = upsert(rig, 1)
        linked = Change(change.key, change.op, change.external_id, match=change.match, set=change.set, refs=refs)
        before = set(rig.remote())
        (outcome,) = writes.write(target.object, [linked])
        assert outcome.status is Status.CREATED
        assert set(rig.remote()) - before == {outcome.remote_id}
        for role, ends in refs.items():
            assert list(rig.links(_id(outcome), role)) == ends

    def test_the_page_of_connectors_says_how_the_target_is_written(
        self, rig: WriterRig, request: pytest.FixtureRequest
    ) -> None:
        connector = rig.connector()
        assert connector.writes is not None
        target = target_of(connector.writes, rig.target)
        tell(request, "target", connector, rig.target, {"uniqueness": str(target.uniqueness)})


def rig_writes(rig: WriterRig) -> Writes:
    """The writes of a new connector, as a later run would have them."""
    writes = rig.connector().writes
    assert writes is not None
    return writes


def same_text(one: object, other: object) -> bool:
    """Whether two stored values agree, leaving aside how they are typed."""
    return str(one or "") == str(other or "")


def _id(outcome: Outcome) -> RemoteId:
    assert outcome.remote_id is not None
    return outcome.remote_id


def _told(rig: WriterRig, created: Outcome, role: str) -> list[str] | None:
    """What the connector says that a record is associated with; None where it cannot."""
    writes = rig_writes(rig)
    if not isinstance(writes, Associations):
        return None
    return list(writes.associated(rig.target, role, [_id(created)]).get(_id(created), ()))
