"""The promises of a stream, as tests that every vendor's connector is held to."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest

from mapping.contract import Coverage, Deletes, Slice
from mapping.errors import (
    AuthError,
    ConcordError,
    ContractError,
    CursorExpiredError,
    RateLimitedError,
    RecordError,
    TransientError,
)
from mapping.mapper import Mapper
from mapping.model import MODELS
from tests.connectors.declared import DeclaredContract
from tests.connectors.rig import Key, Lack, ReaderRig, Reading, read, resume, stream_of
from tests.faults import fault
from tests.proofs import tell

PATIENCE = 4
YEAR = 365 * 86_400


def fill(rig: ReaderRig, count: int | None = None, first: int = 0) -> list[Key]:
    """Puts records one second apart; by default enough for several pages in each slice."""
    keys = []
    for number in range(first, first + (count or enough(rig))):
        keys.append(rig.put(number))
        rig.clock.advance(1)
    return keys


def touch(rig: ReaderRig, key: Key, number: int = 0) -> Key:
    """Changes a record; where none ever changes, puts another. Either way an increment has to bring what is given."""
    if Lack.CHANGES in rig.lacks:
        return rig.put(5_000 + number)
    rig.change(key)
    return key


def enough(rig: ReaderRig) -> int:
    """Records for two and a half pages in each slice."""
    slices = len(stream_of(rig.connector(), rig.stream).slices())
    return slices * (rig.page_size * 5 // 2)


def read_patiently(rig: ReaderRig, reading: Reading) -> tuple[list[ConcordError], float]:
    """Reads to the end, resuming after each failure as the engine would; the failures, and the seconds waited."""
    failures: list[ConcordError] = []
    waited = 0.0
    for _ in range(PATIENCE):
        slept = rig.clock.slept
        try:
            resume(rig, reading)
        except (TransientError, ContractError) as error:
            failures.append(error)
            pause = (error.retry_after if isinstance(error, RateLimitedError) else None) or 60.0
            rig.clock.advance(pause)
            waited += pause + rig.clock.slept - slept
        else:
            return failures, waited + rig.clock.slept - slept
    pytest.fail(f"the stream could not be read in {PATIENCE} attempts: {failures[-1]!r}")


class ReaderContract(DeclaredContract):
    """Subclass with a fixture ``rig`` that gives a ReaderRig."""

    def test_a_bad_login_is_an_auth_error(self, rig: ReaderRig) -> None:
        if Lack.CREDENTIALS in rig.lacks:
            assert not rig.secrets, "a vendor without a login has no secrets"
            return
        with pytest.raises(AuthError):
            rig.stranger().check()

    def test_a_bad_login_reads_nothing(self, rig: ReaderRig) -> None:
        if Lack.CREDENTIALS in rig.lacks:
            assert not rig.secrets, "a vendor without a login has no secrets"
            return
        slice_, _ = fill(rig, 1)[0]
        stream = stream_of(rig.stranger(), rig.stream)
        with pytest.raises(AuthError):
            list(stream.read(Slice(slice_), None))

    def test_the_account_stays_the_same(self, rig: ReaderRig) -> None:
        first = rig.connector().check()
        rig.clock.advance(YEAR)
        assert first.id
        assert rig.connector().check().id == first.id

    @fault("expired cursor", "Every connector tells an expired cursor from every other refusal.")
    def test_an_expired_cursor_says_so(self, rig: ReaderRig) -> None:
        keys = fill(rig)
        before = read(rig)
        touched = touch(rig, keys[0])
        if Lack.EXPIRY in rig.lacks:
            rig.clock.advance(YEAR)
            assert touched in read(rig, before).records, "without expiry an old cursor reads on"
            return
        rig.expire_cursors()
        with pytest.raises(CursorExpiredError):
            read(rig, before)
        assert set(read(rig).records) == {*keys, touched}, "a read in full brings everything again"

    @fault("429 with Retry-After", "Every connector waits as long as it is asked to, and loses nothing.")
    def test_a_rate_limit_with_a_time_is_waited_out(self, rig: ReaderRig) -> None:
        if _without_network(rig):
            return
        keys = fill(rig)
        rig.rate_limit(20)
        reading = Reading()
        _, waited = read_patiently(rig, reading)
        assert set(reading.records) == set(keys)
        assert waited >= 20

    @fault("429 without Retry-After", "Every connector waits, and loses nothing.")
    def test_a_rate_limit_without_a_time_is_waited_out(self, rig: ReaderRig) -> None:
        if _without_network(rig):
            return
        keys = fill(rig)
        rig.rate_limit(None)
        reading = Reading()
        _, waited = read_patiently(rig, reading)
        assert set(reading.records) == set(keys)
        assert waited > 0

    @fault("500", "Every connector reads everything all the same.")
    def test_a_server_error_loses_nothing(self, rig: ReaderRig) -> None:
        if _without_network(rig):
            return
        keys = fill(rig)
        rig.server_error()
        reading = Reading()
        failures, _ = read_patiently(rig, reading)
        assert set(reading.records) == set(keys)
        assert all(isinstance(error, TransientError) for error in failures)

    @fault("reset mid-body", "Every connector reads everything all the same.")
    def test_a_truncated_answer_loses_nothing(self, rig: ReaderRig) -> None:
        if _without_network(rig):
            return
        keys = fill(rig)
        rig.truncate()
        reading = Reading()
        read_patiently(rig, reading)
        assert set(reading.records) == set(keys)

    @fault("unreadable record", "Every connector names the record and reads all others.")
    def test_one_bad_record_costs_one_record(self, rig: ReaderRig) -> None:
        if Lack.BAD_RECORDS in rig.lacks:
            fill(rig)
            assert not read(rig).bad
            return
        keys = fill(rig)
        bad = rig.put_bad()
        rig.clock.advance(1)
        keys += fill(rig, 2, first=len(keys))
        reading = read(rig)
        mapper = Mapper(stream_of(rig.connector(), rig.stream).rules, default_country="GB")
        assert not reading.bad & {id_ for _, id_ in reading.records}, "a record is either given or reported"
        unmapped = set(reading.bad)
        for record in reading.records.values():
            try:
                mapper.map(record.body)
            except RecordError:
                unmapped.add(record.remote_id)
        assert unmapped == {bad[1]}
        assert set(reading.records) | {bad} == {*keys, bad}

    def test_nothing_secret_shows(self, rig: ReaderRig, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        fill(rig)
        connector = rig.connector()
        shown = [repr(connector), str(connector), repr(connector.streams()), repr(connector.check())]
        failures: list[ConcordError] = []
        if Lack.CREDENTIALS not in rig.lacks:
            with pytest.raises(AuthError) as refused:
                rig.stranger().check()
            failures.append(refused.value)
        if Lack.NETWORK not in rig.lacks:
            mishaps: list[Callable[[], None]] = [partial(rig.rate_limit, 100_000), rig.server_error, rig.truncate]
            for mishap in mishaps:
                mishap()
                failures += read_patiently(rig, Reading())[0]
        shown += ["".join(traceback.format_exception(error)) for error in failures]
        shown += [repr(page) for _, page in read(rig).pages]
        for secret in rig.secrets:
            assert not [text for text in [*shown, caplog.text] if secret in text]

    def test_every_page_carries_a_cursor(self, rig: ReaderRig) -> None:
        keys = fill(rig)
        full = read(rig)
        touch(rig, keys[0])
        assert full.pages
        assert all(page.cursor for _, page in [*full.pages, *read(rig, full).pages])

    def test_an_enumeration_is_complete_on_its_last_page_only(self, rig: ReaderRig) -> None:
        keys = fill(rig)
        full = read(rig)
        for slice_ in full.cursors:
            assert [page.complete for page in full.of(slice_)] == [False] * (len(full.of(slice_)) - 1) + [True]
        touch(rig, keys[0])
        again = read(rig, full)
        for slice_ in again.cursors:
            *before, last = again.of(slice_)
            assert not any(page.complete for page in before)
            assert not last.complete or again.of(slice_)[0].begins, "an increment enumerates nothing, or says so"

    def test_where_nothing_is_an_enumeration_is_complete_all_the_same(self, rig: ReaderRig) -> None:
        full = read(rig)
        for slice_ in stream_of(rig.connector(), rig.stream).slices():
            assert [page.complete for page in full.of(slice_.key)][-1:] == [True]
        keys = fill(rig, 1)
        assert set(read(rig, full).records) == set(keys)

    def test_pages_are_of_the_size_asked_for(self, rig: ReaderRig) -> None:
        keys = fill(rig)
        full = read(rig)
        assert all(len(page.records) <= rig.page_size for _, page in full.pages)
        assert len(full.pages) >= len(keys) / rig.page_size

    def test_resuming_after_any_page_loses_nothing_and_repeats_at_most_one_page(self, rig: ReaderRig) -> None:
        keys = fill(rig)
        _assert_resumable(rig, None, set(keys))

    def test_an_increment_resumed_after_any_page_loses_nothing(self, rig: ReaderRig) -> None:
        keys = fill(rig)
        before = read(rig)
        rig.clock.advance(YEAR)
        touched = set()
        for number, key in enumerate(keys):
            touched.add(touch(rig, key, number))
            rig.clock.advance(1)
        _assert_resumable(rig, before, touched)

    def test_records_of_one_instant_are_all_read_across_page_borders(self, rig: ReaderRig) -> None:
        with rig.frozen():
            keys = [rig.put(number) for number in range(enough(rig))]
        rig.clock.advance(1)
        _assert_resumable(rig, None, set(keys))

    def test_changes_of_one_instant_are_all_read_across_page_borders(self, rig: ReaderRig) -> None:
        keys = fill(rig)
        before = read(rig)
        rig.clock.advance(YEAR)
        with rig.frozen():
            touched = {touch(rig, key, number) for number, key in enumerate(keys)}
            added = {rig.put(number) for number in range(len(keys), 2 * len(keys))}
        rig.clock.advance(1)
        _assert_resumable(rig, before, touched | added)

    def test_a_record_of_the_instant_that_was_read_last_is_not_missed(self, rig: ReaderRig) -> None:
        with rig.frozen():
            first = [rig.put(number) for number in range(2)]
            before = read(rig)
            late = [rig.put(number) for number in range(2, enough(rig))]
        rig.clock.advance(1)
        assert set(before.records) == set(first)
        assert set(late) <= set(read(rig, before).records)

    def test_a_record_updated_between_two_pages_hides_no_other(self, rig: ReaderRig) -> None:
        keys = fill(rig)
        reading = _read_one_page(rig)
        touched = touch(rig, next(iter(reading.records)))
        rig.clock.advance(1)
        added = fill(rig, 1, first=len(keys))
        _go_on(rig, reading)
        late = read(rig, reading)
        assert set(reading.records) | set(late.records) == {*keys, touched, *added}

    def test_a_record_deleted_between_two_pages_hides_no_other(self, rig: ReaderRig) -> None:
        keys = fill(rig)
        reading = _read_one_page(rig)
        gone = next(iter(reading.records))
        rig.delete(gone)
        rig.clock.advance(1)
        _go_on(rig, reading)
        assert set(reading.records) | {gone} == set(keys)

    def test_a_record_updated_between_two_runs_hides_no_other(self, rig: ReaderRig) -> None:
        keys = fill(rig)
        before = read(rig)
        rig.clock.advance(YEAR)
        touched = set()
        for number, key in enumerate((keys[0], keys[-1])):
            touched.add(touch(rig, key, number))
            rig.clock.advance(1)
        added = fill(rig, 2, first=len(keys))
        after = read(rig, before)
        assert {*touched, *added} <= set(after.records)
        assert set(after.records) <= {*keys, *touched, *added}

    def test_a_later_version_is_told_from_an_earlier_one(self, rig: ReaderRig) -> None:
        key = fill(rig, 1)[0]
        before = read(rig)
        rig.clock.advance(60)
        if Lack.CHANGES in rig.lacks:
            assert read(rig).records == before.records
            return
        rig.change(key)
        rig.clock.advance(1)
        old, new = before.records[key], read(rig, before).records[key]
        assert (old.version, old.changed_at) != (new.version, new.changed_at)
        for record in (old, new):
            assert record.changed_at is None or record.changed_at.utcoffset() == timedelta(0)
            assert record.observed_at is None or record.observed_at.tzinfo is not None
        if old.changed_at and new.changed_at:
            assert old.changed_at < new.changed_at <= rig.clock.now()

    def test_an_idle_increment_brings_nothing_new(self, rig: ReaderRig) -> None:
        fill(rig)
        full = read(rig)
        rig.clock.advance(1)
        for _ in range(2):
            idle = read(rig, full)
            for key, record in idle.records.items():
                known = full.records[key]
                assert (record.version, record.changed_at) == (known.version, known.changed_at)
                assert record.coverage is Coverage.PATCH or record.body == known.body
            assert not idle.tombstones
            full.cursors = idle.cursors

    def test_a_deletion_is_seen_as_declared(self, rig: ReaderRig) -> None:
        keys = fill(rig)
        before = read(rig)
        rig.clock.advance(60)
        rig.delete(keys[0])
        rig.clock.advance(1)
        after = read(rig, before)
        stream = stream_of(rig.connector(), rig.stream)
        assert keys[0] not in after.records
        assert set(after.tombstones) == ({keys[0]} if stream.deletes is Deletes.NATIVE else set())
        if stream.deletes is not Deletes.NONE:
            assert set(read(rig).records) == set(keys[1:]), "a full enumeration no longer has it"
        if stream.deletes is Deletes.SWEEP and stream.ids is not None:
            assert keys[0] not in _enumerated(rig)

    def test_ids_are_those_a_full_read_finds(self, rig: ReaderRig) -> None:
        keys = fill(rig)
        stream = stream_of(rig.connector(), rig.stream)
        assert (stream.ids is None) == (Lack.IDS in rig.lacks)
        if stream.ids is not None:
            assert _enumerated(rig) == sorted(keys)

    def test_where_nothing_is_there_are_no_ids(self, rig: ReaderRig) -> None:
        if Lack.IDS not in rig.lacks:
            assert _enumerated(rig) == []

    @fault("cut-off listing", "Every connector that lists ids says when the list was cut off; nothing is deleted then.")
    def test_a_listing_of_ids_that_is_cut_off_says_so(self, rig: ReaderRig) -> None:
        """A sweep takes what a listing leaves out for gone: it is whole, or it ends with an error."""
        if Lack.IDS in rig.lacks or _without_network(rig):
            return
        keys = fill(rig)
        mishaps: list[Callable[[], None]] = [partial(rig.rate_limit, 100_000), rig.server_error, rig.truncate]
        for mishap in mishaps:
            mishap()
            for _ in range(PATIENCE):
                try:
                    assert _enumerated(rig) == sorted(keys)
                    break
                except (TransientError, ContractError):
                    rig.clock.advance(100_000)
            else:
                pytest.fail(f"the ids could not be listed in {PATIENCE} attempts")

    def test_get_gives_the_bodies_that_a_read_gives(self, rig: ReaderRig) -> None:
        keys = fill(rig)
        records = read(rig).records
        stream = stream_of(rig.connector(), rig.stream)
        assert (stream.get is None) == (Lack.GET in rig.lacks)
        if stream.get is None:
            return
        rig.delete(keys[0])
        for slice_ in stream.slices():
            ids = [id_ for key, id_ in keys if key == slice_.key]
            got = {(record.slice, record.remote_id): record for record in stream.get(slice_, ids)}
            assert set(got) == {(slice_.key, id_) for id_ in ids} - {keys[0]}
            for key, record in got.items():
                assert record.coverage is Coverage.FULL
                assert record.body == records[key].body

    def test_a_window_brings_what_lies_in_it(self, rig: ReaderRig) -> None:
        fill(rig)
        rig.clock.advance(86_400)
        start = rig.clock.now()
        inside = fill(rig, first=100)
        end = start + timedelta(hours=1)
        rig.clock.advance(86_400)
        fill(rig, first=200)
        stream = stream_of(rig.connector(), rig.stream)
        assert (stream.window is None) == (Lack.WINDOW in rig.lacks)
        if stream.window is None:
            return
        found: set[Key] = set()
        for slice_ in stream.slices():
            pages = list(stream.window(slice_, start, end, None))
            found |= {(record.slice, record.remote_id) for page in pages for record in page.records}
            if len(pages) > 1:
                rest = list(stream.window(slice_, start, end, pages[0].cursor))
                again = {record.remote_id for page in rest for record in page.records}
                assert again >= {record.remote_id for page in pages[1:] for record in page.records}
        assert found == set(inside)

    def test_the_page_of_connectors_says_what_the_stream_can_do(
        self, rig: ReaderRig, request: pytest.FixtureRequest
    ) -> None:
        for number in range(enough(rig)):
            rig.put(number)
            rig.clock.advance(10 * 86_400)  # further than anybody looks back
        connector = rig.connector()
        stream = stream_of(connector, rig.stream)
        first = read(rig)
        can = {
            "increments": len(read(rig, first).records) < len(first.records),
            "deletes": str(stream.deletes),
            "window": stream.window is not None,
        }
        tell(request, "stream", connector, rig.stream, can)

    def test_describe_covers_what_the_default_rules_read(self, rig: ReaderRig) -> None:
        fill(rig, 1)
        stream = stream_of(rig.connector(), rig.stream)
        described = stream.describe().fields
        assert all(name == field.name for name, field in described.items())
        assert Mapper(stream.rules).reads(stream.properties_at) - set(described) - set(rig.envelope) == set()

    def test_the_default_rules_make_valid_entities_of_every_record(self, rig: ReaderRig) -> None:
        keys = fill(rig)
        stream = stream_of(rig.connector(), rig.stream)
        mapper = Mapper(stream.rules, default_country="GB")
        names = {rules.name for rules in stream.rules}
        records = read(rig).records
        for key in keys:
            entities = mapper.map(records[key].body)
            assert entities, "a record says at least one thing"
            assert len({entity.part for entity in entities}) == len(entities)
            for entity in entities:
                MODELS[entity.kind].model_validate(entity.values)
                assert entity.part.split(":", 1)[0] in names


def _without_network(rig: ReaderRig) -> bool:
    """Whether the rig declares that there are no requests; then none must be made."""
    if Lack.NETWORK not in rig.lacks:
        return False
    fill(rig)
    read(rig)
    assert rig.clock.requests == 0
    return True


def _read_one_page(rig: ReaderRig) -> Reading:
    """A reading that was cut off after one page of the first slice with records."""
    reading = Reading()
    stream = stream_of(rig.connector(), rig.stream)
    for slice_ in stream.slices():
        page = next(iter(stream.read(slice_, None)))
        reading.pages.append((slice_, page))
        reading.cursors[slice_.key] = page.cursor
    return reading


def _go_on(rig: ReaderRig, reading: Reading) -> None:
    """Goes on with a reading that was cut off before something changed; from its beginning where the place is lost."""
    if Lack.PLACE in rig.lacks:
        with pytest.raises(CursorExpiredError):
            resume(rig, reading)
        reading.cursors.clear()
    resume(rig, reading)


def _assert_resumable(rig: ReaderRig, since: Reading | None, expected: set[Key]) -> None:
    whole = read(rig, since)
    assert set(whole.records) >= expected
    assert since is not None or set(whole.records) == expected
    for slice_ in stream_of(rig.connector(), rig.stream).slices():
        pages = whole.of(slice_.key)
        for number, page in enumerate(pages[:-1], 1):
            stream = stream_of(rig.connector(), rig.stream)
            rest = {record.remote_id for each in stream.read(slice_, page.cursor) for record in each.records}
            seen = {record.remote_id for each in pages[:number] for record in each.records}
            assert seen | rest >= {id_ for key, id_ in expected if key == slice_.key}
            assert len(seen & rest) <= rig.page_size


def _enumerated(rig: ReaderRig) -> list[Key]:
    stream = stream_of(rig.connector(), rig.stream)
    assert stream.ids is not None
    return sorted((slice_.key, id_) for slice_ in stream.slices() for ids in stream.ids(slice_) for id_ in ids)
