"""Mending: what people do about fields that changed, records that failed, and rules that were changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from config.settings import Settings
from mapping.drift import COMPUTED, State
from mapping.errors import ConcordError
from state.database import Database
from state.runs import together
from sync.connect import Switchboard
from sync.drifted import AcceptReport, Drifted, DriftView, SchemaView
from sync.intake import Intake
from sync.letters import LetterDesk, Wanted
from sync.outgoing import Outgoing
from sync.replay import Replay
from sync.replayed import LetterGroup, ReplayReport, TryReport
from sync.reports import DeadLetterView, ResolveReport, SyncReport

COMPUTED_GO = (
    "what was computed from them goes with the next full reading: concord sync {name} --stream {stream} --full"
)


@dataclass(frozen=True, slots=True)
class Mending:
    """One hub's records put right. ``resolve`` works out who is who after them; ``wanted`` checks names."""

    db: Database
    settings: Settings
    switchboard: Switchboard
    intake: Intake
    outgoing: Outgoing
    resolve: Callable[[], ResolveReport]
    wanted: Callable[[Sequence[str]], Sequence[str]]

    def replay(
        self,
        names: Sequence[str] = (),
        *,
        streams: Sequence[str] = (),
        since: date | None = None,
        dry_run: bool = False,
    ) -> ReplayReport:
        """Maps stored records again under today's rules, then works out who is who; with ``dry_run`` only tells what
        that would change. Asks no vendor for anything but bodies that are no longer kept.

        Raises ConfigError, having done nothing, for a name that does not exist or was never read.
        """
        replay = Replay(self.db, self.switchboard, self.intake)
        with together():
            chosen = [name for name in self.wanted(names) if names or replay.was_read(name)]
            replay.check(chosen, streams)
            found = [
                each
                for name in chosen
                for each in replay.connection(name, streams, since=since, dry_run=dry_run)
            ]  # fmt: skip
            return ReplayReport(found, ResolveReport() if dry_run else self.resolve(), dry_run)

    def fields(self, name: str, stream: str = "") -> Sequence[SchemaView]:
        """The fields of a connection's streams, with samples."""
        self.wanted([name])
        return self._drifted.shown(name, stream)

    def drift(self, name: str = "", stream: str = "", limit: int = 50) -> Sequence[DriftView]:
        """What happened to fields, the newest first."""
        if name:
            self.wanted([name])
        return self._drifted.drift(name, stream, limit)

    def accept(self, name: str, stream: str, fields: Sequence[str] = ()) -> AcceptReport:
        """Takes what happened to these fields, or to all that wait, and maps what is stored by it."""
        self.wanted([name])
        taken = self._drifted.accept(name, stream, fields, self.intake.owner)
        replay = self.replay([name], streams=[stream]) if taken else ReplayReport((), ResolveReport())
        computed = any(one.state is State.DROPPED and one.used_by == COMPUTED for one in taken)
        message = COMPUTED_GO.format(name=name, stream=stream) if computed else ""
        return AcceptReport(name, stream, [one.name for one in taken], replay, message)

    def waiting(self) -> Sequence[str]:
        """What to do about fields that wait for a person."""
        return self._drifted.waiting()

    def letters(
        self, connection: str = "", stream: str = "", reason: str = "", limit: int = 50
    ) -> Sequence[DeadLetterView]:
        """The open dead letters, by where they failed and by a part of their reason."""
        return self._desk.listed(self._wanted(connection, stream, reason), limit)

    def letter_groups(self, connection: str = "", stream: str = "", reason: str = "") -> Sequence[LetterGroup]:
        """The same by their reasons."""
        return self._desk.groups(self._wanted(connection, stream, reason))

    def letter(self, number: int) -> DeadLetterView:
        """One dead letter with its record and what it failed at. Raises GoneError when there is none."""
        return self._desk.shown(number)

    def try_letter(self, number: int, rules: Sequence[str] = ()) -> TryReport:
        """What its record says by the rules in force and those given; stores nothing."""
        return self._desk.tried(number, rules)

    def replay_letters(
        self, numbers: Sequence[int] = (), *, connection: str = "", stream: str = "", reason: str = ""
    ) -> SyncReport:
        """Tries the records of dead letters again with the rules in force: those named, or all that are wanted.

        A letter that was to be written, named by its number, lets the next plan write its record again: somebody has
        looked at the destination and found that it is not there.
        """
        wanted = self._wanted(connection, stream, reason)
        views = [self._desk.shown(number) for number in numbers]
        self.outgoing.release([one.id for one in views if one.direction == "out"])
        with together():
            return SyncReport(self._desk.replayed(numbers, wanted), self.resolve())

    def _wanted(self, connection: str, stream: str, reason: str) -> Wanted:
        if connection:
            self.wanted([connection])
        return Wanted(connection, stream, reason)

    @property
    def _desk(self) -> LetterDesk:
        return LetterDesk(self.db, self.settings, self.switchboard, self.intake)

    @property
    def _drifted(self) -> Drifted:
        return Drifted(self.db, self.settings, self._properties_at)

    def _properties_at(self, name: str, stream: str) -> str:
        try:
            streams = self.switchboard.stored(name).connector.streams() if name in self.settings.connections else ()
        except ConcordError:  # it cannot be built just now; what is known of its fields is shown without samples
            return ""
        return next((one.properties_at for one in streams if one.name == stream), "")
