"""Incidents: what people are told of what is wrong, once, again when it lasts, and when it is over."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from mapping.alerts import AlertKind
from state.alerts import Incident
from state.database import parse_stamp, stamp
from sync.troubles import Trouble

GROWN_AFTER = timedelta(hours=1)
"""How long after it was told an incident is told again because it has grown."""

WORDS = {
    AlertKind.FAILED_RUN: "a run failed",
    AlertKind.FAILED_ROWS: "records could not be taken or sent",
    AlertKind.MISSED_SCHEDULE: "a schedule was missed",
    AlertKind.EXPIRED_LOGIN: "the login is refused",
    AlertKind.GUARD_REFUSED: "a guard refused a change",
}


@dataclass(frozen=True, slots=True)
class Pace:
    """How soon people are told. ``gather``: what begins within it is told together. ``settle``: how long all must be
    well before that is told, so that a source which comes and goes is one incident."""

    gather: timedelta = timedelta(0)
    settle: timedelta = timedelta(0)


AT_ONCE = Pace()
"""After a command: nobody may look again before the next one."""
SERVING = Pace(timedelta(seconds=30), timedelta(minutes=10))
"""Where somebody looks every few seconds."""


@dataclass(slots=True)
class Decision:
    """What to keep and to forget, and what to tell of: new incidents, those that last or grew, those that are over."""

    save: list[Incident] = field(default_factory=list)
    drop: list[tuple[AlertKind, str]] = field(default_factory=list)
    new: list[Incident] = field(default_factory=list)
    lasting: list[Incident] = field(default_factory=list)
    over: list[Incident] = field(default_factory=list)

    @property
    def tells(self) -> bool:
        """Whether there is anything to tell."""
        return bool(self.new or self.lasting or self.over)

    @property
    def changes(self) -> bool:
        """Whether there is anything to write."""
        return bool(self.save or self.drop)


def decide(
    known: Sequence[Incident],
    found: Sequence[Trouble],
    configured: Container[str],
    now: datetime,
    pace: Pace,
    repeat: timedelta | None,
) -> Decision:
    """What has become of the known incidents, in the light of what is wrong now. Pure.

    An incident of a connection that is no longer ``configured`` (the hub's own is of none) goes without a word.
    """
    at = stamp(now)
    made = Decision()
    before = {one.key: one for one in known}
    there = {(one.kind, one.connection): _now(before.get((one.kind, one.connection)), one, at) for one in found}
    fresh = [one for one in there.values() if one.told_at is None]
    ripe = any(parse_stamp(one.first_at) + pace.gather <= now for one in fresh)
    for key, one in there.items():
        told = replace(one, told_at=at, told_amount=one.amount)
        if one.told_at is None and ripe:
            made.new.append(told)
        elif one.told_at is not None and _again(one, now, repeat):
            made.lasting.append(told)
        else:
            told = one
        if told != before.get(key):
            made.save.append(told)
    for one in known:
        if one.key not in there:
            _gone(made, one, configured, now, pace)
    return made


def _now(known: Incident | None, found: Trouble, at: str) -> Incident:
    if known is None:
        return Incident(found.kind, found.connection, found.message, found.amount, at, at)
    same = (known.message, known.amount, known.recovered_at) == (found.message, found.amount, None)
    last = known.last_at if same else at
    return replace(known, message=found.message, amount=found.amount, last_at=last, recovered_at=None)


def _again(one: Incident, now: datetime, repeat: timedelta | None) -> bool:
    told = parse_stamp(one.told_at or one.first_at)
    grown = one.amount > one.told_amount and told + GROWN_AFTER <= now
    return grown or (repeat is not None and told + repeat <= now)


def _gone(made: Decision, one: Incident, configured: Container[str], now: datetime, pace: Pace) -> None:
    """What nobody was told of goes without a word."""
    forgotten = one.told_at is None or (one.connection and one.connection not in configured)
    since = parse_stamp(one.recovered_at) if one.recovered_at else now
    if forgotten or since + pace.settle <= now:
        made.drop.append(one.key)
        if not forgotten:
            made.over.append(replace(one, recovered_at=stamp(since)))
    elif one.recovered_at is None:
        made.save.append(replace(one, recovered_at=stamp(now)))


def title(hub: str, made: Decision) -> str:
    """The message's head: what it is about, or how much of it there is."""
    wrong, over = [*made.new, *made.lasting], made.over
    if len(wrong) + len(over) == 1:
        (one,) = wrong or over
        state = "still: " if made.lasting else "over: " if over else ""
        return f"{hub}: {state}{_name(one)}{WORDS[one.kind]}"
    told = [f"{len(wrong)} {'thing needs' if len(wrong) == 1 else 'things need'} a person"] if wrong else []
    told += [f"{len(over)} {'is' if len(over) == 1 else 'are'} over"] if over else []
    return f"{hub}: {', '.join(told)}"


def body(made: Decision) -> str:
    """The message, a paragraph an incident."""
    lines = [f"{_name(one)}{WORDS[one.kind]}.\n{one.message}" for one in made.new]
    for one in made.lasting:
        lines.append(f"{_name(one)}still, since {moment(one.first_at)}: {WORDS[one.kind]}.\n{one.message}")
    for one in made.over:
        since, until = moment(one.first_at), moment(one.recovered_at or "")
        lines.append(f"{_name(one)}well again since {until}: {WORDS[one.kind]} from {since} on.")
    return "\n\n".join(lines)


def moment(at: str) -> str:
    """The instant of a stamp, to the minute."""
    return f"{at[:16].replace('T', ' ')} UTC"


def _name(one: Incident) -> str:
    return f"{one.connection}: " if one.connection else ""
