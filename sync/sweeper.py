"""Sweeper: which streams are swept, when it is due, and what one sweep of a stream is made of."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from config.settings import StreamSettings
from connectors.core.protocols import Stream
from mapping.contract import Deletes, Reason, RemoteId, Slice, Tombstone
from mapping.counts import many
from mapping.errors import AuthError, ConcordError
from state import cursors, dead_letters, sweeps
from state.cursors import Place
from state.database import Database
from state.leases import Lease
from sync.connect import Connected
from sync.due import PAUSE, due_at, is_due, is_swept
from sync.ending import failure
from sync.intake import Intake, Tally
from sync.reports import StreamReport, StreamSweep
from sync.retract import Retraction, guard
from sync.sweep import ADVICE, RETRACT, SAMPLE, SliceSweep, Swept

NO_SWEEP = {
    Deletes.NATIVE: "it tells of its deletions itself, and needs no sweep",
    Deletes.NONE: "it has no deletions to find",
    Deletes.EXPIRY: "what it no longer lists has only expired there, and stays here",
}


@dataclass(frozen=True, slots=True)
class Sweeper:
    """Sweeps connections."""

    db: Database
    intake: Intake

    def due(
        self, one: Connected, pulled: Sequence[StreamReport] | None = None, *, allow_deletes: bool = False
    ) -> list[StreamSweep]:
        """Sweeps the streams that are due; of those just pulled, only what went well."""
        fine = None if pulled is None else {each.stream for each in pulled if each.status in ("ok", "partial")}
        ready = [
            stream.name
            for stream in one.streams()
            if (fine is None or stream.name in fine)
            and is_swept(stream)
            and is_due(self.db, one.row.id, stream.name, one.settings.sweeps_every(stream.name))
        ]
        swept = self.connection(one, ready, allow_deletes=allow_deletes) if ready else []
        return [each for each in swept if _tells(each)]

    def next_due(self, one: Connected) -> datetime | None:
        """When a stream of the connection is due next, as far as is known; not before some minutes have passed, since
        one that could not be swept just now is due still."""
        dues = [
            due_at(self.db, one.row.id, stream.name, one.settings.sweeps_every(stream.name))
            for stream in one.streams()
            if is_swept(stream)
        ]
        known = [due for due in dues if due is not None]
        return max(min(known), self.db.now() + PAUSE) if known else None

    def several(
        self,
        opened: Sequence[Connected],
        errors: Mapping[str, ConcordError],
        streams: Sequence[str],
        *,
        dry_run: bool,
        allow_deletes: bool,
    ) -> list[StreamSweep]:
        """Sweeps several connections; one that cannot be reached, as in ``errors``, stops no other."""
        reports = [self._not_swept(name, error, dry_run=dry_run) for name, error in errors.items()]
        for one in opened:
            try:
                reports += self.connection(one, streams, dry_run=dry_run, allow_deletes=allow_deletes)
            except ConcordError as error:
                reports.append(self._not_swept(one.name, error, dry_run=dry_run))
        return reports

    def _not_swept(self, name: str, error: ConcordError, *, dry_run: bool) -> StreamSweep:
        status, message = failure(error) if dry_run else self.intake.not_opened("sweep", name, error)
        return StreamSweep(name, "", status.value, message=message)

    def connection(
        self, one: Connected, streams: Sequence[str] = (), *, dry_run: bool = False, allow_deletes: bool = False
    ) -> list[StreamSweep]:
        """Sweeps the streams of one connection; those named, or all that need it. A refused login ends it."""
        reports: list[StreamSweep] = []
        for stream in one.streams():
            if stream.name not in streams if streams else not is_swept(stream):
                continue
            if not is_swept(stream):
                reports.append(StreamSweep(one.name, stream.name, "skipped", message=NO_SWEEP[stream.deletes]))
                continue
            work = _StreamSweep(self.db, self.intake, one, stream, Swept(), allow_deletes)
            report, error = work.look() if dry_run else work.run()
            if streams or stream.deletes is Deletes.SWEEP or _tells(report):
                reports.append(report)
            if isinstance(error, AuthError):
                if not dry_run:
                    self.intake.switchboard.rejected(one, error)
                break
        return reports


def _tells(report: StreamSweep) -> bool:
    """Whether a sweep has anything to say: one that only looked whether a slice is gone mostly has not."""
    return report.status != "ok" or bool(report.known or report.met)


@dataclass(frozen=True, slots=True)
class _StreamSweep:
    """One sweep of one stream: slice by slice, and at last the slices that are no longer there."""

    db: Database
    intake: Intake
    one: Connected
    stream: Stream
    swept: Swept
    allow_deletes: bool

    def run(self) -> tuple[StreamSweep, BaseException | None]:
        """Sweeps under the stream's lease, as a run of its own."""
        began = time.monotonic()
        ended = self.intake.run("sweep", self.one, self.stream, self._sweep, self._tally)
        self.intake.observer.finished(
            f"sweep {self._what}", f"{self.swept.met} there, {self.swept.gone} gone, {self.swept.taken.new} new"
        )
        return self._report(ended.status, ended.message, began), ended.error

    def look(self) -> tuple[StreamSweep, BaseException | None]:
        """What ``run`` would do. Writes nothing, so it takes no lease and leaves no run."""
        began = time.monotonic()
        error: ConcordError | None = None
        status, message = "ok", ""
        self.intake.observer.started(f"sweep {self._what}", None)
        try:
            listed = self.stream.slices()
            for each in self._slices(listed):
                each.look()
            self._vanished(listed, None)
        except ConcordError as known:
            error = known
            ended, message = failure(known, "nothing was to be written")
            status = ended.value
        self.intake.observer.finished(f"sweep {self._what}", f"{self.swept.met} there, {self.swept.gone} gone")
        return self._report(status, message, began), error

    @property
    def _what(self) -> str:
        return f"{self.one.name}/{self.stream.name}"

    @property
    def _command(self) -> str:
        return f"{self.one.name} --stream {self.stream.name}"

    def _sweep(self, held: Lease) -> None:
        with self.db.write(held) as c:
            sweeps.note_tried(c, self.one.row.id, self.stream.name, self.db.stamp())
        listed = self.stream.slices()
        for each in self._slices(listed):
            each.run(held)
        self._vanished(listed, held)
        if not self.swept.whole:
            return
        with self.db.write(held) as c:
            sweeps.note_completed(c, self.one.row.id, self.stream.name, self.db.stamp())

    def _slices(self, listed: Sequence[Slice]) -> list[SliceSweep]:
        """The slices to sweep: those that are there and were read before; none where the vendor tells of deletions."""
        if self.stream.deletes is not Deletes.SWEEP:
            return []
        mine = self._settings
        reading = self.intake.reading(self.one, self.stream)
        with self.db.read() as c:
            known = {each.key: each.id for each in sweeps.known_slices(c, self.one.row.id, self.stream.name)}
        if any(each.key not in known for each in listed):
            self.swept.not_read()
        return [
            SliceSweep(
                self.db, self.one.row.id, reading, each, known[each.key], self.swept,
                lambda done: self.intake.observer.advanced(f"sweep {self._what}", done),
                self._command, mine.since, mine.max_vanished_share, self.allow_deletes,
            )
            for each in listed
            if each.key in known
        ]  # fmt: skip

    @property
    def _settings(self) -> StreamSettings:
        return self.one.settings.reads(self.stream.name) or StreamSettings()

    def _vanished(self, listed: Sequence[Slice], held: Lease | None) -> None:
        """Retracts the records of slices that are no longer there (a calendar that was removed), or counts them where
        there is no lease. The guard weighs them, with all else that is gone, against the whole stream."""
        there = {each.key for each in listed}
        with self.db.read() as c:
            known = sweeps.known_slices(c, self.one.row.id, self.stream.name)
        away = [each for each in known if each.key not in there and each.live]
        if not away:
            return
        if there - {each.key for each in known}:
            # One that was never read may be the one that is away, at another address.
            self.swept.not_read()
            return
        lost = sum(each.live for each in away)
        whole = sum(each.live for each in known) + (self.swept.gone if held is not None else 0)
        share = self._settings.max_vanished_share
        self.swept.known += lost
        guard(lost + self.swept.gone, whole, share, ADVICE.format(place=self._command), allowed=self.allow_deletes)
        self.swept.notes.append(
            f"of the {many(len(known), 'part')} it is read in {many(len(away), 'is', 'are')} no longer there"
        )
        for each in away:
            if held is not None:
                self._forget(each, held)
            else:
                with self.db.read() as c:
                    self._gone(sweeps.live(c, each.id, SAMPLE), each.live)

    def _gone(self, ids: Sequence[str], count: int) -> None:
        self.swept.gone += count
        self.swept.keep_sample(ids)

    def _forget(self, away: sweeps.KnownSlice, held: Lease) -> None:
        """Retracts every record of a slice. Its cursor goes first: should it come back, it is read from the start."""
        with self.db.write(held) as c:
            place = cursors.load(c, away.id)
            cursors.store(c, away.id, Place(generation=place.generation, pages=place.pages), self.db.stamp())
        reading = self.intake.reading(self.one, self.stream)
        retraction = Retraction(self.db, self.one.row.id, reading, away.id)
        while True:
            with self.db.write(held) as c:
                ids = sweeps.live(c, away.id, RETRACT)
                now = self.db.stamp()
                retraction.apply(c, [Tombstone(RemoteId(one), Reason.OUT_OF_SCOPE) for one in ids], now)
                if not ids:
                    letters = dead_letters.Letters.IN
                    at = dead_letters.Place(letters, self.one.row.id, self.stream.name, away.key)
                    dead_letters.resolve_unrepeated(c, at, away.id, now)
                    return
            self._gone(ids, len(ids))

    def _tally(self) -> Tally:
        taken = self.swept.taken.tally()
        return {
            "known": self.swept.known, "met": self.swept.met, "gone": self.swept.gone, "unknown": self.swept.unknown,
            "new": taken["new"], "changed": taken["changed"], "failed": taken["failed"],
        }  # fmt: skip

    def _unknown(self) -> Sequence[str]:
        """What is told of ids that the hub does not hold, where they cannot simply be fetched."""
        if not self.swept.unknown or self.stream.ids is None:
            return []
        since = self._settings.since
        if self.stream.get is not None and since is None:
            return []
        which = f"those since {since}" if since else "they"
        return [
            f"{self.swept.unknown} are there that the hub lacks: {which} come with concord sync {self.one.name} --full"
        ]

    def _report(self, status: str, message: str, began: float) -> StreamSweep:
        swept, taken = self.swept, self.swept.taken
        notes = [*dict.fromkeys(swept.notes), *taken.notes, *self._unknown()]
        if self.stream.deletes is not Deletes.SWEEP and not notes and not message:
            notes = ["it tells of its deletions itself; each part it is read in is still there"]
        if status == "ok" and not swept.whole and not swept.met:
            status = "skipped"
        return StreamSweep(
            self.one.name, self.stream.name, status, swept.known, swept.met, swept.gone, swept.unknown,
            taken.new + taken.changed, taken.dead, list(swept.sample), time.monotonic() - began,
            "; ".join([*notes, message] if message else notes),
        )  # fmt: skip
